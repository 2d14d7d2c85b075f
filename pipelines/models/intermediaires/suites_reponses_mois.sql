-- Runs of the same answer of one service within a local month: consecutive answers « yes », or « no », without a silence.
--
-- « Yes » is an answer even where some planning did not answer: an appointment was seen, and it ends a drought. « No » is
-- one only where every planning said so. A silence is more than three expected intervals between two answers that follow
-- each other, whatever the reason (no attempt, block, captcha, error). Consultations without an answer belong to the run
-- before them; those of a month before its first answer are a run of their own, number 0, with the answer « aucune ». The
-- table suites_reponses joins the months.

WITH serie AS (
    SELECT
        guichet_id,
        demarche_id,
        departement,
        mois,
        instant_utc,
        jour,
        jour_semaine,
        heure,
        cadence_s,
        reponse,
        reponse IN ('oui', 'non') AS repondue,
        ROW_NUMBER() OVER (
            PARTITION BY guichet_id, demarche_id, mois
            ORDER BY instant_utc, consultation_id, debut_utc
        ) AS rang
    FROM consultations
),

reponses AS (
    SELECT
        *,
        LAG(reponse) OVER (PARTITION BY guichet_id, demarche_id, mois ORDER BY rang) AS reponse_precedente,
        LAG(instant_utc) OVER (PARTITION BY guichet_id, demarche_id, mois ORDER BY rang) AS precedent_utc,
        LAG(cadence_s) OVER (PARTITION BY guichet_id, demarche_id, mois ORDER BY rang) AS cadence_precedente
    FROM serie
    WHERE repondue
),

ecarts AS (
    SELECT
        *,
        CAST(FLOOR(EXTRACT(EPOCH FROM instant_utc) - EXTRACT(EPOCH FROM precedent_utc) + 0.5) AS DOUBLE) AS ecart_s
    FROM reponses
),

etapes AS (
    SELECT
        guichet_id,
        demarche_id,
        departement,
        mois,
        instant_utc,
        jour,
        jour_semaine,
        heure,
        cadence_s,
        reponse,
        repondue,
        rang,
        CASE
            WHEN precedent_utc IS NULL OR reponse <> reponse_precedente THEN 1
            -- Rounded to whole intervals, as for the gaps; outside the schedule no interval is known, and a day stands in.
            WHEN cadence_precedente IS NULL AND ecart_s <= 86400.0 THEN 0
            WHEN cadence_precedente IS NOT NULL AND ecart_s < 3.5 * CAST(cadence_precedente AS DOUBLE) THEN 0
            ELSE 1
        END AS debute
    FROM ecarts
    UNION ALL
    SELECT
        guichet_id,
        demarche_id,
        departement,
        mois,
        instant_utc,
        jour,
        jour_semaine,
        heure,
        cadence_s,
        reponse,
        repondue,
        rang,
        0 AS debute
    FROM serie
    WHERE NOT repondue
),

numerotees AS (
    SELECT *, SUM(CAST(debute AS BIGINT)) OVER (PARTITION BY guichet_id, demarche_id, mois ORDER BY rang) AS numero
    FROM etapes
),

bornees AS (
    SELECT
        *,
        MAX(CASE WHEN repondue THEN rang ELSE 0 END) OVER (PARTITION BY guichet_id, demarche_id, mois, numero)
            AS dernier_rang
    FROM numerotees
)

SELECT
    guichet_id,
    demarche_id,
    MIN(departement) AS departement,
    mois,
    numero,
    COALESCE(MIN(CASE WHEN repondue THEN reponse END), 'aucune') AS reponse,
    MIN(CASE WHEN repondue THEN instant_utc END) AS debut_utc,
    MAX(CASE WHEN repondue THEN instant_utc END) AS fin_utc,
    MIN(CASE WHEN debute = 1 THEN jour_semaine END) AS jour_semaine,
    MIN(CASE WHEN debute = 1 THEN heure END) AS heure,
    MIN(CASE WHEN rang = dernier_rang THEN cadence_s END) AS cadence_s,
    COUNT(*) FILTER (WHERE repondue) AS reponses,
    COUNT(*) FILTER (WHERE reponse = 'inconnue') AS inconnues,
    COUNT(*) FILTER (WHERE reponse = 'hors_champ') AS hors_champ,
    COUNT(*) FILTER (WHERE reponse = 'inconnue' AND rang > dernier_rang) AS inconnues_apres,
    COUNT(*) FILTER (WHERE reponse = 'hors_champ' AND rang > dernier_rang) AS hors_champ_apres,
    MIN(CASE WHEN repondue THEN jour END) AS premier_jour,
    MAX(CASE WHEN repondue THEN jour END) AS dernier_jour,
    MIN(instant_utc) AS premiere_utc,
    MAX(instant_utc) AS derniere_utc
FROM bornees
GROUP BY guichet_id, demarche_id, mois, numero
