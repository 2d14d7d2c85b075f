-- One row per service and ISO week in scope: sums over its days, never means of daily rates.
--
-- Answers of one day resemble each other, so the interval is Wilson's with an effective sample size: the variance of
-- the ratio is that of days taken as clusters, and never less than what a small correlation within a day would give.
-- The formulas and their sources stand in the description of n_effectif.

WITH sommes AS (
    SELECT
        guichet_id,
        demarche_id,
        departement,
        semaine_iso,
        COUNT(*) AS jours_prevus,
        COUNT(*) FILTER (WHERE tentatives > 0) AS jours_mesures,
        COUNT(*) FILTER (WHERE reponses_retenues > 0) AS jours_avec_reponse,
        COUNT(*) FILTER (WHERE non > 0) AS jours_avec_non,
        SUM(CAST(tentatives_prevues AS BIGINT)) AS tentatives_prevues,
        SUM(CAST(lignes AS BIGINT)) AS lignes,
        SUM(CAST(tentatives AS BIGINT)) AS tentatives,
        SUM(CAST(cycles_mesures AS BIGINT)) AS cycles_mesures,
        SUM(CAST(reponses AS BIGINT)) AS reponses,
        SUM(CAST(oui AS BIGINT)) AS oui,
        SUM(CAST(non AS BIGINT)) AS non,
        SUM(CAST(inconnues AS BIGINT)) AS inconnues,
        SUM(CAST(hors_champ AS BIGINT)) AS hors_champ,
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
        SUM(CAST(tentatives_retenues AS BIGINT)) AS tentatives_retenues,
        SUM(CAST(reponses_retenues AS BIGINT)) AS reponses_retenues,
        SUM(CAST(non_retenus AS BIGINT)) AS non_retenus,
        -- For the variance: sums of squares and of products over days, n for answers and x for « no ».
        SUM(CAST(reponses_retenues AS DOUBLE) * CAST(reponses_retenues AS DOUBLE)) AS somme_nn,
        SUM(CAST(reponses_retenues AS DOUBLE) * CAST(non_retenus AS DOUBLE)) AS somme_nx,
        SUM(CAST(non_retenus AS DOUBLE) * CAST(non_retenus AS DOUBLE)) AS somme_xx
    FROM disponibilite_jour
    GROUP BY guichet_id, demarche_id, departement, semaine_iso
),

qualifiees AS (
    SELECT
        s.*,
        CAST(s.reponses_retenues AS DOUBLE) AS n,
        CAST(s.jours_avec_reponse AS DOUBLE) AS k,
        CAST(s.non_retenus AS DOUBLE) / CAST(NULLIF(s.reponses_retenues, 0) AS DOUBLE) AS p,
        CAST(s.cycles_mesures AS DOUBLE) / CAST(NULLIF(s.tentatives_prevues, 0) AS DOUBLE) AS couverture,
        CAST(s.reponses AS DOUBLE) / CAST(NULLIF(s.reponses + s.inconnues, 0) AS DOUBLE) AS taux_reponse,
        m.z95 AS z,
        q.t975 AS t,
        m.correlation_jour_min AS rho,
        m.couverture_suffisante,
        m.taux_reponse_suffisant,
        m.reponses_min_semaine AS reponses_min,
        m.jours_min_semaine AS jours_min
    FROM sommes AS s
    CROSS JOIN parametres AS m
    LEFT JOIN quantiles_student AS q ON s.jours_avec_reponse - 1 = q.degres_liberte
),

motivees AS (
    SELECT
        *,
        CASE
            WHEN tentatives = 0 THEN 'aucune_mesure'
            WHEN reponses > 0 AND reponses_retenues = 0 THEN 'negatifs_non_consignes'
            WHEN reponses_retenues = 0 THEN 'aucune_reponse'
            WHEN reponses_retenues < reponses_min THEN 'trop_peu_de_reponses'
            WHEN jours_avec_reponse < jours_min THEN 'trop_peu_de_jours'
            WHEN tentatives_prevues = 0 THEN 'hors_calendrier'
            WHEN couverture < couverture_suffisante THEN 'couverture_faible'
            WHEN taux_reponse < taux_reponse_suffisant THEN 'taux_reponse_faible'
        END AS motif,
        -- Variance of the ratio with days as clusters, over the binomial one; empty where all answers are equal.
        CASE
            WHEN p > 0.0 AND p < 1.0 AND k > 1.0
                THEN k / (k - 1.0) * (somme_xx - 2.0 * p * somme_nx + p * p * somme_nn) / (n * p * (1.0 - p))
        END AS effet_observe,
        1.0 + (somme_nn / n - 1.0) * rho AS effet_minimal
    FROM qualifiees
),

notees AS (
    SELECT
        *,
        CASE
            WHEN motif IS NULL THEN 'suffisante'
            WHEN motif = 'aucune_mesure' THEN 'aucune_mesure'
            WHEN motif IN ('hors_calendrier', 'couverture_faible', 'taux_reponse_faible') THEN 'partielle'
            ELSE 'insuffisante'
        END AS qualite,
        n / (CASE WHEN effet_observe > effet_minimal THEN effet_observe ELSE effet_minimal END)
            * (z / t) * (z / t) AS n_eff
    FROM motivees
),

taux AS (
    SELECT
        *,
        CASE WHEN qualite IN ('suffisante', 'partielle') THEN p END AS taux_sans_rdv
    FROM notees
),

lundis AS (
    SELECT DISTINCT semaine_iso, lundi
    FROM calendrier
)

SELECT
    guichet_id,
    demarche_id,
    departement,
    taux.semaine_iso,
    lundi,
    jours_prevus,
    jours_mesures,
    jours_avec_reponse,
    jours_avec_non,
    tentatives_prevues,
    lignes,
    tentatives,
    cycles_mesures,
    reponses,
    oui,
    non,
    inconnues,
    hors_champ,
    rdv_propose,
    aucun_rdv,
    captcha_exige,
    captcha_refuse,
    session_perdue,
    bloque,
    debit_limite,
    erreur_serveur,
    maintenance,
    erreur_reseau,
    cible_disparue,
    connexion_exigee,
    autre_canal,
    page_non_reconnue,
    tentatives_retenues,
    reponses_retenues,
    non_retenus,
    couverture,
    taux_reponse,
    taux_sans_rdv,
    -- Wilson's interval; at the two ends of the scale its limit is exact, whatever the rounding.
    CASE
        WHEN non_retenus = 0 AND taux_sans_rdv IS NOT NULL THEN 0.0
        ELSE (taux_sans_rdv + z * z / (2.0 * n_eff)
            - z * SQRT(taux_sans_rdv * (1.0 - taux_sans_rdv) / n_eff + z * z / (4.0 * n_eff * n_eff)))
            / (1.0 + z * z / n_eff)
    END AS ic95_bas,
    CASE
        WHEN non_retenus = reponses_retenues AND taux_sans_rdv IS NOT NULL THEN 1.0
        ELSE (taux_sans_rdv + z * z / (2.0 * n_eff)
            + z * SQRT(taux_sans_rdv * (1.0 - taux_sans_rdv) / n_eff + z * z / (4.0 * n_eff * n_eff)))
            / (1.0 + z * z / n_eff)
    END AS ic95_haut,
    CASE WHEN taux_sans_rdv IS NOT NULL THEN n_eff END AS n_effectif,
    CAST(non_retenus AS DOUBLE) / CAST(NULLIF(tentatives_retenues, 0) AS DOUBLE) AS borne_basse,
    CAST(non_retenus + tentatives_retenues - reponses_retenues AS DOUBLE)
        / CAST(NULLIF(tentatives_retenues, 0) AS DOUBLE) AS borne_haute,
    CASE
        WHEN taux_sans_rdv IS NOT NULL
            THEN CAST(reponses_retenues AS DOUBLE) / CAST(NULLIF(reponses_retenues - non_retenus, 0) AS DOUBLE)
    END AS reponses_par_proposition,
    qualite,
    motif
FROM taux
INNER JOIN lundis ON taux.semaine_iso = lundis.semaine_iso
