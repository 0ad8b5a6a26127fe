//! Collects mistakes.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, Severity};
use crate::expression::SyntaxError;

pub(super) struct Report<'t> {
    file: &'t str,
    text: &'t str,
    found: Vec<(usize, Diagnostic)>,
}

/// Text of the flow file that holds an expression, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Written<'t> {
    pub(super) text: &'t str,
    pub(super) span: Range<usize>,
}

impl<'t> Report<'t> {
    pub(super) fn new(file: &'t str, text: &'t str) -> Self {
        Self { file, text, found: Vec::new() }
    }

    pub(super) fn mistake(&mut self, span: Range<usize>, message: impl Into<String>, help: Option<String>) {
        self.say(Severity::Error, span, message, help);
    }

    pub(super) fn say(
        &mut self,
        severity: Severity,
        span: Range<usize>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let start = span.start;
        let found = Diagnostic::new(severity, self.file, self.text, span, message.into(), help);
        self.found.push((start, found));
    }

    /// What stands in the file at that place.
    pub(super) fn text_at(&self, span: &Range<usize>) -> &'t str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    /// A name that is none of the known ones.
    pub(super) fn unknown(&mut self, span: Range<usize>, message: String, name: &str, known: &[&str]) {
        self.mistake(span, message, suggestion(name, known));
    }

    /// A mistake within an expression, underlined there and not as a whole.
    pub(super) fn within(
        &mut self,
        written: &Written<'_>,
        inner: Range<usize>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let span = self.place_within(written, inner);
        self.mistake(span, message, help);
    }

    pub(super) fn place_within(&self, written: &Written<'_>, inner: Range<usize>) -> Range<usize> {
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
    pub(super) fn parsed<T>(&mut self, written: &Written<'_>, parsed: Result<T, SyntaxError>) -> Option<T> {
        parsed.map_err(|error| self.within(written, error.span, error.message, None)).ok()
    }

    /// Everything found, in the order of the file.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|(start, _)| *start);
        self.found.into_iter().map(|(_, diagnostic)| diagnostic).collect()
    }
}

/// What of the known names one is closest to, if it is close.
pub(super) fn closest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let distance = |known: &&&str| strsim::damerau_levenshtein(name, known);
    let closest = known.iter().min_by_key(distance);
    closest.filter(|known| distance(known) <= name.chars().count() / 3 + 1).copied()
}

/// "did you mean", or all that is known where that is little.
pub(super) fn suggestion(name: &str, known: &[&str]) -> Option<String> {
    const FEW: usize = 16;
    match closest(name, known) {
        Some(closest) => Some(format!("did you mean `{closest}`?")),
        None if known.is_empty() => None,
        None if known.len() <= FEW => Some(format!("expected one of `{}`", known.join("`, `"))),
        None => None,
    }
}
