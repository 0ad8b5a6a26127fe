//! In which fields documents would be sent otherwise.

use std::collections::{BTreeMap, BTreeSet};

use relay_reconcile::compare::{By, differing};
use serde::Serialize;
use serde_json::Value;

use super::BODY;

/// A field that would be sent otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldChange {
    /// The field; of lines without their number.
    pub field: String,
    /// Of how many documents.
    pub documents: u64,
    /// The key of one.
    pub such_as: String,
    /// What is sent of that one now; `None` for nothing.
    pub before: Option<Value>,
    /// What would be.
    pub after: Option<Value>,
}

/// Notes the fields in which a document would be sent otherwise, each once; answers whether there are any.
pub(super) fn note(
    fields: &mut BTreeMap<String, FieldChange>,
    key: &str,
    one: &Value,
    other: &Value,
) -> bool {
    let changes = differing(one, other, By::Text);
    let mut seen = BTreeSet::new();
    for change in &changes {
        let field = without_numbers(change.field.strip_prefix(BODY).unwrap_or(&change.field));
        if !seen.insert(field.clone()) {
            continue;
        }
        let known = fields.entry(field.clone()).or_insert_with(|| FieldChange {
            field,
            documents: 0,
            such_as: key.to_owned(),
            before: change.there.clone(),
            after: change.now.clone(),
        });
        known.documents += 1;
    }
    !changes.is_empty()
}

/// `material_entity[3].qty` as `material_entity[].qty`.
fn without_numbers(field: &str) -> String {
    let mut told = String::with_capacity(field.len());
    let mut is_within = false;
    for letter in field.trim_start_matches('.').chars() {
        is_within = (is_within || letter == '[') && letter != ']';
        if !is_within || letter == '[' {
            told.push(letter);
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_of_lines_is_told_once_for_all_lines_of_a_document() {
        let mut fields = BTreeMap::new();
        let body = |first: &str, second: &str| json!({ BODY: { "rows": [{ "qty": first }, { "qty": second }], "no": "1" } });
        assert!(note(&mut fields, "A", &body("1", "2"), &body("3", "4")));
        assert!(note(&mut fields, "B", &body("1", "2"), &body("1", "4")));
        assert!(!note(&mut fields, "C", &body("1", "2"), &body("1", "2")));
        let [change] = &fields.into_values().collect::<Vec<_>>()[..] else { panic!("one field") };
        assert_eq!(
            (change.field.as_str(), change.documents, change.such_as.as_str()),
            ("rows[].qty", 2, "A")
        );
        assert_eq!((&change.before, &change.after), (&Some(json!("1")), &Some(json!("3"))));
    }
}
