//! The five states of a figure, which nobody may confuse: a rate; every answer « no »; too few answers; looked without an
//! answer; not looked at. Apart from them stands what is out of scope. Each has its words, its pattern and its class, and
//! what is drawn tells them apart without colour.

use crate::grid::Line;
use crate::words::Words;

/// What a row of availability can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nobody looked.
    NotMeasured,
    /// Somebody looked, and no answer could be had.
    NoAnswer,
    /// Answers, but too few for a rate, or such that none can be made of them.
    TooFew,
    /// A rate, in its class: the position in [`BREAKS`] of the first break above it.
    Rate(usize),
    /// Every answer was « no ».
    Always,
    /// What was asked leads to no appointments: the page is gone, asks for a login, or leads elsewhere.
    OutOfScope,
}

/// Rates are told apart at these; the last class is for what is above, as long as an appointment was seen.
pub(super) const BREAKS: [f64; 3] = [0.5, 0.9, 0.97];

/// The ramp, light to dark: also in grey. The last is for [`State::Always`].
pub(super) const RAMP: [&str; 5] = ["#fff1c9", "#f9c45e", "#d98324", "#9a4a12", "#3d1408"];

/// The states in the order of the legend.
pub(super) const ALL: [State; 9] = [
    State::Rate(0),
    State::Rate(1),
    State::Rate(2),
    State::Rate(3),
    State::Always,
    State::TooFew,
    State::NoAnswer,
    State::NotMeasured,
    State::OutOfScope,
];

impl State {
    /// What a row of `disponibilite_mois`, `disponibilite_annee` or `synthese_departements` says.
    pub(super) fn of(row: Line<'_>) -> Self {
        if let Some(rate) = row.number("taux_sans_rdv") {
            // One that was seen, if only in a consultation without weight, is not « never ».
            if row.count("secondes_non") == row.count("secondes_repondues") && row.count("oui") == 0 && rate > BREAKS[0]
            {
                return Self::Always;
            }
            return Self::Rate(BREAKS.iter().position(|limit| rate < *limit).unwrap_or(BREAKS.len()));
        }
        match (row.count("reponses"), row.count("inconnues"), row.count("hors_champ")) {
            (0, 0, 0) => Self::NotMeasured,
            (0, 0, _) => Self::OutOfScope,
            (0, _, _) => Self::NoAnswer,
            _ => Self::TooFew,
        }
    }

    /// Its place in the legend.
    pub(super) fn rank(self) -> usize {
        ALL.iter().position(|other| *other == self).unwrap_or(ALL.len())
    }

    /// Its name in scripts and styles.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::NotMeasured => "pas_mesure",
            Self::NoAnswer => "aucune_reponse",
            Self::TooFew => "trop_peu",
            Self::Rate(0) => "c0",
            Self::Rate(1) => "c1",
            Self::Rate(2) => "c2",
            Self::Rate(_) => "c3",
            Self::Always => "c4",
            Self::OutOfScope => "hors_champ",
        }
    }

    /// What fills it: a colour of the ramp, or a pattern of `site/figures`.
    pub(super) const fn fill(self) -> &'static str {
        match self {
            Self::NotMeasured => "url(#hachures)",
            Self::NoAnswer => "url(#rayures)",
            Self::TooFew => "url(#points)",
            Self::Rate(class) => RAMP[if class < BREAKS.len() { class } else { BREAKS.len() }],
            Self::Always => RAMP[4],
            Self::OutOfScope => "#ffffff",
        }
    }

    /// What it is called.
    pub(super) fn label(self, words: Words) -> &'static str {
        match self {
            Self::NotMeasured => words.say("pas mesuré : personne n'a regardé", "not measured: nobody looked"),
            Self::NoAnswer => words.say("regardé, sans réponse : on ne sait pas", "looked at, no answer: not known"),
            Self::TooFew => {
                words.say("des réponses, mais pas de quoi donner un taux", "answers, but not enough for a rate")
            }
            Self::Rate(0) => words.say("moins de 50 % du temps", "less than 50% of the time"),
            Self::Rate(1) => words.say("de 50 à 90 %", "50 to 90%"),
            Self::Rate(2) => words.say("de 90 à 97 %", "90 to 97%"),
            Self::Rate(_) => words.say("97 % et plus", "97% and more"),
            Self::Always => words.say("toujours : chaque réponse fut « non »", "always: each answer was \"no\""),
            Self::OutOfScope => words.say(
                "hors champ : page disparue, connexion exigée ou autre canal",
                "out of scope: page gone, login asked or another way",
            ),
        }
    }

    /// Why there is no rate, as a part of a sentence.
    pub(super) fn clause(self, words: Words) -> &'static str {
        match self {
            Self::NotMeasured => words.say("personne n'a regardé", "nobody looked"),
            Self::NoAnswer => {
                words.say("le robot a regardé, et n'a pas eu de réponse", "the robot looked, and had no answer")
            }
            Self::TooFew => {
                words.say("les réponses ne permettent pas d'en donner un", "the answers do not allow for one")
            }
            other => other.label(words),
        }
    }

    /// Whether it is a rate that nobody may cite without the reserve of its row.
    pub(super) fn is_reserved(row: Line<'_>) -> bool {
        row.text("qualite") == "partielle"
    }

    /// Whether a rate stands there.
    pub(super) const fn has_rate(self) -> bool {
        matches!(self, Self::Rate(_) | Self::Always)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance of a colour, as WCAG 2.2 defines it.
    fn luminance(colour: &str) -> f64 {
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    #[test]
    fn the_ramp_is_ordered_in_grey_by_steps_that_can_be_seen() {
        for pair in RAMP.windows(2) {
            let contrast = (luminance(pair[0]) + 0.05) / (luminance(pair[1]) + 0.05);
            assert!(contrast > 1.4, "{pair:?}: {contrast}");
        }
    }

    #[test]
    fn no_two_states_share_a_word_a_class_or_a_fill() {
        use crate::schema::Language;
        for language in [Language::French, Language::English] {
            let mut told: Vec<[&str; 3]> =
                ALL.iter().map(|state| [state.label(Words(language)), state.class(), state.fill()]).collect();
            for at in 0..3 {
                told.sort_by_key(|told| told[at]);
                assert!(told.windows(2).all(|pair| pair[0][at] != pair[1][at]), "{told:?}");
            }
        }
    }
}
