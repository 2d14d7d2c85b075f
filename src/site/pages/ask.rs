//! The page on which anyone asks the published tables, in the browser: it reads of a file only what the question needs.

use maud::html;
use serde_json::{Value, json};

use crate::release::FileEntry;
use crate::schema::{Format, TableSchema};
use crate::site::frame::{Frame, Own, data_block};

/// The page.
pub(super) fn ask(frame: &Frame<'_>) -> String {
    let title = frame.say("Interroger les tables", "Ask the tables");
    let about = frame.say(
        "Choisissez une table, des colonnes, des filtres : la réponse se calcule dans votre navigateur, et rien n'est envoyé.",
        "Choose a table, columns, filters: the answer is computed in your browser, and nothing is sent.",
    );
    let body = html! {
        h1 { (title) }
        p.lead { (about) }
        noscript { p.notice {
            (frame.say("Cette page a besoin de JavaScript. Les fichiers se téléchargent sans :", "This page needs JavaScript. The files can be downloaded without it:"))
            " " a href=(frame.at_root(crate::metadata::FILES_PAGE)) { (frame.say("tous les fichiers", "all files")) } "."
        } }
        form #interroger hidden {}
        (data_block("tables", &tables(frame)))
    };
    frame.page(&Own { title, about, scripts: &["interroger.js"], body })
}

/// The tables that can be asked, those for readers first; steps on the way to others are left out.
fn tables(frame: &Frame<'_>) -> Value {
    let description = frame.site.description;
    let published = description.tables.iter().filter(|table| !table.guichets.intermediate);
    let told = published.filter_map(|table| {
        let files: Vec<Value> = description
            .files_of(table)
            .filter(|file| file.format == Some(Format::Parquet))
            .map(|file| told(frame, file))
            .collect();
        (!files.is_empty()).then(|| {
            json!({
                "name": table.name,
                "title": frame.say(&table.title, &table.title_en),
                "files": files,
                "columns": columns(frame, table),
                "by": table.primary_key,
            })
        })
    });
    told.collect()
}

fn told(frame: &Frame<'_>, file: &FileEntry) -> Value {
    let description = frame.site.description;
    let own = description.own(file);
    json!({
        "name": description.name(file),
        "path": own,
        "data": own.is_none().then_some(&file.path),
        "part": file.partition,
        "rows": file.rows,
        "bytes": file.bytes,
    })
}

fn columns(frame: &Frame<'_>, table: &TableSchema) -> Vec<Value> {
    let told = table.fields.iter().map(
        |field| json!({ "name": field.name, "title": frame.say(&field.title, &field.title_en), "type": field.kind }),
    );
    told.collect()
}
