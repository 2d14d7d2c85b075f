//! A line is an attempt exactly as it was written, or it is set aside: no quote, no line end, no header and no encoding
//! makes anything else of it.

use crate::support::foreign::{Foreign, HEADED, PLAIN, accounts, fates};

const COUNT: &[&str] = &["creneaux"];

/// The line of an hour.
fn line(hour: u32, free: &str) -> String {
    format!("2019-04-16T{hour:02}:00:00+02:00,evry-prefecture,{free}")
}

fn lines(frees: &[&str], end: &str) -> String {
    (8..).zip(frees).map(|(hour, free)| line(hour, free) + end).collect()
}

#[test]
fn carriage_returns_end_lines_where_nothing_else_does() {
    let headed = "quand,guichet,libres\r".to_owned() + &lines(&["0", "3", "\"0\"", "1"], "\r");
    let version = Foreign::new(HEADED).file("mac.csv", headed).version();
    assert_eq!(fates(&version, COUNT), ["mac.csv:2 0", "mac.csv:3 3", "mac.csv:4 0", "mac.csv:5 1"]);
    assert_eq!(accounts(&version), ["mac.csv 1 4 4 4 0 0 0 0"]);
    // The first of two line ends decides nothing: what stands behind it is in the buffer already.
    let joined = lines(&["0"], "\r\n") + &lines(&["3", "1"], "\r") + &lines(&["2"], "\n");
    let version = Foreign::new(PLAIN).file("joined.csv", joined).version();
    assert_eq!(fates(&version, COUNT), ["joined.csv:1 0", "joined.csv:2 ! colonnes_inattendues"]);
}

#[test]
fn what_stands_behind_a_lone_carriage_return_is_not_dropped() {
    let raw = [
        line(8, "0"),
        line(9, "1") + "\r" + &line(10, "5"),
        line(11, "\"0\"") + "\r" + &line(12, "5"),
        // A value may hold one, between quotes.
        line(13, "\"2\"").replace("evry-prefecture", "\"evry-prefecture\""),
        line(14, "\"4\r\""),
    ];
    let version = Foreign::new(PLAIN).file("a.csv", raw.join("\n") + "\n").version();
    assert_eq!(
        fates(&version, COUNT),
        ["a.csv:1 0", "a.csv:2 ! colonnes_inattendues", "a.csv:3 ! guillemets_irreguliers", "a.csv:4 2", "a.csv:5 4",]
    );
}

#[test]
fn carriage_returns_before_a_line_end_are_no_part_of_the_last_value() {
    let source =
        PLAIN.replace("\"libres\"", "\"libres\", \"etape\"").replace("fields = {", "fields = { step = \"{etape}\",");
    let raw = lines(&["0,/2", "3,/4"], "\r\r\n");
    let version = Foreign::new(&source).file("a.csv", raw).version();
    assert_eq!(fates(&version, &["creneaux", "etape"]), ["a.csv:1 0 /2", "a.csv:2 3 /4"]);
}

const WITH_TEXT: &str = r#"
files = "*.csv"
format = "csv"
columns = ["quand", "guichet", "texte"]
time = { value = "{quand}", format = "rfc3339" }
fields = { counter = "{guichet}", procedure = "premier-titre", system = "rdvpref", page_text = "{texte}" }
"#;

fn with_text(raw: &str) -> Vec<String> {
    let foreign = Foreign::with_rules(WITH_TEXT, "pipelines/rendez-vous/outcome-rules.toml");
    fates(&foreign.file("a.csv", raw).version(), &["reponse"])
}

#[test]
fn a_record_that_goes_on_over_the_line_is_no_answer_and_neither_is_a_line_copied_into_it() {
    let raw = [
        line(8, "\"Aucun créneau disponible"),
        "avant le 12 mai ; 3 créneaux le 12 mai : choisissez\"".to_owned(),
        line(9, "Aucun créneau disponible"),
        line(10, "\"Journal recopié :"),
        line(11, "Aucun créneau disponible"),
        String::new(),
        "fin\"".to_owned(),
        line(12, "Aucun créneau disponible"),
    ];
    assert_eq!(
        with_text(&(raw.join("\n") + "\n")),
        [
            "a.csv:1 ! enregistrement_multiligne",
            "a.csv:2 ! enregistrement_multiligne",
            "a.csv:3 non",
            "a.csv:4 ! enregistrement_multiligne",
            "a.csv:5 ! enregistrement_multiligne",
            "a.csv:6 ! enregistrement_multiligne",
            "a.csv:7 ! enregistrement_multiligne",
            "a.csv:8 non",
        ]
    );
}

#[test]
fn a_quote_too_many_sets_its_own_line_aside_and_no_other() {
    let raw = [
        line(8, "\"Aucun créneau disponible"),
        line(9, "Aucun créneau disponible"),
        line(10, "\"Aucun créneau disponible\" ou pas"),
        line(11, "\"Aucun créneau disponible\""),
        line(12, "\"Il dit \\\"Aucun créneau disponible\\\", puis rien\""),
        String::new(),
        line(13, "Aucun \"créneau\" disponible"),
        line(14, "\"Aucun créneau disponible"),
        line(15, "Aucun créneau disponible"),
    ];
    assert_eq!(
        with_text(&(raw.join("\n") + "\n")),
        [
            "a.csv:1 ! guillemets_irreguliers",
            "a.csv:2 non",
            "a.csv:3 ! guillemets_irreguliers",
            "a.csv:4 non",
            "a.csv:5 ! guillemets_irreguliers",
            "a.csv:7 inconnue",
            "a.csv:8 ! guillemets_irreguliers",
            "a.csv:9 non",
        ]
    );
}

#[test]
fn a_file_without_its_header_loses_no_line() {
    let version = Foreign::new(HEADED)
        .file("a.csv", "quand,guichet,libres\n".to_owned() + &lines(&["0", "0"], "\n"))
        .file("b-continued.csv", line(10, "5") + "\n")
        .version();
    assert_eq!(fates(&version, COUNT), ["a.csv:2 0", "a.csv:3 0", "b-continued.csv:1 ! colonnes_inattendues"]);
    assert_eq!(accounts(&version), ["a.csv 1 2 2 2 0 0 0 0", "b-continued.csv 0 1 1 0 0 0 0 1"]);
}

#[test]
fn a_header_that_cannot_be_read_takes_no_line_with_it() {
    let rest = lines(&["0", "3", "0"], "\n");
    let latin = [b"quand,guichet,libres,\xE9tape\n".to_vec(), rest.replace('\n', ",/2\n").into_bytes()].concat();
    let long = format!("{}\nquand,guichet,libres\n{rest}", "x".repeat(2 << 20));
    let twice = format!("quand,guichet,libres,libres\n{}", rest.replace('\n', ",7\n"));
    let version =
        Foreign::new(HEADED).file("latin.csv", latin).file("long.csv", long).file("twice.csv", twice).version();
    assert_eq!(
        accounts(&version),
        ["latin.csv 0 4 4 0 0 0 0 4", "long.csv 1 4 4 3 0 0 0 1", "twice.csv 0 4 4 0 0 0 0 4"]
    );
    let fates = fates(&version, COUNT);
    assert_eq!(fates[0], "latin.csv:1 ! utf8_invalide");
    assert!(fates.contains(&"long.csv:1 ! ligne_trop_longue".to_owned()), "{fates:?}");
    assert!(fates.contains(&"twice.csv:1 ! champ_en_double".to_owned()), "{fates:?}");
}

#[test]
fn two_columns_of_one_name_matter_only_where_one_of_them_is_read() {
    let raw = "quand,guichet,libres,note,note\n".to_owned() + &lines(&["3,a,b"], "\n");
    assert_eq!(fates(&Foreign::new(HEADED).file("a.csv", raw).version(), COUNT), ["a.csv:2 3"]);
}

#[test]
fn columns_that_change_their_order_in_the_middle_are_read_by_their_names() {
    let raw = "quand,guichet,libres,places\n".to_owned()
        + &lines(&["0,7"], "\n")
        + "quand,guichet,places,libres\n"
        + &lines(&["7,0"], "\n").replace("T08", "T09")
        + "\u{feff}quand,guichet,libres,places\n"
        + &lines(&["1,7"], "\n").replace("T08", "T10")
        + "quand,guichet,free,places\n"
        + &lines(&["1,7", "1,8"], "\n").replace("T0", "T2");
    let version = Foreign::new(HEADED).file("a.csv", raw).version();
    assert_eq!(
        fates(&version, COUNT),
        [
            "a.csv:2 0",
            "a.csv:4 0",
            "a.csv:6 1",
            "a.csv:7 ! colonnes_inattendues",
            "a.csv:8 ! colonnes_inattendues",
            "a.csv:9 ! colonnes_inattendues",
        ]
    );
    assert_eq!(accounts(&version), ["a.csv 3 6 6 3 0 0 0 3"]);
}

#[test]
fn a_preamble_is_set_aside_and_the_header_behind_it_is_found() {
    let raw = "Export du 16/04/2019\n\nquand,guichet,libres\n".to_owned() + &lines(&["0"], "\n");
    let version = Foreign::new(HEADED).file("a.csv", raw).version();
    assert_eq!(fates(&version, COUNT), ["a.csv:1 ! colonnes_inattendues", "a.csv:4 0"]);
    assert_eq!(accounts(&version), ["a.csv 1 3 3 1 0 1 0 1"]);
}

#[test]
fn half_a_number_is_a_number_so_the_last_line_needs_its_end() {
    let cut = lines(&["0"], "\n") + &line(9, "12")[..line(9, "12").len() - 1];
    let foreign = |more: &str| Foreign::new(&(PLAIN.to_owned() + more)).file("a.csv", &cut).version();
    assert_eq!(fates(&foreign(""), COUNT), ["a.csv:1 0", "a.csv:2 ! ligne_tronquee"]);
    assert_eq!(fates(&foreign("final_newline = \"optional\""), COUNT), ["a.csv:1 0", "a.csv:2 1"]);
}

fn utf16(text: &str, little: bool) -> Vec<u8> {
    let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
    units.flat_map(|unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
}

#[test]
fn an_encoding_is_recognised_by_its_mark_or_declared_and_never_guessed() {
    let text = "quand,guichet,libres,étape\r\n".to_owned() + &lines(&["0,/2", "3,à"], "\r\n");
    let latin = encoding_rs::WINDOWS_1252.encode(&text).0.into_owned();
    let source = HEADED.replace("fields = {", "fields = { step = \"{étape}\",");
    let version = Foreign::new(&source)
        .file("a-little.csv", utf16(&text, true))
        .file("b-big.csv", utf16(&text.replace("-04-16", "-04-17"), false))
        .file("c-latin.csv", &latin)
        .version();
    assert_eq!(
        fates(&version, &["creneaux", "etape"])[..5],
        [
            "a-little.csv:2 0 /2",
            "a-little.csv:3 3 à",
            "b-big.csv:2 0 /2",
            "b-big.csv:3 3 à",
            "c-latin.csv:1 ! utf8_invalide"
        ]
    );
    // Offsets and lengths count the bytes of the file.
    let first = version.rows("tentatives").into_iter().find(|row| row["fichier_source"] == "a-little.csv").unwrap();
    let (header, line) = (text.split("\r\n").next().unwrap(), text.split("\r\n").nth(1).unwrap());
    let bytes = |text: &str| 2 * text.encode_utf16().count();
    assert_eq!(first["octet_source"], (2 + bytes(header) + 4).to_string());
    assert_eq!(first["longueur_source"], bytes(line).to_string());

    let declared = source + "\nencoding = \"windows-1252\"";
    let version =
        Foreign::new(&declared).file("a.csv", latin).file("b.csv", utf16(&text.replace("-16", "-17"), true)).version();
    assert_eq!(fates(&version, &["creneaux", "etape"]), ["a.csv:2 0 /2", "a.csv:3 3 à", "b.csv:2 0 /2", "b.csv:3 3 à"]);
    let run = Foreign::new(&(PLAIN.to_owned() + "encoding = \"shift_jis\"")).file("a.csv", "").run();
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("encoding « shift_jis » cannot be read line by line"), "{}", run.stderr);
}

const JSON: &str = r#"
files = "*.ndjson"
format = "ndjson"
time = { value = "{at}", format = "rfc3339" }
fields = { counter = "{site}", procedure = "premier-titre", "slots.count" = "{slots.free}" }
"#;

fn json(fields: &str) -> String {
    format!("{{\"at\":\"2019-04-16T08:00:00+02:00\",\"site\":\"evry-prefecture\",{fields}}}\n")
}

#[test]
fn a_key_that_is_there_twice_is_neither_of_the_two() {
    let raw = [
        json("\"slots\":{\"free\":3}"),
        json("\"slots\":{\"free\":3,\"free\":0}"),
        json("\"site\":\"bobigny-prefecture\",\"slots\":{\"free\":1}"),
        json("\"slots\":{\"free\":4},\"note\":{\"a\":1,\"a\":2}"),
        "[]\n".to_owned(),
        "3\n".to_owned(),
    ];
    assert_eq!(
        fates(&Foreign::new(JSON).file("a.ndjson", raw.concat()).version(), COUNT),
        [
            "a.ndjson:1 3",
            "a.ndjson:2 ! champ_en_double slots.count",
            "a.ndjson:3 ! champ_en_double",
            "a.ndjson:4 ! champ_en_double",
            "a.ndjson:5 ! json_invalide",
            "a.ndjson:6 ! json_invalide",
        ]
    );
}

#[test]
fn numbers_keep_every_digit_and_a_number_that_is_no_count_is_none() {
    let source = JSON.replace("fields = {", "fields = { planning = \"{plan}\", probe_version = \"{v}\",");
    let raw = [
        json("\"plan\":18446744073709551617,\"v\":2.10,\"slots\":{\"free\":1}"),
        json("\"plan\":18446744073709551618,\"v\":1e3,\"slots\":{\"free\":1}"),
        json("\"plan\":202104160000000000000001,\"v\":3,\"slots\":{\"free\":1.0}"),
    ];
    assert_eq!(
        fates(&Foreign::new(&source).file("a.ndjson", raw.concat()).version(), &["planning_id", "sonde_version"]),
        [
            "a.ndjson:1 18446744073709551617 2.10",
            "a.ndjson:2 18446744073709551618 1e3",
            "a.ndjson:3 ! type_invalide slots.count",
        ]
    );
}

#[test]
fn a_path_that_leads_nowhere_is_told_and_keys_with_dots_and_lists_can_be_named() {
    let raw = json("\"http.status\":200,\"slots\":[{\"free\":2},{\"free\":0}]");
    let with = |path: &str| {
        let source =
            JSON.replace("{slots.free}", path).replace("fields = {", "fields = { http_status = '{\"http.status\"}',");
        fates(&Foreign::new(&source).file("a.ndjson", &raw).version(), &["code_http", "creneaux"])
    };
    assert_eq!(with("{slots.0.free}"), ["a.ndjson:1 200 2"]);
    assert_eq!(with("{slots.1.free}"), ["a.ndjson:1 200 0"]);
    assert_eq!(with("{slots.2.free}"), ["a.ndjson:1 ! champ_manquant slots.count"]);
    assert_eq!(with("{slot.0.free}"), ["a.ndjson:1 ! champ_manquant slots.count"]);
    assert_eq!(with("{slots}"), ["a.ndjson:1 ! type_invalide slots.count"]);
    let lenient = JSON.replace("\"{slots.free}\"", "{ value = \"{slot.free}\", optional = true }");
    assert_eq!(fates(&Foreign::new(&lenient).file("a.ndjson", &raw).version(), &["reponse"]), ["a.ndjson:1 inconnue"]);
}

#[test]
fn a_header_is_known_by_any_of_its_names_and_a_record_never_for_one() {
    // A new first column, and capitals: figures behind them would stand for other things.
    let raw = |second: &str| {
        format!("robot,quand,guichet,libres,pris\nr,{}\n{second}\nr,{}\n", line(8, "0,7"), line(9, "7,0"))
    };
    let told = |text: String| fates(&Foreign::new(HEADED).file("a.csv", text).version(), COUNT);
    assert_eq!(told(raw("sonde,quand,guichet,pris,libres")), ["a.csv:2 0", "a.csv:4 0"]);
    assert_eq!(
        told(raw("Robot,Quand,Guichet,Pris,Libres")),
        ["a.csv:2 0", "a.csv:3 ! colonnes_inattendues", "a.csv:4 ! colonnes_inattendues"]
    );
    // A column without a name, and values without a word.
    let empty = format!("note,quand,guichet,libres,\n,{},\n,{},\n", line(8, ""), line(9, "1"));
    assert_eq!(told(empty), ["a.csv:2 ", "a.csv:3 1"]);
    // Columns whose names are numbers, and values that are those numbers.
    let hours = r#"
files = "*.csv"
file_name = '(?<jour>\d{4}-\d\d-\d\d)\.csv$'
format = "csv"
header = true
time = { value = "{jour} {column}:00", format = "%Y-%m-%d %H:%M", zone = "Europe/Paris" }
unpivot = { columns = '\d+' }
fields = { counter = "evry-prefecture", procedure = "premier-titre", "slots.count" = "{value}" }
"#;
    let version = Foreign::new(hours).file("2019-04-17.csv", "8,9,10\n9,8,10\n8,9,10\n").version();
    let told = fates(&version, &["heure_locale", "creneaux"]);
    let day = |hour: &str, free: &str| format!("2019-04-17.csv:2{hour}:00:00 {free}");
    assert_eq!(told, [day(" 08", "9"), day(".2 09", "8"), day(".3 10", "10")]);
    assert_eq!(accounts(&version), ["2019-04-17.csv 2 1 3 3 0 0 0 0"]);
}
