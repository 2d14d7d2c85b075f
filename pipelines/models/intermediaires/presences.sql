-- Runs of attempts of one service without a missing cycle, within a local month and a period of one cadence. What lies
-- between two of them is a row of lacunes, or the end of a month.

WITH instants AS (
    SELECT guichet_id, demarche_id, mois, instant_utc, COUNT(*) AS lignes
    FROM tentatives
    GROUP BY guichet_id, demarche_id, mois, instant_utc
),

suites AS (
    SELECT
        i.guichet_id,
        i.demarche_id,
        p.departement,
        i.mois,
        p.debut_utc AS periode_utc,
        p.cadence_min,
        i.instant_utc,
        i.lignes,
        LAG(i.instant_utc) OVER (
            PARTITION BY i.guichet_id, i.demarche_id, i.mois, p.debut_utc
            ORDER BY i.instant_utc
        ) AS precedent_utc
    FROM instants AS i
    INNER JOIN perimetre AS p
        ON i.guichet_id = p.guichet_id AND i.demarche_id = p.demarche_id
    WHERE i.instant_utc >= p.debut_utc AND i.instant_utc < p.fin_utc
),

durees AS (
    SELECT
        *,
        -- To the millisecond, so that no engine's rounding of instants shows.
        FLOOR((EXTRACT(EPOCH FROM instant_utc) - EXTRACT(EPOCH FROM precedent_utc)) * 1000.0 + 0.5) / 60000.0
            AS duree_min
    FROM suites
),

numerotees AS (
    SELECT
        *,
        -- From one cycle to the next is one cadence; half a cadence of delay is not a missing cycle.
        SUM(CAST(CASE WHEN FLOOR(duree_min / cadence_min + 0.5) <= 1.0 THEN 0 ELSE 1 END AS BIGINT)) OVER (
            PARTITION BY guichet_id, demarche_id, mois, periode_utc
            ORDER BY instant_utc
        ) AS numero
    FROM durees
)

SELECT
    guichet_id,
    demarche_id,
    MIN(departement) AS departement,
    mois,
    periode_utc,
    MIN(cadence_min) AS cadence_min,
    MIN(instant_utc) AS debut_utc,
    MAX(instant_utc) AS fin_utc,
    SUM(CAST(lignes AS BIGINT)) AS lignes
FROM numerotees
GROUP BY guichet_id, demarche_id, mois, periode_utc, numero
