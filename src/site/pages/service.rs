//! A service on its counter's page: the sentence that may be quoted, three lanes of months, delays, rhythm, droughts.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::delays::delays;
use super::incidents::{first_day, spans};
use super::scope;
use crate::grid::Line;
use crate::site::cell::{Note, Published, Show, figure, scroll};
use crate::site::codes::called;
use crate::site::figures::{Event, by_hour, months, rhythm, weekdays};
use crate::site::frame::Frame;
use crate::site::state::State;
use crate::site::world::{Counter, MONTHS, Service};

/// What a service's section needs of its page.
pub(super) struct Around<'a> {
    pub counter: &'a Counter<'a>,
    pub months: Vec<&'a str>,
    /// The newest month that is whole.
    pub closed: &'a str,
    /// The events of the page, in the order of their numbers.
    pub events: &'a [Line<'a>],
}

/// The section.
pub(super) fn service(frame: &Frame<'_>, around: &Around<'_>, service: &Service<'_>) -> Markup {
    let title = frame.procedure(service.procedure);
    html! {
        section.service #(service.procedure) {
            h2 { (title) }
            (quote(frame, around, service))
            (history(frame, around, service, &title))
            (delays(frame, around, service, &title))
            (openings(frame, around, service, &title))
            (droughts(frame, service, &title))
            (signals(frame, service))
            (file(frame, service))
        }
    }
}

/// The sentence of the newest whole month, or why there is none.
pub(super) fn quote(frame: &Frame<'_>, around: &Around<'_>, service: &Service<'_>) -> Markup {
    let left = scope::left(frame, service);
    let Some(row) = service.month(around.closed) else {
        return html! { p.finding.aucune {
            (frame.say("En", "In")) " " (frame.month(around.closed)) ", " (scope::clause(frame, service, around.closed)) "."
            (left)
        } };
    };
    let id = format!("phrase-{}", service.procedure);
    match frame.words.sentence(row) {
        Some(sentence) => html! {
            p.finding #(id) { (context(frame, around, service, row)) ": " strong { (sentence) } "." (unknown(frame, service, row)) (left) }
            p { button.copier type="button" data-copy=(format!("#{id}")) hidden { (frame.say("Copier la phrase", "Copy the sentence")) } }
        },
        None => {
            html! { p.finding.aucune { (context(frame, around, service, row)) ": " (refusal(frame, service, row)) (unknown(frame, service, row)) (left) } }
        }
    }
}

/// Where a month's figures are.
fn key(service: &Service<'_>, row: Line<'_>) -> String {
    format!("disponibilite_mois/{}/{}", service.key(), row.text("mois"))
}

fn context(frame: &Frame<'_>, around: &Around<'_>, service: &Service<'_>, row: Line<'_>) -> String {
    let (month, procedure, counter) =
        (frame.month(row.text("mois")), frame.procedure(service.procedure), around.counter.name());
    match frame.words.tag() {
        "fr" => format!("En {month}, « {procedure} », {counter} "),
        _ => format!("In {month}, “{procedure}”, {counter}"),
    }
}

/// Why no sentence may be quoted: the state, and the reason that the table gives.
fn refusal(frame: &Frame<'_>, service: &Service<'_>, row: Line<'_>) -> Markup {
    let motif = row.text("motif");
    let reason = frame.reason("disponibilite_mois", "motif", motif);
    match State::of(row) {
        state if state.has_rate() => html! {
            (frame.say("sans rendez-vous", "no appointment")) " "
            (figure(frame.words, row, &key(service, row), "taux_sans_rdv", Show::Share)) " "
            (frame.say("du temps, à ne pas citer sans cette réserve :", "of the time, not to be cited without this reserve:")) " "
            (reason) "."
        },
        State::OutOfScope => html! { (State::OutOfScope.label(frame.words)) "." },
        state => html! {
            (frame.say("aucun taux ne peut être cité : ", "no rate may be cited: ")) (state.clause(frame.words))
            // That nobody looked is its own reason.
            @if state != State::NotMeasured { " (" (reason) ")" } "."
        },
    }
}

/// What could not be told, beside what could.
fn unknown(frame: &Frame<'_>, service: &Service<'_>, row: Line<'_>) -> Markup {
    if row.count("consultations") == 0 {
        return html! {};
    }
    let of = key(service, row);
    let shown = |column: &str, show: Show| figure(frame.words, row, &of, column, show);
    html! {
        " " (frame.say("Réponses :", "Answers:")) " " (shown("reponses", Show::Count)) " "
        (frame.say("sur", "of")) " " (shown("consultations", Show::Count)) " " (frame.words.plural(row.count("consultations"), ["consultation", "consultations"], ["consultation", "consultations"]))
        @if row.count("inconnues") > 0 { ", " (shown("inconnues", Show::Count)) " " (frame.say("sans qu'on puisse savoir", "of which nobody can tell")) }
        @if row.count("hors_champ") > 0 { ", " (shown("hors_champ", Show::Count)) " " (frame.say("hors champ", "out of scope")) }
        @if row.number("borne_basse").is_some() && row.count("inconnues") > 0 {
            ". " (frame.say("Si l'on compte toutes celles-ci comme des oui ou comme des non, la part du temps sans rendez-vous irait de", "Counting all these as yes, or as no, the share of time without appointments would go from"))
            " " (shown("borne_basse", Show::Share)) " " (frame.say("à", "to")) " " (shown("borne_haute", Show::Share))
        }
        "."
    }
}

fn history(frame: &Frame<'_>, around: &Around<'_>, service: &Service<'_>, title: &str) -> Markup {
    let rows = service.lines("disponibilite_mois");
    let subject = frame
        .say("part du temps sans rendez-vous, mois par mois", "share of time without appointments, month by month");
    let name = format!("{title}{}{subject}", frame.say(" : ", ": "));
    let looks = rows.iter().map(|row| row.count("consultations")).sum();
    let note = format!(
        "{} consultations. {}",
        frame.words.count(looks),
        frame.say(
            "Point : taux, creux si le mois n'est pas fini ; barre large : intervalle à 95 % ; trait : bornes.",
            "Dot: rate, hollow if the month is not over; wide bar: 95% interval; line: bounds.",
        )
    );
    let open = frame.site.open_month();
    let mut numbers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (number, line) in (1_usize..).zip(around.events) {
        if let Some(day) = first_day(*line) {
            numbers.entry(day.format("%Y-%m").to_string()).or_default().push(number.to_string());
        }
    }
    let marks: Vec<Event<'_>> =
        numbers.iter().map(|(month, numbers)| Event { numbers: numbers.join(", "), month }).collect();
    let id = format!("mois-{}", service.procedure);
    let columns = availability(frame);
    let describe = |row: Line<'_>| {
        let state = State::of(row);
        let motif = row.text("motif");
        // Of what nobody saw the state is its own reason. The others have their sentences below: a table of sixty months has no
        // room for them.
        let motif = if matches!(state, State::NotMeasured | State::NoAnswer) { "" } else { motif };
        html! { @if !state.has_rate() { (state.label(frame.words)) } @if !motif.is_empty() {
            @if State::is_reserved(row) { (frame.say("sous réserve : ", "under reserve: ")) }
            @else { (frame.say(" ; ", "; ")) }
            (called(frame.words, motif))
        } }
    };
    let known: Note<'_> = (frame.say("Ce qu'on en sait", "What is known"), &describe);
    let table = |table: &'static str,
                 column: &'static str,
                 caption: String,
                 say: &dyn Fn(&str) -> String,
                 lines: &[Line<'_>]| {
        let key = service.key();
        Published { words: frame.words, table, key, head: (column, None, say), columns: &columns, caption }
            .table(lines, known)
    };
    let years = years_before(service, &around.months);
    let interruptions = spans(&service.interruptions());
    html! {
        (Figure { frame, id: &id, title: &format!("{}, {title}", around.counter.name()), subject, note: &note, file: &format!("{}-{}-mois", service.counter, service.procedure) }.open(&html! {
            (months(frame.words, (&id, &name), (&around.months, &open), &rows, (&marks, &interruptions)))
            details {
                summary { (frame.say("Les chiffres de cette figure", "The figures behind it")) }
                (table("disponibilite_mois", "mois", format!("{title}, {}", frame.say("par mois", "by month")), &|month| frame.words.month(month), &rows))
            }
        }))
        @if !years.is_empty() {
            details {
                summary { (frame.say("Les années d'avant", "The years before")) }
                (table("disponibilite_annee", "annee", format!("{title}, {}", frame.say("par année", "by year")), &str::to_owned, &years))
            }
        }
    }
}

/// The columns of a month or a year, with their titles.
fn availability(frame: &Frame<'_>) -> Vec<(&'static str, String, Show)> {
    let shown = [
        ("taux_sans_rdv", Show::Share),
        ("ic95_bas", Show::Share),
        ("ic95_haut", Show::Share),
        ("borne_basse", Show::Share),
        ("borne_haute", Show::Share),
        ("consultations", Show::Count),
        ("reponses", Show::Count),
        ("couverture", Show::Share),
    ];
    shown.map(|(column, show)| (column, frame.title("disponibilite_mois", column), show)).into()
}

/// The years of which not all months are shown.
fn years_before<'a>(service: &Service<'a>, months: &[&str]) -> Vec<Line<'a>> {
    let first = months.first().filter(|_| months.len() >= MONTHS).copied().unwrap_or_default();
    let lines = service.lines("disponibilite_annee");
    lines.into_iter().filter(|line| format!("{}-01", line.text("annee")).as_str() < first).collect()
}

/// A figure that may be taken out of its page, with what it then has to say of itself.
struct Figure<'a> {
    frame: &'a Frame<'a>,
    id: &'a str,
    /// Of whom.
    title: &'a str,
    /// What is drawn.
    subject: &'a str,
    /// Of how much, and how to read it.
    note: &'a str,
    file: &'a str,
}

impl Figure<'_> {
    fn open(&self, inside: &Markup) -> Markup {
        html! {
            figure.figure id=(format!("figure-{}", self.id)) data-title=(self.title) data-subject=(self.subject) data-note=(self.note)
                data-source=(self.frame.source()) data-simulated=[self.frame.simulated()] data-name=(self.file) {
                (inside)
                p.tools hidden {}
            }
        }
    }
}

fn openings(frame: &Frame<'_>, around: &Around<'_>, service: &Service<'_>, title: &str) -> Markup {
    let rows = service.lines("rythme_ouvertures");
    let (looked, seen) = (
        rows.iter().map(|row| row.count("occasions")).sum::<i64>(),
        rows.iter().map(|row| row.count("ouvertures")).sum::<i64>(),
    );
    if looked == 0 {
        return html! {};
    }
    let subject = frame.say("ouvertures vues, par jour de la semaine et heure", "openings seen, by weekday and hour");
    let name = format!("{title}{}{subject}", frame.say(" : ", ": "));
    let most = rows.iter().filter_map(|row| row.number("part_ouvertures")).fold(0.0, f64::max);
    let note = format!(
        "{}. {} {} {}",
        frame.words.counted(looked, ["occasion", "occasions"], ["occasion", "occasions"]),
        frame
            .say("Plus foncé : plus d'ouvertures par occasion, au plus", "Darker: more openings per occasion, at most"),
        frame.words.share(most),
        frame.say(
            "; rond : aucune ; blanc : regardé, sans occasion d'en voir ; hachures : personne n'a regardé.",
            "; ring: none; white: looked, no occasion to see one; hatched: nobody looked.",
        )
    );
    let id = format!("rythme-{}", service.procedure);
    html! {
        h3 { (frame.say("Quand des rendez-vous apparaissent", "When appointments appear")) }
        p {
            @if seen == 0 { (frame.say("Aucune ouverture n'a été vue.", "No opening was seen.")) }
            @else {
                (frame.words.counted(seen, ["ouverture vue", "ouvertures vues"], ["opening seen", "openings seen"])) " " (frame.say("en", "on")) " "
                (frame.words.counted(looked, ["occasion", "occasions"], ["occasion", "occasions"]))
                (frame.say(", sur toute la mesure, à l'heure du guichet.", ", over the whole measurement, on the counter's clock."))
            }
        }
        @if seen > 0 {
            (Figure { frame, id: &id, title: &format!("{}, {title}", around.counter.name()), subject, note: &note, file: &format!("{}-{}-rythme", service.counter, service.procedure) }.open(&html! {
                (rhythm(frame.words, (&id, &name), &rows))
                p.quiet { (note) }
                details {
                    summary { (frame.say("Les chiffres de cette figure", "The figures behind it")) }
                    (rhythm_table(frame, service, &rows, title))
                }
            }))
        }
    }
}

/// Openings of occasions, by weekday and hour; a hyphen where nobody looked.
fn rhythm_table(frame: &Frame<'_>, service: &Service<'_>, rows: &[Line<'_>], title: &str) -> Markup {
    let hours = by_hour(rows);
    let shown = |day: i64, hour: i64| match hours.get(&(day, hour)) {
        Some(row) => format!("{}/{}", row.text("ouvertures"), row.text("occasions")),
        None => "-".to_owned(),
    };
    let table = html! {
            table.figures.heures data-heures=(service.key()) {
                caption { (frame.say("Ouvertures vues / occasions de les voir, par heure", "Openings seen / occasions to see them, by hour")) }
                thead { tr {
                    th scope="col" { (frame.say("Jour", "Day")) }
                    @for hour in 0..24 { th scope="col" { (hour) } }
                } }
                tbody { @for (title, day) in weekdays(frame.words).into_iter().zip(1..) { tr {
                    th scope="row" { (title) }
                    @for hour in 0..24 { td { (shown(day, hour)) } }
                } } }
            }
    };
    scroll(&format!("{}, {title}", frame.say("Ouvertures", "Openings")), &table)
}

fn droughts(frame: &Frame<'_>, service: &Service<'_>, title: &str) -> Markup {
    let rows = service.lines("penuries");
    let columns = [
        ("fin_utc", Show::Instant),
        ("etendue_s", Show::Length),
        ("duree_constatee_s", Show::Length),
        ("non", Show::Count),
        ("inconnues", Show::Count),
    ];
    let note = |row: Line<'_>| {
        let told = [
            ("en_cours", frame.say("en cours", "still going on")),
            ("commence_avant", frame.say("a pu commencer avant", "may have begun before")),
            ("finit_apres", frame.say("a pu finir après", "may have ended after")),
        ];
        let told: Vec<&str> =
            told.into_iter().filter(|(column, _)| row.text(column) == "true").map(|(_, told)| told).collect();
        html! { (told.join(", ")) }
    };
    let titled = columns.map(|(column, show)| (column, frame.title("penuries", column), show));
    let first = frame.title("penuries", "debut_utc");
    let head = |text: &str| text.parse().map_or_else(|_| text.to_owned(), |instant| frame.words.instant(instant));
    html! {
        @if !rows.is_empty() {
            details {
                summary { (frame.say("Les plus longues pénuries", "The longest droughts")) }
                (Published {
                    words: frame.words,
                    table: "penuries",
                    key: service.key(),
                    head: ("debut_utc", Some(&first), &head),
                    columns: &titled,
                    caption: format!("{title}, {}", frame.say("suites de « non » sans un seul « oui », les plus longues d'abord", "runs of \"no\" without a single \"yes\", the longest first")),
                }.table(&rows, (frame.say("Remarque", "Note"), &note)))
            }
        }
    }
}

/// What is odd, beside the figures that it may concern.
fn signals(frame: &Frame<'_>, service: &Service<'_>) -> Markup {
    let rows = service.lines("signaux");
    let day = |column: &str, row: Line<'_>| {
        row.day(column).map_or_else(|| row.text(column).to_owned(), |day| frame.words.day(day))
    };
    html! {
        @if !rows.is_empty() {
            details {
                summary { (frame.say("Signaux : ce qui pourrait être une erreur de mesure", "Signals: what might be an error of the measurement")) }
                ul { @for row in rows {
                    li {
                        (called(frame.words, row.text("type"))) ", "
                        (frame.say("du", "from")) " " (day("debut", row)) " " (frame.say("au", "to")) " " (day("fin", row)) ". "
                        span lang="fr" { (row.text("ce_qui_trancherait")) } @if frame.words.tag() == "en" { " (in French)" }
                    }
                } }
            }
        }
    }
}

/// How to get each line, for court.
fn file(frame: &Frame<'_>, service: &Service<'_>) -> Markup {
    let description = frame.site.description;
    let store = description.base().map_or_else(|| "STORE".to_owned(), str::to_owned);
    html! {
        details {
            summary { (frame.say("Dossier ligne par ligne, pour un tribunal", "File line by line, for a court")) }
            pre { code {
                "guichets dossier " (description.pipeline.name) " --store " (store) " --version " (description.about.version)
                " --guichet " (service.counter) " --demarche " (service.procedure) " --du AAAA-MM-JJ --au AAAA-MM-JJ"
                @if frame.words.tag() == "en" { " --lang en" }
            } }
        }
    }
}
