-- One row per incident detected in the attempts and service that it touches.
--
-- Refusals (block, captcha) are looked for per service, vantage and system: a run lasts until that vantage gets an answer
-- from that service. Runs that overlap in time are one incident: of one vantage and system for a block, of one counter
-- besides for a captcha, which is a matter of a site. An outage is a silence of the whole robot.

-- Where the end of a month alone parts two stretches, they have one number.
WITH numerotees AS (
    SELECT
        *,
        SUM(CAST(CASE WHEN reponse_utc IS NULL THEN 0 ELSE 1 END AS BIGINT)) OVER (
            PARTITION BY guichet_id, demarche_id, point_de_mesure, systeme
            ORDER BY mois, numero, nature
        ) AS suite
    FROM refus
),

suites AS (
    SELECT
        guichet_id, demarche_id, point_de_mesure, systeme, suite, nature,
        MIN(departement) AS departement,
        MIN(reponse_utc) AS reponse_utc,
        SUM(CAST(lignes AS BIGINT)) AS lignes,
        MIN(debut_utc) AS debut_utc,
        MAX(fin_utc) AS fin_utc,
        MIN(debut_local) AS debut_local
    FROM numerotees
    GROUP BY guichet_id, demarche_id, point_de_mesure, systeme, suite, nature
),

fins AS (
    SELECT guichet_id, demarche_id, point_de_mesure, systeme, suite - 1 AS suite, reponse_utc AS reponse_apres_utc
    FROM suites
    WHERE reponse_utc IS NOT NULL
),

entourees AS (
    SELECT
        s.*,
        f.reponse_apres_utc,
        CASE WHEN s.nature = 'captcha' THEN '-' || s.guichet_id ELSE '' END AS lieu,
        SUM(CAST(s.lignes AS BIGINT)) OVER (PARTITION BY s.guichet_id, s.demarche_id, s.point_de_mesure, s.systeme, s.suite)
            AS sans_reponse,
        MIN(s.reponse_utc) OVER (PARTITION BY s.guichet_id, s.demarche_id, s.point_de_mesure, s.systeme, s.suite)
            AS reponse_avant_utc
    FROM suites AS s
    LEFT JOIN fins AS f
        ON s.guichet_id = f.guichet_id AND s.demarche_id = f.demarche_id
            AND s.point_de_mesure = f.point_de_mesure AND s.systeme = f.systeme AND s.suite = f.suite
),

-- At least two refusals, and at least half of what got no answer: a single 403 among timeouts is noise.
portees AS (
    SELECT
        *,
        MAX(fin_utc) OVER (
            PARTITION BY nature, point_de_mesure, systeme, lieu
            ORDER BY debut_utc, fin_utc, guichet_id, demarche_id
        ) AS portee_utc
    FROM entourees
    WHERE nature <> 'autre' AND lignes >= 2 AND 2 * lignes >= sans_reponse
),

coupees AS (
    SELECT
        *,
        LAG(portee_utc) OVER (
            PARTITION BY nature, point_de_mesure, systeme, lieu
            ORDER BY debut_utc, fin_utc, guichet_id, demarche_id
        ) AS portee_avant_utc
    FROM portees
),

reunies AS (
    SELECT
        *,
        SUM(CAST(CASE WHEN debut_utc <= portee_avant_utc THEN 0 ELSE 1 END AS BIGINT)) OVER (
            PARTITION BY nature, point_de_mesure, systeme, lieu
            ORDER BY debut_utc, fin_utc, guichet_id, demarche_id
        ) AS numero
    FROM coupees
),

-- Smaller or shorter ones are noise.
groupes AS (
    SELECT
        nature, point_de_mesure, systeme, lieu, numero,
        MIN(debut_utc) AS debut_utc,
        MAX(fin_utc) AS fin_utc,
        MIN(debut_local) AS debut_local
    FROM reunies
    GROUP BY nature, point_de_mesure, systeme, lieu, numero
    HAVING SUM(CAST(lignes AS BIGINT)) >= 5
),

-- Silences of the whole robot, between the scope's two ends.
activites AS (
    SELECT debut_utc, fin_utc, 0 AS bord FROM activite
    UNION ALL
    SELECT MIN(debut_utc) AS debut_utc, MIN(debut_utc) AS fin_utc, 1 AS bord FROM perimetre
    UNION ALL
    SELECT MAX(fin_utc) AS debut_utc, MAX(fin_utc) AS fin_utc, 1 AS bord FROM perimetre
),

activites_portees AS (
    SELECT *, MAX(fin_utc) OVER (ORDER BY debut_utc, bord, fin_utc) AS portee_utc
    FROM activites
    WHERE debut_utc IS NOT NULL
),

silences AS (
    SELECT LAG(portee_utc) OVER (ORDER BY debut_utc, bord, fin_utc) AS debut_utc, debut_utc AS fin_utc, bord
    FROM activites_portees
),

longs AS (
    SELECT s.*
    FROM silences AS s
    CROSS JOIN parametres AS m
    WHERE EXTRACT(EPOCH FROM s.fin_utc) - EXTRACT(EPOCH FROM s.debut_utc) >= 3600 * m.silence_min_h
),

derniers AS (
    SELECT fin_utc, MIN(fin_local) AS fin_local
    FROM activite
    GROUP BY fin_utc
),

arrets AS (
    SELECT
        p.guichet_id, p.demarche_id, p.departement, s.debut_utc, s.fin_utc, d.fin_local,
        d.fin_utc AS possible_debut_utc,
        CASE WHEN s.bord = 0 THEN s.fin_utc END AS possible_fin_utc,
        MIN(4 * p.cadence_s) OVER (PARTITION BY s.debut_utc) AS quatre_cadences_s
    FROM longs AS s
    CROSS JOIN perimetre AS p
    LEFT JOIN derniers AS d
        ON s.debut_utc = d.fin_utc
    WHERE p.debut_utc < s.fin_utc AND p.fin_utc > s.debut_utc
),

-- The local time at which it began names an incident.
detectes AS (
    SELECT
        r.nature || '-' || REPLACE(REPLACE(g.debut_local, ':', ''), ' ', '-') || '-' || r.point_de_mesure || '-'
            || r.systeme || r.lieu AS incident_id,
        r.guichet_id, r.demarche_id, r.departement, r.nature AS type, r.point_de_mesure, r.systeme,
        g.debut_utc, g.fin_utc,
        CASE WHEN r.reponse_avant_utc < g.debut_utc THEN r.reponse_avant_utc END AS possible_debut_utc,
        CASE WHEN r.reponse_apres_utc > g.fin_utc THEN r.reponse_apres_utc END AS possible_fin_utc,
        r.lignes
    FROM groupes AS g
    INNER JOIN reunies AS r
        ON g.nature = r.nature AND g.point_de_mesure = r.point_de_mesure AND g.systeme = r.systeme
            AND g.lieu = r.lieu AND g.numero = r.numero
    CROSS JOIN parametres AS m
    WHERE EXTRACT(EPOCH FROM g.fin_utc) - EXTRACT(EPOCH FROM g.debut_utc) >= 3600 * m.silence_min_h
    UNION ALL
    SELECT
        'arret-' || COALESCE(REPLACE(REPLACE(fin_local, ':', ''), ' ', '-'), 'debut') AS incident_id,
        guichet_id, demarche_id, departement, 'arret' AS type,
        CAST(NULL AS STRING) AS point_de_mesure,
        CAST(NULL AS STRING) AS systeme,
        debut_utc, fin_utc, possible_debut_utc, possible_fin_utc,
        0 AS lignes
    FROM arrets
    WHERE EXTRACT(EPOCH FROM fin_utc) - EXTRACT(EPOCH FROM debut_utc) >= quatre_cadences_s
)

SELECT
    incident_id, guichet_id, demarche_id, type, point_de_mesure, systeme, debut_utc, fin_utc,
    MIN(departement) AS departement,
    MAX(possible_debut_utc) AS possible_debut_utc,
    MIN(possible_fin_utc) AS possible_fin_utc,
    SUM(CAST(lignes AS BIGINT)) AS tentatives
FROM detectes
GROUP BY incident_id, guichet_id, demarche_id, type, point_de_mesure, systeme, debut_utc, fin_utc
