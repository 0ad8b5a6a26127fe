//! Lists that are read as a whole: what is new or has changed goes on, once.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use relay_connector::{Connection, Failure, Lists, Page, PageOf, Query};
use relay_core::clock::Deadline;
use relay_job::Job as _;
use relay_trade_poller::TradePoller;
use serde_json::json;

use crate::fuse::Fuse;
use crate::house::{House, ONE, TWO};

const GOODS: [(&str, &str); 1] = [("one-goods", "")];
const BOTH: [(&str, &str); 2] = [("one-goods", ""), ("two-goods", "")];
const AN_HOUR: Duration = Duration::from_secs(3_600);

impl House {
    fn name(&self, id: &str, name: &str) {
        self.shop.goods.lock().unwrap().insert(id.to_owned(), name.to_owned());
    }

    fn name_many(&self, count: usize) {
        (0..count).for_each(|number| self.name(&format!("G-{number:05}"), "杯"));
    }

    async fn goods(&self, flow: &str) -> Vec<String> {
        let system = if flow.starts_with("one") { ONE } else { TWO };
        self.take(system).await.remove(flow).unwrap_or_default()
    }

    fn pages(&self) -> Vec<u32> {
        std::mem::take(&mut self.shop.pages.lock().unwrap())
    }

    /// Polls after an hour, and gives what was queued for the first flow.
    async fn after_an_hour(&self) -> Vec<String> {
        self.clock.advance(AN_HOUR);
        self.poll(&GOODS).await;
        self.goods("one-goods").await
    }
}

#[tokio::test]
async fn only_rows_whose_content_changed_go_on() {
    let house = House::new();
    house.name_many(25);
    let reports = house.poll(&GOODS).await;
    assert_eq!((reports[0].rows, reports[0].queued), (25, 25), "{reports:?}");
    assert_eq!(house.goods("one-goods").await.len(), 25);
    assert_eq!(house.after_an_hour().await, [""; 0], "nothing has changed");

    house.name("G-00007", "碗");
    house.name("G-new", "盘");
    assert_eq!(house.after_an_hour().await, ["G-00007", "G-new"]);
    house.name("G-00007", "杯");
    assert_eq!(house.after_an_hour().await, ["G-00007"], "what goes back to what it was has changed");
}

#[tokio::test]
async fn what_is_no_longer_listed_is_not_told_and_what_comes_back_is() {
    let house = House::new();
    house.name_many(3);
    house.poll(&GOODS).await;
    house.goods("one-goods").await;
    let gone = house.shop.goods.lock().unwrap().remove("G-00001").unwrap();
    assert_eq!(house.after_an_hour().await, [""; 0]);
    house.name("G-00001", &gone);
    assert_eq!(house.after_an_hour().await, ["G-00001"], "the ledger drops it, if nothing has changed");
}

#[tokio::test]
async fn a_list_is_read_by_the_hour_and_when_somebody_asks_for_its_flow() {
    let house = House::new();
    house.name_many(5);
    house.poll(&GOODS).await;
    assert_eq!(house.pages(), [0]);
    house.clock.advance(AN_HOUR - Duration::from_secs(60));
    let reports = house.poll(&GOODS).await;
    assert!(house.pages().is_empty() && reports[0].watermark.is_some(), "it is not due");

    house.name("G-new", "盘");
    let event = json!({"flow": "one-goods"});
    house.poller(&GOODS).work(event, Deadline::NONE, &|_| {}).await.unwrap();
    assert_eq!(house.pages(), [0]);
    house.clock.advance(Duration::from_secs(120));
    house.poll(&GOODS).await;
    assert!(house.pages().is_empty(), "an hour after the last reading");
}

#[tokio::test]
async fn flows_on_one_list_share_its_reading_and_each_has_its_own_snapshot() {
    let house = House::new();
    house.name_many(15);
    house.poll(&GOODS).await;
    assert_eq!(house.pages(), [0, 1]);
    // One that joins is due, and gets all of it; the other nothing.
    house.goods("one-goods").await;
    house.poll(&BOTH).await;
    assert_eq!(house.pages(), [0, 1], "asked for once");
    assert_eq!(house.goods("one-goods").await, [""; 0]);
    assert_eq!(house.goods("two-goods").await.len(), 15);
    // A filter of its own.
    house.clock.advance(AN_HOUR);
    let reports = house.poll(&[("one-goods", ""), ("two-goods", "filter = \"name = '碗'\"")]).await;
    assert_eq!((reports[0].filtered, reports[1].filtered), (0, 15));
    house.name("G-00001", "碗");
    house.clock.advance(AN_HOUR);
    house.poll(&[("one-goods", ""), ("two-goods", "filter = \"name = '碗'\"")]).await;
    assert_eq!(house.goods("two-goods").await, ["G-00001"]);
}

#[tokio::test]
async fn a_list_is_read_to_its_end_whatever_its_count_says() {
    for count in [None, Some(0), Some(3), Some(20), Some(400)] {
        let house = House::new();
        house.name_many(20);
        *house.shop.miscounts.lock().unwrap() = Some(count);
        let reports = house.poll(&GOODS).await;
        assert_eq!(
            (reports[0].queued, reports[0].notes.len()),
            (20, usize::from(count == Some(400))),
            "{count:?}"
        );
        assert_eq!(house.pages(), [0, 1, 2], "{count:?}");
    }
}

#[tokio::test]
async fn an_empty_list_is_believed_where_its_count_says_so_too() {
    let house = House::new();
    house.name_many(2);
    house.poll(&GOODS).await;
    house.goods("one-goods").await;
    let all = std::mem::take(&mut *house.shop.goods.lock().unwrap());
    *house.shop.miscounts.lock().unwrap() = Some(Some(2));
    house.clock.advance(AN_HOUR);
    let reports = house.poller(&GOODS).poll_all(Deadline::NONE, &|_| {}).await;
    let error = reports[0].error.as_deref().unwrap();
    assert!(error.contains("0 rows came where the vendor counts 2"), "{error}");
    assert!(house.health("one-goods").await.error.is_some());

    *house.shop.goods.lock().unwrap() = all;
    house.poll(&GOODS).await;
    assert_eq!(house.goods("one-goods").await, [""; 0], "the snapshot stands");
}

#[tokio::test]
async fn ten_thousand_rows_and_more_have_a_snapshot() {
    let house = House::new();
    house.name_many(10_050);
    house.poll(&GOODS).await;
    assert_eq!(house.goods("one-goods").await.len(), 10_050);
    for (name, checkpoint) in house.stores.checkpoints.list("snapshot/").await.unwrap() {
        assert!(checkpoint.value.len() < 300_000, "{name}: DynamoDB takes 400 KB");
    }
    house.name("G-10049", "碗");
    assert_eq!(house.after_an_hour().await, ["G-10049"]);
    house.shop.goods.lock().unwrap().retain(|id, _| id.as_str() < "G-00010");
    house.name("G-00001", "盘");
    assert_eq!(house.after_an_hour().await, ["G-00001"]);
    assert_eq!(house.after_an_hour().await, [""; 0]);
}

#[tokio::test]
async fn a_list_that_is_longer_than_a_run_is_read_on_by_the_next() {
    let house = House::new();
    house.name_many(100);
    // One that has no time to begin is no fault.
    let reports = house.poller(&GOODS).poll_all(house.within(0), &|_| {}).await;
    assert_eq!((&reports[0].error, reports[0].caught_up), (&None, false));
    let (mut runs, mut read) = (0, Vec::new());
    loop {
        let reports = house.poller(&GOODS).poll_all(house.within(1), &|_| {}).await;
        assert_eq!(reports[0].error, None);
        runs += 1;
        read.extend(house.pages());
        if reports[0].caught_up {
            break;
        }
        assert!(reports[0].notes[0].contains("the next run goes on"), "{reports:?}");
        assert!(reports[0].queued > 0 && reports[0].watermark.is_none(), "{reports:?}");
        assert!(runs < 10, "it never comes to the end");
    }
    assert_eq!(read, (0..=10).collect::<Vec<_>>(), "each page once");
    assert!(runs > 1);
    assert_eq!(house.goods("one-goods").await.len(), 100, "each row once");
    house.name("G-00003", "碗");
    assert_eq!(house.after_an_hour().await, ["G-00003"]);
}

/// A row moves from a page that has been read to one that has not, and becomes what it was before.
#[tokio::test]
async fn what_changes_while_a_list_is_read_by_several_runs_is_given_as_it_is_last() {
    let house = House::new();
    house.name_many(100);
    house.name("A", "杯");
    house.poll(&GOODS).await;
    house.goods("one-goods").await;
    house.clock.advance(AN_HOUR);
    house.pages();

    house.name("A", "碗");
    house.poller(&GOODS).poll_all(house.within(1), &|_| {}).await;
    assert_eq!(house.goods("one-goods").await, ["A"]);
    assert!(house.pages().len() < 8);
    let gone = house.shop.goods.lock().unwrap().remove("A");
    assert_eq!(gone.as_deref(), Some("碗"));
    // The same key, and what is listed last of all.
    house.shop.listed_again.lock().unwrap().push(("A".to_owned(), "杯".to_owned()));
    house.poll(&GOODS).await;
    assert_eq!(house.goods("one-goods").await, ["A"], "it is 杯 again");
    // The row that moved up to a page that had been read was not shown: it is given once more, and the ledger drops it.
    assert_eq!(house.after_an_hour().await, ["G-00039"]);
    assert_eq!(house.after_an_hour().await, [""; 0]);
}

#[tokio::test]
async fn of_a_row_that_one_reading_shows_twice_the_last_content_counts() {
    let house = House::new();
    house.name_many(12);
    house.name("A", "杯");
    house.shop.listed_again.lock().unwrap().push(("A".to_owned(), "碗".to_owned()));
    house.poll(&GOODS).await;
    let given = house.goods("one-goods").await;
    assert_eq!(given.iter().filter(|key| *key == "A").count(), 2, "杯, then 碗");
    house.shop.listed_again.lock().unwrap().clear();
    assert_eq!(house.after_an_hour().await, ["A"], "the target was given 碗 last, and it is 杯");
    assert_eq!(house.after_an_hour().await, [""; 0]);
}

/// Killed at every step of a reading that meets a change, and of one after which the row is as it was before: whatever the
/// target was given last is what the list says in the end.
#[tokio::test]
async fn a_run_that_is_killed_anywhere_loses_no_change() {
    for steps in 0..200 {
        let house = House::new();
        house.name_many(12);
        house.name("G-1", "杯");
        house.poll(&GOODS).await;
        house.goods("one-goods").await;

        house.name("G-1", "碗");
        house.clock.advance(AN_HOUR);
        let fuse = Fuse::after(steps);
        let poller = house.poller_on(&GOODS, fuse.around(&house.stores));
        let survived = fuse.run(poller.poll_all(Deadline::NONE, &|_| {})).await.is_some();
        let changed = house.goods("one-goods").await.contains(&"G-1".to_owned());

        // Back to what it was, before the next run. The dead one's lease ends meanwhile.
        house.name("G-1", "杯");
        let again = house.after_an_hour().await.contains(&"G-1".to_owned());
        assert!(!changed || again, "after {steps} steps the target was told 碗, and never 杯");
        if survived {
            assert!(changed && again && steps > 10, "{steps} steps are a whole run");
            return;
        }
    }
    panic!("a run has more steps than were tried");
}

/// A shop that answers so late that another run has read all of its list meanwhile.
struct Late {
    house: Arc<House>,
    other: Mutex<Option<TradePoller>>,
}

#[async_trait]
impl Lists for Late {
    async fn list(&self, query: &Query, page: PageOf, deadline: Deadline) -> Result<Page, Failure> {
        let other = self.other.lock().unwrap().take();
        if let Some(other) = other {
            self.house.clock.advance(Duration::from_secs(120));
            let poll = move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(other.poll_all(Deadline::NONE, &|_| {}));
            };
            thread::spawn(poll).join().unwrap();
        }
        self.house.shop.list(query, page, deadline).await
    }
}

impl Connection for Late {
    fn lists(&self) -> Option<&dyn Lists> {
        Some(self)
    }
}

#[tokio::test]
async fn what_another_run_has_queued_while_a_vendor_made_this_one_wait_is_not_queued_again() {
    let house = Arc::new(House::new());
    house.name_many(5);
    let late = Late { house: house.clone(), other: Mutex::new(Some(house.poller(&GOODS))) };
    let poller = TradePoller::build(&house.parts(&GOODS, house.stores.clone(), Arc::new(late))).unwrap();
    let reports = poller.poll_all(Deadline::NONE, &|_| {}).await;
    assert!(reports[0].error.as_ref().is_some_and(|error| error.contains("has taken over")), "{reports:?}");
    assert_eq!(house.goods("one-goods").await.len(), 5, "each row once");
}
