//! What the words mean here, what is not known, and what courts have asked. Nothing is said of a robot that its pipeline
//! does not state or its lines do not show.

use maud::{Markup, html};

use super::Page;
use crate::config::Statement;
use crate::grid::Line;
use crate::schema::Language;

impl Page<'_> {
    pub(super) fn stated<'a>(&'a self, said: Option<&'a Statement>) -> &'a str {
        said.map_or(self.words.say("non précisé", "not stated"), |said| said.in_language(self.words.0))
    }

    /// What a « no » is, how far the robot looked, who ran it, what it kept.
    pub(super) fn meaning(&self) -> Markup {
        let say = |french, english| self.words.say(french, english);
        let (probe, evidence) = (&self.pipeline.probe, &self.pipeline.evidence);
        html! {
            section {
                h2 { (say("Ce que les mots veulent dire ici", "What the words mean here")) }
                dl {
                    dt { (say("Consultation", "Consultation")) }
                    dd { (say(
                        "Un cycle du robot sur ce service, tous plannings et tous essais réunis. Les totaux comptent des consultations, comme \
                         les tables publiées. Une tentative, une ligne, est un regard sur un planning.",
                        "One cycle of the robot at this service, all its plannings and tries together. Totals count consultations, as the \
                         published tables do. An attempt, a line, is one look at one planning.",
                    )) }
                    dt { (say("« Non »", "\"No\"")) }
                    dd { (self.stated(probe.no_means.as_ref())) " " (say(
                        "D'une consultation : chaque planning attendu a répondu ainsi.",
                        "Of a consultation: each expected planning answered so.",
                    )) }
                    dt { (say("« Oui »", "\"Yes\"")) }
                    dd { (say(
                        "Un planning au moins proposait un rendez-vous.",
                        "At least one planning offered an appointment.",
                    )) }
                    dt { (say("Inconnue", "Unknown")) }
                    dd { (say(
                        "On n'a pas pu le savoir : captcha, blocage, erreur, page non reconnue, planning non interrogé. Jamais comptée \
                         comme un « non ».",
                        "Nobody could tell: captcha, block, error, page not recognised, planning not asked. Never counted as a \"no\".",
                    )) }
                    dt { (say("Hors champ", "Out of scope")) }
                    dd { (say(
                        "La démarche ne se fait plus sur cette page : elle a disparu, demande une connexion ou renvoie ailleurs.",
                        "The procedure is no longer made on this page: it is gone, asks for a log-in or leads elsewhere.",
                    )) }
                    dt { (say("Panne que l'usager a pu rencontrer aussi", "Failure that users may have met too")) }
                    dd { (say(
                        "Erreur du serveur, maintenance, session perdue, réseau ; ni captcha ni blocage, qui peuvent ne viser que le robot. Une erreur \
                         502 peut aussi servir à freiner, et une panne de réseau tenir au robot.",
                        "Server error, maintenance, lost session, network; neither captcha nor block, which may aim at the robot alone. A 502 may \
                         also be a brake, and a network failure the robot's own.",
                    )) }
                    dt { (say("Qui a fait fonctionner le robot", "Who ran the robot")) }
                    dd { (self.stated(probe.operator.as_ref())) }
                    dt { (say("Ce qu'il fait", "What it does")) }
                    dd { (self.stated(probe.behaviour.as_ref())) }
                    (self.observed())
                    dt { (say("Preuves gardées de chaque tentative", "Evidence kept of each attempt")) }
                    dd { (self.stated(evidence.kept.as_ref())) }
                    dt { (say("Gardées par", "Kept by")) }
                    dd { (self.stated(evidence.keeper.as_ref())) }
                    dt { (say("Pendant", "For how long")) }
                    dd { (self.stated(evidence.retention.as_ref())) }
                }
                p { strong { (say(
                    "Ces tentatives sont celles du robot, non celles de la personne qui saisit le juge : elles montrent l'état du service, et ne \
                     remplacent pas ses propres démarches.",
                    "These attempts are the robot's, not those of the person who goes to court: they show the state of the service, and do not \
                     stand for that person's own.",
                )) } }
            }
        }
    }

    /// What the lines themselves show of the look.
    fn observed(&self) -> Markup {
        let say = |french, english| self.words.say(french, english);
        let Some(seen) = self.dossier.seen.first() else { return html! {} };
        let addresses =
            |origin: &'static str| self.dossier.pages.lines().filter(move |page| page.text("origine") == origin);
        html! {
            dt { (say("Jusqu'où il a regardé", "How far it looked")) }
            dd { (self.horizon(seen)) }
            dt { (say("Pages demandées", "Pages asked")) }
            dd {
                @if addresses("journal").next().is_none() { (say("le journal n'en donne pas.", "the log gives none.")) }
                ul { @for page in addresses("journal") {
                    li { code { (page.text("adresse")) } " (" (self.words.count(page.count("lignes"))) " " (say("lignes", "lines")) ")" }
                } }
            }
            @if addresses("registre").next().is_some() {
                dt { (say("Adresses du service au registre, à ces dates", "Addresses of the service in the registry, at these dates")) }
                dd { ul { @for page in addresses("registre") {
                    li { code { (page.text("adresse")) } " " span lang="fr" { (page.text("libelle")) " (" (page.text("precision")) ")" } }
                } } }
            }
            dt { (say("Points de mesure", "Vantages")) }
            dd { (self.words.count(seen.count("points_de_mesure"))) }
            dt { (say("Identité déclarée au site", "Identity declared to the site")) }
            dd {
                @if self.dossier.signatures.is_empty() { (say("le journal n'en donne pas.", "the log gives none.")) }
                ul { @for one in self.dossier.signatures.lines() {
                    li { code { (one.text("signature_id")) } " " (one.text("signature")) }
                } }
            }
            dt { (say("Horloge du robot", "The robot's clock")) }
            dd { (self.clock(seen)) }
        }
    }

    fn horizon(&self, seen: Line<'_>) -> String {
        let (low, high) = (seen.text("horizon_min"), seen.text("horizon_max"));
        let [known, lines, no, all_no] = ["avec_horizon", "lignes", "non_avec_horizon", "lignes_non"]
            .map(|column| self.words.count(seen.count(column)));
        let days = if low == high { low.to_owned() } else { format!("{low} {} {high}", self.words.say("à", "to")) };
        match (seen.count("avec_horizon"), self.words.0) {
            (0, Language::French) => "le journal ne le dit pas.".to_owned(),
            (0, Language::English) => "the log does not say.".to_owned(),
            (_, Language::French) => format!(
                "{days} jours à partir de la tentative, pour {known} lignes sur {lines}, dont {no} des {all_no} « non »."
            ),
            (_, Language::English) => {
                format!(
                    "{days} days from the attempt on, for {known} of {lines} lines, {no} of the {all_no} \"no\" among them."
                )
            }
        }
    }

    fn clock(&self, seen: Line<'_>) -> String {
        let (lines, known, oldest) = (seen.count("lignes"), seen.count("avec_horloge"), seen.text("horloge_age_max_s"));
        match (known, self.words.0) {
            (0, Language::French) => "le journal ne dit pas quand elle a été réglée.".to_owned(),
            (0, Language::English) => "the log does not say when it was set.".to_owned(),
            (_, Language::French) => {
                format!("réglée {oldest} secondes au plus avant la tentative, pour {known} lignes sur {lines}.")
            }
            (_, Language::English) => {
                format!("set {oldest} seconds at most before the attempt, for {known} of {lines} lines.")
            }
        }
    }

    /// What a reader will look for and not find.
    pub(super) fn missing(&self) -> Markup {
        let say = |french, english| self.words.say(french, english);
        let Some(seen) = self.dossier.seen.first() else { return html! {} };
        let lines = seen.count("lignes");
        let lacks = |column: &str, french: &'static str, english: &'static str| {
            let missing = lines - seen.count(column);
            (missing > 0).then(|| {
                format!("{} ({} / {})", say(french, english), self.words.count(missing), self.words.count(lines))
            })
        };
        let evidence = (seen.count("avec_preuve") + seen.count("avec_capture") == 0).then(|| {
            say(
                "Aucune empreinte de page ni de capture : aucune ligne ne peut être rapprochée d'une page conservée.",
                "No digest of a page or a screenshot: no line can be matched with a page that was kept.",
            )
            .to_owned()
        });
        let unsigned = (!self.dossier.signed)
            .then(|| say("La version n'est pas signée.", "The version is not signed.").to_owned());
        let found = [
            lacks(
                "avec_cycle",
                "Lignes dont le journal ne nomme pas le cycle : elles ont été réunies d'après le calendrier de mesure.",
                "Lines whose cycle the log does not name: they were put together by the schedule.",
            ),
            lacks(
                "avec_horizon",
                "Lignes dont le journal ne dit pas jusqu'à quelle date le robot regardait.",
                "Lines of which the log does not say up to what date the robot looked.",
            ),
            lacks(
                "avec_page",
                "Lignes dont le journal ne donne pas la page demandée.",
                "Lines of which the log does not give the page asked.",
            ),
            evidence,
            self.outside(),
            unsigned,
        ];
        let found: Vec<String> = found.into_iter().flatten().collect();
        html! {
            section {
                h2 { (say("Ce qui manque à ce dossier", "What this file lacks")) }
                @if found.is_empty() { p { (say("Rien de ce qui est listé d'ordinaire.", "Nothing of what is usually listed.")) } }
                ul.missing { @for one in &found { li { (one) } } }
            }
        }
    }

    /// Days asked for that were not in scope, or not yet published.
    pub(super) fn outside(&self) -> Option<String> {
        let figures = self.dossier.figures.first()?;
        let (first, last) = (figures.day("premier_jour")?, figures.day("dernier_jour")?);
        (first > self.dossier.request.from || last < self.dossier.request.to).then(|| {
            let (first, last) = (self.words.day(first), self.words.day(last));
            match self.words.0 {
                Language::French => {
                    format!("Le service n'a été dans le périmètre, ou publié, que du {first} au {last}.")
                }
                Language::English => format!("The service was in scope, or published, only from {first} to {last}."),
            }
        })
    }

    /// What courts asked, as the registry cites it.
    pub(super) fn law(&self) -> Markup {
        let say = |french, english| self.words.say(french, english);
        html! {
            section {
                h2 { (say("Ce que des juges ont dit, et ce qu'ils n'ont pas accordé", "What courts said, and what they did not grant")) }
                p { (say(
                    "Le registre du projet (table chronologie) cite ces décisions, certaines d'après un résumé ou un commentaire, comme le dit leur source ; lisez-les avant de vous \
                     appuyer dessus.",
                    "The project's registry (table chronologie) cites these decisions, some by a summary or a comment, as their source says; read them before you rely on them. \
                     In French.",
                )) }
                @if self.dossier.decisions.is_empty() { p { (say("Aucune.", "None.")) } }
                ul lang="fr" { @for one in self.dossier.decisions.lines() {
                    li {
                        strong { (one.text("titre")) } ". " (one.text("description")) " " em { (one.text("source")) }
                        @let address = one.text("source_url");
                        @if address.starts_with("https://") { " " a href=(address) { (address) } }
                    }
                } }
            }
        }
    }

    /// The rules by which pages became answers.
    pub(super) fn rules(&self) -> Markup {
        let say = |french, english| self.words.say(french, english);
        let version = &self.dossier.manifest.made_with.rules;
        html! {
            section {
                h2 { (say("Les règles appliquées", "The rules applied")) }
                p {
                    (say(
                        "La réponse de chaque ligne est déduite de ce que le journal rapporte de la page, par la première règle qui s'applique ; l'opinion du \
                         robot n'est pas utilisée. Règles",
                        "The answer of each line follows from what the log reports of the page, by the first rule that applies; the robot's own opinion is not \
                         used. Rules",
                    ))
                    " " (version.version) ", SHA-256 " code { (version.sha256) } "."
                }
                div.scroll { table {
                    thead { tr {
                        th { (say("règle", "rule")) } th { (say("réponse", "answer")) } th { (say("issue", "outcome")) } th { "description" }
                    } }
                    tbody lang="fr" { @for rule in self.dossier.rules.lines() { tr {
                        td { code { (rule.text("regle_id")) } } td { (rule.text("reponse")) } td { (rule.text("issue")) }
                        td { (rule.text("description")) }
                    } } }
                } }
            }
        }
    }
}
