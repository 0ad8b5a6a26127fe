//! What a failed call means.
//!
//! Each vendor crate decides, in its `error.rs` and nowhere else, what an answer means; the pusher acts on the
//! [`Class`] alone. The code and message travel on for the person who reads the ledger: messages hold what the
//! vendor said, never what we sent.
//!
//! Vendors repeat names, phones and addresses in what they say, and logs are read by more people than the ledger. So a
//! failure prints without the vendor's words; whoever wants them, for the ledger or for a command's answer, asks for them
//! ([`Failure::in_full`]).

use std::error::Error;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};

use crate::transport::TransportError;

/// The code of a failure whose answer was larger than is read.
const TOO_LARGE: &str = "answer too large";

/// So many characters has a code as a rule (`http 502`).
const SHORT: usize = 8;

/// What a failure means for the document and for the calls after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Class {
    /// Nothing was done; the same call may be made again, not before `after`.
    Retry {
        /// How long the vendor asks to wait.
        after: Option<Duration>,
    },
    /// The vendor does not take this document now, whatever else it takes: nothing was sent.
    NotYet {
        /// After how long it will.
        after: Duration,
    },
    /// The time that there was is over: nothing was sent, and nothing is wrong.
    OutOfTime,
    /// It may have been done: ask the target before repeating.
    Unknown,
    /// The vendor takes nothing from us now: daily quota used, account stopped, credentials refused.
    Paused {
        /// When it will take calls again; unknown where a person has to mend something first.
        until: Option<DateTime<Utc>>,
    },
    /// The vendor says that it has the document already.
    Exists,
    /// The date of the document lies in a period whose books are closed.
    Closed {
        /// The first day that is open, where the vendor tells it.
        open_from: Option<NaiveDate>,
    },
    /// The document is wrong and stays wrong until a person changes something.
    Refused,
}

impl Class {
    /// The class's name in the ledger and in metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Retry { .. } => "retry",
            Self::NotYet { .. } => "not yet",
            Self::OutOfTime => "out of time",
            Self::Unknown => "unknown",
            Self::Paused { .. } => "paused",
            Self::Exists => "exists",
            Self::Closed { .. } => "closed",
            Self::Refused => "refused",
        }
    }
}

/// A call that failed. It prints as vendor, operation, class and code, for logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which vendor.
    pub vendor: &'static str,
    /// Which of its endpoints or methods.
    pub operation: Box<str>,
    /// What it means.
    pub class: Class,
    /// The vendor's code, or `http NNN` where only the status speaks.
    pub code: Option<String>,
    /// What the vendor said, and what to do about it where that is known.
    pub message: String,
    /// Whether the message is in our words alone, so that it holds nothing of a document: then it prints too.
    pub in_our_words: bool,
}

/// Without the vendor's words.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.vendor, self.operation, self.class.name())?;
        if self.in_our_words {
            write!(f, ": {}", self.message)?;
        }
        match code_for_logs(self.code.as_deref()) {
            Some(code) => write!(f, " (code {code})"),
            None => Ok(()),
        }
    }
}

impl Error for Failure {}

/// A vendor's code, for logs; nothing where it is a sentence or a number of a customer's in a code's place.
#[must_use]
pub fn code_for_logs(code: Option<&str>) -> Option<&str> {
    code.filter(|code| is_a_code(code))
}

fn is_a_code(text: &str) -> bool {
    let is_of_codes = |character: char| character.is_ascii_alphanumeric() || " .-_:".contains(character);
    text.len() <= 40 && text.chars().all(is_of_codes) && !has_phone(text)
}

/// Eleven digits in a row are more than any code has.
fn has_phone(text: &str) -> bool {
    text.split(|character: char| !character.is_ascii_digit()).any(|digits| digits.len() >= 11)
}

/// Why a call that carries an access token did not do what it was asked to.
#[derive(Debug)]
pub enum Rejection {
    /// The token may be the reason: worth one repeat with a new one. The failure is what stands if that does not help.
    Token(Failure),
    /// A new token would change nothing.
    Other(Failure),
}

impl Rejection {
    /// The failure.
    #[must_use]
    pub fn failure(&self) -> &Failure {
        match self {
            Self::Token(failure) | Self::Other(failure) => failure,
        }
    }

    /// The failure, to add to what it says.
    pub fn failure_mut(&mut self) -> &mut Failure {
        match self {
            Self::Token(failure) | Self::Other(failure) => failure,
        }
    }

    /// The same, with `hide` applied to all that the vendor said.
    #[must_use]
    pub fn hiding(self, hide: impl Fn(&str) -> String) -> Self {
        match self {
            Self::Token(failure) => Self::Token(failure.hiding(hide)),
            Self::Other(failure) => Self::Other(failure.hiding(hide)),
        }
    }

    /// What it amounts to when there is no more repeating.
    #[must_use]
    pub fn into_failure(self) -> Failure {
        match self {
            Self::Token(failure) | Self::Other(failure) => failure,
        }
    }
}

impl Failure {
    /// A failure in the vendor's own words.
    pub fn new(
        vendor: &'static str,
        operation: impl Into<Box<str>>,
        class: Class,
        code: Option<String>,
        message: impl Into<String>,
    ) -> Self {
        let (operation, message) = (operation.into(), message.into());
        Self { vendor, operation, class, code, message, in_our_words: false }
    }

    /// A failure in our words, which hold nothing of a document.
    pub fn in_our_words(
        vendor: &'static str,
        operation: impl Into<Box<str>>,
        class: Class,
        code: Option<String>,
        message: impl Into<String>,
    ) -> Self {
        Self { in_our_words: true, ..Self::new(vendor, operation, class, code, message) }
    }

    /// The same, with `hide` applied to all that the vendor said. Its code is among that, and goes into logs: a vendor may
    /// quote whatever it was sent, wherever it likes. A code as short as most are stays: it holds no secret, but the `1` of
    /// a header by chance.
    #[must_use]
    pub fn hiding(self, hide: impl Fn(&str) -> String) -> Self {
        let code =
            self.code.as_deref().map(|code| if code.len() > SHORT { hide(code) } else { code.to_owned() });
        Self { message: hide(&self.message), code, ..self }
    }

    /// All of it, the vendor's words included: for the ledger and for whoever asks a command, never for a log.
    #[must_use]
    pub fn in_full(&self) -> String {
        let Self { vendor, operation, message, .. } = self;
        let code = self.code.as_deref().map(|code| format!(" (code {code})")).unwrap_or_default();
        format!("{vendor} {operation}: {message}{code}")
    }

    /// No answer at all.
    #[must_use]
    pub fn transport(vendor: &'static str, operation: impl Into<Box<str>>, error: &TransportError) -> Self {
        let (class, code) = match error {
            TransportError::OutOfTime => (Class::OutOfTime, None),
            TransportError::NotSent(_) => (Class::Retry { after: None }, None),
            TransportError::Lost(_) => (Class::Unknown, None),
            TransportError::TooLarge { .. } => (Class::Unknown, Some(TOO_LARGE.to_owned())),
        };
        Self::in_our_words(vendor, operation, class, code, error.to_string())
    }

    /// There was no time left to make the call.
    #[must_use]
    pub fn out_of_time(vendor: &'static str, operation: impl Into<Box<str>>) -> Self {
        Self::transport(vendor, operation, &TransportError::OutOfTime)
    }

    /// What the failure means where the call would have changed nothing: it may simply be made again. An answer that is
    /// too large will be so again, until a person has looked.
    #[must_use]
    pub fn of_reading(mut self) -> Self {
        if self.class == Class::Unknown {
            let too_large = self.code.as_deref() == Some(TOO_LARGE);
            self.class = if too_large { Class::Paused { until: None } } else { Class::Retry { after: None } };
        }
        self
    }

    /// An answer that is not the vendor's JSON: a gateway's page, or the wrong host. Only what cannot have reached
    /// the vendor's application (3xx, 4xx except 408) is certain to have done nothing.
    #[must_use]
    pub fn not_an_answer(vendor: &'static str, operation: impl Into<Box<str>>, status: u16) -> Self {
        let (class, hint) = match status {
            300..400 => {
                (Class::Paused { until: None }, "a redirect means a wrong host: check the base URL setting")
            }
            401 | 403 => {
                (Class::Paused { until: None }, "the gateway refuses us: check credentials and IP allow-list")
            }
            404 | 405 => (
                Class::Paused { until: None },
                "nothing is served at this address: check the base URL setting",
            ),
            // Who gave up waiting, and with what already done, it does not say.
            408 => (Class::Unknown, "the gateway has given up waiting"),
            423 | 425 => (Class::Retry { after: None }, "the gateway does not take the request yet"),
            429 => (Class::Retry { after: None }, "the gateway limits the rate"),
            400..500 => (Class::Refused, "the gateway refuses the request"),
            _ => (Class::Unknown, "the answer is not JSON"),
        };
        Self::in_our_words(vendor, operation, class, Some(format!("http {status}")), hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_prints_without_the_vendors_words() {
        let said = "收件人张三 13912345678 的订单已存在";
        let code = || Some("1024".to_owned());
        let failure = Failure::new("wangdian", "trade_push.php", Class::Refused, code(), said);
        assert_eq!(failure.to_string(), "wangdian trade_push.php: refused (code 1024)");
        assert_eq!(failure.in_full(), format!("wangdian trade_push.php: {said} (code 1024)"));
        let gateway = Failure::not_an_answer("kingdee", "sal_order_save", 429);
        let told = "kingdee sal_order_save: retry: the gateway limits the rate (code http 429)";
        assert_eq!(gateway.to_string(), told);
    }

    #[test]
    fn a_code_prints_only_where_it_is_one() {
        let told = |code: &str| {
            Failure::new("kingdee", "save", Class::Refused, Some(code.to_owned()), "").to_string()
        };
        for code in ["519", "http 502", "isv.call-limited", "E_1024.3", "-1"] {
            assert!(told(code).contains(code), "{code}");
        }
        for words in ["张三", "13912345678", "Tel 13912345678", "call Mr. Zhang, please"] {
            assert!(!told(words).contains(words), "{words}");
        }
    }

    #[test]
    fn a_secret_is_taken_out_of_words_and_code() {
        let told = |code: &str| {
            let code = Some(code.to_owned());
            let failure = Failure::new("kingdee", "save", Class::Refused, code, "abc-12345 is wrong");
            let failure =
                failure.hiding(|text| text.replace("abc-12345", "[secret]").replace('1', "[secret]"));
            (failure.in_full(), failure.to_string())
        };
        let hidden = "kingdee save: [secret] is wrong (code E-[secret])";
        assert_eq!(told("E-abc-12345"), (hidden.to_owned(), "kingdee save: refused".to_owned()));
        assert_eq!(told("310000").0, "kingdee save: [secret] is wrong (code 310000)");
    }

    #[test]
    fn a_status_alone_says_what_may_have_been_done() {
        let again = Class::Retry { after: None };
        let paused = Class::Paused { until: None };
        for (status, class) in [
            (302, paused.clone()),
            (400, Class::Refused),
            (401, paused.clone()),
            (404, paused),
            (408, Class::Unknown),
            (413, Class::Refused),
            (423, again.clone()),
            (425, again.clone()),
            (429, again),
            (502, Class::Unknown),
        ] {
            assert_eq!(Failure::not_an_answer("vendor", "push", status).class, class, "{status}");
        }
    }
}
