//! A « no » needs the answers of all plannings and a « yes » one of them: where answers are lost at random, a rate that took
//! every « yes » for an answer would be pulled down. That of complete consultations is not.

use serde_json::json;

use crate::support::{Attempts, Kind, Row, Version};

const PLANNINGS: [&str; 3] = ["p1", "p2", "p3"];
const DAYS: u32 = 30;
/// One every ten minutes.
const CYCLES: u32 = DAYS * 144;

/// Numbers between 0 and 1 that look drawn, the same in every run (Marsaglia, 2003, « Xorshift RNGs »).
struct Drawn(u64);

impl Drawn {
    #[expect(clippy::cast_precision_loss, reason = "53 bits are kept")]
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// A month of a service of three plannings that is open in 35 cycles of a hundred, and then each planning offers half of the
/// time. A share of answers is lost: the page fails, or the robot never asks.
struct Month {
    /// The share of cycles in which no planning offered.
    truth: f64,
    row: Row,
}

impl Month {
    fn of(lost: f64) -> Self {
        let mut drawn = Drawn(20_190_401);
        let mut logs = Attempts::on("evry-prefecture");
        let mut closed = 0;
        let first: chrono::DateTime<chrono::Utc> = "2019-03-31T22:00:00Z".parse().unwrap();
        for cycle in 0..CYCLES {
            let open = drawn.next() < 0.307 / 0.875;
            let offers = PLANNINGS.map(|planning| (planning, open & (drawn.next() < 0.5)));
            closed += u32::from(offers.iter().all(|(_, offer)| !offer));
            let at = (first + chrono::TimeDelta::minutes(i64::from(cycle) * 10 + 1)).to_rfc3339();
            for (planning, offer) in offers {
                let fate = drawn.next();
                let kind = match (fate < lost / 2.0, fate < lost, offer) {
                    (true, ..) => continue,
                    (_, true, _) => Kind::Timeout,
                    (.., true) => Kind::Yes,
                    (.., false) => Kind::No,
                };
                logs = logs.look(kind, &at, &json!({"run_id": format!("c{cycle}"), "planning": planning}));
            }
        }
        let settings = "gates = { cycles_max = 1.0, incomplete_max = 1.0 }";
        let schedule = "*,*,2019-04-01T00:00:00+02:00,,10,true,essai";
        let version = Version::of(&logs.pipeline(settings, schedule), &[&logs.path()], "2019-05-01T00:00:00+02:00");
        let mut rows = version.rows("disponibilite_mois");
        assert_eq!(rows.len(), 1);
        Self { truth: f64::from(closed) / f64::from(CYCLES), row: rows.remove(0) }
    }

    fn figure(&self, column: &str) -> f64 {
        self.row[column].parse().unwrap_or_else(|_| panic!("{column} is « {} »", self.row[column]))
    }

    /// The rate that would take a « yes » beside a planning without an answer for an answer.
    fn of_any_yes(&self) -> f64 {
        self.figure("non") / (self.figure("non") + self.figure("oui"))
    }

    fn of_complete(&self) -> f64 {
        self.figure("secondes_non") / self.figure("secondes_repondues")
    }

    fn assert_within_bounds(&self) {
        assert!((self.figure("borne_basse")..=self.figure("borne_haute")).contains(&self.truth), "{:?}", self.row);
    }
}

fn close(ours: f64, theirs: f64, tolerance: f64) -> bool {
    (ours - theirs).abs() <= tolerance
}

#[test]
fn answers_lost_at_random_do_not_lower_the_rate() {
    let month = Month::of(0.3);
    assert!(close(month.truth, 0.693, 0.015), "{}", month.truth);
    assert!(close(month.of_any_yes(), 0.483, 0.02), "the rule that was left: {}", month.of_any_yes());
    assert!(close(month.of_complete(), month.truth, 0.02), "{} for {}", month.of_complete(), month.truth);
    month.assert_within_bounds();
    // Two consultations in three are not complete: their share of time is published, and no rate is made of it.
    assert_eq!([&month.row["taux_sans_rdv"], &month.row["motif"]], ["", "bornes_trop_ecartees"]);
}

#[test]
fn a_rate_is_published_where_few_answers_are_lost_and_holds_the_truth() {
    let month = Month::of(0.08);
    assert!(month.of_any_yes() < month.truth - 0.03, "{} for {}", month.of_any_yes(), month.truth);
    assert!(close(month.figure("taux_sans_rdv"), month.truth, 0.015), "{:?}", month.row);
    assert!((month.figure("ic95_bas")..=month.figure("ic95_haut")).contains(&month.truth), "{:?}", month.row);
    month.assert_within_bounds();
}
