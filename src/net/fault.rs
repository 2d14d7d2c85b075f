//! What it means when a server refuses or cannot be had, as a sentence and with what to do.

use object_store::Error as StoreError;

use crate::error::Error;

/// What an object store answered, where it answered. The library gives no more of it than a text.
#[derive(Debug, Default)]
pub struct Answer {
    /// The HTTP status.
    pub status: Option<u16>,
    /// What S3 and its like call the error, as in `AccessDenied`; an answer to `HEAD` has no room for it.
    pub code: Option<String>,
    /// Their own words.
    message: Option<String>,
}

impl Answer {
    /// The answer in an error.
    #[must_use]
    pub fn of(error: &StoreError) -> Self {
        let text = error.to_string();
        let status = text.split_once("status code: ").and_then(|(_, rest)| rest.get(..3)?.parse().ok());
        let within = |tag: &str| {
            let (_, rest) = text.split_once(&format!("<{tag}>"))?;
            let (inner, _) = rest.split_once(&format!("</{tag}>"))?;
            // One line, of a length that a person reads.
            let line = inner.split_whitespace().collect::<Vec<_>>().join(" ");
            Some(line.chars().take(300).collect::<String>()).filter(|line| !line.is_empty())
        };
        Self { status, code: within("Code"), message: within("Message") }
    }

    /// Whether the store called it so.
    #[must_use]
    pub fn is(&self, codes: &[&str]) -> bool {
        self.code.as_deref().is_some_and(|code| codes.contains(&code))
    }

    /// Whether it is a denial: neither a key that nobody knows nor a clock that is wrong, which have the same status.
    #[must_use]
    pub fn denies(&self) -> bool {
        self.status == Some(403) && (self.code.is_none() || self.is(&["AccessDenied", "AllAccessDisabled"]))
    }

    /// Whether another write of the object is under way: the store has decided nothing yet. Some stores, as Azure's
    /// `BlobAlreadyExists`, give the same status to what is there already.
    #[must_use]
    pub fn conflicts(&self) -> bool {
        self.status == Some(409) && !self.code.as_ref().is_some_and(|code| code.ends_with("AlreadyExists"))
    }

    /// Whether the store says that it knows no such request.
    #[must_use]
    pub fn unknown_request(&self) -> bool {
        let other = ["ExpiredToken", "RequestTimeout", "InvalidToken", "TokenRefreshRequired"];
        matches!(self.status, Some(400 | 405 | 501)) && !self.is(&other)
    }

    /// Whether it may pass by itself; without an answer, too.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.conflicts() || self.status.is_none_or(|status| matches!(status, 408 | 429 | 500 | 502..=599))
    }

    /// Status, code and words, in one line.
    fn told(&self) -> Option<String> {
        let status = self.status?.to_string();
        let code = self.code.as_ref().map_or_else(String::new, |code| format!(" {code}"));
        let words = self.message.as_ref().map_or_else(String::new, |words| format!(": {words}"));
        Some(format!("the store answered {status}{code}{words}"))
    }
}

/// An error of an object store, after what was attempted, as in « cannot read »: what it means and what to do.
#[must_use]
pub fn refused(error: StoreError, attempted: &str) -> Error {
    let text = crate::error::chain(&error);
    let answer = Answer::of(&error);
    let cause = Cause::of(&answer, &text);
    let told = Error::unreachable(message(attempted, cause));
    let told = match answer.told() {
        Some(words) => told.because(words),
        None => told.because(error),
    };
    match cause {
        Some(cause) => told.hint(cause.hint()),
        None => told,
    }
}

/// Why an HTTP server gave no answer, or none of use, after what was attempted. The address is the caller's to name: the
/// error's own may hold a password or a signature.
#[must_use]
pub fn lost(error: reqwest::Error, attempted: &str) -> Error {
    let error = error.without_url();
    let cause = Cause::of_network(&crate::error::chain(&error));
    let told = Error::unreachable(message(attempted, cause)).because(error);
    match cause {
        Some(cause) => told.hint(cause.hint()),
        None => told,
    }
}

fn message(attempted: &str, cause: Option<Cause>) -> String {
    match cause.and_then(Cause::sentence) {
        Some(sentence) => format!("{attempted}: {sentence}"),
        None => attempted.to_owned(),
    }
}

/// What is known to go wrong, each with its sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Clock,
    Region,
    UnknownKey,
    Signature,
    Session,
    NoBucket,
    NoCredentials,
    Denied,
    Name,
    Closed,
    Certificate,
    NotEncrypted,
    Slow,
    Address,
}

impl Cause {
    fn of(answer: &Answer, text: &str) -> Option<Self> {
        let regions = ["PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"];
        let signs = [
            (answer.is(&["RequestTimeTooSkewed"]), Self::Clock),
            (answer.is(&regions) || matches!(answer.status, Some(301 | 307 | 308)), Self::Region),
            (text.contains("redirect without LOCATION"), Self::Region),
            (answer.is(&["InvalidAccessKeyId"]), Self::UnknownKey),
            (answer.is(&["SignatureDoesNotMatch"]), Self::Signature),
            (answer.is(&["ExpiredToken", "InvalidToken", "TokenRefreshRequired"]), Self::Session),
            (answer.is(&["NoSuchBucket"]), Self::NoBucket),
            // The addresses at which machines of the three providers find their credentials.
            (
                ["/latest/api/token", "/computeMetadata/", "/metadata/identity/"]
                    .iter()
                    .any(|sign| text.contains(sign)),
                Self::NoCredentials,
            ),
            (answer.status == Some(401) || answer.denies(), Self::Denied),
        ];
        let known = signs.into_iter().find_map(|(applies, cause)| applies.then_some(cause));
        known.or_else(|| if answer.status.is_some() { None } else { Self::of_network(text) })
    }

    /// Why there is no answer at all. The libraries below say it in words only.
    fn of_network(text: &str) -> Option<Self> {
        let says = |signs: &[&str]| signs.iter().any(|sign| text.contains(sign));
        let signs = [
            (says(&["dns error", "failed to lookup address"]), Self::Name),
            (says(&["Connection refused"]), Self::Closed),
            (says(&["invalid peer certificate", "UnknownIssuer", "certificate"]), Self::Certificate),
            (says(&["InvalidContentType", "corrupt message", "handshake eof"]), Self::NotEncrypted),
            (says(&["timed out"]), Self::Slow),
            (says(&["builder error", "relative URL"]), Self::Address),
        ];
        signs.into_iter().find_map(|(applies, cause)| applies.then_some(cause))
    }

    /// What it means, where the store's or the library's own words do not say it.
    const fn sentence(self) -> Option<&'static str> {
        match self {
            Self::Clock => Some("the clock of this machine is too far from the store's"),
            Self::Region => Some("the bucket is in another region, or behind another endpoint"),
            Self::UnknownKey => Some("the store does not know the key"),
            Self::Signature => Some("the store does not accept the key's secret"),
            Self::Session => Some("the session that the credentials are for has ended"),
            Self::NoBucket => Some("there is no such bucket"),
            Self::NoCredentials => Some("there are no credentials for the store"),
            Self::Denied => Some("the credentials do not allow it"),
            Self::Name => Some("the name of the server leads nowhere"),
            Self::Closed => Some("nobody listens there"),
            Self::Certificate => Some("the server's certificate is not one that this machine trusts"),
            Self::NotEncrypted => Some("no encrypted connection comes about"),
            Self::Slow | Self::Address => None,
        }
    }

    const fn hint(self) -> &'static str {
        match self {
            Self::Clock => "set it right, with NTP for example: requests are signed with the time",
            Self::Region => {
                "set AWS_REGION to the bucket's region and, where it is not Amazon's, AWS_ENDPOINT_URL to that region's endpoint"
            }
            Self::UnknownKey => "check AWS_ACCESS_KEY_ID; a key is one provider's, and often one region's",
            Self::Signature => "check AWS_SECRET_ACCESS_KEY: that it belongs to the key, without spaces or line ends",
            Self::Session => "renew AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN together",
            Self::NoBucket => "make the bucket first; if it is there, check its name and the endpoint",
            Self::NoCredentials => {
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, GOOGLE_SERVICE_ACCOUNT, or AZURE_STORAGE_ACCOUNT_NAME \
                 and AZURE_STORAGE_ACCOUNT_KEY; the address at which machines in the cloud find theirs does not give any"
            }
            Self::Denied => {
                "reading needs the permission s3:GetObject, and s3:ListBucket, without which a store does not say that \
                 something is not there; publishing needs s3:PutObject and s3:DeleteObject, too"
            }
            Self::Name => "is the address spelt right, and the network there?",
            Self::Closed => "is the server running, and the port right?",
            Self::Certificate => {
                "if the server has one of its own making, add the authority to those that the system trusts"
            }
            Self::NotEncrypted => "does the server speak https at that port? What it says is not a certificate",
            Self::Slow => "is the address right, and the network there? Ask again later",
            Self::Address => "endpoint, region and credentials come from AWS_…, GOOGLE_… or AZURE_… in the environment",
        }
    }
}
