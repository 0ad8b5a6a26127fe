//! Reads a flow file and checks it against the catalog: every mistake is reported, none stops the reading.

mod cautions;
mod check;
mod codes;
mod constant;
mod conversion;
mod ends;
pub(crate) mod fields;
mod fitting;
mod group;
mod key;
mod life;
mod lines;
mod lookup;
mod meant;
mod numbering;
mod of;
mod reach;
mod remainder;
pub(crate) mod report;
mod rule;
mod share;
mod split;
mod statements;
pub(crate) mod table;
mod through;
mod toml;
mod window;

use relay_connector::Catalog;
use toml_edit::Document;

use crate::diagnostic::{Diagnostics, Severity};
use crate::flow::Flow;
use crate::key::Key;
use crate::reads::Gathering;
use report::Report;
use table::Table;

pub(crate) fn flow(name: &str, file: &str, text: &str, catalog: &Catalog) -> Result<Flow, Diagnostics> {
    let readable = toml::readable(file, text);
    let mut report = Report::new(file, readable.text.as_ref()).of_part(readable.is_partial);
    check_name(name, &mut report);
    check_encoding(readable.text.as_ref(), &mut report);
    let (parsed, nothing) = (Document::parse(readable.text.as_ref()).ok(), toml_edit::Table::new());
    let document = parsed.as_ref().map_or(&nothing, |document| document.as_table());
    let loaded = load(name, &Table::new(document, 0..0), catalog, &mut report);
    let mut found = report.finish();
    found.extend(readable.mistakes);
    found.sort_by_key(|found| (found.line, found.column));
    let found = Diagnostics(found);
    match loaded {
        Some(flow) if found.of(Severity::Error).next().is_none() => Ok(Flow { warnings: found.0, ..flow }),
        _ => Err(found),
    }
}

/// A flow is called as its file. Its name is typed in a shell, and stands in the names of checkpoints.
fn check_name(name: &str, report: &mut Report<'_>) {
    const LONGEST: usize = 200;
    let is_plain = |character: char| character.is_alphanumeric() || "-_".contains(character);
    let help =
        || Some("rename the file, for example to `trade-to-kingdee.toml` or `订单到金蝶.toml`".to_owned());
    if name.is_empty() || !name.chars().all(is_plain) {
        let message = "the name of a flow's file expects letters, Chinese ones too, digits, `-` and `_`";
        report.mistake(0..0, message, help());
    } else if name.len() > LONGEST {
        report.mistake(0..0, "the name of this flow's file is too long", help());
    }
}

/// What was not UTF-8 is read as a sign that no person writes.
fn check_encoding(text: &str, report: &mut Report<'_>) {
    let sign = char::REPLACEMENT_CHARACTER;
    if let Some(at) = text.find(sign) {
        let help = "save it as UTF-8: 记事本 → 另存为 → 编码 UTF-8".to_owned();
        report.mistake(at..at + sign.len_utf8(), "this file is not UTF-8; perhaps it is GBK", Some(help));
    }
}

fn load(name: &str, file: &Table<'_>, catalog: &Catalog, report: &mut Report<'_>) -> Option<Flow> {
    const SECTIONS: [&str; 6] = ["title", "source", "target", "split", "fields", "group"];
    file.expect(&SECTIONS, report);
    // What is not found may stand under a name that is none.
    let is_slip = |name: &str| !SECTIONS.contains(&name) && report::closest(name, &SECTIONS).is_some();
    if file.entries().any(|entry| is_slip(entry.key)) {
        report.note_partial();
    }
    let title = file.text("title", report).map(|written| written.text.to_owned());
    let (source, target) = (file.table("source", report), file.table("target", report));
    let source_table = source;
    let (source_document, source) =
        source_table.as_ref().map_or((None, None), |table| ends::source(table, catalog, report));
    let target_table = target;
    let target = target_table.as_ref().and_then(|table| ends::target(table, catalog, report));
    let fields = file.table("fields", report);
    let (source_document, target, fields) = (source_document?, target?, fields?);
    let group = file.get("group").and_then(|entry| entry.table(report));
    let loader = fields::Loader { catalog, target: target.document, is_group: group.is_some() };
    let level = reach::Level::document(source_document);
    let table = fields;
    let fields = loader.document(&table, &level, report);
    let checks =
        target_table.iter().flat_map(|table| check::checks(table, &fields, &level, report)).collect();
    let is_group = group.is_some();
    let living = life::Loader { catalog, document: target.document, is_group };
    let is_split = file.get("split").is_some();
    let split = file.get("split").and_then(|entry| entry.table(report));
    let life = target_table
        .as_ref()
        .map(|table| living.life(source_table.as_ref(), table, split.as_ref(), &level, report));
    let life = life.unwrap_or_default();
    let group = group.and_then(|group| group::group(&group, &loader, &fields, &level, report));
    if is_group && group.is_none() {
        return None;
    }
    let number = target.document.number();
    let rule = number.and_then(|name| fields.get(name)).map(|field| &field.content);
    let split = split.and_then(|table| split::split(&table, (number, rule), &level, report));
    if is_split && split.is_none() {
        return None;
    }
    let ends::SourceEnd { source, key, version, filter } = source?;
    let key = Key { is_divided: is_split, ..key };
    let name = name.to_owned();
    let version_terms = version.as_ref().map(|(terms, _)| terms.as_slice()).unwrap_or_default();
    numbering::check(&table, &fields, target.document, &key.example(), version_terms, report);
    let by = group.iter().flat_map(|group| &group.by).map(|part| part.terms.as_slice());
    let identifying: Vec<_> = key.parts.iter().map(Vec::as_slice).chain(by).collect();
    let withdrawn_when = group.as_ref().and_then(|group| group.withdrawn_when.as_ref());
    let filters = filter.iter().map(|filter| &filter.expression);
    let cancelled_when = life.cancelled_when.as_ref().map(|condition| &condition.expression);
    let conditions: Vec<_> = filters.chain(withdrawn_when).chain(cancelled_when).collect();
    let reads = Gathering::of(&identifying, version_terms, &conditions, split.as_ref(), &fields);
    Some(Flow {
        name,
        title,
        source,
        target,
        key,
        version,
        filter,
        fields,
        checks,
        group,
        split,
        life,
        reads,
        warnings: Vec::new(),
    })
}
