-- One row per attempt whose log does not name its consultation whole: to which it belongs. Of every other the consultation
-- is cycle_id and its beginning cycle_debut_utc. No row depends on attempts of another month.
--
-- Where the log does not say when a cycle began, that was its first attempt; and where its id then goes on after more than
-- cycle_max_h without an attempt, it is used again, and names another cycle. Where the log has no cycles, that of the
-- schedule is one, and a planning that is asked again within it begins another, as do two beginnings that the log tells
-- apart.

-- What one id spans in a month.
WITH etendues AS (
    SELECT guichet_id, demarche_id, mois, cycle_id, MIN(instant_utc) AS premier_utc, MAX(instant_utc) AS dernier_utc
    FROM tentatives
    WHERE cycle_id IS NOT NULL AND cycle_debut_utc IS NULL
    GROUP BY guichet_id, demarche_id, mois, cycle_id
),

-- Those that span more than one cycle may: none, where no id is used again.
longues AS (
    SELECT e.guichet_id, e.demarche_id, e.mois, e.cycle_id, CAST(p.cycle_max_h AS DOUBLE) * 3600.0 AS ecart_max
    FROM etendues AS e
    CROSS JOIN parametres AS p
    WHERE EXTRACT(EPOCH FROM e.dernier_utc) - EXTRACT(EPOCH FROM e.premier_utc)
        > CAST(p.cycle_max_h AS DOUBLE) * 3600.0
),

reprises AS (
    SELECT t.guichet_id, t.demarche_id, t.mois, t.cycle_id, t.tentative_id, t.instant_utc, l.ecart_max
    FROM tentatives AS t
    INNER JOIN longues AS l
        ON t.guichet_id = l.guichet_id AND t.demarche_id = l.demarche_id AND t.mois = l.mois AND t.cycle_id = l.cycle_id
    WHERE t.cycle_debut_utc IS NULL
),

suivies AS (
    SELECT
        *,
        LAG(instant_utc) OVER (
            PARTITION BY guichet_id, demarche_id, mois, cycle_id
            ORDER BY instant_utc, tentative_id
        ) AS precedent_utc
    FROM reprises
),

numerotees AS (
    SELECT
        *,
        SUM(CAST(
            CASE
                WHEN EXTRACT(EPOCH FROM instant_utc) - EXTRACT(EPOCH FROM precedent_utc) <= ecart_max THEN 0
                ELSE 1
            END AS BIGINT
        )) OVER (PARTITION BY guichet_id, demarche_id, mois, cycle_id ORDER BY instant_utc, tentative_id) AS numero
    FROM suivies
),

coupees AS (
    SELECT
        tentative_id,
        MIN(instant_utc) OVER (PARTITION BY guichet_id, demarche_id, mois, cycle_id, numero) AS debut_utc
    FROM numerotees
),

-- Attempts without a cycle, in the cycle of the schedule in which they were made or were to be made.
prevues AS (
    SELECT
        t.tentative_id,
        t.guichet_id,
        t.demarche_id,
        t.mois,
        COALESCE(t.planning_id, '') AS planning_id,
        COALESCE(t.point_de_mesure, '') AS point,
        t.essai,
        t.instant_utc,
        t.cycle_debut_utc,
        p.debut_utc AS periode_utc,
        EXTRACT(EPOCH FROM p.premier_cycle_utc) AS premier_s,
        EXTRACT(EPOCH FROM p.fin_utc) AS fin_s,
        CAST(p.cadence_s AS DOUBLE) AS cadence_s,
        CAST(FLOOR(
            (EXTRACT(EPOCH FROM COALESCE(t.prevue_utc, t.instant_utc)) - EXTRACT(EPOCH FROM p.premier_cycle_utc)
                + CAST(p.avance_s AS DOUBLE)) / CAST(NULLIF(p.cadence_s, 0) AS DOUBLE)
        ) AS DOUBLE) AS numero
    FROM tentatives AS t
    INNER JOIN perimetre AS p
        ON t.guichet_id = p.guichet_id AND t.demarche_id = p.demarche_id
    WHERE t.cycle_id IS NULL
        AND COALESCE(t.prevue_utc, t.instant_utc) >= p.debut_utc AND COALESCE(t.prevue_utc, t.instant_utc) < p.fin_utc
),

-- Early for a cycle that the period does not have: that is the last one still.
situees AS (
    SELECT
        *,
        CAST(CASE WHEN premier_s + numero * cadence_s >= fin_s THEN numero - 1.0 ELSE numero END AS BIGINT) AS cycle_prevu
    FROM prevues
),

posees AS (
    SELECT
        *,
        LAG(tentative_id) OVER (
            PARTITION BY guichet_id, demarche_id, mois, periode_utc, cycle_prevu, cycle_debut_utc, point, planning_id
            ORDER BY instant_utc, tentative_id
        ) AS precedente
    FROM situees
),

-- A second try whose first was lost asks the planning for the first time.
demandes AS (
    SELECT
        *,
        SUM(CAST(CASE WHEN essai = 1 OR precedente IS NULL THEN 1 ELSE 0 END AS BIGINT)) OVER (
            PARTITION BY guichet_id, demarche_id, mois, periode_utc, cycle_prevu, cycle_debut_utc, point, planning_id
            ORDER BY instant_utc, tentative_id
        ) AS demande
    FROM posees
),

-- What a vantage asks after it has asked any planning again belongs to that new passage.
passages AS (
    SELECT
        *,
        MAX(demande) OVER (
            PARTITION BY guichet_id, demarche_id, mois, periode_utc, cycle_prevu, cycle_debut_utc, point
            ORDER BY instant_utc, tentative_id
        ) AS passage
    FROM demandes
),

sans_cycle AS (
    SELECT
        tentative_id,
        MIN(tentative_id) OVER (
            PARTITION BY guichet_id, demarche_id, mois, periode_utc, cycle_prevu, cycle_debut_utc, point, passage
        ) AS consultation_id,
        MIN(instant_utc) OVER (
            PARTITION BY guichet_id, demarche_id, mois, periode_utc, cycle_prevu, cycle_debut_utc, point, passage
        ) AS debut_utc
    FROM passages
)

SELECT
    t.mois,
    t.guichet_id,
    t.demarche_id,
    t.tentative_id,
    t.instant_utc,
    COALESCE(t.cycle_id, s.consultation_id, t.tentative_id) AS consultation_id,
    COALESCE(t.cycle_debut_utc, c.debut_utc, e.premier_utc, s.debut_utc, t.instant_utc) AS debut_utc
FROM tentatives AS t
LEFT JOIN etendues AS e
    ON t.guichet_id = e.guichet_id AND t.demarche_id = e.demarche_id AND t.mois = e.mois AND t.cycle_id = e.cycle_id
LEFT JOIN coupees AS c
    ON t.tentative_id = c.tentative_id
LEFT JOIN sans_cycle AS s
    ON t.tentative_id = s.tentative_id
WHERE t.cycle_id IS NULL OR t.cycle_debut_utc IS NULL
