//! What changed, for people.

use std::fmt::Write as _;

use super::Changes;
use crate::schema::SchemaChange;

/// `CHANGES.md`: in French, with the terms of the tables.
#[must_use]
pub fn to_markdown(changes: &Changes) -> String {
    let mut text = format!("# De la version {} à la version {}\n\n", changes.from, changes.to);
    // Writing to a String cannot fail.
    let _ = write(&mut text, changes);
    text
}

fn write(text: &mut String, changes: &Changes) -> std::fmt::Result {
    let [before, after] = &changes.rules;
    if before == after {
        writeln!(text, "Règles : {}, inchangées.\n", before.version)?;
    } else {
        writeln!(text, "Règles : {} remplacées par {}.\n", before.version, after.version)?;
    }
    if !changes.models.is_empty() {
        writeln!(text, "Modèles modifiés : {}.\n", changes.models.join(", "))?;
    }
    if changes.schedule {
        writeln!(text, "Le calendrier de mesure a été modifié.\n")?;
    }
    if changes.tables.is_empty() {
        return writeln!(text, "Toutes les tables contiennent les mêmes lignes.");
    }
    writeln!(text, "| table | avant | après | ajoutées | retirées | modifiées |")?;
    writeln!(text, "| --- | ---: | ---: | ---: | ---: | ---: |")?;
    for (name, change) in &changes.tables {
        writeln!(
            text,
            "| {name} | {} | {} | {} | {} | {} |",
            change.before, change.after, change.added, change.removed, change.changed
        )?;
    }
    for (name, change) in changes.tables.iter().filter(|(_, change)| !change.columns.is_empty()) {
        let version = |side: usize| change.schema[side].as_deref().unwrap_or("aucun");
        writeln!(text, "\nSchéma de {name}, de {} à {} :\n", version(0), version(1))?;
        for column in &change.columns {
            writeln!(text, "- {}", in_french(column))?;
        }
    }
    if !changes.moves.is_empty() {
        writeln!(text, "\n| issue avant | issue après | tentatives |\n| --- | --- | ---: |")?;
        for moved in &changes.moves {
            writeln!(text, "| {} | {} | {} |", moved.from, moved.to, moved.attempts)?;
        }
    }
    Ok(())
}

fn in_french(change: &SchemaChange) -> String {
    match change {
        SchemaChange::Removed(column) => format!("la colonne {column} disparaît"),
        SchemaChange::Added(column) => format!("la colonne {column} est nouvelle"),
        SchemaChange::Retyped(column) => format!("la colonne {column} change de type"),
        SchemaChange::Optional(column) => format!("la colonne {column} peut désormais être vide"),
        SchemaChange::Key => "les lignes se distinguent par une autre clé".to_owned(),
        SchemaChange::Files => "la table est répartie en d'autres fichiers ou formats".to_owned(),
    }
}
