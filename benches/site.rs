//! Seconds and bytes of the site of 107 counters with ten procedures each over five years, made up.
//!
//! `cargo bench --bench site` measures the optimised build; `SITE_OUT` names a folder to look at what it wrote. The pages are written twice, and must be the same.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::compute::concat_batches;
use arrow::datatypes::DataType;
use chrono::{DateTime, Utc};
use guichets_ouverts::config::{Pipeline, Project};
use guichets_ouverts::error::Result;
use guichets_ouverts::metadata::{Coverage, Description};
use guichets_ouverts::release::{About, Accounting, Packer};
use guichets_ouverts::schema::{Catalog, TableSchema};
use guichets_ouverts::site::{Site, World};

const COUNTERS: usize = 107;
const PROCEDURES: usize = 10;
const MONTHS: usize = 60;

fn main() -> Result<()> {
    let project = Project::holding(Path::new(env!("CARGO_MANIFEST_DIR")))?;
    let catalog = Catalog::load(&project.tables())?;
    let pipeline = Pipeline::load(&project.pipeline_folder("exemple")?)?;
    let as_of: DateTime<Utc> = "2026-11-26T00:00:00Z".parse().expect("an instant");
    let about = About {
        title: pipeline.title.clone(),
        title_en: pipeline.title_en.clone(),
        version: "2026-11-26".to_owned(),
        as_of,
        simulated: true,
        licence: "Licence Ouverte 2.0",
        licence_url: "https://www.etalab.gouv.fr/licence-ouverte-open-licence",
    };
    let description = Description {
        about: &about,
        pipeline: &pipeline,
        as_of: as_of.fixed_offset(),
        tables: &catalog.for_readers(),
        files: &[],
        coverage: &Coverage::default(),
        accounting: Accounting::default(),
        checks: &[],
    };
    let world = |table: &str| Ok(rows(catalog.table(table)?));
    let write = || -> Result<_> {
        let started = Instant::now();
        let world = World::of(world)?;
        let read = started.elapsed();
        let site = Site::new(&description, &world, ["", ""], None, &[], &project.path("data/carte/departements.json"))?;
        let mut pages = Vec::new();
        site.each_page(|path, page| {
            pages.push((path, page));
            Ok(())
        })?;
        let written = started.elapsed();
        let mut press = Packer::begin()?;
        pages.iter().try_for_each(|(path, page)| press.add(path, page))?;
        let packed = press.finish()?.0;
        Ok((pages, packed, [read, written, started.elapsed()]))
    };
    let (pages, packed, took) = write()?;
    let (again, packed_again, took_again) = write()?;
    assert!(pages == again && packed == packed_again, "the same pages, twice");
    if let Some(folder) = std::env::var_os("SITE_OUT") {
        for (path, page) in &pages {
            let path = Path::new(&folder).join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, page).expect("a file");
        }
    }
    let bytes: usize = pages.iter().map(|(_, page)| page.len()).sum();
    let of = |name: &str| pages.iter().find(|(path, _)| path == name).map_or(0, |(_, page)| page.len());
    let counter = pages.iter().filter(|(path, _)| path.starts_with("guichets/")).map(|(_, page)| page.len()).max();
    println!("{} files, {bytes} bytes, packed {}", pages.len(), packed.len());
    println!("index.html {}, comparer.html {}, largest counter {counter:?}", of("index.html"), of("comparer.html"));
    println!("tables read, pages written, packed after: {took:.2?}; again {took_again:.2?}");
    Ok(())
}

/// Made-up rows of a table: for each service and, where it has months, each month.
fn rows(table: &TableSchema) -> RecordBatch {
    let has = |name: &str| table.fields.iter().any(|field| field.name == name);
    let repeats = match (has("mois"), has("heure"), has("debut_utc")) {
        (true, ..) => MONTHS,
        (_, true, _) => 168,
        (_, _, true) => 40,
        _ => 1,
    };
    let services = match (has("guichet_id"), has("demarche_id")) {
        (true, true) => COUNTERS * PROCEDURES,
        (false, true) if has("departement") => 101 * PROCEDURES,
        (false, true) => PROCEDURES,
        _ => COUNTERS,
    };
    let batches: Vec<RecordBatch> = (0..services).map(|service| of_a_service(table, service, repeats)).collect();
    concat_batches(&table.arrow_schema(), &batches).expect("one schema")
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    reason = "small numbers, made up"
)]
fn of_a_service(table: &TableSchema, service: usize, repeats: usize) -> RecordBatch {
    let schema = table.arrow_schema();
    let text = |name: &str, row: usize| match name {
        "guichet_id" => format!("guichet-{:03}", service / PROCEDURES),
        "demarche_id" => format!("demarche-{}", service % PROCEDURES),
        "departement" => format!("{:02}", 1 + service / PROCEDURES % 95),
        "mois" => format!("{}-{:02}", 2022 + row / 12, 1 + row % 12),
        "annee" => "2021".to_owned(),
        "qualite" => ["suffisante", "partielle", "insuffisante"][(service + row) % 3].to_owned(),
        "motif" => "couverture_faible".to_owned(),
        "origine" => "detecte".to_owned(),
        other => format!("{other} {service}"),
    };
    let noise = |row: usize, column: usize| (service * 7919 + row * 104_729 + column * 1_299_709) % 10_007;
    let columns = schema.fields().iter().enumerate().map(|(column, field)| -> ArrayRef {
        let (name, rows) = (field.name().as_str(), 0..repeats);
        match field.data_type() {
            DataType::Utf8 => Arc::new(rows.map(|row| Some(text(name, row))).collect::<StringArray>()),
            DataType::Boolean => Arc::new(rows.map(|_| Some(name == "periode_complete")).collect::<BooleanArray>()),
            DataType::Int32 if name == "jour_semaine" => {
                Arc::new(rows.map(|row| Some(1 + row as i32 / 24)).collect::<Int32Array>())
            }
            DataType::Int32 if name == "heure" => {
                Arc::new(rows.map(|row| Some(row as i32 % 24)).collect::<Int32Array>())
            }
            DataType::Int32 => Arc::new(rows.map(|row| Some(noise(row, column) as i32)).collect::<Int32Array>()),
            DataType::Int64 => Arc::new(rows.map(|row| Some(noise(row, column) as i64)).collect::<Int64Array>()),
            DataType::Float64 => {
                Arc::new(rows.map(|row| Some(noise(row, column) as f64 / 10_007.0)).collect::<Float64Array>())
            }
            DataType::Date32 => Arc::new(rows.map(|row| Some(19_000 + row as i32)).collect::<Date32Array>()),
            DataType::Timestamp(..) => Arc::new(
                rows.map(|row| Some(1_600_000_000_000_000 + noise(row, column) as i64 * 1_000_000_000))
                    .collect::<TimestampMicrosecondArray>()
                    .with_data_type(field.data_type().clone()),
            ),
            other => panic!("{name} is of {other}"),
        }
    });
    RecordBatch::try_new(schema.clone(), columns.collect()).expect("as declared")
}
