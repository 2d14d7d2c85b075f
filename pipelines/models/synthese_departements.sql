-- One row per département, procedure and month: sums over the services of disponibilite_mois, never means of their rates.
--
-- There is no interval: services of one département share causes, so the few that there are would be the clusters, and
-- an interval over days alone would claim a precision that nobody has. Services without a known département have no row.

WITH sommes AS (
    SELECT
        departement,
        demarche_id,
        mois,
        COUNT(*) AS services,
        COUNT(*) FILTER (WHERE reponses_retenues > 0) AS services_avec_reponse,
        COUNT(*) FILTER (WHERE reponses_retenues > 0 AND non_retenus = reponses_retenues) AS services_sans_aucun_rdv,
        COUNT(*) FILTER (WHERE qualite = 'suffisante') AS services_suffisants,
        COUNT(*) FILTER (WHERE taux_sans_rdv IS NOT NULL) AS services_avec_taux,
        SUM(CAST(tentatives_prevues AS BIGINT)) AS tentatives_prevues,
        SUM(CAST(tentatives AS BIGINT)) AS tentatives,
        SUM(CAST(cycles_mesures AS BIGINT)) AS cycles_mesures,
        SUM(CAST(reponses AS BIGINT)) AS reponses,
        SUM(CAST(oui AS BIGINT)) AS oui,
        SUM(CAST(non AS BIGINT)) AS non,
        SUM(CAST(inconnues AS BIGINT)) AS inconnues,
        SUM(CAST(hors_champ AS BIGINT)) AS hors_champ,
        SUM(CAST(tentatives_retenues AS BIGINT)) AS tentatives_retenues,
        SUM(CAST(reponses_retenues AS BIGINT)) AS reponses_retenues,
        SUM(CAST(non_retenus AS BIGINT)) AS non_retenus
    FROM disponibilite_mois
    WHERE departement IS NOT NULL
    GROUP BY departement, demarche_id, mois
),

motivees AS (
    SELECT
        s.*,
        CAST(s.cycles_mesures AS DOUBLE) / CAST(NULLIF(s.tentatives_prevues, 0) AS DOUBLE) AS couverture,
        CAST(s.reponses AS DOUBLE) / CAST(NULLIF(s.reponses + s.inconnues, 0) AS DOUBLE) AS taux_reponse,
        p.couverture_suffisante,
        p.taux_reponse_suffisant,
        p.reponses_min_mois
    FROM sommes AS s
    CROSS JOIN parametres AS p
),

qualifiees AS (
    SELECT
        *,
        CASE
            WHEN tentatives = 0 THEN 'aucune_mesure'
            WHEN reponses > 0 AND reponses_retenues = 0 THEN 'negatifs_non_consignes'
            WHEN reponses_retenues = 0 THEN 'aucune_reponse'
            WHEN reponses_retenues < reponses_min_mois THEN 'trop_peu_de_reponses'
            WHEN services_avec_taux = 0 THEN 'aucun_service_publie'
            WHEN tentatives_prevues = 0 THEN 'hors_calendrier'
            WHEN couverture < couverture_suffisante THEN 'couverture_faible'
            WHEN taux_reponse < taux_reponse_suffisant THEN 'taux_reponse_faible'
            WHEN services_suffisants < services THEN 'services_insuffisants'
        END AS motif
    FROM motivees
),

notees AS (
    SELECT
        *,
        CASE
            WHEN motif IS NULL THEN 'suffisante'
            WHEN motif = 'aucune_mesure' THEN 'aucune_mesure'
            WHEN motif IN ('hors_calendrier', 'couverture_faible', 'taux_reponse_faible', 'services_insuffisants')
                THEN 'partielle'
            ELSE 'insuffisante'
        END AS qualite
    FROM qualifiees
)

SELECT
    departement,
    demarche_id,
    mois,
    services,
    services_avec_reponse,
    services_sans_aucun_rdv,
    services_suffisants,
    tentatives_prevues,
    tentatives,
    cycles_mesures,
    reponses,
    oui,
    non,
    inconnues,
    hors_champ,
    tentatives_retenues,
    reponses_retenues,
    non_retenus,
    couverture,
    taux_reponse,
    CASE
        WHEN qualite IN ('suffisante', 'partielle')
            THEN CAST(non_retenus AS DOUBLE) / CAST(reponses_retenues AS DOUBLE)
    END AS taux_sans_rdv,
    CAST(non_retenus AS DOUBLE) / CAST(NULLIF(tentatives_retenues, 0) AS DOUBLE) AS borne_basse,
    CAST(non_retenus + tentatives_retenues - reponses_retenues AS DOUBLE)
        / CAST(NULLIF(tentatives_retenues, 0) AS DOUBLE) AS borne_haute,
    CASE
        WHEN qualite IN ('suffisante', 'partielle')
            THEN CAST(reponses_retenues AS DOUBLE) / CAST(NULLIF(reponses_retenues - non_retenus, 0) AS DOUBLE)
    END AS reponses_par_proposition,
    qualite,
    motif
FROM notees
