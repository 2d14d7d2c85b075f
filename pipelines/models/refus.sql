-- Stretches without an answer in which a vantage was refused (block, captcha), per service, vantage and system, within a
-- local month.
--
-- A stretch lasts from one answer (yes or no) to the next. Kept are those that may hold an incident, and the first and last
-- of each month whatever they hold, so that incidents_services can join the months: numero 0 goes on from the month before.

WITH essais AS (
    SELECT
        guichet_id,
        demarche_id,
        departement,
        point_de_mesure,
        systeme,
        mois,
        instant_utc,
        CAST(date_locale AS VARCHAR) || ' ' || heure_locale AS local,
        reponse IN ('oui', 'non') AS repondu,
        issue = 'bloque' AS bloque,
        issue IN ('captcha_exige', 'captcha_refuse') AS captcha,
        ROW_NUMBER() OVER (
            PARTITION BY guichet_id, demarche_id, point_de_mesure, systeme, mois
            ORDER BY instant_utc, tentative_id
        ) AS rang
    FROM tentatives
),

numerotes AS (
    SELECT
        *,
        SUM(CASE WHEN repondu THEN 1 ELSE 0 END) OVER (
            PARTITION BY guichet_id, demarche_id, point_de_mesure, systeme, mois
            ORDER BY rang
        ) AS numero
    FROM essais
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
        MIN(rang) AS rang,
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
    FROM numerotes
    GROUP BY guichet_id, demarche_id, point_de_mesure, systeme, mois, numero
),

suivies AS (
    SELECT
        *,
        LEAD(reponse_avant_utc) OVER (
            PARTITION BY guichet_id, demarche_id, point_de_mesure, systeme, mois
            ORDER BY numero
        ) AS reponse_apres_utc
    FROM suites
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
WHERE rang = 1
    OR reponse_apres_utc IS NULL
    OR (blocages >= 2 AND 2 * blocages >= sans_reponse)
    OR (captchas >= 2 AND 2 * captchas >= sans_reponse)
