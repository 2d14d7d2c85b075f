//! Words of names, and texts as TOML writes them.

/// The words of a name, without accents and capitals: `first_free-AtLocal` is first, free, at, local.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for letter in name.chars() {
        let plain = match letter {
            'é' | 'è' | 'ê' | 'ë' | 'É' => 'e',
            'à' | 'â' | 'ä' => 'a',
            'î' | 'ï' => 'i',
            'ô' | 'ö' => 'o',
            'û' | 'ù' | 'ü' => 'u',
            'ç' => 'c',
            other => other,
        };
        if !plain.is_ascii_alphanumeric() || (plain.is_ascii_uppercase() && was_lower) {
            words.push(String::new());
        }
        was_lower = plain.is_ascii_lowercase();
        if plain.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(plain.to_ascii_lowercase());
        }
    }
    words
}

/// Whether a name holds one of some words.
pub fn has_word(name: &str, among: &[&str]) -> bool {
    words(name).iter().any(|word| among.contains(&word.as_str()))
}

/// A text as TOML writes it.
pub fn quoted(text: &str) -> String {
    // JSON escapes all that TOML wants escaped, but for one letter.
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007F")
}

/// A text on one line of a comment.
pub fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(200).collect()
}
