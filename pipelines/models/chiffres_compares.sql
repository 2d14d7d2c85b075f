-- Each official figure beside the nearest thing that was measured in the same scope, and why the two are not the same.
--
-- No figure published so far has the definition of one of ours, so none is comparable; `motif` says what is missing
-- first. Of a dated figure the month of its publication is taken, of an undated one all that was measured: mois_debut
-- and mois_fin say which. Fictional counters stand in no scope.

-- Which measure of ours is nearest to each indicator, and whether the two mean the same.
WITH voisines AS (
    SELECT
        'appels_aboutis' AS indicateur,
        'taux_reponse' AS mesure,
        '' AS demarche,
        FALSE AS meme_definition
    UNION ALL
    SELECT
        'appels_aboutis' AS indicateur,
        'taux_sans_rdv' AS mesure,
        '' AS demarche,
        FALSE AS meme_definition
    UNION ALL
    SELECT
        'delai_carte_identite' AS indicateur,
        'part_sous_30_jours' AS mesure,
        '' AS demarche,
        FALSE AS meme_definition
    UNION ALL
    SELECT
        'delai_moyen_obtention_rendez_vous' AS indicateur,
        'part_sous_30_jours' AS mesure,
        'premier-titre' AS demarche,
        FALSE AS meme_definition
    UNION ALL
    SELECT
        'prefectures_rendez_vous_internet_obligatoire' AS indicateur,
        'guichets_mesures' AS mesure,
        '' AS demarche,
        FALSE AS meme_definition
    UNION ALL
    SELECT
        'sites_recevant_des_etrangers' AS indicateur,
        'guichets_mesures' AS mesure,
        '' AS demarche,
        FALSE AS meme_definition
),

chiffres AS (
    SELECT
        c.*,
        SUBSTR(CAST(c.date_publication AS STRING), 1, 7) AS mois,
        COALESCE(v.mesure, 'aucune') AS mesure,
        NULLIF(v.demarche, '') AS demarche_id,
        COALESCE(v.meme_definition, FALSE) AS meme_definition
    FROM chiffres_officiels AS c
    LEFT JOIN voisines AS v
        ON c.indicateur = v.indicateur
),

-- In scope: the same place, procedure and period.
mesures AS (
    SELECT
        c.chiffre_id,
        c.mesure,
        MIN(m.mois) AS mois_debut,
        MAX(m.mois) AS mois_fin,
        COUNT(DISTINCT m.guichet_id) AS guichets,
        SUM(CAST(m.secondes_repondues AS BIGINT)) AS secondes_repondues,
        SUM(CAST(m.secondes_repondues + m.secondes_oui_incomplets + m.secondes_inconnues AS BIGINT)) AS secondes_demandees,
        SUM(CAST(m.secondes_non AS BIGINT)) AS secondes_non,
        -- Of the months whose classes within 30 days are published: elsewhere dates were not read, or not looked for.
        SUM(CAST(CASE
            WHEN d.part_une_date_sous_30_jours IS NOT NULL
                THEN CAST(d.secondes_deux_dates_sous_30_jours + d.secondes_une_date_sous_30_jours AS BIGINT)
            ELSE 0
        END AS BIGINT)) AS secondes_sous_30_jours,
        SUM(CAST(CASE
            WHEN d.part_une_date_sous_30_jours IS NOT NULL THEN CAST(d.secondes_repondues AS BIGINT)
            ELSE 0
        END AS BIGINT)) AS secondes_classees
    FROM chiffres AS c
    CROSS JOIN disponibilite_mois AS m
    INNER JOIN delais AS d
        ON m.guichet_id = d.guichet_id AND m.demarche_id = d.demarche_id AND m.mois = d.mois
    WHERE m.consultations > 0
        AND m.departement <> '9Z'
        AND (c.perimetre = 'national' OR c.perimetre = 'departement:' || m.departement OR c.perimetre = m.guichet_id)
        AND (c.demarche_id IS NULL OR c.demarche_id = m.demarche_id)
        AND (c.mois IS NULL OR c.mois = m.mois)
    GROUP BY c.chiffre_id, c.mesure
),

comptes AS (
    SELECT
        c.chiffre_id,
        c.mesure,
        c.perimetre,
        c.indicateur,
        c.date_publication,
        c.valeur,
        c.unite,
        c.demarche_id,
        c.meme_definition,
        CASE WHEN c.mesure <> 'aucune' THEN m.mois_debut END AS mois_debut,
        CASE WHEN c.mesure <> 'aucune' THEN m.mois_fin END AS mois_fin,
        CASE WHEN c.mesure <> 'aucune' THEN COALESCE(m.guichets, 0) END AS guichets,
        COALESCE(m.secondes_repondues, 0) AS secondes_repondues,
        CASE
            WHEN c.mesure = 'guichets_mesures' THEN 'guichet'
            WHEN c.mesure <> 'aucune' THEN 'seconde'
        END AS unite_mesure,
        CASE c.mesure
            WHEN 'taux_reponse' THEN COALESCE(m.secondes_repondues, 0)
            WHEN 'taux_sans_rdv' THEN COALESCE(m.secondes_non, 0)
            WHEN 'part_sous_30_jours' THEN COALESCE(m.secondes_sous_30_jours, 0)
            WHEN 'guichets_mesures' THEN COALESCE(m.guichets, 0)
        END AS numerateur,
        CASE c.mesure
            WHEN 'taux_reponse' THEN COALESCE(m.secondes_demandees, 0)
            WHEN 'taux_sans_rdv' THEN COALESCE(m.secondes_repondues, 0)
            WHEN 'part_sous_30_jours' THEN COALESCE(m.secondes_classees, 0)
            WHEN 'guichets_mesures' THEN CASE WHEN m.guichets > 0 THEN 1 ELSE 0 END
        END AS denominateur
    FROM chiffres AS c
    LEFT JOIN mesures AS m
        ON c.chiffre_id = m.chiffre_id AND c.mesure = m.mesure
),

motivees AS (
    SELECT
        *,
        CASE
            WHEN mesure = 'aucune' THEN 'aucune_mesure_voisine'
            WHEN guichets = 0 THEN 'perimetre_non_mesure'
            WHEN denominateur = 0 AND secondes_repondues > 0 THEN 'delais_non_publies'
            WHEN denominateur = 0 THEN 'aucune_reponse'
            WHEN NOT meme_definition THEN 'definition_differente'
            WHEN date_publication IS NULL THEN 'periode_inconnue'
            WHEN valeur IS NULL THEN 'aucun_chiffre'
        END AS motif
    FROM comptes
)

SELECT
    chiffre_id,
    mesure,
    perimetre,
    indicateur,
    date_publication,
    valeur,
    unite,
    demarche_id,
    mois_debut,
    mois_fin,
    guichets,
    unite_mesure,
    numerateur,
    denominateur,
    CAST(numerateur AS DOUBLE) / CAST(NULLIF(denominateur, 0) AS DOUBLE) AS valeur_mesuree,
    motif IS NULL AS comparable,
    motif
FROM motivees
