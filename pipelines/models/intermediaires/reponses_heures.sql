-- One row per service, month, weekday and local hour with an answer: how many answers, how many « yes », and between which
-- minutes of the hour they fell.
--
-- A local hour does not begin with one of UTC everywhere, but every hour of a local day begins at the minute at which the day
-- does: no zone of France changes its clocks by a part of an hour.

WITH fuseaux AS (
    SELECT guichet_id, fuseau_horaire AS fuseau FROM guichets
    UNION ALL
    -- A counter that the registry does not know has the zone of its pipeline.
    SELECT guichet_id, fuseau FROM perimetre
),

fuseaux_des_guichets AS (
    SELECT guichet_id, MIN(fuseau) AS fuseau
    FROM fuseaux
    GROUP BY guichet_id
),

minutes AS (
    SELECT
        c.guichet_id,
        c.demarche_id,
        c.departement,
        c.mois,
        c.jour_semaine,
        c.heure,
        c.reponse,
        (CAST(EXTRACT(MINUTE FROM c.instant_utc) AS INTEGER) + 60
            - COALESCE(CAST(EXTRACT(MINUTE FROM j.debut_utc) AS INTEGER), 0)) % 60 AS minute_locale
    FROM consultations AS c
    LEFT JOIN fuseaux_des_guichets AS f
        ON c.guichet_id = f.guichet_id
    LEFT JOIN jours_fuseaux AS j
        ON f.fuseau = j.fuseau AND c.jour = j.jour
    WHERE c.reponse IN ('oui', 'non')
)

SELECT
    guichet_id,
    demarche_id,
    MIN(departement) AS departement,
    mois,
    jour_semaine,
    heure,
    MIN(minute_locale) AS minute_min,
    MAX(minute_locale) AS minute_max,
    COUNT(*) AS reponses,
    COUNT(*) FILTER (WHERE reponse = 'oui') AS oui
FROM minutes
GROUP BY guichet_id, demarche_id, mois, jour_semaine, heure
