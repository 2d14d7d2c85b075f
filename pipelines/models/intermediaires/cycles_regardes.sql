-- One row per service, local day and way in which cycles of the schedule that begin on it were looked at: how many looks of
-- each kind a cycle got, and how many cycles got just these. temps_jours says what time they stand for.
--
-- A cycle belongs to the local day on which it begins. One that goes on over the end of a month may have been looked at from
-- both sides: it keeps its name, its beginning in seconds since 1970, in cycle_commun, by which temps_jours joins its two rows.
-- That of the others is 0.

WITH vus AS (
    SELECT
        c.guichet_id,
        c.demarche_id,
        c.mois,
        c.periode_utc,
        c.cycle_prevu,
        MIN(c.cycle_prevu_s) AS duree_s,
        MIN(c.jour) AS jour_du_regard,
        COUNT(*) FILTER (WHERE c.complete AND c.classe_delai = 'aucune_date') AS aucune_date,
        COUNT(*) FILTER (WHERE c.complete AND c.classe_delai = 'deux_dates_sous_30_jours') AS deux_dates,
        COUNT(*) FILTER (WHERE c.complete AND c.classe_delai = 'une_date_sous_30_jours') AS une_date,
        COUNT(*) FILTER (WHERE c.complete AND c.classe_delai = 'entre_30_et_60_jours') AS entre,
        COUNT(*) FILTER (WHERE c.complete AND c.classe_delai = 'au_dela_de_60_jours') AS au_dela,
        COUNT(*) FILTER (WHERE c.complete AND c.classe_delai = 'date_non_lue') AS non_lue,
        COUNT(*) FILTER (WHERE c.reponse = 'oui' AND NOT c.complete) AS oui_incomplets,
        COUNT(*) FILTER (WHERE c.reponse = 'inconnue') AS inconnues,
        COUNT(*) FILTER (WHERE c.reponse = 'hors_champ') AS hors_champ
    FROM consultations AS c
    WHERE c.cycle_prevu IS NOT NULL
    GROUP BY c.guichet_id, c.demarche_id, c.mois, c.periode_utc, c.cycle_prevu
),

-- In seconds since 1970: when it begins, and the local day of the look that is nearest.
situes AS (
    SELECT
        c.*,
        p.fuseau,
        CAST(p.avance_s AS DOUBLE) AS avance_s,
        EXTRACT(EPOCH FROM p.premier_cycle_utc) + CAST(c.cycle_prevu AS DOUBLE) * CAST(p.cadence_s AS DOUBLE) AS debut_s,
        j.numero AS numero_du_regard,
        EXTRACT(EPOCH FROM j.debut_utc) AS jour_s,
        EXTRACT(EPOCH FROM j.debut_mois_utc) AS debut_mois_s,
        EXTRACT(EPOCH FROM j.fin_mois_utc) AS fin_mois_s
    FROM vus AS c
    INNER JOIN perimetre AS p
        ON c.guichet_id = p.guichet_id AND c.demarche_id = p.demarche_id AND c.periode_utc = p.debut_utc
    INNER JOIN jours_fuseaux AS j
        ON p.fuseau = j.fuseau AND c.jour_du_regard = j.jour
),

-- A day has 23 to 25 hours: the day found by counting 24 may be one too early or too late.
devines AS (
    SELECT *, numero_du_regard + CAST(FLOOR((debut_s - jour_s - 43200.0) / 86400.0 + 0.5) AS INTEGER) AS numero
    FROM situes
),

corriges AS (
    SELECT
        d.*,
        CASE
            WHEN d.debut_s < EXTRACT(EPOCH FROM j.debut_utc) THEN d.numero - 1
            WHEN d.debut_s >= EXTRACT(EPOCH FROM j.fin_utc) THEN d.numero + 1
            ELSE d.numero
        END AS numero_du_cycle
    FROM devines AS d
    INNER JOIN jours_fuseaux AS j
        ON d.fuseau = j.fuseau AND d.numero = j.numero
),

dates AS (
    SELECT
        c.*,
        j.jour,
        CASE
            WHEN c.debut_s - c.avance_s < c.debut_mois_s OR c.debut_s + CAST(c.duree_s AS DOUBLE) > c.fin_mois_s
                THEN CAST(FLOOR(c.debut_s) AS BIGINT)
            ELSE 0
        END AS cycle_commun
    FROM corriges AS c
    INNER JOIN jours_fuseaux AS j
        ON c.fuseau = j.fuseau AND c.numero_du_cycle = j.numero
)

SELECT
    guichet_id,
    demarche_id,
    mois,
    jour,
    cycle_commun,
    duree_s,
    aucune_date,
    deux_dates,
    une_date,
    entre,
    au_dela,
    non_lue,
    oui_incomplets,
    inconnues,
    hors_champ,
    COUNT(*) AS cycles
FROM dates
GROUP BY
    guichet_id,
    demarche_id,
    mois,
    jour,
    cycle_commun,
    duree_s,
    aucune_date,
    deux_dates,
    une_date,
    entre,
    au_dela,
    non_lue,
    oui_incomplets,
    inconnues,
    hors_champ
