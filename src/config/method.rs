//! `[method]` of `pipeline.toml`: the thresholds with which the tables are computed.

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Deserializer, Serialize};

/// Thresholds of the method; published in the table `parametres`, whose schema says what each does.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(transform = as_published)]
#[expect(missing_docs, reason = "each is described by schemas/tables/parametres.json, where it is declared")]
pub struct Method {
    pub methode_version: String,
    #[serde(rename(deserialize = "plannings"), deserialize_with = "window_of_plannings")]
    #[schemars(with = "String", example = "30 jours")]
    pub plannings_fenetre_jours: i32,
    pub plannings_cycles_min: i32,
    pub cycle_max_h: i32,
    pub reponses_min_jour: i32,
    pub reponses_min_semaine: i32,
    pub jours_min_semaine: i32,
    pub reponses_min_mois: i32,
    pub jours_min_mois: i32,
    pub reponses_min_trimestre: i32,
    pub jours_min_trimestre: i32,
    pub reponses_min_annee: i32,
    pub jours_min_annee: i32,
    pub semaines_min_grappes: i32,
    pub couverture_suffisante: f64,
    pub part_jours_suffisante: f64,
    pub largeur_bornes_suffisante: f64,
    pub largeur_bornes_max: f64,
    pub ecart_cadence_max: f64,
    pub part_meme_heure_max: f64,
    // No setting: an interval that is published as ic95 is of 95 %.
    #[serde(skip_deserializing)]
    pub z95: f64,
    pub correlation_jour_min: f64,
    pub dispersion_ouvertures: f64,
    pub jours_fermes_min_semaine: i32,
    pub silence_min_h: i32,
    pub delai_court_jours: i32,
    pub delai_long_jours: i32,
    pub part_dates_non_lues_max: f64,
    pub reponses_min_mediane: i32,
    pub reponses_min_p90: i32,
    pub jours_min_quantile: i32,
}

impl Default for Method {
    fn default() -> Self {
        Self {
            methode_version: "2026.4.0".to_owned(),
            plannings_fenetre_jours: 0,
            plannings_cycles_min: 5,
            cycle_max_h: 6,
            reponses_min_jour: 4,
            reponses_min_semaine: 7,
            jours_min_semaine: 3,
            reponses_min_mois: 20,
            jours_min_mois: 7,
            reponses_min_trimestre: 60,
            jours_min_trimestre: 20,
            reponses_min_annee: 200,
            jours_min_annee: 60,
            semaines_min_grappes: 8,
            couverture_suffisante: 0.8,
            part_jours_suffisante: 0.8,
            largeur_bornes_suffisante: 0.1,
            largeur_bornes_max: 0.3,
            ecart_cadence_max: 0.05,
            part_meme_heure_max: 0.9,
            z95: 1.959_963_984_540_054,
            correlation_jour_min: 0.3,
            dispersion_ouvertures: 2.5,
            jours_fermes_min_semaine: 2,
            silence_min_h: 6,
            delai_court_jours: 30,
            delai_long_jours: 60,
            part_dates_non_lues_max: 0.05,
            reponses_min_mediane: 20,
            reponses_min_p90: 50,
            jours_min_quantile: 7,
        }
    }
}

/// The table in which the settings are published: what each does, and between which bounds, is declared there.
const SETTINGS_TABLE: &str = include_str!("../../schemas/tables/parametres.json");

/// Gives each setting the meaning and the bounds of its published column.
fn as_published(schema: &mut Schema) {
    // Embedded text that the tests read.
    let table: serde_json::Value = serde_json::from_str(SETTINGS_TABLE).unwrap_or_default();
    let Some(properties) = schema.get_mut("properties").and_then(serde_json::Value::as_object_mut) else { return };
    if let Some(window) = properties.get_mut("plannings").and_then(serde_json::Value::as_object_mut) {
        // Published as a number of days, and written in words; left out, it is 0.
        window.remove("default");
        window.insert("description".to_owned(), WINDOW.into());
    }
    for column in table["fields"].as_array().into_iter().flatten() {
        let Some(name) = column["name"].as_str() else { continue };
        let Some(property) = properties.get_mut(name).and_then(serde_json::Value::as_object_mut) else { continue };
        property.insert("description".to_owned(), column["description_en"].clone());
        for bound in ["minimum", "maximum"] {
            if let Some(value) = column["constraints"].get(bound) {
                property.insert(bound.to_owned(), value.clone());
            }
        }
    }
}

/// What `plannings` means.
const WINDOW: &str = "Where plannings come and go, how many days around one of its answers a planning is expected, from \
    \"1 jours\" to \"366 jours\"; left out, it is expected from its first answer on.";

/// Where plannings come and go, how many days around one of its answers a planning is expected, as in `"30 jours"`. Without
/// it, 0: from its first answer on.
fn window_of_plannings<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i32, D::Error> {
    let text = String::deserialize(deserializer)?;
    let days = text.strip_suffix(" jours").and_then(|days| days.parse().ok());
    days.filter(|days| (1..=366).contains(days)).ok_or_else(|| {
        serde::de::Error::custom(format!("plannings « {text} » is not from \"1 jours\" to \"366 jours\""))
    })
}
