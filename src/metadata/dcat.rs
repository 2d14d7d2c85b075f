//! `catalog.jsonld`: the publication as DCAT-AP 3.0.1, for portals that harvest.
//!
//! A portal comes again each night and keeps what it knows by address, so the record is of the publication and not of one
//! version: its identifier and the addresses of its files, under `latest/`, stay what they are. No checksum is given: the
//! profile wants it in a form that makes a harvester in wide use give up the whole dataset.

use serde_json::{Map, Value, json};

use super::datapackage::media_type;
use super::{Description, METHOD_FILES};
use crate::config::{Contact, Frequency, Organisation, Place};
use crate::release::{FileEntry, exporter};
use crate::schema::{Format, Language, TableSchema};

const AUTHORITY: &str = "http://publications.europa.eu/resource/authority";

/// A catalogue of one dataset. Without a public address of the store its links are relative to where it stands.
pub(super) fn catalog(description: &Description<'_>) -> Value {
    let (french, english) = (description.title(Language::French), description.title(Language::English));
    let publisher = agent(&description.pipeline.publication.publisher);
    let mut catalog = object(json!({
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#",
            "dct": "http://purl.org/dc/terms/",
            "foaf": "http://xmlns.com/foaf/0.1/",
            "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
            "skos": "http://www.w3.org/2004/02/skos/core#",
            "vcard": "http://www.w3.org/2006/vcard/ns#",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "@id": description.identifier("/catalogue"),
        "@type": "dcat:Catalog",
        "dct:title": both(&french, &english),
        "dct:description": both(
            &description.summary(Language::French),
            &description.summary(Language::English),
        ),
        "dct:publisher": publisher,
        "dct:license": typed(description.about.licence_url, "dct:LicenseDocument"),
        "dct:language": languages(),
        "dct:modified": day(&description.day().to_string()),
        "dcat:dataset": dataset(description),
    }));
    if let Some(page) = description.landing_page() {
        catalog.insert("foaf:homepage".to_owned(), typed(&page, "foaf:Document"));
    }
    Value::Object(catalog)
}

fn dataset(description: &Description<'_>) -> Value {
    let settings = &description.pipeline.publication;
    let mut dataset = object(json!({
        "@id": description.identifier(""),
        "@type": "dcat:Dataset",
        "dct:identifier": description.identifier(""),
        "dct:title": both(&description.title(Language::French), &description.title(Language::English)),
        "dct:description": both(
            &description.summary(Language::French),
            &description.summary(Language::English),
        ),
        "dct:publisher": agent(&settings.publisher),
        "dct:creator": settings.cited().iter().map(agent).collect::<Vec<_>>(),
        "dcat:contactPoint": contact(settings.contact.as_ref(), &settings.publisher),
        "dcat:keyword": keywords(&settings.keywords, "fr").chain(keywords(&settings.keywords_en, "en")).collect::<Vec<_>>(),
        "dcat:theme": concept(
            &format!("{AUTHORITY}/data-theme/GOVE"),
            "Gouvernement et secteur public",
            "Government and public sector",
        ),
        "dct:language": languages(),
        "dct:accessRights": typed(&format!("{AUTHORITY}/access-right/PUBLIC"), "dct:RightsStatement"),
        "dct:modified": day(&description.day().to_string()),
        "dcat:version": description.about.version,
        "dct:provenance": { "@type": "dct:ProvenanceStatement", "rdfs:label": both(PROVENANCE.0, PROVENANCE.1) },
        "dct:bibliographicCitation": description.citation(Language::French),
        "dcat:distribution": distributions(description),
    }));
    let mut set = |key: &str, value: Option<Value>| value.map(|value| dataset.insert(key.to_owned(), value));
    set("dct:temporal", description.period().map(|(first, last)| {
        json!({ "@type": "dct:PeriodOfTime", "dcat:startDate": day(&first), "dcat:endDate": day(&last) })
    }));
    set("dct:spatial", settings.spatial.as_ref().map(place));
    set("dct:accrualPeriodicity", settings.frequency.map(frequency));
    set("dcat:landingPage", description.landing_page().map(|page| typed(&page, "foaf:Document")));
    set("foaf:page", Some(documents(description)));
    Value::Object(dataset)
}

const PROVENANCE: (&str, &str) = (
    "Calculé par guichets-ouverts à partir de journaux bruts ; le compte de chaque ligne lue est dans la table fichiers.",
    "Computed by guichets-ouverts from raw logs; the account of every line read is in the table fichiers.",
);

fn distributions(description: &Description<'_>) -> Vec<Value> {
    description.files_by_table().filter_map(|(table, file)| distribution(description, table, file)).collect()
}

fn distribution(description: &Description<'_>, table: &TableSchema, file: &FileEntry) -> Option<Value> {
    let format = file.format?;
    let address = description.stable_address(file)?;
    let part = file.partition.as_ref().map(|part| format!(", {part}")).unwrap_or_default();
    let title = |language| {
        let title = format!("{}{part} ({})", table.title_in(language), exporter(format).extension().to_uppercase());
        description.marked(&title, language)
    };
    let told = |language| description.warned(table.description_in(language), language);
    let mut distribution = object(json!({
        "@type": "dcat:Distribution",
        "dct:title": both(&title(Language::French), &title(Language::English)),
        "dct:description": both(&told(Language::French), &told(Language::English)),
        "dcat:accessURL": { "@id": address },
        "dcat:downloadURL": { "@id": address },
        "dct:license": typed(description.about.licence_url, "dct:LicenseDocument"),
        "dct:format": typed(&format!("{AUTHORITY}/file-type/{}", file_type(format)), "dct:MediaTypeOrExtent"),
        "dcat:mediaType": typed(
            &format!("https://www.iana.org/assignments/media-types/{}", media_type(format)),
            "dct:MediaType",
        ),
        "dcat:byteSize": { "@type": "xsd:nonNegativeInteger", "@value": file.bytes.to_string() },
        "dct:modified": day(&description.day().to_string()),
    }));
    if let Some(base) = description.base() {
        let mut standard = object(typed(&format!("{base}/latest/schemas/{}.json", table.name), "dct:Standard"));
        standard.insert("dct:title".to_owned(), both(&table.title, &table.title_en));
        distribution.insert("dct:conformsTo".to_owned(), Value::Object(standard));
    }
    Some(Value::Object(distribution))
}

/// Dictionaries and method: what a reader needs beside the tables.
fn documents(description: &Description<'_>) -> Value {
    let text = |file: &&&FileEntry| {
        let name = description.name(file);
        name.starts_with("dictionnaire.") || METHOD_FILES.contains(&name)
    };
    let files = description.files.iter().filter(text);
    files
        .filter_map(|file| {
            let mut document = object(typed(&description.stable_address(file)?, "foaf:Document"));
            document.insert("dct:title".to_owned(), description.name(file).into());
            Some(Value::Object(document))
        })
        .collect()
}

/// Of both types: readers ask for one or the other.
fn agent(who: &Organisation) -> Value {
    json!({
        "@type": ["foaf:Agent", "foaf:Organization"],
        "foaf:name": who.name,
        "foaf:homepage": typed(&who.url, "foaf:Document"),
    })
}

fn contact(stated: Option<&Contact>, publisher: &Organisation) -> Value {
    let name = stated.map_or(&publisher.name, |contact| &contact.name);
    let mut card = object(json!({ "@type": ["vcard:Kind", "vcard:Organization"], "vcard:fn": name }));
    let email = stated.and_then(|contact| contact.email.as_ref());
    let page = stated.map_or(Some(&publisher.url), |contact| contact.url.as_ref());
    if let Some(email) = email {
        card.insert("vcard:hasEmail".to_owned(), json!({ "@id": format!("mailto:{email}") }));
    }
    if let Some(page) = page {
        card.insert("vcard:hasURL".to_owned(), json!({ "@id": page }));
    }
    Value::Object(card)
}

fn place(place: &Place) -> Value {
    let mut location = object(typed(&place.uri, "dct:Location"));
    location.insert("skos:prefLabel".to_owned(), both(&place.name, &place.name_en));
    Value::Object(location)
}

fn concept(uri: &str, french: &str, english: &str) -> Value {
    let mut concept = object(typed(uri, "skos:Concept"));
    concept.insert("skos:prefLabel".to_owned(), both(french, english));
    Value::Object(concept)
}

fn languages() -> Value {
    ["FRA", "ENG"].iter().map(|code| typed(&format!("{AUTHORITY}/language/{code}"), "dct:LinguisticSystem")).collect()
}

fn frequency(frequency: Frequency) -> Value {
    let code = match frequency {
        Frequency::Daily => "DAILY",
        Frequency::Weekly => "WEEKLY",
        Frequency::Monthly => "MONTHLY",
        Frequency::Annual => "ANNUAL",
        Frequency::Irregular => "IRREG",
        Frequency::Never => "NEVER",
    };
    typed(&format!("{AUTHORITY}/frequency/{code}"), "dct:Frequency")
}

/// The code of a format in the European list of file types.
fn file_type(format: Format) -> &'static str {
    match format {
        Format::Parquet => "PARQUET",
        Format::Csv => "CSV",
        Format::Xlsx => "XLSX",
    }
}

fn keywords<'a>(words: &'a [String], language: &'a str) -> impl Iterator<Item = Value> + 'a {
    words.iter().map(move |word| json!({ "@language": language, "@value": word }))
}

fn both(french: &str, english: &str) -> Value {
    json!([{ "@language": "fr", "@value": french }, { "@language": "en", "@value": english }])
}

fn typed(uri: &str, kind: &str) -> Value {
    json!({ "@id": uri, "@type": kind })
}

fn day(day: &str) -> Value {
    json!({ "@type": "xsd:date", "@value": day })
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}
