//! Two machines with one plan: where one is kept out and the other is answered, the published incidents say so.

use std::fs;

use chrono::{DateTime, TimeDelta, Utc};
use guichets_ouverts::progress::Silent;

use crate::support::Version;
use crate::support::counters::{Charset, Counters, Moved, Rehearsal, Service, Told, lines, violations};

const NONE: &str = "Il n'existe plus de plage horaire libre pour votre demande de rendez-vous.";
/// From when to when one of the two is refused.
const WALL: [&str; 2] = ["2026-12-02T00:00:00Z", "2026-12-04T00:00:00Z"];
const AS_OF: &str = "2026-12-07T00:00:00Z";

fn at(instant: &str) -> DateTime<Utc> {
    instant.parse().unwrap()
}

/// Six days of a probe at a vantage, which meets a wall or does not.
fn looked(vantage: &str, walled: bool) -> Rehearsal {
    let services = (0..3).map(|n| Service::ez(n, &format!("www.h{n}.gouv.fr"))).collect();
    let rehearsal = Rehearsal::new(services, 288, 300, "");
    let plan = rehearsal.path().join("plan.toml");
    fs::write(&plan, fs::read_to_string(&plan).unwrap().replace("essai-1", vantage)).unwrap();
    let clock = Moved::at("2026-12-01T00:00:00Z");
    let shown = clock.clone();
    let told = move |_: &str, now| {
        if walled && (at(WALL[0])..at(WALL[1])).contains(&now) {
            Told::Page(403, "Request forbidden by administrative rules.")
        } else {
            Told::None(NONE, Charset::Utf8)
        }
    };
    let counters = Counters::new(told, move || shown.shows());
    let mut slot = at("2026-12-01T00:00:00Z");
    while slot < at(AS_OF) {
        clock.passes((slot - clock.shows()).to_std().unwrap());
        rehearsal.once(&clock, &counters, &Silent, None).unwrap();
        slot += TimeDelta::minutes(288);
    }
    assert_eq!(violations(&counters.seen(), 300, "sonde@example.org"), Vec::<String>::new());
    rehearsal
}

#[test]
fn one_vantage_that_is_kept_out_while_the_other_is_answered_is_a_targeted_incident() {
    let (open, walled) = (looked("essai-paris", false), looked("essai-lyon", true));
    assert_eq!(lines(&open.out()).len(), 90);
    let logs = [open.out().join("journaux"), walled.out().join("journaux")];
    let version = Version::of(&open.pipeline(), &logs.each_ref().map(AsRef::as_ref), AS_OF);

    let blocks: Vec<_> = version.rows("incidents").into_iter().filter(|row| row["type"] == "blocage").collect();
    assert_eq!(blocks.len(), 1, "{blocks:?}");
    let [block] = blocks.as_slice() else { unreachable!() };
    let told = ["origine", "point_de_mesure", "systeme", "services", "autre_point_repond", "cible"];
    assert_eq!(
        told.map(|column| block[column].as_str()),
        ["detecte", "essai-lyon", "ez_planning", "3", "true", "oui"],
        "{block:?}"
    );
    assert!(at(&block["debut_utc"]) >= at(WALL[0]) && at(&block["fin_utc"]) < at(WALL[1]), "{block:?}");
    // The other looked on at every slot between, and each of its looks was answered.
    let number = |column: &str| block[column].parse::<u32>().unwrap();
    assert!(number("autres_tentatives") > 6 && number("autres_reponses") == number("autres_tentatives"), "{block:?}");

    // What was refused is a refusal of that vantage, and no « none » of anybody.
    let of = |vantage: &str, outcome: &str| {
        let rows = version.rows("tentatives").into_iter();
        rows.filter(|row| row["point_de_mesure"] == vantage && row["issue"] == outcome).count().to_string()
    };
    assert_eq!(of("essai-lyon", "bloque"), block["tentatives"]);
    assert_eq!([of("essai-paris", "bloque"), of("essai-paris", "aucun_rdv")], ["0", "90"]);
}
