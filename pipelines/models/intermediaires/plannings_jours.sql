-- One row per service, planning that the log names and local day on which it was asked: how many cycles asked it, and in how
-- many it answered.

SELECT
    guichet_id,
    demarche_id,
    mois,
    planning_id,
    jour,
    COUNT(*) AS cycles,
    COUNT(*) FILTER (WHERE reponse <> 'inconnue') AS cycles_repondus,
    MIN(CASE WHEN reponse <> 'inconnue' THEN instant_utc END) AS premier_utc,
    MAX(CASE WHEN reponse <> 'inconnue' THEN instant_utc END) AS dernier_utc
FROM plannings_consultes
WHERE planning_id <> ''
GROUP BY guichet_id, demarche_id, mois, planning_id, jour
