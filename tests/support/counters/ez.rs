//! The planning module. Its state is the visitor's cookie: a form that comes out of order leads back to the beginning.

use super::pages::{self, leads, page};
use super::{Charset, Told};
use crate::support::web::{Answer, Asked};

fn form(step: u8, inner: &str) -> String {
    // The form knows its step where the address may not. The sign stands for the service.
    format!(
        "<div id=\"inner_Booking\"><form id=\"FormBookingCreate\" name=\"create\" method=\"post\" action=\"/booking/create/§/{step}\">{inner}</form></div>"
    )
}

fn conditions() -> String {
    let inner = "<p>Les conditions d'utilisation du module.</p>\
        <input type=\"checkbox\" id=\"condition\" name=\"condition\" title=\"Accepter les conditions d'utilisation\">\
        <input class=\"Bbutton\" type=\"submit\" name=\"nextButton\" value=\"Effectuer une demande de rendez-vous\">";
    page("Préfecture", &form(0, inner))
}

fn plannings() -> String {
    let radio = |id: u32| {
        format!(
            "<p class=\"Bligne\"><input class=\"radio\" type=\"radio\" name=\"planning\" value=\"{id}\"><label>Guichet {id}</label></p>"
        )
    };
    let inner = format!(
        "<h2>Choix de la nature du rendez-vous</h2>{}{}<input type=\"submit\" name=\"nextButton\" value=\"Etape suivante\">",
        radio(14167),
        radio(14168)
    );
    page("Préfecture", &form(1, &inner))
}

fn none(sentence: &str) -> String {
    let inner = format!(
        "<h2>Vérification de disponibilité</h2><p>{sentence}</p><input type=\"submit\" name=\"finishButton\" value=\"Terminer\">"
    );
    page("Préfecture", &form(2, &inner))
}

fn nature(trap: bool) -> String {
    let more = "<input type=\"hidden\" name=\"jeton\" value=\"0123456789abcdef0123456789abcdef0123456789abcdef\"><input type=\"hidden\" name=\"guichet_suivant\" value=\"8\">";
    let inner = format!(
        "<h2>Description de la nature du rendez-vous</h2><p>Votre demande.</p>{}<input type=\"submit\" name=\"nextButton\" value=\"Etape suivante\">",
        if trap { more } else { "" }
    );
    // A trap's form leads to where an appointment is confirmed.
    page("Préfecture", &form(if trap { 8 } else { 3 }, &inner))
}

fn timetable(free: &[i64], picture: bool) -> String {
    let cell = |instant: &i64| {
        format!("<td class=\"status-1 free\"><a href=\"/booking/create/§/5/{instant}\">plage libre</a></td>")
    };
    let cells: String = free.iter().map(cell).collect();
    let image = if picture { "<img src=\"/design/etape_4r.png\" alt=\"\">" } else { "" };
    let inner = format!(
        "<h2>Choix d'une plage horaire</h2>{image}<table><thead><tr><th>-</th><th colspan=\"7\">Semaine du lundi 7 décembre 2026 au dimanche 13 décembre 2026</th></tr></thead>\
         <tbody><tr>{cells}<td class=\"complet\">complet</td></tr></tbody></table><p>Légende : <span class=\"free\">libre</span></p>\
         <input type=\"submit\" name=\"nextButton\" value=\"Première plage horaire libre\">"
    );
    let form = form(4, &inner);
    page("Préfecture", &if picture { form.replace("/booking/create/§/4", "#") } else { form })
}

fn captcha(inner: &str) -> String {
    page("Préfecture", &format!("{inner}<div class=\"g-recaptcha\" data-sitekey=\"x\"></div>"))
}

fn with_cookie(answer: Answer) -> Answer {
    match answer {
        Answer::Whole(status, mut headers, body) => {
            headers.push(("Set-Cookie".to_owned(), "eZSESSID=seance; path=/; HttpOnly".to_owned()));
            Answer::Whole(status, headers, body)
        }
        other => other,
    }
}

pub fn answer(told: &Told, asked: &Asked, step: &str) -> Answer {
    let id = asked.path.split('/').nth(3).unwrap_or_default();
    let known = asked.header("cookie").is_some_and(|cookies| cookies.contains("eZSESSID=seance"));
    let body = String::from_utf8_lossy(&asked.body).into_owned();
    let html = |status: u16, text: &str| pages::html(status, &text.replace('§', id));
    let encoded = |text: &str, charset: Charset| pages::encoded(&text.replace('§', id), charset);
    match (asked.method.as_str(), step) {
        ("GET", "" | "/0") if *told == Told::Captcha => html(200, &captcha("<p>Cochez la case.</p>")),
        ("GET", "" | "/0") => with_cookie(html(200, &conditions())),
        ("POST", "/0") if !known || !body.contains("condition=on") || !body.contains("nextButton=Effectuer") => {
            html(200, &conditions())
        }
        ("POST", "/0") => accepted(told, id),
        ("POST", "/1") if known && body.contains("planning=14167") => match told {
            Told::NoneOf(sentence) => html(200, &none(sentence)),
            _ => html(200, &conditions()),
        },
        ("POST", "/3") if known => match told {
            Told::Slots(free) => html(200, &timetable(free, false)),
            Told::FarAway => html(200, &timetable(&[], false)),
            Told::Picture => html(200, &timetable(&[], true)),
            _ => html(200, &conditions()),
        },
        // The older style: the answer is an address of its own.
        ("GET", "/2") if known => match told {
            Told::None(sentence, charset) => encoded(&none(sentence), *charset),
            _ => html(200, &conditions()),
        },
        ("GET", "/3") if known => html(200, &nature(false)),
        // Whatever books is here, and answers as if it had.
        _ => html(200, &page("Préfecture", "<h2>Coordonnées personnelles</h2>")),
    }
}

fn accepted(told: &Told, id: &str) -> Answer {
    let html = |status: u16, text: &str| pages::html(status, &text.replace('§', id));
    let encoded = |text: &str, charset: Charset| pages::encoded(&text.replace('§', id), charset);
    match told {
        Told::None(_, Charset::Utf8 | Charset::Latin1) => leads(302, &format!("/booking/create/{id}/2")),
        Told::None(sentence, charset) => encoded(&none(sentence), *charset),
        Told::NoneOf(_) => html(200, &plannings()),
        Told::Slots(_) => leads(302, &format!("/booking/create/{id}/3")),
        Told::FarAway | Told::Picture => html(200, &nature(false)),
        Told::CaptchaBeside => {
            let none = none(
                "Il n'existe plus de plage horaire libre pour votre demande de rendez-vous. Veuillez recommencer ultérieurement.",
            );
            html(200, &none.replace("</main>", "<div class=\"g-recaptcha\"></div></main>"))
        }
        Told::GoneOnTheWay => html(404, &page("Erreur", "<p>Page introuvable</p>")),
        Told::AsksIdentity => html(
            200,
            &page(
                "Préfecture",
                &form(8, "<label>Nom <input name=\"nom\"></label><input type=\"email\" name=\"mail\">"),
            ),
        ),
        Told::Trap => html(200, &nature(true)),
        _ => html(200, &conditions()),
    }
}
