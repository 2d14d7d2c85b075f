-- What each other vantage saw of a service meanwhile: from the first to the last refusal of a stretch (table refus).

WITH vus AS (
    SELECT
        r.guichet_id, r.demarche_id, r.point_de_mesure, r.systeme, r.mois, r.numero, r.nature, r.debut_utc, r.fin_utc,
        t.point_de_mesure AS temoin,
        t.reponse IN ('oui', 'non') AS repondu,
        t.signature_id <> r.signature_id AS autre_signature,
        -- What users meet too.
        i.panne_partagee AS panne
    FROM refus AS r
    INNER JOIN tentatives AS t
        ON r.guichet_id = t.guichet_id AND r.demarche_id = t.demarche_id AND r.mois = t.mois
    INNER JOIN issues AS i
        ON t.issue = i.issue
    WHERE r.nature <> 'autre' AND t.point_de_mesure <> r.point_de_mesure
        AND t.instant_utc >= r.debut_utc AND t.instant_utc <= r.fin_utc
)

SELECT
    guichet_id, demarche_id, point_de_mesure, systeme, mois, numero, nature, temoin, debut_utc, fin_utc,
    COUNT(*) AS lignes,
    COUNT(*) FILTER (WHERE repondu) AS lignes_repondues,
    COUNT(*) FILTER (WHERE autre_signature AND NOT repondu) AS echecs,
    COUNT(*) FILTER (WHERE autre_signature AND panne) AS pannes
FROM vus
GROUP BY guichet_id, demarche_id, point_de_mesure, systeme, mois, numero, nature, temoin, debut_utc, fin_utc
