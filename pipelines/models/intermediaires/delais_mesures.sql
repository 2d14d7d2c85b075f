-- One row per service and month with a consultation: the dates that were offered, before the thresholds of delais.
--
-- What is retained is the complete answers of days whose log could say « none »: elsewhere the « no » would be missing beside
-- the dates. Quantiles are those of all retained answers whose date was read, and not of the lucky ones: a « no » says that
-- the first date, if there was one, was beyond the horizon. With one horizon for the row, the least that its answers state,
-- the estimator of Kaplan and Meier is the plain distribution of what was counted: at least half of the answers had a date
-- within so many days, or the horizon was too near to tell. Logs of a « no » rarely say how far it looked: as far as others.

WITH vus AS (
    SELECT
        guichet_id,
        demarche_id,
        mois,
        jour,
        reponse,
        classe_delai,
        horizon_jours,
        delai_jours,
        deuxieme_delai_jours,
        complete AND negatifs_consignes AND reponse IN ('oui', 'non') AS retenue
    FROM consultations
),

comptes AS (
    SELECT
        guichet_id,
        demarche_id,
        mois,
        COUNT(*) FILTER (WHERE reponse = 'oui' AND delai_jours IS NOT NULL) AS avec_date,
        COUNT(*) FILTER (WHERE reponse = 'oui' AND deuxieme_delai_jours IS NOT NULL) AS avec_deuxieme_date,
        MIN(CASE WHEN reponse = 'oui' THEN delai_jours END) AS delai_min_jours,
        MIN(CASE WHEN reponse = 'oui' THEN deuxieme_delai_jours END) AS deuxieme_delai_min_jours,
        COUNT(*) FILTER (WHERE retenue) AS reponses_retenues,
        COUNT(*) FILTER (WHERE retenue AND classe_delai = 'deux_dates_sous_30_jours')
            AS deux_dates_sous_30_jours_consultations,
        COUNT(*) FILTER (WHERE retenue AND classe_delai = 'une_date_sous_30_jours')
            AS une_date_sous_30_jours_consultations,
        COUNT(*) FILTER (WHERE retenue AND classe_delai = 'entre_30_et_60_jours') AS entre_30_et_60_jours_consultations,
        COUNT(*) FILTER (WHERE retenue AND classe_delai = 'au_dela_de_60_jours') AS au_dela_de_60_jours_consultations,
        COUNT(*) FILTER (WHERE retenue AND classe_delai = 'aucune_date') AS aucune_date_consultations,
        COUNT(*) FILTER (WHERE retenue AND classe_delai = 'date_non_lue') AS date_non_lue_consultations,
        COUNT(*) FILTER (WHERE retenue AND classe_delai = 'aucune_date' AND horizon_jours IS NULL) AS non_sans_horizon,
        MIN(CASE WHEN retenue THEN horizon_jours END) AS horizon_min_jours,
        MAX(CASE WHEN retenue THEN horizon_jours END) AS horizon_max_jours,
        COUNT(*) FILTER (WHERE retenue AND classe_delai <> 'date_non_lue') AS reponses_delais,
        COUNT(DISTINCT CASE WHEN retenue AND classe_delai <> 'date_non_lue' THEN jour END) AS jours_delais
    FROM vus
    GROUP BY guichet_id, demarche_id, mois
),

par_delai AS (
    SELECT guichet_id, demarche_id, mois, delai_jours, COUNT(*) AS nombre
    FROM vus
    WHERE retenue AND reponse = 'oui' AND delai_jours IS NOT NULL
    GROUP BY guichet_id, demarche_id, mois, delai_jours
),

cumules AS (
    SELECT
        guichet_id,
        demarche_id,
        mois,
        delai_jours,
        SUM(CAST(nombre AS BIGINT)) OVER (PARTITION BY guichet_id, demarche_id, mois ORDER BY delai_jours) AS jusque_la
    FROM par_delai
),

quantiles AS (
    SELECT
        p.guichet_id,
        p.demarche_id,
        p.mois,
        MIN(CASE WHEN 2 * p.jusque_la >= c.reponses_delais THEN p.delai_jours END) AS delai_median_jours,
        MIN(CASE WHEN 10 * p.jusque_la >= 9 * c.reponses_delais THEN p.delai_jours END) AS delai_p90_jours
    FROM cumules AS p
    INNER JOIN comptes AS c
        ON p.guichet_id = c.guichet_id AND p.demarche_id = c.demarche_id AND p.mois = c.mois
    WHERE p.delai_jours <= c.horizon_min_jours
    GROUP BY p.guichet_id, p.demarche_id, p.mois
)

SELECT
    c.*,
    q.delai_median_jours,
    q.delai_p90_jours
FROM comptes AS c
LEFT JOIN quantiles AS q
    ON c.guichet_id = q.guichet_id AND c.demarche_id = q.demarche_id AND c.mois = q.mois
