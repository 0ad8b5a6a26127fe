//! Collects mistakes.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, Severity};
use crate::expression::{self, SyntaxError};
use crate::rule::{Condition, Position};

pub(crate) struct Report<'t> {
    file: &'t str,
    text: &'t str,
    found: Vec<(usize, Diagnostic)>,
    /// Whether a part of the file could not be read: what is not found may stand there.
    is_partial: bool,
}

/// Text of the flow file that holds an expression, and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Written<'t> {
    pub(crate) text: &'t str,
    pub(crate) span: Range<usize>,
}

impl<'t> Report<'t> {
    pub(crate) fn new(file: &'t str, text: &'t str) -> Self {
        Self { file, text, found: Vec::new(), is_partial: false }
    }

    /// The same, where a part of the file could not be read.
    pub(crate) fn of_part(self, is_partial: bool) -> Self {
        Self { is_partial, ..self }
    }

    /// From here on what is not found may stand where it is not looked for.
    pub(crate) fn note_partial(&mut self) {
        self.is_partial = true;
    }

    /// Something that does not stand where it must.
    pub(crate) fn missing(&mut self, span: Range<usize>, message: impl Into<String>, help: Option<String>) {
        self.say_missing(Severity::Error, span, message, help);
    }

    /// Something that does not stand where it must, or should.
    pub(crate) fn say_missing(
        &mut self,
        severity: Severity,
        span: Range<usize>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        if !self.is_partial {
            self.say(severity, span, message, help);
        }
    }

    /// How many mistakes have been found so far.
    pub(crate) fn mistakes(&self) -> usize {
        self.found.iter().filter(|(_, found)| found.severity == Severity::Error).count()
    }

    pub(crate) fn mistake(&mut self, span: Range<usize>, message: impl Into<String>, help: Option<String>) {
        self.say(Severity::Error, span, message, help);
    }

    pub(crate) fn say(
        &mut self,
        severity: Severity,
        span: Range<usize>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let start = span.start;
        self.found.push((start, self.diagnostic(severity, span, message, help)));
    }

    /// What is to be said of a place, without saying it.
    pub(super) fn diagnostic(
        &self,
        severity: Severity,
        span: Range<usize>,
        message: impl Into<String>,
        help: Option<String>,
    ) -> Diagnostic {
        Diagnostic::new(severity, self.file, self.text, span, message.into(), help)
    }

    /// What stands in the file at that place.
    pub(crate) fn text_at(&self, span: &Range<usize>) -> &'t str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    /// Line and column of a place.
    pub(crate) fn position(&self, start: usize) -> Position {
        let before = self.text.get(..start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Position { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }

    /// The parsed condition, or its mistake reported.
    pub(crate) fn condition(&mut self, written: &Written<'_>) -> Option<Condition> {
        let expression = self.parsed(written, expression::condition(written.text))?;
        let at = self.position(written.span.start);
        Some(Condition { expression, text: written.text.to_owned(), at })
    }

    /// A name that is none of the known ones.
    pub(crate) fn unknown(&mut self, span: Range<usize>, message: String, name: &str, known: &[&str]) {
        self.mistake(span, message, suggestion(name, known));
    }

    /// A mistake within an expression, underlined there and not as a whole.
    pub(crate) fn within(
        &mut self,
        written: &Written<'_>,
        inner: Range<usize>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let span = self.place_within(written, inner);
        self.mistake(span, message, help);
    }

    pub(crate) fn place_within(&self, written: &Written<'_>, inner: Range<usize>) -> Range<usize> {
        // Only text without escapes stands in the file as it was read.
        match self.text[written.span.clone()].find(written.text) {
            Some(offset) if !written.text.is_empty() => {
                let start = written.span.start + offset;
                start + inner.start..start + inner.end
            }
            _ => written.span.clone(),
        }
    }

    /// The parsed expression, or its mistake reported.
    pub(crate) fn parsed<T>(&mut self, written: &Written<'_>, parsed: Result<T, SyntaxError>) -> Option<T> {
        parsed.map_err(|error| self.within(written, error.span, error.message, None)).ok()
    }

    /// Everything found, each thing once, in the order of the file.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|(start, _)| *start);
        let mut told: Vec<Diagnostic> = Vec::with_capacity(self.found.len());
        for (_, diagnostic) in self.found {
            if !told.contains(&diagnostic) {
                told.push(diagnostic);
            }
        }
        told
    }
}

/// What of the known names one is closest to, if it is close.
pub(crate) fn closest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let distance = |known: &&&str| strsim::damerau_levenshtein(name, known);
    let closest = known.iter().min_by_key(distance);
    closest.filter(|known| distance(known) <= name.chars().count() / 3 + 1).copied()
}

/// "did you mean", or all that is known where that is little.
pub(crate) fn suggestion(name: &str, known: &[&str]) -> Option<String> {
    const FEW: usize = 16;
    match closest(name, known) {
        Some(closest) => Some(format!("did you mean `{closest}`?")),
        None if known.is_empty() => None,
        None if known.len() <= FEW => Some(format!("expected one of `{}`", known.join("`, `"))),
        None => None,
    }
}
