-- Runs of the same answer of one service, over the whole history: the runs of suites_reponses_mois, joined where the end of a month
-- alone parts them. Every question about what followed what (penuries, rythme_ouvertures, signaux) is asked of this table.

WITH serie AS (
    SELECT
        *,
        ROW_NUMBER() OVER (PARTITION BY guichet_id, demarche_id ORDER BY mois, numero) AS rang
    FROM suites_reponses_mois
),

repondues AS (
    SELECT
        guichet_id,
        demarche_id,
        rang,
        reponse,
        debut_utc,
        LAG(reponse) OVER (PARTITION BY guichet_id, demarche_id ORDER BY rang) AS reponse_precedente,
        LAG(fin_utc) OVER (PARTITION BY guichet_id, demarche_id ORDER BY rang) AS precedent_utc
    FROM serie
    WHERE reponse <> 'aucune'
),

-- The rule of suites_reponses_mois, once more where two runs meet.
intervalles AS (
    SELECT guichet_id, demarche_id, CAST(MIN(cadence_s) AS DOUBLE) AS cadence_min_s
    FROM perimetre
    GROUP BY guichet_id, demarche_id
),

ecarts AS (
    SELECT
        r.*,
        CAST(FLOOR(EXTRACT(EPOCH FROM r.debut_utc) - EXTRACT(EPOCH FROM r.precedent_utc) + 0.5) AS DOUBLE) AS ecart_s,
        CASE WHEN 3.5 * i.cadence_min_s < 86401.0 THEN 3.5 * i.cadence_min_s ELSE CAST(86401 AS DOUBLE) END AS sans_doute_s
    FROM repondues AS r
    LEFT JOIN intervalles AS i
        ON r.guichet_id = i.guichet_id AND r.demarche_id = i.demarche_id
),

partages AS (
    SELECT
        e.guichet_id,
        e.demarche_id,
        e.rang,
        e.ecart_s,
        CAST(p.cadence_s AS DOUBLE) AS cadence_s,
        EXTRACT(EPOCH FROM CASE WHEN p.fin_utc < e.debut_utc THEN p.fin_utc ELSE e.debut_utc END)
            - EXTRACT(EPOCH FROM CASE WHEN p.debut_utc > e.precedent_utc THEN p.debut_utc ELSE e.precedent_utc END) AS part_s
    FROM ecarts AS e
    INNER JOIN perimetre AS p
        ON e.guichet_id = p.guichet_id AND e.demarche_id = p.demarche_id
    WHERE e.ecart_s >= e.sans_doute_s AND p.debut_utc < e.debut_utc AND p.fin_utc > e.precedent_utc
),

usures AS (
    SELECT
        guichet_id,
        demarche_id,
        rang,
        SUM(CAST(FLOOR(part_s * 1000000000.0 / NULLIF(3.5 * cadence_s, CAST(0 AS DOUBLE)) + 0.5) AS BIGINT))
            + CAST(FLOOR(
                (MIN(ecart_s) - CAST(SUM(CAST(FLOOR(part_s + 0.5) AS BIGINT)) AS DOUBLE)) * 1000000000.0 / 86401.0 + 0.5
            ) AS BIGINT) AS usure
    FROM partages
    GROUP BY guichet_id, demarche_id, rang
),

proches AS (
    SELECT
        e.*,
        CASE
            WHEN e.precedent_utc IS NULL THEN FALSE
            WHEN e.ecart_s < e.sans_doute_s THEN TRUE
            ELSE COALESCE(u.usure < 1000000000, e.ecart_s < 86401.0)
        END AS proche
    FROM ecarts AS e
    LEFT JOIN usures AS u
        ON e.guichet_id = u.guichet_id AND e.demarche_id = u.demarche_id AND e.rang = u.rang
),

etapes AS (
    SELECT
        guichet_id,
        demarche_id,
        rang,
        reponse_precedente,
        precedent_utc,
        ecart_s,
        proche,
        CASE WHEN proche AND reponse = reponse_precedente THEN 0 ELSE 1 END AS debute
    FROM proches
),

numerotees AS (
    SELECT
        s.*,
        e.reponse_precedente,
        e.precedent_utc,
        e.ecart_s,
        e.proche,
        e.debute,
        SUM(CAST(COALESCE(e.debute, 0) AS BIGINT)) OVER (PARTITION BY s.guichet_id, s.demarche_id ORDER BY s.rang)
            AS suite
    FROM serie AS s
    LEFT JOIN etapes AS e
        ON s.guichet_id = e.guichet_id AND s.demarche_id = e.demarche_id AND s.rang = e.rang
),

bornees AS (
    SELECT
        *,
        MAX(CASE WHEN reponse <> 'aucune' THEN rang ELSE 0 END) OVER (PARTITION BY guichet_id, demarche_id, suite)
            AS dernier_rang
    FROM numerotees
)

SELECT
    guichet_id,
    demarche_id,
    MIN(departement) AS departement,
    suite AS numero,
    COALESCE(MIN(CASE WHEN reponse <> 'aucune' THEN reponse END), 'aucune') AS reponse,
    MIN(debut_utc) AS debut_utc,
    MAX(fin_utc) AS fin_utc,
    MIN(CASE WHEN debute = 1 THEN reponse_precedente END) AS reponse_precedente,
    MIN(CASE WHEN debute = 1 THEN precedent_utc END) AS precedent_utc,
    CAST(MIN(CASE WHEN debute = 1 THEN ecart_s END) AS BIGINT) AS ecart_s,
    COUNT(*) FILTER (WHERE debute = 1 AND proche) = 1 AS sans_silence,
    MIN(CASE WHEN debute = 1 THEN jour_semaine END) AS jour_semaine,
    MIN(CASE WHEN debute = 1 THEN heure END) AS heure,
    SUM(CAST(reponses AS BIGINT)) AS reponses,
    SUM(CAST(inconnues AS BIGINT)) AS inconnues,
    SUM(CAST(hors_champ AS BIGINT)) AS hors_champ,
    SUM(CAST(CASE WHEN rang >= dernier_rang THEN inconnues_apres ELSE 0 END AS BIGINT)) AS inconnues_apres,
    SUM(CAST(CASE WHEN rang >= dernier_rang THEN hors_champ_apres ELSE 0 END AS BIGINT)) AS hors_champ_apres,
    MIN(premier_jour) AS premier_jour,
    MAX(dernier_jour) AS dernier_jour,
    MIN(premiere_utc) AS premiere_utc,
    MAX(derniere_utc) AS derniere_utc
FROM bornees
GROUP BY guichet_id, demarche_id, suite
