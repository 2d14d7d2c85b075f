//! The models keep to the SQL that several engines run and take for the same; a model that leaves it fails here, without
//! any engine, by the name of the rule.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::dialect::{Rule, faults};
use crate::support::{json, root, tree};

/// Whether the rows of a table, or of a month of it, stand in the order of services: then it is made of some at a time.
fn is_of_a_service(schema: &Value) -> bool {
    let split = schema["guichets"]["partition"].is_string();
    let order = schema["guichets"]["order"].as_array().unwrap().iter().skip(usize::from(split));
    order.take(2).eq(["guichet_id", "demarche_id"])
}

#[test]
fn every_model_keeps_to_the_sql_that_four_engines_run() {
    let mut of_services = 0;
    let mut told = Vec::new();
    for (path, bytes) in tree(&root().join("pipelines/models")) {
        let table = path.rsplit('/').next().unwrap().trim_end_matches(".sql");
        let of_a_service = is_of_a_service(&json(&root().join(format!("schemas/tables/{table}.json"))));
        of_services += usize::from(of_a_service);
        let faults = faults(std::str::from_utf8(&bytes).unwrap(), of_a_service);
        told.extend(faults.into_iter().map(|(rule, what)| format!("{path}: {rule:?}: {what}")));
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
    assert!(of_services > 20, "only {of_services} tables are of services");
}

/// A query that breaks each rule, beside one that does the same and keeps it.
const CASES: [(Rule, &str, &str); 23] = [
    (Rule::TypesThatAllKnow, "SELECT CAST(a AS VARCHAR) AS b FROM t", "SELECT CAST(a AS STRING) AS b FROM t"),
    (Rule::FunctionsThatAllKnow, "SELECT QUANTILE_CONT(a, b) AS c FROM t", "SELECT MIN(a) AS c FROM t"),
    (Rule::FunctionsThatAllKnow, "SELECT DATE_TRUNC('month', a) AS b FROM t", "SELECT SUBSTR(a, 1, 7) AS b FROM t"),
    (Rule::ExpressionsThatAllKnow, "SELECT a AT TIME ZONE 'UTC' AS b FROM t", "SELECT a AS b FROM t"),
    (Rule::ExpressionsThatAllKnow, "SELECT a FROM t WHERE a ILIKE 'x%'", "SELECT a FROM t WHERE a LIKE 'x%'"),
    (Rule::ExpressionsThatAllKnow, "SELECT a FROM t WHERE a IN (SELECT b FROM u)", "SELECT a FROM t WHERE a IN ('x')"),
    (Rule::ClausesThatAllKnow, "SELECT a FROM t GROUP BY ALL", "SELECT a FROM t GROUP BY a"),
    (Rule::ClausesThatAllKnow, "SELECT t.a FROM t JOIN u USING (a)", "SELECT t.a FROM t INNER JOIN u ON t.a = u.a"),
    (Rule::ClausesThatAllKnow, "SELECT t.a FROM t, u", "SELECT t.a FROM t CROSS JOIN u"),
    (Rule::ClausesThatAllKnow, "SELECT a FROM (SELECT a FROM t)", "WITH s AS (SELECT a FROM t) SELECT a FROM s"),
    (Rule::NoApostropheInAText, "SELECT 'qu''il' AS a FROM t", "SELECT 'qu’il' AS a FROM t"),
    (
        Rule::NoDivisionByALiteral,
        "SELECT CAST(b + a / 60000.0 AS DOUBLE) AS c FROM t",
        "SELECT b + a / NULLIF(n, 0) AS c FROM t",
    ),
    (
        Rule::NoDivisionByALiteral,
        "SELECT CAST(FLOOR(a / CAST(100 AS DOUBLE)) AS INTEGER) AS b FROM t",
        "SELECT CAST(FLOOR(a / CAST(100 AS DOUBLE) + 0.5) AS INTEGER) AS b FROM t",
    ),
    (Rule::NoDivisionByWhatMayBeZero, "SELECT a / n AS b FROM t", "SELECT a / NULLIF(n, 0) AS b FROM t"),
    (
        Rule::NoDivisionByWhatMayBeZero,
        "WITH s AS (SELECT a, CAST(m AS DOUBLE) AS n FROM t) SELECT a / (2.0 * n) AS b FROM s",
        "WITH s AS (SELECT a, CAST(NULLIF(m, 0) AS DOUBLE) AS n FROM t) SELECT a / (2.0 * n) AS b FROM s",
    ),
    (
        Rule::DecimalsAreDoubles,
        "SELECT CASE WHEN a = 0 THEN 0.0 ELSE b END AS c FROM t",
        "SELECT CASE WHEN a = 0 THEN CAST(0 AS DOUBLE) ELSE b END AS c FROM t",
    ),
    (Rule::DecimalsAreDoubles, "SELECT a * (1.0 - 0.9) AS b FROM t", "SELECT a * (b - 0.9) AS b FROM t"),
    (Rule::DecimalsAreDoubles, "SELECT COALESCE(a, -1.5) AS b FROM t", "SELECT a > -1.5 AS b FROM t"),
    (
        Rule::WhatIsFlooredIsCast,
        "SELECT FLOOR(a + 0.5) AS b FROM t",
        "SELECT CAST(FLOOR(a + 0.5) AS DOUBLE) AS b FROM t",
    ),
    (Rule::SumsSayTheirType, "SELECT SUM(a) AS b FROM t", "SELECT SUM(CAST(a AS BIGINT)) AS b FROM t"),
    (
        Rule::WindowsAreBare,
        "SELECT MAX(a) OVER (PARTITION BY guichet_id, demarche_id ORDER BY b ROWS 3 PRECEDING) AS c FROM t",
        "SELECT MAX(a) OVER (PARTITION BY guichet_id, demarche_id ORDER BY b) AS c FROM t",
    ),
    (
        Rule::WindowsAreBare,
        "SELECT COUNT(*) FILTER (WHERE a) OVER (PARTITION BY guichet_id, demarche_id) AS c FROM t",
        "SELECT COUNT(CASE WHEN a THEN 1 END) OVER (PARTITION BY guichet_id, demarche_id) AS c FROM t",
    ),
    (
        Rule::WindowsOfAService,
        "SELECT LAG(a) OVER (PARTITION BY mois, guichet_id ORDER BY a) AS b FROM t",
        "SELECT LAG(a) OVER (PARTITION BY t.guichet_id, t.demarche_id, mois ORDER BY a) AS b FROM t",
    ),
];

#[test]
fn each_rule_of_the_dialect_knows_what_breaks_it_from_what_does_not() {
    for (rule, breaks, keeps) in CASES {
        let found: Vec<Rule> = faults(breaks, true).into_iter().map(|(rule, _)| rule).collect();
        assert_eq!(found.iter().collect::<BTreeSet<_>>(), BTreeSet::from([&rule]), "{breaks}");
        assert!(faults(keeps, true).is_empty(), "{keeps}: {:?}", faults(keeps, true));
    }
    let tried: BTreeSet<Rule> = CASES.iter().map(|(rule, ..)| *rule).collect();
    assert_eq!(tried, BTreeSet::from(Rule::ALL), "a rule that nothing breaks");
}
