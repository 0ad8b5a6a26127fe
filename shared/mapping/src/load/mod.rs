//! Reads a flow file and checks it against the catalog: every mistake is reported, none stops the reading.

mod cautions;
mod check;
mod codes;
mod constant;
mod conversion;
mod ends;
mod fields;
mod key;
mod lines;
mod numbering;
mod reach;
mod remainder;
pub(crate) mod report;
mod rule;
pub(crate) mod table;
mod window;

use relay_connector::Catalog;
use toml_edit::Document;

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::flow::Flow;
use crate::reads::Gathering;
use report::Report;
use table::Table;

pub(crate) fn flow(name: &str, file: &str, text: &str, catalog: &Catalog) -> Result<Flow, Diagnostics> {
    let document = Document::parse(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        let message = format!("this is not TOML: {}", error.message().trim());
        Diagnostics(vec![Diagnostic::new(Severity::Error, file, text, span, message, None)])
    })?;
    let mut report = Report::new(file, text);
    check_name(name, &mut report);
    let loaded = load(name, &Table::new(document.as_table(), 0..0), catalog, &mut report);
    let found = Diagnostics(report.finish());
    match loaded {
        Some(flow) if found.of(Severity::Error).next().is_none() => Ok(Flow { warnings: found.0, ..flow }),
        _ => Err(found),
    }
}

/// A flow is called as its file, and counted under that name: CloudWatch drops what is counted under one with other
/// characters, and tells nobody.
fn check_name(name: &str, report: &mut Report<'_>) {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
    if name.is_empty() || !name.chars().all(is_plain) {
        let help = "rename the file, for example to `trade-to-kingdee.toml`".to_owned();
        report.mistake(
            0..0,
            "the name of a flow's file expects letters (a–z, A–Z), digits, `-` and `_`",
            Some(help),
        );
    }
}

fn load(name: &str, file: &Table<'_>, catalog: &Catalog, report: &mut Report<'_>) -> Option<Flow> {
    file.expect(&["source", "target", "fields"], report);
    let (source, target) = (file.table("source", report), file.table("target", report));
    let (source_document, source) =
        source.map_or((None, None), |table| ends::source(&table, catalog, report));
    let target_table = target;
    let target = target_table.as_ref().and_then(|table| ends::target(table, catalog, report));
    let fields = file.table("fields", report);
    let (source_document, target, fields) = (source_document?, target?, fields?);
    let loader = fields::Loader { catalog, target: target.document };
    let level = reach::Level::document(source_document);
    let table = fields;
    let fields = loader.document(&table, &level, report);
    let checks =
        target_table.iter().flat_map(|table| check::checks(table, &fields, &level, report)).collect();
    let ends::SourceEnd { source, key, version, filter } = source?;
    let name = name.to_owned();
    let version_terms = version.as_ref().map(|(terms, _)| terms.as_slice()).unwrap_or_default();
    numbering::check(&table, &fields, target.document, &key.example(), version_terms, report);
    let reads = Gathering::of(&key.0, version_terms, filter.as_ref(), &fields);
    Some(Flow { name, source, target, key, version, filter, fields, checks, reads, warnings: Vec::new() })
}
