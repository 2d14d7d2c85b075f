-- One row per service, month, weekday and local hour with an answer: how many answers, how many « yes », and between which
-- minutes of the hour they fell.

SELECT
    guichet_id,
    demarche_id,
    MIN(departement) AS departement,
    mois,
    jour_semaine,
    heure,
    MIN(CAST(EXTRACT(MINUTE FROM instant_utc) AS INTEGER)) AS minute_min,
    MAX(CAST(EXTRACT(MINUTE FROM instant_utc) AS INTEGER)) AS minute_max,
    COUNT(*) AS reponses,
    COUNT(*) FILTER (WHERE reponse = 'oui') AS oui
FROM consultations
WHERE reponse IN ('oui', 'non')
GROUP BY guichet_id, demarche_id, mois, jour_semaine, heure
