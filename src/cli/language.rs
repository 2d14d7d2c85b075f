//! The language in which a person is told something: the one that is asked for, or else the system's, or else English. What
//! machines read (`--json`, files) is the same in every language.

use std::ffi::OsString;
use std::sync::OnceLock;

use clap::builder::StyledStr;
use clap::{Arg, Command, ValueEnum};
use guichets_ouverts::schema::Language;
use guichets_ouverts::words::Words;

/// The command that clap adds.
const HELP: &str = "help";

/// The language of this process, once it is known.
static SPOKEN: OnceLock<Language> = OnceLock::new();

/// What `--lang` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    Fr,
    En,
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::Fr => Self::French,
            Lang::En => Self::English,
        }
    }
}

/// Settles the language, from the arguments as they are: help is written before they are understood.
pub fn settle(arguments: &[OsString]) {
    let asked = arguments.iter().enumerate().find_map(|(at, argument)| {
        let argument = argument.to_str()?;
        let value =
            if argument == "--lang" { arguments.get(at + 1)?.to_str()? } else { argument.strip_prefix("--lang=")? };
        Lang::from_str(value, true).ok()
    });
    let language = asked.map_or_else(|| of_system(|name| std::env::var(name).ok()), Language::from);
    let _ = SPOKEN.set(language);
}

/// What the system says, as POSIX has it: the first of these that says anything.
fn of_system(variable: impl Fn(&str) -> Option<String>) -> Language {
    let told = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(variable).find(|told| !told.is_empty());
    match told {
        Some(told) if told == "fr" || told.starts_with("fr_") => Language::French,
        _ => Language::English,
    }
}

/// The words of this process.
pub fn words() -> Words {
    Words(SPOKEN.get().copied().unwrap_or(Language::English))
}

/// A text of whole lines, each in the language of this process as far as it can be; what stands before and behind a line's
/// words stays where it is.
pub fn lines(text: &str) -> String {
    let words = words();
    let line = |line: &str| {
        let (indent, rest) = line.split_at(line.len() - line.trim_start().len());
        format!("{indent}{}", words.translated(rest))
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// The command line with its help in the language of this process.
pub fn helped(mut command: Command) -> Command {
    match words().0 {
        Language::English => command,
        Language::French => {
            // Help for help itself is there once the command is built.
            command.build();
            french(command)
        }
    }
}

/// Every text of the help by its French, command by command.
fn french(command: Command) -> Command {
    let command = command
        .help_template("{before-help}{about-with-newline}\nUsage : {usage}\n\n{all-args}{after-help}")
        .subcommand_help_heading("Commandes\u{a0}")
        .subcommand_value_name("COMMANDE");
    let command = said(command, Command::get_about, Command::about);
    let command = said(command, Command::get_long_about, Command::long_about);
    let command = said(command, Command::get_after_help, Command::after_help);
    let command = command.mut_args(|argument| {
        let argument = said(argument, Arg::get_help, Arg::help);
        let argument = said(argument, Arg::get_long_help, Arg::long_help);
        with_choices(argument)
    });
    command.mut_subcommands(|below| if below.get_name() == HELP { help_itself(&below) } else { french(below) })
}

/// The command that tells of the others; once it is built, it has copies of them below it, which would be taken for commands.
fn help_itself(built: &Command) -> Command {
    let which = Arg::new("subcommand").value_name("COMMANDE").num_args(0..);
    let bare = Command::new(HELP).arg(which);
    let bare = built.get_about().cloned().into_iter().fold(bare, Command::about);
    said(bare, Command::get_about, Command::about)
}

/// An argument whose help says what clap says in English: which value is taken where none is given, and which there are.
fn with_choices(argument: Arg) -> Arg {
    if !argument.get_action().takes_values() {
        return argument;
    }
    let mut defaults: Vec<String> =
        argument.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    if argument.is_hide_default_value_set() {
        defaults.clear();
    }
    let mut choices = argument.get_possible_values();
    choices.retain(|choice| !choice.is_hide_set() && !argument.is_hide_possible_values_set());
    let shown = |what: &str, values: &[String]| {
        if values.is_empty() { String::new() } else { format!(" [{what}\u{a0}: {}]", values.join(", ")) }
    };
    let names: Vec<String> = choices.iter().map(|choice| choice.get_name().to_owned()).collect();
    let default = shown("par défaut", &defaults);
    let more = default.clone() + &shown("valeurs possibles", &names);
    let described: Vec<String> = choices
        .iter()
        .filter_map(|choice| {
            let help = Words(Language::French).translated(&choice.get_help()?.to_string());
            Some(format!("- {}\u{a0}: {help}", choice.get_name()))
        })
        .collect();
    let help = argument.get_help().map(ToString::to_string);
    let long = argument.get_long_help().map(ToString::to_string);
    let long = if described.is_empty() {
        long.map(|long| long + &more)
    } else {
        let all = described.join("\n");
        long.or_else(|| help.clone()).map(|long| format!("{long}{default}\n\nValeurs possibles\u{a0}:\n{all}"))
    };
    let argument = argument.hide_default_value(true).hide_possible_values(true);
    let argument = help.map(|help| help + &more).into_iter().fold(argument, Arg::help);
    long.into_iter().fold(argument, Arg::long_help)
}

/// Something with one of its texts in French, where it has that text.
fn said<T>(thing: T, text: impl Fn(&T) -> Option<&StyledStr>, with: impl Fn(T, String) -> T) -> T {
    match text(&thing).map(|text| Words(Language::French).translated(&text.to_string())) {
        Some(french) => with(thing, french),
        None => thing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts of a command and of those below it that have no French.
    fn untranslated(command: &Command) -> Vec<String> {
        let own = [command.get_about(), command.get_long_about(), command.get_after_help()];
        let arguments = command.get_arguments().flat_map(|argument| [argument.get_help(), argument.get_long_help()]);
        let choices = command.get_arguments().flat_map(Arg::get_possible_values);
        let choices = choices.filter_map(|choice| choice.get_help().map(ToString::to_string));
        let texts = own.into_iter().chain(arguments).flatten().map(ToString::to_string).chain(choices);
        let mut missing: Vec<String> = texts.filter(|text| guichets_ouverts::words::french(text).is_none()).collect();
        missing.extend(command.get_subcommands().flat_map(untranslated));
        missing
    }

    #[test]
    fn every_help_has_its_french() {
        let mut command = <super::super::Cli as clap::CommandFactory>::command();
        command.build();
        let missing = untranslated(&command);
        assert!(missing.is_empty(), "in src/words/french.toml there is no French for {missing:#?}");
    }

    #[test]
    fn the_system_is_believed_in_the_order_of_posix() {
        let of = |told: &[(&str, &str)]| {
            of_system(|name| told.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        };
        let is_french = |told: &[(&str, &str)]| matches!(of(told), Language::French);
        assert!(is_french(&[("LANG", "fr_FR.UTF-8")]) && is_french(&[("LC_ALL", ""), ("LANG", "fr")]));
        assert!(!is_french(&[]) && !is_french(&[("LANG", "C.UTF-8")]) && !is_french(&[("LANG", "fro")]));
        assert!(!is_french(&[("LC_ALL", "en_GB.UTF-8"), ("LANG", "fr_FR.UTF-8")]));
    }
}
