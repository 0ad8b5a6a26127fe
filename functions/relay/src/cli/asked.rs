//! What several commands ask for: which documents, times, spans.

use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;
use relay_operations::which::Which;

use crate::language::said;

/// Which of the documents that failed are meant.
#[derive(Debug, Default, Args)]
pub(crate) struct WhichArguments {
    /// Of this flow alone
    #[arg(long)]
    flow: Option<String>,
    /// That failed for this cause, as `relay failures` names it
    #[arg(long)]
    cause: Option<String>,
    /// With this text in their key, their numbers, the reason or their content
    #[arg(long, value_name = "TEXT")]
    grep: Option<String>,
    /// That failed then or later: `2026-11-28`, `2026-11-28 08:00`, or 2h ago
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Time>,
    /// That failed then or earlier
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Time>,
}

impl WhichArguments {
    /// By the time that it is.
    pub(crate) fn which(&self, now: DateTime<Utc>, keys: Vec<String>) -> Which {
        Which {
            flow: self.flow.clone(),
            keys,
            cause: self.cause.clone(),
            grep: self.grep.clone(),
            since: self.since.map(|since| since.at(now)),
            until: self.until.map(|until| until.at(now)),
        }
    }

    /// The flow that is named.
    pub(crate) fn flow(&self) -> Option<&str> {
        self.flow.as_deref()
    }

    /// Whether anything is named.
    pub(crate) fn is_any(&self) -> bool {
        self.flow.is_some() || self.is_narrow()
    }

    /// Whether more is named than a flow.
    pub(crate) fn is_narrow(&self) -> bool {
        self.cause.is_some() || self.grep.is_some() || self.since.is_some() || self.until.is_some()
    }
}

/// A time that a person has named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Time {
    /// That time.
    At(DateTime<Utc>),
    /// So long ago.
    Ago(Duration),
}

impl Time {
    pub(crate) fn at(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::At(time) => time,
            Self::Ago(span) => now - span,
        }
    }
}

/// Reads a time: China time, RFC 3339, or a span such as `2h`, which is so long ago.
pub(super) fn time(text: &str) -> Result<Time, String> {
    if let Ok(span) = duration(text) {
        return Ok(Time::Ago(span));
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(Time::At(time.to_utc()));
    }
    let whole = match text.len() {
        10 => format!("{text} 00:00:00"),
        16 => format!("{text}:00"),
        _ => text.to_owned(),
    };
    let time = relay_connector::china::parse(&whole).map(|time| Time::At(time.to_utc()));
    let expected = || {
        said!(
            "`{text}` 不是时间,应像 2026-11-28、2026-11-28 08:00(北京时间)或 2h(两小时前)",
            "`{text}` is no time such as 2026-11-28, 2026-11-28 08:00 (China time) or 2h (ago)"
        )
    };
    time.ok_or_else(expected)
}

/// Reads a span such as `30m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let expected = || {
        said!("`{text}` 不是时长,应像 90s、30m、2h 或 1d", "`{text}` is no time such as 90s, 30m, 2h or 1d")
    };
    let (number, seconds) = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)]
        .into_iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)))
        .ok_or_else(expected)?;
    let number: u32 = number.parse().map_err(|_| expected())?;
    Ok(Duration::from_secs(u64::from(number) * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_chinas_or_so_long_ago() {
        let now: DateTime<Utc> = "2026-11-28T04:00:00Z".parse().unwrap();
        let read = ["2026-11-28", "2026-11-28 08:00", "2026-11-28 08:00:30", "2026-11-28T08:00:00Z", "2h"];
        let read = read.map(|text| time(text).unwrap().at(now).to_rfc3339());
        let expected = [
            "2026-11-27T16:00:00+00:00",
            "2026-11-28T00:00:00+00:00",
            "2026-11-28T00:00:30+00:00",
            "2026-11-28T08:00:00+00:00",
            "2026-11-28T02:00:00+00:00",
        ];
        assert_eq!(read, expected);
        for text in ["", "yesterday", "2026-13-01", "08:00"] {
            assert!(time(text).is_err_and(|error| error.contains("is no time such as")), "{text}");
        }
    }

    #[test]
    fn a_span_has_a_number_and_a_unit() {
        let read = ["90s", "30m", "2h", "1d"].map(|text| duration(text).map(|span| span.as_secs()));
        assert_eq!(read, [Ok(90), Ok(1_800), Ok(7_200), Ok(86_400)]);
        for text in ["", "30", "m", "-1m", "1.5h", "2 w"] {
            assert!(duration(text).is_err_and(|error| error.contains("is no time such as")), "{text}");
        }
    }
}
