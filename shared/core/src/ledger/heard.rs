use crate::Received;

use super::Entry;

impl Entry {
    /// Notes that a message had a turn.
    pub fn hear(&mut self, message: &Received) {
        if !self.is_behind(message) {
            self.heard.clone_from(&message.place);
        }
    }

    /// Whether a message comes once more after a later one of its document had a turn. It is done then: a queue hands out
    /// nothing of a document before what was sent earlier is done. What comes for the first time is behind nothing, for a queue
    /// that was made anew may count from the beginning; what comes of it again is told by when it was sent, where its place says so.
    #[must_use]
    pub fn is_behind(&self, message: &Received) -> bool {
        let places = message.place.as_ref().zip(self.heard.as_ref());
        message.receive_count > 1 && places.is_some_and(|(place, heard)| place.is_before(heard))
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::{EntryId, Place};

    fn message(place: Option<Place>, receive_count: u32) -> Received {
        Received {
            id: String::new(),
            receipt: String::new(),
            group: String::new(),
            body: String::new(),
            receive_count,
            sent_at: DateTime::UNIX_EPOCH,
            place,
        }
    }

    fn kingdee(number: u128, receive_count: u32) -> Received {
        message(Some(Place::new("kingdee", number)), receive_count)
    }

    fn heard(message: &Received) -> Entry {
        let mut entry = Entry::new(EntryId::new("f", "k"));
        entry.hear(message);
        entry
    }

    #[test]
    fn what_comes_again_after_a_later_message_is_behind() {
        let entry = heard(&kingdee(8, 1));
        assert!(entry.is_behind(&kingdee(7, 2)));
        assert!(!entry.is_behind(&kingdee(8, 2)), "itself");
        assert!(!entry.is_behind(&kingdee(9, 2)), "one that is later");
    }

    #[test]
    fn what_comes_again_does_not_take_the_later_ones_place() {
        let mut entry = heard(&kingdee(8, 1));
        entry.hear(&kingdee(7, 2));
        assert_eq!(entry.heard, Some(Place::new("kingdee", 8)));
    }

    /// Of a queue that was made anew nothing is lost, and its numbers count from then on.
    #[test]
    fn what_comes_for_the_first_time_is_behind_nothing() {
        let mut entry = heard(&kingdee(8, 1));
        assert!(!entry.is_behind(&kingdee(1, 1)));
        entry.hear(&kingdee(1, 1));
        assert!(!entry.is_behind(&kingdee(2, 2)));
    }

    #[test]
    fn another_queue_and_one_that_tells_no_places_say_nothing() {
        let entry = heard(&kingdee(8, 1));
        assert!(!entry.is_behind(&message(Some(Place::new("http", 7)), 2)));
        assert!(!entry.is_behind(&message(None, 2)));
        assert!(!heard(&message(None, 1)).is_behind(&kingdee(7, 2)));
    }

    #[test]
    fn an_entry_of_an_earlier_program_has_heard_nothing() {
        let text = r#"{"id":{"flow":"f","key":"k"},"revision":3}"#;
        let entry: Entry = serde_json::from_str(text).unwrap();
        assert_eq!(entry.heard, None);
        assert!(!serde_json::to_string(&entry).unwrap().contains("heard"));
    }
}
