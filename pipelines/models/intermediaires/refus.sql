-- Stretches without an answer in which a vantage was refused (block, captcha), per service, vantage and system, within a
-- local month.
--
-- A stretch lasts from one answer (yes or no) to the next. Kept are those that may hold an incident, and the first and last
-- of each month whatever they hold, so that incidents_services can join the months: numero 0 goes on from the month before.

-- Most services were never refused in a month: only the others are put in order.
WITH series AS (
    SELECT
        guichet_id,
        demarche_id,
        MIN(departement) AS departement,
        point_de_mesure,
        systeme,
        mois,
        COUNT(*) FILTER (WHERE issue IN ('bloque', 'captcha_exige', 'captcha_refuse')) AS refus,
        MIN(CASE WHEN reponse IN ('oui', 'non') THEN instant_utc END) AS premiere_utc,
        MAX(CASE WHEN reponse IN ('oui', 'non') THEN instant_utc END) AS derniere_utc
    FROM tentatives
    GROUP BY guichet_id, demarche_id, point_de_mesure, systeme, mois
),

essais AS (
    SELECT
        t.guichet_id,
        t.demarche_id,
        t.departement,
        t.point_de_mesure,
        t.systeme,
        t.mois,
        t.instant_utc,
        CAST(t.date_locale AS VARCHAR) || ' ' || t.heure_locale AS local,
        t.reponse IN ('oui', 'non') AS repondu,
        t.issue = 'bloque' AS bloque,
        t.issue IN ('captcha_exige', 'captcha_refuse') AS captcha,
        SUM(CAST(CASE WHEN t.reponse IN ('oui', 'non') THEN 1 ELSE 0 END AS BIGINT)) OVER (
            PARTITION BY t.guichet_id, t.demarche_id, t.point_de_mesure, t.systeme, t.mois
            ORDER BY t.instant_utc, t.tentative_id
        ) AS numero
    FROM tentatives AS t
    INNER JOIN series AS s
        ON t.guichet_id = s.guichet_id AND t.demarche_id = s.demarche_id
            AND t.point_de_mesure = s.point_de_mesure AND t.systeme = s.systeme AND t.mois = s.mois
    WHERE s.refus > 0
),

suites AS (
    SELECT
        guichet_id,
        demarche_id,
        MIN(departement) AS departement,
        point_de_mesure,
        systeme,
        mois,
        numero,
        MIN(CASE WHEN repondu THEN instant_utc END) AS reponse_avant_utc,
        COUNT(*) FILTER (WHERE NOT repondu) AS sans_reponse,
        COUNT(*) FILTER (WHERE bloque) AS blocages,
        MIN(CASE WHEN bloque THEN instant_utc END) AS blocage_debut_utc,
        MAX(CASE WHEN bloque THEN instant_utc END) AS blocage_fin_utc,
        MIN(CASE WHEN bloque THEN local END) AS blocage_debut_local,
        COUNT(*) FILTER (WHERE captcha) AS captchas,
        MIN(CASE WHEN captcha THEN instant_utc END) AS captcha_debut_utc,
        MAX(CASE WHEN captcha THEN instant_utc END) AS captcha_fin_utc,
        MIN(CASE WHEN captcha THEN local END) AS captcha_debut_local
    FROM essais
    GROUP BY guichet_id, demarche_id, point_de_mesure, systeme, mois, numero
),

suivies AS (
    SELECT
        *,
        MIN(numero) OVER (PARTITION BY guichet_id, demarche_id, point_de_mesure, systeme, mois) AS premier_numero,
        LEAD(reponse_avant_utc) OVER (
            PARTITION BY guichet_id, demarche_id, point_de_mesure, systeme, mois
            ORDER BY numero
        ) AS reponse_apres_utc
    FROM suites
),

-- Of the others, what came before the first answer of the month and after the last.
marges AS (
    SELECT
        s.guichet_id,
        s.demarche_id,
        s.point_de_mesure,
        s.systeme,
        s.mois,
        COUNT(*) FILTER (WHERE s.premiere_utc IS NULL OR t.instant_utc < s.premiere_utc) AS avant,
        COUNT(*) FILTER (WHERE t.instant_utc > s.derniere_utc) AS apres
    FROM tentatives AS t
    INNER JOIN series AS s
        ON t.guichet_id = s.guichet_id AND t.demarche_id = s.demarche_id
            AND t.point_de_mesure = s.point_de_mesure AND t.systeme = s.systeme AND t.mois = s.mois
    WHERE s.refus = 0
        AND (s.premiere_utc IS NULL OR t.instant_utc < s.premiere_utc OR t.instant_utc > s.derniere_utc)
    GROUP BY s.guichet_id, s.demarche_id, s.point_de_mesure, s.systeme, s.mois
),

calmes AS (
    SELECT s.*, COALESCE(m.avant, 0) AS avant, COALESCE(m.apres, 0) AS apres
    FROM series AS s
    LEFT JOIN marges AS m
        ON s.guichet_id = m.guichet_id AND s.demarche_id = m.demarche_id
            AND s.point_de_mesure = m.point_de_mesure AND s.systeme = m.systeme AND s.mois = m.mois
    WHERE s.refus = 0
)

SELECT
    guichet_id,
    demarche_id,
    departement,
    point_de_mesure,
    systeme,
    mois,
    numero,
    reponse_avant_utc,
    reponse_apres_utc,
    sans_reponse,
    blocages,
    blocage_debut_utc,
    blocage_fin_utc,
    blocage_debut_local,
    captchas,
    captcha_debut_utc,
    captcha_fin_utc,
    captcha_debut_local
FROM suivies
WHERE numero = premier_numero
    OR reponse_apres_utc IS NULL
    OR (blocages >= 2 AND 2 * blocages >= sans_reponse)
    OR (captchas >= 2 AND 2 * captchas >= sans_reponse)
UNION ALL
SELECT
    guichet_id,
    demarche_id,
    departement,
    point_de_mesure,
    systeme,
    mois,
    0 AS numero,
    CASE WHEN FALSE THEN premiere_utc END AS reponse_avant_utc,
    premiere_utc AS reponse_apres_utc,
    avant AS sans_reponse,
    0 AS blocages,
    CASE WHEN FALSE THEN premiere_utc END AS blocage_debut_utc,
    CASE WHEN FALSE THEN premiere_utc END AS blocage_fin_utc,
    CAST(NULL AS VARCHAR) AS blocage_debut_local,
    0 AS captchas,
    CASE WHEN FALSE THEN premiere_utc END AS captcha_debut_utc,
    CASE WHEN FALSE THEN premiere_utc END AS captcha_fin_utc,
    CAST(NULL AS VARCHAR) AS captcha_debut_local
FROM calmes
UNION ALL
SELECT
    guichet_id,
    demarche_id,
    departement,
    point_de_mesure,
    systeme,
    mois,
    1 AS numero,
    derniere_utc AS reponse_avant_utc,
    CASE WHEN FALSE THEN premiere_utc END AS reponse_apres_utc,
    apres AS sans_reponse,
    0 AS blocages,
    CASE WHEN FALSE THEN premiere_utc END AS blocage_debut_utc,
    CASE WHEN FALSE THEN premiere_utc END AS blocage_fin_utc,
    CAST(NULL AS VARCHAR) AS blocage_debut_local,
    0 AS captchas,
    CASE WHEN FALSE THEN premiere_utc END AS captcha_debut_utc,
    CASE WHEN FALSE THEN premiere_utc END AS captcha_fin_utc,
    CAST(NULL AS VARCHAR) AS captcha_debut_local
FROM calmes
WHERE derniere_utc IS NOT NULL
