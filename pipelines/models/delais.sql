-- One row per service and month in scope: how far ahead the first date offered was, and the association's five classes.
--
-- Counts stand whatever they are; a share or a quantile is empty below its threshold, and motif says why. Only days whose
-- log could say « none » enter the classes: elsewhere their denominator would be short.

WITH grille AS (
    SELECT
        g.guichet_id,
        g.demarche_id,
        g.departement,
        g.mois,
        g.tentatives,
        COALESCE(c.reponses, 0) AS reponses,
        COALESCE(c.oui, 0) AS oui,
        COALESCE(c.oui_sans_date, 0) AS oui_sans_date,
        COALESCE(c.avec_date, 0) AS avec_date,
        COALESCE(c.avec_deuxieme_date, 0) AS avec_deuxieme_date,
        c.horizon_min_jours,
        c.horizon_max_jours,
        COALESCE(c.jours_classes, 0) AS jours_classes,
        COALESCE(c.classees, 0) AS classees,
        COALESCE(c.deux_dates_sous_30_jours, 0) AS deux_dates_sous_30_jours,
        COALESCE(c.une_date_sous_30_jours, 0) AS une_date_sous_30_jours,
        COALESCE(c.entre_30_et_60_jours, 0) AS entre_30_et_60_jours,
        COALESCE(c.au_dela_de_60_jours, 0) AS au_dela_de_60_jours,
        COALESCE(c.aucune_date, 0) AS aucune_date,
        c.delai_min_jours,
        c.delai_median_jours,
        c.delai_p90_jours,
        c.deuxieme_delai_min_jours,
        c.deuxieme_delai_median_jours
    FROM disponibilite_mois AS g
    LEFT JOIN delais_mesures AS c
        ON g.guichet_id = c.guichet_id AND g.demarche_id = c.demarche_id AND g.mois = c.mois
),

motivees AS (
    SELECT
        g.*,
        p.reponses_min_jour AS dates_min_mediane,
        p.reponses_min_semaine AS dates_min_p90,
        CASE
            WHEN g.tentatives = 0 THEN 'aucune_mesure'
            WHEN g.reponses = 0 THEN 'aucune_reponse'
            WHEN g.oui = 0 THEN 'aucune_proposition'
            WHEN g.avec_date = 0 THEN 'dates_non_relevees'
            WHEN g.avec_date < p.reponses_min_jour THEN 'trop_peu_de_dates'
        END AS motif_delais,
        CASE
            WHEN g.tentatives = 0 THEN 'aucune_mesure'
            WHEN g.reponses = 0 THEN 'aucune_reponse'
            WHEN g.classees = 0 AND g.oui_sans_date = g.reponses THEN 'dates_non_relevees'
            WHEN g.classees = 0 THEN 'negatifs_non_consignes'
            WHEN g.classees < p.reponses_min_mois THEN 'trop_peu_de_reponses'
            WHEN g.jours_classes < p.jours_min_mois THEN 'trop_peu_de_jours'
        END AS motif
    FROM grille AS g
    CROSS JOIN parametres AS p
)

SELECT
    guichet_id,
    demarche_id,
    departement,
    mois,
    tentatives,
    reponses,
    oui,
    oui_sans_date,
    avec_date,
    avec_deuxieme_date,
    horizon_min_jours,
    horizon_max_jours,
    delai_min_jours,
    CASE WHEN avec_date >= dates_min_mediane THEN delai_median_jours END AS delai_median_jours,
    CASE WHEN avec_date >= dates_min_p90 THEN delai_p90_jours END AS delai_p90_jours,
    deuxieme_delai_min_jours,
    CASE WHEN avec_deuxieme_date >= dates_min_mediane THEN deuxieme_delai_median_jours END
        AS deuxieme_delai_median_jours,
    motif_delais,
    jours_classes,
    classees,
    deux_dates_sous_30_jours,
    une_date_sous_30_jours,
    entre_30_et_60_jours,
    au_dela_de_60_jours,
    aucune_date,
    CASE WHEN motif IS NULL THEN CAST(deux_dates_sous_30_jours AS DOUBLE) / CAST(classees AS DOUBLE) END
        AS part_deux_dates_sous_30_jours,
    CASE WHEN motif IS NULL THEN CAST(une_date_sous_30_jours AS DOUBLE) / CAST(classees AS DOUBLE) END
        AS part_une_date_sous_30_jours,
    CASE WHEN motif IS NULL THEN CAST(entre_30_et_60_jours AS DOUBLE) / CAST(classees AS DOUBLE) END
        AS part_entre_30_et_60_jours,
    CASE WHEN motif IS NULL THEN CAST(au_dela_de_60_jours AS DOUBLE) / CAST(classees AS DOUBLE) END
        AS part_au_dela_de_60_jours,
    CASE WHEN motif IS NULL THEN CAST(aucune_date AS DOUBLE) / CAST(classees AS DOUBLE) END AS part_aucune_date,
    motif
FROM motivees
