-- One row per incident detected in the attempts and service that it touches.
--
-- Refusals (block, captcha) are looked for per service, vantage and system: a run lasts until that vantage gets an answer
-- from that service. Runs that overlap in time are one incident: of one vantage and system for a block, of one counter
-- besides for a captcha, which is a matter of a site. An outage is a silence of the whole robot.

WITH numerotes AS (
    SELECT
        *,
        SUM(CAST(CASE WHEN numero = 0 THEN 0 ELSE 1 END AS BIGINT)) OVER (
            PARTITION BY guichet_id, demarche_id, point_de_mesure, systeme
            ORDER BY mois, numero
        ) AS ile
    FROM refus
),

-- The stretches, joined where the end of a month alone parts them.
iles AS (
    SELECT
        guichet_id,
        demarche_id,
        point_de_mesure,
        systeme,
        ile,
        MIN(departement) AS departement,
        MIN(reponse_avant_utc) AS reponse_avant_utc,
        MAX(reponse_apres_utc) AS reponse_apres_utc,
        SUM(CAST(sans_reponse AS BIGINT)) AS sans_reponse,
        SUM(CAST(blocages AS BIGINT)) AS blocages,
        MIN(blocage_debut_utc) AS blocage_debut_utc,
        MAX(blocage_fin_utc) AS blocage_fin_utc,
        MIN(blocage_debut_local) AS blocage_debut_local,
        SUM(CAST(captchas AS BIGINT)) AS captchas,
        MIN(captcha_debut_utc) AS captcha_debut_utc,
        MAX(captcha_fin_utc) AS captcha_fin_utc,
        MIN(captcha_debut_local) AS captcha_debut_local
    FROM numerotes
    GROUP BY guichet_id, demarche_id, point_de_mesure, systeme, ile
),

iles_suivies AS (
    SELECT
        *,
        LEAD(reponse_avant_utc) OVER (
            PARTITION BY guichet_id, demarche_id, point_de_mesure, systeme
            ORDER BY ile
        ) AS reponse_suivante_utc
    FROM iles
),

-- At least two refusals, and at least half of what got no answer: a single 403 among timeouts is noise.
suites AS (
    SELECT
        'blocage' AS type,
        '' AS lieu,
        guichet_id,
        demarche_id,
        departement,
        point_de_mesure,
        systeme,
        blocage_debut_utc AS debut_utc,
        blocage_fin_utc AS fin_utc,
        blocage_debut_local AS debut_local,
        blocages AS tentatives,
        reponse_avant_utc,
        COALESCE(reponse_apres_utc, reponse_suivante_utc) AS reponse_apres_utc
    FROM iles_suivies
    WHERE blocages >= 2 AND 2 * blocages >= sans_reponse
    UNION ALL
    SELECT
        'captcha' AS type,
        guichet_id AS lieu,
        guichet_id,
        demarche_id,
        departement,
        point_de_mesure,
        systeme,
        captcha_debut_utc AS debut_utc,
        captcha_fin_utc AS fin_utc,
        captcha_debut_local AS debut_local,
        captchas AS tentatives,
        reponse_avant_utc,
        COALESCE(reponse_apres_utc, reponse_suivante_utc) AS reponse_apres_utc
    FROM iles_suivies
    WHERE captchas >= 2 AND 2 * captchas >= sans_reponse
),

suites_rangees AS (
    SELECT
        *,
        ROW_NUMBER() OVER (
            PARTITION BY type, point_de_mesure, systeme, lieu
            ORDER BY debut_utc, fin_utc, guichet_id, demarche_id
        ) AS place
    FROM suites
),

portees AS (
    SELECT
        *,
        MAX(fin_utc) OVER (PARTITION BY type, point_de_mesure, systeme, lieu ORDER BY place) AS portee_utc
    FROM suites_rangees
),

coupees AS (
    SELECT
        *,
        LAG(portee_utc) OVER (PARTITION BY type, point_de_mesure, systeme, lieu ORDER BY place) AS portee_avant_utc
    FROM portees
),

reunies AS (
    SELECT
        *,
        SUM(CAST(CASE WHEN debut_utc <= portee_avant_utc THEN 0 ELSE 1 END AS BIGINT)) OVER (
            PARTITION BY type, point_de_mesure, systeme, lieu
            ORDER BY place
        ) AS numero
    FROM coupees
),

groupes AS (
    SELECT
        *,
        MIN(debut_utc) OVER (PARTITION BY type, point_de_mesure, systeme, lieu, numero) AS groupe_debut_utc,
        MAX(fin_utc) OVER (PARTITION BY type, point_de_mesure, systeme, lieu, numero) AS groupe_fin_utc,
        SUM(CAST(tentatives AS BIGINT)) OVER (PARTITION BY type, point_de_mesure, systeme, lieu, numero)
            AS groupe_tentatives
    FROM reunies
),

-- Shorter or smaller ones are noise. The first refusal's local time names the incident.
nommes AS (
    SELECT
        *,
        MIN(CASE WHEN debut_utc = groupe_debut_utc THEN debut_local END) OVER (
            PARTITION BY type, point_de_mesure, systeme, lieu, numero
        ) AS groupe_debut_local
    FROM groupes
    WHERE groupe_tentatives >= 5
        AND EXTRACT(EPOCH FROM groupe_fin_utc) - EXTRACT(EPOCH FROM groupe_debut_utc) >= 21600.0
),

-- Silences of the whole robot, between the scope's two ends.
activites AS (
    SELECT debut_utc, fin_utc FROM activite
    UNION ALL
    SELECT MIN(debut_utc) AS debut_utc, MIN(debut_utc) AS fin_utc FROM perimetre
    UNION ALL
    SELECT MAX(fin_utc) AS debut_utc, MAX(fin_utc) AS fin_utc FROM perimetre
),

activites_rangees AS (
    SELECT *, ROW_NUMBER() OVER (ORDER BY debut_utc, fin_utc) AS place
    FROM activites
    WHERE debut_utc IS NOT NULL
),

activites_portees AS (
    SELECT *, MAX(fin_utc) OVER (ORDER BY place) AS portee_utc
    FROM activites_rangees
),

silences AS (
    SELECT LAG(portee_utc) OVER (ORDER BY place) AS debut_utc, debut_utc AS fin_utc
    FROM activites_portees
),

longs AS (
    SELECT *
    FROM silences
    WHERE EXTRACT(EPOCH FROM fin_utc) - EXTRACT(EPOCH FROM debut_utc) >= 21600.0
),

debuts AS (
    SELECT fin_utc AS instant_utc, MIN(fin_local) AS local
    FROM activite
    GROUP BY fin_utc
),

fins AS (
    SELECT DISTINCT debut_utc AS instant_utc
    FROM activite
),

arrets AS (
    SELECT
        s.debut_utc,
        s.fin_utc,
        d.local AS debut_local,
        d.instant_utc AS possible_debut_utc,
        f.instant_utc AS possible_fin_utc,
        p.guichet_id,
        p.demarche_id,
        p.departement,
        MIN(p.cadence_min) OVER (PARTITION BY s.debut_utc) AS cadence_min
    FROM longs AS s
    CROSS JOIN perimetre AS p
    LEFT JOIN debuts AS d
        ON s.debut_utc = d.instant_utc
    LEFT JOIN fins AS f
        ON s.fin_utc = f.instant_utc
    WHERE p.debut_utc < s.fin_utc AND p.fin_utc > s.debut_utc
)

SELECT
    type || '-' || REPLACE(REPLACE(groupe_debut_local, ':', ''), ' ', '-') || '-' || point_de_mesure || '-' || systeme
        || CASE WHEN lieu = '' THEN '' ELSE '-' || lieu END AS incident_id,
    guichet_id,
    demarche_id,
    MIN(departement) AS departement,
    type,
    point_de_mesure,
    systeme,
    groupe_debut_utc AS debut_utc,
    groupe_fin_utc AS fin_utc,
    MAX(CASE WHEN reponse_avant_utc < groupe_debut_utc THEN reponse_avant_utc END) AS possible_debut_utc,
    MIN(CASE WHEN reponse_apres_utc > groupe_fin_utc THEN reponse_apres_utc END) AS possible_fin_utc,
    SUM(CAST(tentatives AS BIGINT)) AS tentatives
FROM nommes
GROUP BY
    type,
    point_de_mesure,
    systeme,
    lieu,
    groupe_debut_local,
    groupe_debut_utc,
    groupe_fin_utc,
    guichet_id,
    demarche_id
UNION ALL
SELECT
    'arret-' || COALESCE(REPLACE(REPLACE(debut_local, ':', ''), ' ', '-'), 'debut') AS incident_id,
    guichet_id,
    demarche_id,
    MIN(departement) AS departement,
    'arret' AS type,
    CAST(NULL AS VARCHAR) AS point_de_mesure,
    CAST(NULL AS VARCHAR) AS systeme,
    debut_utc,
    fin_utc,
    MIN(possible_debut_utc) AS possible_debut_utc,
    MIN(possible_fin_utc) AS possible_fin_utc,
    0 AS tentatives
FROM arrets
WHERE EXTRACT(EPOCH FROM fin_utc) - EXTRACT(EPOCH FROM debut_utc) >= 240.0 * cadence_min
GROUP BY debut_utc, fin_utc, debut_local, guichet_id, demarche_id
