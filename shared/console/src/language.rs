//! Chinese and English. Both stand side by side wherever something is said, so that no text lacks its twin.

use crate::Request;

/// The language of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Chinese,
    English,
}

impl Language {
    /// The one that was chosen, else the one that the browser asks for; Chinese where it asks for neither.
    pub(crate) fn of(request: &Request) -> Self {
        if let Some(chosen) = request.cookie("lang") {
            return Self::named(chosen);
        }
        let asked = request.accept_language.as_deref().unwrap_or_default().to_lowercase();
        let place = |name: &str| asked.find(name).unwrap_or(usize::MAX);
        if place("en") < place("zh") { Self::English } else { Self::Chinese }
    }

    pub(crate) fn named(name: &str) -> Self {
        if name == "en" { Self::English } else { Self::Chinese }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Chinese => "zh",
            Self::English => "en",
        }
    }

    /// The other language: its name in addresses, and as who reads it writes it.
    pub(crate) fn other(self) -> (&'static str, &'static str) {
        match self {
            Self::Chinese => ("en", "English"),
            Self::English => ("zh", "中文"),
        }
    }

    /// The text in this language.
    pub(crate) fn says<'a>(self, chinese: &'a str, english: &'a str) -> &'a str {
        match self {
            Self::Chinese => chinese,
            Self::English => english,
        }
    }

    /// What a class of failures means, and the way out.
    pub(crate) fn class(self, code: &str) -> &'static str {
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
            _ => ("见原因", "see the reason"),
        };
        match self {
            Self::Chinese => chinese,
            Self::English => english,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(accept: &str, cookie: Option<&str>) -> Request {
        let (accept_language, cookie) = (Some(accept.to_owned()), cookie.map(str::to_owned));
        Request { accept_language, cookie, ..Request::default() }
    }

    #[test]
    fn chinese_comes_first_and_what_was_chosen_before_it() {
        assert_eq!(Language::of(&Request::default()), Language::Chinese);
        assert_eq!(Language::of(&asking("en-GB,en;q=0.9", None)), Language::English);
        assert_eq!(Language::of(&asking("zh-CN,zh;q=0.9,en;q=0.8", None)), Language::Chinese);
        assert_eq!(Language::of(&asking("zh-CN", Some("a=b; lang=en"))), Language::English);
    }
}
