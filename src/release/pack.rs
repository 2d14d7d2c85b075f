//! The pages of a version that travel as one file: `site.zip`, and `site.json`, which lists them.
//!
//! A version keeps all its pages in the pack, at a fifth of their size; under `latest/` they stand unpacked. What is in the
//! list and what is in the pack are the same, or nothing of it is used.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Cursor, Read as _, Write as _};
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::manifest::{FileEntry, Manifest};
use crate::digest::sha256;
use crate::error::{Context, Error, Result};

/// The pack, by its name within the version's folder.
pub const PACK: &str = "site.zip";

/// The list of what is in it.
pub const PACK_LIST: &str = "site.json";

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

/// Packs files, the same to the same bytes; also lists them, in their order.
///
/// # Errors
/// [`Internal`](crate::error::Kind::Internal) when one cannot be packed.
pub fn pack(files: &[(String, Vec<u8>)]) -> Result<(Vec<u8>, Vec<PackedFile>)> {
    // Of the moment at which it is packed nothing stands in it: that would be another pack each time.
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut list = Vec::with_capacity(files.len());
    for (name, content) in files {
        zip.start_file(name.as_str(), options).internal(name)?;
        zip.write_all(content).internal(name)?;
        list.push(PackedFile { name: name.clone(), bytes: content.len() as u64, sha256: sha256(content) });
    }
    Ok((zip.finish().internal(PACK)?.into_inner(), list))
}

/// Unpacks what a list names into a folder.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when the pack is not what the list says, a name leads out of the folder,
/// or the disk is full.
pub fn unpack(zip: &Path, list: &[PackedFile], folder: &Path) -> Result<()> {
    let place = |error: Error| error.at_path(zip);
    let file = File::open(zip).unreachable("cannot read").map_err(place)?;
    let mut archive = ZipArchive::new(file).unreachable("not a pack of pages").map_err(place)?;
    if archive.len() != list.len() {
        let what = format!("{} files are in the pack, and {PACK_LIST} names {}", archive.len(), list.len());
        return Err(place(Error::unreachable(what)));
    }
    for told in list {
        let place = |error: Error| error.at(format!("{PACK}/{}", told.name));
        check_name(&told.name)?;
        let mut content = Vec::new();
        let member = archive.by_name(&told.name).unreachable("the file is not in the pack").map_err(place)?;
        // One that unpacks to more is not the one that is meant.
        member.take(told.bytes + 1).read_to_end(&mut content).unreachable("cannot be unpacked").map_err(place)?;
        if sha256(&content) != told.sha256 {
            return Err(place(Error::unreachable(format!("the file is not the one that {PACK_LIST} names"))));
        }
        let local = folder.join(&told.name);
        if let Some(parent) = local.parent() {
            fs::create_dir_all(parent).unreachable("cannot write").map_err(place)?;
        }
        fs::write(&local, content).unreachable("cannot write").map_err(place)?;
    }
    Ok(())
}

/// The list, as somebody wrote it.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when it is no such list, or names what no folder can hold.
pub fn packed_files(text: &[u8]) -> Result<Vec<PackedFile>> {
    let list: Vec<PackedFile> =
        serde_json::from_slice(text).unreachable("not a list of pages").map_err(|error| error.at(PACK_LIST))?;
    list.iter().try_for_each(|file| check_name(&file.name))?;
    Ok(list)
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

    #[test]
    fn what_is_packed_comes_out_as_it_was_and_twice_the_same() {
        let (zip, list) = pack(&some()).unwrap();
        assert_eq!(pack(&some()).unwrap().0, zip);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(PACK);
        fs::write(&path, &zip).unwrap();
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
    fn no_name_leads_out_of_the_folder() {
        for name in ["../x", "/x", "a/../x", "", "a/", "a//b", "C:x", "a\\..\\x", "."] {
            let text = serde_json::json!([{ "name": name, "bytes": 0, "sha256": "" }]).to_string();
            assert!(packed_files(text.as_bytes()).is_err(), "{name}");
        }
        assert!(packed_files(b"[{\"name\": \"guichets/x.html\", \"bytes\": 0, \"sha256\": \"\"}]").is_ok());
    }
}
