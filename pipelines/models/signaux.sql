-- One row per signal: something in the measures that deserves a look. A signal is no verdict; ce_qui_trancherait says what
-- would settle it. Every rule and its threshold stand in this file and in the schema.

WITH repondues AS (
    SELECT
        guichet_id,
        demarche_id,
        departement,
        jour,
        reponse,
        ROW_NUMBER() OVER (
            PARTITION BY guichet_id, demarche_id
            ORDER BY instant_utc, consultation_id, essai
        ) AS rang
    FROM consultations
    WHERE reponse IN ('oui', 'non')
),

-- 1. A service that answered at least 100 times and never showed an appointment.
jamais AS (
    SELECT
        guichet_id,
        demarche_id,
        MIN(departement) AS departement,
        MIN(jour) AS debut,
        MAX(jour) AS fin,
        CAST(COUNT(*) AS DOUBLE) AS valeur
    FROM repondues
    GROUP BY guichet_id, demarche_id
    HAVING COUNT(*) >= 100 AND COUNT(*) FILTER (WHERE reponse = 'oui') = 0
),

-- 2. A week of which at least half of at least 20 consultations gave a page that no rule recognises.
semaines AS (
    SELECT
        guichet_id,
        demarche_id,
        MIN(departement) AS departement,
        semaine_iso,
        MIN(jour) AS debut,
        MAX(jour) AS fin,
        COUNT(*) AS tentatives,
        COUNT(*) FILTER (WHERE issue = 'page_non_reconnue') AS non_reconnues
    FROM consultations
    GROUP BY guichet_id, demarche_id, semaine_iso
),

muets AS (
    SELECT
        guichet_id,
        demarche_id,
        departement,
        debut,
        fin,
        CAST(non_reconnues AS DOUBLE) / CAST(tentatives AS DOUBLE) AS valeur
    FROM semaines
    WHERE tentatives >= 20 AND 2 * non_reconnues >= tentatives
),

-- 3. An outcome whose share changed by more than a half from one week to the next, with 30 consultations in each. The
-- Mondays say which weeks follow each other; an outcome that is absent from one of the two has the share 0 there.
lundis AS (
    SELECT DISTINCT semaine_iso, lundi
    FROM calendrier
),

datees AS (
    SELECT s.*, l.lundi
    FROM semaines AS s
    INNER JOIN lundis AS l
        ON s.semaine_iso = l.semaine_iso
    WHERE s.tentatives >= 30
),

suivies AS (
    SELECT
        *,
        LAG(semaine_iso) OVER (PARTITION BY guichet_id, demarche_id ORDER BY lundi) AS semaine_avant,
        LAG(lundi) OVER (PARTITION BY guichet_id, demarche_id ORDER BY lundi) AS lundi_avant,
        LAG(tentatives) OVER (PARTITION BY guichet_id, demarche_id ORDER BY lundi) AS tentatives_avant
    FROM datees
),

paires AS (
    SELECT *
    FROM suivies
    WHERE CAST(lundi_avant + INTERVAL '7 days' AS DATE) = lundi
),

issues AS (
    SELECT guichet_id, demarche_id, semaine_iso, issue, COUNT(*) AS nombre
    FROM consultations
    GROUP BY guichet_id, demarche_id, semaine_iso, issue
),

vues AS (
    SELECT p.guichet_id, p.demarche_id, p.semaine_iso, i.issue, i.nombre, 0 AS nombre_avant
    FROM paires AS p
    INNER JOIN issues AS i
        ON p.guichet_id = i.guichet_id AND p.demarche_id = i.demarche_id AND p.semaine_iso = i.semaine_iso
    UNION ALL
    SELECT p.guichet_id, p.demarche_id, p.semaine_iso, i.issue, 0 AS nombre, i.nombre AS nombre_avant
    FROM paires AS p
    INNER JOIN issues AS i
        ON p.guichet_id = i.guichet_id AND p.demarche_id = i.demarche_id AND p.semaine_avant = i.semaine_iso
),

comparees AS (
    SELECT
        guichet_id,
        demarche_id,
        semaine_iso,
        issue,
        SUM(nombre) AS nombre,
        SUM(nombre_avant) AS nombre_avant
    FROM vues
    GROUP BY guichet_id, demarche_id, semaine_iso, issue
),

ecarts AS (
    SELECT
        p.guichet_id,
        p.demarche_id,
        p.departement,
        p.semaine_iso,
        p.debut,
        p.fin,
        c.issue,
        CAST(c.nombre AS DOUBLE) / CAST(p.tentatives AS DOUBLE)
            - CAST(c.nombre_avant AS DOUBLE) / CAST(p.tentatives_avant AS DOUBLE) AS ecart
    FROM paires AS p
    INNER JOIN comparees AS c
        ON p.guichet_id = c.guichet_id AND p.demarche_id = c.demarche_id AND p.semaine_iso = c.semaine_iso
),

ecarts_ranges AS (
    SELECT
        *,
        -- The rise before the fall: what appeared says more than what it replaced.
        ROW_NUMBER() OVER (
            PARTITION BY guichet_id, demarche_id, semaine_iso
            ORDER BY CASE WHEN ecart > 0.5 THEN 0 ELSE 1 END, issue
        ) AS place
    FROM ecarts
    WHERE ecart > 0.5 OR ecart < -0.5
),

-- 4. The same answer on at least 60 days with an answer, without any other in between.
suites AS (
    SELECT
        *,
        LAG(reponse) OVER (PARTITION BY guichet_id, demarche_id ORDER BY rang) AS reponse_precedente
    FROM repondues
),

numerotees AS (
    SELECT
        *,
        SUM(CASE WHEN reponse = reponse_precedente THEN 0 ELSE 1 END) OVER (
            PARTITION BY guichet_id, demarche_id ORDER BY rang
        ) AS ile
    FROM suites
),

longues AS (
    SELECT
        guichet_id,
        demarche_id,
        MIN(departement) AS departement,
        ile,
        MIN(reponse) AS reponse,
        MIN(jour) AS debut,
        MAX(jour) AS fin,
        CAST(COUNT(DISTINCT jour) AS DOUBLE) AS valeur
    FROM numerotees
    GROUP BY guichet_id, demarche_id, ile
    HAVING COUNT(DISTINCT jour) >= 60
)

SELECT
    guichet_id,
    demarche_id,
    departement,
    'jamais_de_creneau' AS type,
    debut,
    fin,
    'aucun_rdv' AS detail,
    valeur,
    CAST(100.0 AS DOUBLE) AS seuil,
    'Regarder une page conservée (preuve_sha256) : affirme-t-elle vraiment qu''il n''y a pas de rendez-vous ? Demander au guichet une date à laquelle un rendez-vous a été proposé en ligne, et la chercher dans les tentatives.'
        AS ce_qui_trancherait
FROM jamais
UNION ALL
SELECT
    guichet_id,
    demarche_id,
    departement,
    'parseur_muet' AS type,
    debut,
    fin,
    'page_non_reconnue' AS detail,
    valeur,
    CAST(0.5 AS DOUBLE) AS seuil,
    'Regarder une page conservée (preuve_sha256) de la période : le site a-t-il changé de présentation ? Si oui, écrire la règle qui la reconnaît et recalculer ; les tentatives ne sont pas perdues.'
        AS ce_qui_trancherait
FROM muets
UNION ALL
SELECT
    guichet_id,
    demarche_id,
    departement,
    'melange_change' AS type,
    debut,
    fin,
    issue AS detail,
    ecart AS valeur,
    CAST(0.5 AS DOUBLE) AS seuil,
    'Comparer une page conservée (preuve_sha256) de chaque semaine, et chercher un événement dans les tables incidents et chronologie : le service, le site, la sonde ou les règles ont changé.'
        AS ce_qui_trancherait
FROM ecarts_ranges
WHERE place = 1
UNION ALL
SELECT
    guichet_id,
    demarche_id,
    departement,
    'meme_reponse_longtemps' AS type,
    debut,
    fin,
    reponse AS detail,
    valeur,
    CAST(60.0 AS DOUBLE) AS seuil,
    'Comparer les empreintes des pages (preuve_sha256) : une page toujours identique peut être figée ou lue de travers. Consulter le service à la main, à une heure notée, et comparer avec la tentative la plus proche.'
        AS ce_qui_trancherait
FROM longues
