//! What an earlier run found in the raw logs: a file that it has read need not be read again.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray, UInt64Array};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Int64Type};

use super::account::FileAccount;
use super::check::parse_id;
use super::columns::{Columns, FILE};
use super::ledger::{Entry, Repeats};
use super::left_alone::LeftAlone;
use super::reject::{Quarantined, Reason};
use crate::error::{Context, Error, Result};

/// What an earlier run found.
#[derive(Debug, Default)]
pub struct History {
    /// The account of each file, in the order of names.
    pub accounts: Vec<FileAccount>,
    /// The lines set aside.
    pub quarantined: Vec<Quarantined>,
    /// The lines that were dropped because another has their id.
    pub repeats: Vec<Repeat>,
    /// The files that were found and not read.
    pub left_alone: Vec<LeftAlone>,
    /// Whether every file is to be read again all the same, and only compared with what it was.
    pub read_again: bool,
}

/// A line whose id another line has: a row of `repetitions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// Path relative to the raw root.
    pub file: Arc<str>,
    /// Its place; `file` counts nothing yet.
    pub entry: Entry,
    /// Whether it says something else.
    pub conflict: bool,
}

impl History {
    /// Puts together what a version published.
    ///
    /// # Errors
    /// [`Unreachable`](crate::error::Kind::Unreachable) when a table is not what a publisher wrote.
    pub fn of(
        mut accounts: Vec<FileAccount>,
        left_alone: Vec<LeftAlone>,
        quarantine: &RecordBatch,
        repetitions: &RecordBatch,
    ) -> Result<Self> {
        accounts.sort_by(|a, b| a.file.cmp(&b.file));
        let (quarantined, repeats) = (quarantined(quarantine)?, repeats(repetitions)?);
        Ok(Self { accounts, quarantined, repeats, left_alone, read_again: false })
    }

    /// For a run that reads every file again: each must still begin with what it was.
    #[must_use]
    pub fn to_compare(mut accounts: Vec<FileAccount>, left_alone: Vec<LeftAlone>) -> Self {
        accounts.sort_by(|a, b| a.file.cmp(&b.file));
        Self { accounts, left_alone, read_again: true, ..Self::default() }
    }

    /// The account of a file.
    #[must_use]
    pub fn account(&self, name: &str) -> Option<&FileAccount> {
        self.accounts.binary_search_by(|account| (*account.file).cmp(name)).ok().map(|at| &self.accounts[at])
    }
}

fn damaged(what: &str) -> Error {
    Error::unreachable(format!("the table {what} is not what a publisher writes"))
}

fn text(batch: &RecordBatch, table: &str, name: &str) -> Result<StringArray> {
    let column = batch.column_by_name(name).ok_or_else(|| damaged(table))?;
    Ok(as_type(column, &DataType::Utf8, table, name)?.as_string::<i32>().clone())
}

fn number(batch: &RecordBatch, table: &str, name: &str) -> Result<Int64Array> {
    let column = batch.column_by_name(name).ok_or_else(|| damaged(table))?;
    Ok(as_type(column, &DataType::Int64, table, name)?.as_primitive::<Int64Type>().clone())
}

/// A column as one of that type; a published one that cannot be is none of a publisher's.
fn as_type(column: &ArrayRef, data_type: &DataType, table: &str, name: &str) -> Result<ArrayRef> {
    cast(column, data_type).map_err(|error| damaged(table).at(format!("{table}.{name}")).because(error))
}

fn rank_of(ranks: &Int64Array, row: usize, table: &str) -> Result<u32> {
    u32::try_from(ranks.value(row)).map_err(|_| damaged(table))
}

fn quarantined(batch: &RecordBatch) -> Result<Vec<Quarantined>> {
    let words = |name: &str| text(batch, "quarantaine", name);
    let numbers = |name: &str| number(batch, "quarantaine", name);
    let (file, reason, field) = (words("fichier")?, words("motif")?, words("champ")?);
    let (line, offset, length) = (numbers("ligne")?, numbers("octet")?, numbers("longueur")?);
    let rank = numbers("rang")?;
    (0..batch.num_rows())
        .map(|row| {
            Ok(Quarantined {
                file: Arc::from(file.value(row)),
                line: line.value(row).cast_unsigned(),
                rank: rank_of(&rank, row, "quarantaine")?,
                offset: offset.value(row).cast_unsigned(),
                length: length.value(row).cast_unsigned(),
                reason: Reason::from_code(reason.value(row)).ok_or_else(|| damaged("quarantaine"))?,
                field: field.is_valid(row).then(|| field.value(row).to_owned().into()),
            })
        })
        .collect()
}

fn repeats(batch: &RecordBatch) -> Result<Vec<Repeat>> {
    let words = |name: &str| text(batch, "repetitions", name);
    let numbers = |name: &str| number(batch, "repetitions", name);
    let (file, id, digest, kind) = (words("fichier")?, words("identifiant")?, words("empreinte")?, words("nature")?);
    let (line, offset, length) = (numbers("ligne")?, numbers("octet")?, numbers("longueur")?);
    let rank = numbers("rang")?;
    (0..batch.num_rows())
        .map(|row| {
            let hex = |text: &str| u64::from_str_radix(text, 16).map_err(|_| damaged("repetitions"));
            let id = u128::from_str_radix(id.value(row), 16).map_err(|_| damaged("repetitions"))?;
            Ok(Repeat {
                file: Arc::from(file.value(row)),
                entry: Entry {
                    id,
                    file: 0,
                    line: line.value(row).cast_unsigned(),
                    rank: rank_of(&rank, row, "repetitions")?,
                    offset: offset.value(row).cast_unsigned(),
                    length: length.value(row).cast_unsigned(),
                    digest: hex(digest.value(row))?,
                },
                conflict: kind.value(row) == CONFLICT,
            })
        })
        .collect()
}

/// The line says the same as the one that was kept.
const DUPLICATE: &str = "doublon";
/// The line says something else.
const CONFLICT: &str = "conflit";

/// The table `repetitions`.
///
/// # Errors
/// [`Internal`](crate::error::Kind::Internal) if the columns do not hold together.
pub fn repetitions_table(repeats: &[Repeat]) -> Result<RecordBatch> {
    let words = |of: fn(&Repeat) -> String| Arc::new(StringArray::from_iter_values(repeats.iter().map(of))) as ArrayRef;
    let numbers = |of: fn(&Repeat) -> u64| {
        Arc::new(Int64Array::from_iter_values(repeats.iter().map(|repeat| of(repeat).cast_signed()))) as ArrayRef
    };
    RecordBatch::try_from_iter([
        ("fichier", words(|repeat| repeat.file.to_string())),
        ("ligne", numbers(|repeat| repeat.entry.line)),
        ("rang", numbers(|repeat| repeat.entry.rank.into())),
        ("octet", numbers(|repeat| repeat.entry.offset)),
        ("longueur", numbers(|repeat| repeat.entry.length)),
        ("empreinte", words(|repeat| format!("{:016x}", repeat.entry.digest))),
        ("identifiant", words(|repeat| format!("{:032x}", repeat.entry.id))),
        ("nature", words(|repeat| if repeat.conflict { CONFLICT } else { DUPLICATE }.to_owned())),
    ])
    .internal("the table repetitions")
}

/// The repeats of a run, with the names of their files.
pub(super) fn named(repeats: &Repeats, names: &[Arc<str>]) -> Vec<Repeat> {
    let name = |entry: &Entry| usize::try_from(entry.file).ok().and_then(|file| names.get(file)).cloned();
    let duplicates = repeats.duplicates.iter().map(|entry| (entry, false));
    let conflicts = repeats.conflicts.iter().map(|entry| (entry, true));
    duplicates
        .chain(conflicts)
        .map(|(entry, conflict)| Repeat { file: name(entry).unwrap_or_default(), entry: *entry, conflict })
        .collect()
}

/// 40 bits of an id: enough to tell in which month it may already stand, and a third of its size.
#[must_use]
pub fn id_fingerprint(id: u128) -> i64 {
    let hash = blake3::hash(&id.to_le_bytes());
    hash.as_bytes()[..5].iter().fold(0, |print, byte| print << 8 | i64::from(*byte))
}

/// The fingerprints of the ids of some attempts.
///
/// # Errors
/// [`Internal`](crate::error::Kind::Internal) when a column is missing.
pub fn id_fingerprints(attempts: &RecordBatch) -> Result<Vec<i64>> {
    let ids = text(attempts, "tentatives", "tentative_id")?;
    Ok(ids.iter().flatten().filter_map(parse_id).map(id_fingerprint).collect())
}

/// Rows of the table `identifiants`, of fingerprints that are of one month.
///
/// # Errors
/// [`Internal`](crate::error::Kind::Internal) if the columns do not hold together.
pub fn identifiers_table(month: &str, prints: &[i64]) -> Result<RecordBatch> {
    let months = StringArray::from_iter_values(std::iter::repeat_n(month, prints.len()));
    RecordBatch::try_from_iter([
        ("mois", Arc::new(months) as ArrayRef),
        ("empreinte_id", Arc::new(Int64Array::from_iter_values(prints.iter().copied()))),
    ])
    .internal("the table identifiants")
}

/// Attempts of a published month as they were before they were published: with the columns that are for the run alone, by the
/// `position` of each file, and without the rows of files that are read `again`, whose ids stand beside it.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when the table is not what a publisher wrote.
pub fn recall(
    published: &RecordBatch,
    position: impl Fn(&str) -> Option<u64>,
    again: impl Fn(&str) -> bool,
) -> Result<(RecordBatch, Vec<u128>)> {
    let sources = text(published, "tentatives", "fichier_source")?;
    let kept: BooleanArray = sources.iter().map(|file| Some(!again(file.unwrap_or_default()))).collect();
    let ids = text(published, "tentatives", "tentative_id")?;
    let gone = ids.iter().zip(kept.values()).filter(|(_, kept)| !kept).filter_map(|(id, _)| parse_id(id?)).collect();
    let published = filter_record_batch(published, &kept).internal("the month that was published")?;
    let (sources, ids, prints) = (
        text(&published, "tentatives", "fichier_source")?,
        text(&published, "tentatives", "tentative_id")?,
        text(&published, "tentatives", "empreinte_valeurs")?,
    );
    let file = sources.iter().map(|name| position(name.unwrap_or_default()));
    let file = UInt64Array::from(file.collect::<Option<Vec<u64>>>().ok_or_else(|| damaged("tentatives"))?);
    let ids: Vec<u128> =
        ids.iter().flatten().map(parse_id).collect::<Option<_>>().ok_or_else(|| damaged("tentatives"))?;
    let prints: Vec<u64> = prints
        .iter()
        .flatten()
        .map(|print| u64::from_str_radix(print, 16).ok())
        .collect::<Option<_>>()
        .ok_or_else(|| damaged("tentatives"))?;
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of 128 bits")]
    let private = |name: &str| -> Option<ArrayRef> {
        Some(match name {
            FILE => Arc::new(file.clone()),
            "row_digest" => Arc::new(UInt64Array::from(prints.clone())),
            "row_id_high" => Arc::new(ids.iter().map(|id| (id >> 64) as u64).collect::<UInt64Array>()),
            "row_id_low" => Arc::new(ids.iter().map(|id| *id as u64).collect::<UInt64Array>()),
            _ => return None,
        })
    };
    let wanted = Columns::default().finish()?.schema();
    let columns = wanted.fields().iter().map(|field| {
        let column = private(field.name()).or_else(|| published.column_by_name(field.name()).cloned());
        as_type(&column.ok_or_else(|| damaged("tentatives"))?, field.data_type(), "tentatives", field.name())
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    Ok((RecordBatch::try_new(wanted, columns).internal("the month that was published")?, gone))
}

#[cfg(test)]
mod tests {
    use arrow::array::FixedSizeBinaryArray;

    use super::*;
    use crate::error::Kind;

    #[test]
    fn a_published_column_of_another_type_is_no_bug_of_ours() {
        let odd = Arc::new(FixedSizeBinaryArray::try_from_iter([[1_u8, 2, 3]].into_iter()).unwrap()) as ArrayRef;
        let batch = RecordBatch::try_from_iter([("ligne", odd)]).unwrap();
        let error = number(&batch, "quarantaine", "ligne").unwrap_err();
        assert_eq!(error.kind(), Kind::Unreachable, "{error}");
        assert!(error.to_string().contains("quarantaine.ligne"), "{error}");
    }
}
