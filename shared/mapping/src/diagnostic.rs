//! Mistakes in a flow file, as an engineer at a merchant reads them.

use std::fmt;
use std::ops::Range;

/// Whether a flow can run all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can: what is found may be right.
    Warning,
}

impl Severity {
    /// As a report begins.
    fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// What stands before the way out.
const HELP: &str = "help";

/// One mistake, or what may be one. Displays as a report, with the offending text underlined (the feature `excerpts`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether the flow can run all the same.
    pub severity: Severity,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// The way out, where one is known.
    pub help: Option<String>,
    report: String,
}

impl Diagnostic {
    /// A mistake that a whole file is.
    #[must_use]
    pub fn of_file(file: &str, text: &str, message: String, help: Option<String>) -> Self {
        Self::new(Severity::Error, file, text, 0..0, message, help)
    }

    pub(crate) fn new(
        severity: Severity,
        file: &str,
        text: &str,
        span: Range<usize>,
        message: String,
        help: Option<String>,
    ) -> Self {
        let before = text.get(..span.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        let column = before[line_start..].chars().count() + 1;
        let report = String::new();
        let mut made = Self { severity, file: file.to_owned(), line, column, message, help, report };
        made.report = made.excerpt(text, span);
        made
    }

    /// The report, with what is meant underlined.
    #[cfg(feature = "excerpts")]
    fn excerpt(&self, text: &str, span: Range<usize>) -> String {
        use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

        let place = Snippet::source(text).path(&*self.file).annotation(AnnotationKind::Primary.span(span));
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = level.primary_title(&*self.message).element(place);
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(&**help));
        }
        Renderer::plain().render(&[group])
    }

    /// The report without an excerpt: who reads a function's log has the file elsewhere.
    #[cfg(not(feature = "excerpts"))]
    fn excerpt(&self, _text: &str, _span: Range<usize>) -> String {
        let Self { severity, message, file, line, column, help, .. } = self;
        let place = format!("{}: {message}\n --> {file}:{line}:{column}", severity.name());
        help.as_ref().map_or_else(|| place.clone(), |help| format!("{place}\n  = {HELP}: {help}"))
    }

    /// The report in another language, whose words for ours are handed in.
    #[must_use]
    pub fn told(&self, words: &dyn Fn(&str) -> String) -> String {
        let (kind, title) = (self.severity.name(), format!("{}: {}", self.severity.name(), self.message));
        let Some(place) = self.report.strip_prefix(&title) else { return self.report.clone() };
        let told = format!("{}: {}", words(kind), words(&self.message));
        let Some(help) = &self.help else { return told + place };
        match place.strip_suffix(&format!("{HELP}: {help}")) {
            Some(place) => format!("{told}{place}{}: {}", words(HELP), words(help)),
            None => told + place,
        }
    }

    /// Of the same place something else, of which the flow file alone tells nothing.
    #[must_use]
    pub fn saying(mut self, severity: Severity, message: String) -> Self {
        let title = |severity: Severity, message: &str| format!("{}: {message}", severity.name());
        let place = self.report.strip_prefix(&title(self.severity, &self.message)).unwrap_or(&self.report);
        self.report = title(severity, &message) + place;
        (self.severity, self.message) = (severity, message);
        self
    }

    /// The same with a way out, of which the flow file alone tells nothing.
    #[must_use]
    pub fn with_help(mut self, help: String) -> Self {
        // Under the bar that stands beside the file's text.
        let bar =
            self.report.find("--> ").map_or(0, |arrow| arrow - self.report[..arrow].rfind('\n').unwrap_or(0));
        let margin = " ".repeat(bar);
        self.report.push_str(&format!("\n{margin}|\n{margin}= {HELP}: {help}"));
        self.help = Some(help);
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.report)
    }
}

/// Every mistake of a flow file, or of several, and what may be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// Those of that severity.
    pub fn of(&self, severity: Severity) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter().filter(move |diagnostic| diagnostic.severity == severity)
    }

    /// All of them in another language, whose words for ours are handed in.
    #[must_use]
    pub fn told(&self, words: &dyn Fn(&str) -> String) -> String {
        let reports: Vec<_> = self.0.iter().map(|diagnostic| diagnostic.told(words)).collect();
        reports.join("\n\n")
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reports: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&reports.join("\n\n"))
    }
}

impl std::error::Error for Diagnostics {}
