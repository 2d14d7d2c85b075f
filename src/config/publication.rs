//! `[publication]` of `pipeline.toml`: what the metadata of a version say beside what the data themselves tell.

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::is_loopback;
use crate::error::{Context, Error, Result};

/// Who publishes a pipeline's versions, where, and how they are found and cited. All of it may be left out.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PublicationSettings {
    /// The public address of the store's root: where readers find it. Without it the metadata name files relative to
    /// themselves, and leave out those that stand outside the version's own folder, and no catalogue can be told of them.
    pub base_url: Option<String>,
    /// Who publishes; the project itself where nothing is said.
    pub publisher: Organisation,
    /// Whom to ask; the publisher's page where nothing is said.
    pub contact: Option<Contact>,
    /// A page about the publication for people; the version's own page where nothing is said and `base_url` is.
    pub landing_page: Option<String>,
    /// What is published, in English.
    pub description_en: Option<String>,
    /// Words to find it by, in French.
    pub keywords: Vec<String>,
    /// Words to find it by, in English.
    pub keywords_en: Vec<String>,
    /// The place that the data are about.
    pub spatial: Option<Place>,
    /// How often a new version comes.
    pub frequency: Option<Frequency>,
    /// Whom a citation names; the publisher where nothing is said.
    pub creators: Vec<Organisation>,
    /// The DOI of the publication, without a resolver: `10.5281/zenodo.1`.
    pub doi: Option<String>,
}

/// An organisation or a project; never a person.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// Its name.
    pub name: String,
    /// Its page.
    pub url: String,
}

/// Whom to ask about the data.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// A name, of a service rather than of a person.
    pub name: String,
    /// An address of electronic mail.
    #[serde(default)]
    pub email: Option<String>,
    /// A page.
    #[serde(default)]
    pub url: Option<String>,
}

/// The place that the data are about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Its name, in French.
    pub name: String,
    /// The same, in English.
    pub name_en: String,
    /// Its identifier in a list that others use, such as the European Union's list of countries.
    pub uri: String,
}

/// How often a new version comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Frequency {
    /// Every day.
    Daily,
    /// Every week.
    Weekly,
    /// Every month.
    Monthly,
    /// Every year.
    Annual,
    /// Now and then.
    Irregular,
    /// The data are finished.
    Never,
}

impl Default for PublicationSettings {
    /// The project itself publishes, and nothing is known of the rest.
    fn default() -> Self {
        Self {
            base_url: None,
            publisher: Organisation::default(),
            contact: None,
            landing_page: None,
            description_en: None,
            keywords: ["rendez-vous", "service public", "mesure", "accès aux droits"].map(str::to_owned).into(),
            keywords_en: ["appointments", "public services", "measurement", "access to rights"]
                .map(str::to_owned)
                .into(),
            spatial: None,
            frequency: None,
            creators: Vec::new(),
            doi: None,
        }
    }
}

impl Default for Organisation {
    fn default() -> Self {
        Self { name: "guichets-ouverts".to_owned(), url: PROJECT.to_owned() }
    }
}

/// The project's own page.
const PROJECT: &str = "https://github.com/guichets-ouverts/guichets-ouverts";

impl PublicationSettings {
    /// Whether the data are finished, so that no newer version is due.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.frequency == Some(Frequency::Never)
    }

    /// Refuses what would make addresses that nobody can follow.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) with the key.
    pub fn check(&self) -> Result<()> {
        let pages = [("base_url", &self.base_url), ("landing_page", &self.landing_page)];
        let own = [("publisher.url", &self.publisher.url)];
        let place = self.spatial.iter().map(|place| ("spatial.uri", &place.uri));
        let creators = self.creators.iter().map(|creator| ("creators.url", &creator.url));
        let contact = self.contact.iter().filter_map(|contact| Some(("contact.url", contact.url.as_ref()?)));
        let stated = pages.into_iter().filter_map(|(key, url)| Some((key, url.as_ref()?)));
        for (key, url) in stated.chain(own).chain(creators).chain(contact).chain(place) {
            let page = Url::parse(url).is_ok_and(|url| {
                matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none()
            });
            if !page {
                return Err(Error::usage(format!("publication.{key} « {url} » is not the address of a page"))
                    .hint("write it as in https://example.org/rendez-vous, without « ? » and « # »"));
            }
            if Url::parse(url).is_ok_and(|url| !url.username().is_empty() || url.password().is_some()) {
                return Err(Error::usage(format!("publication.{key} holds a name or a password"))
                    .hint("take them out: credentials have no place in a configuration"));
            }
        }
        if let Some(contact) = &self.contact {
            let written = contact.email.as_deref().is_none_or(|email| email.trim() == email && email.contains('@'));
            if !written || (contact.email.is_none() && contact.url.is_none()) {
                return Err(
                    Error::usage("publication.contact cannot be reached").hint("give it an email, a url, or both")
                );
            }
        }
        let names = std::iter::once(&self.publisher).chain(&self.creators).map(|who| &who.name);
        let words = self.keywords.iter().chain(&self.keywords_en);
        if self.keywords.is_empty() || names.chain(words).any(|text| text.trim().is_empty()) {
            return Err(Error::usage("publication names its publisher, its creators or its keywords with nothing")
                .hint("leave a key out and its default is taken"));
        }
        match &self.doi {
            Some(doi) if !(doi.starts_with("10.") && doi.contains('/')) => {
                Err(Error::usage(format!("publication.doi « {doi} » is not a DOI"))
                    .hint("write it without a resolver, as in 10.5281/zenodo.1234567"))
            }
            _ => Ok(()),
        }
    }

    /// The public address of the store's root, as a catalogue needs it: it ends in a slash, so that paths of the store can
    /// be joined to it, and nobody between can change what readers get.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) where there is none, or it does not begin with `https://` and leads to another
    /// machine.
    pub fn root(&self) -> Result<Url> {
        let stated = self.base_url.as_deref().ok_or_else(|| {
            Error::usage("publication.base_url is missing, and [datagouv] needs it")
                .hint("add base_url = \"https://…\" to [publication]: where readers find the root of the store")
        })?;
        let url = Url::parse(&format!("{}/", stated.trim_end_matches('/'))).usage("publication.base_url")?;
        if url.scheme() == "https" || is_loopback(&url) {
            return Ok(url);
        }
        Err(Error::usage(format!("publication.base_url « {stated} » does not begin with https://"))
            .hint("a catalogue sends readers there; let nobody between change what they get"))
    }

    /// Whom a citation names.
    #[must_use]
    pub fn cited(&self) -> &[Organisation] {
        if self.creators.is_empty() { std::slice::from_ref(&self.publisher) } else { &self.creators }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<PublicationSettings> {
        let settings: PublicationSettings = toml::from_str(text).map_err(|error| Error::usage(error.to_string()))?;
        settings.check().map(|()| settings)
    }

    #[test]
    fn nothing_said_means_the_project_itself() {
        let settings = read("").unwrap();
        assert_eq!(settings.cited(), [Organisation::default()]);
        assert_eq!(settings.publisher.url, PROJECT);
    }

    #[test]
    fn addresses_that_nobody_can_follow_are_refused() {
        for wrong in [
            "base_url = \"s3://bucket/prefix\"",
            "base_url = \"not an address\"",
            "base_url = \"https://example.org/?list\"",
            "base_url = \"https://moi:secret@example.org/\"",
            "landing_page = \"ftp://example.org\"",
            "contact = { name = \"Service\" }",
            "contact = { name = \"Service\", email = \"nobody\" }",
            "doi = \"https://doi.org/10.5281/zenodo.1\"",
            "frequency = \"sometimes\"",
            "publisher = { name = \"Sans page\" }",
            "author = \"nobody\"",
            "keywords = []",
            "keywords_en = [\"\"]",
            "publisher = { name = \" \", url = \"https://example.org\" }",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(read("base_url = \"https://example.org/a\"\ncontact = { name = \"S\", email = \"a@b.fr\" }").is_ok());
    }

    #[test]
    fn a_catalogue_needs_an_address_that_nobody_can_intercept() {
        let root = |text: &str| read(text).unwrap().root().map(String::from);
        for written in ["https://example.org/a", "https://example.org/a/"] {
            assert_eq!(root(&format!("base_url = \"{written}\"")).unwrap(), "https://example.org/a/");
        }
        assert_eq!(root("base_url = \"http://127.0.0.1:80/a\"").unwrap(), "http://127.0.0.1/a/");
        for wrong in ["", "base_url = \"http://example.org/a\"", "base_url = \"http://localhost.example.org/a\""] {
            assert!(root(wrong).unwrap_err().advice().is_some(), "{wrong}");
        }
    }
}
