-- One row per service and month in scope, to be read as it stands: names beside the ids, the rate with what it is worth, and
-- one sentence where nothing forbids to cite it. All else about the month is in disponibilite_mois.

WITH pourcentages AS (
    SELECT
        m.*,
        CASE
            WHEN m.taux_sans_rdv > 0.0 AND m.taux_sans_rdv < 0.005 THEN 'moins de 1'
            WHEN m.taux_sans_rdv < 1.0 AND m.taux_sans_rdv >= 0.995 THEN 'plus de 99'
            ELSE CAST(CAST(FLOOR(100.0 * m.taux_sans_rdv + 0.5) AS INTEGER) AS STRING)
        END AS taux_pour_cent,
        -- No end of the scale that the interval does not reach.
        CASE
            WHEN m.ic95_bas > 0.0 AND m.ic95_bas < 0.005 THEN 'moins de 1'
            ELSE CAST(CAST(FLOOR(100.0 * m.ic95_bas + 0.5) AS INTEGER) AS STRING)
        END AS bas_pour_cent,
        CASE
            WHEN m.ic95_haut < 1.0 AND m.ic95_haut >= 0.995 THEN 'plus de 99'
            ELSE CAST(CAST(FLOOR(100.0 * m.ic95_haut + 0.5) AS INTEGER) AS STRING)
        END AS haut_pour_cent,
        CAST(m.jours_regardes AS STRING) AS jours_vus
    FROM disponibilite_mois AS m
)

SELECT
    m.guichet_id,
    g.nom AS guichet_nom,
    m.departement,
    g.departement_nom,
    m.demarche_id,
    d.libelle AS demarche_libelle,
    m.mois,
    m.taux_sans_rdv,
    m.ic95_bas,
    m.ic95_haut,
    m.motif_ic95,
    m.borne_basse,
    m.borne_haute,
    m.couverture,
    m.consultations,
    m.reponses,
    m.qualite,
    m.motif,
    CASE
        WHEN m.qualite <> 'suffisante' THEN NULL
        WHEN m.ic95_bas IS NOT NULL
            THEN 'sans rendez-vous ' || m.taux_pour_cent || ' % du temps (de ' || m.bas_pour_cent || ' à '
                || m.haut_pour_cent || ' %)'
        -- Of what was never seen otherwise nobody knows how rare it is: days are counted, and no interval stands there. Some looks
        -- may have had no answer.
        WHEN m.secondes_non = 0 AND m.non = 0 THEN 'un rendez-vous à chaque réponse obtenue, en ' || m.jours_vus || ' jours regardés'
        WHEN m.secondes_non = m.secondes_repondues AND m.oui = 0 THEN 'aucun rendez-vous vu en ' || m.jours_vus || ' jours regardés'
        ELSE 'sans rendez-vous ' || m.taux_pour_cent || ' % du temps, sans intervalle'
    END AS lecture
FROM pourcentages AS m
LEFT JOIN guichets AS g
    ON m.guichet_id = g.guichet_id
LEFT JOIN demarches AS d
    ON m.demarche_id = d.demarche_id
