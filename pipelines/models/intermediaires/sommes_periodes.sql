-- One row per service and period in scope, of every kind (day, ISO week, month, quarter, civil year, all of it): what its days
-- add up to, and what the interval needs of them. periodes makes figures of it.
--
-- Days are those of mesures_jours, and longer periods those of periodes_civiles, put together of the parts that weeks and months
-- share.

WITH semaines_civiles AS (
    SELECT periode AS semaine_iso FROM periodes_civiles WHERE type = 'semaine'
),

mois_civils AS (
    SELECT periode AS mois FROM periodes_civiles WHERE type = 'mois'
),

trimestres_civils AS (
    SELECT periode AS trimestre FROM periodes_civiles WHERE type = 'trimestre'
),

annees_civiles AS (
    SELECT periode AS annee FROM periodes_civiles WHERE type = 'annee'
),

etendus AS (
    SELECT 'semaine' AS type, s.semaine_iso AS periode, s.*
    FROM sommes_semaines AS s
    INNER JOIN semaines_civiles AS c ON s.semaine_iso = c.semaine_iso
    UNION ALL
    SELECT 'mois' AS type, s.mois AS periode, s.*
    FROM sommes_semaines AS s
    INNER JOIN mois_civils AS c ON s.mois = c.mois
    UNION ALL
    SELECT 'trimestre' AS type, s.trimestre AS periode, s.*
    FROM sommes_semaines AS s
    INNER JOIN trimestres_civils AS c ON s.trimestre = c.trimestre
    UNION ALL
    SELECT 'annee' AS type, s.annee AS periode, s.*
    FROM sommes_semaines AS s
    INNER JOIN annees_civiles AS c ON s.annee = c.annee
    UNION ALL
    SELECT 'ensemble' AS type, 'ensemble' AS periode, s.* FROM sommes_semaines AS s
),

mesures AS (
    SELECT
        *,
        SUM(CAST(secondes_prevues AS BIGINT)) OVER (PARTITION BY guichet_id, demarche_id, type, periode) AS prevu
    FROM etendus
),

-- Weights are seconds; in a period in which nothing was expected, and no second can be one, they are answers.
ponderes AS (
    SELECT *
    FROM mesures
    WHERE poids_en = CASE WHEN prevu = 0 THEN 'reponses' ELSE 'secondes' END
),

sommes AS (
    SELECT
        guichet_id,
        demarche_id,
        type,
        periode,
        MIN(departement) AS departement,
        -- Looks outside the schedule make no scope: their days are named where there are no others.
        COALESCE(MIN(CASE WHEN jours_prevus > 0 THEN premier_jour_prevu END), MIN(premier_jour_prevu)) AS premier_jour_prevu,
        COALESCE(MAX(CASE WHEN jours_prevus > 0 THEN dernier_jour_prevu END), MAX(dernier_jour_prevu)) AS dernier_jour_prevu,
        SUM(CAST(jours_complets AS BIGINT)) AS jours_complets,
        SUM(CAST(jours_sans_negatifs AS BIGINT)) AS jours_sans_negatifs,
        SUM(CAST(jours_prevus AS BIGINT)) AS jours_prevus,
        SUM(CAST(jours_mesures AS BIGINT)) AS jours_mesures,
        SUM(CAST(jours_avec_reponse AS BIGINT)) AS jours_avec_reponse,
        SUM(CAST(jours_avec_non AS BIGINT)) AS jours_avec_non,
        SUM(CAST(jours_avec_panne AS BIGINT)) AS jours_avec_panne,
        COUNT(DISTINCT CASE WHEN jours_avec_non > 0 THEN semaine_iso END) AS semaines_avec_non,
        COUNT(DISTINCT CASE WHEN jours_avec_panne > 0 THEN semaine_iso END) AS semaines_avec_panne,
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

-- An episode goes on from one part to the next that was looked at.
suivis AS (
    SELECT
        *,
        LAG(dernier_ouvert) OVER (PARTITION BY guichet_id, demarche_id, type, periode ORDER BY premier_jour_prevu)
            AS veille_ouverte,
        LAG(dernier_negatif) OVER (PARTITION BY guichet_id, demarche_id, type, periode ORDER BY premier_jour_prevu)
            AS veille_negative
    FROM ponderes
    WHERE jours_regardes > 0
),

-- Two sizes of clusters, days and weeks, and sums of squares and of products over both.
semaines AS (
    SELECT
        guichet_id,
        demarche_id,
        type,
        periode,
        semaine_iso,
        CAST(SUM(CAST(poids AS BIGINT)) AS DOUBLE) AS w,
        CAST(SUM(CAST(poids_non AS BIGINT)) AS DOUBLE) AS x,
        SUM(CAST(ww AS DOUBLE)) AS ww,
        SUM(CAST(wx AS DOUBLE)) AS wx,
        SUM(CAST(xx AS DOUBLE)) AS xx,
        SUM(CAST(jours_repondus AS BIGINT)) AS jours_repondus,
        SUM(CAST(jours_regardes AS BIGINT)) AS jours_regardes,
        SUM(CAST(jours_ouverts AS BIGINT)) AS jours_ouverts,
        SUM(CAST(episodes AS BIGINT)) - COUNT(*) FILTER (WHERE veille_ouverte AND premier_ouvert) AS episodes,
        SUM(CAST(jours_negatifs AS BIGINT)) AS jours_negatifs,
        SUM(CAST(episodes_negatifs AS BIGINT)) - COUNT(*) FILTER (WHERE veille_negative AND premier_negatif)
            AS episodes_negatifs
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

mois_des_annees AS (
    SELECT DISTINCT mois, trimestre, annee
    FROM sommes_semaines
),

heures_etendues AS (
    SELECT h.guichet_id, h.demarche_id, 'semaine' AS type, h.semaine_iso AS periode, h.heure, h.consultations
    FROM heures_regardees AS h
    INNER JOIN semaines_civiles AS c ON h.semaine_iso = c.semaine_iso
    UNION ALL
    SELECT h.guichet_id, h.demarche_id, 'mois' AS type, h.mois AS periode, h.heure, h.consultations
    FROM heures_regardees AS h
    INNER JOIN mois_civils AS c ON h.mois = c.mois
    UNION ALL
    SELECT h.guichet_id, h.demarche_id, 'trimestre' AS type, m.trimestre AS periode, h.heure, h.consultations
    FROM heures_regardees AS h
    INNER JOIN mois_des_annees AS m ON h.mois = m.mois
    INNER JOIN trimestres_civils AS c ON m.trimestre = c.trimestre
    UNION ALL
    SELECT h.guichet_id, h.demarche_id, 'annee' AS type, m.annee AS periode, h.heure, h.consultations
    FROM heures_regardees AS h
    INNER JOIN mois_des_annees AS m ON h.mois = m.mois
    INNER JOIN annees_civiles AS c ON m.annee = c.annee
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
    s.guichet_id,
    s.demarche_id,
    s.departement,
    s.type,
    s.periode,
    COALESCE(p.premier_jour, s.premier_jour_prevu) AS premier_jour,
    COALESCE(p.dernier_jour, s.dernier_jour_prevu) AS dernier_jour,
    s.jours_complets > 0 AND s.jours_complets = COALESCE(p.jours, s.jours_prevus) AS periode_complete,
    s.premier_jour_prevu,
    s.dernier_jour_prevu,
    s.jours_complets,
    s.jours_sans_negatifs,
    s.jours_prevus,
    s.jours_mesures,
    s.jours_avec_reponse,
    s.jours_avec_non,
    s.jours_avec_panne,
    s.semaines_avec_non,
    s.semaines_avec_panne,
    COALESCE(h.heures_distinctes, 0) AS heures_distinctes,
    h.consultations_meme_heure AS consultations_meme_heure,
    s.cadence_min_s,
    s.cadence_max_s,
    s.cycles_prevus,
    s.cycles_mesures,
    s.cycles_repondus,
    s.secondes_prevues,
    s.secondes_mesurees,
    s.secondes_retenues,
    s.lignes,
    s.consultations,
    s.oui,
    s.oui_incomplets,
    s.non,
    s.inconnues,
    s.hors_champ,
    s.incompletes,
    s.pannes_partagees,
    s.rdv_propose,
    s.aucun_rdv,
    s.captcha_exige,
    s.captcha_refuse,
    s.session_perdue,
    s.bloque,
    s.debit_limite,
    s.erreur_serveur,
    s.maintenance,
    s.erreur_reseau,
    s.cible_disparue,
    s.connexion_exigee,
    s.autre_canal,
    s.page_non_reconnue,
    s.incomplete,
    s.secondes_repondues,
    s.secondes_non,
    s.secondes_oui_incomplets,
    s.secondes_inconnues,
    s.secondes_hors_champ,
    s.reponses_retenues,
    s.non_retenus,
    s.oui_incomplets_retenus,
    s.inconnues_retenues,
    s.poids,
    s.poids_non,
    s.poids_oui_incomplets,
    s.poids_inconnu,
    s.carres,
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
UNION ALL
SELECT
    j.guichet_id,
    j.demarche_id,
    j.departement,
    'jour' AS type,
    CAST(j.jour AS STRING) AS periode,
    j.jour AS premier_jour,
    j.jour AS dernier_jour,
    j.jour_complet AS periode_complete,
    j.jour AS premier_jour_prevu,
    j.jour AS dernier_jour_prevu,
    CAST(CASE WHEN j.jour_complet THEN 1 ELSE 0 END AS BIGINT) AS jours_complets,
    CAST(CASE WHEN NOT j.negatifs_consignes THEN 1 ELSE 0 END AS BIGINT) AS jours_sans_negatifs,
    CAST(CASE WHEN NOT j.hors_calendrier THEN 1 ELSE 0 END AS BIGINT) AS jours_prevus,
    CAST(CASE WHEN j.consultations > 0 THEN 1 ELSE 0 END AS BIGINT) AS jours_mesures,
    CAST(CASE WHEN j.reponses_retenues > 0 THEN 1 ELSE 0 END AS BIGINT) AS jours_avec_reponse,
    CAST(CASE WHEN j.non > 0 THEN 1 ELSE 0 END AS BIGINT) AS jours_avec_non,
    CAST(CASE WHEN j.pannes_partagees > 0 THEN 1 ELSE 0 END AS BIGINT) AS jours_avec_panne,
    CAST(CASE WHEN j.non > 0 THEN 1 ELSE 0 END AS BIGINT) AS semaines_avec_non,
    CAST(CASE WHEN j.pannes_partagees > 0 THEN 1 ELSE 0 END AS BIGINT) AS semaines_avec_panne,
    CAST(j.heures_du_jour AS BIGINT) AS heures_distinctes,
    CAST(NULL AS BIGINT) AS consultations_meme_heure,
    j.cadence_min_s,
    j.cadence_max_s,
    j.cycles_prevus,
    j.cycles_mesures,
    j.cycles_repondus,
    j.secondes_prevues,
    j.secondes_mesurees,
    j.secondes_retenues,
    j.lignes,
    j.consultations,
    j.oui,
    j.oui_incomplets,
    j.non,
    j.inconnues,
    j.hors_champ,
    j.incompletes,
    j.pannes_partagees,
    j.rdv_propose,
    j.aucun_rdv,
    j.captcha_exige,
    j.captcha_refuse,
    j.session_perdue,
    j.bloque,
    j.debit_limite,
    j.erreur_serveur,
    j.maintenance,
    j.erreur_reseau,
    j.cible_disparue,
    j.connexion_exigee,
    j.autre_canal,
    j.page_non_reconnue,
    j.incomplete,
    j.secondes_repondues,
    j.secondes_non,
    j.secondes_oui_incomplets,
    j.secondes_inconnues,
    j.secondes_hors_champ,
    j.reponses_retenues,
    j.non_retenus,
    j.oui_incomplets_retenus,
    j.inconnues_retenues,
    CAST(CASE WHEN j.secondes_prevues = 0 THEN j.reponses_retenues ELSE j.secondes_repondues END AS BIGINT) AS poids,
    CAST(CASE WHEN j.secondes_prevues = 0 THEN j.non_retenus ELSE j.secondes_non END AS BIGINT) AS poids_non,
    CAST(CASE WHEN j.secondes_prevues = 0 THEN j.oui_incomplets_retenus ELSE j.secondes_oui_incomplets END AS BIGINT)
        AS poids_oui_incomplets,
    CAST(CASE WHEN j.secondes_prevues = 0 THEN j.inconnues_retenues ELSE j.secondes_inconnues END AS BIGINT)
        AS poids_inconnu,
    CASE WHEN j.secondes_prevues = 0 THEN CAST(j.reponses_retenues AS DOUBLE) ELSE j.carres_repondus END AS carres,
    CAST(NULL AS DOUBLE) AS ww_jours,
    CAST(NULL AS DOUBLE) AS wx_jours,
    CAST(NULL AS DOUBLE) AS xx_jours,
    CAST(NULL AS BIGINT) AS jours_repondus,
    CAST(NULL AS DOUBLE) AS ww_semaines,
    CAST(NULL AS DOUBLE) AS wx_semaines,
    CAST(NULL AS DOUBLE) AS xx_semaines,
    CAST(NULL AS BIGINT) AS semaines_repondues,
    CAST(NULL AS BIGINT) AS jours_regardes,
    CAST(NULL AS BIGINT) AS jours_ouverts,
    CAST(NULL AS BIGINT) AS episodes,
    CAST(NULL AS BIGINT) AS jours_negatifs,
    CAST(NULL AS BIGINT) AS episodes_negatifs
FROM mesures_jours AS j
