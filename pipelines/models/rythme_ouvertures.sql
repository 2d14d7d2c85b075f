-- One row per service, weekday and local hour in which it answered: how often an appointment is first seen after none.
--
-- An opening is a « yes » whose previous answer was a « no » at most three expected intervals before: after a longer
-- silence nobody knows at which hour it opened. What was seen is a sample, so the time for which it could be seen is an
-- interval: at least from the first to the last « yes » that follow each other without a silence, at most from the « no »
-- before to the « no » after.

-- A « no » is an occasion to see one unless it begins a run: before it stands another « no », and no silence.

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
        jour_semaine,
        heure,
        ecart_min,
        FLOOR((EXTRACT(EPOCH FROM fin_utc) - EXTRACT(EPOCH FROM debut_utc)) * 1000.0 + 0.5) / 60000.0
            AS au_moins_min,
        FLOOR((EXTRACT(EPOCH FROM suivant_utc) - EXTRACT(EPOCH FROM precedent_utc)) * 1000.0 + 0.5) / 60000.0
            AS au_plus_min
    FROM ilots
    WHERE reponse = 'oui' AND reponse_precedente = 'non' AND sans_silence
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
        SUM(CAST(reponses AS BIGINT)) AS reponses,
        SUM(CAST(oui AS BIGINT)) AS oui
    FROM reponses_heures
    GROUP BY guichet_id, demarche_id, jour_semaine, heure
),

cellules AS (
    SELECT
        c.*,
        COALESCE(d.ouvertures, 0) AS ouvertures,
        c.reponses - c.oui - COALESCE(n.debuts_non, 0) + COALESCE(d.ouvertures, 0) AS occasions,
        d.incertitude_min_mediane,
        d.vu_au_moins_min_mediane
    FROM comptes AS c
    LEFT JOIN durees AS d
        ON c.guichet_id = d.guichet_id AND c.demarche_id = d.demarche_id
            AND c.jour_semaine = d.jour_semaine AND c.heure = d.heure
    LEFT JOIN debuts AS n
        ON c.guichet_id = n.guichet_id AND c.demarche_id = n.demarche_id
            AND c.jour_semaine = n.jour_semaine AND c.heure = n.heure
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
    c.ouvertures,
    CAST(c.ouvertures AS DOUBLE) / CAST(NULLIF(c.occasions, 0) AS DOUBLE) AS part_ouvertures,
    c.incertitude_min_mediane,
    c.vu_au_moins_min_mediane,
    COALESCE(f.fermetures_vues, 0) AS fermetures_vues,
    f.vu_au_plus_min_mediane
FROM cellules AS c
LEFT JOIN fermees AS f
    ON c.guichet_id = f.guichet_id AND c.demarche_id = f.demarche_id
        AND c.jour_semaine = f.jour_semaine AND c.heure = f.heure
