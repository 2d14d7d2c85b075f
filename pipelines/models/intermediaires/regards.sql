-- How often each vantage looked at each service, and how often it got an answer, between the instants at which a
-- refusal may begin or end: from these, incidents counts what other vantages saw meanwhile.
--
-- The instants at which stretches of the table refus begin and end cut the attempts of a month into lots; no lot lies
-- on both sides of one. In the first and last local day of a month each instant is a lot of its own, because a refusal
-- of a counter in another time zone may begin then in another month.

WITH services AS (
    SELECT DISTINCT guichet_id, demarche_id, mois
    FROM tentatives
),

bords AS (
    SELECT DISTINCT mois, blocage_debut_utc AS instant_utc
    FROM refus
    WHERE blocages > 0
    UNION ALL
    SELECT DISTINCT mois, blocage_fin_utc AS instant_utc
    FROM refus
    WHERE blocages > 0
),

-- A captcha is a matter of a site.
bords_guichets AS (
    SELECT DISTINCT guichet_id, mois, captcha_debut_utc AS instant_utc
    FROM refus
    WHERE captchas > 0
    UNION ALL
    SELECT DISTINCT guichet_id, mois, captcha_fin_utc AS instant_utc
    FROM refus
    WHERE captchas > 0
),

bornes AS (
    SELECT s.guichet_id, s.demarche_id, s.mois, b.instant_utc
    FROM services AS s
    INNER JOIN bords AS b
        ON s.mois = b.mois
    UNION ALL
    SELECT s.guichet_id, s.demarche_id, s.mois, b.instant_utc
    FROM services AS s
    INNER JOIN bords_guichets AS b
        ON s.mois = b.mois AND s.guichet_id = b.guichet_id
),

-- An attempt at the very instant of a bound is a lot of its own: a window may begin or end there.
jalons AS (
    SELECT
        guichet_id,
        demarche_id,
        mois,
        instant_utc,
        0 AS place,
        1 AS borne,
        CAST(NULL AS VARCHAR) AS point_de_mesure,
        0 AS reponse,
        0 AS bord
    FROM bornes
    UNION ALL
    SELECT
        guichet_id,
        demarche_id,
        mois,
        instant_utc,
        2 AS place,
        1 AS borne,
        CAST(NULL AS VARCHAR) AS point_de_mesure,
        0 AS reponse,
        0 AS bord
    FROM bornes
    UNION ALL
    SELECT
        guichet_id,
        demarche_id,
        mois,
        instant_utc,
        1 AS place,
        0 AS borne,
        point_de_mesure,
        CASE WHEN reponse IN ('oui', 'non') THEN 1 ELSE 0 END AS reponse,
        CASE
            WHEN EXTRACT(DAY FROM date_locale) = 1 THEN 1
            WHEN EXTRACT(DAY FROM CAST(date_locale + INTERVAL '1 day' AS DATE)) = 1 THEN 1
            ELSE 0
        END AS bord
    FROM tentatives
),

lots AS (
    SELECT
        *,
        SUM(CAST(borne AS BIGINT)) OVER (PARTITION BY guichet_id, demarche_id, mois ORDER BY instant_utc, place) AS lot
    FROM jalons
)

SELECT
    guichet_id,
    demarche_id,
    point_de_mesure,
    mois,
    MIN(instant_utc) AS debut_utc,
    MAX(instant_utc) AS fin_utc,
    COUNT(*) AS lignes,
    SUM(CAST(reponse AS BIGINT)) AS lignes_repondues
FROM lots
WHERE borne = 0
GROUP BY guichet_id, demarche_id, point_de_mesure, mois, lot, CASE WHEN bord = 1 THEN instant_utc END
