//! What is remembered of the lines of a bill that a flow has delivered: their ids in the target, by what tells them apart there.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use relay_connector::lenient;
use relay_core::groups::unmarked;
use relay_core::{Entry, EntryId, Ledger, StoreError};
use relay_mapping::joined;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A bill that is there, by the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct There {
    /// The target's id of it.
    pub id: String,
    /// What the target has of it, as a hash: a bill that was changed has other lines.
    hash: String,
}

impl There {
    /// The bill that a document has in the target; `None` where it has none, or is one of a group's.
    #[must_use]
    pub fn of(entry: &Entry) -> Option<Self> {
        let delivered = entry.counts()?;
        let id = delivered.target_id.clone().filter(|id| unmarked(id).is_none())?;
        Some(Self { id, hash: delivered.body_hash.clone() })
    }
}

/// The bill that a flow has delivered under that key.
///
/// # Errors
/// A store that does not answer.
pub async fn bill(ledger: &dyn Ledger, flow: &str, key: &str) -> Result<Option<There>, StoreError> {
    let id = EntryId::new(flow, key);
    let entry = ledger.read(std::slice::from_ref(&id)).await?.remove(&id);
    Ok(entry.as_ref().and_then(There::of))
}

/// The lines of a bill, as its target has told them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The target's id of the bill.
    id: String,
    /// What was in it when it was asked for.
    hash: String,
    /// When it was asked for.
    pub at: DateTime<Utc>,
    /// The id of each line; `None` where several lines have one code.
    lines: BTreeMap<String, Option<String>>,
}

impl Told {
    /// What a target has told: lines, each with its id in that field, told apart by those fields. A line that lacks one of them has
    /// no code.
    #[must_use]
    pub fn of(bill: &There, lines: &[Value], id: &str, by: &[String], at: DateTime<Utc>) -> Self {
        let mut told = BTreeMap::new();
        for line in lines {
            let parts: Option<Vec<_>> = by.iter().map(|name| lenient::field(line, name)).collect();
            let Some(code) = parts.map(|parts| code(&parts)) else { continue };
            let id = lenient::field(line, id);
            told.entry(code).and_modify(|known| *known = None).or_insert(id);
        }
        Self { id: bill.id.clone(), hash: bill.hash.clone(), at, lines: told }
    }

    /// What was remembered of a bill; `None` where the bill is another by now.
    #[must_use]
    pub fn remembered(text: &str, bill: &There) -> Option<Self> {
        let told: Self = serde_json::from_str(text).ok()?;
        (told.id == bill.id && told.hash == bill.hash).then_some(told)
    }

    /// The id of the one line that has this code.
    #[must_use]
    pub fn line(&self, code: &str) -> Option<&str> {
        self.lines.get(code)?.as_deref()
    }

    /// As it is remembered.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A line's code, as it stands behind its bill's in what is looked up.
fn code(parts: &[String]) -> String {
    // With a second part, so that a single one is escaped too.
    let whole = joined(&[&[String::new()], parts].concat());
    whole.trim_start_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bill(hash: &str) -> There {
        There { id: "77".to_owned(), hash: hash.to_owned() }
    }

    fn by(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_line_is_told_by_its_fields_and_none_of_several_that_share_them() {
        let lines = [
            json!({"id": 1, "material_number": "P/1", "is_free": false}),
            json!({"id": "2", "material_number": "P2", "is_free": false}),
            json!({"id": "3", "material_number": "P2", "is_free": true}),
            json!({"id": "4"}),
        ];
        let told = Told::of(&bill("h"), &lines, "id", &by(&["material_number"]), DateTime::UNIX_EPOCH);
        assert_eq!((told.line("P%2F1"), told.line("P2"), told.line("")), (Some("1"), None, None));
        let told =
            Told::of(&bill("h"), &lines, "id", &by(&["material_number", "is_free"]), DateTime::UNIX_EPOCH);
        assert_eq!((told.line("P2/false"), told.line("P2/true")), (Some("2"), Some("3")));
    }

    #[test]
    fn what_is_remembered_of_a_bill_is_over_when_the_bill_was_changed() {
        let told =
            Told::of(&bill("h"), &[json!({"id": "1", "seq": 1})], "id", &by(&["seq"]), DateTime::UNIX_EPOCH);
        assert_eq!(Told::remembered(&told.to_text(), &bill("h")), Some(told.clone()));
        assert_eq!(Told::remembered(&told.to_text(), &bill("other")), None);
        assert_eq!(Told::remembered("none", &bill("h")), None);
        assert_eq!(told.line("1"), Some("1"));
    }
}
