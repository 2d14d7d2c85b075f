-- One row per consultation: a cycle of a service within a local month, over all its plannings, retries folded in.
--
-- An appointment can be had if any planning offers one: then the answer is « oui ». There is none only where every planning
-- that was expected said so, « non ». Where one of them did not answer, or was not asked (issue « incomplete »), nobody
-- knows: « inconnue »; nor does anybody where one that was asked did not answer, expected or not. One that is out of scope is
-- not expected, and if all of them are, so is the service. The rule stands here alone; every other model reads this table, or
-- one made of it.
--
-- complete says whether every expected planning answered: only such a consultation has a weight in a rate. A « oui » beside
-- a planning that did not answer is one all the same, but a « non » in its place would not have counted.
--
-- The look belongs to the cycle of the schedule that it was made for (prevue_utc) or, where the log does not say, to that in
-- which it fell: cycle_prevu is its number in its period (table perimetre), from 0, and lasts cycle_prevu_s seconds.

WITH reunies AS (
    SELECT
        guichet_id,
        demarche_id,
        mois,
        consultation_id,
        debut_utc,
        MIN(departement) AS departement,
        COUNT(*) FILTER (WHERE debut_consigne) AS debuts_consignes,
        MIN(instant_utc) AS instant_utc,
        MAX(dernier_utc) AS dernier_utc,
        MIN(prevue_utc) AS prevue_utc,
        MIN(jour) AS jour,
        MIN(semaine_iso) AS semaine_iso,
        MIN(jour_heure) AS jour_heure,
        SUM(CAST(lignes AS BIGINT)) AS lignes,
        MAX(essais) AS essais,
        COUNT(*) AS plannings,
        COUNT(*) FILTER (WHERE reponse = 'oui') AS offres,
        COUNT(*) FILTER (WHERE reponse = 'non') AS refus,
        COUNT(*) FILTER (WHERE reponse <> 'inconnue') AS plannings_repondus,
        COUNT(*) FILTER (WHERE reponse IN ('oui', 'non') AND planning_id = '') AS services_repondus,
        COUNT(*) FILTER (WHERE reponse = 'inconnue' AND planning_id = '') AS services_muets,
        COUNT(*) FILTER (WHERE planning_id <> '') AS plannings_nommes,
        COUNT(*) FILTER (WHERE reponse = 'inconnue' AND planning_id <> '') AS plannings_muets,
        MIN(CASE WHEN reponse = 'inconnue' THEN rang END) AS rang_inconnu,
        MIN(CASE WHEN reponse = 'hors_champ' THEN rang END) AS rang_hors_champ,
        SUM(CAST(creneaux AS BIGINT)) AS creneaux,
        MIN(horizon_jours) AS horizon_jours
    FROM plannings_consultes
    GROUP BY guichet_id, demarche_id, mois, consultation_id, debut_utc
),

attendues AS (
    SELECT r.guichet_id, r.demarche_id, r.mois, r.consultation_id, r.debut_utc, a.planning_id
    FROM reunies AS r
    INNER JOIN plannings_attendus AS a
        ON r.guichet_id = a.guichet_id AND r.demarche_id = a.demarche_id
    WHERE r.instant_utc >= a.debut_utc AND r.instant_utc < a.fin_utc
),

comptees AS (
    SELECT
        a.guichet_id,
        a.demarche_id,
        a.mois,
        a.consultation_id,
        a.debut_utc,
        COUNT(*) AS plannings_attendus,
        COUNT(*) FILTER (WHERE p.planning_id IS NULL) AS plannings_absents
    FROM attendues AS a
    LEFT JOIN plannings_consultes AS p
        ON a.guichet_id = p.guichet_id AND a.demarche_id = p.demarche_id AND a.mois = p.mois
            AND a.consultation_id = p.consultation_id AND a.debut_utc = p.debut_utc AND a.planning_id = p.planning_id
    GROUP BY a.guichet_id, a.demarche_id, a.mois, a.consultation_id, a.debut_utc
),

-- When it was to be made, where the log says so, and when it was: each gives a cycle.
moments AS (
    SELECT guichet_id, demarche_id, mois, consultation_id, debut_utc, jour, instant_utc, prevue_utc AS moment_utc, TRUE AS du_plan
    FROM reunies
    WHERE prevue_utc IS NOT NULL
    UNION ALL
    SELECT guichet_id, demarche_id, mois, consultation_id, debut_utc, jour, instant_utc, instant_utc AS moment_utc, FALSE AS du_plan
    FROM reunies
),

comptes AS (
    SELECT
        m.guichet_id,
        m.demarche_id,
        m.mois,
        m.consultation_id,
        m.debut_utc,
        m.jour,
        m.du_plan,
        EXTRACT(EPOCH FROM m.instant_utc) AS regard_s,
        p.fuseau,
        p.debut_utc AS periode_utc,
        p.cadence_s AS cadence_entiere_s,
        EXTRACT(EPOCH FROM p.premier_cycle_utc) AS premier_s,
        EXTRACT(EPOCH FROM p.fin_utc) AS fin_s,
        CAST(p.cadence_s AS DOUBLE) AS cadence_s,
        CAST(FLOOR(
            (EXTRACT(EPOCH FROM m.moment_utc) - EXTRACT(EPOCH FROM p.premier_cycle_utc) + CAST(p.avance_s AS DOUBLE))
            / CAST(NULLIF(p.cadence_s, 0) AS DOUBLE)
        ) AS DOUBLE) AS numero_compte
    FROM moments AS m
    INNER JOIN perimetre AS p
        ON m.guichet_id = p.guichet_id AND m.demarche_id = p.demarche_id
    WHERE m.moment_utc >= p.debut_utc AND m.moment_utc < p.fin_utc
),

-- Early for a cycle that the period does not have: that is the last one still.
cycles_du_moment AS (
    SELECT
        *,
        CASE WHEN premier_s + numero_compte * cadence_s >= fin_s THEN numero_compte - 1.0 ELSE numero_compte END AS numero
    FROM comptes
),

-- The cycle for which it was to be made, where that is of the same month or goes on at the look, and the look was at most one
-- interval early or late: what was made up for long after says nothing of that time.
par_plan AS (
    SELECT
        c.guichet_id,
        c.demarche_id,
        c.mois,
        c.consultation_id,
        c.debut_utc,
        c.periode_utc,
        c.premier_s,
        c.fin_s,
        c.cadence_s,
        c.numero
    FROM cycles_du_moment AS c
    INNER JOIN jours_fuseaux AS j
        ON c.fuseau = j.fuseau AND c.jour = j.jour
    WHERE c.du_plan
        AND c.premier_s + c.numero * c.cadence_s < EXTRACT(EPOCH FROM j.fin_mois_utc)
        AND (c.premier_s + c.numero * c.cadence_s >= EXTRACT(EPOCH FROM j.debut_mois_utc)
            OR (c.premier_s + (c.numero + 1.0) * c.cadence_s > c.regard_s AND c.fin_s > c.regard_s))
        AND c.premier_s + (c.numero - 1.0) * c.cadence_s <= c.regard_s
        AND c.premier_s + (c.numero + 2.0) * c.cadence_s > c.regard_s
),

-- The cycle in which it fell, and the interval that the schedule expected then.
par_regard AS (
    SELECT *
    FROM cycles_du_moment
    WHERE NOT du_plan
),

situees AS (
    SELECT
        r.*,
        COALESCE(c.plannings_attendus, 0) AS plannings_attendus,
        COALESCE(c.plannings_absents, 0) AS plannings_absents,
        -- The service as a whole says that there is one or none for all its plannings; that it is out of scope, only where
        -- it was asked for nothing else. That it was silent is made up for by answers of all plannings that were expected, and
        -- by none of one that was not.
        r.plannings_muets = 0 AND r.plannings_repondus > 0
            AND (r.services_repondus > 0 OR r.plannings_nommes = 0 OR COALESCE(c.plannings_absents, 0) = 0)
            AND (r.services_muets = 0 OR COALESCE(c.plannings_attendus, 0) > 0)
            AS complete,
        v.cadence_entiere_s AS cadence_s,
        COALESCE(p.periode_utc, v.periode_utc) AS periode_utc,
        COALESCE(p.premier_s, v.premier_s) AS premier_s,
        COALESCE(p.fin_s, v.fin_s) AS fin_s,
        COALESCE(p.cadence_s, v.cadence_s) AS cadence_du_cycle_s,
        -- Below 0 before the first cycle of a period: none.
        COALESCE(p.numero, v.numero) AS cycle_prevu
    FROM reunies AS r
    LEFT JOIN comptees AS c
        ON r.guichet_id = c.guichet_id AND r.demarche_id = c.demarche_id AND r.mois = c.mois
            AND r.consultation_id = c.consultation_id AND r.debut_utc = c.debut_utc
    LEFT JOIN par_plan AS p
        ON r.guichet_id = p.guichet_id AND r.demarche_id = p.demarche_id AND r.mois = p.mois
            AND r.consultation_id = p.consultation_id AND r.debut_utc = p.debut_utc
    LEFT JOIN par_regard AS v
        ON r.guichet_id = v.guichet_id AND r.demarche_id = v.demarche_id AND r.mois = v.mois
            AND r.consultation_id = v.consultation_id AND r.debut_utc = v.debut_utc
),

jugees AS (
    SELECT
        s.*,
        CASE
            WHEN s.offres > 0 THEN 'rdv_propose'
            WHEN s.complete AND s.refus > 0 THEN 'aucun_rdv'
            WHEN s.complete THEN h.issue
            ELSE COALESCE(i.issue, 'incomplete')
        END AS issue
    FROM situees AS s
    LEFT JOIN issues AS h
        ON s.rang_hors_champ = h.rang
    LEFT JOIN issues AS i
        ON s.rang_inconnu = i.rang
),

dates AS (
    SELECT guichet_id, demarche_id, mois, consultation_id, debut_utc, delai_jours AS delai
    FROM plannings_consultes
    WHERE delai_jours IS NOT NULL
    UNION ALL
    SELECT guichet_id, demarche_id, mois, consultation_id, debut_utc, deuxieme_delai_jours AS delai
    FROM plannings_consultes
    WHERE deuxieme_delai_jours IS NOT NULL
),

-- Every date that any planning offered, in days from the attempt; the two nearest are those of the consultation. One
-- numbering for a service, and not one per consultation, which would cost ten times as much: the dates of a consultation
-- have successive places, and the second nearest is the one after the first.
dates_rangees AS (
    SELECT
        *,
        ROW_NUMBER() OVER (
            PARTITION BY guichet_id, demarche_id
            ORDER BY mois, consultation_id, debut_utc, delai
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
        MIN(delai) AS delai_jours,
        MIN(place) + 1 AS place_suivante,
        COUNT(*) AS nombre
    FROM dates_rangees
    GROUP BY guichet_id, demarche_id, mois, consultation_id, debut_utc
),

deux_dates AS (
    SELECT p.*, CASE WHEN p.nombre >= 2 THEN s.delai END AS deuxieme_delai_jours
    FROM premieres_dates AS p
    LEFT JOIN dates_rangees AS s
        ON p.guichet_id = s.guichet_id AND p.demarche_id = s.demarche_id AND p.place_suivante = s.place
)

SELECT
    r.guichet_id,
    r.demarche_id,
    r.departement,
    r.consultation_id,
    r.debut_utc,
    r.debuts_consignes > 0 AS debut_consigne,
    r.instant_utc,
    r.dernier_utc,
    r.prevue_utc,
    r.jour,
    r.semaine_iso,
    r.mois,
    CAST(FLOOR(CAST(r.jour_heure - r.jour_heure % 100 AS DOUBLE) / 100.0 + 0.5) AS INTEGER) % 10 AS jour_semaine,
    r.jour_heure % 100 AS heure,
    r.cadence_s,
    CASE WHEN r.cycle_prevu >= 0.0 THEN r.periode_utc END AS periode_utc,
    CASE WHEN r.cycle_prevu >= 0.0 THEN CAST(r.cycle_prevu AS BIGINT) END AS cycle_prevu,
    CASE
        WHEN r.cycle_prevu >= 0.0 AND r.premier_s + (r.cycle_prevu + 1.0) * r.cadence_du_cycle_s <= r.fin_s
            THEN CAST(r.cadence_du_cycle_s AS BIGINT)
        WHEN r.cycle_prevu >= 0.0
            THEN CAST(FLOOR(r.fin_s - r.premier_s - r.cycle_prevu * r.cadence_du_cycle_s + 0.5) AS BIGINT)
    END AS cycle_prevu_s,
    j.negatifs_consignes,
    r.lignes,
    r.essais,
    r.plannings,
    r.plannings_attendus,
    r.plannings_repondus,
    r.plannings_absents,
    r.complete,
    r.issue,
    i.reponse,
    r.creneaux,
    r.horizon_jours,
    d.delai_jours,
    d.deuxieme_delai_jours,
    CASE
        WHEN i.reponse = 'non' THEN 'aucune_date'
        WHEN i.reponse <> 'oui' THEN NULL
        WHEN d.delai_jours IS NULL THEN 'date_non_lue'
        WHEN d.delai_jours <= m.delai_court_jours AND d.deuxieme_delai_jours <= m.delai_court_jours
            THEN 'deux_dates_sous_30_jours'
        WHEN d.delai_jours <= m.delai_court_jours THEN 'une_date_sous_30_jours'
        WHEN d.delai_jours <= m.delai_long_jours THEN 'entre_30_et_60_jours'
        ELSE 'au_dela_de_60_jours'
    END AS classe_delai
FROM jugees AS r
CROSS JOIN parametres AS m
INNER JOIN issues AS i
    ON r.issue = i.issue
LEFT JOIN deux_dates AS d
    ON r.guichet_id = d.guichet_id AND r.demarche_id = d.demarche_id AND r.mois = d.mois
        AND r.consultation_id = d.consultation_id AND r.debut_utc = d.debut_utc
LEFT JOIN calendrier AS j
    ON r.guichet_id = j.guichet_id AND r.demarche_id = j.demarche_id AND r.jour = j.jour
