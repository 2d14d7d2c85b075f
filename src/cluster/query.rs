//! A model as one statement of Spark's SQL: what it reads is named before it, file by file.

use std::fmt::Write;

use crate::model::Only;

/// The rows of a table: those of some files, by their addresses.
pub(super) fn rows(files: &[String], some: &[Only<'_>]) -> String {
    let all = files.iter().map(|file| format!("SELECT * FROM parquet.`{}`", file.replace('`', "``")));
    let all = all.collect::<Vec<_>>().join(" UNION ALL ");
    if some.is_empty() {
        return all;
    }
    let conditions: Vec<String> = some.iter().map(|only| condition(*only)).collect();
    format!("SELECT * FROM ({all}) WHERE {}", conditions.join(" AND "))
}

fn condition(only: Only<'_>) -> String {
    let (column, sign, value) = match only {
        Only::FromDay(column, day) => return format!("{column} >= DATE '{day}'"),
        Only::Of(column, value) => (column, "=", value),
        Only::From(column, value) => (column, ">=", value),
        Only::Below(column, value) => (column, "<", value),
    };
    // Spark takes a backslash for the beginning of something else; identifiers of the contract have neither.
    format!("{column} {sign} '{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// The model behind the tables that it reads. One statement needs no state at the server: several run side by side.
pub(super) fn statement(tables: &[(String, String)], model: &str) -> String {
    let mut text = String::new();
    for (index, (name, rows)) in tables.iter().enumerate() {
        let _ = write!(text, "{}{name} AS ({rows})", if index == 0 { "WITH " } else { ", " });
    }
    let _ = write!(text, " SELECT * FROM (\n{}\n)", seconds_as_double(model));
    text
}

/// The one thing that Spark says otherwise than everybody: seconds since 1970 are a conversion there, which Sail knows too.
fn seconds_as_double(sql: &str) -> String {
    const WORDS: &str = "EXTRACT(EPOCH FROM ";
    let (mut text, mut rest) = (String::new(), sql);
    while let Some((before, after)) = rest.split_once(WORDS) {
        let mut depth = 1;
        let end = after.find(|sign| {
            depth += match sign {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            depth == 0
        });
        let Some(end) = end else { break };
        let _ = write!(text, "{before}CAST({} AS DOUBLE)", seconds_as_double(&after[..end]));
        rest = &after[end + 1..];
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    #[test]
    fn a_model_stands_behind_what_it_reads() {
        let files = ["s3://a/x.parquet".to_owned(), "s3://a/y.parquet".to_owned()];
        let some = [Only::Of("mois", "2019-04"), Only::From("guichet_id", "l'a"), Only::Below("guichet_id", "m")];
        let day = NaiveDate::from_ymd_opt(2019, 4, 16).unwrap_or_default();
        let tables = vec![
            ("t".to_owned(), rows(&files, &some)),
            ("u".to_owned(), rows(&files[..1], &[Only::FromDay("jour", day)])),
        ];
        assert_eq!(
            statement(&tables, "-- Why.\nSELECT 1 FROM t, u"),
            "WITH t AS (SELECT * FROM (SELECT * FROM parquet.`s3://a/x.parquet` UNION ALL SELECT * FROM parquet.`s3://a/y.parquet`) \
             WHERE mois = '2019-04' AND guichet_id >= 'l\\'a' AND guichet_id < 'm'), \
             u AS (SELECT * FROM (SELECT * FROM parquet.`s3://a/x.parquet`) WHERE jour >= DATE '2019-04-16') SELECT * FROM (\n-- Why.\nSELECT 1 FROM t, u\n)"
        );
    }

    #[test]
    fn seconds_are_asked_for_in_the_words_of_spark() {
        assert_eq!(
            seconds_as_double("EXTRACT(EPOCH FROM COALESCE(a, MAX(b))) - EXTRACT(EPOCH FROM c) + EXTRACT(HOUR FROM d)"),
            "CAST(COALESCE(a, MAX(b)) AS DOUBLE) - CAST(c AS DOUBLE) + EXTRACT(HOUR FROM d)"
        );
        assert_eq!(
            seconds_as_double("EXTRACT(EPOCH FROM f(EXTRACT(EPOCH FROM a)))"),
            "CAST(f(CAST(a AS DOUBLE)) AS DOUBLE)"
        );
        assert_eq!(seconds_as_double("EXTRACT(EPOCH FROM a"), "EXTRACT(EPOCH FROM a");
    }
}
