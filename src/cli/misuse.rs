//! What is wrong with a command line, in French: clap says it in English alone.

use std::error::Error as _;

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use guichets_ouverts::schema::Language;
use guichets_ouverts::words::Words;

/// What clap found wrong, in French; nothing where it found nothing wrong, or knows no more than that.
pub fn french(error: &Error) -> Option<String> {
    let told = Told(error);
    let argument = told.text(ContextKind::InvalidArg);
    let sentence = match error.kind() {
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
        ErrorKind::InvalidValue if told.text(ContextKind::InvalidValue).is_none_or(|value| value.is_empty()) => {
            format!("{} demande une valeur", argument?)
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let value = told.text(ContextKind::InvalidValue)?;
            let why = error.source().map(|why| Words(Language::French).translated(&why.to_string()));
            let why = why.map_or_else(String::new, |why| format!("\u{a0}: {why}"));
            format!("«\u{a0}{value}\u{a0}» n'est pas une valeur de {}{why}", argument?)
        }
        ErrorKind::TooFewValues | ErrorKind::TooManyValues | ErrorKind::WrongNumberOfValues => {
            format!("{} n'a pas le nombre de valeurs qu'il faut", argument?)
        }
        ErrorKind::NoEquals => format!("{} demande un signe égal devant sa valeur", argument?),
        _ => return None,
    };
    let mut lines = vec![format!("erreur\u{a0}: {sentence}")];
    let near = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    let near = near.into_iter().find_map(|kind| told.text(kind));
    let choices = [ContextKind::ValidValue, ContextKind::ValidSubcommand].into_iter().find_map(|kind| told.text(kind));
    lines.extend(choices.map(|choices| format!(" possibles\u{a0}: {choices}")));
    lines.extend(near.map(|near| format!(" conseil\u{a0}: le plus proche est «\u{a0}{near}\u{a0}»")));
    let usage = told.text(ContextKind::Usage).map(|usage| usage.replacen("Usage:", "Usage\u{a0}:", 1));
    lines.extend(usage.map(|usage| format!("\n{}", usage.trim_end())));
    lines.push("\nPour en savoir plus\u{a0}: --help".to_owned());
    Some(lines.join("\n"))
}

/// What an error says beside its kind.
struct Told<'e>(&'e Error);

impl Told<'_> {
    fn text(&self, kind: ContextKind) -> Option<String> {
        match self.0.get(kind)? {
            ContextValue::String(text) => Some(text.clone()),
            ContextValue::Strings(texts) => Some(texts.join(", ")).filter(|joined| !joined.is_empty()),
            ContextValue::StyledStr(text) => Some(text.to_string()),
            ContextValue::StyledStrs(texts) => {
                Some(texts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
            }
            ContextValue::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}
