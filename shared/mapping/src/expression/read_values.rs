//! What an expression reads, value by value, with paths from the top of the document: for whoever asks why.

use serde_json::Value;

use super::evaluate::{Datum, Scope, find, is_absent, items};
use super::{Expression, Path, Root, Step, Term};
use crate::trace::ReadValue;

/// What fall-backs read, up to the first that is present.
pub(crate) fn reads_of_terms(terms: &[Term], scope: &Scope<'_>) -> Vec<ReadValue> {
    let mut reads = Vec::new();
    for term in terms {
        let Term::Path(path) = term else { break };
        let read = ReadValue::of(path, scope);
        let is_found = read.value.is_some();
        reads.push(read);
        if is_found {
            break;
        }
    }
    reads
}

/// What an expression reads, but for what it reads of the lines of a list.
pub(crate) fn reads_of(expression: &Expression, scope: &Scope<'_>) -> Vec<ReadValue> {
    let mut reads = Vec::new();
    expression.visit(&mut Vec::new(), &mut |lists, path| {
        if lists.is_empty() {
            let read = ReadValue::of(path, scope);
            if !reads.contains(&read) {
                reads.push(read);
            }
        }
    });
    reads
}

impl ReadValue {
    pub(crate) fn of(path: &Path, scope: &Scope<'_>) -> Self {
        let value = find(path, scope).filter(|value| !is_absent(value)).map(shown);
        Self { path: scope.spelled(path), value }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Object(_) => match items(value).map(|lines| lines.len()) {
            Some(1) => "1 line".to_owned(),
            Some(lines) => format!("{lines} lines"),
            None => value.to_string(),
        },
        _ => Datum::Json(value).shown().into_owned(),
    }
}

impl Scope<'_> {
    /// A path as it is reached from the top of the document.
    pub(crate) fn spelled(&self, path: &Path) -> String {
        let mut spelled = match path.root {
            Root::Up(levels) => self.up(levels).map(Scope::place).unwrap_or_default(),
            Root::Document => String::new(),
            Root::Target => "target".to_owned(),
        };
        for step in &path.steps {
            match step {
                Step::Field(field, _) => {
                    if !spelled.is_empty() {
                        spelled.push('.');
                    }
                    spelled.push_str(field);
                }
                Step::Index(index) => spelled.push_str(&format!("[{index}]")),
                Step::Where { field, value, .. } => spelled.push_str(&format!("[{field}={value}]")),
            }
        }
        spelled
    }

    /// Where the line at hand stands, such as `goods_list[0]`; nothing at the top.
    pub(crate) fn place(&self) -> String {
        match (self.parent, self.list) {
            (Some(parent), Some(list)) => format!("{}[{}]", parent.spelled(list), self.number - 1),
            _ => String::new(),
        }
    }
}
