//! `[source]` and `[target]`.

use relay_connector::{Catalog, Document, Field, Kind, Need, Role};
use relay_core::VersionKind;
use toml_edit::Item;

use super::reach::{self, Level};
use super::report::{Report, Written, suggestion};
use super::table::{Entry, Table};
use super::{cautions, codes, fitting, key, life, of, window};
use crate::diagnostic::{Diagnostic, Severity};
use crate::expression::{self, Term};
use crate::flow::{Source, Target};
use crate::key::Key;
use crate::params::Param;
use crate::rule::Condition;

pub(super) struct SourceEnd {
    pub(super) source: Source,
    pub(super) key: Key,
    pub(super) version: Option<(Vec<Term>, VersionKind)>,
    pub(super) filter: Option<Condition>,
}

/// The source, and its document even where the rest has mistakes: the mapping can be checked against it.
pub(super) fn source(
    table: &Table<'_>,
    catalog: &Catalog,
    report: &mut Report<'_>,
) -> (Option<&'static Document>, Option<SourceEnd>) {
    let keys = [
        "document",
        "of",
        "damp",
        "echoes",
        "route",
        "params",
        "window",
        "key",
        "version",
        "filter",
        "cancelled_when",
    ];
    table.expect(&keys, report);
    let document = document(table, catalog, |role| role != Role::Target, "source", report);
    let route = document.and_then(|document| route(table, document, report));
    let mistakes = report.mistakes();
    let mut params = params(table, document, report);
    if let Some(document) = document {
        // What is wrong with a parameter is most often why the windows turn away, and what is wrong with the windows what a
        // caution would say of the same parameters.
        let are_read = report.mistakes() == mistakes;
        window::check(table, document, &mut params, are_read, report);
        if report.mistakes() == mistakes {
            cautions::check(table, document, route, &params, report);
        }
    }
    let level = document.map(Level::document);
    let of = of::of(table, document, report);
    let damp = of::damp(table, document, report);
    let takes_echoes = takes_echoes(table, report);
    let key = if damp.is_some() {
        key::of_damped(table, report)
    } else {
        key::key(table, document, of.as_ref(), report)
    };
    let version = table.get("version").and_then(|entry| version(&entry, level.as_ref(), report));
    let filter = table.text("filter", report).and_then(|written| {
        let filter = report.condition(&written)?;
        if let Some(level) = &level {
            reach::expression(&filter.expression, &written, level, report);
            fitting::expression(&filter.expression, &written, level, report);
        }
        Some(filter)
    });
    let end = document.zip(key).map(|(document, key)| {
        let pool = pool(table, document, report);
        let source =
            Source { document, route: route.map(str::to_owned), of, damp, takes_echoes, params, pool };
        SourceEnd { source, key, version, filter }
    });
    (document, end)
}

pub(super) fn target(table: &Table<'_>, catalog: &Catalog, report: &mut Report<'_>) -> Option<Target> {
    let keys: Vec<_> =
        ["document", "route", "params", "check", "tolerance"].into_iter().chain(life::KEYS).collect();
    table.expect(&keys, report);
    let document = document(table, catalog, |role| role == Role::Target, "target", report);
    let route = document.and_then(|document| route(table, document, report));
    let params = params(table, document, report);
    if let Some(document) = document {
        cautions::check(table, document, route, &params, report);
    }
    Some(Target { document: document?, route, params })
}

fn document(
    table: &Table<'_>,
    catalog: &Catalog,
    fits: impl Fn(Role) -> bool,
    end: &str,
    report: &mut Report<'_>,
) -> Option<&'static Document> {
    let written = table.required_text("document", report)?;
    let fitting: Vec<_> =
        catalog.documents().filter(|document| fits(document.role)).map(|document| document.name).collect();
    match catalog.document(written.text) {
        Some(document) if fits(document.role) => Some(document),
        Some(document) => {
            let what = match document.role {
                Role::Target => "is what a vendor accepts, so it can only be a target",
                _ => "is what a vendor hands over, so it can only be a source",
            };
            let message = format!("`{}` ({}) {what}", document.name, document.title);
            let help = format!("`relay documents` lists each document that can be a {end}");
            report.mistake(written.span, message, Some(help));
            None
        }
        None => {
            let message = format!("no vendor has a document `{}` that can be a {end}", written.text);
            match catalog.elsewhere(written.text, None) {
                Some(setting) => {
                    report.mistake(written.span, message, Some(format!("there is one with {setting}")));
                }
                None => {
                    let all = || format!("`relay documents` lists each document that can be a {end}");
                    let help = suggestion(written.text, &fitting).unwrap_or_else(all);
                    report.mistake(written.span, message, Some(help));
                }
            }
            None
        }
    }
}

/// What another flow file may make a mistake of: that both take the rows of one pool, in different ways.
fn pool(table: &Table<'_>, document: &Document, report: &Report<'_>) -> Option<Diagnostic> {
    let written = table.get("document").filter(|_| document.role == Role::Pool)?;
    let message = format!(
        "another flow takes the rows of `{}` over another route or with other parameters: what it acknowledges never comes \
         to this one",
        document.name
    );
    Some(report.diagnostic(Severity::Error, written.span, message, None))
}

/// `echoes`: what becomes of what another flow of ours has made.
fn takes_echoes(table: &Table<'_>, report: &mut Report<'_>) -> bool {
    const WORDS: [&str; 2] = ["skip", "take"];
    let Some(entry) = table.get("echoes") else { return false };
    if entry.item.as_str().is_none() {
        let message = "`echoes` must be a text in quotes";
        report.mistake(entry.span, message, Some("echoes = \"take\" or \"skip\"".to_owned()));
        return false;
    }
    let Some(written) = entry.text(report) else { return false };
    if !WORDS.contains(&written.text) {
        let message = format!("`echoes` cannot be `{}`", written.text);
        report.unknown(written.span.clone(), message, written.text, &WORDS);
    }
    written.text == "take"
}

fn route(table: &Table<'_>, document: &Document, report: &mut Report<'_>) -> Option<&'static str> {
    let written = table.text("route", report)?;
    if document.routes.is_empty() {
        let why = match document.role {
            Role::Pushed => "is pushed to us",
            Role::Own => "is told by the relay itself",
            _ => "goes over one route alone",
        };
        let message = format!("`{}` {why}: there is no route to choose", document.name);
        report.mistake(written.span, message, Some("remove `route`".to_owned()));
        return None;
    }
    let route = document.routes.iter().find(|route| **route == written.text).copied();
    if route.is_none() {
        let message = format!("unknown route `{}`", written.text);
        report.unknown(written.span, message, written.text, document.routes);
    }
    route
}

fn params(table: &Table<'_>, document: Option<&Document>, report: &mut Report<'_>) -> Vec<(String, Param)> {
    let params = table.get("params").and_then(|entry| entry.table(report));
    let mut read = Vec::new();
    for entry in params.iter().flat_map(Table::entries) {
        let param = param(&entry, report);
        if let Some(document) = document {
            check_param(&entry, param.as_ref(), document, report);
        }
        read.extend(param.map(|param| (entry.key.to_owned(), param)));
    }
    if let Some(document) = document {
        check_required(table, params.as_ref(), document, report);
    }
    read
}

/// Reports a parameter without which the vendor refuses the request, and warns of one that all known examples send.
fn check_required(
    table: &Table<'_>,
    params: Option<&Table<'_>>,
    document: &Document,
    report: &mut Report<'_>,
) {
    let is_given = |name: &str| {
        let written =
            params.is_some_and(|params| params.get(name).or_else(|| params.misspelt(name)).is_some());
        written || document.defaults.iter().any(|(sent, _)| *sent == name)
    };
    let span = table.get("params").or_else(|| table.get("document")).map(|entry| entry.span);
    for Field { name, title, need, .. } in document.param_fields().filter(|param| !is_given(param.name)) {
        let (severity, may) = match need {
            Need::Optional => continue,
            Need::Expected => (Severity::Warning, "may refuse"),
            Need::Required => (Severity::Error, "refuses"),
        };
        let message =
            format!("the vendor {may} `{}` without the parameter `{name}` ({title})", document.name);
        let help = format!("params = {{ {name} = \"…\" }}, or {{ setting = \"NAME\" }} for its value");
        report.say_missing(severity, span.clone().unwrap_or_else(|| table.span.clone()), message, Some(help));
    }
}

/// Windows and pages of every vendor: whoever reads them sets these.
const SET_BY_ITS_READER: [&str; 12] = [
    "start_time",
    "end_time",
    "modify_start_time",
    "modify_end_time",
    "after_modify_date",
    "end_modify_date",
    "page",
    "page_no",
    "page_number",
    "page_size",
    "page_length",
    "pagesize",
];

/// Reports a parameter that the document is not known to have, and a value that it does not take.
fn check_param(entry: &Entry<'_>, param: Option<&Param>, document: &Document, report: &mut Report<'_>) {
    let known: Vec<_> = document.param_names().collect();
    if !known.contains(&entry.key) {
        let is_the_authors_own = report.text_at(&entry.key_span).starts_with(['\'', '"']);
        if document.role.is_polled() && SET_BY_ITS_READER.contains(&entry.key) {
            let message = format!("`{}` is set for each call that reads the source", entry.key);
            let help = "leave it out; from when a flow reads is RELAY_START, or `relay rewind`".to_owned();
            report.mistake(entry.key_span.clone(), message, Some(help));
        } else if !(document.is_open() && is_the_authors_own) {
            let message =
                format!("`{}` has no request parameter `{}` that a flow may fix", document.name, entry.key);
            report.unknown(entry.key_span.clone(), message, entry.key, &known);
        }
        return;
    }
    if let (Some(field), Some(Param::Fixed(value))) = (document.param(entry.key), param) {
        // Some take several, with commas between.
        for part in value.split(',') {
            codes::check(field, part.trim(), entry.span.clone(), codes::OF_A_SETTING, report);
        }
    }
}

fn param(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<Param> {
    if let Some(table) = entry.item.as_table_like() {
        let table = Table::new(table, entry.span.clone());
        table.expect(&["setting"], report);
        return table.required_text("setting", report).map(|written| Param::Setting(written.text.to_owned()));
    }
    let fixed = match entry.item {
        // Vendors that take several values have commas between them.
        Item::Value(toml_edit::Value::Array(values)) if !values.is_empty() => {
            let values: Option<Vec<_>> = values.iter().map(fixed).collect();
            values.map(|values| values.join(","))
        }
        Item::Value(value) => fixed(value),
        _ => None,
    };
    if fixed.is_none() {
        let expected = "a text, a whole number, a list of such or { setting = \"NAME\" }";
        entry.wrong_type(expected, report);
    }
    fixed.map(Param::Fixed)
}

fn fixed(value: &toml_edit::Value) -> Option<String> {
    match value {
        toml_edit::Value::Integer(number) => Some(number.value().to_string()),
        value => value.as_str().filter(|text| !text.is_empty()).map(str::to_owned),
    }
}

fn version(
    entry: &Entry<'_>,
    level: Option<&Level<'_>>,
    report: &mut Report<'_>,
) -> Option<(Vec<Term>, VersionKind)> {
    const KINDS: [&str; 3] = ["time", "integer", "text"];
    let (from, named) = match entry.item.as_table_like() {
        None => (entry.text(report)?, None),
        Some(table) => {
            let table = Table::new(table, entry.span.clone());
            table.expect(&["from", "kind"], report);
            (table.required_text("from", report)?, table.text("kind", report))
        }
    };
    let terms = report.parsed(&from, expression::alternatives(from.text))?;
    let level = level?;
    reach::identifying(&terms, &from, level, report);
    if named.is_none() {
        fitting::version(&terms, &from, level, report);
    }
    let kind = match named {
        None => known_kind(&terms, level),
        Some(Written { text: "time", .. }) => VersionKind::Time,
        Some(Written { text: "integer", .. }) => VersionKind::Integer,
        Some(Written { text: "text", .. }) => VersionKind::Text,
        Some(Written { text, span }) => {
            report.unknown(span, format!("unknown kind of version `{text}`"), text, &KINDS);
            return None;
        }
    };
    Some((terms, kind))
}

fn known_kind(terms: &[Term], level: &Level<'_>) -> VersionKind {
    let kinds = terms.iter().filter_map(|term| match term {
        Term::Path(path) => reach::kind(path, level),
        _ => None,
    });
    match kinds.into_iter().next() {
        Some(Kind::Time | Kind::Date) => VersionKind::Time,
        Some(Kind::Integer) => VersionKind::Integer,
        _ => VersionKind::Text,
    }
}
