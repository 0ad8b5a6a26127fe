//! Reads a test file: every mistake is reported, none stops the reading.

use std::collections::BTreeMap;

use serde_json::Value;
use toml_edit::{Document, Item};

use super::given::{self, Beside};
use super::place;
use super::{Expected, Line, Outcome, Test, Why};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::flow::Flow;
use crate::load::report::Report;
use crate::load::table::{Entry, Table};
use crate::lookup::LookupKey;

/// What the whole file says, for the tests that do not say it themselves.
const COMMON: [&str; 3] = ["document", "settings", "lookups"];
const KEYS: [&str; 17] = [
    "name",
    "document",
    "set",
    "remove",
    "before",
    "settings",
    "lookups",
    "key",
    "version",
    "request",
    "params",
    "group",
    "brings",
    "absent",
    "faults",
    "nothing",
    "withdrawn",
];

pub(super) fn tests(
    flow: &Flow,
    file: &str,
    text: &str,
    beside: Beside<'_>,
) -> Result<Vec<Test>, Diagnostics> {
    let document = Document::parse(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        let message = format!("this is not TOML: {}", error.message().trim());
        Diagnostics(vec![Diagnostic::new(Severity::Error, file, text, span, message, None)])
    })?;
    let mut report = Report::new(file, text);
    let top = Table::new(document.as_table(), 0..0);
    top.expect(&[COMMON.as_slice(), &["test"]].concat(), &mut report);
    let common = Common {
        flow,
        beside,
        document: top.get("document").and_then(|entry| given::document(&entry, beside, &mut report)),
        settings: settings(&top, &mut report),
        lookups: lookups(&top, flow, &mut report),
    };
    let mut tests = Vec::new();
    match top.get("test") {
        Some(Entry { item: Item::ArrayOfTables(tables), .. }) => {
            for table in tables {
                let table = Table::new(table, table.span().unwrap_or(0..0));
                tests.extend(common.test(&table, &mut report));
            }
        }
        Some(entry) => entry.wrong_type("a list of tables, each under a head [[test]]", &mut report),
        None => report.mistake(0..0, "there is no test here", Some("write a table [[test]]".to_owned())),
    }
    let found = report.finish();
    if found.is_empty() { Ok(tests) } else { Err(Diagnostics(found)) }
}

struct Common<'a> {
    flow: &'a Flow,
    beside: Beside<'a>,
    document: Option<Value>,
    settings: BTreeMap<String, String>,
    lookups: BTreeMap<LookupKey, String>,
}

impl Common<'_> {
    fn test(&self, table: &Table<'_>, report: &mut Report<'_>) -> Option<Test> {
        table.expect(&KEYS, report);
        let name = table.required_text("name", report)?.text.to_owned();
        let whole = self.document(table, report)?;
        let before = table.get("before").map(|entry| {
            let table = entry.table(report)?;
            table.expect(&["document", "set", "remove"], report);
            let mut before = match table.get("document") {
                Some(entry) => given::document(&entry, self.beside, report)?,
                None => whole.clone(),
            };
            given::change(&mut before, &table, report);
            Some(before)
        });
        let mut document = whole;
        given::change(&mut document, table, report);
        let mut of_test = (self.settings.clone(), self.lookups.clone());
        of_test.0.extend(settings(table, report));
        of_test.1.extend(lookups(table, self.flow, report));
        let expected = |key, report: &mut Report<'_>| {
            let entry: Option<Entry<'_>> = table.get(key);
            entry.map(|entry| expected(&entry, report))
        };
        let (key, version) = (expected("key", report), expected("version", report));
        let withdrawn = table.get("withdrawn").map_or(Some(Vec::new()), |entry| lines(&entry, report));
        let outcome = outcome(table, self.flow, report);
        Some(Test {
            name,
            line: report.position(table.span.start).line,
            document,
            before: before.map_or(Some(None), |before| before.map(Some))?,
            settings: of_test.0,
            lookups: of_test.1,
            key: key.map_or(Some(None), |key| key.map(Some))?,
            version: version.map_or(Some(None), |version| version.map(Some))?,
            withdrawn: withdrawn?,
            outcome: outcome?,
        })
    }

    fn document(&self, table: &Table<'_>, report: &mut Report<'_>) -> Option<Value> {
        match table.get("document") {
            Some(entry) => given::document(&entry, self.beside, report),
            None if self.document.is_some() => self.document.clone(),
            None => {
                let help =
                    "write document = \"…\": a file beside this one, JSON text in ''' or a table".to_owned();
                report.mistake(table.span.clone(), "this test has no document", Some(help));
                None
            }
        }
    }
}

fn expected(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<Expected> {
    let line = report.position(entry.key_span.start).line;
    Expected::read(entry.item, line, report)
}

fn outcome(table: &Table<'_>, flow: &Flow, report: &mut Report<'_>) -> Option<Outcome> {
    let (own, others, what) = match flow.group() {
        Some(_) => (["brings", "group"], ["request", "params"], "goes into its group"),
        None => (["request", "params"], ["brings", "group"], "is sent"),
    };
    if let Some(entry) = others.into_iter().find_map(|key| table.get(key)) {
        let message = format!("a document of this flow {what}, and a test of it has no `{}`", entry.key);
        report.mistake(entry.key_span, message, Some(format!("write `{}` or `{}`", own[0], own[1])));
        return None;
    }
    let is_made = own.into_iter().chain(["absent"]).find_map(|key| table.get(key));
    let others = [is_made, table.get("faults"), table.get("nothing")];
    let mut others = others.into_iter().flatten();
    let Some(first) = others.next() else {
        let help = format!("write what {what} as `{}`, or `faults = [\"…\"]`, or `nothing = true`", own[0]);
        report.mistake(table.span.clone(), "this test expects nothing in particular", Some(help));
        return None;
    };
    if let Some(second) = others.next() {
        let message = format!("a document is sent, fails or is left alone: it has `{}` already", first.key);
        report.mistake(second.key_span, message, None);
        return None;
    }
    let line = report.position(first.key_span.start).line;
    match first.key {
        "faults" => {
            let texts = lines(&first, report)?;
            Some(Outcome::Faults {
                line,
                texts: texts.into_iter().map(|text| by_names_of(text, flow)).collect(),
            })
        }
        "nothing" => nothing(&first, line, report),
        _ => {
            let part = |key, report: &mut Report<'_>| match table.get(key) {
                Some(entry) => {
                    match flow.split() {
                        // What params and group say is no body.
                        Some(_) if key == own[0] => list(&entry, report)?,
                        _ if key == "group" => {}
                        _ => _ = entry.table(report)?,
                    }
                    expected(&entry, report).map(Some)
                }
                None => Some(None),
            };
            let (body, beside) = (part(own[0], report), part(own[1], report));
            let absent = table.get("absent").map_or(Some(Vec::new()), |entry| {
                let places = entry.texts(report)?;
                places.iter().for_each(|place| place::check(place, flow, report));
                lines(&entry, report)
            });
            let (body, beside, absent) = (body?, beside?, absent?);
            let target = flow.target.document;
            let body = body.map(|body| body.by_names_of(target, target.fields()));
            let absent = absent.into_iter().map(|place| by_names_of(place, flow)).collect();
            Some(match flow.group() {
                Some(_) => Outcome::Brings { body, group: beside, absent },
                None => Outcome::Request { body, params: beside, absent },
            })
        }
    }
}

/// What is sent of a document that is split: one request for each part that is sent.
fn list(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<()> {
    let is_list = entry.item.is_array() || entry.item.is_array_of_tables();
    if !is_list {
        entry.wrong_type("a list, with a table for each part that is sent", report);
    }
    is_list.then_some(())
}

fn nothing(entry: &Entry<'_>, line: usize, report: &mut Report<'_>) -> Option<Outcome> {
    if entry.item.as_bool() == Some(true) {
        return Some(Outcome::Nothing { line, why: None });
    }
    let written = entry.item.as_str();
    let why = written.and_then(|text| Why::ALL.into_iter().find(|why| why.name() == text));
    if why.is_none() {
        let names = Why::ALL.map(Why::name).join("\", \"");
        report.mistake(entry.span.clone(), format!("`nothing` is true, or one of \"{names}\""), None);
    }
    why.map(|why| Outcome::Nothing { line, why: Some(why) })
}

fn lines(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<Vec<Line>> {
    let texts = entry.texts(report)?;
    let line = |written: &crate::load::report::Written<'_>| Line {
        text: written.text.to_owned(),
        line: report.position(written.span.start).line,
    };
    Some(texts.iter().map(line).collect())
}

/// A text that begins with a place of the target's document, with the names under which it is sent.
fn by_names_of(Line { text, line }: Line, flow: &Flow) -> Line {
    let (place, rest) = text.split_at(text.find(':').unwrap_or(text.len()));
    Line { text: place::sent(place, flow.target.document) + rest, line }
}

fn settings(table: &Table<'_>, report: &mut Report<'_>) -> BTreeMap<String, String> {
    texts(table, "settings", report).into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
}

fn lookups(table: &Table<'_>, flow: &Flow, report: &mut Report<'_>) -> BTreeMap<LookupKey, String> {
    let mut read = BTreeMap::new();
    let Some(tables) = table.get("lookups").and_then(|entry| entry.table(report)) else { return read };
    let known = flow.lookup_tables();
    for entry in tables.entries() {
        if !known.contains(entry.key) {
            let message = format!("no rule of the flow looks anything up in `{}`", entry.key);
            let known: Vec<_> = known.iter().copied().collect();
            report.unknown(entry.key_span.clone(), message, entry.key, &known);
        }
        for (code, id) in texts(&tables, entry.key, report) {
            read.insert(LookupKey { table: entry.key.to_owned(), key: code.to_owned() }, id);
        }
    }
    read
}

/// The texts of a table within a table.
fn texts<'t>(table: &Table<'t>, key: &str, report: &mut Report<'_>) -> Vec<(&'t str, String)> {
    let Some(table) = table.get(key).and_then(|entry| entry.table(report)) else { return Vec::new() };
    let read = table.entries().filter_map(|entry| Some((entry.key, entry.text(report)?.text.to_owned())));
    read.collect()
}
