//! The dictionary of the data, for people: Markdown for the repository, HTML for the site and for paper.
//!
//! Both are written from the schemas alone, in the order given, so that the same schemas give the same bytes.

use super::{Field, FieldType, Format, Language, TableSchema};

/// The words of the dictionary in one language.
struct Words {
    language: Language,
    code: &'static str,
    title: &'static str,
    intro: &'static str,
    columns: &'static str,
    intermediate: [&'static str; 2],
    colon: &'static str,
    semicolon: &'static str,
    facts: [&'static str; 6],
    headers: [&'static str; 7],
    constraints: [&'static str; 6],
}

const FRENCH: Words = Words {
    language: Language::French,
    code: "fr",
    title: "Dictionnaire des données",
    intro: "Une section par table, une ligne par colonne. Dans les fichiers CSV, une cellule vide est une valeur absente.",
    columns: "Colonnes de la table",
    intermediate: [
        "Tables intermédiaires",
        "Les autres tables en sont faites. Elles servent à recalculer, non à être lues.",
    ],
    colon: " : ",
    semicolon: " ; ",
    facts: [
        "Clé primaire",
        "Ordre des lignes",
        "Formats",
        "Un fichier par valeur de",
        "Un fichier par année close, et par mois de l'année en cours (ou pour elle entière si ce sont des semaines), d'après",
        "Version du schéma",
    ],
    headers: ["Nom", "Titre", "Type", "Unité", "Description", "Contraintes", "Exemple"],
    constraints: ["obligatoire", "sans répétition", "l'une de ces valeurs", "minimum", "maximum", "motif"],
};

const ENGLISH: Words = Words {
    language: Language::English,
    code: "en",
    title: "Data dictionary",
    intro: "One section per table, one line per column. In the CSV files an empty cell is a missing value.",
    columns: "Columns of the table",
    intermediate: [
        "Intermediate tables",
        "The other tables are made of them. They serve to recompute, not to be read.",
    ],
    colon: ": ",
    semicolon: "; ",
    facts: [
        "Primary key",
        "Order of the rows",
        "Formats",
        "One file per value of",
        "One file per closed year, and per month of the year under way (or for all of it where these are weeks), by",
        "Schema version",
    ],
    headers: ["Name", "Title", "Type", "Unit", "Description", "Constraints", "Example"],
    constraints: ["required", "unique", "one of", "minimum", "maximum", "pattern"],
};

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:1rem/1.5 system-ui,sans-serif;max-width:90rem;margin:0 auto;padding:1rem}\
.wide{overflow-x:auto}\
table{border-collapse:collapse;width:100%}\
caption{text-align:left;font-weight:bold;padding:.5rem 0}\
th,td{border:1px solid #888;padding:.3rem .5rem;text-align:left;vertical-align:top}\
td{overflow-wrap:anywhere;min-width:6rem}\
dt{font-weight:bold}\
@media print{body{font-size:8pt;max-width:none;padding:0}.wide{overflow:visible}tr{break-inside:avoid}\
h2{break-after:avoid}@page{size:A4 landscape;margin:1cm}}";

/// The dictionary of some tables in Markdown.
#[must_use]
pub fn dictionary_markdown(tables: &[&TableSchema], language: Language) -> String {
    let words = words(language);
    let line = |table: &&TableSchema| {
        format!("- [{}](#{}) (`{}`)\n", text_markdown(table.title_in(language)), anchor(table), table.name)
    };
    let [title, told] = words.intermediate;
    let (contents, sections) = both_parts(
        tables,
        line,
        |table| section_markdown(table, words),
        |contents, sections| (format!("\n### {title}\n\n{contents}"), format!("\n## {title}\n\n{told}\n{sections}")),
    );
    format!("# {}\n\n{}\n\n## Tables\n\n{contents}{sections}", words.title, words.intro)
}

/// The dictionary of some tables as one page that needs nothing else, on screen or on paper.
#[must_use]
pub fn dictionary_html(tables: &[&TableSchema], language: Language) -> String {
    let words = words(language);
    let Words { code, title, intro, .. } = words;
    let link = |table: &&TableSchema| {
        format!("<li><a href=\"#{}\">{}</a></li>\n", anchor(table), text_html(table.title_in(language)))
    };
    let [part, told] = words.intermediate;
    let (links, sections) = both_parts(
        tables,
        link,
        |table| section_html(table, words),
        |links, sections| {
            (format!("</ul>\n<h3>{part}</h3>\n<ul>\n{links}"), format!("<h2>{part}</h2>\n<p>{told}</p>\n{sections}"))
        },
    );
    format!(
        "<!doctype html>\n<html lang=\"{code}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <header><h1>{title}</h1>\n<p>{intro}</p></header>\n\
         <nav aria-labelledby=\"contents\"><h2 id=\"contents\">Tables</h2>\n<ul>\n{links}</ul></nav>\n\
         <main>\n{sections}</main>\n</body>\n</html>\n"
    )
}

impl Field {
    /// What the type is called in a language.
    #[must_use]
    pub fn type_in(&self, language: Language) -> &'static str {
        let (french, english) = match self.kind {
            FieldType::String => ("texte", "text"),
            FieldType::Integer if self.arrow.as_deref() == Some("int64") => ("entier (64 bits)", "integer (64 bits)"),
            FieldType::Integer => ("entier", "integer"),
            FieldType::Number => ("nombre", "number"),
            FieldType::Boolean => ("booléen", "boolean"),
            FieldType::Date => ("date", "date"),
            FieldType::Datetime => ("date et heure (UTC)", "date and time (UTC)"),
        };
        match language {
            Language::French => french,
            Language::English => english,
        }
    }
}

fn words(language: Language) -> &'static Words {
    match language {
        Language::French => &FRENCH,
        Language::English => &ENGLISH,
    }
}

/// One text for all items, end to end.
fn each<T>(items: impl IntoIterator<Item = T>, write: impl FnMut(T) -> String) -> String {
    items.into_iter().map(write).collect()
}

/// The contents and the sections of some tables, those to be read first; `part` sets the intermediate ones apart, where
/// there are any.
fn both_parts(
    tables: &[&TableSchema],
    line: impl Fn(&&TableSchema) -> String,
    section: impl Fn(&TableSchema) -> String,
    part: impl Fn(&str, &str) -> (String, String),
) -> (String, String) {
    let (intermediate, read): (Vec<_>, Vec<_>) = tables.iter().partition(|table| table.guichets.intermediate);
    let written = |tables: &[&TableSchema]| (each(tables, &line), each(tables, |table| section(table)));
    let (mut contents, mut sections) = written(&read);
    if !intermediate.is_empty() {
        let (more_contents, more_sections) = written(&intermediate);
        let (more_contents, more_sections) = part(&more_contents, &more_sections);
        contents += &more_contents;
        sections += &more_sections;
    }
    (contents, sections)
}

/// The prefix keeps a table named « contents » apart from the table of contents.
fn anchor(table: &TableSchema) -> String {
    format!("table-{}", table.name)
}

fn section_markdown(table: &TableSchema, words: &Words) -> String {
    let facts = each(facts(table, words, code_markdown), |(name, value)| format!("- {name}{}{value}\n", words.colon));
    let rows =
        each(&table.fields, |field| format!("| {} |\n", cells(field, words, text_markdown, code_markdown).join(" | ")));
    format!(
        "\n<a id=\"{}\"></a>\n\n## {}\n\n{}\n\n{facts}\n| {} |\n|{}\n{rows}",
        anchor(table),
        text_markdown(table.title_in(words.language)),
        text_markdown(table.description_in(words.language)),
        words.headers.join(" | "),
        " --- |".repeat(words.headers.len()),
    )
}

fn section_html(table: &TableSchema, words: &Words) -> String {
    let anchor = anchor(table);
    let facts = each(facts(table, words, code_html), |(name, value)| format!("<dt>{name}</dt><dd>{value}</dd>\n"));
    let headers = each(words.headers, |name| format!("<th scope=\"col\">{name}</th>"));
    let rows = each(&table.fields, |field| row_html(field, words));
    // A box that scrolls must be reachable by keyboard, hence a name and a tab stop.
    format!(
        "<section aria-labelledby=\"{anchor}\">\n<h2 id=\"{anchor}\">{}</h2>\n<p>{}</p>\n<dl>\n{facts}</dl>\n\
         <div class=\"wide\" role=\"region\" aria-labelledby=\"{anchor}-columns\" tabindex=\"0\">\n<table>\n\
         <caption id=\"{anchor}-columns\">{} {}</caption>\n<thead><tr>{headers}</tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n</div>\n</section>\n",
        text_html(table.title_in(words.language)),
        text_html(table.description_in(words.language)),
        words.columns,
        code_html(&table.name),
    )
}

fn row_html(field: &Field, words: &Words) -> String {
    let [name, rest @ ..] = cells(field, words, text_html, code_html);
    let rest = each(rest, |cell| format!("<td>{cell}</td>"));
    format!("<tr><th scope=\"row\">{name}</th>{rest}</tr>\n")
}

/// The lines above the columns of a table; the names of columns and formats are marked as code.
fn facts(table: &TableSchema, words: &Words, code: fn(&str) -> String) -> Vec<(&'static str, String)> {
    let formats: Vec<String> = table.guichets.formats.iter().map(|format| format_name(*format).to_owned()).collect();
    let [key, order, in_formats, partition, split, version] = words.facts;
    let mut facts = vec![
        (key, codes(&table.primary_key, code)),
        (order, codes(&table.guichets.order, code)),
        (in_formats, codes(&formats, code)),
        (version, code(&table.version)),
    ];
    if let Some(column) = &table.guichets.partition {
        facts.push((partition, code(column)));
    }
    if let Some(column) = &table.guichets.split {
        facts.push((split, code(column)));
    }
    facts
}

fn format_name(format: Format) -> &'static str {
    match format {
        Format::Parquet => "parquet",
        Format::Csv => "csv",
        Format::Xlsx => "xlsx",
    }
}

/// The cells of a column, under the headers of [`Words`].
fn cells(field: &Field, words: &Words, text: fn(&str) -> String, code: fn(&str) -> String) -> [String; 7] {
    [
        code(&field.name),
        text(field.title_in(words.language)),
        field.type_in(words.language).to_owned(),
        text(field.unit.as_deref().unwrap_or_default()),
        text(field.description_in(words.language)),
        constraints(field, words, code),
        code(&field.example),
    ]
}

fn constraints(field: &Field, words: &Words, code: fn(&str) -> String) -> String {
    let [required, unique, one_of, minimum, maximum, pattern] = words.constraints;
    let rules = &field.constraints;
    let with = |name: &str, values: String| format!("{name}{}{values}", words.colon);
    let said = [
        rules.required.then(|| required.to_owned()),
        rules.unique.then(|| unique.to_owned()),
        rules.one_of.as_ref().map(|values| with(one_of, codes(values, code))),
        rules.minimum.map(|value| with(minimum, code(&value.to_string()))),
        rules.maximum.map(|value| with(maximum, code(&value.to_string()))),
        rules.pattern.as_ref().map(|value| with(pattern, code(value))),
    ];
    said.into_iter().flatten().collect::<Vec<_>>().join(words.semicolon)
}

fn codes(values: &[String], code: fn(&str) -> String) -> String {
    values.iter().map(|value| code(value)).collect::<Vec<_>>().join(", ")
}

/// A text of the schemas: what stands between two backticks is code.
fn text_markdown(text: &str) -> String {
    by_backticks(text, plain_markdown, code_markdown)
}

fn text_html(text: &str) -> String {
    by_backticks(text, plain_html, code_html)
}

fn by_backticks(text: &str, plain: fn(&str) -> String, code: fn(&str) -> String) -> String {
    each(text.split('`').enumerate(), |(index, part)| if index % 2 == 0 { plain(part) } else { code(part) })
}

fn plain_markdown(text: &str) -> String {
    let marks = [
        ("\\", "\\\\"),
        ("&", "&amp;"),
        ("<", "&lt;"),
        ("|", "\\|"),
        ("*", "\\*"),
        ("_", "\\_"),
        ("[", "\\["),
        ("\n", " "),
    ];
    marks.into_iter().fold(text.to_owned(), |text, (mark, escaped)| text.replace(mark, escaped))
}

/// A bar ends a cell of a table even within code.
fn code_markdown(value: &str) -> String {
    if value.is_empty() { String::new() } else { format!("`{}`", value.replace('|', "\\|")) }
}

fn plain_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn code_html(value: &str) -> String {
    if value.is_empty() { String::new() } else { format!("<code>{}</code>", plain_html(value)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Catalog;

    #[test]
    fn every_column_has_its_row_in_every_dictionary() {
        let catalog = Catalog::load("schemas/tables".as_ref()).unwrap();
        let tables: Vec<&TableSchema> = catalog.iter().collect();
        for language in [Language::French, Language::English] {
            let (markdown, html) = (dictionary_markdown(&tables, language), dictionary_html(&tables, language));
            for field in tables.iter().flat_map(|table| &table.fields) {
                let (name, title) = (&field.name, field.title_in(language));
                assert!(markdown.contains(&format!("\n| `{name}` | {} |", text_markdown(title))), "{name}");
                let row = format!("<tr><th scope=\"row\"><code>{name}</code></th><td>{}</td>", text_html(title));
                assert!(html.contains(&row), "{name}");
            }
        }
    }

    #[test]
    fn texts_cannot_break_out() {
        assert_eq!(text_html("a < b & `x|\"y\"`"), "a &lt; b &amp; <code>x|&quot;y&quot;</code>");
        assert_eq!(text_markdown("*a* | <b> `x|_y`"), "\\*a\\* \\| &lt;b> `x\\|_y`");
    }
}
