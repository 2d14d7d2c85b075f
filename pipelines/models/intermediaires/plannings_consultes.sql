-- One row per cycle of a service and planning that it asked: its answer, retries folded in.
--
-- The answer of a planning is « oui » where any try was offered an appointment, else that of its last try that answered,
-- else what its last try met. Which plannings a cycle should have asked is not known here: consultations decides it. No
-- row depends on attempts of another month.
--
-- Its id and its beginning name a cycle: rattachements gives them where the log does not.

WITH lignes AS (
    SELECT
        t.guichet_id,
        t.demarche_id,
        t.departement,
        t.mois,
        COALESCE(t.planning_id, '') AS planning_id,
        t.essai,
        t.instant_utc,
        t.prevue_utc,
        t.date_locale,
        t.semaine_iso,
        t.reponse,
        t.creneaux,
        t.horizon_jours,
        COALESCE(a.consultation_id, t.cycle_id) AS consultation_id,
        COALESCE(a.debut_utc, t.cycle_debut_utc) AS debut_utc,
        CASE
            WHEN t.cycle_id IS NULL THEN 0
            WHEN t.cycle_debut_utc IS NULL THEN 1
            ELSE 2
        END AS cycle_connu,
        -- Day of the month, weekday and hour in one number: its least value is that of the first attempt.
        CAST(EXTRACT(DAY FROM t.date_locale) AS INTEGER) * 1000
            + t.jour_semaine * 100
            + CAST(SUBSTR(t.heure_locale, 1, 2) AS INTEGER) AS jour_heure,
        -- The try and the outcome in one number: its greatest value is that of the last try.
        CAST(t.essai AS BIGINT) * 100 + r.rang AS rang,
        CASE WHEN t.reponse = 'oui' THEN t.delai_jours END AS delai_jours,
        CASE
            WHEN t.reponse = 'oui' AND t.deuxieme_date IS NOT NULL
                THEN t.delai_jours + CAST(FLOOR(
                    (EXTRACT(EPOCH FROM CAST(t.deuxieme_date AS TIMESTAMP))
                        - EXTRACT(EPOCH FROM CAST(t.premiere_date AS TIMESTAMP))) / 86400.0 + 0.5
                ) AS INTEGER)
        END AS deuxieme_delai_jours
    FROM tentatives AS t
    INNER JOIN issues AS r
        ON t.issue = r.issue
    LEFT JOIN rattachements AS a
        ON t.mois = a.mois AND t.tentative_id = a.tentative_id
),

reunies AS (
    SELECT
        guichet_id,
        demarche_id,
        mois,
        consultation_id,
        debut_utc,
        planning_id,
        MIN(departement) AS departement,
        MAX(cycle_connu) AS cycle_connu,
        MIN(instant_utc) AS instant_utc,
        MAX(instant_utc) AS dernier_utc,
        MIN(prevue_utc) AS prevue_utc,
        MIN(date_locale) AS jour,
        MIN(semaine_iso) AS semaine_iso,
        MIN(jour_heure) AS jour_heure,
        COUNT(*) AS lignes,
        COUNT(DISTINCT essai) AS essais,
        COUNT(*) FILTER (WHERE reponse = 'oui') AS offres,
        MAX(CASE WHEN reponse <> 'inconnue' THEN rang END) AS rang_repondu,
        MAX(rang) AS rang_dernier,
        MAX(CASE WHEN reponse = 'oui' THEN creneaux END) AS creneaux,
        MIN(CASE WHEN reponse <> 'inconnue' THEN horizon_jours END) AS horizon_jours,
        -- The two dates that one try was offered, in one number so that they stay together.
        MIN(CAST(delai_jours AS BIGINT) * 100000 + COALESCE(deuxieme_delai_jours, 99999)) AS delais
    FROM lignes
    GROUP BY guichet_id, demarche_id, mois, consultation_id, debut_utc, planning_id
)

SELECT
    r.guichet_id,
    r.demarche_id,
    r.departement,
    r.mois,
    r.consultation_id,
    r.debut_utc,
    r.planning_id,
    r.cycle_connu > 0 AS cycle_consigne,
    r.cycle_connu = 2 AS debut_consigne,
    r.instant_utc,
    r.dernier_utc,
    r.prevue_utc,
    r.jour,
    r.semaine_iso,
    r.jour_heure,
    r.lignes,
    r.essais,
    i.issue,
    i.reponse,
    i.rang,
    r.creneaux,
    r.horizon_jours,
    CAST(FLOOR(CAST(r.delais - r.delais % 100000 AS DOUBLE) / 100000.0 + 0.5) AS INTEGER) AS delai_jours,
    CASE WHEN r.delais % 100000 < 99999 THEN CAST(r.delais % 100000 AS INTEGER) END AS deuxieme_delai_jours
FROM reunies AS r
INNER JOIN issues AS i
    ON CASE WHEN r.offres > 0 THEN 1 ELSE COALESCE(r.rang_repondu, r.rang_dernier) % 100 END = i.rang
