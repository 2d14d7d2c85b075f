//! The pages of a version that travel as one file: `site.tar.zst`, and `site.json`, which lists them.
//!
//! A version keeps all its pages in the pack, at a fifteenth of their size; under `latest/` they stand unpacked. What is in the
//! list and what is in the pack are the same, or nothing of it is used.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tar::{Archive, Builder, Entry, Header};
use zstd::zstd_safe::{CParameter, DParameter};

use super::manifest::{FileEntry, Manifest};
use crate::digest::{hex, sha256};
use crate::error::{Context, Error, Result};

/// The pack, by its name within the version's folder.
pub const PACK: &str = "site.tar.zst";

/// The list of what is in it.
pub const PACK_LIST: &str = "site.json";

/// How hard it is pressed.
const LEVEL: i32 = 9;

/// So far back, in powers of two of bytes, a page may repeat another: that in the other language has the same figures.
const WINDOW: u32 = 24;

/// More than any page has, in bytes: a pack may unpack to far more than its own size.
const LARGEST: u64 = 64 << 20;

/// More than any name of a page has.
const LONGEST_NAME: u64 = 4096;

/// A file of the pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedFile {
    /// Its path within the pack, and under `latest/`.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// Packs files in their order, the same to the same bytes, and lists them. Those that say nearly the same should be near each other.
pub struct Packer {
    archive: Builder<zstd::Encoder<'static, Vec<u8>>>,
    list: Vec<PackedFile>,
}

impl Packer {
    /// Begins a pack.
    ///
    /// # Errors
    /// [`Internal`](crate::error::Kind::Internal) when there is no memory for it.
    pub fn begin() -> Result<Self> {
        let mut press = zstd::Encoder::new(Vec::new(), LEVEL).internal(PACK)?;
        press.set_parameter(CParameter::WindowLog(WINDOW)).internal(PACK)?;
        press.set_parameter(CParameter::EnableLongDistanceMatching(true)).internal(PACK)?;
        Ok(Self { archive: Builder::new(press), list: Vec::new() })
    }

    /// Adds a file.
    ///
    /// # Errors
    /// [`Internal`](crate::error::Kind::Internal) when it cannot be packed.
    pub fn add(&mut self, name: &str, content: &[u8]) -> Result<()> {
        // What could not be unpacked must not be published.
        check_name(name).map_err(|error| Error::internal(error.to_string()).at(PACK))?;
        let mut header = Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        // Of the moment at which it is packed nothing stands in it: that would be another pack each time.
        header.set_mtime(0);
        self.archive.append_data(&mut header, name, content).internal(name)?;
        self.list.push(PackedFile { name: name.to_owned(), bytes: content.len() as u64, sha256: sha256(content) });
        Ok(())
    }

    /// The pack, and the list of what is in it.
    ///
    /// # Errors
    /// As for [`Packer::add`].
    pub fn finish(self) -> Result<(Vec<u8>, Vec<PackedFile>)> {
        let mut press = self.archive.into_inner().internal(PACK)?;
        press.flush().internal(PACK)?;
        Ok((press.finish().internal(PACK)?, self.list))
    }
}

/// Unpacks what a list names into a folder.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when the pack is not what the list says, a name leads out of the folder,
/// or the disk is full.
pub fn unpack(pack: &Path, list: &[PackedFile], folder: &Path) -> Result<()> {
    let mut newest = None;
    let gone_through = go_through(pack, list, |name| {
        let local = newest.insert(folder.join(name));
        let made = local.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| File::create(local));
        made.unreachable("cannot write")
    });
    // One that is not what was meant was written while that was found out.
    if let (Err(_), Some(newest)) = (&gone_through, newest) {
        let _ = fs::remove_file(newest);
    }
    gone_through
}

/// Whether a pack holds what a list names, without keeping any of it.
///
/// # Errors
/// As for [`unpack`].
pub fn check_pack(pack: &Path, list: &[PackedFile]) -> Result<()> {
    go_through(pack, list, |_| Ok(std::io::sink()))
}

fn go_through<W: Write>(pack: &Path, list: &[PackedFile], mut to: impl FnMut(&str) -> Result<W>) -> Result<()> {
    let place = |error: Error| error.at_path(pack);
    let file = File::open(pack).unreachable("cannot read").map_err(place)?;
    let mut stream = zstd::Decoder::new(file).unreachable("not a pack of pages").map_err(place)?;
    stream.set_parameter(DParameter::WindowLogMax(WINDOW)).unreachable("not a pack of pages").map_err(place)?;
    let mut archive = Archive::new(stream);
    let mut told: HashMap<&str, &PackedFile> = list.iter().map(|file| (&*file.name, file)).collect();
    // As they stand there: read for us, a name would be taken into memory however long it is.
    let members = archive.entries().unreachable("not a pack of pages").map_err(place)?.raw(true);
    let mut long_name = None;
    for member in members {
        let member = member.unreachable("cannot be unpacked").map_err(place)?;
        if member.header().entry_type().is_gnu_longname() {
            let mut name = Vec::new();
            member.take(LONGEST_NAME).read_to_end(&mut name).unreachable("cannot be unpacked").map_err(place)?;
            long_name = Some(name);
            continue;
        }
        let name = long_name.take().unwrap_or_else(|| member.path_bytes().into_owned());
        let name = String::from_utf8_lossy(name.strip_suffix(b"\0").unwrap_or(&name)).into_owned();
        let place = |error: Error| error.at(format!("{PACK}/{name}"));
        let Some(told) = told.remove(&*name).filter(|_| member.header().entry_type().is_file()) else {
            return Err(place(Error::unreachable(format!("{PACK_LIST} names no such file"))));
        };
        check_name(&name)?;
        copy(member, told, to(&name).map_err(place)?).map_err(place)?;
    }
    match told.keys().min() {
        None => Ok(()),
        Some(missing) => {
            Err(place(Error::unreachable(format!("{missing} is not in the pack, and {PACK_LIST} names it"))))
        }
    }
}

/// Copies a file that must be the one that the list names. Of one that is not, no more is read than shows it.
fn copy(mut member: Entry<'_, impl Read>, told: &PackedFile, mut to: impl Write) -> Result<()> {
    let other = || Error::unreachable(format!("the file is not the one that {PACK_LIST} names"));
    if member.size() != told.bytes {
        return Err(other());
    }
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        let read = member.read(&mut buffer).unreachable("cannot be unpacked")?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        to.write_all(&buffer[..read]).unreachable("cannot write")?;
    }
    to.flush().unreachable("cannot write")?;
    if hex(&hash.finalize()) == told.sha256 { Ok(()) } else { Err(other()) }
}

/// The list, as somebody wrote it.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when it is no such list, or names what no folder can hold or no page can be.
pub fn packed_files(text: &[u8]) -> Result<Vec<PackedFile>> {
    let list: Vec<PackedFile> =
        serde_json::from_slice(text).unreachable("not a list of pages").map_err(|error| error.at(PACK_LIST))?;
    list.iter().try_for_each(|file| check_name(&file.name))?;
    match list.iter().find(|file| file.bytes > LARGEST) {
        None => Ok(list),
        Some(file) => Err(Error::unreachable(format!("{} is longer than any page", file.name)).at(PACK_LIST)),
    }
}

/// A name that leads nowhere else, on any machine.
fn check_name(name: &str) -> Result<()> {
    let plain = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    if plain && !name.is_empty() && !name.contains(['\\', ':']) && !name.ends_with('/') && !name.contains("//") {
        return Ok(());
    }
    Err(Error::unreachable(format!("« {name} » is no name of a page")).at(PACK_LIST))
}

impl Manifest {
    /// The pack of pages and its list, where the version has them.
    #[must_use]
    pub fn packed(&self) -> Option<(&FileEntry, &FileEntry)> {
        let paths: HashMap<&str, &FileEntry> = self.files.iter().map(|file| (&*file.path, file)).collect();
        let own = |name: &str| paths.get(&*format!("versions/{}/{name}", self.version)).copied();
        Some((own(PACK)?, own(PACK_LIST)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Vec<(String, Vec<u8>)> {
        [("index.html", "<p>"), ("en/index.html", "<p lang=en>")]
            .map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()))
            .into()
    }

    fn pack(files: &[(String, Vec<u8>)]) -> Result<(Vec<u8>, Vec<PackedFile>)> {
        let mut packer = Packer::begin()?;
        files.iter().try_for_each(|(name, content)| packer.add(name, content))?;
        packer.finish()
    }

    #[test]
    fn what_is_packed_comes_out_as_it_was_and_twice_the_same() {
        let (packed, list) = pack(&some()).unwrap();
        assert_eq!(pack(&some()).unwrap().0, packed);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(PACK);
        fs::write(&path, &packed).unwrap();
        unpack(&path, &list, folder.path()).unwrap();
        for (name, content) in some() {
            assert_eq!(fs::read(folder.path().join(name)).unwrap(), content);
        }
        let other = PackedFile { sha256: sha256(b"other"), ..list[0].clone() };
        for wrong in [vec![list[0].clone()], vec![other, list[1].clone()]] {
            assert!(unpack(&path, &wrong, folder.path()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_page_that_is_not_as_long_as_the_list_says_is_told_and_does_not_stay() {
        let name = format!("guichets/{}/index.html", vec!["a".repeat(100); 3].join("/"));
        let (packed, list) = pack(&[(name.clone(), b"<p>".to_vec())]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(PACK);
        fs::write(&path, &packed).unwrap();
        check_pack(&path, &list).unwrap();
        unpack(&path, &list, folder.path()).unwrap();
        assert_eq!(fs::read(folder.path().join(&name)).unwrap(), b"<p>", "a name that no header holds");
        fs::remove_file(folder.path().join(&name)).unwrap();
        for (bytes, digest) in [(u64::MAX, &list[0].sha256), (2, &list[0].sha256), (3, &sha256(b"<b>"))] {
            let told = [PackedFile { bytes, sha256: digest.clone(), ..list[0].clone() }];
            let refused = unpack(&path, &told, folder.path()).unwrap_err();
            assert!(refused.to_string().contains("is not the one that site.json names"), "{refused}");
            assert!(check_pack(&path, &told).is_err() && !folder.path().join(&name).exists());
        }
        let text = serde_json::json!([{ "name": "x.html", "bytes": LARGEST + 1, "sha256": "" }]).to_string();
        assert!(packed_files(text.as_bytes()).unwrap_err().to_string().contains("longer than any page"));
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        for name in ["../x", "/x", "a/../x", "", "a/", "a//b", "C:x", "a\\..\\x", "."] {
            let text = serde_json::json!([{ "name": name, "bytes": 0, "sha256": "" }]).to_string();
            assert!(packed_files(text.as_bytes()).is_err(), "{name}");
        }
        assert!(packed_files(b"[{\"name\": \"guichets/x.html\", \"bytes\": 0, \"sha256\": \"\"}]").is_ok());
    }
}
