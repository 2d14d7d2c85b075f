//! What no cell of a published table may hold.

/// Why a text cannot stand in a CSV that people open in spreadsheets; nothing where it can.
#[must_use]
pub fn unpublishable(text: &str) -> Option<&'static str> {
    let text = text.as_bytes();
    if matches!(text.first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r')) {
        Some("begins like a formula")
    } else if text.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
        Some("contains a line end")
    } else {
        None
    }
}
