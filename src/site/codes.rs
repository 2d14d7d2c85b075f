//! What codes of the tables are called on the pages, where their whole sentence has no room.

use crate::words::{Words, bare};

/// Each code, in French and in English. A code has one meaning in all tables.
const CALLED: [(&str, &str, &str); 30] = [
    // Reasons of availability and of delays.
    ("aucune_mesure", "aucun regard", "no look"),
    ("aucune_reponse", "aucune réponse", "no answer"),
    ("negatifs_non_consignes", "« non » pas consignés", "\"no\" not logged"),
    ("aucune_consultation_complete", "aucune consultation complète", "no complete consultation"),
    ("dates_non_relevees", "dates pas relevées", "dates not read"),
    ("reponses_hors_calendrier", "réponses hors du calendrier", "answers off schedule"),
    ("trop_peu_de_reponses", "trop peu de réponses", "too few answers"),
    ("trop_peu_de_jours", "trop peu de jours", "too few days"),
    ("bornes_trop_ecartees", "bornes trop écartées", "bounds too far apart"),
    ("oui_incomplets", "des « oui » incomplets", "incomplete \"yes\""),
    ("hors_calendrier", "rien de prévu au calendrier", "nothing scheduled"),
    ("couverture_faible", "couverture faible", "low coverage"),
    ("bornes_ecartees", "bornes écartées", "bounds apart"),
    ("jours_sans_reponse", "jours sans réponse", "days without an answer"),
    ("periode_incomplete", "période incomplète", "incomplete period"),
    ("souvent_hors_champ", "souvent hors champ", "often out of scope"),
    ("toujours_meme_heure", "toujours à la même heure", "always at the same hour"),
    ("cadence_changeante", "cadence changeante", "changing cadence"),
    ("horizon_inconnu", "horizon inconnu", "horizon not known"),
    ("horizon_court", "horizon court", "short horizon"),
    // Types of signals.
    ("jamais_de_creneau", "jamais de rendez-vous", "never an appointment"),
    ("parseur_muet", "pages que rien ne reconnaît", "pages that nothing recognises"),
    ("melange_change", "les issues changent de proportion", "outcomes change in proportion"),
    ("meme_reponse_longtemps", "longtemps la même réponse", "the same answer for long"),
    ("planning_non_attendu", "un planning pas attendu", "a planning not expected"),
    ("planning_disparu", "un planning disparu", "a planning gone"),
    ("consultations_incompletes", "consultations incomplètes", "incomplete consultations"),
    // Whether a refusal was aimed at one vantage.
    ("oui", "oui", "yes"),
    ("non", "non", "no"),
    ("indetermine", "on ne sait pas", "not known"),
];

/// What a code is called; one that has no name here is shown as words.
pub(super) fn called(words: Words, code: &str) -> String {
    let found = CALLED.iter().find(|(other, ..)| *other == code);
    found.map_or_else(|| bare(code), |(_, french, english)| words.say(french, english).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::TableSchema;

    #[test]
    fn every_code_that_pages_show_has_a_name() {
        for (table, column) in [
            ("disponibilite_mois", "motif"),
            ("delais", "motif"),
            ("delais", "motif_classes"),
            ("signaux", "type"),
            ("incidents", "cible"),
        ] {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schemas/tables/{table}.json"));
            let table = TableSchema::load(&path).unwrap();
            for code in table.field(column).unwrap().constraints.one_of.clone().unwrap() {
                assert!(CALLED.iter().any(|(other, ..)| *other == code), "{}.{column}: {code}", table.name);
            }
        }
    }
}
