-- One row per service and month with a consultation: the dates offered and the five classes, as counted.
--
-- Thresholds are applied by delais. Only days whose log could say « none » enter the classes: elsewhere their denominator
-- would be short.

WITH comptes AS (
    SELECT
        guichet_id,
        demarche_id,
        mois,
        COUNT(*) FILTER (WHERE reponse IN ('oui', 'non')) AS reponses,
        COUNT(*) FILTER (WHERE reponse = 'oui') AS oui,
        COUNT(*) FILTER (WHERE reponse = 'oui' AND delai_jours IS NULL) AS oui_sans_date,
        COUNT(*) FILTER (WHERE reponse = 'oui' AND delai_jours IS NOT NULL) AS avec_date,
        COUNT(*) FILTER (WHERE reponse = 'oui' AND deuxieme_delai_jours IS NOT NULL) AS avec_deuxieme_date,
        MIN(CASE WHEN reponse IN ('oui', 'non') THEN horizon_jours END) AS horizon_min_jours,
        MAX(CASE WHEN reponse IN ('oui', 'non') THEN horizon_jours END) AS horizon_max_jours,
        COUNT(*) FILTER (WHERE negatifs_consignes AND classe_delai IS NOT NULL) AS classees,
        COUNT(*) FILTER (WHERE negatifs_consignes AND classe_delai = 'deux_dates_sous_30_jours')
            AS deux_dates_sous_30_jours,
        COUNT(*) FILTER (WHERE negatifs_consignes AND classe_delai = 'une_date_sous_30_jours')
            AS une_date_sous_30_jours,
        COUNT(*) FILTER (WHERE negatifs_consignes AND classe_delai = 'entre_30_et_60_jours') AS entre_30_et_60_jours,
        COUNT(*) FILTER (WHERE negatifs_consignes AND classe_delai = 'au_dela_de_60_jours') AS au_dela_de_60_jours,
        COUNT(*) FILTER (WHERE negatifs_consignes AND classe_delai = 'aucune_date') AS aucune_date,
        COUNT(DISTINCT CASE WHEN negatifs_consignes AND classe_delai IS NOT NULL THEN jour END) AS jours_classes
    FROM consultations
    GROUP BY guichet_id, demarche_id, mois
),

-- Quantiles over the dates alone, so that no engine has to agree on what an absent value does to them.
quantiles AS (
    SELECT
        guichet_id,
        demarche_id,
        mois,
        MIN(delai_jours) AS delai_min_jours,
        MEDIAN(delai_jours) AS delai_median_jours,
        QUANTILE_CONT(delai_jours, 0.9) AS delai_p90_jours
    FROM consultations
    WHERE reponse = 'oui' AND delai_jours IS NOT NULL
    GROUP BY guichet_id, demarche_id, mois
),

deuxiemes AS (
    SELECT
        guichet_id,
        demarche_id,
        mois,
        MIN(deuxieme_delai_jours) AS deuxieme_delai_min_jours,
        MEDIAN(deuxieme_delai_jours) AS deuxieme_delai_median_jours
    FROM consultations
    WHERE reponse = 'oui' AND deuxieme_delai_jours IS NOT NULL
    GROUP BY guichet_id, demarche_id, mois
)

SELECT
    c.*,
    q.delai_min_jours,
    q.delai_median_jours,
    q.delai_p90_jours,
    d.deuxieme_delai_min_jours,
    d.deuxieme_delai_median_jours
FROM comptes AS c
LEFT JOIN quantiles AS q
    ON c.guichet_id = q.guichet_id AND c.demarche_id = q.demarche_id AND c.mois = q.mois
LEFT JOIN deuxiemes AS d
    ON c.guichet_id = d.guichet_id AND c.demarche_id = d.demarche_id AND c.mois = d.mois
