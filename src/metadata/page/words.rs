//! The sentences of the page, in its two languages.

use crate::metadata::METHOD_FILES;
use crate::schema::Language;

/// What one half of the page says.
pub(super) struct Words {
    pub language: Language,
    pub coverage: &'static str,
    pub cite: &'static str,
    pub cite_how: &'static str,
    pub limits: &'static str,
    pub limit_list: [&'static str; 7],
    pub account: &'static str,
    pub account_how: &'static str,
    pub gates: &'static str,
    pub gates_how: &'static str,
    pub gate_headers: [&'static str; 4],
    pub passed: &'static str,
    pub refused: &'static str,
    pub overruled: &'static str,
    pub licence: &'static str,
    pub licence_how: &'static str,
    pub contact: &'static str,
    pub dictionary: (&'static str, &'static str),
    pub method: (&'static str, &'static str),
    pub first: (&'static str, &'static str),
}

pub(super) const FRENCH: Words = Words {
    language: Language::French,
    coverage: "Ce qui est couvert",
    cite: "Citer",
    cite_how: "Nommez la version, et non « latest » : elle ne change plus. Pour qu'un chiffre puisse être vérifié, \
               ajoutez l'empreinte SHA-256 du fichier cité, ou de manifest.json.",
    limits: "Ce que ces données ne disent pas",
    limit_list: [
        "Un rendez-vous vu n'est pas un rendez-vous obtenu : le robot regarde et ne réserve rien.",
        "Elles ne disent ni combien de personnes cherchent un rendez-vous, ni combien en sont offerts, ni pourquoi \
         il n'y en avait pas.",
        "« Inconnu » n'est jamais « non » : un captcha, un blocage ou une erreur n'entre dans aucun taux, est \
         compté dans <code>inconnues</code>, et écarte les bornes <code>borne_basse</code> et \
         <code>borne_haute</code>.",
        "Personne n'a regardé à toute heure : les tables <code>lacunes</code> et <code>disponibilite_jour</code> \
         disent quand personne n'a regardé, la colonne <code>couverture</code>, en quelle proportion.",
        "L'intervalle à 95 % (<code>ic95_bas</code>, <code>ic95_haut</code>) parle du hasard, pour cette période \
         seulement, instants entre deux regards compris. Un jour n'en a pas, ni une période où aucune ouverture n'a été vue \
         (<code>motif_ic95</code>).",
        "Les nombres de « oui » et de « non » de cette page réunissent tous les services : leur rapport n'est pas un taux.",
        "Sous les seuils de la table <code>parametres</code>, un taux est laissé vide et la colonne \
         <code>motif</code> dit pourquoi. Une ligne <code>partielle</code> ne se cite pas sans son \
         <code>motif</code>.",
    ],
    account: "Le compte des lignes",
    account_how: "Aucune ligne lue n'est perdue : chacune est une tentative, un doublon, une ligne vide, ou mise de \
                  côté avec son <code>motif</code> (tables <code>fichiers</code> et <code>quarantaine</code>).",
    gates: "Les contrôles avant publication",
    gates_how: "Chacun compare un chiffre à un seuil ; une version refusée n'est pas publiée. Les mêmes \
                phrases, en anglais, sont dans manifest.json.",
    gate_headers: ["Contrôle", "Trouvé", "Demandé", "Résultat"],
    passed: "réussi",
    refused: "refusé",
    overruled: "refusé, outrepassé : ",
    licence: "Licence et contact",
    licence_how: "Réutilisation libre, y compris commerciale, avec mention de la source et de la date :",
    contact: "Éditeur",
    dictionary: ("dictionnaire.fr.html", "Dictionnaire : chaque table, chaque colonne"),
    method: (METHOD_FILES[0], "Méthode : ce qui est mesuré, comment, et ce que cela ne dit pas"),
    first: ("disponibilite_mois.xlsx", "Pour commencer : la disponibilité par mois, pour un tableur"),
};

pub(super) const ENGLISH: Words = Words {
    language: Language::English,
    coverage: "What is covered",
    cite: "How to cite",
    cite_how: "Name the version, not \"latest\": it never changes. So that a figure can be checked, add the SHA-256 \
               of the file that you cite, or of manifest.json.",
    limits: "What these data do not say",
    limit_list: [
        "An appointment seen is not an appointment obtained: the robot looks and books nothing.",
        "They say neither how many people look for an appointment, nor how many are offered, nor why there was \
         none.",
        "\"Unknown\" is never \"no\": a captcha, a block or an error enters no rate, is counted in \
         <code>inconnues</code>, and widens the bounds <code>borne_basse</code> and <code>borne_haute</code>.",
        "Nobody looked at all hours: the tables <code>lacunes</code> and <code>disponibilite_jour</code> say when \
         nobody looked, the column <code>couverture</code> in which proportion.",
        "The 95 % interval (<code>ic95_bas</code>, <code>ic95_haut</code>) speaks of chance, for that period alone, \
         moments between two looks included. A day has none, nor has a period in which no opening was seen \
         (<code>motif_ic95</code>).",
        "The numbers of \"yes\" and \"no\" on this page are of all services together: their ratio is no rate.",
        "Below the thresholds of the table <code>parametres</code> a rate is left empty and the column \
         <code>motif</code> says why. Do not cite a row of quality <code>partielle</code> without its \
         <code>motif</code>.",
    ],
    account: "The account of lines",
    account_how: "No line read is lost: each is an attempt, a duplicate, a blank line, or set aside with its reason \
                  (tables <code>fichiers</code> and <code>quarantaine</code>).",
    gates: "The gates before publication",
    gates_how: "Each compares a figure with a threshold; a version that is refused is not published.",
    gate_headers: ["Gate", "Found", "Asked", "Result"],
    passed: "passed",
    refused: "refused",
    overruled: "refused, overruled: ",
    licence: "Licence and contact",
    licence_how: "Reuse is free, also commercially, with a mention of the source and of the date:",
    contact: "Publisher",
    dictionary: ("dictionnaire.en.html", "Dictionary: every table, every column"),
    method: (METHOD_FILES[1], "Method: what is measured, how, and what it does not say"),
    first: ("disponibilite_mois.xlsx", "To begin with: availability by month, for a spreadsheet"),
};

impl Words {
    /// One text of two.
    pub(super) fn pick<'a>(&self, french: &'a str, english: &'a str) -> &'a str {
        match self.language {
            Language::French => french,
            Language::English => english,
        }
    }

    /// Figures and dates in the language of the half.
    pub(super) const fn words(&self) -> crate::words::Words {
        crate::words::Words(self.language)
    }

    /// A whole number with its thousands apart.
    pub(super) fn number(&self, number: i64) -> String {
        self.words().count(number)
    }

    /// A count and what is counted; none is singular in French, and plural in English.
    pub(super) fn several(&self, count: i64, what: &str) -> String {
        let singular = count == 1 || (count == 0 && self.language == Language::French);
        format!("{} {what}{}", self.number(count), if singular { "" } else { "s" })
    }

    /// The whole of which something is a part.
    pub(super) fn of(&self, whole: i64) -> String {
        format!("{} {}", self.pick("sur", "of"), self.number(whole))
    }
}

/// A size as a person says it; decimal units.
pub(super) fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    let scaled = |unit: f64| format!("{:.1}", bytes as f64 / unit).replace('.', ",");
    match bytes {
        0..1_000 => format!("{bytes} o"),
        1_000..1_000_000 => format!("{} ko", scaled(1e3)),
        _ => format!("{} Mo", scaled(1e6)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_each_language_does() {
        assert_eq!(FRENCH.number(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(ENGLISH.number(-1_234), "−1,234");
        assert_eq!(ENGLISH.number(999), "999");
        assert_eq!((FRENCH.of(3_000), ENGLISH.of(0)), ("sur 3\u{202f}000".into(), "of 0".into()));
        assert_eq!((size(999), size(1_500), size(25_000_000)), ("999 o".into(), "1,5 ko".into(), "25,0 Mo".into()));
    }
}
