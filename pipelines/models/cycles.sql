-- One row per service and month with a consultation: how many cycles, and how many cannot be what their log says.
--
-- Three things tell so. An id that names another cycle, where the log does not say when both began, or the two began less
-- than cycle_max_h apart (recommences). A cycle of which more than cycle_max_h lie between the first attempt and the last
-- (longs). A planning that one try asks twice (repetes). What the log does not name a cycle cannot be wrong about one.

WITH vus AS (
    SELECT
        guichet_id,
        demarche_id,
        mois,
        consultation_id,
        debut_utc,
        MIN(departement) AS departement,
        MAX(CASE WHEN debut_consigne THEN 1 ELSE 0 END) AS consigne,
        MIN(instant_utc) AS premier_utc,
        MAX(dernier_utc) AS dernier_utc,
        MAX(CASE WHEN lignes > essais THEN 1 ELSE 0 END) AS repete
    FROM plannings_consultes
    WHERE cycle_consigne
    GROUP BY guichet_id, demarche_id, mois, consultation_id, debut_utc
),

repris AS (
    SELECT guichet_id, demarche_id, mois, consultation_id
    FROM vus
    GROUP BY guichet_id, demarche_id, mois, consultation_id
    HAVING COUNT(*) > 1
),

nommes AS (
    SELECT v.guichet_id, v.demarche_id, v.mois, v.consultation_id, v.debut_utc, v.consigne
    FROM vus AS v
    INNER JOIN repris AS r
        ON v.guichet_id = r.guichet_id AND v.demarche_id = r.demarche_id
            AND v.mois = r.mois AND v.consultation_id = r.consultation_id
),

suivis AS (
    SELECT
        *,
        LAG(debut_utc) OVER (
            PARTITION BY guichet_id, demarche_id, mois, consultation_id
            ORDER BY debut_utc
        ) AS precedent_utc,
        LAG(consigne) OVER (
            PARTITION BY guichet_id, demarche_id, mois, consultation_id
            ORDER BY debut_utc
        ) AS precedent_consigne
    FROM nommes
),

juges AS (
    SELECT
        v.guichet_id,
        v.demarche_id,
        v.departement,
        v.mois,
        v.consultation_id,
        v.repete,
        CASE
            WHEN EXTRACT(EPOCH FROM v.dernier_utc) - EXTRACT(EPOCH FROM v.premier_utc)
                > CAST(p.cycle_max_h AS DOUBLE) * 3600.0 THEN 1
            ELSE 0
        END AS dure,
        CASE
            WHEN s.precedent_utc IS NULL THEN 0
            WHEN s.consigne = 0 OR s.precedent_consigne = 0 THEN 1
            WHEN EXTRACT(EPOCH FROM s.debut_utc) - EXTRACT(EPOCH FROM s.precedent_utc)
                < CAST(p.cycle_max_h AS DOUBLE) * 3600.0 THEN 1
            ELSE 0
        END AS recommence
    FROM vus AS v
    CROSS JOIN parametres AS p
    LEFT JOIN suivis AS s
        ON v.guichet_id = s.guichet_id AND v.demarche_id = s.demarche_id AND v.mois = s.mois
            AND v.consultation_id = s.consultation_id AND v.debut_utc = s.debut_utc
)

SELECT
    guichet_id,
    demarche_id,
    MIN(departement) AS departement,
    mois,
    COUNT(*) AS cycles,
    COUNT(*) FILTER (WHERE recommence + dure + repete > 0) AS douteux,
    COUNT(*) FILTER (WHERE recommence = 1) AS recommences,
    COUNT(*) FILTER (WHERE dure = 1) AS longs,
    COUNT(*) FILTER (WHERE repete = 1) AS repetes,
    MIN(CASE WHEN recommence + dure + repete > 0 THEN consultation_id END) AS exemple
FROM juges
GROUP BY guichet_id, demarche_id, mois
