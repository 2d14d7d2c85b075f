-- One row per service and planning that its log names: when it was first and last seen to answer, and whether that is often
-- enough for it to be expected.
--
-- An id that answered in fewer than plannings_cycles_min cycles may be a slip of the log: it is a signal, and not expected.

WITH vus AS (
    SELECT
        guichet_id,
        demarche_id,
        planning_id,
        MIN(premier_utc) AS premier_utc,
        MAX(dernier_utc) AS dernier_utc,
        MIN(jour) AS premier_jour,
        MAX(jour) AS dernier_jour,
        SUM(CAST(cycles AS BIGINT)) AS cycles,
        SUM(CAST(cycles_repondus AS BIGINT)) AS cycles_repondus
    FROM plannings_jours
    GROUP BY guichet_id, demarche_id, planning_id
)

SELECT v.*, v.cycles_repondus >= CAST(p.plannings_cycles_min AS BIGINT) AS attendu
FROM vus AS v
CROSS JOIN parametres AS p
