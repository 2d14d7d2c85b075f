-- Runs of scheduled cycles without any line: nobody looked, so nobody knows. They are never « no ».
--
-- Within each period of one cadence, the instants at which somebody looked stand between the period's two ends. A cycle
-- is missing where the time from one to the next, counted in cadences, leaves room for it; half a cadence of delay is
-- not a missing cycle. The last term subtracts the cycle that the next attempt is itself.

WITH vues AS (
    SELECT
        p.guichet_id,
        p.demarche_id,
        p.departement,
        p.debut_utc AS periode,
        p.fin_utc,
        p.cadence_min,
        t.instant_utc AS instant
    FROM perimetre AS p
    INNER JOIN tentatives AS t
        ON p.guichet_id = t.guichet_id AND p.demarche_id = t.demarche_id
    WHERE t.instant_utc >= p.debut_utc AND t.instant_utc < p.fin_utc
),

jalons AS (
    SELECT guichet_id, demarche_id, departement, periode, cadence_min, instant, 0 AS terme
    FROM vues
    UNION ALL
    SELECT guichet_id, demarche_id, departement, debut_utc AS periode, cadence_min, fin_utc AS instant, 1 AS terme
    FROM perimetre
),

suites AS (
    SELECT
        guichet_id,
        demarche_id,
        departement,
        periode,
        cadence_min,
        instant AS fin_utc,
        terme,
        LAG(instant) OVER (PARTITION BY guichet_id, demarche_id, periode ORDER BY instant, terme) AS precedent
    FROM jalons
),

durees AS (
    SELECT
        *,
        COALESCE(precedent, periode) AS debut_utc,
        -- To the millisecond, so that no engine's rounding of instants shows.
        FLOOR((EXTRACT(EPOCH FROM fin_utc) - EXTRACT(EPOCH FROM COALESCE(precedent, periode))) * 1000.0 + 0.5)
            / 60000.0 AS duree_min
    FROM suites
),

comptees AS (
    SELECT
        *,
        -- From an attempt to the next one or to the end, the first cycle is that attempt; from the start to the first
        -- attempt, no cycle was seen yet.
        CAST(FLOOR(duree_min / cadence_min + 0.5) AS INTEGER)
            - CASE WHEN precedent IS NULL THEN 0 ELSE 1 END AS tentatives_manquantes
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
        WHEN precedent IS NULL AND terme = 1 THEN 'totale'
        WHEN precedent IS NULL THEN 'debut'
        WHEN terme = 1 THEN 'fin'
        ELSE 'milieu'
    END AS position
FROM comptees
WHERE tentatives_manquantes >= 1
