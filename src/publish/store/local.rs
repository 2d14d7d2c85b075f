//! A store in a local folder: each write goes aside, is flushed to disk, and is renamed into place; the pointer moves
//! under a lock.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{Object, Store};
use crate::error::{Context, Error, Result};
use crate::net::{LARGEST, too_large};
use crate::publish::StorageKey;

/// The lock under which pointers move. It is empty, and stays.
const LOCK: &str = ".lock";

/// A store in a local folder.
#[derive(Debug)]
pub struct LocalStore {
    root: PathBuf,
}

impl LocalStore {
    /// A folder, which is made by the first write.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Puts a complete, flushed file in place of what was there.
    fn place(&self, path: &str, fill: impl FnOnce(&mut File) -> std::io::Result<()>) -> Result<()> {
        place(&self.root.join(path), fill)
    }
}

/// How the name of a file begins that is being written.
pub const ASIDE: &str = ".aside-";

/// Puts a complete, flushed file in place of what was there: whoever looks finds the one or the other, also after a crash.
///
/// # Errors
/// [`Unreachable`](crate::error::Kind::Unreachable) when it cannot be written; what was there stays.
pub fn place(target: &Path, fill: impl FnOnce(&mut File) -> std::io::Result<()>) -> Result<()> {
    let folder = target.parent().unwrap_or(Path::new(""));
    let written = || -> std::io::Result<()> {
        create_folders(folder)?;
        let mut aside = NamedTempFile::with_prefix_in(ASIDE, folder)?;
        fill(aside.as_file_mut())?;
        readable_by_all(aside.as_file())?;
        aside.as_file().sync_all()?;
        aside.persist(target)?;
        // The rename itself is on disk once the folder is.
        flush_folder(folder)
    };
    written().unreachable("cannot write").map_err(|error| error.at_path(target).hint("is the disk full?"))
}

/// Makes a folder and those above it. The name of each new one is on disk once the folder that holds it is.
fn create_folders(folder: &Path) -> std::io::Result<()> {
    // The empty path is where the process stands.
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
    above.map_or(Ok(()), create_folders)?;
    match std::fs::create_dir(folder) {
        // Another publisher was faster; it flushes what it made, but perhaps not before we are done.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => {}
        made => made?,
    }
    flush_folder(above.unwrap_or(Path::new("")))
}

/// Has the names in a folder on disk, the empty path being where the process stands.
#[cfg(unix)]
fn flush_folder(folder: &Path) -> std::io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

/// Windows opens no folder to flush it; its file system keeps a journal of names.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as where there is something to flush")]
fn flush_folder(_folder: &Path) -> std::io::Result<()> {
    Ok(())
}

/// The files below a folder of the store; links are not followed.
fn walk(root: &Path, folder: &Path, found: &mut Vec<Object>) -> std::io::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(root, &path, found)?;
            continue;
        }
        let within = path.strip_prefix(root).unwrap_or(&path);
        let parts: Option<Vec<&str>> = within.iter().map(|part| part.to_str()).collect();
        let metadata = match entry.metadata() {
            // A publisher that is at work put it into place.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            metadata => metadata?,
        };
        // A name that is no text is none of a publisher's.
        if let Some(parts) = parts.filter(|_| kind.is_file()) {
            let modified = metadata.modified()?.into();
            found.push(Object { path: parts.join("/"), bytes: metadata.len(), modified });
        }
    }
    Ok(())
}

/// Temporary files are private to their owner; what is published is not.
#[cfg(unix)]
fn readable_by_all(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable_by_all(_file: &File) -> std::io::Result<()> {
    Ok(())
}

impl Store for LocalStore {
    fn name(&self) -> String {
        self.root.display().to_string()
    }

    fn get(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let (local, mut bytes) = (self.root.join(path), Vec::new());
        let read = File::open(&local).and_then(|file| file.take(LARGEST as u64 + 1).read_to_end(&mut bytes));
        match read {
            Ok(read) if read > LARGEST => Err(too_large().at_path(&local)),
            Ok(_) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::unreachable("cannot read").at_path(&local).because(error)),
        }
    }

    /// A folder gives whole what it has: the disk holds it already.
    fn get_file(&self, path: &str, file: &Path, _at_most: u64) -> Result<bool> {
        match std::fs::copy(self.root.join(path), file) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Error::unreachable("cannot read").at_path(&self.root.join(path)).because(error)),
        }
    }

    fn size(&self, path: &str) -> Result<Option<u64>> {
        match std::fs::metadata(self.root.join(path)) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::unreachable("cannot read").at_path(&self.root.join(path)).because(error)),
        }
    }

    fn put_file(&self, key: &StorageKey, file: &Path) -> Result<()> {
        let mut source = File::open(file).unreachable("cannot read").map_err(|error| error.at_path(file))?;
        self.place(&key.path(), |target| {
            let mut buffer = vec![0; 1 << 18];
            loop {
                match source.read(&mut buffer)? {
                    0 => return Ok(()),
                    read => target.write_all(&buffer[..read])?,
                }
            }
        })
    }

    fn put(&self, key: &StorageKey, bytes: &[u8]) -> Result<()> {
        self.place(&key.path(), |target| target.write_all(bytes))
    }

    fn delete(&self, key: &StorageKey) -> Result<()> {
        let path = self.root.join(key.path());
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Error::unreachable("cannot remove").at_path(&path).because(error))
            }
            _ => Ok(()),
        }
    }

    fn swap(&self, key: &StorageKey, expected: Option<&[u8]>, bytes: &[u8]) -> Result<bool> {
        let path = self.root.join(LOCK);
        create_folders(&self.root)
            .unreachable("cannot make the store's folder")
            .map_err(|error| error.at_path(&self.root))?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let lock = lock.unreachable("cannot lock the store").map_err(|error| error.at_path(&path))?;
        lock.lock().unreachable("cannot lock the store").map_err(|error| error.at_path(&path))?;
        // The lock goes with the file handle, also when the process is killed.
        if self.get(&key.path())?.as_deref() != expected {
            return Ok(false);
        }
        self.put(key, bytes)?;
        Ok(true)
    }

    /// A lock of the file system is what it promises to be.
    fn check_swap(&self) -> Result<()> {
        Ok(())
    }

    fn objects(&self) -> Result<Vec<Object>> {
        let mut found = Vec::new();
        walk(&self.root, &self.root, &mut found)
            .unreachable("cannot list")
            .map_err(|error| error.at_path(&self.root))?;
        Ok(found)
    }

    fn public_url(&self, _: &str) -> Option<String> {
        None
    }
}
