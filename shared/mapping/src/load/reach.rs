//! Whether a path leads anywhere in a known document.

mod unknown;

use std::ops::Range;

use relay_connector::{Document, Field, Kind, Role, field};

pub(super) use self::unknown::titled;
use self::unknown::unknown;
use super::codes;
use super::report::{Report, Written};
use crate::diagnostic::Severity;
use crate::expression::{Expression, Path, Root, Step, Term, is_quoted};

/// Where paths start from while a flow file is checked: the known fields, and the level above.
#[derive(Clone, Copy)]
pub(super) struct Level<'a> {
    known: Known,
    open: bool,
    parent: Option<&'a Level<'a>>,
    /// The target object at hand and whether its field list is incomplete; none within `sum(…)`.
    target: Option<(&'static [Field], bool)>,
    /// Whether the document is an outcome, which has a `target` of its own.
    is_outcome: bool,
}

/// What is known about a value.
#[derive(Clone, Copy)]
enum Known {
    Object(&'static [Field]),
    List(&'static [Field]),
    Scalar(&'static Field),
    Anything,
}

/// Where a path breaks off. A warning where it may go on: the list of fields is incomplete.
struct Broken {
    severity: Severity,
    span: Range<usize>,
    message: String,
    help: Option<String>,
}

impl<'a> Level<'a> {
    pub(super) fn document(document: &Document) -> Self {
        Self {
            known: Known::Object(document.fields()),
            open: document.is_open(),
            parent: None,
            target: None,
            is_outcome: document.role == Role::Own,
        }
    }

    /// The same place in the source, while another target object is mapped. `None`: its fields are the tenant's.
    pub(super) fn for_target(self, target: Option<&'static [Field]>, open: bool) -> Self {
        Self { target: Some((target.unwrap_or_default(), target.is_none() || open)), ..self }
    }

    /// Where nothing of what is mapped can be read, the `target` of an outcome is meant: `target.id` is `$.target.id`. Of any
    /// other document it is a mistake.
    pub(super) fn outcomes_target(
        &self,
        terms: &mut [Term],
        written: &Written<'_>,
        offset: usize,
        report: &mut Report<'_>,
    ) {
        let paths = terms.iter_mut().filter_map(|term| match term {
            Term::Path(path) if path.root == Root::Target => Some(path),
            _ => None,
        });
        for path in paths {
            if self.is_outcome {
                path.root = Root::Document;
                path.steps.insert(0, Step::Field("target".to_owned(), path.span.clone()));
            } else {
                let message = "`target` is read in `compute` and `when` alone";
                let span = path.span.start + offset..path.span.end + offset;
                let help = "name what it was made of; where the source itself has a field `target`, write `.'target'`";
                report.within(written, span, message, Some(help.to_owned()));
            }
        }
    }

    /// What to write where the lines of a list are wanted: the lists that are known here.
    pub(super) fn lists(&self) -> Option<String> {
        let Known::Object(fields) = self.known else { return None };
        let lists = fields.iter().filter(|field| matches!(field.kind, Kind::List(_)));
        let lists: Vec<_> = lists.map(|list| format!("each = \"{}\"", list.name)).collect();
        (!lists.is_empty()).then(|| lists.join(" or "))
    }

    /// Whether its fields hold that one.
    fn has(&self, name: &str) -> bool {
        matches!(self.known, Known::Object(fields) if field(fields, name).is_some_and(|it| it.name == name))
    }

    fn line(parent: &'a Level<'a>, known: Known) -> Self {
        let open = parent.open || matches!(known, Known::Anything);
        Self { known, open, parent: Some(parent), target: None, is_outcome: parent.is_outcome }
    }
}

/// The level of the lines at a path, or the mistake reported. Lines that may be there are read like any others.
pub(super) fn lines<'a>(
    path: &Path,
    written: &Written<'_>,
    level: &'a Level<'a>,
    report: &mut Report<'_>,
) -> Option<Level<'a>> {
    match lines_at(path, level) {
        Ok(known) => Some(Level::line(level, known)),
        Err(broken) => {
            let may_be = broken.severity == Severity::Warning;
            broken.say(written, 0, report);
            may_be.then(|| Level::line(level, Known::Anything))
        }
    }
}

/// A path as the one to the first known list on its way and the one from there; where none is known, the list is what has the
/// last field.
pub(super) fn through_list(path: &Path, level: &Level<'_>) -> Option<(Path, Path)> {
    let mut ways = (1..path.steps.len()).filter_map(|at| path.parted(at));
    let is_known = |(list, _): &(Path, Path)| matches!(walk(list, level), Ok(Known::List(_)));
    ways.find(is_known).or_else(|| path.parted(path.steps.len().checked_sub(1)?))
}

/// Reports fall-backs that lead nowhere, or to a list or an object, where documents are told apart by them: a field that
/// may not be there is a mistake as well, for its absence would be noticed by nobody. Says whether there was none.
pub(super) fn identifying(
    terms: &[Term],
    written: &Written<'_>,
    level: &Level<'_>,
    report: &mut Report<'_>,
) -> bool {
    let broken = breaks(terms, level, true);
    let is_whole = broken.is_empty();
    for each in broken {
        Broken { severity: Severity::Error, ..each }.say(written, 0, report);
    }
    is_whole
}

/// Reports fall-backs that lead nowhere. `offset` is where they begin within the written text.
pub(super) fn check(
    terms: &[Term],
    written: &Written<'_>,
    offset: usize,
    level: &Level<'_>,
    must_be_scalar: bool,
    report: &mut Report<'_>,
) {
    for broken in breaks(terms, level, must_be_scalar) {
        broken.say(written, offset, report);
    }
}

fn breaks(terms: &[Term], level: &Level<'_>, must_be_scalar: bool) -> Vec<Broken> {
    let broken = |term: &Term| {
        let Term::Path(path) = term else { return None };
        match walk(path, level) {
            Err(broken) => Some(broken),
            Ok(Known::List(_) | Known::Object(_)) if must_be_scalar => Some(Broken {
                severity: Severity::Error,
                span: path.span.clone(),
                message: format!("`{}` is a list or an object, not one value", path.text),
                help: Some("pick a field of it, or write as = \"json\"".to_owned()),
            }),
            Ok(_) => None,
        }
    };
    terms.iter().filter_map(broken).collect()
}

impl Broken {
    fn say(self, written: &Written<'_>, offset: usize, report: &mut Report<'_>) {
        let span = report.place_within(written, self.span.start + offset..self.span.end + offset);
        report.say(self.severity, span, self.message, self.help);
    }
}

/// Reports paths of an expression that lead nowhere.
pub(super) fn expression(
    expression: &Expression,
    written: &Written<'_>,
    level: &Level<'_>,
    report: &mut Report<'_>,
) {
    expression.visit(&mut Vec::new(), &mut |lists, path| {
        if let Err(broken) = walk_within(lists, path, level) {
            broken.say(written, 0, report);
        }
    });
    expression.comparisons(&mut Vec::new(), &mut |lists, path, value| {
        if let Some(field) = coded(walk_within(lists, path, level).ok(), path) {
            let span = report.place_within(written, path.span.clone());
            codes::check(field, value, span, codes::OF_THE_AUTHOR, report);
        }
    });
}

/// The field that a path leads to, where it has a code table and its author did not write it as his own, in quotes.
pub(super) fn coded_field(path: &Path, level: &Level<'_>) -> Option<&'static Field> {
    coded(walk(path, level).ok(), path)
}

fn coded(known: Option<Known>, path: &Path) -> Option<&'static Field> {
    match known {
        Some(Known::Scalar(field)) if !field.codes.is_empty() && !is_the_authors_own(path) => Some(field),
        _ => None,
    }
}

fn is_the_authors_own(path: &Path) -> bool {
    matches!(path.steps.last(), Some(Step::Field(name, span)) if is_quoted(name, span))
}

/// The field of one value that a path leads to, where that is known and its author did not write it as his own, in quotes.
pub(super) fn scalar(lists: &[&Path], path: &Path, level: &Level<'_>) -> Option<&'static Field> {
    match walk_within(lists, path, level) {
        Ok(Known::Scalar(field)) if path.root != Root::Target && !is_the_authors_own(path) => Some(field),
        _ => None,
    }
}

/// The kind of what a path leads to, where that is known.
pub(super) fn kind(path: &Path, level: &Level<'_>) -> Option<Kind> {
    match walk(path, level) {
        Ok(Known::Scalar(field)) => Some(field.kind),
        _ => None,
    }
}

fn walk_within(lists: &[&Path], path: &Path, level: &Level<'_>) -> Result<Known, Broken> {
    match lists.split_first() {
        None => walk(path, level),
        Some((list, inner)) => {
            // A list that leads nowhere has been reported by itself.
            let known = lines_at(list, level).unwrap_or(Known::Anything);
            walk_within(inner, path, &Level::line(level, known))
        }
    }
}

/// What is known about the lines of a list.
fn lines_at(path: &Path, level: &Level<'_>) -> Result<Known, Broken> {
    match walk(path, level)? {
        Known::List(fields) => Ok(Known::Object(fields)),
        Known::Anything => Ok(Known::Anything),
        Known::Object(_) | Known::Scalar(_) => Err(Broken {
            severity: Severity::Error,
            span: path.span.clone(),
            message: format!("`{}` is not a list", path.text),
            help: level.lists(),
        }),
    }
}

fn walk(path: &Path, level: &Level<'_>) -> Result<Known, Broken> {
    let broken = |message: &str, help: Option<&str>| {
        let (span, help) = (path.span.clone(), help.map(str::to_owned));
        Err(Broken { severity: Severity::Error, span, message: message.to_owned(), help })
    };
    let mut start = level;
    match path.root {
        Root::Up(levels) => {
            for _ in 0..levels {
                match start.parent {
                    Some(parent) => start = parent,
                    None => {
                        let help =
                            "each `^.` goes up by one list, from its line to what encloses it: remove one";
                        return broken("there is no enclosing document up there", Some(help));
                    }
                }
            }
        }
        Root::Document => {
            while let Some(parent) = start.parent {
                start = parent;
            }
        }
        Root::Target => {
            let Some((fields, open)) = level.target else {
                return broken(
                    "`target` cannot be reached from within a line",
                    Some("within sum(target.lines, …) the line's own fields have no prefix"),
                );
            };
            return match follow(&path.steps, Known::Object(fields), open) {
                // That it is not known was said of its rule.
                Err(broken) if broken.severity == Severity::Warning => Ok(Known::Anything),
                known => known,
            };
        }
    }
    follow(&path.steps, start.known, start.open).map_err(|broken| elsewhere(broken, path, level, start))
}

fn follow(steps: &[Step], start: Known, open: bool) -> Result<Known, Broken> {
    let mut known = start;
    let mut reached = "this";
    for step in steps {
        known = match (step, known) {
            (_, Known::Anything) => Known::Anything,
            (Step::Field(name, span), Known::Object(fields)) => {
                reached = name;
                member(fields, name, span, open)?
            }
            (Step::Field(_, span), Known::List(_)) => {
                return Err(Broken {
                    severity: Severity::Error,
                    span: span.clone(),
                    message: format!("`{reached}` is a list"),
                    help: Some(format!(
                        "pick one line, `{reached}[0]` or `{reached}[name=value]`, or use `each`"
                    )),
                });
            }
            (Step::Field(_, span), Known::Scalar(_)) => {
                return Err(Broken {
                    severity: Severity::Error,
                    span: span.clone(),
                    message: format!("`{reached}` is one value and has no fields"),
                    help: None,
                });
            }
            (Step::Where { field: name, span, .. }, Known::List(fields)) => {
                member(fields, name, span, open)?;
                Known::Object(fields)
            }
            (Step::Index(_), Known::List(fields)) => Known::Object(fields),
            (Step::Where { .. } | Step::Index(_), Known::Object(_) | Known::Scalar(_)) => {
                // Some converters leave out a list around a single line, so that this may still lead somewhere.
                Known::Anything
            }
        };
    }
    Ok(known)
}

/// Adds where the field stands, to what is said of one that is looked for at the wrong level. One that stands above or
/// at the line at hand is more likely meant than one of the same name that our list does not know.
fn elsewhere(broken: Broken, path: &Path, level: &Level<'_>, start: &Level<'_>) -> Broken {
    let Some(Step::Field(name, span)) = path.steps.first() else { return broken };
    let (Known::Object(fields), true) = (start.known, broken.span == *span) else { return broken };
    let way_out = match start.open {
        true => format!(" A field that is there all the same is written in quotes: .'{name}'"),
        false => String::new(),
    };
    if let Some(help) = within_its_line(path, level, start) {
        return Broken { help: Some(format!("{help}{way_out}")), severity: Severity::Error, ..broken };
    }
    let levels = std::iter::successors(Some(level), |level| level.parent);
    let mut having = levels.enumerate().filter(|(_, at)| !std::ptr::eq(*at, start));
    if let Some((up, _)) = having.find(|(_, at)| at.has(name)) {
        let meant = format!("{}{name}", "^.".repeat(up));
        let help = Some(format!("did you mean `{meant}`? There it stands.{way_out}"));
        return Broken { severity: Severity::Error, help, ..broken };
    }
    let lines =
        fields.iter().find(|list| matches!(list.kind, Kind::List(inner) if field(inner, name).is_some()));
    match lines.map(|list| list.name) {
        Some(list) => {
            let help = format!(
                "it stands in the lines of `{list}`: take it there, in a list with each = \"{list}\", or of one line, \
                 as `{list}[0].{name}`.{way_out}"
            );
            Broken { help: Some(help), ..broken }
        }
        None => broken,
    }
}

/// What a path begins with that names the list at whose line it is read already.
fn within_its_line(path: &Path, level: &Level<'_>, start: &Level<'_>) -> Option<String> {
    let [Step::Field(list, _), Step::Field(name, _), ..] = path.steps.as_slice() else { return None };
    let is_at_hand = std::ptr::eq(level, start) && level.has(name);
    let is_list = level.parent.is_some_and(|parent| parent.has(list));
    (is_at_hand && is_list).then(|| format!("did you mean `{name}`? This is read in each line of `{list}`."))
}

fn member(fields: &'static [Field], name: &str, span: &Range<usize>, open: bool) -> Result<Known, Broken> {
    let known = field(fields, name);
    match known.map(|field| (field, field.kind)) {
        Some((_, Kind::Object(fields))) => Ok(Known::Object(fields)),
        Some((_, Kind::List(fields))) => Ok(Known::List(fields)),
        Some((_, Kind::Map | Kind::MapOfLists | Kind::Any)) => Ok(Known::Anything),
        Some((field, _)) => Ok(Known::Scalar(field)),
        None if open && is_quoted(name, span) => Ok(Known::Anything),
        None => Err(unknown(fields, name, span, open)),
    }
}
