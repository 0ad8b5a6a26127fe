//! What is done with is forgotten in time, and what is not is kept; the file stops growing and shrinks again.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use relay_core::archive::{Event, Record};
use relay_core::clock::{Clock as _, SimulatedClock};
use relay_core::{Attempts, Delivered, Entry, EntryId, Failed, Outgoing, Stores, System};
use relay_store_sqlite::{Retention, Sqlite};
use rusqlite::Connection;
use tempfile::TempDir;

const KINGDEE: System = System::new("kingdee");
const DAY: Duration = Duration::from_secs(86_400);

/// What an entry is left open by.
type Change = Box<dyn Fn(&mut Entry)>;

struct Setup {
    folder: TempDir,
    clock: Arc<SimulatedClock>,
    store: Sqlite,
    stores: Stores,
}

impl Setup {
    fn keeping(ledger_days: u32, history_days: u32) -> Self {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let clock = SimulatedClock::starting_at(DateTime::from_timestamp(1_700_000_000, 0).unwrap());
        let (clock, retention) = (Arc::new(clock), Retention::of_days(ledger_days, history_days));
        let store = Sqlite::open_with(&folder.path().join("relay.db"), clock.clone(), retention).unwrap();
        let stores = store.stores();
        Self { folder, clock, store, stores }
    }

    /// Lets days go by, each with the housekeeping of a day.
    async fn days(&self, days: u32) {
        for _ in 0..days {
            self.clock.advance(DAY);
            self.store.housekeeping().await.unwrap();
        }
    }

    fn rows(&self, table: &str) -> u64 {
        let connection = Connection::open(self.folder.path().join("relay.db")).unwrap();
        connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    }

    async fn deliver(&self, key: &str) -> Entry {
        let mut entry = Entry::new(EntryId::new("f", key));
        entry.deliver(delivered(self.clock.now()), None);
        assert!(self.stores.ledger.write(&entry).await.unwrap());
        entry.revision = 1;
        entry
    }

    async fn keys(&self, keys: &[&str]) -> Vec<String> {
        let ids: Vec<_> = keys.iter().map(|key| EntryId::new("f", *key)).collect();
        let found = self.stores.ledger.read(&ids).await.unwrap();
        ids.into_iter().filter(|id| found.contains_key(id)).map(|id| id.key).collect()
    }
}

fn delivered(at: DateTime<Utc>) -> Delivered {
    Delivered {
        version: Some("2026-09-01 10:00:00".to_owned()),
        version_kind: None,
        hash: "a".repeat(64),
        body_hash: "b".repeat(64),
        target_id: Some("1001".to_owned()),
        number: None,
        received_at: Some(at),
        at,
        follows: None,
    }
}

fn failed(at: DateTime<Utc>) -> Failed {
    Failed {
        version: Some("2026-09-02 10:00:00".to_owned()),
        version_kind: None,
        hash: "c".repeat(64),
        class: relay_core::FailureClass::Refused,
        code: None,
        message: "no".to_owned(),
        attempts: 1,
        document: serde_json::json!({}),
        received_at: at,
        at,
        trace: "t".to_owned(),
        replay: None,
        step: None,
        target_id: None,
        missing: Vec::new(),
    }
}

fn message(body: &str) -> Outgoing {
    Outgoing { group: body.to_owned(), deduplication: body.to_owned(), body: body.to_owned() }
}

#[tokio::test]
async fn the_ledger_forgets_what_was_delivered_long_ago_and_nothing_that_is_open() {
    let setup = Setup::keeping(10, 30);
    let now = setup.clock.now();
    setup.deliver("done").await;
    let attempts = Attempts {
        version: None,
        hash: "d".to_owned(),
        count: 1,
        message: String::new(),
        at: now,
        others: false,
    };
    let open: [(&str, Change); 3] = [
        ("failed", Box::new(move |entry| assert!(entry.fail(failed(now))))),
        ("attempts", Box::new(move |entry| entry.attempt(attempts.clone()))),
        (
            "settled",
            Box::new(move |entry| {
                assert!(entry.fail(failed(now)) && entry.settle(&[failed(now)], "me", None, now));
            }),
        ),
    ];
    for (key, change) in open {
        let mut entry = setup.deliver(key).await;
        change(&mut entry);
        assert!(setup.stores.ledger.write(&entry).await.unwrap());
    }
    let all = ["done", "failed", "attempts", "settled", "late"];
    setup.days(9).await;
    setup.deliver("late").await;
    assert_eq!(setup.keys(&all).await.len(), 5);
    setup.days(2).await;
    assert_eq!(setup.keys(&all).await, ["failed", "attempts", "settled", "late"]);
    let counts = setup.stores.ledger.counts().await.unwrap();
    assert_eq!((counts.delivered.unwrap()["f"], counts.failed["f"]), (4, 1));
    setup.days(400).await;
    assert_eq!(setup.keys(&all).await, ["failed", "attempts", "settled"]);
}

#[tokio::test]
async fn a_document_that_comes_again_after_it_was_forgotten_begins_anew() {
    let setup = Setup::keeping(10, 30);
    let read = setup.deliver("k").await;
    setup.days(12).await;
    assert!(setup.keys(&["k"]).await.is_empty());
    assert!(setup.stores.ledger.write(&read).await.unwrap(), "who had read it before loses nothing");
    assert_eq!(setup.keys(&["k"]).await, ["k"]);
}

#[tokio::test]
async fn expired_look_ups_and_deduplication_ids_are_forgotten_and_a_persons_import_stays() {
    let setup = Setup::keeping(400, 30);
    let (queue, lookups) = (&setup.stores.queue, &setup.stores.lookups);
    queue.send(KINGDEE, &[message("a")]).await.unwrap();
    lookups.put("t", "soon", "1", Some(setup.clock.now() + TimeDelta::hours(1))).await.unwrap();
    lookups.put("t", "imported", "2", None).await.unwrap();
    setup.store.housekeeping().await.unwrap();
    assert_eq!((setup.rows("deduplication"), setup.rows("lookups")), (1, 2));
    setup.clock.advance(Duration::from_secs(2 * 3_600));
    setup.store.housekeeping().await.unwrap();
    assert_eq!((setup.rows("deduplication"), setup.rows("lookups")), (0, 1));
    queue.send(KINGDEE, &[message("a")]).await.unwrap();
    assert_eq!(queue.depth(KINGDEE).await.unwrap().waiting, 2, "messages that wait are kept");
}

#[tokio::test]
async fn a_dead_letter_is_kept_for_fourteen_days_from_its_death() {
    let setup = Setup::keeping(400, 30);
    let queue = &setup.stores.queue;
    queue.send(KINGDEE, &[message("a")]).await.unwrap();
    setup.days(20).await;
    for _ in 0..=1_000 {
        queue.receive(KINGDEE, 1, Duration::ZERO).await.unwrap();
    }
    assert_eq!(queue.dead(KINGDEE).await.unwrap(), 1);
    setup.days(14).await;
    assert_eq!(queue.dead(KINGDEE).await.unwrap(), 1);
    setup.days(1).await;
    assert_eq!((queue.dead(KINGDEE).await.unwrap(), setup.rows("messages")), (0, 0));
}

#[tokio::test]
async fn history_is_kept_for_its_days_and_without_days_there_is_none() {
    let record = |at| Record {
        id: EntryId::new("f", "k"),
        version: None,
        trace: "t".to_owned(),
        at,
        event: Event::Received { document: "{}".to_owned() },
    };
    let setup = Setup::keeping(400, 3);
    setup.stores.archive.write(None, &[record(setup.clock.now())]).await.unwrap();
    setup.days(3).await;
    assert_eq!(setup.rows("archive"), 1);
    assert!(setup.stores.archive.read(&EntryId::new("f", "k"), &[]).await.unwrap().is_empty());
    setup.days(1).await;
    assert_eq!(setup.rows("archive"), 0);

    let setup = Setup::keeping(400, 0);
    setup.stores.archive.write(None, &[record(setup.clock.now())]).await.unwrap();
    assert_eq!(setup.rows("archive"), 0);
}

/// Whoever set the clock finds out within a day.
#[tokio::test]
async fn a_clock_that_is_years_ahead_for_an_hour_makes_nothing_be_forgotten() {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let start = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    let open = |now| {
        let clock = Arc::new(SimulatedClock::starting_at(now));
        (Sqlite::open(&folder.path().join("relay.db"), clock.clone()).unwrap(), clock)
    };
    let (store, _) = open(start);
    let mut entry = Entry::new(EntryId::new("f", "k"));
    entry.deliver(delivered(start), None);
    assert!(store.stores().ledger.write(&entry).await.unwrap());
    store.housekeeping().await.unwrap();
    drop(store);
    let (ahead, clock) = open(start + TimeDelta::days(2_000));
    for _ in 0..60 {
        ahead.housekeeping().await.unwrap();
        clock.advance(Duration::from_secs(60));
    }
    drop(ahead);
    let (store, clock) = open(start + TimeDelta::hours(1));
    for _ in 0..5 {
        store.housekeeping().await.unwrap();
        clock.advance(DAY);
    }
    assert_eq!(store.stores().ledger.counts().await.unwrap().delivered.unwrap()["f"], 1);
}

/// What `relay serve` does without being told: it looks at its queues.
#[tokio::test]
async fn a_store_that_is_only_written_to_cleans_itself_up() {
    let setup = Setup::keeping(10, 30);
    for n in 0..300 {
        setup.deliver(&format!("{n:03}")).await;
    }
    for _ in 0..15 * 24 {
        setup.clock.advance(Duration::from_secs(3_600));
        setup.stores.queue.receive(KINGDEE, 10, DAY).await.unwrap();
    }
    assert_eq!(setup.rows("ledger"), 0);
}

/// Text that hardly compresses.
fn noise(seed: u64) -> String {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + u8::try_from(state >> 58).unwrap())
    };
    (0..6_000).map(|_| next()).collect()
}

fn bytes(folder: &Path) -> u64 {
    folder.join("relay.db").metadata().unwrap().len()
}

/// `cargo bench -p benchmarks --bench store` tells the same of 100,000.
#[tokio::test]
async fn a_store_stops_growing_once_retention_is_reached_and_shrinks_when_less_comes() {
    let setup = Setup::keeping(10, 5);
    let mut sizes = Vec::new();
    for day in 0..40 {
        for n in 0..100 {
            let key = format!("{day:03}-{n:03}");
            setup.deliver(&key).await;
            let record = Record {
                id: EntryId::new("f", key),
                version: None,
                trace: "t".to_owned(),
                at: setup.clock.now(),
                event: Event::Received { document: noise(day * 1_000 + n) },
            };
            setup.stores.archive.write(None, &[record]).await.unwrap();
        }
        setup.days(1).await;
        // Written back, so that the file's size tells.
        Connection::open(setup.folder.path().join("relay.db"))
            .unwrap()
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .unwrap();
        sizes.push(bytes(setup.folder.path()));
    }
    let reached = sizes[14];
    assert!(sizes[15..].iter().all(|size| *size <= reached + reached / 20), "{sizes:?}");
    assert!(sizes[5] < reached, "{sizes:?}");
    setup.days(15).await;
    assert_eq!(setup.rows("ledger"), 0);
    let Setup { folder, store, stores, .. } = setup;
    drop((store, stores));
    // 1 MiB of free pages is left for what comes next.
    assert!(bytes(folder.path()) < reached.min(1_500_000), "{} of {reached}", bytes(folder.path()));
}

/// What `relay serve` does after a busy day: it looks at its queue once a second, and that is all.
#[tokio::test]
async fn a_backlog_that_was_worked_off_leaves_a_small_file() {
    let setup = Setup::keeping(10, 30);
    let look = async || setup.stores.queue.receive(KINGDEE, 100, DAY).await.unwrap();
    let size = || {
        let connection = Connection::open(setup.folder.path().join("relay.db")).unwrap();
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        bytes(setup.folder.path())
    };
    let messages: Vec<_> =
        (0..3_000).map(|n| Outgoing { body: noise(n), ..message(&n.to_string()) }).collect();
    setup.stores.queue.send(KINGDEE, &messages).await.unwrap();
    let full = size();
    assert!(full > 10_000_000, "{full}");
    loop {
        let receipts: Vec<_> = look().await.into_iter().map(|message| message.receipt).collect();
        if receipts.is_empty() {
            break;
        }
        setup.stores.queue.delete(KINGDEE, &receipts).await.unwrap();
    }
    // The budget is 4 MiB at a time, so that this is no one step that a push would wait for.
    let mut last = size();
    assert!(last > full / 2, "{last} of {full}");
    // Deduplication ids live for five minutes.
    for _ in 0..6 * 60 {
        setup.clock.advance(Duration::from_secs(1));
        look().await;
        let now = size();
        assert!(now + 4_300_000 > last, "{now} after {last}");
        last = now;
    }
    assert!(size() < 2_000_000, "{} of {full}", size());
}

#[tokio::test]
async fn the_numbers_of_a_document_go_with_its_entry_and_no_others() {
    let setup = Setup::keeping(10, 30);
    let note = async |key: &str, numbers: &[&str]| {
        let mut entry = setup.deliver(key).await;
        let numbers: Vec<_> = numbers.iter().map(|number| (*number).to_owned()).collect();
        entry.found_by(&numbers);
        assert!(setup.stores.ledger.write(&entry).await.unwrap());
    };
    note("old", &["T1", "T-SHARED"]).await;
    setup.days(6).await;
    note("new", &["T-NEW", "T-SHARED"]).await;
    assert_eq!(setup.rows("numbers"), 5, "with Kingdee's id of each; what is as short as T1 is no number");
    setup.days(6).await;
    assert_eq!(setup.keys(&["old", "new"]).await, ["new"]);
    let mut left = setup.stores.ledger.find("T-SHARED").await.unwrap();
    left.extend(setup.stores.ledger.find("1001").await.unwrap());
    assert!(left.len() == 2 && left.iter().all(|id| id.key == "new"), "{left:?}");
    assert_eq!(setup.rows("numbers"), 3);
}

#[tokio::test]
async fn what_people_have_done_is_told_for_a_year_and_a_month() {
    let setup = Setup::keeping(10, 30);
    let (at, by, did, to) = (setup.clock.now(), "李".to_owned(), "pause".to_owned(), "kingdee".to_owned());
    let action = relay_core::Action { at, by, did, to, count: None, reason: None };
    setup.stores.audit.note(&action).await.unwrap();
    setup.days(399).await;
    assert_eq!(setup.stores.audit.actions(None, 9).await.unwrap(), [action]);
    setup.days(4).await;
    assert_eq!(setup.rows("audit"), 0);
}
