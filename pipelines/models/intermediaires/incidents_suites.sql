-- One row per incident detected in the attempts and run that it is made of.
--
-- Refusals (block, captcha) are looked for per service, vantage and system: a run lasts until that vantage gets an answer
-- from that service. Runs that overlap in time are one incident: of one vantage and system for a block, of one counter
-- besides for a captcha, which is a matter of a site.
--
-- An outage is a silence of the whole robot while it was to look: of each service, what of the silence lies in its scope is
-- judged by itself, so that a pause that the schedule announces is none.

-- Where the end of a month alone parts two stretches, they have one number.
WITH numerotees AS (
    SELECT
        *,
        SUM(CAST(CASE WHEN reponse_utc IS NULL THEN 0 ELSE 1 END AS BIGINT)) OVER (
            PARTITION BY guichet_id, demarche_id, point_de_mesure, systeme
            ORDER BY mois, numero, nature
        ) AS suite
    FROM refus
),

suites AS (
    SELECT
        guichet_id, demarche_id, point_de_mesure, systeme, suite, nature,
        MIN(departement) AS departement,
        MIN(reponse_utc) AS reponse_utc,
        SUM(CAST(lignes AS BIGINT)) AS lignes,
        MIN(debut_utc) AS debut_utc,
        MAX(fin_utc) AS fin_utc
    FROM numerotees
    GROUP BY guichet_id, demarche_id, point_de_mesure, systeme, suite, nature
),

fins AS (
    SELECT guichet_id, demarche_id, point_de_mesure, systeme, suite - 1 AS suite, reponse_utc AS reponse_apres_utc
    FROM suites
    WHERE reponse_utc IS NOT NULL
),

entourees AS (
    SELECT
        s.*,
        f.reponse_apres_utc,
        CASE WHEN s.nature = 'captcha' THEN '-' || s.guichet_id ELSE '' END AS lieu,
        SUM(CAST(s.lignes AS BIGINT)) OVER (PARTITION BY s.guichet_id, s.demarche_id, s.point_de_mesure, s.systeme, s.suite)
            AS sans_reponse,
        MIN(s.reponse_utc) OVER (PARTITION BY s.guichet_id, s.demarche_id, s.point_de_mesure, s.systeme, s.suite)
            AS reponse_avant_utc,
        MAX(s.fin_utc) OVER (PARTITION BY s.guichet_id, s.demarche_id, s.point_de_mesure, s.systeme)
            AS dernier_regard_utc
    FROM suites AS s
    LEFT JOIN fins AS f
        ON s.guichet_id = f.guichet_id AND s.demarche_id = f.demarche_id
            AND s.point_de_mesure = f.point_de_mesure AND s.systeme = f.systeme AND s.suite = f.suite
),

-- At least two refusals, and at least half of what got no answer: a single 403 among timeouts is noise.
portees AS (
    SELECT
        *,
        MAX(fin_utc) OVER (
            PARTITION BY nature, point_de_mesure, systeme, lieu
            ORDER BY debut_utc, fin_utc, guichet_id, demarche_id
        ) AS portee_utc
    FROM entourees
    WHERE nature <> 'autre' AND lignes >= 2 AND 2 * lignes >= sans_reponse
),

coupees AS (
    SELECT
        *,
        LAG(portee_utc) OVER (
            PARTITION BY nature, point_de_mesure, systeme, lieu
            ORDER BY debut_utc, fin_utc, guichet_id, demarche_id
        ) AS portee_avant_utc
    FROM portees
),

reunies AS (
    SELECT
        *,
        SUM(CAST(CASE WHEN debut_utc <= portee_avant_utc THEN 0 ELSE 1 END AS BIGINT)) OVER (
            PARTITION BY nature, point_de_mesure, systeme, lieu
            ORDER BY debut_utc, fin_utc, guichet_id, demarche_id
        ) AS numero
    FROM coupees
),

-- Smaller or shorter ones are noise.
groupes AS (
    SELECT
        nature, point_de_mesure, systeme, lieu, numero,
        MIN(debut_utc) AS incident_debut_utc,
        MAX(fin_utc) AS incident_fin_utc
    FROM reunies
    GROUP BY nature, point_de_mesure, systeme, lieu, numero
    HAVING SUM(CAST(lignes AS BIGINT)) >= 5
),

-- The robot's attempts, between two instants before and after which there is nothing to look for.
bornes_prevues AS (
    SELECT MIN(debut_utc) AS debut_utc, MAX(fin_utc) AS fin_utc
    FROM perimetre
),

bornes_vues AS (
    SELECT MIN(debut_utc) AS debut_utc, MAX(fin_utc) AS fin_utc
    FROM activite
),

bornes AS (
    SELECT
        CASE WHEN v.debut_utc < p.debut_utc THEN v.debut_utc ELSE p.debut_utc END AS debut_utc,
        CASE WHEN v.fin_utc > p.fin_utc THEN v.fin_utc ELSE p.fin_utc END AS fin_utc
    FROM bornes_prevues AS p
    CROSS JOIN bornes_vues AS v
),

activites AS (
    SELECT debut_utc, fin_utc, 1 AS rang FROM activite
    UNION ALL
    SELECT debut_utc, debut_utc AS fin_utc, 0 AS rang FROM bornes
    UNION ALL
    SELECT fin_utc AS debut_utc, fin_utc, 2 AS rang FROM bornes
),

activites_portees AS (
    SELECT
        *,
        MAX(fin_utc) OVER (ORDER BY debut_utc, rang, fin_utc) AS portee_utc,
        MAX(CASE WHEN rang = 1 THEN fin_utc END) OVER (ORDER BY debut_utc, rang, fin_utc) AS vue_utc
    FROM activites
    WHERE debut_utc IS NOT NULL
),

silences AS (
    SELECT
        LAG(portee_utc) OVER (ORDER BY debut_utc, rang, fin_utc) AS debut_utc,
        debut_utc AS fin_utc,
        LAG(vue_utc) OVER (ORDER BY debut_utc, rang, fin_utc) AS regard_avant_utc,
        CASE WHEN rang = 1 THEN debut_utc END AS regard_apres_utc
    FROM activites_portees
),

cadences AS (
    SELECT MIN(cadence_s) AS cadence_min_s
    FROM perimetre
),

-- Of those that are too short for four cadences of any service, nothing is asked; a second is left for roundings.
longs AS (
    SELECT
        s.*,
        CAST(ROW_NUMBER() OVER (ORDER BY s.debut_utc, s.fin_utc) AS BIGINT) AS silence
    FROM silences AS s
    CROSS JOIN parametres AS m
    CROSS JOIN cadences AS c
    WHERE EXTRACT(EPOCH FROM s.fin_utc) - EXTRACT(EPOCH FROM s.debut_utc) >= 3600 * m.silence_min_h
        AND EXTRACT(EPOCH FROM s.fin_utc) - EXTRACT(EPOCH FROM s.debut_utc) >= 4 * c.cadence_min_s - 1
),

prevus AS (
    SELECT
        p.guichet_id, p.demarche_id, p.departement, p.cadence_s, s.silence,
        CASE WHEN p.debut_utc > s.debut_utc THEN p.debut_utc ELSE s.debut_utc END AS debut_utc,
        CASE WHEN p.fin_utc < s.fin_utc THEN p.fin_utc ELSE s.fin_utc END AS fin_utc
    FROM longs AS s
    CROSS JOIN perimetre AS p
    WHERE p.debut_utc < s.fin_utc AND p.fin_utc > s.debut_utc
),

-- A change of cadence parts no stretch of a scope, a pause does. Half a millisecond, so that no engine's rounding of
-- instants takes a cycle away.
prevus_suivis AS (
    SELECT
        *,
        CAST(FLOOR(
            (EXTRACT(EPOCH FROM fin_utc) - EXTRACT(EPOCH FROM debut_utc) + 0.0005) / CAST(NULLIF(cadence_s, 0) AS DOUBLE)
        ) AS BIGINT) AS cadences,
        LAG(fin_utc) OVER (PARTITION BY silence, guichet_id, demarche_id ORDER BY debut_utc) AS fin_avant_utc
    FROM prevus
),

prevus_numerotes AS (
    SELECT
        *,
        SUM(CAST(CASE WHEN debut_utc <= fin_avant_utc THEN 0 ELSE 1 END AS BIGINT)) OVER (
            PARTITION BY silence, guichet_id, demarche_id
            ORDER BY debut_utc
        ) AS ile
    FROM prevus_suivis
),

prevus_reunis AS (
    SELECT
        silence, guichet_id, demarche_id, ile,
        MIN(debut_utc) AS debut_utc,
        MAX(fin_utc) AS fin_utc,
        SUM(CAST(cadences AS BIGINT)) AS cadences
    FROM prevus_numerotes
    GROUP BY silence, guichet_id, demarche_id, ile
),

manques AS (
    SELECT
        r.*,
        MAX(r.fin_utc) OVER (
            PARTITION BY r.silence
            ORDER BY r.debut_utc, r.fin_utc, r.guichet_id, r.demarche_id
        ) AS portee_utc
    FROM prevus_reunis AS r
    CROSS JOIN parametres AS m
    WHERE r.cadences >= 4
        AND EXTRACT(EPOCH FROM r.fin_utc) - EXTRACT(EPOCH FROM r.debut_utc) >= 3600 * m.silence_min_h
),

manques_coupes AS (
    SELECT
        *,
        LAG(portee_utc) OVER (PARTITION BY silence ORDER BY debut_utc, fin_utc, guichet_id, demarche_id)
            AS portee_avant_utc
    FROM manques
),

manques_numerotes AS (
    SELECT
        *,
        SUM(CAST(CASE WHEN debut_utc <= portee_avant_utc THEN 0 ELSE 1 END AS BIGINT)) OVER (
            PARTITION BY silence
            ORDER BY debut_utc, fin_utc, guichet_id, demarche_id
        ) AS numero
    FROM manques_coupes
),

arrets AS (
    SELECT silence, numero, MIN(debut_utc) AS debut_utc, MAX(fin_utc) AS fin_utc
    FROM manques_numerotes
    GROUP BY silence, numero
),

-- What an outage touches: whatever was to be looked at at least once meanwhile.
touches AS (
    SELECT
        p.guichet_id, p.demarche_id, p.departement, p.cadence_s, p.silence,
        a.debut_utc AS incident_debut_utc,
        CASE WHEN p.debut_utc > a.debut_utc THEN p.debut_utc ELSE a.debut_utc END AS debut_utc,
        CASE WHEN p.fin_utc < a.fin_utc THEN p.fin_utc ELSE a.fin_utc END AS fin_utc
    FROM prevus AS p
    INNER JOIN arrets AS a
        ON p.silence = a.silence
    WHERE p.debut_utc < a.fin_utc AND p.fin_utc > a.debut_utc
),

touches_comptes AS (
    SELECT
        *,
        CAST(FLOOR(
            (EXTRACT(EPOCH FROM fin_utc) - EXTRACT(EPOCH FROM debut_utc) + 0.0005) / CAST(NULLIF(cadence_s, 0) AS DOUBLE)
        ) AS BIGINT) AS cadences
    FROM touches
),

arretes AS (
    SELECT
        silence, incident_debut_utc, guichet_id, demarche_id,
        MIN(departement) AS departement,
        MIN(debut_utc) AS debut_utc,
        MAX(fin_utc) AS fin_utc
    FROM touches_comptes
    GROUP BY silence, incident_debut_utc, guichet_id, demarche_id
    HAVING SUM(CAST(cadences AS BIGINT)) >= 1
),

detectees AS (
    SELECT
        r.nature AS type, r.point_de_mesure, r.systeme, r.guichet_id, r.demarche_id, r.suite, r.departement,
        g.incident_debut_utc, r.debut_utc, r.fin_utc, r.reponse_avant_utc AS regard_avant_utc,
        r.reponse_apres_utc AS regard_apres_utc, r.dernier_regard_utc, r.lignes,
        '-' || r.point_de_mesure || '-' || r.systeme || r.lieu AS ou
    FROM groupes AS g
    INNER JOIN reunies AS r
        ON g.nature = r.nature AND g.point_de_mesure = r.point_de_mesure AND g.systeme = r.systeme
            AND g.lieu = r.lieu AND g.numero = r.numero
    CROSS JOIN parametres AS m
    WHERE EXTRACT(EPOCH FROM g.incident_fin_utc) - EXTRACT(EPOCH FROM g.incident_debut_utc) >= 3600 * m.silence_min_h
    UNION ALL
    SELECT
        'arret' AS type,
        CAST(NULL AS STRING) AS point_de_mesure,
        CAST(NULL AS STRING) AS systeme,
        t.guichet_id, t.demarche_id, CAST(0 AS BIGINT) AS suite, t.departement,
        t.incident_debut_utc, t.debut_utc, t.fin_utc, s.regard_avant_utc,
        s.regard_apres_utc, s.regard_avant_utc AS dernier_regard_utc, CAST(0 AS BIGINT) AS lignes,
        '' AS ou
    FROM arretes AS t
    INNER JOIN longs AS s
        ON t.silence = s.silence
)

-- The instant at which it began names an incident, in universal time: two of one place are never so near, and a local clock
-- would show one hour for two of them. Half a microsecond, so that no engine's rounding takes a second away.
SELECT
    type || '-' || CAST(CAST(incident_debut_utc AS DATE) AS STRING) || '-' || SUBSTR(
        CAST(
            1000000 + 10000 * CAST(EXTRACT(HOUR FROM incident_debut_utc) AS INTEGER)
            + 100 * CAST(EXTRACT(MINUTE FROM incident_debut_utc) AS INTEGER)
            + CAST(FLOOR(EXTRACT(EPOCH FROM incident_debut_utc) + 0.0000005) AS BIGINT) % 60
        AS STRING), 2, 6
    ) || 'Z' || ou AS incident_id,
    type, point_de_mesure, systeme, guichet_id, demarche_id, suite, departement,
    debut_utc, fin_utc, regard_avant_utc, regard_apres_utc, dernier_regard_utc, lignes
FROM detectees
