//! Pages as the sites make them, in words of our own around the sentences by which they are known.

use super::{Charset, Told};
use crate::support::web::Answer;

/// Menus that are longer than the excerpt of a line.
fn menus() -> String {
    let item = |number: usize| {
        format!("<li><a href=\"/rubrique-{number}\">Rubrique numéro {number} du portail des services</a></li>")
    };
    format!("<header><nav><ul>{}</ul></nav></header>", (0..80).map(item).collect::<String>())
}

/// A page around an answer.
pub fn page(title: &str, main: &str) -> String {
    let menus = menus();
    format!(
        "<!doctype html><html lang=\"fr\"><head><meta charset=\"utf-8\"><title>{title}</title><script>var x = \"</div>\";</script></head>\
         <body>{menus}<main>{main}</main><footer>Contact : accueil@example.gouv.fr, 01 23 45 67 89\
         <form action=\"/lettre\" method=\"post\"><input type=\"email\" name=\"mail\"></form></footer></body></html>"
    )
}

pub fn html(status: u16, text: &str) -> Answer {
    let headers = vec![
        ("Content-Type".to_owned(), "text/html; charset=utf-8".to_owned()),
        ("Set-Cookie".to_owned(), "xtvrn=1; path=/".to_owned()),
    ];
    Answer::Whole(status, headers, text.as_bytes().to_vec())
}

pub fn encoded(text: &str, charset: Charset) -> Answer {
    let said = match charset {
        Charset::Utf8 => return html(200, text),
        Charset::Latin1 => "text/html; charset=iso-8859-1",
        Charset::Latin1InPage => "text/html",
    };
    let text = text.replace("charset=\"utf-8\"", "charset=\"iso-8859-1\"");
    let bytes = encoding_rs::WINDOWS_1252.encode(&text).0.into_owned();
    Answer::Whole(200, vec![("Content-Type".to_owned(), said.to_owned())], bytes)
}

pub fn leads(status: u16, to: &str) -> Answer {
    Answer::Whole(status, vec![("Location".to_owned(), to.to_owned())], Vec::new())
}

/// What any site can do.
pub fn anywhere(told: &Told) -> Option<Answer> {
    Some(match told {
        Told::Page(status, text) => html(*status, &page("Portail", text)),
        Told::Source(source) => html(200, source),
        Told::Later(status, after) => {
            let after = after.iter().map(|after| ("Retry-After".to_owned(), (*after).to_owned()));
            Answer::Whole(*status, after.collect(), b"plus tard".to_vec())
        }
        Told::Leads(to) => leads(302, to),
        Told::Half => Answer::Half(
            page("Portail", "<p>Il n'existe plus de plage horaire libre pour votre demande de rendez-vous.</p>")
                .into_bytes(),
        ),
        Told::Nothing => Answer::Nothing,
        Told::Silence => Answer::Silence(std::time::Duration::from_secs(3)),
        _ => return None,
    })
}
