//! A workbook for those who open tables in Excel: the data, how to read and cite them, and what each column means.
//!
//! It stands in for a second, French dialect of CSV: dates are dates, numbers follow the reader's own separators, and
//! codes are texts whose leading zeros survive. What it says of itself comes from the export alone, never from the clock.

use std::path::Path;

use chrono::{DateTime, NaiveTime, Utc};
use rust_xlsxwriter::{Color, DocProperties, ExcelDateTime, Format as Style, FormatAlign, IgnoreError};
use rust_xlsxwriter::{Workbook, Worksheet, XlsxError};

use super::exporter::{About, Cell, Export, Exporter};
use crate::error::{Context, Error, Result};
use crate::schema::{Field, FieldType, Format, Language, TableSchema};

/// The rows that a sheet holds below its header.
const MAX_ROWS: u32 = 1_048_575;

/// How hard workbooks are packed, of nine: one less than usual, which takes half of the time and 3 % more room. A night packs all
/// months anew.
const COMPRESSION: u8 = 5;

/// Excel's number of 1 January 1970.
const UNIX_EPOCH: f64 = 25_569.0;

/// Before 1 March 1900 Excel counts a 29 February that was not: earlier numbers are not the same day everywhere.
const FIRST_SAFE_DAY: f64 = 61.0;

/// The whole numbers up to this magnitude have a double of their own, and Excel knows no other number.
const MAX_SAFE_INTEGER: u64 = 1 << 53;

/// What the answers of the probe mean, wherever they stand.
const ANSWERS: &str = "« non » : la page disait qu'aucun rendez-vous n'était disponible, ou n'en montrait aucun ; « inconnue » : la \
    consultation n'a pas permis de le savoir (captcha, blocage, erreur, page non reconnue, etc.), et n'est jamais \
    comptée comme un « non ».";

/// What must be read first when nothing in the file was measured.
const SIMULATED: &str = "DONNÉES SIMULÉES : elles servent à essayer la chaîne de publication, ne décrivent aucun \
    guichet réel et ne doivent pas être citées comme des mesures.";

/// A column of the sheet « Dictionnaire »: header, width, text.
type Described = (&'static str, u16, fn(&Field) -> &str);

const DICTIONARY: [Described; 8] = [
    ("nom", 26, |field| &field.name),
    ("titre", 32, |field| &field.title),
    ("type", 20, |field| field.type_in(Language::French)),
    ("unité", 14, |field| field.unit.as_deref().unwrap_or_default()),
    ("description", 70, |field| &field.description),
    ("exemple", 24, |field| &field.example),
    ("title_en", 32, |field| &field.title_en),
    ("description_en", 70, |field| &field.description_en),
];

/// Writes [`Format::Xlsx`].
#[derive(Debug, Clone, Copy)]
pub struct XlsxExporter;

impl Exporter for XlsxExporter {
    fn format(&self) -> Format {
        Format::Xlsx
    }

    fn extension(&self) -> &'static str {
        "xlsx"
    }

    fn media_type(&self) -> &'static str {
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    }

    fn holds(&self, rows: usize) -> bool {
        u32::try_from(rows).is_ok_and(|rows| rows <= MAX_ROWS)
    }

    fn export(&self, export: &Export<'_>, path: &Path) -> Result<()> {
        let last_row = last_row(export)?;
        let mut workbook = Workbook::new();
        workbook.set_zip_compression_level(COMPRESSION);
        workbook.set_properties(&properties(export).internal("the workbook cannot say what it is")?);
        // Rows stream through a temporary file instead of memory: a month of every counter is a large sheet.
        let data = workbook.add_worksheet_with_constant_memory();
        write_data(data.unreachable("cannot create a temporary file for the workbook")?, export, last_row)?;
        write_read_me(workbook.add_worksheet(), export).internal("cannot write the sheet « Lisez-moi »")?;
        write_dictionary(workbook.add_worksheet(), export).internal("cannot write the sheet « Dictionnaire »")?;
        workbook.save(path).unreachable("cannot write the workbook").map_err(|error| error.at_path(path))
    }
}

/// The number of the last row, the header being 0.
fn last_row(export: &Export<'_>) -> Result<u32> {
    let rows = export.rows.count();
    u32::try_from(rows).ok().filter(|_| XlsxExporter.holds(rows)).ok_or_else(|| {
        Error::usage(format!("the table {} has {rows} rows, a workbook holds {MAX_ROWS}", export.table.name))
            .at(format!("schemas/tables/{}.json", export.table.name))
            .hint("remove xlsx from the formats of the table")
    })
}

fn properties(export: &Export<'_>) -> Result<DocProperties, XlsxError> {
    let Export { table, about, .. } = export;
    let created = ExcelDateTime::from_timestamp(about.as_of.timestamp())?;
    Ok(DocProperties::new()
        .set_title(about.marked(&format!("{} – {}", about.title, table.title)))
        .set_subject(format!("{} – {}", about.title_en, table.title_en))
        .set_comment(if about.simulated { SIMULATED } else { "" })
        .set_creation_datetime(&created))
}

fn write_data(sheet: &mut Worksheet, export: &Export<'_>, last_row: u32) -> Result<()> {
    prepare_data(sheet, export.table, last_row).internal("cannot lay out the sheet « Données »")?;
    export.each_row(|row, cells| {
        let line = u32::try_from(row).internal("a row beyond those of a sheet")?;
        for (column, (field, cell)) in (0..).zip(export.table.fields.iter().zip(cells)) {
            if let Some(cell) = cell {
                write_cell(sheet, line, column, *cell).map_err(|misfit| {
                    export.refusal(field, row, "has no faithful form in a workbook").because(misfit)
                })?;
            }
        }
        Ok(())
    })
}

fn prepare_data(sheet: &mut Worksheet, table: &TableSchema, last_row: u32) -> Result<(), XlsxError> {
    sheet.set_name("Données")?.set_freeze_panes(1, 0)?;
    let mut last_column = 0;
    for (column, field) in (0..).zip(&table.fields) {
        sheet.set_column_width(column, width(field))?.set_column_format(column, &style(field))?;
        sheet.write_string_with_format(0, column, &field.name, &header())?;
        last_column = column;
    }
    sheet.autofilter(0, 0, last_row, last_column)?;
    // A department code is meant to be a text: no green triangle need say so on every row.
    sheet.ignore_error_range(0, 0, last_row, last_column, IgnoreError::NumberStoredAsText)?;
    Ok(())
}

/// How the values of a column are shown; the values underneath stay whole.
fn style(field: &Field) -> Style {
    match field.kind {
        FieldType::String => Style::new().set_num_format("@"),
        FieldType::Number if is_share(field) => Style::new().set_num_format("0.0 %"),
        FieldType::Date => Style::new().set_num_format("yyyy-mm-dd"),
        FieldType::Datetime => Style::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
        FieldType::Integer | FieldType::Number | FieldType::Boolean => Style::new(),
    }
}

/// A share of a whole starts at zero. A mean number of things per thing also has the unit 1, but does not, and nobody
/// wants to read it as 2 400 %.
fn is_share(field: &Field) -> bool {
    field.unit.as_deref() == Some("1") && field.constraints.minimum == Some(0.0)
}

/// Wide enough for the header with its filter button and for a typical value, not wider than a phrase.
fn width(field: &Field) -> u16 {
    let widest = field.example.chars().count().max(field.name.chars().count() + 3);
    u16::try_from(widest.clamp(10, 50)).unwrap_or(50) + 1
}

/// A value that a workbook cannot hold as it is.
type Misfit = Box<dyn std::error::Error + Send + Sync>;

/// The style is that of the column.
fn write_cell(sheet: &mut Worksheet, row: u32, column: u16, cell: Cell<'_>) -> Result<(), Misfit> {
    match cell {
        Cell::Text(value) => sheet.write_string(row, column, value)?,
        Cell::Integer(value) => sheet.write_number(row, column, exact(value)?)?,
        Cell::Number(value) => sheet.write_number(row, column, value)?,
        Cell::Boolean(value) => sheet.write_boolean(row, column, value)?,
        Cell::Date(value) => sheet.write_number(row, column, excel_days(value.and_time(NaiveTime::MIN).and_utc())?)?,
        Cell::Instant(value) => sheet.write_number(row, column, excel_days(value)?)?,
    };
    Ok(())
}

fn exact(value: i64) -> Result<f64, Misfit> {
    if value.unsigned_abs() > MAX_SAFE_INTEGER {
        return Err("a whole number beyond 2^53 would lose its last digits".into());
    }
    #[expect(clippy::cast_precision_loss, reason = "every whole number up to 2^53 is a double")]
    Ok(value as f64)
}

/// Excel's number of an instant: days and their fraction.
fn excel_days(instant: DateTime<Utc>) -> Result<f64, Misfit> {
    let days = (instant - DateTime::UNIX_EPOCH).as_seconds_f64() / 86_400.0 + UNIX_EPOCH;
    if days < FIRST_SAFE_DAY { Err("Excel counts wrong before 1 March 1900".into()) } else { Ok(days) }
}

fn write_read_me(sheet: &mut Worksheet, export: &Export<'_>) -> Result<(), XlsxError> {
    let (wrapped, label) = (wrapped(), Style::new().set_bold().set_align(FormatAlign::Top));
    sheet.set_name("Lisez-moi")?.set_column_width(0, 26)?.set_column_width(1, 100)?;
    sheet.write_string_with_format(0, 0, &export.about.title, &Style::new().set_bold().set_font_size(16))?;
    let warning = Style::new().set_bold().set_font_color(Color::Red);
    sheet.write_string_with_format(1, 0, if export.about.simulated { SIMULATED } else { "" }, &warning)?;
    for (row, (name, text)) in (3..).zip(facts(export)) {
        sheet.write_string_with_format(row, 0, name, &label)?.write_string_with_format(row, 1, text, &wrapped)?;
    }
    Ok(())
}

fn facts(export: &Export<'_>) -> Vec<(&'static str, String)> {
    let (about, table) = (export.about, export.table);
    vec![
        ("Table", format!("{} ({})", table.title, table.name)),
        ("Description", table.description.clone()),
        ("Version", about.version.clone()),
        ("Données arrêtées au", as_of(about)),
        ("Lignes", export.rows.count().to_string()),
        ("Réponses", ANSWERS.to_owned()),
        ("Cellule vide", "Valeur absente ou sans objet : ce n'est ni un zéro ni un « non ».".to_owned()),
        ("Heures", "En temps universel (UTC), sauf mention contraire du dictionnaire.".to_owned()),
        ("Comment citer", citation(export)),
        ("Licence", format!("{} ({})", about.licence, about.licence_url)),
    ]
}

fn as_of(about: &About) -> String {
    about.as_of.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn citation(export: &Export<'_>) -> String {
    let About { title, version, licence, .. } = export.about;
    let (table, as_of) = (export.about.marked(&export.table.title), as_of(export.about));
    format!("{title}, « {table} », version {version}, données arrêtées au {as_of}, {licence}.")
}

fn write_dictionary(sheet: &mut Worksheet, export: &Export<'_>) -> Result<(), XlsxError> {
    sheet.set_name("Dictionnaire")?.set_freeze_panes(1, 0)?;
    let style = wrapped().set_num_format("@");
    for (column, (name, width, text)) in (0..).zip(DICTIONARY) {
        sheet.set_column_width(column, width)?.write_string_with_format(0, column, name, &header())?;
        for (row, field) in (1..).zip(&export.table.fields) {
            sheet.write_string_with_format(row, column, text(field), &style)?;
            sheet.ignore_error(row, column, IgnoreError::NumberStoredAsText)?;
        }
    }
    Ok(())
}

fn header() -> Style {
    Style::new().set_bold()
}

fn wrapped() -> Style {
    Style::new().set_text_wrap().set_align(FormatAlign::Top)
}

#[cfg(test)]
mod tests {
    use super::super::exporter::fixture;
    use super::*;
    use crate::error::Kind;

    fn export(code: &str, taux: f64, micros: i64) -> Result<Vec<u8>> {
        let (table, about) = (fixture::table(), fixture::about(true));
        let batches = vec![fixture::batch(&table, code, taux, micros)];
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("essai.xlsx");
        XlsxExporter.export(&Export { table: &table, rows: &batches, about: &about }, &path)?;
        Ok(std::fs::read(path).unwrap())
    }

    #[test]
    fn the_same_input_gives_the_same_bytes() {
        let first = export("01", 0.958_814, 1_555_854_300_000_000).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(1_100));
        assert!(first.starts_with(b"PK"));
        assert!(first == export("01", 0.958_814, 1_555_854_300_000_000).unwrap());
    }

    #[test]
    fn what_excel_cannot_hold_is_refused() {
        let long = export(&"x".repeat(40_000), 0.5, 0).unwrap_err();
        assert_eq!((long.kind(), long.place()), (Kind::Internal, Some("table essai, column code, row 1")));
        let old = export("a", 0.5, -2_300_000_000_000_000).unwrap_err();
        assert_eq!(old.place(), Some("table essai, column instant, row 1"));
        assert!(exact(1 << 53).is_ok() && exact((1 << 53) + 1).is_err());
    }

    #[test]
    fn a_table_too_long_for_a_sheet_is_refused() {
        let (table, about) = (fixture::table(), fixture::about(false));
        let batches = vec![fixture::batch(&table, "a", 0.5, 0); 524_288];
        let export = Export { table: &table, rows: &batches, about: &about };
        let error = XlsxExporter.export(&export, Path::new("never-written.xlsx")).unwrap_err();
        assert_eq!(error.kind(), Kind::Usage);
        assert_eq!(error.advice(), Some("remove xlsx from the formats of the table"));
    }

    #[test]
    fn only_shares_are_shown_in_percent() {
        let mut table = fixture::table();
        let taux = table.fields.iter_mut().find(|field| field.name == "taux").unwrap();
        assert!(is_share(taux));
        taux.constraints.minimum = Some(1.0);
        assert!(!is_share(taux), "a mean of 24 per thing is not 2 400 %");
    }

    #[test]
    fn an_instant_has_excels_number() {
        let instant = DateTime::from_timestamp(1_555_848_000, 0).unwrap();
        assert_eq!(excel_days(instant).unwrap().to_string(), "43576.5");
    }
}
