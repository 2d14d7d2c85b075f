//! Small tables that are neither measured nor kept in the registry: the rules and the settings of a run.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int32Array, RecordBatch, StringArray};

use crate::config::Method;
use crate::digest::signature_id;
use crate::error::{Context, Result};
use crate::outcome::{Answer, Outcome, Rule, RuleSet};

/// The licence of the published data.
pub const LICENCE: &str = "Licence Ouverte 2.0";
/// Where that licence stands.
pub const LICENCE_URL: &str = "https://www.etalab.gouv.fr/licence-ouverte-open-licence";

/// The table `regles`.
///
/// # Errors
/// [`Internal`](crate::error::Kind::Internal) if the columns do not hold together.
pub fn rules(rules: &RuleSet) -> Result<RecordBatch> {
    let rows = rules.rules();
    let text =
        |of: &dyn Fn(&Rule) -> Option<String>| Arc::new(rows.iter().map(of).collect::<StringArray>()) as ArrayRef;
    let order = (1..).take(rows.len());
    RecordBatch::try_from_iter([
        ("ordre", Arc::new(Int32Array::from_iter_values(order)) as ArrayRef),
        ("regle_id", text(&|rule| Some(rule.id.clone()))),
        ("regles_version", text(&|_| Some(rules.version().to_owned()))),
        ("issue", text(&|rule| Some(rule.outcome.code().to_owned()))),
        ("reponse", text(&|rule| Some(rule.outcome.answer().code().to_owned()))),
        ("systeme", text(&Rule::systems)),
        ("description", text(&|rule| Some(rule.description.clone()))),
        ("source", text(&|rule| Some(rule.source.clone()).filter(|source| !source.is_empty()))),
    ])
    .internal("the table regles")
}

/// What only a consultation can end in: an expected planning was not asked.
const INCOMPLETE: &str = "incomplete";

/// The table `issues`: the outcomes in the order in which they give the reason of an unknown consultation, each with its answer.
///
/// # Errors
/// [`Internal`](crate::error::Kind::Internal) if the columns do not hold together.
pub fn outcomes() -> Result<RecordBatch> {
    let of = |answer: Answer| Outcome::ALL.iter().filter(move |outcome| outcome.answer() == answer);
    let row = |outcome: &Outcome| (outcome.code(), outcome.answer().code(), outcome.is_shared_failure());
    let answered = of(Answer::Yes).map(row).chain(of(Answer::Unknown).map(row));
    let rows: Vec<(&str, &str, bool)> = answered
        .chain([(INCOMPLETE, Answer::Unknown.code(), false)])
        .chain(of(Answer::No).map(row))
        .chain(of(Answer::OutOfScope).map(row))
        .collect();
    let text = |of: fn(&(&'static str, &'static str, bool)) -> &'static str| {
        Arc::new(StringArray::from_iter_values(rows.iter().map(of))) as ArrayRef
    };
    RecordBatch::try_from_iter([
        ("issue", text(|row| row.0)),
        ("rang", Arc::new(Int32Array::from_iter_values((1..).take(rows.len())))),
        ("reponse", text(|row| row.1)),
        ("panne_partagee", Arc::new(rows.iter().map(|row| Some(row.2)).collect::<BooleanArray>())),
    ])
    .internal("the table issues")
}

/// The table `parametres`: one row, a column for each setting that the configuration declares.
///
/// # Errors
/// [`Internal`](crate::error::Kind::Internal) if the columns do not hold together.
pub fn settings(method: &Method) -> Result<RecordBatch> {
    let serde_json::Value::Object(settings) = serde_json::to_value(method).internal("settings")? else {
        return Err(crate::error::Error::internal("the settings are not a table"));
    };
    RecordBatch::try_from_iter(settings.iter().map(|(name, value)| (name, one_value(value))))
        .internal("the table parametres")
}

/// The table `signatures_listees`: the declared identities whose text a pipeline publishes on purpose.
///
/// # Errors
/// [`Internal`](crate::error::Kind::Internal) if the columns do not hold together.
pub fn signatures(listed: &[String]) -> Result<RecordBatch> {
    let listed: BTreeSet<&String> = listed.iter().collect();
    let texts = |of: fn(&String) -> String| {
        Arc::new(StringArray::from_iter_values(listed.iter().map(|text| of(text)))) as ArrayRef
    };
    RecordBatch::try_from_iter([
        ("signature_id", texts(|text| signature_id(text))),
        ("signature", texts(String::clone)),
    ])
    .internal("the table signatures_listees")
}

fn one_value(value: &serde_json::Value) -> ArrayRef {
    match value {
        serde_json::Value::Number(number) => match number.as_i64().and_then(|number| i32::try_from(number).ok()) {
            Some(whole) => Arc::new(Int32Array::from(vec![whole])),
            None => Arc::new(Float64Array::from(vec![number.as_f64()])),
        },
        other => Arc::new(StringArray::from(vec![other.as_str()])),
    }
}
