-- One row per service and period in scope, of every kind (day, ISO week, month, quarter, civil year, all of it): what its days
-- add up to, and what the interval needs of them. periodes makes figures of it.

WITH jours AS (
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
),

-- Each day in each of its periods.
etendus AS (
    SELECT 'jour' AS type, CAST(jour AS STRING) AS periode, j.* FROM jours AS j
    UNION ALL
    SELECT 'semaine' AS type, semaine_iso AS periode, j.* FROM jours AS j
    UNION ALL
    SELECT 'mois' AS type, mois AS periode, j.* FROM jours AS j
    UNION ALL
    SELECT 'trimestre' AS type, trimestre AS periode, j.* FROM jours AS j
    UNION ALL
    SELECT 'annee' AS type, annee AS periode, j.* FROM jours AS j
    UNION ALL
    SELECT 'ensemble' AS type, 'ensemble' AS periode, j.* FROM jours AS j
),

mesures AS (
    SELECT
        *,
        SUM(CAST(secondes_prevues AS BIGINT)) OVER (PARTITION BY guichet_id, demarche_id, type, periode) AS prevu
    FROM etendus
),

-- Weights are seconds; in a period in which nothing was expected, and no second can be one, they are answers.
ponderes AS (
    SELECT
        *,
        CASE WHEN prevu = 0 THEN reponses_retenues ELSE secondes_repondues END AS poids,
        CASE WHEN prevu = 0 THEN non_retenus ELSE secondes_non END AS poids_non,
        CASE WHEN prevu = 0 THEN oui_incomplets_retenus ELSE secondes_oui_incomplets END AS poids_oui_incomplets,
        CASE WHEN prevu = 0 THEN inconnues_retenues ELSE secondes_inconnues END AS poids_inconnu,
        CASE WHEN prevu = 0 THEN CAST(reponses_retenues AS DOUBLE) ELSE carres_repondus END AS carres
    FROM mesures
),

sommes AS (
    SELECT
        guichet_id,
        demarche_id,
        type,
        periode,
        MIN(departement) AS departement,
        MIN(jour) AS premier_jour_prevu,
        MAX(jour) AS dernier_jour_prevu,
        COUNT(*) FILTER (WHERE jour_complet) AS jours_complets,
        COUNT(*) FILTER (WHERE NOT negatifs_consignes) AS jours_sans_negatifs,
        COUNT(*) FILTER (WHERE NOT hors_calendrier) AS jours_prevus,
        COUNT(*) FILTER (WHERE consultations > 0) AS jours_mesures,
        COUNT(*) FILTER (WHERE reponses_retenues > 0) AS jours_avec_reponse,
        COUNT(*) FILTER (WHERE non > 0) AS jours_avec_non,
        COUNT(*) FILTER (WHERE pannes_partagees > 0) AS jours_avec_panne,
        COUNT(DISTINCT CASE WHEN non > 0 THEN semaine_iso END) AS semaines_avec_non,
        COUNT(DISTINCT CASE WHEN pannes_partagees > 0 THEN semaine_iso END) AS semaines_avec_panne,
        MAX(heures_du_jour) AS heures_du_jour,
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
        SUM(CAST(poids AS BIGINT)) AS poids,
        SUM(CAST(poids_non AS BIGINT)) AS poids_non,
        SUM(CAST(poids_oui_incomplets AS BIGINT)) AS poids_oui_incomplets,
        SUM(CAST(poids_inconnu AS BIGINT)) AS poids_inconnu,
        SUM(CAST(carres AS DOUBLE)) AS carres
    FROM ponderes
    GROUP BY guichet_id, demarche_id, type, periode
),

regardes AS (
    SELECT
        guichet_id,
        demarche_id,
        type,
        periode,
        jour,
        semaine_iso,
        CAST(poids AS DOUBLE) AS w,
        CAST(poids_non AS DOUBLE) AS x,
        CASE WHEN oui > 0 THEN 1 ELSE 0 END AS ouvert,
        CASE WHEN non > 0 THEN 1 ELSE 0 END AS negatif
    FROM ponderes
    WHERE type <> 'jour' AND (poids > 0 OR oui > 0)
),

suivis AS (
    SELECT
        *,
        LAG(ouvert) OVER (PARTITION BY guichet_id, demarche_id, type, periode ORDER BY jour) AS veille_ouverte,
        LAG(negatif) OVER (PARTITION BY guichet_id, demarche_id, type, periode ORDER BY jour) AS veille_negative
    FROM regardes
),

-- Two sizes of clusters, days and weeks, and sums of squares and of products over both: w for answers and x for « no ». An
-- episode is a run of days with a « yes », among those that were looked at; a negative one, a run of days with a « no ».
semaines AS (
    SELECT
        guichet_id,
        demarche_id,
        type,
        periode,
        semaine_iso,
        SUM(CAST(w AS DOUBLE)) AS w,
        SUM(CAST(x AS DOUBLE)) AS x,
        SUM(CAST(w * w AS DOUBLE)) AS ww,
        SUM(CAST(w * x AS DOUBLE)) AS wx,
        SUM(CAST(x * x AS DOUBLE)) AS xx,
        COUNT(*) FILTER (WHERE w > 0.0) AS jours_repondus,
        COUNT(*) AS jours_regardes,
        SUM(CAST(ouvert AS BIGINT)) AS jours_ouverts,
        COUNT(*) FILTER (WHERE ouvert = 1 AND (veille_ouverte IS NULL OR veille_ouverte = 0)) AS episodes,
        SUM(CAST(negatif AS BIGINT)) AS jours_negatifs,
        COUNT(*) FILTER (WHERE negatif = 1 AND (veille_negative IS NULL OR veille_negative = 0)) AS episodes_negatifs
    FROM suivis
    GROUP BY guichet_id, demarche_id, type, periode, semaine_iso
),

grappes AS (
    SELECT
        guichet_id,
        demarche_id,
        type,
        periode,
        SUM(CAST(ww AS DOUBLE)) AS ww_jours,
        SUM(CAST(wx AS DOUBLE)) AS wx_jours,
        SUM(CAST(xx AS DOUBLE)) AS xx_jours,
        SUM(CAST(jours_repondus AS BIGINT)) AS jours_repondus,
        SUM(CAST(w * w AS DOUBLE)) AS ww_semaines,
        SUM(CAST(w * x AS DOUBLE)) AS wx_semaines,
        SUM(CAST(x * x AS DOUBLE)) AS xx_semaines,
        COUNT(*) FILTER (WHERE w > 0.0) AS semaines_repondues,
        SUM(CAST(jours_regardes AS BIGINT)) AS jours_regardes,
        SUM(CAST(jours_ouverts AS BIGINT)) AS jours_ouverts,
        SUM(CAST(episodes AS BIGINT)) AS episodes,
        SUM(CAST(jours_negatifs AS BIGINT)) AS jours_negatifs,
        SUM(CAST(episodes_negatifs AS BIGINT)) AS episodes_negatifs
    FROM semaines
    GROUP BY guichet_id, demarche_id, type, periode
),

mois_civils AS (
    SELECT DISTINCT mois, trimestre, annee
    FROM calendrier
),

heures_etendues AS (
    SELECT guichet_id, demarche_id, 'semaine' AS type, semaine_iso AS periode, heure, consultations FROM heures_regardees
    UNION ALL
    SELECT guichet_id, demarche_id, 'mois' AS type, mois AS periode, heure, consultations FROM heures_regardees
    UNION ALL
    SELECT h.guichet_id, h.demarche_id, 'trimestre' AS type, m.trimestre AS periode, h.heure, h.consultations
    FROM heures_regardees AS h
    INNER JOIN mois_civils AS m ON h.mois = m.mois
    UNION ALL
    SELECT h.guichet_id, h.demarche_id, 'annee' AS type, m.annee AS periode, h.heure, h.consultations
    FROM heures_regardees AS h
    INNER JOIN mois_civils AS m ON h.mois = m.mois
    UNION ALL
    SELECT guichet_id, demarche_id, 'ensemble' AS type, 'ensemble' AS periode, heure, consultations FROM heures_regardees
),

par_heure AS (
    SELECT guichet_id, demarche_id, type, periode, heure, SUM(CAST(consultations AS BIGINT)) AS consultations
    FROM heures_etendues
    GROUP BY guichet_id, demarche_id, type, periode, heure
),

heures AS (
    SELECT
        guichet_id,
        demarche_id,
        type,
        periode,
        COUNT(*) AS heures_distinctes,
        MAX(consultations) AS consultations_meme_heure
    FROM par_heure
    GROUP BY guichet_id, demarche_id, type, periode
)

SELECT
    s.*,
    COALESCE(p.premier_jour, s.premier_jour_prevu) AS premier_jour,
    COALESCE(p.dernier_jour, s.dernier_jour_prevu) AS dernier_jour,
    s.jours_complets = COALESCE(p.jours, s.jours_prevus) AS periode_complete,
    COALESCE(h.heures_distinctes, s.heures_du_jour) AS heures_distinctes,
    h.consultations_meme_heure,
    g.ww_jours,
    g.wx_jours,
    g.xx_jours,
    g.jours_repondus,
    g.ww_semaines,
    g.wx_semaines,
    g.xx_semaines,
    g.semaines_repondues,
    g.jours_regardes,
    g.jours_ouverts,
    g.episodes,
    g.jours_negatifs,
    g.episodes_negatifs
FROM sommes AS s
LEFT JOIN periodes_civiles AS p
    ON s.type = p.type AND s.periode = p.periode
LEFT JOIN grappes AS g
    ON s.guichet_id = g.guichet_id AND s.demarche_id = g.demarche_id AND s.type = g.type AND s.periode = g.periode
LEFT JOIN heures AS h
    ON s.guichet_id = h.guichet_id AND s.demarche_id = h.demarche_id AND s.type = h.type AND s.periode = h.periode
