-- Runs of attempts of one service without a missing cycle, within a local month and a period of one cadence. What lies
-- between two of them is a row of lacunes, or the end of a month.

WITH vues AS (
    SELECT
        t.guichet_id,
        t.demarche_id,
        p.departement,
        t.mois,
        p.debut_utc AS periode_utc,
        p.cadence_min,
        t.instant_utc,
        ROW_NUMBER() OVER (
            PARTITION BY t.guichet_id, t.demarche_id, t.mois, p.debut_utc
            ORDER BY t.instant_utc, t.tentative_id
        ) AS rang
    FROM tentatives AS t
    INNER JOIN perimetre AS p
        ON t.guichet_id = p.guichet_id AND t.demarche_id = p.demarche_id
    WHERE t.instant_utc >= p.debut_utc AND t.instant_utc < p.fin_utc
),

suites AS (
    SELECT
        *,
        LAG(instant_utc) OVER (PARTITION BY guichet_id, demarche_id, mois, periode_utc ORDER BY rang) AS precedent_utc
    FROM vues
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
        SUM(CASE WHEN FLOOR(duree_min / cadence_min + 0.5) <= 1.0 THEN 0 ELSE 1 END) OVER (
            PARTITION BY guichet_id, demarche_id, mois, periode_utc
            ORDER BY rang
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
    COUNT(*) AS lignes
FROM numerotees
GROUP BY guichet_id, demarche_id, mois, periode_utc, numero
