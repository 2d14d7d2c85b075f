-- One row per service and local day with cycles of the schedule that were looked at: the seconds that they stand for, by what
-- the looks found.
--
-- A cycle is shared by the answers in it, in equal parts and whole seconds: the complete ones, and the « oui » that are not,
-- whose part has no weight in a rate. Where there is none, it is unknown, so that a look that was refused takes nothing from
-- one that was not; else it is out of scope. So sums are exact in any order, and no cycle counts for more than it lasts,
-- however often it was looked at.

WITH communs AS (
    SELECT
        guichet_id,
        demarche_id,
        jour,
        MIN(duree_s) AS duree_s,
        MIN(cycles) AS cycles,
        SUM(CAST(aucune_date AS BIGINT)) AS aucune_date,
        SUM(CAST(deux_dates AS BIGINT)) AS deux_dates,
        SUM(CAST(une_date AS BIGINT)) AS une_date,
        SUM(CAST(entre AS BIGINT)) AS entre,
        SUM(CAST(au_dela AS BIGINT)) AS au_dela,
        SUM(CAST(non_lue AS BIGINT)) AS non_lue,
        SUM(CAST(oui_incomplets AS BIGINT)) AS oui_incomplets,
        SUM(CAST(inconnues AS BIGINT)) AS inconnues,
        SUM(CAST(hors_champ AS BIGINT)) AS hors_champ
    FROM cycles_regardes
    WHERE cycle_commun <> 0
    GROUP BY guichet_id, demarche_id, jour, cycle_commun
),

cycles_du_jour AS (
    SELECT
        guichet_id,
        demarche_id,
        jour,
        duree_s,
        cycles,
        aucune_date,
        deux_dates,
        une_date,
        entre,
        au_dela,
        non_lue,
        oui_incomplets,
        inconnues,
        hors_champ
    FROM cycles_regardes
    WHERE cycle_commun = 0
    UNION ALL
    SELECT
        guichet_id,
        demarche_id,
        jour,
        duree_s,
        cycles,
        aucune_date,
        deux_dates,
        une_date,
        entre,
        au_dela,
        non_lue,
        oui_incomplets,
        inconnues,
        hors_champ
    FROM communs
),

-- The answers in the order of the classes, each with those before it: what one part takes ends where the next begins.
cumules AS (
    SELECT
        guichet_id,
        demarche_id,
        jour,
        CAST(cycles AS BIGINT) AS cycles,
        CAST(duree_s AS DOUBLE) AS duree_s,
        CAST(aucune_date AS DOUBLE) AS jusqu_a_aucune_date,
        CAST(aucune_date + deux_dates AS DOUBLE) AS jusqu_a_deux_dates,
        CAST(aucune_date + deux_dates + une_date AS DOUBLE) AS jusqu_a_une_date,
        CAST(aucune_date + deux_dates + une_date + entre AS DOUBLE) AS jusqu_a_entre,
        CAST(aucune_date + deux_dates + une_date + entre + au_dela AS DOUBLE) AS jusqu_a_au_dela,
        CAST(aucune_date + deux_dates + une_date + entre + au_dela + non_lue AS DOUBLE) AS jusqu_a_non_lue,
        CAST(NULLIF(aucune_date + deux_dates + une_date + entre + au_dela + non_lue + oui_incomplets, 0) AS DOUBLE) AS reponses,
        inconnues,
        hors_champ
    FROM cycles_du_jour
),

-- Where nothing answered, every part ends where it begins.
partages AS (
    SELECT
        guichet_id,
        demarche_id,
        jour,
        cycles,
        CAST(duree_s AS BIGINT) AS duree_s,
        reponses IS NOT NULL AS repondu,
        reponses IS NULL AND inconnues > 0 AS inconnu,
        reponses IS NULL AND inconnues = 0 AS hors_champ,
        COALESCE(CAST(FLOOR(duree_s * jusqu_a_aucune_date / reponses + 0.5) AS BIGINT), 0) AS fin_aucune_date,
        COALESCE(CAST(FLOOR(duree_s * jusqu_a_deux_dates / reponses + 0.5) AS BIGINT), 0) AS fin_deux_dates,
        COALESCE(CAST(FLOOR(duree_s * jusqu_a_une_date / reponses + 0.5) AS BIGINT), 0) AS fin_une_date,
        COALESCE(CAST(FLOOR(duree_s * jusqu_a_entre / reponses + 0.5) AS BIGINT), 0) AS fin_entre,
        COALESCE(CAST(FLOOR(duree_s * jusqu_a_au_dela / reponses + 0.5) AS BIGINT), 0) AS fin_au_dela,
        COALESCE(CAST(FLOOR(duree_s * jusqu_a_non_lue / reponses + 0.5) AS BIGINT), 0) AS fin_non_lue
    FROM cumules
)

SELECT
    guichet_id,
    demarche_id,
    SUBSTR(CAST(jour AS STRING), 1, 7) AS mois,
    jour,
    SUM(CAST(cycles AS BIGINT)) AS cycles_mesures,
    SUM(CAST(CASE WHEN fin_non_lue > 0 THEN cycles ELSE 0 END AS BIGINT)) AS cycles_repondus,
    SUM(CAST(cycles * duree_s AS BIGINT)) AS secondes_mesurees,
    SUM(CAST(cycles * fin_non_lue AS BIGINT)) AS secondes_repondues,
    SUM(CAST(CASE WHEN repondu THEN cycles * (duree_s - fin_non_lue) ELSE 0 END AS BIGINT)) AS secondes_oui_incomplets,
    SUM(CAST(CASE WHEN inconnu THEN cycles * duree_s ELSE 0 END AS BIGINT)) AS secondes_inconnues,
    SUM(CAST(CASE WHEN hors_champ THEN cycles * duree_s ELSE 0 END AS BIGINT)) AS secondes_hors_champ,
    SUM(CAST(cycles * fin_aucune_date AS BIGINT)) AS secondes_non,
    SUM(CAST(cycles * (fin_deux_dates - fin_aucune_date) AS BIGINT)) AS secondes_deux_dates_sous_30_jours,
    SUM(CAST(cycles * (fin_une_date - fin_deux_dates) AS BIGINT)) AS secondes_une_date_sous_30_jours,
    SUM(CAST(cycles * (fin_entre - fin_une_date) AS BIGINT)) AS secondes_entre_30_et_60_jours,
    SUM(CAST(cycles * (fin_au_dela - fin_entre) AS BIGINT)) AS secondes_au_dela_de_60_jours,
    SUM(CAST(cycles * (fin_non_lue - fin_au_dela) AS BIGINT)) AS secondes_date_non_lue,
    SUM(CAST(cycles * fin_non_lue * fin_non_lue AS DOUBLE)) AS carres_repondus
FROM partages
GROUP BY guichet_id, demarche_id, jour
