//! What a command writes, wherever it goes.
//!
//! `println!` panics where its reader is gone or its disk is full. A command that writes with [`say!`] goes on instead, for
//! it may be in the midst of its work: what a reader that is gone would have read is dropped, quietly, and the exit status
//! is that of the work. Whatever else keeps an answer from being written is told at the end, with status 1.
//!
//! What is written holds words of vendors and of whoever may push. A terminal obeys control characters: it would let them
//! erase a line, rename the window, or lay a command into the shell's history. So they are shown and not obeyed.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::io::{self, ErrorKind, Write as _};
use std::sync::{Mutex, PoisonError};

/// Why standard output takes no more.
static BROKEN: Mutex<Option<ErrorKind>> = Mutex::new(None);

/// Writes a line to standard output, as `println!` does.
macro_rules! say {
    ($($line:tt)*) => { $crate::output::write_line(format_args!($($line)*)) };
}

/// Writes a line to standard error, as `eprintln!` does; where nobody can read it, there is nobody to tell.
macro_rules! tell {
    ($($line:tt)*) => { $crate::output::write_log(format_args!($($line)*)) };
}

pub(crate) use {say, tell};

/// What `say!` stands for.
pub(crate) fn write_line(line: fmt::Arguments<'_>) {
    if broken().is_none() {
        note(writeln!(io::stdout().lock(), "{}", harmless(&line.to_string())));
    }
}

/// What `tell!` stands for.
pub(crate) fn write_log(line: fmt::Arguments<'_>) {
    _ = writeln!(io::stderr().lock(), "{}", harmless(&line.to_string()));
}

/// Writes what is left.
///
/// # Errors
/// When the answer, or a part of it, could not be written, though its reader wanted it.
pub(crate) fn finish() -> io::Result<()> {
    if broken().is_none() {
        note(io::stdout().lock().flush());
    }
    match broken() {
        None | Some(ErrorKind::BrokenPipe) => Ok(()),
        Some(kind) => Err(kind.into()),
    }
}

/// The text with what a terminal would obey written out, as JSON writes it: so an answer in JSON stays the same answer.
fn harmless(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 5);
    for character in text.chars() {
        // A string takes whatever is written to it. All that is obeyed has four hex digits at most.
        _ = if is_obeyed(character) {
            write!(shown, "\\u{:04x}", u32::from(character))
        } else {
            shown.write_char(character)
        };
    }
    Cow::Owned(shown)
}

/// Whether a terminal does something else with a character than to show it: control characters, but for the ends of lines
/// and tabs that our own answers have, and those that turn the direction of the text after them.
fn is_obeyed(character: char) -> bool {
    let turns = matches!(
        character,
        '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
    );
    turns || (character.is_control() && !matches!(character, '\n' | '\t'))
}

fn note(written: io::Result<()>) {
    if let Err(error) = written {
        *BROKEN.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.kind());
    }
}

fn broken() -> Option<ErrorKind> {
    *BROKEN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_and_nothing_else_is_changed() {
        for (text, shown) in [
            ("\u{1b}]0;owned\u{7}", "\\u001b]0;owned\\u0007"),
            ("\u{1b}[2K\rall is well", "\\u001b[2K\\u000dall is well"),
            ("\u{9b}31m \u{7f}", "\\u009b31m \\u007f"),
            ("a\u{202e}b\u{2066}", "a\\u202eb\\u2066"),
            ("订单 😀\t1\n2", "订单 😀\t1\n2"),
        ] {
            assert_eq!(harmless(text), shown);
        }
    }

    #[test]
    fn json_says_the_same_with_it() {
        let answer = json!({ "message": "\u{1b}[31m \u{9b} \u{7f} \u{202e} \\ \" \n 订单" });
        let text = answer.to_string();
        let shown = harmless(&text);
        assert!(!shown.contains(['\u{1b}', '\u{9b}', '\u{7f}', '\u{202e}']), "{shown}");
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), answer);
    }
}
