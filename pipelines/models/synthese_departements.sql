-- One row per département, procedure and month: the seconds of its services, added; and beside their pooled rate the mean and
-- the median of the services' own rates, in which none weighs more because it was looked at more.
--
-- Services are those of the scope. One that was looked at outside its schedule alone has its counts in the sums and no second in
-- them, so neither it nor its rate, a share of answers, stands beside those of time; where nothing was expected of any, all stand.
--
-- There is no interval: services of one département share causes, so the few that there are would be the clusters, and
-- an interval over days alone would claim a precision that nobody has. Services without a known département have no row.

WITH noms AS (
    SELECT departement, MIN(departement_nom) AS departement_nom
    FROM guichets
    WHERE departement IS NOT NULL
    GROUP BY departement
),

repondus AS (
    SELECT guichet_id, demarche_id, mois, SUM(CAST(cycles_repondus AS BIGINT)) AS cycles_repondus
    FROM sommes_semaines
    WHERE poids_en = 'secondes'
    GROUP BY guichet_id, demarche_id, mois
),

lignes AS (
    SELECT m.*, COALESCE(r.cycles_repondus, 0) AS cycles_repondus
    FROM disponibilite_mois AS m
    LEFT JOIN repondus AS r
        ON m.guichet_id = r.guichet_id AND m.demarche_id = r.demarche_id AND m.mois = r.mois
    WHERE m.departement IS NOT NULL
),

prevues AS (
    SELECT
        *,
        SUM(CAST(secondes_prevues AS BIGINT)) OVER (PARTITION BY departement, demarche_id, mois) AS prevu
    FROM lignes
),

comptees AS (
    SELECT *, secondes_prevues > 0 OR prevu = 0 AS comptee
    FROM prevues
),

sommes AS (
    SELECT
        departement,
        demarche_id,
        mois,
        COUNT(*) FILTER (WHERE comptee) AS services,
        COUNT(*) FILTER (WHERE comptee AND reponses_retenues > 0) AS services_avec_reponse,
        COUNT(*) FILTER (WHERE comptee AND reponses_retenues > 0 AND oui = 0) AS services_sans_aucun_rdv,
        COUNT(*) FILTER (WHERE comptee AND qualite = 'suffisante') AS services_suffisants,
        COUNT(*) FILTER (WHERE comptee AND taux_sans_rdv IS NOT NULL) AS services_avec_taux,
        COUNT(*) FILTER (WHERE motif = 'negatifs_non_consignes') AS services_sans_negatifs,
        -- To nine decimals and as whole numbers, so that their sum is the same in any order.
        SUM(CAST(CASE
            WHEN comptee AND taux_sans_rdv IS NOT NULL THEN CAST(FLOOR(taux_sans_rdv * 1000000000.0 + 0.5) AS BIGINT)
            ELSE 0
        END AS BIGINT)) AS somme_des_taux,
        SUM(CAST(cycles_prevus AS BIGINT)) AS cycles_prevus,
        SUM(CAST(cycles_mesures AS BIGINT)) AS cycles_mesures,
        SUM(CAST(cycles_repondus AS BIGINT)) AS cycles_repondus,
        SUM(CAST(consultations AS BIGINT)) AS consultations,
        SUM(CAST(incompletes AS BIGINT)) AS incompletes,
        SUM(CAST(reponses AS BIGINT)) AS reponses,
        SUM(CAST(oui AS BIGINT)) AS oui,
        SUM(CAST(oui_incomplets AS BIGINT)) AS oui_incomplets,
        SUM(CAST(non AS BIGINT)) AS non,
        SUM(CAST(inconnues AS BIGINT)) AS inconnues,
        SUM(CAST(hors_champ AS BIGINT)) AS hors_champ,
        SUM(CAST(secondes_prevues AS BIGINT)) AS secondes_prevues,
        SUM(CAST(secondes_mesurees AS BIGINT)) AS secondes_mesurees,
        SUM(CAST(secondes_retenues AS BIGINT)) AS secondes_retenues,
        SUM(CAST(secondes_hors_champ AS BIGINT)) AS secondes_hors_champ,
        SUM(CAST(secondes_inconnues AS BIGINT)) AS secondes_inconnues,
        SUM(CAST(secondes_oui_incomplets AS BIGINT)) AS secondes_oui_incomplets,
        SUM(CAST(secondes_repondues AS BIGINT)) AS secondes_repondues,
        SUM(CAST(secondes_non AS BIGINT)) AS secondes_non,
        SUM(CAST(reponses_retenues AS BIGINT)) AS reponses_retenues,
        SUM(CAST(non_retenus AS BIGINT)) AS non_retenus
    FROM comptees
    GROUP BY departement, demarche_id, mois
),

ranges AS (
    SELECT
        departement,
        demarche_id,
        mois,
        taux_sans_rdv,
        ROW_NUMBER() OVER (PARTITION BY departement, demarche_id, mois ORDER BY taux_sans_rdv, guichet_id) AS rang
    FROM comptees
    WHERE comptee AND taux_sans_rdv IS NOT NULL
),

-- The rate in the middle; of an even number of services, the two that are.
medianes AS (
    SELECT
        r.departement,
        r.demarche_id,
        r.mois,
        MAX(CASE WHEN 2 * r.rang <= s.services_avec_taux + 1 THEN r.taux_sans_rdv END) AS taux_median_bas,
        MIN(CASE WHEN 2 * r.rang >= s.services_avec_taux + 1 THEN r.taux_sans_rdv END) AS taux_median_haut
    FROM ranges AS r
    INNER JOIN sommes AS s
        ON r.departement = s.departement AND r.demarche_id = s.demarche_id AND r.mois = s.mois
    GROUP BY r.departement, r.demarche_id, r.mois
),

-- Weights are seconds; where nothing was expected, they are answers, as in periodes.
ponderees AS (
    SELECT
        s.*,
        s.secondes_prevues = 0 AS sans_calendrier,
        CASE WHEN s.secondes_prevues = 0 THEN s.reponses_retenues ELSE s.cycles_repondus END AS reponses_ponderees,
        CAST(CASE WHEN s.secondes_prevues = 0 THEN s.reponses_retenues ELSE s.secondes_repondues END AS DOUBLE) AS w,
        CAST(CASE WHEN s.secondes_prevues = 0 THEN s.non_retenus ELSE s.secondes_non END AS DOUBLE) AS x,
        CAST(CASE WHEN s.secondes_prevues = 0 THEN s.oui_incomplets ELSE s.secondes_oui_incomplets END AS DOUBLE)
            AS oui_sans_poids,
        CAST(CASE WHEN s.secondes_prevues = 0 THEN s.inconnues ELSE s.secondes_inconnues END AS DOUBLE) AS inconnu
    FROM sommes AS s
),

rapportees AS (
    SELECT
        s.*,
        n.departement_nom,
        m.taux_median_bas,
        m.taux_median_haut,
        s.x / CAST(NULLIF(s.w, CAST(0 AS DOUBLE)) AS DOUBLE) AS p,
        CAST(s.secondes_mesurees AS DOUBLE) / CAST(NULLIF(s.secondes_prevues, 0) AS DOUBLE) AS couverture,
        s.w / CAST(NULLIF(s.w + s.oui_sans_poids + s.inconnu, CAST(0 AS DOUBLE)) AS DOUBLE) AS taux_reponse,
        s.x / CAST(NULLIF(s.w + s.oui_sans_poids + s.inconnu, CAST(0 AS DOUBLE)) AS DOUBLE) AS borne_basse,
        (s.x + s.inconnu) / CAST(NULLIF(s.w + s.oui_sans_poids + s.inconnu, CAST(0 AS DOUBLE)) AS DOUBLE) AS borne_haute,
        CAST(s.secondes_non AS DOUBLE) / CAST(NULLIF(s.secondes_retenues - s.secondes_hors_champ, 0) AS DOUBLE)
            AS borne_basse_prevue,
        CAST(s.secondes_retenues - s.secondes_hors_champ - s.secondes_repondues + s.secondes_non
            - s.secondes_oui_incomplets AS DOUBLE)
            / CAST(NULLIF(s.secondes_retenues - s.secondes_hors_champ, 0) AS DOUBLE) AS borne_haute_prevue,
        q.couverture_suffisante,
        q.largeur_bornes_suffisante,
        q.largeur_bornes_max,
        q.reponses_min_mois
    FROM ponderees AS s
    CROSS JOIN parametres AS q
    LEFT JOIN noms AS n
        ON s.departement = n.departement
    LEFT JOIN medianes AS m
        ON s.departement = m.departement AND s.demarche_id = m.demarche_id AND s.mois = m.mois
),

motivees AS (
    SELECT
        *,
        CASE
            -- A cycle may be looked at, and answered, after the month in which it began.
            WHEN consultations = 0 AND secondes_mesurees = 0 THEN 'aucune_mesure'
            WHEN reponses = 0 AND w = 0.0 THEN 'aucune_reponse'
            WHEN reponses_retenues = 0 AND w = 0.0 AND services_sans_negatifs > 0 THEN 'negatifs_non_consignes'
            WHEN reponses_retenues = 0 AND w = 0.0 THEN 'aucune_consultation_complete'
            WHEN w = 0.0 THEN 'reponses_hors_calendrier'
            WHEN reponses_ponderees < reponses_min_mois THEN 'trop_peu_de_reponses'
            WHEN services_avec_taux = 0 THEN 'aucun_service_publie'
            WHEN borne_haute - borne_basse > largeur_bornes_max THEN 'bornes_trop_ecartees'
            WHEN p > borne_haute THEN 'oui_incomplets'
            WHEN sans_calendrier THEN 'hors_calendrier'
            WHEN couverture < couverture_suffisante THEN 'couverture_faible'
            WHEN borne_haute - borne_basse > largeur_bornes_suffisante THEN 'bornes_ecartees'
            WHEN services_suffisants < services THEN 'services_insuffisants'
        END AS motif
    FROM rapportees
),

notees AS (
    SELECT
        *,
        CASE
            WHEN motif IS NULL THEN 'suffisante'
            WHEN motif = 'aucune_mesure' THEN 'aucune_mesure'
            WHEN motif IN ('hors_calendrier', 'couverture_faible', 'bornes_ecartees', 'services_insuffisants')
                THEN 'partielle'
            ELSE 'insuffisante'
        END AS qualite
    FROM motivees
)

SELECT
    departement,
    departement_nom,
    demarche_id,
    mois,
    services,
    services_avec_reponse,
    services_sans_aucun_rdv,
    services_avec_taux,
    services_suffisants,
    cycles_prevus,
    cycles_mesures,
    consultations,
    incompletes,
    reponses,
    oui,
    oui_incomplets,
    non,
    inconnues,
    hors_champ,
    secondes_prevues,
    secondes_mesurees,
    couverture,
    secondes_retenues,
    secondes_hors_champ,
    secondes_inconnues,
    secondes_oui_incomplets,
    secondes_repondues,
    secondes_non,
    taux_reponse,
    CASE WHEN qualite IN ('suffisante', 'partielle') THEN p END AS taux_sans_rdv,
    CAST(somme_des_taux AS DOUBLE) / CAST(NULLIF(1000000000 * CAST(services_avec_taux AS BIGINT), 0) AS DOUBLE) AS taux_moyen,
    taux_median_bas,
    taux_median_haut,
    borne_basse,
    borne_haute,
    borne_basse_prevue,
    borne_haute_prevue,
    reponses_retenues,
    non_retenus,
    CAST(non_retenus AS DOUBLE) / CAST(NULLIF(reponses_retenues, 0) AS DOUBLE) AS part_des_consultations,
    qualite,
    motif
FROM notees
