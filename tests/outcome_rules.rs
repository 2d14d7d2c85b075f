//! The published rules against the sentences, pages and traces that were really seen, and against the bugs of robots
//! that were really written.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use guichets_ouverts::attempt::RawAttempt;
use guichets_ouverts::outcome::{Answer, Classifier, Evidence, Obstacle, Outcome, RuleSet, explain};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A line (what differs from an EZ page of status 200), and what must become of it.
struct Case {
    name: &'static str,
    line: Value,
    issue: &'static str,
    rule: &'static str,
}

macro_rules! cases {
    ($($name:literal: $line:tt => $issue:ident, $rule:literal;)+) => {
        vec![$(Case { name: $name, line: json!($line), issue: stringify!($issue), rule: $rule }),+]
    };
}

fn transport() -> Vec<Case> {
    cases! {
        "no answer within seven seconds": { "failure": "timeout", "http_status": null } => erreur_reseau, "panne-reseau";
        "ERR_EMPTY_RESPONSE": { "failure": "empty_response", "http_status": null } => erreur_reseau, "panne-reseau";
        "half of the page that says no": { "failure": "truncated_body", "page_text": "Il n'existe plus de plage horaire libre pour votre demande de rendez-vous. Veuil" } => erreur_reseau, "panne-reseau";
        "the robot broke on the page that says no": { "failure": "robot_error", "page_text": "Aucun créneau disponible" } => page_non_reconnue, "panne-du-robot";
        "a failure of no known kind, with slots": { "failure": "other", "slots": { "count": 2, "first_date": "2022-03-01" } } => page_non_reconnue, "panne-du-robot";
        "502, as a status": { "http_status": 502 } => erreur_serveur, "erreur-5xx";
        "500 on the page that says no": { "http_status": 500, "page_text": "Aucun créneau disponible" } => erreur_serveur, "erreur-5xx";
        "504": { "http_status": 504 } => erreur_serveur, "erreur-5xx";
        "503, overloaded": { "http_status": 503, "page_text": "Service surchargé" } => erreur_serveur, "erreur-5xx";
        "503, Cloudflare's error page bears a Ray ID": { "http_status": 503, "page_text": "Cloudflare Ray ID: 7d1" } => erreur_serveur, "erreur-5xx";
        "503, maintenance": { "http_status": 503, "page_title": "Site en maintenance" } => maintenance, "maintenance-annoncee-503";
        "502 in the body of a 200": { "page_title": "502 Bad Gateway", "page_text": "nginx" } => erreur_serveur, "erreur-5xx-dans-la-page";
        "overloaded, status not noted": { "http_status": null, "page_text": "SERVICE SURCHARGE\u{301}" } => erreur_serveur, "erreur-5xx-dans-la-page";
        "429": { "http_status": 429 } => debit_limite, "trop-de-requetes";
        "404 at the door of EZ": { "http_status": 404, "final_url": "https://www.exemple.gouv.fr/booking/create/4321" } => cible_disparue, "page-disparue-404";
        "404 at the door of RDV-Préfecture": { "system": "rdvpref", "http_status": 404, "final_url": "https://www.rdv-prefecture.interieur.gouv.fr/rdvpref/reservation/demarche/1234/" } => cible_disparue, "page-disparue-404";
        "404 in the middle of the flow": { "system": "rdvpref", "http_status": 404, "step": "/creneau/" } => page_non_reconnue, "autre-erreur-4xx";
        "404 in the middle of EZ": { "http_status": 404, "final_url": "https://www.exemple.gouv.fr/booking/create/4321/2" } => page_non_reconnue, "autre-erreur-4xx";
        "« page introuvable » without a 404": { "page_text": "Erreur 404 : la page que vous cherchez est introuvable ou a été déplacée." } => page_non_reconnue, "rien-de-reconnu";
        "400 on the page that says no": { "http_status": 400, "page_text": "Aucun créneau disponible" } => page_non_reconnue, "autre-erreur-4xx";
    }
}

fn blocked() -> Vec<Case> {
    cases! {
        "403": { "http_status": 403 } => bloque, "acces-refuse-403";
        "403 with slots counted": { "http_status": 403, "slots": { "count": 3, "first_date": "2024-05-02" } } => bloque, "acces-refuse-403";
        "403 as a page": { "http_status": null, "page_title": "403 Forbidden" } => bloque, "blocage-cloudflare";
        "Cloudflare blocks": { "system": "rdvpref", "page_title": "Attention Required! | Cloudflare", "page_text": "Sorry, you have been blocked" } => bloque, "blocage-cloudflare";
        "Cloudflare, error 1020": { "system": "rdvpref", "page_text": "Access denied. Error 1020" } => bloque, "blocage-cloudflare";
        "Cloudflare, Ray ID": { "system": "rdvpref", "page_text": "Performance & security by Cloudflare. Cloudflare Ray ID: 84f0" } => bloque, "blocage-cloudflare";
        "Cloudflare, challenge": { "system": "rdvpref", "markers": ["form#challenge-form"] } => bloque, "defi-cloudflare";
        "Incapsula, incident": { "system": "rdvpref", "page_text": "Request unsuccessful. Incapsula incident ID: 1234-5678" } => bloque, "incident-incapsula";
        "Incapsula, mere cookie": { "system": "rdvpref", "markers": ["cookie.incap_ses_1234"], "page_text": "Choisissez votre créneau parmi ceux de la semaine affichée" } => page_non_reconnue, "rien-de-reconnu";
        "Incapsula, mere cookie on the page that says no": { "system": "rdvpref", "markers": ["cookie.incap_ses_1234"], "page_text": "Aucun créneau disponible" } => aucun_rdv, "rdvpref-aucun-creneau";
    }
}

fn captcha_and_session() -> Vec<Case> {
    cases! {
        "captcha of RDV-Préfecture": { "system": "rdvpref", "final_url": "https://x/rdvpref/reservation/demarche/1/cgu/", "markers": ["input[name=captchaUsercode]"] } => captcha_exige, "rdvpref-captcha";
        "captcha beside the sentence that says no": { "system": "rdvpref", "markers": ["input.captchaUsercode"], "page_text": "Aucun créneau disponible" } => captcha_exige, "rdvpref-captcha";
        "captcha, whatever the probe counted": { "system": "rdvpref", "markers": ["#captchaFormulaireExtInput"], "slots": { "count": 1, "first_date": "2024-05-02" } } => captcha_exige, "rdvpref-captcha";
        "its title": { "system": "rdvpref", "page_title": "Constituez votre dossier - RDV-Préfecture" } => captcha_exige, "rdvpref-page-du-captcha";
        "what is left of the captcha on the answer": { "system": "rdvpref", "final_url": "https://x/demarche/1/creneau/", "markers": ["input.captchaUsercode"], "page_text": "Aucun créneau disponible" } => aucun_rdv, "rdvpref-aucun-creneau";
        "captcha refused": { "system": "rdvpref", "final_url": "https://x/demarche/1/cgu/?error=invalidCaptcha", "markers": ["input.captchaUsercode"] } => captcha_refuse, "rdvpref-captcha-refuse";
        "session expired": { "system": "rdvpref", "final_url": "https://x/demarche/1/cgu/?error=errorSessionInvalide", "markers": ["input.captchaUsercode"] } => session_perdue, "rdvpref-session-invalide";
        "captcha without its script": { "system": "rdvpref", "step": "/cgu/", "markers": ["rdv-captchetat"] } => captcha_exige, "rdvpref-captchetat";
        "reCAPTCHA at the door of EZ": { "step": "/0", "markers": ["div.g-recaptcha"] } => captcha_exige, "recaptcha";
        "reCAPTCHA in a frame": { "markers": ["iframe[src*=recaptcha]"] } => captcha_exige, "recaptcha";
        "reCAPTCHA at step 6, after slots were read": { "step": "/6", "markers": ["g-recaptcha-response"], "slots": { "count": 4, "first_date": "2019-04-02" } } => rdv_propose, "creneau-date";
        "reCAPTCHA beside a free cell": { "step": "/4", "markers": [".g-recaptcha", "td.status-1.free"] } => rdv_propose, "ez-case-libre";
        "reCAPTCHA at step 6, no slot noted": { "step": "/6", "markers": ["g-recaptcha"] } => captcha_exige, "recaptcha";
        "reCAPTCHA on every page, and the answer": { "step": "/2", "markers": ["g-recaptcha"], "page_text": "Il n'existe plus de plage horaire libre pour votre demande de rendez-vous" } => aucun_rdv, "ez-aucune-plage";
        "the same by its address": { "final_url": "https://x/booking/create/12/2", "markers": ["g-recaptcha"], "page_text": "Il n'existe plus de plage horaire libre pour votre demande de rendez-vous" } => aucun_rdv, "ez-aucune-plage";
        "thrown back to the conditions": { "step": "/0", "page_text": "Conditions d’utilisation […] Effectuer une demande de rendez-vous" } => session_perdue, "ez-retour-au-depart";
        "the conditions mention the sentence": { "page_text": "Conditions d'utilisation. Quand il n'existe plus de plage horaire, revenez. Effectuer une demande de rendez-vous" } => session_perdue, "ez-retour-au-depart";
        "thrown back to the conditions, older button": { "page_text": "Conditions d'utilisation. Effectuer une demande de réservation" } => session_perdue, "ez-retour-au-depart-ancien";
        "the conditions alone": { "page_text": "Conditions d'utilisation du site et mentions légales de la préfecture" } => page_non_reconnue, "rien-de-reconnu";
    }
}

fn yes() -> Vec<Case> {
    cases! {
        "a free cell": { "markers": ["td.status-1.free"] } => rdv_propose, "ez-case-libre";
        "a free cell and the sentence that says no": { "markers": ["td.status-1.free"], "page_text": "Il n'existe plus de plage horaire libre pour votre demande de rendez-vous." } => rdv_propose, "ez-case-libre";
        "a link to a dated slot": { "markers": ["a[href*=/booking/create/4321/5/1556020800]"] } => rdv_propose, "ez-lien-de-creneau";
        "a dated slot was followed": { "final_url": "https://www.exemple.gouv.fr/booking/create/4321/5/1556020800" } => rdv_propose, "ez-creneau-choisi";
        "step 4": { "markers": ["img[src$=/etape_4r.png]"] } => rdv_propose, "ez-etape-4";
        "step 4, by its form": { "markers": ["form#FormBookingCreate[action$=\"/4\"]"] } => rdv_propose, "ez-etape-4-formulaire";
        "eSirius, availabilities": { "system": "esirius", "markers": ["dwr.foundAvailabilities=true"], "page_text": "ok" } => rdv_propose, "esirius-disponibilites";
        "RDV Service Public, a link to a slot": { "system": "rdv_service_public", "markers": ["a[href*=/users/rdv_wizard_step/new?starts_at=x]"] } => rdv_propose, "rdvsp-creneau";
        "step 3 asks for the nature of the appointment": { "markers": ["img[src$=/etape_3r.png]"], "page_text": "Description de la nature du rendez-vous que vous souhaitez prendre" } => page_non_reconnue, "rien-de-reconnu";
        "a slot to tick": { "system": "rdvpref", "final_url": "https://x/demarche/1/creneau/", "markers": [".radio-card"] } => rdv_propose, "rdvpref-creneau";
        "a slot to tick, address not noted": { "system": "rdvpref", "step": "/creneau/", "markers": ["label.radio-card"] } => rdv_propose, "rdvpref-creneau-par-etape";
        "a card on another page": { "system": "rdvpref", "final_url": "https://x/demarche/1/", "markers": [".radio-card"] } => page_non_reconnue, "rien-de-reconnu";
        "a first date": { "system": "rdvpref", "page_text": "{\"critere\": {\"datePremiereDispo\": \"2024-05-02\"}}" } => rdv_propose, "rdvpref-premiere-date";
        "dates that the probe read": { "slots": { "count": 2, "first_date": "2019-05-02", "second_date": "2019-05-03" } } => rdv_propose, "creneau-date";
        "a date without a count": { "system": "other", "slots": { "first_date": "2019-05-02" } } => rdv_propose, "creneau-date";
        "a date that its count denies": { "slots": { "count": 0, "first_date": "2019-05-02" } } => page_non_reconnue, "rien-de-reconnu";
        "a date that is empty": { "slots": { "count": 2, "first_date": "" } } => page_non_reconnue, "rien-de-reconnu";
        "a count without a date": { "slots": { "count": 2 } } => page_non_reconnue, "rien-de-reconnu";
    }
}

fn no() -> Vec<Case> {
    cases! {
        "EZ, verbatim": { "page_text": "Il n'existe plus de plage horaire libre pour votre demande de rendez-vous. Veuillez recommencer ultérieurement." } => aucun_rdv, "ez-aucune-plage";
        "EZ, curly apostrophe and no-break spaces": { "page_text": "Il n’existe\u{a0}plus de plage\u{202f}horaire  libre\npour votre demande de rendez-vous" } => aucun_rdv, "ez-aucune-plage";
        "EZ, capitals": { "page_text": "IL N'EXISTE PLUS DE PLAGE HORAIRE LIBRE POUR VOTRE DEMANDE DE RENDEZ-VOUS." } => aucun_rdv, "ez-aucune-plage";
        "EZ, labelled as another system": { "system": "other", "page_text": "Il n'existe plus de plage horaire libre pour votre demande de rendez-vous." } => aucun_rdv, "ez-aucune-plage";
        "EZ, only a condition": { "page_text": "S’il n'existe plus de plage horaire libre pour votre demande de rendez-vous, revenez plus tard." } => page_non_reconnue, "phrase-non-affirmee";
        "EZ, shorter": { "page_text": "Désolé, il n'existe plus de plage horaire." } => aucun_rdv, "ez-aucune-plage-variante";
        "EZ, as the press words it": { "page_text": "Il n'existe pas de plage horaire disponible." } => aucun_rdv, "ez-aucune-plage-variante";
        "EZ, one button of one robot": { "markers": ["input[name=finishButton]"] } => page_non_reconnue, "rien-de-reconnu";
        "RDV-Préfecture, verbatim": { "system": "rdvpref", "page_title": "Choisissez votre créneau", "page_text": "Aucun créneau disponible" } => aucun_rdv, "rdvpref-aucun-creneau";
        "RDV-Préfecture, decomposed accents": { "system": "rdvpref", "page_text": "aucun cre\u{301}neau disponible" } => aucun_rdv, "rdvpref-aucun-creneau";
        "RDV-Préfecture, no first date": { "system": "rdvpref", "page_text": "{\"critere\": {\"datePremiereDispo\": \"\"}}" } => aucun_rdv, "rdvpref-premiere-date-vide";
        "RDV-Préfecture, a card beside the sentence, on a page of no known address": { "system": "rdvpref", "markers": [".radio-card"], "page_text": "Aucun créneau disponible" } => page_non_reconnue, "phrase-non-affirmee";
        "RDV-Préfecture, an empty list that nobody verified": { "system": "rdvpref", "page_text": "[]" } => page_non_reconnue, "page-presque-vide";
        "eSirius": { "system": "esirius", "page_text": "Aucun rendez-vous n’est possible pour les motifs sélectionnés ou le créneau horaire sélectionné." } => aucun_rdv, "esirius-aucun-rdv";
        "RDV Service Public": { "system": "rdv_service_public", "page_text": "Malheureusement, aucun créneau correspondant à votre recherche n'a été trouvé." } => aucun_rdv, "rdvsp-aucun-creneau";
        "RDV Service Public, other words": { "system": "rdv_service_public", "page_text": "Aucune disponibilité" } => aucun_rdv, "rdvsp-aucun-creneau";
        "RDV Service Public, of a motif that is not there": { "system": "rdv_service_public", "markers": ["motif-non-retrouve"], "page_text": "Malheureusement, aucun créneau correspondant à votre recherche n'a été trouvé." } => page_non_reconnue, "rdvsp-motif-non-retrouve";
        "EZ, no calendar": { "page_text": "Il n'y a pas calendrier disponible pour effectuer une demande de rendez-vous." } => aucun_rdv, "ez-aucun-calendrier";
        "eSirius, the service": { "system": "esirius", "page_text": "Il n'y a pas de rendez-vous disponible pour ce service." } => aucun_rdv, "esirius-aucun-rdv-service";
        "its two words elsewhere": { "system": "ez_planning", "page_text": "Ne réservez aucun créneau pour une autre personne que vous-même." } => page_non_reconnue, "rien-de-reconnu";
        "maintenance next Sunday, and the answer": { "system": "rdvpref", "page_text": "Maintenance en cours dimanche. Aucun créneau disponible." } => aucun_rdv, "rdvpref-aucun-creneau";
    }
}

fn the_rest() -> Vec<Case> {
    cases! {
        "FranceConnect": { "system": "other", "final_url": "https://app.franceconnect.gouv.fr/api/v1/authorize" } => connexion_exigee, "connexion-demandee";
        "ANEF": { "system": "anef", "final_url": "https://sso.anef.dgef.interieur.gouv.fr/auth/realms/anef-usagers" } => connexion_exigee, "connexion-demandee";
        "a motif that is offered no more": { "system": "rdv_service_public", "page_text": "Le motif Récépissé n'est plus disponible à la réservation." } => cible_disparue, "rdvsp-motif-retire";
        "a form instead": { "final_url": "https://www.demarches-simplifiees.fr/commencer/aes" } => autre_canal, "demarches-simplifiees";
        "maintenance": { "page_text": "Le site est en maintenance. Merci de revenir." } => maintenance, "maintenance-annoncee";
        "unavailable for now": { "page_text": "Service temporairement indisponible" } => maintenance, "maintenance-annoncee";
        "maintenance, the mere word": { "page_text": "Une opération de maintenance aura lieu le 3 mai entre 2 h et 4 h du matin." } => page_non_reconnue, "rien-de-reconnu";
        "nearly empty": { "page_text": "  Préfecture  " } => page_non_reconnue, "page-presque-vide";
        "asks for JavaScript": { "page_text": "Veuillez activer JavaScript pour continuer à utiliser cette application." } => page_non_reconnue, "javascript-demande";
        "nothing at all": { "http_status": null } => page_non_reconnue, "rien-de-reconnu";
    }
}

/// What robots wrote in their logs, though the page said nothing of the kind.
fn robots_bugs() -> Vec<Case> {
    cases! {
        "a bare exception handler": { "verdict": "no_slot", "failure": "timeout", "http_status": null } => erreur_reseau, "panne-reseau";
        "a bare exception handler, on a 502": { "verdict": "no_slot", "http_status": 502 } => erreur_serveur, "erreur-5xx";
        "a bare exception handler, nothing noted": { "verdict": "no_slot", "http_status": null, "slots": { "count": 0 } } => page_non_reconnue, "rien-de-reconnu";
        "text.find(x) is -1, hence true, hence « no »": { "verdict": "no_slot", "page_text": "Bienvenue sur le site de la préfecture. Choisissez votre guichet ci-dessous." } => page_non_reconnue, "rien-de-reconnu";
        "a capital in the needle, never found, hence « yes »": { "verdict": "slot_offered", "page_text": "il n'existe plus de plage horaire libre pour votre demande de rendez-vous." } => aucun_rdv, "ez-aucune-plage";
        "« disponible », hence « yes »": { "verdict": "slot_offered", "page_text": "Ce service est disponible du lundi au vendredi, de 9 h à 16 h." } => page_non_reconnue, "rien-de-reconnu";
        "« rendez-vous », hence « yes »": { "verdict": "slot_offered", "page_title": "Prise de rendez-vous", "page_text": "Prenez rendez-vous avec la préfecture : choisissez votre démarche." } => page_non_reconnue, "rien-de-reconnu";
        "no sentence, hence « OK !! »": { "verdict": "slot_offered", "system": "rdvpref", "page_text": "Étape 3 sur 6 : choisissez votre créneau dans la liste qui va s'afficher." } => page_non_reconnue, "rien-de-reconnu";
        "a count of zero is not a page": { "verdict": "no_slot", "page_text": "Emploi du temps de la semaine du 4 au 8 mars : lundi mardi mercredi jeudi", "slots": { "count": 0, "horizon_days": 7 } } => page_non_reconnue, "rien-de-reconnu";
    }
}

fn all_cases() -> Vec<Case> {
    [transport(), blocked(), captcha_and_session(), yes(), no(), the_rest(), robots_bugs()]
        .into_iter()
        .flatten()
        .collect()
}

fn path_of(pipeline: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines").join(pipeline).join("outcome-rules.toml")
}

fn rules() -> RuleSet {
    RuleSet::load(&path_of("rendez-vous")).unwrap()
}

/// The whole line, as a probe would write it.
fn raw_line(differences: &Value) -> String {
    let mut line = json!({
        "contract": "attempt/1", "attempt_id": "01H", "started_at": "2019-04-21T15:45:00+02:00", "counter": "c",
        "procedure": "p", "system": "ez_planning", "http_status": 200,
    });
    line.as_object_mut().unwrap().extend(differences.as_object().unwrap().clone());
    line.to_string()
}

fn classify(rules: &RuleSet, differences: &Value) -> (&'static str, String) {
    let line = raw_line(differences);
    let raw: RawAttempt<'_> = serde_json::from_str(&line).unwrap();
    let rule = &rules.rules()[Classifier::new(rules).classify(&Evidence::of(&raw))];
    (rule.outcome.code(), rule.id.clone())
}

#[test]
fn each_line_has_its_issue_by_the_rule_that_was_written_for_it() {
    let rules = rules();
    let wrong: Vec<_> = all_cases()
        .into_iter()
        .map(|case| (case.name, classify(&rules, &case.line), (case.issue, case.rule.to_owned())))
        .filter(|(_, got, expected)| got != expected)
        .collect();
    assert!(wrong.is_empty(), "(line, got, expected): {wrong:#?}");
}

#[test]
fn every_rule_is_reached_by_a_line() {
    let reached: BTreeSet<_> = all_cases().iter().map(|case| case.rule).collect();
    let rules = rules();
    let forgotten: Vec<_> = rules.rules().iter().map(|rule| &*rule.id).filter(|id| !reached.contains(id)).collect();
    assert!(forgotten.is_empty(), "no line reaches {forgotten:?}");
}

#[test]
fn every_outcome_can_be_concluded() {
    let concluded: Vec<_> = rules().rules().iter().map(|rule| rule.outcome).collect();
    for outcome in Outcome::ALL {
        assert!(concluded.contains(outcome), "no rule concludes {}", outcome.code());
    }
}

#[test]
fn the_robots_verdict_changes_nothing() {
    let rules = rules();
    for case in all_cases() {
        let mut other = case.line.clone();
        for verdict in ["no_slot", "slot_offered", "aucun_rdv"] {
            other["verdict"] = verdict.into();
            assert_eq!(classify(&rules, &other), classify(&rules, &case.line), "{}", case.name);
        }
    }
}

#[test]
fn a_log_without_pages_answers_by_its_count_only() {
    let rules = RuleSet::load(&path_of("seine-maritime-2022")).unwrap();
    for (slots, issue) in [
        (json!({ "count": 3 }), "rdv_propose"),
        (json!({ "count": 0 }), "aucun_rdv"),
        (json!({ "count": -1 }), "page_non_reconnue"),
        (Value::Null, "page_non_reconnue"),
    ] {
        assert_eq!(classify(&rules, &json!({ "slots": slots })).0, issue, "{slots}");
    }
}

#[test]
fn an_explanation_names_what_was_found_and_what_came_close() {
    let rules = rules();
    let line = raw_line(&json!({
        "step": "/4", "markers": ["td.status-1.free"],
        "page_text": "Il n'existe plus de plage horaire libre pour votre demande de rendez-vous."
    }));
    let raw: RawAttempt<'_> = serde_json::from_str(&line).unwrap();
    let why = explain(&rules, &Evidence::of(&raw));
    assert_eq!((why.rule.as_str(), why.answer), ("ez-case-libre", Answer::Yes));
    assert_eq!(why.because[0].found, "td.status-1.free");
    let beaten = why.near.iter().find(|miss| miss.rule == "ez-aucune-plage").unwrap();
    assert_eq!(beaten.obstacle, Obstacle::Later);
    let prose = why.to_string();
    assert!(prose.starts_with("Outcome rdv_propose, answer oui: rule ez-case-libre of version 2026.2.0."), "{prose}");
    assert!(prose.contains("Not aucun_rdv (rule ez-aucune-plage), which applies too, but comes later."), "{prose}");
}

proptest! {
    #[test]
    fn what_nobody_knows_is_neither_yes_nor_no(
        texts in prop::array::uniform5(prop::option::of(any::<String>())),
        status in prop::option::of(any::<i32>()),
        markers in prop::collection::vec(any::<String>(), 0..4),
        count in prop::option::of(any::<i32>()),
    ) {
        let rules = rules();
        let [step, target_url, final_url, page_title, page_text] = &texts;
        let markers: Vec<_> = markers.into_iter().map(Into::into).collect();
        let evidence = Evidence {
            http_status: status,
            step: step.as_deref(),
            target_url: target_url.as_deref(),
            final_url: final_url.as_deref(),
            page_title: page_title.as_deref(),
            page_text: page_text.as_deref(),
            markers: &markers,
            slot_count: count,
            ..Evidence::default()
        };
        let rule = &rules.rules()[Classifier::new(&rules).classify(&evidence)];
        prop_assert!(!matches!(rule.outcome.answer(), Answer::Yes | Answer::No), "{}", rule.id);
        prop_assert!(!explain(&rules, &evidence).to_string().is_empty());
    }

    /// French made of the very words of the needles, in any order: only a whole sentence answers.
    #[test]
    fn the_words_of_a_sentence_are_not_the_sentence(words in prop::collection::vec(
        prop::sample::select(vec!["créneau", "disponible", "rendez-vous", "plage horaire", "libre", "plus de", "n'existe", "possible", "prochain", "votre demande"]), 0..60,
    )) {
        let text = words.join(" ");
        let evidence = Evidence { http_status: Some(200), page_text: Some(&text), ..Evidence::default() };
        let rules = rules();
        let rule = &rules.rules()[Classifier::new(&rules).classify(&evidence)];
        prop_assert_eq!(rule.outcome, Outcome::UnrecognizedPage);
    }
}
