-- One row per signal: something in the measures that deserves a look. A signal is no verdict; ce_qui_trancherait says what
-- would settle it. Every rule and its threshold stand in this file and in the schema.

-- 1. A service that answered at least 100 times and never showed an appointment.
WITH jours_repondus AS (
    SELECT
        guichet_id,
        demarche_id,
        jour,
        CAST(ROW_NUMBER() OVER (PARTITION BY guichet_id, demarche_id ORDER BY jour) AS BIGINT) AS rang
    FROM issues_jour
    WHERE oui + non > 0
),

repondus AS (
    SELECT guichet_id, demarche_id, MIN(jour) AS debut, MAX(jour) AS fin
    FROM jours_repondus
    GROUP BY guichet_id, demarche_id
),

jamais AS (
    SELECT r.guichet_id, r.demarche_id, s.departement, r.debut, r.fin, CAST(s.reponses AS DOUBLE) AS valeur
    FROM repondus AS r
    INNER JOIN disponibilite_ensemble AS s
        ON r.guichet_id = s.guichet_id AND r.demarche_id = s.demarche_id
    WHERE s.reponses >= 100 AND s.oui = 0
),

-- 2. A week of which at least half of at least 20 consultations gave a page that no rule recognises. Days as numbers, from 1
-- January 1970 on: it was a Thursday, and a number plus 3 is a multiple of 7 on Mondays.
jours_numerotes AS (
    SELECT
        guichet_id,
        demarche_id,
        jour,
        CAST(FLOOR(EXTRACT(EPOCH FROM CAST(jour AS TIMESTAMP)) / 86400.0 + 0.5) AS BIGINT) AS numero
    FROM issues_jour
),

jours_vus AS (
    SELECT guichet_id, demarche_id, numero - (numero + 3) % 7 AS lundi, MIN(jour) AS debut, MAX(jour) AS fin
    FROM jours_numerotes
    GROUP BY guichet_id, demarche_id, numero - (numero + 3) % 7
),

sommes AS (
    SELECT
        guichet_id,
        demarche_id,
        semaine_iso,
        MIN(departement) AS departement,
        MIN(premier_jour_prevu) AS premier_jour_prevu,
        SUM(CAST(consultations AS BIGINT)) AS consultations,
        SUM(CAST(rdv_propose AS BIGINT)) AS rdv_propose,
        SUM(CAST(aucun_rdv AS BIGINT)) AS aucun_rdv,
        SUM(CAST(captcha_exige AS BIGINT)) AS captcha_exige,
        SUM(CAST(captcha_refuse AS BIGINT)) AS captcha_refuse,
        SUM(CAST(session_perdue AS BIGINT)) AS session_perdue,
        SUM(CAST(bloque AS BIGINT)) AS bloque,
        SUM(CAST(debit_limite AS BIGINT)) AS debit_limite,
        SUM(CAST(erreur_serveur AS BIGINT)) AS erreur_serveur,
        SUM(CAST(maintenance AS BIGINT)) AS maintenance,
        SUM(CAST(erreur_reseau AS BIGINT)) AS erreur_reseau,
        SUM(CAST(cible_disparue AS BIGINT)) AS cible_disparue,
        SUM(CAST(connexion_exigee AS BIGINT)) AS connexion_exigee,
        SUM(CAST(autre_canal AS BIGINT)) AS autre_canal,
        SUM(CAST(page_non_reconnue AS BIGINT)) AS page_non_reconnue,
        SUM(CAST(incomplete AS BIGINT)) AS incomplete
    FROM sommes_semaines
    WHERE poids_en = 'secondes'
    GROUP BY guichet_id, demarche_id, semaine_iso
),

sommes_numerotees AS (
    SELECT
        *,
        CAST(FLOOR(EXTRACT(EPOCH FROM CAST(premier_jour_prevu AS TIMESTAMP)) / 86400.0 + 0.5) AS BIGINT) AS numero
    FROM sommes
    WHERE consultations >= 20
),

semaines AS (
    SELECT s.*, j.lundi, j.debut, j.fin
    FROM sommes_numerotees AS s
    INNER JOIN jours_vus AS j
        ON s.guichet_id = j.guichet_id AND s.demarche_id = j.demarche_id AND s.numero - (s.numero + 3) % 7 = j.lundi
),

muets AS (
    SELECT
        guichet_id,
        demarche_id,
        departement,
        debut,
        fin,
        CAST(page_non_reconnue AS DOUBLE) / CAST(NULLIF(consultations, 0) AS DOUBLE) AS valeur
    FROM semaines
    WHERE 2 * page_non_reconnue >= consultations
),

-- 3. An outcome whose share changed by more than a half from one week to the next, with 30 consultations in each. The
-- Mondays say which weeks follow each other.
comptes AS (
    SELECT
        s.guichet_id,
        s.demarche_id,
        s.departement,
        s.semaine_iso,
        s.lundi,
        s.debut,
        s.fin,
        i.issue,
        CAST(s.consultations AS BIGINT) AS consultations,
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
            WHEN 'incomplete' THEN s.incomplete
        END AS BIGINT) AS nombre
    FROM semaines AS s
    CROSS JOIN issues AS i
    WHERE s.consultations >= 30
),

suivies AS (
    SELECT
        *,
        LAG(lundi) OVER (PARTITION BY guichet_id, demarche_id, issue ORDER BY lundi) AS lundi_avant,
        LAG(consultations) OVER (PARTITION BY guichet_id, demarche_id, issue ORDER BY lundi) AS consultations_avant,
        LAG(nombre) OVER (PARTITION BY guichet_id, demarche_id, issue ORDER BY lundi) AS nombre_avant
    FROM comptes
),

-- The change over a common denominator, so that it is compared in whole numbers.
ecarts AS (
    SELECT
        *,
        nombre * consultations_avant - nombre_avant * consultations AS ecart,
        consultations * consultations_avant AS base
    FROM suivies
    WHERE lundi - lundi_avant = 7
),

ecarts_ranges AS (
    SELECT
        *,
        -- The rise before the fall: what appeared says more than what it replaced.
        ROW_NUMBER() OVER (
            PARTITION BY guichet_id, demarche_id, semaine_iso
            ORDER BY CASE WHEN ecart > 0 THEN 0 ELSE 1 END, issue
        ) AS place
    FROM ecarts
    WHERE 2 * ecart > base OR 2 * ecart < 0 - base
),

-- 4. The same answer on at least 60 days with an answer, without any other in between; silences do not end it. Every answer
-- of the days from its first to its last is one of it, but on these two: the days are numbered, and one number taken from the
-- other.
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

iles AS (
    SELECT
        guichet_id,
        demarche_id,
        ile,
        MIN(departement) AS departement,
        MIN(reponse) AS reponse,
        MIN(premier_jour) AS debut,
        MAX(dernier_jour) AS fin
    FROM repondues
    GROUP BY guichet_id, demarche_id, ile
),

longues AS (
    SELECT i.guichet_id, i.demarche_id, i.departement, i.reponse, i.debut, i.fin, f.rang - d.rang + 1 AS jours
    FROM iles AS i
    INNER JOIN jours_repondus AS d
        ON i.guichet_id = d.guichet_id AND i.demarche_id = d.demarche_id AND i.debut = d.jour
    INNER JOIN jours_repondus AS f
        ON i.guichet_id = f.guichet_id AND i.demarche_id = f.demarche_id AND i.fin = f.jour
    WHERE f.rang - d.rang >= 59
),

-- 5. A planning that answered in too few cycles to be expected, and that the schedule does not declare.
prevus AS (
    SELECT DISTINCT guichet_id, demarche_id, planning_id
    FROM plannings_attendus
),

inattendus AS (
    SELECT
        p.guichet_id,
        p.demarche_id,
        p.planning_id,
        p.premier_jour AS debut,
        p.dernier_jour AS fin,
        p.cycles_repondus,
        m.plannings_cycles_min
    FROM plannings AS p
    CROSS JOIN parametres AS m
    LEFT JOIN prevus AS a
        ON p.guichet_id = a.guichet_id AND p.demarche_id = a.demarche_id AND p.planning_id = a.planning_id
    WHERE NOT p.attendu AND a.planning_id IS NULL
),

-- 6. A planning that is still expected, and that none of the last consultations of its service asked, at least 20 on the days
-- on which it was expected after the last on which it was asked, if it ever was.
services_a_plannings AS (
    SELECT DISTINCT guichet_id, demarche_id
    FROM plannings_attendus
),

fuseaux AS (
    SELECT DISTINCT d.guichet_id, d.demarche_id, d.fuseau
    FROM plannings_declares AS d
    INNER JOIN services_a_plannings AS s
        ON d.guichet_id = s.guichet_id AND d.demarche_id = s.demarche_id
),

jours_consultes AS (
    SELECT i.guichet_id, i.demarche_id, i.jour, i.consultations, j.debut_utc, j.fin_utc
    FROM issues_jour AS i
    INNER JOIN fuseaux AS f
        ON i.guichet_id = f.guichet_id AND i.demarche_id = f.demarche_id
    INNER JOIN jours_fuseaux AS j
        ON f.fuseau = j.fuseau AND i.jour = j.jour
),

derniers_jours AS (
    SELECT guichet_id, demarche_id, MAX(debut_utc) AS dernier_debut_utc, MAX(fin_utc) AS dernier_fin_utc
    FROM jours_consultes
    GROUP BY guichet_id, demarche_id
),

encore_attendus AS (
    SELECT DISTINCT a.guichet_id, a.demarche_id, a.planning_id
    FROM plannings_attendus AS a
    INNER JOIN derniers_jours AS d
        ON a.guichet_id = d.guichet_id AND a.demarche_id = d.demarche_id
    WHERE a.debut_utc < d.dernier_fin_utc AND a.fin_utc > d.dernier_debut_utc
),

-- The days on which it was expected, each once: what is expected stands in stretches, and one may begin where another ends.
jours_attendus AS (
    SELECT DISTINCT a.guichet_id, a.demarche_id, a.planning_id, j.jour, j.consultations
    FROM encore_attendus AS e
    INNER JOIN plannings_attendus AS a
        ON e.guichet_id = a.guichet_id AND e.demarche_id = a.demarche_id AND e.planning_id = a.planning_id
    INNER JOIN jours_consultes AS j
        ON a.guichet_id = j.guichet_id AND a.demarche_id = j.demarche_id
    WHERE j.fin_utc > a.debut_utc AND j.debut_utc < a.fin_utc
),

disparus AS (
    SELECT
        j.guichet_id,
        j.demarche_id,
        j.planning_id,
        MIN(j.jour) AS debut,
        MAX(j.jour) AS fin,
        SUM(CAST(j.consultations AS BIGINT)) AS consultations
    FROM jours_attendus AS j
    LEFT JOIN plannings AS p
        ON j.guichet_id = p.guichet_id AND j.demarche_id = p.demarche_id AND j.planning_id = p.planning_id
    WHERE p.dernier_jour IS NULL OR j.jour > p.dernier_jour
    GROUP BY j.guichet_id, j.demarche_id, j.planning_id
    HAVING SUM(CAST(j.consultations AS BIGINT)) >= 20
),

-- 7. A month in which at least one consultation in twenty lacks an expected planning.
jours_incomplets AS (
    SELECT guichet_id, demarche_id, mois, MIN(jour) AS debut, MAX(jour) AS fin
    FROM issues_jour
    WHERE incompletes > 0
    GROUP BY guichet_id, demarche_id, mois
),

sommes_mois AS (
    SELECT
        guichet_id,
        demarche_id,
        mois,
        SUM(CAST(consultations AS BIGINT)) AS consultations,
        SUM(CAST(incompletes AS BIGINT)) AS incompletes
    FROM sommes_semaines
    WHERE poids_en = 'secondes'
    GROUP BY guichet_id, demarche_id, mois
),

incompletes AS (
    SELECT
        j.guichet_id,
        j.demarche_id,
        j.mois,
        j.debut,
        j.fin,
        CAST(m.incompletes AS DOUBLE) / CAST(NULLIF(m.consultations, 0) AS DOUBLE) AS valeur
    FROM jours_incomplets AS j
    INNER JOIN sommes_mois AS m
        ON j.guichet_id = m.guichet_id AND j.demarche_id = m.demarche_id AND j.mois = m.mois
    WHERE 20 * m.incompletes >= m.consultations
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
    'Regarder une page conservée (preuve_sha256) : affirme-t-elle vraiment qu’il n’y a pas de rendez-vous ? Demander au guichet une date à laquelle un rendez-vous a été proposé en ligne, et la chercher dans les tentatives.'
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
    CAST(ecart AS DOUBLE) / CAST(NULLIF(base, 0) AS DOUBLE) AS valeur,
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
    CAST(jours AS DOUBLE) AS valeur,
    CAST(60.0 AS DOUBLE) AS seuil,
    'Comparer les empreintes des pages (preuve_sha256) : une page toujours identique peut être figée ou lue de travers. Consulter le service à la main, à une heure notée, et comparer avec la tentative la plus proche.'
        AS ce_qui_trancherait
FROM longues
UNION ALL
SELECT
    i.guichet_id,
    i.demarche_id,
    s.departement,
    'planning_non_attendu' AS type,
    i.debut,
    i.fin,
    i.planning_id AS detail,
    CAST(i.cycles_repondus AS DOUBLE) AS valeur,
    CAST(i.plannings_cycles_min AS DOUBLE) AS seuil,
    'Lire les lignes de ce planning dans les tentatives : est-ce un planning nouveau, ou un identifiant mal écrit par le robot ? S’il est nouveau, il sera attendu dès qu’il aura répondu assez souvent, ou l’écrire dans schedule.csv, colonne plannings.'
        AS ce_qui_trancherait
FROM inattendus AS i
INNER JOIN disponibilite_ensemble AS s
    ON i.guichet_id = s.guichet_id AND i.demarche_id = s.demarche_id
UNION ALL
SELECT
    d.guichet_id,
    d.demarche_id,
    s.departement,
    'planning_disparu' AS type,
    d.debut,
    d.fin,
    d.planning_id AS detail,
    CAST(d.consultations AS DOUBLE) AS valeur,
    CAST(20.0 AS DOUBLE) AS seuil,
    'Regarder le site : la préfecture a-t-elle retiré ce planning, ou le robot a-t-il cessé de l’interroger ? Si elle l’a retiré, dater sa fin dans schedule.csv, colonne plannings : les mois qui suivent sont alors recalculés. Sinon, réparer le robot ; les consultations où il manque restent inconnues.'
        AS ce_qui_trancherait
FROM disparus AS d
INNER JOIN disponibilite_ensemble AS s
    ON d.guichet_id = s.guichet_id AND d.demarche_id = s.demarche_id
UNION ALL
SELECT
    i.guichet_id,
    i.demarche_id,
    s.departement,
    'consultations_incompletes' AS type,
    i.debut,
    i.fin,
    i.mois AS detail,
    i.valeur,
    CAST(0.05 AS DOUBLE) AS seuil,
    'Chercher dans les tentatives quels plannings manquent (table plannings_attendus) et à quelles heures : le robot s’arrête-t-il avant le dernier, ou un planning a-t-il été retiré du site ? Dans le second cas, dater sa fin dans schedule.csv, colonne plannings.'
        AS ce_qui_trancherait
FROM incompletes AS i
INNER JOIN disponibilite_ensemble AS s
    ON i.guichet_id = s.guichet_id AND i.demarche_id = s.demarche_id
