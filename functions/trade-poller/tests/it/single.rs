//! One flow: any source is read, and nothing of it is known but its row.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use relay_connector::Connection;
use relay_core::clock::Deadline;
use relay_job::{Job as _, Unfinished};
use relay_trade_poller::TradePoller;
use serde_json::json;

use crate::house::{House, ONE, noon};
use crate::shop::TITLE;

#[tokio::test]
async fn every_row_is_queued_once_by_windows_and_pages_no_larger_than_the_row_says() {
    let mut house = House::new();
    house.start = house.minutes_ago(600);
    let ids = house.orders("A", 590, 595);
    let report = house.poll(&[("one", "")]).await.remove(0);
    assert_eq!(report.watermark, Some(noon() - TimeDelta::seconds(60)));
    let mut queued = house.queued(ONE).await;
    queued.dedup();
    assert_eq!(queued.len(), ids.len());
    let calls = house.shop.calls();
    assert!(calls.iter().all(|call| call.span.end - call.span.start <= TimeDelta::hours(1)));
    assert!(calls.len() > 60, "ten rows a page: {} calls", calls.len());
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_with_the_vendors_name() {
    let house = House::new();
    *house.shop.ahead.lock().unwrap() = TimeDelta::minutes(4);
    let report = house.poll(&[("one", "")]).await.remove(0);
    assert_eq!(report.clock_skew_s, Some(240));
    let told = format!("this machine's clock is 240 s ahead of {TITLE}'s: set it right (NTP)");
    assert_eq!(house.health("one").await.notes, [told]);
}

#[tokio::test]
async fn what_the_vendor_refuses_stands_in_the_answer_and_its_words_in_the_error_alone() {
    let house = House::new();
    *house.shop.refuses_before.lock().unwrap() = Some(noon());
    let error = house.poller(&[("one", "")]).invoke(json!({}), Deadline::NONE).await.unwrap_err();
    let Unfinished { answer, errors } = error.downcast_ref().unwrap();
    let told = answer["flows"][0]["error"].as_str().unwrap();
    assert!(told.contains("refused") && !told.contains("so old"), "{told}");
    assert!(errors[0].contains("nothing so old"), "{errors:?}");
    assert_eq!(house.watermark("one").await, None);
    assert_eq!(house.health("one").await.error.unwrap().class, "refused");
}

#[tokio::test]
async fn an_event_that_names_no_polled_flow_is_answered_with_those_that_there_are() {
    let house = House::new();
    let poller = house.poller(&[("two", "params = { status = \"95\" }"), ("one", "")]);
    let error = poller.invoke(json!({"flow": "three"}), Deadline::NONE).await.unwrap_err().to_string();
    assert!(error.contains("`three` is no polled flow; the polled flows are: one, two"), "{error}");
}

#[tokio::test]
async fn a_vendor_that_reads_no_windows_is_noticed_when_the_poller_is_built() {
    struct Deaf;
    impl Connection for Deaf {}
    let house = House::new();
    let parts = house.parts(&[("one", "")], house.stores.clone(), Arc::new(Deaf));
    let error = TradePoller::build(&parts).err().unwrap().to_string();
    assert!(error.contains("`shop.order`: no vendor is connected that reads it by windows"), "{error}");
}

#[tokio::test]
async fn a_run_ends_before_its_deadline_and_the_next_goes_on() {
    let mut house = House::new();
    house.start = house.minutes_ago(24 * 60);
    let poller = house.poller(&[("one", "")]);
    let report = poller.poll_all(house.within(3), &|_| {}).await.remove(0);
    assert!(report.error.is_none() && !report.caught_up && report.windows > 1, "{report:?}");
    assert!(house.clock_passed() <= Duration::from_secs(3));
    assert_eq!(house.watermark("one").await, report.watermark);
    house.poll(&[("one", "")]).await;
}

#[tokio::test]
async fn a_vendor_that_is_not_to_be_asked_yet_is_no_failure_and_the_watermark_waits() {
    let house = House::new();
    house.poll(&[("one", "")]).await;
    let (reached, poller) = (house.watermark("one").await, house.poller(&[("one", "")]));
    house.clock.advance(Duration::from_secs(600));
    house.orders("A", 1, 5);
    *house.shop.rests.lock().unwrap() = Some(Duration::from_secs(28_800));
    let report = poller.poll_all(Deadline::NONE, &|_| {}).await.remove(0);
    assert_eq!((report.error, report.waits_s, report.caught_up), (None, Some(28_800), false));
    let health = house.health("one").await;
    assert_eq!((house.watermark("one").await, health.error), (reached, None));
    assert_eq!(health.notes, ["three times a day"]);
    poller.invoke(json!({}), Deadline::NONE).await.unwrap();

    *house.shop.rests.lock().unwrap() = None;
    house.clock.advance(Duration::from_secs(28_800));
    let report = poller.poll_all(Deadline::NONE, &|_| {}).await.remove(0);
    assert_eq!((report.error, report.waits_s, report.caught_up), (None, None, true));
    assert_eq!(house.queued(ONE).await, ["A-0"]);
}
