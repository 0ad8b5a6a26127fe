//! `window`: the time that the windows of a query are over.
//!
//! A flow reads by the time of the last change, so that every change of a document is seen. Some queries select by
//! another time, depending on their parameters; a flow reads by such a time only where it names it.

use relay_connector::{Document, Held, Role, WindowTime};

use super::report::Report;
use super::table::Table;
use crate::params::Param;

const KEY: &str = "window";

/// Adds the parameters that make the windows be over the time that the flow reads by, and reports those that turn them
/// away from it, where all of them could be read.
pub(super) fn check(
    table: &Table<'_>,
    document: &Document,
    params: &mut Vec<(String, Param)>,
    are_read: bool,
    report: &mut Report<'_>,
) {
    let named = table.text(KEY, report);
    let Some(last_change) = document.window_times.first() else {
        let is_usual = document.role == Role::Windowed;
        if let Some(named) = named.filter(|named| !is_usual || named.text != "modified") {
            let message = match is_usual {
                true => format!("the windows of `{}` are over its last change only", document.name),
                false => format!("`{}` is not read by windows", document.name),
            };
            report.mistake(named.span, message, Some(format!("remove `{KEY}`")));
        }
        return;
    };
    let wanted = match &named {
        None => last_change,
        Some(named) => match document.window_times.iter().find(|time| time.field == named.text) {
            Some(time) => time,
            None => {
                let known: Vec<_> = document.window_times.iter().map(|time| time.field).collect();
                let message = format!("the windows of `{}` are not over `{}`", document.name, named.text);
                report.unknown(named.span.clone(), message, named.text, &known);
                return;
            }
        },
    };
    let as_written = params.clone();
    for (name, value) in wanted.sends {
        if !params.iter().any(|(known, _)| known == name) {
            params.push(((*name).to_owned(), Param::Fixed((*value).to_owned())));
        }
    }
    if !are_read || wanted.is_of(|name| held(params, name)) {
        return;
    }
    let entry = table.get("params").or_else(|| table.get("document"));
    let span = named.as_ref().map(|named| named.span.clone()).or(entry.map(|entry| entry.span));
    let span = span.unwrap_or_else(|| table.span.clone());
    if named.is_some() {
        let message = format!(
            "the windows of `{}` are over `{}` ({}) only where {}",
            document.name,
            wanted.field,
            wanted.title,
            wanted.in_words()
        );
        report.mistake(span, message, None);
        return;
    }
    let other = document.window_times[1..].iter().find(|time| time.is_of(|name| held(&as_written, name)));
    report.mistake(span, turned_away(document, other), Some(ways_out(document, last_change, other)));
}

fn turned_away(document: &Document, other: Option<&WindowTime>) -> String {
    match other {
        Some(time) => format!(
            "with these parameters the windows of `{}` are over `{}` ({}) and not over the last change: a row whose \
             change does not move that time is not seen again",
            document.name, time.field, time.title
        ),
        None => format!(
            "with these parameters the windows of `{}` are not known to be over the last change: a row that changes \
             may not be seen again",
            document.name
        ),
    }
}

fn ways_out(document: &Document, last_change: &WindowTime, other: Option<&WindowTime>) -> String {
    let others: Vec<_> = match other {
        Some(time) => vec![time.field],
        None => document.window_times[1..].iter().map(|time| time.field).collect(),
    };
    format!(
        "they are over the last change where {}. Where that other time is what you want, say so: {KEY} = \"{}\"",
        last_change.in_words(),
        others.join("\" or \"")
    )
}

pub(super) fn held<'p>(params: &'p [(String, Param)], name: &str) -> Held<'p> {
    match params.iter().find(|(known, _)| known == name) {
        None => Held::Nothing,
        Some((_, Param::Fixed(value))) => Held::Text(value),
        Some((_, Param::Setting(_))) => Held::Unknown,
    }
}
