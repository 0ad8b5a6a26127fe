//! Flows of one pool share its pulls, and a pool that is blocked is looked behind.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use relay_connector::Connection;
use relay_core::FailureClass;
use relay_core::clock::{Clock as _, Deadline};
use relay_core::health::{self, Part};
use relay_core::item::content_hash;
use relay_core::ledger::record_failure;
use relay_core::{EntryId, Failed, Outgoing, StoreError, WorkItem};
use relay_decorator::{Carries, Side, decorate};
use relay_job::{Job as _, Unfinished};
use relay_stock_syncer::StockSyncer;
use serde_json::{Value, json};

use crate::house::{House, ONE, Reads, TWO, of};
use crate::store_room::CAP;

const BOTH: [Reads; 2] = [("one", "change", ""), ("two", "change", "")];

#[tokio::test]
async fn flows_of_one_pool_share_its_pulls_and_both_get_every_row() {
    let house = House::new();
    house.room.add("A", "left");
    house.room.add("B", "right");
    let report = house.sync(&BOTH).await.remove(0);
    assert_eq!((report.pool.as_str(), report.rows, report.queued), ("room.change", 2, 4));
    // The second shows that nothing new comes.
    assert_eq!(house.room.pulls().len(), 2);
    assert_eq!(house.take(ONE).await, of("one", &["A", "B"]));
    assert_eq!(house.take(TWO).await, of("two", &["A", "B"]));
    let part = Part::Pool("room.change".to_owned());
    let health = health::read(house.stores.checkpoints.as_ref(), &part).await.unwrap();
    assert_eq!(health.succeeded_at, Some(house.clock.now()));
}

/// Its acknowledgement takes the row from the other flow too.
#[tokio::test]
async fn what_acknowledges_a_row_is_queued_only_when_every_other_flow_has_it() {
    let mut house = House::new();
    house.stores = decorate(&house.stores, |side, call| {
        let is_refused = call.operation == "send" && side == Side::Before && is_acknowledging(&call.carries);
        ready(if is_refused { Err(StoreError::new("sending", "the queue is gone")) } else { Ok(()) })
    });
    house.room.add("A", "left");
    let reports = house.syncer(&BOTH).sync_all(Deadline::NONE).await;
    assert!(reports[0].error.is_some());
    assert!(house.take(ONE).await.is_empty());
    assert_eq!(house.take(TWO).await, of("two", &["A"]));
}

fn is_acknowledging(carries: &Carries<'_>) -> bool {
    let Carries::Messages(messages) = carries else { return false };
    messages.iter().any(|message| WorkItem::decode(&message.body).unwrap().acknowledge)
}

/// Otherwise what one of them has acknowledged would be lost for the other.
#[tokio::test]
async fn a_pool_is_the_same_whether_its_usual_route_is_named_and_where_its_parameters_stand() {
    let house = House::new();
    house.room.add("A", "left");
    let named = "route = \"direct\"\nparams = { shop_no = { setting = \"SHELF\" } }";
    let reports =
        house.sync(&[("one", "change", named), ("two", "change", "params = { shop_no = \"left\" }")]).await;
    assert_eq!((reports.len(), reports[0].queued), (1, 2));
    let reports = house
        .sync(&[
            ("one", "change", "params = { shop_no = \"right\" }"),
            ("two", "change", "params = { shop_no = \"left\" }"),
        ])
        .await;
    assert_eq!(reports.len(), 2, "these are two");
}

#[tokio::test]
async fn a_row_is_kept_for_a_flow_whose_file_is_away() {
    let house = House::new();
    house.sync(&BOTH).await;
    house.room.add("A", "left");
    house.sync(&BOTH[..1]).await;
    assert_eq!((house.take(ONE).await, house.take(TWO).await), (of("one", &["A"]), of("two", &["A"])));
}

#[tokio::test]
async fn a_row_that_comes_again_is_queued_again_after_five_minutes_alone() {
    let house = House::new();
    house.room.add("A", "left");
    let syncer = house.syncer(&BOTH[..1]);
    for (wait, queued) in [(0, 1), (180, 0), (180, 1)] {
        house.clock.advance(Duration::from_secs(wait));
        assert_eq!(syncer.sync_all(Deadline::NONE).await.remove(0).queued, queued, "after {wait} s");
    }
}

/// The ledger says of a row that its acknowledgement was refused.
async fn refuse(house: &House, flow: &str, row: &Value) {
    let failed = Failed {
        version: None,
        version_kind: None,
        hash: content_hash(row),
        class: FailureClass::Acknowledgement,
        code: None,
        message: "not taken".to_owned(),
        attempts: 1,
        document: row.clone(),
        received_at: house.clock.now(),
        at: house.clock.now(),
        trace: "t".to_owned(),
        replay: None,
        step: None,
        target_id: None,
        missing: Vec::new(),
    };
    let id = EntryId::new(flow, row["id"].as_str().unwrap());
    assert!(record_failure(house.stores.ledger.as_ref(), &id, &failed).await.unwrap());
}

#[tokio::test]
async fn a_pull_that_is_full_of_rows_whose_acknowledgement_was_refused_is_looked_behind_part_by_part() {
    for refused in [CAP, CAP - 1, CAP / 2] {
        let house = House::new();
        for place in 0..CAP {
            let row = json!({"id": format!("stuck-{place}"), "shop_no": "left"});
            if place < refused {
                refuse(&house, "one", &row).await;
            }
            house.room.add_row(row);
        }
        house.room.add("behind", "right");
        house.sync(&BOTH[..1]).await;
        let is_found = house.take(ONE).await.contains(&("one".to_owned(), "behind".to_owned()));
        // Where half of the rows can go, the next pull shows more.
        assert_eq!(is_found, refused > CAP / 2, "{refused} refused");
        assert_eq!(house.room.pulls().len(), if is_found { 4 } else { 2 });
    }
}

#[tokio::test]
async fn a_pull_that_is_not_full_shows_all_that_there_is() {
    let house = House::new();
    for place in 0..CAP - 1 {
        let row = json!({"id": format!("stuck-{place}"), "shop_no": "left"});
        refuse(&house, "one", &row).await;
        house.room.add_row(row);
    }
    house.sync(&BOTH[..1]).await;
    assert_eq!(house.room.pulls().len(), 2);
}

#[tokio::test]
async fn a_row_that_no_message_can_carry_is_released_with_the_reason() {
    let house = House::new();
    let deep = (0..150).fold(json!(1), |inner, _| json!([inner]));
    house.room.add_row(json!({"id": "deep", "shop_no": "left", "lines": deep}));
    house.room.add("A", "left");
    let report = house.sync(&BOTH[..1]).await.remove(0);
    assert_eq!((report.rows, report.queued), (2, 1));
    let acknowledged = house.room.acknowledged.lock().unwrap().clone();
    let reason = "no message can carry it: see `relay failures`".to_owned();
    assert_eq!(acknowledged, [("deep".to_owned(), Err(reason))]);
    assert_eq!(house.stores.ledger.counts().await.unwrap().failed["one"], 1);
}

#[tokio::test]
async fn nothing_is_pulled_while_a_target_lags_far_behind() {
    let house = House::new();
    house.room.add("A", "left");
    let messages: Vec<_> = (0..1_001)
        .map(|place| {
            let text = place.to_string();
            Outgoing { group: text.clone(), deduplication: text.clone(), body: text }
        })
        .collect();
    house.stores.queue.send(TWO, &messages).await.unwrap();
    assert!(house.sync(&BOTH).await[0].held_back);
    assert!(house.room.pulls().is_empty());
}

#[tokio::test]
async fn a_pool_that_fails_stops_no_other_and_is_told() {
    let house = House::new();
    house.room.add("A", "left");
    *house.room.refuses_moves.lock().unwrap() = true;
    let syncer = house.syncer(&[("one", "change", ""), ("two", "move", "")]);
    let error = syncer.invoke(json!({}), Deadline::NONE).await.unwrap_err();
    let Unfinished { answer, errors } = error.downcast_ref().unwrap();
    assert_eq!(answer["pools"][0]["queued"], 1);
    assert!(!answer.to_string().contains("no moves for you"), "{answer}");
    assert!(errors[0].contains("no moves for you"), "{errors:?}");
    let answer = syncer.invoke(json!({"flow": "one"}), Deadline::NONE).await.unwrap();
    assert_eq!(answer["pools"].as_array().unwrap().len(), 1);
    let error = syncer.invoke(json!({"flow": "three"}), Deadline::NONE).await.unwrap_err().to_string();
    assert!(error.contains("`three` reads no pool; the flows that do are: one, two"), "{error}");
}

#[tokio::test]
async fn a_vendor_without_pools_is_noticed_when_the_syncer_is_built() {
    struct Closed;
    impl Connection for Closed {}
    let house = House::new();
    let error = StockSyncer::build(&house.parts(&BOTH, Arc::new(Closed))).err().unwrap().to_string();
    assert!(error.contains("`room.change`: no vendor is connected that has such a pool"), "{error}");
}

/// A house where some messages are worked whenever somebody looks how many there are: as the pusher has it, a row is
/// acknowledged before its message is deleted.
fn worked(rows: usize, at_a_look: usize) -> House {
    let mut house = filled(rows);
    let (stores, room) = (house.stores.clone(), house.room.clone());
    house.stores = decorate(&house.stores, move |side, call| {
        let (looks, queue, room) =
            (call.operation == "depth" && side == Side::Before, stores.queue.clone(), room.clone());
        async move {
            let received = if looks {
                queue.receive(ONE, at_a_look, Duration::from_secs(60)).await?
            } else {
                Vec::new()
            };
            for message in received {
                room.take(&WorkItem::decode(&message.body).unwrap().key);
                queue.delete(ONE, &[message.receipt]).await?;
            }
            Ok(())
        }
    });
    house
}

fn filled(rows: usize) -> House {
    let house = House::new();
    (0..rows).for_each(|row| house.room.add(&format!("{row:02}"), "left"));
    house
}

#[tokio::test]
async fn beside_its_targets_a_turn_pulls_again_as_rows_are_worked() {
    let house = worked(5 * CAP, 2);
    let reports = house.syncer(&BOTH[..1]).sync_along().await;
    assert_eq!((reports[0].rows, reports[0].error.as_deref()), (5 * CAP as u64, None));
    assert!(house.room.waiting() < CAP, "all are queued, and the last are being worked");
}

#[tokio::test]
async fn a_function_pulls_again_as_rows_are_worked_and_waits_for_nobody_who_does_not_work() {
    let house = worked(5 * CAP, 2);
    let deadline = Deadline::within(house.clock.as_ref(), Duration::from_secs(170));
    let invoked = |house: &House| {
        let syncer = house.syncer(&BOTH[..1]);
        async move { syncer.invoke(json!({}), deadline).await.unwrap()["pools"][0]["rows"].clone() }
    };
    assert_eq!(invoked(&house).await, 5 * CAP);

    let house = filled(5 * CAP);
    let began = house.clock.now();
    let deadline = Deadline::within(house.clock.as_ref(), Duration::from_secs(170));
    let answer = house.syncer(&BOTH[..1]).invoke(json!({}), deadline).await.unwrap();
    assert_eq!(answer["pools"][0]["rows"], CAP);
    let waited = (house.clock.now() - began).num_seconds();
    assert!((30..=40).contains(&waited), "{waited} s");
}

#[tokio::test]
async fn a_function_ends_before_its_time_is_up() {
    let house = worked(200 * CAP, 1);
    let began = house.clock.now();
    let deadline = Deadline::within(house.clock.as_ref(), Duration::from_secs(60));
    house.syncer(&BOTH[..1]).invoke(json!({}), deadline).await.unwrap();
    let took = (house.clock.now() - began).num_seconds();
    assert!((45..=52).contains(&took), "{took} s");
}

#[tokio::test]
async fn a_turn_ends_where_nobody_works_what_it_has_queued() {
    let house = filled(5 * CAP);
    let reports = house.syncer(&BOTH[..1]).sync_along().await;
    assert_eq!((reports[0].rows, house.room.pulls().len()), (CAP as u64, 1));
}

/// As long as a process says that it goes along.
const LASTS: Duration = Duration::from_secs(20);

#[tokio::test]
async fn one_process_alone_goes_along_with_a_pool_and_one_that_is_gone_holds_nobody_up() {
    let house = filled(5 * CAP);
    let another = house.stores.checkpoints.acquire("along/room.change", "another", LASTS).await.unwrap();
    assert!(another.is_some());
    let began = house.clock.now();
    assert_eq!(house.syncer(&BOTH[..1]).sync_along().await[0].rows, CAP as u64);
    let first = house.room.pulls().len();
    let waited = (house.clock.now() - began).num_seconds();
    assert!(
        first == 1 && waited >= 20,
        "{first} pulls, {waited} s: what the other has queued is not queued again"
    );
}

#[tokio::test]
async fn whoever_goes_along_goes_on_in_the_next_turn_and_leaves_a_pool_that_is_empty() {
    let house = worked(200 * CAP, 1);
    assert!(house.syncer(&BOTH[..1]).sync_along().await[0].rows > 0);
    let another = house.stores.checkpoints.acquire("along/room.change", "another", LASTS).await.unwrap();
    assert_eq!(another, None, "the next turn is this process's");

    let house = worked(CAP / 2, 1);
    house.syncer(&BOTH[..1]).sync_along().await;
    let another = house.stores.checkpoints.acquire("along/room.change", "another", LASTS).await.unwrap();
    assert!(another.is_some());
}
