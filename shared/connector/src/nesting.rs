//! JSON that is nested deeper than a parser reads.
//!
//! A parser that calls itself for each level gives up at some depth (`serde_json` at 128), and with it a whole answer is
//! lost for one row of it. What is here goes by the text alone, at any depth.

use std::borrow::Cow;

/// So many levels of an answer are read. Below `serde_json`'s own limit, and far beyond what any vendor sends.
pub const READABLE: usize = 120;

/// How many levels of lists and objects JSON is nested, as far as its text tells.
#[must_use]
pub fn depth(json: &[u8]) -> usize {
    let mut scan = Scan::default();
    json.iter().map(|byte| scan.step(*byte)).max().unwrap_or_default()
}

/// How many levels JSON is nested, where those are more than so many. Most documents open fewer lists and objects in all,
/// which is told in a fraction of the time.
#[must_use]
pub fn deeper_than(json: &[u8], levels: usize) -> Option<usize> {
    let opened = json.iter().filter(|byte| matches!(byte, b'[' | b'{')).count();
    if opened <= levels { None } else { Some(depth(json)).filter(|depth| *depth > levels) }
}

/// The same JSON with at most so many levels: a list or an object that begins deeper becomes text, which holds it as it
/// came, so that the rest can be read and nothing is lost.
#[must_use]
pub fn flattened(json: &[u8], levels: usize) -> Cow<'_, [u8]> {
    if deeper_than(json, levels).is_none() {
        return Cow::Borrowed(json);
    }
    let mut flat = Vec::with_capacity(json.len());
    let mut scan = Scan::default();
    let mut deep_from = None;
    for (place, byte) in json.iter().enumerate() {
        let (before, after) = (scan.depth, scan.step(*byte));
        if before == levels && after > levels {
            deep_from = Some(place);
        }
        match deep_from {
            None => flat.push(*byte),
            Some(from) if after == levels => {
                flat.extend(as_text(&json[from..=place]));
                deep_from = None;
            }
            Some(_) => {}
        }
    }
    // Of JSON that breaks off in there, no parser would make anything.
    flat.extend_from_slice(&json[deep_from.unwrap_or(json.len())..]);
    Cow::Owned(flat)
}

/// JSON as a string of JSON.
fn as_text(json: &[u8]) -> Vec<u8> {
    serde_json::Value::from(String::from_utf8_lossy(json)).to_string().into_bytes()
}

/// Where in JSON we are.
#[derive(Default)]
struct Scan {
    depth: usize,
    in_string: bool,
    is_escaped: bool,
}

impl Scan {
    /// Goes on by one byte, and answers how deep that is.
    fn step(&mut self, byte: u8) -> usize {
        if self.in_string {
            self.in_string = self.is_escaped || byte != b'"';
            self.is_escaped = !self.is_escaped && byte == b'\\';
        } else {
            match byte {
                b'"' => self.in_string = true,
                b'[' | b'{' => self.depth += 1,
                b']' | b'}' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
        self.depth
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn flat(json: &Value, levels: usize) -> Value {
        serde_json::from_slice(&flattened(json.to_string().as_bytes(), levels)).unwrap()
    }

    #[test]
    fn levels_are_counted_outside_of_strings() {
        for (json, levels) in [
            ("1", 0),
            ("{}", 1),
            (r#"{"a": [1, {"b": 2}], "c": []}"#, 3),
            (r#""[[[[""#, 0),
            (r#"["\"[[", "\\", [1]]"#, 2),
            ("", 0),
            ("]]][", 1),
        ] {
            assert_eq!(depth(json.as_bytes()), levels, "{json}");
        }
        assert_eq!(depth("[".repeat(1_000_000).as_bytes()), 1_000_000);
        let beside = "[],[[\"[\"]],[]";
        assert_eq!([1, 2, 9].map(|levels| deeper_than(beside.as_bytes(), levels)), [Some(2), None, None]);
    }

    #[test]
    fn what_is_too_deep_becomes_text_and_its_neighbours_stay() {
        let json = json!({"a": {"b": {"c": "\"}"}, "d": [[1, 2], []]}, "e": 0.10});
        let expected = json!({"a": {"b": "{\"c\":\"\\\"}\"}", "d": "[[1,2],[]]"}, "e": 0.10});
        assert_eq!(flat(&json, 2), expected);
        assert_eq!(flat(&json, 4), json);
    }

    #[test]
    fn an_answer_of_any_depth_can_be_read() {
        let deep = format!(
            r#"{{"rows": [{{"id": 1}}, {{"id": 2, "x": {}{}}}]}}"#,
            "[".repeat(9_999),
            "]".repeat(9_999)
        );
        assert!(serde_json::from_str::<Value>(&deep).is_err());
        let read: Value = serde_json::from_slice(&flattened(deep.as_bytes(), READABLE)).unwrap();
        assert_eq!((&read["rows"][0], &read["rows"][1]["id"]), (&json!({"id": 1}), &json!(2)));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf =
            prop_oneof![Just(Value::Null), any::<i64>().prop_map(Value::from), ".*".prop_map(Value::from)];
        leaf.prop_recursive(6, 48, 4, |inner| {
            let object = prop::collection::vec((".*", inner.clone()), 0..4);
            let object = object.prop_map(|fields| Value::Object(fields.into_iter().collect()));
            prop_oneof![prop::collection::vec(inner, 0..4).prop_map(Value::from), object]
        })
    }

    /// Undoes it, where the text is none of the document's own.
    fn unfolded(value: Value, levels: usize) -> Value {
        match value {
            Value::Array(rows) if levels > 0 => {
                rows.into_iter().map(|row| unfolded(row, levels - 1)).collect()
            }
            Value::Object(fields) if levels > 0 => {
                fields.into_iter().map(|(name, value)| (name, unfolded(value, levels - 1))).collect()
            }
            Value::String(text) if levels == 0 && text.starts_with(['[', '{']) => {
                serde_json::from_str(&text).unwrap_or(Value::String(text))
            }
            other => other,
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost(json in any_json(), levels in 1..5_usize) {
            let flat = flat(&json, levels);
            prop_assert!(depth(flat.to_string().as_bytes()) <= levels);
            let is_ambiguous = unfolded(json.clone(), levels) != json;
            prop_assert!(is_ambiguous || unfolded(flat, levels) == json);
        }
    }
}
