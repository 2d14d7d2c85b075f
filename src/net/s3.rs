//! How S3, and what is compatible with it, is found in the environment. What cannot work is said before anything is asked.

use object_store::ClientConfigKey;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey as Key};
use url::Url;

use super::environment::settings;
use crate::error::{Error, Result};

/// The store of a URL, as the environment sets it up.
///
/// # Errors
/// As for [`check`].
pub fn from_environment(url: &str) -> Result<AmazonS3Builder> {
    let settings = settings("AWS_").into_iter();
    let builder =
        settings.fold(AmazonS3Builder::new().with_url(url), |builder, (key, value)| builder.with_config(key, value));
    check(&builder).map_err(|error| error.at(super::shown(url)))?;
    Ok(builder)
}

/// Whether a configuration says where to ask, and as whom.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) for an endpoint that is no address or not encrypted, and where there are no
/// credentials.
pub fn check(builder: &AmazonS3Builder) -> Result<()> {
    let set = |key: Key| builder.get_config_value(&key).filter(|value| !value.trim().is_empty());
    let on = |key: Key| set(key).is_some_and(|value| truthy(&value));
    if let Some(endpoint) = set(Key::S3Endpoint).or_else(|| set(Key::Endpoint)) {
        check_endpoint(&endpoint, on(Key::Client(ClientConfigKey::AllowHttp)))?;
    }
    let all = |keys: [Key; 2]| keys.into_iter().all(|key| set(key).is_some());
    let found = on(Key::SkipSignature)
        || set(Key::AccessKeyId).or_else(|| set(Key::SecretAccessKey)).is_some()
        || all([Key::WebIdentityTokenFile, Key::RoleArn])
        || set(Key::ContainerCredentialsRelativeUri).is_some()
        || all([Key::ContainerCredentialsFullUri, Key::ContainerAuthorizationTokenFile])
        // Without a word the library asks the address at which Amazon's machines find theirs, for as long as it takes: on
        // any other machine nobody is there.
        || set(Key::MetadataEndpoint).is_some();
    if found {
        return Ok(());
    }
    Err(Error::usage("there are no credentials for the store").hint(
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; profiles (AWS_PROFILE, ~/.aws) are not read. A web identity needs \
         AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, a container AWS_CONTAINER_CREDENTIALS_…; on a machine whose role \
         gives credentials say AWS_METADATA_ENDPOINT=http://169.254.169.254, and to read what is public \
         AWS_SKIP_SIGNATURE=true",
    ))
}

fn check_endpoint(endpoint: &str, http_allowed: bool) -> Result<()> {
    let shown = super::shown(endpoint);
    match Url::parse(endpoint) {
        Ok(url) if url.scheme() == "https" && url.has_host() => Ok(()),
        Ok(url) if url.scheme() == "http" && url.has_host() => {
            if http_allowed {
                return Ok(());
            }
            Err(Error::usage(format!("the endpoint {shown} is not encrypted")).hint(
                "give its https:// address in AWS_ENDPOINT_URL, or say AWS_ALLOW_HTTP=true if nobody else is on the way to it",
            ))
        }
        _ => Err(Error::usage(format!("the endpoint « {shown} » is no address"))
            .hint("AWS_ENDPOINT_URL is a whole address, as in https://s3.example.org")),
    }
}

/// As the library reads its own switches.
fn truthy(value: &str) -> bool {
    ["1", "true", "on", "yes", "y"].contains(&value.trim().to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a configuration.
    fn said(settings: &[(Key, &str)]) -> Option<String> {
        let builder =
            settings.iter().fold(AmazonS3Builder::new(), |builder, (key, value)| builder.with_config(*key, *value));
        check(&builder).err().map(|error| error.to_string())
    }

    #[test]
    fn credentials_that_would_be_used_are_taken_for_credentials() {
        for settings in [
            &[(Key::AccessKeyId, "a"), (Key::SecretAccessKey, "b")][..],
            &[(Key::WebIdentityTokenFile, "/token"), (Key::RoleArn, "arn")],
            &[(Key::ContainerCredentialsRelativeUri, "/v2/credentials")],
            &[(Key::ContainerCredentialsFullUri, "http://a/b"), (Key::ContainerAuthorizationTokenFile, "/token")],
            &[(Key::MetadataEndpoint, "http://169.254.169.254")],
            &[(Key::SkipSignature, "true")],
        ] {
            assert_eq!(said(settings), None, "{settings:?}");
        }
        // With half of what is needed the library would ask the metadata address.
        for settings in [
            &[][..],
            &[(Key::WebIdentityTokenFile, "/token")],
            &[(Key::ContainerCredentialsFullUri, "http://a/b")],
            &[(Key::SkipSignature, "false")],
            &[(Key::AccessKeyId, " "), (Key::SecretAccessKey, "")],
        ] {
            assert!(said(settings).is_some_and(|said| said.contains("no credentials")), "{settings:?}");
        }
    }
}
