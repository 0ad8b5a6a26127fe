use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// How much later a message was sent at least in a queue that was made anew than any in the one of its name before it: SQS makes none
/// within a minute of the deletion. Within one queue nothing with a lower number was sent as much later.
const ANEW: TimeDelta = TimeDelta::seconds(30);

/// Where a message stands in its queue: of two messages of one group the later one has the higher number, whatever any clock
/// says. Numbers of different queues tell nothing of each other, nor do those of a queue that was deleted and of one that was made
/// anew under its name: which it is follows from when a message was sent, where the queue's own clock tells that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Place {
    queue: String,
    number: u128,
    sent_at: Option<DateTime<Utc>>,
}

impl Place {
    /// The place of that number in a queue.
    pub fn new(queue: impl Into<String>, number: u128) -> Self {
        Self { queue: queue.into(), number, sent_at: None }
    }

    /// The same of a message that was sent then, by the clock of its queue, which nobody sets.
    #[must_use]
    pub fn sent_at(self, sent_at: Option<DateTime<Utc>>) -> Self {
        Self { sent_at, ..self }
    }

    /// Its number there.
    #[must_use]
    pub const fn number(&self) -> u128 {
        self.number
    }

    /// Whether it is known to be before another.
    #[must_use]
    pub fn is_before(&self, other: &Self) -> bool {
        self.queue == other.queue && self.number < other.number && !self.is_of_one_made_anew_since(other)
    }

    fn is_of_one_made_anew_since(&self, other: &Self) -> bool {
        self.sent_at.zip(other.sent_at).is_some_and(|(this, that)| this - that > ANEW)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { queue, number, sent_at } = self;
        match sent_at {
            Some(sent_at) => write!(f, "{queue}@{}/{number}", sent_at.timestamp_millis()),
            None => write!(f, "{queue}/{number}"),
        }
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.to_string()
    }
}

impl TryFrom<String> for Place {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let read = || {
            let (queue, number) = text.rsplit_once('/')?;
            let number = number.parse().ok()?;
            let sent = queue.rsplit_once('@').and_then(|(queue, millis)| {
                Some((queue, DateTime::from_timestamp_millis(millis.parse().ok()?)?))
            });
            Some(match sent {
                Some((queue, sent_at)) => Self::new(queue, number).sent_at(Some(sent_at)),
                None => Self::new(queue, number),
            })
        };
        read().ok_or_else(|| format!("`{text}` is no place in a queue"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_before_another_of_its_queue_alone() {
        let place = |number| Place::new("relay-kingdee.fifo", number);
        assert!(place(9).is_before(&place(10)));
        assert!(!place(10).is_before(&place(10)) && !place(11).is_before(&place(10)));
        assert!(!place(9).is_before(&Place::new("relay-http.fifo", 10)));
    }

    #[test]
    fn a_queue_that_was_made_anew_is_another_although_it_counts_from_the_beginning() {
        let sent = |number, seconds: i64| {
            Place::new("relay-kingdee", number).sent_at(DateTime::from_timestamp(1_764_500_000 + seconds, 0))
        };
        assert!(sent(7, 0).is_before(&sent(8, 5)));
        assert!(sent(7, 2).is_before(&sent(8, 0)), "servers' clocks differ a little");
        assert!(!sent(7, 61).is_before(&sent(8, 0)));
        let untold = Place::new("relay-kingdee", 7);
        assert!(untold.is_before(&sent(8, 0)) && !untold.is_before(&sent(6, 0)), "by its number alone");
    }

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let sent = Place::new("relay-kingdee", 7).sent_at(DateTime::from_timestamp_millis(1_764_500_000_123));
        let written = serde_json::to_string(&sent).unwrap();
        assert_eq!(written, r#""relay-kingdee@1764500000123/7""#);
        assert_eq!(serde_json::from_str::<Place>(&written).unwrap(), sent);
        // As long as SQS has them, which is longer than 64 bits.
        let place = Place::new("relay-kingdee.fifo", 118_893_456_789_012_345_678);
        let written = serde_json::to_string(&place).unwrap();
        assert_eq!(written, r#""relay-kingdee.fifo/118893456789012345678""#);
        assert_eq!(serde_json::from_str::<Place>(&written).unwrap(), place);
        assert!(serde_json::from_str::<Place>(r#""kingdee""#).is_err());
    }
}
