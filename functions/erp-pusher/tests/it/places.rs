//! On Lambda a document that would wait for a permit goes back to its queue until its turn.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use relay_connector::{Quota, Request, Response, Surroundings, Transport, TransportError, Use};
use relay_core::clock::{SeededRng, SystemClock, timeout};
use relay_core::{Outcome, WorkItem};
use relay_erp_pusher::Turn;
use serde_json::json;

use crate::bench::{Bench, good, names};

struct NoTransport;

#[async_trait::async_trait]
impl Transport for NoTransport {
    async fn send(&self, _request: Request) -> Result<Response, TransportError> {
        panic!("the stand-in sends nothing")
    }
}

/// A bench whose vendor takes a call a second, ten of them at once.
pub(crate) fn limited() -> Bench {
    let bench = Bench::new();
    let rng = Arc::new(SeededRng::new(7));
    let surroundings = Surroundings::unshared(Arc::new(NoTransport), bench.clock.clone(), rng);
    let calls = NonZeroU32::new(60).unwrap();
    let quota = Quota::new("shop", &["account"], calls, Duration::from_secs(60), &surroundings);
    assert!(bench.vendor.quota.set(quota).is_ok());
    bench
}

fn rows(bench: &Bench, numbers: std::ops::Range<u64>) -> Vec<WorkItem> {
    numbers.map(|number| bench.row("one", good(number))).collect()
}

/// How long each waits that was put off.
fn waits(turns: &[Turn]) -> Vec<u64> {
    let wait = |turn: &Turn| match turn.outcome {
        Outcome::Postponed { wait } => wait.as_secs(),
        _ => panic!("{:?}", turn.outcome),
    };
    turns.iter().map(wait).collect()
}

fn calls(bench: &Bench) -> usize {
    bench.vendor.calls.lock().unwrap().len()
}

/// Uses up the permits that there are, so that the next documents wait.
async fn busy(bench: &Bench) {
    for _ in 0..3 {
        // Rows that nobody has seen.
        let from = 1_000 + 10 * calls(bench) as u64;
        let turns = bench.handled(&rows(bench, from..from + 10), 1).await;
        if names(&turns).contains(&"postponed") {
            return;
        }
    }
    panic!("the quota has no end");
}

#[tokio::test]
async fn what_would_wait_goes_back_with_a_place_in_the_line_and_is_not_asked_after_when_it_comes_again() {
    let bench = limited();
    busy(&bench).await;
    let made = calls(&bench);
    let (first, second) = (rows(&bench, 0..10), rows(&bench, 10..20));
    let began = bench.parts.clock.monotonic();
    let of_first = waits(&bench.handled(&first, 1).await);
    let of_second = waits(&bench.handled(&second, 1).await);
    assert_eq!(bench.parts.clock.monotonic(), began, "a function that waits is paid for");
    assert_eq!(calls(&bench), made);
    // A lump of ten comes every ten seconds.
    let spread = |waits: &[u64]| waits.iter().max().unwrap() - waits.iter().min().unwrap();
    assert!(spread(&of_first) <= 10 && spread(&of_second) <= 10, "{of_first:?} {of_second:?}");
    let mean = |waits: &[u64]| waits.iter().sum::<u64>() / waits.len() as u64;
    assert_eq!(mean(&of_second) - mean(&of_first), 10, "{of_first:?} {of_second:?}");

    bench.clock.advance(Duration::from_secs(*of_first.iter().max().unwrap()));
    assert!(names(&bench.handled(&first, 2).await).iter().all(|name| *name == "delivered"));
    assert_eq!(bench.vendor.asked.load(Ordering::Relaxed), 0, "nothing of them had been sent");
}

#[tokio::test]
async fn all_that_an_event_has_permits_for_are_under_way_at_once() {
    let bench = limited();
    bench.vendor.takes_its_time.store(true, Ordering::Relaxed);
    // The target has shown that it takes ten.
    for ten in 0..2 {
        bench.handled(&rows(&bench, ten * 10..ten * 10 + 10), 1).await;
        bench.clock.advance(Duration::from_secs(60));
    }
    let made = calls(&bench);
    assert!(names(&bench.handled(&rows(&bench, 20..30), 1).await).iter().all(|name| *name == "delivered"));
    let most = bench.vendor.calls.lock().unwrap()[made..].iter().map(|(under_way, _)| *under_way).max();
    assert_eq!(most, Some(10), "the last of them waits for no answer");
}

#[tokio::test]
async fn a_document_that_gathers_others_holds_up_none_that_goes_alone() {
    // However many permits are left.
    for used in 0..10 {
        let bench = limited();
        bench.handled(&rows(&bench, 100..100 + used), 1).await;
        let memo = |number: u64| bench.row("memos", json!({ "number": number, "version": 1 }));
        let items = [memo(1), bench.row("one", good(2)), memo(3)];
        let handled = timeout(&SystemClock, Duration::from_secs(20), bench.handled(&items, 1));
        let turns = handled.await.unwrap_or_else(|_| panic!("after {used}: each waits for another"));
        let turns = names(&turns);
        assert!(turns.iter().all(|name| ["delivered", "postponed"].contains(name)), "{turns:?}");
        assert!(turns.contains(&"delivered"), "{turns:?}");
    }
}

#[tokio::test]
async fn a_receive_that_was_not_put_off_may_have_sent_it_and_the_target_is_asked() {
    let bench = limited();
    busy(&bench).await;
    let row = [bench.row("one", good(1))];
    let wait = waits(&bench.handled(&row, 1).await)[0];
    bench.clock.advance(Duration::from_secs(wait));
    // Its second receive is not known to have ended: a function was killed.
    assert_eq!(names(&bench.handled(&row, 3).await), ["delivered"]);
    assert_eq!(bench.vendor.asked.load(Ordering::Relaxed), 1);

    // And who is put off then is not known to be unsent either.
    let row = [bench.row("one", good(2))];
    busy(&bench).await;
    let wait = waits(&bench.handled(&row, 2).await)[0];
    bench.clock.advance(Duration::from_secs(wait));
    assert_eq!(names(&bench.handled(&row, 3).await), ["delivered"]);
    assert_eq!(bench.vendor.asked.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn who_is_new_stands_behind_those_who_have_a_place_and_before_replays() {
    let bench = limited();
    busy(&bench).await;
    let replay = |item: WorkItem| WorkItem { replay: Some("r".to_owned()), ..item };
    let replays: Vec<_> = rows(&bench, 100..110).into_iter().map(replay).collect();
    let of_replays = waits(&bench.handled(&replays, 1).await);
    let of_first = waits(&bench.handled(&rows(&bench, 0..10), 1).await);
    assert!(of_first <= of_replays, "replays hold nobody up: {of_first:?} {of_replays:?}");

    // When the first come, there are permits again. Who is new does not take them away.
    bench.clock.advance(Duration::from_secs(of_first[0].min(of_first[9])));
    let of_new = waits(&bench.handled(&rows(&bench, 20..22), 1).await);
    assert!(of_new.iter().all(|wait| *wait >= 1), "{of_new:?}");
}

#[tokio::test]
async fn those_that_go_out_in_one_call_are_put_off_together() {
    let bench = limited();
    let memo = |number: u64| bench.row("memos", json!({ "number": number, "version": 1 }));
    let memos = |numbers: std::ops::Range<u64>| {
        numbers.map(memo).map(|memo| WorkItem { acknowledge: false, ..memo }).collect::<Vec<_>>()
    };
    busy(&bench).await;
    bench.queue(&memos(10..32)).await;
    let made = calls(&bench);
    let turns = bench.handled(&memos(0..10), 1).await;
    assert_eq!((turns.len(), calls(&bench)), (10, made));
    let waits = waits(&turns);
    assert!(waits.iter().max() <= waits.iter().min().map(|wait| wait + 1).as_ref(), "{waits:?}");
    // Those that the function received itself come again too.
    assert_eq!(bench.left().await, 22);
    assert!(bench.work().await.len() <= 7, "what it had not received");
}

#[tokio::test]
async fn a_loop_waits_for_its_permits() {
    let bench = limited();
    assert!(names(&bench.worked(&rows(&bench, 0..10)).await).iter().all(|name| *name == "delivered"));
    let began = bench.parts.clock.monotonic();
    for ten in 1..4 {
        let turns = bench.worked(&rows(&bench, ten * 10..ten * 10 + 10)).await;
        assert!(names(&turns).iter().all(|name| *name == "delivered"), "{:?}", names(&turns));
    }
    assert!(bench.parts.clock.monotonic() - began >= Duration::from_secs(10));
    assert_eq!(calls(&bench), 40);
    assert!(bench.vendor.purposes.lock().unwrap().iter().all(|purpose| *purpose == Use::Push));
}
