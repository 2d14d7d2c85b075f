-- One row per service and local day in scope: a day without an attempt is a row. What is counted is consultations.

WITH grille AS (
    SELECT
        c.guichet_id,
        c.demarche_id,
        c.departement,
        c.jour,
        c.semaine_iso,
        c.mois,
        c.negatifs_consignes,
        c.hors_calendrier,
        c.tentatives_prevues,
        COALESCE(n.lignes, 0) AS lignes,
        COALESCE(n.tentatives, 0) AS tentatives,
        COALESCE(n.cycles_mesures, 0) AS cycles_mesures,
        COALESCE(n.rdv_propose, 0) + COALESCE(n.aucun_rdv, 0) AS reponses,
        COALESCE(n.inconnues, 0) AS inconnues,
        COALESCE(n.hors_champ, 0) AS hors_champ,
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
        COALESCE(n.page_non_reconnue, 0) AS page_non_reconnue
    FROM calendrier AS c
    LEFT JOIN issues_jour AS n
        ON c.guichet_id = n.guichet_id AND c.demarche_id = n.demarche_id AND c.jour = n.jour
),

-- A day whose log could not say « none » keeps its counts and gives nothing to a rate.
retenues AS (
    SELECT
        *,
        CASE WHEN negatifs_consignes THEN reponses + inconnues ELSE 0 END AS tentatives_retenues,
        CASE WHEN negatifs_consignes THEN reponses ELSE 0 END AS reponses_retenues,
        CASE WHEN negatifs_consignes THEN aucun_rdv ELSE 0 END AS non_retenus,
        CAST(cycles_mesures AS DOUBLE) / CAST(NULLIF(tentatives_prevues, 0) AS DOUBLE) AS couverture,
        CAST(reponses AS DOUBLE) / CAST(NULLIF(reponses + inconnues, 0) AS DOUBLE) AS taux_reponse
    FROM grille
),

qualifiees AS (
    SELECT
        r.*,
        CAST(r.reponses_retenues AS DOUBLE) AS n,
        p.z95 AS z,
        CASE
            WHEN r.tentatives = 0 THEN 'aucune_mesure'
            WHEN NOT r.negatifs_consignes THEN 'negatifs_non_consignes'
            WHEN r.reponses_retenues = 0 THEN 'aucune_reponse'
            WHEN r.reponses_retenues < p.reponses_min_jour THEN 'trop_peu_de_reponses'
            WHEN r.hors_calendrier THEN 'hors_calendrier'
            WHEN r.couverture < p.couverture_suffisante THEN 'couverture_faible'
            WHEN r.taux_reponse < p.taux_reponse_suffisant THEN 'taux_reponse_faible'
        END AS motif
    FROM retenues AS r
    CROSS JOIN parametres AS p
),

notees AS (
    SELECT
        *,
        CASE
            WHEN motif IS NULL THEN 'suffisante'
            WHEN motif = 'aucune_mesure' THEN 'aucune_mesure'
            WHEN motif IN ('hors_calendrier', 'couverture_faible', 'taux_reponse_faible') THEN 'partielle'
            ELSE 'insuffisante'
        END AS qualite
    FROM qualifiees
),

taux AS (
    SELECT
        *,
        CASE
            WHEN qualite IN ('suffisante', 'partielle') THEN CAST(non_retenus AS DOUBLE) / n
        END AS taux_sans_rdv
    FROM notees
)

SELECT
    guichet_id,
    demarche_id,
    departement,
    jour,
    semaine_iso,
    mois,
    negatifs_consignes,
    tentatives_prevues,
    lignes,
    tentatives,
    cycles_mesures,
    reponses,
    rdv_propose AS oui,
    aucun_rdv AS non,
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
        ELSE (taux_sans_rdv + z * z / (2.0 * n)
            - z * SQRT(taux_sans_rdv * (1.0 - taux_sans_rdv) / n + z * z / (4.0 * n * n)))
            / (1.0 + z * z / n)
    END AS ic95_bas,
    CASE
        WHEN non_retenus = reponses_retenues AND taux_sans_rdv IS NOT NULL THEN 1.0
        ELSE (taux_sans_rdv + z * z / (2.0 * n)
            + z * SQRT(taux_sans_rdv * (1.0 - taux_sans_rdv) / n + z * z / (4.0 * n * n)))
            / (1.0 + z * z / n)
    END AS ic95_haut,
    CASE WHEN taux_sans_rdv IS NOT NULL THEN n END AS n_effectif,
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
