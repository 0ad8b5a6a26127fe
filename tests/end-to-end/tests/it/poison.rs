//! Messages that are none, and documents that bring out a mistake of ours: the others of the batch are worked.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use relay_connector::{Request, Response, Transport, TransportError};
use relay_core::clock::{Clock as _, Deadline, SystemClock};
use relay_core::{Entry, EntryId, Outgoing, Received, System};
use relay_decorator::Port;
use relay_erp_pusher::ErpPusher;
use relay_job::Job as _;
use relay_simulators::qince::PushStyle;
use relay_simulators::{Fault, FaultRates};
use serde_json::{Value, json};

use crate::fuse::Fuse;
use crate::house::House;
use crate::outages::{record, record_from};
use crate::process::{Process, TRADES, count, outcomes};

/// A mistake of ours that one bill brings out, before or after it is sent.
struct Panics {
    inner: Arc<dyn Transport>,
    billno: String,
    after_sending: bool,
}

#[async_trait]
impl Transport for Panics {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let saves = request.url.path().ends_with("sal_order_save");
        let is_it = saves && String::from_utf8_lossy(&request.body).contains(&self.billno);
        assert!(!is_it || self.after_sending, "13912345678");
        let answer = self.inner.send(request).await;
        assert!(!is_it, "13912345678");
        answer
    }
}

async fn panicking(after_sending: bool) -> (House, Process, String) {
    let house = House::new(1);
    for minutes in [9, 8, 7] {
        house.vendors.wangdian.generate_trade("S001", 55, house.minutes_ago(minutes));
    }
    let billno = house.vendors.wangdian.trades()[1].trade_no.clone();
    let inner = house.vendors.transport();
    let process = house.start_over(Panics { inner, billno: billno.clone(), after_sending });
    process.poll().await;
    (house, process, billno)
}

#[tokio::test]
async fn a_panic_fails_its_document_and_no_other() {
    let (house, process, billno) = panicking(false).await;
    let turns = process.drain().await;
    assert_eq!((count(&turns, "delivered"), count(&turns, "failed")), (2, 1), "{:?}", outcomes(&turns));
    let failures = process.failures().await;
    let failed = failures[0].failed.as_ref().unwrap();
    assert_eq!((failures[0].id.key.as_str(), failed.class.code()), (billno.as_str(), "panic"));
    assert!(!failed.message.contains("139"), "{}", failed.message);

    let mended = house.start();
    mended.replay(failures[0].clone()).await;
    mended.drain().await;
    assert!(house.creates_of_audited().values().all(|creates| *creates == 1));
    assert!(mended.failures().await.is_empty());
}

#[tokio::test]
async fn a_document_whose_turn_ended_in_a_panic_after_it_was_sent_is_asked_after() {
    let (house, process, _) = panicking(true).await;
    process.drain().await;
    let failures = process.failures().await;
    assert_eq!(failures.len(), 1);
    let mended = house.start();
    mended.replay(failures[0].clone()).await;
    assert_eq!(outcomes(&mended.drain().await), ["found"]);
    assert!(house.creates_of_audited().values().all(|creates| *creates == 1));
}

/// Trades as SQS hands them to a Lambda.
async fn trades(house: &House, process: &Process, count: i64) -> Vec<Received> {
    for minutes in 5..5 + count {
        house.vendors.wangdian.generate_trade("S001", 55, house.minutes_ago(minutes));
    }
    process.poll().await;
    process.wiring.stores.queue.receive(System::new("kingdee"), 10, Duration::from_secs(720)).await.unwrap()
}

async fn handle(process: &Process, records: Vec<Value>) -> Value {
    let pusher = process.wiring.build::<ErpPusher>().unwrap();
    invoke(&pusher, records).await.unwrap()
}

/// What comes again of an event.
async fn invoke(pusher: &ErpPusher, records: Vec<Value>) -> anyhow::Result<Value> {
    let answer = pusher.invoke(json!({ "Records": records }), Deadline::NONE).await?;
    Ok(answer["batchItemFailures"].clone())
}

#[tokio::test]
async fn what_is_no_message_of_ours_is_kept_and_harms_no_other() {
    let (house, process) = House::running(1);
    let messages = trades(&house, &process, 3).await;
    let body = |number: usize| messages[number].body.as_str();
    let cut: String = body(1).chars().take(200).collect();
    let mut of_no_flow: Value = serde_json::from_str(body(1)).unwrap();
    of_no_flow["flow"] = json!("a-flow-of-before");
    let mut without_attributes = record(&messages[2]);
    without_attributes.as_object_mut().unwrap().remove("attributes");
    let records = vec![
        record(&messages[0]),
        json!({ "messageId": "by hand", "body": "somebody sent this" }),
        json!({ "messageId": "cut", "body": cut }),
        json!({ "messageId": "empty", "body": "" }),
        json!({ "messageId": "bare" }),
        json!({ "messageId": "of another kind", "body": { "Sns": {} } }),
        json!({ "eventSource": "aws:s3" }),
        json!(null),
        json!({ "messageId": "of no flow", "body": of_no_flow.to_string() }),
        without_attributes,
    ];
    assert_eq!(handle(&process, records).await, json!([]));
    assert_eq!(house.vendors.kingdee.creates().len(), 2);
    let failures = process.failures().await;
    let of = |flow: &str| failures.iter().filter(|entry| entry.id.flow == flow).count();
    assert_eq!((of("unreadable"), of("a-flow-of-before"), failures.len()), (7, 1, 8));
}

#[tokio::test]
async fn what_follows_a_message_that_comes_again_comes_again_too_be_it_readable_or_not() {
    let (house, process) = House::running(1);
    house.vendors.kingdee.faults.set_rates(FaultRates::none().with(Fault::Status(503), 1_000));
    let messages = trades(&house, &process, 1).await;
    let beside = |id: &str, group: &str| {
        let attributes = json!({ "MessageGroupId": group });
        json!({ "messageId": id, "body": "somebody sent this", "attributes": attributes,
                "eventSourceARN": "arn:aws:sqs:cn-north-1:1:relay-kingdee.fifo" })
    };
    let group = messages[0].group.as_str();
    let records = vec![record(&messages[0]), beside("behind it", group), beside("beside it", "another")];
    let again = handle(&process, records).await;
    assert_eq!(again, json!([{ "itemIdentifier": messages[0].id }, { "itemIdentifier": "behind it" }]));
    assert_eq!(process.failures().await.len(), 1);
}

/// As Lambda counts a failed invocation, and SQS gives its messages out again when their visibility timeout ends.
#[tokio::test]
async fn an_event_of_which_nothing_is_known_fails_and_has_pushed_nothing() {
    for (port, operation) in [(Port::Ledger, "read"), (Port::Checkpoints, "get")] {
        let house = House::new(1);
        let fuse = Fuse::unbreakable();
        let process = house.start_with(&fuse);
        let messages = trades(&house, &process, 2).await;
        let records: Vec<_> = messages.iter().map(record).collect();
        let pusher = process.wiring.build::<ErpPusher>().unwrap();
        fuse.refuse(port, operation);
        let error = invoke(&pusher, records.clone()).await.unwrap_err();
        assert!(format!("{error:#}").contains("takes nothing"), "{error:#}");
        assert!(house.vendors.kingdee.creates().is_empty());
        let depth = process.wiring.stores.queue.depth(System::new("kingdee")).await.unwrap();
        assert_eq!(depth.next_visible_at, Some(house.now() + Duration::from_secs(720)), "{operation}");

        fuse.refuse_nothing();
        assert_eq!(invoke(&pusher, records).await.unwrap(), json!([]));
        assert_eq!(house.vendors.kingdee.creates().len(), 2);
    }
}

#[tokio::test]
async fn what_was_pushed_to_another_system_does_not_come_again_with_what_could_not_be_begun() {
    let house = House::new(1);
    let fuse = Fuse::unbreakable();
    let process = house.start_with(&fuse);
    let trades = trades(&house, &process, 2).await;
    let order = house.vendors.qince.order(house.minutes_ago(10));
    assert!(process.post(&house.vendors.qince.push(&order, &PushStyle::default())).await);
    let queue = &process.wiring.stores.queue;
    let orders = queue.receive(System::new("sharecrm"), 10, Duration::from_secs(720)).await.unwrap();
    let pusher = process.wiring.build::<ErpPusher>().unwrap();
    assert_eq!(invoke(&pusher, vec![record(&trades[0])]).await.unwrap(), json!([]));

    // Kingdee is known not to be paused; of ShareCRM that cannot be read.
    fuse.refuse(Port::Checkpoints, "get");
    let again = invoke(&pusher, vec![record_from(System::new("sharecrm"), &orders[0]), record(&trades[1])])
        .await
        .unwrap();
    assert_eq!(again, json!([{ "itemIdentifier": orders[0].id }]));
    assert_eq!(house.vendors.kingdee.creates().len(), 2);
}

/// Its flow has been pointed to another target since it was queued.
#[tokio::test]
async fn a_message_waits_in_the_queue_that_it_came_from() {
    let (house, process) = House::running(1);
    house.vendors.kingdee.faults.set_rates(FaultRates::none().with(Fault::Status(503), 1_000));
    let message = trades(&house, &process, 1).await.remove(0);
    let queue = &process.wiring.stores.queue;
    let sent = Outgoing { group: message.group, deduplication: "moved".to_owned(), body: message.body };
    queue.send(System::new("wangdian"), &[sent]).await.unwrap();
    let message =
        queue.receive(System::new("wangdian"), 10, Duration::from_secs(720)).await.unwrap().remove(0);
    let records = vec![record_from(System::new("wangdian"), &message)];
    assert_eq!(handle(&process, records).await.as_array().unwrap().len(), 1);
    let depth = queue.depth(System::new("wangdian")).await.unwrap();
    assert!(depth.next_visible_at.unwrap() < house.now() + Duration::from_secs(60), "{depth:?}");
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_hangs_while_messages_are_given_back_takes_one_requests_time() {
    let house = House::new(1);
    let fuse = Fuse::unbreakable();
    let process = house.start_with(&fuse);
    let messages = trades(&house, &process, 10).await;
    house.vendors.kingdee.faults.set_rates(FaultRates::none().with(Fault::Status(503), 1_000));
    fuse.silence(Port::Queue, "delay_all");
    let began = SystemClock.monotonic();
    let again = handle(&process, messages.iter().map(record).collect()).await;
    assert_eq!(again.as_array().unwrap().len(), 10);
    let took = SystemClock.monotonic() - began;
    assert!(took < Duration::from_secs(5), "{took:?}");
}

/// A single entry that is not taken: the store is there, and the document waits longer each time.
#[tokio::test]
async fn a_document_that_the_ledger_does_not_take_waits_longer_each_time() {
    let house = House::new(1);
    let fuse = Fuse::unbreakable();
    let process = house.start_with(&fuse);
    let mut message = trades(&house, &process, 1).await.remove(0);
    fuse.refuse(Port::Ledger, "write");
    let mut waits = Vec::new();
    for receives in [1, 7, 10] {
        message.receive_count = receives;
        assert_eq!(handle(&process, vec![record(&message)]).await.as_array().unwrap().len(), 1);
        let depth = process.wiring.stores.queue.depth(System::new("kingdee")).await.unwrap();
        waits.push((depth.next_visible_at.unwrap() - house.now()).num_seconds());
    }
    assert!(waits[0] == 10 && (60..=128).contains(&waits[1]) && (300..=600).contains(&waits[2]), "{waits:?}");
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_holds_back_its_own_document_alone() {
    let (house, process) = House::running(1);
    let messages = trades(&house, &process, 3).await;
    let key = house.vendors.wangdian.trades()[1].trade_no.clone();
    let entry = Entry::new(EntryId::new(TRADES, &key));
    assert!(process.wiring.stores.ledger.write(&entry).await.unwrap());
    house.spoil(&key);
    let again = handle(&process, messages.iter().map(record).collect()).await;
    let its = messages.iter().find(|message| message.body.contains(&key)).unwrap();
    assert_eq!(again, json!([{ "itemIdentifier": its.id }]));
    let creates = house.vendors.kingdee.creates();
    assert!(creates.len() == 2 && !creates.contains_key(&key), "what is known of it decides: {creates:?}");
}
