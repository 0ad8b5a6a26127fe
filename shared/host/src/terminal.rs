//! Text for a terminal. It holds words of vendors and of whoever may push, and a terminal obeys control characters: it would
//! let them erase a line, rename the window, or lay a command into the shell's history. So they are shown and not obeyed.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with what a terminal would obey written out, as JSON writes it: so an answer in JSON stays the same answer.
/// Ends of lines and tabs stay, which answers have of their own.
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    written_out(text, |character| is_obeyed(character) && !matches!(character, '\n' | '\t'))
}

/// The same in one line: what is within a line of a log begins no other.
#[must_use]
pub fn in_one_line(text: &str) -> Cow<'_, str> {
    written_out(text, is_obeyed)
}

fn written_out(text: &str, hidden: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 5);
    for character in text.chars() {
        // A string takes whatever is written to it. All that is hidden has four hex digits at most.
        _ = if hidden(character) {
            write!(shown, "\\u{:04x}", u32::from(character))
        } else {
            shown.write_char(character)
        };
    }
    Cow::Owned(shown)
}

/// Whether a terminal does something else with a character than to show it: control characters, and those that turn the
/// direction of the text after them.
fn is_obeyed(character: char) -> bool {
    let turns = matches!(
        character,
        '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
    );
    turns || character.is_control()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_and_nothing_else_is_changed() {
        for (text, seen) in [
            ("\u{1b}]0;owned\u{7}", "\\u001b]0;owned\\u0007"),
            ("\u{1b}[2K\rall is well", "\\u001b[2K\\u000dall is well"),
            ("\u{9b}31m \u{7f}", "\\u009b31m \\u007f"),
            ("a\u{202e}b\u{2066}", "a\\u202eb\\u2066"),
            ("订单 😀\t1\n2", "订单 😀\t1\n2"),
        ] {
            assert_eq!(shown(text), seen);
        }
        assert_eq!(in_one_line("1\n2\t3"), "1\\u000a2\\u00093");
    }

    #[test]
    fn json_says_the_same_with_it() {
        let answer = json!({ "message": "\u{1b}[31m \u{9b} \u{7f} \u{202e} \\ \" \n 订单" });
        let text = answer.to_string();
        let seen = shown(&text);
        assert!(!seen.contains(['\u{1b}', '\u{9b}', '\u{7f}', '\u{202e}']), "{seen}");
        assert_eq!(serde_json::from_str::<Value>(&seen).unwrap(), answer);
    }
}
