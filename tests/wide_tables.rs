//! Logs of other shapes by configuration alone: wide tables, lists in a line, ids made of what there is, values that say
//! « no data ».

use std::fmt::Write as _;

use crate::support::foreign::{Foreign, accounts, fates};

/// The slots of a week that a snapshot of an office shows: one row per snapshot and office, one column per bookable time.
const WIDE: &str = r#"
files = "*.csv"
format = "csv"
header = true
delimiter = ";"
time = { value = "{releve}", format = "%Y-%m-%d %H:%M", zone = "Europe/Paris" }

[source.unpivot]
columns = '\d\d:\d\d'
name = "heure"
value = "libres"
no_data = ["", "NA"]

[source.fields]
counter = "{guichet}"
procedure = "premier-titre"
planning = "{heure}"
"slots.count" = { value = "{libres}", map = { libre = "1", pris = "0" } }
"#;

const HOURS: [&str; 4] = ["08:30", "09:00", "09:30", "10:00"];

/// A snapshot an hour, of two offices, in cells that come round.
fn cells() -> Vec<(String, &'static str, [&'static str; 4])> {
    let words = ["libre", "pris", "NA", "pris", ""];
    (0..40)
        .map(|row| {
            let time = format!("2019-04-{:02} {:02}:00", 16 + row / 16, 8 + row % 16);
            let office = ["evry-prefecture", "bobigny-prefecture"][row % 2];
            (time, office, std::array::from_fn(|at| words[(row * 3 + at) % words.len()]))
        })
        .collect()
}

#[test]
fn a_wide_table_becomes_the_attempts_of_its_long_form() {
    let (mut wide, mut long) =
        (format!("releve;guichet;{};note\n", HOURS.join(";")), "heure;libres;releve;guichet;note\n".to_owned());
    let mut without = 0;
    for (time, office, row) in cells() {
        writeln!(wide, "{time};{office};{};x", row.join(";")).unwrap();
        for (hour, cell) in HOURS.iter().zip(row) {
            without += u64::from(cell.is_empty() || cell == "NA");
            if !cell.is_empty() && cell != "NA" {
                writeln!(long, "{hour};{cell};{time};{office};x").unwrap();
            }
        }
    }
    let of_long = WIDE.split_once("[source.unpivot]").unwrap();
    let of_long = of_long.0.to_owned() + of_long.1.split_once("\n\n").unwrap().1;
    let (wide, long) =
        (Foreign::new(WIDE).file("a.csv", wide).version(), Foreign::new(&of_long).file("a.csv", long).version());
    let columns =
        ["tentative_id", "instant_utc", "guichet_id", "planning_id", "creneaux", "reponse", "empreinte_valeurs"];
    let said = |version| {
        let mut said: Vec<String> =
            fates(version, &columns).iter().map(|row| row.split_once(' ').unwrap().1.to_owned()).collect();
        said.sort();
        said
    };
    assert_eq!(said(&wide), said(&long));
    let attempts = 160 - without;
    assert_eq!(accounts(&wide), [format!("a.csv 1 40 160 {attempts} 0 0 {without} 0")]);
    assert_eq!(accounts(&long), [format!("a.csv 1 {attempts} {attempts} {attempts} 0 0 0 0")]);
    assert!(fates(&wide, &["planning_id", "creneaux"]).contains(&"a.csv:2.2 09:00 0".to_owned()));
    let shown = ["disponibilite_jour", "consultations"].map(|table| wide.rows(table) == long.rows(table));
    assert_eq!(shown, [true, true]);
}

#[test]
fn one_cell_that_cannot_be_read_sets_itself_aside_and_a_row_of_another_width_the_whole_row() {
    let raw = "releve;guichet;08:30;09:00\n\
               2019-04-16 08:00;evry-prefecture;libre;peut-être\n\
               2019-04-16 09:00;evry-prefecture;libre\n\
               2019-04-16 09:00;inconnu;NA;pris\n\
               hier;evry-prefecture;NA;NA\n";
    let version = Foreign::new(WIDE).file("a.csv", raw).version();
    assert_eq!(
        fates(&version, &["creneaux"]),
        [
            "a.csv:2 1",
            "a.csv:2.2 ! valeur_invalide slots.count",
            "a.csv:3 ! colonnes_inattendues",
            "a.csv:4.2 ! guichet_inconnu counter",
        ]
    );
    assert_eq!(accounts(&version), ["a.csv 1 4 7 1 0 0 3 3"]);
    // Without a column that is an attempt, nothing is one.
    let none = Foreign::new(WIDE).file("a.csv", "releve;guichet\n2019-04-16 08:00;evry-prefecture\n").version();
    assert_eq!(accounts(&none), ["a.csv 0 2 2 0 0 0 0 2"]);
}

#[test]
fn the_members_of_a_list_are_attempts_of_their_own() {
    let source = r#"
files = "*.ndjson"
format = "ndjson"
time = { value = "{at}", format = "epoch_ms" }
each = { path = "result.offices", name = "office" }
fields = { counter = "{office.id}", procedure = "premier-titre", "slots.count" = "{office.free}" }
"#;
    let raw = [
        r#"{"at":1555394400000,"result":{"offices":[{"id":"evry-prefecture","free":2},{"id":"bobigny-prefecture","free":0}]}}"#,
        r#"{"at":1555394400001,"result":{"offices":[{"id":"evry-prefecture"},{"id":"evry-prefecture","free":0,"free":1}]}}"#,
        r#"{"at":1555394400002,"result":{"offices":[]}}"#,
        r#"{"at":1555394400003,"result":{"offices":{}}}"#,
        r#"{"at":1555394400003,"result":{}}"#,
    ];
    let version = Foreign::new(source).file("a.ndjson", raw.join("\n") + "\n").version();
    assert_eq!(
        fates(&version, &["guichet_id", "creneaux"]),
        [
            "a.ndjson:1 evry-prefecture 2",
            "a.ndjson:1.2 bobigny-prefecture 0",
            "a.ndjson:2 ! champ_manquant slots.count",
            "a.ndjson:2.2 ! champ_en_double counter",
            "a.ndjson:4 ! type_invalide",
            "a.ndjson:5 ! champ_manquant",
        ]
    );
    assert_eq!(accounts(&version), ["a.ndjson 0 5 7 2 0 0 1 4"]);

    let list = source.replace("path = \"result.offices\", ", "").replace("{at}", "{office.at}");
    let raw = r#"[{"at":1555394400000,"id":"evry-prefecture","free":2},{"at":1555394400000,"id":"evry-prefecture","free":3},7]"#;
    let version = Foreign::new(&list).file("a.ndjson", raw).version();
    assert_eq!(
        fates(&version, &["creneaux"]),
        ["a.ndjson:1 2", "a.ndjson:1.2 3", "a.ndjson:1.3 ! champ_manquant counter"]
    );
}

#[test]
fn a_value_becomes_what_the_contract_allows() {
    let source = r#"
files = "*.csv"
format = "csv"
delimiter = ";"
columns = ["quand", "lieu", "url", "etat", "libres", "date"]
time = { value = "{quand}", format = "rfc3339" }

[source.fields]
counter = { value = "{lieu}", trim = true, lower = true, take = '^(\w+) ', map = { "évry" = "evry-prefecture" } }
procedure = "premier-titre"
planning = { value = "{url}", hash = true }
step = { value = "{url}", take = '/create/(\d+)' }
probe_version = { value = "{etat}", slug = true }
"slots.count" = { value = "{libres}", no_data = ["n/c", "-1"] }
"slots.first_date" = { value = "{date}", format = "epoch_s", zone = "Europe/Paris", no_data = ["0"] }
"#;
    let at = "https://www.essonne.gouv.fr/booking/create/13185/0?x=1&y=2";
    let raw = format!(
        "2019-04-16T06:00:00Z;  ÉVRY préfecture ;{at};Site Été 2;3;1556834400\n\
         2019-04-16T07:00:00Z;Évry Préfecture;{at};—;n/c;0\n\
         2019-04-16T08:00:00Z;Évry Préfecture;{at};;-1;0\n\
         2019-04-16T09:00:00Z;Évry;{at};x;1;0\n"
    );
    let version = Foreign::new(source).file("a.csv", raw).version();
    let columns = ["guichet_id", "etape", "sonde_version", "creneaux", "premiere_date"];
    assert_eq!(
        fates(&version, &columns),
        [
            "a.csv:1 evry-prefecture 13185 site-ete-2 3 2019-05-03",
            "a.csv:2 ! valeur_invalide probe_version",
            "a.csv:3 evry-prefecture 13185   ",
            "a.csv:4 ! valeur_invalide counter",
        ]
    );
    let plannings: Vec<String> = version.rows("tentatives").iter().map(|row| row["planning_id"].clone()).collect();
    assert!(plannings[0].len() == 36 && plannings[0] == plannings[1], "{plannings:?}");
}

#[test]
fn a_mapping_that_reads_nothing_says_on_what_it_was_tried_and_what_was_there() {
    let foreign = Foreign::new(WIDE).file("a.csv", "date;office;08:30\n2019-04-16;evry-prefecture;libre\n");
    let run = foreign.run();
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let told = "source « robot » could read nothing: tried on a.csv:1, colonnes_inattendues; the line holds date, office, 08:30";
    assert!(run.stdout.contains(told), "{}", run.stdout);

    // Where a gate refuses, overruling it would publish an empty table: that is not what is offered.
    let foreign = Foreign::new(WIDE).file("a.csv", "date;office;08:30\n2019-04-16;evry-prefecture;libre\n");
    let pipeline = std::fs::read_to_string(foreign.pipeline().join("pipeline.toml")).unwrap();
    let strict = pipeline.replace("attempts_min = 0", "attempts_min = 1");
    std::fs::write(foreign.pipeline().join("pipeline.toml"), strict).unwrap();
    let run = foreign.run();
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(run.stderr.contains("guichets explain") && run.stderr.contains("tried on a.csv:1"), "{}", run.stderr);
    assert!(!run.stderr.contains("--accept"), "{}", run.stderr);
}
