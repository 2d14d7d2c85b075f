//! Figures and sentences in one language or the other.

mod french;
mod typeset;

pub use french::french;

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use crate::calendar::FRENCH_MONTHS;
use crate::grid::Line;
use crate::schema::{Language, TableSchema};

/// A share below this is not said to be none, in tenths of a per cent.
pub const NEARLY_NOTHING: f64 = 0.0005;
/// A share from this on is not said to be all.
pub const NEARLY_ALL: f64 = 0.9995;

/// A code of which nothing says what it means.
#[must_use]
pub fn bare(code: &str) -> String {
    code.replace('_', " ")
}

/// The language of a page.
#[derive(Debug, Clone, Copy)]
pub struct Words(pub Language);

impl Words {
    /// A text that stands in both languages.
    #[must_use]
    pub fn say<'a>(self, french: &'a str, english: &'a str) -> &'a str {
        match self.0 {
            Language::French => french,
            Language::English => english,
        }
    }

    /// The tag of the language.
    #[must_use]
    pub fn tag(self) -> &'static str {
        self.say("fr", "en")
    }

    /// A column's title, as its table declares it.
    #[must_use]
    pub fn title(self, table: &TableSchema, column: &str) -> String {
        table
            .field(column)
            .map_or_else(|| column.to_owned(), |field| self.say(&field.title, &field.title_en).to_owned())
    }

    /// What a column means, as its table declares it.
    #[must_use]
    pub fn meaning(self, table: &TableSchema, column: &str) -> String {
        table
            .field(column)
            .map_or_else(String::new, |field| self.say(&field.description, &field.description_en).to_owned())
    }

    /// What a code of a column means, out of the column's description, which lists its codes as « code : meaning ; ».
    #[must_use]
    pub fn reason(self, table: &TableSchema, column: &str, code: &str) -> String {
        let all = self.meaning(table, column);
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let whole = |at: &usize| !all[..*at].ends_with(is_word) && !all[at + code.len()..].starts_with(is_word);
        let found = all.match_indices(code).map(|(at, _)| at).find(whole).filter(|_| !code.is_empty());
        let entry = found.and_then(|at| all[at..].split([';', '.']).next());
        let told = entry.and_then(|entry| entry.split_once(':')).map(|(_, told)| told.trim().to_owned());
        told.unwrap_or_else(|| bare(code))
    }

    /// A day as a sentence says it.
    #[must_use]
    pub fn day(self, day: NaiveDate) -> String {
        match self.0 {
            Language::French => {
                let first = if day.day() == 1 { "er" } else { "" };
                format!("{}{first} {} {}", day.day(), FRENCH_MONTHS[day.month0() as usize], day.year())
            }
            Language::English => day.format("%-d %B %Y").to_string(),
        }
    }

    /// A month, `2019-05`, as a sentence says it; as it is where it is none.
    #[must_use]
    pub fn month(self, month: &str) -> String {
        match (format!("{month}-01").parse::<NaiveDate>(), self.0) {
            (Ok(day), Language::French) => format!("{} {}", FRENCH_MONTHS[day.month0() as usize], day.year()),
            (Ok(day), Language::English) => day.format("%B %Y").to_string(),
            (Err(_), _) => month.to_owned(),
        }
    }

    /// An instant to the minute, in UTC.
    #[must_use]
    pub fn instant(self, instant: DateTime<Utc>) -> String {
        let clock = instant.format(self.say("%-H h %M", "%H:%M"));
        format!("{}, {clock} UTC", self.day(instant.date_naive()))
    }

    /// A whole number, in groups of three.
    #[must_use]
    pub fn count(self, number: i64) -> String {
        let digits = number.unsigned_abs().to_string();
        let mut grouped = if number < 0 { "−".to_owned() } else { String::new() };
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                grouped.push_str(self.say("\u{202f}", ","));
            }
            grouped.push(digit);
        }
        grouped
    }

    /// So many of something: its singular and its plural, in French and in English.
    #[must_use]
    pub fn counted(self, number: i64, french: [&str; 2], english: [&str; 2]) -> String {
        format!("{} {}", self.count(number), self.plural(number, french, english))
    }

    /// A text, of HTML or not, as its language is printed.
    #[must_use]
    pub fn typeset(self, text: String) -> String {
        if self.0 == Language::French { typeset::typeset(&text) } else { text }
    }

    /// The word for so many of something, without the number.
    #[must_use]
    pub fn plural<'a>(self, number: i64, french: [&'a str; 2], english: [&'a str; 2]) -> &'a str {
        let several = match self.0 {
            Language::French => number > 1,
            Language::English => number != 1,
        };
        let at = usize::from(several);
        self.say(french[at], english[at])
    }

    /// A number with one digit after the point.
    #[must_use]
    pub fn tenths(self, number: f64) -> String {
        format!("{number:.1}").replace('.', self.say(",", "."))
    }

    /// A share in per cent; neither 0 nor 100 where it is not quite.
    #[must_use]
    pub fn share(self, share: f64) -> String {
        let sign = self.say("\u{a0}%", "%");
        if share > 0.0 && share < NEARLY_NOTHING {
            return format!("{} {}{sign}", self.say("moins de", "less than"), self.tenths(0.1));
        }
        if (NEARLY_ALL..1.0).contains(&share) {
            return format!("{} {}{sign}", self.say("plus de", "more than"), self.tenths(99.9));
        }
        format!("{}{sign}", self.tenths(100.0 * share))
    }

    /// A bound of the method, as its table has it: a number of things, or a share, in per cent with as few digits as it has.
    #[must_use]
    pub fn bound(self, bound: &str) -> String {
        match (bound.parse::<i64>(), bound.parse::<f64>()) {
            (Err(_), Ok(share)) => self.share(share).replace(self.say(",0", ".0"), ""),
            _ => bound.to_owned(),
        }
    }

    /// A share in whole per cent, as the table `fiche_mois` writes it.
    fn rounded(self, share: f64) -> String {
        let less = self.say("moins de 1", "less than 1");
        let more = self.say("plus de 99", "more than 99");
        match share {
            share if share > 0.0 && share < 0.005 => less.to_owned(),
            share if (0.995..1.0).contains(&share) => more.to_owned(),
            share => format!("{:.0}", (100.0 * share + 0.5).floor()),
        }
    }

    /// From one share to another.
    #[must_use]
    pub fn between(self, low: f64, high: f64) -> String {
        if self.share(low) == self.share(high) {
            return self.share(low);
        }
        format!("{} {} {} {}", self.say("de", "from"), self.share(low), self.say("à", "to"), self.share(high))
    }

    /// How long: in days or, below two of them, in hours.
    #[must_use]
    pub fn length(self, seconds: i64) -> String {
        #[expect(clippy::cast_precision_loss, reason = "centuries are exact")]
        let hours = seconds as f64 / 3600.0;
        if hours < 48.0 {
            return format!("{}\u{a0}h", self.tenths(hours));
        }
        format!("{} {}", self.tenths(hours / 24.0), self.say("jours", "days"))
    }

    /// The one sentence that may be quoted of a period, as the table `fiche_mois` has it for months; nothing where no rate
    /// may be cited without its reserves.
    #[must_use]
    pub fn sentence(self, figures: Line<'_>) -> Option<String> {
        if figures.text("qualite") != "suffisante" {
            return None;
        }
        let rate = figures.number("taux_sans_rdv")?;
        let (no, answered) = (figures.count("secondes_non"), figures.count("secondes_repondues"));
        let days = figures.count("jours_regardes");
        let percent = self.say("\u{a0}%", "%");
        let rounded = self.rounded(rate);
        Some(match (figures.number("ic95_bas"), figures.number("ic95_haut")) {
            (Some(low), Some(high)) => {
                let (low, high) = (self.rounded(low), self.rounded(high));
                match self.0 {
                    Language::French => format!("sans rendez-vous {rounded} % du temps (de {low} à {high} %)"),
                    Language::English => format!("no appointment {rounded}{percent} of the time ({low} to {high}%)"),
                }
            }
            _ if no == 0 && figures.count("non") == 0 => match self.0 {
                Language::French => format!("un rendez-vous à chaque réponse obtenue, en {days} jours regardés"),
                Language::English => format!("an appointment in each answer obtained, on {days} days looked at"),
            },
            _ if no == answered && figures.count("oui") == 0 => match self.0 {
                Language::French => format!("aucun rendez-vous vu en {days} jours regardés"),
                Language::English => format!("no appointment seen on {days} days looked at"),
            },
            _ => match self.0 {
                Language::French => format!("sans rendez-vous {rounded} % du temps, sans intervalle"),
                Language::English => format!("no appointment {rounded}{percent} of the time, without an interval"),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each reason that the tables give has its sentence in both languages, and no other's.
    #[test]
    fn each_code_of_a_reason_has_its_meaning() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/tables/disponibilite_ensemble.json");
        let table = TableSchema::load(&path).unwrap();
        for column in ["motif", "motif_ic95"] {
            let codes = table.field(column).unwrap().constraints.one_of.clone().unwrap();
            for language in [Language::French, Language::English] {
                let told: Vec<String> = codes.iter().map(|code| Words(language).reason(&table, column, code)).collect();
                assert!(told.iter().all(|told| told.len() > 8), "{told:?}");
                let bare = codes.iter().zip(&told).filter(|(code, told)| code.replace('_', " ") == **told).count();
                assert!(bare <= 1, "one says itself what it means: {told:?}");
            }
        }
        assert_eq!(Words(Language::English).reason(&table, "motif", "aucune_mesure"), "aucune mesure");
        assert_eq!(Words(Language::English).reason(&table, "motif", "aucune_reponse"), "neither \"yes\" nor \"no\"");
    }

    #[test]
    fn dates_are_said_as_people_say_them() {
        let day = |month, day| NaiveDate::from_ymd_opt(2019, month, day).unwrap();
        assert_eq!(Words(Language::French).day(day(6, 1)), "1er juin 2019");
        assert_eq!(Words(Language::French).day(day(8, 21)), "21 août 2019");
        assert_eq!(Words(Language::English).day(day(6, 1)), "1 June 2019");
    }

    #[test]
    fn no_share_is_rounded_to_all_or_nothing() {
        let french = Words(Language::French);
        assert_eq!(
            [0.0, 0.0002, 0.9999, 1.0].map(|share| french.share(share)),
            ["0,0\u{a0}%", "moins de 0,1\u{a0}%", "plus de 99,9\u{a0}%", "100,0\u{a0}%"]
        );
        assert_eq!(Words(Language::English).share(0.652), "65.2%");
    }
}
