-- One row per service, weekday and local hour in which it answered: how often an appointment is first seen after none.
--
-- An opening is a « yes » whose previous answer was a « no » at most three expected intervals before: after a longer
-- silence nobody knows at which hour it opened. What was seen is a sample, so the time for which something could be had lies
-- between two: at least from the first to the last « yes » that follow each other without a silence, at most from the « no »
-- before to the « no » after, and without an end where none was seen. Both are ranked over the same openings, and the value
-- in the middle (of an even number, the lower one) is that of an opening: no true duration of that rank lies outside them.

WITH ilots AS (
    SELECT
        *,
        LEAD(debut_utc) OVER (PARTITION BY guichet_id, demarche_id ORDER BY numero) AS suivant_utc
    FROM suites_reponses
    WHERE reponse <> 'aucune' AND (reponse_precedente IS NULL OR reponse <> reponse_precedente)
),

ouvertures AS (
    SELECT
        guichet_id,
        demarche_id,
        numero,
        jour_semaine,
        heure,
        ecart_s,
        CAST(FLOOR(EXTRACT(EPOCH FROM fin_utc) - EXTRACT(EPOCH FROM debut_utc) + 0.5) AS BIGINT) AS au_moins_s,
        CAST(FLOOR(EXTRACT(EPOCH FROM suivant_utc) - EXTRACT(EPOCH FROM precedent_utc) + 0.5) AS BIGINT) AS au_plus_s
    FROM ilots
    WHERE reponse = 'oui' AND reponse_precedente = 'non' AND sans_silence
),

rangees AS (
    SELECT
        *,
        CAST(COUNT(*) OVER (PARTITION BY guichet_id, demarche_id, jour_semaine, heure) AS BIGINT) AS nombre,
        ROW_NUMBER() OVER (PARTITION BY guichet_id, demarche_id, jour_semaine, heure ORDER BY ecart_s, numero)
            AS rang_ecart,
        ROW_NUMBER() OVER (PARTITION BY guichet_id, demarche_id, jour_semaine, heure ORDER BY au_moins_s, numero)
            AS rang_au_moins,
        -- One that was not seen to close may have lasted longer than any other.
        ROW_NUMBER() OVER (
            PARTITION BY guichet_id, demarche_id, jour_semaine, heure
            ORDER BY CASE WHEN au_plus_s IS NULL THEN 1 ELSE 0 END, au_plus_s, numero
        ) AS rang_au_plus
    FROM ouvertures
),

durees AS (
    SELECT
        guichet_id,
        demarche_id,
        jour_semaine,
        heure,
        COUNT(*) AS ouvertures,
        COUNT(*) FILTER (WHERE au_plus_s IS NOT NULL) AS fermetures_vues,
        MIN(CASE WHEN nombre - 2 * CAST(rang_ecart AS BIGINT) IN (-1, 0) THEN ecart_s END) AS incertitude_s_mediane,
        MIN(CASE WHEN nombre - 2 * CAST(rang_au_moins AS BIGINT) IN (-1, 0) THEN au_moins_s END) AS vu_au_moins_s_mediane,
        MIN(CASE WHEN nombre - 2 * CAST(rang_au_plus AS BIGINT) IN (-1, 0) THEN au_plus_s END) AS vu_au_plus_s_mediane
    FROM rangees
    GROUP BY guichet_id, demarche_id, jour_semaine, heure
),

-- A « no » is an occasion to see one unless it begins a run: before it stands another « no », and no silence.
debuts AS (
    SELECT guichet_id, demarche_id, jour_semaine, heure, COUNT(*) AS debuts_non
    FROM suites_reponses
    WHERE reponse = 'non'
    GROUP BY guichet_id, demarche_id, jour_semaine, heure
),

comptes AS (
    SELECT
        guichet_id,
        demarche_id,
        MIN(departement) AS departement,
        jour_semaine,
        heure,
        MIN(minute_min) AS minute_min,
        MAX(minute_max) AS minute_max,
        SUM(CAST(reponses AS BIGINT)) AS reponses,
        SUM(CAST(oui AS BIGINT)) AS oui
    FROM reponses_heures
    GROUP BY guichet_id, demarche_id, jour_semaine, heure
),

cellules AS (
    SELECT
        c.*,
        COALESCE(d.ouvertures, 0) AS ouvertures,
        COALESCE(d.fermetures_vues, 0) AS fermetures_vues,
        c.reponses - c.oui - COALESCE(n.debuts_non, 0) + COALESCE(d.ouvertures, 0) AS occasions,
        d.incertitude_s_mediane,
        d.vu_au_moins_s_mediane,
        d.vu_au_plus_s_mediane
    FROM comptes AS c
    LEFT JOIN durees AS d
        ON c.guichet_id = d.guichet_id AND c.demarche_id = d.demarche_id
            AND c.jour_semaine = d.jour_semaine AND c.heure = d.heure
    LEFT JOIN debuts AS n
        ON c.guichet_id = n.guichet_id AND c.demarche_id = n.demarche_id
            AND c.jour_semaine = n.jour_semaine AND c.heure = n.heure
)

SELECT
    guichet_id,
    demarche_id,
    departement,
    jour_semaine,
    heure,
    minute_min,
    minute_max,
    reponses,
    oui,
    occasions,
    ouvertures,
    CAST(ouvertures AS DOUBLE) / CAST(NULLIF(occasions, 0) AS DOUBLE) AS part_ouvertures,
    incertitude_s_mediane,
    vu_au_moins_s_mediane,
    vu_au_plus_s_mediane,
    fermetures_vues
FROM cellules
