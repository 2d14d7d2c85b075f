//! What is wrong with a command line, in French: clap says it in English alone.

use std::error::Error as _;

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use guichets_ouverts::schema::Language;
use guichets_ouverts::words::Words;

/// What clap found wrong, and what it would do: its first paragraph, and what it calls tips.
pub fn told(error: &Error) -> (String, Option<String>) {
    let text = error.render().to_string();
    let mut paragraphs = text.split("\n\n");
    let what = paragraphs.next().unwrap_or_default().trim_start_matches("error: ").trim().to_owned();
    let tips: Vec<&str> =
        paragraphs.flat_map(str::lines).filter_map(|line| line.trim().strip_prefix("tip: ")).collect();
    (what, Some(tips.join("; ")).filter(|tips| !tips.is_empty()))
}

/// What clap found wrong, in French; nothing where it found nothing wrong, or knows no more than that.
pub fn french(error: &Error) -> Option<String> {
    let told = Told(error);
    let mut lines = vec![format!("erreur\u{a0}: {}", sentence(&told)?)];
    let choices = [ContextKind::ValidValue, ContextKind::ValidSubcommand].into_iter().find_map(|kind| told.texts(kind));
    lines.extend(choices.map(|choices| format!(" possibles\u{a0}: {}", choices.join(", "))));
    let near = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    let near = near.into_iter().find_map(|kind| told.texts(kind));
    lines.extend(near.map(|near| {
        let quoted: Vec<String> = near.iter().map(|one| format!("«\u{a0}{one}\u{a0}»")).collect();
        format!(" conseil\u{a0}: voulez-vous dire {}\u{a0}?", quoted.join(" ou "))
    }));
    let advice = told.texts(ContextKind::Suggested).unwrap_or_default();
    lines.extend(advice.iter().map(|one| format!(" conseil\u{a0}: {}", Words(Language::French).translated(one))));
    let usage = told.text(ContextKind::Usage).map(|usage| usage.replacen("Usage:", "Usage\u{a0}:", 1));
    lines.extend(usage.map(|usage| format!("\n{}", usage.trim_end())));
    lines.push("\nPour en savoir plus\u{a0}: --help".to_owned());
    Some(lines.join("\n"))
}

/// What is wrong, in one sentence.
fn sentence(told: &Told<'_>) -> Option<String> {
    let argument = told.text(ContextKind::InvalidArg);
    let value = told.text(ContextKind::InvalidValue);
    Some(match told.0.kind() {
        ErrorKind::UnknownArgument => format!("argument inconnu «\u{a0}{}\u{a0}»", argument?),
        ErrorKind::InvalidSubcommand => {
            format!("commande inconnue «\u{a0}{}\u{a0}»", told.text(ContextKind::InvalidSubcommand)?)
        }
        ErrorKind::MissingRequiredArgument => format!("il manque {}", argument?),
        ErrorKind::MissingSubcommand => "il manque une commande".to_owned(),
        ErrorKind::ArgumentConflict => match told.text(ContextKind::PriorArg) {
            Some(other) if Some(&other) != argument.as_ref() => format!("{} ne va pas avec {other}", argument?),
            _ => format!("{} ne peut être donné qu'une fois", argument?),
        },
        ErrorKind::InvalidValue if value.as_ref().is_none_or(String::is_empty) => {
            format!("{} demande une valeur", argument?)
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let why = told.0.source().map_or_else(String::new, |why| format!("\u{a0}: {}", reason(&why.to_string())));
            format!("«\u{a0}{}\u{a0}» n'est pas une valeur de {}{why}", value?, argument?)
        }
        ErrorKind::TooManyValues => match value {
            Some(value) => format!("«\u{a0}{value}\u{a0}» est de trop\u{a0}: {} ne prend pas de valeur", argument?),
            None => format!("{} a trop de valeurs", argument?),
        },
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("{} n'a pas le nombre de valeurs qu'il faut", argument?)
        }
        ErrorKind::NoEquals => format!("{} demande un signe égal devant sa valeur", argument?),
        ErrorKind::InvalidUtf8 => "un argument n'est pas un texte en UTF-8".to_owned(),
        _ => return None,
    })
}

/// Why a value is none, as those say it who read numbers.
fn reason(why: &str) -> String {
    match why.split_once(" is not in ") {
        Some((_, range)) if range.contains("..") => format!("ce n'est pas dans {range}"),
        _ => Words(Language::French).translated(why),
    }
}

/// What an error says beside its kind.
struct Told<'e>(&'e Error);

impl Told<'_> {
    /// One text, or several with commas between them.
    fn text(&self, kind: ContextKind) -> Option<String> {
        self.texts(kind).map(|texts| texts.join(", "))
    }

    /// What the command line says stands in it on one line.
    fn texts(&self, kind: ContextKind) -> Option<Vec<String>> {
        let texts = match self.0.get(kind)? {
            ContextValue::String(text) => vec![text.replace('\n', "\\n")],
            ContextValue::Strings(texts) => texts.iter().map(|text| text.replace('\n', "\\n")).collect(),
            ContextValue::StyledStr(text) => vec![text.to_string()],
            ContextValue::StyledStrs(texts) => texts.iter().map(ToString::to_string).collect(),
            ContextValue::Number(number) => vec![number.to_string()],
            _ => return None,
        };
        Some(texts).filter(|texts| !texts.is_empty())
    }
}
