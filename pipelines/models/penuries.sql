-- One row per run without a proposal: the answers « no » of a service between two answers « yes » that follow each other.
--
-- Gaps and islands over the runs of the table suites_reponses: the number of « yes » runs so far is the island's number, so each
-- island holds one (but the first) and all that came before the next. What nobody saw interrupts what is certain, and
-- never what is possible: each « no » run is a certain stretch of one possible run.

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
        SUM(CAST(CASE WHEN reponse = 'non' THEN reponses ELSE 0 END AS BIGINT)) AS tentatives_non,
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

troncons AS (
    SELECT
        *,
        FLOOR((EXTRACT(EPOCH FROM fin_utc) - EXTRACT(EPOCH FROM debut_utc)) * 1000.0 + 0.5) / 86400000.0
            AS duree_certaine_jours,
        LAG(dernier_jour) OVER (PARTITION BY guichet_id, demarche_id, ile ORDER BY numero) AS jour_precedent,
        LAG(derniere_semaine) OVER (PARTITION BY guichet_id, demarche_id, ile ORDER BY numero) AS semaine_precedente
    FROM numerotees
    WHERE reponse = 'non'
),

classes AS (
    SELECT
        *,
        COUNT(*) OVER (PARTITION BY guichet_id, demarche_id, ile) - 1 AS interruptions,
        -- A day or a week that two stretches share counts once.
        SUM(CAST(jours - CASE WHEN premier_jour = jour_precedent THEN 1 ELSE 0 END AS BIGINT))
            OVER (PARTITION BY guichet_id, demarche_id, ile) AS jours_avec_non,
        SUM(CAST(semaines - CASE WHEN premiere_semaine = semaine_precedente THEN 1 ELSE 0 END AS BIGINT))
            OVER (PARTITION BY guichet_id, demarche_id, ile) AS semaines_avec_non,
        -- The longest first, and of equal ones the earliest.
        ROW_NUMBER() OVER (
            PARTITION BY guichet_id, demarche_id, ile
            ORDER BY 0.0 - duree_certaine_jours, numero
        ) AS place
    FROM troncons
),

champs AS (
    SELECT guichet_id, demarche_id, MIN(debut_utc) AS champ_debut_utc, MAX(fin_utc) AS champ_fin_utc
    FROM perimetre
    GROUP BY guichet_id, demarche_id
),

arret AS (
    SELECT MAX(fin_utc) AS arret_utc
    FROM perimetre
),

completes AS (
    SELECT
        b.*,
        t.debut_utc AS certaine_debut_utc,
        t.fin_utc AS certaine_fin_utc,
        t.reponses AS certaine_tentatives_non,
        t.duree_certaine_jours,
        t.jours_avec_non,
        t.semaines_avec_non,
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
        b.oui_apres_utc IS NULL AND COALESCE(c.champ_fin_utc >= a.arret_utc, FALSE) AS en_cours
    FROM bornees AS b
    CROSS JOIN arret AS a
    INNER JOIN classes AS t
        ON b.guichet_id = t.guichet_id AND b.demarche_id = t.demarche_id AND b.ile = t.ile
    LEFT JOIN champs AS c
        ON b.guichet_id = c.guichet_id AND b.demarche_id = c.demarche_id
    WHERE t.place = 1 AND b.tentatives_non >= 2
)

SELECT
    guichet_id,
    demarche_id,
    departement,
    debut_utc,
    fin_utc,
    possible_debut_utc,
    possible_fin_utc,
    FLOOR((EXTRACT(EPOCH FROM possible_fin_utc) - EXTRACT(EPOCH FROM possible_debut_utc)) * 1000.0 + 0.5)
        / 86400000.0 AS duree_possible_jours,
    duree_certaine_jours,
    certaine_debut_utc,
    certaine_fin_utc,
    certaine_tentatives_non,
    tentatives_non + inconnues + hors_champ AS tentatives,
    tentatives_non,
    inconnues,
    hors_champ,
    jours_avec_non,
    semaines_avec_non,
    interruptions,
    commence_avant,
    finit_apres,
    en_cours
FROM completes
