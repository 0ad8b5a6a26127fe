//! The error index: what a vendor's code or words mean and what to do, as docs/errors.md and docs/zh/errors.md have it for people.
//!
//! A row begins with codes and words in backticks. A code is the failure's own; words stand in its message. Of several rows the
//! one whose words are longest fits best.

use std::sync::OnceLock;

use relay_core::FailureClass;

use crate::Operations;
use crate::issues::Issue;
use crate::language::{Language, Said};

const CHINESE: &str = include_str!("../../../docs/zh/errors.md");
const ENGLISH: &str = include_str!("../../../docs/errors.md");

/// A row of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    system: String,
    signs: Vec<String>,
    /// What is meant.
    pub meaning: Said,
    /// What to do.
    pub way_out: Said,
}

impl Row {
    /// The vendor.
    #[must_use]
    pub fn system(&self) -> &str {
        &self.system
    }

    /// The codes and words that it is found by.
    #[must_use]
    pub fn signs(&self) -> &[String] {
        &self.signs
    }

    /// Whether it has to do with a text: a vendor's name, a code, its words, or a whole message of it.
    fn is_about(&self, text: &str) -> bool {
        let holds = |own: &str| own.to_lowercase().contains(text);
        let by_sign = |sign: &String| sign.contains(text) || (!is_code(sign) && says(text, sign));
        let languages = [Language::Chinese, Language::English];
        let told = languages.map(|language| [self.meaning.told(language), self.way_out.told(language)]);
        self.system == text
            || self.signs.iter().any(by_sign)
            || told.as_flattened().iter().any(|told| holds(told))
    }
}

/// The rows that have to do with a text; all of them where there is none.
pub fn about(text: &str) -> impl Iterator<Item = &'static Row> {
    let text = text.trim().to_lowercase();
    rows().iter().filter(move |row| text.is_empty() || row.is_about(&text))
}

/// A row of a vendor's table as it stands on a page.
struct Cells {
    system: &'static str,
    cells: [&'static str; 3],
}

impl Row {
    fn of(chinese: &Cells, english: &Cells) -> Self {
        let [signs, meaning, way_out] = chinese.cells;
        Self {
            system: chinese.system.to_owned(),
            signs: in_backticks(signs).map(str::to_lowercase).collect(),
            meaning: Said::new(meaning, english.cells[1]),
            way_out: Said::new(way_out, english.cells[2]),
        }
    }
}

/// The rows of every vendor.
#[must_use]
pub fn rows() -> &'static [Row] {
    static ROWS: OnceLock<Vec<Row>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let both = cells(CHINESE).into_iter().zip(cells(ENGLISH));
        both.map(|(chinese, english)| Row::of(&chinese, &english)).collect()
    })
}

/// The cells of the vendors' tables, each with the vendor that its head names.
fn cells(page: &'static str) -> Vec<Cells> {
    let (mut found, mut system) = (Vec::new(), None);
    for line in page.lines() {
        if line.starts_with("## ") {
            system = in_backticks(line).next();
        } else if let Some(system) = system.filter(|_| line.starts_with("| `")) {
            let mut cells = line.trim_matches(['|', ' ']).split(" | ");
            if let (Some(signs), Some(meaning), Some(way_out)) = (cells.next(), cells.next(), cells.next()) {
                found.push(Cells { system, cells: [signs, meaning, way_out] });
            }
        }
    }
    found
}

fn in_backticks(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The row that fits what a vendor has said best.
#[must_use]
pub fn find(system: &str, code: Option<&str>, message: &str) -> Option<&'static Row> {
    let (code, message) = (code.unwrap_or_default().to_lowercase(), message.to_lowercase());
    let mut best: Option<(usize, &Row)> = None;
    for row in rows().iter().filter(|row| row.system == system) {
        let fitting =
            row.signs.iter().filter(|sign| **sign == code || !is_code(sign) && says(&message, sign));
        let longest = fitting.map(String::len).max().unwrap_or_default();
        if longest > best.map_or(0, |(length, _)| length) {
            best = Some((longest, row));
        }
    }
    best.map(|(_, row)| row)
}

/// Digits alone stand in too many messages.
fn is_code(sign: &str) -> bool {
    sign.chars().all(|char| char.is_ascii_digit() || char == '-')
}

/// Whether a message has these words, and not as a part of another: `ip` is none of `description`.
fn says(message: &str, words: &str) -> bool {
    let is_part = |inner: Option<char>, outer: Option<char>| {
        inner.is_some_and(|char| char.is_ascii_alphanumeric())
            && outer.is_some_and(|char| char.is_ascii_alphanumeric())
    };
    message.match_indices(words).any(|(at, _)| {
        let (before, after) = (message[..at].chars().next_back(), message[at + words.len()..].chars().next());
        !is_part(words.chars().next(), before) && !is_part(words.chars().next_back(), after)
    })
}

impl Operations<'_> {
    /// The row for an issue, where a vendor has spoken: its flow's target, or its source where that refuses an acknowledgement.
    #[must_use]
    pub fn indexed(&self, issue: &Issue) -> Option<&'static Row> {
        use FailureClass::{Acknowledgement, Changed, Expired, Refused, Unknown};
        let routed = self.flows.named(&issue.flow)?;
        let system = match issue.class {
            Refused | Changed | Unknown | Expired => routed.system,
            Acknowledgement => routed.source_system(),
            _ => return None,
        };
        find(system.name(), issue.code.as_deref(), &issue.sample.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_pages_have_the_same_rows_for_every_vendor() {
        let signs = |page| -> Vec<_> {
            let cells = cells(page).into_iter();
            cells.map(|row| (row.system, in_backticks(row.cells[0]).collect::<Vec<_>>())).collect()
        };
        assert_eq!(signs(CHINESE), signs(ENGLISH));
        assert!(rows().len() > 60, "{}", rows().len());
        for row in rows() {
            let said = [row.meaning.told(Language::Chinese), row.way_out.told(Language::Chinese)];
            assert!(said.iter().all(|text| text.chars().any(|char| char > '\u{2E80}')), "{row:?}");
        }
    }

    #[test]
    fn a_code_a_word_or_a_whole_message_finds_rows() {
        let found = |text: &str| about(text).map(|row| row.meaning.to_string()).collect::<Vec<_>>();
        assert_eq!(found("").len(), rows().len());
        assert!(found("1012").contains(&"called too often (the limit is 60 a minute)".to_owned()));
        let locked = "the record is locked".to_owned();
        assert!(found("Error: THE RECORD IS LOCKED by somebody").contains(&locked), "{:?}", found("locked"));
        assert!(about("kingdee").all(|row| row.system() == "kingdee" || row.is_about("kingdee")));
        assert!(about("kingdee").any(|row| row.system() == "kingdee" && !row.signs().is_empty()));
        assert_eq!(found("nobody says so"), [""; 0]);
    }

    #[test]
    fn a_code_or_the_longest_words_find_the_row() {
        for (system, code, message, meaning) in [
            ("wangdian", Some("1012"), "请求过于频繁", "called too often (the limit is 60 a minute)"),
            ("wangdian", Some("1"), "无效店铺编号", "`shop_no` is empty or unknown"),
            ("wangdian", None, "your ip is not allowed", "the address is not on the allow-list"),
            ("kingdee", None, "参数number[A-1]不存在", "the account set has no such code"),
            (
                "kingdee",
                Some("1030002006"),
                "app token check failed",
                "the application's secret (V2) has rotated",
            ),
            ("sharecrm", Some("50009"), "the record is locked", "the record is locked"),
            ("sharecrm", Some("50009"), "timeout", "a fault of the service; it may have been written or not"),
            (
                "http",
                Some("310000"),
                "sign not match",
                "钉钉: against its 安全设置 (signature, keyword or address)",
            ),
        ] {
            let row = find(system, code, message).unwrap_or_else(|| panic!("{system} {code:?} {message}"));
            assert_eq!(row.meaning.to_string(), meaning, "{system} {code:?} {message}");
        }
        assert_eq!(find("wangdian", Some("0"), "the description of the signal"), None);
    }
}
