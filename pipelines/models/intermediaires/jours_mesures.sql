-- One row per service, probe and local day with an attempt: when somebody looked, and how often which answer came.

SELECT
    mois,
    guichet_id,
    demarche_id,
    sonde,
    date_locale AS jour,
    MIN(instant_utc) AS premier_utc,
    MAX(instant_utc) AS dernier_utc,
    COUNT(*) AS tentatives,
    COUNT(*) FILTER (WHERE reponse = 'oui') AS oui,
    COUNT(*) FILTER (WHERE reponse = 'non') AS non,
    COUNT(*) FILTER (WHERE issue = 'page_non_reconnue') AS non_reconnues,
    SUM(CAST(dates_ecartees AS BIGINT)) AS dates_ecartees
FROM tentatives
GROUP BY mois, guichet_id, demarche_id, sonde, date_locale
