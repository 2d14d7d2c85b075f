//! What the pages need beside themselves: one style, the scripts.

use super::frame::ASSETS;

/// The files, by their paths.
pub(super) fn files() -> Vec<(String, Vec<u8>)> {
    let files: [(&str, &str); 3] = [
        ("style.css", include_str!("assets/style.css")),
        ("site.js", include_str!("assets/site.js")),
        ("interroger.js", include_str!("assets/interroger.js")),
    ];
    files.map(|(name, text)| (format!("{ASSETS}/{name}"), text.as_bytes().to_vec())).into()
}
