//! Folders: copied, changed, compared.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use super::root;

/// The bytes of each file below a folder, by its path from there.
pub type Tree = BTreeMap<String, Vec<u8>>;

/// Reads every file below a folder.
pub fn tree(folder: &Path) -> Tree {
    let mut files = Tree::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap_or_else(|error| panic!("{}: {error}", next.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// Copies every file below a folder to another.
pub fn copy(from: &Path, to: &Path) {
    for (name, bytes) in tree(from) {
        let path = to.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// Copies what a run reads of the project, to be changed.
pub fn copy_project(to: &Path) {
    for part in ["schemas", "pipelines", "data"] {
        copy(&root().join(part), &to.join(part));
    }
    fs::copy(root().join("METHOD.md"), to.join("METHOD.md")).unwrap();
}

/// Adds a text to the end of a file that is there.
pub fn append(path: &Path, text: &str) {
    let file = fs::OpenOptions::new().append(true).open(path);
    file.unwrap_or_else(|error| panic!("{}: {error}", path.display())).write_all(text.as_bytes()).unwrap();
}
