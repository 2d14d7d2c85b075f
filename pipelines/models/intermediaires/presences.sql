-- Runs of cycles of the schedule that follow each other and were looked at, of one service within a local month and a period
-- of one cadence. What lies between two of them is a row of lacunes, or the end of a month.

WITH vus AS (
    SELECT
        guichet_id,
        demarche_id,
        mois,
        periode_utc,
        cycle_prevu,
        MIN(instant_utc) AS premier_utc,
        MAX(instant_utc) AS dernier_utc
    FROM consultations
    WHERE cycle_prevu IS NOT NULL
    GROUP BY guichet_id, demarche_id, mois, periode_utc, cycle_prevu
),

voisins AS (
    SELECT
        *,
        LAG(cycle_prevu) OVER (PARTITION BY guichet_id, demarche_id, mois, periode_utc ORDER BY cycle_prevu) AS precedent,
        LEAD(cycle_prevu) OVER (PARTITION BY guichet_id, demarche_id, mois, periode_utc ORDER BY cycle_prevu) AS suivant
    FROM vus
),

numerotes AS (
    SELECT
        *,
        SUM(CAST(CASE WHEN cycle_prevu - precedent = 1 THEN 0 ELSE 1 END AS BIGINT)) OVER (
            PARTITION BY guichet_id, demarche_id, mois, periode_utc
            ORDER BY cycle_prevu
        ) AS numero
    FROM voisins
)

SELECT
    guichet_id,
    demarche_id,
    mois,
    periode_utc,
    MIN(cycle_prevu) AS premier_cycle,
    MAX(cycle_prevu) AS dernier_cycle,
    MIN(CASE WHEN precedent IS NULL OR precedent < cycle_prevu - 1 THEN premier_utc END) AS debut_utc,
    MAX(CASE WHEN suivant IS NULL OR suivant > cycle_prevu + 1 THEN dernier_utc END) AS fin_utc
FROM numerotes
GROUP BY guichet_id, demarche_id, mois, periode_utc, numero
