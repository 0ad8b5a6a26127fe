//! What every answer is wrapped in, read as leniently as the two routes' public clients suggest.

use chrono::{DateTime, Utc};
use percent_encoding::percent_decode_str;
use relay_connector::{Response, answer, lenient};
use serde_json::{Map, Value};

/// The content of an answer, out of whatever object it was wrapped in.
pub(crate) struct Envelope {
    content: Value,
    from_gateway: bool,
    /// The earliest time that the vendor's clock can have shown when it was asked.
    pub(crate) as_of: Option<DateTime<Utc>>,
}

/// What an answer says about the call.
pub(crate) enum Verdict {
    /// It was done.
    Done,
    /// It was not, with the code and the text of whoever refused it, and the single documents that it lists.
    Failed { code: Option<String>, text: String, documents: Vec<Value> },
    /// The answer does not say; it can hardly be the vendor's.
    Silent,
}

const GATEWAY_ERROR: &str = "error_response";

/// The WDT code is `code` on the direct route; a Qimen client in production reads `errorcode`.
const CODES: [&str; 2] = ["errorcode", "code"];

impl Envelope {
    /// Reads an answer; `None` where it holds no JSON object.
    pub(crate) fn read(response: &Response) -> Option<Self> {
        let Value::Object(mut outer) = answer::json(response)? else { return None };
        if let Some(error) = outer.get_mut(GATEWAY_ERROR) {
            return Some(Self { content: error.take(), from_gateway: true, as_of: None });
        }
        let content = match wrapper(&outer) {
            Some(name) => outer.remove(&name).unwrap_or_default(),
            None => Value::Object(outer),
        };
        Some(Self { content, from_gateway: false, as_of: None })
    }

    /// The same answer, of a call that was sent at that time of the vendor's or later.
    pub(crate) fn told_as_of(self, as_of: Option<DateTime<Utc>>) -> Self {
        Self { as_of, ..self }
    }

    pub(crate) fn verdict(&self) -> Verdict {
        let codes: Vec<_> = CODES.iter().filter_map(|name| lenient::field(&self.content, name)).collect();
        let bad_code = codes.iter().find(|code| code.parse() != Ok(0));
        let flag = lenient::field(&self.content, "flag");
        let bad_flag = flag.as_ref().is_some_and(|flag| !flag.eq_ignore_ascii_case("success"));

        if self.from_gateway || bad_flag || bad_code.is_some() {
            let code = bad_code.or(codes.first()).cloned();
            Verdict::Failed { code, text: self.text(), documents: self.listed_documents() }
        } else if flag.is_some() || !codes.is_empty() || self.holds_rows() {
            Verdict::Done
        } else {
            Verdict::Silent
        }
    }

    /// A field of the answer.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        lenient::field(&self.content, name)
    }

    /// The code, for the trace.
    pub(crate) fn code(&self) -> Option<String> {
        CODES.iter().find_map(|name| lenient::field(&self.content, name))
    }

    /// Takes the rows out. They stand under `list_key`, which the vendor leaves out where there are none; where
    /// the sheet's key may be wrong, the one list that the answer holds must be them.
    pub(crate) fn take_rows(&mut self, list_key: Option<&str>) -> Vec<Value> {
        if let Some(list_key) = list_key.filter(|list_key| self.content.get(list_key).is_some()) {
            return lenient::take_list(&mut self.content, list_key);
        }
        let Some(only) = self.only_list() else { return Vec::new() };
        tracing::debug!(expected = list_key, found = only, "the list stands under another key");
        lenient::take_list(&mut self.content, &only)
    }

    /// How many rows match in all; the vendor says so on page 0 only.
    pub(crate) fn total(&self) -> Option<u64> {
        lenient::integer(&self.content, "total_count")?.try_into().ok()
    }

    /// What the vendor did not take, although the call as a whole succeeded.
    pub(crate) fn take_errors(&mut self) -> Vec<Value> {
        lenient::take_list(&mut self.content, ERRORS)
    }

    fn holds_rows(&self) -> bool {
        lenient::field(&self.content, "total_count").is_some() || self.only_list().is_some()
    }

    fn only_list(&self) -> Option<String> {
        let mut lists =
            self.content.as_object()?.iter().filter(|(name, value)| *name != ERRORS && value.is_array());
        let (name, _) = lists.next()?;
        lists.next().is_none().then(|| name.clone())
    }

    /// All that the answer says in words, the gateway's sub-codes included.
    fn text(&self) -> String {
        let mut texts: Vec<String> = Vec::new();
        for text in self.messages().filter_map(message) {
            if !text.is_empty() && !texts.contains(&text) {
                texts.push(text);
            }
        }
        texts.join("; ")
    }

    fn listed_documents(&self) -> Vec<Value> {
        self.messages().filter_map(listed).flatten().filter(|entry| document_of(entry).is_some()).collect()
    }

    fn messages(&self) -> impl Iterator<Item = &Value> {
        let names = ["message", "msg", "sub_message", "sub_msg", "sub_code"];
        names.into_iter().filter_map(|name| self.content.get(name))
    }
}

const ERRORS: &str = "errors";

/// The name of the single object that wraps the content, if one does: `response` on Qimen, but its name is
/// nothing to rely on.
fn wrapper(outer: &Map<String, Value>) -> Option<String> {
    if outer.contains_key("flag") || CODES.iter().any(|name| outer.contains_key(*name)) {
        return None;
    }
    let mut objects = outer.iter().filter(|(_, value)| value.is_object());
    let (name, _) = objects.next()?;
    objects.next().is_none().then(|| name.clone())
}

/// In 2017 the message of a failed trade_push was a list of `{tid, error}`, as JSON in a string, with the error
/// URL-encoded.
fn listed(message: &Value) -> Option<Vec<Value>> {
    match message {
        Value::Array(list) => Some(list.clone()),
        Value::String(text) => serde_json::from_str(text).ok(),
        _ => None,
    }
}

/// A message's text.
fn message(message: &Value) -> Option<String> {
    match listed(message) {
        Some(list) => Some(list.iter().map(refusal).collect::<Vec<_>>().join("; ")),
        None => lenient::text(message),
    }
}

/// One entry of a list of refusals, as text: which document or record, and why.
pub(crate) fn refusal(entry: &Value) -> String {
    let why = refusal_reason(entry);
    document_of(entry).map_or(why.clone(), |which| format!("{which}: {why}"))
}

/// Which document or record an entry of a list of refusals is about.
fn document_of(entry: &Value) -> Option<String> {
    ["refund_no", "goods_no", "tid", "rec_id", "oid"].iter().find_map(|name| lenient::field(entry, name))
}

/// Why an entry was refused. An entry without the known fields speaks for itself.
pub(crate) fn refusal_reason(entry: &Value) -> String {
    let error = ["error", "error_msg", "message"].iter().find_map(|name| lenient::field(entry, name));
    error.map_or_else(|| lenient::text(entry).unwrap_or_else(|| entry.to_string()), |error| decoded(&error))
}

/// Undoes PHP's URL-encoding where there is one.
fn decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().map_or_else(|_| text.to_owned(), Into::into)
}
