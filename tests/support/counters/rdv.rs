//! RDV-Préfecture, up to its captcha, and the public page of RDV Service Public.

use super::Told;
use super::pages::{html, leads, page};
use crate::support::web::Answer;

const ENTRY: &str = "<h1>Que souhaitez-vous faire ?</h1><p>Accueil, étape 1 sur 6</p>\
    <a class=\"q-btn\" href=\"cgu/\">Prendre un rendez-vous</a><a class=\"q-btn\" href=\"/rdvpref/login/\">Gérer mes rendez-vous</a>";

pub fn answer(told: &Told, host: &str, rest: &str) -> Answer {
    if host.starts_with("rdvsp") {
        return public(told);
    }
    match (told, rest) {
        (_, "") => html(200, &page("Accueil", ENTRY)),
        (Told::Captcha, "cgu/") => {
            let token = "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz";
            html(
                200,
                &page(
                    "Prise de rendez-vous",
                    &format!(
                        "<p>Conditions. Recopiez le code de sécurité.</p><rdv-captchetat token=\"{token}\"></rdv-captchetat><p>{token}</p>"
                    ),
                ),
            )
        }
        (Told::CaptchaFields, "cgu/") => html(
            200,
            &page(
                "Constituez votre dossier",
                "<p>Recopiez le code de sécurité de l'image.</p><input type=\"text\" name=\"captchaUsercode\">",
            ),
        ),
        (_, "cgu/") => leads(302, "/rdvpref/reservation/demarche/1/cgu/?error=invalidCaptcha"),
        _ => html(200, &page("Choisissez votre créneau", "<ul><li class=\"radio-card\">lundi</li></ul>")),
    }
}

fn public(told: &Told) -> Answer {
    const MOTIF: &str = "<h1>Renouvellement de récépissé</h1>";
    const NONE: &str = "<p>Malheureusement, aucun créneau correspondant à votre recherche n'a été trouvé.</p>";
    match told {
        Told::Slots(free) => {
            let link = |instant: &i64| {
                let at = chrono::DateTime::from_timestamp(*instant, 0).unwrap().format("%Y-%m-%dT%H:%M:%S+00:00");
                format!("<a href=\"/users/rdv_wizard_step/new?motif_id=1&amp;starts_at={at}\">créneau</a>")
            };
            html(
                200,
                &page(
                    "Réserver",
                    &format!(
                        "{MOTIF}<p>Sélectionnez un créneau :</p>{}<p>Pas de créneau disponible</p>",
                        free.iter().map(link).collect::<String>()
                    ),
                ),
            )
        }
        Told::Places => html(
            200,
            &page(
                "Réserver",
                &format!(
                    "{MOTIF}<div class=\"card\">Prochaine disponibilité le<strong>lundi 14 décembre 2026 à 08h50</strong></div>"
                ),
            ),
        ),
        Told::Motif(true) => html(200, &page("Réserver", &format!("{MOTIF}{NONE}"))),
        _ => html(200, &page("Réserver", &format!("<h1>Prenez rendez-vous</h1>{NONE}"))),
    }
}
