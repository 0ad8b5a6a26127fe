//! Reading windows to their end, whatever the server does with counts and pages.

use std::time::Duration;

use relay_core::clock::Deadline;
use relay_simulators::Fault;
use relay_simulators::wangdian::TradeMix;
use serde_json::Value;

use crate::altered::Altered;
use crate::house::House;
use crate::process::Process;

fn altered(house: &House, page_size: Option<usize>, answer: fn(&mut Value)) -> Process {
    let inner = house.vendors.transport();
    house.start_over(Altered { inner, page_size, answer: Box::new(answer) })
}

fn altered_to(house: &House, answer: impl Fn(&mut Value) + Send + Sync + 'static) -> Process {
    let inner = house.vendors.transport();
    house.start_over(Altered { inner, page_size: None, answer: Box::new(answer) })
}

fn add_trades(house: &House, count: u32) {
    let (from, to) = (house.minutes_ago(50), house.minutes_ago(5));
    house.vendors.wangdian.generate_trades(count, from, to, TradeMix::default());
}

async fn check(house: &House, process: &Process, trades: usize) {
    process.drain().await;
    let creates = house.creates_of_audited();
    assert!(creates.len() == trades && creates.values().all(|count| *count == 1), "{creates:?}");
}

#[tokio::test]
async fn without_a_count_pages_are_read_until_one_comes_empty_and_back() {
    let house = House::new(1);
    add_trades(&house, 250);
    let process = altered(&house, None, |answer| {
        answer.as_object_mut().unwrap().remove("total_count");
    });
    assert_eq!(process.poll().await.error, None);
    check(&house, &process, 250).await;
}

#[tokio::test]
async fn without_a_count_smaller_pages_and_moving_rows_lose_nothing() {
    let house = House::new(1);
    add_trades(&house, 250);
    let process = altered(&house, Some(40), |answer| {
        answer.as_object_mut().unwrap().remove("total_count");
    });
    for _ in 0..3 {
        house.vendors.wangdian.faults.inject_for("trade_query", Fault::MovingPages);
    }
    assert_eq!(process.poll().await.error, None);
    process.drain().await;
    house.clock.advance(Duration::from_secs(600));
    assert_eq!(process.poll().await.error, None);
    process.drain().await;
    let creates = house.creates_of_audited();
    assert!(creates.len() >= 250 && creates.values().all(|count| *count == 1), "{creates:?}");
}

#[tokio::test]
async fn a_server_that_gives_smaller_pages_is_read_by_what_it_gives() {
    let house = House::new(1);
    add_trades(&house, 250);
    let process = altered(&house, Some(40), |_| {});
    assert_eq!(process.poll().await.error, None);
    check(&house, &process, 250).await;
}

#[tokio::test]
async fn rows_that_do_not_add_up_keep_the_watermark_back() {
    let house = House::new(1);
    add_trades(&house, 3);
    let process = altered(&house, None, |answer| answer["total_count"] = "250".into());
    let report = process.poll().await;
    assert!(report.error.is_some_and(|error| error.contains("250")));
    assert_eq!((report.watermark, report.windows), (None, 0));
}

#[tokio::test]
async fn a_count_that_cannot_be_right_is_said_and_the_pages_are_read_until_one_comes_empty() {
    for total in [1_000_000_000_000_u64, 9_999_999] {
        let house = House::new(1);
        add_trades(&house, 250);
        let process = altered_to(&house, move |answer| answer["total_count"] = total.into());
        let report = process.poll().await;
        assert_eq!((&report.error, report.caught_up), (&None, true));
        assert!(report.notes.iter().any(|note| note.contains(&total.to_string())), "{report:?}");
        let calls = house.vendors.wangdian.calls()["trade_query"];
        assert!(calls < 10, "{calls} calls for three pages");
        check(&house, &process, 250).await;
    }
}

#[tokio::test]
async fn a_count_that_is_too_large_reads_no_thousands_of_empty_pages_and_loses_nothing() {
    let house = House::new(1);
    add_trades(&house, 250);
    let process = altered_to(&house, |answer| answer["total_count"] = 300_000.into());
    let report = process.poll().await;
    assert!(report.error.is_some_and(|error| error.contains("300000") && error.contains("total_count")));
    assert_eq!((report.watermark, report.windows), (None, 0));
    let calls = house.vendors.wangdian.calls()["trade_query"];
    assert!(calls < 40, "{calls} calls");
    check(&house, &process, 250).await;
}

#[tokio::test]
async fn a_count_that_is_too_small_loses_nothing() {
    for total in [0, 100, 150] {
        let house = House::new(1);
        add_trades(&house, 250);
        let process = altered_to(&house, move |answer| answer["total_count"] = total.into());
        assert_eq!(process.poll().await.error, None);
        check(&house, &process, 250).await;
    }
}

#[tokio::test]
async fn rows_that_become_visible_late_are_read_by_the_overlap() {
    let house = House::new(1);
    house.vendors.wangdian.set_lag(Duration::from_secs(150));
    let (from, to) = (house.minutes_ago(20), house.now() + chrono::TimeDelta::minutes(20));
    house.vendors.wangdian.generate_trades(200, from, to, TradeMix::default());
    let process = house.start();
    while house.now() < to + chrono::TimeDelta::minutes(5) {
        assert_eq!(process.poll().await.error, None);
        house.clock.advance(Duration::from_secs(60));
    }
    check(&house, &process, 200).await;
}

#[tokio::test]
async fn a_run_stops_between_windows_before_its_deadline_and_the_next_goes_on() {
    let house =
        House::new(1).with("RELAY_START", "2026-11-22T02:00:00+08:00").with("WDT_CALLS_PER_MINUTE", "12");
    let (from, to) = (house.minutes_ago(590), house.minutes_ago(5));
    house.vendors.wangdian.generate_trades(100, from, to, TradeMix::default());
    let process = house.start();
    let deadline = house.now() + chrono::TimeDelta::seconds(10);
    let report = process.poller.poll_all(house.within(deadline), &|_| {}).await.remove(0);
    assert_eq!((report.error, report.caught_up), (None, false));
    assert!(
        report.windows > 1 && house.now() <= deadline,
        "{} windows until {}",
        report.windows,
        house.now()
    );

    let rest = process.poll().await;
    assert!(rest.caught_up && rest.windows > 1);
    check(&house, &process, 100).await;
}

#[tokio::test]
async fn a_window_that_no_run_has_time_for_is_halved() {
    let house = House::new(1).with("WDT_CALLS_PER_MINUTE", "25");
    // 20 pages take a minute, and a run has 40 seconds.
    add_trades(&house, 2_000);
    let mut runs = 0;
    loop {
        runs += 1;
        let deadline = house.now() + chrono::TimeDelta::seconds(40);
        let report = house.start().poller.poll_all(house.within(deadline), &|_| {}).await.remove(0);
        assert_eq!(report.error, None);
        if report.caught_up {
            break;
        }
        assert!(runs < 30, "it comes no further");
    }
    assert!(runs > 1);
    check(&house, &house.start(), 2_000).await;
}

#[tokio::test]
async fn a_window_is_begun_only_if_the_quota_reads_it_in_time() {
    let house = House::new(1).with("WDT_CALLS_PER_MINUTE", "12");
    // 7 pages at 12 calls a minute take 37 seconds. A run that was cut off would begin them anew for ever.
    add_trades(&house, 700);
    for runs in 0.. {
        assert!(runs < 60, "it comes no further");
        let deadline = house.now() + chrono::TimeDelta::seconds(30);
        let report = house.start().poller.poll_all(house.within(deadline), &|_| {}).await.remove(0);
        assert_eq!(report.error, None);
        assert!(house.now() <= deadline, "{report:?}");
        if report.caught_up {
            break;
        }
    }
    check(&house, &house.start(), 700).await;
}

#[tokio::test]
async fn thirty_days_are_caught_up_over_as_many_runs_as_they_need() {
    let house = House::new(1).with("RELAY_START", "2026-10-23T12:00:00+08:00");
    let (from, to) = (house.minutes_ago(30 * 24 * 60 - 1), house.minutes_ago(5));
    house.vendors.wangdian.generate_trades(100, from, to, TradeMix::default());
    let mut runs = 0;
    loop {
        runs += 1;
        let deadline = house.now() + chrono::TimeDelta::minutes(5);
        // Each run is a process of its own, as on Lambda.
        let report = house.start().poller.poll_all(house.within(deadline), &|_| {}).await.remove(0);
        assert_eq!(report.error, None);
        if report.caught_up {
            break;
        }
    }
    assert!((3..10).contains(&runs), "{runs} runs");
    check(&house, &house.start(), 100).await;
}

#[tokio::test]
async fn an_invocation_tells_its_progress_after_every_window() {
    let house = House::new(1).with("RELAY_START", "2026-11-22T02:00:00+08:00");
    let process = house.start();
    let told = std::sync::Mutex::new(Vec::new());
    let tell =
        |report: &relay_trade_poller::Report| told.lock().unwrap().push((report.windows, report.watermark));
    let answer = process.poller.work(serde_json::json!({}), Deadline::NONE, &tell).await.unwrap();
    let told = told.into_inner().unwrap();
    assert_eq!(answer["flows"][0]["windows"], told.len());
    assert!(told.len() > 1 && told.is_sorted() && told.iter().all(|(_, until)| until.is_some()), "{told:?}");
}
