-- One row per service and local day with a consultation: how many ended in each outcome. What is counted is consultations.

SELECT
    c.guichet_id,
    c.demarche_id,
    c.mois,
    c.jour,
    SUM(CAST(c.lignes AS BIGINT)) AS lignes,
    COUNT(*) AS consultations,
    COUNT(DISTINCT c.heure) AS heures_distinctes,
    COUNT(*) FILTER (WHERE c.reponse = 'oui') AS oui,
    COUNT(*) FILTER (WHERE c.reponse = 'oui' AND NOT c.complete) AS oui_incomplets,
    COUNT(*) FILTER (WHERE c.reponse = 'non') AS non,
    COUNT(*) FILTER (WHERE c.reponse = 'inconnue') AS inconnues,
    COUNT(*) FILTER (WHERE c.reponse = 'hors_champ') AS hors_champ,
    COUNT(*) FILTER (WHERE c.plannings_absents > 0 AND NOT c.complete) AS incompletes,
    COUNT(*) FILTER (WHERE i.panne_partagee) AS pannes_partagees,
    COUNT(*) FILTER (WHERE c.issue = 'rdv_propose') AS rdv_propose,
    COUNT(*) FILTER (WHERE c.issue = 'aucun_rdv') AS aucun_rdv,
    COUNT(*) FILTER (WHERE c.issue = 'captcha_exige') AS captcha_exige,
    COUNT(*) FILTER (WHERE c.issue = 'captcha_refuse') AS captcha_refuse,
    COUNT(*) FILTER (WHERE c.issue = 'session_perdue') AS session_perdue,
    COUNT(*) FILTER (WHERE c.issue = 'bloque') AS bloque,
    COUNT(*) FILTER (WHERE c.issue = 'debit_limite') AS debit_limite,
    COUNT(*) FILTER (WHERE c.issue = 'erreur_serveur') AS erreur_serveur,
    COUNT(*) FILTER (WHERE c.issue = 'maintenance') AS maintenance,
    COUNT(*) FILTER (WHERE c.issue = 'erreur_reseau') AS erreur_reseau,
    COUNT(*) FILTER (WHERE c.issue = 'cible_disparue') AS cible_disparue,
    COUNT(*) FILTER (WHERE c.issue = 'connexion_exigee') AS connexion_exigee,
    COUNT(*) FILTER (WHERE c.issue = 'autre_canal') AS autre_canal,
    COUNT(*) FILTER (WHERE c.issue = 'page_non_reconnue') AS page_non_reconnue,
    COUNT(*) FILTER (WHERE c.issue = 'incomplete') AS incomplete
FROM consultations AS c
INNER JOIN issues AS i
    ON c.issue = i.issue
GROUP BY c.guichet_id, c.demarche_id, c.mois, c.jour
