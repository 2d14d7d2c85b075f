-- Runs of attempts of the whole robot without a silence of six hours, within a local month: counters of several time zones
-- are not in the same month at the same instant, so runs of two months may overlap.

WITH instants AS (
    SELECT
        mois,
        instant_utc,
        MIN(CAST(date_locale AS VARCHAR) || ' ' || heure_locale) AS local,
        COUNT(*) AS lignes
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
        SUM(CASE WHEN EXTRACT(EPOCH FROM instant_utc) - EXTRACT(EPOCH FROM precedent_utc) < 21600.0 THEN 0 ELSE 1 END)
            OVER (PARTITION BY mois ORDER BY instant_utc) AS numero
    FROM suivis
),

bornees AS (
    SELECT
        *,
        MIN(instant_utc) OVER (PARTITION BY mois, numero) AS debut_utc,
        MAX(instant_utc) OVER (PARTITION BY mois, numero) AS fin_utc
    FROM numerotes
)

SELECT
    mois,
    MIN(debut_utc) AS debut_utc,
    MIN(fin_utc) AS fin_utc,
    MIN(CASE WHEN instant_utc = debut_utc THEN local END) AS debut_local,
    MIN(CASE WHEN instant_utc = fin_utc THEN local END) AS fin_local,
    SUM(lignes) AS lignes
FROM bornees
GROUP BY mois, numero
