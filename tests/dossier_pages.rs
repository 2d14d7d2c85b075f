//! The file for court and the fact sheet as pages: they need nothing beside themselves, say what is known, lead to their proof, and
//! print.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::support::browser::{Browser, Server, Sheet};
use crate::support::dossier::{APRIL, PORT_SONGE, Written, april, ask, written};
use crate::support::{Row, Run, json, sample, seine_maritime};

#[test]
fn the_file_needs_nothing_beside_itself_and_says_where_it_comes_from() {
    let version = sample();
    let latest: Value = json(&version.store().join("latest.json"));
    for page in [april().html(), april().sheet()] {
        for outside in ["<script", "<link", "src=", "@import", "url("] {
            assert!(!page.contains(outside), "the page asks for something outside itself: {outside}");
        }
        for said in
            [latest["manifest_sha256"].as_str().unwrap(), latest["version"].as_str().unwrap(), "Données simulées"]
        {
            assert!(page.contains(said), "{said}");
        }
    }
    let html = april().html();
    assert!(html.contains("celles du robot, non celles de la personne"), "whose attempts they are");
    let method = fs::read_to_string(version.folder().join("methode.fr.md")).unwrap();
    let headings = method.lines().filter_map(|line| line.strip_prefix("## "));
    for heading in headings {
        assert!(html.contains(heading), "the method is whole: {heading}");
    }
    let decisions = version
        .rows("chronologie")
        .into_iter()
        .filter(|row| row["type"] == "decision" && row["perimetre"] == "national");
    let decisions: Vec<Row> = decisions.collect();
    assert!(decisions.iter().any(|row| row["titre"].contains("435594")), "what was asked of attempts");
    for decision in &decisions {
        assert!(html.contains(&decision["source_url"]), "{}", decision["titre"]);
    }
}

/// Set as French is printed; and a legend is drawn, as backgrounds are left out on paper.
#[test]
fn the_pages_are_set_as_french_is_and_the_legend_is_printed() {
    let verbatim = regex::Regex::new(r"(?s)<(style|code|pre)[ >].*?</(style|code|pre)>|<[^>]*>").unwrap();
    for kind in ["html", "sheet"] {
        let page = fs::read_to_string(april().path(kind)).unwrap();
        let page = page.split("<section class=\"method\">").next().unwrap();
        let text = verbatim.replace_all(page, "");
        for typed in ["'", "« ", " »", " :", " ;", " %"] {
            assert!(
                !text.contains(typed),
                "{kind}, « {typed} »: {:?}",
                text.split(typed).next().map(|before| before.chars().rev().take(60).collect::<String>())
            );
        }
    }
    let sheet = april().sheet();
    let legend = sheet.split("class=\"legend\"").nth(1).unwrap().split("</p>").next().unwrap();
    assert!(legend.matches("<rect ").count() == 5 && !legend.contains("background"), "{legend}");
}

#[test]
fn the_file_is_there_in_english_too() {
    let version = sample();
    let store = version.store().to_str().unwrap();
    let file = written("exemple", store, PORT_SONGE, APRIL, &["--lang", "en"]);
    let (html, sheet) = (file.html(), file.sheet());
    assert!(html.contains("<html lang=\"en\">") && sheet.contains("<html lang=\"en\">"));
    assert!(html.contains("The simulator of this project") && html.contains("No rate may be cited by itself"));
    for french in ["du temps", "Ce que", "Semaine", "précisé"] {
        assert!(!sheet.contains(french), "{french}");
    }
    assert_eq!(file.count("consultations").replace(',', ""), april().count("consultations"));
}

/// A robot that others ran: it counted cells, kept nothing, and looked a week ahead.
#[test]
fn of_a_third_party_s_robot_only_what_is_known_is_said() {
    let Some(version) = seine_maritime() else { return };
    let service = ("rouen-prefecture", "premier-titre");
    let store = version.store().to_str().unwrap();
    let file = written("seine-maritime-2022", store, service, ("2022-06-05", "2022-06-11"), &[]);
    let html = file.html();
    let own = html.split("<section class=\"method\">").next().unwrap();
    for false_claim in ["le site a dit", "a affirmé", "conservées par ailleurs", "suit les étapes"] {
        assert!(!own.contains(false_claim), "{false_claim}");
    }
    for said in [
        "NotSoEasyPref",
        "zéro créneau libre dans la semaine affichée",
        "7 jours à partir de la tentative, pour 271 lignes sur 271, dont 169 des 169 « non »",
        "Ni page ni capture",
        "Aucune empreinte",
    ] {
        assert!(own.contains(said), "{said}");
    }
    assert_eq!(file.figure("etendue"), "5,3 jours");
    assert_eq!((file.count("fenetres_7_jours"), file.count("semaines_avec_non")), ("1".to_owned(), "2".to_owned()));
    assert!(own.contains("www.seine-maritime.gouv.fr/booking/create/50382"), "the page asked");
}

/// A reader who has the file and the internet follows its steps, as they stand there.
#[test]
fn the_steps_of_the_file_verify_a_line_of_it() {
    let version = sample();
    let server = Server::of(version.store());
    let file = written("exemple", &server.address, PORT_SONGE, APRIL, &[]);
    let html = file.html();
    let steps: Vec<&str> =
        html.split("<pre class=\"step\">").skip(1).map(|step| step.split("</pre>").next().unwrap()).collect();
    assert_eq!(steps.len(), 3, "the manifest, a month of lines, a line");
    let desk = tempfile::tempdir().unwrap();
    let follow = |step: &str| {
        let run = Run::of(Command::new("bash").args(["-e", "-o", "pipefail", "-c", step]).current_dir(desk.path()));
        assert_eq!(run.code, Some(0), "{step}\n{}", run.stderr);
        run.stdout
    };
    let stated =
        |digest: &str| assert!(digest.len() == 64 && html.contains(&format!("<code>{digest}</code>")), "{digest}");
    stated(follow(steps[0]).split_whitespace().next().unwrap());
    let month = follow(steps[1]);
    stated(month.split_whitespace().next().unwrap());
    assert_eq!(month.lines().last(), Some("1"), "the manifest gives that digest");
    let line = follow(steps[2]);
    let id = steps[2].split_whitespace().nth(2).unwrap();
    assert!(line.contains(id) && file.lines().iter().any(|row| row["tentative_id"] == id));
}

/// On paper: A4, numbered, the service on each sheet, no row over two of them; the fact sheet is one.
#[test]
fn both_print_on_a4_and_the_fact_sheet_is_one_page() {
    let Some(browser) = Browser::found() else { return };
    let Some(sheets) = browser.printed(&april().path("html")) else { return };
    assert!(sheets.len() > 10, "{}", sheets.len());
    for (at, sheet) in sheets.iter().enumerate() {
        assert!(is_a4(sheet), "{:?}", sheet.size);
        assert!(
            sheet.text.contains(&format!("page {} sur {}", at + 1, sheets.len())),
            "page {}: {}",
            at + 1,
            sheet.text
        );
        assert!(sheet.text.contains("Port-Songe"), "the service stands on page {}", at + 1);
    }
    let services: BTreeSet<(String, String)> = sample()
        .rows("perimetre")
        .into_iter()
        .map(|row| (row["guichet_id"].clone(), row["demarche_id"].clone()))
        .collect();
    for (at, (counter, procedure)) in services.iter().enumerate() {
        let days =
            [APRIL, ("2019-02-01", "2019-05-31"), ("2019-04-16", "2019-04-17"), ("2019-03-25", "2019-05-31")][at % 4];
        let (folder, run) = ask(
            "exemple",
            sample().store().to_str().unwrap(),
            (counter, procedure),
            days,
            &["--lang", ["fr", "en"][at % 2]],
        );
        if run.code == Some(2) {
            continue;
        }
        let file = Written { told: serde_json::from_str(&run.stdout).unwrap(), folder };
        let Some(sheets) = browser.printed(&file.path("sheet")) else { return };
        assert_eq!(sheets.len(), 1, "{counter} {procedure}");
        assert!(is_a4(&sheets[0]) && !browser.is_wider(&file.path("sheet"), 360));
    }
    assert!(!browser.is_wider(&april().path("html"), 360), "the page is wider than a telephone");
}

fn is_a4(sheet: &Sheet) -> bool {
    let (short, long) = (sheet.size.0.min(sheet.size.1), sheet.size.0.max(sheet.size.1));
    (short - 595.3).abs() < 1.0 && (long - 841.9).abs() < 1.0
}
