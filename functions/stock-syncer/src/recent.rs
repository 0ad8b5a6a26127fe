use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use relay_core::WorkItem;

/// How long an item is remembered. Then its row is queued once more, as long as nobody has acknowledged it.
const MEMORY: Duration = Duration::from_secs(5 * 60);

/// How many documents are remembered: as many as wait at most, for each of ten flows.
const LARGEST: usize = 10_000;

/// What this process has queued lately. A pool gives a row until it is acknowledged, every three minutes anew.
///
/// An item is a repetition only of the last one of its document: A after B is news, though it was A before. Whatever is
/// forgotten, after a restart or in another process, costs a message that the ledger's guard skips, and what is wrongly
/// left out here (another process queued B in between) is still in the pool when the five minutes are over.
#[derive(Default)]
pub(crate) struct Recent(Mutex<HashMap<String, Queued>>);

struct Queued {
    content: String,
    /// By monotonic time.
    at: Duration,
}

impl Recent {
    /// Whether the last item of the same document said the same.
    pub(crate) fn repeats(&self, item: &WorkItem, now: Duration) -> bool {
        let last = self.lock();
        let last = last.get(&item.group()).filter(|last| last.is_remembered(now));
        last.is_some_and(|last| last.content == item.content_id())
    }

    /// Notes items that the queue has taken.
    pub(crate) fn note(&self, items: &[WorkItem], now: Duration) {
        let mut last = self.lock();
        last.retain(|_, last| last.is_remembered(now));
        if last.len() + items.len() > LARGEST {
            last.clear();
        }
        let noted = items.iter().map(|item| (item.group(), Queued { content: item.content_id(), at: now }));
        last.extend(noted);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Queued>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queued {
    fn is_remembered(&self, now: Duration) -> bool {
        now < self.at + MEMORY
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::{Value, json};

    use super::*;

    fn item(key: &str, document: Value) -> WorkItem {
        WorkItem {
            flow: "f".to_owned(),
            key: key.to_owned(),
            version: None,
            version_kind: None,
            document,
            acknowledge: true,
            received_at: DateTime::UNIX_EPOCH,
            trace: "t".to_owned(),
            replay: None,
        }
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn only_the_last_of_a_document_is_repeated_and_for_five_minutes() {
        let recent = Recent::default();
        let (a, b) = (item("1", json!("a")), item("1", json!("b")));
        recent.note(std::slice::from_ref(&a), at(0));
        assert!(recent.repeats(&a, at(299)) && !recent.repeats(&a, at(300)));
        assert!(!recent.repeats(&item("2", json!("a")), at(1)), "another document");
        assert!(!recent.repeats(&b, at(1)));
        recent.note(std::slice::from_ref(&b), at(1));
        assert!(recent.repeats(&b, at(2)) && !recent.repeats(&a, at(2)), "a after b is news");
    }

    #[test]
    fn what_is_remembered_does_not_grow() {
        let recent = Recent::default();
        for turn in 0..30 {
            let items: Vec<_> = (0..1_000).map(|n| item(&format!("{turn}-{n}"), json!(1))).collect();
            recent.note(&items, at(0));
            assert!(recent.repeats(&items[0], at(1)));
        }
        assert!(recent.lock().len() <= LARGEST);
        recent.note(&[], at(300));
        assert!(recent.lock().is_empty());
    }
}
