//! JSON as `serde_json` reads it, in about half the time.
//!
//! `serde_json` does not know how many fields an object has before it has read them all, and makes the table of its fields
//! anew while it grows. Here they are gathered first, and the table is made once. Only what is plain is read here: numbers
//! and texts with escapes are read by `serde_json` one by one, and so is as a whole whatever is wrong or out of the ordinary.

use serde_json::Value;

/// More levels than this are `serde_json`'s affair, which gives up at 128.
const LEVELS: usize = 100;

/// What `serde_json` gives names of its own meaning, which are its affair too.
const PRIVATE: char = '$';

/// Reads a text that is JSON and nothing else.
///
/// # Errors
/// Those of `serde_json`.
pub fn read(text: &str) -> Result<Value, serde_json::Error> {
    match Reader::new(text).whole() {
        Some(value) => Ok(value),
        None => serde_json::from_str(text),
    }
}

/// Where we are in a text. Each method answers `None` where `serde_json` is to decide.
struct Reader<'t> {
    text: &'t str,
    at: usize,
    levels: usize,
    /// The fields read so far of the objects that have not ended yet, the outermost first.
    fields: Vec<(String, Value)>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, at: 0, levels: 0, fields: Vec::new() }
    }

    fn whole(mut self) -> Option<Value> {
        let value = self.value()?;
        self.sign().is_none().then_some(value)
    }

    fn value(&mut self) -> Option<Value> {
        match self.sign()? {
            b'"' => self.text().map(Value::String),
            b'{' => self.nested(Self::object),
            b'[' => self.nested(Self::list),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'n' => self.word("null", Value::Null),
            _ => self.number(),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Option<Value>) -> Option<Value> {
        self.levels += 1;
        let value = if self.levels > LEVELS { None } else { read(self) };
        self.levels -= 1;
        value
    }

    fn object(&mut self) -> Option<Value> {
        let first = self.fields.len();
        self.at += 1;
        let mut goes_on = !self.takes(b'}');
        while goes_on {
            let field = self.field()?;
            self.fields.push(field);
            goes_on = self.goes_on(b'}')?;
        }
        Some(Value::Object(self.fields.drain(first..).collect()))
    }

    fn field(&mut self) -> Option<(String, Value)> {
        let name = self.sign().filter(|sign| *sign == b'"').and_then(|_| self.text())?;
        if name.starts_with(PRIVATE) || !self.takes(b':') {
            return None;
        }
        Some((name, self.value()?))
    }

    fn list(&mut self) -> Option<Value> {
        let mut values = Vec::new();
        self.at += 1;
        let mut goes_on = !self.takes(b']');
        while goes_on {
            values.push(self.value()?);
            goes_on = self.goes_on(b']')?;
        }
        Some(Value::Array(values))
    }

    /// Whether another one follows, or the end of them.
    fn goes_on(&mut self, end: u8) -> Option<bool> {
        let sign = self.sign().filter(|sign| *sign == b',' || *sign == end)?;
        self.at += 1;
        Some(sign == b',')
    }

    fn text(&mut self) -> Option<String> {
        let from = self.at + 1;
        let length = self.length(from, |byte| !matches!(byte, b'"' | b'\\' | 0..0x20));
        self.at = from + length + 1;
        match self.text.as_bytes().get(from + length)? {
            b'"' => Some(self.text.get(from..from + length)?.to_owned()),
            b'\\' => self.text_with_escapes(from, from + length),
            _ => None,
        }
    }

    /// A text that begins behind the quote before `from`, with its first escape at `escape`.
    fn text_with_escapes(&mut self, from: usize, escape: usize) -> Option<String> {
        let mut end = escape;
        loop {
            end += self.length(end, |byte| !matches!(byte, b'"' | b'\\'));
            match self.text.as_bytes().get(end)? {
                b'"' => break,
                _ => end += 2,
            }
        }
        self.at = end + 1;
        serde_json::from_str(self.text.get(from - 1..=end)?).ok()
    }

    fn number(&mut self) -> Option<Value> {
        let from = self.at;
        self.at += self.length(from, |byte| matches!(byte, b'-' | b'+' | b'.' | b'0'..=b'9' | b'e' | b'E'));
        self.text.get(from..self.at)?.parse().ok().map(Value::Number)
    }

    fn word(&mut self, word: &str, value: Value) -> Option<Value> {
        let is_it = self.text.as_bytes().get(self.at..)?.starts_with(word.as_bytes());
        self.at += word.len();
        is_it.then_some(value)
    }

    /// Whether this sign is next, which is passed then.
    fn takes(&mut self, sign: u8) -> bool {
        let is_next = self.sign() == Some(sign);
        self.at += usize::from(is_next);
        is_next
    }

    /// The next sign that is no blank.
    fn sign(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.at)? {
                b' ' | b'\n' | b'\t' | b'\r' => self.at += 1,
                sign => return Some(*sign),
            }
        }
    }

    /// How many bytes from there on are such.
    fn length(&self, from: usize, is_such: impl Fn(u8) -> bool) -> usize {
        let rest = self.text.as_bytes().get(from..).unwrap_or_default();
        rest.iter().position(|byte| !is_such(*byte)).unwrap_or(rest.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_read_as_by_serde_json(text: &str) {
        let (ours, theirs) = (read(text), serde_json::from_str::<Value>(text));
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => {
                assert_eq!(ours, theirs, "{text}");
                assert_eq!(ours.to_string(), theirs.to_string(), "{text}: its order and digits");
            }
            (ours, theirs) => assert_eq!(
                ours.map_err(|error| error.to_string()),
                theirs.map_err(|error| error.to_string()),
                "{text}"
            ),
        }
    }

    #[test]
    fn what_is_plain_is_read_here() {
        let text = r#" {"b": [1.50, -2e3, {"a": "苏果", "n": null}], "a": "x\n\u4e2d", "": [], "o": {}, "t": [true, false]} "#;
        let read = Reader::new(text).whole().unwrap();
        assert_eq!(read, serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(
            read.to_string(),
            r#"{"b":[1.50,-2e+3,{"a":"苏果","n":null}],"a":"x\n中","":[],"o":{},"t":[true,false]}"#
        );
    }

    #[test]
    fn a_field_that_comes_again_keeps_its_place_and_has_its_last_value() {
        assert_eq!(read(r#"{"a": 1, "b": 2, "a": 3}"#).unwrap().to_string(), r#"{"a":3,"b":2}"#);
        is_read_as_by_serde_json(r#"{"a": {"a": 1, "a": 2}, "b": 2, "a": {"c": 3}}"#);
    }

    #[test]
    fn what_is_wrong_or_out_of_the_ordinary_is_as_serde_json_has_it() {
        for text in [
            "",
            " ",
            "{",
            "}",
            "[",
            "[1",
            "[1,",
            "[1,]",
            "[,]",
            "{,}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\":1",
            "{a:1}",
            "{1:1}",
            "[1 2]",
            "{\"a\" 1}",
            "tru",
            "truex",
            "nul",
            "falsee",
            "1 1",
            "\"",
            "\"\\",
            "\"\\\"",
            "\"\\x\"",
            "\"\\ud800\"",
            "\"\\ud83d\\ude00\"",
            "\"a\nb\"",
            "\"a\\nb\nc\"",
            "\u{FEFF}1",
            "01",
            "-",
            "+1",
            "1.",
            ".5",
            "1e",
            "1e5",
            "1E+5",
            "-0",
            "-0.0",
            "1e999999999999",
            "00",
            "0x1",
            "NaN",
            "中",
            "\"中",
            "[1]]",
            "{}{}",
            "123456789012345678901234567890.10",
            "{\"$serde_json::private::Number\": \"1\"}",
            "{\"$a\": 1}",
            "\u{0}",
        ] {
            is_read_as_by_serde_json(text);
        }
        for levels in [99, 100, 101, 126, 127, 128, 129, 100_000] {
            is_read_as_by_serde_json(&format!("{}{}", "[".repeat(levels), "]".repeat(levels)));
            is_read_as_by_serde_json(&format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels)));
        }
    }

    proptest! {
        /// JSON's own signs, in any order: most of it is wrong, and some of it is not.
        #[test]
        fn any_signs_are_read_as_by_serde_json(
            signs in prop::collection::vec(
                prop::sample::select(vec![
                    "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\":", "\"", "\\", "\\u00e4", "1", "-", ".5", "e9", "true",
                    "null", " ", "\n", "苏", "{\"a\":1}", "[2]", "$",
                ]),
                0..12,
            )
        ) {
            is_read_as_by_serde_json(&signs.concat());
        }

        #[test]
        fn what_was_written_is_read_as_by_serde_json(value in any_value()) {
            is_read_as_by_serde_json(&value.to_string());
            is_read_as_by_serde_json(&format!("{value:#}"));
            prop_assert!(Reader::new(&value.to_string()).whole().is_some(), "it is read here: {}", value);
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        scalar.prop_recursive(5, 60, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                prop::collection::vec(("[^$]{0,8}", inner), 0..8)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }
}
