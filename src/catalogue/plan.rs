//! What the platform should say, as data: one dataset, and one resource for each file that a reader may want.
//!
//! A resource stands for a stable name (`disponibilite_mois.csv`, `tentatives-2019-04.parquet`), which is what its
//! extra [`FILE`] says, and keeps its id for ever. Its address is that of the immutable file, so that size and digest
//! are true of the bytes that a reader gets, whatever is published meanwhile.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::{Map, Value, json};
use url::Url;

use super::PublishedVersion;
use crate::config::{Datagouv, Pipeline};
use crate::error::{Context, Error, Result};
use crate::publish::{StorageKey, stable_name};
use crate::release::FileEntry;
use crate::schema::{Format, Origin, TableSchema};

/// The extra of a resource that says which file it stands for.
pub const FILE: &str = "guichets:fichier";
/// The extra of the dataset that says which pipeline it belongs to.
pub const PIPELINE: &str = "guichets:pipeline";
/// The extra of the dataset that says which version it speaks of.
pub const VERSION: &str = "guichets:version";
/// The extra of the dataset that says which keywords were put there by us.
pub const TAGS: &str = "guichets:mots-cles";

/// The platform's id of a licence, by the address that a manifest names.
const LICENCES: [(&str, &str); 1] = [("https://www.etalab.gouv.fr/licence-ouverte-open-licence", "lov2")];

/// Files that hold no table and are resources all the same: name, type, format, title, description.
const DOCUMENTS: [[&str; 5]; 5] = [
    [
        "dictionnaire.fr.html",
        "documentation",
        "html",
        "Dictionnaire des données",
        "Ce que signifie chaque table et chaque colonne. À lire d'abord.",
    ],
    [
        "dictionnaire.en.html",
        "documentation",
        "html",
        "Dictionnaire des données, en anglais",
        "What each table and each column means, in English.",
    ],
    [
        "methode.fr.md",
        "documentation",
        "md",
        "Méthode",
        "Ce qui est mesuré, comment chaque chiffre est calculé, et ce qu'il ne permet pas de dire.",
    ],
    [
        "methode.en.md",
        "documentation",
        "md",
        "Méthode, en anglais",
        "What is measured, how each figure is computed, and what it does not allow one to say, in English.",
    ],
    [
        "recompute.sql",
        "code",
        "sql",
        "Requêtes pour tout recalculer",
        "`duckdb < recompute.sql` refait chaque table dérivée à partir des fichiers Parquet publiés et compte les \
         lignes qui diffèrent.",
    ],
];

/// What every description ends with.
const READING: &str = "\
**Lire ces données.** Commencez par le dictionnaire. Les fichiers XLSX s'ouvrent dans un tableur, les CSV et les \
Parquet partout ; dans un CSV, lisez les codes de département comme du texte. Chaque taux est publié avec son \
numérateur, son dénominateur et son incertitude, ou laissé vide avec la raison : « nous n'avons pas pu regarder » \
n'est jamais « il n'y en avait pas ».

**Citer et vérifier.** Chaque ressource porte la taille et l'empreinte SHA-256 du fichier auquel elle mène, qui ne \
change plus. Le lien permanent d'une ressource mène au fichier de la version courante.";

/// What the platform should say.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The pipeline.
    pub pipeline: String,
    /// The version.
    pub version: String,
    /// Metadata of the dataset that are ours alone, as the API names them.
    pub fields: Map<String, Value>,
    /// Keywords, which are ours together with those who look after the platform.
    pub tags: Vec<String>,
    /// Resources, in their order.
    pub resources: Vec<PlannedResource>,
    /// What resources say, by the names that they stand for, of months that are one file now, that of their year. What is at
    /// their address stays there.
    pub months_joined: BTreeMap<String, Map<String, Value>>,
}

/// A resource as it should be.
#[derive(Debug, Clone)]
pub struct PlannedResource {
    /// The stable name that it stands for.
    pub name: String,
    /// Where its file is in the store.
    pub path: String,
    /// Its metadata, as the API names them.
    pub fields: Map<String, Value>,
}

impl Plan {
    /// What follows from a published version.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) when the licence has no known id, a table no schema, or the publication no
    /// public address.
    pub fn new(pipeline: &Pipeline, settings: &Datagouv, version: &PublishedVersion) -> Result<Self> {
        let manifest = &version.manifest;
        let known = LICENCES.iter().find(|(url, _)| *url == manifest.licence).map(|(_, id)| *id);
        let licence = settings.licence.as_deref().or(known).ok_or_else(|| {
            Error::usage(format!("no licence of the platform is known for {}", manifest.licence))
                .hint("name it in pipeline.toml: [datagouv] licence = \"lov2\"")
        })?;
        let intro = settings.description.as_ref().unwrap_or(&pipeline.description).trim();
        let root = pipeline.publication.root()?;
        let all = root.join("versions.json").internal("an address")?;
        let fields = json!({
            "title": settings.title.as_ref().unwrap_or(&manifest.title),
            "description": format!("{intro}\n\n{READING} Toutes les versions : {all}"),
            "license": licence,
            "frequency": settings.frequency,
            "spatial": { "zones": settings.spatial.zones, "granularity": settings.spatial.granularity },
            "temporal_coverage": coverage(pipeline, version),
        });
        let mut found: Vec<(Rank, PlannedResource)> = Vec::new();
        for file in &manifest.files {
            if let Some(ranked) = resource(file, version, &root)? {
                found.push(ranked);
            }
        }
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Self {
            pipeline: manifest.pipeline.clone(),
            version: manifest.version.clone(),
            fields: object(fields),
            tags: settings.tags.clone(),
            resources: found.into_iter().map(|(_, resource)| resource).collect(),
            months_joined: months_joined(version)?,
        })
    }

    /// Whether a resource stands for a file of the version.
    #[must_use]
    pub fn has(&self, file: &str) -> bool {
        self.resources.iter().any(|planned| planned.name == file)
    }
}

/// The members of a JSON object.
pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// From the first month of attempts on; a publication whose moment is fixed for good ends with it.
fn coverage(pipeline: &Pipeline, version: &PublishedVersion) -> Value {
    let attempts = version.manifest.files.iter().filter(|file| file.table.as_deref() == Some("tentatives"));
    let months = attempts.filter_map(|file| file.partition.as_deref());
    // The platform takes « 2019-02 » for today's day of that month.
    let days = months.map(|month| format!("{month}-01")).filter(|day| day.parse::<NaiveDate>().is_ok());
    let end = pipeline.as_of.as_ref().and_then(|_| version.manifest.as_of.get(..10));
    days.min().map_or(Value::Null, |start| json!({ "start": start, "end": end }))
}

/// Where a resource stands: results before what they rest on, and among them those that open in a spreadsheet first; the
/// newest month first; intermediate tables behind all others, and texts at the end, but for the one to begin with.
type Rank = (u8, String, std::cmp::Reverse<String>, u8);

fn resource(file: &FileEntry, version: &PublishedVersion, root: &Url) -> Result<Option<(Rank, PlannedResource)>> {
    let Some(name) = stable_name(&file.path, &version.manifest.version) else { return Ok(None) };
    let about = match (&file.table, file.format) {
        (Some(table), Some(format)) => of_table(file, version.schemas.table(table)?, format, version, root)?,
        _ => match DOCUMENTS.iter().position(|[document, ..]| *document == name) {
            Some(index) => of_document(index),
            None => return Ok(None),
        },
    };
    let (rank, mut fields) = about;
    let key = StorageKey::File { path: file.path.clone() };
    let media = key.content_type();
    fields.insert("url".to_owned(), address(root, &file.path)?);
    fields.insert("mime".to_owned(), media.split(';').next().unwrap_or(media).into());
    fields.insert("filesize".to_owned(), file.bytes.into());
    fields.insert("checksum".to_owned(), json!({ "type": "sha256", "value": file.sha256 }));
    Ok(Some((rank, PlannedResource { name, path: file.path.clone(), fields })))
}

fn of_document(index: usize) -> (Rank, Map<String, Value>) {
    let [name, kind, format, title, description] = DOCUMENTS[index];
    let rank = (if index == 0 { 0 } else { 9 }, name.to_owned(), std::cmp::Reverse(String::new()), 0);
    let fields = json!({ "title": title, "description": description, "type": kind, "format": format, "schema": null });
    (rank, object(fields))
}

/// Which of a table's formats comes first, and what each is called.
const fn told(format: Format) -> (u8, &'static str, &'static str) {
    match format {
        Format::Csv => (0, "csv", "CSV"),
        Format::Xlsx => (1, "xlsx", "XLSX"),
        Format::Parquet => (2, "parquet", "Parquet"),
    }
}

fn of_table(
    file: &FileEntry,
    table: &TableSchema,
    format: Format,
    version: &PublishedVersion,
    root: &Url,
) -> Result<(Rank, Map<String, Value>)> {
    let (group, kind) = match table.guichets.origin {
        _ if table.guichets.intermediate => (6, "other"),
        Origin::Model if table.guichets.formats.contains(&Format::Xlsx) => (1, "main"),
        Origin::Model => (2, "main"),
        Origin::Ingest if table.guichets.partition.is_some() => (3, "main"),
        Origin::Registry | Origin::Schedule | Origin::Rules | Origin::Settings => (4, "other"),
        Origin::Ingest => (5, "other"),
    };
    let (place, code, label) = told(format);
    let part = file.partition.as_ref().map_or_else(String::new, |part| format!(", {part}"));
    let rows = file.rows.map_or_else(String::new, |rows| format!(" {rows} lignes dans ce fichier."));
    // The stable name: an address in the version's own folder would change every night for months long closed.
    let named = format!("versions/{}/schemas/{}.json", version.manifest.version, table.name);
    let schema = if version.manifest.files.iter().any(|file| file.path == named) {
        let key = StorageKey::Stable { name: format!("schemas/{}.json", table.name) };
        json!({ "url": address(root, &key.path())?, "name": table.name, "version": table.version })
    } else {
        Value::Null
    };
    let fields = json!({
        "title": format!("{}{part} ({label})", table.title),
        "description": format!("{}\n\nClé : {}.{rows}", table.description, table.primary_key.join(", ")),
        "type": kind,
        "format": code,
        "schema": schema,
    });
    let rank = (group, table.name.clone(), std::cmp::Reverse(file.partition.clone().unwrap_or_default()), place);
    Ok((rank, object(fields)))
}

/// Whoever adds up the resources of a table would else count each row of such a month twice.
fn months_joined(version: &PublishedVersion) -> Result<BTreeMap<String, Map<String, Value>>> {
    let mut joined = BTreeMap::new();
    for file in &version.manifest.files {
        let year = file.partition.as_deref().filter(|part| part.len() == 4 && part.parse::<u16>().is_ok());
        let (Some(table), Some(format), Some(year)) = (&file.table, file.format, year) else { continue };
        let title = &version.schemas.table(table)?.title;
        let (_, code, label) = told(format);
        for month in 1..=12 {
            let month = format!("{year}-{month:02}");
            let fields = json!({
                "title": format!("{title}, {month} ({label}), repris dans {year}"),
                "description": format!(
                    "Les lignes de ce mois sont dans le fichier de l’année {year}, avec lequel il ne faut pas les additionner. \
                     Ce fichier-ci reste à son adresse, tel qu’il était avant la fin de l’année."
                ),
                "type": "other",
            });
            joined.insert(format!("{table}-{month}.{code}"), object(fields));
        }
    }
    Ok(joined)
}

fn address(root: &Url, path: &str) -> Result<Value> {
    Ok(root.join(path).internal("an address")?.as_str().into())
}
