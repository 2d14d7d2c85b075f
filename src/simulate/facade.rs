//! What the booking systems look like from outside: addresses, titles, sentences and traces, as they were recorded.
//!
//! In addresses, texts and traces `{id}` stands for the number of the service, `{phrase}` for the sentence that says
//! no, `{date}` for the first date offered and `{stamp}` for its Unix time.

use crate::attempt::System;

/// A booking system, as a visitor meets it.
#[derive(Debug)]
pub struct Facade {
    /// The address that the robot asks.
    pub entry: &'static str,
    /// The sentence that says that there is no appointment.
    pub phrase: &'static str,
    /// The page that says so.
    pub none: Stop,
    /// The page that offers appointments.
    pub offered: Stop,
    /// The page with a captcha before the answer.
    pub captcha: Stop,
    /// The page to which a visitor is thrown back.
    pub thrown_back: Stop,
}

/// A page on the way.
#[derive(Debug)]
pub struct Stop {
    /// Its name in the flow.
    pub step: &'static str,
    /// Its address.
    pub path: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What it says.
    pub text: &'static str,
    /// The traces that the robot sees in it.
    pub markers: &'static [&'static str],
}

/// The facade of a system; a plan holds only systems that have one.
pub const fn of(system: System) -> &'static Facade {
    match system {
        System::Rdvpref => &RDVPREF,
        System::Esirius => &ESIRIUS,
        System::RdvServicePublic => &RDV_SERVICE_PUBLIC,
        _ => &EZ_PLANNING,
    }
}

const EZ_PLANNING: Facade = Facade {
    entry: "/booking/create/{id}/1",
    phrase: "Il n'existe plus de plage horaire libre pour votre demande de rendez-vous. \
             Veuillez recommencer ultérieurement.",
    none: Stop {
        step: "/2",
        path: "/booking/create/{id}/2",
        title: "Demande de rendez-vous - Les services de l'État",
        text: "Accueil > Prendre un rendez-vous\nChoix de la nature du rendez-vous\n{phrase}\nTerminer",
        markers: &["#inner_Booking", "input[name=finishButton]"],
    },
    offered: Stop {
        step: "/4",
        path: "/booking/create/{id}/4",
        title: "Demande de rendez-vous - Les services de l'État",
        text: "Accueil > Prendre un rendez-vous\nChoisissez une plage horaire\nSemaine du {date}\n09:00 libre\n\
               Étape précédente Étape suivante",
        markers: &["td.status-1.free", "a[href*=/booking/create/{id}/5/{stamp}]", "img[src$=/etape_4r.png]"],
    },
    captcha: Stop {
        step: "/0",
        path: "/booking/create/{id}/0",
        title: "Demande de rendez-vous - Les services de l'État",
        text: "Accueil > Prendre un rendez-vous\nConditions d'utilisation\nJe ne suis pas un robot\nreCAPTCHA",
        markers: &[".g-recaptcha", "iframe[src*=recaptcha]"],
    },
    thrown_back: Stop {
        step: "/0",
        path: "/booking/create/{id}/0",
        title: "Demande de rendez-vous - Les services de l'État",
        text: "Accueil > Prendre un rendez-vous\nConditions d'utilisation\nJe déclare avoir lu et approuvé les \
               conditions d'utilisation\nEffectuer une demande de rendez-vous",
        markers: &["input#condition", "input[name=nextButton]"],
    },
};

const RDVPREF: Facade = Facade {
    entry: "/rdvpref/reservation/demarche/{id}/creneau/",
    phrase: "Aucun créneau disponible",
    none: Stop {
        step: "/creneau/",
        path: "/rdvpref/reservation/demarche/{id}/creneau/",
        title: "Choisissez votre créneau",
        text: "Étape 3 sur 6\nChoisissez votre créneau\n{phrase}\n\"critere\": {\"datePremiereDispo\":\"\"}",
        markers: &["h2.fr-stepper__title"],
    },
    offered: Stop {
        step: "/creneau/",
        path: "/rdvpref/reservation/demarche/{id}/creneau/",
        title: "Choisissez votre créneau",
        text: "Étape 3 sur 6\nChoisissez votre créneau\n{date} 09:00\nSuivant\n\
               \"critere\": {\"datePremiereDispo\":\"{date}\"}",
        markers: &["h2.fr-stepper__title", ".radio-card", "input[type=radio]"],
    },
    captcha: Stop {
        step: "/cgu/",
        path: "/rdvpref/reservation/demarche/{id}/cgu/",
        title: "Constituez votre dossier",
        text: "Étape 2 sur 6\nConstituez votre dossier\nRecopiez le code de l'image",
        markers: &["input.captchaUsercode", "#captchaFR_CaptchaImage"],
    },
    thrown_back: Stop {
        step: "/cgu/",
        path: "/rdvpref/reservation/demarche/{id}/cgu/?error=errorSessionInvalide",
        title: "Prendre rendez-vous",
        text: "Étape 1 sur 6\nVotre session n'est plus valide",
        markers: &["form#cgu"],
    },
};

const ESIRIUS: Facade = Facade {
    entry: "/eAppointmentpref/element/jsp/appointment.jsp?motif={id}",
    phrase: "Aucun rendez-vous n'est possible pour les motifs sélectionnés ou le créneau horaire sélectionné.",
    none: Stop {
        step: "motifs",
        path: "/eAppointmentpref/element/jsp/appointment.jsp?motif={id}",
        title: "eAppointment",
        text: "Prise de rendez-vous\nSélection des motifs\n{phrase}",
        markers: &["alert", "#nextButtonId"],
    },
    offered: Stop {
        step: "creneaux",
        path: "/eAppointmentpref/element/jsp/creneaux.jsp?motif={id}",
        title: "eAppointment",
        text: "Prise de rendez-vous\nSélection du créneau\n{date} 09:00",
        markers: &["td.creneau-libre"],
    },
    captcha: Stop {
        step: "motifs",
        path: "/eAppointmentpref/element/jsp/appointment.jsp?motif={id}",
        title: "eAppointment",
        text: "Prise de rendez-vous\nJe ne suis pas un robot",
        markers: &[".g-recaptcha"],
    },
    thrown_back: Stop {
        step: "accueil",
        path: "/eAppointmentpref/?error=errorSessionInvalide",
        title: "eAppointment",
        text: "Prise de rendez-vous\nVotre session a expiré",
        markers: &[],
    },
};

const RDV_SERVICE_PUBLIC: Facade = Facade {
    entry: "/prendre_rdv?motif_id={id}",
    phrase: "Malheureusement, aucun créneau correspondant à votre recherche n'a été trouvé.",
    none: Stop {
        step: "creneaux",
        path: "/prendre_rdv?motif_id={id}",
        title: "Prenez rendez-vous en ligne",
        text: "Votre recherche\nLieu et motif\n{phrase}",
        markers: &["div.no-slot"],
    },
    offered: Stop {
        step: "creneaux",
        path: "/prendre_rdv?motif_id={id}&date={date}",
        title: "Prenez rendez-vous en ligne",
        text: "Votre recherche\nLieu et motif\n{date}\n09:00 10:30",
        markers: &["a[href*=/users/rdv_wizard_step/new?motif_id={id}&starts_at={date}]"],
    },
    captcha: Stop {
        step: "recherche",
        path: "/prendre_rdv?motif_id={id}",
        title: "Prenez rendez-vous en ligne",
        text: "Votre recherche\nJe ne suis pas un robot",
        markers: &[".g-recaptcha"],
    },
    thrown_back: Stop {
        step: "recherche",
        path: "/?error=errorSessionInvalide",
        title: "Prenez rendez-vous en ligne",
        text: "Votre recherche",
        markers: &[],
    },
};
