//! What the pages need beside themselves: one style, the scripts.

use super::frame::ASSETS;

/// What every page needs, by its path.
pub(super) fn of_every_page() -> impl Iterator<Item = (String, Vec<u8>)> {
    let files = [
        ("style.css", include_str!("assets/style.css")),
        ("icone.svg", include_str!("assets/icone.svg")),
        ("site.js", include_str!("assets/site.js")),
    ];
    files.into_iter().map(asset)
}

/// All of them.
pub(super) fn files() -> impl Iterator<Item = (String, Vec<u8>)> {
    of_every_page().chain([asset(("interroger.js", include_str!("assets/interroger.js")))])
}

fn asset((name, text): (&str, &str)) -> (String, Vec<u8>) {
    (format!("{ASSETS}/{name}"), text.as_bytes().to_vec())
}
