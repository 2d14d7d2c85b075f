//! Pages that would lead the probe on, ask who somebody is, or carry what is nobody's business: no request leaves for it, and
//! nothing of it stays in a line.

use guichets_ouverts::probe::page::Page;
use guichets_ouverts::progress::Silent;
use proptest::prelude::*;
use serde_json::Value;
use url::Url;

use crate::support::counters::{Counters, Moved, Rehearsal, Service, Told, lines, violations};

const NONE: &str =
    "Il n'existe plus de plage horaire libre pour votre demande de rendez-vous. Veuillez recommencer ultérieurement.";

/// One cycle of services that are told what they are, by the server's account and by the lines.
fn look(services: Vec<Service>, told: impl Fn(&str) -> Told + Send + Sync + 'static) -> (Counters, Vec<Value>) {
    let rehearsal = Rehearsal::new(services, 288, 300, "");
    let clock = Moved::at("2026-12-01T00:00:00Z");
    let shown = clock.clone();
    let counters = Counters::new(move |place, _| told(place), move || shown.shows());
    rehearsal.once(&clock, &counters, &Silent, None).unwrap();
    (counters, lines(&rehearsal.out()).iter().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn violations_of(counters: &Counters) -> Vec<String> {
    violations(&counters.seen(), 300, "sonde@example.org")
}

/// Pages that lead further, ask for more, and hide both: the look ends, and nothing of theirs is sent or kept.
#[test]
fn no_page_makes_the_probe_go_further() {
    let services = vec![
        Service::ez(0, "www.piege.gouv.fr"),
        Service { plannings: vec!["999"], ..Service::ez(1, "www.autre.gouv.fr") },
    ];
    let (counters, lines) =
        look(services, |place| if place.starts_with("www.piege") { Told::Trap } else { Told::NoneOf(NONE) });
    assert_eq!(violations_of(&counters), Vec::<String>::new());
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().all(|line| line["verdict"] == "inconnu"), "{lines:?}");
    assert!(lines.iter().all(|line| !line.to_string().contains("0123456789abcdef0123456789abcdef0123")), "{lines:?}");
    // A planning that the page does not have is not chosen.
    let posts: Vec<_> =
        counters.seen().into_iter().filter(|seen| seen.path.ends_with("/1") && seen.method == "POST").collect();
    assert!(posts.is_empty(), "{posts:?}");
    // Each look begins without a cookie.
    let entries: Vec<_> =
        counters.seen().into_iter().filter(|seen| seen.path.ends_with("/0") && seen.method == "GET").collect();
    assert!(entries.len() == 2 && entries.iter().all(|seen| seen.cookie.is_none()), "{entries:?}");
}

/// Pieces of pages that lead on, ask who somebody is, carry what is nobody's business, or answer.
const PIECES: &[&str] = &[
    "<form id=\"FormBookingCreate\" name=\"create\" method=\"post\" action=\"/booking/create/100/8\">",
    "<form id=\"FormBookingCreate\" name=\"create\" method=\"post\" action=\"/booking/create/100/4\">",
    "<form id=\"FormBookingCreate\" name=\"create\" method=\"post\" action=\"/booking/create/100/0\">",
    "<form id=\"FormBookingCreate\" name=\"create\" method=\"post\" action=\"https://ailleurs.example/0\">",
    "<form name=\"create\" action=\"/booking/create/999/0\">",
    "<input type=\"checkbox\" name=\"condition\">",
    "<input type=\"submit\" name=\"nextButton\" value=\"Effectuer\">",
    "<input type=\"hidden\" name=\"jeton\" value=\"0123456789abcdef0123456789abcdef0123456789abcdef\">",
    "<input name=\"prenom\">",
    "<input type=\"email\" name=\"courriel\">",
    "</form>",
    "<main>",
    "</main>",
    "<td class=\"status-1 free\"><a href=\"/booking/create/100/5/1796717400\">plage libre</a></td>",
    "<p>Votre adresse est 203.0.113.7, ou 2001:db8::7.</p>",
    "<p>Dossier 0123456789abcdef0123456789abcdef0123456789abcdef de jeanne@example.org, 06 12 34 56 78.</p>",
    "<meta http-equiv=\"refresh\" content=\"0; url=/booking/create/100/8\">",
    "<iframe src=\"/booking/create/100/9\"></iframe><script src=\"/booking/create/100/7\"></script>",
    "<h2>Choix d'une plage horaire</h2>",
    "<!-- ",
    "<p hidden>Il n'existe plus de plage horaire libre pour votre demande de rendez-vous.</p>",
    "é\u{0}<<table><td",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// However such pieces are put together, nothing leaves that may not, and nothing of people or machines stays in the line.
    #[test]
    fn no_page_made_of_traps_leads_on_or_leaks(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 1..12)) {
        let page = pieces.concat();
        let (counters, lines) = look(vec![Service::ez(0, "www.a.gouv.fr")], move |_| Told::Source(page.clone()));
        let violations = violations_of(&counters);
        prop_assert!(violations.is_empty(), "{violations:?}");
        let line = &lines[0];
        let text = line.to_string();
        for secret in ["203.0.113.7", "2001:db8", "0123456789abcdef", "jeanne", "06 12 34"] {
            prop_assert!(!text.contains(secret), "{secret} in {text}");
        }
        prop_assert!(line["verdict"] != "non", "{text}");
        prop_assert!(line["verdict"] != "oui" || pieces.iter().any(|piece| piece.contains("/4\"") || piece.contains("free")), "{text}");
    }

    /// Bytes that are no page are read as one, or as nothing.
    #[test]
    fn any_bytes_can_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..2000), tags in "(<[a-z/]{0,5}[ >]){0,20}") {
        let url = Url::parse("https://www.a.gouv.fr/").unwrap();
        let bytes = [tags.as_bytes(), &bytes].concat();
        let page = Page::read(url, Some("text/html; charset=utf-8"), &bytes);
        prop_assert!(page.excerpt(None).chars().count() <= 2000);
        prop_assert!(page.skeleton().len() == 8);
    }
}
