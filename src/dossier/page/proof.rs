//! How anyone can verify the file, its lines, and the method.

use maud::{Markup, PreEscaped, html};
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::Page;
use crate::grid::Line;
use crate::schema::Language;

impl Page<'_> {
    /// Where a path of the store is for a reader.
    fn address(&self, path: &str) -> String {
        let base = self.dossier.base.as_deref().unwrap_or(self.words.say("ADRESSE-DU-DÉPÔT", "ADDRESS-OF-THE-STORE"));
        format!("{base}/{path}")
    }

    /// The steps by which a reader who has this file and the internet verifies a line of it.
    pub(super) fn verification(&self) -> Markup {
        let say = |french, english| self.words.say(french, english);
        let manifest = &self.dossier.manifest;
        let path = format!("versions/{}/manifest.json", manifest.version);
        let signature = format!("{path}.minisig");
        html! {
            section {
                h2 { (say("Vérifier ce dossier soi-même", "Verify this file yourself")) }
                p { (say(
                    "Il faut ce dossier, l'internet et trois outils : curl, sha256sum (shasum -a 256 sous macOS), grep ; sous Windows, ceux de WSL.",
                    "It takes this file, the internet and three tools: curl, sha256sum (shasum -a 256 on macOS), grep; on Windows, those of WSL.",
                )) }
                @if self.dossier.base.is_none() { p { strong { (say(
                    "L'adresse publique du dépôt n'est pas précisée : demandez-la à l'éditeur, et mettez-la à la place de ADRESSE-DU-DÉPÔT.",
                    "The public address of the store is not stated: ask the publisher for it, and put it in place of ADDRESS-OF-THE-STORE.",
                )) } } }
                ol {
                    li {
                        (say("Le manifeste de la version ; son empreinte est", "The manifest of the version; its digest is"))
                        " " code { (self.dossier.manifest_sha256) } (say(" :", ":"))
                        pre.step { "curl -sSfO " (self.address(&path)) "\nsha256sum manifest.json" }
                        @if self.dossier.signed {
                            (say(
                                "Elle est signée (minisign) ; la clé publique s'obtient auprès de l'éditeur, et non du dépôt :",
                                "It is signed (minisign); get the public key from the publisher, and not from the store:",
                            ))
                            pre { "curl -sSfO " (self.address(&signature)) "\nminisign -Vm manifest.json -P " (say("CLÉ", "KEY")) }
                        } @else { p { (say(
                            "Elle n'est pas signée : ces étapes montrent que le dossier vient de cette version, et non qui l'a publiée.",
                            "It is not signed: these steps show that the file comes from this version, and not who published it.",
                        )) } }
                    }
                    @for file in self.dossier.lines_files() {
                        @let name = file.path.rsplit('/').next().unwrap_or(&file.path);
                        li {
                            (say("Les lignes de", "The lines of")) " " (file.partition.as_deref().unwrap_or_default()) (say(" ; le manifeste donne l'empreinte", "; the manifest gives the digest"))
                            " " code { (file.sha256) } (say(" :", ":"))
                            pre.step { "curl -sSfO " (self.address(&file.path)) "\nsha256sum " (name) "\ngrep -c " (file.sha256) " manifest.json" }
                        }
                    }
                    li {
                        (say(
                            "Une ligne, par son identifiant (dernière colonne du tableau ci-dessous et du CSV) :",
                            "A line, by its identifier (last column of the table below and of the CSV):",
                        ))
                        pre.step {
                            "grep -h " (self.dossier.shown.first().map_or("", |line| line.text("tentative_id"))) " tentatives-*.csv"
                        }
                    }
                    li {
                        (say(
                            "Les comptes et les parts du temps de la période, avec DuckDB et les modèles SQL de la version, une copie du dépôt à la main :",
                            "Counts and shares of time of the period, with DuckDB and the version's SQL models, a copy of the store at hand:",
                        ))
                        pre { "cd versions/" (manifest.version) "\nduckdb -init fenetre.sql -c \"SELECT * FROM fenetre('"
                            (self.dossier.request.counter) "', '" (self.dossier.request.procedure) "', DATE '" (self.dossier.request.from)
                            "', DATE '" (self.dossier.request.to) "')\"" }
                        (say(
                            "recompute.sql refait de même toutes les tables, dont consultations, qui dit à quelle consultation et à quelle réponse une \
                             ligne a contribué.",
                            "recompute.sql makes all tables again in the same way, consultations among them, which says to which consultation and answer \
                             a line contributed.",
                        ))
                    }
                }
            }
        }
    }

    /// Each line, after its consultation.
    pub(super) fn lines(&self) -> Markup {
        let say = |french, english| self.words.say(french, english);
        let columns = [
            (say("heure locale", "local time"), "heure_locale"),
            ("UTC", "instant_utc"),
            (say("planning", "planning"), "planning_id"),
            (say("essai", "try"), "essai"),
            (say("réponse", "answer"), "reponse"),
            (say("règle", "rule"), "regle_id"),
            ("HTTP", "code_http"),
            (say("première date", "first date"), "premiere_date"),
            (say("horizon (j)", "horizon (d)"), "horizon_jours"),
            (say("horloge (s)", "clock (s)"), "horloge_age_s"),
            (say("point", "vantage"), "point_de_mesure"),
            (say("identité", "identity"), "signature_id"),
            (say("page", "page"), "page_demandee"),
            (say("empreinte de la page", "digest of the page"), "preuve_sha256"),
            (say("de la capture", "of the screenshot"), "capture_sha256"),
            (say("fichier", "file"), "fichier_source"),
            (say("ligne", "line"), "ligne_source"),
            (say("identifiant", "identifier"), "tentative_id"),
        ];
        let lines: Vec<Line<'_>> = self.dossier.shown.lines().collect();
        let consultation =
            |line: Line<'_>| ["consultation_id", "consultation_debut_utc"].map(|column| line.text(column).to_owned());
        html! {
            section.wide {
                h2 { (say("Chaque ligne, par consultation", "Each line, by consultation")) }
                div.scroll { table.lines {
                    thead { tr { @for (title, _) in columns { th { (title) } } } }
                    @for lines in lines.chunk_by(|one, next| consultation(*one) == consultation(*next)) {
                        @if let Some(first) = lines.first() {
                            tbody {
                                tr.of { td colspan=(columns.len()) {
                                    (first.text("date_locale")) " " (first.text("heure_locale")) " : "
                                    (first.text("consultation_reponse")) " (" (first.text("consultation_issue")) ")"
                                    @if first.text("consultation_reponse") == "oui" && first.text("consultation_complete") == "false" {
                                        ", " (say(
                                            "un planning attendu n'a pas répondu : sans poids dans un taux",
                                            "an expected planning did not answer: no weight in a rate",
                                        ))
                                    }
                                    @if !first.text("cycle_id").is_empty() { ", cycle " (first.text("cycle_id")) }
                                } }
                                @for line in lines { tr {
                                    @for (_, column) in columns { (cell(line.text(column), *line, column, first.text("date_locale"))) }
                                } }
                            }
                        }
                    }
                } }
            }
        }
    }

    /// The method of the version, whole.
    pub(super) fn method(&self) -> Markup {
        let text = match self.words.0 {
            Language::French => &self.dossier.method[0],
            Language::English => &self.dossier.method[1],
        };
        let folder =
            self.dossier.base.as_ref().map(|base| format!("{base}/versions/{}", self.dossier.manifest.version));
        let mut written = String::new();
        pulldown_cmark::html::push_html(&mut written, below(text, folder.as_deref()));
        html! { section.method { (PreEscaped(written)) } }
    }
}

/// A cell of a line; the day stands where it is not that of the consultation's heading.
fn cell(text: &str, line: Line<'_>, column: &str, day: &str) -> Markup {
    let failure = if column == "code_http" { line.text("echec") } else { "" };
    match column {
        "preuve_sha256" | "capture_sha256" if !text.is_empty() => html! { td.hash.digest { (text) } },
        "premiere_date" => html! { td.n { (text) } },
        "fichier_source" => html! { td.file { (text) } },
        "tentative_id" | "page_demandee" => html! { td.hash { (text) } },
        "heure_locale" if line.text("date_locale") != day => html! { td { (line.text("date_locale")) " " (text) } },
        "instant_utc" if !text.starts_with(day) => html! { td { (text) } },
        "instant_utc" => html! { td { (text.get(11..19).unwrap_or(text)) } },
        _ => html! { td { (text) @if !failure.is_empty() { " " (failure) } } },
    }
}

/// A text in Markdown below the headings of a page: its headings two levels down, no markup of its own, and links that lead
/// somewhere from here or are no links.
fn below<'a>(text: &'a str, folder: Option<&'a str>) -> impl Iterator<Item = Event<'a>> {
    let leads = |to: &str| to.starts_with("https://") || to.starts_with("http://");
    let mut dead = Vec::new();
    Parser::new_ext(text, Options::ENABLE_TABLES).filter_map(move |event| match event {
        Event::Start(Tag::Heading { level, id, classes, attrs }) => {
            Some(Event::Start(Tag::Heading { level: lower(level), id, classes, attrs }))
        }
        Event::End(TagEnd::Heading(level)) => Some(Event::End(TagEnd::Heading(lower(level)))),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let to = match folder {
                _ if leads(&dest_url) => Some(dest_url),
                Some(folder) if !dest_url.starts_with('#') => Some(CowStr::from(format!("{folder}/{dest_url}"))),
                _ => None,
            };
            dead.push(to.is_none());
            to.map(|dest_url| Event::Start(Tag::Link { link_type, dest_url, title, id }))
        }
        Event::End(TagEnd::Link) => (!dead.pop().unwrap_or(false)).then_some(Event::End(TagEnd::Link)),
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        other => Some(other),
    })
}

fn lower(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 => HeadingLevel::H2,
        HeadingLevel::H2 => HeadingLevel::H3,
        HeadingLevel::H3 => HeadingLevel::H4,
        HeadingLevel::H4 => HeadingLevel::H5,
        HeadingLevel::H5 | HeadingLevel::H6 => HeadingLevel::H6,
    }
}
