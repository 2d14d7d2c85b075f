-- One row per service, month, weekday and local hour with an answer: how many answers, and how many « yes ».

SELECT
    guichet_id,
    demarche_id,
    MIN(departement) AS departement,
    mois,
    jour_semaine,
    heure,
    COUNT(*) AS reponses,
    COUNT(*) FILTER (WHERE reponse = 'oui') AS oui
FROM consultations
WHERE reponse IN ('oui', 'non')
GROUP BY guichet_id, demarche_id, mois, jour_semaine, heure
