-- One row per service, planning and stretch of time in which each cycle was to ask it. No two stretches of one planning meet.
--
-- The schedule says so (table plannings_declares) or, where it leaves that to the log, the log: from the first cycle in which
-- the planning answered on or, where plannings_fenetre_jours is not 0, as long as it answered within so many days before or
-- after.

WITH fuseaux AS (
    SELECT DISTINCT guichet_id, demarche_id, fuseau
    FROM plannings_declares
),

reponses AS (
    SELECT
        j.guichet_id,
        j.demarche_id,
        j.planning_id,
        f.fuseau,
        j.premier_utc,
        n.numero,
        m.plannings_fenetre_jours AS fenetre,
        LAG(n.numero) OVER (PARTITION BY j.guichet_id, j.demarche_id, j.planning_id ORDER BY j.jour) AS numero_precedent
    FROM plannings_jours AS j
    CROSS JOIN parametres AS m
    INNER JOIN plannings AS p
        ON j.guichet_id = p.guichet_id AND j.demarche_id = p.demarche_id AND j.planning_id = p.planning_id
    INNER JOIN fuseaux AS f
        ON j.guichet_id = f.guichet_id AND j.demarche_id = f.demarche_id
    INNER JOIN jours_fuseaux AS n
        ON f.fuseau = n.fuseau AND j.jour = n.jour
    WHERE p.attendu AND j.cycles_repondus > 0
),

numerotees AS (
    SELECT
        *,
        SUM(CAST(
            CASE
                WHEN fenetre = 0 AND numero_precedent IS NOT NULL THEN 0
                WHEN numero - numero_precedent <= 2 * fenetre THEN 0
                ELSE 1
            END AS BIGINT
        )) OVER (PARTITION BY guichet_id, demarche_id, planning_id ORDER BY numero) AS ile
    FROM reponses
),

iles AS (
    SELECT
        guichet_id,
        demarche_id,
        planning_id,
        MIN(fuseau) AS fuseau,
        MIN(premier_utc) AS premier_utc,
        MIN(fenetre) AS fenetre,
        MIN(numero) - MIN(fenetre) AS premier_numero,
        MAX(numero) + MIN(fenetre) + 1 AS numero_suivant
    FROM numerotees
    GROUP BY guichet_id, demarche_id, planning_id, ile
),

-- A day before the first that the grid meets, or after the last, has no instant: nothing is said beyond.
vus AS (
    SELECT
        i.guichet_id,
        i.demarche_id,
        i.planning_id,
        i.premier_utc,
        CASE WHEN i.fenetre = 0 THEN i.premier_utc ELSE d.debut_utc END AS debut_utc,
        CASE WHEN i.fenetre > 0 THEN f.debut_utc END AS fin_utc
    FROM iles AS i
    LEFT JOIN jours_fuseaux AS d
        ON i.fuseau = d.fuseau AND i.premier_numero = d.numero
    LEFT JOIN jours_fuseaux AS f
        ON i.fuseau = f.fuseau AND i.numero_suivant = f.numero
)

SELECT guichet_id, demarche_id, planning_id, debut_utc, fin_utc, 'calendrier' AS origine
FROM plannings_declares
WHERE planning_id <> '*'
UNION ALL
SELECT
    v.guichet_id,
    v.demarche_id,
    v.planning_id,
    CASE WHEN v.debut_utc > d.debut_utc THEN v.debut_utc ELSE d.debut_utc END AS debut_utc,
    CASE WHEN v.fin_utc < d.fin_utc THEN v.fin_utc ELSE d.fin_utc END AS fin_utc,
    'journal' AS origine
FROM vus AS v
INNER JOIN plannings_declares AS d
    ON v.guichet_id = d.guichet_id AND v.demarche_id = d.demarche_id
LEFT JOIN plannings_declares AS l
    ON d.guichet_id = l.guichet_id AND d.demarche_id = l.demarche_id AND d.debut_utc = l.debut_utc
        AND v.planning_id = l.planning_id
WHERE d.planning_id = '*' AND l.planning_id IS NULL AND v.premier_utc >= d.depuis_utc
    AND COALESCE(v.debut_utc, d.debut_utc) < d.fin_utc AND COALESCE(v.fin_utc, d.fin_utc) > d.debut_utc
