//! Each table, column and code is declared once, and what follows from it follows: a new table or source needs no Rust,
//! and nothing that is not declared can leave.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use guichets_ouverts::attempt::{Failure, MAPPED_FIELDS, System};
use guichets_ouverts::config::{
    Each, EvidenceSettings, FullMapping, Method, ProbeSettings, SourceMapping, TimeMapping, Unpivot,
};
use guichets_ouverts::ingest::Reason;
use guichets_ouverts::outcome::Outcome;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    Attempts, Kind, Run, Store, append, copy_project, guichets, guichets_of, json as read_json, root, tree,
};

const AS_OF: &str = "2019-05-01T00:00:00+02:00";
const SCHEDULE: &str = "*,*,2019-01-01T00:00:00+01:00,,60,true,essai";

/// A copy of what a run reads of the project.
fn project() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy_project(folder.path());
    folder
}

/// Runs a few attempts through a project, into a store of their own.
fn run(project: &Path) -> (Store, Run) {
    let logs = Attempts::on("evry-prefecture").saw(Kind::No, 10, "2019-04-16T08:00:00Z");
    let store = Store::of(project);
    let run = store.run(&logs.pipeline("", SCHEDULE), &[&logs.path()], AS_OF, &[]);
    (store, run)
}

/// The schema of a table that counts attempts by counter.
fn schema_of_a_new_table() -> Value {
    let field = |name: &str, kind: &str, example: &str| {
        json!({ "name": name, "title": "Titre", "title_en": "Title", "type": kind, "description": format!("Le champ {name}."),
            "description_en": format!("The field {name}."), "example": example, "constraints": { "required": true } })
    };
    let mut schema = read_json(&root().join("schemas/tables/lacunes.json"));
    schema["name"] = "essais_par_guichet".into();
    schema["primaryKey"] = json!(["guichet_id"]);
    schema["guichets"] = json!({ "origin": "model", "formats": ["parquet", "csv", "xlsx"], "order": ["guichet_id"] });
    schema["fields"] = json!([field("guichet_id", "string", "evry-prefecture"), field("essais", "integer", "10")]);
    schema
}

fn add_table(project: &Path, schema: &Value, sql: &str) {
    let name = schema["name"].as_str().unwrap();
    fs::write(project.join(format!("schemas/tables/{name}.json")), schema.to_string()).unwrap();
    fs::write(project.join(format!("pipelines/models/{name}.sql")), sql).unwrap();
}

const COUNT: &str = "SELECT guichet_id, COUNT(*) AS essais FROM tentatives GROUP BY guichet_id";

#[test]
fn a_table_is_one_query_and_one_schema() {
    let project = project();
    add_table(project.path(), &schema_of_a_new_table(), COUNT);
    let checked = guichets_of(project.path(), project.path(), ["schema", "check"]);
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);

    let (store, run) = run(project.path());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let rows = store.rows("essais_par_guichet");
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0]["guichet_id"].as_str(), rows[0]["essais"].as_str()), ("evry-prefecture", "10"));
    let latest = store.path().join("latest");
    for name in ["essais_par_guichet.parquet", "essais_par_guichet.xlsx", "models/essais_par_guichet.sql"] {
        assert!(latest.join(name).is_file(), "{name}");
    }
    let dictionary = fs::read_to_string(latest.join("dictionnaire.fr.html")).unwrap();
    assert!(dictionary.contains("Le champ essais."));
}

/// What a run of a project says that is not in order; nothing is published.
fn refusal(project: &Path, code: i32) -> String {
    let (store, run) = run(project);
    assert_eq!(run.code, Some(code), "{}", run.stderr);
    assert!(store.tree().is_empty(), "{:?}", store.tree().keys());
    run.stderr
}

#[test]
fn a_column_that_is_not_declared_cannot_leave() {
    let project = project();
    let sql = COUNT.replace("COUNT(*)", "MAX(tentative_id) AS en_trop, COUNT(*)");
    add_table(project.path(), &schema_of_a_new_table(), &sql);
    let told = refusal(project.path(), 70);
    assert!(told.contains("schemas/tables/essais_par_guichet.json"), "{told}");
    assert!(told.contains("the column en_trop is not declared"), "{told}");
}

#[test]
fn a_declared_column_that_nothing_makes_stops_the_run() {
    let project = project();
    add_table(project.path(), &schema_of_a_new_table(), "SELECT DISTINCT guichet_id FROM tentatives");
    let told = refusal(project.path(), 70);
    assert!(told.contains("the declared column essais is missing"), "{told}");
}

#[test]
fn a_declared_table_that_nothing_makes_stops_the_run() {
    let project = project();
    add_table(project.path(), &schema_of_a_new_table(), COUNT);
    fs::remove_file(project.path().join("pipelines/models/essais_par_guichet.sql")).unwrap();
    let told = refusal(project.path(), 2);
    assert!(told.contains("essais_par_guichet") && told.contains("pipelines/models/essais_par_guichet.sql"), "{told}");
    assert_eq!(guichets_of(project.path(), project.path(), ["schema", "check"]).code, Some(2));
}

#[test]
fn a_model_of_a_table_that_is_not_declared_stops_the_run() {
    let project = project();
    fs::write(project.path().join("pipelines/models/clandestine.sql"), COUNT).unwrap();
    let told = refusal(project.path(), 2);
    assert!(told.contains("clandestine"), "{told}");
}

/// Where a model stands and what its table's schema says are one thing.
#[test]
fn an_intermediate_table_says_so_in_both_places() {
    let project = project();
    let check = || guichets_of(project.path(), project.path(), ["schema", "check"]);
    let mut schema = schema_of_a_new_table();
    schema["guichets"]["intermediate"] = json!(true);
    add_table(project.path(), &schema, COUNT);
    let told = check();
    assert_eq!(told.code, Some(2));
    assert!(told.stderr.contains("essais_par_guichet") && told.stderr.contains("intermediaires"), "{}", told.stderr);

    let models = project.path().join("pipelines/models");
    let moved = models.join("intermediaires/essais_par_guichet.sql");
    fs::rename(models.join("essais_par_guichet.sql"), &moved).unwrap();
    assert_eq!(check().code, Some(0));

    schema["guichets"]["intermediate"] = json!(false);
    fs::write(project.path().join("schemas/tables/essais_par_guichet.json"), schema.to_string()).unwrap();
    let told = check();
    assert_eq!(told.code, Some(2));
    assert!(told.stderr.contains("schemas/tables/essais_par_guichet.json"), "{}", told.stderr);
}

/// From the version of its schema on that a row names, the new name is there and the old one is not.
#[test]
fn the_former_names_lead_to_columns_that_are_there() {
    let version = |text: &str| -> Vec<u32> { text.split('.').map(|part| part.parse().unwrap()).collect() };
    let path = root().join("data/registry/anciens_noms.csv");
    let mut rows = csv::Reader::from_path(path).unwrap();
    let headers = rows.headers().unwrap().clone();
    let mut seen = 0;
    for row in rows.records() {
        let row = row.unwrap();
        let cell = |name: &str| &row[headers.iter().position(|header| header == name).unwrap()];
        let [old_table, old, new_table, new] =
            ["table_ancienne", "colonne_ancienne", "table_nouvelle", "colonne_nouvelle"].map(cell);
        let [before, since] = ["version_ancienne", "version_nouvelle"].map(cell);
        assert_eq!(new_table.is_empty(), new.is_empty(), "{row:?}");
        // Of a table that is gone there is no schema.
        let schema = |name: &str| root().join(format!("schemas/tables/{name}.json")).is_file().then(|| table(name));
        let has = |schema: &Value, column: &str| column == "*" || columns(schema).contains(&column);
        let at = |schema: &Value| version(schema["version"].as_str().unwrap());
        seen += 1;
        if new.is_empty() {
            assert!(schema(old_table).is_none_or(|old_schema| !has(&old_schema, old)), "{row:?}");
            continue;
        }
        let found = schema(new_table).unwrap_or_else(|| panic!("no table {new_table}: {row:?}"));
        if old_table == new_table {
            assert!(version(before) < version(since), "{row:?}");
        }
        if at(&found) < version(since) {
            // The row is of the next version of the schema, and not of a later one.
            assert_eq!(at(&found)[0] + 1, version(since)[0], "{row:?}");
            continue;
        }
        assert!(has(&found, new), "{new_table} has no column {new}: {row:?}");
        if let Some(old_schema) = schema(old_table) {
            assert!(!has(&old_schema, old), "{old_table} still has {old}: {row:?}");
        }
    }
    assert!(seen > 0);
}

#[test]
fn a_source_is_one_folder() {
    let project = project();
    let folder = project.path().join("pipelines/autre-robot");
    fs::create_dir_all(&folder).unwrap();
    let pipeline = r#"
        name = "autre-robot"
        title = "Autre robot"
        title_en = "Another robot"
        description = "Un journal d'une autre forme."
        outcome_rules = "../seine-maritime-2022/outcome-rules.toml"
        registry.folders = ["data/registry"]
        [[source]]
        name = "autre-robot"
        files = "*.csv"
        format = "csv"
        header = true
        delimiter = ";"
        time = { value = "{quand}", format = "%d/%m/%Y %H:%M", zone = "Europe/Paris" }
        fields = { counter = "{ou}-prefecture", procedure = "premier-titre", "slots.count" = "{libres}" }
    "#;
    fs::write(folder.join("pipeline.toml"), pipeline).unwrap();
    let header = "guichet_id,demarche_id,debut,fin,cadence_min,negatifs_consignes,source";
    fs::write(folder.join("schedule.csv"), format!("{header}\n{SCHEDULE}\n")).unwrap();
    let logs = project.path().join("journal.csv");
    fs::write(&logs, "quand;ou;libres\n16/04/2019 08:00;evry;0\n").unwrap();
    append(&logs, "16/04/2019 09:00;evry;3\n");

    let store = Store::of(project.path());
    let run = store.run(Path::new("autre-robot"), &[&logs], AS_OF, &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let day = store.rows("disponibilite_jour").into_iter().find(|row| row["jour"] == "2019-04-16").unwrap();
    assert_eq!((day["oui"].as_str(), day["non"].as_str()), ("1", "1"));
}

fn table(name: &str) -> Value {
    read_json(&root().join(format!("schemas/tables/{name}.json")))
}

fn columns(table: &Value) -> Vec<&str> {
    table["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect()
}

/// The values that a column may hold.
fn allowed(table: &Value, column: &str) -> Vec<String> {
    let field = table["fields"].as_array().unwrap().iter().find(|field| field["name"] == column).unwrap();
    field["constraints"]["enum"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_codes_of_the_schemas_are_those_of_the_program() {
    let (attempts, quarantine) = (table("tentatives"), table("quarantaine"));
    let outcomes: Vec<&str> = Outcome::ALL.iter().map(|outcome| outcome.code()).collect();
    assert_eq!(allowed(&attempts, "issue"), outcomes);
    assert_eq!(allowed(&table("regles"), "issue"), outcomes);
    let set = |codes: Vec<String>| codes.into_iter().collect::<BTreeSet<_>>();
    let of = |codes: &mut dyn Iterator<Item = &'static str>| codes.map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(set(allowed(&quarantine, "motif")), of(&mut Reason::ALL.iter().map(|reason| reason.code())));
    assert_eq!(set(allowed(&attempts, "systeme")), of(&mut System::ALL.iter().map(|system| system.code())));
    assert_eq!(set(allowed(&attempts, "echec")), of(&mut Failure::ALL.iter().map(|failure| failure.code())));
    let answers = Outcome::ALL.iter().map(|outcome| outcome.answer().code());
    assert_eq!(set(allowed(&attempts, "reponse")), of(&mut answers.into_iter()));
}

#[test]
fn each_outcome_has_its_column_in_each_table_of_availability() {
    for name in ["disponibilite_jour", "disponibilite_semaine", "disponibilite_mois"] {
        let table = table(name);
        let columns = columns(&table);
        let first = columns.iter().position(|column| *column == Outcome::ALL[0].code()).unwrap();
        let outcomes: Vec<&str> = Outcome::ALL.iter().map(|outcome| outcome.code()).collect();
        assert_eq!(columns[first..first + outcomes.len()], outcomes, "{name}");
    }
}

#[test]
fn the_published_settings_are_those_of_the_configuration() {
    let settings = serde_json::to_value(Method::default()).unwrap();
    let settings: Vec<&str> = settings.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(columns(&table("parametres")), settings);
}

#[test]
fn a_foreign_log_maps_to_fields_of_the_contract() {
    let contract = read_json(&root().join("schemas/raw/attempt-v1.schema.json"));
    for field in MAPPED_FIELDS {
        let found = field.split('.').try_fold(&contract, |schema, name| schema["properties"].get(name));
        assert!(found.is_some(), "{field} is not in the contract");
    }
}

#[test]
fn the_dictionary_explains_each_column_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    for (language, description) in [("fr", "description"), ("en", "description_en")] {
        let told = guichets(folder.path(), ["schema", "docs", "--lang", language, "--format", "markdown"]);
        assert_eq!(told.code, Some(0), "{}", told.stderr);
        // What Markdown would take for its own is escaped.
        let told = told.stdout.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").replace('\\', "");
        for entry in fs::read_dir(root().join("schemas/tables")).unwrap() {
            let table = read_json(&entry.unwrap().path());
            let name = table["name"].as_str().unwrap();
            let anchor = format!("<a id=\"table-{name}\"></a>");
            let section = told.split(&anchor).nth(1).unwrap_or_else(|| panic!("{name} has no section"));
            let section = section.split("<a id=").next().unwrap();
            for field in table["fields"].as_array().unwrap() {
                let row = format!("| `{}` |", field["name"].as_str().unwrap());
                let row =
                    section.lines().find(|line| line.starts_with(&row)).unwrap_or_else(|| panic!("{name}: {row}"));
                let wanted = field[description].as_str().unwrap().replace('\\', "");
                assert!(row.contains(&wanted), "{name}: {row} does not say « {wanted} »");
            }
        }
    }
}

/// The keys that a table of `pipeline.toml` may have.
fn keys_of<T: serde::de::DeserializeOwned>() -> Vec<String> {
    let error = toml::from_str::<T>("\"?\" = 0").err().unwrap().to_string();
    let known = error.split_once("expected").unwrap().1;
    known.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_key_of_a_mapping_is_described() {
    let text = fs::read_to_string(root().join("pipelines/README.md")).unwrap();
    let section = |title: &str| {
        let from = text.find(&format!("# {title}\n")).unwrap_or_else(|| panic!("no section {title}"));
        text[from..].split("\n#").next().unwrap().to_owned()
    };
    let described = |title: &str, keys: Vec<String>| {
        let section = section(title);
        let missing: Vec<&String> = keys.iter().filter(|key| !section.contains(&format!("| `{key}` |"))).collect();
        assert!(!keys.is_empty() && missing.is_empty(), "{title}: {missing:?} of {keys:?}");
    };
    described("`[[source]]`", keys_of::<SourceMapping>());
    described("`time`", keys_of::<TimeMapping>());
    described("`fields`", keys_of::<FullMapping>());
    described("`unpivot`", keys_of::<Unpivot>());
    described("`each`", keys_of::<Each>());
    described("`[probe]`", keys_of::<ProbeSettings>());
    described("`[evidence]`", keys_of::<EvidenceSettings>());
}

/// The engine reads the table then, and says nothing.
#[test]
fn no_query_within_a_model_bears_the_name_of_a_table() {
    let named = regex::Regex::new(r"(?m)^(?:WITH )?(\w+) AS \($").unwrap();
    let models = tree(&root().join("pipelines/models"));
    assert!(models.len() > 30);
    let tables: Vec<String> =
        tree(&root().join("schemas/tables")).keys().map(|path| path.trim_end_matches(".json").to_owned()).collect();
    for (path, bytes) in models {
        let sql = String::from_utf8(bytes).unwrap();
        for name in named.captures_iter(&sql) {
            assert!(!tables.contains(&name[1].to_owned()), "{path}: {}", &name[1]);
        }
    }
}
