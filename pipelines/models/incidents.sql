-- One row per interruption of measurement: detected in the attempts (table incidents_services), or known to the registry.
--
-- What another vantage saw of the same services at the same time is what makes a refusal targeted.

WITH regards_des_autres AS (
    SELECT
        i.incident_id,
        SUM(CAST(r.lignes AS BIGINT)) AS autres_tentatives,
        SUM(CAST(r.lignes_repondues AS BIGINT)) AS autres_reponses
    FROM incidents_services AS i
    INNER JOIN regards AS r
        ON i.guichet_id = r.guichet_id AND i.demarche_id = r.demarche_id
    WHERE i.type <> 'arret' AND r.point_de_mesure <> i.point_de_mesure
        AND r.debut_utc >= i.debut_utc AND r.fin_utc <= i.fin_utc
    GROUP BY i.incident_id
),

reunis AS (
    SELECT
        incident_id,
        type,
        MIN(point_de_mesure) AS point_de_mesure,
        MIN(systeme) AS systeme,
        MIN(guichet_id) AS guichet_premier,
        MAX(guichet_id) AS guichet_dernier,
        MIN(departement) AS departement_premier,
        MAX(departement) AS departement_dernier,
        COUNT(*) FILTER (WHERE departement IS NULL) AS departements_inconnus,
        MIN(debut_utc) AS debut_utc,
        MAX(fin_utc) AS fin_utc,
        MAX(possible_debut_utc) AS possible_debut_utc,
        MIN(possible_fin_utc) AS possible_fin_utc,
        SUM(CAST(tentatives AS BIGINT)) AS tentatives,
        COUNT(*) AS services
    FROM incidents_services
    GROUP BY incident_id, type
),

detectes AS (
    SELECT
        d.incident_id,
        d.type,
        d.point_de_mesure,
        d.systeme,
        CASE WHEN d.type <> 'arret' AND d.guichet_premier = d.guichet_dernier THEN d.guichet_premier END AS guichet_id,
        CASE
            WHEN d.type <> 'arret' AND d.departement_premier = d.departement_dernier AND d.departements_inconnus = 0
                THEN d.departement_premier
        END AS departement,
        d.debut_utc,
        d.fin_utc,
        d.possible_debut_utc,
        d.possible_fin_utc,
        d.tentatives,
        d.services,
        COALESCE(a.autres_tentatives, 0) AS autres_tentatives,
        COALESCE(a.autres_reponses, 0) AS autres_reponses,
        CASE WHEN a.autres_tentatives > 0 THEN a.autres_reponses > 0 END AS autre_point_repond,
        CASE
            WHEN d.type = 'arret' THEN FALSE
            WHEN a.autres_tentatives > 0 THEN 2 * a.autres_reponses >= a.autres_tentatives
        END AS cible
    FROM reunis AS d
    LEFT JOIN regards_des_autres AS a
        ON d.incident_id = a.incident_id
),

-- The counters that each detected incident touches, to compare with the scope of an event.
lieux AS (
    SELECT DISTINCT incident_id, type, point_de_mesure, debut_utc, fin_utc, guichet_id, departement
    FROM incidents_services
),

evenements AS (
    SELECT
        evenement_id,
        CASE WHEN type = 'robot' THEN 'arret' ELSE type END AS type,
        perimetre,
        point_de_mesure,
        debut,
        fin
    FROM chronologie
    WHERE type IN ('blocage', 'captcha', 'robot')
),

candidats AS (
    SELECT
        l.incident_id,
        e.evenement_id,
        CASE
            WHEN e.perimetre = l.guichet_id THEN 1
            WHEN e.perimetre = 'national' THEN 3
            ELSE 2
        END AS etendue,
        ABS(EXTRACT(EPOCH FROM e.debut) - EXTRACT(EPOCH FROM l.debut_utc)) AS ecart_s
    FROM lieux AS l
    INNER JOIN evenements AS e
        ON l.type = e.type
    WHERE (e.perimetre = l.guichet_id
            OR e.perimetre = 'departement:' || l.departement
            OR (e.perimetre = 'national' AND l.departement <> '9Z'))
        AND (e.point_de_mesure IS NULL OR e.point_de_mesure = l.point_de_mesure)
        AND e.debut <= l.fin_utc
        AND (e.fin IS NULL OR e.fin > l.debut_utc)
        -- The registry says many things of the robot: only an event that fits into the silence, to a day, is an outage.
        AND (l.type <> 'arret'
            OR (EXTRACT(EPOCH FROM e.debut) >= EXTRACT(EPOCH FROM l.debut_utc) - 86400.0
                AND EXTRACT(EPOCH FROM e.fin) <= EXTRACT(EPOCH FROM l.fin_utc) + 86400.0))
),

choix AS (
    SELECT
        incident_id,
        evenement_id,
        ROW_NUMBER() OVER (PARTITION BY incident_id ORDER BY etendue, ecart_s, evenement_id) AS place
    FROM candidats
),

rapproches AS (
    SELECT incident_id, evenement_id
    FROM choix
    WHERE place = 1
),

retrouves AS (
    SELECT evenement_id, COUNT(*) AS detections
    FROM rapproches
    GROUP BY evenement_id
),

-- Events of the registry that concern what was measured, while it was; of the robot's, only those that were found.
champs AS (
    SELECT guichet_id, departement, MIN(debut_utc) AS debut_utc, MAX(fin_utc) AS fin_utc
    FROM perimetre
    GROUP BY guichet_id, departement
),

points AS (
    SELECT DISTINCT point_de_mesure
    FROM regards
),

concernes AS (
    SELECT DISTINCT e.evenement_id
    FROM evenements AS e
    CROSS JOIN champs AS c
    WHERE (e.perimetre = c.guichet_id
            OR e.perimetre = 'departement:' || c.departement
            OR (e.perimetre = 'national' AND c.departement <> '9Z'))
        AND e.debut < c.fin_utc
        AND (e.fin IS NULL OR e.fin > c.debut_utc)
),

registre AS (
    SELECT
        e.evenement_id,
        e.type,
        e.perimetre,
        e.point_de_mesure,
        e.debut,
        e.fin,
        COALESCE(r.detections, 0) AS detections
    FROM evenements AS e
    INNER JOIN concernes AS c
        ON e.evenement_id = c.evenement_id
    LEFT JOIN points AS p
        ON e.point_de_mesure = p.point_de_mesure
    LEFT JOIN retrouves AS r
        ON e.evenement_id = r.evenement_id
    WHERE (e.point_de_mesure IS NULL OR p.point_de_mesure IS NOT NULL)
        AND (e.type <> 'arret' OR r.detections > 0)
)

SELECT
    d.incident_id,
    'detecte' AS origine,
    d.type,
    d.point_de_mesure,
    d.systeme,
    d.guichet_id,
    d.departement,
    d.debut_utc,
    d.fin_utc,
    d.possible_debut_utc,
    d.possible_fin_utc,
    FLOOR((EXTRACT(EPOCH FROM d.fin_utc) - EXTRACT(EPOCH FROM d.debut_utc)) * 1000.0 + 0.5) / 3600000.0
        AS duree_heures,
    d.tentatives,
    d.services,
    d.autres_tentatives,
    d.autres_reponses,
    d.autre_point_repond,
    d.cible,
    r.evenement_id AS chronologie_id,
    CAST(NULL AS INTEGER) AS detections
FROM detectes AS d
LEFT JOIN rapproches AS r
    ON d.incident_id = r.incident_id
UNION ALL
SELECT
    'registre-' || g.evenement_id AS incident_id,
    'registre' AS origine,
    g.type,
    g.point_de_mesure,
    CAST(NULL AS VARCHAR) AS systeme,
    c.guichet_id,
    CASE WHEN g.perimetre LIKE 'departement:%' THEN REPLACE(g.perimetre, 'departement:', '') ELSE c.departement END
        AS departement,
    g.debut AS debut_utc,
    g.fin AS fin_utc,
    -- An absent instant that every engine takes for one.
    CASE WHEN FALSE THEN g.debut END AS possible_debut_utc,
    CASE WHEN FALSE THEN g.debut END AS possible_fin_utc,
    FLOOR((EXTRACT(EPOCH FROM g.fin) - EXTRACT(EPOCH FROM g.debut)) * 1000.0 + 0.5) / 3600000.0 AS duree_heures,
    CAST(NULL AS INTEGER) AS tentatives,
    CAST(NULL AS INTEGER) AS services,
    CAST(NULL AS INTEGER) AS autres_tentatives,
    CAST(NULL AS INTEGER) AS autres_reponses,
    CAST(NULL AS BOOLEAN) AS autre_point_repond,
    CAST(NULL AS BOOLEAN) AS cible,
    g.evenement_id AS chronologie_id,
    g.detections
FROM registre AS g
LEFT JOIN champs AS c
    ON g.perimetre = c.guichet_id
