-- One row per service and period in scope, of every kind: day, ISO week, month, quarter, civil year, and all of it. Counts,
-- shares of time, interval, bounds and grade stand here alone; the tables disponibilite_* are made of it.
--
-- A rate is a share of scheduled time: each complete answer stands for the cycle of the schedule in which it was given. Where
-- the schedule expected nothing, answers are counted. Answers of one day resemble each other, so the interval is Wilson's
-- with an effective size: its variance is that of a ratio of clusters (days up to a month, ISO weeks above), and never less
-- than what a small correlation within a cluster would give. Formulas and sources stand in the description of n_effectif.

WITH ouvertures_jour AS (
    SELECT guichet_id, demarche_id, premier_jour AS jour, COUNT(*) AS ouvertures
    FROM suites_reponses
    WHERE reponse = 'oui' AND (reponse_precedente IS NULL OR reponse_precedente = 'non')
    GROUP BY guichet_id, demarche_id, premier_jour
),

jours AS (
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
        CASE WHEN c.negatifs_consignes THEN COALESCE(n.inconnues, 0) ELSE 0 END AS inconnues_retenues,
        COALESCE(o.ouvertures, 0) AS ouvertures
    FROM calendrier AS c
    LEFT JOIN issues_jour AS n
        ON c.guichet_id = n.guichet_id AND c.demarche_id = n.demarche_id AND c.jour = n.jour
    LEFT JOIN temps_jours AS t
        ON c.guichet_id = t.guichet_id AND c.demarche_id = t.demarche_id AND c.jour = t.jour
    LEFT JOIN ouvertures_jour AS o
        ON c.guichet_id = o.guichet_id AND c.demarche_id = o.demarche_id AND c.jour = o.jour
),

-- Each day in each of its periods, with the cluster that it belongs to there.
etendus AS (
    SELECT 'jour' AS type, CAST(jour AS STRING) AS periode, '' AS grappe, j.* FROM jours AS j
    UNION ALL
    SELECT 'semaine' AS type, semaine_iso AS periode, CAST(jour AS STRING) AS grappe, j.* FROM jours AS j
    UNION ALL
    SELECT 'mois' AS type, mois AS periode, CAST(jour AS STRING) AS grappe, j.* FROM jours AS j
    UNION ALL
    SELECT 'trimestre' AS type, trimestre AS periode, semaine_iso AS grappe, j.* FROM jours AS j
    UNION ALL
    SELECT 'annee' AS type, annee AS periode, semaine_iso AS grappe, j.* FROM jours AS j
    UNION ALL
    SELECT 'ensemble' AS type, 'ensemble' AS periode, semaine_iso AS grappe, j.* FROM jours AS j
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
        COUNT(*) AS jours_prevus,
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
        SUM(CAST(ouvertures AS BIGINT)) AS ouvertures,
        SUM(carres_repondus) AS carres_repondus
    FROM etendus
    GROUP BY guichet_id, demarche_id, type, periode
),

par_grappe AS (
    SELECT
        guichet_id,
        demarche_id,
        type,
        periode,
        CAST(SUM(CAST(secondes_repondues AS BIGINT)) AS DOUBLE) AS w_secondes,
        CAST(SUM(CAST(secondes_non AS BIGINT)) AS DOUBLE) AS x_secondes,
        CAST(SUM(CAST(reponses_retenues AS BIGINT)) AS DOUBLE) AS w_reponses,
        CAST(SUM(CAST(non_retenus AS BIGINT)) AS DOUBLE) AS x_reponses
    FROM etendus
    WHERE type <> 'jour' AND reponses_retenues + secondes_repondues > 0
    GROUP BY guichet_id, demarche_id, type, periode, grappe
),

-- For the variance: clusters, and sums of squares and of products over them, w for answers and x for « no ».
grappes AS (
    SELECT
        guichet_id,
        demarche_id,
        type,
        periode,
        COUNT(*) FILTER (WHERE w_secondes > 0.0) AS grappes_secondes,
        SUM(w_secondes * w_secondes) AS ww_secondes,
        SUM(w_secondes * x_secondes) AS wx_secondes,
        SUM(x_secondes * x_secondes) AS xx_secondes,
        COUNT(*) FILTER (WHERE w_reponses > 0.0) AS grappes_reponses,
        SUM(w_reponses * w_reponses) AS ww_reponses,
        SUM(w_reponses * x_reponses) AS wx_reponses,
        SUM(x_reponses * x_reponses) AS xx_reponses
    FROM par_grappe
    GROUP BY guichet_id, demarche_id, type, periode
),

mois_civils AS (
    SELECT DISTINCT mois, trimestre, annee
    FROM calendrier
),

heures_etendues AS (
    SELECT guichet_id, demarche_id, 'semaine' AS type, semaine_iso AS periode, heure FROM heures_regardees
    UNION ALL
    SELECT guichet_id, demarche_id, 'mois' AS type, mois AS periode, heure FROM heures_regardees
    UNION ALL
    SELECT h.guichet_id, h.demarche_id, 'trimestre' AS type, m.trimestre AS periode, h.heure
    FROM heures_regardees AS h
    INNER JOIN mois_civils AS m ON h.mois = m.mois
    UNION ALL
    SELECT h.guichet_id, h.demarche_id, 'annee' AS type, m.annee AS periode, h.heure
    FROM heures_regardees AS h
    INNER JOIN mois_civils AS m ON h.mois = m.mois
    UNION ALL
    SELECT guichet_id, demarche_id, 'ensemble' AS type, 'ensemble' AS periode, heure FROM heures_regardees
),

heures AS (
    SELECT guichet_id, demarche_id, type, periode, COUNT(DISTINCT heure) AS heures_distinctes
    FROM heures_etendues
    GROUP BY guichet_id, demarche_id, type, periode
),

-- Weights are seconds; where nothing was expected, and no second can be one, they are answers.
ponderees AS (
    SELECT
        s.*,
        COALESCE(p.premier_jour, s.premier_jour_prevu) AS premier_jour,
        COALESCE(p.dernier_jour, s.dernier_jour_prevu) AS dernier_jour,
        s.jours_complets = COALESCE(p.jours, s.jours_prevus) AS periode_complete,
        COALESCE(h.heures_distinctes, s.heures_du_jour) AS heures_distinctes,
        s.secondes_prevues = 0 AS sans_calendrier,
        CAST(CASE WHEN s.secondes_prevues = 0 THEN s.reponses_retenues ELSE s.secondes_repondues END AS DOUBLE) AS w,
        CAST(CASE WHEN s.secondes_prevues = 0 THEN s.non_retenus ELSE s.secondes_non END AS DOUBLE) AS x,
        CAST(CASE WHEN s.secondes_prevues = 0 THEN s.oui_incomplets_retenus ELSE s.secondes_oui_incomplets END AS DOUBLE)
            AS oui_sans_poids,
        CAST(CASE WHEN s.secondes_prevues = 0 THEN s.inconnues_retenues ELSE s.secondes_inconnues END AS DOUBLE) AS inconnu,
        CASE WHEN s.secondes_prevues = 0 THEN CAST(s.reponses_retenues AS DOUBLE) ELSE s.carres_repondus END AS carres,
        CAST(CASE WHEN s.secondes_prevues = 0 THEN g.grappes_reponses ELSE g.grappes_secondes END AS INTEGER) AS grappes,
        CASE WHEN s.secondes_prevues = 0 THEN g.ww_reponses ELSE g.ww_secondes END AS ww,
        CASE WHEN s.secondes_prevues = 0 THEN g.wx_reponses ELSE g.wx_secondes END AS wx,
        CASE WHEN s.secondes_prevues = 0 THEN g.xx_reponses ELSE g.xx_secondes END AS xx
    FROM sommes AS s
    LEFT JOIN periodes_civiles AS p
        ON s.type = p.type AND s.periode = p.periode
    LEFT JOIN grappes AS g
        ON s.guichet_id = g.guichet_id AND s.demarche_id = g.demarche_id AND s.type = g.type AND s.periode = g.periode
    LEFT JOIN heures AS h
        ON s.guichet_id = h.guichet_id AND s.demarche_id = h.demarche_id AND s.type = h.type AND s.periode = h.periode
),

rapportees AS (
    SELECT
        s.*,
        x / CAST(NULLIF(w, CAST(0 AS DOUBLE)) AS DOUBLE) AS p,
        CAST(non_retenus AS DOUBLE) / CAST(NULLIF(reponses_retenues, 0) AS DOUBLE) AS part_des_consultations,
        CAST(secondes_mesurees AS DOUBLE) / CAST(NULLIF(secondes_prevues, 0) AS DOUBLE) AS couverture,
        w / CAST(NULLIF(w + oui_sans_poids + inconnu, CAST(0 AS DOUBLE)) AS DOUBLE) AS taux_reponse,
        x / CAST(NULLIF(w + oui_sans_poids + inconnu, CAST(0 AS DOUBLE)) AS DOUBLE) AS borne_basse,
        (x + inconnu) / CAST(NULLIF(w + oui_sans_poids + inconnu, CAST(0 AS DOUBLE)) AS DOUBLE) AS borne_haute,
        CAST(secondes_non AS DOUBLE) / CAST(NULLIF(secondes_retenues - secondes_hors_champ, 0) AS DOUBLE)
            AS borne_basse_prevue,
        CAST(secondes_retenues - secondes_hors_champ - secondes_repondues + secondes_non - secondes_oui_incomplets AS DOUBLE)
            / CAST(NULLIF(secondes_retenues - secondes_hors_champ, 0) AS DOUBLE) AS borne_haute_prevue,
        CAST(jours_avec_reponse AS DOUBLE) / CAST(NULLIF(jours_prevus, 0) AS DOUBLE) AS part_jours_avec_reponse,
        m.z95 AS z,
        q.t975 AS t,
        m.correlation_jour_min AS rho,
        m.couverture_suffisante,
        m.part_jours_suffisante,
        m.largeur_bornes_suffisante,
        m.largeur_bornes_max,
        m.ecart_cadence_max,
        CASE s.type
            WHEN 'jour' THEN m.reponses_min_jour
            WHEN 'semaine' THEN m.reponses_min_semaine
            WHEN 'mois' THEN m.reponses_min_mois
            ELSE m.reponses_min_longue
        END AS reponses_min,
        -- Clusters: days of a week or a month, ISO weeks of what is longer.
        CASE s.type
            WHEN 'jour' THEN 0
            WHEN 'semaine' THEN m.jours_min_semaine
            WHEN 'mois' THEN m.jours_min_mois
            ELSE m.semaines_min_longue
        END AS grappes_min
    FROM ponderees AS s
    CROSS JOIN parametres AS m
    LEFT JOIN quantiles_student AS q ON s.grappes - 1 = q.degres_liberte
),

motivees AS (
    SELECT
        *,
        CASE
            WHEN consultations = 0 THEN 'aucune_mesure'
            WHEN oui + non = 0 THEN 'aucune_reponse'
            WHEN reponses_retenues = 0 AND jours_sans_negatifs > 0 THEN 'negatifs_non_consignes'
            WHEN reponses_retenues = 0 THEN 'aucune_consultation_complete'
            WHEN w = 0.0 THEN 'reponses_hors_calendrier'
            WHEN reponses_retenues < reponses_min THEN 'trop_peu_de_reponses'
            WHEN COALESCE(grappes, 0) < grappes_min THEN 'trop_peu_de_jours'
            WHEN borne_haute - borne_basse > largeur_bornes_max THEN 'bornes_trop_ecartees'
            WHEN p > borne_haute THEN 'oui_incomplets'
            WHEN sans_calendrier THEN 'hors_calendrier'
            WHEN couverture < couverture_suffisante THEN 'couverture_faible'
            WHEN borne_haute - borne_basse > largeur_bornes_suffisante THEN 'bornes_ecartees'
            WHEN part_jours_avec_reponse < part_jours_suffisante THEN 'jours_sans_reponse'
            WHEN type <> 'ensemble' AND NOT periode_complete THEN 'periode_incomplete'
            WHEN type <> 'jour' AND heures_distinctes = 1 THEN 'toujours_meme_heure'
            WHEN cadence_min_s < cadence_max_s AND ABS(p - part_des_consultations) > ecart_cadence_max
                THEN 'cadence_changeante'
        END AS motif
    FROM rapportees
),

notees AS (
    SELECT
        *,
        CASE
            WHEN motif IS NULL THEN 'suffisante'
            WHEN motif = 'aucune_mesure' THEN 'aucune_mesure'
            WHEN motif IN (
                'hors_calendrier',
                'couverture_faible',
                'bornes_ecartees',
                'jours_sans_reponse',
                'periode_incomplete',
                'toujours_meme_heure',
                'cadence_changeante'
            ) THEN 'partielle'
            ELSE 'insuffisante'
        END AS qualite
    FROM motivees
),

variances AS (
    SELECT
        *,
        CASE WHEN qualite IN ('suffisante', 'partielle') THEN p END AS taux_sans_rdv,
        -- Over p (1 - p): of the clusters, where answers differ, and the least that is believed.
        CASE
            WHEN x > 0.0 AND x < w AND grappes > 1
                THEN CAST(grappes AS DOUBLE) / CAST(NULLIF(grappes - 1, 0) AS DOUBLE)
                    * (xx - 2.0 * p * wx + p * p * ww)
                    / CAST(NULLIF(w * w * p * (1.0 - p), CAST(0 AS DOUBLE)) AS DOUBLE)
        END AS variance_observee,
        ((1.0 - rho) * carres + rho * ww) / CAST(NULLIF(w * w, CAST(0 AS DOUBLE)) AS DOUBLE) AS variance_minimale
    FROM notees
),

effectifs AS (
    SELECT
        *,
        CASE
            WHEN taux_sans_rdv IS NOT NULL AND type <> 'jour'
                THEN (z / t) * (z / t)
                    / CAST(NULLIF(
                        CASE
                            WHEN variance_observee > variance_minimale THEN variance_observee
                            ELSE variance_minimale
                        END, CAST(0 AS DOUBLE)
                    ) AS DOUBLE)
        END AS n_effectif
    FROM variances
)

SELECT
    e.guichet_id,
    e.demarche_id,
    e.departement,
    e.type,
    e.periode,
    e.premier_jour,
    e.dernier_jour,
    e.periode_complete,
    e.jours_prevus,
    e.jours_mesures,
    e.jours_avec_reponse,
    e.jours_avec_non,
    e.semaines_avec_non,
    e.pannes_partagees,
    e.jours_avec_panne,
    e.semaines_avec_panne,
    e.heures_distinctes,
    e.cadence_min_s,
    e.cadence_max_s,
    e.cycles_prevus,
    e.cycles_mesures,
    e.lignes,
    e.consultations,
    e.incompletes,
    CAST(e.incompletes AS DOUBLE) / CAST(NULLIF(e.consultations, 0) AS DOUBLE) AS part_incompletes,
    e.oui + e.non AS reponses,
    e.oui,
    e.oui_incomplets,
    e.non,
    e.inconnues,
    e.hors_champ,
    e.rdv_propose,
    e.aucun_rdv,
    e.captcha_exige,
    e.captcha_refuse,
    e.session_perdue,
    e.bloque,
    e.debit_limite,
    e.erreur_serveur,
    e.maintenance,
    e.erreur_reseau,
    e.cible_disparue,
    e.connexion_exigee,
    e.autre_canal,
    e.page_non_reconnue,
    e.incomplete,
    e.secondes_prevues,
    e.secondes_mesurees,
    e.couverture,
    e.secondes_retenues,
    e.secondes_hors_champ,
    e.secondes_inconnues,
    e.secondes_oui_incomplets,
    e.secondes_repondues,
    e.secondes_non,
    e.taux_reponse,
    e.taux_sans_rdv,
    -- Wilson's interval; at the two ends of the scale its limit is exact, whatever the rounding.
    CASE
        WHEN e.n_effectif IS NOT NULL AND e.x = 0.0 THEN CAST(0 AS DOUBLE)
        ELSE (e.p + e.z * e.z / (2.0 * e.n_effectif)
            - e.z * SQRT(e.p * (1.0 - e.p) / e.n_effectif + e.z * e.z / (4.0 * e.n_effectif * e.n_effectif)))
            / (1.0 + e.z * e.z / e.n_effectif)
    END AS ic95_bas,
    CASE
        WHEN e.n_effectif IS NOT NULL AND e.x = e.w THEN CAST(1 AS DOUBLE)
        ELSE (e.p + e.z * e.z / (2.0 * e.n_effectif)
            + e.z * SQRT(e.p * (1.0 - e.p) / e.n_effectif + e.z * e.z / (4.0 * e.n_effectif * e.n_effectif)))
            / (1.0 + e.z * e.z / e.n_effectif)
    END AS ic95_haut,
    e.n_effectif,
    e.grappes,
    e.borne_basse,
    e.borne_haute,
    e.borne_basse_prevue,
    e.borne_haute_prevue,
    e.reponses_retenues,
    e.non_retenus,
    e.part_des_consultations,
    CASE
        WHEN e.taux_sans_rdv IS NOT NULL
            THEN CAST(e.reponses_retenues AS DOUBLE) / CAST(NULLIF(e.reponses_retenues - e.non_retenus, 0) AS DOUBLE)
    END AS reponses_par_proposition,
    e.ouvertures,
    o.bas95 AS ouvertures_bas,
    o.haut95 AS ouvertures_haut,
    e.qualite,
    e.motif
FROM effectifs AS e
LEFT JOIN quantiles_poisson AS o
    ON e.ouvertures = o.evenements
