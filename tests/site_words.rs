//! What the pages say in words is what the tables say: no « none » where nobody could know, no incident of services that it did not
//! touch, no end of what goes on, no day that nobody knows, and no code where people read.

use std::fs;

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::{Attempts, Kind, Store};

const COUNTER: &str = "guichets/evry-prefecture.html";
const EZ: &str = "premier-titre";
const ESIRIUS: &str = "renouvellement-titre";

fn published(logs: &Attempts, more: &str, rows: &str, as_of: &str) -> Store {
    let store = Store::new();
    let run = store.run(&logs.pipeline(more, rows), &[&logs.path()], as_of, &[]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    store
}

/// The words of a page, as people read them, on one line.
fn words(store: &Store, path: &str) -> String {
    plain(&fs::read_to_string(store.path().join("latest").join(path)).unwrap())
}

fn plain(page: &str) -> String {
    let text = regex::Regex::new("<[^>]*>").unwrap().replace_all(page, "");
    let text = text.replace(['\u{a0}', '\u{202f}'], " ").replace('’', "'").replace("&quot;", "\"");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Four looks on each day of a month.
fn month(logs: Attempts, month: &str, kind: Kind) -> Attempts {
    (1..=28).flat_map(|day| (0..4).map(move |look| (day, look))).fold(logs, |logs, (day, look)| {
        logs.look(kind, &format!("{month}-{day:02}T{:02}:05:00Z", 1 + look * 6), &json!({}))
    })
}

const MONTHS: &str = "*,*,2019-02-01T00:00:00+01:00,2019-05-01T00:00:00+02:00,360,true,essai";
const MAY: &str = "2019-05-02T00:00:00+02:00";

/// Of delays: a month of which nobody knows whether an appointment was offered is not one in which none was.
#[test]
fn no_delay_is_none_only_where_there_was_an_answer() {
    let before = || month(Attempts::on("evry-prefecture"), "2019-02", Kind::Yes);
    let cases = [
        (
            Some(Kind::Captcha),
            "En avril 2019, on ne sait pas : 0 réponse sur 112 consultations.",
            "In April 2019: not known: 0 answers of 112 consultations.",
        ),
        (
            Some(Kind::No),
            "En avril 2019, aucun rendez-vous n'a été vu : 112 réponses sur 112 consultations.",
            "In April 2019: no appointment was seen: 112 answers of 112 consultations.",
        ),
        (None, "En avril 2019, personne n'a regardé.", "In April 2019: nobody looked."),
    ];
    for (kind, french, english) in cases {
        let logs = kind.into_iter().fold(before(), |logs, kind| month(logs, "2019-04", kind));
        let store = published(&logs, "", MONTHS, MAY);
        for (path, said) in [(COUNTER.to_owned(), french), (format!("en/{COUNTER}"), english)] {
            let page = words(&store, &path);
            assert!(page.contains(said), "« {said} » is not in {path}: {page}");
            let none = ["aucun n'a été vu", "none was seen"].iter().any(|none| page.contains(none));
            assert!(!none, "{page}");
        }
    }
    // The month between is told among the others, and not left out.
    let logs = month(month(before(), "2019-03", Kind::Captcha), "2019-04", Kind::Yes);
    let page = words(&published(&logs, "", MONTHS, MAY), COUNTER);
    let others =
        page.split("Les délais des autres mois").nth(1).unwrap().split("Quand des rendez-vous").next().unwrap();
    assert!(others.contains("mars 2019on ne sait pas : 0 réponse sur 112 consultations"), "{others}");
}

/// An hour of looks at each of two procedures of a counter, by the system of each.
fn hours(logs: Attempts, days: std::ops::RangeInclusive<u32>, esirius: Kind, vantage: &str) -> Attempts {
    days.flat_map(|day| (0..24).map(move |hour| (day, hour))).fold(logs, |logs, (day, hour)| {
        let at = |minute: u32| format!("2019-04-{day:02}T{hour:02}:{minute:02}:00Z");
        let of =
            |procedure: &str, system: &str| json!({ "procedure": procedure, "system": system, "vantage": vantage });
        logs.look(Kind::No, &at(5), &of(EZ, "ez_planning")).look(esirius, &at(25), &of(ESIRIUS, "esirius"))
    })
}

const HOURLY: &str = "*,*,2019-04-01T00:00:00+02:00,,60,true,essai";

/// What the section of a procedure draws as interrupted.
fn interrupted(store: &Store, procedure: &str) -> bool {
    let page = fs::read_to_string(store.path().join("latest").join(COUNTER)).unwrap();
    let section = page.split(&format!("<section class=\"service\" id=\"{procedure}\">")).nth(1).unwrap();
    let path = section.split("<path class=\"interruptions\" d=\"").nth(1).unwrap();
    !path.starts_with('"')
}

#[test]
fn an_incident_is_drawn_and_told_on_the_services_that_it_touched() {
    let logs = hours(Attempts::on("evry-prefecture"), 1..=10, Kind::No, "adresse-1");
    let logs = hours(hours(logs, 11..=14, Kind::Blocked, "adresse-1"), 15..=29, Kind::No, "adresse-1");
    let store = published(&logs, "", HOURLY, "2019-04-30T00:00:00Z");
    assert_eq!(store.rows("incidents").iter().filter(|row| row["systeme"] == "esirius").count(), 1);
    assert_eq!([ESIRIUS, EZ].map(|procedure| interrupted(&store, procedure)), [true, false]);
    for (path, touched, other) in [
        (COUNTER.to_owned(), "Demande de renouvellement", "premier titre"),
        (format!("en/{COUNTER}"), "Residence permit renewal", "First residence permit"),
    ] {
        let page = fs::read_to_string(store.path().join("latest").join(&path)).unwrap();
        let section = plain(page.split("id=\"incidents\"").nth(1).unwrap().split("</section>").next().unwrap());
        assert!(section.contains(touched) && !section.contains(other), "{section}");
        assert!(section.contains("esirius"), "{section}");
        assert!(!section.contains("on ne sait pas") && !section.contains("nothing is known"), "{section}");
    }
}

/// What goes on has no end, and comes before what began later and is over.
#[test]
fn an_incident_that_goes_on_is_said_to_go_on() {
    // One vantage is refused from the 20th on; another from the 24th to the 26th.
    let logs = hours(Attempts::on("evry-prefecture"), 1..=19, Kind::No, "adresse-1");
    let logs = hours(logs, 20..=29, Kind::Blocked, "adresse-1");
    let logs = hours(logs, 20..=23, Kind::No, "adresse-2");
    let logs = hours(hours(logs, 24..=26, Kind::Blocked, "adresse-2"), 27..=29, Kind::No, "adresse-2");
    let store = published(&logs, "", HOURLY, "2019-04-30T00:00:00Z");
    for (front, list, going_on, begun) in [
        ("index.html", "incidents.html", "en cours", "20 avril 2019"),
        ("en/index.html", "en/incidents.html", "still going on", "20 April 2019"),
    ] {
        let told = words(&store, front);
        let told = told
            .split(&[going_on, "Blocage"].concat())
            .nth(1)
            .or(told.split(&[going_on, "The robot was"].concat()).nth(1));
        let told = told.unwrap_or_else(|| panic!("{front} does not say that something goes on"));
        assert!(told.get(..120).unwrap().contains(begun), "{told}");
        let page = fs::read_to_string(store.path().join("latest").join(list)).unwrap();
        let rows: Vec<String> =
            page.split("<tr id=\"blocage-").skip(1).map(|row| plain(row.split("</tr>").next().unwrap())).collect();
        assert_eq!(rows.len(), 2, "{rows:?}");
        for row in rows {
            assert_eq!(row.contains(going_on), row.contains("adresse-1"), "{row}");
        }
    }
}

/// The registry dates some events by their year or not at all: no page makes a day of that.
#[test]
fn events_are_dated_as_exactly_as_the_registry_knows() {
    let logs = month(Attempts::on("evry-prefecture"), "2019-04", Kind::No);
    let page = words(&published(&logs, "", MONTHS, MAY), "incidents.html");
    for said in [
        "Module eSirius pour les étrangers du Val-de-Marne, vers 2019.",
        "interroge chaque service une fois par heure, en 2016.",
        "Premier blocage du robot par le ministère, du 15 mai 2018 au 5 juin 2018 à 0 h.",
        "Levée partielle du troisième blocage, constatée le 9 mai 2019.",
        "Deuxième blocage du robot, vers juin 2018.",
        "Troisième blocage du robot, adresse initiale, le 21 avril 2019 à 15 h 45.",
    ] {
        assert!(page.contains(said), "« {said} » is not in {page}");
    }
}

/// Nothing that people read or quote is a code of a table; what a « no » is has one definition.
#[test]
fn sentences_are_made_of_words() {
    let logs = month(month(Attempts::on("evry-prefecture"), "2019-02", Kind::Yes), "2019-04", Kind::Captcha);
    let means = "probe.no_means = { fr = \"La page affichait zéro.\", en = \"The page showed zero.\" }";
    let store = published(&logs, means, MONTHS, MAY);
    for lead in ["", "en/"] {
        let page = words(&store, &format!("{lead}{COUNTER}"));
        let until = if lead.is_empty() { "Les motifs des tableaux" } else { "The reasons in the tables" };
        let read = page.split(until).next().unwrap();
        for code in ["aucune_reponse", "aucune_mesure", "periode_incomplete", "jamais_de_creneau", "couverture_faible"]
        {
            assert!(!read.contains(code), "{code}: {read}");
        }
        let front = words(&store, &format!("{lead}index.html"));
        assert!(
            !front.contains("il n'y en avait aucun") && !front.contains("not measured, for no procedure"),
            "{front}"
        );
    }
    let read = words(&store, "lire.html");
    assert!(read.contains("NonLa page affichait zéro. Il en allait ainsi de chacun des plannings attendus."), "{read}");
    assert!(read.contains("la part du temps prévu et répondu où aucun rendez-vous n'était disponible"), "{read}");
    assert!(read.contains("Sous réserve"), "{read}");
    assert!(words(&store, "en/lire.html").contains("The page showed zero."));
}

/// On paper nothing can be unfolded.
#[test]
fn what_is_folded_on_a_screen_is_on_paper() {
    let Some(browser) = Browser::found() else { return };
    let logs = month(Attempts::on("evry-prefecture"), "2019-04", Kind::No);
    let store = published(&logs, "", MONTHS, MAY);
    let Some(sheets) = browser.printed(&store.path().join("latest").join(COUNTER)) else { return };
    let text = plain(&sheets.iter().map(|sheet| sheet.text.as_str()).collect::<String>());
    for folded in ["toujours : chaque réponse fut", "par mois", "guichets dossier essai"] {
        assert!(text.contains(folded), "« {folded} » is not printed: {text}");
    }
}
