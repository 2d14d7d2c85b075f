-- In English: finds the current version of a store, checks what it downloads, and makes three published figures again
-- from the attempts, in another way than the published SQL does. It stops at the first figure that differs.
--
-- Lit une version publiée de guichets-ouverts avec DuckDB seul, par HTTP, et refait trois chiffres à partir des
-- tentatives, sans les requêtes publiées (METHOD.md en donne les formules). S'arrête à la première différence.
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
CROSS JOIN (SELECT sum("rows") AS n FROM publies WHERE "table" = 'tentatives') AS annoncees;

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

-- 4. Premier chiffre : le taux sans rendez-vous d'un mois, avec son intervalle à 95 % (METHOD.md, § 4).
--    Une consultation réunit les tentatives d'un cycle : « oui » l'emporte, puis « inconnue », puis « non ».

CREATE TEMP TABLE regards AS
SELECT
    guichet_id,
    demarche_id,
    essai,
    min(date_locale) AS jour,
    CASE
        WHEN bool_or(reponse = 'oui') THEN 'oui'
        WHEN bool_or(reponse = 'inconnue') THEN 'inconnue'
        WHEN bool_or(reponse = 'non') THEN 'non'
        ELSE 'hors_champ'
    END AS reponse
FROM read_parquet(getvariable('tentatives'))
GROUP BY guichet_id, demarche_id, coalesce(cycle_id, tentative_id), essai;

-- Une ligne par service et par jour où le journal pouvait dire « non » et où quelqu'un a répondu.
CREATE TEMP TABLE grappes AS
SELECT
    r.guichet_id,
    r.demarche_id,
    strftime(r.jour, '%Y-%m') AS mois,
    r.jour,
    count(*)::DOUBLE AS n,
    (count(*) FILTER (WHERE r.reponse = 'non'))::DOUBLE AS x
FROM regards AS r
INNER JOIN read_parquet(getvariable('calendrier')) AS c USING (guichet_id, demarche_id, jour)
WHERE r.reponse IN ('oui', 'non') AND c.negatifs_consignes
GROUP BY ALL;

CREATE TEMP TABLE taux AS
WITH sommes AS (
    SELECT
        guichet_id, demarche_id, mois,
        sum(n) AS n, sum(x) AS x, sum(x) / sum(n) AS p, count(*) AS k, sum(n * n) / sum(n) AS m
    FROM grappes GROUP BY ALL
),
carres AS (
    SELECT guichet_id, demarche_id, mois, sum((g.x - s.p * g.n) ** 2) AS carres
    FROM sommes AS s INNER JOIN grappes AS g USING (guichet_id, demarche_id, mois)
    GROUP BY ALL
),
variances AS (
    SELECT *, p * (1 - p) / n AS v0, k / (k - 1) * carres / n ** 2 AS v1
    FROM sommes INNER JOIN carres USING (guichet_id, demarche_id, mois)
),
effectifs AS (
    SELECT
        v.*,
        q.z95 AS z,
        -- Sans variance observée (tout « oui » ou tout « non », ou un seul jour), le plancher seul.
        n / greatest(CASE WHEN v0 > 0 AND k > 1 THEN v1 / v0 ELSE 0 END, 1 + (m - 1) * q.correlation_jour_min)
            * (q.z95 / t.t975) ** 2 AS ne
    FROM variances AS v
    CROSS JOIN read_parquet(getvariable('parametres')) AS q
    LEFT JOIN read_parquet(getvariable('quantiles')) AS t ON t.degres_liberte = v.k - 1
),
wilson AS (
    SELECT
        *,
        (p + z ** 2 / (2 * ne)) / (1 + z ** 2 / ne) AS centre,
        z * sqrt(p * (1 - p) / ne + (z / (2 * ne)) ** 2) / (1 + z ** 2 / ne) AS marge
    FROM effectifs
)
SELECT
    guichet_id,
    demarche_id,
    mois,
    n::BIGINT AS reponses,
    x::BIGINT AS non,
    p AS taux,
    CASE WHEN x = 0 THEN 0 ELSE centre - marge END AS bas,
    CASE WHEN x = n THEN 1 ELSE centre + marge END AS haut
FROM wilson;

FROM taux WHERE taux BETWEEN 0.5 AND 0.99 ORDER BY guichet_id, demarche_id, mois LIMIT 5;

-- Tous les taux publiés, et non un seul choisi.
SELECT
    count(*) AS taux_refaits,
    max(greatest(abs(t.taux - d.taux_sans_rdv), abs(t.bas - d.ic95_bas), abs(t.haut - d.ic95_haut))) AS ecart_maximal,
    CASE
        WHEN count(*) > 0 AND bool_and(
            t.reponses = d.reponses_retenues AND t.non = d.non_retenus AND abs(t.taux - d.taux_sans_rdv) < 1e-9
            AND abs(t.bas - d.ic95_bas) < 1e-9 AND abs(t.haut - d.ic95_haut) < 1e-9
        ) IS TRUE THEN 'égaux aux taux publiés'
        ELSE error('un taux publié n''est pas celui que donnent les tentatives')
    END AS verdict
FROM read_parquet(getvariable('mois')) AS d
LEFT JOIN taux AS t USING (guichet_id, demarche_id, mois)
WHERE d.taux_sans_rdv IS NOT NULL;

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

-- 6. Troisième chiffre : la couverture. Les passages prévus se déduisent du périmètre daté : un à chaque cadence,
--    compté le jour local où il commence ; les premiers essais seuls sont des passages faits.

CREATE TEMP TABLE couverture AS
WITH passages AS (
    SELECT p.guichet_id, p.demarche_id, g.fuseau_horaire,
        unnest(range(p.debut_utc, p.fin_utc, to_seconds((p.cadence_min * 60)::BIGINT))) AS prevu
    FROM read_parquet(getvariable('perimetre')) AS p
    INNER JOIN read_parquet(getvariable('guichets')) AS g USING (guichet_id)
),
prevus AS (
    SELECT guichet_id, demarche_id, timezone(fuseau_horaire, prevu)::DATE AS jour, count(*) AS prevus
    FROM passages GROUP BY ALL
),
faits AS (
    SELECT guichet_id, demarche_id, jour, count(*) AS faits FROM regards WHERE essai = 1 GROUP BY ALL
)
SELECT guichet_id, demarche_id, jour, prevus, coalesce(faits, 0) AS faits
FROM prevus LEFT JOIN faits USING (guichet_id, demarche_id, jour);

SELECT
    count(*) AS jours_refaits,
    count(*) FILTER (WHERE c.faits = 0) AS dont_jours_sans_aucune_mesure,
    round(sum(c.faits) / sum(c.prevus), 4) AS couverture_totale,
    CASE
        WHEN count(*) > 0 AND bool_and(
            c.prevus = d.tentatives_prevues AND c.faits = d.cycles_mesures
            AND abs(c.faits / c.prevus - d.couverture) < 1e-12
        ) IS TRUE THEN 'égales aux couvertures publiées'
        ELSE error('une couverture publiée n''est pas celle du périmètre et des tentatives')
    END AS verdict
FROM read_parquet(getvariable('jour')) AS d
LEFT JOIN couverture AS c USING (guichet_id, demarche_id, jour)
WHERE d.tentatives_prevues > 0;
