-- One row per run without a proposal: the answers « no » of a service between two answers « yes » that follow each other.
--
-- Gaps and islands over the runs of the table suites_reponses: the number of « yes » runs so far is the island's number, so
-- each island holds one (but the first) and all that came before the next. What nobody saw interrupts what was observed, and
-- never what is possible: each « no » run is an observed stretch of one possible run.
--
-- Days, weeks and windows of seven days are those of the local dates from the first « no » to the last. Every « no » of these
-- dates is one of the run: the « yes » that bound it stand outside, and its first and last « no » on the first and last date.

WITH numerotees AS (
    SELECT
        *,
        SUM(CAST(CASE WHEN reponse = 'oui' THEN 1 ELSE 0 END AS BIGINT)) OVER (
            PARTITION BY guichet_id, demarche_id
            ORDER BY numero
        ) AS ile
    FROM suites_reponses
),

iles AS (
    SELECT
        guichet_id,
        demarche_id,
        ile,
        MIN(departement) AS departement,
        MIN(premiere_utc) AS premiere_utc,
        MAX(derniere_utc) AS derniere_utc,
        MIN(CASE WHEN reponse = 'oui' THEN debut_utc END) AS oui_debut_utc,
        MAX(CASE WHEN reponse = 'oui' THEN fin_utc END) AS oui_avant_utc,
        MIN(CASE WHEN reponse = 'non' THEN debut_utc END) AS debut_utc,
        MAX(CASE WHEN reponse = 'non' THEN fin_utc END) AS fin_utc,
        MIN(CASE WHEN reponse = 'non' THEN premier_jour END) AS premier_jour,
        MAX(CASE WHEN reponse = 'non' THEN dernier_jour END) AS dernier_jour,
        SUM(CAST(CASE WHEN reponse = 'non' THEN reponses ELSE 0 END AS BIGINT)) AS non,
        -- What came between two « yes » of one run is no part of what follows the last.
        SUM(CAST(CASE WHEN reponse = 'oui' THEN inconnues_apres ELSE inconnues END AS BIGINT)) AS inconnues,
        SUM(CAST(CASE WHEN reponse = 'oui' THEN hors_champ_apres ELSE hors_champ END AS BIGINT)) AS hors_champ
    FROM numerotees
    GROUP BY guichet_id, demarche_id, ile
),

bornees AS (
    SELECT
        *,
        LEAD(oui_debut_utc) OVER (PARTITION BY guichet_id, demarche_id ORDER BY ile) AS oui_apres_utc
    FROM iles
),

-- Days as numbers, from 1 January 1970 on: it was a Thursday, and a number plus 3 is a multiple of 7 on Mondays.
penuries_numerotees AS (
    SELECT
        *,
        ROW_NUMBER() OVER (PARTITION BY guichet_id, demarche_id ORDER BY ile) AS rang,
        CAST(FLOOR(EXTRACT(EPOCH FROM CAST(premier_jour AS TIMESTAMP)) / 86400.0 + 0.5) AS BIGINT) AS premier_numero,
        CAST(FLOOR(EXTRACT(EPOCH FROM CAST(dernier_jour AS TIMESTAMP)) / 86400.0 + 0.5) AS BIGINT) AS dernier_numero
    FROM bornees
    WHERE non >= 2
),

jours AS (
    SELECT
        guichet_id,
        demarche_id,
        CAST(FLOOR(EXTRACT(EPOCH FROM CAST(jour AS TIMESTAMP)) / 86400.0 + 0.5) AS BIGINT) AS numero,
        non,
        pannes_partagees
    FROM issues_jour
    WHERE non > 0 OR pannes_partagees > 0
),

-- The last run that began before a day is the only one that the day can belong to, but for those that begin on it.
echeances AS (
    SELECT guichet_id, demarche_id, premier_numero AS numero, 1 AS debute, 0 AS non, 0 AS pannes_partagees
    FROM penuries_numerotees
    UNION ALL
    SELECT guichet_id, demarche_id, numero, 0 AS debute, non, pannes_partagees
    FROM jours
),

reparties AS (
    SELECT
        *,
        SUM(CAST(debute AS BIGINT)) OVER (PARTITION BY guichet_id, demarche_id ORDER BY numero, debute) AS rang
    FROM echeances
),

jours_des_penuries AS (
    SELECT p.guichet_id, p.demarche_id, p.ile, p.premier_numero, j.numero, j.non, j.pannes_partagees
    FROM penuries_numerotees AS p
    INNER JOIN jours AS j
        ON p.guichet_id = j.guichet_id AND p.demarche_id = j.demarche_id AND p.premier_numero = j.numero
    UNION ALL
    SELECT p.guichet_id, p.demarche_id, p.ile, p.premier_numero, r.numero, r.non, r.pannes_partagees
    FROM penuries_numerotees AS p
    INNER JOIN reparties AS r
        ON p.guichet_id = r.guichet_id AND p.demarche_id = r.demarche_id AND p.rang = r.rang
    WHERE r.debute = 0 AND r.numero <= p.dernier_numero
),

-- The Monday of its week and the first day of its window stand for them.
situes AS (
    SELECT
        *,
        numero - (numero + 3) % 7 AS semaine,
        numero - (numero - premier_numero) % 7 AS fenetre
    FROM jours_des_penuries
),

datees AS (
    SELECT
        guichet_id,
        demarche_id,
        ile,
        COUNT(*) FILTER (WHERE non > 0) AS jours_avec_non,
        COUNT(DISTINCT CASE WHEN non > 0 THEN semaine END) AS semaines_avec_non,
        COUNT(DISTINCT CASE WHEN non > 0 THEN fenetre END) AS fenetres_7_jours,
        SUM(CAST(pannes_partagees AS BIGINT)) AS pannes_partagees,
        COUNT(*) FILTER (WHERE pannes_partagees > 0) AS jours_avec_panne,
        COUNT(DISTINCT CASE WHEN pannes_partagees > 0 THEN semaine END) AS semaines_avec_panne,
        COUNT(DISTINCT CASE WHEN pannes_partagees > 0 THEN fenetre END) AS fenetres_avec_panne
    FROM situes
    GROUP BY guichet_id, demarche_id, ile
),

troncons AS (
    SELECT
        *,
        CAST(FLOOR(EXTRACT(EPOCH FROM fin_utc) - EXTRACT(EPOCH FROM debut_utc) + 0.5) AS BIGINT) AS duree_s
    FROM numerotees
    WHERE reponse = 'non'
),

classes AS (
    SELECT
        *,
        COUNT(*) OVER (PARTITION BY guichet_id, demarche_id, ile) - 1 AS interruptions,
        -- The longest first, and of equal ones the earliest.
        ROW_NUMBER() OVER (PARTITION BY guichet_id, demarche_id, ile ORDER BY 0 - duree_s, numero) AS place
    FROM troncons
),

champs AS (
    SELECT
        guichet_id,
        demarche_id,
        MIN(debut_utc) AS champ_debut_utc,
        MAX(fin_utc) AS champ_fin_utc,
        -- Where it goes on: the moment of which the version speaks, and the interval that is expected then.
        MAX(CASE WHEN ouverte THEN fin_utc END) AS arret_utc,
        MIN(CASE WHEN ouverte THEN cadence_s END) AS cadence_s
    FROM perimetre
    GROUP BY guichet_id, demarche_id
),

completes AS (
    SELECT
        b.*,
        t.debut_utc AS constatee_debut_utc,
        t.fin_utc AS constatee_fin_utc,
        t.reponses AS constatee_non,
        t.duree_s AS duree_constatee_s,
        t.interruptions,
        -- The scope's two ends, or the attempts made outside it.
        CASE
            WHEN b.oui_avant_utc IS NOT NULL THEN b.oui_avant_utc
            WHEN c.champ_debut_utc < b.premiere_utc THEN c.champ_debut_utc
            ELSE b.premiere_utc
        END AS possible_debut_utc,
        CASE
            WHEN b.oui_apres_utc IS NOT NULL THEN b.oui_apres_utc
            WHEN c.champ_fin_utc > b.derniere_utc THEN c.champ_fin_utc
            ELSE b.derniere_utc
        END AS possible_fin_utc,
        b.oui_avant_utc IS NULL AS commence_avant,
        b.oui_apres_utc IS NULL AS finit_apres,
        -- Not what is over because nobody looks any more, nor what nobody has seen for longer than interrupts a run, or for a day:
        -- a version speaks of the hour at which it is made, and logs come once a day.
        b.oui_apres_utc IS NULL AND COALESCE(
            CAST(FLOOR(EXTRACT(EPOCH FROM c.arret_utc) - EXTRACT(EPOCH FROM b.fin_utc) + 0.5) AS DOUBLE)
                < CASE WHEN 7 * c.cadence_s < 172800 THEN CAST(86400 AS DOUBLE) ELSE 3.5 * CAST(c.cadence_s AS DOUBLE) END,
            FALSE
        ) AS en_cours
    FROM penuries_numerotees AS b
    INNER JOIN classes AS t
        ON b.guichet_id = t.guichet_id AND b.demarche_id = t.demarche_id AND b.ile = t.ile
    LEFT JOIN champs AS c
        ON b.guichet_id = c.guichet_id AND b.demarche_id = c.demarche_id
    WHERE t.place = 1
)

SELECT
    c.guichet_id,
    c.demarche_id,
    c.departement,
    c.debut_utc,
    c.fin_utc,
    CAST(FLOOR(EXTRACT(EPOCH FROM c.fin_utc) - EXTRACT(EPOCH FROM c.debut_utc) + 0.5) AS BIGINT) AS etendue_s,
    c.possible_debut_utc,
    c.possible_fin_utc,
    CAST(FLOOR(EXTRACT(EPOCH FROM c.possible_fin_utc) - EXTRACT(EPOCH FROM c.possible_debut_utc) + 0.5) AS BIGINT)
        AS duree_possible_s,
    c.constatee_debut_utc,
    c.constatee_fin_utc,
    c.duree_constatee_s,
    c.constatee_non,
    c.non + c.inconnues + c.hors_champ AS consultations,
    c.non,
    c.inconnues,
    c.hors_champ,
    j.jours_avec_non,
    j.semaines_avec_non,
    j.fenetres_7_jours,
    j.pannes_partagees,
    j.jours_avec_panne,
    j.semaines_avec_panne,
    j.fenetres_avec_panne,
    c.interruptions,
    c.commence_avant,
    c.finit_apres,
    c.en_cours
FROM completes AS c
INNER JOIN datees AS j
    ON c.guichet_id = j.guichet_id AND c.demarche_id = j.demarche_id AND c.ile = j.ile
