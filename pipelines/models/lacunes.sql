-- Runs of scheduled cycles without any line: nobody looked, so nobody knows. They are never « no ».
--
-- Within each period of one cadence, the runs of attempts without a missing cycle stand between the period's two ends. A
-- cycle is missing where the time from one run to the next, counted in cadences, leaves room for it; half a cadence of
-- delay is not a missing cycle. The last term subtracts the cycle that the next attempt is itself.

WITH jalons AS (
    SELECT
        guichet_id,
        demarche_id,
        departement,
        periode_utc,
        cadence_min,
        debut_utc AS instant_utc,
        fin_utc AS dernier_utc,
        0 AS terme
    FROM presences
    UNION ALL
    SELECT
        guichet_id,
        demarche_id,
        departement,
        debut_utc AS periode_utc,
        cadence_min,
        fin_utc AS instant_utc,
        fin_utc AS dernier_utc,
        1 AS terme
    FROM perimetre
),

suites AS (
    SELECT
        guichet_id,
        demarche_id,
        departement,
        periode_utc,
        cadence_min,
        instant_utc AS fin_utc,
        terme,
        LAG(dernier_utc) OVER (
            PARTITION BY guichet_id, demarche_id, periode_utc
            ORDER BY instant_utc, terme
        ) AS precedent_utc
    FROM jalons
),

durees AS (
    SELECT
        s.*,
        COALESCE(s.precedent_utc, s.periode_utc) AS debut_utc,
        -- To the millisecond, so that no engine's rounding of instants shows.
        FLOOR(
            (EXTRACT(EPOCH FROM s.fin_utc) - EXTRACT(EPOCH FROM COALESCE(s.precedent_utc, s.periode_utc))) * 1000.0 + 0.5
        ) / 60000.0 AS duree_min,
        -- Nothing was expected before the first cycle of the period.
        FLOOR(
            (EXTRACT(EPOCH FROM s.fin_utc) - EXTRACT(EPOCH FROM COALESCE(s.precedent_utc, p.premier_cycle_utc))) * 1000.0
            + 0.5
        ) / 60000.0 AS attente_min
    FROM suites AS s
    INNER JOIN perimetre AS p
        ON s.guichet_id = p.guichet_id AND s.demarche_id = p.demarche_id AND s.periode_utc = p.debut_utc
),

comptees AS (
    SELECT
        *,
        -- From an attempt to the next one or to the end, the first cycle is that attempt; up to the first attempt, no cycle
        -- was seen yet.
        CAST(FLOOR(attente_min / cadence_min + 0.5) AS INTEGER)
            - CASE WHEN precedent_utc IS NULL THEN 0 ELSE 1 END AS tentatives_manquantes
    FROM durees
)

SELECT
    guichet_id,
    demarche_id,
    departement,
    debut_utc,
    fin_utc,
    duree_min,
    cadence_min,
    tentatives_manquantes,
    CASE
        WHEN precedent_utc IS NULL AND terme = 1 THEN 'totale'
        WHEN precedent_utc IS NULL THEN 'debut'
        WHEN terme = 1 THEN 'fin'
        ELSE 'milieu'
    END AS position
FROM comptees
WHERE tentatives_manquantes >= 1
