//! The decoder and `schemas/raw/attempt-v1.schema.json` are two statements of one contract: whoever validates a line
//! against the schema before delivering it is never surprised by the quarantine.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use guichets_ouverts::attempt::{Failure, RawAttempt, Slots, System, bounds};
use guichets_ouverts::ingest::{check, decode};
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};

use self::values::VALUES;
use crate::support::root;

mod values;

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let text = std::fs::read_to_string(root().join("schemas/raw/attempt-v1.schema.json")).unwrap();
    serde_json::from_str(&text).unwrap()
});

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| {
    assert!(jsonschema::meta::is_valid(&SCHEMA), "the schema is itself valid");
    jsonschema::options().should_validate_formats(true).build(&SCHEMA).unwrap()
});

const FULL: &[(&str, &str)] = &[
    ("contract", r#""attempt/1""#),
    ("attempt_id", r#""01D8HVSR1ZDPBB2MKXKJCF8CVN""#),
    ("run_id", r#""01D8HVSQAK5YJ8X1Q7V3B6T9ZC""#),
    ("run_started_at", r#""2019-04-16T08:00:00.572+02:00""#),
    ("scheduled_at", r#""2019-04-16T08:00:00+02:00""#),
    ("started_at", r#""2019-04-16T08:00:01.783+02:00""#),
    ("duration_ms", "1830"),
    ("try", "1"),
    ("counter", r#""evry-prefecture""#),
    ("procedure", r#""premier-titre""#),
    ("planning", r#""14167""#),
    ("system", r#""ez_planning""#),
    ("target_url", r#""https://www.essonne.gouv.fr/booking/create/13185/0""#),
    ("final_url", r#""https://www.essonne.gouv.fr/booking/create/13185/2""#),
    ("step", r#""/2""#),
    ("http_status", "200"),
    ("failure", r#""timeout""#),
    ("page_title", r#""Demande de rendez-vous""#),
    ("page_text", r#""Il n'existe plus de plage horaire libre""#),
    ("markers", r#"["td.status-1.free"]"#),
    ("slots", r#"{"count":3,"first_date":"2019-05-02","second_date":"2019-05-03","horizon_days":30}"#),
    ("verdict", r#""non""#),
    ("body_sha256", r#""2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae""#),
    ("screenshot_sha256", r#""2C26B46B68FFC68FF99B453C1D30413413422D706483BFA0F98A5E886266E7AE""#),
    ("probe", r#""a-guichets-fermes""#),
    ("probe_version", r#""2.4.1""#),
    ("vantage", r#""adresse-1""#),
    ("signature", r#""Robot d'une association""#),
    ("clock_age_s", "312"),
];

/// The fields without which there is no attempt.
const REQUIRED: &[&str] = &["contract", "attempt_id", "started_at", "counter", "procedure"];

fn object<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let fields: Vec<String> = fields.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

/// The full line with another value in one field.
fn with(field: &str, value: &str) -> String {
    object(FULL.iter().map(|(name, old)| (*name, if *name == field { value } else { *old })))
}

fn without(field: &str) -> String {
    object(FULL.iter().copied().filter(|(name, _)| *name != field))
}

fn decoder_accepts(line: &str) -> bool {
    decode(line).and_then(|raw| check(&raw)).is_ok()
}

fn schema_accepts(line: &str) -> bool {
    serde_json::from_str(line).is_ok_and(|value| VALIDATOR.is_valid(&value))
}

/// Both say what is expected, of every line; all that differ are shown.
fn assert_verdicts(cases: impl IntoIterator<Item = (String, bool)>) {
    let mut count = 0;
    let wrong: Vec<String> = cases
        .into_iter()
        .inspect(|_| count += 1)
        .map(|(line, good)| (decoder_accepts(&line), schema_accepts(&line), good, line))
        .filter(|(decoder, schema, good, _)| (decoder, schema) != (good, good))
        .map(|(decoder, schema, good, line)| {
            format!("good: {good}, decoder: {decoder}, schema: {schema}: {}", news(&line))
        })
        .collect();
    assert!(
        count > 0 && wrong.is_empty(),
        "{} of {count} lines are judged wrongly:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// What a line says that the full one does not.
fn news(line: &str) -> String {
    let pieces = |text: &str| text.split_inclusive([',', '{', '}']).map(str::to_owned).collect::<Vec<_>>();
    let full = pieces(&object(FULL.iter().copied()));
    pieces(line).into_iter().filter(|piece| !full.contains(piece)).collect()
}

#[test]
fn each_field_may_be_left_out_or_null_only_where_the_contract_says_so() {
    let names = || FULL.iter().map(|(name, _)| *name);
    assert_verdicts([(object(FULL.iter().copied()), true)]);
    assert_verdicts(names().map(|name| (without(name), !REQUIRED.contains(&name))));
    assert_verdicts(names().map(|name| (with(name, "null"), !REQUIRED.contains(&name))));
    assert_verdicts([(object(FULL.iter().copied().filter(|(name, _)| REQUIRED.contains(name))), true)]);
}

#[test]
fn each_field_has_one_type() {
    let of_another_type = |value: &str| -> Vec<&str> {
        let others = [("\"", r#""texte""#), ("[", "[]"), ("{", "{}"), ("1", "7"), ("t", "true")];
        let kind = if value.starts_with(|first: char| first.is_ascii_digit()) { "1" } else { &value[..1] };
        others.into_iter().filter(|(other, _)| *other != kind).map(|(_, value)| value).collect()
    };
    assert_verdicts(FULL.iter().flat_map(|(name, value)| {
        of_another_type(value).into_iter().map(|wrong| (with(name, wrong), false)).collect::<Vec<_>>()
    }));
}

#[test]
fn each_value_is_judged_alike() {
    assert_verdicts(VALUES.iter().map(|(field, value, good)| (with(field, value), *good)));
}

#[test]
fn lengths_are_counted_in_characters() {
    let limits = [
        ("page_text", 2_000, "é"),
        ("page_title", 2_000, "\u{1F600}"),
        ("target_url", 2_048, "a"),
        ("final_url", 2_048, "é"),
        ("signature", 2_048, "é"),
        ("step", 100, "é"),
        ("verdict", 100, "\u{1F600}"),
        ("counter", 128, "a"),
        ("run_id", 128, "a"),
        ("vantage", 64, "a"),
    ];
    assert_verdicts(limits.into_iter().flat_map(|(field, limit, letter)| {
        [(limit, true), (limit + 1, false)]
            .map(|(length, good)| (with(field, &json!(letter.repeat(length)).to_string()), good))
    }));
}

#[test]
fn a_line_is_one_object_of_known_fields() {
    let full = object(FULL.iter().copied());
    let in_order: Vec<&str> = FULL.iter().map(|(_, value)| *value).collect();
    let lines = [
        (with("page_text", "null").replace("page_text", "page_texte"), false),
        (full.replacen('{', r#"{"Contract":"attempt/1","#, 1), false),
        (full.replacen('{', r#"{"":null,"#, 1), false),
        (format!(" \t{full}\r"), true),
        (format!("{full}{full}"), false),
        (format!("{full},"), false),
        (full[..full.len() - 1].to_owned(), false),
        (format!("[{}]", in_order.join(",")), false),
        (format!("[{full}]"), false),
        ("{}".to_owned(), false),
        ("null".to_owned(), false),
        (r#""attempt/1""#.to_owned(), false),
    ];
    assert_verdicts(lines);
}

#[test]
fn what_a_json_schema_cannot_say_the_decoder_does() {
    let full = object(FULL.iter().copied());
    let unsayable = [
        full.replacen('{', r#"{"try":1,"#, 1),
        with("slots", r#"{"count":1,"count":1}"#),
        with("http_status", "200.0"),
        with("try", "1e0"),
        with("duration_ms", "-0"),
    ];
    for line in unsayable {
        assert!(!decoder_accepts(&line), "the decoder takes {line}");
        assert!(schema_accepts(&line), "the schema could say it after all: move this line to the table above: {line}");
    }
}

/// The names that serde expects of an object that has none of them.
fn fields_of<'de, T: serde::Deserialize<'de>>() -> BTreeSet<String> {
    let error = serde_json::from_str::<T>(r#"{"?":0}"#).err().unwrap().to_string();
    error.split('`').skip(3).step_by(2).map(str::to_owned).collect()
}

#[test]
fn fields_and_lists_of_names_are_the_same_on_both_sides_and_all_are_described() {
    let properties = |at: &str| SCHEMA.pointer(at).unwrap().as_object().unwrap();
    let names = |at: &str| properties(at).keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names("/properties"), fields_of::<RawAttempt>());
    assert_eq!(names("/properties/slots/properties"), fields_of::<Slots>());
    assert_eq!(names("/properties"), FULL.iter().map(|(name, _)| (*name).to_owned()).collect());
    for (name, property) in properties("/properties").iter().chain(properties("/properties/slots/properties")) {
        assert!(property["description"].as_str().is_some_and(|text| text.len() > 10), "{name} is not described");
    }
    let codes = |at: &str| SCHEMA.pointer(at).unwrap().as_array().unwrap().clone();
    let systems: Vec<Value> = System::ALL.iter().map(|system| json!(system.code())).chain([Value::Null]).collect();
    let failures: Vec<Value> = Failure::ALL.iter().map(|failure| json!(failure.code())).chain([Value::Null]).collect();
    assert_eq!(codes("/properties/system/enum"), systems);
    assert_eq!(codes("/properties/failure/enum"), failures);
}

#[test]
fn the_bounds_of_both_sides_are_one() {
    let at = |place: &str, key: &str| SCHEMA.pointer(&format!("/properties/{place}/{key}")).unwrap().as_i64().unwrap();
    let slots = "slots/properties";
    assert_eq!(at(&format!("{slots}/count"), "maximum"), i64::from(bounds::SLOTS_MAX));
    assert_eq!(at(&format!("{slots}/horizon_days"), "maximum"), i64::from(bounds::HORIZON_MAX_DAYS));
    assert_eq!(at("try", "maximum"), i64::from(bounds::TRIES_MAX));
    assert_eq!(at("duration_ms", "maximum"), bounds::DURATION_MAX_MS);
    assert_eq!(at("clock_age_s", "maximum"), bounds::CLOCK_AGE_MAX_S);
    let status = (at("http_status", "minimum"), at("http_status", "maximum"));
    assert_eq!(status, (i64::from(*bounds::HTTP_STATUS.start()), i64::from(*bounds::HTTP_STATUS.end())));
    let lengths = [("page_text", bounds::PAGE_TEXT_CHARS), ("final_url", bounds::TEXT_CHARS)];
    for (field, limit) in lengths.into_iter().chain([("step", bounds::PUBLISHED_TEXT_CHARS)]) {
        assert_eq!(at(field, "maxLength"), i64::try_from(limit).unwrap(), "{field}");
    }
}

/// Pieces of text that are wrong in some field and right in another.
const PIECES: &[&str] = &[
    "null",
    "true",
    "0",
    "1",
    "-1",
    "7",
    "2147483648",
    "\"\"",
    "\"a\"",
    "\"=1\"",
    "\"other\"",
    "\"timeout\"",
    "[]",
    "{}",
    "[\"a\"]",
    "{\"count\":0}",
    "{\"count\":[]}",
    "\"2019-04-16\"",
    "\"2019-04-16T08:00:00Z\"",
    "\"\\u00e9\"",
];
const LETTERS: &str = "0179aAfFzZTt-+.:/_ \"\\{}[],é\u{2212}\u{1F600}";

#[derive(Debug, Clone)]
enum Mutation {
    Set(usize, &'static str),
    Remove(usize),
    Letter { at: prop::sample::Index, remove: usize, insert: Option<char> },
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let field = 0..FULL.len();
    prop_oneof![
        (field.clone(), prop::sample::select(PIECES)).prop_map(|(field, piece)| Mutation::Set(field, piece)),
        field.prop_map(Mutation::Remove),
        (
            any::<prop::sample::Index>(),
            0_usize..3,
            prop::option::of(prop::sample::select(LETTERS.chars().collect::<Vec<_>>()))
        )
            .prop_map(|(at, remove, insert)| Mutation::Letter { at, remove, insert }),
    ]
}

fn mutated(mutations: &[Mutation]) -> String {
    let mut fields: Vec<Option<(&str, &str)>> = FULL.iter().copied().map(Some).collect();
    for mutation in mutations {
        match mutation {
            Mutation::Set(field, piece) => fields[*field] = Some((FULL[*field].0, piece)),
            Mutation::Remove(field) => fields[*field] = None,
            Mutation::Letter { .. } => {}
        }
    }
    let mut line: Vec<char> = object(fields.into_iter().flatten()).chars().collect();
    for mutation in mutations {
        if let Mutation::Letter { at, remove, insert } = mutation {
            let from = at.index(line.len());
            line.splice(from..(from + remove).min(line.len()), *insert);
        }
    }
    line.into_iter().collect()
}

/// What the test above shows no schema to see: a field that is there twice, and an integer written as a fraction.
fn is_unsayable(line: &str) -> bool {
    fn has_fraction(value: &Value) -> bool {
        match value {
            Value::Number(number) => number.is_f64(),
            Value::Array(items) => items.iter().any(has_fraction),
            Value::Object(fields) => fields.values().any(has_fraction),
            _ => false,
        }
    }
    let twice = serde_json::from_str::<RawAttempt>(line).is_err_and(|error| error.to_string().starts_with("duplicate"));
    twice || serde_json::from_str(line).is_ok_and(|value| has_fraction(&value))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_mutation_of_a_line_is_judged_alike(mutations in prop::collection::vec(mutation(), 1..4)) {
        let line = mutated(&mutations);
        prop_assume!(!is_unsayable(&line));
        prop_assert_eq!(decoder_accepts(&line), schema_accepts(&line), "{}", line);
    }
}
