-- One row per local hour in which the robot made an attempt, whatever it asked: what lies between two is a silence. Hours of
-- two offsets from UTC are two rows, so that none lasts longer than an hour.

WITH heures AS (
    SELECT
        mois,
        date_locale AS jour,
        CAST(SUBSTR(heure_locale, 1, 2) AS INTEGER) AS heure,
        decalage_utc_min,
        MIN(instant_utc) AS debut_utc,
        MAX(instant_utc) AS fin_utc,
        MAX(heure_locale) AS derniere_heure
    FROM tentatives
    GROUP BY mois, date_locale, CAST(SUBSTR(heure_locale, 1, 2) AS INTEGER), decalage_utc_min
)

SELECT
    mois,
    jour,
    heure,
    decalage_utc_min,
    debut_utc,
    fin_utc,
    CAST(jour AS STRING) || ' ' || derniere_heure AS fin_local
FROM heures
