//! What the command brings along, so that it stands alone: schemas, models, pipelines, registry, outlines, method and sample, as they
//! were when it was built. Where a clone of the project is around, or one is named, that is read instead.

use std::path::Path;

use guichets_ouverts::config::Project;
use guichets_ouverts::error::{Context, Result};
use include_dir::{Dir, include_dir};
use tempfile::TempDir;

/// Each folder by its path in the project.
static FOLDERS: [(&str, Dir<'static>); 4] = [
    ("schemas/tables", include_dir!("$CARGO_MANIFEST_DIR/schemas/tables")),
    ("pipelines", include_dir!("$CARGO_MANIFEST_DIR/pipelines")),
    ("data/registry", include_dir!("$CARGO_MANIFEST_DIR/data/registry")),
    ("data/sample", include_dir!("$CARGO_MANIFEST_DIR/data/sample")),
];

/// Each file that stands in no folder of these.
const FILES: [(&str, &str); 2] = [
    ("METHOD.md", include_str!("../../METHOD.md")),
    ("data/carte/departements.json", include_str!("../../data/carte/departements.json")),
];

/// The project as it was when the command was built, in a temporary folder that goes with it.
///
/// # Errors
/// [`Unreachable`](guichets_ouverts::error::Kind::Unreachable) when the folder cannot be written.
pub fn project() -> Result<Project> {
    let folder = TempDir::with_prefix("guichets-").unreachable("cannot make a temporary folder")?;
    unpack(folder.path()).unreachable("cannot unpack what the command brings along")?;
    Ok(Project::unpacked(folder))
}

fn unpack(root: &Path) -> std::io::Result<()> {
    for (path, folder) in &FOLDERS {
        let place = root.join(path);
        std::fs::create_dir_all(&place)?;
        folder.extract(&place)?;
    }
    for (path, text) in FILES {
        let place = root.join(path);
        if let Some(parent) = place.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(place, text)?;
    }
    Ok(())
}
