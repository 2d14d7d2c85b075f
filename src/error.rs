//! What can go wrong, said so that a person can act on it.
//!
//! An error has a [`Kind`], which alone decides the exit code, a message, the place where it happened (a file, a line,
//! a key), and, where there is something to do, a hint.

use std::fmt;
use std::path::Path;

/// The result of every fallible function of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What an error is about; it decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The command line, a configuration, a schema or a registry is wrong: the caller can mend it. Exit code 2.
    Usage,
    /// A gate refused to let the version out, or a catalogue what was told to it. Exit code 3.
    Refused,
    /// A source, a store or a catalogue could not be reached or written, or another publisher won. Exit code 4.
    Unreachable,
    /// A promise of our own code was broken. Exit code 70.
    Internal,
    /// Somebody asked the run to stop. Exit code 130.
    Interrupted,
}

impl Kind {
    /// The exit code of the process, as documented on the command line.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Unreachable => 4,
            Self::Internal => 70,
            Self::Interrupted => 130,
        }
    }
}

/// An error with its kind, its place and what to do about it.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    place: Option<String>,
    hint: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of a given kind; the message is one sentence without a full stop.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), place: None, hint: None, source: None }
    }

    /// The caller asked for something that cannot be done as it stands.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Our own code is at fault.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Kind::Internal, message)
    }

    /// Something outside this process did not answer as it should.
    pub fn unreachable(message: impl Into<String>) -> Self {
        Self::new(Kind::Unreachable, message)
    }

    /// Names where it happened: a file, `file:line`, a key of a configuration, a URL.
    #[must_use]
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.place = Some(place.to_string());
        self
    }

    /// Names the file where it happened.
    #[must_use]
    pub fn at_path(self, path: &Path) -> Self {
        self.at(path.display())
    }

    /// Says what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Keeps what caused it; its text, and those of the causes below it, are shown after the message.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What the error is about.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Where it happened, if known.
    #[must_use]
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }

    /// The whole of it, where `said` says each sentence in the words of a reader: the place, the message, the causes, and between
    /// these what that reader's colon is.
    pub fn in_words(&self, colon: &str, said: impl Fn(&str) -> String) -> String {
        let place = self.place.as_ref().map_or_else(String::new, |place| format!("{place}: "));
        let causes = self.source.as_ref().map_or_else(String::new, |source| reasons(&self.message, source.as_ref()));
        let causes = causes.strip_prefix(": ").map_or_else(String::new, |causes| format!("{colon}{}", said(causes)));
        format!("{place}{}{causes}", said(&self.message))
    }

    /// What to do about it, if known.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words(": ", str::to_owned))
    }
}

/// The text of an error and of every cause below it, as an [`Error`] that is [`because`](Error::because) of it shows them.
#[must_use]
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    reasons("", error).trim_start_matches(": ").to_owned()
}

/// Every cause down to the root, each after a colon. Libraries differ: some repeat the next cause in their own text, some
/// leave it to whoever asks; what was said already is not said again.
fn reasons(message: &str, outermost: &(dyn std::error::Error + 'static)) -> String {
    let mut told = message.to_owned();
    for cause in std::iter::successors(Some(outermost), |cause| cause.source()) {
        let text = cause.to_string();
        if !told.contains(text.trim()) {
            told.push_str(": ");
            told.push_str(text.trim());
        }
    }
    told.split_off(message.len())
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Turns any error of a library into one of ours, with a sentence of our own before it.
pub trait Context<T> {
    /// The caller can mend it.
    ///
    /// # Errors
    /// The error itself, as [`Kind::Usage`].
    fn usage(self, message: impl Into<String>) -> Result<T>;
    /// Something outside this process failed.
    ///
    /// # Errors
    /// The error itself, as [`Kind::Unreachable`].
    fn unreachable(self, message: impl Into<String>) -> Result<T>;
    /// Cannot happen unless our code is wrong.
    ///
    /// # Errors
    /// The error itself, as [`Kind::Internal`].
    fn internal(self, message: impl Into<String>) -> Result<T>;
}

impl<T, E: Into<Box<dyn std::error::Error + Send + Sync>>> Context<T> for std::result::Result<T, E> {
    fn usage(self, message: impl Into<String>) -> Result<T> {
        self.map_err(|error| Error::usage(message).because(error))
    }

    fn unreachable(self, message: impl Into<String>) -> Result<T> {
        self.map_err(|error| Error::unreachable(message).because(error))
    }

    fn internal(self, message: impl Into<String>) -> Result<T> {
        self.map_err(|error| Error::internal(message).because(error))
    }
}
