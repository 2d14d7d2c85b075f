//! Which column is which field of the contract: by its values where they decide, by its name where they do not.

use std::collections::{BTreeMap, BTreeSet};

use super::forms::date_format;
use super::proposal::{Doubt, Known, Said};
use super::sample::Sample;
use super::table::{Column, Table};
use super::text::{has_word, quoted};
use super::times::Times;
use crate::attempt::bounds::{HTTP_STATUS, IDENTIFIER_CHARS, SLOTS_MAX, is_identifier};
use crate::ingest::parse_id;

/// A field and what it is taken from.
#[derive(Debug, Clone)]
pub struct Mapped {
    /// The field of the contract.
    pub field: String,
    /// Its template.
    pub template: String,
    /// The steps beside it, as TOML.
    pub steps: Vec<(&'static str, String)>,
    /// What is supposed of it.
    pub supposed: Option<String>,
}

/// What the columns of a table are.
#[derive(Debug, Default)]
pub struct Roles {
    /// The fields, in the order in which they were found.
    pub mapped: Vec<Mapped>,
    /// Whether the name of the file is used, as `{service}`.
    pub by_file_name: bool,
    /// Whether the registry knows every counter and procedure of the sample.
    pub is_known: bool,
    /// The words by which a column says how a look ended, where nothing else does.
    pub words: Vec<String>,
    /// Whether a count says « none » somewhere; nothing where there is no count.
    pub has_zero: Option<bool>,
    /// What the sample does not tell.
    pub missing: Vec<Doubt>,
    /// Columns that are used for nothing.
    pub unused: Vec<String>,
    /// The service of each line: where its time differs, a look was another.
    pub services: Vec<String>,
}

const COUNTER: [&str; 16] = [
    "guichet",
    "counter",
    "office",
    "bureau",
    "site",
    "prefecture",
    "agency",
    "agence",
    "centre",
    "center",
    "source",
    "lieu",
    "city",
    "ville",
    "location",
    "place",
];
const PROCEDURE: [&str; 10] =
    ["demarche", "procedure", "service", "motif", "prestation", "concern", "anliegen", "task", "type", "category"];
const PLANNING: [&str; 4] = ["planning", "desk", "location", "calendar"];
const COUNT: [&str; 14] = [
    "libre",
    "libres",
    "free",
    "creneau",
    "creneaux",
    "slots",
    "slot",
    "available",
    "disponible",
    "disponibles",
    "dispo",
    "places",
    "count",
    "nombre",
];
const FIRST_DATE: [&str; 6] = ["first", "premier", "premiere", "prochain", "prochaine", "next"];
const TEXT: [&str; 8] = ["text", "texte", "message", "page", "body", "sentence", "phrase", "contenu"];
const STATUS: [&str; 3] = ["status", "http", "code"];
const WORDING: [&str; 10] =
    ["statut", "status", "state", "etat", "result", "resultat", "outcome", "issue", "reponse", "answer"];

fn is_within(text: &str, least: i32, most: i32) -> bool {
    text.parse::<i32>().is_ok_and(|number| (least..=most).contains(&number))
}

/// A field, the words by which its column is called, and what its values are.
type Named<'a> = (&'a str, &'a [&'a str], &'a dyn Fn(&Column) -> bool);

/// The search, with what is taken already.
struct Search<'a> {
    table: &'a Table,
    said: &'a Said,
    taken: BTreeSet<usize>,
    roles: Roles,
}

impl Roles {
    /// The roles of a table's columns.
    pub fn of(sample: &Sample, table: &Table, times: &Times, said: &Said, known: &Known<'_>) -> Self {
        let taken = times.columns.iter().copied().collect();
        let mut search = Search { table, said, taken, roles: Self { is_known: true, ..Self::default() } };
        for (field, template) in said.fields.iter().filter(|(field, _)| *field != "started_at") {
            search.taken.extend(table.columns.iter().position(|column| column.template == *template));
            search.put(field, template.clone(), Vec::new(), None);
        }
        search.counts(times);
        search.service("counter", known.counter, &COUNTER);
        search.service("procedure", known.procedure, &PROCEDURE);
        search.others();
        search.ending();
        search.what_lacks(sample);
        search.finish(known)
    }
}

impl Search<'_> {
    fn put(&mut self, field: &str, template: String, steps: Vec<(&'static str, String)>, supposed: Option<String>) {
        self.roles.mapped.push(Mapped { field: field.to_owned(), template, steps, supposed });
    }

    fn has(&self, field: &str) -> bool {
        self.roles.mapped.iter().any(|mapped| mapped.field == field)
    }

    fn column(&self, at: usize) -> &Column {
        &self.table.columns[at]
    }

    /// The first column that is free, is called by one of some words, and whose values are so.
    fn named(&self, among: &[&str], is: impl Fn(&Column) -> bool) -> Option<usize> {
        among.iter().find_map(|word| {
            (0..self.table.columns.len()).find(|at| {
                let column = self.column(*at);
                !self.taken.contains(at) && has_word(&column.name, &[word]) && is(column)
            })
        })
    }

    /// Takes a column for a field, unless the field is said.
    fn take(&mut self, field: &str, at: usize, mut steps: Vec<(&'static str, String)>, supposed: Option<String>) {
        if self.has(field) {
            return;
        }
        self.taken.insert(at);
        let column = self.column(at);
        if self.table.delimiter.is_none() && column.is_lacking() {
            steps.push(("optional", "true".to_owned()));
        }
        let template = column.template.clone();
        self.put(field, template, steps, supposed);
    }

    fn counts(&mut self, times: &Times) {
        let is_count = |column: &Column| column.mostly(|value| is_within(value, 0, SLOTS_MAX));
        let free: Vec<usize> = (0..self.table.columns.len()).filter(|at| !self.taken.contains(at)).collect();
        let numbers: Vec<usize> = free.into_iter().filter(|at| is_count(self.column(*at))).collect();
        let named = self.named(&COUNT, |column| is_count(column) && !has_word(&column.name, &["horizon", "status"]));
        let alone =
            numbers.first().copied().filter(|_| numbers.len() == 1 && !self.table.header && times.columns.len() <= 2);
        let alone = alone.filter(|_| self.table.delimiter.is_some());
        let given = self.said.fields.get("slots.count");
        let found = match given {
            Some(given) => self.table.columns.iter().position(|column| column.template == *given),
            None => named.or(alone),
        };
        if let Some(at) = found {
            let why = named
                .is_none()
                .then(|| "the only column of whole numbers is taken for the count of free slots".to_owned());
            let has_zero = self.column(at).said().any(|value| value.trim() == "0");
            self.roles.has_zero = Some(has_zero);
            self.take("slots.count", at, Vec::new(), why);
        }
        let date = |column: &Column| date_format(column.said());
        if let Some(at) = self.named(&FIRST_DATE, |column| date(column).is_some()) {
            let format = date(self.column(at)).unwrap_or_default();
            let mut steps = Vec::new();
            if format != "%Y-%m-%d" {
                steps.push(("format", quoted(&format)));
            }
            let is_instant = !format.starts_with('%') || format.ends_with("%z");
            match self.said.zone {
                Some(zone) if is_instant => steps.push(("zone", quoted(zone.name()))),
                // Without a zone an instant is no date, and the pipeline is to be read without it.
                None if is_instant => return,
                _ => {}
            }
            self.take("slots.first_date", at, steps, None);
        }
    }

    /// The column that names a counter or a procedure.
    fn service(&mut self, field: &str, is_known: &dyn Fn(&str) -> bool, among: &[&str]) {
        if self.has(field) {
            return;
        }
        let of_registry =
            (0..self.table.columns.len()).find(|at| !self.taken.contains(at) && self.column(*at).mostly(is_known));
        let names = |column: &Column| {
            column.mostly(|value| value.len() <= IDENTIFIER_CHARS) && !column.mostly(|value| value.contains("://"))
        };
        let Some(at) = of_registry.or_else(|| self.named(among, names)) else { return };
        let column = self.column(at);
        let is_plain = column.said().all(is_identifier);
        let steps = if is_plain { Vec::new() } else { vec![("slug", "true".to_owned())] };
        let why = of_registry.is_none().then(|| {
            let how = if is_plain { "" } else { ", as ids of its letters and digits" };
            format!("the column « {} » is taken for the {field} by its name{how}", column.name)
        });
        self.take(field, at, steps, why);
    }

    /// Fields that a name gives and values confirm.
    fn others(&mut self) {
        let is_id = |column: &Column| column.mostly(|value| parse_id(value).is_some());
        let is_plain = |column: &Column| column.said().all(is_identifier) && column.said().next().is_some();
        let is_url = |column: &Column| column.mostly(|value| value.starts_with("http"));
        let is_status =
            |column: &Column| column.mostly(|value| is_within(value, *HTTP_STATUS.start(), *HTTP_STATUS.end()));
        let is_time = |column: &Column| column.mostly(|value| is_within(value, 0, 86_400_000));
        let is_text = |column: &Column| column.mostly(|value| value.len() > 12 && value.contains(' '));
        let is_any = |column: &Column| column.said().next().is_some();
        let fields: [Named<'_>; 9] = [
            ("attempt_id", &["id", "uuid", "ulid"], &is_id),
            ("http_status", &STATUS, &is_status),
            ("duration_ms", &["ms", "millis"], &is_time),
            ("final_url", &["final", "end"], &is_url),
            ("target_url", &["url", "adresse", "address", "link"], &is_url),
            ("page_text", &TEXT, &is_text),
            ("step", &["etape", "step"], &is_any),
            ("run_id", &["run", "cycle"], &is_plain),
            ("planning", &PLANNING, &is_plain),
        ];
        for (field, among, is) in fields {
            // What may be the procedure is not given away as a planning.
            if field == "planning" && !self.has("procedure") {
                if let Some(at) = self.named(among, is) {
                    let name = &self.column(at).name;
                    let why = format!(
                        "no column is called by a procedure; « {name} » is taken for it, and may be a planning"
                    );
                    self.take("procedure", at, Vec::new(), Some(why));
                }
                continue;
            }
            if let Some(at) = self.named(among, is) {
                self.take(field, at, Vec::new(), None);
            }
        }
        if let Some(at) = self.named(&["robot", "probe", "sonde"], is_plain) {
            self.take("probe", at, Vec::new(), None);
        }
    }

    /// The column whose words say how a look ended, where neither a count nor a text does.
    fn ending(&mut self) {
        if self.has("slots.count") || self.has("page_text") || self.has("step") {
            return;
        }
        let distinct = |column: &Column| column.said().map(str::to_owned).collect::<BTreeSet<String>>();
        let is_wording = |column: &Column| {
            (1..=20).contains(&distinct(column).len()) && !column.mostly(|value| value.parse::<f64>().is_ok())
        };
        if let Some(at) = self.named(&WORDING, is_wording) {
            self.roles.words = distinct(self.column(at)).into_iter().collect();
            let why = "its words are taken for how a look ended; outcome-rules.toml says what each means".to_owned();
            self.take("step", at, Vec::new(), Some(why));
        }
    }

    fn what_lacks(&mut self, sample: &Sample) {
        let mut lacks = |key: &str, why: String| self.roles.missing.push(Doubt { key: key.to_owned(), why });
        let has = |field: &str| self.roles.mapped.iter().any(|mapped| mapped.field == field);
        let (has_counter, has_procedure) = (has("counter"), has("procedure"));
        let says_something = ["slots.count", "page_text", "step", "http_status"].into_iter().any(has);
        if !has_counter {
            lacks(
                "source.fields.counter",
                "no column says at which counter somebody looked; --field counter=… says it".to_owned(),
            );
        }
        if !says_something {
            let why = "no column says how many slots were free, or what the page said: every answer would be unknown";
            lacks("source.fields.\"slots.count\"", why.to_owned());
        }
        if has_procedure {
            return;
        }
        // A log of times and counts alone is of one service, and nothing but its name can say which.
        let is_bare = self.table.columns.len() <= self.taken.len() && self.table.columns.len() <= 3;
        if is_bare && sample.name.contains('.') {
            self.roles.by_file_name = true;
            let why =
                "no column says for which procedure somebody looked; it is taken from the name of the file".to_owned();
            self.put("procedure", "{service}".to_owned(), vec![("slug", "true".to_owned())], Some(why));
        } else {
            let why = "no column says for which procedure somebody looked; --field procedure=… says it";
            lacks("source.fields.procedure", why.to_owned());
        }
    }

    fn finish(mut self, known: &Known<'_>) -> Roles {
        let by_template: BTreeMap<&str, &Column> =
            self.table.columns.iter().map(|column| (column.template.as_str(), column)).collect();
        let lines = self.table.columns.iter().map(|column| column.values.len()).max().unwrap_or_default();
        let mut services = vec![String::new(); lines];
        let mut is_known = true;
        for (field, is) in [("counter", known.counter), ("procedure", known.procedure)] {
            let Some(mapped) = self.roles.mapped.iter().find(|mapped| mapped.field == field) else { continue };
            match by_template.get(mapped.template.as_str()) {
                Some(column) => {
                    is_known &= mapped.steps.is_empty() && column.mostly(is);
                    for (service, value) in services.iter_mut().zip(&column.values) {
                        service.push_str(value.as_deref().unwrap_or_default());
                        service.push('\u{1f}');
                    }
                }
                None => is_known &= is(&mapped.template),
            }
        }
        let unused = self.table.columns.iter().enumerate().filter(|(at, _)| !self.taken.contains(at));
        self.roles.unused =
            unused.map(|(_, column)| column.name.clone()).chain(self.table.unnamed.iter().cloned()).collect();
        self.roles.services = services;
        self.roles.is_known = is_known;
        self.roles
    }
}
