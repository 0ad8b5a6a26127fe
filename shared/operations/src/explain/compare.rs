//! Where two documents differ, field by field.

use serde::Serialize;
use serde_json::Value;

/// One field in which two documents differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Differing {
    /// The field, such as `material_entity[0].qty`.
    pub field: String,
    /// What stands there, or stood there; `None` for nothing.
    pub there: Option<Value>,
    /// What would be sent; `None` for nothing.
    pub now: Option<Value>,
}

/// Which fields are compared, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// All of either side, as text.
    Text,
    /// Those that the other side has too, numbers by their value: it is written by somebody else.
    Value,
}

pub(super) fn differing(there: &Value, now: &Value, by: By) -> Vec<Differing> {
    let mut found = Vec::new();
    compare(Some(there), Some(now), "", by, &mut found);
    found
}

fn compare(there: Option<&Value>, now: Option<&Value>, field: &str, by: By, found: &mut Vec<Differing>) {
    match (there, now) {
        (Some(Value::Object(there)), Some(Value::Object(now))) => {
            for (name, value) in now {
                let place = if field.is_empty() { name.clone() } else { format!("{field}.{name}") };
                if by == By::Text || there.contains_key(name) {
                    compare(there.get(name), Some(value), &place, by, found);
                }
            }
            for (name, value) in there.iter().filter(|(name, _)| by == By::Text && !now.contains_key(*name)) {
                let place = if field.is_empty() { name.clone() } else { format!("{field}.{name}") };
                compare(Some(value), None, &place, by, found);
            }
        }
        (Some(Value::Array(there)), Some(Value::Array(now))) => {
            for index in 0..there.len().max(now.len()) {
                compare(there.get(index), now.get(index), &format!("{field}[{index}]"), by, found);
            }
        }
        (there, now) if is_same(there, now, by) => {}
        (there, now) => {
            found.push(Differing { field: field.to_owned(), there: there.cloned(), now: now.cloned() });
        }
    }
}

fn is_same(there: Option<&Value>, now: Option<&Value>, by: By) -> bool {
    let (Some(there), Some(now)) = (there, now) else { return there == now };
    if by == By::Text || there == now {
        return there == now;
    }
    let text = |value| relay_connector::lenient::text(value);
    match (text(there), text(now)) {
        (Some(there), Some(now)) => there == now || relay_mapping::is_same_number(&there, &now),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_differ_by_each_sign_and_what_another_wrote_by_value_in_fields_that_it_has() {
        let there = json!({"a": "1.50", "b": "x", "lines": [{"n": 2}, {"n": 3}], "own": "y"});
        let now = json!({"a": "1.5", "b": "z", "lines": [{"n": "2"}], "new": "w"});
        let fields = |by| -> Vec<String> {
            differing(&there, &now, by).into_iter().map(|differing| differing.field).collect()
        };
        assert_eq!(fields(By::Text), ["a", "b", "lines[0].n", "lines[1]", "new", "own"]);
        assert_eq!(fields(By::Value), ["b", "lines[1]"]);
    }
}
