//! The archive tells what came, what was sent and what was answered, and holds no secret; without it everything is
//! delivered all the same.

use relay_core::EntryId;
use relay_core::archive::{Event, Record};
use relay_decorator::Port;
use relay_host::settings::declared::is_secret;
use relay_simulators::qince::PushStyle;
use relay_simulators::{Fault, KINGDEE_BASE_URL};
use serde_json::{Value, json};

use crate::fuse::Fuse;
use crate::house::House;
use crate::process::Process;

const TRADES: &str = "trade-to-kingdee";

async fn history(process: &Process, flow: &str, key: &str) -> Vec<Record> {
    process.wiring.stores.archive.read(&EntryId::new(flow, key), &[]).await.unwrap()
}

/// What happened, in short.
fn told(records: &[Record]) -> Vec<String> {
    let told = records.iter().map(|record| match &record.event {
        Event::Received { .. } => "received".to_owned(),
        Event::Called(call) => {
            format!("{} {}", call.operation, if call.answer.is_ok() { "answered" } else { "lost" })
        }
        Event::Ended { outcome, attempt, .. } => format!("{outcome} {attempt}"),
    });
    told.collect()
}

#[tokio::test]
async fn a_lost_answer_is_told_with_what_was_sent_and_how_it_was_found() {
    let (house, process) = House::running(1);
    house.vendors.wangdian.generate_trade("S001", 55, house.minutes_ago(5));
    house.vendors.kingdee.faults.inject_for("sal_order_save", Fault::LostAnswer);
    process.poll().await;
    process.drain().await;
    let trade_no = house.vendors.wangdian.trades()[0].trade_no.clone();
    let records = history(&process, TRADES, &trade_no).await;
    let of_the_bill: Vec<_> = told(&records).into_iter().filter(|told| !told.contains("basedata")).collect();
    assert_eq!(
        of_the_bill,
        ["received", "jdy/sal/sal_order_save lost", "retry 1", "jdy/sal/sal_order_list answered", "found 2"]
    );
    let Event::Received { document } = &records[0].event else { panic!("{records:?}") };
    assert_eq!(serde_json::from_str::<Value>(document).unwrap()["trade_no"], json!(trade_no));
    let sent = records.iter().find_map(|record| match &record.event {
        Event::Called(call) if call.operation.ends_with("_save") => Some(call.body.clone()),
        _ => None,
    });
    let sent: Value = serde_json::from_str(&sent.unwrap()).unwrap();
    assert_eq!(sent, Value::Object(house.vendors.kingdee.orders(&trade_no)[0].body.clone()));
}

#[tokio::test]
async fn no_secret_and_no_token_enters_the_archive() {
    let (house, process) = House::running(1);
    house.vendors.wangdian.generate_trade("S001", 55, house.minutes_ago(5));
    let order = house.vendors.qince.order(house.minutes_ago(10));
    assert!(process.post(&house.vendors.qince.push(&order, &PushStyle::default())).await);
    process.poll().await;
    process.drain().await;
    let trade_no = house.vendors.wangdian.trades()[0].trade_no.clone();
    let mut all = Vec::new();
    for (flow, key) in [
        (TRADES, trade_no.as_str()),
        ("direct-order-to-sharecrm", order["id"].as_str().unwrap()),
        ("direct-order-to-wangdian", order["id"].as_str().unwrap()),
    ] {
        let records = history(&process, flow, key).await;
        assert!(records.iter().any(|record| matches!(record.event, Event::Called(_))), "{flow}");
        all.extend(records);
    }
    let all = json!(all).to_string();
    let secrets = relay_simulators::settings().into_iter().filter(|(name, _)| is_secret(name));
    for (name, secret) in secrets {
        assert!(!all.contains(secret), "{name}");
    }
    for token in process.wiring.stores.checkpoints.list("token/").await.unwrap() {
        let token: Value = serde_json::from_str(&token.1.value).unwrap();
        assert!(!all.contains(token["value"].as_str().unwrap()), "a token");
    }
    assert!(!all.contains(KINGDEE_BASE_URL), "no whole address");
}

#[tokio::test]
async fn an_archive_that_takes_nothing_stops_nothing() {
    for is_silent in [false, true] {
        let house = House::new(1);
        let fuse = Fuse::unbreakable();
        let process = house.start_with(&fuse);
        if is_silent {
            fuse.silence(Port::Archive, "write");
        } else {
            fuse.refuse(Port::Archive, "write");
        }
        house.vendors.wangdian.generate_trade("S001", 55, house.minutes_ago(5));
        process.poll().await;
        process.drain().await;
        let trade_no = house.vendors.wangdian.trades()[0].trade_no.clone();
        assert_eq!(house.vendors.kingdee.creates()[&trade_no], 1);
        assert!(history(&process, TRADES, &trade_no).await.is_empty());
    }
}
