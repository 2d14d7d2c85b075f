//! Dates and hours in the text of a page: where one stands, and whether a date can be that of an appointment.

use std::sync::LazyLock;

use chrono::{Datelike as _, NaiveDate};
use regex::{Captures, Match, Regex};

use crate::attempt::bounds::YEARS;

/// A date or an hour as pages write them, in normalised text: « jeudi 25 avril », « 25/04/2019 », « 9 h 20 ».
const MOMENT: &str = concat!(
    r"(?:\b(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)\b(?: \d{1,2}\b)?",
    r"|\b(?:1er|\d{1,2}) (?:janv(?:ier)?|févr?(?:ier)?|mars|avr(?:il)?|mai|juin|juil(?:let)?|août|sept(?:embre)?",
    r"|oct(?:obre)?|nov(?:embre)?|déc(?:embre)?)\b",
    r"|\b\d{4}-\d{2}-\d{2}|\b\d{1,2}[/.-]\d{1,2}(?:[/.-]\d{2,4})?\b",
    r"|\b\d{1,2} ?(?:h\b|h ?\d{2}\b|:\d{2}\b)|\bdemain\b)",
);

/// A month by its name.
const MONTH: &str = concat!(
    r"\b(?:janv(?:ier)?|févr?(?:ier)?|mars|avr(?:il)?|mai|juin|juil(?:let)?|août|sept(?:embre)?|oct(?:obre)?",
    r"|nov(?:embre)?|déc(?:embre)?)\b\.?",
);
/// The beginnings of the names of months, in their order.
const MONTHS: [&str; 12] = ["janv", "fév", "mars", "avr", "mai", "juin", "juil", "août", "sept", "oct", "nov", "déc"];

/// Compiles an expression of this module or of one that looks for what stands around moments.
pub(super) fn expression(pattern: &str) -> Regex {
    Regex::new(pattern).expect("written above, and compiled by the tests")
}

static ANYWHERE: LazyLock<Regex> = LazyLock::new(|| expression(MOMENT));

/// What narrows the words before it to a time: « avant le 25/04 », « du 15 au 19 avril », « pour la semaine du 15/04 ».
static NARROWING: LazyLock<Regex> = LazyLock::new(|| {
    let leading = "(?:pour|avant|après|le|la|les|du|au|en|dès|journée|semaine|mois|jusqu'au|de|entre) ";
    expression(&format!(r"^[ ,:(]*(?:{leading})+(?:\d{{1,2}} (?:au|et) (?:le )?)?(?:{MOMENT}|{MONTH})"))
});

/// What narrows the words after it to a time: « 15 avril : », « lundi 15 », « après 9 h ».
static HEADING: LazyLock<Regex> = LazyLock::new(|| {
    let weekday = r"\b(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche) (?:1er|\d{1,2})";
    expression(&format!(
        r"(?:{MOMENT}\.?(?: \d{{4}})? ?: ?|{weekday}(?: {MONTH})? ?|\b(?:après|avant|dès|depuis) (?:le |la )?{MOMENT} ?)$"
    ))
});

/// A date with an hour, as an appointment has.
static APPOINTMENT: LazyLock<Regex> = LazyLock::new(|| {
    let words = format!(r"\b(?<day>\d{{1,2}}|1er) (?<month>{MONTH})(?: (?<year>\d{{4}}))?");
    let figures = r"\b(?<d>\d{1,2})/(?<m>\d{1,2})(?:/(?<y>\d{4}))?|\b(?<iso>\d{4}-\d{2}-\d{2})";
    expression(&format!(r"(?:{words}|{figures})(?:,? (?:à |- |de |dès )?|t)\d{{1,2}} ?(?:h|:\d)"))
});

/// Hours one after the other, as slots are listed; opening hours have words or dashes between them.
static HOURS: LazyLock<Regex> = LazyLock::new(|| expression(r"(?:\b\d{1,2} ?(?:h|:) ?\d{2}\b[ ,]*){3}"));

/// Three hours or more, one after the other.
pub(super) fn hours_in(text: &str) -> Option<&str> {
    Some(HOURS.find(text)?.as_str().trim_end_matches([' ', ',']))
}

/// The first date or hour in a normalised text.
pub(super) fn moment_in(text: &str) -> Option<Match<'_>> {
    ANYWHERE.find(text)
}

/// The time to which the words before `text` are narrowed by its beginning.
pub(super) fn narrowing(text: &str) -> Option<&str> {
    Some(NARROWING.find(text)?.as_str().trim())
}

/// The time under which the words after `text` stand, where its end is such a heading.
pub(super) fn heading(text: &str) -> Option<&str> {
    Some(HEADING.find(text)?.as_str().trim())
}

/// A date and an hour that can be those of an appointment on another day than the given one.
pub(super) fn appointment_in(text: &str, on: Option<NaiveDate>) -> Option<Match<'_>> {
    let other_day = |found: &Captures<'_>| on.is_none_or(|day| date_of(found, day).is_none_or(|date| day < date));
    APPOINTMENT.captures_iter(text).find(other_day)?.get(0)
}

/// Whether a text has a date with an hour, on whatever day.
pub(super) fn has_appointment(text: &str) -> bool {
    APPOINTMENT.is_match(text)
}

/// The date that was found; of a year that is not written, the one in which it is `on` or the next after it.
fn date_of(found: &Captures<'_>, on: NaiveDate) -> Option<NaiveDate> {
    if let Some(iso) = found.name("iso") {
        return iso.as_str().parse().ok();
    }
    let number = |name: &str| found.name(name)?.as_str().trim_end_matches("er").parse::<u32>().ok();
    let month = || {
        let name = found.name("month")?.as_str();
        (1..).zip(MONTHS).find(|(_, month)| name.starts_with(month)).map(|(number, _)| number)
    };
    let (day, month) = (number("day").or_else(|| number("d"))?, number("m").or_else(month)?);
    match found.name("year").or_else(|| found.name("y")) {
        Some(year) => NaiveDate::from_ymd_opt(year.as_str().parse().ok()?, month, day),
        None => [0, 1]
            .into_iter()
            .filter_map(|later| NaiveDate::from_ymd_opt(on.year() + later, month, day))
            .find(|date| on <= *date),
    }
}

/// The date with which a text begins: `2026-03-02` or `02/03/2026`, whatever follows that is no digit.
pub(super) fn leading_date(text: &str) -> Option<NaiveDate> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '-' && c != '/').unwrap_or(text.len());
    // 2026-03-02T09:20 ends at its T, 02/03/2026 at its quotation mark.
    let written = &text[..end];
    NaiveDate::parse_from_str(written, "%Y-%m-%d").or_else(|_| NaiveDate::parse_from_str(written, "%d/%m/%Y")).ok()
}

/// Whether a date can be that of an appointment that is offered on a day: dates of years that no appointment has (0001,
/// 1970, 9999) are how programs write « none », and yesterday cannot be had.
pub(super) fn believed(date: NaiveDate, on: Option<NaiveDate>) -> bool {
    YEARS.contains(&date.year()) && on.is_none_or(|day| day <= date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_found_in_the_ways_pages_write_them() {
        for text in [
            "le jeudi 25 avril 2019",
            "lundi",
            "25/04/2019",
            "le 25.04",
            "2019-04-25",
            "le 1er août",
            "15 avr.",
            "à 9 h",
            "9h20",
            "09:20",
            "demain",
        ] {
            assert!(moment_in(text).is_some(), "{text}");
        }
        for text in ["4 créneaux", "l'an 2019", "étape 3 sur 6", "4 maisons", "lundis", "12 heures", "1 h2o"] {
            assert!(moment_in(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_time_beside_a_sentence_narrows_it() {
        for text in [
            " avant le 25/04/2019.",
            " le lundi 15 avril",
            " du 15 au 19 avril",
            ", pour la semaine du 15/04",
            " avant mai",
        ] {
            assert!(narrowing(text).is_some(), "{text}");
        }
        for text in [" mis à jour le 12/04/2019", " 12/04/2019", ". le lundi", " le guichet"] {
            assert_eq!(narrowing(text), None, "{text}");
        }
        assert_eq!(heading("semaine du lundi 15 avril 2019 : "), Some("15 avril 2019 :"));
        assert_eq!(heading("lundi 15 "), Some("lundi 15"));
        assert_eq!(heading("au guichet, après 9 h "), Some("après 9 h"));
        for text in ["vendredi 12 avril 2019 ", "du lundi au vendredi ", "de 9 h à 16 h "] {
            assert_eq!(heading(text), None, "{text}");
        }
    }

    #[test]
    fn hours_are_those_of_slots_where_nothing_is_between_them() {
        assert_eq!(hours_in("matin 09:00 09:20, 9h40 "), Some("09:00 09:20, 9h40"));
        for text in ["9h00 - 12h00 13h30 - 16h00", "08:30 12:00", "de 9 h 00 à 12 h 00 et de 13 h 30 à 16 h 00"] {
            assert_eq!(hours_in(text), None, "{text}");
        }
    }

    #[test]
    fn a_date_with_an_hour_on_another_day_is_that_of_an_appointment() {
        let on = NaiveDate::from_ymd_opt(2019, 4, 12);
        for text in
            ["le 2 mai à 14 h", "jeudi 25 avr. 2019 - 9h20", "25/04/2019 10:00", "1er août, 9 h", "2019-04-25t09:00"]
        {
            assert!(appointment_in(text, on).is_some(), "{text}");
        }
        for text in
            ["12 avril 2019, 10:02", "12/04 à 10 h", "le 11/04/2019 à 9 h", "25 avril 2019", "du 15 au 19 avril", "9 h"]
        {
            assert!(appointment_in(text, on).is_none(), "{text}");
        }
    }

    #[test]
    fn dates_that_mean_none_are_not_believed() {
        let on = NaiveDate::from_ymd_opt(2019, 4, 12);
        let believes = |text| leading_date(text).is_some_and(|date| believed(date, on));
        for text in ["2026-03-02\"", "02/03/2026", "2026-03-02t09:20", "2019-04-12", "2099-12-31"] {
            assert!(believes(text), "{text}");
        }
        for text in [
            "0001-01-01",
            "9999-12-31",
            "31/12/9999",
            "1970-01-01",
            "2019-04-11",
            "2026-02-31",
            "0000-00-00",
            "12",
            "",
            "2100-01-01",
            "02/03/26",
        ] {
            assert!(!believes(text), "{text}");
        }
    }
}
