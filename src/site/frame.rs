//! What stands around every page: its head, its navigation, what it says of the data and of itself.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::Value;

use super::{Reach, Site};
use crate::metadata::{self, FILES_PAGE};
use crate::schema::Language;
use crate::words::{Words, bare};

/// The folder of what the pages need beside themselves.
pub(super) const ASSETS: &str = "assets";

/// The picture that stands for a page where it is shared, in its language's folder.
pub(super) const CARD: &str = "partage.png";

/// The folder of the pages in English.
const ENGLISH: &str = "en";

/// Nothing from elsewhere, and no script but those of the folder. Pictures that the page itself draws are data.
const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; object-src 'none'; base-uri 'none'; \
                      form-action 'none'";

/// A page of the site.
pub(super) struct Frame<'a> {
    pub site: &'a Site<'a>,
    pub words: Words,
    /// Its path in its language's folder.
    pub path: String,
    pub reach: Reach,
}

/// What a page has of its own.
pub(super) struct Own<'a> {
    pub title: &'a str,
    /// One sentence, for search engines and previews.
    pub about: &'a str,
    /// The scripts that it needs beside that of every page.
    pub scripts: &'a [&'a str],
    pub body: Markup,
}

/// A page's path within the site, by its path in a language's folder.
pub(super) fn in_language(path: &str, language: Language) -> String {
    match language {
        Language::French => path.to_owned(),
        Language::English => format!("{ENGLISH}/{path}"),
    }
}

/// A page's path without its language: what is the same of two pages that say the same.
pub(super) fn in_no_language(path: &str) -> &str {
    path.strip_prefix(ENGLISH).and_then(|path| path.strip_prefix('/')).unwrap_or(path)
}

/// Data for a script of the page, in the page.
pub(super) fn data_block(id: &str, value: &Value) -> Markup {
    html! { script type="application/json" id=(id) { (PreEscaped(metadata::json_in_html(value))) } }
}

impl Frame<'_> {
    /// One text of two.
    pub(super) fn say<'t>(&self, french: &'t str, english: &'t str) -> &'t str {
        self.words.say(french, english)
    }

    /// Its path within the site.
    pub(super) fn file(&self) -> String {
        in_language(&self.path, self.words.0)
    }

    /// The way from the page to the root of the site.
    pub(super) fn root(&self) -> String {
        "../".repeat(self.file().matches('/').count())
    }

    /// A link to a page in the same language.
    pub(super) fn to(&self, path: &str) -> String {
        format!("{}{}", self.root(), in_language(path, self.words.0))
    }

    /// A link to a file that stands once, at the root of the site.
    pub(super) fn at_root(&self, path: &str) -> String {
        format!("{}{path}", self.root())
    }

    /// A link to a file at the root of the store. The page stands at two depths below it: the script sets the way, and where the
    /// store has an address, that leads there without one.
    pub(super) fn in_the_store(&self, path: &str) -> Markup {
        let address = self.site.description.base().map(|base| format!("{base}/{path}"));
        html! {
            a href=[address.as_deref()] data-path=(path) { (path) }
            @if address.is_none() { noscript { (self.say(", à la racine du dépôt", ", at the root of the store")) } }
        }
    }

    /// Text that leads to a page of the site, where that stands beside this one.
    pub(super) fn link(&self, path: &str, text: &str) -> Markup {
        match self.reach {
            Reach::Whole => html! { a href=(self.to(path)) { (text) } },
            Reach::Alone => html! { (text) },
        }
    }

    /// The whole page.
    pub(super) fn page(&self, own: &Own<'_>) -> String {
        let (about, publication) = (self.site.description.about, &self.site.description.pipeline.publication);
        let site = self.site.description.title(self.words.0);
        let title = if own.title.is_empty() { site.clone() } else { format!("{} – {site}", own.title) };
        let latest = self.site.description.base().map(|base| format!("{base}/latest/{}", self.file()));
        let asset = |name: &str| self.at_root(&format!("{ASSETS}/{name}"));
        let page = html! {
            (DOCTYPE)
            html lang=(self.words.tag()) data-version=(about.version) data-root=(self.root()) data-finished[publication.is_finished()] {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta http-equiv="Content-Security-Policy" content=(POLICY);
                    title { (title) }
                    meta name="description" content=(own.about);
                    meta property="og:title" content=(title);
                    meta property="og:description" content=(own.about);
                    @if let Some(latest) = &latest {
                        link rel="canonical" href=(latest);
                        meta property="og:url" content=(latest);
                        @if let (Some(base), Some(_)) = (self.site.description.base(), self.site.card(self.words.0)) {
                            meta property="og:image" content=(format!("{base}/latest/{}", in_language(CARD, self.words.0)));
                            meta property="og:image:width" content="1200";
                            meta property="og:image:height" content="630";
                            meta name="twitter:card" content="summary_large_image";
                        }
                    }
                    link rel="stylesheet" href=(asset("style.css"));
                    link rel="icon" type="image/svg+xml" href=(asset("icone.svg"));
                    @if self.reach == Reach::Whole {
                        @if self.site.description.base().is_some() {
                            link rel="alternate" type="application/atom+xml" href=(self.at_root("versions.atom")) title="Versions";
                            link rel="alternate" type="application/atom+xml" href=(self.at_root("incidents.atom")) title="Incidents";
                        }
                        // Those of the page bring what that of every page may ask for.
                        @for script in own.scripts { script src=(asset(script)) defer {} }
                    }
                    script src=(asset("site.js")) defer {}
                }
                body {
                    a.skip href="#contenu" { (self.say("Aller au contenu", "Skip to content")) }
                    (self.header(&site))
                    div #state .notice role="status" hidden {}
                    main #contenu { (own.body) }
                    (self.footer())
                }
            }
        }
        .into_string();
        self.words.typeset(page)
    }

    fn header(&self, site: &str) -> Markup {
        let (other, tag, name) = match self.words.0 {
            Language::French => (Language::English, "en", "English"),
            Language::English => (Language::French, "fr", "Français"),
        };
        let pages = [
            ("index.html", self.say("Accueil", "Front page")),
            ("comparer.html", self.say("Comparer", "Compare")),
            ("interroger.html", self.say("Interroger", "Ask")),
            ("lire.html", self.say("Lire ces chiffres", "How to read")),
            ("methode.html", self.say("Méthode", "Method")),
            ("incidents.html", "Incidents"),
            ("versions.html", "Versions"),
        ];
        html! {
            header.site {
                @if self.site.description.about.simulated { p.simulated { strong { (metadata::warning(self.words.0)) } } }
                p.name { @if self.reach == Reach::Whole { a href=(self.to("index.html")) { (site) } } @else { (site) } }
                @if self.reach == Reach::Whole {
                    nav aria-label=(self.say("Pages du site", "Pages of the site")) { ul {
                        @for (path, title) in pages {
                            li { a href=(self.to(path)) aria-current=[(path == self.path).then_some("page")] { (title) } }
                        }
                        li { a href=(self.at_root(FILES_PAGE)) { (self.say("Fichiers", "Files")) } }
                        li { a href=(self.at_root(self.say("dictionnaire.fr.html", "dictionnaire.en.html"))) { (self.say("Dictionnaire", "Dictionary")) } }
                        li { a href=(format!("{}{}", self.root(), in_language(&self.path, other))) lang=(tag) hreflang=(tag) { (name) } }
                    } }
                }
            }
        }
    }

    fn footer(&self) -> Markup {
        let description = self.site.description;
        let publication = &description.pipeline.publication;
        let day = self.words.day(description.day());
        html! {
            footer {
                p {
                    "Version " strong { (description.about.version) } ", " (self.say("arrêtée au", "as of")) " " (day) ". "
                    (self.say("Ses chiffres ne changent plus ; si elle a été retirée depuis, c'est dit dans", "Its figures do not change any more; if it was retracted since, that is told in"))
                    " " (self.in_the_store("versions.json")) " (" (self.link("versions.html", self.say("versions et errata", "versions and errata"))) ")."
                }
                p {
                    (self.say("Éditeur :", "Published by:")) " " a href=(publication.publisher.url) { (publication.publisher.name) } ". "
                    (self.say("Licence :", "Licence:")) " " a href=(description.about.licence_url) { (description.about.licence) } ". "
                    (self.say("Ce site n'est pas un site de l'État, et ne donne aucun rendez-vous.", "This is not a site of the French State, and it gives no appointments."))
                }
                p { (self.link("accessibilite.html", self.say("Accessibilité", "Accessibility"))) " · " a href=(self.at_root(FILES_PAGE)) { (self.say("Tous les fichiers, empreintes et contrôles", "All files, digests and gates")) } }
            }
        }
    }

    /// Where the page stands in this very version, which is the address to cite; nothing where the store has no public one.
    pub(super) fn cited(&self) -> Option<String> {
        let description = self.site.description;
        description.base().map(|base| format!("{base}/versions/{}/{}", description.about.version, self.file()))
    }

    /// A month, and that it is not over where it is not.
    pub(super) fn month(&self, month: &str) -> String {
        let told = self.words.month(month);
        let open = !month.is_empty() && *month >= *self.site.open_month();
        if open { format!("{told}{}", self.say(" (mois non fini)", " (not over yet)")) } else { told }
    }

    /// Where a figure that is taken out of the page comes from.
    pub(super) fn source(&self) -> String {
        let description = self.site.description;
        let address = self.cited().map(|address| format!(", {address}")).unwrap_or_default();
        format!("{}, version {}{address}", description.title(self.words.0), description.about.version)
    }

    /// What such a figure says where the data are made up.
    pub(super) fn simulated(&self) -> Option<&'static str> {
        self.site.description.about.simulated.then(|| self.words.say("DONNÉES SIMULÉES", "SIMULATED DATA"))
    }

    /// A column's title, as its table declares it.
    pub(super) fn title(&self, table: &str, column: &str) -> String {
        self.site.schema(table).map_or_else(|| column.to_owned(), |schema| self.words.title(schema, column))
    }

    /// What a code of a column means, as its table declares it, or as the months of services do, to which other tables refer.
    /// Bounds of the method are said with their values, and columns by their titles.
    pub(super) fn reason(&self, table: &str, column: &str, code: &str) -> String {
        let schemas = [table, "disponibilite_mois"].into_iter().filter_map(|table| self.site.schema(table));
        let told = schemas.map(|schema| self.words.reason(schema, column, code)).find(|told| *told != bare(code));
        let told = told.unwrap_or_else(|| bare(code));
        told.split_inclusive(' ').map(|word| self.named(table, word)).collect()
    }

    /// A word of a reason, with what follows it: what it stands for, where it is the name of a bound or a column.
    fn named(&self, table: &str, word: &str) -> String {
        let name = word.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
        let rest = &word[name.len()..];
        let title = || {
            let schema = self.site.schema(table).filter(|schema| name.contains('_') && schema.field(name).is_some())?;
            let title = self.words.title(schema, name);
            Some(format!("{}{title}{}", self.say("« ", "“"), self.say(" »", "”")))
        };
        let bound = self.site.world.bound(name).map(|bound| self.words.bound(bound));
        bound.or_else(title).map_or_else(|| word.to_owned(), |said| said + rest)
    }

    /// A text in Markdown. Its tables may be wider than a telephone: each scrolls by itself, by the keyboard, too.
    pub(super) fn markdown(&self, text: &str) -> Markup {
        let options = Options::ENABLE_TABLES | Options::ENABLE_HEADING_ATTRIBUTES;
        let (mut written, mut tables) = (String::new(), 0);
        let events = Parser::new_ext(text, options).flat_map(|event| match event {
            // No markup of its own: a text of the project has none, and one that came from elsewhere may not bring any.
            Event::Html(text) | Event::InlineHtml(text) => vec![Event::Text(text)],
            Event::Start(Tag::Table(alignments)) => {
                tables += 1;
                let name = self.say("Tableau", "Table");
                let open =
                    format!("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{name} {tables}\">");
                vec![Event::Html(open.into()), Event::Start(Tag::Table(alignments))]
            }
            Event::End(TagEnd::Table) => vec![Event::End(TagEnd::Table), Event::Html("</div>".into())],
            other => vec![other],
        });
        pulldown_cmark::html::push_html(&mut written, events);
        PreEscaped(written)
    }
}
