-- One row per month and declared identity: how often a robot looked under it.

SELECT
    mois,
    signature_id,
    MIN(instant_utc) AS premier_utc,
    MAX(instant_utc) AS dernier_utc,
    COUNT(*) AS tentatives
FROM tentatives
WHERE signature_id IS NOT NULL
GROUP BY mois, signature_id
