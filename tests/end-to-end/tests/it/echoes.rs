//! Two flows that face each other come to rest: what the one has made, the other leaves alone.

use std::fs;
use std::time::Duration;

use relay_simulators::wangdian::TradeMix;
use tempfile::TempDir;

use crate::fuse::Fuse;
use crate::groups::close;
use crate::house::House;
use crate::process::{Process, TRADES, outcomes};

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/flows/trade-to-kingdee.toml");
const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/flows/examples/kingdee-v2");
const BACK: &str = "order-to-wangdian";

/// Kingdee's orders become WDT's.
const ORDER_TO_WANGDIAN: &str = r#"
[source]
document = "kingdee.sal_order_list"
key      = "id"
ECHOES

[target]
document = "wangdian.trade_push"
params   = { shop_no = { setting = "WDT_SHOP_NO" } }

[fields]
tid             = "billno"
trade_status    = { value = "30" }
pay_status      = { value = "2" }
delivery_term   = { value = "1" }
trade_time      = { value = "2026-11-22 11:00:00" }
pay_time        = { value = "2026-11-22 11:00:00" }
buyer_nick      = { value = "买家" }
receiver_name   = { value = "收货人" }
receiver_province = { value = "江苏省" }
receiver_city   = { value = "南京市" }
receiver_district = { value = "玄武区" }
receiver_address = { value = "1 号" }
receiver_mobile = { value = "13900000000" }
logistics_type  = { value = "-1" }
post_amount     = { value = "0" }
cod_amount      = { value = "0" }
ext_cod_fee     = { value = "0" }
other_amount    = { value = "0" }
paid            = { value = "1" }

[[fields.order_list]]
when      = "has(billno)"
oid       = { text = "{billno}-1" }
num       = { value = "1" }
price     = { value = "1" }
status    = { value = "30" }
refund_status = { value = "0" }
goods_id  = { value = "G" }
spec_no   = { value = "ML-250-24" }
goods_name = { value = "货" }
adjust_amount = { value = "0" }
discount  = { value = "0" }
share_discount = { value = "0" }
"#;

/// Each of WDT's trades of a shop goes into one order of Kingdee.
const BY_SHOP: &str = r#"
[source]
document = "wangdian.trade_query"
route    = "qimen"
params   = { status = "55" }
key      = "trade_no"
version  = "modified"

[target]
document = "kingdee.sal_order_save"

[group]
by     = ["shop_no"]
lines  = ["materialid_id", "stockid_id", "unit_id"]
sum    = ["qty", "amount"]
close  = { size = 1 }
prefix = "XS-"

[fields]
billdate      = { from = "trade_time", as = "date" }
customerid_id = { from = "shop_no", lookup = "kingdee.customer" }

[fields.material_entity]
each          = "goods_list"
materialid_id = { from = "spec_no", lookup = "kingdee.material" }
stockid_id    = { from = "^.warehouse_no", lookup = "kingdee.store", absent = "error" }
unit_id       = { from = "spec_no", lookup = "kingdee.material_unit", absent = "error" }
qty           = "num"
amount        = { compute = "num * share_price", as = "decimal", scale = 2, send = false }
taxprice      = { compute = "target.amount / target.qty", as = "decimal", scale = 6 }
"#;

fn facing(seed: u64, echoes: &str) -> (House, TempDir) {
    faced_by(seed, &fs::read_to_string(SHIPPED).unwrap(), echoes)
}

fn faced_by(seed: u64, trades: &str, echoes: &str) -> (House, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(format!("{TRADES}.toml")), trades).unwrap();
    let back = ORDER_TO_WANGDIAN.replace("ECHOES", echoes);
    fs::write(folder.path().join(format!("{BACK}.toml")), back).unwrap();
    (House::new(seed).with("RELAY_FLOWS_DIR", folder.path().to_str().unwrap()), folder)
}

/// Reads both sides and works what there is, hour by hour.
async fn hours(house: &House, process: &Process, hours: u32) -> Vec<&'static str> {
    let mut all = Vec::new();
    for _ in 0..hours {
        house.clock.advance(Duration::from_secs(3_700));
        for report in process.poller.poll_all(relay_core::clock::Deadline::NONE, &|_| {}).await {
            assert_eq!(report.error, None);
        }
        all.extend(outcomes(&process.drain_through_pauses().await));
    }
    all
}

fn trades(house: &House) {
    let (from, to) = (house.minutes_ago(30), house.minutes_ago(5));
    house.vendors.wangdian.generate_trades(6, from, to, TradeMix::default());
}

#[tokio::test]
async fn what_one_flow_has_made_the_other_leaves_alone_and_both_come_to_rest() {
    let (house, _folder) = facing(1, "");
    trades(&house);
    let process = house.start();
    let turns = hours(&house, &process, 3).await;
    let audited = house.creates_of_audited();
    assert!(!audited.is_empty() && audited.values().all(|creates| *creates == 1), "{audited:?}");
    assert!(turns.contains(&"skipped"), "they came back: {turns:?}");
    assert!(house.vendors.wangdian.pushed_orders().is_empty(), "and went no further");
    assert_eq!(hours(&house, &process, 3).await, Vec::<&str>::new(), "nothing goes round");
    assert!(process.failures().await.is_empty());
}

/// Over V2, where the example reads orders as a whole.
#[tokio::test]
async fn the_examples_that_face_each_other_come_to_rest() {
    let folder = tempfile::tempdir().unwrap();
    for flow in ["trade-audited-to-kingdee", BACK] {
        let file = format!("{flow}.toml");
        fs::copy(format!("{EXAMPLES}/{file}"), folder.path().join(file)).unwrap();
    }
    let house =
        House::new(3).with("RELAY_FLOWS_DIR", folder.path().to_str().unwrap()).with("KINGDEE_AUTH", "v2");
    trades(&house);
    let process = house.start();
    let turns = hours(&house, &process, 3).await;
    let orders = house.vendors.kingdee.saved_of("sal_order");
    assert!(!orders.is_empty() && orders.iter().all(|order| order.is_audited), "{orders:?}");
    assert!(turns.contains(&"skipped"), "they came back: {turns:?}");
    assert!(house.vendors.wangdian.pushed_orders().is_empty(), "and went no further");
    assert_eq!(process.failures().await, []);
    assert_eq!(hours(&house, &process, 3).await, Vec::<&str>::new(), "nothing goes round");
}

#[tokio::test]
async fn a_flow_that_takes_echoes_gets_them() {
    let (house, _folder) = facing(2, "echoes = \"take\"");
    trades(&house);
    let process = house.start();
    hours(&house, &process, 2).await;
    let pushed = house.vendors.wangdian.pushed_orders().len();
    assert_eq!(pushed, house.creates_of_audited().len(), "{:?}", process.failures().await);
}

/// The echo may come before the ledger knows that its order was delivered.
#[tokio::test]
async fn an_order_whose_maker_was_killed_is_an_echo_all_the_same() {
    for steps in 0..60 {
        let (house, _folder) = facing(steps, "");
        house.vendors.wangdian.generate_trade("S001", 55, house.minutes_ago(5));
        let process = house.start();
        process.poller.poll_all(relay_core::clock::Deadline::NONE, &|_| {}).await;
        let fuse = Fuse::after(steps);
        fuse.run(house.start_with(&fuse).drain()).await;
        let process = house.start();
        // Kingdee is read before the pusher goes on.
        house.clock.advance(Duration::from_secs(3_700));
        process.poller.poll_all(relay_core::clock::Deadline::NONE, &|_| {}).await;
        process.drain_through_pauses().await;
        hours(&house, &process, 2).await;
        assert!(house.vendors.wangdian.pushed_orders().is_empty(), "killed after {steps} steps");
        assert_eq!(house.creates_of_audited().into_values().collect::<Vec<_>>(), [1], "{steps}");
    }
}

/// So is the bill of a group, whose number none of its members tells.
#[tokio::test]
async fn a_groups_bill_whose_maker_was_killed_is_an_echo_all_the_same() {
    for steps in 0.. {
        let (house, _folder) = faced_by(steps, BY_SHOP, "");
        house.vendors.wangdian.generate_trade("S001", 55, house.minutes_ago(5));
        let process = house.start();
        process.poller.poll_all(relay_core::clock::Deadline::NONE, &|_| {}).await;
        process.drain().await;
        close(&process).await;
        let fuse = Fuse::after(steps);
        let killed = fuse.run(house.start_with(&fuse).drain()).await.is_none();
        let process = house.start();
        // Kingdee is read before the pusher goes on.
        house.clock.advance(Duration::from_secs(3_700));
        process.poller.poll_all(relay_core::clock::Deadline::NONE, &|_| {}).await;
        process.drain_through_pauses().await;
        hours(&house, &process, 2).await;
        assert!(house.vendors.wangdian.pushed_orders().is_empty(), "killed after {steps} steps");
        let creates: Vec<_> = house.vendors.kingdee.creates().into_iter().collect();
        assert_eq!(creates, [("XS-S001-1".to_owned(), 1)], "killed after {steps} steps");
        if !killed {
            assert!(steps > 10, "the work takes only {steps} steps: nothing was tried");
            return;
        }
    }
}
