//! RDV-Préfecture: its captcha stands before the answer, and the look ends there. What is learnt is whether the service is to
//! be reached, and that nobody is told whether there is an appointment without passing the captcha.

use super::{Finding, Look, Target};
use crate::probe::session::{Session, Stop};

/// RDV-Préfecture.
pub struct Rdvpref;

impl Look for Rdvpref {
    fn look(&self, target: Target<'_>, session: &mut Session<'_, '_>) -> Result<Finding, Stop> {
        session.step("/");
        let entry = session.get(&target.point.entry())?;
        // Which of the two it is, the page says: the entry may lead here by a redirection.
        let walled = |page: &crate::probe::page::Page| page.has("rdv-captchetat") || page.has("[name=captchaUsercode]");
        if walled(&entry) {
            session.step("/cgu/");
            return Ok(Finding::Unknown);
        }
        let link = entry.all("a[href*=cgu]").find_map(|link| entry.url.join(link.attribute("href")).ok());
        let Some(conditions) = link else { return Ok(Finding::Unknown) };
        session.step("/cgu/");
        session.get(&conditions)?;
        Ok(Finding::Unknown)
    }

    fn markers(&self) -> &'static [&'static str] {
        &["rdv-captchetat", "[name=captchaUsercode]", "#captchaFR_CaptchaImage", "#captchaFormulaireExtInput"]
    }
}
