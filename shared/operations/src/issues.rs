//! Issues: failures by their cause. What differs from document to document only in its values has one cause.
//!
//! They are made of the failures that stand, so that an issue is over as soon as its documents are.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use relay_core::item::content_hash;
use relay_core::{Entry, Failed, FailureClass};
use serde::Serialize;

/// So much of a cause's name tells it from the others of an installation.
const NAME: usize = 8;

/// Failures of one cause.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Issue {
    /// The cause's name, for `--cause`.
    pub cause: String,
    /// The flow.
    pub flow: String,
    /// What kind of failure.
    pub class: FailureClass,
    /// The vendor's code.
    pub code: Option<String>,
    /// The target's field, where the failure is one of a field.
    pub field: Option<String>,
    /// What is said of them, with `…` in the place of values.
    pub text: String,
    /// How many documents.
    pub documents: u64,
    /// When the first of them failed, of those that stand.
    pub first_seen: DateTime<Utc>,
    /// When the last did.
    pub last_seen: DateTime<Utc>,
    /// One of them.
    pub sample: Sample,
}

/// A document of an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// Its key.
    pub key: String,
    /// Its version.
    pub version: Option<String>,
    /// What is said of it.
    pub message: String,
}

/// The issues of these failures, the most frequent first.
#[must_use]
pub fn of(entries: &[Entry]) -> Vec<Issue> {
    let mut issues = BTreeMap::<String, Issue>::new();
    for entry in entries {
        let mut counted = Vec::new();
        for failed in entry.failures() {
            let issue = issue(&entry.id.flow, &entry.id.key, failed);
            let is_first = !counted.contains(&issue.cause);
            counted.push(issue.cause.clone());
            match issues.get_mut(&issue.cause) {
                Some(known) => {
                    known.documents += u64::from(is_first);
                    known.first_seen = known.first_seen.min(failed.at);
                    known.last_seen = known.last_seen.max(failed.at);
                }
                None => _ = issues.insert(issue.cause.clone(), issue),
            }
        }
    }
    let mut issues: Vec<_> = issues.into_values().collect();
    issues.sort_by_key(|issue| (std::cmp::Reverse(issue.documents), issue.first_seen));
    issues
}

/// The name of a failure's cause.
#[must_use]
pub fn cause_of(flow: &str, failed: &Failed) -> String {
    issue(flow, "", failed).cause
}

fn issue(flow: &str, key: &str, failed: &Failed) -> Issue {
    let message = first_of(failed);
    let field = field(failed, message);
    let text = without_values(message);
    let parts = serde_json::json!([flow, failed.class, failed.code, text]);
    Issue {
        cause: content_hash(&parts)[..NAME].to_owned(),
        flow: flow.to_owned(),
        class: failed.class.clone(),
        code: failed.code.clone(),
        field,
        text,
        documents: 1,
        first_seen: failed.at,
        last_seen: failed.at,
        sample: Sample {
            key: key.to_owned(),
            version: failed.version.clone(),
            message: failed.message.clone(),
        },
    }
}

/// A document may have many faults, and another of the same cause fewer: the first stands for all.
fn first_of(failed: &Failed) -> &str {
    match failed.class {
        FailureClass::Mapping => failed.message.split("; ").next().unwrap_or_default(),
        _ => &failed.message,
    }
}

/// `material_entity[3].qty: …` is of the field `material_entity[].qty`.
fn field(failed: &Failed, message: &str) -> Option<String> {
    if failed.class != FailureClass::Mapping {
        return None;
    }
    let (field, _) = message.split_once(": ")?;
    let is_path = !field.is_empty() && !field.contains(char::is_whitespace);
    is_path.then(|| field.chars().filter(|character| !character.is_ascii_digit()).collect())
}

/// A text with `…` in the place of its values: what stands in quotes or brackets, unless it is a field's name, and words
/// with a digit.
pub(crate) fn without_values(text: &str) -> String {
    let mut left = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let quoted = closing(first).and_then(|end| {
            let inner = &rest[first.len_utf8()..];
            inner.find(end).map(|length| (&inner[..length], end))
        });
        if let Some((inner, end)) = quoted {
            left.push(first);
            left.push_str(if is_name(inner) { inner } else { "…" });
            left.push(end);
            rest = &rest[first.len_utf8() + inner.len() + end.len_utf8()..];
            continue;
        }
        let is_of_word = |character: char| character.is_ascii_alphanumeric() || "-_./".contains(character);
        let length = rest.find(|character| !is_of_word(character)).unwrap_or(rest.len());
        if length == 0 {
            left.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (word, after) = rest.split_at(length);
        left.push_str(if word.contains(|character: char| character.is_ascii_digit()) { "…" } else { word });
        rest = after;
    }
    left
}

fn closing(open: char) -> Option<char> {
    let pairs = [
        ('"', '"'),
        ('`', '`'),
        ('\'', '\''),
        ('[', ']'),
        ('【', '】'),
        ('“', '”'),
        ('「', '」'),
        ('《', '》'),
    ];
    pairs.iter().find(|(opening, _)| *opening == open).map(|(_, closing)| *closing)
}

/// Whether what is quoted is a field, a table or a rule, which belong to the cause, and no value.
fn is_name(quoted: &str) -> bool {
    let is_of_name = |character: char| character.is_ascii_lowercase() || "_.| ^()".contains(character);
    !quoted.is_empty()
        && quoted.contains(|character: char| character.is_ascii_lowercase())
        && quoted.chars().all(is_of_name)
}

#[cfg(test)]
mod tests {
    use relay_core::EntryId;
    use serde_json::json;

    use super::*;

    fn failed(class: FailureClass, code: Option<&str>, message: &str, second: i64) -> Failed {
        Failed {
            version: None,
            version_kind: None,
            hash: message.to_owned(),
            class,
            code: code.map(str::to_owned),
            message: message.to_owned(),
            attempts: 1,
            document: json!({}),
            received_at: DateTime::UNIX_EPOCH,
            at: DateTime::from_timestamp(second, 0).unwrap(),
            trace: "t".to_owned(),
            replay: None,
            step: None,
            target_id: None,
            missing: Vec::new(),
        }
    }

    fn entry(key: &str, failed: Failed) -> Entry {
        Entry { failed: Some(failed), ..Entry::new(EntryId::new("f", key)) }
    }

    #[test]
    fn what_differs_in_values_alone_has_one_cause() {
        for (one, other) in [
            ("参数number[S01]不存在", "参数number[仓库二]不存在"),
            ("material SKU-1001 is unknown", "material K2 is unknown"),
            ("`spec_no` = \"A1\" is unknown", "`spec_no` = \"红色\" is unknown"),
            ("第3行数量为空", "第12行数量为空"),
        ] {
            assert_eq!(without_values(one), without_values(other));
        }
        assert_ne!(without_values("`spec_no` is empty"), without_values("`shop_no` is empty"));
        assert_ne!(without_values("数量为空"), without_values("单价为空"));
        assert_eq!(without_values("a quote that is \"not closed"), "a quote that is \"not closed");
    }

    #[test]
    fn failures_are_told_by_cause_with_count_times_and_a_sample() {
        let mapping = |line: u32, code: &str| {
            let message =
                format!("material_entity[{line}].materialid_id: `spec_no` = \"{code}\" is unknown; more");
            failed(FailureClass::Mapping, None, &message, i64::from(line))
        };
        let entries = [
            entry("1", mapping(0, "A1")),
            entry("2", mapping(7, "B2")),
            entry("3", failed(FailureClass::Refused, Some("4001"), "已关账", 5)),
            entry("4", failed(FailureClass::Refused, Some("4002"), "已关账", 5)),
        ];
        let issues = of(&entries);
        assert_eq!(issues.iter().map(|issue| issue.documents).collect::<Vec<_>>(), [2, 1, 1]);
        let most = &issues[0];
        assert_eq!(most.field.as_deref(), Some("material_entity[].materialid_id"));
        assert_eq!((most.first_seen.timestamp(), most.last_seen.timestamp()), (0, 7));
        assert_eq!(most.sample.key, "1");
        assert_eq!(cause_of("f", &mapping(99, "C3")), most.cause);
        assert_ne!(cause_of("g", &mapping(99, "C3")), most.cause, "another flow's is another");
    }

    #[test]
    fn a_document_with_two_failures_of_a_cause_is_one_document() {
        let mut both = entry("1", failed(FailureClass::Refused, None, "no 1", 1));
        both.beside.push(failed(FailureClass::Refused, None, "no 2", 2));
        assert_eq!(of(&[both])[0].documents, 1);
    }
}
