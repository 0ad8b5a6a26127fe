//! `relay serve --dry-run`: all is read, mapped and shown; nothing is sent, acknowledged or remembered.

use chrono::TimeDelta;
use relay_core::clock::{Clock as _, SystemClock};
use relay_simulators::qince::PushStyle;
use rust_decimal::Decimal;
use serde_json::json;

use crate::serve::eventually;
use crate::server::Server;
use crate::support::{Installation, Town};

const DRY_RUN: [&str; 4] = ["serve", "--dry-run", "--listen", "127.0.0.1:0"];

/// What a dry run may not change: its calls are made, and count.
fn watermarks(installation: &Installation) -> Vec<(String, String)> {
    let store = rusqlite::Connection::open(installation.path("relay.db")).unwrap();
    let mut read = store
        .prepare(
            "SELECT name, value FROM checkpoints WHERE name NOT LIKE 'health/%' AND name NOT LIKE 'calls/%' ORDER BY name",
        )
        .unwrap();
    let rows = read.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(|row| row.unwrap()).collect()
}

#[test]
fn a_dry_run_shows_what_would_be_sent_and_leaves_everything_as_it_was() {
    let town = Town::open();
    let vendors = &town.vendors;
    let installation = town.installation();
    // What was read before the dry run.
    installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(0);
    // A window is read as soon as a second is due.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let before = watermarks(&installation);
    assert!(!before.is_empty());
    vendors.wangdian.generate_trade("S001", 55, SystemClock.now() - TimeDelta::seconds(90));
    let trade_no = vendors.wangdian.trades()[0].trade_no.clone();
    let rec_id = vendors.wangdian.change_stock("S001", "G1", "SPEC-1", Decimal::from(7));
    let order = vendors.qince.order(SystemClock.now());
    let push = vendors.qince.push(&order, &PushStyle::default());

    let server = Server::of(&installation, &mut installation.command(&DRY_RUN));
    assert!(!server.stores(&push), "it is to be delivered again");
    // Nothing outside tells when all is shown; the turns begin at once, and are short.
    std::thread::sleep(std::time::Duration::from_secs(6));
    let (status, shown) = server.terminate();
    assert_eq!(status, Some(0), "{shown}");

    let id = order["id"].as_str().unwrap();
    for said in [
        "A dry run: documents are read, mapped and shown.".to_owned(),
        format!("trade-to-kingdee {trade_no}, version "),
        format!("stock-to-sharecrm {rec_id}, version "),
        format!("direct-order-to-wangdian {id}, version "),
        format!("direct-order-to-sharecrm {id}, version "),
        "It would be sent.".to_owned(),
        "wangdian trade_push.php".to_owned(),
    ] {
        assert!(shown.contains(&said), "{said} in {shown}");
    }
    assert!(vendors.wangdian.pushed_orders().is_empty());
    assert!(vendors.sharecrm.records().is_empty());
    assert!(vendors.kingdee.orders(&trade_no).is_empty());
    let stock = &vendors.wangdian.stock()[0];
    assert!(stock.acknowledged_count < stock.stock_change_count, "its row waits in the pool");
    assert_eq!(watermarks(&installation), before);

    // What was shown is done by the first real run.
    let server = Server::start(&installation);
    assert!(server.stores(&push));
    eventually("the order is in WDT", || vendors.wangdian.pushed_orders().contains_key(id));
    eventually("the trade is in Kingdee", || !vendors.kingdee.orders(&trade_no).is_empty());
    server.terminate();
}

#[test]
fn a_dry_run_needs_no_store_and_makes_none() {
    let town = Town::open();
    let installation = town.installation();
    let order = town.vendors.qince.order(SystemClock.now());
    let push = town.vendors.qince.push(&order, &PushStyle::default());
    let server = Server::of(&installation, &mut installation.command(&DRY_RUN));
    assert!(!server.stores(&push));
    server.terminate();
    assert!(!installation.path("relay.db").exists());
}

/// A real run keeps it as failed and releases it. What a dry run keeps goes with the process.
#[test]
fn a_row_that_no_message_can_carry_stays_in_the_pool() {
    let town = Town::open();
    let installation = town.installation();
    let wangdian = &town.vendors.wangdian;
    let deep = (0..110).fold(json!(1), |inner, _| json!([inner]));
    let row = json!({"tid": "T1", "logistics_no": "SF1", "remark": deep});
    let deep = wangdian.add_shipment(row.as_object().unwrap().clone());
    let plain =
        wangdian.add_shipment(json!({"tid": "T2", "logistics_no": "SF2"}).as_object().unwrap().clone());
    let server = Server::of(&installation, &mut installation.command(&DRY_RUN));
    std::thread::sleep(std::time::Duration::from_secs(4));
    let (_, shown) = server.terminate();
    assert!(shown.contains(&format!("shipping-to-sharecrm {plain}, version ")), "the pool was read: {shown}");
    assert!(wangdian.logistics_acks().is_empty(), "{:?}", wangdian.logistics_acks());
    assert_eq!(wangdian.waiting_shipments(), [deep, plain]);
}
