//! A server says of each service what it was told to say; the probe looks; its log goes through the pipeline; and what is
//! published is what the server was told.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use guichets_ouverts::attempt::{Failure, RawAttempt};
use guichets_ouverts::probe::shape::Method;
use guichets_ouverts::probe::wire::{Network, Request, Wire};
use guichets_ouverts::probe::{Folder, Identity, Probe};
use guichets_ouverts::progress::Silent;
use serde_json::Value;
use url::Url;

use crate::support::Version;
use crate::support::counters::{Charset, Counters, Moved, Rehearsal, Service, Told, agenda, lines, violations};
use crate::support::web::{Answer, Web};

const NONE: &str =
    "Il n'existe plus de plage horaire libre pour votre demande de rendez-vous. Veuillez recommencer ultérieurement.";
const NO_CALENDAR: &str =
    "Il n'y a pas calendrier disponible pour effectuer une demande de rendez-vous. Veuillez réessayer ultérieurement.";
/// 8 and 10 December 2026, in the morning at Paris.
const FREE: [i64; 3] = [1_796_717_400, 1_796_717_400 + 900, 1_796_717_400 + 2 * 86_400];
const BEGIN: &str = "2026-12-01T00:00:00Z";

/// Of which system, what is told, and what is to be published: outcome, rule, and the probe's own opinion.
type Row = (&'static str, Told, &'static str, &'static str, &'static str);

fn rows() -> Vec<Row> {
    [answers(), failures(), other_systems()].concat()
}

const fn none(sentence: &'static str) -> Told {
    Told::None(sentence, Charset::Utf8)
}

const fn page(status: u16, text: &'static str) -> Told {
    Told::Page(status, text)
}

/// The planning module as it answers.
fn answers() -> Vec<Row> {
    vec![
        ("ez", none(NONE), "aucun_rdv", "ez-aucune-plage", "non"),
        (
            "ez",
            none("Il n’existe plus de plage horaire libre pour votre demande de rendez-vous."),
            "aucun_rdv",
            "ez-aucune-plage",
            "non",
        ),
        (
            "ez",
            none("IL N'EXISTE PLUS DE PLAGE HORAIRE LIBRE POUR VOTRE DEMANDE DE RENDEZ-VOUS."),
            "aucun_rdv",
            "ez-aucune-plage",
            "non",
        ),
        (
            "ez",
            none("Il n&#39;existe plus de plage horaire&nbsp;libre pour votre demande de rendez-vous."),
            "aucun_rdv",
            "ez-aucune-plage",
            "non",
        ),
        ("ez", Told::None(NONE, Charset::Latin1), "aucun_rdv", "ez-aucune-plage", "non"),
        ("ez", Told::None(NO_CALENDAR, Charset::Latin1InPage), "aucun_rdv", "ez-aucun-calendrier", "non"),
        ("ez", none("Il n'existe pas de plage horaire."), "aucun_rdv", "ez-aucune-plage-variante", "inconnu"),
        (
            "ez",
            none("Merci de votre visite et à bientôt sur ce site de la préfecture."),
            "page_non_reconnue",
            "rien-de-reconnu",
            "inconnu",
        ),
        ("ez", Told::Slots(FREE.to_vec()), "rdv_propose", "ez-case-libre", "oui"),
        ("ez", Told::FarAway, "rdv_propose", "ez-etape-4-formulaire", "oui"),
        ("ez", Told::Picture, "rdv_propose", "ez-etape-4", "inconnu"),
        ("ez", Told::Captcha, "captcha_exige", "recaptcha", "inconnu"),
        ("ez", Told::CaptchaBeside, "aucun_rdv", "ez-aucune-plage", "non"),
        ("ez", Told::Lost, "session_perdue", "ez-retour-au-depart", "inconnu"),
    ]
}

/// The planning module as it fails, refuses, or leads elsewhere.
fn failures() -> Vec<Row> {
    vec![
        ("ez", page(403, "Request forbidden by administrative rules."), "bloque", "acces-refuse-403", "inconnu"),
        ("ez", Told::Later(429, Some("7200")), "debit_limite", "trop-de-requetes", "inconnu"),
        ("ez", page(502, "<h1>502 Bad Gateway</h1>"), "erreur_serveur", "erreur-5xx", "inconnu"),
        ("ez", page(200, "<h1>502 Bad Gateway</h1>"), "erreur_serveur", "erreur-5xx-dans-la-page", "inconnu"),
        ("ez", page(200, "<h1>Service surcharg&eacute;</h1>"), "erreur_serveur", "erreur-5xx-dans-la-page", "inconnu"),
        ("ez", page(503, "<h1>Site en maintenance</h1>"), "maintenance", "maintenance-annoncee-503", "inconnu"),
        (
            "ez",
            page(200, "<p>Le site est en maintenance jusqu'à demain, merci de votre patience.</p>"),
            "maintenance",
            "maintenance-annoncee",
            "inconnu",
        ),
        ("ez", Told::Silence, "erreur_reseau", "panne-reseau", "inconnu"),
        ("ez", Told::Nothing, "erreur_reseau", "panne-reseau", "inconnu"),
        ("ez", Told::Half, "erreur_reseau", "panne-reseau", "inconnu"),
        ("ez", page(404, "Page introuvable"), "cible_disparue", "page-disparue-404", "inconnu"),
        ("ez", Told::GoneOnTheWay, "page_non_reconnue", "autre-erreur-4xx", "inconnu"),
        ("ez", page(200, "ok"), "page_non_reconnue", "page-presque-vide", "inconnu"),
        (
            "ez",
            page(200, "<p>Veuillez activer JavaScript pour afficher cette page du site de la préfecture.</p>"),
            "page_non_reconnue",
            "javascript-demande",
            "inconnu",
        ),
        (
            "ez",
            page(
                200,
                "<p>Nous utilisons des cookies. Tout accepter, tout refuser, personnaliser les services de ce site.</p>",
            ),
            "page_non_reconnue",
            "rien-de-reconnu",
            "inconnu",
        ),
        (
            "ez",
            Told::Leads("https://administration-etrangers-en-france.interieur.gouv.fr/particuliers/"),
            "connexion_exigee",
            "connexion-demandee",
            "inconnu",
        ),
        (
            "ez",
            Told::Leads("https://sso.anef.dgef.interieur.gouv.fr/auth?state=secret"),
            "connexion_exigee",
            "connexion-demandee",
            "inconnu",
        ),
        (
            "ez",
            Told::Leads("https://www.demarches-simplifiees.fr/commencer/titre"),
            "autre_canal",
            "demarches-simplifiees",
            "inconnu",
        ),
        ("ez", Told::AsksIdentity, "page_non_reconnue", "panne-du-robot", "inconnu"),
    ]
}

fn other_systems() -> Vec<Row> {
    vec![
        ("ez-planning", Told::NoneOf(NONE), "aucun_rdv", "ez-aucune-plage", "non"),
        ("rdvpref", Told::Captcha, "captcha_exige", "rdvpref-captchetat", "inconnu"),
        ("rdvpref", Told::CaptchaFields, "captcha_exige", "rdvpref-captcha", "inconnu"),
        ("rdvpref", Told::Lost, "captcha_refuse", "rdvpref-captcha-refuse", "inconnu"),
        (
            "rdvpref",
            Told::Leads("/rdvpref/reservation/demarche/1/?error=errorSessionInvalide"),
            "session_perdue",
            "rdvpref-session-invalide",
            "inconnu",
        ),
        (
            "rdvpref",
            page(200, "<iframe id=\"main-iframe\">Request unsuccessful. Incapsula incident ID: 123-456</iframe>"),
            "bloque",
            "incident-incapsula",
            "inconnu",
        ),
        (
            "rdvpref",
            page(403, "<div id=\"cf-wrapper\">Sorry, you have been blocked. Your IP: 203.0.113.7</div>"),
            "bloque",
            "acces-refuse-403",
            "inconnu",
        ),
        (
            "rdvpref",
            page(200, "<div id=\"cf-wrapper\">Sorry, you have been blocked. Your IP: 203.0.113.7</div>"),
            "bloque",
            "blocage-cloudflare",
            "inconnu",
        ),
        ("rdvpref", page(404, "Page introuvable"), "cible_disparue", "page-disparue-404", "inconnu"),
        ("rdvsp", Told::Motif(true), "aucun_rdv", "rdvsp-aucun-creneau", "non"),
        ("rdvsp", Told::Motif(false), "page_non_reconnue", "rdvsp-motif-non-retrouve", "inconnu"),
        ("rdvsp", Told::Slots(FREE.to_vec()), "rdv_propose", "rdvsp-creneau", "oui"),
        ("rdvsp", Told::Places, "rdv_propose", "creneau-date", "oui"),
        ("rdvsp", page(404, "Page introuvable"), "cible_disparue", "page-disparue-404", "inconnu"),
        (
            "anef",
            Told::Leads("https://administration-etrangers-en-france.interieur.gouv.fr/"),
            "connexion_exigee",
            "connexion-demandee",
            "inconnu",
        ),
        (
            "ds",
            Told::Leads("https://demarche.numerique.gouv.fr/commencer/titre"),
            "autre_canal",
            "demarches-simplifiees",
            "inconnu",
        ),
        ("ez-nowhere", Told::Lost, "erreur_reseau", "panne-reseau", "inconnu"),
    ]
}

fn service(n: usize, system: &str) -> Service {
    let ez = Service::ez(n, &format!("ez{n}.gouv.fr"));
    match system {
        "ez" => ez,
        "ez-planning" => Service { plannings: vec!["14167"], ..ez },
        // A name that leads nowhere.
        "ez-nowhere" => Service::ez(n, "www.nulle-part.invalid"),
        "rdvpref" => ez.of("rdvpref", format!("https://rdvpref{n}.gouv.fr/rdvpref/reservation/demarche/1/")),
        "rdvsp" => {
            let query = "motif_name_with_location_type=renouvellement_de_recepisses_arrives_a_echeance_-public_office&public_link_organisation_id=2458";
            let address = format!("https://rdvsp{n}.gouv.fr/prendre_rdv?{query}");
            Service { label: Some("Renouvellement de récépissé"), ..ez.of("rdv_service_public", address) }
        }
        "anef" => ez.of("anef", format!("https://anef{n}.gouv.fr/titre")),
        _ => ez.of("demarches_simplifiees", format!("https://ds{n}.gouv.fr/titre")),
    }
}

/// The one cycle of a rehearsal, over sockets, with a clock that does not wait.
fn look_once(rehearsal: &Rehearsal, clock: &Moved, server: SocketAddr) {
    let plan = rehearsal.plan();
    let agenda = agenda(&plan, &rehearsal.pipeline(), clock.shows()).unwrap();
    let folder = Folder::hold(&rehearsal.out()).unwrap();
    let probe = Probe { plan: &plan, agenda: &agenda, folder: &folder, clock, progress: &Silent, key: None };
    let wires = || Ok(Box::new(Network::new(Some(server))?) as Box<dyn Wire>);
    let account = probe.once(&wires).unwrap().unwrap();
    assert_eq!((account.lines, account.due), (rehearsal.services.len(), rehearsal.services.len()), "{account:?}");
}

fn read(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

#[test]
fn what_the_server_was_told_is_what_is_published() {
    let rows = rows();
    let services: Vec<Service> = rows.iter().enumerate().map(|(n, row)| service(n, row.0)).collect();
    let place = |service: &Service| {
        let url = Url::parse(&service.address).unwrap();
        format!("{}{}", url.host_str().unwrap(), url.path())
    };
    let told: BTreeMap<String, Told> = services.iter().map(place).zip(rows.iter().map(|row| row.1.clone())).collect();
    let clock = Moved::at(BEGIN);
    let shown = clock.clone();
    let counters = Counters::new(move |place, _| told[place].clone(), move || shown.shows());
    let answers = counters.clone();
    let server = Web::serve(move |asked| answers.answer(asked));
    let rehearsal = Rehearsal::new(services, 288, 300, "");
    look_once(&rehearsal, &clock, server.url.trim_start_matches("http://").parse().unwrap());

    let version = Version::of(&rehearsal.pipeline(), &[&rehearsal.out().join("journaux")], "2026-12-02T00:00:00Z");
    let published: BTreeMap<(String, String), _> = version
        .rows("tentatives")
        .into_iter()
        .map(|row| ((row["guichet_id"].clone(), row["demarche_id"].clone()), row))
        .collect();
    let mut wrong = Vec::new();
    for (service, (system, told, outcome, rule, verdict)) in rehearsal.services.iter().zip(&rows) {
        let row = &published[&(service.counter.clone(), service.procedure.clone())];
        let found = (row["issue"].as_str(), row["regle_id"].as_str(), row["verdict_sonde"].as_str());
        if found != (*outcome, *rule, *verdict) {
            let line = lines(&rehearsal.out()).into_iter().find(|line| {
                let line = read(line);
                line["counter"] == service.counter.as_str() && line["procedure"] == service.procedure.as_str()
            });
            wrong.push(format!("{system} {told:?}: {found:?}, not {outcome} by {rule}\n{}", line.unwrap()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert_eq!(violations(&counters.seen(), 300, "sonde@example.org"), Vec::<String>::new());

    let slots = published.values().find(|row| row["regle_id"] == "ez-case-libre").unwrap();
    let seen = ["creneaux", "premiere_date", "deuxieme_date", "horizon_jours"].map(|column| slots[column].as_str());
    assert_eq!(seen, ["3", "2026-12-08", "2026-12-10", "12"]);
    assert_eq!(slots["preuve_sha256"].len(), 64);
    for text in lines(&rehearsal.out()) {
        for secret in
            ["203.0.113.7", "accueil@example.gouv.fr", "01 23 45 67 89", "seance", "secret", "abcdefghijklmnop"]
        {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

/// Each way in which a page never comes, by its name in the contract.
#[test]
fn what_fails_below_http_is_named() {
    let web = Web::serve(|_| Answer::Nothing);
    let server: SocketAddr = web.url.trim_start_matches("http://").parse().unwrap();
    let half = Web::serve(|_| Answer::Half(b"<p>une demi-page</p>".to_vec()));
    let closed = SocketAddr::from(([127, 0, 0, 1], 1));
    let silent = Web::serve(|_| Answer::Silence(std::time::Duration::from_secs(3)));
    let of = |web: &Web| Some(web.url.trim_start_matches("http://").parse().unwrap());
    for (rehearsal, url, expected) in [
        (Some(server), "https://a.fr/", Failure::EmptyResponse),
        (Some(closed), "https://a.fr/", Failure::ConnectionRefused),
        (Some(server), "https://a.invalid/", Failure::DnsError),
        (of(&half), "https://a.fr/", Failure::TruncatedBody),
        (of(&silent), "https://a.fr/", Failure::Timeout),
        (None, &format!("https://{server}/"), Failure::TlsError),
    ] {
        let request = Request { method: Method::Get, url: Url::parse(url).unwrap(), headers: Vec::new(), body: None };
        let reply = Network::new(rehearsal).unwrap().exchange(&request, &Silent).unwrap();
        assert_eq!(reply.failure, Some(expected), "{url}");
    }
    assert_eq!(web.asked().len(), 1, "nothing is sent twice");
}

#[test]
fn a_line_says_who_looked() {
    let rehearsal = Rehearsal::new(vec![Service::ez(0, "www.a.gouv.fr")], 288, 300, "");
    let clock = Moved::at(BEGIN);
    let shown = clock.clone();
    let counters = Counters::new(|_, _| Told::None(NONE, Charset::Utf8), move || shown.shows());
    let web = Web::serve(move |asked| counters.answer(asked));
    look_once(&rehearsal, &clock, web.url.trim_start_matches("http://").parse().unwrap());
    let line = lines(&rehearsal.out()).remove(0);
    let line: RawAttempt<'_> = serde_json::from_str(&line).unwrap();
    assert_eq!(line.signature.as_deref(), Some(Identity::of(&rehearsal.plan()).agent.as_str()));
    assert_eq!(line.vantage.as_deref(), Some("essai-1"));
    assert!(line.started_at.ends_with("+01:00"), "{}", &*line.started_at);
    assert!(line.page_text.as_deref().unwrap().contains(NONE));
    assert!(!line.page_text.as_deref().unwrap().contains("Rubrique"), "menus are no answer");
    assert!(line.markers.iter().any(|marker| marker.starts_with("gabarit=")));
}
