use std::collections::HashMap;
use std::time::Duration;

use chrono::DateTime;
use relay_core::clock::Clock as _;
use relay_core::queue::Sought;
use relay_core::{Outgoing, Received, System, WorkItem, codec};
use serde_json::json;

use super::Ports;

const MINUTE: Duration = Duration::from_secs(60);

fn message(group: &str, deduplication: &str) -> Outgoing {
    Outgoing {
        group: group.to_owned(),
        deduplication: deduplication.to_owned(),
        body: deduplication.to_owned(),
    }
}

impl Ports {
    async fn send(&self, messages: &[Outgoing]) {
        self.stores.queue.send(System::new("kingdee"), messages).await.unwrap();
    }

    async fn receive(&self) -> Vec<Received> {
        self.stores.queue.receive(System::new("kingdee"), 10, MINUTE).await.unwrap()
    }

    async fn bodies(&self) -> Vec<String> {
        self.receive().await.into_iter().map(|received| received.body).collect()
    }
}

#[tokio::test]
async fn messages_of_a_group_come_in_order_and_one_in_flight_holds_the_others_back() {
    let ports = Ports::open().await;
    ports.send(&[message("a", "a1")]).await;
    assert_eq!(ports.bodies().await, ["a1"]);
    ports.send(&[message("a", "a2"), message("b", "b1")]).await;
    assert_eq!(ports.bodies().await, ["b1"], "a1 is in flight, so a2 waits");
    ports.wait(61);
    assert_eq!(ports.bodies().await, ["a1", "a2", "b1"], "in the order they were sent");
}

#[tokio::test]
async fn a_later_message_stands_behind_those_before_it_at_every_receive() {
    let ports = Ports::open().await;
    ports.send(&[message("a", "a1"), message("a", "a2"), message("a", "a3")]).await;
    let places = |received: &[Received]| {
        received.iter().map(|message| message.place.clone().unwrap()).collect::<Vec<_>>()
    };
    let first = places(&ports.receive().await);
    assert_eq!(first.len(), 3);
    assert!(first.is_sorted_by(relay_core::Place::is_before), "{first:?}");
    ports.wait(61);
    let again = ports.receive().await;
    assert_eq!(places(&again), first, "a message keeps its place");
    let receipts: Vec<_> = again.into_iter().map(|message| message.receipt).collect();
    ports.stores.queue.delete(System::new("kingdee"), &receipts).await.unwrap();
    ports.send(&[message("a", "a4")]).await;
    let last = places(&ports.receive().await);
    assert!(first[2].is_before(&last[0]), "a place is not given again: {first:?}, {last:?}");
}

#[tokio::test]
async fn a_repetition_is_dropped_for_five_minutes_even_after_the_first_was_deleted() {
    let ports = Ports::open().await;
    ports.send(&[message("a", "a1"), message("a", "a1")]).await;
    let received = ports.receive().await;
    assert_eq!(received.len(), 1);
    ports.stores.queue.delete(System::new("kingdee"), &[received[0].receipt.clone()]).await.unwrap();
    // Some seconds before and after, because the clock of an AWS goes on meanwhile.
    ports.wait(290);
    ports.send(&[message("a", "a1")]).await;
    assert!(ports.bodies().await.is_empty());
    ports.wait(11);
    ports.send(&[message("a", "a1")]).await;
    assert_eq!(ports.bodies().await, ["a1"]);
}

#[tokio::test]
async fn the_queues_of_the_systems_are_apart() {
    let ports = Ports::open().await;
    ports.send(&[message("a", "a1")]).await;
    let other = ports.stores.queue.receive(System::new("sharecrm"), 10, MINUTE).await.unwrap();
    assert!(other.is_empty());
    ports.stores.queue.send(System::new("sharecrm"), &[message("a", "a1")]).await.unwrap();
    let other = ports.stores.queue.receive(System::new("sharecrm"), 10, MINUTE).await.unwrap();
    assert_eq!(other.len(), 1, "a deduplication id is of one queue");
}

#[tokio::test]
async fn receives_are_counted_and_an_old_receipt_does_nothing() {
    let ports = Ports::open().await;
    ports.send(&[message("a", "a1")]).await;
    let first = ports.receive().await.remove(0);
    ports.wait(61);
    let second = ports.receive().await.remove(0);
    assert_eq!((first.receive_count, second.receive_count), (1, 2));
    assert_eq!(first.id, second.id);
    ports.stores.queue.delete(System::new("kingdee"), &[first.receipt]).await.unwrap();
    ports.wait(61);
    assert_eq!(ports.receive().await[0].receive_count, 3, "the lapsed receipt deleted nothing");
    ports.stores.queue.delete(System::new("kingdee"), &["not ours".to_owned()]).await.unwrap();
}

#[tokio::test]
async fn a_delayed_message_comes_back_when_its_delay_is_over() {
    let ports = Ports::open().await;
    ports.send(&[message("a", "a1")]).await;
    let received = ports.receive().await.remove(0);
    ports
        .stores
        .queue
        .delay(System::new("kingdee"), &received.receipt, Duration::from_secs(300))
        .await
        .unwrap();
    ports.wait(290);
    assert!(ports.bodies().await.is_empty());
    let depth = ports.stores.queue.depth(System::new("kingdee")).await.unwrap();
    assert_eq!((depth.waiting, depth.in_flight), (0, 1));
    ports.wait(10);
    assert_eq!(ports.bodies().await, ["a1"]);
}

#[tokio::test]
async fn many_are_delayed_at_once_each_for_its_own_time_and_an_old_receipt_delays_nothing() {
    let ports = Ports::open().await;
    ports.send(&[message("a", "a1"), message("b", "b1"), message("c", "c1")]).await;
    let old = ports.receive().await;
    ports.wait(61);
    let received = ports.receive().await;
    let delays: Vec<_> = received
        .iter()
        .map(|message| match message.body.as_str() {
            "a1" => (message.receipt.clone(), Duration::ZERO),
            "b1" => (message.receipt.clone(), Duration::from_secs(300)),
            _ => (old.iter().find(|old| old.id == message.id).unwrap().receipt.clone(), Duration::ZERO),
        })
        .collect();
    ports.stores.queue.delay_all(System::new("kingdee"), &delays).await.unwrap();
    assert_eq!(ports.bodies().await, ["a1"]);
    ports.wait(61);
    let mut bodies = ports.bodies().await;
    bodies.sort_unstable();
    assert_eq!(bodies, ["a1", "c1"], "whose delay was asked by an old receipt was in flight for its minute");
    ports.wait(240);
    assert!(ports.bodies().await.contains(&"b1".to_owned()));
}

#[tokio::test]
async fn a_message_that_nobody_can_work_ends_in_the_dead_letter_queue() {
    let ports = Ports::open().await;
    ports.send(&[message("a", "poison"), message("a", "next")]).await;
    for _ in 0..1_000 {
        let received = ports.receive().await;
        let poison = received.iter().find(|message| message.body == "poison").unwrap();
        ports.stores.queue.delay(System::new("kingdee"), &poison.receipt, Duration::ZERO).await.unwrap();
        for other in received.iter().filter(|message| message.body != "poison") {
            ports
                .stores
                .queue
                .delete(System::new("kingdee"), std::slice::from_ref(&other.receipt))
                .await
                .unwrap();
        }
    }
    assert!(ports.bodies().await.is_empty());
    assert_eq!(ports.stores.queue.dead(System::new("kingdee")).await.unwrap(), 1);
}

#[tokio::test]
async fn a_batch_takes_no_more_than_was_asked_for() {
    let ports = Ports::open().await;
    let messages: Vec<_> = (0..25).map(|n| message(&format!("g{n}"), &format!("m{n:02}"))).collect();
    ports.send(&messages).await;
    let sizes = [ports.receive().await.len(), ports.receive().await.len(), ports.receive().await.len()];
    assert_eq!(sizes, [10, 10, 5]);
}

#[tokio::test]
async fn any_number_of_messages_is_sent_in_order_however_large_they_are_together() {
    let ports = Ports::open().await;
    let mut messages: Vec<_> = (0..23).map(|n| message("a", &format!("m{n:02}"))).collect();
    for (place, large) in messages.iter_mut().enumerate().filter(|(place, _)| place % 4 == 0) {
        large.body = format!("m{place:02}{}", "x".repeat(400_000));
    }
    messages[21].body = format!("m21{}", "x".repeat(1024 * 1024 - 3));
    ports.send(&messages).await;
    let mut received = Vec::new();
    while received.len() < messages.len() {
        let batch = ports.receive().await;
        assert!(!batch.is_empty(), "{} came", received.len());
        let receipts: Vec<_> = batch.iter().map(|message| message.receipt.clone()).collect();
        ports.stores.queue.delete(System::new("kingdee"), &receipts).await.unwrap();
        received.extend(batch);
    }
    for (sent, received) in messages.iter().zip(&received) {
        assert!(sent.body == received.body, "{:.3} and not {:.3}", received.body, sent.body);
    }
}

#[tokio::test]
async fn more_messages_than_fit_one_request_are_deleted_at_once() {
    let ports = Ports::open().await;
    let messages: Vec<_> = (0..25).map(|n| message(&format!("g{n}"), &format!("m{n:02}"))).collect();
    ports.send(&messages).await;
    let mut receipts = Vec::new();
    for _ in 0..3 {
        receipts.extend(ports.receive().await.into_iter().map(|message| message.receipt));
    }
    assert_eq!(receipts.len(), 25);
    receipts.insert(3, "not ours".to_owned());
    ports.stores.queue.delete(System::new("kingdee"), &receipts).await.unwrap();
    ports.wait(61);
    assert_eq!(ports.stores.queue.depth(System::new("kingdee")).await.unwrap().waiting, 0);
    ports.stores.queue.delete(System::new("kingdee"), &[]).await.unwrap();
    ports.stores.queue.send(System::new("kingdee"), &[]).await.unwrap();
}

#[tokio::test]
async fn a_message_tells_its_group_and_when_it_was_sent() {
    let ports = Ports::open().await;
    ports.send(&[message("a", "a1")]).await;
    let received = ports.receive().await.remove(0);
    assert_eq!(received.group, "a");
    let age = ports.clock.now() - received.sent_at;
    assert!(age.num_seconds().abs() < 10, "{age}");
    ports.wait(12 * 3600);
    let depth = ports.stores.queue.depth(System::new("kingdee")).await.unwrap();
    assert_eq!((depth.waiting, depth.in_flight), (1, 0));
}

#[tokio::test]
async fn a_delay_of_days_is_cut_to_half_an_hour() {
    let ports = Ports::open().await;
    ports.send(&[message("a", "a1")]).await;
    let received = ports.receive().await.remove(0);
    let week = Duration::from_secs(7 * 86_400);
    ports.stores.queue.delay(System::new("kingdee"), &received.receipt, week).await.unwrap();
    ports.wait(25 * 60);
    assert!(ports.bodies().await.is_empty());
    ports.wait(5 * 60);
    assert_eq!(ports.bodies().await, ["a1"]);
    ports.stores.queue.delay(System::new("kingdee"), &received.receipt, week).await.unwrap();
    ports.wait(61);
    assert_eq!(ports.bodies().await, ["a1"], "a lapsed receipt delays nothing");
}

fn item(flow: &str, key: &str, number: &str) -> Outgoing {
    let item = WorkItem {
        flow: flow.to_owned(),
        key: key.to_owned(),
        version: Some("1".to_owned()),
        version_kind: None,
        acknowledge: false,
        received_at: DateTime::UNIX_EPOCH,
        trace: key.to_owned(),
        replay: None,
        // Large enough for two messages that end alike to share their end.
        document: json!({ "src_tid": number, "text": "x".repeat(2_000) }),
    };
    Outgoing { group: item.group(), deduplication: key.to_owned(), body: item.encode() }
}

/// What a store that can look into its queue says of it; nothing of one that cannot.
#[tokio::test]
async fn who_looks_into_a_queue_sees_what_waits_of_each_flow_and_receives_nothing() {
    let ports = Ports::open().await;
    let queue = ports.stores.queue.as_ref();
    let kingdee = System::new("kingdee");
    let gzipped = codec::pack(format!("{}{}", item("b", "k3", "").body, " ".repeat(70_000)));
    assert!(gzipped.starts_with("gzip:"));
    let third = Outgoing { body: gzipped, ..item("b", "k3", "") };
    queue.send(kingdee, &[item("a", "k1", "T-1"), item("b", "k2", "T-1"), third]).await.unwrap();
    let depth = queue.depth(kingdee).await.unwrap();
    assert_eq!(depth.waiting, 3);
    let Some(by_flow) = queue.by_flow(kingdee).await.unwrap() else {
        assert_eq!(queue.seek(kingdee, Sought::Text("T-1")).await.unwrap(), None);
        return;
    };
    assert_eq!(by_flow, HashMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)]));
    let of_group = |key: &'static str| {
        let group = WorkItem::group_of("b", key);
        async move { queue.seek(kingdee, Sought::Group(&group)).await.unwrap().unwrap() }
    };
    let second = of_group("k2").await;
    assert_eq!((second.len(), second[0].before, second[0].receive_count), (1, 1, 0));
    assert_eq!(WorkItem::decode(&second[0].body).unwrap().key, "k2", "also where its end is shared");
    assert_eq!(second[0].in_flight_until, None);
    assert_eq!(of_group("k9").await, []);
    let holding = queue.seek(kingdee, Sought::Text("T-1")).await.unwrap().unwrap();
    assert_eq!(holding.iter().map(|seen| seen.before).collect::<Vec<_>>(), [0, 1]);
    let packed = queue.seek(kingdee, Sought::Text(r#""key":"k3""#)).await.unwrap().unwrap();
    assert_eq!(packed.iter().map(|seen| seen.before).collect::<Vec<_>>(), [2]);

    let received = queue.receive(kingdee, 1, MINUTE).await.unwrap();
    assert_eq!(received[0].receive_count, 1, "looking was no receive");
    let in_flight = queue.seek(kingdee, Sought::Group(&received[0].group)).await.unwrap().unwrap();
    assert_eq!(in_flight[0].in_flight_until, Some(ports.clock.now() + MINUTE));
    assert_eq!(of_group("k2").await[0].before, 1, "what is worked is not done");
    queue.delete(kingdee, &[received[0].receipt.clone()]).await.unwrap();
    assert_eq!(of_group("k2").await[0].before, 0);
}
