//! The turns of a function in a night: days that are due are compared within minutes, the next turn goes on, and none goes on for ever.

use std::time::Duration;

use chrono::NaiveDate;
use relay_core::clock::{Clock as _, Deadline};
use relay_core::registry;
use relay_day_reconciler::DayReconciler;
use relay_reconcile::{Day, Standing, Turn, Verdict, kept};

use crate::house::{House, utc};
use crate::process::{Process, TRADES, count};

/// What Lambda gives a turn, less the time of one call.
const MINUTES: Duration = Duration::from_secs(15 * 60 - 35);

/// From one turn to the next.
const EVERY: Duration = Duration::from_secs(15 * 60);

/// More documents than a turn can ask for: Kingdee is asked twice for each, ten times a minute.
const DOCUMENTS: usize = 100;

/// A house on the night after a day of so many trades, all delivered.
async fn night_after(documents: usize) -> (House, Process) {
    let house = House::new(31).with("KINGDEE_CALLS_PER_MINUTE", "10");
    let process = house.start();
    process.wiring.active.flows().await.unwrap();
    house.clock.advance_to(utc("2026-11-23T10:00:00+08:00"));
    worked(&house, &process, documents).await;
    house.clock.advance_to(utc("2026-11-24T03:01:00+08:00"));
    process.poll().await;
    (house, process)
}

/// So many trades, delivered.
async fn worked(house: &House, process: &Process, documents: usize) {
    for _ in 0..documents {
        house.vendors.wangdian.generate_trade("S001", 55, house.minutes_ago(30));
    }
    process.poll().await;
    assert_eq!(count(&process.drain().await, "delivered"), documents);
}

fn reconciler(process: &Process) -> DayReconciler {
    process.wiring.build::<DayReconciler>().unwrap()
}

/// A turn by the schedule, and whatever time is left until the next.
async fn turn(house: &House, reconciler: &DayReconciler) -> Turn {
    let began = house.clock.monotonic();
    let turn = reconciler.compare(Deadline::within(house.clock.as_ref(), MINUTES)).await.unwrap();
    let took = house.clock.monotonic() - began;
    assert!(took < MINUTES + Duration::from_secs(35), "a turn of {took:?}");
    house.clock.advance(EVERY.saturating_sub(took));
    turn
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

async fn kept_of(process: &Process, of: &str) -> Option<Day> {
    kept::day(process.wiring.stores.checkpoints.as_ref(), TRADES, day(of)).await.unwrap()
}

fn calls_of_kingdee(house: &House) -> u64 {
    house.vendors.kingdee.calls().values().sum()
}

#[tokio::test]
async fn a_day_that_a_turn_has_not_the_time_for_is_gone_on_with_and_nothing_is_asked_twice() {
    let (house, process) = night_after(DOCUMENTS).await;
    let (function, before) = (reconciler(&process), calls_of_kingdee(&house));
    let mut turns = vec![turn(&house, &function).await];
    assert!(turns[0].left > 0 && kept_of(&process, "2026-11-23").await.is_none(), "{turns:?}");
    while turns.last().unwrap().left > 0 {
        turns.push(turn(&house, &function).await);
    }
    assert_eq!(turns.len(), 2, "{turns:?}");
    let done = turns.iter().flat_map(|turn| &turn.compared).find(|done| done.flow == TRADES).unwrap();
    assert_eq!((done.day, done.standing), (day("2026-11-23"), Standing::Equal), "{turns:?}");
    let kept = kept_of(&process, "2026-11-23").await.unwrap();
    assert_eq!((kept.count(Verdict::Matched), kept.too_large), (DOCUMENTS as u64, None));
    // Each is looked for, and read; one call was perhaps broken off.
    let asked = calls_of_kingdee(&house) - before;
    assert!((200..=205).contains(&asked), "{asked} calls");
    assert_eq!(turn(&house, &function).await, Turn::default(), "the night's turn was had");
    assert_eq!(calls_of_kingdee(&house) - before, asked);
}

#[tokio::test]
async fn a_day_that_no_turn_ends_is_kept_as_too_large_and_later_ones_like_it_are_not_begun() {
    let (house, process) = night_after(DOCUMENTS).await;
    // A new process each time, as where the day needs more memory than there is: nothing is remembered.
    let mut turns = Vec::new();
    while turns.last().is_none_or(|turn: &Turn| turn.left > 0) {
        assert!(turns.len() < 16, "more turns than a night has: {turns:?}");
        turns.push(turn(&house, &reconciler(&process)).await);
    }
    let told = format!("{TRADES} 2026-11-23");
    assert_eq!(turns.last().unwrap().too_large, [told], "{turns:?}");
    let kept = kept_of(&process, "2026-11-23").await.unwrap();
    assert_eq!((kept.standing, kept.too_large), (Standing::NotCompared, Some(DOCUMENTS as u64)));
    assert!(kept.not_compared[0].contains("relay reconcile trade-to-kingdee"), "{kept:?}");

    // A day like it, in the next night, and a smaller one in the night after that.
    for (documents, from, night) in [
        (DOCUMENTS, "2026-11-24T12:00:00+08:00", "2026-11-25T03:01:00+08:00"),
        (20, "2026-11-25T12:00:00+08:00", "2026-11-26T03:01:00+08:00"),
    ] {
        house.clock.advance_to(utc(from));
        worked(&house, &process, documents).await;
        house.clock.advance_to(utc(night));
        process.poll().await;
        let (before, function) = (calls_of_kingdee(&house), reconciler(&process));
        assert_eq!(turn(&house, &function).await.left, 0, "one turn is enough");
        let asked = calls_of_kingdee(&house) - before;
        assert_eq!(asked > 0, documents < DOCUMENTS, "{asked} calls for {documents}");
    }
    assert_eq!(kept_of(&process, "2026-11-24").await.unwrap().too_large, Some(DOCUMENTS as u64));
    assert_eq!(kept_of(&process, "2026-11-25").await.unwrap().standing, Standing::Equal);

    // Whoever has the time compares them.
    reconciler(&process).compare(Deadline::NONE).await.unwrap();
    for of in ["2026-11-23", "2026-11-24"] {
        let kept = kept_of(&process, of).await.unwrap();
        assert_eq!((kept.standing, kept.too_large), (Standing::Equal, None), "{of}");
    }
}

#[tokio::test]
async fn two_processes_do_not_compare_at_once_and_a_day_before_its_flow_began_is_not_due() {
    let (house, process) = night_after(3).await;
    let (one, other) = (reconciler(&process), reconciler(&house.start()));
    let deadline = || Deadline::within(house.clock.as_ref(), MINUTES);
    let (first, second) = tokio::join!(one.compare(deadline()), other.compare(deadline()));
    let turns = [first.unwrap(), second.unwrap()];
    assert_eq!(turns.iter().filter(|turn| turn.elsewhere).count(), 1, "{turns:?}");
    let compared: Vec<_> = turns.iter().flat_map(|turn| &turn.compared).collect();
    assert!(compared.iter().all(|done| done.day == day("2026-11-23")), "{compared:?}");
    assert!(compared.iter().any(|done| done.flow == TRADES), "{compared:?}");
    let known = registry::read(process.wiring.stores.checkpoints.as_ref()).await.unwrap();
    assert_eq!(known[TRADES].since.to_rfc3339(), "2026-11-22T04:00:00+00:00");
}
