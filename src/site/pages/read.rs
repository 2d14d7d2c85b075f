//! How to read the figures: what each of the states means, and what nobody should conclude.

use std::borrow::Cow;

use maud::html;

use crate::site::figures::legend;
use crate::site::frame::{Frame, Own};

/// The page.
pub(super) fn read(frame: &Frame<'_>) -> String {
    let title = frame.say("Lire ces chiffres", "How to read these figures");
    let body = html! {
        h1 { (title) }
        p.lead { (frame.say(
            "Un robot se rend régulièrement sur les pages de rendez-vous et note ce qu'elles répondent. Chaque passage sur un service est une consultation.",
            "A robot regularly visits the pages for appointments and notes what they answer. Each visit to a service is a consultation.",
        )) }
        h2 { (frame.say("Quatre réponses", "Four answers")) }
        dl { @for (name, meaning) in answers(frame) { dt { (name) } dd { (meaning) } } }
        h2 { (frame.say("Ce que montrent la carte et les figures", "What the map and the figures show")) }
        (legend(frame.words, None))
        p { (frame.say(
            "« Sous réserve » : un taux publié, à ne pas citer sans la raison qui l'accompagne. La carte le barre de traits clairs.",
            "\"Under reserve\": a rate that is published, and not to be cited without the reason beside it. The map draws thin lines across it.",
        )) }
        p { (frame.say(
            "Le taux est la part du temps prévu et répondu où aucun rendez-vous n'était disponible : ce que personne n'a regardé, ou qui est resté sans réponse, n'y compte pas. L'intervalle à 95 % dit ce que le hasard permet ; les bornes disent ce que permet notre ignorance.",
            "The rate is the share of the time scheduled and answered in which no appointment was available: what nobody looked at, or what stayed without an answer, does not count in it. The 95% interval says what chance allows; the bounds say what our ignorance allows.",
        )) }
        h2 { (frame.say("Six lectures fausses", "Six false readings")) }
        ol { @for text in false_readings(frame) { li { (text) } } }
        p { a href=(frame.to("methode.html")) { (frame.say("La méthode, en entier", "The method, in full")) } }
    };
    frame.page(&Own { title, about: title, scripts: &[], body })
}

/// The four things that a look can give, and what each means.
fn answers<'t>(frame: &'t Frame<'_>) -> [(&'t str, Cow<'t, str>); 4] {
    // As the file for court tells it, where the pipeline says what its robot takes for a « no ».
    let meaning = frame.site.description.pipeline.probe.no_means.as_ref();
    let meant_by_no = format!(
        "{} {}",
        meaning.map_or(
            frame.say(
                "La page disait elle-même qu'il n'y en avait pas, ou en montrait zéro dans la période affichée.",
                "The page itself said that there was none, or showed zero in the period on display.",
            ),
            |meaning| meaning.in_language(frame.words.0),
        ),
        frame.say(
            "Il en allait ainsi de chacun des plannings attendus.",
            "So it was with every planning that was expected."
        )
    );
    [
        (
            frame.say("Oui", "Yes"),
            frame.say(
                "La page montrait au moins un rendez-vous à prendre. Le robot ne l'a pas pris : rien ne dit qu'on aurait pu le confirmer.",
                "The page showed at least one appointment to take. The robot did not take it: nothing says that it could have been confirmed.",
            )
            .into(),
        ),
        (
            frame.say("Non", "No"),
            meant_by_no.into(),
        ),
        (
            frame.say("On ne sait pas", "Not known"),
            frame.say(
                "Captcha, blocage, panne, page inconnue : le robot a regardé et n'a pas eu de réponse. Ce n'est jamais un « non ».",
                "Captcha, block, failure, unknown page: the robot looked and had no answer. That is never a \"no\".",
            )
            .into(),
        ),
        (
            frame.say("Pas mesuré", "Not measured"),
            frame.say("Personne n'a regardé.", "Nobody looked.").into(),
        ),
    ]
}

/// What nobody should conclude.
fn false_readings<'t>(frame: &'t Frame<'_>) -> [&'t str; 6] {
    [
        frame.say(
            "« Il n'y avait pas de rendez-vous » pour un mois où le robot était bloqué : on ne sait pas.",
            "\"There was no appointment\" for a month in which the robot was blocked: nobody knows.",
        ),
        frame.say(
            "« Un rendez-vous sur dix consultations, donc une chance sur dix » : les rendez-vous viennent par paquets, et le robot n'est pas un usager pressé.",
            "\"One appointment in ten looks, hence one chance in ten\": appointments come in lots, and the robot is no user in a hurry.",
        ),
        frame.say(
            "« Cette préfecture est pire que celle-là » quand les intervalles se recoupent : l'écart peut être dû au hasard.",
            "\"This prefecture is worse than that one\" where the intervals overlap: the difference may be due to chance.",
        ),
        frame.say(
            "« La moyenne des taux » : la moyenne de deux taux n'est le taux de rien. Chaque période a le sien.",
            "\"The average of the rates\": the average of two rates is the rate of nothing. Each period has its own.",
        ),
        frame.say(
            "« Le mois en cours s'améliore » : il n'est pas fini, et son point est creux.",
            "\"The current month is better\": it is not over, and its dot is hollow.",
        ),
        frame.say(
            "« Toujours complet » sans regarder les signaux : c'est peut-être une page mal lue.",
            "\"Always full\" without a look at the signals: it may be a page that is read wrongly.",
        ),
    ]
}
