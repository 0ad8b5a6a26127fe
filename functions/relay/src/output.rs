//! What a command writes, wherever it goes.
//!
//! `println!` panics where its reader is gone or its disk is full. A command that writes with [`say!`] goes on instead, for
//! it may be in the midst of its work: what a reader that is gone would have read is dropped, quietly, and the exit status
//! is that of the work. Whatever else keeps an answer from being written is told at the end, with status 1.
//!
//! What is written holds words of vendors and of whoever may push, which no terminal is to obey.

use std::fmt;
use std::io::{self, ErrorKind, Write as _};
use std::sync::{Mutex, PoisonError};

use relay_host::terminal;

use crate::language::{self, Language};

/// Why standard output takes no more.
static BROKEN: Mutex<Option<ErrorKind>> = Mutex::new(None);

/// Writes a line to standard output, as `println!` does: of two formats, Chinese and English, the one in the language of this
/// process; of one format what is no language's.
macro_rules! say {
    ($chinese:literal, $english:literal $(, $($argument:tt)*)?) => {
        match $crate::language::current() {
            $crate::language::Language::Chinese => $crate::output::write_line(format_args!($chinese $(, $($argument)*)?)),
            $crate::language::Language::English => $crate::output::write_line(format_args!($english $(, $($argument)*)?)),
        }
    };
    ($($line:tt)*) => { $crate::output::write_line(format_args!($($line)*)) };
}

/// Writes a line to standard error, as `eprintln!` does; where nobody can read it, there is nobody to
/// tell.
macro_rules! tell {
    ($chinese:literal, $english:literal $(, $($argument:tt)*)?) => {
        match $crate::language::current() {
            $crate::language::Language::Chinese => $crate::output::write_log(format_args!($chinese $(, $($argument)*)?)),
            $crate::language::Language::English => $crate::output::write_log(format_args!($english $(, $($argument)*)?)),
        }
    };
    ($($line:tt)*) => { $crate::output::write_log(format_args!($($line)*)) };
}

pub(crate) use {say, tell};

/// In which form a command answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For Excel.
    Csv,
}

impl Form {
    /// As the arguments say.
    pub(crate) fn of(json: bool, csv: bool) -> Self {
        match (json, csv) {
            (true, _) => Self::Json,
            (_, true) => Self::Csv,
            _ => Self::Text,
        }
    }
}

/// Writes a file's text to standard output.
pub(crate) fn csv(text: &str) {
    text.lines().for_each(|line| say!("{line}"));
}

/// `1 mistake`, `2 mistakes`; in Chinese `2 处错误`.
pub(crate) fn counted(count: usize, chinese: &str, thing: &str) -> String {
    match language::current() {
        Language::Chinese => format!("{count} {chinese}"),
        Language::English if count == 1 => format!("1 {thing}"),
        Language::English => format!("{count} {thing}s"),
    }
}

/// What `say!` stands for.
pub(crate) fn write_line(line: fmt::Arguments<'_>) {
    if broken().is_none() {
        note(writeln!(io::stdout().lock(), "{}", terminal::shown(&line.to_string())));
    }
}

/// What `tell!` stands for.
pub(crate) fn write_log(line: fmt::Arguments<'_>) {
    _ = writeln!(io::stderr().lock(), "{}", terminal::shown(&line.to_string()));
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

fn note(written: io::Result<()>) {
    if let Err(error) = written {
        *BROKEN.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.kind());
    }
}

fn broken() -> Option<ErrorKind> {
    *BROKEN.lock().unwrap_or_else(PoisonError::into_inner)
}
