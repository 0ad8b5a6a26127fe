//! The answer's two levels: the gateway's outside, the document's inside `data`.

use std::collections::HashSet;

use relay_connector::{Response, answer, lenient};
use serde_json::Value;

use crate::version::{Answer, Refusal};

/// An answer of the vendor, of whatever endpoint.
pub(crate) struct Envelope {
    body: Value,
}

/// What marks a JSON object as the vendor's and not as some gateway's.
const MARKS: [&str; 7] = ["success", "errcode", "code", "data", "access_token", "description_cn", "message"];

impl Envelope {
    /// The answer, if it is one.
    pub(crate) fn parse(response: &Response) -> Option<Self> {
        let body = answer::json(response)?;
        MARKS.iter().any(|mark| body.get(mark).is_some()).then_some(Self { body })
    }

    /// Whether no level denies it and one says so: by `success`, or by the token call's `errcode: 0`.
    fn succeeded(&self) -> bool {
        let outside = lenient::flag(&self.body, "success")
            .or_else(|| lenient::integer(&self.body, "errcode").map(|code| code == 0))
            .or_else(|| self.body.get("access_token").map(|_| true));
        let inside =
            lenient::flag(self.data(), "success").or_else(|| self.is_about_the_document().then_some(false));
        match (outside, inside) {
            (Some(outside), Some(inside)) => outside && inside,
            (one, other) => one.or(other) == Some(true),
        }
    }

    /// Whether it complains about the document's content, not about the call.
    fn is_about_the_document(&self) -> bool {
        self.complaints().next().is_some()
    }

    /// The vendor's code. A zero is none.
    fn code(&self) -> Option<String> {
        let inside = self.data();
        [&self.body, inside]
            .into_iter()
            .flat_map(|level| ["errcode", "code", "errorCode"].map(|name| lenient::field(level, name)))
            .flatten()
            .find(|code| code != "0")
    }

    /// Everything that the vendor says, the document's errors first.
    fn message(&self) -> String {
        let inside = self.data();
        let levels = [inside, &self.body].into_iter();
        let general = levels.flat_map(|level| {
            ["description_cn", "message", "description", "msg"].map(|name| lenient::field(level, name))
        });
        // By their hashes: a complaint about each of many lines is looked for among all the others.
        let mut known = HashSet::new();
        let said = self.complaints().chain(general.flatten()).filter(|text| known.insert(text.clone()));
        said.collect::<Vec<_>>().join("; ")
    }

    /// What the call asked for (the whole answer where it has no `data` level), or why there is nothing.
    pub(crate) fn into_answer(mut self) -> Answer {
        if !self.succeeded() {
            return Answer::Refusal(Refusal {
                code: self.code(),
                message: self.message(),
                is_about_the_document: self.is_about_the_document(),
            });
        }
        match self.body.get_mut("data").map(Value::take) {
            Some(data) if !data.is_null() => Answer::Data(data),
            _ => Answer::Data(self.body),
        }
    }

    fn data(&self) -> &Value {
        self.body.get("data").unwrap_or(&Value::Null)
    }

    /// `errorInfo[].msg` of either level.
    fn complaints(&self) -> impl Iterator<Item = String> {
        let infos = [self.data(), &self.body].into_iter().filter_map(|level| level.get("errorInfo"));
        infos.flat_map(|info| match info {
            Value::Array(rows) => rows.iter().filter_map(complaint).collect(),
            one => Vec::from_iter(complaint(one)),
        })
    }
}

fn complaint(info: &Value) -> Option<String> {
    match info {
        Value::Object(_) => {
            ["msg", "message", "description_cn"].iter().find_map(|name| lenient::field(info, name))
        }
        scalar => lenient::text(scalar).filter(|text| !text.is_empty()),
    }
}

/// The id of the saved record: the first of `successPkIds`.
pub(crate) fn saved_id(data: &Value) -> Option<String> {
    match data.get("successPkIds")? {
        Value::Array(ids) => ids.iter().find_map(lenient::text),
        id => lenient::text(id),
    }
    .filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn complaints_are_told_once_each_however_many_there_are() {
        let twice = (0..100_000).chain(0..100_000).map(|line| json!({"msg": format!("行 {line}")}));
        let body = json!({"success": false, "data": {"errorInfo": twice.collect::<Vec<_>>()}});
        let envelope = Envelope::parse(&Response::new(200, body.to_string())).unwrap();
        // Each was compared with all before it, so that this took minutes.
        assert_eq!(envelope.message().split("; ").count(), 100_000);
    }
}
