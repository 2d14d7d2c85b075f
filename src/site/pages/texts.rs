//! Pages that are a text: the method, what changed, what is done for accessibility.

use maud::html;

use crate::metadata::METHOD_FILES;
use crate::schema::Language;
use crate::site::frame::{Frame, Own};

/// The method, from the project's own text.
pub(super) fn method(frame: &Frame<'_>) -> String {
    let [french, english] = frame.site.method;
    let (text, other, page) = match frame.words.0 {
        Language::French => (french, METHOD_FILES[1], "en/methode.html"),
        Language::English => (english, METHOD_FILES[0], "../methode.html"),
    };
    let text = text.replace(&format!("]({other})"), &format!("]({page})"));
    let title = frame.say("Méthode", "Method");
    let body = html! { div.prose { (frame.markdown(&text)) } };
    frame.page(&Own { title, about: title, scripts: &[], body })
}

/// What changed since the version before.
pub(super) fn changes(frame: &Frame<'_>) -> String {
    let title = frame.say("Ce qui a changé", "What changed");
    let none = frame
        .say("C'est la première version : rien ne la précède.", "This is the first version: there is none before it.");
    let body = html! {
        @if let Some(text) = frame.site.changes {
            @if frame.words.0 == Language::English { p.quiet { "This list is written in French, as in CHANGES.md." } }
            div.prose lang="fr" { (frame.markdown(text)) }
        } @else { h1 { (title) } p { (none) } }
    };
    frame.page(&Own { title, about: title, scripts: &[], body })
}

/// What is aimed at, and whom to tell where it is missed.
pub(super) fn accessibility(frame: &Frame<'_>) -> String {
    let title = frame.say("Accessibilité", "Accessibility");
    let contact = frame.site.description.pipeline.publication.contact.as_ref();
    let body = html! {
        h1 { (title) }
        p { (frame.say(
            "Ce site vise le RGAA 4.1 et les WCAG 2.2 au niveau AA ; aucun audit ne l'a encore dit conforme. Chaque figure a son tableau, chaque état ses mots et son motif en plus de sa couleur. Sans JavaScript, tout se lit et se télécharge ; le tri, la carte mois par mois et la page « Interroger » en ont besoin.",
            "This site aims at WCAG 2.2, level AA, and at the French RGAA 4.1; no audit has found it to conform yet. Each figure has its table, each state its words and its pattern beside its colour. Without JavaScript everything can be read and downloaded; sorting, the map month by month and the page \"Ask\" need it.",
        )) }
        @if let Some(contact) = contact {
            p { (frame.say("Un obstacle ? Dites-le à", "An obstacle? Tell")) " " (contact.name)
                @if let Some(email) = &contact.email { ", " a href=(format!("mailto:{email}")) { (email) } } "." }
        }
    };
    frame.page(&Own { title, about: title, scripts: &[], body })
}
