//! Object stores as the environment sets them up, by the variables that the crate `object_store` documents.

use std::ffi::OsString;
use std::str::FromStr;

use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;

/// The settings among the variables whose names begin with a prefix. What is set to nothing is not set: that is how a forge
/// hands over what nobody has set.
pub(super) fn settings<K: FromStr>(prefix: &str) -> Vec<(K, String)> {
    among(std::env::vars_os(), prefix)
}

fn among<K: FromStr>(variables: impl Iterator<Item = (OsString, OsString)>, prefix: &str) -> Vec<(K, String)> {
    variables
        .filter_map(|(name, value)| {
            let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
            let ours = name.starts_with(prefix) && !value.is_empty();
            ours.then(|| name.to_ascii_lowercase().parse().ok()).flatten().map(|key| (key, value))
        })
        .collect()
}

/// Google's store of a URL.
#[must_use]
pub fn google_from_environment(url: &str) -> GoogleCloudStorageBuilder {
    let settings = settings("GOOGLE_").into_iter();
    settings
        .fold(GoogleCloudStorageBuilder::new().with_url(url), |builder, (key, value)| builder.with_config(key, value))
}

/// Azure's store of a URL.
#[must_use]
pub fn azure_from_environment(url: &str) -> MicrosoftAzureBuilder {
    let settings = settings("AZURE_").into_iter();
    let builder = settings
        .fold(MicrosoftAzureBuilder::new().with_url(url), |builder, (key, value)| builder.with_config(key, value));
    match std::env::var("IDENTITY_ENDPOINT") {
        Ok(endpoint) if !endpoint.is_empty() => builder.with_msi_endpoint(endpoint),
        _ => builder,
    }
}

#[cfg(test)]
mod tests {
    use object_store::aws::AmazonS3ConfigKey as Key;

    use super::*;

    #[test]
    fn only_what_is_set_under_the_prefix_is_a_setting() {
        let variables = [("AWS_REGION", "ici"), ("AWS_SESSION_TOKEN", ""), ("TOKEN", "jeton"), ("AWS_PROFILE", "moi")];
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        assert_eq!(among::<Key>(variables, "AWS_"), [(Key::Region, "ici".to_owned())]);
    }
}
