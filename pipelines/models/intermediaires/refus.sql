-- Stretches from one answer (yes or no) to the next, per service, vantage and system, within a local month: one row for each
-- nature of what a stretch holds, blocks, captchas, and the rest, the answer before it included.
--
-- Kept are those in which one kind refused twice, what follows each, and the first and last of the month, so that
-- incidents_suites can join the months: numero 0 goes on from the month before.

WITH numerotes AS (
    SELECT
        *,
        CASE
            WHEN issue = 'bloque' THEN 'blocage'
            WHEN issue IN ('captcha_exige', 'captcha_refuse') THEN 'captcha'
            ELSE 'autre'
        END AS nature,
        SUM(CAST(CASE WHEN reponse IN ('oui', 'non') THEN 1 ELSE 0 END AS BIGINT)) OVER (
            PARTITION BY guichet_id, demarche_id, point_de_mesure, systeme, mois
            ORDER BY instant_utc, tentative_id
        ) AS numero
    FROM tentatives
),

suites AS (
    SELECT
        guichet_id, demarche_id, point_de_mesure, systeme, mois, numero, nature,
        MIN(departement) AS departement,
        MIN(CASE WHEN reponse IN ('oui', 'non') THEN instant_utc END) AS reponse_utc,
        COUNT(*) FILTER (WHERE reponse NOT IN ('oui', 'non')) AS lignes,
        MIN(instant_utc) AS debut_utc,
        MAX(instant_utc) AS fin_utc,
        MIN(CAST(date_locale AS STRING) || ' ' || heure_locale) AS debut_local,
        -- Of several identities, or of one that is not always declared, nobody can say that another differs from it.
        CASE WHEN COUNT(signature_id) = COUNT(*) AND MIN(signature_id) = MAX(signature_id) THEN MIN(signature_id) END
            AS signature_id
    FROM numerotes
    GROUP BY guichet_id, demarche_id, point_de_mesure, systeme, mois, numero, nature
),

reperees AS (
    SELECT
        *,
        MAX(numero) OVER (PARTITION BY guichet_id, demarche_id, point_de_mesure, systeme, mois) AS dernier,
        MAX(CASE WHEN nature <> 'autre' AND lignes >= 2 THEN numero ELSE -2 END) OVER (
            PARTITION BY guichet_id, demarche_id, point_de_mesure, systeme, mois, numero
        ) AS refusee
    FROM suites
),

suivies AS (
    SELECT
        *,
        MAX(refusee) OVER (
            PARTITION BY guichet_id, demarche_id, point_de_mesure, systeme, mois
            ORDER BY numero
        ) AS derniere_refusee
    FROM reperees
)

SELECT
    guichet_id, demarche_id, departement, point_de_mesure, systeme, mois, numero, nature,
    reponse_utc, lignes, debut_utc, fin_utc, debut_local, signature_id
FROM suivies
WHERE numero <= 1 OR numero = dernier OR numero <= derniere_refusee + 1
