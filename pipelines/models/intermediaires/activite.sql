-- Runs of attempts of the whole robot without a silence of six hours, within a local month. Counters of several time zones
-- are not in the same month at the same instant, so runs of two months may overlap.

WITH instants AS (
    SELECT mois, instant_utc, COUNT(*) AS lignes
    FROM tentatives
    GROUP BY mois, instant_utc
),

suivis AS (
    SELECT *, LAG(instant_utc) OVER (PARTITION BY mois ORDER BY instant_utc) AS precedent_utc
    FROM instants
),

numerotes AS (
    SELECT
        *,
        SUM(CAST(
            CASE WHEN EXTRACT(EPOCH FROM instant_utc) - EXTRACT(EPOCH FROM precedent_utc) < 21600.0 THEN 0 ELSE 1 END
            AS BIGINT
        )) OVER (PARTITION BY mois ORDER BY instant_utc) AS numero
    FROM suivis
),

bornes AS (
    SELECT
        mois,
        numero,
        MIN(instant_utc) AS debut_utc,
        MAX(instant_utc) AS fin_utc,
        SUM(CAST(lignes AS BIGINT)) AS lignes
    FROM numerotes
    GROUP BY mois, numero
),

debuts AS (
    SELECT b.mois, b.numero, MIN(CAST(t.date_locale AS VARCHAR) || ' ' || t.heure_locale) AS local
    FROM bornes AS b
    INNER JOIN tentatives AS t
        ON b.mois = t.mois AND b.debut_utc = t.instant_utc
    GROUP BY b.mois, b.numero
),

fins AS (
    SELECT b.mois, b.numero, MIN(CAST(t.date_locale AS VARCHAR) || ' ' || t.heure_locale) AS local
    FROM bornes AS b
    INNER JOIN tentatives AS t
        ON b.mois = t.mois AND b.fin_utc = t.instant_utc
    GROUP BY b.mois, b.numero
)

SELECT b.mois, b.debut_utc, b.fin_utc, d.local AS debut_local, f.local AS fin_local, b.lignes
FROM bornes AS b
INNER JOIN debuts AS d
    ON b.mois = d.mois AND b.numero = d.numero
INNER JOIN fins AS f
    ON b.mois = f.mois AND b.numero = f.numero
