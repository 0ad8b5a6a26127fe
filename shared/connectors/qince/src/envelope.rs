//! The answer's `return_code`, and its data, which is JSON inside of a text more often than not.

use chrono::{DateTime, Utc};
use relay_connector::{Response, answer, lenient};
use serde_json::{Map, Value};

use crate::error::shortened;

/// An answer of the vendor to a call.
pub(crate) struct Envelope {
    /// What alone decides; as text, for it comes as a number too.
    pub(crate) code: String,
    /// What the vendor says.
    pub(crate) message: String,
    /// The earliest time that the vendor's clock can have shown when it was asked.
    pub(crate) as_of: Option<DateTime<Utc>>,
    data: Value,
}

/// Where rows stand in data that is an object. Which of the calls answers so is not documented.
const LISTS: [&str; 4] = ["rows", "list", "data", "records"];
/// Where such an object may count its rows.
const COUNTS: [&str; 4] = ["total", "count", "total_count", "totalCount"];

/// Why an answer's rows cannot be read. It names what is there, and shows nothing of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable(pub(crate) String);

impl Envelope {
    /// The answer, if it is one.
    pub(crate) fn parse(response: &Response) -> Option<Self> {
        let mut body = answer::json(response)?;
        let code = lenient::field(&body, "return_code")?;
        let message = lenient::field(&body, "return_msg").unwrap_or_default();
        let data = body.get_mut("response_data").map(Value::take).unwrap_or_default();
        Some(Self { code, message, as_of: None, data })
    }

    /// The same, with the time that the vendor's clock had passed.
    pub(crate) fn told_as_of(self, as_of: Option<DateTime<Utc>>) -> Self {
        Self { as_of, ..self }
    }

    /// Its rows: none where the list is empty, left out, `null` or an empty text.
    ///
    /// # Errors
    /// Where the data is there and no rows can be found in it: whoever took that for an empty list would pass over rows.
    pub(crate) fn into_rows(self) -> Result<Vec<Value>, Unreadable> {
        rows(self.data)
    }
}

fn rows(data: Value) -> Result<Vec<Value>, Unreadable> {
    match data {
        Value::Null => Ok(Vec::new()),
        Value::Array(rows) => Ok(rows),
        Value::String(text) if text.trim().is_empty() => Ok(Vec::new()),
        Value::String(text) => match answer::within_text(&text) {
            Some(within) => rows(within),
            None => {
                Err(Unreadable(format!("response_data is a text of {} bytes that is no JSON", text.len())))
            }
        },
        Value::Object(mut fields) => match LISTS.iter().find_map(|name| fields.remove(*name)) {
            Some(list) => rows(list),
            None if says_none(&fields) => Ok(Vec::new()),
            None => {
                let names: Vec<_> = fields.keys().map(|name| shortened(name)).collect();
                Err(Unreadable(format!(
                    "response_data holds no list that is known, but [{}]",
                    names.join(", ")
                )))
            }
        },
        Value::Bool(_) | Value::Number(_) => {
            Err(Unreadable("response_data is a single value and no list".to_owned()))
        }
    }
}

/// Whether an object without a list says that there are no rows: it holds nothing, or counts none.
fn says_none(fields: &Map<String, Value>) -> bool {
    let counts = COUNTS.iter().filter_map(|name| lenient::text(fields.get(*name)?));
    fields.values().all(Value::is_null) || counts.map(|count| count.parse()).any(|count| count == Ok(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many rows are found; `None` where they cannot be read.
    fn rows(data: &str) -> Option<usize> {
        let body = format!(r#"{{"return_code":"0","response_data":{data}}}"#);
        let envelope = Envelope::parse(&Response::new(200, body)).unwrap();
        envelope.into_rows().ok().map(|rows| rows.len())
    }

    #[test]
    fn data_is_read_within_a_text_as_a_list_and_as_an_object() {
        for data in [
            r#""[{\"id\":1},{\"id\":2}]""#,
            r#"[{"id":1},{"id":2}]"#,
            r#"{"rows":[{"id":1},{"id":2}]}"#,
            r#"{"data":{"total":2,"list":"[{\"id\":1},{\"id\":2}]"}}"#,
        ] {
            assert_eq!(rows(data), Some(2), "{data}");
        }
        for data in
            [r#""""#, "null", "[]", r#""[]""#, "{}", r#"{"rows":null}"#, r#"{"total":"0","page_number":1}"#]
        {
            assert_eq!(rows(data), Some(0), "{data}");
        }
        let without_data = Envelope::parse(&Response::new(200, r#"{"return_code":0}"#)).unwrap();
        assert_eq!(without_data.into_rows(), Ok(Vec::new()));
        assert!(Envelope::parse(&Response::new(200, r#"{"return_msg":"no code"}"#)).is_none());
    }

    #[test]
    fn data_in_which_no_rows_can_be_found_is_no_empty_list() {
        let deep = format!(r#""[{{\"id\":1,\"x\":{}{}}}]""#, "[".repeat(200), "]".repeat(200));
        assert_eq!(rows(&deep), Some(1), "a row that is nested without end takes no other down");
        for data in [
            r#""[{\"id\":1},{\"id\"""#,
            r#""查询成功""#,
            r#"{"orders":[{"id":1}]}"#,
            r#"{"total":3}"#,
            r#"{"rows":"x"}"#,
            r#"{"rows":{"0":{"id":1}}}"#,
            "true",
            "7",
        ] {
            assert_eq!(rows(data), None, "{data}");
        }
    }
}
