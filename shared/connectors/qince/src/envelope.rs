//! The answer's `return_code`, and its data, which is JSON inside of a text more often than not.

use chrono::{DateTime, Utc};
use relay_connector::{Response, answer, lenient};
use serde_json::Value;

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

impl Envelope {
    /// The answer, if it is one.
    pub(crate) fn parse(response: &Response) -> Option<Self> {
        let mut body = answer::json(response)?;
        let code = lenient::field(&body, "return_code")?;
        let message = lenient::field(&body, "return_msg").unwrap_or_default();
        let data = body.get_mut("response_data").map(Value::take).unwrap_or_default();
        let data = match &data {
            Value::String(text) => serde_json::from_str(text).unwrap_or(Value::Null),
            _ => data,
        };
        Some(Self { code, message, as_of: None, data })
    }

    /// The same, with the time that the vendor's clock had passed.
    pub(crate) fn told_as_of(self, as_of: Option<DateTime<Utc>>) -> Self {
        Self { as_of, ..self }
    }

    /// Its rows: none where the list is empty, left out, `null` or an empty text.
    pub(crate) fn into_rows(self) -> Vec<Value> {
        match self.data {
            Value::Array(rows) => rows,
            mut data => {
                let list = LISTS.iter().find(|name| data.get(**name).is_some());
                list.map(|name| lenient::take_list(&mut data, name)).unwrap_or_default()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(body: &str) -> Option<usize> {
        Envelope::parse(&Response::new(200, body)).map(|envelope| envelope.into_rows().len())
    }

    #[test]
    fn data_is_read_within_a_text_as_a_list_and_as_an_object() {
        for data in
            [r#""[{\"id\":1},{\"id\":2}]""#, r#"[{"id":1},{"id":2}]"#, r#"{"rows":[{"id":1},{"id":2}]}"#]
        {
            assert_eq!(rows(&format!(r#"{{"return_code":"0","response_data":{data}}}"#)), Some(2), "{data}");
        }
        for data in [r#""""#, "null", "[]", r#""[]""#, "{}", r#"{"rows":null}"#] {
            assert_eq!(rows(&format!(r#"{{"return_code":0,"response_data":{data}}}"#)), Some(0), "{data}");
        }
        assert_eq!(rows(r#"{"return_code":0}"#), Some(0));
        assert_eq!(rows(r#"{"return_msg":"no code"}"#), None);
    }
}
