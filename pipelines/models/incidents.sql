-- One row per interruption of measurement: detected in the attempts, or known to the registry.
--
-- Refusals (block, captcha) are looked for per service, vantage and system: a run lasts until that vantage gets an answer
-- from that service. Runs that overlap in time are one incident: of one vantage and system for a block, of one counter
-- besides for a captcha, which is a matter of a site. An outage is a silence of the whole robot. What another vantage saw
-- of the same services at the same time is what makes a refusal targeted.

-- Most services were never refused: only the others are put in order.
WITH refusables AS (
    SELECT guichet_id, demarche_id, point_de_mesure, systeme
    FROM tentatives
    WHERE issue IN ('bloque', 'captcha_exige', 'captcha_refuse')
    GROUP BY guichet_id, demarche_id, point_de_mesure, systeme
    HAVING COUNT(*) >= 2
),

essais AS (
    SELECT
        t.guichet_id,
        t.demarche_id,
        t.departement,
        t.point_de_mesure,
        t.systeme,
        t.instant_utc,
        t.date_locale,
        t.heure_locale,
        t.reponse,
        CASE
            WHEN t.issue = 'bloque' THEN 'blocage'
            WHEN t.issue IN ('captcha_exige', 'captcha_refuse') THEN 'captcha'
        END AS refus,
        ROW_NUMBER() OVER (
            PARTITION BY t.guichet_id, t.demarche_id, t.point_de_mesure, t.systeme
            ORDER BY t.instant_utc, t.tentative_id
        ) AS rang
    FROM tentatives AS t
    INNER JOIN refusables AS r
        ON t.guichet_id = r.guichet_id AND t.demarche_id = r.demarche_id
            AND t.point_de_mesure = r.point_de_mesure AND t.systeme = r.systeme
),

numerotes AS (
    SELECT
        *,
        SUM(CASE WHEN reponse IN ('oui', 'non') THEN 1 ELSE 0 END) OVER (
            PARTITION BY guichet_id, demarche_id, point_de_mesure, systeme
            ORDER BY rang
        ) AS ile
    FROM essais
),

iles AS (
    SELECT
        guichet_id,
        demarche_id,
        point_de_mesure,
        systeme,
        ile,
        MIN(CASE WHEN reponse IN ('oui', 'non') THEN instant_utc END) AS reponse_avant_utc,
        COUNT(*) FILTER (WHERE reponse NOT IN ('oui', 'non')) AS sans_reponse
    FROM numerotes
    GROUP BY guichet_id, demarche_id, point_de_mesure, systeme, ile
),

iles_suivies AS (
    SELECT
        *,
        LEAD(reponse_avant_utc) OVER (
            PARTITION BY guichet_id, demarche_id, point_de_mesure, systeme
            ORDER BY ile
        ) AS reponse_apres_utc
    FROM iles
),

refuses AS (
    SELECT
        guichet_id,
        demarche_id,
        point_de_mesure,
        systeme,
        ile,
        refus,
        MIN(departement) AS departement,
        MIN(instant_utc) AS debut_utc,
        MAX(instant_utc) AS fin_utc,
        MIN(CAST(date_locale AS VARCHAR) || '-' || REPLACE(heure_locale, ':', '')) AS etiquette,
        COUNT(*) AS tentatives
    FROM numerotes
    WHERE refus IS NOT NULL
    GROUP BY guichet_id, demarche_id, point_de_mesure, systeme, ile, refus
),

-- At least two refusals, and at least half of what got no answer: a single 403 among timeouts is noise.
suites AS (
    SELECT
        r.*,
        i.reponse_avant_utc,
        i.reponse_apres_utc,
        CASE WHEN r.refus = 'captcha' THEN r.guichet_id ELSE '' END AS lieu
    FROM refuses AS r
    INNER JOIN iles_suivies AS i
        ON r.guichet_id = i.guichet_id AND r.demarche_id = i.demarche_id
            AND r.point_de_mesure = i.point_de_mesure AND r.systeme = i.systeme AND r.ile = i.ile
    WHERE r.tentatives >= 2 AND 2 * r.tentatives >= i.sans_reponse
),

suites_rangees AS (
    SELECT
        *,
        ROW_NUMBER() OVER (
            PARTITION BY refus, point_de_mesure, systeme, lieu
            ORDER BY debut_utc, fin_utc, guichet_id, demarche_id, ile
        ) AS place
    FROM suites
),

portees AS (
    SELECT
        *,
        MAX(fin_utc) OVER (PARTITION BY refus, point_de_mesure, systeme, lieu ORDER BY place) AS portee_utc
    FROM suites_rangees
),

coupees AS (
    SELECT
        *,
        LAG(portee_utc) OVER (PARTITION BY refus, point_de_mesure, systeme, lieu ORDER BY place) AS portee_avant_utc
    FROM portees
),

reunies AS (
    SELECT
        *,
        SUM(CASE WHEN debut_utc <= portee_avant_utc THEN 0 ELSE 1 END) OVER (
            PARTITION BY refus, point_de_mesure, systeme, lieu
            ORDER BY place
        ) AS numero
    FROM coupees
),

groupes AS (
    SELECT
        refus,
        point_de_mesure,
        systeme,
        lieu,
        numero,
        MIN(debut_utc) AS groupe_debut_utc,
        MAX(fin_utc) AS groupe_fin_utc,
        SUM(tentatives) AS groupe_tentatives
    FROM reunies
    GROUP BY refus, point_de_mesure, systeme, lieu, numero
),

-- Shorter or smaller ones are noise.
gardes AS (
    SELECT *
    FROM groupes
    WHERE groupe_tentatives >= 5
        AND EXTRACT(EPOCH FROM groupe_fin_utc) - EXTRACT(EPOCH FROM groupe_debut_utc) >= 21600.0
),

membres AS (
    SELECT
        r.*,
        g.groupe_debut_utc,
        g.groupe_fin_utc,
        g.groupe_tentatives
    FROM reunies AS r
    INNER JOIN gardes AS g
        ON r.refus = g.refus AND r.point_de_mesure = g.point_de_mesure AND r.systeme = g.systeme
            AND r.lieu = g.lieu AND r.numero = g.numero
),

refus_detectes AS (
    SELECT
        refus,
        point_de_mesure,
        systeme,
        lieu,
        numero,
        MIN(CASE WHEN debut_utc = groupe_debut_utc THEN etiquette END) AS etiquette,
        MIN(groupe_debut_utc) AS debut_utc,
        MIN(groupe_fin_utc) AS fin_utc,
        MAX(CASE WHEN reponse_avant_utc < groupe_debut_utc THEN reponse_avant_utc END) AS possible_debut_utc,
        MIN(CASE WHEN reponse_apres_utc > groupe_fin_utc THEN reponse_apres_utc END) AS possible_fin_utc,
        MIN(groupe_tentatives) AS tentatives,
        COUNT(DISTINCT guichet_id || '/' || demarche_id) AS services,
        MIN(guichet_id) AS guichet_premier,
        MAX(guichet_id) AS guichet_dernier,
        MIN(departement) AS departement_premier,
        MAX(departement) AS departement_dernier,
        COUNT(*) FILTER (WHERE departement IS NULL) AS departements_inconnus
    FROM membres
    GROUP BY refus, point_de_mesure, systeme, lieu, numero
),

-- What other vantages saw of the same services meanwhile, day by day so that each attempt is met about once.
touches AS (
    SELECT DISTINCT
        refus,
        point_de_mesure,
        systeme,
        lieu,
        numero,
        guichet_id,
        demarche_id,
        groupe_debut_utc AS debut_utc,
        groupe_fin_utc AS fin_utc
    FROM membres
),

jours AS (
    SELECT
        guichet_id,
        demarche_id,
        date_locale,
        MIN(instant_utc) AS premier_utc,
        MAX(instant_utc) AS dernier_utc
    FROM tentatives
    GROUP BY guichet_id, demarche_id, date_locale
),

touches_jours AS (
    SELECT t.*, j.date_locale
    FROM touches AS t
    INNER JOIN jours AS j
        ON t.guichet_id = j.guichet_id AND t.demarche_id = j.demarche_id
    WHERE j.dernier_utc >= t.debut_utc AND j.premier_utc <= t.fin_utc
),

autres AS (
    SELECT
        t.refus,
        t.point_de_mesure,
        t.systeme,
        t.lieu,
        t.numero,
        COUNT(*) AS autres_tentatives,
        COUNT(*) FILTER (WHERE a.reponse IN ('oui', 'non')) AS autres_reponses
    FROM touches_jours AS t
    INNER JOIN tentatives AS a
        ON t.guichet_id = a.guichet_id AND t.demarche_id = a.demarche_id AND t.date_locale = a.date_locale
    WHERE a.point_de_mesure <> t.point_de_mesure
        AND a.instant_utc >= t.debut_utc AND a.instant_utc <= t.fin_utc
    GROUP BY t.refus, t.point_de_mesure, t.systeme, t.lieu, t.numero
),

-- Silences of the whole robot, between the scope's two ends.
jalons AS (
    SELECT instant_utc FROM tentatives
    UNION ALL
    SELECT MIN(debut_utc) AS instant_utc FROM perimetre
    UNION ALL
    SELECT MAX(fin_utc) AS instant_utc FROM perimetre
),

instants AS (
    SELECT DISTINCT instant_utc
    FROM jalons
    WHERE instant_utc IS NOT NULL
),

silences AS (
    SELECT
        instant_utc AS fin_utc,
        LAG(instant_utc) OVER (ORDER BY instant_utc) AS debut_utc
    FROM instants
),

longs AS (
    SELECT debut_utc, fin_utc
    FROM silences
    WHERE EXTRACT(EPOCH FROM fin_utc) - EXTRACT(EPOCH FROM debut_utc) >= 21600.0
),

silences_services AS (
    SELECT
        s.debut_utc,
        s.fin_utc,
        p.guichet_id,
        p.demarche_id,
        p.departement,
        p.cadence_min
    FROM longs AS s
    CROSS JOIN perimetre AS p
    WHERE p.debut_utc < s.fin_utc AND p.fin_utc > s.debut_utc
),

arrets AS (
    SELECT
        debut_utc,
        fin_utc,
        MIN(cadence_min) AS cadence_min,
        COUNT(DISTINCT guichet_id || '/' || demarche_id) AS services
    FROM silences_services
    GROUP BY debut_utc, fin_utc
),

bords AS (
    SELECT debut_utc AS instant_utc FROM arrets
    UNION ALL
    SELECT fin_utc AS instant_utc FROM arrets
),

bords_distincts AS (
    SELECT DISTINCT instant_utc
    FROM bords
),

derniers AS (
    SELECT
        t.instant_utc,
        MIN(CAST(t.date_locale AS VARCHAR) || '-' || REPLACE(t.heure_locale, ':', '')) AS etiquette
    FROM tentatives AS t
    INNER JOIN bords_distincts AS b
        ON t.instant_utc = b.instant_utc
    GROUP BY t.instant_utc
),

arrets_detectes AS (
    SELECT
        a.debut_utc,
        a.fin_utc,
        a.services,
        'arret-' || COALESCE(avant.etiquette, 'debut') AS incident_id,
        avant.instant_utc AS possible_debut_utc,
        apres.instant_utc AS possible_fin_utc
    FROM arrets AS a
    LEFT JOIN derniers AS avant
        ON a.debut_utc = avant.instant_utc
    LEFT JOIN derniers AS apres
        ON a.fin_utc = apres.instant_utc
    WHERE EXTRACT(EPOCH FROM a.fin_utc) - EXTRACT(EPOCH FROM a.debut_utc) >= 240.0 * a.cadence_min
),

detectes AS (
    SELECT
        d.refus || '-' || d.etiquette || '-' || d.point_de_mesure || '-' || d.systeme
            || CASE WHEN d.lieu = '' THEN '' ELSE '-' || d.lieu END AS incident_id,
        d.refus AS type,
        d.point_de_mesure,
        d.systeme,
        CASE WHEN d.guichet_premier = d.guichet_dernier THEN d.guichet_premier END AS guichet_id,
        CASE
            WHEN d.departement_premier = d.departement_dernier AND d.departements_inconnus = 0
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
        CASE WHEN a.autres_tentatives > 0 THEN 2 * a.autres_reponses >= a.autres_tentatives END AS cible
    FROM refus_detectes AS d
    LEFT JOIN autres AS a
        ON d.refus = a.refus AND d.point_de_mesure = a.point_de_mesure AND d.systeme = a.systeme
            AND d.lieu = a.lieu AND d.numero = a.numero
    UNION ALL
    SELECT
        incident_id,
        'arret' AS type,
        CAST(NULL AS VARCHAR) AS point_de_mesure,
        CAST(NULL AS VARCHAR) AS systeme,
        CAST(NULL AS VARCHAR) AS guichet_id,
        CAST(NULL AS VARCHAR) AS departement,
        debut_utc,
        fin_utc,
        possible_debut_utc,
        possible_fin_utc,
        0 AS tentatives,
        services,
        0 AS autres_tentatives,
        0 AS autres_reponses,
        CAST(NULL AS BOOLEAN) AS autre_point_repond,
        FALSE AS cible
    FROM arrets_detectes
),

-- The counters that each detected incident touches, to compare with the scope of an event.
lieux AS (
    SELECT DISTINCT
        m.refus || '-' || d.etiquette || '-' || m.point_de_mesure || '-' || m.systeme
            || CASE WHEN m.lieu = '' THEN '' ELSE '-' || m.lieu END AS incident_id,
        m.refus AS type,
        m.point_de_mesure,
        d.debut_utc,
        d.fin_utc,
        m.guichet_id,
        m.departement
    FROM membres AS m
    INNER JOIN refus_detectes AS d
        ON m.refus = d.refus AND m.point_de_mesure = d.point_de_mesure AND m.systeme = d.systeme
            AND m.lieu = d.lieu AND m.numero = d.numero
    UNION ALL
    SELECT DISTINCT
        a.incident_id,
        'arret' AS type,
        CAST(NULL AS VARCHAR) AS point_de_mesure,
        a.debut_utc,
        a.fin_utc,
        s.guichet_id,
        s.departement
    FROM arrets_detectes AS a
    INNER JOIN silences_services AS s
        ON a.debut_utc = s.debut_utc AND a.fin_utc = s.fin_utc
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
    FROM tentatives
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
