-- One row per service and local day with a consultation: how many ended in each outcome. What is counted is consultations.

SELECT
    guichet_id,
    demarche_id,
    mois,
    jour,
    SUM(CAST(lignes AS BIGINT)) AS lignes,
    COUNT(*) AS tentatives,
    COUNT(*) FILTER (WHERE essai = 1) AS cycles_mesures,
    COUNT(*) FILTER (WHERE reponse = 'inconnue') AS inconnues,
    COUNT(*) FILTER (WHERE reponse = 'hors_champ') AS hors_champ,
    COUNT(*) FILTER (WHERE issue = 'rdv_propose') AS rdv_propose,
    COUNT(*) FILTER (WHERE issue = 'aucun_rdv') AS aucun_rdv,
    COUNT(*) FILTER (WHERE issue = 'captcha_exige') AS captcha_exige,
    COUNT(*) FILTER (WHERE issue = 'captcha_refuse') AS captcha_refuse,
    COUNT(*) FILTER (WHERE issue = 'session_perdue') AS session_perdue,
    COUNT(*) FILTER (WHERE issue = 'bloque') AS bloque,
    COUNT(*) FILTER (WHERE issue = 'debit_limite') AS debit_limite,
    COUNT(*) FILTER (WHERE issue = 'erreur_serveur') AS erreur_serveur,
    COUNT(*) FILTER (WHERE issue = 'maintenance') AS maintenance,
    COUNT(*) FILTER (WHERE issue = 'erreur_reseau') AS erreur_reseau,
    COUNT(*) FILTER (WHERE issue = 'cible_disparue') AS cible_disparue,
    COUNT(*) FILTER (WHERE issue = 'connexion_exigee') AS connexion_exigee,
    COUNT(*) FILTER (WHERE issue = 'autre_canal') AS autre_canal,
    COUNT(*) FILTER (WHERE issue = 'page_non_reconnue') AS page_non_reconnue
FROM consultations
GROUP BY guichet_id, demarche_id, mois, jour
