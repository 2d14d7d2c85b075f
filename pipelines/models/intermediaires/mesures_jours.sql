-- One row per service and local day in scope: what was expected of it, and what was measured. sommes_semaines and sommes_periodes
-- add it up. A month's rows are made of that month's alone.

SELECT
    c.guichet_id,
    c.demarche_id,
    c.departement,
    c.jour,
    c.semaine_iso,
    c.mois,
    c.trimestre,
    c.annee,
    c.cycles_prevus,
    c.secondes_prevues,
    c.cadence_min_s,
    c.cadence_max_s,
    c.negatifs_consignes,
    c.jour_complet,
    COALESCE(n.heures_distinctes, 0) AS heures_du_jour,
    COALESCE(n.lignes, 0) AS lignes,
    COALESCE(n.consultations, 0) AS consultations,
    COALESCE(n.oui, 0) AS oui,
    COALESCE(n.oui_incomplets, 0) AS oui_incomplets,
    COALESCE(n.non, 0) AS non,
    COALESCE(n.inconnues, 0) AS inconnues,
    COALESCE(n.hors_champ, 0) AS hors_champ,
    COALESCE(n.incompletes, 0) AS incompletes,
    COALESCE(n.pannes_partagees, 0) AS pannes_partagees,
    COALESCE(n.rdv_propose, 0) AS rdv_propose,
    COALESCE(n.aucun_rdv, 0) AS aucun_rdv,
    COALESCE(n.captcha_exige, 0) AS captcha_exige,
    COALESCE(n.captcha_refuse, 0) AS captcha_refuse,
    COALESCE(n.session_perdue, 0) AS session_perdue,
    COALESCE(n.bloque, 0) AS bloque,
    COALESCE(n.debit_limite, 0) AS debit_limite,
    COALESCE(n.erreur_serveur, 0) AS erreur_serveur,
    COALESCE(n.maintenance, 0) AS maintenance,
    COALESCE(n.erreur_reseau, 0) AS erreur_reseau,
    COALESCE(n.cible_disparue, 0) AS cible_disparue,
    COALESCE(n.connexion_exigee, 0) AS connexion_exigee,
    COALESCE(n.autre_canal, 0) AS autre_canal,
    COALESCE(n.page_non_reconnue, 0) AS page_non_reconnue,
    COALESCE(n.incomplete, 0) AS incomplete,
    COALESCE(t.cycles_mesures, 0) AS cycles_mesures,
    CASE WHEN c.negatifs_consignes THEN COALESCE(t.cycles_repondus, 0) ELSE 0 END AS cycles_repondus,
    c.hors_calendrier,
    COALESCE(t.secondes_mesurees, 0) AS secondes_mesurees,
    -- What a day gives to a rate: nothing, where its log could not say « none ».
    CASE WHEN c.negatifs_consignes THEN c.secondes_prevues ELSE 0 END AS secondes_retenues,
    CASE WHEN c.negatifs_consignes THEN COALESCE(t.secondes_repondues, 0) ELSE 0 END AS secondes_repondues,
    CASE WHEN c.negatifs_consignes THEN COALESCE(t.secondes_non, 0) ELSE 0 END AS secondes_non,
    CASE WHEN c.negatifs_consignes THEN COALESCE(t.secondes_deux_dates_sous_30_jours, 0) ELSE 0 END
        AS secondes_deux_dates_sous_30_jours,
    CASE WHEN c.negatifs_consignes THEN COALESCE(t.secondes_une_date_sous_30_jours, 0) ELSE 0 END
        AS secondes_une_date_sous_30_jours,
    CASE WHEN c.negatifs_consignes THEN COALESCE(t.secondes_entre_30_et_60_jours, 0) ELSE 0 END
        AS secondes_entre_30_et_60_jours,
    CASE WHEN c.negatifs_consignes THEN COALESCE(t.secondes_au_dela_de_60_jours, 0) ELSE 0 END
        AS secondes_au_dela_de_60_jours,
    CASE WHEN c.negatifs_consignes THEN COALESCE(t.secondes_date_non_lue, 0) ELSE 0 END AS secondes_date_non_lue,
    CASE WHEN c.negatifs_consignes THEN COALESCE(t.secondes_oui_incomplets, 0) ELSE 0 END AS secondes_oui_incomplets,
    CASE WHEN c.negatifs_consignes THEN COALESCE(t.secondes_inconnues, 0) ELSE 0 END AS secondes_inconnues,
    CASE WHEN c.negatifs_consignes THEN COALESCE(t.secondes_hors_champ, 0) ELSE 0 END AS secondes_hors_champ,
    CASE WHEN c.negatifs_consignes THEN COALESCE(t.carres_repondus, CAST(0 AS DOUBLE)) ELSE CAST(0 AS DOUBLE) END
        AS carres_repondus,
    CASE WHEN c.negatifs_consignes THEN COALESCE(n.oui - n.oui_incomplets + n.non, 0) ELSE 0 END AS reponses_retenues,
    CASE WHEN c.negatifs_consignes THEN COALESCE(n.non, 0) ELSE 0 END AS non_retenus,
    CASE WHEN c.negatifs_consignes THEN COALESCE(n.oui_incomplets, 0) ELSE 0 END AS oui_incomplets_retenus,
    CASE WHEN c.negatifs_consignes THEN COALESCE(n.inconnues, 0) ELSE 0 END AS inconnues_retenues
FROM calendrier AS c
LEFT JOIN issues_jour AS n
    ON c.guichet_id = n.guichet_id AND c.demarche_id = n.demarche_id AND c.jour = n.jour
LEFT JOIN temps_jours AS t
    ON c.guichet_id = t.guichet_id AND c.demarche_id = t.demarche_id AND c.jour = t.jour
