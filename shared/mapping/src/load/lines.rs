//! Lists of `[fields]`: a table with `each`, or several blocks of lines.

use relay_connector::Field;

use super::fields::Loader;
use super::reach::{self, Level};
use super::report::Report;
use super::table::{Entry, Table};
use crate::expression;
use crate::rule::{Content, Lines, Rule, Take};

/// Keys of a list's table that are no fields.
pub(super) const LIST_WORDS: [&str; 4] = ["each", "when", "where", "copy"];

impl Loader<'_> {
    pub(super) fn list(
        &self,
        entry: &Entry<'_>,
        known: Option<&'static [Field]>,
        level: &Level<'_>,
        report: &mut Report<'_>,
    ) -> Option<Content> {
        let tables: Vec<Table<'_>> = match (entry.item.as_array_of_tables(), entry.item.as_table_like()) {
            (Some(blocks), _) => blocks
                .iter()
                .map(|block| Table::new(block, block.span().unwrap_or_else(|| entry.key_span.clone())))
                .collect(),
            (None, Some(table)) => vec![Table::new(table, entry.span.clone())],
            (None, None) => {
                let message = format!("`{}` is a list of lines", entry.key);
                let help = format!("write a table [….{}] with `each = \"the source's list\"`", entry.key);
                report.mistake(entry.span.clone(), message, Some(help));
                return None;
            }
        };
        let is_single = tables.len() == 1;
        let blocks: Option<Vec<_>> =
            tables.iter().map(|table| self.lines(table, is_single, known, level, report)).collect();
        let blocks = blocks?;
        check_sent(entry, &blocks, report);
        Some(Content::List(blocks))
    }

    /// One block of lines. Without `each` it is a single line, which a list of one block has no use for.
    fn lines(
        &self,
        table: &Table<'_>,
        must_have_each: bool,
        known: Option<&'static [Field]>,
        level: &Level<'_>,
        report: &mut Report<'_>,
    ) -> Option<Lines> {
        let when = table.text("when", report).and_then(|written| {
            let when = report.condition(&written)?;
            reach::expression(&when.expression, &written, level, report);
            Some(when)
        });
        if table.get("each").is_none() && !(must_have_each && when.is_none()) {
            if let Some(filter) = table.get("where") {
                let help = "a single line has a `when`".to_owned();
                report.mistake(filter.key_span, "`where` belongs to `each`", Some(help));
            }
            let fields = self.fields(table, &LIST_WORDS, known, level, report);
            return Some(self.finished(
                table,
                known,
                Lines { when, each: None, filter: None, fields, ..Lines::default() },
                report,
            ));
        }
        if let Some(entry) = table.misspelt("each") {
            report.unknown(entry.key_span, format!("unknown key `{}`", entry.key), entry.key, &["each"]);
            return None;
        }
        if table.get("each").is_none() {
            let message = "`each` is missing: whose lines are they?";
            report.missing(table.span.clone(), message, level.lists());
        }
        let each = table.text("each", report)?;
        let path = report.parsed(&each, expression::path(each.text))?;
        let lines = reach::lines(&path, &each, level, report)?;
        let filter = table.text("where", report).and_then(|written| {
            let filter = report.condition(&written)?;
            reach::expression(&filter.expression, &written, &lines, report);
            Some(filter)
        });
        let fields = self.fields(table, &LIST_WORDS, known, &lines, report);
        let lines = Lines { when, each: Some(path), filter, fields, ..Lines::default() };
        Some(self.finished(table, known, lines, report))
    }

    /// The block with what is done to its lines together.
    fn finished(
        &self,
        table: &Table<'_>,
        known: Option<&'static [Field]>,
        lines: Lines,
        report: &mut Report<'_>,
    ) -> Lines {
        let unique = table.entries().filter(is_unique);
        let unique = unique.map(|entry| self.sent_as(known, entry.key).to_owned()).collect();
        remaindered(table, unique, lines, report)
    }
}

/// The block with what is left of its amounts, and with the fields that no two of its lines may share.
fn remaindered(table: &Table<'_>, unique: Vec<String>, lines: Lines, report: &mut Report<'_>) -> Lines {
    let mut remainders = Vec::new();
    for field in &lines.fields.0 {
        let Content::Value(rules) = &field.content else { continue };
        let Some(remainder) = rules.iter().find_map(|rule| rule.remainder.as_ref()) else { continue };
        let is_same = |rule: &Rule| {
            let is_constant = matches!(rule.take, Take::Constant(_));
            is_constant || rule.remainder.as_ref().is_some_and(|other| other.is_same(remainder))
        };
        if !rules.iter().all(is_same) {
            let span = table.get(&field.name).map_or_else(|| table.span.clone(), |entry| entry.span);
            let message = "the rules of an amount that is rounded with its lines have the same `remainder`";
            report.mistake(
                span,
                message,
                Some("give each the same scale, rounding, remainder and total".to_owned()),
            );
        }
        remainders.push((field.name.clone(), remainder.clone()));
    }
    Lines { unique, remainders, ..lines }
}

/// Reports a field that one block of a list sends and another holds back.
fn check_sent(entry: &Entry<'_>, blocks: &[Lines], report: &mut Report<'_>) {
    let fields = |is_sent: bool| {
        let fields = blocks.iter().flat_map(|block| &block.fields.0);
        fields.filter(move |field| field.is_sent == is_sent).map(|field| field.name.as_str())
    };
    if let Some(name) = fields(false).find(|name| fields(true).any(|sent| sent == *name)) {
        let message = format!("one block of `{}` sends `{name}`, and another does not", entry.key);
        report.mistake(entry.key_span.clone(), message, None);
    }
}

fn is_unique(entry: &Entry<'_>) -> bool {
    let table_is = |table: &dyn toml_edit::TableLike| {
        table.get("unique").and_then(toml_edit::Item::as_bool) == Some(true)
    };
    match entry.item.as_array() {
        Some(rules) => rules.iter().filter_map(toml_edit::Value::as_inline_table).any(|rule| table_is(rule)),
        None => entry.item.as_table_like().is_some_and(table_is),
    }
}
