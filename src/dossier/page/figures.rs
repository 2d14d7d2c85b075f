//! What the period shows: counts, shares of time, weeks, windows, stretches in which nobody looked.

use maud::{Markup, html};

use super::Page;
use crate::grid::{Grid, Line};
use crate::schema::Language;

/// Counts that the first table gives, by their columns.
const COUNTS: [&str; 10] = [
    "consultations",
    "oui",
    "non",
    "inconnues",
    "hors_champ",
    "incompletes",
    "lignes",
    "pannes_partagees",
    "jours_avec_non",
    "jours_avec_panne",
];

/// Those of each week.
const OF_A_WEEK: [&str; 7] =
    ["consultations", "oui", "non", "inconnues", "hors_champ", "pannes_partagees", "jours_avec_non"];

impl Page<'_> {
    /// The figures of the whole period.
    pub(super) fn summary(&self) -> Markup {
        let say = |french, english| self.words.say(french, english);
        let Some(figures) = self.dossier.figures.first() else { return html! {} };
        html! {
            section {
                h2 { (say("Ce que la période montre", "What the period shows")) }
                (self.rate(figures))
                div.scroll { table.figures { tbody {
                    @for column in COUNTS { (self.counted(figures, column)) }
                    (self.spans())
                } } }
                (self.shares(figures))
            }
        }
    }

    /// The sentence that may be quoted, or why none may.
    pub(super) fn rate(&self, figures: Line<'_>) -> Markup {
        let say = |french, english| self.words.say(french, english);
        if let Some(sentence) = self.words.sentence(figures) {
            return html! { p.quote { (sentence) } };
        }
        let motif = figures.text("motif");
        let why = self.words.reason(&self.dossier.figures_schema, "motif", motif);
        html! {
            p.quote {
                (say("Aucun taux ne peut être cité seul pour cette période :", "No rate may be cited by itself for this period:"))
                " " code { (motif) } " (" (why) ")."
            }
        }
    }

    fn counted(&self, figures: Line<'_>, column: &str) -> Markup {
        let schema = &self.dossier.figures_schema;
        html! {
            tr {
                td data-colonne=(column) { (self.words.count(figures.count(column))) }
                td { (self.words.title(schema, column)) small { (self.words.meaning(schema, column)) } }
            }
        }
    }

    /// From the first « no » to the last, and how many disjoint windows of seven days, and weeks of the calendar, have one.
    fn spans(&self) -> Markup {
        let say = |french, english| self.words.say(french, english);
        let Some(seen) = self.dossier.seen.first() else { return html! {} };
        let number = |number: usize| i64::try_from(number).unwrap_or(0);
        let (windows, failing) = (number(self.dossier.windows_with_no()), number(self.dossier.windows_with_failures));
        let weeks = self.dossier.figures.first().map_or(0, |figures| figures.count("semaines_avec_non"));
        html! {
            @if seen.instant("premier_non_utc").is_some() {
                tr {
                    td data-colonne="etendue" { (self.words.length(seen.count("etendue_s"))) }
                    td {
                        (say("du premier « non » au dernier", "from the first \"no\" to the last"))
                        small { (seen.text("premier_non_utc")) " – " (seen.text("dernier_non_utc")) " (UTC)" }
                    }
                }
            }
            tr {
                td data-colonne="fenetres_7_jours" { (self.words.count(windows)) }
                td {
                    (self.words.plural(
                        windows,
                        ["fenêtre disjointe de sept jours avec un « non »", "fenêtres disjointes de sept jours avec un « non »"],
                        ["disjoint window of seven days with a \"no\"", "disjoint windows of seven days with a \"no\""],
                    ))
                    (self.cut_window())
                    small { (say(
                        "De suite, la première à partir du premier « non ». Un vendredi et le mercredi suivant y sont le plus souvent dans la \
                         même ; de part et d'autre d'une limite, deux jours peuvent se suivre : l'étendue et les jours sont à lire avec.",
                        "One after the other, the first from the first \"no\" on. A Friday and the Wednesday after it are mostly in one of them; \
                         two days on either side of a limit may follow each other: read the span and the days with it.",
                    )) }
                }
            }
            tr {
                td data-colonne="fenetres_avec_panne" { (self.words.count(failing)) }
                td {
                    (self.words.plural(failing, ["fenêtre disjointe", "fenêtres disjointes"], ["disjoint window", "disjoint windows"])) " "
                    (say(
                        "de sept jours avec une panne que l'usager a pu rencontrer aussi, à partir de sa première panne",
                        "of seven days with a failure that users may have met too, from its first failure on",
                    ))
                }
            }
            tr {
                td data-colonne="semaines_avec_non" { (self.words.count(weeks)) }
                td { (self.words.plural(
                    weeks,
                    ["semaine du calendrier (ISO 8601) avec un « non »", "semaines du calendrier (ISO 8601) avec un « non »"],
                    ["week of the calendar (ISO 8601) with a \"no\"", "weeks of the calendar (ISO 8601) with a \"no\""],
                )) }
            }
        }
    }

    /// That the last window with a « no » is not whole, where it is not.
    pub(super) fn cut_window(&self) -> String {
        let Some(cut) = self.dossier.cut_window() else { return String::new() };
        let days = self.words.counted(cut.days(), ["jour", "jours"], ["day", "days"]);
        match self.words.0 {
            Language::French => format!(", dont une incomplète, de {days}, que la fin de la période coupe"),
            Language::English => format!(", one of them incomplete, of {days}, cut by the end of the period"),
        }
    }

    /// Shares of scheduled time, with all that bounds them.
    fn shares(&self, figures: Line<'_>) -> Markup {
        let say = |french, english| self.words.say(french, english);
        let share = |column: &str| figures.number(column).map(|share| self.words.share(share));
        let between = |low: &str, high: &str| Some(self.words.between(figures.number(low)?, figures.number(high)?));
        let none = || say("non publié", "not published").to_owned();
        let interval = between("ic95_bas", "ic95_haut").unwrap_or_else(|| {
            let motif = figures.text("motif_ic95");
            let why = self.words.reason(&self.dossier.figures_schema, "motif_ic95", motif);
            let none = say("aucun", "none");
            if motif.is_empty() { none.to_owned() } else { format!("{none} ({why})") }
        });
        let rows = [
            ("taux_sans_rdv", share("taux_sans_rdv").unwrap_or_else(none)),
            ("ic95_bas", interval),
            ("borne_basse", between("borne_basse", "borne_haute").unwrap_or_else(none)),
            ("borne_basse_prevue", between("borne_basse_prevue", "borne_haute_prevue").unwrap_or_else(none)),
            ("couverture", share("couverture").unwrap_or_else(none)),
        ];
        let titled = |column: &str| match (column, self.words.0) {
            ("ic95_bas", Language::French) => "Intervalle à 95 % de ce taux".to_owned(),
            ("ic95_bas", Language::English) => "95% interval of that rate".to_owned(),
            ("borne_basse", Language::French) => {
                "Ce que serait le taux si tout ce qui est resté inconnu avait été « oui », ou « non »".to_owned()
            }
            ("borne_basse", Language::English) => {
                "What the rate would be if all that stayed unknown had been yes, or no".to_owned()
            }
            ("borne_basse_prevue", Language::French) => {
                "Les mêmes bornes, avec le temps où personne n'a regardé".to_owned()
            }
            ("borne_basse_prevue", Language::English) => {
                "The same bounds, with the time in which nobody looked".to_owned()
            }
            _ => self.words.title(&self.dossier.figures_schema, column),
        };
        html! {
            h3 { (say("En parts du temps prévu", "As shares of scheduled time")) }
            div.scroll { table.figures { tbody {
                @for (column, value) in rows { tr { td data-colonne=(column) { (value) } td { (titled(column)) } } }
            } } }
            p { (say(
                "Ces parts sont celles des modèles SQL de la version, appliqués aux jours demandés ; les seuils sont ceux d'un mois.",
                "These shares are those of the version's SQL models, applied to the days asked for; thresholds are those of a month.",
            )) }
        }
    }

    /// Weeks of the calendar, windows of seven days, and failures.
    pub(super) fn by_period(&self) -> Markup {
        let say = |french, english| self.words.say(french, english);
        html! {
            section {
                h2 { (say("Semaine par semaine", "Week by week")) }
                (self.periods(&self.dossier.weeks, say("semaine ISO", "ISO week")))
                p { (say(
                    "Une semaine coupée par le début ou la fin de la période ne compte que ses jours demandés.",
                    "A week cut by the beginning or the end of the period counts only the days asked for.",
                )) }
                h2 { (say("Fenêtres disjointes de sept jours", "Disjoint windows of seven days")) }
                p { (say(
                    "De suite à partir du premier « non » ; la fin de la période coupe la dernière, qui peut avoir moins de sept jours.",
                    "One after the other from the first \"no\" on; the end of the period cuts the last, which may have less than seven days.",
                )) }
                @if self.dossier.windows.is_empty() { p { (say("Aucune.", "None.")) } } @else {
                    div.scroll { table {
                        thead { tr {
                            th { (say("premier jour", "first day")) } th { (say("dernier jour", "last day")) }
                            th.n { (say("non", "no")) } th.n { (say("pannes de l'usager", "failures of users")) }
                        } }
                        tbody { @for window in &self.dossier.windows { tr {
                            td { (window.first) } td { (window.last) }
                            td.n { (self.words.count(window.no)) } td.n { (self.words.count(window.failures)) }
                        } } }
                    } }
                }
            }
        }
    }

    /// One row per period, as the tables count it.
    pub(super) fn periods(&self, rows: &Grid, first: &str) -> Markup {
        let schema = &self.dossier.figures_schema;
        html! {
            div.scroll { table {
                thead { tr {
                    th { (first) }
                    @for column in OF_A_WEEK { th.n { (self.words.title(schema, column)) } }
                    th.n { (self.words.title(schema, "couverture")) }
                } }
                tbody { @for row in rows.lines() { tr {
                    td { (row.text("periode")) }
                    @for column in OF_A_WEEK { td.n data-colonne=(column) { (self.words.count(row.count(column))) } }
                    td.n { (row.number("couverture").map(|share| self.words.share(share)).unwrap_or_default()) }
                } } }
            } }
        }
    }

    /// Stretches in which nobody looked.
    pub(super) fn gaps(&self) -> Markup {
        let say = |french, english| self.words.say(french, english);
        html! {
            section {
                h2 { (say("Quand personne n'a regardé", "When nobody looked")) }
                p { (say(
                    "Ces périodes ne prouvent rien, ni dans un sens ni dans l'autre. Durée et cycles sont ceux de toute la lacune, même hors des jours demandés.",
                    "These stretches prove nothing, neither one way nor the other. Length and cycles are those of the whole gap, also beyond the days asked for.",
                )) }
                @if self.dossier.gaps.is_empty() { p { (say("Aucune.", "None.")) } } @else {
                    div.scroll { table {
                        thead { tr {
                            th { (say("de (UTC)", "from (UTC)")) } th { (say("à (UTC)", "to (UTC)")) }
                            th.n { (say("durée", "length")) } th.n { (say("cycles manqués", "cycles missed")) }
                        } }
                        tbody { @for gap in self.dossier.gaps.lines() { tr {
                            td { (gap.text("debut_utc")) } td { (gap.text("fin_utc")) }
                            td.n { (self.words.length(gap.count("duree_s"))) }
                            td.n { (self.words.count(gap.count("cycles_manquants"))) }
                        } } }
                    } }
                }
            }
        }
    }
}
