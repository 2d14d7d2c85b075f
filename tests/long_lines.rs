//! A line takes the time of its length, whatever it holds: as many records as words beside them, or as many values as columns.

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

use guichets_ouverts::error::Result;
use guichets_ouverts::ingest::{Fate, LinePlace, Witness, find};
use guichets_ouverts::progress::Silent;
use uuid::Uuid;

use crate::support::loaded::Loaded;

/// Far more than it takes, and far less than the square of the length would.
const PATIENCE: Duration = Duration::from_secs(20);

/// The ids of the attempts that are shown, in their order; of any other record the reason.
#[derive(Default)]
struct Ids(Vec<String>);

impl Witness for Ids {
    fn see(&mut self, _: LinePlace, fate: Fate<'_>) -> Result<()> {
        match fate {
            Fate::Attempt(row) => self.0.push(row.raw.attempt_id.to_string()),
            Fate::SetAside(reject) => self.0.push(reject.reason.code().to_owned()),
            _ => {}
        }
        Ok(())
    }
}

/// What a file of one mapping becomes, in time.
fn ids(source: &str, name: &str, text: &str) -> Vec<String> {
    let loaded = Loaded::new(Some(source), 4 << 20);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    let files = find(&[path.to_str().unwrap().to_owned()], &loaded.pipeline, loaded.runtime.handle()).unwrap().files;
    let (mut ids, begun) = (Ids::default(), Instant::now());
    loaded.ingest().show(0, &files[0], 0, &mut ids, &Silent).unwrap();
    assert!(begun.elapsed() < PATIENCE, "{name} of {} bytes took {:?}", text.len(), begun.elapsed());
    ids.0
}

/// The id of what is said of a service, spelt out: versions are compared by it for as long as they are kept.
fn id(counter: &str, planning: &str, said: &str) -> String {
    let name = ["robot", counter, "premier-titre", planning, said].join("\u{1f}");
    Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).to_string()
}

const EACH: &str = r#"
files = "*.ndjson"
format = "ndjson"
time = { value = "{deep.at}", format = "rfc3339" }
each = { path = "offices", name = "office" }
fields = { counter = "{office.id}", procedure = "premier-titre", planning = { value = "{office.desk}", optional = true }, "slots.count" = "{office.free}" }
"#;

#[test]
fn the_members_of_a_list_have_the_ids_of_what_they_and_the_line_say() {
    let line = r#"{"deep":{"at":"2019-04-16T08:10:00Z","x":"é"},"offices":[{"id":"evry-prefecture","free":0},{"free":1,"id":"evry-prefecture"},{"id":"evry-prefecture","free":0},{"id":"bobigny-prefecture","desk":"7","free":0}],"b":null,"a":[1.50,true]}"#;
    let beside = r#"{1"a":[1.50,true,],4"deep":{2"at":@1555402200000000,1"x":2"é",},}"#;
    let evry = |free: u32| format!("{beside}{{4\"free\":{free},2\"id\":15\"evry-prefecture\",}}");
    let bobigny = format!("{beside}{{4\"desk\":1\"7\",4\"free\":0,2\"id\":18\"bobigny-prefecture\",}}");
    assert_eq!(
        ids(EACH, "a.ndjson", line),
        [
            id("evry-prefecture", "", &evry(0)),
            id("evry-prefecture", "", &evry(1)),
            // The second that says the same.
            id("evry-prefecture", "", &(evry(0) + "1")),
            id("bobigny-prefecture", "7", &bobigny),
        ]
    );
}

#[test]
fn many_members_beside_many_words_take_the_time_of_the_line() {
    let mut line = r#"{"deep":{"at":"2019-04-16T08:10:00Z""#.to_owned();
    (0..10_000).for_each(|key| write!(line, ",\"k{key}\":\"v{key}\"").unwrap());
    line.push_str("},\"offices\":[");
    for member in 0..10_000 {
        let comma = if member == 0 { "" } else { "," };
        write!(line, "{comma}{{\"id\":\"evry-prefecture\",\"free\":0,\"n\":{member}}}").unwrap();
    }
    line.push_str("]}");
    let mut ids = ids(EACH, "a.ndjson", &line);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 10_000, "each is an attempt, and another");
    assert!(ids.iter().all(|id| id.len() == 36), "{:?}", ids.iter().find(|id| id.len() != 36));
}

const HEADED: &str = r#"
files = "*.csv"
format = "csv"
header = true
time = { value = "{quand}", format = "rfc3339" }
fields = { counter = "{guichet}", procedure = "premier-titre" }
"#;

#[test]
fn many_values_under_many_columns_take_the_time_of_the_line() {
    let columns = |cell: &dyn Fn(u32) -> String| (0..40_000).map(cell).collect::<Vec<_>>().join(",");
    let header = format!("quand,guichet,{}\n", columns(&|at| format!("c{at}")));
    let line = |hour: u32| {
        format!("2019-04-16T{hour:02}:00:00Z,evry-prefecture,{}\n", columns(&|at| format!("v{}", at % 1000)))
    };
    let log: String = header.clone() + &(8..13).map(line).collect::<String>() + &header.to_uppercase() + &line(14);
    let ids = ids(HEADED, "a.csv", &log);
    assert!(ids[..5].iter().all(|id| id.len() == 36), "{ids:?}");
    assert_eq!(
        ids[5..],
        ["colonnes_inattendues"; 2],
        "the names in capitals name columns, and not those of the mapping"
    );
}

const UNPIVOTED: &str = r#"
files = "*.csv"
format = "csv"
header = true
time = { value = "{quand}", format = "rfc3339" }
unpivot = { columns = 'h\d+', name = "heure", value = "libres", no_data = [""] }
fields = { counter = "{guichet}", procedure = "premier-titre", planning = "{heure}", "slots.count" = "{libres}" }
"#;

#[test]
fn many_unpivoted_columns_have_the_ids_of_their_long_form_and_take_the_time_of_the_line() {
    let columns = |letter: char| (0..2000).map(|at| format!("{letter}{at:04}")).collect::<Vec<_>>().join(",");
    let header = format!("quand,guichet,{},{}\n", columns('h'), columns('b'));
    let log =
        format!("{header}2019-04-16T08:00:00Z,evry-prefecture,{}{}\n", "0,".repeat(2000), vec!["x"; 2000].join(","));
    let ids = ids(UNPIVOTED, "a.csv", &log);
    assert_eq!(ids.len(), 2000);
    let mut said = (0..2000).map(|at| format!("5:b{at:04}1:x")).collect::<Vec<_>>().concat();
    said.push_str("7:guichet15:evry-prefecture5:heure5:h00076:libres1:05:quand20:2019-04-16T08:00:00Z");
    assert_eq!(ids[7], id("evry-prefecture", "h0007", &said));
}
