-- In English: finds the current version of a store, checks what it downloads, and makes three published figures again
-- from the consultations, in another way than the published SQL does (the notebook begins with the attempts). It stops at
-- the first figure that differs.
--
-- Lit une version publiée de guichets-ouverts avec DuckDB seul, par HTTP, et refait trois chiffres à partir des
-- consultations, sans les requêtes publiées (METHOD.md en donne les formules ; le carnet, lui, part des tentatives).
-- S'arrête à la première différence.
--
--     GUICHETS_STORE=http://localhost:8000/ duckdb < notebooks/requetes.sql
--
-- DuckDB télécharge de lui-même, une fois, son extension httpfs. Des fichiers Parquet, il ne lit que les colonnes
-- demandées.

.bail on
SET TimeZone = 'UTC';

-- 1. La version courante : le pointeur dit où est le manifeste, et son empreinte.

SET VARIABLE magasin = rtrim(coalesce(nullif(getenv('GUICHETS_STORE'), ''), 'http://localhost:8000/'), '/') || '/';
-- Le texte, et non read_json, qui prendrait la version « 2019-06-01 » pour une date, et « 2019-06-01.2 » pour un texte.
SET VARIABLE pointeur = (SELECT content FROM read_text(getvariable('magasin') || 'latest.json'));
SET VARIABLE manifeste = (
    SELECT content FROM read_text(getvariable('magasin') || json_extract_string(getvariable('pointeur'), '$.manifest'))
);

SELECT CASE
    WHEN sha256(getvariable('manifeste')) = json_extract_string(getvariable('pointeur'), '$.manifest_sha256')
        THEN 'conforme'
    ELSE error('le manifeste n''est pas celui que latest.json annonce')
END AS manifeste;

SELECT
    json_extract_string(getvariable('pointeur'), '$.version') AS version,
    json_extract_string(getvariable('manifeste'), '$.title') AS titre,
    json_extract_string(getvariable('manifeste'), '$.simulated')::BOOLEAN AS donnees_simulees,
    json_extract_string(getvariable('pointeur'), '$.fresh_until')::TIMESTAMPTZ AS a_jour_jusqu_a;

CREATE TEMP TABLE publies AS
SELECT unnest(from_json(
    json_extract(getvariable('manifeste'), '$.files'),
    '[{"path": "VARCHAR", "table": "VARCHAR", "partition": "VARCHAR", "format": "VARCHAR", "bytes": "BIGINT",
       "sha256": "VARCHAR", "rows": "BIGINT"}]'
), recursive := TRUE);

CREATE TEMP MACRO parquet(nom) AS (
    SELECT list(getvariable('magasin') || path ORDER BY path) FROM publies WHERE "table" = nom AND format = 'parquet'
);
SET VARIABLE tentatives = parquet('tentatives');
SET VARIABLE consultations = parquet('consultations');
SET VARIABLE guichets = parquet('guichets');
SET VARIABLE perimetre = parquet('perimetre');
SET VARIABLE calendrier = parquet('calendrier');
SET VARIABLE quantiles = parquet('quantiles_student');
SET VARIABLE parametres = parquet('parametres');
SET VARIABLE jour = parquet('disponibilite_jour');
SET VARIABLE mois = parquet('disponibilite_mois');
SET VARIABLE penuries = parquet('penuries');

-- 2. Un fichier est-il celui que le manifeste annonce ? Sa taille, son empreinte, et son nombre de lignes.

SELECT
    p.path,
    b.size AS octets,
    CASE
        WHEN b.size = p.bytes AND sha256(b.content) = p.sha256 THEN 'conforme'
        ELSE error(p.path || ' n''est pas le fichier que le manifeste annonce')
    END AS fichier
FROM read_blob(getvariable('mois')) AS b
INNER JOIN publies AS p ON b.filename = getvariable('magasin') || p.path;

SELECT
    lues.n AS tentatives,
    CASE WHEN lues.n = annoncees.n THEN 'toutes lues' ELSE error('il manque des tentatives') END AS compte
FROM (SELECT count(*) AS n FROM read_parquet(getvariable('tentatives'))) AS lues
CROSS JOIN (SELECT sum("rows") AS n FROM publies WHERE "table" = 'tentatives' AND format = 'parquet') AS annoncees;

-- 3. Les instants sont en UTC ; la date et l'heure locales, dans le fuseau du guichet, sont sur chaque tentative.
--    Le code du département est un texte : « 01 » garde son zéro.

SELECT
    count(*) AS tentatives,
    CASE
        WHEN count(*) FILTER (WHERE timezone(g.fuseau_horaire, t.instant_utc)::DATE <> t.date_locale) = 0 THEN 'justes'
        ELSE error('une date locale n''est pas celle de son instant')
    END AS dates_locales
FROM read_parquet(getvariable('tentatives')) AS t
INNER JOIN read_parquet(getvariable('guichets')) AS g USING (guichet_id);

SELECT guichet_id, departement, departement_iso
FROM read_parquet(getvariable('guichets'))
WHERE departement < '03' ORDER BY guichet_id LIMIT 3;

-- 4. Premier chiffre : la part du temps sans rendez-vous d'un mois, avec son intervalle à 95 % (METHOD.md, § 4).
--    Un cycle du calendrier est partagé, en secondes entières, entre les réponses complètes qu'il a reçues et les
--    « oui » incomplets, dont la part n'a pas de poids. Il appartient au jour local où il commence.

CREATE TEMP TABLE cycles AS
SELECT
    c.guichet_id,
    c.demarche_id,
    timezone(p.fuseau, p.premier_cycle_utc + to_seconds(c.cycle_prevu * p.cadence_s))::DATE AS jour,
    p.premier_cycle_utc + to_seconds(c.cycle_prevu * p.cadence_s) AS debut_utc,
    min(c.cycle_prevu_s) AS duree,
    count(*) FILTER (WHERE c.reponse = 'oui' OR c.complete AND c.reponse = 'non') AS partage,
    count(*) FILTER (WHERE c.complete AND c.reponse IN ('oui', 'non')) AS reponses,
    count(*) FILTER (WHERE c.complete AND c.reponse = 'non') AS refus
FROM read_parquet(getvariable('consultations')) AS c
INNER JOIN read_parquet(getvariable('perimetre')) AS p
    ON c.guichet_id = p.guichet_id AND c.demarche_id = p.demarche_id AND c.periode_utc = p.debut_utc
GROUP BY ALL;

-- Une ligne par service et par jour où le journal pouvait dire « non », et où quelqu'un a répondu : temps répondu, dont
-- sans rendez-vous. Un jour est ouvert si un « oui » y a été vu, complet ou non.
CREATE TEMP TABLE jours AS
WITH temps AS (
    SELECT
        guichet_id, demarche_id, jour,
        sum(floor(duree * reponses / partage + 0.5)) AS w,
        sum(floor(duree * refus / partage + 0.5)) AS x,
        sum(floor(duree * reponses / partage + 0.5) ** 2) AS carres
    FROM cycles WHERE reponses > 0 GROUP BY ALL
),
ouverts AS (
    SELECT guichet_id, demarche_id, jour FROM read_parquet(getvariable('consultations')) WHERE reponse = 'oui' GROUP BY ALL
)
SELECT
    c.guichet_id, c.demarche_id, c.mois, c.semaine_iso, c.jour,
    CASE WHEN c.negatifs_consignes THEN coalesce(t.w, 0) ELSE 0 END::DOUBLE AS w,
    CASE WHEN c.negatifs_consignes THEN coalesce(t.x, 0) ELSE 0 END::DOUBLE AS x,
    CASE WHEN c.negatifs_consignes THEN coalesce(t.carres, 0) ELSE 0 END::DOUBLE AS carres,
    o.jour IS NOT NULL AS ouvert
FROM read_parquet(getvariable('calendrier')) AS c
LEFT JOIN temps AS t USING (guichet_id, demarche_id, jour)
LEFT JOIN ouverts AS o USING (guichet_id, demarche_id, jour)
WHERE w > 0 OR ouvert;

CREATE TEMP TABLE taux AS
WITH suivis AS (
    SELECT *, ouvert AND NOT coalesce(lag(ouvert) OVER (PARTITION BY guichet_id, demarche_id, mois ORDER BY jour), FALSE) AS s_ouvre
    FROM jours
),
sommes AS (
    SELECT
        guichet_id, demarche_id, mois,
        sum(w) AS ww, sum(x) / sum(w) AS p, sum(x) AS xx, count(*) FILTER (WHERE w > 0) AS k,
        sum(carres) AS carres, sum(w * w) AS w2,
        count(*) AS j, count(*) FILTER (WHERE NOT ouvert) AS f, count(*) FILTER (WHERE s_ouvre) AS e
    FROM suivis GROUP BY ALL HAVING sum(w) > 0
),
ecarts AS (
    SELECT guichet_id, demarche_id, mois, sum((d.x - s.p * d.w) ** 2) AS ecarts
    FROM sommes AS s INNER JOIN jours AS d USING (guichet_id, demarche_id, mois)
    GROUP BY ALL
),
-- Un mois n'a pas assez de semaines pour qu'elles soient ses grappes : ce sont ses jours.
variances AS (
    SELECT
        s.*,
        q.z95 AS z,
        greatest(
            k / (k - 1) * ecarts / ww ** 2,
            p * (1 - p) * ((1 - q.correlation_jour_min) * carres + q.correlation_jour_min * w2) / ww ** 2,
            q.dispersion_ouvertures * ((1 - p) * (f + 1) / (j + 1)) ** 2 * (e + 1) / e ** 2
        ) AS v
    FROM sommes AS s
    INNER JOIN ecarts USING (guichet_id, demarche_id, mois)
    CROSS JOIN read_parquet(getvariable('parametres')) AS q
    WHERE p > 0 AND p < 1 AND k > 1
),
effectifs AS (
    SELECT v.*, p * (1 - p) / v * (z / t.t975) ** 2 AS ne
    FROM variances AS v
    LEFT JOIN read_parquet(getvariable('quantiles')) AS t ON t.degres_liberte = v.k - 1
)
-- Tout « oui » ou tout « non » : un taux, et pas d'intervalle.
SELECT
    s.guichet_id,
    s.demarche_id,
    s.mois,
    s.ww::BIGINT AS secondes,
    s.xx::BIGINT AS secondes_non,
    s.p AS taux,
    (e.p + z ** 2 / (2 * ne) - z * sqrt(e.p * (1 - e.p) / ne + (z / (2 * ne)) ** 2)) / (1 + z ** 2 / ne) AS bas,
    (e.p + z ** 2 / (2 * ne) + z * sqrt(e.p * (1 - e.p) / ne + (z / (2 * ne)) ** 2)) / (1 + z ** 2 / ne) AS haut
FROM sommes AS s
LEFT JOIN effectifs AS e USING (guichet_id, demarche_id, mois);

FROM taux WHERE taux BETWEEN 0.5 AND 0.99 ORDER BY guichet_id, demarche_id, mois LIMIT 5;

-- Tous les taux publiés, et non un seul choisi ; hors calendrier, ce ne sont pas des parts du temps.
SELECT
    count(*) AS taux_refaits,
    count(d.ic95_bas) AS dont_avec_intervalle,
    max(greatest(abs(t.taux - d.taux_sans_rdv), abs(t.bas - d.ic95_bas), abs(t.haut - d.ic95_haut))) AS ecart_maximal,
    CASE
        WHEN count(*) > 0 AND bool_and(
            t.secondes = d.secondes_repondues AND t.secondes_non = d.secondes_non AND abs(t.taux - d.taux_sans_rdv) < 1e-9
            AND (t.bas IS NULL) = (d.ic95_bas IS NULL) AND (t.haut IS NULL) = (d.ic95_haut IS NULL)
            AND coalesce(abs(t.bas - d.ic95_bas) < 1e-9, TRUE) AND coalesce(abs(t.haut - d.ic95_haut) < 1e-9, TRUE)
        ) IS TRUE THEN 'égaux aux taux publiés'
        ELSE error('un taux publié n''est pas celui que donnent les consultations')
    END AS verdict
FROM read_parquet(getvariable('mois')) AS d
LEFT JOIN taux AS t USING (guichet_id, demarche_id, mois)
WHERE d.taux_sans_rdv IS NOT NULL AND d.secondes_prevues > 0;

-- 5. Deuxième chiffre : la durée constatée d'une pénurie (METHOD.md, § 6) : la plus longue suite de « non » sans
--    interruption entre deux « oui ». Plus de trois cadences entre deux « non » l'interrompent, car personne n'a vu.

CREATE TEMP TABLE refus AS
WITH suites AS (
    SELECT *, count(*) FILTER (WHERE reponse = 'oui') OVER suite AS ile
    FROM read_parquet(getvariable('consultations'))
    WINDOW suite AS (PARTITION BY guichet_id, demarche_id ORDER BY instant_utc, consultation_id, debut_utc)
),
ecarts AS (
    SELECT
        guichet_id, demarche_id, ile, instant_utc, jour, consultation_id, debut_utc,
        round(date_diff('microsecond', lag(instant_utc) OVER suite, instant_utc) / 1000000) AS secondes,
        lag(cadence_s) OVER suite AS cadence
    FROM suites WHERE reponse = 'non'
    WINDOW suite AS (PARTITION BY guichet_id, demarche_id, ile ORDER BY instant_utc, consultation_id, debut_utc)
)
SELECT
    guichet_id, demarche_id, ile, instant_utc, jour,
    count(*) FILTER (
        WHERE CASE WHEN cadence IS NULL THEN secondes > 86400 ELSE floor(secondes / cadence + 0.5) > 3 END
    ) OVER (PARTITION BY guichet_id, demarche_id, ile ORDER BY instant_utc, consultation_id, debut_utc) AS troncon
FROM ecarts;

CREATE TEMP TABLE durees AS
WITH troncons AS (
    SELECT guichet_id, demarche_id, ile, troncon, min(instant_utc) AS debut, count(*) AS n,
        round(date_diff('microsecond', min(instant_utc), max(instant_utc)) / 1000000) AS secondes
    FROM refus GROUP BY ALL
),
fenetres AS (
    SELECT guichet_id, demarche_id, ile, count(DISTINCT (jour - premier) // 7) AS fenetres
    FROM (SELECT *, min(jour) OVER (PARTITION BY guichet_id, demarche_id, ile) AS premier FROM refus)
    GROUP BY ALL
)
SELECT guichet_id, demarche_id, max(t.secondes) AS constatee, min(t.debut) AS debut, sum(t.n) AS non, f.fenetres
FROM troncons AS t
JOIN fenetres AS f USING (guichet_id, demarche_id, ile)
GROUP BY guichet_id, demarche_id, ile, f.fenetres HAVING sum(t.n) >= 2;

SELECT
    guichet_id, demarche_id, debut_utc, duree_constatee_s, duree_possible_s, non, fenetres_7_jours, interruptions
FROM read_parquet(getvariable('penuries')) ORDER BY duree_constatee_s DESC LIMIT 1;

SELECT
    count(*) AS penuries_refaites,
    CASE
        WHEN count(*) > 0 AND bool_and(
            d.constatee = p.duree_constatee_s AND d.non = p.non AND d.fenetres = p.fenetres_7_jours
            AND p.duree_possible_s >= p.etendue_s AND p.etendue_s >= p.duree_constatee_s
        ) IS TRUE THEN 'égales aux durées publiées'
        ELSE error('une durée constatée publiée n''est pas celle que donnent les consultations')
    END AS verdict
FROM read_parquet(getvariable('penuries')) AS p
FULL JOIN durees AS d ON p.guichet_id = d.guichet_id AND p.demarche_id = d.demarche_id AND p.debut_utc = d.debut;

-- 6. Troisième chiffre : la couverture, en temps prévu. Les cycles prévus se déduisent du périmètre daté : un à chaque
--    cadence, compté le jour local où il commence. Un cycle regardé plusieurs fois ne compte qu'une.

CREATE TEMP TABLE couverture AS
WITH prevus AS (
    SELECT guichet_id, demarche_id, fuseau, fin_utc, cadence_s,
        unnest(range(premier_cycle_utc, fin_utc, to_seconds(cadence_s))) AS debut_utc
    FROM read_parquet(getvariable('perimetre'))
),
jours_prevus AS (
    SELECT guichet_id, demarche_id, timezone(fuseau, debut_utc)::DATE AS jour,
        count(*) AS prevus, sum(least(cadence_s, epoch(fin_utc) - epoch(debut_utc))) AS secondes_prevues
    FROM prevus GROUP BY ALL
),
jours_faits AS (
    SELECT guichet_id, demarche_id, jour, count(*) AS faits, sum(duree) AS secondes_faites
    FROM cycles GROUP BY ALL
)
SELECT guichet_id, demarche_id, jour, prevus, secondes_prevues, coalesce(faits, 0) AS faits,
    coalesce(secondes_faites, 0) AS secondes_faites
FROM jours_prevus LEFT JOIN jours_faits USING (guichet_id, demarche_id, jour);

SELECT
    count(*) AS jours_refaits,
    count(*) FILTER (WHERE c.faits = 0) AS dont_jours_sans_aucune_mesure,
    round(sum(c.secondes_faites) / sum(c.secondes_prevues), 4) AS couverture_totale,
    CASE
        WHEN count(*) > 0 AND bool_and(
            c.prevus = d.cycles_prevus AND c.faits = d.cycles_mesures AND c.secondes_prevues = d.secondes_prevues
            AND c.secondes_faites = d.secondes_mesurees AND d.couverture <= 1
            AND abs(c.secondes_faites / c.secondes_prevues - d.couverture) < 1e-12
        ) IS TRUE THEN 'égales aux couvertures publiées'
        ELSE error('une couverture publiée n''est pas celle du périmètre et des consultations')
    END AS verdict
FROM read_parquet(getvariable('jour')) AS d
LEFT JOIN couverture AS c USING (guichet_id, demarche_id, jour)
WHERE d.cycles_prevus > 0;
