-- One row per identity under which a robot looked; its text only where the pipeline lists it.

SELECT
    m.signature_id,
    l.signature,
    MIN(m.premier_utc) AS premier_utc,
    MAX(m.dernier_utc) AS dernier_utc,
    SUM(CAST(m.tentatives AS BIGINT)) AS tentatives
FROM signatures_mois AS m
LEFT JOIN signatures_listees AS l
    ON m.signature_id = l.signature_id
GROUP BY m.signature_id, l.signature
