//! The page that declares the probe: printed from the constants that the gate enforces, so that it cannot say less than is done.

use maud::{DOCTYPE, html};

use super::bounds::{
    CADENCE_MIN, FIELDS, NEVER_HOSTS, PAUSE_MAX_S, PAUSE_MIN_S, PAUSE_PER_ANSWER, PRODUCT, REDIRECTIONS,
    REQUESTS_PER_HOST_DAY, REQUESTS_PER_LOOK, REST_MAX, REST_MIN, REST_UNSTATED, ROBOTS_AGE_MAX, SECOND_TRY_AFTER,
};
use super::identity::Identity;
use super::plan::Plan;
use super::shape::SHAPES;

/// The page, in French, as HTML.
#[must_use]
pub fn declaration(plan: &Plan) -> String {
    let identity = Identity::of(plan);
    let rules = [
        format!("Une seule requête à la fois, tous sites confondus, et {REQUESTS_PER_LOOK} au plus par consultation."),
        format!(
            "{REQUESTS_PER_HOST_DAY} requêtes au plus par site et par jour, robots.txt compris ; le plan peut en permettre moins, jamais plus."
        ),
        format!(
            "Entre deux requêtes à un site, {PAUSE_MIN_S} secondes au moins, et {PAUSE_PER_ANSWER} fois le temps de sa dernière réponse, jusqu'à {PAUSE_MAX_S} secondes."
        ),
        format!(
            "Une consultation dont la réponse n'est pas arrivée (panne du réseau) est répétée une fois, au moins {} secondes après ; jamais après un refus, une erreur ou un captcha.",
            SECOND_TRY_AFTER.num_seconds()
        ),
        format!("Un service n'est jamais consulté plus souvent que toutes les {} minutes.", CADENCE_MIN.num_minutes()),
        format!(
            "Retry-After est respecté, de {} secondes à {} heures ; au-delà, le site n'est plus consulté tant qu'une personne n'a pas regardé.",
            REST_MIN.num_seconds(),
            REST_MAX.num_hours()
        ),
        format!(
            "Après un refus (403, page de blocage, captcha inattendu), le site est laissé {} heure, puis deux, puis quatre, jusqu'à {} heures.",
            REST_UNSTATED.num_hours(),
            REST_MAX.num_hours()
        ),
        format!(
            "robots.txt est relu toutes les {} heures et respecté ; on peut s'y adresser à « {PRODUCT} ». S'il ne peut être lu, rien n'est demandé.",
            ROBOTS_AGE_MAX.num_hours()
        ),
        format!(
            "Une redirection n'est suivie qu'à l'intérieur du site ({REDIRECTIONS} au plus) ; celle qui mène ailleurs est notée."
        ),
        format!("De formulaires, aucun autre champ que ceux-ci n'est envoyé : {}.", FIELDS.join(", ")),
    ];
    let kept = if plan.keeps_pages {
        "La page sur laquelle repose chaque réponse est conservée par l'opérateur, pour preuve ; elle n'est pas publiée."
    } else {
        "Des pages lues, seule l'empreinte et un extrait de la réponse sont conservés."
    };
    html! {
        (DOCTYPE)
        html lang="fr" {
            head { meta charset="utf-8"; meta name="viewport" content="width=device-width, initial-scale=1"; title { "Le robot de mesure, " (plan.operator) } }
            body {
                h1 { "Un robot qui regarde si des rendez-vous sont proposés" }
                p { (plan.operator) " fait regarder par un robot, à heures régulières, si des services publics proposent des rendez-vous, et publie les réponses en données ouvertes. Il ne réserve rien, ne saisit l'identité de personne, ne répond à aucun captcha et ne se fait passer pour personne." }
                h2 { "Comment il se présente" }
                p { "User-Agent : " code { (identity.agent) } }
                p { "From : " code { (identity.contact) } }
                h2 { "Ce qu'il demande" }
                table {
                    thead { tr { th { "système" } th { "méthode" } th { "après l'adresse du service" } th { "pour" } } }
                    tbody {
                        @for shape in SHAPES {
                            tr { td { (shape.system.code()) } td { (shape.method.name()) } td { code { (shape.suffix) } } td { (shape.purpose) } }
                        }
                    }
                }
                h2 { "À qui" }
                ul { @for (name, host) in &plan.hosts { li { (name) " : " (host.requests_per_day) " requêtes par jour au plus" } } }
                p { "Jamais à : " (NEVER_HOSTS.join(", ")) "." }
                h2 { "Ce à quoi il se tient" }
                ul { @for rule in &rules { li { (rule) } } }
                h2 { "Ce qu'il garde" }
                p { (kept) }
                h2 { "Comment l'arrêter" }
                p { "Écrivez à " (plan.contact) ", ou inscrivez dans robots.txt :" }
                pre { "User-agent: " (PRODUCT) "\nDisallow: /" }
            }
        }
    }
    .into_string()
}
