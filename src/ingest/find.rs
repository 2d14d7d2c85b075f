//! Which of the files that were found are logs of a pipeline: every one is read, or named as left alone.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use glob::Pattern;
use tokio::runtime::Handle;

use super::account::FileAccount;
use super::left_alone::{LeftAlone, WhyLeft};
use super::mapped::FileMapping;
use super::reject::Quarantined;
use super::source::names::{self, Form, form, is_hidden, is_unfinished, says_the_ending};
use super::source::{Chosen, SourceFile, first_few, list, nothing_there, tell_apart, unpack};
use crate::config::{Pipeline, SourceMapping};
use crate::error::{Error, Result};

/// What several sources hold for a pipeline.
#[derive(Debug, Default)]
pub struct Found {
    /// The logs, members of archives among them, in the order of their names.
    pub files: Vec<SourceFile>,
    /// What was found and is not read, in the order of names.
    pub left_alone: Vec<LeftAlone>,
    /// The archives that were unpacked.
    pub archives: BTreeSet<String>,
    /// The account of each archive that could not be unpacked as a whole, and why.
    pub damaged: Vec<(FileAccount, Quarantined)>,
    /// What somebody said to leave out, and whether it is an archive that was found.
    left_out: BTreeMap<String, bool>,
}

/// Whether a name is that of a file, or of the archive of which it is a member.
fn names_it(name: &str, archive: bool, file: &str) -> bool {
    file.strip_prefix(name).is_some_and(|rest| rest.is_empty() || (archive && rest.starts_with('/')))
}

impl Found {
    fn unpack(&mut self, archives: Vec<SourceFile>, pipeline: &Pipeline, runtime: &Handle) -> Result<()> {
        let mut taken: HashSet<String> = self.files.iter().map(|file| file.name.clone()).collect();
        for archive in archives {
            let judge = |name: &str| judge(pipeline, name, &name[archive.name.len() + 1..], Chosen::Found);
            let unpacked = unpack(&archive, &pipeline.limits, runtime, &judge)?;
            self.left_alone.extend(unpacked.left_alone);
            self.damaged.extend(unpacked.damage);
            self.archives.insert(archive.name);
            for member in unpacked.members {
                // A bucket may hold both an archive and, below its name, an object.
                if taken.insert(member.name.clone()) {
                    self.files.push(member);
                } else {
                    self.left_alone.push(LeftAlone::one(member.name, WhyLeft::Again));
                }
            }
        }
        Ok(())
    }

    /// Leaves out what somebody said to leave out, by the names under which files are published; an archive with all its
    /// members. What a version has of such a file already is not touched. `known` are files of earlier nights.
    ///
    /// # Errors
    /// [`Usage`](crate::error::Kind::Usage) for a name that no file has or had: it may be misspelt, and the file be read.
    pub fn leave_out(&mut self, names: &[String], known: &HashSet<String>) -> Result<()> {
        for name in names {
            let archive = self.archives.remove(name);
            self.left_out.insert(name.clone(), archive);
            let within = |file: &str| names_it(name, archive, file);
            let before = self.files.len() + self.damaged.len();
            self.files.retain(|file| !within(&file.name));
            self.damaged.retain(|(account, _)| !within(&account.file));
            self.left_alone.retain(|file| !(archive && within(&file.file)));
            let was_found = archive || before > self.files.len() + self.damaged.len();
            let is_left = self.left_alone.iter().any(|file| file.file == *name);
            if was_found || (known.contains(name) && !is_left) {
                self.left_alone.push(LeftAlone::one(name.clone(), WhyLeft::LeftOut));
            } else if !is_left {
                return Err(Error::usage(format!("no file that was found is called « {name} »"))
                    .at("--without")
                    .hint("name it as the account of files does: by its path below what --raw names"));
            }
        }
        self.left_alone.sort();
        Ok(())
    }

    /// Whether somebody said to leave a file out, by its name or by that of its archive.
    #[must_use]
    pub fn leaves_out(&self, file: &str) -> bool {
        self.left_out.iter().any(|(name, archive)| names_it(name, *archive, file))
    }

    /// The names of what is read, and of the archives that were unpacked for it. What is left alone is not among them: its
    /// lines are read by nobody.
    #[must_use]
    pub fn read_names(&self) -> HashSet<&str> {
        self.files.iter().map(|file| file.name.as_str()).chain(self.archives.iter().map(String::as_str)).collect()
    }
}

/// Lists sources, unpacks the archives among them, and sorts out what the pipeline reads.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when a source holds no log, or none of this pipeline;
/// [`Unreachable`](crate::error::Kind::Unreachable) when one cannot be listed or an archive not be fetched.
pub fn find(sources: &[String], pipeline: &Pipeline, runtime: &Handle) -> Result<Found> {
    let listing = list(sources, runtime)?;
    let mut found = Found { left_alone: listing.left_alone, ..Found::default() };
    // For each source, whether it holds logs at all.
    let mut holds = vec![false; listing.sources.len()];
    let mut wanted = Vec::new();
    for file in listing.files {
        let fate = fate(pipeline, &file);
        let is_log = !matches!(fate, Fate::LeftAlone(why) if why != WhyLeft::OtherLog);
        holds[file.source()] |= is_log;
        match fate {
            Fate::Log | Fate::Archive => wanted.push(file),
            Fate::LeftAlone(why) => found.left_alone.push(LeftAlone::one(file.name, why)),
        }
    }
    tell_apart(&mut wanted);
    let mut archives = Vec::new();
    for file in wanted {
        // The pattern of a mapping is held against the name under which a file is published.
        match fate(pipeline, &file) {
            Fate::Log => found.files.push(file),
            Fate::Archive => archives.push(file),
            Fate::LeftAlone(why) => found.left_alone.push(LeftAlone::one(file.name, why)),
        }
    }
    found.left_alone.sort();
    if let Some(empty) = holds.iter().position(|holds| !holds) {
        return Err(nothing_there(&listing.sources[empty], &found.left_alone.iter().collect::<Vec<_>>()));
    }
    found.unpack(archives, pipeline, runtime)?;
    found.files.sort_by(|a, b| a.name.cmp(&b.name));
    let read: HashSet<&str> = found.files.iter().map(|file| file.name.as_str()).collect();
    found.left_alone.retain(|file| file.why.is_of_another() || !read.contains(file.file.as_str()));
    found.left_alone.sort();
    if found.files.is_empty() && found.damaged.is_empty() {
        let names = first_few(found.left_alone.iter().map(|file| file.file.as_str()));
        return Err(Error::usage("none of the files found is a log of this pipeline")
            .at(&pipeline.name)
            .hint(format!("found: {names}")));
    }
    Ok(found)
}

/// The file that a path or an address names by itself. A path may go on into an archive, `archive.tar.gz/jour/01.csv`, as
/// the names of members do.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) when there is none; [`Unreachable`](crate::error::Kind::Unreachable) when it
/// cannot be looked at.
pub fn log_at(path: &str, pipeline: &Pipeline, runtime: &Handle) -> Result<SourceFile> {
    let above = Path::new(path).ancestors().skip(1).find(|above| above.is_file());
    let Some((archive, member)) = above.and_then(|above| Some((above.to_str()?, path.strip_prefix(above.to_str()?)?)))
    else {
        let none = || nothing_there(path, &[]);
        return list(&[path.to_owned()], runtime)?.files.into_iter().next().ok_or_else(none);
    };
    let found = find(&[archive.to_owned()], pipeline, runtime)?;
    let name = found.archives.first().map(|archive| names::within(archive, member.trim_start_matches('/').as_bytes()));
    let names = first_few(found.files.iter().map(|file| file.name.as_str()));
    found
        .files
        .into_iter()
        .find(|file| Some(&file.name) == name.as_ref())
        .ok_or_else(|| Error::usage("the archive has no such log").at(path).hint(format!("its logs are {names}")))
}

/// Whether a run reads a file that was named itself, under this name.
#[must_use]
pub fn is_log_named(pipeline: &Pipeline, name: &str) -> bool {
    judge(pipeline, name, name, Chosen::ByName).is_none()
}

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Log,
    Archive,
    LeftAlone(WhyLeft),
}

fn fate(pipeline: &Pipeline, file: &SourceFile) -> Fate {
    if is_archive(pipeline, &file.name) && (file.chosen() == Chosen::ByName || unwritten(&file.name).is_none()) {
        return Fate::Archive;
    }
    judge(pipeline, &file.name, &file.name, file.chosen()).map_or(Fate::Log, Fate::LeftAlone)
}

/// Whether a mapping names the members of such a file.
fn is_archive(pipeline: &Pipeline, name: &str) -> bool {
    pipeline.sources.iter().any(|source| source.members.is_some() && FileMapping::applies(source, name))
}

/// Why a name is none that anyone gives to a finished log.
fn unwritten(path: &str) -> Option<WhyLeft> {
    if is_hidden(path) { Some(WhyLeft::Hidden) } else { is_unfinished(path).then_some(WhyLeft::Unfinished) }
}

/// Why a file or a member of an archive is left alone, by its published name and by how it was chosen; nothing where it is
/// a log. `path` is what of the name nobody chose.
fn judge(pipeline: &Pipeline, name: &str, path: &str, chosen: Chosen) -> Option<WhyLeft> {
    if chosen != Chosen::ByName
        && let Some(why) = unwritten(path)
    {
        return Some(why);
    }
    let form = form(name);
    let (wanted, named) = if pipeline.sources.is_empty() {
        (!matches!(form, Form::Csv | Form::Archive), chosen != Chosen::Found)
    } else {
        let mapping = mapping(pipeline, name);
        let pattern = mapping.map(|mapping| mapping.members.as_ref().unwrap_or(&mapping.files));
        (mapping.is_some(), chosen != Chosen::Found || pattern.is_some_and(|pattern| says_the_ending(pattern)))
    };
    match form {
        _ if wanted && named => None,
        Form::Ndjson | Form::Csv if wanted => None,
        Form::Ndjson | Form::Csv => Some(WhyLeft::OtherLog),
        Form::Archive => Some(WhyLeft::Archive),
        Form::Packed => Some(WhyLeft::Packed),
        Form::Other => Some(WhyLeft::OtherName),
    }
}

/// The mapping of a log, where the pipeline maps foreign logs: the first whose pattern it fits.
#[must_use]
pub fn mapping<'p>(pipeline: &'p Pipeline, name: &str) -> Option<&'p SourceMapping> {
    pipeline.sources.iter().find(|source| match &source.members {
        None => FileMapping::applies(source, name),
        // The pattern was checked when the pipeline was loaded.
        Some(members) => Pattern::new(members).is_ok_and(|members| {
            let mut places = name.match_indices('/').map(|(at, _)| (&name[..at], &name[at + 1..]));
            places.any(|(archive, member)| FileMapping::applies(source, archive) && members.matches(member))
        }),
    })
}
