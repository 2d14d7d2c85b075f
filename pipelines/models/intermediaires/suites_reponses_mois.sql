-- Runs of the same answer of one service within a local month: consecutive answers « yes », or « no », without a silence.
--
-- « Yes » is an answer even where some planning did not answer: an appointment was seen, and it ends a drought. « No » is
-- one only where every planning said so. A silence is more than three expected intervals between two answers that follow
-- each other, whatever the reason (no attempt, block, captcha, error); where the interval changes between them, each stretch of
-- time counts by its own. Consultations without an answer belong to the run
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
        -- Of one instant an offer comes last: no two droughts then begin at one.
        ROW_NUMBER() OVER (
            PARTITION BY guichet_id, demarche_id, mois
            ORDER BY instant_utc, CASE WHEN reponse = 'oui' THEN 1 ELSE 0 END, consultation_id, debut_utc
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
        CAST(FLOOR(EXTRACT(EPOCH FROM instant_utc) - EXTRACT(EPOCH FROM precedent_utc) + 0.5) AS DOUBLE) AS ecart_s,
        -- 0 outside the schedule.
        COALESCE(cadence_s, 0) <> COALESCE(cadence_precedente, 0) AS cadence_change
    FROM reponses
),

-- Where the interval is another one at the second of two answers: the seconds of each period between them.
partages AS (
    SELECT
        e.guichet_id,
        e.demarche_id,
        e.mois,
        e.rang,
        e.ecart_s,
        CAST(p.cadence_s AS DOUBLE) AS cadence_s,
        EXTRACT(EPOCH FROM CASE WHEN p.fin_utc < e.instant_utc THEN p.fin_utc ELSE e.instant_utc END)
            - EXTRACT(EPOCH FROM CASE WHEN p.debut_utc > e.precedent_utc THEN p.debut_utc ELSE e.precedent_utc END) AS part_s
    FROM ecarts AS e
    INNER JOIN perimetre AS p
        ON e.guichet_id = p.guichet_id AND e.demarche_id = p.demarche_id
    WHERE e.cadence_change AND p.debut_utc < e.instant_utc AND p.fin_utc > e.precedent_utc
),

-- Each second uses up its share of the limit that holds then, in millionths.
usures AS (
    SELECT
        guichet_id,
        demarche_id,
        mois,
        rang,
        SUM(CAST(FLOOR(part_s * 1000000.0 / NULLIF(3.5 * cadence_s, CAST(0 AS DOUBLE)) + 0.5) AS BIGINT))
            + CAST(FLOOR(
                (MIN(ecart_s) - CAST(SUM(CAST(FLOOR(part_s + 0.5) AS BIGINT)) AS DOUBLE)) * 1000000.0 / 86400.0 + 0.5
            ) AS BIGINT) AS usure
    FROM partages
    GROUP BY guichet_id, demarche_id, mois, rang
),

etapes AS (
    SELECT
        e.guichet_id,
        e.demarche_id,
        e.departement,
        e.mois,
        e.instant_utc,
        e.jour,
        e.jour_semaine,
        e.heure,
        e.cadence_s,
        e.reponse,
        e.repondue,
        e.rang,
        CASE
            WHEN e.precedent_utc IS NULL OR e.reponse <> e.reponse_precedente THEN 1
            WHEN e.cadence_change AND u.usure < 1000000 THEN 0
            WHEN e.cadence_change THEN 1
            -- Rounded to whole intervals, as for the gaps; outside the schedule no interval is known, and a day stands in.
            WHEN e.cadence_s IS NULL AND e.ecart_s <= 86400.0 THEN 0
            WHEN e.cadence_s IS NOT NULL AND e.ecart_s < 3.5 * CAST(e.cadence_s AS DOUBLE) THEN 0
            ELSE 1
        END AS debute
    FROM ecarts AS e
    LEFT JOIN usures AS u
        ON e.guichet_id = u.guichet_id AND e.demarche_id = u.demarche_id AND e.mois = u.mois AND e.rang = u.rang
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
    MIN(CASE WHEN debute = 1 THEN cadence_s END) AS cadence_debut_s,
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
