//! Chinese and English. Both stand side by side wherever something is said, Chinese first, so that no text lacks its twin.
//!
//! What is said is a [`Said`]: programs read its English (`--json`, the ledger), people the language that they have chosen.

use std::borrow::Cow;
use std::fmt;

use relay_reconcile::Verdict;
use serde::{Serialize, Serializer};

use crate::phrases;

/// The language that a person reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// 中文.
    Chinese,
    /// English.
    #[default]
    English,
}

impl Language {
    /// The language of a locale such as `zh_CN.UTF-8`; English where it is another one.
    #[must_use]
    pub fn of_locale(locale: &str) -> Self {
        let name = locale.split(['_', '-', '.', '@']).next().unwrap_or_default();
        if name.eq_ignore_ascii_case("zh") { Self::Chinese } else { Self::English }
    }

    /// The text in this language.
    #[must_use]
    pub fn says<'a>(self, chinese: &'a str, english: &'a str) -> &'a str {
        match self {
            Self::Chinese => chinese,
            Self::English => english,
        }
    }

    /// What a document comes to in a reconciliation.
    #[must_use]
    pub fn verdict(self, verdict: Verdict) -> &'static str {
        let chinese = match verdict {
            Verdict::Matched => "一致",
            Verdict::Missing => "缺少",
            Verdict::Extra => "多出",
            Verdict::Doubled => "重复",
            Verdict::Different => "不同",
            Verdict::NotDue => "还没到",
            Verdict::Explained => "有原因",
            Verdict::NotCompared => "没能比对",
        };
        self.says(chinese, verdict.in_words())
    }

    /// How a turn ended, by its name.
    #[must_use]
    pub fn outcome(self, name: &str) -> &str {
        let chinese = match name {
            "delivered" => "已送达",
            "confirmed" => "再送一次确认",
            "found" => "目标里已有",
            "unchanged" => "没有变化",
            "divided" => "已拆开",
            "skipped" => "跳过",
            "failed" => "失败",
            "retry" => "稍后再试",
            "paused" => "暂停中",
            "postponed" => "还没轮到",
            other => other,
        };
        self.says(chinese, name)
    }

    /// What stands in English alone, such as what the ledger keeps, in this language where [`phrases`] have it.
    #[must_use]
    pub fn words(self, english: &str) -> Cow<'_, str> {
        match self {
            Self::Chinese => phrases::in_chinese(english),
            Self::English => Cow::Borrowed(english),
        }
    }

    /// What a class of failures means, and the way out.
    #[must_use]
    pub fn class(self, code: &str) -> &'static str {
        let (chinese, english) = match code {
            "mapping" => (
                "流程做不出目标单据:改来源单据、目标的基础资料或流程,再重放",
                "the flow cannot make the target's document: mend the source, the base data or the flow, and replay",
            ),
            "refused" => (
                "目标不收:按原话改好再重放;或手工录入后了结",
                "the target does not take it: mend what it names and replay, or enter it by hand and settle",
            ),
            "changed" => (
                "已送达单据的新版本,目标不改已有的单:手工改好后了结",
                "a newer version of what the target has: change it there by hand, and settle",
            ),
            "unknown" => (
                "发出后没有回答,再发会重单:到目标里查,有就了结,没有就重放",
                "it was sent and the answer was lost: look for it in the target; settle where it is there, replay where not",
            ),
            "crossed" => (
                "两个进程同时处理过:到目标里核对后了结",
                "two workers had it at once: compare it in the target, and settle",
            ),
            "settled" => (
                "人工处理过的单据又来了新版本:改好后了结,或重放",
                "a newer version of what a person has settled: settle it too, or replay",
            ),
            "acknowledgement" => (
                "目标已收到,来源不接受回写:在来源里处理后了结",
                "the target has it and the source refuses the acknowledgement: release it there, and settle",
            ),
            "expired" => (
                "等了 13 天:改好最后一次的原因再重放",
                "it waited for 13 days: mend the last reason, and replay",
            ),
            "flow" => ("流程文件不在了:放回去再重放", "its flow has no file: put it back, and replay"),
            "unrouted" => {
                ("没有流程要它:加流程再重放,或了结", "no flow takes it: add one and replay, or settle")
            }
            "waiting" => (
                "所指的另一张单还没送达:到了会自己重发",
                "it refers to what another flow has not delivered yet: it is sent as soon as that is",
            ),
            "withdrawn" => (
                "新版本里没有这一份的行了:到目标里作废后了结",
                "a newer version has no lines for this part: void it in the target, and settle",
            ),
            _ => ("见原因", "see the reason"),
        };
        match self {
            Self::Chinese => chinese,
            Self::English => english,
        }
    }
}

/// A text in both languages. Displayed and serialised it is English: so it stands in answers for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    chinese: String,
    english: String,
}

impl Said {
    /// A text and its twin.
    #[must_use]
    pub fn new(chinese: impl Into<String>, english: impl Into<String>) -> Self {
        Self { chinese: chinese.into(), english: english.into() }
    }

    /// What is the same in both: a name, a number, a vendor's own words.
    #[must_use]
    pub fn same(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { chinese: text.clone(), english: text }
    }

    /// What stands in English alone, with its Chinese where [`phrases`] have it.
    #[must_use]
    pub fn of(english: impl Into<String>) -> Self {
        let english = english.into();
        Self { chinese: phrases::in_chinese(&english).into_owned(), english }
    }

    /// The text in that language.
    #[must_use]
    pub fn told(&self, language: Language) -> &str {
        language.says(&self.chinese, &self.english)
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english)
    }
}

impl Serialize for Said {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.english)
    }
}

/// A [`Said`] of two formats with the same arguments: `both!("{count} 张", "{count} documents")`.
#[macro_export]
macro_rules! both {
    ($chinese:literal, $english:literal $(, $($argument:tt)*)?) => {
        $crate::language::Said::new(
            format!($chinese $(, $($argument)*)?),
            format!($english $(, $($argument)*)?),
        )
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_says_chinese_or_else_it_is_english() {
        for locale in ["zh", "zh_CN.UTF-8", "zh-TW", "ZH_HK"] {
            assert_eq!(Language::of_locale(locale), Language::Chinese, "{locale}");
        }
        for locale in ["", "C", "C.UTF-8", "POSIX", "en_US.UTF-8", "zha_CN", "de_DE"] {
            assert_eq!(Language::of_locale(locale), Language::English, "{locale}");
        }
    }

    #[test]
    fn programs_read_english() {
        let said = both!("{} 张", "{} documents", 3);
        assert_eq!(serde_json::to_string(&said).unwrap(), "\"3 documents\"");
        assert_eq!(said.told(Language::Chinese), "3 张");
    }
}
