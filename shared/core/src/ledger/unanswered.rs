use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::clock::Clock;

/// A request whose answer was lost, with the version that it carried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unanswered {
    /// The hash of the source document.
    pub hash: String,
    /// When its answer was given up.
    pub at: DateTime<Utc>,
    /// How long the machine had run by then: no clock that is set moves that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ran: Option<Ran>,
}

/// A moment of a machine's run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ran {
    /// Which run ([`Clock::boot`]).
    pub boot: String,
    /// Milliseconds since the machine was started ([`Clock::uptime`]).
    pub millis: u64,
}

impl Unanswered {
    /// One whose answer is given up now.
    #[must_use]
    pub fn now(hash: &str, clock: &dyn Clock) -> Self {
        let ran = Ran { boot: clock.boot().to_owned(), millis: uptime(clock) };
        Self { hash: hash.to_owned(), at: clock.now(), ran: Some(ran) }
    }

    /// Has it given up as long ago as the machine has run since, however its clock was set meanwhile. Another machine, and one that
    /// was started anew, go by the clock.
    pub fn go_by(&mut self, clock: &dyn Clock) {
        let Some(Ran { millis, .. }) = self.ran.as_ref().filter(|ran| ran.boot == clock.boot()) else {
            return;
        };
        let age = uptime(clock).checked_sub(*millis).and_then(|age| i64::try_from(age).ok());
        let at = age.and_then(|age| clock.now().checked_sub_signed(TimeDelta::try_milliseconds(age)?));
        self.at = at.unwrap_or(self.at);
    }
}

fn uptime(clock: &dyn Clock) -> u64 {
    u64::try_from(clock.uptime().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::SimulatedClock;

    const START: DateTime<Utc> = DateTime::UNIX_EPOCH;

    #[test]
    fn a_request_is_as_old_as_the_machine_has_run_since_however_its_clock_was_set() {
        let clock = SimulatedClock::starting_at(START).of_boot("one");
        let noted = Unanswered::now("h", &clock);
        for (set_to, ran) in [(START + TimeDelta::hours(1), 7), (START - TimeDelta::hours(1), 14)] {
            clock.set(set_to);
            clock.advance(Duration::from_secs(7));
            let mut request = noted.clone();
            request.go_by(&clock);
            assert_eq!(clock.now() - request.at, TimeDelta::seconds(ran));
        }
    }

    #[test]
    fn another_machine_and_one_that_was_started_anew_go_by_the_clock() {
        let clock = SimulatedClock::starting_at(START).of_boot("one");
        let noted = Unanswered::now("h", &clock);
        let anew = SimulatedClock::starting_at(START + TimeDelta::minutes(3)).of_boot("two");
        let mut request = noted.clone();
        request.go_by(&anew);
        assert_eq!(request, noted);
        let text = r#"{"hash":"h","at":"1970-01-01T00:00:00Z"}"#;
        let mut earlier: Unanswered = serde_json::from_str(text).unwrap();
        earlier.go_by(&clock);
        assert_eq!((earlier.at, earlier.ran), (START, None), "what an earlier program has noted");
    }
}
