use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a message stands in its queue: of two messages of one group the later one has the higher number, whatever any clock
/// says. Numbers of different queues tell nothing of each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Place {
    queue: String,
    number: u128,
}

impl Place {
    /// The place of that number in a queue.
    pub fn new(queue: impl Into<String>, number: u128) -> Self {
        Self { queue: queue.into(), number }
    }

    /// Its number there.
    #[must_use]
    pub const fn number(&self) -> u128 {
        self.number
    }

    /// Whether it is known to be before another.
    #[must_use]
    pub fn is_before(&self, other: &Self) -> bool {
        self.queue == other.queue && self.number < other.number
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.queue, self.number)
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
        let place =
            text.rsplit_once('/').and_then(|(queue, number)| Some(Self::new(queue, number.parse().ok()?)));
        place.ok_or_else(|| format!("`{text}` is no place in a queue"))
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
    fn a_place_is_read_as_it_was_written() {
        // As long as SQS has them, which is longer than 64 bits.
        let place = Place::new("relay-kingdee.fifo", 118_893_456_789_012_345_678);
        let written = serde_json::to_string(&place).unwrap();
        assert_eq!(written, r#""relay-kingdee.fifo/118893456789012345678""#);
        assert_eq!(serde_json::from_str::<Place>(&written).unwrap(), place);
        assert!(serde_json::from_str::<Place>(r#""kingdee""#).is_err());
    }
}
