//! Lambda and `relay` do the same with what became of a document, and where they cannot, it is said why.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use relay_connector::{Class, Role};
use relay_core::clock::{Clock as _, Deadline};
use relay_core::ledger::Counts;
use relay_core::{Entry, EntryId, Ledger, StoreError, Stores, WorkItem, not_yet};
use relay_erp_pusher::ErpPusher;
use relay_job::Job as _;
use serde_json::json;

use crate::bench::{Bench, CHANGES, ROWS, SHOP, bad, flows, good, names};
use crate::vendor::failure;

/// Whether a ledger that may fail does.
#[derive(Default)]
struct Down {
    reads: AtomicBool,
    writes: AtomicBool,
    /// So many writes fail before it takes one.
    moment: AtomicU32,
}

impl Down {
    fn set(&self, reads: bool, writes: bool) {
        self.reads.store(reads, Ordering::Relaxed);
        self.writes.store(writes, Ordering::Relaxed);
    }
}

/// A ledger that may fail.
struct Failing {
    ledger: Arc<dyn Ledger>,
    down: Arc<Down>,
}

fn answers(is_down: &AtomicBool) -> Result<(), StoreError> {
    let is_down = is_down.load(Ordering::Relaxed);
    if is_down { Err(StoreError::new("the ledger", "does not answer")) } else { Ok(()) }
}

#[async_trait]
impl Ledger for Failing {
    async fn read(&self, ids: &[EntryId]) -> Result<HashMap<EntryId, Entry>, StoreError> {
        answers(&self.down.reads)?;
        self.ledger.read(ids).await
    }

    async fn write(&self, entry: &Entry) -> Result<bool, StoreError> {
        answers(&self.down.writes)?;
        let is_over = |left: u32| left.checked_sub(1);
        if self.down.moment.fetch_update(Ordering::Relaxed, Ordering::Relaxed, is_over).is_ok() {
            return Err(StoreError::new("the ledger", "is busy"));
        }
        self.ledger.write(entry).await
    }

    async fn failed(
        &self,
        flow: Option<&str>,
        limit: usize,
        after: Option<&EntryId>,
    ) -> Result<Vec<Entry>, StoreError> {
        self.ledger.failed(flow, limit, after).await
    }

    async fn find(&self, number: &str) -> Result<Vec<EntryId>, StoreError> {
        self.ledger.find(number).await
    }

    async fn list(
        &self,
        flow: Option<&str>,
        from: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Entry>, Option<String>), StoreError> {
        self.ledger.list(flow, from, limit).await
    }

    async fn delivered(
        &self,
        flow: Option<&str>,
        span: (DateTime<Utc>, DateTime<Utc>),
        from: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Entry>, Option<String>), StoreError> {
        self.ledger.delivered(flow, span, from, limit).await
    }

    async fn finds_by_time(&self) -> Result<bool, StoreError> {
        self.ledger.finds_by_time().await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        self.ledger.counts().await
    }
}

#[test]
fn it_needs_the_targets_of_all_flows_the_pools_that_are_acknowledged_and_their_settings() {
    let needs = ErpPusher::needs(&flows(&[("rows", ROWS), ("changes", CHANGES)]));
    let roles: Vec<_> = needs.connectors[&SHOP].roles.iter().copied().collect();
    assert_eq!(roles, [Role::Pool, Role::Target], "windows are for the poller to read");
    assert_eq!(needs.settings.into_iter().collect::<Vec<_>>(), ["REMARK", "SHOP_NO"]);
    let needs = ErpPusher::needs(&flows(&[("changes", CHANGES)]));
    assert_eq!(needs.connectors[&SHOP].roles.iter().copied().collect::<Vec<_>>(), [Role::Target]);
}

#[tokio::test]
async fn an_event_answers_with_the_messages_that_come_again_alone() {
    let bench = Bench::new();
    bench.vendor.deliveries.lock().unwrap().push_back(Err(failure(Class::Retry { after: None })));
    let items = [bench.row("one", good(1)), bench.row("one", good(2)), bench.row("one", bad(3))];
    let answer = bench.invoked(&items).await.unwrap();
    assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": "m0-1" }] }));
    let is_there = bench.entry("one", "2").await.unwrap().delivered.is_some();
    assert!(is_there && bench.entry("one", "3").await.unwrap().failed.is_some());
}

#[tokio::test]
async fn where_the_target_limits_the_rate_the_rest_of_the_batch_waits_and_burns_no_tries() {
    let bench = Bench::new();
    let after = Some(Duration::from_secs(31));
    bench.vendor.deliveries.lock().unwrap().push_back(Err(failure(Class::Retry { after })));
    let turns = bench.worked(&[bench.row("one", good(1)), bench.row("one", good(2))]).await;
    assert_eq!(names(&turns), ["retry", "postponed"]);
    let sent = bench.vendor.delivered.lock().unwrap().len();
    assert_eq!((sent, bench.left().await), (1, 2));
    assert!(bench.entry("one", "1").await.unwrap().attempts.is_some());
    assert_eq!(bench.entry("one", "2").await, None);
    let health = bench.health().await;
    assert_eq!((health.failures, health.error.unwrap().class.as_str()), (1, "retry"));
    bench.clock.advance(Duration::from_secs(31));
    assert_eq!(names(&bench.work().await), ["delivered", "delivered"]);
}

#[tokio::test]
async fn a_document_that_its_target_takes_at_another_hour_holds_up_no_other() {
    let bench = Bench::new();
    let after = Duration::from_secs(600);
    bench.vendor.deliveries.lock().unwrap().push_back(Err(failure(Class::NotYet { after })));
    let turns = bench.worked(&[bench.row("one", good(1)), bench.row("one", good(2))]).await;
    assert_eq!((names(&turns), bench.left().await), (vec!["retry", "delivered"], 1));
    assert_eq!(bench.health().await.error, None, "it says nothing of the target");
    assert!(bench.entry("one", "1").await.unwrap().attempts.is_some(), "the reason is kept");
    assert!(bench.work().await.is_empty());
    let (stores, now) = (&bench.parts.stores, bench.clock.now());
    let waits = not_yet::read(stores.checkpoints.as_ref(), "one", now).await.unwrap().unwrap();
    assert_eq!(waits.until, now + TimeDelta::seconds(600), "until when is told");
    assert!(waits.why.contains("it says no"), "and why: {}", waits.why);
    let all =
        || not_yet::is_all_of(stores.queue.as_ref(), stores.checkpoints.as_ref(), SHOP, bench.clock.now());
    assert!(all().await.unwrap(), "nothing else waits");
    bench.clock.advance(after);
    assert!(!all().await.unwrap(), "its time has come");
    assert_eq!(names(&bench.work().await), ["delivered"]);
}

#[tokio::test]
async fn a_paused_target_leaves_its_messages_in_the_queue_of_relay_and_gives_them_back_to_lambdas() {
    let (by_worker, by_lambda) = (Bench::new(), Bench::new());
    for bench in [&by_worker, &by_lambda] {
        let until = Some(bench.clock.now() + TimeDelta::hours(3));
        bench.vendor.deliveries.lock().unwrap().push_back(Err(failure(Class::Paused { until })));
    }
    let items = |bench: &Bench| [bench.row("one", good(1)), bench.row("one", good(2))];
    let turns = by_worker.worked(&items(&by_worker)).await;
    assert_eq!(names(&turns), ["paused", "paused"]);
    let depth = by_worker.parts.stores.queue.depth(SHOP).await.unwrap();
    assert_eq!((depth.waiting, depth.in_flight), (2, 0), "found there when the pause ends");
    assert!(by_worker.work().await.is_empty());

    let answer = by_lambda.invoked(&items(&by_lambda)).await.unwrap();
    assert_eq!(answer["batchItemFailures"].as_array().unwrap().len(), 2);
    for bench in [&by_worker, &by_lambda] {
        assert!(bench.parts.credential_check.stands());
        assert_eq!(bench.health().await.error.unwrap().class, "paused");
        assert_eq!(bench.entry("one", "1").await, None, "no try is burned");
    }
}

/// A bench whose ledger may fail.
fn failing_ledger() -> (Bench, Arc<Down>) {
    let down = Arc::new(Down::default());
    let is_down = down.clone();
    let bench = Bench::over(|stores| {
        let ledger = Arc::new(Failing { ledger: stores.ledger.clone(), down: is_down });
        Stores { ledger, ..stores }
    });
    (bench, down)
}

#[tokio::test]
async fn while_a_store_does_not_answer_nothing_is_sent_and_an_event_of_lambda_fails() {
    let (bench, down) = failing_ledger();
    down.set(true, true);
    let items = [bench.row("one", good(1)), bench.row("one", good(2))];
    let error = bench.invoked(&items).await.unwrap_err().to_string();
    assert!(error.contains("does not answer"), "{error}");

    let turns = bench.worked(&items).await;
    assert_eq!((names(&turns), bench.left().await), (vec!["retry", "retry"], 2));
    assert!(bench.vendor.delivered.lock().unwrap().is_empty());
    assert_eq!(bench.health().await.failures, 0, "it says nothing of the target");

    down.set(false, false);
    bench.clock.advance(Duration::from_secs(20));
    assert_eq!(names(&bench.work().await), ["delivered", "delivered"]);
}

#[tokio::test]
async fn a_document_that_could_not_be_recorded_comes_again_alone_and_its_event_does_not_fail() {
    let (bench, down) = failing_ledger();
    down.set(false, true);
    let answer = bench.invoked(&[bench.row("one", good(1))]).await.unwrap();
    assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": "m0-1" }] }));
    assert_eq!(bench.vendor.delivered.lock().unwrap().len(), 1, "it was sent: the next turn asks first");
}

/// Its message may be another worker's by then, so that nobody else would come to say it.
#[tokio::test]
async fn what_a_call_has_done_is_written_again_where_the_store_fails_for_a_moment() {
    let (bench, down) = failing_ledger();
    down.moment.store(3, Ordering::Relaxed);
    let answer = bench.invoked(&[bench.row("one", good(1))]).await.unwrap();
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
    assert!(bench.entry("one", "1").await.unwrap().delivered.is_some());
    assert_eq!(bench.vendor.delivered.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_message_that_names_no_flow_and_no_queue_of_ours_is_recorded_as_failed() {
    let bench = Bench::new();
    let event = json!({ "Records": [{ "messageId": "m1", "receiptHandle": "r1", "body": "not JSON" }] });
    let answer = bench.pusher.invoke(event, Deadline::NONE).await.unwrap();
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
    let entry = bench.entry("unreadable", "m1").await.unwrap();
    assert_eq!(entry.failed.unwrap().class, "unreadable");
    let gone = WorkItem { flow: "gone".to_owned(), ..bench.row("one", good(1)) };
    bench.invoked(&[gone]).await.unwrap();
    assert_eq!(bench.entry("gone", "1").await.unwrap().failed.unwrap().class, "flow");
}

#[tokio::test]
async fn messages_that_are_too_large_together_have_their_turns_in_events_of_their_own() {
    let bench = Bench::new();
    let large = |number: u64| {
        let mut row = good(number);
        row["remark"] = "很长".repeat(300_000).into();
        bench.row("one", row)
    };
    // Each 1.8 MB, and a few KB as it travels.
    let answer = bench.invoked(&(0..5).map(large).collect::<Vec<_>>()).await.unwrap();
    let again: Vec<_> = answer["batchItemFailures"].as_array().unwrap().iter().collect();
    assert_eq!((again.len(), bench.vendor.delivered.lock().unwrap().len()), (3, 2), "{again:?}");
    assert_eq!(bench.entry("one", "4").await, None, "nothing is said of what was not opened");
}
