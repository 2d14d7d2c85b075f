//! The five states of a figure, and what is out of scope, each on logs of its own: no page tells or draws one as another.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Attempts, Kind, Store};

/// A state, with what tells it on a page.
struct State {
    class: &'static str,
    /// Label in French and in English, as the front page has it.
    labels: [&'static str; 2],
    /// What its month is filled with in the figure of its service.
    fill: &'static str,
    /// What the sentence about the month says, in French.
    said: &'static str,
}

const RATE: State = State {
    class: "c1",
    labels: ["de 50 à 90\u{a0}%", "50 to 90%"],
    fill: "#f9c45e",
    said: "sans rendez-vous 67\u{a0}% du temps",
};
const ALWAYS: State = State {
    class: "c4",
    labels: ["toujours\u{a0}: chaque réponse fut «\u{a0}non\u{a0}»", "always: each answer was &quot;no&quot;"],
    fill: "#3d1408",
    said: "aucun rendez-vous vu en 30 jours regardés",
};
const TOO_FEW: State = State {
    class: "trop_peu",
    labels: ["des réponses, mais pas de quoi donner un taux", "answers, but not enough for a rate"],
    fill: "url(#points-mois-premier-titre)",
    said: "aucun taux ne peut être cité",
};
const NO_ANSWER: State = State {
    class: "aucune_reponse",
    labels: ["regardé, sans réponse\u{a0}: on ne sait pas", "looked at, no answer: not known"],
    fill: "url(#rayures-mois-premier-titre)",
    said: "n’a pas eu de réponse",
};
const NOT_MEASURED: State = State {
    class: "pas_mesure",
    labels: ["pas mesuré\u{a0}: personne n’a regardé", "not measured: nobody looked"],
    fill: "url(#hachures-mois-premier-titre)",
    said: "personne n’a regardé",
};
const OUT_OF_SCOPE: State = State {
    class: "hors_champ",
    labels: [
        "hors champ\u{a0}: page disparue, connexion exigée ou autre canal",
        "out of scope: page gone, login asked or another way",
    ],
    fill: "stroke-dasharray=\"2 2\"",
    said: "hors champ",
};

/// Every six hours of so many days of April, what `seen` makes of the look's number; and one look in March, so that the service is
/// in scope.
fn april(days: u32, seen: impl Fn(u32) -> (Kind, Value)) -> Attempts {
    let first = Attempts::on("evry-prefecture").saw(Kind::Yes, 1, "2019-03-20T10:05:00Z");
    (1..=days).flat_map(|day| (0..4).map(move |look| (day, look))).fold(first, |logs, (day, look)| {
        let (kind, more) = seen(day * 4 + look);
        logs.look(kind, &format!("2019-04-{day:02}T{:02}:05:00Z", 1 + look * 6), &more)
    })
}

/// The pages that a run on such logs publishes: the front page and the counter's, in French and then in English.
fn pages(logs: &Attempts) -> [String; 4] {
    let store = Store::new();
    let pipeline = logs.pipeline("", "*,*,2019-03-01T00:00:00+01:00,2019-05-01T00:00:00+02:00,360,true,essai");
    let run = store.run(&pipeline, &[&logs.path()], "2019-05-02T00:00:00+02:00", &[]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    ["index.html", "guichets/evry-prefecture.html", "en/index.html", "en/guichets/evry-prefecture.html"]
        .map(|page| fs::read_to_string(store.path().join("latest").join(page)).unwrap())
}

fn assert_told(state: &State, logs: &Attempts) {
    let [front, counter, front_en, _] = pages(logs);
    for (page, label) in [(&front, state.labels[0]), (&front_en, state.labels[1])] {
        let row = page.split("<tr data-code=\"91\">").nth(1).unwrap().split("</tr>").next().unwrap();
        assert!(row.contains(&format!("data-map=\"etat\">{label}</td>")), "{}: {row}", state.class);
        let shape = page.split("<path data-code=\"91\"").nth(1).unwrap().split('>').next().unwrap();
        assert!(shape.contains(&format!("class=\"zone {}\"", state.class)), "{}: {shape}", state.class);
    }
    let finding = counter.split("class=\"finding").nth(1).unwrap().split("</p>").next().unwrap();
    assert!(finding.contains("avril 2019") && finding.contains(state.said), "{}: {finding}", state.class);
    // What the month of April is drawn with, and March is not: that holds one « yes » of too few looks.
    let drawing = counter.split("role=\"img\"").nth(1).unwrap().split("</svg>").next().unwrap();
    let marks = drawing.split("</defs>").nth(1).unwrap();
    assert!(marks.contains(state.fill), "{}: {marks}", state.class);
    let others = [&RATE, &ALWAYS].into_iter().filter(|other| other.class != state.class);
    for other in others {
        assert!(!marks.contains(other.fill), "{} is drawn as {}", state.class, other.class);
    }
}

#[test]
fn each_state_is_told_and_drawn_as_itself() {
    let plain = |kind: Kind| move |_: u32| (kind, json!({}));
    let gone = json!({ "http_status": 404, "page_text": "Page introuvable", "step": "/" });
    for (state, logs) in [
        (&RATE, april(30, |look| (if look % 3 == 0 { Kind::Yes } else { Kind::No }, json!({})))),
        (&ALWAYS, april(30, plain(Kind::No))),
        (&TOO_FEW, april(1, plain(Kind::No))),
        (&NO_ANSWER, april(30, plain(Kind::Captcha))),
        (&NOT_MEASURED, april(0, plain(Kind::No))),
        (&OUT_OF_SCOPE, april(30, move |_| (Kind::No, gone.clone()))),
    ] {
        assert_told(state, &logs);
    }
}

/// What the pages of a run say of a service whose schedule is these rows, as of a day.
fn run_on(logs: &Attempts, rows: &str, as_of: &str) -> Store {
    let store = Store::new();
    let pipeline = logs.pipeline("", "");
    let header = "guichet_id,demarche_id,debut,fin,cadence_min,negatifs_consignes,source,motif_fin,suite\n";
    fs::write(pipeline.join("schedule.csv"), format!("{header}{rows}\n")).unwrap();
    let run = store.run(&pipeline, &[&logs.path()], as_of, &[]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    store
}

fn page(store: &Store, path: &str) -> String {
    fs::read_to_string(store.path().join("latest").join(path)).unwrap()
}

fn finding(page: &str) -> &str {
    page.split("class=\"finding").nth(1).unwrap().split("</p>").next().unwrap()
}

/// « Nobody looked » would blame the robot for what left the measurement on purpose.
#[test]
fn a_service_that_left_says_when_and_why_and_not_that_nobody_looked() {
    let logs = april(30, |_| (Kind::No, json!({})));
    // One service goes on, so that there is a newest month after the other has left.
    let logs = logs.look(Kind::No, "2019-05-20T10:05:00Z", &json!({ "counter": "paris-prefecture-de-police" }));
    let rows = "evry-prefecture,*,2019-03-01T00:00:00+01:00,2019-05-01T00:00:00+02:00,360,true,essai,anef,ANEF\n\
                paris-prefecture-de-police,*,2019-05-01T00:00:00+02:00,,360,true,essai,,";
    let store = run_on(&logs, rows, "2019-06-02T00:00:00+02:00");
    let (french, english) =
        (page(&store, "guichets/evry-prefecture.html"), page(&store, "en/guichets/evry-prefecture.html"));
    let (french, english) = (finding(&french), finding(&english));
    assert!(!french.contains("personne n’a regardé") && !english.contains("nobody looked"), "{french}\n{english}");
    for told in ["mai 2019, ce service n’était plus à mesurer", "le 1er mai 2019", "plateforme du ministère", "ANEF"]
    {
        assert!(french.replace('\u{202f}', " ").contains(told), "{told}: {french}");
    }
    assert!(english.contains("no longer to be measured") && english.contains("1 May 2019"), "{english}");
    let other = page(&store, "guichets/paris-prefecture-de-police.html");
    assert!(!finding(&other).contains("sorti de la mesure"), "{other}");
}

/// A rate that may not be cited without its reserve is not shown without it, and no reserve is told in the names of settings.
#[test]
fn the_map_tells_a_rate_with_its_reserve() {
    // Looked at on half of the days: enough for a rate, and not enough to cite it without more.
    let logs = april(15, |look| (if look % 3 == 0 { Kind::Yes } else { Kind::No }, json!({})));
    let store = run_on(
        &logs,
        "*,*,2019-03-01T00:00:00+01:00,2019-05-01T00:00:00+02:00,360,true,essai,,",
        "2019-05-02T00:00:00+02:00",
    );
    let row = store.rows("synthese_departements").into_iter().find(|row| row["mois"] == "2019-04").unwrap();
    assert_eq!(row["qualite"], "partielle", "the logs are not what this is about: {row:?}");
    for (path, under) in [("index.html", "sous réserve"), ("en/index.html", "under reserve")] {
        let front = page(&store, path);
        let told = front.split("<tr data-code=\"91\">").nth(1).unwrap().split("</tr>").next().unwrap();
        assert!(told.contains(under) && !told.contains(&row["motif"]), "{told}");
        let names = ["_suffisante", "_max", "_min", "borne_"];
        assert!(!names.iter().any(|name| told.contains(name)), "{told}");
        let shape = front.split("<path data-code=\"91\"").nth(1).unwrap().split('>').next().unwrap();
        assert!(shape.contains("fill=\"url(#reserve-c1-carte-dessin)\""), "{shape}");
    }
}

/// A page that is shared is shown with a picture of the version that is current, from the store's own address, and by no other's.
#[test]
fn a_page_that_is_shared_brings_a_picture_where_the_store_has_an_address() {
    let logs = april(30, |_| (Kind::No, json!({})));
    let schedule = "*,*,2019-03-01T00:00:00+01:00,2019-05-01T00:00:00+02:00,360,true,essai";
    let published = |more: &str| {
        let store = Store::new();
        let run = store.run(&logs.pipeline(more, schedule), &[&logs.path()], "2019-05-02T00:00:00+02:00", &[]);
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        store
    };
    let address = "https://donnees.exemple.invalid/essai";
    let [store, again] = [(); 2].map(|()| published(&format!("publication.base_url = \"{address}\"")));
    for (front, picture) in [("index.html", "partage.png"), ("en/guichets/evry-prefecture.html", "en/partage.png")] {
        let meta = format!("<meta property=\"og:image\" content=\"{address}/latest/{picture}\">");
        assert!(page(&store, front).contains(&meta), "{front}");
        let bytes = |store: &Store| fs::read(store.path().join("latest").join(picture)).unwrap();
        let png = bytes(&store);
        // The signature, and width and height in the first chunk (PNG, third edition, 5.2 and 11.2.1).
        assert_eq!(png[..8], *b"\x89PNG\r\n\x1a\n");
        assert_eq!((&png[16..20], &png[20..24]), (&1200_u32.to_be_bytes()[..], &630_u32.to_be_bytes()[..]));
        assert!(png.len() < 100_000 && png == bytes(&again), "{picture}: {} bytes", png.len());
    }
    let without = published("");
    assert!(!page(&without, "index.html").contains("og:image"));
    assert!(!without.path().join("latest/partage.png").exists());
}
