//! A probe that does not say who it is does not start, and what it says of itself is what it does.

use std::collections::BTreeSet;
use std::fs;

use guichets_ouverts::probe::bounds::{FIELDS, NEVER_HOSTS, REQUESTS_PER_HOST_DAY, REQUESTS_PER_LOOK};
use guichets_ouverts::probe::shape::SHAPES;
use guichets_ouverts::probe::{Identity, Plan, declaration};
use guichets_ouverts::progress::Silent;

use crate::support::counters::{Counters, HOME, Moved, Rehearsal, Service, Told, plan_of};
use crate::support::web::Web;
use crate::support::{Row, guichets, root};

fn plan() -> String {
    plan_of(&[Service::ez(0, "www.a.gouv.fr")], 300, "")
}

#[test]
fn a_plan_that_lacks_what_it_must_say_is_refused() {
    Plan::parse(&plan()).unwrap();
    for (what, instead, told) in [
        ("operateur = \"Une association\"", "operateur = \" - \"", "operateur says nothing"),
        ("operateur = \"Une association\"", "", "missing field `operateur`"),
        ("contact = \"sonde@example.org\"", "", "missing field `contact`"),
        ("contact = \"sonde@example.org\"", "contact = \"personne\"", "no address to write to"),
        ("contact = \"sonde@example.org\"", "contact = \"a@b.fr\\r\\nX: y\"", "no address to write to"),
        ("page = \"https://", "page = \"http://", "no https:// address"),
        ("page = \"https://sonde.example.org/", "page = \"https://www.a.gouv.fr/", "is not the operator's"),
        (
            "consentement = \"2026-11-30, la personne qui prête la machine\"",
            "consentement = \"\"",
            "consentement says nothing",
        ),
        ("point_de_mesure = \"essai-1\"", "point_de_mesure = \"192.0.2.7\"", "is no alias"),
        ("conditions = ", "# conditions = ", "nobody accepted the conditions"),
        ("acceptees_par = \"la présidente\"", "acceptees_par = \"\"", "names nobody"),
        ("nom = \"www.a.gouv.fr\"", "nom = \"www.b.gouv.fr\"", "has no [[hote]]"),
        ("nom = \"www.a.gouv.fr\"", "nom = \"sso.anef.dgef.interieur.gouv.fr\"", "never asks"),
        ("nom = \"www.a.gouv.fr\"", "nom = \"app.franceconnect.gouv.fr\"", "never asks"),
        ("systeme = \"ez_planning\"", "systeme = \"esirius\"", "is not asked by this version"),
        ("systeme = \"ez_planning\"", "systeme = \"rdv_service_public\"", "is no address of rdv_service_public"),
        ("/booking/create/100\"", "/booking/create/100/8\"", "is no address of ez_planning"),
        ("/booking/create/100\"", "/booking/create/100/0\"", "is no address of ez_planning"),
        ("requetes_par_jour = 300", "requetes_par_jour = 601", "is not between 1 and 600"),
        ("pause_s = 5", "pause_s = 4", "is not between 5 and 120"),
        ("plannings = []", "plannings = [\"=1\"]", "is no id"),
        ("[sonde]", "[essai]\nserveur = \"192.0.2.1:80\"\n[sonde]", "is not on this machine"),
        ("[sonde]", "[essai]\nserveur = \"127.0.0.1:80\"\ndu = \"2026-12-01T00:00:00Z\"\n[sonde]", "du and au say"),
        (
            "[sonde]",
            "[essai]\nserveur = \"127.0.0.1:80\"\ndu = \"2026-12-02T00:00:00Z\"\nau = \"2026-12-01T00:00:00Z\"\n[sonde]",
            "du and au say",
        ),
        ("[sonde]", "[sonde]\nproxy = \"x\"", "unknown key « sonde.proxy »"),
    ] {
        let text = plan();
        assert!(text.contains(what), "{what}");
        let error = Plan::parse(&text.replace(what, instead)).unwrap_err();
        assert!(error.to_string().contains(told), "{what} → {instead}: {error}");
        assert_eq!(error.kind().exit_code(), 2);
    }
}

/// Lines of a rehearsal are no measurement, and say so.
#[test]
fn a_rehearsal_names_itself_and_has_a_folder_of_its_own() {
    let essai = "[essai]\nserveur = \"127.0.0.1:9\"";
    let named = plan_of(&[Service::ez(0, "www.a.gouv.fr")], 300, essai);
    Plan::parse(&named).unwrap();
    let error = Plan::parse(&named.replace("\"essai-1\"", "\"paris-1\"")).unwrap_err();
    assert!(error.to_string().contains("[essai] with the point_de_mesure « paris-1 »"), "{error}");

    let rehearsal = Rehearsal::new(vec![Service::ez(0, "www.a.gouv.fr")], 288, 300, "");
    let clock = Moved::at("2026-12-01T00:00:00Z");
    let counters = Counters::new(|_, _| Told::Lost, || "2026-12-01T00:00:00Z".parse().unwrap());
    rehearsal.once(&clock, &counters, &Silent, None).unwrap();
    let plan = rehearsal.path().join("plan.toml");
    fs::write(&plan, fs::read_to_string(&plan).unwrap().replace("\"essai-1\"", "\"paris-1\"")).unwrap();
    let refused = rehearsal.once(&clock, &counters, &Silent, None).unwrap_err();
    assert!(refused.to_string().contains("the folder is that of essai-1, not of paris-1"), "{refused}");
    assert_eq!(refused.kind().exit_code(), 2);
}

/// What the registry knows of a service is in the draft; what a person has to answer for is not.
#[test]
fn a_draft_names_what_the_registry_knows_and_is_refused_until_a_person_fills_it_in() {
    let run = guichets(root(), ["probe", "--draft", "rendez-vous"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let refused = Plan::parse(&run.stdout).unwrap_err();
    assert_eq!(refused.kind().exit_code(), 2);
    let named = run
        .stdout
        .replace("operateur = \"\"", "operateur = \"Une association\"")
        .replace("page = \"https://\"", "page = \"https://sonde.example.org/sonde\"")
        .replace("contact = \"\"", "contact = \"sonde@example.org\"")
        .replace("point_de_mesure = \"\"", "point_de_mesure = \"paris-1\"")
        .replace("consentement = \"\"", "consentement = \"2026-11-30, une personne\"");
    let refused = Plan::parse(&named).unwrap_err();
    assert!(refused.to_string().contains("nobody accepted the conditions"), "{refused}");
    let read = "conditions = { acceptees_par = \"la présidente\", le = \"2026-11-30\" }";
    let plan = Plan::parse(&named.replace("# conditions = { acceptees_par = \"\", le = \"\" }", read)).unwrap();

    let mut rows = csv::Reader::from_path(root().join("data/registry/adresses.csv")).unwrap();
    let rows: Vec<Row> = rows.deserialize().map(|row| row.unwrap()).collect();
    let mut known = BTreeSet::new();
    for row in &rows {
        let asked = ["ez_planning", "rdvpref"].contains(&row["systeme"].as_str()) && !row["identifiant"].is_empty();
        if asked && !row["guichet_id"].is_empty() && !row["demarche_id"].is_empty() {
            known.insert((row["guichet_id"].clone(), row["demarche_id"].clone()));
        } else {
            assert!(run.stdout.contains(&row["adresse_id"]), "{} is named as left out", row["adresse_id"]);
        }
    }
    let points: BTreeSet<_> =
        plan.points.iter().map(|point| (point.counter.clone(), point.procedure.clone())).collect();
    assert_eq!(points, known);
    assert!(known.len() > 10, "{known:?}");
    let of = |counter: &str, procedure: &str| {
        plan.points.iter().find(|point| point.counter == counter && point.procedure == procedure).unwrap()
    };
    let several = of("palaiseau-sous-prefecture", "naturalisation");
    assert_eq!(several.plannings, ["23018", "23198", "23199", "23200", "23201"]);
    assert_eq!(several.address.as_str(), "https://www.essonne.gouv.fr/booking/create/23014");
}

/// The plan that people copy.
#[test]
fn the_plan_of_the_document_is_one() {
    let text = fs::read_to_string(root().join("docs/PROBE.md")).unwrap();
    let plan = text.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let plan = Plan::parse(plan).unwrap();
    assert_eq!((plan.points[0].plannings.len(), plan.hosts.len()), (2, 1));
}

#[test]
fn the_declared_page_says_what_is_done() {
    let plan = Plan::parse(&plan()).unwrap();
    let page = declaration(&plan);
    let identity = Identity::of(&plan);
    assert!(
        identity.agent.is_ascii() && identity.agent.starts_with("guichets-ouverts/") && identity.agent.contains(HOME)
    );
    let escaped = |text: &str| text.replace('&', "&amp;").replace('"', "&quot;");
    let mut parts =
        vec![identity.agent, identity.contact, REQUESTS_PER_HOST_DAY.to_string(), REQUESTS_PER_LOOK.to_string()];
    parts.extend(FIELDS.iter().chain(NEVER_HOSTS).map(|text| (*text).to_owned()));
    parts.extend(SHAPES.iter().map(|shape| shape.purpose.to_owned()));
    for part in parts {
        assert!(page.contains(&escaped(&part)), "{part}");
    }
}

#[test]
fn the_command_prints_the_page_checks_and_says_how_it_stands() {
    let counters = Counters::new(|_, _| Told::Lost, chrono::Utc::now);
    let answers = counters.clone();
    let server = Web::serve(move |asked| answers.answer(asked));
    let essai = format!("[essai]\nserveur = \"{}\"", server.url.trim_start_matches("http://"));
    let rehearsal = Rehearsal::new(vec![Service::ez(0, "www.a.gouv.fr")], 288, 300, &essai);
    let run = |more: &[&str]| {
        let plan = rehearsal.path().join("plan.toml");
        guichets(rehearsal.path(), [&["probe", plan.to_str().unwrap()], more].concat())
    };
    let page = run(&["--page"]);
    assert_eq!((page.code, page.stdout.trim_end()), (Some(0), declaration(&rehearsal.plan()).as_str()));
    assert!(counters.seen().is_empty(), "a page asks nobody");

    let check = run(&["--out", "out", "--check"]);
    assert_eq!(check.code, Some(0), "{}{}", check.stdout, check.stderr);
    assert!(
        check.stdout.contains("www.a.gouv.fr: 1 looks a cycle, at most 42 requests a day of the 300"),
        "{}",
        check.stdout
    );
    let asked: Vec<String> = counters.seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(asked, ["/robots.txt"]);

    let status = run(&["--out", "out", "--status"]);
    assert!(
        status.stdout.contains("no cycle yet") && status.stdout.contains("1 of 300 requests today"),
        "{}",
        status.stdout
    );

    let schedule = rehearsal.pipeline().join("schedule.csv");
    let text = fs::read_to_string(&schedule).unwrap();
    let row = text.lines().nth(1).unwrap();
    fs::write(&schedule, text.replace(row, "*,*,2026-01-01T00:00:00Z,,288,true,essai")).unwrap();
    let refused = run(&["--out", "out", "--once"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("has no row of its own in schedule.csv"), "{}", refused.stderr);
}
