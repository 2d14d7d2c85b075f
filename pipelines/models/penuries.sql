-- One row per run without a proposal: the answers « no » of a service between two answers « yes » that follow each other.
--
-- Gaps and islands: the number of « yes » so far is the island's number, so each island holds one « yes » (but the first)
-- and all that came before the next. What nobody saw interrupts what is certain, and never what is possible: two « no »
-- with more than three expected intervals between them, whatever the reason (no attempt, block, captcha, error), are two
-- certain stretches of one possible run.

WITH serie AS (
    SELECT
        *,
        ROW_NUMBER() OVER (
            PARTITION BY guichet_id, demarche_id
            ORDER BY instant_utc, consultation_id, essai
        ) AS rang
    FROM consultations
),

numerotees AS (
    SELECT
        *,
        SUM(CASE WHEN reponse = 'oui' THEN 1 ELSE 0 END) OVER (
            PARTITION BY guichet_id, demarche_id
            ORDER BY rang
        ) AS ile
    FROM serie
),

iles AS (
    SELECT
        guichet_id,
        demarche_id,
        ile,
        MIN(departement) AS departement,
        MIN(instant_utc) AS premiere_utc,
        MAX(instant_utc) AS derniere_utc,
        MIN(CASE WHEN reponse = 'oui' THEN instant_utc END) AS oui_avant_utc,
        MIN(CASE WHEN reponse = 'non' THEN instant_utc END) AS debut_utc,
        MAX(CASE WHEN reponse = 'non' THEN instant_utc END) AS fin_utc,
        COUNT(*) FILTER (WHERE reponse <> 'oui') AS tentatives,
        COUNT(*) FILTER (WHERE reponse = 'non') AS tentatives_non,
        COUNT(*) FILTER (WHERE reponse = 'inconnue') AS inconnues,
        COUNT(*) FILTER (WHERE reponse = 'hors_champ') AS hors_champ,
        COUNT(DISTINCT CASE WHEN reponse = 'non' THEN jour END) AS jours_avec_non,
        COUNT(DISTINCT CASE WHEN reponse = 'non' THEN semaine_iso END) AS semaines_avec_non
    FROM numerotees
    GROUP BY guichet_id, demarche_id, ile
),

bornees AS (
    SELECT
        *,
        LEAD(oui_avant_utc) OVER (PARTITION BY guichet_id, demarche_id ORDER BY ile) AS oui_apres_utc
    FROM iles
),

refus AS (
    SELECT
        guichet_id,
        demarche_id,
        ile,
        rang,
        instant_utc,
        LAG(instant_utc) OVER (PARTITION BY guichet_id, demarche_id, ile ORDER BY rang) AS precedent_utc,
        LAG(cadence_min) OVER (PARTITION BY guichet_id, demarche_id, ile ORDER BY rang) AS cadence_min
    FROM numerotees
    WHERE reponse = 'non'
),

ecarts AS (
    SELECT
        *,
        FLOOR((EXTRACT(EPOCH FROM instant_utc) - EXTRACT(EPOCH FROM precedent_utc)) * 1000.0 + 0.5) / 60000.0
            AS ecart_min
    FROM refus
),

coupes AS (
    SELECT
        *,
        CASE
            WHEN precedent_utc IS NULL THEN 0
            -- Rounded to whole intervals, as for the gaps; outside the schedule no interval is known, and a day stands in.
            WHEN cadence_min IS NULL AND ecart_min <= 1440.0 THEN 0
            WHEN cadence_min IS NOT NULL AND FLOOR(ecart_min / cadence_min + 0.5) <= 3.0 THEN 0
            ELSE 1
        END AS coupure
    FROM ecarts
),

numeros AS (
    SELECT
        *,
        SUM(coupure) OVER (PARTITION BY guichet_id, demarche_id, ile ORDER BY rang) AS troncon
    FROM coupes
),

troncons AS (
    SELECT
        guichet_id,
        demarche_id,
        ile,
        troncon,
        MIN(instant_utc) AS certaine_debut_utc,
        MAX(instant_utc) AS certaine_fin_utc,
        COUNT(*) AS certaine_tentatives_non,
        FLOOR((EXTRACT(EPOCH FROM MAX(instant_utc)) - EXTRACT(EPOCH FROM MIN(instant_utc))) * 1000.0 + 0.5)
            / 86400000.0 AS duree_certaine_jours
    FROM numeros
    GROUP BY guichet_id, demarche_id, ile, troncon
),

classes AS (
    SELECT
        *,
        COUNT(*) OVER (PARTITION BY guichet_id, demarche_id, ile) - 1 AS interruptions,
        -- The longest first, and of equal ones the earliest.
        ROW_NUMBER() OVER (
            PARTITION BY guichet_id, demarche_id, ile
            ORDER BY 0.0 - duree_certaine_jours, certaine_debut_utc
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
        t.certaine_debut_utc,
        t.certaine_fin_utc,
        t.certaine_tentatives_non,
        t.duree_certaine_jours,
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
    tentatives,
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
