-- One row per service, local month, ISO week and local hour in which somebody looked: how often. A rate that is always asked
-- for at the same hour is one of that hour.

SELECT guichet_id, demarche_id, mois, semaine_iso, heure, COUNT(*) AS consultations
FROM consultations
GROUP BY guichet_id, demarche_id, mois, semaine_iso, heure
