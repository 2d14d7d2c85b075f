//! Small tables that are neither measured nor kept in the registry: the rules and the settings of a run.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int32Array, RecordBatch, StringArray};

use crate::config::Method;
use crate::digest::signature_id;
use crate::error::{Context, Result};
use crate::outcome::{Answer, Ending, Rule, RuleSet, endings};

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

/// The table `issues`: the outcomes in the order in which they give the reason of an unknown consultation, each with its answer.
///
/// # Errors
/// [`Internal`](crate::error::Kind::Internal) if the columns do not hold together.
pub fn outcomes() -> Result<RecordBatch> {
    let order = [Answer::Yes, Answer::Unknown, Answer::No, Answer::OutOfScope];
    let rows: Vec<Ending> =
        order.iter().flat_map(|answer| endings().filter(move |ending| ending.answer == *answer)).collect();
    let text =
        |of: fn(&Ending) -> &'static str| Arc::new(StringArray::from_iter_values(rows.iter().map(of))) as ArrayRef;
    let shared = rows.iter().map(|ending| Some(ending.is_shared_failure)).collect::<BooleanArray>();
    RecordBatch::try_from_iter([
        ("issue", text(|ending| ending.code)),
        ("rang", Arc::new(Int32Array::from_iter_values((1..).take(rows.len())))),
        ("reponse", text(|ending| ending.answer.code())),
        ("panne_partagee", Arc::new(shared)),
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
