//! Pages, each with the outcome that a person gives it: what the rules make of them is compared, and a page that is
//! wrongly taken for a yes or a no fails.
//!
//! The pages stand in `tests/fixtures/pages/*.ndjson`, one a line: a `name`, `why`, the `issue` a person gives, and the
//! evidence in the fields of the contract `attempt/1` (an EZ page of status 200 on 12 April 2019 unless it says
//! otherwise). `rules` is there where the rules may not say what a person would guess: it is then an unknown one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::sync::LazyLock;

use guichets_ouverts::attempt::RawAttempt;
use guichets_ouverts::outcome::text::normalise;
use guichets_ouverts::outcome::{Answer, Classifier, Evidence, Outcome, RuleSet, explain};
use icu_normalizer::DecomposingNormalizerBorrowed;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Attempts, Store, guichets, root, tree};

struct Page {
    /// The fixture in which it stands.
    file: String,
    name: String,
    /// What a person says.
    person: Outcome,
    /// What the rules are to say.
    expected: Outcome,
    evidence: Value,
}

fn outcome(code: &Value) -> Outcome {
    let known = Outcome::ALL.iter().find(|outcome| *code == outcome.code());
    *known.unwrap_or_else(|| panic!("no outcome is called {code}"))
}

fn page(file: &str, line: &str) -> Page {
    let mut page: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let fields = page.as_object_mut().unwrap();
    let mut take = |key: &str| fields.shift_remove(key);
    let name = take("name").unwrap().as_str().unwrap().to_owned();
    assert!(take("why").is_some_and(|why| !why.as_str().unwrap().is_empty()), "{name} does not say why");
    let person = outcome(&take("issue").unwrap());
    let expected = take("rules").map_or(person, |rules| outcome(&rules));
    Page { file: file.to_owned(), name, person, expected, evidence: page }
}

fn pages() -> Vec<Page> {
    let files = tree(&root().join("tests/fixtures/pages"));
    let pages = |(file, bytes): (String, Vec<u8>)| {
        let text = String::from_utf8(bytes).unwrap();
        text.lines().map(|line| page(&file, line)).collect::<Vec<_>>()
    };
    files.into_iter().flat_map(pages).collect()
}

fn rules() -> &'static RuleSet {
    static RULES: LazyLock<RuleSet> =
        LazyLock::new(|| RuleSet::load(&root().join("pipelines/rendez-vous/outcome-rules.toml")).unwrap());
    &RULES
}

/// The line of a log that has the evidence of a page.
fn line(evidence: &Value) -> String {
    let mut line = json!({
        "contract": "attempt/1", "attempt_id": "01H", "started_at": "2019-04-12T10:00:00+02:00", "counter": "c",
        "procedure": "p", "system": "ez_planning", "http_status": 200,
    });
    line.as_object_mut().unwrap().extend(evidence.as_object().unwrap().clone());
    line.to_string()
}

/// What the rules say of a page, and by which rule.
fn judged(rules: &RuleSet, evidence: &Value) -> (Outcome, String) {
    let line = line(evidence);
    let raw: RawAttempt<'_> = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let rule = &rules.rules()[Classifier::new(rules).classify(&Evidence::of(&raw))];
    (rule.outcome, rule.id.clone())
}

fn with_text(evidence: &Value, text: &str) -> Value {
    let mut other = evidence.clone();
    other["page_text"] = text.into();
    other
}

/// How often the rules say what of what a person says.
fn matrix(counts: &BTreeMap<[&str; 2], usize>) -> String {
    let codes = Outcome::ALL.iter().map(|outcome| outcome.code());
    let said: Vec<&str> = codes.filter(|code| counts.keys().any(|pair| pair.contains(code))).collect();
    let mut table = format!("{:>18} | rules say\n{:>18} |", "a person says", "");
    for outcome in &said {
        write!(table, " {outcome:>17}").unwrap();
    }
    for person in &said {
        write!(table, "\n{person:>18} |").unwrap();
        for rules in &said {
            let count = counts.get(&[*person, *rules]).map_or(String::from("."), usize::to_string);
            write!(table, " {count:>17}").unwrap();
        }
    }
    table
}

#[test]
fn each_page_has_the_outcome_that_a_person_gives_it() {
    let rules = rules();
    let (mut counts, mut wrong) = (BTreeMap::new(), Vec::new());
    for page in pages() {
        let (got, rule) = judged(rules, &page.evidence);
        *counts.entry([page.person.code(), got.code()]).or_default() += 1;
        let false_answer = matches!(got.answer(), Answer::Yes | Answer::No) && got != page.person;
        if got != page.expected || false_answer {
            let (person, expected) = (page.person.code(), page.expected.code());
            wrong.push(format!("{}: {} by {rule}, not {expected} (a person says {person})", page.name, got.code()));
        }
    }
    let table = matrix(&counts);
    println!("{table}");
    assert!(wrong.is_empty(), "{table}\n{}", wrong.join("\n"));
    assert!(counts.values().sum::<usize>() >= 150, "a corpus, not a sample");
}

#[test]
fn where_the_rules_may_differ_from_a_person_they_say_neither_yes_nor_no() {
    let all = pages();
    let names: BTreeSet<&str> = all.iter().map(|page| &*page.name).collect();
    assert_eq!(names.len(), all.len(), "each page has a name of its own");
    for page in all.iter().filter(|page| page.expected != page.person) {
        assert_eq!(page.expected, Outcome::UnrecognizedPage, "{}", page.name);
    }
}

#[test]
fn every_rule_decides_a_page() {
    let rules = rules();
    let deciding: BTreeSet<String> = pages().iter().map(|page| judged(rules, &page.evidence).1).collect();
    let idle: Vec<&str> = rules.rules().iter().map(|rule| &*rule.id).filter(|id| !deciding.contains(*id)).collect();
    assert!(idle.is_empty(), "no page of tests/fixtures/pages is decided by {idle:?}");
}

/// Writes a text in another way.
type Spelling = fn(&str) -> String;

/// The ways in which robots write one page.
const SPELLINGS: [(&str, Spelling); 8] = [
    ("capitals", |text| text.to_uppercase()),
    ("small letters", |text| text.to_lowercase()),
    ("letters taken apart", |text| DecomposingNormalizerBorrowed::new_nfd().normalize(text).into_owned()),
    ("no-break spaces", |text| text.replace(' ', "\u{a0}")),
    ("wide spaces", |text| text.replace(' ', " \t ")),
    ("curly apostrophes", |text| text.replace('\'', "’")),
    ("carriage returns", |text| text.replace('\n', "\r\n")),
    ("indented lines", |text| text.replace('\n', "  \n\t")),
];

#[test]
fn no_spelling_of_a_page_changes_its_outcome() {
    let rules = rules();
    for page in pages() {
        for (spelling, spell) in SPELLINGS {
            let mut other = page.evidence.clone();
            for key in ["page_text", "page_title"] {
                if let Some(text) = page.evidence[key].as_str() {
                    other[key] = spell(text).into();
                }
            }
            assert_eq!(judged(rules, &other), judged(rules, &page.evidence), "{}, in {spelling}", page.name);
        }
    }
}

/// Joined lines may hide where a sentence ends. What is then lost is lost to the unknown.
#[test]
fn joined_lines_make_no_answer_of_what_was_none() {
    let rules = rules();
    for page in pages() {
        let Some(text) = page.evidence["page_text"].as_str() else { continue };
        let (joined, _) = judged(rules, &with_text(&page.evidence, &text.replace('\n', " ")));
        let answered = matches!(joined.answer(), Answer::Yes | Answer::No);
        assert!(!answered || joined == judged(rules, &page.evidence).0, "{}", page.name);
    }
}

/// What is done to a sentence that says no: none of it says no.
const UNSTATED: [&str; 22] = [
    "si {}, revenez",
    "si le message {} s'affiche, revenez",
    "lorsque la page indique {}, revenez",
    "quand {}",
    "dans le cas où {}",
    "au cas où {}",
    "dès qu'{}",
    "tant qu'{}",
    "à moins qu'{}",
    "pourquoi {} ?",
    "{} ?",
    "{} : que faire ?",
    "« {} »",
    "“{}”",
    "\"{}\"",
    "'{}'",
    "<< {} >>",
    "le message {} signifie que tout est pris",
    "{} avant le 25/04/2019",
    "{} le lundi 15 avril",
    "{} cette semaine",
    "{}. prochaine disponibilité le 25 avril",
];

/// The pages that a sentence decides, with the sentence as the rules have it and the text without anything else that
/// says no.
fn pages_that_state_a_no(rules: &RuleSet) -> Vec<(Page, String, String)> {
    let stated = |page: &Page| {
        let line = line(&page.evidence);
        let raw: RawAttempt<'_> = serde_json::from_str(&line).unwrap();
        let why = explain(rules, &Evidence::of(&raw));
        let found = why.because.iter().find_map(|because| because.found.strip_suffix(" » stated in the text"));
        found.map(|found| found.trim_start_matches("« ").to_owned())
    };
    let no = pages().into_iter().filter(|page| judged(rules, &page.evidence).0 == Outcome::NoSlot);
    no.filter_map(|page| {
        let phrase = stated(&page)?;
        let text = normalise(page.evidence["page_text"].as_str()?);
        let without = judged(rules, &with_text(&page.evidence, &text.replace(&phrase, "")));
        // Without its lines the text may be an unknown one already.
        let stated = judged(rules, &with_text(&page.evidence, &text)).0 == Outcome::NoSlot;
        (stated && without.0 != Outcome::NoSlot).then_some((page, phrase, text))
    })
    .collect()
}

#[test]
fn a_sentence_that_is_quoted_or_conditional_says_no_on_no_page() {
    let rules = rules();
    let pages = pages_that_state_a_no(rules);
    assert!(pages.len() > 40, "{} pages", pages.len());
    for (page, phrase, text) in pages {
        for wrapper in UNSTATED {
            let wrapped = text.replace(&phrase, &format!(" {} ", wrapper.replace("{}", &phrase)));
            let (got, rule) = judged(rules, &with_text(&page.evidence, &wrapped));
            assert_ne!(got.answer(), Answer::No, "{} by {rule}: {wrapped}", page.name);
            assert_ne!(got.answer(), Answer::Yes, "{} by {rule}: {wrapped}", page.name);
        }
    }
}

/// What stands on answer pages beside the answer, and says nothing of it.
const BESIDE: [&str; 15] = [
    "Accueil > Prendre un rendez-vous",
    "Les services de l'État",
    "Mis à jour le 12/04/2019",
    "Horaires d'ouverture : du lundi au vendredi de 9 h à 16 h",
    "Mentions légales | Plan du site | Contact",
    "Étape 3 sur 6",
    "Choisissez votre créneau",
    "Créneaux disponibles",
    "Prochaine visite du préfet le 25 avril 2019",
    "Une question ? Écrivez-nous.",
    "Terminer",
    "Guichet 2",
    "Tél. 01 23 45 67 89",
    "Veuillez recommencer ultérieurement.",
    "Limité à 1 rendez-vous par personne",
];

const SENTENCES: [(&str, &str); 6] = [
    ("ez_planning", "Il n'existe plus de plage horaire libre pour votre demande de rendez-vous."),
    ("ez_planning", "Il n'y a pas calendrier disponible pour effectuer une demande de rendez-vous."),
    ("rdvpref", "Aucun créneau disponible"),
    ("esirius", "Aucun rendez-vous n'est possible pour les motifs sélectionnés ou le créneau horaire sélectionné."),
    ("esirius", "Il n'y a pas de rendez-vous disponible pour ce service."),
    ("rdv_service_public", "Malheureusement, aucun créneau correspondant à votre recherche n'a été trouvé."),
];

fn beside() -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(BESIDE.to_vec()), 0..6)
}

proptest! {
    #[test]
    fn what_stands_beside_a_no_does_not_hide_it(
        (system, sentence) in prop::sample::select(SENTENCES.to_vec()), before in beside(), after in beside(),
    ) {
        let text = [before, vec![sentence], after].concat().join("\n");
        let (got, rule) = judged(rules(), &json!({ "system": system, "page_text": text }));
        prop_assert_eq!(got, Outcome::NoSlot, "{}: {}", rule, text);
    }

    #[test]
    fn what_stands_beside_it_makes_no_answer_of_a_quotation(
        (system, sentence) in prop::sample::select(SENTENCES.to_vec()), before in beside(), after in beside(),
        wrapper in prop::sample::select(UNSTATED.to_vec()), joint in prop::sample::select(vec!["\n", " ", "\n\n", ". "]),
    ) {
        let wrapped = wrapper.replace("{}", sentence.trim_end_matches('.'));
        let text = [before, vec![&*wrapped], after].concat().join(joint);
        let (got, rule) = judged(rules(), &json!({ "system": system, "page_text": text }));
        prop_assert!(!matches!(got.answer(), Answer::Yes | Answer::No), "{}: {}", rule, text);
    }

    /// Words before and after a sentence are followed in any text without a panic.
    #[test]
    fn any_text_around_a_sentence_is_read(
        before in any::<String>(), after in "\\PC{0,80}", (system, sentence) in prop::sample::select(SENTENCES.to_vec()),
        joint in prop::sample::select(vec!["", " ", "\n\n", "«", "\"", "&", "1 créneau ", ", veuillez, "]),
    ) {
        let text = [&*before, joint, sentence, joint, &*after].concat();
        let (got, _) = judged(rules(), &json!({ "system": system, "page_text": text }));
        prop_assert!(matches!(got, Outcome::NoSlot | Outcome::UnrecognizedPage), "{}", text);
    }

    /// Wherever it is cut, a page that explains a sentence does not state it.
    #[test]
    fn a_cut_explanation_is_no_statement(at in 0_usize..2_000, page in 0_usize..1_000) {
        let pages: Vec<Page> = pages().into_iter().filter(|page| page.file == "citations.ndjson").collect();
        let page = &pages[page % pages.len()];
        let text = page.evidence["page_text"].as_str().unwrap_or_default();
        let cut: String = text.chars().take(at % (text.chars().count() + 1)).collect();
        // A robot's excerpt is cut where it is as long as an excerpt may be.
        let filler = "Préfecture. ".repeat(170);
        let room = 2_000 - cut.chars().count();
        let long: String = filler.chars().take(room - 1).chain([' ']).chain(cut.chars()).collect();
        prop_assert_eq!(long.chars().count(), 2_000);
        let (got, rule) = judged(rules(), &with_text(&page.evidence, &long));
        let answered = matches!(got.answer(), Answer::Yes | Answer::No);
        prop_assert!(!answered, "{} by {}: {}", page.name, rule, cut);
    }
}

#[test]
fn explain_says_why_a_sentence_was_not_believed() {
    for (text, reason) in [
        ("Lorsque tout est réservé : Il n'existe plus de plage horaire libre", "it comes after « lorsque »"),
        ("Notice. « Il n'existe plus de plage horaire libre »", "it is quoted"),
        ("Il n'existe plus de plage horaire libre ? Revenez.", "it is in a question"),
        ("Il n'existe plus de plage horaire libre avant le 25/04", "it is said of « avant le 25/04 » alone"),
        ("Il n'existe plus de plage horaire libre s'affiche ici", "« s'affiche » comes after it"),
        (
            "Il n'existe plus de plage horaire libre. Prochaine date : 25/04",
            "the page says « prochaine date », and « 25/04 »",
        ),
        (
            "<p class=\"vide\">Il n'existe plus de plage horaire libre</p>",
            "the text is the source of a page (« class= »)",
        ),
    ] {
        let logs = Attempts::on("evry-prefecture");
        let folder = logs.pipeline("", "*,*,2019-01-01T00:00:00+01:00,,60,true,essai");
        let log = folder.join("une.ndjson");
        fs::write(&log, published_line(0, &json!({ "page_text": text })) + "\n").unwrap();
        let run = guichets(&folder, ["explain", folder.to_str().unwrap(), &format!("{}:1", log.display())]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert!(run.stdout.contains("rule phrase-non-affirmee"), "{}", run.stdout);
        assert!(run.stdout.contains(reason), "{reason}: {}", run.stdout);
    }
}

/// The line of a log that can be published.
fn published_line(number: usize, evidence: &Value) -> String {
    let mut attempt: Value = serde_json::from_str(&line(evidence)).unwrap();
    attempt["attempt_id"] = format!("00000000-0000-4000-8000-{number:012}").into();
    attempt["started_at"] = format!("2019-04-12T{:02}:{:02}:00+02:00", 8 + number / 60, number % 60).into();
    attempt["counter"] = "evry-prefecture".into();
    attempt["procedure"] = "premier-titre".into();
    attempt["probe"] = "essai".into();
    attempt.to_string()
}

/// From a log to a published table: how many pages of each outcome.
#[test]
fn what_is_published_is_the_outcome_of_the_page() {
    // A date that is no date sets the line aside.
    let pages: Vec<Page> = pages().into_iter().filter(|page| page.evidence["slots"]["first_date"] != "").collect();
    let lines: Vec<String> =
        pages.iter().enumerate().map(|(number, page)| published_line(number, &page.evidence)).collect();
    let logs = Attempts::on("evry-prefecture");
    let pipeline = logs.pipeline("gates = { unrecognized_max = 1.0 }", "*,*,2019-04-12T00:00:00+02:00,,60,true,essai");
    let log = pipeline.join("pages.ndjson");
    fs::write(&log, lines.join("\n") + "\n").unwrap();
    let store = Store::new();
    let run = store.run(&pipeline, &[&log], "2019-04-13T00:00:00+02:00", &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let rows = store.rows("disponibilite_jour");
    for outcome in Outcome::ALL {
        let published: usize = rows.iter().map(|row| row[outcome.code()].parse::<usize>().unwrap()).sum();
        let expected = pages.iter().filter(|page| page.expected == *outcome).count();
        assert_eq!(published, expected, "{}", outcome.code());
    }
}
