//! Signs as Chinese input methods write them. They look like those of TOML and of paths, and are others.

/// The sign that a full-width one stands for: `“` for `"`, `‘` for `'`, `＝` for `=`.
pub(crate) fn meant(sign: char) -> Option<char> {
    const FIRST: u32 = 0xFF01;
    const LAST: u32 = 0xFF5E;
    /// From `！` to `!`, and so on for all of them.
    const APART: u32 = 0xFEE0;
    match sign {
        '“' | '”' | '„' | '«' | '»' => Some('"'),
        '‘' | '’' | '‚' => Some('\''),
        '、' => Some(','),
        '。' => Some('.'),
        '【' => Some('['),
        '】' => Some(']'),
        '—' | '–' | '−' => Some('-'),
        _ if (FIRST..=LAST).contains(&u32::from(sign)) => char::from_u32(u32::from(sign) - APART),
        _ => None,
    }
}

/// What is said of one, and the way out.
pub(crate) fn told(sign: char, meant: char) -> (String, String) {
    (
        format!("`{sign}` is a full-width sign, as a Chinese input method writes it"),
        format!("write `{meant}`"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_width_signs_stand_for_those_of_ascii_and_letters_for_themselves() {
        let signs = ['“', '’', '＝', '［', '｜', '。', '０'].map(meant);
        assert_eq!(signs, ['"', '\'', '=', '[', '|', '.', '0'].map(Some));
        assert_eq!(['a', '"', '订', '—'].map(meant), [None, None, None, Some('-')]);
    }
}
