-- One row per service and period in scope, of every kind: day, ISO week, month, quarter, civil year, and all of it. Shares of
-- time, interval, bounds and grade stand here alone; the tables disponibilite_* are made of it.
--
-- A rate is a share of scheduled time: each complete answer stands for the cycle of the schedule in which it was given. Where
-- the schedule expected nothing, answers are counted. The interval is Wilson's with an effective size: its variance is the
-- greatest of four, each over p (1 - p). That of a ratio of clusters, since answers of one day resemble each other: days or,
-- where enough of them answered, ISO weeks. That of a small correlation within a day, below which nobody is believed. That of
-- the openings, of which there are as many as there were episodes, and not as many as there were looks; and that of the
-- closings likewise. Formulas and sources stand in the description of n_effectif.

WITH rapportees AS (
    SELECT
        s.*,
        m.z95 AS z,
        m.correlation_jour_min AS rho,
        m.dispersion_ouvertures AS kappa,
        m.jours_fermes_min_semaine,
        m.couverture_suffisante,
        m.part_jours_suffisante,
        m.largeur_bornes_suffisante,
        m.largeur_bornes_max,
        m.ecart_cadence_max,
        m.part_meme_heure_max,
        CAST(s.consultations_meme_heure AS DOUBLE) / CAST(NULLIF(s.consultations, 0) AS DOUBLE) AS part_meme_heure,
        CAST(NULLIF(s.poids, 0) AS DOUBLE) AS w,
        CAST(s.poids_non AS DOUBLE) / CAST(NULLIF(s.poids, 0) AS DOUBLE) AS p,
        CAST(s.non_retenus AS DOUBLE) / CAST(NULLIF(s.reponses_retenues, 0) AS DOUBLE) AS part_des_consultations,
        CAST(s.secondes_mesurees AS DOUBLE) / CAST(NULLIF(s.secondes_prevues, 0) AS DOUBLE) AS couverture,
        CAST(s.secondes_hors_champ AS DOUBLE) / CAST(NULLIF(s.secondes_retenues, 0) AS DOUBLE) AS part_hors_champ,
        CAST(s.poids AS DOUBLE)
            / CAST(NULLIF(s.poids + s.poids_oui_incomplets + s.poids_inconnu, 0) AS DOUBLE) AS taux_reponse,
        CAST(s.poids_non AS DOUBLE)
            / CAST(NULLIF(s.poids + s.poids_oui_incomplets + s.poids_inconnu, 0) AS DOUBLE) AS borne_basse,
        CAST(s.poids_non + s.poids_inconnu AS DOUBLE)
            / CAST(NULLIF(s.poids + s.poids_oui_incomplets + s.poids_inconnu, 0) AS DOUBLE) AS borne_haute,
        CAST(s.secondes_non AS DOUBLE) / CAST(NULLIF(s.secondes_retenues - s.secondes_hors_champ, 0) AS DOUBLE)
            AS borne_basse_prevue,
        CAST(
            s.secondes_retenues - s.secondes_hors_champ - s.secondes_repondues + s.secondes_non - s.secondes_oui_incomplets
            AS DOUBLE
        ) / CAST(NULLIF(s.secondes_retenues - s.secondes_hors_champ, 0) AS DOUBLE) AS borne_haute_prevue,
        CAST(s.jours_repondus AS DOUBLE) / CAST(NULLIF(s.jours_prevus, 0) AS DOUBLE) AS part_jours_avec_reponse,
        -- What a rate rests on: answered cycles, or answers where nothing was expected.
        CASE WHEN s.secondes_prevues = 0 THEN s.reponses_retenues ELSE s.cycles_repondus END AS reponses_ponderees,
        CASE s.type
            WHEN 'jour' THEN m.reponses_min_jour
            WHEN 'semaine' THEN m.reponses_min_semaine
            WHEN 'trimestre' THEN m.reponses_min_trimestre
            WHEN 'annee' THEN m.reponses_min_annee
            ELSE m.reponses_min_mois
        END AS reponses_min,
        CASE s.type
            WHEN 'jour' THEN 1
            WHEN 'semaine' THEN m.jours_min_semaine
            WHEN 'trimestre' THEN m.jours_min_trimestre
            WHEN 'annee' THEN m.jours_min_annee
            ELSE m.jours_min_mois
        END AS jours_min,
        s.semaines_repondues >= m.semaines_min_grappes AS par_semaine
    FROM sommes_periodes AS s
    CROSS JOIN parametres AS m
),

grappees AS (
    SELECT
        *,
        CAST(CASE WHEN par_semaine THEN semaines_repondues ELSE jours_repondus END AS INTEGER) AS grappes,
        CASE WHEN par_semaine THEN ww_semaines ELSE ww_jours END AS ww,
        CASE WHEN par_semaine THEN wx_semaines ELSE wx_jours END AS wx,
        CASE WHEN par_semaine THEN xx_semaines ELSE xx_jours END AS xx,
        CAST(jours_regardes - jours_ouverts + 1 AS DOUBLE) / CAST(NULLIF(jours_regardes + 1, 0) AS DOUBLE) AS part_fermee,
        CAST(jours_regardes - jours_negatifs AS DOUBLE) / CAST(NULLIF(jours_regardes, 0) AS DOUBLE) AS part_ouverte
    FROM rapportees
),

motivees AS (
    SELECT
        *,
        CASE
            WHEN consultations = 0 AND secondes_mesurees = 0 THEN 'aucune_mesure'
            WHEN oui + non = 0 AND poids = 0 THEN 'aucune_reponse'
            WHEN reponses_retenues = 0 AND poids = 0 AND jours_sans_negatifs > 0 THEN 'negatifs_non_consignes'
            WHEN reponses_retenues = 0 AND poids = 0 THEN 'aucune_consultation_complete'
            WHEN poids = 0 THEN 'reponses_hors_calendrier'
            WHEN reponses_ponderees < reponses_min THEN 'trop_peu_de_reponses'
            WHEN jours_repondus < jours_min THEN 'trop_peu_de_jours'
            WHEN borne_haute - borne_basse > largeur_bornes_max THEN 'bornes_trop_ecartees'
            WHEN p > borne_haute THEN 'oui_incomplets'
            WHEN secondes_prevues = 0 THEN 'hors_calendrier'
            WHEN couverture < couverture_suffisante THEN 'couverture_faible'
            WHEN borne_haute - borne_basse > largeur_bornes_suffisante THEN 'bornes_ecartees'
            WHEN part_jours_avec_reponse < part_jours_suffisante THEN 'jours_sans_reponse'
            WHEN jours_sans_negatifs > 0 OR (type <> 'ensemble' AND NOT periode_complete) THEN 'periode_incomplete'
            WHEN part_hors_champ > 1.0 - couverture_suffisante THEN 'souvent_hors_champ'
            WHEN part_meme_heure > part_meme_heure_max THEN 'toujours_meme_heure'
            WHEN cadence_min_s < cadence_max_s AND ABS(p - part_des_consultations) > ecart_cadence_max
                THEN 'cadence_changeante'
        END AS motif
    FROM grappees
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
                'souvent_hors_champ',
                'toujours_meme_heure',
                'cadence_changeante'
            ) THEN 'partielle'
            ELSE 'insuffisante'
        END AS qualite
    FROM motivees
),

variances AS (
    SELECT
        n.*,
        CAST(NULLIF(q.t975, CAST(0 AS DOUBLE)) AS DOUBLE) AS t,
        CASE WHEN n.qualite IN ('suffisante', 'partielle') THEN n.p END AS taux_sans_rdv,
        -- Where every answer is the same, no opening or no closing was seen, and how long one lasts is not known; nor is it where
        -- the look at the only one fell into another period than its cycle. A week that is open nearly every day may lie within
        -- a single opening.
        CASE
            WHEN n.poids_non = 0 OR n.episodes_negatifs = 0 THEN 'aucune_fermeture'
            WHEN n.poids_non = n.poids OR n.episodes = 0 THEN 'trop_peu_d_ouvertures'
            WHEN n.type = 'semaine' AND n.jours_regardes - n.jours_ouverts < n.jours_fermes_min_semaine
                THEN 'trop_peu_de_jours_fermes'
        END AS duree_inconnue,
        CAST(n.grappes AS DOUBLE) / CAST(NULLIF(n.grappes - 1, 0) AS DOUBLE)
            * (n.xx - 2.0 * n.p * n.wx + n.p * n.p * n.ww) / (n.w * n.w) AS variance_grappes,
        n.p * (1.0 - n.p) * ((1.0 - n.rho) * n.carres + n.rho * n.ww_jours) / (n.w * n.w) AS variance_jours,
        n.kappa * (1.0 - n.p) * (1.0 - n.p) * n.part_fermee * n.part_fermee
            * CAST(n.episodes + 1 AS DOUBLE) / CAST(NULLIF(n.episodes * n.episodes, 0) AS DOUBLE) AS variance_ouvertures,
        n.kappa * n.p * n.p * n.part_ouverte * n.part_ouverte
            * CAST(n.episodes_negatifs + 1 AS DOUBLE)
            / CAST(NULLIF(n.episodes_negatifs * n.episodes_negatifs, 0) AS DOUBLE) AS variance_fermetures
    FROM notees AS n
    LEFT JOIN quantiles_student AS q ON n.grappes - 1 = q.degres_liberte
),

plus_grandes AS (
    SELECT
        *,
        CASE
            WHEN variance_grappes >= variance_jours AND variance_grappes >= variance_ouvertures
                AND variance_grappes >= variance_fermetures THEN variance_grappes
            WHEN variance_jours >= variance_ouvertures AND variance_jours >= variance_fermetures THEN variance_jours
            WHEN variance_ouvertures >= variance_fermetures THEN variance_ouvertures
            ELSE variance_fermetures
        END AS variance
    FROM variances
),

effectifs AS (
    SELECT
        *,
        CAST(NULLIF(CASE
            WHEN taux_sans_rdv IS NOT NULL AND type <> 'jour' AND duree_inconnue IS NULL
                THEN p * (1.0 - p) / CAST(NULLIF(variance, CAST(0 AS DOUBLE)) AS DOUBLE) * (z / t) * (z / t)
        END, CAST(0 AS DOUBLE)) AS DOUBLE) AS n_effectif
    FROM plus_grandes
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
    -- Wilson's interval.
    (e.p + e.z * e.z / (2.0 * e.n_effectif)
        - e.z * SQRT(e.p * (1.0 - e.p) / e.n_effectif + e.z * e.z / (4.0 * e.n_effectif * e.n_effectif)))
        / (1.0 + e.z * e.z / e.n_effectif) AS ic95_bas,
    (e.p + e.z * e.z / (2.0 * e.n_effectif)
        + e.z * SQRT(e.p * (1.0 - e.p) / e.n_effectif + e.z * e.z / (4.0 * e.n_effectif * e.n_effectif)))
        / (1.0 + e.z * e.z / e.n_effectif) AS ic95_haut,
    CASE
        WHEN e.taux_sans_rdv IS NULL OR e.type = 'jour' OR e.n_effectif IS NOT NULL THEN NULL
        ELSE COALESCE(e.duree_inconnue, 'trop_peu_d_ouvertures')
    END AS motif_ic95,
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
    e.jours_regardes,
    e.episodes,
    o.bas95 AS episodes_bas95,
    o.haut95 AS episodes_haut95,
    e.qualite,
    e.motif
FROM effectifs AS e
LEFT JOIN quantiles_poisson AS o
    ON e.episodes = o.evenements
