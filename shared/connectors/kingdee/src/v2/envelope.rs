//! The answer: `errcode`, `description`, `data`; the calls that log in may say `code` and `msg` instead.

use relay_connector::{Response, answer, lenient};
use serde_json::Value;

use crate::version::{Answer, Refusal};

/// What marks a JSON object as the vendor's and not as some gateway's.
const MARKS: [&str; 4] = ["errcode", "code", "description", "data"];

/// What complaints about a document speak of: `参数number[X]不存在`, `第1行基础资料"unit"字段不能为空`.
const OF_DOCUMENTS: [&str; 4] = ["参数", "字段", "行", "单据"];

pub(super) fn read(response: &Response) -> Option<Answer> {
    let mut body = answer::json(response)?;
    if !MARKS.iter().any(|mark| body.get(mark).is_some()) {
        return None;
    }
    let succeeded = match lenient::integer(&body, "errcode") {
        Some(code) => code == 0,
        None => matches!(lenient::integer(&body, "code"), Some(0 | 200)),
    };
    let inside = body.get("data").and_then(|data| lenient::flag(data, "success"));
    if succeeded && inside != Some(false) {
        return Some(Answer::Data(body.get_mut("data").map(Value::take).unwrap_or_default()));
    }
    let said = ["description", "msg", "message", "description_cn"];
    let said = said.iter().filter_map(|name| lenient::field(&body, name));
    let message = said.fold(String::new(), |told, text| match told.is_empty() {
        true => text,
        false if told.contains(&text) => told,
        false => format!("{told}; {text}"),
    });
    let code = ["errcode", "code"].iter().find_map(|name| lenient::field(&body, name));
    let is_about_the_document = OF_DOCUMENTS.iter().any(|word| message.contains(word));
    Some(Answer::Refusal(Refusal { code: code.filter(|code| code != "0"), message, is_about_the_document }))
}

/// The id of the saved record: that of `id_number_map` (id to number), or the first of `ids`.
pub(super) fn saved_id(data: &Value) -> Option<String> {
    let of_map =
        data.get("id_number_map").and_then(Value::as_object).and_then(|ids| ids.keys().next().cloned());
    let of_list = || match data.get("ids")? {
        Value::Array(ids) => ids.iter().find_map(lenient::text),
        id => lenient::text(id),
    };
    of_map.or_else(of_list).filter(|id| !id.is_empty())
}

/// Whether an answer tells that something was done to that document. Success with an empty list is that of nothing.
pub(crate) fn names(data: &Value, id: &str) -> bool {
    let listed = data.get("ids").and_then(Value::as_array).into_iter().flatten().filter_map(lenient::text);
    let mapped = data.get("id_number_map").and_then(Value::as_object);
    let mapped = mapped.into_iter().flat_map(|ids| ids.keys().cloned());
    listed.chain(mapped).any(|named| named == id)
}
