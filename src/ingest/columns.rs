//! Attempts as columns: the hot path between a decoded line and a record batch.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Builder, Int32Builder, Int64Builder, RecordBatch, StringBuilder, StringDictionaryBuilder,
    TimestampMicrosecondBuilder, UInt64Builder,
};
use arrow::datatypes::Int32Type;
use chrono::{Datelike, NaiveDate};

use super::check::Checked;
use super::names::published_text;
use super::page::asked_page;
use crate::attempt::RawAttempt;
use crate::calendar::{Local, days_since_epoch, iso_week, month};
use crate::config::Method;
use crate::digest::signature_id;
use crate::error::{Context, Result};
use crate::outcome::{Answer, Evidence, Rule};

/// Text of few distinct values.
type Words = StringDictionaryBuilder<Int32Type>;

/// The column in which the position of each file among all stands, for the run alone.
pub(super) const FILE: &str = "row_file";

/// What stands in a required column of which the log says nothing.
const NOT_STATED: &str = "non_precise";

/// How many addresses are remembered, so that a log that never repeats one takes no more memory.
const MOST_PAGES: usize = 4096;

/// Declares the builders once: each is named for the column of `tentatives` that it fills. Those whose name begins with
/// `row_` are for the run alone and never leave it.
macro_rules! columns {
    ($($name:ident: $builder:ty),+ $(,)?) => {
        /// The columns being built.
        #[derive(Default)]
        pub struct Columns {
            row_count: usize,
            last_date: Option<(NaiveDate, String, String)>,
            last_signature: Option<(String, String)>,
            pages: HashMap<String, Option<String>>,
            $($name: $builder),+
        }

        impl Columns {
            /// Ends the batch; the builders start anew.
            ///
            /// # Errors
            /// [`Internal`](crate::error::Kind::Internal) if the columns do not hold together.
            pub fn finish(&mut self) -> Result<RecordBatch> {
                self.row_count = 0;
                RecordBatch::try_from_iter_with_nullable([
                    $((stringify!($name), Arc::new(self.$name.finish()) as ArrayRef, true)),+
                ])
                .internal("the columns of tentatives")
            }
        }
    };
}

columns! {
    tentative_id: StringBuilder,
    cycle_id: Words,
    cycle_debut_utc: TimestampMicrosecondBuilder,
    essai: Int32Builder,
    instant_utc: TimestampMicrosecondBuilder,
    date_locale: Date32Builder,
    heure_locale: Words,
    decalage_utc_min: Int32Builder,
    jour_semaine: Int32Builder,
    semaine_iso: Words,
    mois: Words,
    prevue_utc: TimestampMicrosecondBuilder,
    guichet_id: Words,
    demarche_id: Words,
    planning_id: Words,
    departement: Words,
    departement_iso: Words,
    systeme: Words,
    sonde: Words,
    sonde_version: Words,
    point_de_mesure: Words,
    signature_id: Words,
    page_demandee: Words,
    etape: Words,
    code_http: Int32Builder,
    echec: Words,
    duree_ms: Int64Builder,
    issue: Words,
    reponse: Words,
    regle_id: Words,
    regles_version: Words,
    verdict_sonde: Words,
    creneaux: Int32Builder,
    premiere_date: Date32Builder,
    deuxieme_date: Date32Builder,
    dates_ecartees: Int32Builder,
    horizon_jours: Int32Builder,
    delai_jours: Int32Builder,
    classe_delai: Words,
    preuve_sha256: StringBuilder,
    capture_sha256: StringBuilder,
    horloge_age_s: Int64Builder,
    fichier_source: Words,
    ligne_source: Int64Builder,
    rang_source: Int64Builder,
    octet_source: Int64Builder,
    longueur_source: Int64Builder,
    empreinte_valeurs: StringBuilder,
    row_file: UInt64Builder,
    row_digest: UInt64Builder,
    row_id_high: UInt64Builder,
    row_id_low: UInt64Builder,
}

/// Where a line stands.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The file's position in the run's list.
    pub file: u64,
    /// The file's published name.
    pub name: &'a str,
    /// 1-based.
    pub line: u64,
    /// Which of the records of the line, from 1.
    pub rank: u32,
    /// Of the line's first byte in the decompressed file.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
    /// Of what the record says: tells one delivered twice from another with the same id.
    pub digest: u64,
}

/// One attempt with all that was found out about it.
#[derive(Debug)]
pub struct Row<'a> {
    /// What the line says.
    pub raw: &'a RawAttempt<'a>,
    /// What was parsed out of it.
    pub checked: Checked,
    /// The instant on the counter's own clock.
    pub local: Local,
    /// INSEE and ISO 3166-2 codes of the counter's department.
    pub department: (Option<&'a str>, Option<&'a str>),
    /// The rule that gave the outcome.
    pub rule: &'a Rule,
    /// Version of the rules.
    pub rules_version: &'a str,
    /// Where the line stands.
    pub place: Place<'a>,
}

impl<'a> Row<'a> {
    /// The evidence that the rules look at.
    #[must_use]
    pub fn evidence(&self) -> Evidence<'a> {
        evidence_of(self.raw, &self.checked, self.local.date)
    }
}

/// What a record shows on a local day: a date that is not believed is none.
pub(super) fn evidence_of<'a>(raw: &'a RawAttempt<'_>, checked: &Checked, day: NaiveDate) -> Evidence<'a> {
    Evidence { has_first_date: checked.first_date.is_some(), day: Some(day), ..Evidence::of(raw) }
}

impl Columns {
    /// How many rows are waiting.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.row_count
    }

    /// Appends an attempt.
    pub fn push(&mut self, row: &Row<'_>, method: &Method) {
        self.row_count += 1;
        self.push_identity(row);
        self.push_time(row);
        self.push_observation(row);
        self.push_slots(row, method);
        self.push_origin(&row.place, row.checked.id);
    }

    fn push_identity(&mut self, row: &Row<'_>) {
        let raw = row.raw;
        self.tentative_id.append_value(published_id(&raw.attempt_id));
        self.cycle_id.append_option(raw.run_id.as_deref());
        self.cycle_debut_utc.append_option(row.checked.cycle_start.map(|instant| instant.timestamp_micros()));
        self.essai.append_value(raw.attempt_no);
        self.guichet_id.append_value(&*raw.counter);
        self.demarche_id.append_value(&*raw.procedure);
        self.planning_id.append_option(raw.planning.as_deref());
        self.departement.append_option(row.department.0);
        self.departement_iso.append_option(row.department.1);
        self.systeme.append_value(raw.system.code());
        self.sonde.append_value(raw.probe.as_deref().unwrap_or(NOT_STATED));
        self.sonde_version.append_option(raw.probe_version.as_deref());
        self.point_de_mesure.append_value(raw.vantage.as_deref().unwrap_or(NOT_STATED));
        let declared = raw.signature.as_deref().filter(|text| !text.is_empty());
        if declared != self.last_signature.as_ref().map(|(text, _)| text.as_str()) {
            self.last_signature = declared.map(|text| (text.to_owned(), signature_id(text)));
        }
        self.signature_id.append_option(self.last_signature.as_ref().map(|(_, id)| id));
    }

    fn push_time(&mut self, row: &Row<'_>) {
        let date = row.local.date;
        self.instant_utc.append_value(row.checked.instant.timestamp_micros());
        self.prevue_utc.append_option(row.checked.scheduled.map(|instant| instant.timestamp_micros()));
        self.date_locale.append_value(days_since_epoch(date));
        self.decalage_utc_min.append_value(row.local.offset_min);
        // At most 31.
        self.jour_semaine.append_value(date.weekday().number_from_monday().cast_signed());
        let clock = row.local.clock();
        self.heure_locale.append_value(std::str::from_utf8(&clock).unwrap_or_default());
        if self.last_date.as_ref().is_none_or(|(last, ..)| *last != date) {
            self.last_date = Some((date, iso_week(date), month(date)));
        }
        if let Some((_, week, month)) = &self.last_date {
            self.semaine_iso.append_value(week);
            self.mois.append_value(month);
        }
    }

    fn push_observation(&mut self, row: &Row<'_>) {
        let raw = row.raw;
        self.push_page(raw.target_url.as_deref());
        self.etape.append_option(raw.step.as_deref().map(published_text));
        self.code_http.append_option(raw.http_status);
        self.echec.append_option(raw.failure.map(crate::attempt::Failure::code));
        self.duree_ms.append_option(raw.duration_ms);
        self.horloge_age_s.append_option(raw.clock_age_s);
        self.issue.append_value(row.rule.outcome.code());
        self.reponse.append_value(row.rule.outcome.answer().code());
        self.regle_id.append_value(&row.rule.id);
        self.regles_version.append_value(row.rules_version);
        self.verdict_sonde.append_option(raw.verdict.as_deref().map(published_text));
        push_sha256(&mut self.preuve_sha256, raw.body_sha256.as_deref());
        push_sha256(&mut self.capture_sha256, raw.screenshot_sha256.as_deref());
    }

    /// Services are few, and each line names one: its page is made once.
    fn push_page(&mut self, address: Option<&str>) {
        let Some(address) = address else { return self.page_demandee.append_null() };
        if let Some(page) = self.pages.get(address) {
            return self.page_demandee.append_option(page.as_deref());
        }
        let page = asked_page(address);
        self.page_demandee.append_option(page.as_deref());
        if self.pages.len() < MOST_PAGES {
            self.pages.insert(address.to_owned(), page);
        }
    }

    fn push_slots(&mut self, row: &Row<'_>, method: &Method) {
        let slots = row.raw.slots.as_ref();
        self.creneaux.append_option(slots.and_then(|slots| slots.count));
        self.horizon_jours.append_option(slots.and_then(|slots| slots.horizon_days));
        self.premiere_date.append_option(row.checked.first_date.map(days_since_epoch));
        self.deuxieme_date.append_option(row.checked.second_date.map(days_since_epoch));
        self.dates_ecartees.append_value(row.checked.disbelieved);
        let days_until = |date: NaiveDate| days_since_epoch(date) - days_since_epoch(row.local.date);
        let delay = row.checked.first_date.map(days_until);
        self.delai_jours.append_option(delay);
        let second = row.checked.second_date.map(days_until);
        self.classe_delai.append_option(delay_class(row.rule.outcome.answer(), delay, second, method));
    }

    fn push_origin(&mut self, place: &Place<'_>, id: u128) {
        self.fichier_source.append_value(place.name);
        self.ligne_source.append_value(place.line.cast_signed());
        self.rang_source.append_value(place.rank.into());
        self.octet_source.append_value(place.offset.cast_signed());
        self.longueur_source.append_value(place.length.cast_signed());
        self.empreinte_valeurs.append_value(format!("{:016x}", place.digest));
        self.row_file.append_value(place.file);
        self.row_digest.append_value(place.digest);
        self.row_id_high.append_value((id >> 64) as u64);
        #[expect(clippy::cast_possible_truncation, reason = "the high half is in the column beside it")]
        self.row_id_low.append_value(id as u64);
    }
}

/// The class in which the association publishes an attempt: how soon an appointment could be had.
///
/// It is empty where the attempt has no answer, and where a slot was seen but its date was not.
#[must_use]
pub fn delay_class(answer: Answer, first: Option<i32>, second: Option<i32>, method: &Method) -> Option<&'static str> {
    let short = |delay: i32| delay <= method.delai_court_jours;
    match (answer, first) {
        (Answer::No, _) => Some("aucune_date"),
        (Answer::Yes, Some(first)) if short(first) && second.is_some_and(short) => Some("deux_dates_sous_30_jours"),
        (Answer::Yes, Some(first)) if short(first) => Some("une_date_sous_30_jours"),
        (Answer::Yes, Some(first)) if first <= method.delai_long_jours => Some("entre_30_et_60_jours"),
        (Answer::Yes, Some(_)) => Some("au_dela_de_60_jours"),
        _ => None,
    }
}

/// A UUID may be written in capitals, which are no part of it; the letters of a ULID are.
fn published_id(text: &str) -> Cow<'_, str> {
    let is_uuid = text.len() == 36 && text.bytes().any(|byte| byte.is_ascii_uppercase());
    if is_uuid { Cow::Owned(text.to_ascii_lowercase()) } else { Cow::Borrowed(text) }
}

fn push_sha256(builder: &mut StringBuilder, digest: Option<&str>) {
    match digest {
        None => builder.append_null(),
        Some(text) if text.bytes().any(|byte| byte.is_ascii_uppercase()) => {
            builder.append_value(text.to_ascii_lowercase());
        }
        Some(text) => builder.append_value(text),
    }
}
