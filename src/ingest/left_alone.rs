//! Files that were found and not read, and why: nothing that is found goes unsaid.

use serde::{Deserialize, Serialize};

use crate::attempt::wire_enum;

wire_enum! {
    /// Why a file that was found is not read.
    #[derive(PartialOrd, Ord)]
    WhyLeft {
        /// Its name does not say that it is a log.
        OtherName = "autre_nom",
        /// A log, and not one of those that the pipeline reads.
        OtherLog = "autre_journal",
        /// An archive of which no mapping names the members.
        Archive = "archive",
        /// Packed in a way that is not read.
        Packed = "compression_inconnue",
        /// It, or a folder above it, begins with a dot.
        Hidden = "cache",
        /// What an editor or a transfer has not finished, or left behind.
        Unfinished = "inacheve",
        /// A link to what is found under another name.
        Again = "deja_lu",
        /// A link that leads nowhere.
        BrokenLink = "lien_rompu",
        /// A pipe, a device or a socket.
        NoFile = "pas_un_fichier",
        /// A folder that a pattern found.
        Folder = "dossier",
        /// A key that is no path, which the store's library cannot ask for.
        UnnamedKey = "cle_illisible",
        /// A member of an archive whose path leads out of it.
        StrayPath = "chemin_interdit",
        /// A link inside an archive.
        Link = "lien",
        /// A member of an archive that needs a password.
        Encrypted = "chiffre",
        /// A member of an archive of which a later one has the name; or, where the archive does not say of which, it.
        Replaced = "membre_remplace",
        /// A member of an archive that cannot be unpacked; the archive is in the account.
        Damaged = "membre_endommage",
        /// An archive none of whose members is a log of the pipeline.
        NoMember = "archive_sans_journal",
    }
}

/// A file that was found and not read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LeftAlone {
    /// Its published name; that of a folder ends in `/`.
    pub file: String,
    /// Why.
    pub why: WhyLeft,
}

impl WhyLeft {
    /// Whether another file of the same name may have been read.
    #[must_use]
    pub const fn is_of_another(self) -> bool {
        matches!(self, Self::Again | Self::Replaced)
    }

    /// The reason, for the closing summary.
    #[must_use]
    pub const fn told(self) -> &'static str {
        match self {
            Self::OtherName => "not named as a log",
            Self::OtherLog => "no log of this pipeline",
            Self::Archive => "an archive, and no mapping has members for it",
            Self::Packed => "packed in a way that is not read",
            Self::Hidden => "hidden",
            Self::Unfinished => "unfinished, or left by an editor",
            Self::Again => "a link to what is found under another name",
            Self::BrokenLink => "a link that leads nowhere",
            Self::NoFile => "a pipe, a device or a socket",
            Self::Folder => "a folder; name it, or use **",
            Self::UnnamedKey => "a key that cannot be asked for",
            Self::StrayPath => "a path that leads out of its archive",
            Self::Link => "a link inside an archive",
            Self::Encrypted => "needs a password",
            Self::Replaced => "a later member of the archive has the same name",
            Self::Damaged => "cannot be unpacked; see its archive in quarantine",
            Self::NoMember => "no member is a log of this pipeline",
        }
    }
}
