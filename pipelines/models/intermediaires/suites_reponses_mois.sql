-- Runs of the same answer of one service within a local month: consecutive answers « yes », or « no », without a silence.
--
-- « Yes » is an answer even where some planning did not answer: an appointment was seen, and it ends a drought. « No » is
-- one only where every planning said so. A silence is more than three expected intervals between two answers that follow
-- each other, whatever the reason (no attempt, block, captcha, error); each stretch of time between them counts by the
-- interval that was expected then. Consultations without an answer belong to the run
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
        LAG(instant_utc) OVER (PARTITION BY guichet_id, demarche_id, mois ORDER BY rang) AS precedent_utc
    FROM serie
    WHERE repondue
),

-- The shortest interval that a service ever had: below three and a half of these, and a day, nothing is a silence.
intervalles AS (
    SELECT guichet_id, demarche_id, CAST(MIN(cadence_s) AS DOUBLE) AS cadence_min_s
    FROM perimetre
    GROUP BY guichet_id, demarche_id
),

ecarts AS (
    SELECT
        r.*,
        CAST(FLOOR(EXTRACT(EPOCH FROM r.instant_utc) - EXTRACT(EPOCH FROM r.precedent_utc) + 0.5) AS DOUBLE) AS ecart_s,
        CASE WHEN 3.5 * i.cadence_min_s < 86401.0 THEN 3.5 * i.cadence_min_s ELSE CAST(86401 AS DOUBLE) END AS sans_doute_s
    FROM reponses AS r
    LEFT JOIN intervalles AS i
        ON r.guichet_id = i.guichet_id AND r.demarche_id = i.demarche_id
),

-- The seconds of each period between two answers, where there may be a silence.
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
    WHERE e.ecart_s >= e.sans_doute_s AND p.debut_utc < e.instant_utc AND p.fin_utc > e.precedent_utc
),

-- Each second uses up its share of the limit that holds then, in billionths: three and a half intervals, which are three rounded
-- to whole ones, or a day outside the schedule, and the second that roundings take.
usures AS (
    SELECT
        guichet_id,
        demarche_id,
        mois,
        rang,
        SUM(CAST(FLOOR(part_s * 1000000000.0 / NULLIF(3.5 * cadence_s, CAST(0 AS DOUBLE)) + 0.5) AS BIGINT))
            + CAST(FLOOR(
                (MIN(ecart_s) - CAST(SUM(CAST(FLOOR(part_s + 0.5) AS BIGINT)) AS DOUBLE)) * 1000000000.0 / 86401.0 + 0.5
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
        e.reponse,
        e.repondue,
        e.rang,
        CASE
            WHEN e.precedent_utc IS NULL OR e.reponse <> e.reponse_precedente THEN 1
            WHEN e.ecart_s < e.sans_doute_s OR u.usure < 1000000000 THEN 0
            -- Wholly outside the schedule.
            WHEN u.usure IS NULL AND e.ecart_s < 86401.0 THEN 0
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
