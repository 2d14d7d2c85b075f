//! What it means when an object store refuses.

use super::answer::{Answer, RETAINED};
use super::fault::Meaning;
use super::provider::Provider;

/// What an answer means, where it is known. `text` is the whole error.
pub(super) fn meaning(answer: &Answer, text: &str, provider: Provider) -> Option<Meaning> {
    let cause = Cause::of(answer, text)?;
    Some(Meaning { sentence: Some(cause.sentence(provider)), hint: cause.hint(provider) })
}

/// What is known to go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Clock,
    Region,
    UnknownKey,
    Secret,
    Session,
    NoBucket,
    NoCredentials,
    Retained,
    Denied,
    Busy,
}

impl Cause {
    /// The first that applies, each with its sign.
    fn of(answer: &Answer, text: &str) -> Option<Self> {
        let regions = ["PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"];
        let over =
            ["ExpiredToken", "ExpiredTokenException", "InvalidToken", "InvalidIdentityToken", "TokenRefreshRequired"];
        let signs = [
            // The addresses at which machines of the three providers find their credentials.
            (
                ["/latest/api/token", "/computeMetadata/", "/metadata/identity/"]
                    .iter()
                    .any(|sign| text.contains(sign)),
                Self::NoCredentials,
            ),
            (answer.is(&["RequestTimeTooSkewed"]) || of_clock(answer), Self::Clock),
            (answer.is(&regions) || matches!(answer.status, Some(301 | 307 | 308)), Self::Region),
            (text.contains("redirect without LOCATION"), Self::Region),
            (answer.is(&["InvalidAccessKeyId"]), Self::UnknownKey),
            (answer.is(&over) || is_over(answer), Self::Session),
            (answer.is(&["SignatureDoesNotMatch"]) || wrong_secret(answer), Self::Secret),
            (answer.misses_bucket(), Self::NoBucket),
            (answer.is(&["NoAuthenticationInformation", "AuthenticationRequired"]), Self::NoCredentials),
            (answer.is(&RETAINED), Self::Retained),
            (answer.status == Some(401) || answer.denies() || denied_by_azure(answer), Self::Denied),
            (answer.is(&["SlowDown", "ServerBusy"]) || matches!(answer.status, Some(429 | 503)), Self::Busy),
        ];
        signs.into_iter().find_map(|(applies, cause)| applies.then_some(cause))
    }

    const fn sentence(self, provider: Provider) -> &'static str {
        match (self, provider) {
            (Self::Clock, _) => "the clock of this machine is too far from the store's",
            (Self::Region, _) => "the bucket is in another region, or behind another endpoint",
            (Self::UnknownKey, _) => "the store does not know the key",
            (Self::Secret, Provider::S3) => "the store does not accept the key's secret",
            (Self::Secret, _) => "the store does not accept the key",
            (Self::Session, _) => "the session that the credentials are for has ended",
            (Self::NoBucket, Provider::Azure) => "there is no such container",
            (Self::NoBucket, _) => "there is no such bucket",
            (Self::NoCredentials, _) => "there are no credentials for the store",
            (Self::Retained, _) => "a retention policy of the store keeps what is there from being changed",
            (Self::Denied, _) => "the credentials do not allow it",
            (Self::Busy, _) => "the store has too much to do",
        }
    }

    const fn hint(self, provider: Provider) -> &'static str {
        match (self, provider) {
            (Self::Clock, _) => "set it right, with NTP for example: requests are signed with the time",
            (Self::Region, Provider::S3) => {
                "set AWS_REGION to the bucket's region and, where it is not Amazon's, AWS_ENDPOINT_URL to that region's endpoint"
            }
            (Self::Region, Provider::Google) => "check GOOGLE_BASE_URL",
            (Self::Region, Provider::Azure) => "check AZURE_STORAGE_ENDPOINT and AZURE_STORAGE_ACCOUNT_NAME",
            (Self::UnknownKey, _) => "check AWS_ACCESS_KEY_ID; a key is one provider's, and often one region's",
            (Self::Secret, Provider::S3) => {
                "check AWS_SECRET_ACCESS_KEY: that it belongs to the key, without spaces or line ends"
            }
            (Self::Secret, Provider::Google) => {
                "check GOOGLE_SERVICE_ACCOUNT or GOOGLE_SERVICE_ACCOUNT_KEY: that neither the account nor this key of it was removed"
            }
            (Self::Secret, Provider::Azure) => {
                "check AZURE_STORAGE_ACCOUNT_KEY: that it is one of the two keys of AZURE_STORAGE_ACCOUNT_NAME; or \
                 AZURE_STORAGE_SAS_KEY, or AZURE_STORAGE_CLIENT_SECRET and whose it is"
            }
            (Self::Session, Provider::S3) => {
                "renew AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN together"
            }
            (Self::Session, Provider::Google) => "renew the credentials, and see that this machine's clock is right",
            (Self::Session, Provider::Azure) => {
                "renew AZURE_STORAGE_SAS_KEY or AZURE_STORAGE_TOKEN; if it is not over yet, see that this machine's clock is right"
            }
            (Self::NoBucket, Provider::Azure) => {
                "make the container first; if it is there, check its name and the account"
            }
            (Self::NoBucket, _) => "make the bucket first; if it is there, check its name and the endpoint",
            (Self::NoCredentials, Provider::S3) => {
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; the address at which machines in the cloud find theirs does \
                 not give any"
            }
            (Self::NoCredentials, Provider::Google) => {
                "set GOOGLE_SERVICE_ACCOUNT, the path of the account's key, or GOOGLE_SERVICE_ACCOUNT_KEY, its text; the \
                 address at which machines in the cloud find theirs does not give any"
            }
            (Self::NoCredentials, Provider::Azure) => {
                "set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or AZURE_STORAGE_SAS_KEY; the address at which \
                 machines in the cloud find theirs does not give any"
            }
            (Self::Retained, _) => {
                "latest.json, versions.json and what is under latest/ are replaced each night: no such policy may hold them"
            }
            (Self::Denied, Provider::S3) => {
                "reading needs the permission s3:GetObject, and s3:ListBucket, without which a store does not say that \
                 something is not there; publishing needs s3:PutObject and s3:DeleteObject, too"
            }
            (Self::Denied, Provider::Google) => {
                "reading needs the permissions storage.objects.get and storage.objects.list, publishing storage.objects.create \
                 and storage.objects.delete, too; the role Storage Object User has all four"
            }
            (Self::Denied, Provider::Azure) => {
                "reading needs the role Storage Blob Data Reader, publishing Storage Blob Data Contributor, or a SAS that may \
                 read, list, create, write and delete; and the account's firewall must let this machine in"
            }
            (Self::Busy, _) => "it was asked several times: run again later",
        }
    }
}

/// Whether Azure, or who gives out tokens, finds the time of the request odd.
fn of_clock(answer: &Answer) -> bool {
    (answer.is(&["AuthenticationFailed"]) && answer.says(&["date header", "Date header"]))
        || (answer.is(&["invalid_grant"]) && answer.says(&["timeframe", "iat and exp"]))
        // AADSTS700024: the client's assertion is not within its time.
        || answer.says(&["AADSTS700024"])
}

/// Whether a token or a signed address is no longer, or not yet, of its time, in the words of Azure and of Google.
fn is_over(answer: &Answer) -> bool {
    answer.is(&["AuthenticationFailed", "InvalidAuthenticationInfo"])
        && answer.says(&["time frame", "Lifetime validation failed", "expired"])
}

/// Whether Azure, or who gives out tokens, does not accept who asks. Its emulator has another code than Azure itself.
fn wrong_secret(answer: &Answer) -> bool {
    let codes = ["AuthenticationFailed", "InvalidAuthenticationInfo"];
    let tokens = ["invalid_client", "invalid_grant", "unauthorized_client"];
    answer.is(&codes)
        || answer.is(&tokens)
        || (answer.is(&["AuthorizationFailure"]) && answer.says(&["failed to authenticate"]))
}

/// Whether it is one of Azure's denials, which say nothing of what is there.
fn denied_by_azure(answer: &Answer) -> bool {
    let others = ["InsufficientAccountPermissions", "KeyBasedAuthenticationNotPermitted", "UnauthorizedBlobOverwrite"];
    answer.status == Some(403)
        && (answer.is(&others) || answer.code.as_ref().is_some_and(|code| code.starts_with("Authorization")))
}
