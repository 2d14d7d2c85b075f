//! The files of a version, on its page.

use std::fmt::Write as _;

use super::words::{FRENCH, size};
use super::{escaped, line};
use crate::metadata::Description;
use crate::release::FileEntry;
use crate::schema::{Origin, TableSchema};

/// Groups of tables, what readers come for first.
const GROUPS: [&str; 5] = [
    "Résultats",
    "Ce qui a été vu et lu",
    "Registre : guichets, démarches, faits",
    "Méthode : périmètre, règles, seuils",
    "Tables intermédiaires",
];

/// The last group, which is folded: it is for those who recompute.
const INTERMEDIATE: usize = GROUPS.len() - 1;

/// The position of a table's group. What is split by month is of single looks, whoever made it.
fn group(table: &TableSchema) -> usize {
    match table.guichets.origin {
        _ if table.guichets.intermediate => INTERMEDIATE,
        Origin::Ingest => 1,
        Origin::Model if table.guichets.partition.is_some() => 1,
        Origin::Model => 0,
        Origin::Registry => 2,
        Origin::Schedule | Origin::Rules | Origin::Settings => 3,
    }
}

/// Every table with its files, then what checks and documents them.
pub(super) fn files(description: &Description<'_>) -> String {
    let mut html = String::from(
        "<h2>Les fichiers</h2>\n<p>Les fichiers XLSX s'ouvrent dans un tableur, les CSV partout, les Parquet avec pandas, \
         R, DuckDB ou Polars. Les codes de département sont du texte. Les tentatives et \
         les consultations sont en un fichier par mois local, dont la taille est dite à côté ; ce qui compte les jours, en un \
         fichier par année close et, de l'année en cours, par mois. <span lang=\"en\">XLSX for spreadsheets, CSV for \
         everything, Parquet for pandas, R, DuckDB or Polars. Département codes are text. Attempts and consultations come in one file per local month, each with its size; what counts days, \
         in one per closed year and, of the year under way, per month.</span></p>\n",
    );
    for (position, caption) in GROUPS.into_iter().enumerate() {
        let tables = description.tables.iter().filter(|table| group(table) == position);
        // What leaves in no format is in the dictionary alone.
        let tables = tables.filter(|table| description.files_of(table).next().is_some());
        let bodies: String = tables.map(|table| body(description, table)).collect();
        let (before, after) = if position == INTERMEDIATE {
            (
                "<details>\n<summary>Tables intermédiaires : les autres en sont faites ; pour recalculer. \
              <span lang=\"en\">Intermediate tables, of which the others are made: to recompute.</span></summary>\n",
                "</details>\n",
            )
        } else {
            ("", "")
        };
        if !bodies.is_empty() {
            let _ = write!(
                html,
                "{before}<table class=\"files\">\n<caption>{caption}</caption>\n<thead><tr><th scope=\"col\">Fichier</th>\
                 <th scope=\"col\" class=\"n\">Lignes</th><th scope=\"col\" class=\"n\">Taille</th>\
                 <th scope=\"col\">SHA-256</th></tr></thead>\n{bodies}</table>\n{after}"
            );
        }
    }
    html + &beside(description)
}

fn body(description: &Description<'_>, table: &TableSchema) -> String {
    let mut files: Vec<&FileEntry> = description.files_of(table).collect();
    // What opens everywhere comes first; months in their order.
    files.sort_by_key(|file| (std::cmp::Reverse(file.format), &file.path));
    let mut html = format!(
        "<tbody>\n<tr><th scope=\"rowgroup\" colspan=\"4\"><strong>{}</strong> \
         <a href=\"dictionnaire.fr.html#table-{name}\"><code>{name}</code></a> \
         <span lang=\"en\" class=\"quiet\">{}</span></th></tr>\n",
        escaped(&table.title),
        escaped(&table.title_en),
        name = table.name,
    );
    for file in files {
        let rows = file.rows.map(|rows| FRENCH.number(i64::try_from(rows).unwrap_or(i64::MAX))).unwrap_or_default();
        line(
            &mut html,
            format!(
                "<tr><td>{}</td><td class=\"n\">{rows}</td><td class=\"n\">{}</td><td class=\"hash\">{}</td></tr>",
                link(description, file),
                size(file.bytes),
                file.sha256,
            ),
        );
    }
    html + "</tbody>\n"
}

fn link(description: &Description<'_>, file: &FileEntry) -> String {
    let name = escaped(description.name(file));
    match description.own(file) {
        // What has this name in both folders needs no more.
        Some(own) => format!("<a href=\"{}\">{name}</a>", escaped(own)),
        None => elsewhere(description, &file.path, &name),
    }
}

/// A link from the store's root: absolute where its address is known; where it is not, the script fills it in, and without
/// the script the path is there to read.
fn elsewhere(description: &Description<'_>, path: &str, shown: &str) -> String {
    let path = escaped(path);
    match description.base() {
        Some(base) => format!("<a href=\"{}/{path}\" data-path=\"{path}\">{shown}</a>", escaped(base)),
        None => format!(
            "<a data-path=\"{path}\">{shown}</a><noscript> (<code>{path}</code>, depuis la racine du dépôt)</noscript>"
        ),
    }
}

/// What is no table.
fn beside(description: &Description<'_>) -> String {
    let own = format!("versions/{}", description.about.version);
    let [manifest, sums] =
        ["manifest.json", "SHA256SUMS"].map(|name| elsewhere(description, &format!("{own}/{name}"), name));
    format!(
        "<h3>Vérifier et recalculer</h3>\n<ul>\n\
         <li>{manifest} : chaque fichier, avec son empreinte, les règles et les modèles qui l'ont fait ; {sums}, pour \
         <code>sha256sum -c SHA256SUMS</code>.</li>\n\
         <li><a href=\"recompute.sql\">recompute.sql</a> : refait toutes les tables dérivées avec DuckDB, à partir des \
         fichiers publiés, et compte les différences ; <a href=\"fenetre.sql\">fenetre.sql</a> : les figures d'un service \
         entre deux jours quelconques.</li>\n\
         <li>Métadonnées : <a href=\"datapackage.json\">datapackage.json</a>, \
         <a href=\"croissant.jsonld\">croissant.jsonld</a>, <a href=\"catalog.jsonld\">catalog.jsonld</a> (DCAT-AP), \
         <a href=\"CITATION.cff\">CITATION.cff</a> ; schémas : dossier <code>schemas/</code>, requêtes : dossier \
         <code>models/</code>.</li>\n</ul>\n"
    )
}
