//! A probe that does not say who it is does not start, and what it says of itself is what it does.

use std::fs;

use guichets_ouverts::probe::bounds::{FIELDS, NEVER_HOSTS, REQUESTS_PER_HOST_DAY, REQUESTS_PER_LOOK};
use guichets_ouverts::probe::shape::SHAPES;
use guichets_ouverts::probe::{Identity, Plan, declaration};

use crate::support::counters::{Counters, HOME, Rehearsal, Service, Told, plan_of};
use crate::support::web::Web;
use crate::support::{guichets, root};

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
        ("[sonde]", "[sonde]\nproxy = \"x\"", "unknown key « sonde.proxy »"),
    ] {
        let text = plan();
        assert!(text.contains(what), "{what}");
        let error = Plan::parse(&text.replace(what, instead)).unwrap_err();
        assert!(error.to_string().contains(told), "{what} → {instead}: {error}");
        assert_eq!(error.kind().exit_code(), 2);
    }
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
