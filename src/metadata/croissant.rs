//! `croissant.jsonld`: the version as Croissant 1.1, which is a schema.org Dataset too. Search engines read it in the
//! page, machine-learning tools from the file.

use serde_json::{Map, Value, json};

use super::datapackage::media_type;
use super::describe::warning;
use super::{Description, LICENCE_ID};
use crate::config::Organisation;
use crate::release::FileEntry;
use crate::schema::{Field, FieldType, Format, Language, TableSchema};

/// The version as Croissant 1.1.
pub(super) fn croissant(description: &Description<'_>) -> Value {
    let settings = &description.pipeline.publication;
    let mut dataset = Map::new();
    let mut set = |key: &str, value: Value| {
        if !value.is_null() {
            dataset.insert(key.to_owned(), value);
        }
    };
    set("@context", context());
    set("@type", "sc:Dataset".into());
    set("conformsTo", "http://mlcommons.org/croissant/1.1".into());
    set("name", description.title(Language::French).into());
    set("alternateName", description.title(Language::English).into());
    set("description", description.summaries().into());
    set("version", description.about.version.clone().into());
    set("url", description.home().into());
    set("identifier", description.identifier("").into());
    set("sameAs", settings.doi.as_ref().map(|doi| format!("https://doi.org/{doi}")).into());
    set("license", description.about.licence_url.into());
    set("citeAs", format!("{} {}", description.citation(Language::French), description.cited_address()).into());
    set("creator", settings.cited().iter().map(organisation).collect());
    set("publisher", organisation(&settings.publisher));
    set("datePublished", description.day().to_string().into());
    set("dateModified", description.day().to_string().into());
    set("inLanguage", json!(["fr", "en"]));
    set("isAccessibleForFree", true.into());
    set("keywords", json!(description.keywords()));
    set("temporalCoverage", description.period().map(|(first, last)| format!("{first}/{last}")).into());
    set(
        "spatialCoverage",
        settings
            .spatial
            .as_ref()
            .map_or(Value::Null, |place| json!({ "@type": "sc:Place", "name": place.name, "sameAs": place.uri })),
    );
    set("measurementTechnique", MEASUREMENT.into());
    set("variableMeasured", json!(["taux_sans_rdv", "couverture", "taux_reponse", "borne_basse", "borne_haute"]));
    set("creditText", format!("{}, {LICENCE_ID}", settings.publisher.name).into());
    if description.about.simulated {
        set("disambiguatingDescription", warning(Language::French).into());
    }
    set("distribution", distribution(description));
    set("recordSet", description.tables.iter().filter_map(|table| record_set(description, table)).collect());
    Value::Object(dataset)
}

const MEASUREMENT: &str = "Passages répétés d'un robot sur les pages de réservation ; issues données par des règles publiées. \
                           Repeated visits of booking pages by a robot; outcomes given by published rules.";

/// The context of the standard, word for word; its readers compare it. Only the language is ours.
fn context() -> Value {
    json!({
        "@language": "fr",
        "@vocab": "https://schema.org/",
        "arrayShape": "cr:arrayShape",
        "citeAs": "cr:citeAs",
        "column": "cr:column",
        "conformsTo": "dct:conformsTo",
        "containedIn": "cr:containedIn",
        "cr": "http://mlcommons.org/croissant/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "data": { "@id": "cr:data", "@type": "@json" },
        "dataType": { "@id": "cr:dataType", "@type": "@vocab" },
        "dct": "http://purl.org/dc/terms/",
        "description": { "@container": "@language" },
        "equivalentProperty": "cr:equivalentProperty",
        "examples": { "@id": "cr:examples", "@type": "@json" },
        "extract": "cr:extract",
        "field": "cr:field",
        "fileProperty": "cr:fileProperty",
        "fileObject": "cr:fileObject",
        "fileSet": "cr:fileSet",
        "format": "cr:format",
        "includes": "cr:includes",
        "isArray": "cr:isArray",
        "isLiveDataset": "cr:isLiveDataset",
        "jsonPath": "cr:jsonPath",
        "key": "cr:key",
        "md5": "cr:md5",
        "name": { "@container": "@language" },
        "parentField": "cr:parentField",
        "path": "cr:path",
        "recordSet": "cr:recordSet",
        "references": "cr:references",
        "regex": "cr:regex",
        "repeated": "cr:repeated",
        "replace": "cr:replace",
        "samplingRate": "cr:samplingRate",
        "sc": "https://schema.org/",
        "separator": "cr:separator",
        "source": "cr:source",
        "subField": "cr:subField",
        "transform": "cr:transform",
    })
}

fn organisation(who: &Organisation) -> Value {
    json!({ "@type": "sc:Organization", "name": who.name, "url": who.url })
}

/// Every file of a table that has an address.
fn distribution(description: &Description<'_>) -> Value {
    description.files_by_table().filter_map(|(table, file)| file_object(description, table, file)).collect()
}

fn file_object(description: &Description<'_>, table: &TableSchema, file: &FileEntry) -> Option<Value> {
    let format = file.format?;
    let registered = media_type(format);
    let encoding = match format {
        // The registered type, and the one by which the standard's own reader knows the format.
        Format::Parquet => json!([registered, "application/x-parquet"]),
        Format::Csv | Format::Xlsx => registered.into(),
    };
    Some(json!({
        "@type": "cr:FileObject",
        "@id": description.name(file),
        "name": description.name(file),
        "description": description.about.marked(&table.title),
        "contentUrl": description.address(file)?,
        "contentSize": format!("{} B", file.bytes),
        "encodingFormat": encoding,
        "sha256": file.sha256,
    }))
}

/// A table as records, read from its Parquet file: it alone has the declared types. Of a table that is split into files
/// the last one is described, and the others have its columns: a set of columns for each would be most of the page.
fn record_set(description: &Description<'_>, table: &TableSchema) -> Option<Value> {
    let named = |file: &&FileEntry| file.format == Some(Format::Parquet) && description.address(file).is_some();
    let parts = description.files_of(table).filter(named);
    let file = parts.max_by_key(|file| &file.partition)?;
    let name = description.name(file).trim_end_matches(".parquet");
    let others = file.partition.as_ref().map_or("", |_| " Les autres fichiers de cette table ont les mêmes colonnes.");
    let key: Vec<Value> = table.primary_key.iter().map(|column| json!({ "@id": field_id(name, column) })).collect();
    let source = description.name(file);
    Some(json!({
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": format!("{}. {}{others}", description.about.marked(&table.title), table.description),
        "key": key,
        "field": table.fields.iter().map(|field| record_field(name, field, source)).collect::<Vec<_>>(),
    }))
}

fn field_id(records: &str, column: &str) -> String {
    format!("{records}/{column}")
}

fn record_field(records: &str, field: &Field, file: &str) -> Value {
    json!({
        "@type": "cr:Field",
        "@id": field_id(records, &field.name),
        "name": field.name,
        "description": format!("{}. {}", field.title, field.description),
        "dataType": data_type(field),
        "source": { "fileObject": { "@id": file }, "extract": { "column": field.name } },
    })
}

fn data_type(field: &Field) -> &'static str {
    match field.kind {
        FieldType::String => "sc:Text",
        FieldType::Integer => "sc:Integer",
        FieldType::Number => "sc:Float",
        FieldType::Boolean => "sc:Boolean",
        FieldType::Date => "sc:Date",
        FieldType::Datetime => "sc:DateTime",
    }
}
