-- One row per interruption of measurement: detected in the attempts (incidents_suites), or known to the registry.
--
-- What other vantages got from the same services, while one was refused, says whether the refusal is aimed at it.

-- What was seen during a run of the incident, not during another of the same service that is none of it.
WITH vus AS (
    SELECT DISTINCT
        i.incident_id, r.guichet_id, r.demarche_id, r.mois, r.numero, r.temoin, r.lignes, r.lignes_repondues, r.echecs,
        r.pannes
    FROM incidents_suites AS i
    INNER JOIN regards AS r
        ON i.guichet_id = r.guichet_id AND i.demarche_id = r.demarche_id
            AND i.point_de_mesure = r.point_de_mesure AND i.systeme = r.systeme AND i.type = r.nature
    WHERE r.debut_utc >= i.debut_utc AND r.fin_utc <= i.fin_utc
),

temoins AS (
    SELECT
        incident_id, temoin,
        SUM(CAST(lignes AS BIGINT)) AS lignes,
        SUM(CAST(lignes_repondues AS BIGINT)) AS reponses,
        SUM(CAST(echecs AS BIGINT)) AS echecs,
        SUM(CAST(pannes AS BIGINT)) AS pannes
    FROM vus
    GROUP BY incident_id, temoin
),

autres AS (
    SELECT
        incident_id,
        SUM(CAST(lignes AS BIGINT)) AS autres_tentatives,
        SUM(CAST(reponses AS BIGINT)) AS autres_reponses,
        SUM(CAST(pannes AS BIGINT)) AS autres_pannes,
        COUNT(*) FILTER (WHERE 2 * reponses >= lignes) AS repondent,
        COUNT(*) FILTER (WHERE echecs > 0 AND 2 * pannes >= echecs) AS en_panne
    FROM temoins
    GROUP BY incident_id
),

bornes AS (
    SELECT incident_id, MIN(debut_utc) AS debut_utc, MAX(fin_utc) AS fin_utc
    FROM incidents_services
    GROUP BY incident_id
),

situes AS (
    SELECT
        s.incident_id, s.type, s.point_de_mesure, s.systeme, s.guichet_id, s.departement, s.tentatives, s.en_cours,
        s.possible_debut_utc, s.possible_fin_utc, b.debut_utc, b.fin_utc,
        s.debut_utc = b.debut_utc AS premier,
        s.fin_utc = b.fin_utc AS dernier
    FROM incidents_services AS s
    INNER JOIN bornes AS b
        ON s.incident_id = b.incident_id
),

-- The answer of one service says nothing of another: what is around an incident is what is around its first service and its
-- last, and of several the widest.
reunis AS (
    SELECT
        incident_id, type, point_de_mesure, systeme, debut_utc, fin_utc,
        CASE WHEN MIN(guichet_id) = MAX(guichet_id) THEN MIN(CASE WHEN type <> 'arret' THEN guichet_id END) END
            AS guichet_id,
        CASE
            WHEN MIN(departement) = MAX(departement) AND COUNT(departement) = COUNT(*)
                THEN MIN(CASE WHEN type <> 'arret' THEN departement END)
        END AS departement,
        CASE
            WHEN COUNT(*) FILTER (WHERE premier AND possible_debut_utc IS NULL) = 0
                THEN MIN(CASE WHEN premier THEN possible_debut_utc END)
        END AS possible_debut_utc,
        CASE
            WHEN COUNT(*) FILTER (WHERE dernier AND possible_fin_utc IS NULL) = 0
                THEN MAX(CASE WHEN dernier THEN possible_fin_utc END)
        END AS possible_fin_utc,
        COUNT(*) FILTER (WHERE dernier AND en_cours) > 0 AS en_cours,
        SUM(CAST(tentatives AS BIGINT)) AS tentatives,
        COUNT(*) AS services
    FROM situes
    GROUP BY incident_id, type, point_de_mesure, systeme, debut_utc, fin_utc
),

-- What was measured or touched, and when.
touches AS (
    SELECT guichet_id, departement, debut_utc, fin_utc FROM perimetre
    UNION ALL
    SELECT guichet_id, departement, debut_utc, fin_utc FROM situes
),

lieux AS (
    SELECT guichet_id, MIN(departement) AS departement, MIN(debut_utc) AS debut_utc, MAX(fin_utc) AS fin_utc
    FROM touches
    GROUP BY guichet_id
),

points AS (
    SELECT DISTINCT point_de_mesure AS point_mesure
    FROM refus
),

-- Events of the registry, and the counters of theirs that were measured meanwhile, by a vantage of theirs.
concernes AS (
    SELECT
        e.evenement_id, e.perimetre, e.point_de_mesure, e.debut, e.fin, l.guichet_id, l.departement,
        CASE WHEN e.type = 'robot' THEN 'arret' ELSE e.type END AS type,
        CASE WHEN e.perimetre = l.guichet_id THEN 1 WHEN e.perimetre = 'national' THEN 3 ELSE 2 END AS etendue
    FROM chronologie AS e
    CROSS JOIN lieux AS l
    LEFT JOIN points AS p
        ON e.point_de_mesure = p.point_mesure
    WHERE e.type IN ('blocage', 'captcha', 'robot')
        AND (e.perimetre = l.guichet_id
            OR e.perimetre = 'departement:' || l.departement
            OR (e.perimetre = 'national' AND l.departement <> '9Z'))
        AND (e.point_de_mesure IS NULL OR p.point_mesure IS NOT NULL)
        AND e.debut < l.fin_utc
        AND (e.fin IS NULL OR e.fin > l.debut_utc)
),

candidats AS (
    SELECT
        i.incident_id, e.evenement_id,
        ROW_NUMBER() OVER (
            PARTITION BY i.incident_id
            ORDER BY e.etendue, ABS(EXTRACT(EPOCH FROM e.debut) - EXTRACT(EPOCH FROM i.debut_utc)), e.evenement_id
        ) AS place
    FROM situes AS i
    INNER JOIN concernes AS e
        ON i.type = e.type AND i.guichet_id = e.guichet_id
    WHERE (e.point_de_mesure IS NULL OR e.point_de_mesure = i.point_de_mesure)
        AND e.debut <= i.fin_utc
        AND (e.fin IS NULL OR e.fin > i.debut_utc)
        -- The registry says many things of the robot: only an event that fits into the silence, to a day, is an outage.
        AND (i.type <> 'arret'
            OR (EXTRACT(EPOCH FROM e.debut) >= EXTRACT(EPOCH FROM i.debut_utc) - 86400.0
                AND EXTRACT(EPOCH FROM e.fin) <= EXTRACT(EPOCH FROM i.fin_utc) + 86400.0))
),

rapproches AS (
    SELECT incident_id, evenement_id AS chronologie_id
    FROM candidats
    WHERE place = 1
),

retrouves AS (
    SELECT chronologie_id, COUNT(*) AS detections
    FROM rapproches
    GROUP BY chronologie_id
),

registre AS (
    SELECT
        e.evenement_id, e.type, e.point_de_mesure, e.debut, e.fin,
        MIN(CASE WHEN e.etendue = 1 THEN e.guichet_id END) AS guichet_id,
        MIN(CASE WHEN e.etendue = 1 THEN e.departement ELSE REPLACE(e.perimetre, 'departement:', '') END)
            AS perimetre
    FROM concernes AS e
    GROUP BY e.evenement_id, e.type, e.point_de_mesure, e.debut, e.fin
),

tous AS (
    SELECT
        i.incident_id, 'detecte' AS origine, i.type, i.point_de_mesure, i.guichet_id, i.departement,
        i.debut_utc, i.fin_utc, r.chronologie_id,
        CAST(NULL AS BIGINT) AS detections
    FROM reunis AS i
    LEFT JOIN rapproches AS r
        ON i.incident_id = r.incident_id
    UNION ALL
    -- Of the registry's events of the robot, only those that were found.
    SELECT
        'registre-' || g.evenement_id AS incident_id, 'registre' AS origine, g.type, g.point_de_mesure, g.guichet_id,
        NULLIF(g.perimetre, 'national') AS departement,
        g.debut AS debut_utc, g.fin AS fin_utc, g.evenement_id AS chronologie_id,
        COALESCE(r.detections, 0) AS detections
    FROM registre AS g
    LEFT JOIN retrouves AS r
        ON g.evenement_id = r.chronologie_id
    WHERE g.type <> 'arret' OR r.detections > 0
)

SELECT
    t.incident_id, t.origine, t.type, t.point_de_mesure, i.systeme, t.guichet_id, t.departement,
    t.debut_utc, t.fin_utc, i.possible_debut_utc, i.possible_fin_utc, i.en_cours, t.chronologie_id, t.detections,
    -- Half a millisecond, so that no engine's rounding of instants takes a second away.
    CAST(FLOOR(EXTRACT(EPOCH FROM t.fin_utc) - EXTRACT(EPOCH FROM t.debut_utc) + 0.0005) AS BIGINT) AS duree_s,
    i.tentatives, i.services,
    CASE WHEN t.origine = 'detecte' THEN COALESCE(a.autres_tentatives, 0) END AS autres_tentatives,
    CASE WHEN t.origine = 'detecte' THEN COALESCE(a.autres_reponses, 0) END AS autres_reponses,
    CASE WHEN t.origine = 'detecte' THEN COALESCE(a.autres_pannes, 0) END AS autres_pannes,
    a.autres_reponses > 0 AS autre_point_repond,
    CASE
        WHEN t.origine = 'registre' OR t.type = 'arret' THEN NULL
        WHEN a.repondent > 0 THEN 'oui'
        WHEN a.en_panne > 0 THEN 'non'
        ELSE 'indetermine'
    END AS cible
FROM tous AS t
LEFT JOIN reunis AS i
    ON t.incident_id = i.incident_id
LEFT JOIN autres AS a
    ON t.incident_id = a.incident_id
