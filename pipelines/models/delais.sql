-- One row per service and month in scope: how far ahead the first date offered was, and the association's classes.
--
-- A share is one of scheduled time, as the rate without an appointment: the seconds of the answers of a class, over those of
-- all complete answers; where nothing was expected, answers are counted. Numerators stand whatever they are. A share is empty
-- where the month has no rate, where too many dates were not read, or where the horizon does not reach the end of its class,
-- and a quantile below its threshold; three reasons say why.

WITH durees AS (
    SELECT
        guichet_id,
        demarche_id,
        mois,
        SUM(CAST(secondes_deux_dates_sous_30_jours AS BIGINT)) AS secondes_deux_dates_sous_30_jours,
        SUM(CAST(secondes_une_date_sous_30_jours AS BIGINT)) AS secondes_une_date_sous_30_jours,
        SUM(CAST(secondes_entre_30_et_60_jours AS BIGINT)) AS secondes_entre_30_et_60_jours,
        SUM(CAST(secondes_au_dela_de_60_jours AS BIGINT)) AS secondes_au_dela_de_60_jours,
        SUM(CAST(secondes_date_non_lue AS BIGINT)) AS secondes_date_non_lue
    FROM sommes_semaines
    WHERE poids_en = 'secondes'
    GROUP BY guichet_id, demarche_id, mois
),

grille AS (
    SELECT
        m.guichet_id,
        m.demarche_id,
        m.departement,
        m.mois,
        m.consultations,
        m.reponses,
        m.oui,
        m.reponses_retenues,
        m.secondes_prevues,
        m.secondes_repondues,
        m.secondes_non AS secondes_aucune_date,
        m.qualite AS qualite_du_taux,
        m.motif AS motif_du_taux,
        m.taux_sans_rdv,
        COALESCE(c.avec_date, 0) AS avec_date,
        COALESCE(c.avec_deuxieme_date, 0) AS avec_deuxieme_date,
        c.delai_min_jours,
        c.deuxieme_delai_min_jours,
        COALESCE(c.deux_dates_sous_30_jours_consultations, 0) AS deux_dates_sous_30_jours_consultations,
        COALESCE(c.une_date_sous_30_jours_consultations, 0) AS une_date_sous_30_jours_consultations,
        COALESCE(c.entre_30_et_60_jours_consultations, 0) AS entre_30_et_60_jours_consultations,
        COALESCE(c.au_dela_de_60_jours_consultations, 0) AS au_dela_de_60_jours_consultations,
        COALESCE(c.aucune_date_consultations, 0) AS aucune_date_consultations,
        COALESCE(c.date_non_lue_consultations, 0) AS date_non_lue_consultations,
        COALESCE(c.non_sans_horizon, 0) AS non_sans_horizon,
        c.horizon_min_jours,
        c.horizon_max_jours,
        COALESCE(c.reponses_delais, 0) AS reponses_delais,
        COALESCE(c.jours_delais, 0) AS jours_delais,
        c.delai_median_jours,
        c.delai_p90_jours,
        COALESCE(d.secondes_deux_dates_sous_30_jours, 0) AS secondes_deux_dates_sous_30_jours,
        COALESCE(d.secondes_une_date_sous_30_jours, 0) AS secondes_une_date_sous_30_jours,
        COALESCE(d.secondes_entre_30_et_60_jours, 0) AS secondes_entre_30_et_60_jours,
        COALESCE(d.secondes_au_dela_de_60_jours, 0) AS secondes_au_dela_de_60_jours,
        COALESCE(d.secondes_date_non_lue, 0) AS secondes_date_non_lue
    FROM disponibilite_mois AS m
    LEFT JOIN delais_mesures AS c
        ON m.guichet_id = c.guichet_id AND m.demarche_id = c.demarche_id AND m.mois = c.mois
    LEFT JOIN durees AS d
        ON m.guichet_id = d.guichet_id AND m.demarche_id = d.demarche_id AND m.mois = d.mois
),

ponderees AS (
    SELECT
        g.*,
        CAST(CASE WHEN secondes_prevues = 0 THEN reponses_retenues ELSE secondes_repondues END AS DOUBLE) AS w,
        CAST(CASE WHEN secondes_prevues = 0 THEN deux_dates_sous_30_jours_consultations
            ELSE secondes_deux_dates_sous_30_jours END AS DOUBLE) AS deux_dates,
        CAST(CASE WHEN secondes_prevues = 0 THEN une_date_sous_30_jours_consultations
            ELSE secondes_une_date_sous_30_jours END AS DOUBLE) AS une_date,
        CAST(CASE WHEN secondes_prevues = 0 THEN entre_30_et_60_jours_consultations
            ELSE secondes_entre_30_et_60_jours END AS DOUBLE) AS entre,
        CAST(CASE WHEN secondes_prevues = 0 THEN au_dela_de_60_jours_consultations
            ELSE secondes_au_dela_de_60_jours END AS DOUBLE) AS au_dela,
        CAST(CASE WHEN secondes_prevues = 0 THEN aucune_date_consultations
            ELSE secondes_aucune_date END AS DOUBLE) AS aucune,
        CAST(CASE WHEN secondes_prevues = 0 THEN date_non_lue_consultations
            ELSE secondes_date_non_lue END AS DOUBLE) AS non_lue,
        reponses_retenues - aucune_date_consultations AS oui_retenus,
        CAST(date_non_lue_consultations AS DOUBLE)
            > p.part_dates_non_lues_max * CAST(reponses_retenues - aucune_date_consultations AS DOUBLE) AS dates_manquantes,
        p.reponses_min_mediane,
        p.reponses_min_p90,
        p.jours_min_quantile,
        p.delai_court_jours,
        p.delai_long_jours
    FROM grille AS g
    CROSS JOIN parametres AS p
),

motivees AS (
    SELECT
        *,
        CASE WHEN dates_manquantes THEN 'dates_non_relevees' ELSE motif_du_taux END AS motif,
        CASE WHEN dates_manquantes THEN 'insuffisante' ELSE qualite_du_taux END AS qualite,
        CASE
            WHEN reponses_retenues = 0
                AND motif_du_taux IN ('aucune_mesure', 'negatifs_non_consignes', 'aucune_consultation_complete')
                THEN motif_du_taux
            -- Even where the month has a rate: a long cycle weighs in the month in which it began, and its answer is one of the
            -- month in which somebody looked.
            WHEN reponses_retenues = 0 THEN 'aucune_reponse'
            WHEN dates_manquantes THEN 'dates_non_relevees'
            WHEN horizon_min_jours IS NULL THEN 'horizon_inconnu'
            WHEN reponses_delais < reponses_min_mediane THEN 'trop_peu_de_reponses'
            WHEN jours_delais < jours_min_quantile THEN 'trop_peu_de_jours'
            -- Where answers are known not to stand for those that are missing, their quantiles do not either.
            WHEN motif_du_taux IN ('bornes_trop_ecartees', 'oui_incomplets') THEN motif_du_taux
        END AS motif_delais
    FROM ponderees
),

jugees AS (
    SELECT
        *,
        qualite IN ('suffisante', 'partielle') AS parts_publiees,
        CASE
            WHEN qualite NOT IN ('suffisante', 'partielle') THEN NULL
            WHEN horizon_min_jours IS NULL THEN 'horizon_inconnu'
            WHEN horizon_min_jours <= delai_long_jours THEN 'horizon_court'
        END AS motif_classes,
        motif_delais IS NULL AS mediane_publiee,
        motif_delais IS NULL AND reponses_delais >= reponses_min_p90 AS p90_publie
    FROM motivees
)

SELECT
    guichet_id,
    demarche_id,
    departement,
    mois,
    consultations,
    reponses,
    oui,
    avec_date,
    delai_min_jours,
    avec_deuxieme_date,
    deuxieme_delai_min_jours,
    reponses_retenues,
    oui_retenus,
    horizon_min_jours,
    horizon_max_jours,
    non_sans_horizon,
    reponses_delais,
    jours_delais,
    CASE WHEN mediane_publiee THEN delai_median_jours END AS delai_median_jours,
    CASE WHEN mediane_publiee AND delai_median_jours IS NULL THEN horizon_min_jours END AS delai_median_superieur_a_jours,
    CASE WHEN p90_publie THEN delai_p90_jours END AS delai_p90_jours,
    CASE WHEN p90_publie AND delai_p90_jours IS NULL THEN horizon_min_jours END AS delai_p90_superieur_a_jours,
    motif_delais,
    deux_dates_sous_30_jours_consultations,
    une_date_sous_30_jours_consultations,
    entre_30_et_60_jours_consultations,
    au_dela_de_60_jours_consultations,
    aucune_date_consultations,
    date_non_lue_consultations,
    secondes_repondues,
    secondes_deux_dates_sous_30_jours,
    secondes_une_date_sous_30_jours,
    secondes_entre_30_et_60_jours,
    secondes_au_dela_de_60_jours,
    secondes_aucune_date,
    secondes_date_non_lue,
    CASE
        WHEN parts_publiees AND horizon_min_jours >= delai_court_jours
            THEN deux_dates / CAST(NULLIF(w, CAST(0 AS DOUBLE)) AS DOUBLE)
    END AS part_deux_dates_sous_30_jours,
    CASE
        WHEN parts_publiees AND horizon_min_jours >= delai_court_jours
            THEN une_date / CAST(NULLIF(w, CAST(0 AS DOUBLE)) AS DOUBLE)
    END AS part_une_date_sous_30_jours,
    CASE
        WHEN parts_publiees AND horizon_min_jours >= delai_long_jours
            THEN entre / CAST(NULLIF(w, CAST(0 AS DOUBLE)) AS DOUBLE)
    END AS part_entre_30_et_60_jours,
    CASE
        WHEN parts_publiees AND horizon_min_jours > delai_long_jours
            THEN au_dela / CAST(NULLIF(w, CAST(0 AS DOUBLE)) AS DOUBLE)
    END AS part_au_dela_de_60_jours,
    CASE WHEN parts_publiees THEN aucune / CAST(NULLIF(w, CAST(0 AS DOUBLE)) AS DOUBLE) END AS part_aucune_date,
    CASE WHEN parts_publiees THEN non_lue / CAST(NULLIF(w, CAST(0 AS DOUBLE)) AS DOUBLE) END AS part_date_non_lue,
    motif_classes,
    qualite,
    motif
FROM jugees
