//! A rotated secret costs no push, no failed document and no pause; and anybody's wrong digests cost nothing.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

#[path = "../stage/mod.rs"]
mod stage;

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use relay_core::clock::{Clock as _, Deadline, SystemClock, SystemRng};
use relay_core::{Depth, Queue, System, pause};
use relay_erp_pusher::ErpPusher;
use relay_host::lambda::Host;
use relay_host::{SecretSource, Settings, Wiring};
use relay_job::{Flows, Invocation, Job, Needs, Parts};
use relay_simulators::Fault;
use relay_simulators::qince::{Digest, PushStyle};
use relay_stock_syncer::StockSyncer;
use relay_trade_poller::TradePoller;
use relay_webhook_receiver::Receiver;
use serde_json::{Value, json};

use crate::stage::{Kept, Stage, http, sqs};

/// Two trades in the queue.
async fn two_trades(stage: &Stage) {
    trades(stage, 2).await;
}

async fn trades(stage: &Stage, count: i64) {
    for number in 1..=count {
        stage.vendors.wangdian.generate_trade("S001", 55, stage.minutes_ago(10 * number));
    }
    let answer = stage.start::<TradePoller>().await.invoke(json!({}), Deadline::NONE).await.unwrap();
    assert_eq!(answer["flows"][0]["queued"], count);
}

/// An order in the queues of both of its targets.
async fn one_order(stage: &Stage) {
    let order = stage.vendors.qince.order(stage.minutes_ago(10));
    let push = stage.vendors.qince.push(&order, &PushStyle::default());
    let answer = stage.start::<Receiver>().await.invoke(http(&push), Deadline::NONE).await.unwrap();
    assert_eq!(answer["statusCode"], 200, "{answer}");
}

/// Works what a queue holds, and answers how much of it comes again.
async fn work(stage: &Stage, pusher: &mut Host<ErpPusher>, system: System) -> usize {
    let messages = stage.received(system).await;
    assert!(!messages.is_empty());
    let answer = pusher.invoke(sqs(system, &messages), Deadline::NONE).await.unwrap();
    stage.delete_done(system, &messages, &answer).await
}

async fn is_paused(stage: &Stage, system: System) -> bool {
    let now = relay_core::clock::Clock::now(stage.clock.as_ref());
    pause::current(stage.stores.checkpoints.as_ref(), system, now).await.unwrap().is_some()
}

#[tokio::test]
async fn a_poller_goes_on_with_the_new_secret_of_wdt() {
    let stage = Stage::new();
    stage.vendors.wangdian.generate_trade("S001", 55, stage.minutes_ago(20));
    let mut poller =
        stage.started_before_rotation::<TradePoller>(&["WDT_APPSECRET", "QIMEN_APP_SECRET"]).await;
    let answer = poller.invoke(json!({}), Deadline::NONE).await.unwrap();
    assert_eq!((&answer["flows"][0]["queued"], stage.reads()), (&json!(1), 1), "{answer}");
    poller.invoke(json!({}), Deadline::NONE).await.unwrap();
    assert_eq!(stage.reads(), 1, "nobody has a credential_check any more");
}

#[tokio::test]
async fn a_syncer_goes_on_with_the_new_secret_of_wdt() {
    let stage = Stage::new();
    stage.vendors.wangdian.change_stock("S001", "G1", "G1-1", 7.into());
    let mut syncer = stage.started_before_rotation::<StockSyncer>(&["WDT_APPSECRET"]).await;
    let answer = syncer.invoke(json!({}), Deadline::NONE).await.unwrap();
    assert_eq!(stage.reads(), 1);
    assert!(answer["pools"].as_array().unwrap().iter().any(|pool| pool["queued"] == 1), "{answer}");
}

#[tokio::test]
async fn a_rotated_password_of_kingdee_costs_no_document_and_no_pause() {
    for name in ["KINGDEE_PASSWORD", "KINGDEE_CLIENT_SECRET"] {
        let stage = Stage::new();
        two_trades(&stage).await;
        let mut pusher = stage.started_before_rotation::<ErpPusher>(&[name]).await;
        assert_eq!(work(&stage, &mut pusher, System::new("kingdee")).await, 0, "{name}");
        assert_eq!((stage.vendors.kingdee.creates().len(), stage.reads()), (2, 1), "{name}");
        assert!(!is_paused(&stage, System::new("kingdee")).await, "{name}");
        assert!(stage.stores.ledger.failed(None, 9, None).await.unwrap().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn a_rotated_secret_of_sharecrm_costs_no_document_and_no_pause() {
    for name in ["SHARECRM_APP_SECRET", "SHARECRM_PERMANENT_CODE"] {
        let stage = Stage::new();
        one_order(&stage).await;
        let mut pusher = stage.started_before_rotation::<ErpPusher>(&[name]).await;
        assert_eq!(work(&stage, &mut pusher, System::new("sharecrm")).await, 0, "{name}");
        assert_eq!((stage.vendors.sharecrm.records().len(), stage.reads()), (1, 1), "{name}");
        assert!(!is_paused(&stage, System::new("sharecrm")).await, "{name}");
    }
}

#[tokio::test]
async fn a_rotated_secret_of_wdt_costs_no_pushed_order() {
    let stage = Stage::new();
    one_order(&stage).await;
    let mut pusher = stage.started_before_rotation::<ErpPusher>(&["WDT_APPSECRET"]).await;
    assert_eq!(work(&stage, &mut pusher, System::new("wangdian")).await, 0);
    assert_eq!(stage.vendors.wangdian.pushed_orders().len(), 1);
}

#[tokio::test]
async fn a_token_of_before_is_used_while_it_is_good_and_asked_for_with_the_new_secret_after_that() {
    let stage = Stage::new();
    two_trades(&stage).await;
    let mut before = stage.start::<ErpPusher>().await;
    let mut pusher = stage.started_before_rotation::<ErpPusher>(&["KINGDEE_PASSWORD"]).await;
    let messages = stage.received(System::new("kingdee")).await;
    before.invoke(sqs(System::new("kingdee"), &messages[..1]), Deadline::NONE).await.unwrap();
    stage.vendors.kingdee.faults.inject(Fault::ExpireTokens);
    let answer = pusher.invoke(sqs(System::new("kingdee"), &messages[1..]), Deadline::NONE).await.unwrap();
    assert_eq!(answer["batchItemFailures"], json!([]));
    assert_eq!((stage.vendors.kingdee.creates().len(), stage.reads()), (2, 1));
}

/// A secret that is read between the two turns at an event, and looks at the queue then.
struct Between {
    secret: Arc<Kept>,
    queue: Arc<dyn Queue>,
    seen: Mutex<Option<Depth>>,
}

#[async_trait]
impl SecretSource for Between {
    async fn read(&self, id: &str) -> Result<String, String> {
        *self.seen.lock().unwrap() = Some(self.queue.depth(System::new("kingdee")).await.unwrap());
        self.secret.read(id).await
    }
}

/// A message that was given back could be worked by another instance, beside the second turn here.
#[tokio::test]
async fn no_message_is_given_back_before_the_second_turn() {
    let stage = Stage::new();
    trades(&stage, 3).await;
    let messages = stage.received(System::new("kingdee")).await;
    let received_at = relay_core::clock::Clock::now(stage.clock.as_ref());
    let mut before = stage.start::<ErpPusher>().await;
    before.invoke(sqs(System::new("kingdee"), &messages[..1]), Deadline::NONE).await.unwrap();
    stage.delete_done(System::new("kingdee"), &messages[..1], &json!({ "batchItemFailures": [] })).await;
    // What that one keeps of the quota has lapsed.
    stage.clock.advance(Duration::from_secs(61));

    let password = stage.rotate("KINGDEE_PASSWORD", "an-old-value");
    let (secret, queue) = (stage.secret.clone(), stage.stores.queue.clone());
    let between = Arc::new(Between { secret, queue, seen: Mutex::default() });
    let mut pusher = stage.start_with::<ErpPusher>(between.clone()).await;
    stage.rotate("KINGDEE_PASSWORD", &password);
    // The first is to be tried again in 2 seconds; the second meets the old password, so the target is paused.
    let faults = &stage.vendors.kingdee.faults;
    faults.inject(Fault::Status(503));
    faults.inject(Fault::ExpireTokens);
    let answer = pusher.invoke(sqs(System::new("kingdee"), &messages[1..]), Deadline::NONE).await.unwrap();
    let depth = between.seen.lock().unwrap().take().unwrap();
    assert_eq!((depth.waiting, depth.in_flight), (0, 2));
    assert_eq!(
        depth.next_visible_at,
        Some(received_at + Duration::from_secs(720)),
        "both as Lambda took them"
    );
    assert_eq!((answer, stage.vendors.kingdee.creates().len()), (json!({ "batchItemFailures": [] }), 3));
}

#[tokio::test]
async fn what_comes_again_after_the_second_turn_too_comes_when_that_says() {
    let stage = Stage::new();
    two_trades(&stage).await;
    let mut pusher = stage.started_before_rotation::<ErpPusher>(&["KINGDEE_PASSWORD"]).await;
    let messages = stage.received(System::new("kingdee")).await;
    stage.vendors.kingdee.faults.inject_for("sal_order_save", Fault::Status(503));
    let answer = pusher.invoke(sqs(System::new("kingdee"), &messages), Deadline::NONE).await.unwrap();
    assert_eq!(stage.delete_done(System::new("kingdee"), &messages, &answer).await, 1);
    let depth = stage.stores.queue.depth(System::new("kingdee")).await.unwrap();
    let soon = relay_core::clock::Clock::now(stage.clock.as_ref()) + Duration::from_secs(10);
    assert!(depth.in_flight == 1 && depth.next_visible_at.unwrap() <= soon, "{depth:?}");
}

#[tokio::test]
async fn a_push_under_the_new_push_secret_is_taken() {
    let stage = Stage::new();
    let mut receiver = stage.started_before_rotation::<Receiver>(&["QINCE_PUSH_SECRETS"]).await;
    let order = stage.vendors.qince.order(stage.minutes_ago(10));
    let push = stage.vendors.qince.push(&order, &PushStyle::default());
    let answer = receiver.invoke(http(&push), Deadline::NONE).await.unwrap();
    assert_eq!((&answer["statusCode"], stage.reads()), (&json!(200), 1), "{answer}");
}

#[tokio::test]
async fn wrong_digests_have_the_secret_read_once_in_ten_seconds_at_most() {
    let stage = Stage::new();
    let mut receiver = stage.start::<Receiver>().await;
    let order = stage.vendors.qince.order(stage.minutes_ago(10));
    let style = PushStyle { digest: Digest::Wrong, ..PushStyle::default() };
    let wrong = http(&stage.vendors.qince.push(&order, &style));
    for _ in 0..10 {
        assert_eq!(receiver.invoke(wrong.clone(), Deadline::NONE).await.unwrap()["statusCode"], 401);
    }
    assert_eq!(stage.reads(), 1);
    stage.clock.advance(Duration::from_secs(11));
    assert_eq!(receiver.invoke(wrong, Deadline::NONE).await.unwrap()["statusCode"], 401);
    assert_eq!(stage.reads(), 2);
}

#[tokio::test]
async fn a_doubt_that_came_too_soon_is_cleared_up_before_the_next_event() {
    let stage = Stage::new();
    let mut receiver = stage.start::<Receiver>().await;
    let order = stage.vendors.qince.order(stage.minutes_ago(10));
    let style = PushStyle { digest: Digest::Wrong, ..PushStyle::default() };
    let wrong = http(&stage.vendors.qince.push(&order, &style));
    let right = http(&stage.vendors.qince.push(&order, &PushStyle::default()));
    receiver.invoke(wrong.clone(), Deadline::NONE).await.unwrap();
    receiver.invoke(wrong, Deadline::NONE).await.unwrap();
    // What is right now is wrong for a host that goes on with the new secret.
    stage.rotate("QINCE_PUSH_SECRETS", "the next one");
    stage.clock.advance(Duration::from_secs(11));
    assert_eq!(receiver.invoke(right, Deadline::NONE).await.unwrap()["statusCode"], 401);
    assert_eq!(stage.reads(), 2);
}

#[tokio::test]
async fn a_secret_that_is_mended_later_ends_the_pause_at_the_next_event() {
    let stage = Stage::new();
    two_trades(&stage).await;
    let password = stage.rotate("KINGDEE_PASSWORD", "not yet the new one");
    let mut pusher = stage.start::<ErpPusher>().await;
    let messages = stage.received(System::new("kingdee")).await;
    let answer = pusher.invoke(sqs(System::new("kingdee"), &messages[..1]), Deadline::NONE).await.unwrap();
    assert_eq!(answer["batchItemFailures"].as_array().unwrap().len(), 1);
    assert!(is_paused(&stage, System::new("kingdee")).await);

    stage.clock.advance(Duration::from_secs(120));
    stage.rotate("KINGDEE_PASSWORD", &password);
    let answer = pusher.invoke(sqs(System::new("kingdee"), &messages[1..]), Deadline::NONE).await.unwrap();
    assert_eq!(answer["batchItemFailures"], json!([]));
    assert!(!is_paused(&stage, System::new("kingdee")).await);
}

/// A secret of which nothing is heard any more.
struct Silent;

#[async_trait]
impl SecretSource for Silent {
    async fn read(&self, _id: &str) -> Result<String, String> {
        pending().await
    }
}

fn bare_wiring(stage: &Stage) -> Wiring {
    let settings = [("RELAY_SECRET_ID", "relay/test"), ("QINCE_PUSH_SECRETS", "s")];
    let settings: Settings =
        settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
    Wiring::new(settings, stage.stores.clone(), stage.clock.clone(), Arc::new(SystemRng)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_does_not_come_leaves_storing_its_time() {
    let stage = Stage::new();
    let mut receiver = stage.host::<Receiver>(bare_wiring(&stage), Arc::new(Silent));
    let order = stage.vendors.qince.order(stage.minutes_ago(10));
    let push = http(&stage.vendors.qince.push(&order, &PushStyle::default()));
    let began = SystemClock.monotonic();
    assert_eq!(receiver.invoke(push, Deadline::NONE).await.unwrap()["statusCode"], 401);
    assert_eq!((SystemClock.monotonic() - began).as_millis(), 1_500);
}

#[tokio::test]
async fn a_new_secret_that_cannot_be_used_changes_nothing() {
    let stage = Stage::new();
    let mut receiver = stage.start::<Receiver>().await;
    let order = stage.vendors.qince.order(stage.minutes_ago(10));
    let style = PushStyle { digest: Digest::Wrong, ..PushStyle::default() };
    stage.rotate("QINCE_PUSH_SECRETS", " , ");
    receiver.invoke(http(&stage.vendors.qince.push(&order, &style)), Deadline::NONE).await.unwrap();
    let right = http(&stage.vendors.qince.push(&order, &PushStyle::default()));
    assert_eq!(receiver.invoke(right, Deadline::NONE).await.unwrap()["statusCode"], 200);
}

struct Panics;

impl Job for Panics {
    type Handled = Value;

    fn needs(_flows: &Flows) -> Needs {
        Needs::default()
    }

    fn build(_parts: &Parts) -> anyhow::Result<Self> {
        Ok(Self)
    }

    async fn handle(&self, event: Value, _invocation: Invocation) -> anyhow::Result<Value> {
        assert!(event["sound"] == true, "{event}");
        Ok(event)
    }

    async fn answer(&self, event: Value) -> Value {
        event
    }
}

#[tokio::test]
async fn a_panic_fails_its_event_and_tells_nothing_of_it() {
    let stage = Stage::new();
    let mut host = stage.host::<Panics>(bare_wiring(&stage), Arc::new(Silent));
    let error = host.invoke(json!({ "phone": "13912345678" }), Deadline::NONE).await.unwrap_err();
    assert!(!format!("{error:#}").contains("139"), "{error:#}");
    assert!(host.invoke(json!({ "sound": true }), Deadline::NONE).await.is_ok());
}
