-- One row per run of cycles of the schedule without any consultation: nobody looked, so nobody knows. They are never « no ».
--
-- The cycles of a period have numbers. Each run of cycles that were looked at (table presences) opens at its first number and
-- closes after its last one; where none is open, up to where the next one opens or the period ends, cycles are missing. So a
-- cycle is missing here where coverage counts it as not looked at, and what is missing is, to the second, what coverage lacks.
--
-- A period that ended before the moment of which the version speaks is missing its last cycle like any other; in one that
-- goes on somebody may be about to look, and half a cadence of delay is not yet a missing cycle.

WITH chiffrees AS (
    SELECT
        p.guichet_id,
        p.demarche_id,
        p.debut_utc AS periode_utc,
        p.fin_utc,
        p.ouverte,
        (EXTRACT(EPOCH FROM p.fin_utc) - EXTRACT(EPOCH FROM p.premier_cycle_utc))
            / CAST(NULLIF(p.cadence_s, 0) AS DOUBLE) AS etendue
    FROM perimetre AS p
),

-- What changes at which number: a run opens (1) or closes (-1), the period begins or ends (0).
jalons AS (
    SELECT guichet_id, demarche_id, periode_utc, premier_cycle AS numero, 1 AS pas, debut_utc AS instant_utc
    FROM presences
    UNION ALL
    SELECT guichet_id, demarche_id, periode_utc, dernier_cycle + 1 AS numero, -1 AS pas, fin_utc AS instant_utc
    FROM presences
    UNION ALL
    SELECT guichet_id, demarche_id, periode_utc, CAST(0 AS BIGINT) AS numero, 0 AS pas, periode_utc AS instant_utc
    FROM chiffrees
    UNION ALL
    SELECT
        guichet_id,
        demarche_id,
        periode_utc,
        CASE
            WHEN etendue <= 0.0 THEN CAST(0 AS BIGINT)
            WHEN ouverte THEN CAST(FLOOR(etendue + 0.5) AS BIGINT)
            ELSE CAST(CEIL(etendue) AS BIGINT)
        END AS numero,
        0 AS pas,
        fin_utc AS instant_utc
    FROM chiffrees
),

reunis AS (
    SELECT
        guichet_id,
        demarche_id,
        periode_utc,
        numero,
        SUM(CAST(pas AS BIGINT)) AS pas,
        MAX(CASE WHEN pas = -1 THEN instant_utc END) AS dernier_regard_utc,
        MIN(CASE WHEN pas = 1 THEN instant_utc END) AS premier_regard_utc
    FROM jalons
    GROUP BY guichet_id, demarche_id, periode_utc, numero
),

suivis AS (
    SELECT
        *,
        SUM(CAST(pas AS BIGINT)) OVER (PARTITION BY guichet_id, demarche_id, periode_utc ORDER BY numero) AS ouvertes,
        LEAD(numero) OVER (PARTITION BY guichet_id, demarche_id, periode_utc ORDER BY numero) AS numero_suivant,
        LEAD(premier_regard_utc) OVER (PARTITION BY guichet_id, demarche_id, periode_utc ORDER BY numero)
            AS regard_suivant_utc
    FROM reunis
),

datees AS (
    SELECT
        s.*,
        p.departement,
        p.debut_utc,
        p.fin_utc,
        p.cadence_s,
        EXTRACT(EPOCH FROM p.fin_utc) - EXTRACT(EPOCH FROM p.premier_cycle_utc) AS etendue_s,
        EXTRACT(EPOCH FROM COALESCE(s.regard_suivant_utc, p.fin_utc))
            - EXTRACT(EPOCH FROM COALESCE(s.dernier_regard_utc, p.debut_utc)) AS sans_regard_s,
        CAST(s.numero AS DOUBLE) * CAST(p.cadence_s AS DOUBLE) AS debut_s,
        CAST(s.numero_suivant AS DOUBLE) * CAST(p.cadence_s AS DOUBLE) AS fin_s
    FROM suivis AS s
    INNER JOIN perimetre AS p
        ON s.guichet_id = p.guichet_id AND s.demarche_id = p.demarche_id AND s.periode_utc = p.debut_utc
    WHERE s.ouvertes = 0 AND s.numero_suivant IS NOT NULL
)

SELECT
    guichet_id,
    demarche_id,
    departement,
    periode_utc,
    numero AS premier_cycle,
    COALESCE(dernier_regard_utc, debut_utc) AS debut_utc,
    COALESCE(regard_suivant_utc, fin_utc) AS fin_utc,
    cadence_s,
    numero_suivant - numero AS cycles_manquants,
    -- The last cycle of a period is cut where that ends.
    CASE
        WHEN fin_s <= etendue_s THEN CAST(fin_s - debut_s AS BIGINT)
        ELSE CAST(FLOOR(etendue_s - debut_s + 0.5) AS BIGINT)
    END AS secondes_manquantes,
    -- A look that was made late, for a cycle before others that were looked at in time, would make it negative.
    CASE WHEN sans_regard_s > 0.0 THEN CAST(FLOOR(sans_regard_s + 0.5) AS BIGINT) ELSE CAST(0 AS BIGINT) END AS duree_s,
    CASE
        WHEN dernier_regard_utc IS NULL AND regard_suivant_utc IS NULL THEN 'totale'
        WHEN dernier_regard_utc IS NULL THEN 'debut'
        WHEN regard_suivant_utc IS NULL THEN 'fin'
        ELSE 'milieu'
    END AS position
FROM datees
