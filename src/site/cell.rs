//! Figures as pages show them: each with the table, the row and the column that it is of, so that anyone can compare it with
//! what is published.

use maud::{Markup, html};

use super::codes::called;
use crate::grid::Line;
use crate::words::Words;

/// How a column's values are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Show {
    /// A whole number.
    Count,
    /// A share, in per cent.
    Share,
    /// A length of time, from seconds.
    Length,
    /// An instant.
    Instant,
    /// The text itself.
    Text,
    /// A code, by what it is called.
    Code,
}

impl Show {
    fn shown(self, words: Words, row: Line<'_>, column: &str) -> String {
        let text = row.text(column);
        match self {
            Self::Count => row.number(column).map(|_| words.count(row.count(column))),
            Self::Share => row.number(column).map(|share| words.share(share)),
            Self::Length => row.number(column).map(|_| words.length(row.count(column))),
            Self::Instant => row.instant(column).map(|instant| words.instant(instant)),
            Self::Code => (!text.is_empty()).then(|| called(words, text)),
            Self::Text => None,
        }
        .unwrap_or_else(|| text.to_owned())
    }

    pub(super) const fn is_number(self) -> bool {
        matches!(self, Self::Count | Self::Share | Self::Length)
    }
}

/// The heading of a last cell of words, and what it says of a row.
pub(super) type Note<'a> = (&'a str, &'a dyn Fn(Line<'_>) -> Markup);

/// The column that heads each row of a table, its heading where it is no period, and how to say what it holds.
pub(super) type Head<'a> = (&'static str, Option<&'a str>, &'a dyn Fn(&str) -> String);

/// A table of published rows.
pub(super) struct Published<'a> {
    pub words: Words,
    /// The table, and what its rows have in common of its key.
    pub table: &'static str,
    pub key: String,
    /// What heads each row.
    pub head: Head<'a>,
    /// The other columns: their headings, and how they are shown.
    pub columns: &'a [(&'static str, String, Show)],
    pub caption: String,
}

impl Published<'_> {
    /// The table, with a row for each line and what is noted of it.
    pub(super) fn table(&self, lines: &[Line<'_>], (noted, note): Note<'_>) -> Markup {
        let (head, title, say) = self.head;
        let headed = title.unwrap_or_else(|| self.words.say("Période", "Period"));
        let table = html! {
                table.figures data-table=(self.table) data-key=(self.key) {
                    caption { (self.caption) }
                    thead { tr {
                        th scope="col" data-column=(head) { (headed) }
                        @for (column, title, show) in self.columns {
                            th class=[(!show.is_number()).then_some("t")] scope="col" data-column=(column) { (title) }
                        }
                        th.t scope="col" { (noted) }
                    } }
                    tbody { @for line in lines { tr data-key=(line.text(head)) {
                        th scope="row" { (say(line.text(head))) }
                        @for (column, _, show) in self.columns { (cell(self.words, *line, column, *show)) }
                        td.t { (note(*line)) }
                    } } }
                }
        };
        scroll(&self.caption, &table)
    }
}

/// A box for what may be wider than a telephone: it scrolls by itself, by the keyboard, too.
pub(super) fn scroll(label: &str, inside: &Markup) -> Markup {
    html! { div.scroll tabindex="0" role="region" aria-label=(label) { (inside) } }
}

/// A cell that holds a figure; it is empty where there is none.
pub(super) fn cell(words: Words, row: Line<'_>, column: &str, show: Show) -> Markup {
    let shown = show.shown(words, row, column);
    // Of a share the page holds as many digits as anyone would cite; the table has them all.
    let raw = match (show, row.number(column)) {
        (Show::Share, Some(share)) => format!("{share:.4}").trim_end_matches('0').trim_end_matches('.').to_owned(),
        _ => row.text(column).to_owned(),
    };
    html! {
        @if shown == raw { td class=[(!show.is_number()).then_some("t")] { (shown) } }
        @else { td class=[(!show.is_number()).then_some("t")] data-v=(raw) { (shown) } }
    }
}

/// A figure within a sentence.
pub(super) fn figure(words: Words, row: Line<'_>, of: &str, column: &str, show: Show) -> Markup {
    html! { data value=(row.text(column)) data-cle=(format!("{of}/{column}")) { (show.shown(words, row, column)) } }
}
