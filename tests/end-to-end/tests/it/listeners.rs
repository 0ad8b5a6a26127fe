//! What became of a document goes on as one: the target's number is written back once, whatever dies and whoever listens.

use std::fs;

use relay_bill_closer::BillCloser;
use relay_core::clock::Deadline;
use relay_simulators::Fault;
use relay_simulators::wangdian::TradeMix;
use serde_json::Value;
use tempfile::TempDir;

use crate::bad_pushes::{FORM, signed};
use crate::fuse::Fuse;
use crate::house::House;
use crate::process::{Process, TRADES, count};

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/flows/trade-to-kingdee.toml");
const BACK: &str = "number-to-sharecrm";
const ALARM: &str = "failures-to-wecom";

/// The order's number in Kingdee, on a record of the trade in ShareCRM.
const NUMBER_TO_SHARECRM: &str = r#"
[source]
document = "relay.delivered"
of       = "trade-to-kingdee"

[target]
document = "sharecrm.objdata_push"

[fields]
objAPIName   = { value = "erpTradeObj" }
dataCenterId = { setting = "SHARECRM_DATA_CENTER_ID" }
id           = "key"
directSync   = { value = false }

[fields.masterFieldVal]
kingdee_id     = "target.id"
kingdee_number = "target.number"
shop           = "source.shop_no"
told_at        = "at"
"#;

const FAILURES_TO_WECOM: &str = r#"
[source]
document = "relay.failed"
of       = "*"
DAMP

[target]
document = "http.wecom_robot"

[fields]
msgtype = { value = "text" }

[fields.text]
content = { text = "{flow} {key}: {class}{TIMES}" }
"#;

fn with_listeners(seed: u64) -> (House, TempDir) {
    with_alarm(seed, "")
}

fn with_alarm(seed: u64, damp: &str) -> (House, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(SHIPPED, folder.path().join(format!("{TRADES}.toml"))).unwrap();
    let alarm = FAILURES_TO_WECOM.replace("DAMP", damp);
    let times = if damp.is_empty() { "" } else { " x{count}" };
    let alarm = alarm.replace("{TIMES}", times);
    for (name, text) in [(BACK, NUMBER_TO_SHARECRM), (ALARM, &alarm)] {
        fs::write(folder.path().join(format!("{name}.toml")), text).unwrap();
    }
    (House::new(seed).with("RELAY_FLOWS_DIR", folder.path().to_str().unwrap()), folder)
}

fn trades(house: &House, count: u32) {
    let (from, to) = (house.minutes_ago(30), house.minutes_ago(5));
    house.vendors.wangdian.generate_trades(count, from, to, TradeMix::default());
}

/// The number and the id that each trade has in Kingdee stand on its record, which was written once.
fn check_written_back(house: &House, told: &str) {
    let records = house.vendors.sharecrm.records();
    let audited = house.creates_of_audited();
    assert!(audited.values().all(|creates| *creates == 1), "{told}: {audited:?}");
    assert_eq!(records.len(), audited.len(), "{told}");
    for number in audited.keys() {
        let record = &records[&("erpTradeObj".to_owned(), number.clone())];
        let fields = &record.current().unwrap()["masterFieldVal"];
        let orders = house.vendors.kingdee.orders(number);
        assert_eq!(fields["kingdee_number"], Value::from(number.as_str()), "{told}");
        assert_eq!(fields["kingdee_id"], Value::from(orders[0].id.to_string()), "{told}");
        let differing = record.history.len() - record.repeats();
        assert_eq!(differing, 1, "{told}: it never said anything else");
    }
}

async fn finish(house: &House) -> Process {
    let process = house.start();
    process.drain_through_pauses().await;
    assert_eq!((process.waiting().await, process.failures().await.len()), (0, 0));
    process
}

#[tokio::test]
async fn wherever_the_pusher_is_killed_the_number_is_written_back_and_says_one_thing() {
    for steps in 0.. {
        let (house, _folder) = with_listeners(steps);
        house.vendors.wangdian.generate_trade("S001", 55, house.minutes_ago(5));
        house.start().poll().await;
        let fuse = Fuse::after(steps);
        let killed = fuse.run(house.start_with(&fuse).drain()).await.is_none();
        finish(&house).await;
        check_written_back(&house, &format!("killed after {steps} steps"));
        if !killed {
            assert!(steps > 30, "the work takes only {steps} steps: nothing was tried");
            return;
        }
    }
}

#[tokio::test]
async fn the_number_of_an_order_that_is_found_after_a_lost_answer_is_written_back() {
    let (house, _folder) = with_listeners(1);
    house.vendors.kingdee.set_refuses_duplicates(false);
    trades(&house, 3);
    house.start().poll().await;
    for _ in 0..2 {
        house.vendors.kingdee.faults.inject_for("sal_order_save", Fault::LostAnswer);
        house.vendors.sharecrm.faults.inject_for("push", Fault::LostAnswer);
    }
    let turns = house.start().drain_through_pauses().await;
    assert!(count(&turns, "found") > 0, "{:?}", crate::process::outcomes(&turns));
    finish(&house).await;
    check_written_back(&house, "lost answers");
}

/// A queue that does not take the outcome keeps the ledger from recording it: nothing is told too late.
#[tokio::test]
async fn an_outcome_that_cannot_be_queued_is_not_recorded_either() {
    let (house, _folder) = with_listeners(2);
    trades(&house, 1);
    house.start().poll().await;
    let fuse = Fuse::unbreakable();
    let process = house.start_with(&fuse);
    fuse.refuse(relay_decorator::Port::Queue, "send");
    let (turns, _) = process.work_once().await;
    assert!(count(&turns, "retry") > 0);
    for number in house.creates_of_audited().keys() {
        assert!(process.entry(TRADES, number).await.is_none_or(|entry| entry.delivered.is_none()));
    }
    fuse.refuse_nothing();
    finish(&house).await;
    check_written_back(&house, "the queue was down");
}

/// What fails is told to the group; when it is replayed and goes through, its number is written back.
#[tokio::test]
async fn a_failure_is_told_and_its_replay_is_written_back() {
    let (house, _folder) = with_listeners(3);
    trades(&house, 1);
    let process = house.start();
    process.poll().await;
    house.vendors.kingdee.faults.inject_for("sal_order_save", Fault::Status(400));
    process.drain_through_pauses().await;
    let failed = process.failures().await;
    let [entry] = failed.as_slice() else { panic!("{failed:?}") };
    let told: Vec<_> =
        house.vendors.http.messages().iter().map(|message| message.body["text"]["content"].clone()).collect();
    assert_eq!(
        told,
        [Value::from(format!("{TRADES} {}: {}", entry.id.key, entry.failed.as_ref().unwrap().class))]
    );
    assert!(house.vendors.sharecrm.records().is_empty());
    process.replay(failed.into_iter().next().unwrap()).await;
    process.drain_through_pauses().await;
    check_written_back(&house, "replayed");
}

/// While its flow's file is away nobody knows that the time of an outcome is no part of what it says.
#[tokio::test]
async fn an_outcome_that_was_told_before_and_failed_while_its_flow_was_away_leaves_the_list_by_a_replay() {
    let (house, folder) = with_listeners(6);
    trades(&house, 1);
    let process = house.start();
    process.poll().await;
    house.vendors.kingdee.faults.inject_for("sal_order_save", Fault::Status(400));
    process.drain_through_pauses().await;
    let failed = process.failures().await.remove(0);

    let alarm = folder.path().join(format!("{ALARM}.toml"));
    fs::rename(&alarm, folder.path().join("away")).unwrap();
    let process = house.start();
    house.clock.advance(std::time::Duration::from_secs(60));
    house.vendors.kingdee.faults.inject_for("sal_order_save", Fault::Status(400));
    process.replay(failed).await;
    process.drain_through_pauses().await;
    let classes = |entries: Vec<relay_core::Entry>| -> Vec<String> {
        let failures =
            entries.iter().flat_map(|entry| entry.failures().map(|failed| failed.class.to_string()));
        failures.collect()
    };
    assert!(classes(process.failures().await).contains(&"flow".to_owned()));

    fs::rename(folder.path().join("away"), &alarm).unwrap();
    let process = house.start();
    process.operations().replay_all(None).await.unwrap();
    process.drain_through_pauses().await;
    assert!(process.failures().await.is_empty(), "{:?}", process.failures().await);
    check_written_back(&house, "replayed");
}

/// It stands in the ledger as failed, so it is told, though no queue ever had it; and once, however often its sender tries.
#[tokio::test]
async fn a_push_that_cannot_be_read_is_told_once() {
    let (house, _folder) = with_listeners(4);
    let process = house.start();
    for _ in 0..3 {
        let answer = process.request(FORM, &signed(r#"{"id": "42""#)).await;
        assert_eq!((answer.status, answer.reply.return_code), (400, 1), "{answer:?}");
    }
    process.drain_through_pauses().await;
    let messages = house.vendors.http.messages();
    let told: Vec<_> = messages.iter().map(|message| message.body["text"]["content"].clone()).collect();
    assert_eq!(told, [Value::from("qince/unreadable 42: unreadable")]);
    assert_eq!(process.failures().await.len(), 1);
}

/// A ledger that is down keeps the push from being refused for good: its sender tries again, and it is told then.
#[tokio::test]
async fn a_push_whose_failure_cannot_be_told_is_not_recorded_either() {
    let (house, _folder) = with_listeners(5);
    let fuse = Fuse::unbreakable();
    let process = house.start_with(&fuse);
    fuse.refuse(relay_decorator::Port::Queue, "send");
    let answer = process.request(FORM, &signed(r#"{"id": "42""#)).await;
    assert_eq!(answer.reply.return_code, 1, "{answer:?}");
    assert!(process.failures().await.is_empty());
    fuse.refuse_nothing();
    process.request(FORM, &signed(r#"{"id": "42""#)).await;
    process.drain_through_pauses().await;
    assert_eq!((house.vendors.http.messages().len(), process.failures().await.len()), (1, 1));
}

/// Nothing fails any more, so that no failure tells of those that were held back.
#[tokio::test]
async fn what_was_held_back_is_told_when_its_hour_is_over_once_whoever_is_killed() {
    for steps in (0..).step_by(3) {
        let (house, _folder) = with_alarm(steps, "damp = \"1h\"");
        let process = house.start();
        trades(&house, 6);
        process.poll().await;
        for _ in 0..6 {
            house.vendors.kingdee.faults.inject_for("sal_order_save", Fault::Status(400));
        }
        process.drain_through_pauses().await;
        let failed = process.failures().await.len();
        assert!(failed > 1);
        let close = async |process: &Process| {
            process.wiring.build::<BillCloser>().unwrap().close_all(Deadline::NONE).await
        };
        assert_eq!(close(&process).await[0].open, 1, "its hour is not over");
        house.clock.advance(std::time::Duration::from_secs(3_600));
        let fuse = Fuse::after(steps);
        let work = async {
            let fused = house.start_with(&fuse);
            close(&fused).await;
            fused.drain().await;
        };
        let killed = fuse.run(work).await.is_none();
        let process = house.start();
        for _ in 0..3 {
            close(&process).await;
            process.drain_through_pauses().await;
        }
        let messages = house.vendors.http.messages();
        let counts: Vec<_> = messages
            .iter()
            .map(|message| {
                message.body["text"]["content"].as_str().unwrap().rsplit_once('x').unwrap().1.to_owned()
            })
            .collect();
        let mut told = vec!["1".to_owned(), (failed - 1).to_string()];
        // A robot that was killed before the ledger knew may say it twice.
        told.extend((counts.len() > 2).then(|| told[1].clone()));
        assert_eq!(counts, told, "killed after {steps} steps");
        if !killed {
            assert!(steps > 10, "{steps}");
            return;
        }
    }
}
