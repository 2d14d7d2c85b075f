//! Files that were found and not read, and why: nothing that is found goes unsaid.

use std::collections::{BTreeMap, BTreeSet};

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
        /// Whoever ran it said so.
        LeftOut = "ecarte",
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

/// A file that was found and not read, or the many of a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LeftAlone {
    /// Its published name; that of a folder ends in `/`.
    pub file: String,
    /// Why.
    pub why: WhyLeft,
    /// Where a folder stands for its files, without those of folders below: how many there are, or at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
}

/// From how many on the files of a folder that are left alone for one reason are counted and not named.
const MANY: usize = 100;

impl LeftAlone {
    /// One file, or a folder of which nothing more is known.
    #[must_use]
    pub const fn one(file: String, why: WhyLeft) -> Self {
        Self { file, why, files: None }
    }

    /// The folder that it is in.
    fn folder(&self) -> String {
        let name = self.file.strip_suffix('/').unwrap_or(&self.file);
        name.rsplit_once('/').map_or_else(|| "./".to_owned(), |(folder, _)| format!("{folder}/"))
    }
}

/// The list as it is kept and told: of a folder that holds very many files left alone for one reason, their number. What
/// stands beside logs, a picture of each page for one, would else be most of every manifest.
#[must_use]
pub fn gathered(files: impl IntoIterator<Item = LeftAlone>) -> Vec<LeftAlone> {
    let mut folders: BTreeMap<(String, WhyLeft), (BTreeSet<LeftAlone>, u64)> = BTreeMap::new();
    for file in files {
        match file.files {
            Some(count) => {
                let (_, known) = folders.entry((file.file, file.why)).or_default();
                *known = count.max(*known);
            }
            None => {
                folders.entry((file.folder(), file.why)).or_default().0.insert(file);
            }
        }
    }
    let mut list = Vec::new();
    for ((folder, why), (named, known)) in folders {
        if known > 0 || named.len() > MANY {
            list.push(LeftAlone { file: folder, why, files: Some(known.max(named.len() as u64)) });
        } else {
            list.extend(named);
        }
    }
    list.sort();
    list
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
            Self::LeftOut => "left out on purpose",
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

#[cfg(test)]
mod tests {
    use super::*;

    fn left(file: String) -> LeftAlone {
        LeftAlone::one(file, WhyLeft::OtherName)
    }

    #[test]
    fn many_files_of_a_folder_are_counted_and_few_are_named() {
        let images = |from: u32, to: u32| (from..to).map(|number| left(format!("images/{number}.png")));
        let few = [left("a.txt".to_owned()), left("images/x/1.png".to_owned()), left("notes/".to_owned())];
        let list = gathered(images(0, 101).chain(few.clone()));
        let many = LeftAlone { file: "images/".to_owned(), why: WhyLeft::OtherName, files: Some(101) };
        assert_eq!(list, [few[0].clone(), many, few[1].clone(), few[2].clone()]);
        assert_eq!(gathered(images(0, 100)).len(), 100);
        // The next night brings others, and then the same again.
        let next = gathered(list.clone().into_iter().chain(images(101, 111)));
        assert_eq!(next.len(), 4);
        assert_eq!(next[1].files, Some(101), "at least");
        assert_eq!(gathered(next.clone()), next);
    }
}
