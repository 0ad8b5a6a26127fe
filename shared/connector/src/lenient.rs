//! Values as vendors really send them: numbers as strings, codes as either, lists left out, `null`.

use serde_json::Value;

/// A scalar's text: of a string, a number or a flag. Lists, objects and `null` have none.
#[must_use]
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The text of a field, if it is there and not empty.
#[must_use]
pub fn field(object: &Value, name: &str) -> Option<String> {
    object.get(name).and_then(text).filter(|text| !text.is_empty())
}

/// A whole number, whether it came as one or as a string.
#[must_use]
pub fn integer(object: &Value, name: &str) -> Option<i64> {
    field(object, name)?.parse().ok()
}

/// A flag: `true`, `1`, `"true"`, `"1"` (and their opposites).
#[must_use]
pub fn flag(object: &Value, name: &str) -> Option<bool> {
    match field(object, name)?.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// Takes a list out of an answer. A list that is missing or `null` is an empty one; an object where a list is
/// expected (PHP writes a sparse list so) gives its values.
pub fn take_list(object: &mut Value, name: &str) -> Vec<Value> {
    match object.get_mut(name).map(Value::take) {
        Some(Value::Array(rows)) => rows,
        Some(Value::Object(rows)) => rows.into_iter().map(|(_, row)| row).collect(),
        _ => Vec::new(),
    }
}

/// The elements of what is a list, or its single element where that came in the list's place.
#[must_use]
pub fn listed(value: Value) -> Vec<Value> {
    match value {
        Value::Array(elements) => elements,
        Value::Null => Vec::new(),
        only => vec![only],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn codes_come_as_numbers_and_as_strings() {
        assert_eq!(integer(&json!({"code": 0}), "code"), Some(0));
        assert_eq!(integer(&json!({"code": "0"}), "code"), Some(0));
        assert_eq!(integer(&json!({"code": ""}), "code"), None);
        assert_eq!(integer(&json!({}), "code"), None);
    }

    #[test]
    fn a_list_that_was_left_out_is_empty() {
        assert!(take_list(&mut json!({}), "trades").is_empty());
        assert!(take_list(&mut json!({"trades": null}), "trades").is_empty());
        assert_eq!(take_list(&mut json!({"trades": [1]}), "trades"), [json!(1)]);
        assert_eq!(take_list(&mut json!({"trades": {"0": 1}}), "trades"), [json!(1)]);
    }

    #[test]
    fn a_list_of_one_may_come_as_that_one() {
        assert_eq!(listed(json!([1, 2])), [json!(1), json!(2)]);
        assert_eq!(listed(json!({"id": 1})), [json!({"id": 1})]);
        assert!(listed(Value::Null).is_empty());
    }

    #[test]
    fn nineteen_digits_survive() {
        let answer: Value = serde_json::from_str(r#"{"id": 7226306356013346628}"#).unwrap();
        assert_eq!(field(&answer, "id").unwrap(), "7226306356013346628");
    }
}
