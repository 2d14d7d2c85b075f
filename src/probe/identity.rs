//! Who asks: the same on every request, to every host.

use super::bounds::{PRODUCT, PURPOSE};
use super::plan::Plan;

/// What every request says of who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The `User-Agent`, which is the `signature` of each line too.
    pub agent: String,
    /// The `From`.
    pub contact: String,
}

impl Identity {
    /// That of a plan.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let agent = format!("{PRODUCT}/{} (+{}; {PURPOSE})", env!("CARGO_PKG_VERSION"), plan.page);
        Self { agent, contact: plan.contact.clone() }
    }

    /// The headers that every request has.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        vec![
            ("user-agent", self.agent.clone()),
            ("from", self.contact.clone()),
            ("accept", "text/html,application/xhtml+xml".to_owned()),
            ("accept-language", "fr".to_owned()),
            // So that the digest of a page is of what the site wrote; a page that is packed all the same is unpacked.
            ("accept-encoding", "identity".to_owned()),
        ]
    }
}
