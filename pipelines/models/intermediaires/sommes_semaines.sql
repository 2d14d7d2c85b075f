-- One row per service, local month, ISO week and unit of weight: what the days add up to that the month and the week share. Weeks
-- and months part the days in two ways, and every period is a whole number of such parts: sommes_periodes adds them up.
--
-- Weights are seconds; of days on which nothing was expected, and no second can be one, there is a row with answers beside it,
-- for periods that have no others (poids_en). Its first and last days are those of the scope, and of looks outside it where it has
-- none. Of the days that were looked at, squares and products are summed for the interval,
-- w for answers and x for « no ». An episode is a run of such days with a « yes »; a negative one, a run with a « no »: whether
-- the first and the last of them are of one says how parts join.

WITH poses AS (
    SELECT
        m.*,
        'secondes' AS poids_en,
        secondes_repondues AS poids,
        secondes_non AS poids_non,
        secondes_oui_incomplets AS poids_oui_incomplets,
        secondes_inconnues AS poids_inconnu,
        carres_repondus AS carres
    FROM mesures_jours AS m
    UNION ALL
    SELECT
        m.*,
        'reponses' AS poids_en,
        reponses_retenues AS poids,
        non_retenus AS poids_non,
        oui_incomplets_retenus AS poids_oui_incomplets,
        inconnues_retenues AS poids_inconnu,
        CAST(reponses_retenues AS DOUBLE) AS carres
    FROM mesures_jours AS m
    WHERE secondes_prevues = 0
),

vus AS (
    SELECT
        *,
        CAST(poids AS DOUBLE) AS w,
        CAST(poids_non AS DOUBLE) AS x,
        poids > 0 OR oui > 0 AS regarde,
        CASE WHEN oui > 0 THEN 1 ELSE 0 END AS ouvert,
        CASE WHEN non > 0 THEN 1 ELSE 0 END AS negatif
    FROM poses
),

suivis AS (
    SELECT
        *,
        LAG(ouvert) OVER (PARTITION BY guichet_id, demarche_id, mois, semaine_iso, poids_en, regarde ORDER BY jour)
            AS veille_ouverte,
        LAG(negatif) OVER (PARTITION BY guichet_id, demarche_id, mois, semaine_iso, poids_en, regarde ORDER BY jour)
            AS veille_negative,
        LEAD(ouvert) OVER (PARTITION BY guichet_id, demarche_id, mois, semaine_iso, poids_en, regarde ORDER BY jour)
            AS lendemain_ouvert
    FROM vus
)

SELECT
    guichet_id,
    demarche_id,
    mois,
    semaine_iso,
    poids_en,
    MIN(departement) AS departement,
    MIN(trimestre) AS trimestre,
    MIN(annee) AS annee,
    COALESCE(MIN(CASE WHEN NOT hors_calendrier THEN jour END), MIN(jour)) AS premier_jour_prevu,
    COALESCE(MAX(CASE WHEN NOT hors_calendrier THEN jour END), MAX(jour)) AS dernier_jour_prevu,
    COUNT(*) FILTER (WHERE jour_complet) AS jours_complets,
    COUNT(*) FILTER (WHERE NOT negatifs_consignes) AS jours_sans_negatifs,
    COUNT(*) FILTER (WHERE NOT hors_calendrier) AS jours_prevus,
    COUNT(*) FILTER (WHERE consultations > 0) AS jours_mesures,
    COUNT(*) FILTER (WHERE reponses_retenues > 0) AS jours_avec_reponse,
    COUNT(*) FILTER (WHERE non > 0) AS jours_avec_non,
    COUNT(*) FILTER (WHERE pannes_partagees > 0) AS jours_avec_panne,
    MIN(cadence_min_s) AS cadence_min_s,
    MAX(cadence_max_s) AS cadence_max_s,
    SUM(CAST(cycles_prevus AS BIGINT)) AS cycles_prevus,
    SUM(CAST(cycles_mesures AS BIGINT)) AS cycles_mesures,
    SUM(CAST(cycles_repondus AS BIGINT)) AS cycles_repondus,
    SUM(CAST(secondes_prevues AS BIGINT)) AS secondes_prevues,
    SUM(CAST(secondes_mesurees AS BIGINT)) AS secondes_mesurees,
    SUM(CAST(secondes_retenues AS BIGINT)) AS secondes_retenues,
    SUM(CAST(lignes AS BIGINT)) AS lignes,
    SUM(CAST(consultations AS BIGINT)) AS consultations,
    SUM(CAST(oui AS BIGINT)) AS oui,
    SUM(CAST(oui_incomplets AS BIGINT)) AS oui_incomplets,
    SUM(CAST(non AS BIGINT)) AS non,
    SUM(CAST(inconnues AS BIGINT)) AS inconnues,
    SUM(CAST(hors_champ AS BIGINT)) AS hors_champ,
    SUM(CAST(incompletes AS BIGINT)) AS incompletes,
    SUM(CAST(pannes_partagees AS BIGINT)) AS pannes_partagees,
    SUM(CAST(rdv_propose AS BIGINT)) AS rdv_propose,
    SUM(CAST(aucun_rdv AS BIGINT)) AS aucun_rdv,
    SUM(CAST(captcha_exige AS BIGINT)) AS captcha_exige,
    SUM(CAST(captcha_refuse AS BIGINT)) AS captcha_refuse,
    SUM(CAST(session_perdue AS BIGINT)) AS session_perdue,
    SUM(CAST(bloque AS BIGINT)) AS bloque,
    SUM(CAST(debit_limite AS BIGINT)) AS debit_limite,
    SUM(CAST(erreur_serveur AS BIGINT)) AS erreur_serveur,
    SUM(CAST(maintenance AS BIGINT)) AS maintenance,
    SUM(CAST(erreur_reseau AS BIGINT)) AS erreur_reseau,
    SUM(CAST(cible_disparue AS BIGINT)) AS cible_disparue,
    SUM(CAST(connexion_exigee AS BIGINT)) AS connexion_exigee,
    SUM(CAST(autre_canal AS BIGINT)) AS autre_canal,
    SUM(CAST(page_non_reconnue AS BIGINT)) AS page_non_reconnue,
    SUM(CAST(incomplete AS BIGINT)) AS incomplete,
    SUM(CAST(secondes_repondues AS BIGINT)) AS secondes_repondues,
    SUM(CAST(secondes_non AS BIGINT)) AS secondes_non,
    SUM(CAST(secondes_oui_incomplets AS BIGINT)) AS secondes_oui_incomplets,
    SUM(CAST(secondes_inconnues AS BIGINT)) AS secondes_inconnues,
    SUM(CAST(secondes_hors_champ AS BIGINT)) AS secondes_hors_champ,
    SUM(CAST(reponses_retenues AS BIGINT)) AS reponses_retenues,
    SUM(CAST(non_retenus AS BIGINT)) AS non_retenus,
    SUM(CAST(oui_incomplets_retenus AS BIGINT)) AS oui_incomplets_retenus,
    SUM(CAST(inconnues_retenues AS BIGINT)) AS inconnues_retenues,
    SUM(CAST(secondes_deux_dates_sous_30_jours AS BIGINT)) AS secondes_deux_dates_sous_30_jours,
    SUM(CAST(secondes_une_date_sous_30_jours AS BIGINT)) AS secondes_une_date_sous_30_jours,
    SUM(CAST(secondes_entre_30_et_60_jours AS BIGINT)) AS secondes_entre_30_et_60_jours,
    SUM(CAST(secondes_au_dela_de_60_jours AS BIGINT)) AS secondes_au_dela_de_60_jours,
    SUM(CAST(secondes_date_non_lue AS BIGINT)) AS secondes_date_non_lue,
    SUM(CAST(poids AS BIGINT)) AS poids,
    SUM(CAST(poids_non AS BIGINT)) AS poids_non,
    SUM(CAST(poids_oui_incomplets AS BIGINT)) AS poids_oui_incomplets,
    SUM(CAST(poids_inconnu AS BIGINT)) AS poids_inconnu,
    SUM(CAST(carres AS DOUBLE)) AS carres,
    COALESCE(SUM(CAST(CASE WHEN regarde THEN w * w END AS DOUBLE)), CAST(0 AS DOUBLE)) AS ww,
    COALESCE(SUM(CAST(CASE WHEN regarde THEN w * x END AS DOUBLE)), CAST(0 AS DOUBLE)) AS wx,
    COALESCE(SUM(CAST(CASE WHEN regarde THEN x * x END AS DOUBLE)), CAST(0 AS DOUBLE)) AS xx,
    COUNT(*) FILTER (WHERE poids > 0) AS jours_repondus,
    COUNT(*) FILTER (WHERE regarde) AS jours_regardes,
    COUNT(*) FILTER (WHERE regarde AND ouvert = 1) AS jours_ouverts,
    COUNT(*) FILTER (WHERE regarde AND ouvert = 1 AND (veille_ouverte IS NULL OR veille_ouverte = 0)) AS episodes,
    COUNT(*) FILTER (WHERE regarde AND negatif = 1) AS jours_negatifs,
    COUNT(*) FILTER (WHERE regarde AND negatif = 1 AND (veille_negative IS NULL OR veille_negative = 0)) AS episodes_negatifs,
    MIN(CASE WHEN regarde AND veille_ouverte IS NULL THEN ouvert END) = 1 AS premier_ouvert,
    MIN(CASE WHEN regarde AND lendemain_ouvert IS NULL THEN ouvert END) = 1 AS dernier_ouvert,
    MIN(CASE WHEN regarde AND veille_ouverte IS NULL THEN negatif END) = 1 AS premier_negatif,
    MIN(CASE WHEN regarde AND lendemain_ouvert IS NULL THEN negatif END) = 1 AS dernier_negatif
FROM suivis
GROUP BY guichet_id, demarche_id, mois, semaine_iso, poids_en
