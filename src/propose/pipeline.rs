//! The files of a proposed pipeline, with what a person must look at marked in them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, Datelike, NaiveDateTime, Utc};

use super::fields::Roles;
use super::proposal::{Proposal, Said};
use super::sample::Sample;
use super::table::Table;
use super::text::{plain, quoted};
use super::times::Times;

/// Marks what the log does not tell.
const TO_FILL: &str = "à compléter";
/// Marks what it suggests.
const TO_CONFIRM: &str = "à confirmer";

const SCHEMA: &str =
    "https://github.com/guichets-ouverts/guichets-ouverts/raw/HEAD/schemas/config/pipeline.schema.json";

/// Minutes between two looks, where nothing tells.
const CADENCE_MIN: i64 = 60;

/// Words that say that there was one, or none, where a robot says how a look ended in a word of its own. « unavailable » and
/// « None » are not among them: a robot that could not look says so too.
const SOME: [&str; 6] = ["libre", "free", "available", "disponible", "oui", "yes"];
const NONE: [&str; 6] = ["complet", "full", "aucun", "non", "no", "taken"];

/// The rules of a log whose count of free slots is all there is.
const ON_THE_COUNT: &str = r#"# Outcome rules of a log that keeps no page: a count of free slots is all there is. The vocabulary stands at the top of
# pipelines/rendez-vous/outcome-rules.toml.

version = "1"

[[rule]]
id = "compte-positif"
outcome = "rdv_propose"
when.slots = "some"
description = "Au moins un créneau libre."
source = "Colonne du nombre de créneaux libres du journal."

[[rule]]
id = "compte-nul"
outcome = "aucun_rdv"
when.slots = "none"
description = "Aucun créneau libre."
source = "Colonne du nombre de créneaux libres du journal."

[[rule]]
id = "compte-absent"
outcome = "page_non_reconnue"
description = "Le journal ne donne pas de compte : ni oui, ni non."
source = "Principe de la méthode."
"#;

/// The pipeline of logs of the contract.
pub fn of_the_contract(name: &str, times: Option<&[DateTime<Utc>]>, proposal: &mut Proposal) {
    let instants: Vec<Option<NaiveDateTime>> =
        times.into_iter().flatten().map(|instant| Some(instant.naive_utc())).collect();
    let mut text = head(name, "logs of the contract attempt/1, which need no mapping", proposal);
    text.push_str("outcome_rules = \"rendez-vous\"   # those of the pipeline of that name\n");
    text.push_str("\n# Lines of other counters and procedures are set aside; unknown = \"accept\" takes them, in the zone that it states.\n");
    text.push_str("[registry]\nfolders = [\"data/registry\"]\n");
    proposal.files.insert("pipeline.toml".to_owned(), text);
    schedule(&instants, &[], true, proposal);
}

/// The pipeline of logs of another shape.
pub fn of_a_table(name: &str, found: (&Sample, &Table, &Times, &Roles), said: &Said, proposal: &mut Proposal) {
    let (sample, table, times, roles) = found;
    tell(table, times, roles, proposal);
    let mut text = head(name, &format!("logs like {}", plain(&sample.name)), proposal);
    let is_of_pages = roles.mapped.iter().any(|mapped| mapped.field == "page_text");
    if is_of_pages {
        text.push_str("outcome_rules = \"rendez-vous\"   # sentences of prefectures; other sites need their own\n");
        proposal.suppose(
            "outcome_rules",
            "the sentences of prefectures are looked for on its pages; other sites need their own",
        );
    } else {
        let list = if roles.words.is_empty() { ON_THE_COUNT.to_owned() } else { rules_of(&roles.words, proposal) };
        proposal.files.insert("outcome-rules.toml".to_owned(), list);
    }
    registry(&mut text, roles, said, proposal);
    source(&mut text, name, (sample, table), roles, proposal);
    time(&mut text, times, said, proposal);
    fields(&mut text, roles, proposal);
    proposal.missing.extend(roles.missing.iter().cloned());
    proposal.files.insert("pipeline.toml".to_owned(), text);
    let says_none = roles.has_zero.unwrap_or(true);
    if roles.has_zero == Some(false) {
        proposal.suppose(
            "schedule.csv negatifs_consignes",
            "no count of the sample is 0: the log is taken for one that cannot say « none »",
        );
    }
    schedule(&times.instants, &roles.services, says_none, proposal);
}

fn head(name: &str, what: &str, proposal: &mut Proposal) -> String {
    for key in ["title", "title_en", "description"] {
        proposal.suppose(key, "it is published, and is the name alone");
    }
    let name = quoted(name);
    format!(
        "#:schema {SCHEMA}\n# Proposed by `guichets init`: {what}.\n# « {TO_FILL} » marks what the log does not tell: until it stands \
         there, the pipeline is refused. « {TO_CONFIRM} » marks what\n# is supposed. docs/CONFIGURATION.md has every key, \
         pipelines/README.md tells how logs are mapped.\n\nname = {name}\ntitle = {name}   # {TO_CONFIRM}: one line, in French\n\
         title_en = {name}   # {TO_CONFIRM}: one line, in English\ndescription = {name}   # {TO_CONFIRM}: what is published, in French\n"
    )
}

fn tell(table: &Table, times: &Times, roles: &Roles, proposal: &mut Proposal) {
    let shape = match (table.delimiter, &table.each) {
        (Some(delimiter), _) => {
            let names = if table.header { "its first line names the columns" } else { "without a line of names" };
            format!("delimited by {}, {names}", quoted(&char::from(delimiter).to_string()))
        }
        (None, Some(path)) if path.is_empty() => "JSON lines, each a list".to_owned(),
        (None, Some(path)) => format!("JSON lines, each with a list « {path} »"),
        (None, None) => "JSON lines".to_owned(),
    };
    let told = &mut proposal.found;
    told.push(shape);
    told.push(format!("started_at from {}, {}, such as « {} »", times.template, times.format, plain(&times.example)));
    told.extend(roles.mapped.iter().map(|mapped| {
        let steps: Vec<String> = mapped.steps.iter().map(|(key, value)| format!(", {key} = {value}")).collect();
        format!("{} from {}{}", mapped.field, mapped.template, steps.concat())
    }));
    if !roles.unused.is_empty() {
        told.push(format!("not used: {}", plain(&roles.unused.join(", "))));
    }
    if table.odd > 0 {
        told.push(format!("{} lines of the sample are not of this shape", table.odd));
    }
}

fn registry(text: &mut String, roles: &Roles, said: &Said, proposal: &mut Proposal) {
    text.push_str("\n[registry]\nfolders = [\"data/registry\"]\n");
    let has_service = |field: &str| roles.mapped.iter().any(|mapped| mapped.field == field);
    if roles.is_known && has_service("counter") && has_service("procedure") {
        return;
    }
    let _ = writeln!(
        text,
        "# The registry does not know its counters or procedures: they are taken as they are.\nunknown = \"accept\""
    );
    if let Some(zone) = said.zone {
        let _ = writeln!(text, "zone = {}", quoted(zone.name()));
        return;
    }
    let _ = writeln!(text, "# zone = \"Europe/Paris\"   # {TO_FILL}: the zone of the counters");
    let why = "the registry does not know the counters, and no line tells in which zone they are; --zone says it";
    proposal.missing("registry.zone", why);
}

fn source(text: &mut String, name: &str, (sample, table): (&Sample, &Table), roles: &Roles, proposal: &mut Proposal) {
    let ending = sample.name.find('.').map_or("", |at| &sample.name[at..]);
    let files = match ending {
        "" | "." => glob::Pattern::escape(&sample.name),
        ending => format!("*{}", glob::Pattern::escape(ending)),
    };
    let _ = writeln!(
        text,
        "\n[[source]]\nname = {}   # never change it: ids are made of it\nfiles = {}",
        quoted(name),
        quoted(&files)
    );
    if roles.by_file_name {
        let pattern = format!("(?<service>[^/]+){}$", regex::escape(ending));
        let _ = writeln!(text, "file_name = {}", quoted(&pattern));
    }
    match table.delimiter {
        None => text.push_str("format = \"ndjson\"\n"),
        Some(delimiter) => {
            text.push_str("format = \"csv\"\n");
            if delimiter != b',' {
                let _ = writeln!(text, "delimiter = {}", quoted(&char::from(delimiter).to_string()));
            }
            if table.header {
                text.push_str("header = true\n");
            } else {
                let names: Vec<String> = table.columns.iter().map(|column| quoted(&column.name)).collect();
                let _ = writeln!(text, "columns = [{}]", names.join(", "));
            }
        }
    }
    if sample.is_undeclared {
        let _ = writeln!(text, "encoding = \"windows-1252\"   # {TO_CONFIRM}: it is not UTF-8");
        proposal.suppose(
            "source.encoding",
            "its bytes are not UTF-8, and no mark tells what they are: windows-1252 is supposed",
        );
    }
    if sample.is_cut && table.delimiter.is_some() {
        let _ = writeln!(
            text,
            "# final_newline = \"optional\"   # {TO_CONFIRM}: the last line has no line end, and is set aside as cut without this"
        );
        proposal.suppose(
            "source.final_newline",
            "the last line has no line end: it is set aside as cut, unless whoever writes the log leaves the end out",
        );
    }
    if let Some(path) = &table.each {
        let path = if path.is_empty() { String::new() } else { format!("path = {}", quoted(path)) };
        let _ = writeln!(text, "each = {{ {path} }}");
    }
}

fn time(text: &mut String, times: &Times, said: &Said, proposal: &mut Proposal) {
    let _ = writeln!(
        text,
        "\n[source.time]\nvalue = {}   # such as « {} »\nformat = {}",
        quoted(&times.template),
        plain(&times.example),
        quoted(&times.format)
    );
    if !times.rivals.is_empty() {
        let rivals = times.rivals.join(" or ");
        let _ = writeln!(text, "# {TO_CONFIRM}: {rivals} reads it as well, and as other times");
        proposal.suppose(
            "source.time.format",
            format!("{} is supposed; {rivals} reads it as well, and as other times", times.format),
        );
    }
    if !times.others.is_empty() {
        proposal.suppose(
            "source.time.value",
            format!("{} is taken for when somebody looked; {} are times too", times.template, times.others.join(", ")),
        );
    }
    match said.zone {
        Some(zone) if times.is_local => {
            let _ = writeln!(text, "zone = {}", quoted(zone.name()));
        }
        None if times.is_local => {
            let _ =
                writeln!(text, "# zone = \"Europe/Paris\"   # {TO_FILL}: the zone of the clock that wrote these times");
            proposal.missing(
                "source.time.zone",
                "its times have no offset, and no line tells in which zone they are; --zone says it",
            );
        }
        _ => {}
    }
}

fn fields(text: &mut String, roles: &Roles, proposal: &mut Proposal) {
    text.push_str("\n[source.fields]\n");
    for mapped in &roles.mapped {
        let key = if mapped.field.contains('.') { quoted(&mapped.field) } else { mapped.field.clone() };
        let template = quoted(&mapped.template);
        let steps: Vec<String> = mapped.steps.iter().map(|(key, value)| format!(", {key} = {value}")).collect();
        let value = if steps.is_empty() { template } else { format!("{{ value = {template}{} }}", steps.concat()) };
        let mark =
            mapped.supposed.as_ref().map_or_else(String::new, |why| format!("   # {TO_CONFIRM}: {}", plain(why)));
        let _ = writeln!(text, "{key} = {value}{mark}");
        if let Some(why) = &mapped.supposed {
            proposal.suppose(&format!("source.fields.{key}"), why.clone());
        }
    }
    for missing in &roles.missing {
        let field = missing.key.trim_start_matches("source.fields.");
        let _ = writeln!(text, "# {field} = \"\"   # {TO_FILL}: {}", missing.why);
    }
}

/// A rule for each word; one that is in no list is left unknown, and named.
fn rules_of(words: &[String], proposal: &mut Proposal) -> String {
    let of = |among: &[&str]| -> Vec<String> {
        words
            .iter()
            .filter(|word| among.contains(&word.trim().to_lowercase().as_str()))
            .map(|word| quoted(word))
            .collect()
    };
    let (some, none) = (of(&SOME), of(&NONE));
    let mut text = "# What the words of the log mean. What is in no rule is unknown: « we could not look » is never « there was none ».\n\nversion = \"1\"\n".to_owned();
    for (id, outcome, described, words) in [
        ("mot-oui", "rdv_propose", "Le journal dit qu'il y a un rendez-vous.", &some),
        ("mot-non", "aucun_rdv", "Le journal dit qu'il n'y a aucun rendez-vous.", &none),
    ] {
        if words.is_empty() {
            proposal.suppose(
                &format!("outcome-rules.toml {id}"),
                format!("no word of the log is known to mean {outcome}: there is no such answer"),
            );
            let _ = writeln!(text, "\n# {TO_CONFIRM}: no rule of the outcome {outcome}; one has when.step = [\"…\"]");
            continue;
        }
        let listed = words.join(", ");
        proposal.suppose(&format!("outcome-rules.toml {id}"), format!("{listed} is taken for {outcome}"));
        let _ = writeln!(
            text,
            "\n[[rule]]\nid = \"{id}\"\noutcome = \"{outcome}\"\nwhen.step = [{listed}]   # {TO_CONFIRM}\ndescription = \"{described}\"\n\
             source = \"Mot du journal, sens supposé.\""
        );
    }
    let rest: Vec<String> =
        words.iter().map(|word| quoted(word)).filter(|word| !some.contains(word) && !none.contains(word)).collect();
    if !rest.is_empty() {
        let listed = plain(&rest.join(", "));
        proposal.suppose("outcome-rules.toml", format!("{listed}: unknown, until a rule says what each means"));
        let _ = writeln!(text, "\n# {TO_CONFIRM}: {listed} have no rule, and are unknown.");
    }
    text.push_str(
        "\n[[rule]]\nid = \"mot-inconnu\"\noutcome = \"page_non_reconnue\"\ndescription = \"Aucune règle ne connaît ce mot : ni oui, ni non.\"\n\
         source = \"Principe de la méthode.\"\n",
    );
    text
}

/// `schedule.csv`: one row for every service, from the year of the first look on.
fn schedule(instants: &[Option<NaiveDateTime>], services: &[String], says_none: bool, proposal: &mut Proposal) {
    let told = cadence(instants, services);
    let cadence = told.unwrap_or(CADENCE_MIN);
    let how = match told {
        Some(minutes) => format!("{minutes} min from one look at a service to the next is what the sample shows most"),
        None => format!("{CADENCE_MIN} min from one look at a service to the next is supposed: nothing tells"),
    };
    proposal.suppose("schedule.csv cadence_min", how);
    let year = instants.iter().flatten().map(Datelike::year).min().map_or(2000, |year| year.max(2001) - 1);
    proposal.suppose(
        "schedule.csv debut",
        format!("lines before {year} are set aside; a service is in scope from its first look on"),
    );
    let text = format!(
        "guichet_id,demarche_id,debut,fin,cadence_min,negatifs_consignes,source\n\
         *,*,{year}-01-01T00:00:00Z,,{cadence},{says_none},cadence supposée ({TO_CONFIRM})\n"
    );
    proposal.files.insert("schedule.csv".to_owned(), text);
}

/// The minutes that stand most often between two looks at one service.
fn cadence(instants: &[Option<NaiveDateTime>], services: &[String]) -> Option<i64> {
    let mut by_service: BTreeMap<&str, Vec<NaiveDateTime>> = BTreeMap::new();
    for (at, instant) in instants.iter().enumerate() {
        let service = services.get(at).map_or("", String::as_str);
        by_service.entry(service).or_default().extend(*instant);
    }
    let mut gaps: BTreeMap<i64, usize> = BTreeMap::new();
    for looks in by_service.values_mut() {
        looks.sort_unstable();
        for pair in looks.windows(2) {
            // Retries and plannings of one cycle lie within a minute or two.
            let minutes = ((pair[1] - pair[0]).num_seconds() + 30) / 60;
            if minutes >= 5 {
                *gaps.entry(minutes).or_default() += 1;
            }
        }
    }
    let (minutes, times) = gaps.into_iter().max_by_key(|(minutes, times)| (*times, std::cmp::Reverse(*minutes)))?;
    (times >= 2).then_some(minutes)
}
