//! The file for court says what the published tables say, of the days asked for and of no others.

use std::collections::BTreeSet;
use std::fs;

use crate::support::dossier::{APRIL, MONT_MIRAGE, PORT_SONGE, april, ask, is_of, of_the_sample, written};
use crate::support::{Attempts, Kind, Row, Store, copy, sample};

/// To the unit, on a service whose consultations have three lines.
#[test]
fn the_totals_of_a_month_are_those_of_the_tables() {
    let file = april();
    let months = sample().rows("disponibilite_mois");
    let month = months.iter().find(|row| is_of(row, PORT_SONGE) && row["mois"] == "2019-04").unwrap();
    for column in [
        "consultations",
        "oui",
        "non",
        "inconnues",
        "hors_champ",
        "incompletes",
        "lignes",
        "pannes_partagees",
        "jours_avec_non",
        "jours_avec_panne",
        "semaines_avec_non",
    ] {
        assert_eq!(file.count(column), month[column], "{column}");
    }
    let rate: f64 = month["taux_sans_rdv"].parse().unwrap();
    assert_eq!(file.figure("taux_sans_rdv"), format!("{:.1}\u{a0}%", 100.0 * rate).replace('.', ","));
}

/// The sentence that may be quoted is that of `fiche_mois`, and there is none where that table has none.
#[test]
fn the_sentence_of_a_month_is_the_one_that_is_published() {
    let months = sample().rows("fiche_mois");
    let of = |mois: &str, service: (&str, &str)| {
        months.iter().find(|row| is_of(row, service) && row["mois"] == mois).unwrap()
    };
    let mut told = BTreeSet::new();
    for service in [MONT_MIRAGE, ("exemple-haute-chimere", "premier-titre"), ("exemple-port-songe", "naturalisation")] {
        let file = of_the_sample(service, ("2019-02-01", "2019-02-28"));
        let sentence = of("2019-02", service)["lecture"].replace(" %", "\u{a0}%");
        for page in [file.html(), file.sheet()] {
            assert!(page.contains(&format!("<p class=\"quote\">{sentence}</p>")), "{sentence}");
        }
        told.insert(sentence);
    }
    assert_eq!(told.len(), 3, "with an interval, without one: {told:?}");
    assert_eq!(of("2019-04", PORT_SONGE)["lecture"], "");
    let page = april().sheet();
    assert!(page.contains("Aucun taux ne peut être cité seul") && page.contains("bornes_ecartees"), "why not");
}

/// Months, weeks and droughts that lie between the days asked for are as the tables have them.
#[test]
fn weeks_and_windows_are_those_of_the_tables() {
    let version = sample();
    let weeks = version.rows("disponibilite_semaine").into_iter();
    let weeks: Vec<Row> = weeks
        .filter(|row| {
            is_of(row, PORT_SONGE) && row["premier_jour"].as_str() >= APRIL.0 && row["dernier_jour"].as_str() <= APRIL.1
        })
        .collect();
    assert_eq!(weeks.len(), 4);
    let html = april().html();
    for week in &weeks {
        let row =
            html.split(&format!("<td>{}</td>", week["semaine_iso"])).nth(1).unwrap().split("</tr>").next().unwrap();
        for column in ["consultations", "oui", "non", "inconnues", "jours_avec_non"] {
            assert!(row.contains(&format!("data-colonne=\"{column}\">{}<", week[column])), "{column} of {row}");
        }
    }

    // Droughts of two weeks and more that begin and end with a day without a « yes », all of one zone.
    let days = version.rows("disponibilite_jour");
    let mut compared = 0;
    for drought in version.rows("penuries") {
        let service = (drought["guichet_id"].as_str(), drought["demarche_id"].as_str());
        let local = |column: &str| {
            let instant: chrono::DateTime<chrono::Utc> = drought[column].parse().unwrap();
            instant.with_timezone(&chrono_tz::Europe::Paris).date_naive().to_string()
        };
        let ends = [local("debut_utc"), local("fin_utc")];
        let open = |day: &Row| is_of(day, service) && ends.contains(&day["jour"]) && day["oui"] != "0";
        let seconds: i64 = drought["etendue_s"].parse().unwrap();
        if service.0 == "exemple-ile-nuage" || seconds < 14 * 86_400 || days.iter().any(open) || compared == 4 {
            continue;
        }
        let file = of_the_sample(service, (&ends[0], &ends[1]));
        for column in ["non", "semaines_avec_non", "fenetres_7_jours"] {
            assert_eq!(file.count(column), drought[column], "{column} of {service:?} {ends:?}");
        }
        compared += 1;
    }
    assert!(compared > 1, "{compared}");
}

#[test]
fn each_line_stands_once_below_its_consultation() {
    let (version, file) = (sample(), april());
    let lines = file.lines();
    assert_eq!(lines.len().to_string(), file.count("lignes"));
    let of_month = |row: &Row| is_of(row, PORT_SONGE) && row["mois"] == "2019-04";
    let attempts: Vec<Row> = version.rows("tentatives").into_iter().filter(of_month).collect();
    let key = |row: &Row| {
        [
            "tentative_id",
            "reponse",
            "regle_id",
            "planning_id",
            "essai",
            "preuve_sha256",
            "page_demandee",
            "fichier_source",
        ]
        .map(|column| row[column].clone())
    };
    let keys = |rows: &[Row]| rows.iter().map(key).collect::<BTreeSet<_>>();
    assert_eq!(keys(&lines), keys(&attempts));
    let consultations: BTreeSet<_> =
        lines.iter().map(|line| (&line["consultation_id"], &line["consultation_debut_utc"])).collect();
    assert_eq!(consultations.len().to_string(), file.count("consultations"));
    assert!(lines.len() > 2 * consultations.len(), "three plannings");
    let html = file.html();
    assert_eq!(html.matches("<tr class=\"of\">").count(), consultations.len());
    assert!(attempts.iter().all(|attempt| html.contains(&attempt["tentative_id"])));
    let text = fs::read_to_string(file.path("csv")).unwrap();
    assert!(text.ends_with("\r\n") && text.matches('\n').count() == text.matches("\r\n").count(), "one dialect");
}

/// A log that names no cycle: the lines are put together by the schedule, and the file says so.
#[test]
fn lines_without_a_cycle_are_grouped_as_the_tables_group_them() {
    let planning = |name: &str| serde_json::json!({ "planning": name });
    let mut logs = Attempts::on("evry-prefecture");
    for hour in 8..18 {
        for (minute, name) in ["a", "b", "c"].iter().enumerate() {
            logs = logs.look(Kind::No, &format!("2019-04-16T{hour:02}:0{minute}:00Z"), &planning(name));
        }
    }
    let store = Store::new();
    let pipeline = logs.pipeline("", "*,*,2019-04-15T00:00:00+02:00,,60,true,essai");
    let run = store.run(&pipeline, &[&logs.path()], "2019-05-01T00:00:00+02:00", &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let service = ("evry-prefecture", "premier-titre");
    let file = written(pipeline.to_str().unwrap(), store.path().to_str().unwrap(), service, APRIL, &[]);
    assert_eq!((file.count("consultations"), file.count("lignes")), ("10".to_owned(), "30".to_owned()));
    assert_eq!(file.html().matches("<tr class=\"of\">").count(), 10);
    let missing = file.html();
    let missing = missing.split("class=\"missing\"").nth(1).unwrap().split("</ul>").next().unwrap().to_owned();
    for lack in [
        "ne nomme pas le cycle",
        "jusqu'à quelle date le robot regardait",
        "la page demandée",
        "Aucune empreinte",
        "n'est pas signée",
    ] {
        assert!(missing.contains(lack), "« {lack} » in {missing}");
    }
    // Of a robot of which nothing is stated nothing is said.
    let html = file.html();
    for term in ["Qui a fait fonctionner le robot", "Ce qu'il fait", "Gardées par", "Pendant", "« Non »"] {
        let told = html.split(&format!("<dt>{term}</dt>")).nth(1).unwrap_or_else(|| panic!("{term}"));
        assert!(told.trim_start().starts_with("<dd>non précisé"), "{term}: {}", &told[..120]);
    }
}

#[test]
fn a_dossier_without_attempts_is_refused_and_not_empty() {
    let version = sample();
    let store = version.store().to_str().unwrap();
    for (guichet, days, said) in [
        ("exemple-nulle-part", APRIL, "no attempt on exemple-nulle-part"),
        (PORT_SONGE.0, ("2031-01-01", "2031-02-01"), "from 2031-01-01 to 2031-02-01"),
        (PORT_SONGE.0, (APRIL.1, APRIL.0), "is before"),
        ("x' OR '1' = '1", APRIL, "no attempt on"),
    ] {
        let (folder, run) = ask("exemple", store, (guichet, PORT_SONGE.1), days, &[]);
        assert_eq!(run.code, Some(2), "{}", run.stdout);
        assert!(run.stderr.contains(said), "{}", run.stderr);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is written");
    }
}

/// What was retracted is no evidence, even where the retraction was cut short and the pointer still leads there.
#[test]
fn a_retracted_version_is_refused() {
    let store = tempfile::tempdir().unwrap();
    copy(sample().store(), store.path());
    let list = store.path().join("versions.json");
    let records = fs::read_to_string(&list).unwrap();
    fs::write(&list, records.replace("\"published\"", "\"retracted\"")).unwrap();
    let version = sample().manifest["version"].as_str().unwrap().to_owned();
    for (more, code) in [(&[][..], 4), (&["--version", &version][..], 4), (&["--version", "2031-01-01"][..], 2)] {
        let (folder, run) = ask("exemple", store.path().to_str().unwrap(), PORT_SONGE, APRIL, more);
        assert_eq!(run.code, Some(code), "{more:?}: {}", run.stderr);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is written");
    }
    // One by its name that stands is taken.
    let file = written("exemple", sample().store().to_str().unwrap(), PORT_SONGE, APRIL, &["--version", &version]);
    assert_eq!(file.html(), april().html());
}

/// What was not in scope, or is not yet published, is said on top of both pages, and not counted as looked at.
#[test]
fn days_beyond_the_data_are_said_beside_the_title() {
    let file = of_the_sample(MONT_MIRAGE, ("2019-05-20", "2019-07-30"));
    for page in [file.html(), file.sheet()] {
        let head = page.split("</header>").next().unwrap();
        assert!(head.contains("que du 20 mai 2019 au 31 mai 2019"), "{head}");
    }
    assert!(!april().html().split("</header>").next().unwrap().contains("n'a été dans le périmètre"));
}

/// A window that the period cuts is said to be cut, and none goes on beyond it.
#[test]
fn a_window_that_is_not_whole_is_said_to_be_so() {
    let file = of_the_sample(MONT_MIRAGE, ("2019-03-01", "2019-03-31"));
    assert_eq!(file.count("fenetres_7_jours"), "5");
    let said = "dont une incomplète, de 3 jours, que la fin de la période coupe";
    assert!(file.html().contains(said) && file.sheet().contains(said));
    let windows = file.html();
    let windows =
        windows.split("Fenêtres disjointes de sept jours</h2>").nth(1).unwrap().split("</section>").next().unwrap();
    assert!(windows.contains("<td>2019-03-29</td><td>2019-03-31</td>") && !windows.contains("2019-04-"), "{windows}");

    let one = of_the_sample(MONT_MIRAGE, ("2019-03-15", "2019-03-15"));
    assert!(one.html().contains("fenêtre disjointe de sept jours avec un « non », dont une incomplète, de 1 jour,"));
    let whole = of_the_sample(MONT_MIRAGE, ("2019-03-11", "2019-03-24"));
    assert!(whole.count("fenetres_7_jours") == "2" && !whole.html().contains("dont une incomplète"));
}

/// Two failures a day apart are one window, wherever the first « no » stands.
#[test]
fn two_failures_a_day_apart_are_not_two_windows() {
    let file = of_the_sample(("exemple-bois-leger", "retrait-recepisse"), ("2019-05-10", "2019-05-11"));
    assert_eq!((file.count("jours_avec_panne"), file.count("fenetres_avec_panne")), ("2".to_owned(), "1".to_owned()));
}

/// A gap of the morning of an island is one of its own day.
#[test]
fn gaps_are_those_of_the_counter_s_own_days() {
    let service = ("exemple-ile-nuage", "renouvellement-titre");
    let gaps = |day: &str| {
        let html = of_the_sample(service, (day, day)).html();
        html.split("personne n'a regardé</h2>").nth(1).unwrap().split("</section>").next().unwrap().contains("Aucune.")
    };
    assert!(gaps("2019-04-10") && !gaps("2019-04-11"));
}
