//! `lookup`, with `result` and `by`: which table a rule asks.

use std::time::Duration;

use relay_connector::{Catalog, Document, Role, field};

use super::group;
use super::report::{Report, Written, closest};
use super::table::{Entry, Table};
use crate::diagnostic::{Diagnostic, Severity};
use crate::lookup::{DELIVERED, DeliveredAs, Lookup, LookupTable, TENANT, is_tenant_table};

/// The table that a rule names.
pub(super) fn lookup(
    rule: &Table<'_>,
    entry: &Entry<'_>,
    catalog: &Catalog,
    report: &mut Report<'_>,
) -> Option<Lookup> {
    let written = entry.text(report)?;
    let name = written.text;
    let table = if let Some(flow) = name.strip_prefix(DELIVERED) {
        delivered(rule, flow, report)?
    } else if name.starts_with(TENANT) {
        tenant(rule, &written, report)?
    } else if let Some(known) = catalog.lookup(name) {
        for key in ["result", "by"] {
            if let Some(entry) = rule.get(key) {
                let message = format!("`{name}` gives an id by a code: there is no `{key}` to choose");
                report.mistake(entry.key_span, message, None);
            }
        }
        LookupTable::Vendor(known.name)
    } else if let Some(document) = catalog.document(name).filter(|document| is_list(document)) {
        listed(rule, &written, document, report)?
    } else if let Some(Document { title, .. }) = catalog.document(name) {
        let message =
            format!("nothing can be looked up in `{name}` ({title}): it is no list that is read as a whole");
        let help = "`relay documents` says what is read as a list; a table of yours is `table.NAME`, another flow's \
                    deliveries are `delivered.FLOW`";
        report.mistake(written.span, message, Some(help.to_owned()));
        return None;
    } else {
        unknown(&written, catalog, report);
        return None;
    };
    if let Some(line) = rule.get("line").filter(|_| !matches!(table, LookupTable::Line { .. })) {
        let message = format!("`{table}` is no flow's delivery: it has no lines");
        report.mistake(line.key_span, message, None);
    }
    let missing = missing(&table, &written, report);
    let wait = wait(rule, &table, report);
    Some(Lookup { table, missing, wait })
}

/// How long a document waits for another flow's bill where its rule does not say.
const WAIT: Duration = Duration::from_secs(3 * 86_400);

const LONGEST_WAIT: Duration = Duration::from_secs(366 * 86_400);

fn wait(rule: &Table<'_>, table: &LookupTable, report: &mut Report<'_>) -> Option<Duration> {
    let entry = rule.get("wait");
    if matches!(table, LookupTable::Delivered { .. } | LookupTable::Line { .. }) {
        let Some(entry) = entry else { return Some(WAIT) };
        let wait = group::duration(&entry, report)?;
        if wait > LONGEST_WAIT {
            report.mistake(entry.span, "a document waits for another for a year at most", None);
        }
        return Some(wait);
    }
    if let Some(entry) = entry {
        let message = format!("`{table}` is no flow's delivery: nothing is waited for");
        report.mistake(entry.key_span, message, None);
    }
    None
}

/// Whether a document's rows can be read all at once.
fn is_list(document: &Document) -> bool {
    document.role == Role::Listed
}

/// The id of a line of what another flow has delivered, by what tells the line in the target.
fn line(rule: &Table<'_>, flow: &str, line: &Entry<'_>, report: &mut Report<'_>) -> Option<LookupTable> {
    if let Some(result) = rule.get("result") {
        report.mistake(result.key_span, "of a line there is its id alone: no `result`", None);
    }
    let lines = line.texts(report)?;
    let Some(by) = rule.get("by") else {
        let help = "by = \"material_number\": the field of the target's line that holds what `line` reads"
            .to_owned();
        let message = "nothing says by which field of the target a line is told";
        report.missing(line.span.clone(), message, Some(help));
        return None;
    };
    let fields = by.texts(report)?;
    if fields.len() != lines.len() {
        let message =
            format!("`line` reads {}, and `by` names {}: as many of both", lines.len(), fields.len());
        report.mistake(by.span, message, None);
        return None;
    }
    let by = fields.iter().map(|field| field.text.to_owned()).collect();
    Some(LookupTable::Line { flow: flow.to_owned(), by })
}

fn delivered(rule: &Table<'_>, flow: &str, report: &mut Report<'_>) -> Option<LookupTable> {
    if let Some(line) = rule.get("line") {
        return self::line(rule, flow, &line, report);
    }
    refuse_by(rule, "the code is the other flow's `key`", report);
    let result = match rule.text("result", report) {
        None => DeliveredAs::Id,
        Some(Written { text: "id", .. }) => DeliveredAs::Id,
        Some(Written { text: "number", .. }) => DeliveredAs::Number,
        Some(Written { text, span }) => {
            let message = format!("of a document that was delivered there is no `{text}`");
            report.unknown(span, message, text, &["id", "number"]);
            return None;
        }
    };
    Some(LookupTable::Delivered { flow: flow.to_owned(), result })
}

fn tenant(rule: &Table<'_>, written: &Written<'_>, report: &mut Report<'_>) -> Option<LookupTable> {
    refuse_by(rule, "the code is what was imported as such", report);
    let table = written.text.to_owned();
    if !is_tenant_table(&table) {
        let help = "a table of yours is called, for example, `table.region`".to_owned();
        report.mistake(written.span.clone(), format!("`{table}` is no name of a table"), Some(help));
        return None;
    }
    let result = rule.text("result", report).map(|written| written.text.to_owned());
    Some(LookupTable::Tenant { table, result })
}

fn refuse_by(rule: &Table<'_>, why: &str, report: &mut Report<'_>) {
    if let Some(entry) = rule.get("by") {
        report.mistake(entry.key_span, format!("there is no `by` to choose here: {why}"), None);
    }
}

fn listed(
    rule: &Table<'_>,
    written: &Written<'_>,
    document: &'static Document,
    report: &mut Report<'_>,
) -> Option<LookupTable> {
    let usual = document.keys.iter().find_map(|key| if let [only] = key { Some(*only) } else { None });
    let by = match (rule.text("by", report), usual) {
        (Some(by), _) => {
            check_field(&by, document, report);
            by.text.to_owned()
        }
        (None, Some(usual)) => usual.to_owned(),
        (None, None) => {
            let message = format!("`{}` needs a `by`: the field that holds the code", document.name);
            report.mistake(written.span.clone(), message, None);
            return None;
        }
    };
    let Some(result) = rule.text("result", report) else {
        let message = format!("`{}` needs a `result`: the field that is the answer", document.name);
        let names: Vec<_> = document.fields().iter().map(|field| field.name).take(FEW).collect();
        let help = (!names.is_empty()).then(|| format!("its fields are `{}`, …", names.join("`, `")));
        report.mistake(written.span.clone(), message, help);
        return None;
    };
    check_field(&result, document, report);
    Some(LookupTable::Listed { document, by, result: result.text.to_owned() })
}

/// So many of a document's fields are named.
const FEW: usize = 12;

/// Reports a field that a list's rows do not have, or are not known to have.
fn check_field(written: &Written<'_>, document: &Document, report: &mut Report<'_>) {
    if field(document.fields(), written.text).is_some() {
        return;
    }
    let known: Vec<_> = document.fields().iter().map(|field| field.name).collect();
    let message = format!("the rows of `{}` have no known field `{}`", document.name, written.text);
    if document.is_open() && closest(written.text, &known).is_none() {
        report.say(Severity::Warning, written.span.clone(), message, None);
    } else {
        report.unknown(written.span.clone(), message, written.text, &known);
    }
}

fn unknown(written: &Written<'_>, catalog: &Catalog, report: &mut Report<'_>) {
    let tables = catalog.lookups().map(|lookup| lookup.name);
    let lists = catalog.documents().filter(|document| is_list(document)).map(|document| document.name);
    let known: Vec<_> = tables.chain(lists).collect();
    let message = format!("there is no look-up table `{}`", written.text);
    let help = closest(written.text, &known).map_or_else(
        || {
            "it may be a vendor's (`kingdee.customer`), a list of a vendor (`wangdian.shop`), a table of yours \
             (`table.region`), or what a flow has delivered (`delivered.FLOW`)"
                .to_owned()
        },
        |closest| format!("did you mean `{closest}`?"),
    );
    report.mistake(written.span.clone(), message, Some(help));
}

/// What is to be said where the table is not there.
fn missing(table: &LookupTable, written: &Written<'_>, report: &Report<'_>) -> Diagnostic {
    let (severity, message, help) = match table {
        LookupTable::Tenant { table, .. } => (
            Severity::Warning,
            format!("the table `{table}` was never imported: each document that needs it will fail"),
            Some(format!("import it: relay lookups import {table} FILE")),
        ),
        LookupTable::Delivered { flow, .. } | LookupTable::Line { flow, .. } => {
            let help = "`delivered.` is followed by the name of a flow file of this folder, without `.toml`";
            let message = format!("there is no flow `{flow}` whose deliveries could be looked up");
            (Severity::Error, message, Some(help.to_owned()))
        }
        LookupTable::Vendor(_) | LookupTable::Listed { .. } => {
            (Severity::Error, format!("the look-up table `{table}` is not there"), None)
        }
    };
    report.diagnostic(severity, written.span.clone(), message, help)
}
