//! Whether a path leads anywhere in a known document.

use std::ops::Range;

use catalog::{Document, Field, Kind, field};

use super::report::{Report, Written, suggestion};
use crate::expression::{Expression, Path, Root, Step, Term};

/// Where paths start from while a flow file is checked: the known fields, and the level above.
#[derive(Clone, Copy)]
pub(super) struct Level<'a> {
    known: Known,
    open: bool,
    parent: Option<&'a Level<'a>>,
    /// The target object at hand and whether its field list is incomplete; none within `sum(…)`.
    target: Option<(&'static [Field], bool)>,
}

/// What is known about a value.
#[derive(Clone, Copy)]
enum Known {
    Object(&'static [Field]),
    List(&'static [Field]),
    Scalar(Kind),
    Anything,
}

/// Where a path breaks off.
struct Broken {
    span: Range<usize>,
    message: String,
    help: Option<String>,
}

impl<'a> Level<'a> {
    pub(super) fn document(document: &Document) -> Self {
        Self { known: Known::Object(document.fields), open: document.open, parent: None, target: None }
    }

    /// The same place in the source, while another target object is mapped. `None`: its fields are the tenant's.
    pub(super) fn for_target(self, target: Option<&'static [Field]>, open: bool) -> Self {
        Self { target: Some((target.unwrap_or_default(), target.is_none() || open)), ..self }
    }

    fn line(parent: &'a Level<'a>, known: Known) -> Self {
        let open = parent.open || matches!(known, Known::Anything);
        Self { known, open, parent: Some(parent), target: None }
    }
}

/// The level of the lines at a path, or the mistake reported.
pub(super) fn lines<'a>(
    path: &Path,
    written: &Written<'_>,
    level: &'a Level<'a>,
    report: &mut Report<'_>,
) -> Option<Level<'a>> {
    match lines_at(path, level) {
        Ok(known) => Some(Level::line(level, known)),
        Err(broken) => {
            report.within(written, broken.span, broken.message, broken.help);
            None
        }
    }
}

/// Reports fall-backs that lead nowhere, or to a list or an object.
pub(super) fn scalar(terms: &[Term], written: &Written<'_>, level: &Level<'_>, report: &mut Report<'_>) {
    check(terms, written, 0, level, true, report);
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
    for term in terms {
        let Term::Path(path) = term else { continue };
        let broken = match walk(path, level) {
            Err(broken) => broken,
            Ok(Known::List(_) | Known::Object(_)) if must_be_scalar => Broken {
                span: path.span.clone(),
                message: format!("`{}` is a list or an object, not one value", path.text),
                help: Some("pick a field of it, or write as = \"json\"".to_owned()),
            },
            Ok(_) => continue,
        };
        let span = broken.span.start + offset..broken.span.end + offset;
        report.within(written, span, broken.message, broken.help);
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
            report.within(written, broken.span, broken.message, broken.help);
        }
    });
}

/// The kind of what a path leads to, where that is known.
pub(super) fn kind(path: &Path, level: &Level<'_>) -> Option<Kind> {
    match walk(path, level) {
        Ok(Known::Scalar(kind)) => Some(kind),
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
            span: path.span.clone(),
            message: format!("`{}` is not a list", path.text),
            help: None,
        }),
    }
}

fn walk(path: &Path, level: &Level<'_>) -> Result<Known, Broken> {
    let broken = |message: &str, help: Option<&str>| {
        Err(Broken { span: path.span.clone(), message: message.to_owned(), help: help.map(str::to_owned) })
    };
    let mut start = level;
    match path.root {
        Root::Up(levels) => {
            for _ in 0..levels {
                match start.parent {
                    Some(parent) => start = parent,
                    None => return broken("there is no enclosing document up there", None),
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
            return follow(&path.steps, Known::Object(fields), open);
        }
    }
    follow(&path.steps, start.known, start.open)
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
                    span: span.clone(),
                    message: format!("`{reached}` is a list"),
                    help: Some(format!(
                        "pick one line, `{reached}[0]` or `{reached}[name=value]`, or use `each`"
                    )),
                });
            }
            (Step::Field(_, span), Known::Scalar(_)) => {
                return Err(Broken {
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

fn member(fields: &'static [Field], name: &str, span: &Range<usize>, open: bool) -> Result<Known, Broken> {
    match field(fields, name).map(|field| field.kind) {
        Some(Kind::Object(fields)) => Ok(Known::Object(fields)),
        Some(Kind::List(fields)) => Ok(Known::List(fields)),
        Some(Kind::Map | Kind::MapOfLists) => Ok(Known::Anything),
        Some(kind) => Ok(Known::Scalar(kind)),
        None if open => match near_miss(fields, name).filter(|_| span.len() == name.len()) {
            Some(meant) => Err(Broken {
                span: span.clone(),
                message: format!("the document has no known field `{name}` here"),
                help: Some(format!(
                    "did you mean `{meant}`? A field of your own is written in quotes: $.'{name}'"
                )),
            }),
            None => Ok(Known::Anything),
        },
        None => {
            let names: Vec<_> = fields.iter().map(|field| field.name).collect();
            let message = format!("the document has no field `{name}` here");
            Err(Broken { span: span.clone(), message, help: suggestion(name, &names) })
        }
    }
}

/// The known field that an unknown name of an open document all but spells: more likely a slip than a field that
/// the vendor's page leaves out.
fn near_miss(fields: &'static [Field], name: &str) -> Option<&'static str> {
    const SHORTEST: usize = 5;
    let length = name.chars().count();
    let slips = if length < 2 * SHORTEST { 1 } else { 2 };
    let is_near = |field: &&Field| strsim::damerau_levenshtein(field.name, name) <= slips;
    fields.iter().find(is_near).map(|field| field.name).filter(|_| length >= SHORTEST)
}
