//! What was looked at outside the schedule is counted, and makes no scope: neither a first day, nor a whole period, nor a service
//! whose rate stands beside rates of time.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::support::{Attempts, Kind, Row, Version};

const COUNTER: &str = "exemple-haute-chimere";
const OTHER: &str = "exemple-bois-leger";

/// So many refusals of the one counter, one every six hours.
fn refused(logs: Attempts, from: &str, looks: i32) -> Attempts {
    let from: DateTime<Utc> = from.parse().unwrap();
    let at = |look: i32| (from + TimeDelta::hours(6) * look).to_rfc3339();
    (0..looks).fold(logs, |logs, look| logs.saw(Kind::No, 1, &at(look)))
}

/// The row of the schedule that expects a counter every six hours between two days.
fn expected(counter: &str, from: &str, until: &str) -> String {
    format!("{counter},premier-titre,{from}T00:00:00+01:00,{until}T00:00:00+01:00,360,true,essai")
}

fn published(logs: &Attempts, schedule: &[String], as_of: &str) -> Version {
    let pipeline = logs.pipeline("simulated = true", &schedule.join("\n"));
    Version::of(&pipeline, &[&logs.path()], &format!("{as_of}T00:00:00+01:00"))
}

/// Some values of the row of a table in which a column has a value.
fn said<const N: usize>(version: &Version, table: &str, row: (&str, &str), columns: [&str; N]) -> [String; N] {
    let rows: Vec<Row> = version.rows(table).into_iter().filter(|found| found[row.0] == row.1).collect();
    assert_eq!(rows.len(), 1, "{table}, {row:?}: {rows:?}");
    columns.map(|column| rows[0][column].clone())
}

/// In February one counter is in scope and answered twice; the other is no more, and was refused 56 times.
#[test]
fn a_department_rests_on_the_time_of_its_services_in_scope() {
    let logs = refused(Attempts::on(COUNTER), "2019-01-01T00:05:00+01:00", 124 + 56);
    let offered = json!({ "counter": OTHER });
    let logs =
        ["05", "06"].iter().fold(logs, |logs, day| logs.look(Kind::Yes, &format!("2019-02-{day}T09:05:00Z"), &offered));
    let schedule = [expected(COUNTER, "2019-01-01", "2019-02-01"), expected(OTHER, "2019-02-01", "2019-03-01")];
    let version = published(&logs, &schedule, "2019-03-02");

    let rates = ["taux_sans_rdv", "motif"];
    let february: Vec<Row> =
        version.rows("disponibilite_mois").into_iter().filter(|row| row["mois"] == "2019-02").collect();
    let of = |counter: &str| {
        let row = february.iter().find(|row| row["guichet_id"] == counter).unwrap();
        rates.map(|column| row[column].as_str())
    };
    assert_eq!(of(COUNTER), ["1", "hors_calendrier"]);
    assert_eq!(of(OTHER), ["", "trop_peu_de_reponses"]);

    let department = ["taux_sans_rdv", "taux_moyen", "taux_median_bas", "qualite", "motif"];
    let of_the_month = |columns| said(&version, "synthese_departements", ("mois", "2019-02"), columns);
    assert_eq!(of_the_month(department), ["", "", "", "insuffisante", "trop_peu_de_reponses"]);
    let services =
        ["services", "services_avec_reponse", "services_sans_aucun_rdv", "services_avec_taux", "services_suffisants"];
    assert_eq!(of_the_month(services), ["1", "1", "0", "0", "0"]);
    // What was looked at is counted all the same.
    let sums = ["consultations", "reponses_retenues", "non_retenus", "secondes_non", "cycles_mesures"];
    assert_eq!(of_the_month(sums), ["58", "58", "56", "0", "2"]);
}

/// Where nothing was expected of any service, answers are counted, and so are all services.
#[test]
fn a_department_without_a_schedule_counts_all_of_its_services() {
    let logs = refused(Attempts::on(COUNTER), "2019-01-01T00:05:00+01:00", 124 + 56);
    let schedule = [expected(COUNTER, "2019-01-01", "2019-02-01")];
    let version = published(&logs, &schedule, "2019-03-02");
    let told = ["services", "services_avec_taux", "taux_sans_rdv", "taux_moyen", "reponses_retenues", "motif"];
    assert_eq!(
        said(&version, "synthese_departements", ("mois", "2019-02"), told),
        ["1", "1", "1", "1", "56", "hors_calendrier"]
    );
}

#[test]
fn a_look_outside_the_scope_does_not_move_its_first_and_last_day() {
    let logs = ["2019-01-07T09:05:00Z", "2019-01-25T09:05:00Z"]
        .iter()
        .fold(refused(Attempts::on(COUNTER), "2019-01-10T00:05:00+01:00", 44), |logs, at| logs.saw(Kind::No, 1, at));
    // Another service is expected before: a log begins with the schedule.
    let schedule = [expected(COUNTER, "2019-01-10", "2019-01-21"), expected(OTHER, "2019-01-01", "2019-01-02")];
    let version = published(&logs, &schedule, "2019-02-01");
    let told = ["premier_jour", "dernier_jour", "periode_complete", "jours_prevus", "jours_mesures"];
    let whole = said(&version, "disponibilite_ensemble", ("guichet_id", COUNTER), told);
    assert_eq!(whole, ["2019-01-10", "2019-01-20", "true", "11", "13"]);
}

/// No day of it is whole, and that is not all of them.
#[test]
fn what_no_schedule_covers_is_no_whole_period() {
    let logs = refused(Attempts::on(COUNTER), "2019-01-10T00:05:00+01:00", 44);
    let version = published(&logs, &[expected(OTHER, "2019-01-01", "2019-01-02")], "2019-02-01");
    let told = ["premier_jour", "dernier_jour", "periode_complete", "jours_prevus", "cycles_prevus", "motif"];
    let whole = said(&version, "disponibilite_ensemble", ("guichet_id", COUNTER), told);
    assert_eq!(whole, ["2019-01-10", "2019-01-20", "false", "0", "0", "hors_calendrier"]);
    let days: Vec<Row> =
        version.rows("disponibilite_jour").into_iter().filter(|day| day["guichet_id"] == COUNTER).collect();
    assert_eq!(days.len(), 11);
    assert!(days.iter().all(|day| day["periode_complete"] == "false"), "{days:?}");
}
