-- One row per service, weekday and local hour in which it answered: how often an appointment is first seen after none.
--
-- An opening is a « yes » whose previous answer was a « no » at most three expected intervals before: after a longer
-- silence nobody knows at which hour it opened. What was seen is a sample, so the time for which it could be seen is an
-- interval: at least from the first to the last « yes » that follow each other without a silence, at most from the « no »
-- before to the « no » after.

WITH repondues AS (
    SELECT
        *,
        ROW_NUMBER() OVER (
            PARTITION BY guichet_id, demarche_id
            ORDER BY instant_utc, consultation_id, essai
        ) AS rang
    FROM consultations
    WHERE reponse IN ('oui', 'non')
),

suites AS (
    SELECT
        *,
        LAG(reponse) OVER (PARTITION BY guichet_id, demarche_id ORDER BY rang) AS reponse_precedente,
        LAG(instant_utc) OVER (PARTITION BY guichet_id, demarche_id ORDER BY rang) AS precedent_utc,
        LAG(cadence_min) OVER (PARTITION BY guichet_id, demarche_id ORDER BY rang) AS cadence_precedente
    FROM repondues
),

ecarts AS (
    SELECT
        *,
        FLOOR((EXTRACT(EPOCH FROM instant_utc) - EXTRACT(EPOCH FROM precedent_utc)) * 1000.0 + 0.5) / 60000.0
            AS ecart_min
    FROM suites
),

proches AS (
    SELECT
        *,
        -- Rounded to whole intervals, as for the gaps; outside the schedule no interval is known, and a day stands in.
        CASE
            WHEN precedent_utc IS NULL THEN FALSE
            WHEN cadence_precedente IS NULL THEN ecart_min <= 1440.0
            ELSE FLOOR(ecart_min / cadence_precedente + 0.5) <= 3.0
        END AS proche
    FROM ecarts
),

numerotees AS (
    SELECT
        *,
        SUM(CASE WHEN reponse = reponse_precedente THEN 0 ELSE 1 END) OVER (
            PARTITION BY guichet_id, demarche_id ORDER BY rang
        ) AS ile,
        SUM(CASE WHEN reponse = reponse_precedente AND proche THEN 0 ELSE 1 END) OVER (
            PARTITION BY guichet_id, demarche_id ORDER BY rang
        ) AS troncon
    FROM proches
),

troncons AS (
    SELECT guichet_id, demarche_id, troncon, MAX(instant_utc) AS dernier_utc
    FROM numerotees
    GROUP BY guichet_id, demarche_id, troncon
),

iles AS (
    SELECT guichet_id, demarche_id, ile, MIN(instant_utc) AS premier_utc
    FROM numerotees
    GROUP BY guichet_id, demarche_id, ile
),

iles_suivies AS (
    SELECT
        guichet_id,
        demarche_id,
        ile,
        LEAD(premier_utc) OVER (PARTITION BY guichet_id, demarche_id ORDER BY ile) AS suivant_utc
    FROM iles
),

ouvertures AS (
    SELECT
        n.guichet_id,
        n.demarche_id,
        n.jour_semaine,
        n.heure,
        n.ecart_min,
        FLOOR((EXTRACT(EPOCH FROM t.dernier_utc) - EXTRACT(EPOCH FROM n.instant_utc)) * 1000.0 + 0.5) / 60000.0
            AS au_moins_min,
        FLOOR((EXTRACT(EPOCH FROM i.suivant_utc) - EXTRACT(EPOCH FROM n.precedent_utc)) * 1000.0 + 0.5) / 60000.0
            AS au_plus_min
    FROM numerotees AS n
    INNER JOIN troncons AS t
        ON n.guichet_id = t.guichet_id AND n.demarche_id = t.demarche_id AND n.troncon = t.troncon
    INNER JOIN iles_suivies AS i
        ON n.guichet_id = i.guichet_id AND n.demarche_id = i.demarche_id AND n.ile = i.ile
    WHERE n.reponse = 'oui' AND n.reponse_precedente = 'non' AND n.proche
),

durees AS (
    SELECT
        guichet_id,
        demarche_id,
        jour_semaine,
        heure,
        COUNT(*) AS ouvertures,
        MEDIAN(ecart_min) AS incertitude_min_mediane,
        MEDIAN(au_moins_min) AS vu_au_moins_min_mediane
    FROM ouvertures
    GROUP BY guichet_id, demarche_id, jour_semaine, heure
),

-- Openings whose end was seen; the others say nothing of how long at most.
fermees AS (
    SELECT
        guichet_id,
        demarche_id,
        jour_semaine,
        heure,
        COUNT(*) AS fermetures_vues,
        MEDIAN(au_plus_min) AS vu_au_plus_min_mediane
    FROM ouvertures
    WHERE au_plus_min IS NOT NULL
    GROUP BY guichet_id, demarche_id, jour_semaine, heure
),

cellules AS (
    SELECT
        guichet_id,
        demarche_id,
        MIN(departement) AS departement,
        jour_semaine,
        heure,
        COUNT(*) AS reponses,
        COUNT(*) FILTER (WHERE reponse = 'oui') AS oui,
        COUNT(*) FILTER (WHERE reponse_precedente = 'non' AND proche) AS occasions
    FROM numerotees
    GROUP BY guichet_id, demarche_id, jour_semaine, heure
)

SELECT
    c.guichet_id,
    c.demarche_id,
    c.departement,
    c.jour_semaine,
    c.heure,
    c.reponses,
    c.oui,
    c.occasions,
    COALESCE(d.ouvertures, 0) AS ouvertures,
    CAST(COALESCE(d.ouvertures, 0) AS DOUBLE) / CAST(NULLIF(c.occasions, 0) AS DOUBLE) AS part_ouvertures,
    d.incertitude_min_mediane,
    d.vu_au_moins_min_mediane,
    COALESCE(f.fermetures_vues, 0) AS fermetures_vues,
    f.vu_au_plus_min_mediane
FROM cellules AS c
LEFT JOIN durees AS d
    ON c.guichet_id = d.guichet_id AND c.demarche_id = d.demarche_id
        AND c.jour_semaine = d.jour_semaine AND c.heure = d.heure
LEFT JOIN fermees AS f
    ON c.guichet_id = f.guichet_id AND c.demarche_id = f.demarche_id
        AND c.jour_semaine = f.jour_semaine AND c.heure = f.heure
