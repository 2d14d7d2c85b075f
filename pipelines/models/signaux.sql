-- One row per signal: something in the measures that deserves a look. A signal is no verdict; ce_qui_trancherait says what
-- would settle it. Every rule and its threshold stand in this file and in the schema.

-- 1. A service that answered at least 100 times and never showed an appointment.
WITH jamais AS (
    SELECT
        guichet_id,
        demarche_id,
        MIN(departement) AS departement,
        MIN(jour) AS debut,
        MAX(jour) AS fin,
        CAST(SUM(CAST(reponses AS BIGINT)) AS DOUBLE) AS valeur
    FROM disponibilite_jour
    WHERE reponses > 0
    GROUP BY guichet_id, demarche_id
    HAVING SUM(CAST(reponses AS BIGINT)) >= 100 AND SUM(CAST(oui AS BIGINT)) = 0
),

-- 2. A week of which at least half of at least 20 consultations gave a page that no rule recognises.
jours_vus AS (
    SELECT guichet_id, demarche_id, semaine_iso, MIN(jour) AS debut, MAX(jour) AS fin
    FROM disponibilite_jour
    WHERE tentatives > 0
    GROUP BY guichet_id, demarche_id, semaine_iso
),

semaines AS (
    SELECT s.*, j.debut, j.fin
    FROM disponibilite_semaine AS s
    INNER JOIN jours_vus AS j
        ON s.guichet_id = j.guichet_id AND s.demarche_id = j.demarche_id AND s.semaine_iso = j.semaine_iso
),

muets AS (
    SELECT
        guichet_id,
        demarche_id,
        departement,
        debut,
        fin,
        CAST(page_non_reconnue AS DOUBLE) / CAST(tentatives AS DOUBLE) AS valeur
    FROM semaines
    WHERE tentatives >= 20 AND 2 * page_non_reconnue >= tentatives
),

-- 3. An outcome whose share changed by more than a half from one week to the next, with 30 consultations in each. The
-- Mondays say which weeks follow each other.
issues AS (
    SELECT 'rdv_propose' AS issue
    UNION ALL SELECT 'aucun_rdv' AS issue
    UNION ALL SELECT 'captcha_exige' AS issue
    UNION ALL SELECT 'captcha_refuse' AS issue
    UNION ALL SELECT 'session_perdue' AS issue
    UNION ALL SELECT 'bloque' AS issue
    UNION ALL SELECT 'debit_limite' AS issue
    UNION ALL SELECT 'erreur_serveur' AS issue
    UNION ALL SELECT 'maintenance' AS issue
    UNION ALL SELECT 'erreur_reseau' AS issue
    UNION ALL SELECT 'cible_disparue' AS issue
    UNION ALL SELECT 'connexion_exigee' AS issue
    UNION ALL SELECT 'autre_canal' AS issue
    UNION ALL SELECT 'page_non_reconnue' AS issue
),

parts AS (
    SELECT
        s.guichet_id,
        s.demarche_id,
        s.departement,
        s.semaine_iso,
        s.lundi,
        s.debut,
        s.fin,
        i.issue,
        CAST(CASE i.issue
            WHEN 'rdv_propose' THEN s.rdv_propose
            WHEN 'aucun_rdv' THEN s.aucun_rdv
            WHEN 'captcha_exige' THEN s.captcha_exige
            WHEN 'captcha_refuse' THEN s.captcha_refuse
            WHEN 'session_perdue' THEN s.session_perdue
            WHEN 'bloque' THEN s.bloque
            WHEN 'debit_limite' THEN s.debit_limite
            WHEN 'erreur_serveur' THEN s.erreur_serveur
            WHEN 'maintenance' THEN s.maintenance
            WHEN 'erreur_reseau' THEN s.erreur_reseau
            WHEN 'cible_disparue' THEN s.cible_disparue
            WHEN 'connexion_exigee' THEN s.connexion_exigee
            WHEN 'autre_canal' THEN s.autre_canal
            WHEN 'page_non_reconnue' THEN s.page_non_reconnue
        END AS DOUBLE) / CAST(s.tentatives AS DOUBLE) AS part
    FROM semaines AS s
    CROSS JOIN issues AS i
    WHERE s.tentatives >= 30
),

suivies AS (
    SELECT
        *,
        LAG(lundi) OVER (PARTITION BY guichet_id, demarche_id, issue ORDER BY lundi) AS lundi_avant,
        part - LAG(part) OVER (PARTITION BY guichet_id, demarche_id, issue ORDER BY lundi) AS ecart
    FROM parts
),

ecarts AS (
    SELECT *
    FROM suivies
    WHERE CAST(lundi_avant + INTERVAL '7 days' AS DATE) = lundi
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

-- 4. The same answer on at least 60 days with an answer, without any other in between; silences do not end it.
repondues AS (
    SELECT
        *,
        SUM(CAST(CASE WHEN reponse = reponse_precedente THEN 0 ELSE 1 END AS BIGINT)) OVER (
            PARTITION BY guichet_id, demarche_id
            ORDER BY numero
        ) AS ile
    FROM suites_reponses
    WHERE reponse <> 'aucune'
),

jours_communs AS (
    SELECT
        *,
        LAG(dernier_jour) OVER (PARTITION BY guichet_id, demarche_id, ile ORDER BY numero) AS jour_precedent
    FROM repondues
),

longues AS (
    SELECT
        guichet_id,
        demarche_id,
        MIN(departement) AS departement,
        ile,
        MIN(reponse) AS reponse,
        MIN(premier_jour) AS debut,
        MAX(dernier_jour) AS fin,
        -- A day that two runs share counts once.
        CAST(SUM(CAST(jours - CASE WHEN premier_jour = jour_precedent THEN 1 ELSE 0 END AS BIGINT)) AS DOUBLE) AS valeur
    FROM jours_communs
    GROUP BY guichet_id, demarche_id, ile
    HAVING SUM(CAST(jours - CASE WHEN premier_jour = jour_precedent THEN 1 ELSE 0 END AS BIGINT)) >= 60
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
