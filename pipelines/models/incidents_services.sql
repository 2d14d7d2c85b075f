-- One row per incident detected in the attempts and service that it touches: from when to when it touched that one.
--
-- The answers around it are those around the first and the last of its runs: only the first run of all has none before it,
-- and only the last one none after it.

WITH ouverts AS (
    SELECT guichet_id, demarche_id, MAX(cadence_s) AS cadence_s, MAX(fin_utc) AS fin_utc
    FROM perimetre
    WHERE ouverte
    GROUP BY guichet_id, demarche_id
),

touches AS (
    SELECT
        incident_id, type, point_de_mesure, systeme, guichet_id, demarche_id,
        MIN(departement) AS departement,
        MIN(debut_utc) AS debut_utc,
        MAX(fin_utc) AS fin_utc,
        CASE WHEN COUNT(regard_avant_utc) = COUNT(*) THEN MIN(regard_avant_utc) END AS possible_debut_utc,
        CASE WHEN COUNT(regard_apres_utc) = COUNT(*) THEN MAX(regard_apres_utc) END AS possible_fin_utc,
        MAX(dernier_regard_utc) AS dernier_regard_utc,
        SUM(CAST(lignes AS BIGINT)) AS tentatives
    FROM incidents_suites
    GROUP BY incident_id, type, point_de_mesure, systeme, guichet_id, demarche_id
)

SELECT
    t.incident_id, t.guichet_id, t.demarche_id, t.departement, t.type, t.point_de_mesure, t.systeme,
    t.debut_utc, t.fin_utc, t.possible_debut_utc, t.possible_fin_utc,
    CASE
        WHEN t.possible_fin_utc IS NOT NULL OR o.guichet_id IS NULL THEN FALSE
        WHEN t.type = 'arret' THEN t.fin_utc >= o.fin_utc
        -- A vantage that has long been silent does not look any more: nobody knows. Logs come once a day.
        ELSE EXTRACT(EPOCH FROM o.fin_utc) - EXTRACT(EPOCH FROM t.dernier_regard_utc) < 86400
            OR EXTRACT(EPOCH FROM o.fin_utc) - EXTRACT(EPOCH FROM t.dernier_regard_utc) < 4 * o.cadence_s
    END AS en_cours,
    t.tentatives
FROM touches AS t
LEFT JOIN ouverts AS o
    ON t.guichet_id = o.guichet_id AND t.demarche_id = o.demarche_id
