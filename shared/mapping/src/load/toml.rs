//! Reads TOML past its mistakes: one bracket must not hide what else is wrong in the file.
//!
//! What cannot be read is reported and then mended, or blanked out, with every line staying where it is; what is left is
//! read again.

use std::borrow::Cow;
use std::ops::Range;

use toml_edit::{Document, TomlError};

use super::statements::{Statement, statements};
use crate::diagnostic::{Diagnostic, Severity};
use crate::full_width;

/// As many mistakes of a file are looked for as a person mends at once.
const MOST: usize = 100;

/// A flow file as far as it can be read.
pub(super) struct Readable<'t> {
    /// Its text, mended.
    pub(super) text: Cow<'t, str>,
    /// What is wrong with what could not be read.
    pub(super) mistakes: Vec<Diagnostic>,
    /// Whether a part had to be left out: what is not found may stand there.
    pub(super) is_partial: bool,
}

struct Mistake {
    span: Range<usize>,
    message: String,
    help: Option<String>,
}

pub(super) fn readable<'t>(file: &str, text: &'t str) -> Readable<'t> {
    let mut readable = Readable { text: Cow::Borrowed(text), mistakes: Vec::new(), is_partial: false };
    for _ in 0..MOST {
        let Err(error) = Document::parse(readable.text.as_ref()) else { return readable };
        if !readable.mend(file, &error) {
            break;
        }
    }
    // Nothing of it can be read.
    readable.text = Cow::Borrowed("");
    readable.is_partial = true;
    readable
}

impl Readable<'_> {
    /// Reports a mistake and takes it out of the text; says whether it could.
    fn mend(&mut self, file: &str, error: &TomlError) -> bool {
        let text = self.text.as_ref();
        let at = error.span().map_or(0, |span| span.start.min(text.len()));
        let all = statements(text);
        let open = all.iter().rev().find(|it| it.unclosed.is_some() && it.span.start <= at);
        let Some(culprit) = open.or_else(|| all.iter().rev().find(|it| it.span.start <= at)).or(all.first())
        else {
            return false;
        };
        let span = culprit.span.clone();
        let (mistake, instead) = if let Some((mistake, mended)) = without_full_width(text, &span) {
            (mistake, Some(mended))
        } else if culprit.is_header {
            (of_header(text, culprit, error), mended_header(&text[span.clone()]))
        } else {
            (of_statement(text, culprit, error, at), None)
        };
        // As it stands in the text at hand, which has the lines of the file.
        let Mistake { span: place, message, help } = mistake;
        self.mistakes.push(Diagnostic::new(Severity::Error, file, text, place, message, help));
        let span = match &instead {
            None if culprit.is_header => span.start..next_header(&all, span.end).unwrap_or(text.len()),
            _ => span,
        };
        self.is_partial |= instead.is_none();
        let instead = instead.unwrap_or_else(|| blank(&text[span.clone()]));
        if instead == text[span.clone()] {
            return false;
        }
        self.text = Cow::Owned([&text[..span.start], &instead, &text[span.end..]].concat());
        true
    }
}

/// A statement with full-width signs: the first of them, and the text with those of ASCII, as long as before.
fn without_full_width(text: &str, span: &Range<usize>) -> Option<(Mistake, String)> {
    let mut first = None;
    let mut mended = String::new();
    // The sign that ends the text at hand.
    let mut quote: Option<char> = None;
    let mut in_comment = false;
    for (at, sign) in text[span.clone()].char_indices() {
        let meant = full_width::meant(sign).filter(|_| !in_comment);
        let read = meant.unwrap_or(sign);
        let stands = match quote {
            // Within a text they stand for themselves, except where they end it.
            Some(end) => {
                read == end && (meant.is_none() || !closes_later(&text[span.start + at..span.end], end))
            }
            None => true,
        };
        in_comment = (in_comment || (quote.is_none() && read == '#')) && sign != '\n';
        match (quote, read) {
            (None, '"' | '\'') if !in_comment => quote = Some(read),
            (Some(end), _) if stands && read == end => quote = None,
            (Some(_), '\n') => quote = None,
            _ => {}
        }
        match meant.filter(|_| stands) {
            None => mended.push(sign),
            Some(meant) => {
                first.get_or_insert((span.start + at, sign, meant));
                mended.push(meant);
                mended.extend(std::iter::repeat_n(' ', sign.len_utf8() - meant.len_utf8()));
            }
        }
    }
    let (at, sign, meant) = first?;
    let (message, help) = full_width::told(sign, meant);
    Some((Mistake { span: at..at + sign.len_utf8(), message, help: Some(help) }, mended))
}

/// Whether that quote stands further on in the line.
fn closes_later(rest: &str, quote: char) -> bool {
    rest.lines().next().unwrap_or_default().contains(quote)
}

fn of_header(text: &str, header: &Statement, error: &TomlError) -> Mistake {
    let line = text[header.span.clone()].trim_end();
    let span = header.span.start..header.span.start + line.len();
    match mended_header(line) {
        Some(mended) => {
            let message = "the head of this table is not closed".to_owned();
            Mistake { span, message, help: Some(format!("write {}", mended.trim())) }
        }
        None => {
            let help = way_out(text, &error.span().unwrap_or(span.clone()), error).map(str::to_owned);
            Mistake { span, message: not_toml(error), help }
        }
    }
}

/// A head that lacks its closing bracket, with it.
fn mended_header(line: &str) -> Option<String> {
    let brackets = line.chars().take_while(|sign| *sign == '[').count();
    let inside = line.trim_start_matches('[');
    let name: String =
        inside.chars().take_while(|sign| sign.is_alphanumeric() || "_-.'\"".contains(*sign)).collect();
    let closed = inside[name.len()..].trim_start().chars().take_while(|sign| *sign == ']').count();
    let rest = inside[name.len()..].trim_start().trim_start_matches(']').trim();
    let is_plain = rest.is_empty() || rest.starts_with('#');
    let end = if line.ends_with('\n') { "\n" } else { "" };
    (is_plain && !name.is_empty() && closed != brackets)
        .then(|| format!("{}{name}{}{end}", "[".repeat(brackets), "]".repeat(brackets)))
}

/// What to write, where the parser's words do not say it.
fn way_out(text: &str, at: &Range<usize>, error: &TomlError) -> Option<&'static str> {
    let sign = text.get(at.start..).and_then(|rest| rest.chars().next());
    let message = error.message();
    let is_any = |words: &[&str]| words.iter().any(|word| message.contains(word));
    match sign {
        Some(sign)
            if sign.is_whitespace() && !sign.is_ascii() || sign == '\u{200B}' || sign == '\u{FEFF}' =>
        {
            Some("this looks like a blank and is none: write a plain one, as the space bar gives it")
        }
        Some(_) if is_any(&["duplicate key"]) => {
            Some("it stands above already: one of the two must go, or have another name")
        }
        Some(sign) if is_any(&["unquoted key"]) && sign.is_alphabetic() => {
            Some("a name with other letters than a to z stands in quotes: 'NAME' = …")
        }
        _ if is_any(&[
            "must be quoted",
            "invalid float",
            "invalid string",
            "invalid boolean",
            "invalid mantissa",
        ]) =>
        {
            Some("write it in quotes")
        }
        _ => None,
    }
}

fn of_statement(text: &str, statement: &Statement, error: &TomlError, at: usize) -> Mistake {
    match &statement.unclosed {
        Some((at, sign)) => {
            let close = match sign {
                '[' => ']',
                '{' => '}',
                quote => *quote,
            };
            let message = format!("this `{sign}` is not closed");
            Mistake { span: *at..*at + 1, message, help: Some(format!("write `{close}` where it ends")) }
        }
        None => {
            let span = error.span().filter(|span| !span.is_empty()).unwrap_or(at..at);
            let (message, help) = (not_toml(error), way_out(text, &span, error).map(str::to_owned));
            Mistake { span, message, help }
        }
    }
}

fn not_toml(error: &TomlError) -> String {
    format!("this is not TOML: {}", error.message().trim())
}

fn next_header(all: &[Statement], from: usize) -> Option<usize> {
    all.iter().find(|it| it.is_header && it.span.start >= from).map(|it| it.span.start)
}

/// Blanks, as long as the text and with its lines.
fn blank(text: &str) -> String {
    text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect()
}
