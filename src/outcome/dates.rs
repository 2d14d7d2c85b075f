//! Dates and hours in the text of a page: where one stands, and whether a date can be that of an appointment.

use std::sync::LazyLock;

use chrono::{Datelike as _, NaiveDate};
use regex::{Match, Regex};

use crate::attempt::YEARS;

/// A date or an hour as pages write them, in normalised text: « jeudi 25 avril », « 25/04/2019 », « 9 h 20 ».
const MOMENT: &str = concat!(
    r"(?:\b(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)\b(?: \d{1,2}\b)?",
    r"|\b(?:1er|\d{1,2}) (?:janv(?:ier)?|févr?(?:ier)?|mars|avr(?:il)?|mai|juin|juil(?:let)?|août|sept(?:embre)?",
    r"|oct(?:obre)?|nov(?:embre)?|déc(?:embre)?)\b",
    r"|\b\d{4}-\d{2}-\d{2}|\b\d{1,2}[/.-]\d{1,2}(?:[/.-]\d{2,4})?\b",
    r"|\b\d{1,2} ?(?:h\b|h ?\d{2}\b|:\d{2}\b)|\bdemain\b)",
);

/// A month alone says when, too, where the page speaks of « avant mai ».
const MONTH: &str = r"\b(?:janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre)\b";

fn expression(pattern: &str) -> Regex {
    Regex::new(pattern).expect("written above, and compiled by the tests")
}

static ANYWHERE: LazyLock<Regex> = LazyLock::new(|| expression(MOMENT));

/// What narrows the words before it to a time: « avant le 25/04 », « du 15 au 19 avril », « pour la semaine du 15/04 ».
static NARROWING: LazyLock<Regex> = LazyLock::new(|| {
    let leading = "(?:pour|avant|après|le|la|les|du|au|en|dès|journée|semaine|mois|jusqu'au|de|entre) ";
    expression(&format!(r"^[ ,:(]*(?:{leading})+(?:\d{{1,2}} (?:au|et) (?:le )?)?(?:{MOMENT}|{MONTH})"))
});

/// What narrows the words after it to a time: « lundi 15 avril : ».
static HEADING: LazyLock<Regex> = LazyLock::new(|| expression(&format!(r"{MOMENT}(?: \d{{4}})? ?: ?$")));

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
        assert_eq!(heading("vendredi 12 avril "), None);
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
