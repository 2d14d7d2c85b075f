//! A list of rules that is not safe to publish from is refused, with its line and what to do.

use std::path::Path;

use guichets_ouverts::error::Kind;
use guichets_ouverts::outcome::RuleSet;

const CATCH_ALL: &str = "[[rule]]\nid = 'rien'\noutcome = 'page_non_reconnue'\ndescription = 'd'\nsource = 's'\n";

/// A rule of the given id, outcome and conditions.
fn rule(id: &str, outcome: &str, conditions: &str) -> String {
    format!("[[rule]]\nid = '{id}'\noutcome = '{outcome}'\ndescription = 'd'\nsource = 's'\n{conditions}\n")
}

fn refused(rules: &str) -> (String, String) {
    let error = RuleSet::parse(&format!("version = '1'\n{rules}"), "rules.toml").unwrap_err();
    assert_eq!(error.kind(), Kind::Usage);
    (error.to_string(), error.advice().expect("every refusal says what to do").to_owned())
}

#[test]
fn each_mistake_in_a_rule_is_named() {
    let blocked = |conditions: &str| rule("r", "bloque", conditions);
    let no = |conditions: &str| rule("r", "aucun_rdv", conditions);
    for (mistake, rules, message) in [
        ("unknown outcome", rule("r", "bloquer", "when.status = [403]"), "unknown variant `bloquer`"),
        ("unknown condition", blocked("when.statut = [403]"), "unknown field `statut`"),
        ("unknown system", blocked("when.system = ['ezplanning']"), "unknown variant `ezplanning`"),
        ("unknown key", blocked("note = 'x'"), "unknown field `note`"),
        ("empty list", blocked("when.status = []"), "in rule `r`, `status` lists nothing"),
        ("empty needle", blocked("when.text = [' \u{a0}']"), "in rule `r`, `text` lists nothing"),
        ("needle that all have", blocked("when.marker = ['*']"), "in rule `r`, `marker` lists nothing, or something"),
        ("backward range", blocked("when.status = ['599-500']"), "\"599-500\", which is not a range"),
        ("no range", blocked("when.status = ['5xx']"), "\"5xx\", which is not a range"),
        (
            "formula",
            blocked("when.status = [403]").replace("'d'", "'=1+1'"),
            "a text of rule `r` begins like a formula",
        ),
        ("id with a space", rule("r r", "bloque", "when.status = [403]"), "`r r` is no rule id"),
        ("empty exception", blocked("when.status = [403]\nunless = [{}]"), "its `unless` takes all its lines"),
        (
            "exception that excludes all",
            blocked("when.status = [403]\nunless = [{ status = ['400-499'] }]"),
            "its `unless`",
        ),
        ("no without a page", no("when.status = [200]"), "answers without having seen a page"),
        ("no on a failure", no("when.failure = ['timeout']"), "answers without having seen a page"),
        (
            "yes on a loose word",
            rule("r", "rdv_propose", "when.text = ['Disponible']"),
            "the single word « disponible »",
        ),
        ("condition that is false", blocked("when.doubted = false"), "`doubted` is false, which is no condition"),
        ("no on a doubt", no("when.doubted = true"), "answers without having seen a page"),
        ("yes on a hint", rule("r", "rdv_propose", "when.hint = true"), "answers without having seen a page"),
        ("no on a single word", no("when.sentence = ['Complet']"), "the single word « complet »"),
        ("empty sentence", no("when.sentence = ['']"), "in rule `r`, `sentence` lists nothing"),
        ("yes on another", rule("r", "rdv_propose", "when.title = ['rendez-vous']"), "the single word « rendez-vous »"),
    ] {
        let (error, _) = refused(&format!("{rules}{CATCH_ALL}"));
        assert!(error.starts_with("rules.toml:") && error.contains(message), "{mistake}: {error}");
    }
}

#[test]
fn each_mistake_between_rules_is_named() {
    let blocked = |id, conditions| rule(id, "bloque", conditions);
    for (mistake, rules, message) in [
        (
            "same id",
            blocked("a", "when.status = [403]") + &blocked("a", "when.status = [429]"),
            "two rules have the id `a`",
        ),
        (
            "same condition",
            blocked("a", "when.status = [403]") + &blocked("b", "when.status = [403]"),
            "`b` can never apply: `a`",
        ),
        (
            "range first",
            blocked("a", "when.status = ['400-499']") + &blocked("b", "when.status = [403]"),
            "`b` can never apply",
        ),
        (
            "shorter text first",
            blocked("a", "when.text = ['xy']") + &blocked("b", "when.title = ['WXYZ']"),
            "`b` can never apply",
        ),
        (
            "shorter sentence first",
            rule("a", "aucun_rdv", "when.sentence = ['aucun rdv']")
                + &rule("b", "aucun_rdv", "when.sentence = ['aucun rdv libre']"),
            "`b` can never apply: `a`",
        ),
        ("catch-all first", CATCH_ALL.to_owned() + &blocked("b", "when.status = [403]"), "`b` can never apply: `rien`"),
    ] {
        let (error, _) = refused(&format!("{rules}{}", CATCH_ALL.replace("rien", "fin")));
        assert!(error.contains(message), "{mistake}: {error}");
    }
}

#[test]
fn each_mistake_in_the_words_is_named() {
    for (words, message) in [
        ("[sentence]\nbefore = ['si', ' ']", "rules.toml:2: in [sentence], `before` lists an empty word"),
        ("[elsewhere]\nannounced = ['']", "rules.toml:2: in [elsewhere], `announced` lists an empty word"),
        ("[elsewhere]\nmarker = ['*']", "in [elsewhere], `marker` lists nothing, or something that every line has"),
        ("[sentence]\nafter = ['si']", "unknown field `after`"),
    ] {
        let (error, _) = refused(&format!("{words}\n{CATCH_ALL}"));
        assert!(error.contains(message), "{words}: {error}");
    }
}

#[test]
fn what_nobody_recognises_must_be_caught_and_be_unknown() {
    for rules in [rule("a", "bloque", "when.status = [403]"), rule("a", "maintenance", ""), "rule = []".to_owned()] {
        let (error, hint) = refused(&rules);
        assert!(error.contains("does not catch what is left") || error.contains("there is no rule"), "{error}");
        assert!(hint.contains("page_non_reconnue"), "{hint}");
    }
}

#[test]
fn an_error_points_at_its_line() {
    let rules = rule("a", "bloque", "when.status = [403]") + &rule("b", "bloque", "when.status = []") + CATCH_ALL;
    assert!(refused(&rules).0.starts_with("rules.toml:8: "), "{}", refused(&rules).0);
}

#[test]
fn a_missing_file_is_named() {
    let error = RuleSet::load(Path::new("no/such/rules.toml")).unwrap_err();
    assert_eq!(error.place(), Some("no/such/rules.toml"));
    assert_eq!(error.kind(), Kind::Usage);
}

/// Readers of CSV guess types: as a number, 2026.10 would be 2026.1.
#[test]
fn a_version_that_would_be_read_as_a_number_is_refused() {
    let told = RuleSet::parse(&format!("version = '2026.10'\n{CATCH_ALL}"), "rules.toml").unwrap_err();
    assert_eq!(told.kind(), Kind::Usage);
    assert!(told.to_string().contains("would be read as a number"), "{told}");
    assert!(RuleSet::parse(&format!("version = '2026.10.0'\n{CATCH_ALL}"), "rules.toml").is_ok());
}
