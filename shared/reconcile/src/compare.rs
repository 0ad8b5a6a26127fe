//! Where two documents differ, field by field.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One field in which two documents differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
pub enum By {
    /// All of either side, as text.
    Text,
    /// Those that the other side has too, under their name or under that which these pairs say is the same, numbers by their value:
    /// it is written by somebody else.
    Value(&'static [(&'static str, &'static str)]),
}

/// Where they differ.
#[must_use]
pub fn differing(there: &Value, now: &Value, by: By) -> Vec<Differing> {
    let mut found = Vec::new();
    compare(Some(there), Some(now), "", by, &mut found);
    found
}

fn compare(there: Option<&Value>, now: Option<&Value>, field: &str, by: By, found: &mut Vec<Differing>) {
    match (there, now) {
        (Some(Value::Object(there)), Some(Value::Object(now))) => {
            for (name, value) in now {
                let place = if field.is_empty() { name.clone() } else { format!("{field}.{name}") };
                let other = there.get(by.name_in(there, name));
                if by == By::Text || other.is_some() {
                    compare(other, Some(value), &place, by, found);
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

impl By {
    /// What the other side calls a field.
    fn name_in<'n>(self, there: &Map<String, Value>, name: &'n str) -> &'n str {
        let Self::Value(same) = self else { return name };
        if there.contains_key(name) {
            return name;
        }
        let other = same.iter().find_map(|(one, two)| match name {
            name if name == *one => Some(*two),
            name if name == *two => Some(*one),
            _ => None,
        });
        other.unwrap_or(name)
    }
}

fn is_same(there: Option<&Value>, now: Option<&Value>, by: By) -> bool {
    let (Some(there), Some(now)) = (there, now) else { return there == now };
    if by == By::Text || there == now {
        return there == now;
    }
    let text = |value| relay_connector::lenient::text(value);
    match (text(there), text(now)) {
        (Some(there), Some(now)) => {
            there == now || relay_mapping::is_same_number(&there, &now) || is_same_day(&there, &now)
        }
        _ => false,
    }
}

/// A day may be shown with its first second.
fn is_same_day(one: &str, other: &str) -> bool {
    let day = |text: &str| text.strip_suffix(" 00:00:00").map(str::to_owned);
    day(one).as_deref() == Some(other) || day(other).as_deref() == Some(one)
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
        assert_eq!(fields(By::Value(&[])), ["b", "lines[1]"]);
    }

    #[test]
    fn a_field_goes_by_either_of_its_names_and_a_day_by_its_first_second() {
        let there = json!({"bill_no": "A", "bill_date": "2026-11-29 00:00:00"});
        let now = json!({"billno": "B", "billdate": "2026-11-29"});
        let same = By::Value(&[("billno", "bill_no"), ("billdate", "bill_date")]);
        let fields: Vec<_> = differing(&there, &now, same).into_iter().map(|it| it.field).collect();
        assert_eq!(fields, ["billno"]);
    }
}
