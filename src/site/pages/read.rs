//! How to read the figures: what each of the states means, and what nobody should conclude.

use maud::html;

use crate::site::figures::legend;
use crate::site::frame::{Frame, Own};

/// The page.
pub(super) fn read(frame: &Frame<'_>) -> String {
    let title = frame.say("Lire ces chiffres", "How to read these figures");
    let states = [
        (
            frame.say("Oui", "Yes"),
            frame.say(
                "La page montrait au moins un rendez-vous à prendre. Le robot ne l'a pas pris : rien ne dit qu'on aurait pu le confirmer.",
                "The page showed at least one appointment to take. The robot did not take it: nothing says that it could have been confirmed.",
            ),
        ),
        (
            frame.say("Non", "No"),
            frame.say(
                "La page disait elle-même qu'il n'y en avait pas, pour chacun des plannings attendus.",
                "The page itself said that there was none, for every planning that was expected.",
            ),
        ),
        (
            frame.say("On ne sait pas", "Not known"),
            frame.say(
                "Captcha, blocage, panne, page inconnue : le robot a regardé et n'a pas eu de réponse. Ce n'est jamais un « non ».",
                "Captcha, block, failure, unknown page: the robot looked and had no answer. That is never a \"no\".",
            ),
        ),
        (
            frame.say("Pas mesuré", "Not measured"),
            frame.say("Personne n'a regardé.", "Nobody looked."),
        ),
    ];
    let wrong = [
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
    ];
    let body = html! {
        h1 { (title) }
        p.lead { (frame.say(
            "Un robot se rend régulièrement sur les pages de rendez-vous et note ce qu'elles répondent. Chaque passage sur un service est une consultation.",
            "A robot regularly visits the pages for appointments and notes what they answer. Each visit to a service is a consultation.",
        )) }
        h2 { (frame.say("Quatre réponses", "Four answers")) }
        dl { @for (name, meaning) in states { dt { (name) } dd { (meaning) } } }
        h2 { (frame.say("Ce que montrent la carte et les figures", "What the map and the figures show")) }
        (legend(frame.words, None))
        p { (frame.say(
            "Le taux est la part du temps prévu où il n'y avait aucun rendez-vous. L'intervalle à 95 % dit ce que le hasard permet ; les bornes disent ce que permet notre ignorance.",
            "The rate is the share of scheduled time in which there was no appointment. The 95% interval says what chance allows; the bounds say what our ignorance allows.",
        )) }
        h2 { (frame.say("Six lectures fausses", "Six false readings")) }
        ol { @for text in wrong { li { (text) } } }
        p { a href=(frame.to("methode.html")) { (frame.say("La méthode, en entier", "The method, in full")) } }
    };
    frame.page(&Own { title, about: title, scripts: &[], body })
}
