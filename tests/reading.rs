//! Tables made to be read: départements that add seconds and show their services beside, and the monthly sheet with its names
//! and its sentence.

use std::collections::BTreeMap;

use serde_json::json;

use crate::support::{Attempts, Kind, Row, Version, sample, seine_maritime};

const SUMS: [&str; 8] = [
    "cycles_prevus",
    "consultations",
    "oui",
    "non",
    "secondes_prevues",
    "secondes_repondues",
    "secondes_non",
    "secondes_inconnues",
];

fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column}: {:?}", row[column]))
}

fn close(ours: f64, theirs: f64) -> bool {
    (ours - theirs).abs() < 1e-9
}

/// Sums are exact, the pooled rate is theirs, and mean and median are those of the services that have a rate.
fn assert_departments_hold_their_services(version: &Version) {
    let mut services: BTreeMap<[String; 3], Vec<Row>> = BTreeMap::new();
    for row in version.rows("disponibilite_mois") {
        let key = ["departement", "demarche_id", "mois"].map(|column| row[column].clone());
        services.entry(key).or_default().push(row);
    }
    let departments = version.rows("synthese_departements");
    assert_eq!(departments.len(), services.len());
    for row in &departments {
        let of = &services[&["departement", "demarche_id", "mois"].map(|column| row[column].clone())];
        assert!(!row["departement_nom"].is_empty());
        for column in SUMS {
            let sum: f64 = of.iter().map(|service| number(service, column)).sum();
            assert!(close(number(row, column), sum), "{column}: {row:?}");
        }
        let mut rates: Vec<f64> =
            of.iter().filter(|one| !one["taux_sans_rdv"].is_empty()).map(|one| number(one, "taux_sans_rdv")).collect();
        rates.sort_by(f64::total_cmp);
        let last = rates.len().wrapping_sub(1);
        assert_eq!(row["services_avec_taux"], rates.len().to_string());
        if rates.is_empty() {
            assert_eq!(row["taux_moyen"], "");
            continue;
        }
        assert!(
            close(number(row, "taux_moyen"), rates.iter().sum::<f64>() / number(row, "services_avec_taux")),
            "{row:?}"
        );
        assert!(close(number(row, "taux_median_bas"), rates[last / 2]), "{row:?}");
        assert!(close(number(row, "taux_median_haut"), rates[last.div_ceil(2)]), "{row:?}");
        if !row["taux_sans_rdv"].is_empty() {
            let pooled = number(row, "secondes_non") / number(row, "secondes_repondues");
            assert!(close(number(row, "taux_sans_rdv"), pooled), "{row:?}");
            assert!(number(row, "borne_basse") <= pooled && pooled <= number(row, "borne_haute"), "{row:?}");
        }
    }
}

#[test]
fn a_department_of_the_sample_adds_seconds_and_shows_its_services() {
    let version = sample();
    assert_departments_hold_their_services(&version);
    let of_two = version.rows("synthese_departements").iter().filter(|row| row["services_avec_taux"] == "2").count();
    assert!(of_two > 0, "no département of the sample has two services with a rate");
}

/// Counts are numbers of 32 bits to the engine: nine decimals of the rates of five services are more than one holds.
#[test]
fn a_department_of_many_services_has_the_mean_of_their_rates() {
    let counters = ["bois-leger", "haute-chimere", "ile-nuage", "mont-mirage", "port-songe", "val-imaginaire"];
    let mut logs = Attempts::on("exemple-bois-leger");
    for (at, counter) in (0_u32..).zip(counters) {
        for look in 0..120 {
            let kind = if look % (at + 3) == 0 { Kind::Yes } else { Kind::No };
            let when = format!("2019-04-{:02}T{:02}:05:00Z", 1 + look / 4, 1 + look % 4 * 6);
            logs = logs.look(kind, &when, &json!({ "counter": format!("exemple-{counter}") }));
        }
    }
    let schedule = "*,*,2019-04-01T00:00:00+02:00,2019-05-01T00:00:00+02:00,360,true,essai";
    let version =
        Version::of(&logs.pipeline("simulated = true", schedule), &[&logs.path()], "2019-05-02T00:00:00+02:00");
    assert_departments_hold_their_services(&version);
    let rows = version.rows("synthese_departements");
    assert!(rows.iter().any(|row| row["services_avec_taux"] == "6"), "{rows:?}");
}

#[test]
fn a_department_of_seine_maritime_adds_seconds_and_shows_its_services() {
    if let Some(version) = seine_maritime() {
        assert_departments_hold_their_services(&version);
    }
}

/// It says what its row says, where nothing forbids to cite it, and nothing elsewhere.
#[test]
fn the_monthly_sheet_has_names_and_a_sentence_where_it_may() {
    let sheet = sample().rows("fiche_mois");
    let mut told = 0;
    for row in &sheet {
        assert!(!row["guichet_nom"].is_empty() && !row["demarche_libelle"].is_empty(), "{row:?}");
        assert_eq!(row["lecture"].is_empty(), row["qualite"] != "suffisante", "{row:?}");
        if row["lecture"].is_empty() {
            continue;
        }
        if row["ic95_bas"].is_empty() {
            assert!(!row["motif_ic95"].is_empty() && !row["lecture"].contains('%'), "{row:?}");
        } else {
            let percent = |column| (100.0 * number(row, column)).round();
            let limits = format!("(de {} à {} %)", percent("ic95_bas"), percent("ic95_haut"));
            let rate = format!("sans rendez-vous {} % du temps", percent("taux_sans_rdv"));
            assert_eq!(row["lecture"], format!("{rate} {limits}"));
            told += 1;
        }
    }
    assert!(told > 10, "{told}");
}

/// A cycle that begins in January and is looked at in February is of January: somebody looked.
#[test]
fn a_department_that_was_looked_at_after_the_month_was_looked_at() {
    let counter = "exemple-bois-leger";
    let logs = (0..120).fold(Attempts::on(counter), |logs, look| {
        let at = format!("2019-02-{:02}T{:02}:30:00+01:00", 1 + look / 12, look % 12 * 2);
        logs.saw(Kind::No, 1, &at)
    });
    let schedule = format!("{counter},premier-titre,2019-01-31T23:00:00+01:00,,120,true,essai");
    let version =
        Version::of(&logs.pipeline("simulated = true", &schedule), &[&logs.path()], "2019-02-11T00:00:00+01:00");
    for table in ["synthese_departements", "fiche_mois", "disponibilite_mois"] {
        let rows = version.rows(table);
        let january = rows.iter().find(|row| row["mois"] == "2019-01").unwrap();
        let told = ["qualite", "motif", "couverture", "borne_basse"].map(|column| january[column].as_str());
        assert_eq!(told, ["insuffisante", "trop_peu_de_reponses", "1", "1"], "{table}");
    }
}

/// Of the looks that had no answer nobody knows: one in eleven is none of those in which an appointment was seen.
#[test]
fn always_an_appointment_is_said_of_the_answers_obtained() {
    let counter = "exemple-bois-leger";
    let logs = (0..28 * 4).fold(Attempts::on(counter), |logs, look| {
        let at = format!("2019-02-{:02}T{:02}:05:00+01:00", 1 + look / 4, 1 + look % 4 * 6);
        logs.saw(if look % 11 == 5 { Kind::Captcha } else { Kind::Yes }, 1, &at)
    });
    let schedule =
        format!("{counter},premier-titre,2019-02-01T00:00:00+01:00,2019-03-01T00:00:00+01:00,360,true,essai");
    let version =
        Version::of(&logs.pipeline("simulated = true", &schedule), &[&logs.path()], "2019-03-02T00:00:00+01:00");
    let sheet = version.rows("fiche_mois");
    assert!(number(&sheet[0], "borne_haute") > 0.08, "{sheet:?}");
    let told = "un rendez-vous à chaque réponse obtenue, en 28 jours regardés";
    assert_eq!(sheet[0]["lecture"], told);
    for (page, told) in [
        ("guichets/exemple-bois-leger.html", told),
        ("en/guichets/exemple-bois-leger.html", "an appointment in each answer obtained, on 28 days looked at"),
    ] {
        let page = std::fs::read_to_string(version.store().join("latest").join(page)).unwrap();
        assert!(page.replace(['\u{a0}', '\u{202f}'], " ").contains(told), "{page}");
    }
}

/// Where dates were not read, nothing is said of delays: not that there were none.
#[test]
fn dates_that_were_not_read_are_no_delays() {
    let Some(version) = seine_maritime() else { return };
    let delays = version.rows("delais");
    assert_eq!(delays.len(), 6);
    for row in delays {
        assert_eq!([&row["motif"], &row["motif_delais"]], ["dates_non_relevees"; 2]);
        for (column, value) in row.iter().filter(|(column, _)| column.starts_with("part_")) {
            assert_eq!(value, "", "{column}");
        }
        assert!(number(&row, "secondes_date_non_lue") > 0.0);
    }
}

/// Without too many dates missing, the share without a date is the rate without an appointment; no class is seen beyond the
/// horizon; and a quantile is a value, or beyond the horizon, never both.
#[test]
fn delays_agree_with_the_rate_and_the_horizon() {
    let version = sample();
    let rates: BTreeMap<_, _> =
        version.rows("fiche_mois").into_iter().map(|row| (key(&row), row["taux_sans_rdv"].clone())).collect();
    let mut known = 0;
    for row in version.rows("delais") {
        if !row["part_aucune_date"].is_empty() {
            assert_eq!(row["part_aucune_date"], rates[&key(&row)]);
        }
        for quantile in ["median", "p90"] {
            let [value, beyond] = ["jours", "superieur_a_jours"].map(|end| &row[&format!("delai_{quantile}_{end}")]);
            assert!(value.is_empty() || beyond.is_empty(), "{row:?}");
            known += u32::from(!value.is_empty());
        }
        if !row["delai_p90_jours"].is_empty() {
            assert!(number(&row, "delai_median_jours") <= number(&row, "delai_p90_jours"));
        }
    }
    assert!(known > 0, "no quantile of the sample is known");
}

fn key(row: &Row) -> [String; 3] {
    ["guichet_id", "demarche_id", "mois"].map(|column| row[column].clone())
}
