-- One row per consultation: the attempts of one cycle, one try and one local month, over all plannings of a service.
--
-- An appointment can be had if any planning offers one; if none does and one did not answer, nobody knows. `rang` is the
-- order in which the outcomes of a consultation prevail: yes, then unknown, then no, then out of scope. The rule stands
-- here alone; every other model reads this table, or one made of it. No row depends on attempts of another month.
--
-- Its id and its beginning name a cycle. Where the log does not say when it began, that was its first attempt; and where
-- an id then goes on after more than cycle_max_h without an attempt, it is used again, and names another cycle.

-- What one id spans in a month, where the log does not say when its cycles began.
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

lignes AS (
    SELECT
        t.*,
        COALESCE(t.cycle_id, t.tentative_id) AS consultation_id,
        COALESCE(t.cycle_debut_utc, c.debut_utc, e.premier_utc, t.instant_utc) AS debut_utc,
        -- Day of the month, weekday and hour in one number: its least value is that of the first attempt.
        CAST(EXTRACT(DAY FROM t.date_locale) AS INTEGER) * 1000
            + t.jour_semaine * 100
            + CAST(SUBSTR(t.heure_locale, 1, 2) AS INTEGER) AS jour_heure
    FROM tentatives AS t
    LEFT JOIN etendues AS e
        ON t.guichet_id = e.guichet_id AND t.demarche_id = e.demarche_id AND t.mois = e.mois AND t.cycle_id = e.cycle_id
    LEFT JOIN coupees AS c
        ON t.tentative_id = c.tentative_id
),

reunies AS (
    SELECT
        guichet_id,
        demarche_id,
        mois,
        consultation_id,
        debut_utc,
        essai,
        MIN(departement) AS departement,
        MAX(CASE WHEN cycle_debut_utc IS NULL THEN 0 ELSE 1 END) AS debut_consigne,
        MIN(instant_utc) AS instant_utc,
        MAX(instant_utc) AS dernier_utc,
        MIN(date_locale) AS jour,
        MIN(semaine_iso) AS semaine_iso,
        MIN(jour_heure) AS jour_heure,
        COUNT(*) AS lignes,
        COUNT(DISTINCT COALESCE(planning_id, '')) AS plannings,
        SUM(CAST(creneaux AS BIGINT)) AS creneaux,
        MIN(horizon_jours) AS horizon_jours,
        MIN(CASE issue
            WHEN 'rdv_propose' THEN 1
            WHEN 'captcha_exige' THEN 2
            WHEN 'captcha_refuse' THEN 3
            WHEN 'session_perdue' THEN 4
            WHEN 'bloque' THEN 5
            WHEN 'debit_limite' THEN 6
            WHEN 'erreur_serveur' THEN 7
            WHEN 'maintenance' THEN 8
            WHEN 'erreur_reseau' THEN 9
            WHEN 'page_non_reconnue' THEN 10
            WHEN 'aucun_rdv' THEN 11
            WHEN 'cible_disparue' THEN 12
            WHEN 'connexion_exigee' THEN 13
            WHEN 'autre_canal' THEN 14
        END) AS rang
    FROM lignes
    GROUP BY guichet_id, demarche_id, mois, consultation_id, debut_utc, essai
),

-- Every date that any planning offered, in days from the attempt; the two nearest are those of the consultation.
dates AS (
    SELECT guichet_id, demarche_id, mois, consultation_id, debut_utc, essai, delai_jours AS delai
    FROM lignes
    WHERE reponse = 'oui' AND premiere_date IS NOT NULL
    UNION ALL
    SELECT
        guichet_id,
        demarche_id,
        mois,
        consultation_id,
        debut_utc,
        essai,
        delai_jours + CAST(FLOOR(
            (EXTRACT(EPOCH FROM CAST(deuxieme_date AS TIMESTAMP))
                - EXTRACT(EPOCH FROM CAST(premiere_date AS TIMESTAMP))) / 86400.0 + 0.5
        ) AS INTEGER) AS delai
    FROM lignes
    WHERE reponse = 'oui' AND premiere_date IS NOT NULL AND deuxieme_date IS NOT NULL
),

-- One numbering for all, and not one per consultation, which would cost ten times as much: the dates of a consultation
-- have successive places, and the second nearest is the one after the first.
dates_rangees AS (
    SELECT
        *,
        ROW_NUMBER() OVER (
            ORDER BY guichet_id, demarche_id, mois, consultation_id, debut_utc, essai, delai
        ) AS place
    FROM dates
),

premieres_dates AS (
    SELECT
        guichet_id,
        demarche_id,
        mois,
        consultation_id,
        debut_utc,
        essai,
        MIN(delai) AS delai_jours,
        MIN(place) + 1 AS place_suivante,
        COUNT(*) AS nombre
    FROM dates_rangees
    GROUP BY guichet_id, demarche_id, mois, consultation_id, debut_utc, essai
),

deux_dates AS (
    SELECT p.*, CASE WHEN p.nombre >= 2 THEN s.delai END AS deuxieme_delai_jours
    FROM premieres_dates AS p
    LEFT JOIN dates_rangees AS s
        ON p.place_suivante = s.place
),

-- The interval that the schedule expected at that moment; periods of one service do not overlap.
cadences AS (
    SELECT r.guichet_id, r.demarche_id, r.mois, r.consultation_id, r.debut_utc, r.essai, p.cadence_min
    FROM reunies AS r
    INNER JOIN perimetre AS p
        ON r.guichet_id = p.guichet_id AND r.demarche_id = p.demarche_id
    WHERE r.instant_utc >= p.debut_utc AND r.instant_utc < p.fin_utc
)

SELECT
    r.guichet_id,
    r.demarche_id,
    r.departement,
    r.consultation_id,
    r.debut_utc,
    r.debut_consigne = 1 AS debut_consigne,
    r.essai,
    r.instant_utc,
    r.dernier_utc,
    r.jour,
    r.semaine_iso,
    r.mois,
    CAST(FLOOR(CAST(r.jour_heure AS DOUBLE) / 100.0) AS INTEGER) % 10 AS jour_semaine,
    r.jour_heure % 100 AS heure,
    c.cadence_min,
    j.negatifs_consignes,
    r.lignes,
    r.plannings,
    CASE r.rang
        WHEN 1 THEN 'rdv_propose'
        WHEN 2 THEN 'captcha_exige'
        WHEN 3 THEN 'captcha_refuse'
        WHEN 4 THEN 'session_perdue'
        WHEN 5 THEN 'bloque'
        WHEN 6 THEN 'debit_limite'
        WHEN 7 THEN 'erreur_serveur'
        WHEN 8 THEN 'maintenance'
        WHEN 9 THEN 'erreur_reseau'
        WHEN 10 THEN 'page_non_reconnue'
        WHEN 11 THEN 'aucun_rdv'
        WHEN 12 THEN 'cible_disparue'
        WHEN 13 THEN 'connexion_exigee'
        WHEN 14 THEN 'autre_canal'
    END AS issue,
    CASE
        WHEN r.rang = 1 THEN 'oui'
        WHEN r.rang <= 10 THEN 'inconnue'
        WHEN r.rang = 11 THEN 'non'
        ELSE 'hors_champ'
    END AS reponse,
    r.creneaux,
    r.horizon_jours,
    d.delai_jours,
    d.deuxieme_delai_jours,
    CASE
        WHEN r.rang = 11 THEN 'aucune_date'
        WHEN d.delai_jours <= m.delai_court_jours AND d.deuxieme_delai_jours <= m.delai_court_jours
            THEN 'deux_dates_sous_30_jours'
        WHEN d.delai_jours <= m.delai_court_jours THEN 'une_date_sous_30_jours'
        WHEN d.delai_jours <= m.delai_long_jours THEN 'entre_30_et_60_jours'
        WHEN d.delai_jours > m.delai_long_jours THEN 'au_dela_de_60_jours'
    END AS classe_delai
FROM reunies AS r
CROSS JOIN parametres AS m
LEFT JOIN deux_dates AS d
    ON r.guichet_id = d.guichet_id AND r.demarche_id = d.demarche_id
        AND r.mois = d.mois
        AND r.consultation_id = d.consultation_id AND r.debut_utc = d.debut_utc AND r.essai = d.essai
LEFT JOIN cadences AS c
    ON r.guichet_id = c.guichet_id AND r.demarche_id = c.demarche_id
        AND r.mois = c.mois
        AND r.consultation_id = c.consultation_id AND r.debut_utc = c.debut_utc AND r.essai = c.essai
LEFT JOIN calendrier AS j
    ON r.guichet_id = j.guichet_id AND r.demarche_id = j.demarche_id AND r.jour = j.jour
