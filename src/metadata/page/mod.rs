//! `fichiers.html`: the files of a version and what is said of them, in French and then in English, whole without a network and without a script.

mod files;
mod words;

use std::fmt::Write as _;

use serde_json::Value;

use self::words::{ENGLISH, FRENCH, Words};
use super::describe::warning;
use super::{Check, Description, json_in_html};
use crate::config::Organisation;
use crate::schema::Language;
use crate::words::french;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The page; `croissant` is the JSON-LD that search engines read in it.
pub(super) fn page(description: &Description<'_>, croissant: &Value) -> String {
    let title = escaped(&description.title(Language::French));
    // Of data that are finished no newer version is due.
    let finished = description.pipeline.publication.is_finished();
    let croissant = json_in_html(croissant);
    format!(
        "<!doctype html>\n<html lang=\"fr\" data-version=\"{version}\"{finished}>\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}, version {version}</title>\n<meta name=\"description\" content=\"{summary}\">\n{canonical}\
         <style>{STYLE}</style>\n<script type=\"application/ld+json\">{croissant}</script>\n</head>\n<body>\n\
         <div id=\"state\" class=\"notice\" role=\"status\" hidden></div>\n\
         <header>\n<nav aria-label=\"Langue, language\"><p><a href=\"#english\" lang=\"en\" hreflang=\"en\">In English</a></p>\
         </nav>\n{head}</header>\n<main>\n{french}{files}{rest}\
         <section lang=\"en\" aria-labelledby=\"english\">\n{english}</section>\n</main>\n\
         <script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        version = escaped(&description.about.version),
        finished = if finished { " data-finished" } else { "" },
        summary = escaped(&description.summary(Language::French)),
        canonical = description
            .page()
            .map(|page| format!("<link rel=\"canonical\" href=\"{}\">\n", escaped(&page)))
            .unwrap_or_default(),
        head = spaced(&head(description, &FRENCH, 1)),
        french = spaced(&(coverage(description, &FRENCH) + &cite(description, &FRENCH))),
        files = spaced(&files::files(description)),
        rest = spaced(&rest(description, &FRENCH)),
        english = head(description, &ENGLISH, 2)
            + &coverage(description, &ENGLISH)
            + &cite(description, &ENGLISH)
            + &rest(description, &ENGLISH),
    )
}

/// Title, warning, two sentences, date.
fn head(description: &Description<'_>, words: &Words, level: u8) -> String {
    let language = words.language;
    let id = if language == Language::English { " id=\"english\"" } else { "" };
    let mut html = format!("<h{level}{id}>{}</h{level}>\n", escaped(&description.title(language)));
    if description.about.simulated {
        line(&mut html, format!("<p class=\"notice\"><strong>{}</strong></p>", escaped(warning(language))));
    }
    let version = escaped(&description.about.version);
    line(&mut html, format!("<p>{}</p>", escaped(description.told(language).trim())));
    let day = words.words().day(description.day());
    let publisher = link(&description.pipeline.publication.publisher);
    line(
        &mut html,
        match language {
            Language::French => {
                format!("<p>Version <strong>{version}</strong>, arrêtée au {day}. Éditeur : {publisher}.</p>")
            }
            Language::English => {
                format!("<p>Version <strong>{version}</strong>, as of {day}. Published by {publisher}.</p>")
            }
        },
    );
    let [dictionary, method] =
        [words.dictionary, words.method].map(|(path, title)| format!("<a href=\"{path}\">{title}</a>"));
    let front = words.pick("Les chiffres, en pages et en cartes", "The figures, as pages and maps");
    let site = words.pick("index.html", "en/index.html");
    let mut begin = format!("<p><a href=\"{site}\">{front}</a><br>\n{dictionary}<br>\n{method}");
    let (first, told) = words.first;
    if description.files.iter().any(|file| description.own(file) == Some(first)) {
        let _ = write!(begin, "<br>\n<a href=\"{first}\">{told}</a>");
    }
    line(&mut html, begin + "</p>");
    html
}

/// From when to when, and each count with what it is a part of.
fn coverage(description: &Description<'_>, words: &Words) -> String {
    let covered = description.coverage;
    let mut html = heading(words, words.coverage);
    let period = match covered.days {
        None => words.pick("Aucune tentative.", "No attempt.").to_owned(),
        Some((first, last)) => {
            let (first, last) = (words.words().day(first), words.words().day(last));
            match words.language {
                Language::French => format!("Du {first} au {last} (premier et dernier jour regardés)."),
                Language::English => format!("From {first} to {last} (first and last day looked at)."),
            }
        }
    };
    line(&mut html, format!("<p>{period}</p>\n<dl class=\"figures\">"));
    let n = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let counters = format!(
        "{}, {}",
        words.several(n(covered.counters()), words.pick("guichet", "counter")),
        words.several(n(covered.departments()), "département"),
    );
    let looks = covered.looks;
    // Counts alone: a share of consultations of all services together is no rate that the method knows.
    let of_looks = || format!("{} consultations", words.of(looks));
    let figures = [
        (
            words.pick("Services (guichet et démarche)", "Services (counter and procedure)"),
            n(covered.services()),
            counters,
        ),
        (
            words.pick("Cycles mesurés", "Cycles measured"),
            covered.measured,
            format!("{} {}", words.of(covered.expected), words.pick("cycles prévus", "cycles expected")),
        ),
        (
            words.pick("Tentatives (lignes)", "Attempts (rows)"),
            covered.attempts,
            words.pick("un regard sur un planning", "one look at one planning").to_owned(),
        ),
        (
            words.pick("Consultations", "Consultations"),
            looks,
            words.pick("un cycle d’un service", "one cycle of a service").to_owned(),
        ),
        (words.pick("« Oui » : rendez-vous proposé", "\"Yes\": appointment offered"), covered.yes, of_looks()),
        (words.pick("« Non » : aucun rendez-vous", "\"No\": no appointment"), covered.no, of_looks()),
        (words.pick("Inconnues : on n'a pas pu savoir", "Unknown: could not tell"), covered.unknown, of_looks()),
        (words.pick("Hors champ", "Out of scope"), covered.out_of_scope, of_looks()),
    ];
    for (name, figure, of) in figures {
        line(&mut html, format!("<div><dt>{name}</dt><dd><b>{}</b> {of}</dd></div>", words.number(figure)));
    }
    html + "</dl>\n"
}

fn cite(description: &Description<'_>, words: &Words) -> String {
    let (citation, address) = (description.citation(words.language), escaped(&description.cited_address()));
    let mut html = heading(words, words.cite);
    line(&mut html, format!("<p class=\"cite\">{} <a href=\"{address}\">{address}</a></p>", escaped(&citation)));
    line(&mut html, format!("<p>{} <a href=\"CITATION.cff\">CITATION.cff</a></p>", words.cite_how));
    html
}

/// Limits, account, gates, licence.
fn rest(description: &Description<'_>, words: &Words) -> String {
    let mut html = heading(words, words.limits) + "<ul>\n";
    for limit in words.limit_list {
        line(&mut html, format!("<li>{limit}</li>"));
    }
    line(&mut html, "</ul>".to_owned());
    html + &account(description, words) + &gates(description.checks, words) + &licence(description, words)
}

fn account(description: &Description<'_>, words: &Words) -> String {
    let account = description.accounting;
    let mut html = heading(words, words.account);
    line(&mut html, format!("<p>{}</p>", words.account_how));
    let files = i64::try_from(account.files).unwrap_or(i64::MAX);
    let files = words.several(files, words.pick("fichier", "file"));
    let number = |count: u64| words.number(i64::try_from(count).unwrap_or(i64::MAX));
    let [lines, attempts, duplicates, blank] =
        [account.lines, account.attempts, account.duplicates, account.blank].map(number);
    let [headers, records, without_data, aside] =
        [account.headers, account.records, account.without_data, account.quarantined].map(number);
    // What is said of few logs is left out for the others.
    let said = |there: bool, french: String, english: String| match (there, words.language) {
        (false, _) => String::new(),
        (true, Language::French) => french,
        (true, Language::English) => english,
    };
    let headers =
        said(account.headers > 0, format!(" (et {headers} d’en-tête)"), format!(" (and {headers} that name columns)"));
    let records = said(
        account.records != account.lines,
        format!(", soit {records} enregistrements,"),
        format!(", which hold {records} records,"),
    );
    let without_data = said(
        account.without_data > 0,
        format!(" + {without_data} sans donnée"),
        format!(" + {without_data} without data"),
    );
    line(
        &mut html,
        match words.language {
            Language::French => format!(
                "<p>Dans {files} : {lines} lignes{headers}{records} = {attempts} tentatives + {duplicates} doublons + \
                 {blank} vides{without_data} + {aside} mises de côté.</p>"
            ),
            Language::English => format!(
                "<p>In {files}: {lines} lines{headers}{records} = {attempts} attempts + {duplicates} duplicates + \
                 {blank} blank{without_data} + {aside} set aside.</p>"
            ),
        },
    );
    html
}

fn gates(checks: &[Check<'_>], words: &Words) -> String {
    let headers = words.gate_headers.join("</th><th scope=\"col\">");
    let mut html = format!(
        "<table class=\"gates\">\n<caption>{}</caption>\n<thead><tr><th scope=\"col\">{headers}</th></tr></thead>\n<tbody>\n",
        words.gates,
    );
    for check in checks {
        let result = match (check.passed, check.overruled) {
            (true, _) => words.passed.to_owned(),
            (false, None) => words.refused.to_owned(),
            (false, Some(reason)) => format!("<strong>{}</strong>{}", words.overruled, escaped(reason)),
        };
        line(
            &mut html,
            format!(
                "<tr><th scope=\"row\"><code>{}</code></th>{}{}<td>{result}</td></tr>",
                escaped(check.code),
                told(check.figure, words),
                told(check.threshold, words),
            ),
        );
    }
    html + &format!("</tbody>\n</table>\n<p class=\"quiet\">{}</p>\n", words.gates_how)
}

/// What a gate says, in the language of the page, or as it was said.
fn told(english: &str, words: &Words) -> String {
    let in_french = words.language == Language::French;
    let (text, attribute) = match french(english).filter(|_| in_french) {
        Some(french) => (french, ""),
        None if in_french && english.contains(char::is_alphabetic) => (english.to_owned(), " lang=\"en\""),
        None => (english.to_owned(), ""),
    };
    format!("<td{attribute}>{}</td>", escaped(&text))
}

fn licence(description: &Description<'_>, words: &Words) -> String {
    let (about, settings) = (description.about, &description.pipeline.publication);
    let mut html = heading(words, words.licence);
    let url = escaped(about.licence_url);
    line(&mut html, format!("<p>{} <a href=\"{url}\">{}</a></p>", words.licence_how, escaped(about.licence)));
    let colon = words.pick(" :", ":");
    let mut whom = format!("{}{colon} {}", words.contact, link(&settings.publisher));
    if let Some(contact) = &settings.contact {
        let _ = write!(whom, " · {}", escaped(&contact.name));
        let email = contact.email.as_ref().map(|email| (format!("mailto:{email}"), email));
        for (href, shown) in email.into_iter().chain(contact.url.as_ref().map(|url| (url.clone(), url))) {
            let _ = write!(whom, " · <a href=\"{}\">{}</a>", escaped(&href), escaped(shown));
        }
    }
    line(&mut html, format!("<p>{whom}</p>"));
    let program = link(&Organisation::default());
    let made_by = words.pick("Programme et règles :", "Program and rules:");
    line(&mut html, format!("<p>{made_by} {program}</p>"));
    html
}

/// A heading of the first level below that of its half of the page.
fn heading(words: &Words, text: &str) -> String {
    match words.language {
        Language::French => format!("<h2>{text}</h2>\n"),
        Language::English => format!("<h3>{text}</h3>\n"),
    }
}

fn link(who: &Organisation) -> String {
    format!("<a href=\"{}\">{}</a>", escaped(&who.url), escaped(&who.name))
}

/// Adds a line. Writing to a String cannot fail.
#[expect(clippy::needless_pass_by_value, reason = "always a text made for it")]
fn line(html: &mut String, text: String) {
    let _ = writeln!(html, "{text}");
}

/// French signs stay with their word at the end of a line.
fn spaced(french: &str) -> String {
    let signs = [("« ", "«\u{a0}"), (" »", "\u{a0}»"), (" : ", "\u{a0}: "), (" ; ", "\u{202f}; "), (" %", "\u{a0}%")];
    signs.iter().fold(french.to_owned(), |text, (loose, tight)| text.replace(loose, tight))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
