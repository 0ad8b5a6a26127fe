//! A name that no known field has: a slip of the pen, or a field that the list leaves out.

use std::ops::Range;

use relay_connector::Field;

use super::Broken;
use crate::diagnostic::Severity;
use crate::load::report::{closest, suggestion};

/// A name that is none of the known fields'. Of an open document it may be right all the same, unless it is all but the
/// name of a known one.
pub(super) fn unknown(fields: &'static [Field], name: &str, span: &Range<usize>, open: bool) -> Broken {
    let names: Vec<_> = fields.iter().map(|field| field.name).collect();
    let span = span.clone();
    let titled = titled(fields, name);
    if !open {
        let message = format!("the document has no field `{name}` here");
        let is_text = looks_like_a_text(name) && closest(name, &names).is_none();
        let help = match titled {
            Some(meant) => Some(format!("did you mean `{meant}`?")),
            None if is_text => Some(format!("a text is written so: '{name}'")),
            None => suggestion(name, &names),
        };
        let help = help.or_else(|| Some("`relay fields DOCUMENT` lists the fields that it has".to_owned()));
        return Broken { severity: Severity::Error, span, message, help };
    }
    let is_slip = titled.is_some() || near_miss(fields, name).is_some();
    let severity = if is_slip { Severity::Error } else { Severity::Warning };
    let message = format!("the document has no known field `{name}` here");
    let way_out = format!("A field that is there all the same is written in quotes: .'{name}'");
    let help = match titled.or_else(|| near_miss(fields, name)).or_else(|| closest(name, &names)) {
        Some(meant) => format!("did you mean `{meant}`? {way_out}"),
        None if looks_like_a_text(name) => format!("{way_out}, and a text so: '{name}'"),
        None => way_out,
    };
    Broken { severity, span, message, help: Some(help) }
}

/// Whether it is hardly the name of a field: a code or a word that lacks its quotes.
fn looks_like_a_text(name: &str) -> bool {
    !name.bytes().any(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// The field that has this title: a person may know it by that.
pub(in crate::load) fn titled(fields: &[Field], title: &str) -> Option<&'static str> {
    fields.iter().find(|field| field.title == title).map(|field| field.name)
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
