//! Documents of a batch side by side, and those that go out together.

use std::sync::atomic::Ordering;
use std::time::Duration;

use relay_connector::{Class, Use};
use relay_core::WorkItem;
use relay_core::clock::Deadline;
use relay_erp_pusher::{Idle, Turn};
use serde_json::{Value, json};

use crate::bench::{Bench, ROWS, good, names};
use crate::places::limited;
use crate::vendor::failure;

/// Rows, each of a document of its own.
fn rows(bench: &Bench, numbers: std::ops::Range<u64>) -> Vec<WorkItem> {
    numbers.map(|number| bench.row("one", good(number))).collect()
}

/// How many calls were under way as each began.
fn under_way(bench: &Bench) -> Vec<usize> {
    bench.vendor.calls.lock().unwrap().iter().map(|(under_way, _)| *under_way).collect()
}

/// How many documents each call held.
fn sizes(bench: &Bench) -> Vec<usize> {
    bench.vendor.calls.lock().unwrap().iter().map(|(_, numbers)| numbers.len()).collect()
}

fn memos(bench: &Bench, numbers: std::ops::Range<u64>) -> Vec<WorkItem> {
    let memo = |number| bench.row("memos", json!({ "number": number, "version": 1 }));
    numbers.map(memo).map(|memo| WorkItem { acknowledge: false, ..memo }).collect()
}

fn note(bench: &Bench, number: u64, remark: &str) -> WorkItem {
    let note = json!({ "number": number, "version": 1, "remark": remark });
    WorkItem { acknowledge: false, ..bench.row("notes", note) }
}

fn all(name: &str, turns: &[Turn]) -> bool {
    names(turns).iter().all(|other| *other == name)
}

#[tokio::test]
async fn a_target_that_takes_its_time_gets_one_more_at_once_for_each_answer() {
    let bench = Bench::new();
    bench.vendor.takes_its_time.store(true, Ordering::Relaxed);
    let turns = bench.worked(&rows(&bench, 0..10)).await;
    assert!(turns.len() == 10 && all("delivered", &turns), "{:?}", names(&turns));
    let first = under_way(&bench);
    // Each answer allows one more, at the latest when the next document begins.
    assert!(first[0] == 1 && first.iter().enumerate().all(|(place, many)| *many <= place + 1), "{first:?}");
    bench.worked(&rows(&bench, 10..20)).await;
    assert_eq!(under_way(&bench)[10..].iter().max(), Some(&10), "{:?}", under_way(&bench));
}

#[tokio::test]
async fn one_that_stops_is_met_by_one_document_again_and_what_has_begun_is_settled() {
    let bench = Bench::new();
    bench.vendor.takes_its_time.store(true, Ordering::Relaxed);
    bench.worked(&rows(&bench, 0..4)).await;
    let limits = || Err(failure(Class::Retry { after: Some(Duration::from_secs(60)) }));
    bench.vendor.deliveries.lock().unwrap().extend([limits(), Ok(Some("9".to_owned()))]);
    let turns = bench.worked(&rows(&bench, 10..20)).await;
    // Five were allowed by then; what had begun came to its own end.
    assert_eq!(
        names(&turns),
        [&["retry"][..], &["delivered"; 4], &["postponed"; 5]].concat(),
        "{:?}",
        under_way(&bench)
    );
    let before = under_way(&bench).len();
    bench.worked(&rows(&bench, 20..23)).await;
    assert!(under_way(&bench)[before] == 1, "{:?}", under_way(&bench));
}

#[tokio::test]
async fn while_one_batch_is_waited_for_others_are_received() {
    let bench = Bench::new();
    bench.vendor.takes_its_time.store(true, Ordering::Relaxed);
    bench.queue(&rows(&bench, 0..80)).await;
    let worker = bench.pusher.workers().remove(0);
    let done = std::sync::Mutex::new(0);
    let idle = worker.work_through(&|| true, &|turns| *done.lock().unwrap() += turns.len()).await.unwrap();
    assert!(matches!(idle, Idle::Nothing { wait: None }), "{idle:?}");
    assert_eq!((done.into_inner().unwrap(), bench.vendor.delivered.lock().unwrap().len()), (80, 80));
    let most = under_way(&bench).into_iter().max().unwrap();
    assert!(most > 10, "no more than {most} of a batch of 10 were under way");
}

/// How many messages each batch had that a worker has received.
async fn batches(bench: &Bench) -> Vec<usize> {
    let batches = std::sync::Mutex::new(Vec::new());
    let worker = bench.pusher.workers().remove(0);
    worker.work_through(&|| true, &|turns| batches.lock().unwrap().push(turns.len())).await.unwrap();
    batches.into_inner().unwrap()
}

#[tokio::test]
async fn more_are_received_at_once_where_the_target_takes_more_and_its_quota_lets_them_through() {
    let bench = Bench::new();
    bench.queue(&rows(&bench, 0..400)).await;
    let received = batches(&bench).await;
    // As many as the largest call of this target takes; then as many as it takes at once.
    assert_eq!((received.iter().sum::<usize>(), received.first()), (400, Some(&25)), "{received:?}");
    assert_eq!(received.iter().max(), Some(&50), "{received:?}");

    let bench = limited();
    bench.queue(&rows(&bench, 0..60)).await;
    let received = batches(&bench).await;
    assert_eq!((received.iter().sum::<usize>(), received.iter().max()), (60, Some(&25)), "{received:?}");
}

#[tokio::test]
async fn documents_that_a_target_takes_in_one_call_go_out_together_up_to_its_caps() {
    let bench = Bench::new();
    let notes: Vec<_> = (0..6).map(|number| note(&bench, number, &format!("of {number}"))).collect();
    assert!(all("delivered", &bench.worked(&notes).await));
    assert_eq!(sizes(&bench), [4, 2]);

    bench.vendor.calls.lock().unwrap().clear();
    let notes: Vec<_> = (10..16).map(|number| note(&bench, number, "the same")).collect();
    assert!(all("delivered", &bench.worked(&notes).await));
    assert_eq!(sizes(&bench), [3, 3], "no more than three may have one remark");
}

#[tokio::test]
async fn what_is_refused_of_a_call_is_told_from_the_rest_and_what_cannot_be_mapped_holds_nobody_up() {
    let bench = Bench::new();
    let deliveries = [Ok(Some("0".to_owned())), Err(failure(Class::Refused))];
    bench.vendor.deliveries.lock().unwrap().extend(deliveries);
    let mut notes: Vec<_> = (0..3).map(|number| note(&bench, number, "")).collect();
    notes.insert(1, note(&bench, 9, ""));
    notes[1].document["number"] = Value::from("not a number at all");
    let turns = bench.worked(&notes).await;
    assert_eq!(sizes(&bench), [3]);
    // The second of the call, whichever that was, and the one that was in none.
    let mut names = names(&turns);
    assert_eq!(names.remove(1), "failed");
    names.sort_unstable();
    assert_eq!(names, ["delivered", "delivered", "failed"]);
}

#[tokio::test]
async fn the_answer_to_a_call_that_is_lost_makes_each_of_its_documents_unknown() {
    let bench = Bench::new();
    let lost = || Err(failure(Class::Unknown));
    bench.vendor.deliveries.lock().unwrap().extend([lost(), lost()]);
    let notes = [note(&bench, 1, ""), note(&bench, 2, "")];
    assert_eq!(names(&bench.worked(&notes).await), ["retry", "retry"]);
    for key in ["1", "2"] {
        assert!(bench.entry("notes", key).await.unwrap().unanswered.is_some());
    }
}

#[tokio::test]
async fn a_full_event_is_topped_up_to_what_a_call_takes_and_what_was_received_so_is_deleted() {
    let bench = Bench::new();
    bench.queue(&memos(&bench, 10..32)).await;
    let deadline = Deadline::within(bench.clock.as_ref(), Duration::from_secs(100));
    let answer = bench.invoked_until(&memos(&bench, 0..10), deadline).await.unwrap();
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
    assert_eq!((sizes(&bench), bench.left().await), (vec![25], 7));

    // What is done of an event that is not full is that alone.
    bench.invoked_until(&memos(&bench, 40..45), deadline).await.unwrap();
    assert_eq!((sizes(&bench), bench.left().await), (vec![25, 5], 7));

    // What comes again is given back, and is nobody's until then.
    let limits = || Err(failure(Class::Retry { after: Some(Duration::from_secs(60)) }));
    bench.vendor.deliveries.lock().unwrap().extend((0..17).map(|_| limits()));
    let answer = bench.invoked_until(&memos(&bench, 50..60), deadline).await.unwrap();
    assert_eq!(answer["batchItemFailures"].as_array().unwrap().len(), 10, "{answer}");
    assert_eq!((sizes(&bench)[2], bench.left().await), (17, 7));
    assert!(bench.work().await.is_empty(), "not before its time");
    bench.clock.advance(Duration::from_secs(120));
    assert_eq!(bench.work().await.len(), 7);
}

#[tokio::test]
async fn a_full_event_is_topped_up_to_what_the_target_takes_side_by_side() {
    let bench = Bench::of(&[("one", ROWS)]);
    bench.queue(&rows(&bench, 100..125)).await;
    let deadline = Deadline::within(bench.clock.as_ref(), Duration::from_secs(100));
    // It is not known yet whether the target takes more than one at once.
    bench.invoked_until(&rows(&bench, 0..10), deadline).await.unwrap();
    assert_eq!(bench.left().await, 25);
    // It has taken ten, one after the other more and more at once: eleven may be under way.
    bench.invoked_until(&rows(&bench, 10..20), deadline).await.unwrap();
    assert_eq!(bench.left().await, 24);
    bench.invoked_until(&rows(&bench, 20..30), deadline).await.unwrap();
    assert_eq!(bench.left().await, 12);
    assert_eq!(bench.vendor.calls.lock().unwrap().len(), 30 + 13, "each once");
}

#[tokio::test]
async fn a_replay_is_less_urgent_than_what_is_new() {
    let bench = Bench::new();
    let replay = WorkItem { replay: Some("r".to_owned()), ..bench.row("one", good(1)) };
    bench.worked(&[replay, bench.row("one", good(2))]).await;
    assert_eq!(*bench.vendor.purposes.lock().unwrap(), [Use::Replay, Use::Push]);
}
