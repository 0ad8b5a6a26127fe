//! Reading an answer as JSON, whatever it is wrapped in: with a byte order mark, in GBK, as `text/html`, within a page or
//! behind a warning of PHP's. What a vendor says in it decides what becomes of a document, so it is to be read.

use std::borrow::Cow;

use serde_json::Value;

use crate::gb18030;
use crate::nesting;
use crate::transport::Response;

/// The object that an answer holds. An answer that was cut off holds none, nor does one whose characters are damaged: what
/// is taken for a document must be what the vendor wrote.
#[must_use]
pub fn json(response: &Response) -> Option<Value> {
    let text = text(response)?;
    within_text(&text).or_else(|| within(&text)).filter(Value::is_object)
}

/// JSON of any kind that stands within an answer as a text.
#[must_use]
pub fn within_text(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().or_else(|| flattened(text))
}

/// One row that is nested without end takes no other down.
fn flattened(text: &str) -> Option<Value> {
    serde_json::from_slice(&nesting::flattened(text.as_bytes(), nesting::READABLE)).ok()
}

/// The body as text: UTF-8, or GBK (GB18030 holds it) where the header says so or the bytes are no UTF-8.
fn text(response: &Response) -> Option<Cow<'_, str>> {
    let body = response.body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&response.body);
    let content_type = response.content_type.as_deref().unwrap_or_default().to_ascii_lowercase();
    let says_gb = content_type
        .split("charset=")
        .nth(1)
        .is_some_and(|charset| charset.trim_matches('"').starts_with("gb"));
    let is_gb = match std::str::from_utf8(body) {
        // Chinese in UTF-8 lies above this; what GBK looks like in UTF-8 by accident lies below.
        Ok(text) => says_gb && !text.is_ascii() && text.chars().all(|character| character < '\u{800}'),
        Err(_) => says_gb || !is_damaged_utf8(body),
    };
    if is_gb {
        return gb18030::decode(body).map(Cow::Owned);
    }
    std::str::from_utf8(body).ok().map(Cow::Borrowed)
}

/// Whether bytes that are no UTF-8 look as if most of them were.
fn is_damaged_utf8(body: &[u8]) -> bool {
    let (mut good, mut bad) = (0, 0);
    for chunk in body.utf8_chunks() {
        good += chunk.valid().chars().filter(|character| !character.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good > bad
}

/// The object within other text. Only the first brace may begin it: the inner objects of an answer that was cut off are no
/// answer.
fn within(text: &str) -> Option<Value> {
    let visible = without_scripts(text);
    let start = visible.find('{')?;
    let object = first_object(&visible[start..]);
    object.or_else(|| first_object(&unescaped(&visible[start..])))
}

fn first_object(text: &str) -> Option<Value> {
    serde_json::Deserializer::from_str(text).into_iter::<Value>().next()?.ok()
}

/// What a page's reader does not see, from where to where.
const UNSEEN: [(&str, &str); 3] = [("<script", "</script>"), ("<style", "</style>"), ("<!--", "-->")];

/// A page without what its reader does not see: the braces there are no answer's. It is gone through once, for an answer
/// may hold a million comments.
fn without_scripts(text: &str) -> String {
    // Of the same length as the page, so that places in it are places in the page.
    let page = text.to_ascii_lowercase();
    let (mut seen, mut at) = (String::new(), 0);
    while let Some(length) = page[at..].find('<') {
        let from = at + length;
        let end = UNSEEN.iter().find(|(begin, _)| page[from..].starts_with(begin)).map(|(_, end)| end);
        let to = match end {
            Some(end) => page[from..].find(end).map_or(page.len(), |length| from + length + end.len()),
            None => from + 1,
        };
        seen.push_str(&text[at..if end.is_some() { from } else { to }]);
        at = to;
    }
    seen.push_str(&text[at..]);
    seen
}

fn unescaped(text: &str) -> String {
    let entities =
        [("&quot;", "\""), ("&#34;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(content_type: &str, body: impl Into<Vec<u8>>) -> Option<Value> {
        json(&Response { content_type: Some(content_type.to_owned()), ..Response::new(200, body) })
    }

    fn refusal() -> Value {
        json!({"code": 1007, "message": "店铺ID不存在"})
    }

    fn in_gbk(text: &str) -> Vec<u8> {
        encoding_rs::GB18030.encode(text).0.into_owned()
    }

    #[test]
    fn gbk_is_read_whatever_the_header_says_of_it() {
        let body = in_gbk(&refusal().to_string());
        for content_type in ["application/json", "text/html; charset=GBK", "text/html;charset=\"gb2312\""] {
            assert_eq!(read(content_type, body.clone()), Some(refusal()), "{content_type}");
        }
    }

    #[test]
    fn utf8_is_read_whatever_the_header_says_of_it() {
        let marked = format!("\u{FEFF}{}", refusal());
        for content_type in ["application/json", "text/html; charset=GBK", "text/plain; charset=utf-8"] {
            assert_eq!(read(content_type, marked.clone()), Some(refusal()), "{content_type}");
        }
    }

    #[test]
    fn an_object_is_read_out_of_what_stands_around_it() {
        let object = refusal();
        let escaped = object.to_string().replace('"', "&quot;");
        for body in [
            format!("<html><head><style>p {{ x: y }}</style></head><body><pre>{object}</pre></body></html>"),
            format!("<pre>{escaped}</pre>"),
            format!("<br />\n<b>Warning</b>: mysql_connect() in db.php on line 3<br />\n{object}"),
            format!("{object}\n<!-- 12 ms -->"),
            format!("callback({object});"),
        ] {
            assert_eq!(read("text/html", body.clone()), Some(object.clone()), "{body}");
        }
    }

    #[test]
    fn what_a_reader_does_not_see_is_left_out_however_often_it_comes() {
        let hidden = "<!-- { --><SCRIPT>{</script><style>{</style>";
        let page = format!("{}{}<!-- {{", hidden.repeat(30_000), refusal());
        // Each of them cost as much as the page, so that this took minutes.
        assert_eq!(read("text/html", page), Some(refusal()));
    }

    #[test]
    fn what_was_cut_off_or_damaged_is_no_answer() {
        for body in [
            r#"{"success":true,"data":{"success":true,"rows":[{"id":"1"}]},"x"#,
            "<html><script>var state = {\"code\": 0}</script><h1>502</h1></html>",
            "<html></html>",
            "[1, 2]",
            "",
        ] {
            assert_eq!(read("application/json", body), None, "{body}");
        }
        let mut damaged = refusal().to_string().into_bytes();
        let place = damaged.iter().position(|byte| *byte > 0x7F).unwrap();
        damaged.remove(place);
        assert_eq!(read("application/json", damaged), None);
    }

    #[test]
    fn an_answer_of_many_comments_is_read_in_one_go() {
        let page = format!("{}{}", "<!----><b>".repeat(300_000), refusal());
        let (done, waits) = std::sync::mpsc::channel();
        std::thread::spawn(move || done.send(read("text/html", page)));
        let read = waits
            .recv_timeout(std::time::Duration::from_secs(30))
            .expect("it takes a moment, and not minutes");
        assert_eq!(read, Some(refusal()));
    }

    #[test]
    fn what_stands_between_unseen_parts_is_seen() {
        let page = "a<!-- { <script> -->b<SCRIPT>{</script>c<style>{</STYLE>d<e><!-- { ";
        assert_eq!(without_scripts(page), "abcd<e>");
    }
}
