//! `datapackage.json`: the version as a Data Package, for notebooks and R.
//!
//! Readers of the first edition of the standard are many: nothing here is of the second alone but the name of its profile.

use serde_json::{Map, Value, json};

use super::{Description, LICENCE_ID};
use crate::release::{FileEntry, exporter};
use crate::schema::{Format, Language, TableSchema};

/// The Data Package of a version: its CSV files and its Parquet files, as far as it can name them.
pub(super) fn datapackage(description: &Description<'_>) -> Value {
    let settings = &description.pipeline.publication;
    let contributors = std::iter::once((&settings.publisher, "publisher"));
    let contributors = contributors.chain(settings.creators.iter().map(|creator| (creator, "author")));
    json!({
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": description.pipeline.name,
        "id": description.page().unwrap_or_else(|| description.identifier(&format!("/{}", description.about.version))),
        "title": description.title(Language::French),
        "description": description.summaries(),
        "version": description.about.version,
        "created": description.as_of.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        "homepage": description.home(),
        "keywords": description.keywords(),
        "simulated": description.about.simulated,
        "licenses": [{
            "name": LICENCE_ID,
            "title": description.about.licence,
            "path": description.about.licence_url,
        }],
        "contributors": contributors
            .map(|(who, role)| json!({ "title": who.name, "path": who.url, "role": role }))
            .collect::<Vec<_>>(),
        "resources": description
            .files_by_table()
            .filter_map(|(table, file)| resource(description, table, file))
            .collect::<Vec<_>>(),
    })
}

fn resource(description: &Description<'_>, table: &TableSchema, file: &FileEntry) -> Option<Value> {
    let format = file.format.filter(|format| matches!(format, Format::Csv | Format::Parquet))?;
    let exporter = exporter(format);
    // Within the folder a bare name, so that the package works wherever it is copied.
    let path = description.own(file).map(str::to_owned).or_else(|| description.address(file))?;
    let stem = file.path.rsplit('/').next()?.strip_suffix(exporter.extension())?.trim_end_matches('.');
    let mut resource = Map::new();
    let mut set = |key: &str, value: Value| resource.insert(key.to_owned(), value);
    // The CSV file has the table's own name: it is what every reader of packages can open.
    set("name", if format == Format::Csv { stem.into() } else { format!("{stem}.{}", exporter.extension()).into() });
    set("path", path.into());
    set("title", description.about.marked(&table.title).into());
    set("description", description.warned(&table.description, Language::French).into());
    set("format", exporter.extension().into());
    set("mediatype", media_type(format).into());
    if format == Format::Csv {
        set("encoding", "utf-8".into());
    }
    set("bytes", file.bytes.into());
    set("hash", format!("sha256:{}", file.sha256).into());
    set("schema", format!("schemas/{}.json", table.name).into());
    Some(Value::Object(resource))
}

/// The media type of a format, without parameters.
pub(super) fn media_type(format: Format) -> &'static str {
    let full = exporter(format).media_type();
    full.split(';').next().unwrap_or(full)
}
