//! A flow with groups: what is explained, tested and recorded of its documents.

use std::fs;

use serde_json::json;

use crate::console::Console;
use crate::support::{Installation, Town, events};

/// The sample trade's flow, whose orders of a shop and a day become one.
pub(crate) const FLOW: &str = r#"
[source]
document = "wangdian.trade_query"
route    = "qimen"
params   = { status = "55" }
key      = "trade_no"
version  = "modified"

[target]
document = "kingdee.sal_order_save"

[group]
by     = ["shop_no", "day(trade_time)"]
lines  = ["materialid_id", "stockid_id", "unit_id"]
sum    = ["qty", "amount"]
close  = { size = 500 }
prefix = "XS-"
withdrawn_when = "trade_status = 5"

[fields]
billdate      = { from = "trade_time", as = "date" }
customerid_id = { from = "shop_no", lookup = "kingdee.customer" }

[fields.material_entity]
each          = "goods_list"
materialid_id = { from = "spec_no", lookup = "kingdee.material" }
stockid_id    = { from = "^.warehouse_no", lookup = "kingdee.store", absent = "error" }
unit_id       = { from = "spec_no", lookup = "kingdee.material_unit", absent = "error" }
qty           = "num"
amount        = { from = "share_amount", as = "decimal", scale = 2, send = false }
taxprice      = { compute = "target.amount / target.qty", as = "decimal", scale = 6 }
"#;

const TRADES: &str = "trade-to-kingdee";
const KEY: &str = "JY202611220001";
const GROUP: &str = "api_zy01/2026-11-22";

fn opened() -> (Town, Installation) {
    let town = Town::open();
    town.stock_the_sample_trade();
    let mut installation = town.installation();
    fs::create_dir(installation.path("flows")).unwrap();
    fs::write(installation.path(&format!("flows/{TRADES}.toml")), FLOW).unwrap();
    installation.set("RELAY_FLOWS_DIR", "flows");
    (town, installation)
}

#[test]
fn a_document_of_a_group_is_explained_by_its_group_and_what_it_brings() {
    let (_town, installation) = opened();
    let trade = events("wangdian/trade.json");
    let arguments = ["explain", trade.to_str().unwrap(), "--flow", TRADES];
    let explained = installation.relay(&[&arguments[..], &["--json"]].concat()).with_status(0).json();
    assert_eq!(explained["verdict"]["becomes"], "grouped", "{explained}");
    assert_eq!(explained["faults"], json!([]), "{explained}");
    let brings = &explained["brings"];
    assert_eq!(brings["group"], GROUP, "{explained}");
    let lines = brings["document"]["material_entity"].as_array().unwrap();
    assert_eq!((&lines[0]["qty"], &lines[0]["amount"]), (&json!("20"), &json!("185.00")), "{explained}");
    assert!(lines[0].get("taxprice").is_none(), "it is worked out of the sums: {explained}");
    assert_eq!(explained["request"], json!(null));
    let text = installation.relay(&arguments).with_status(0).stdout;
    for said in [
        "It would go into its group: the group api_zy01/2026-11-22.",
        "What it brings into the group api_zy01/2026-11-22 (prices are worked out of the sums, when it is closed):",
    ] {
        assert!(text.contains(said), "{said} in {text}");
    }
}

#[test]
fn what_a_group_holds_and_its_bill_are_explained_and_a_member_is_recorded_as_a_test() {
    let (_town, installation) = opened();
    installation.invoke("erp-pusher", "erp-pusher/sqs.json");
    let explain = |key: &str| installation.relay(&["explain", "--flow", TRADES, "--key", key, "--json"]);
    let held = explain(KEY).with_status(0).json();
    assert_eq!(held["verdict"]["becomes"], "nothing", "{held}");

    let mut trade: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(events("wangdian/trade.json")).unwrap()).unwrap();
    let explained = |trade: &serde_json::Value| {
        fs::write(installation.path("trade.json"), trade.to_string()).unwrap();
        installation.relay(&["explain", "trade.json", "--flow", TRADES, "--json"]).with_status(0).json()
    };
    trade["modified"] = json!("2036-01-01 00:00:00");
    let same = explained(&trade);
    assert_eq!(same["verdict"]["why"], "it says what was delivered last", "{same}");
    trade["trade_time"] = json!("2026-11-23 10:15:30");
    let moved = explained(&trade);
    assert_eq!(moved["verdict"]["becomes"], "grouped", "{moved}");
    assert_eq!(moved["brings"]["leaves"], GROUP, "{moved}");
    trade["trade_status"] = json!("5");
    let cancelled = explained(&trade);
    assert_eq!(cancelled["verdict"]["becomes"], "withdrawn", "{cancelled}");

    let recorded = installation.relay(&["flows", "record", KEY]).with_status(0).stdout;
    assert!(recorded.contains(&format!("group = \"{GROUP}\"")), "{recorded}");
    assert!(!recorded.contains("not what was delivered"), "{recorded}");
    fs::write(installation.path(&format!("flows/{TRADES}.test.toml")), &recorded).unwrap();
    let tested = installation.relay(&["flows", "test", "flows"]).with_status(0).stdout;
    assert!(tested.contains("1 flow, 1 test, none failed."), "{tested}");
    fs::remove_file(installation.path(&format!("flows/{TRADES}.test.toml"))).unwrap();

    what_it_would_be_closed_with_is_told(&installation);
    installation.relay(&["groups", "close", GROUP]).with_status(0);
    fs::write(installation.path("event.json"), "{}").unwrap();
    installation.relay(&["invoke", "bill-closer", "--event", "event.json"]).with_status(0);
    installation.relay(&["drain"]).with_status(0);
    let bill = explain(&format!("@{GROUP}-1")).with_status(0).json();
    assert_eq!(bill["verdict"]["becomes"], "nothing", "{bill}");
    let body = &bill["request"]["body"];
    assert_eq!(body["billno"], format!("XS-{GROUP}-1"), "{bill}");
    assert_eq!(body["material_entity"][1]["taxprice"], "8.500000", "{bill}");
    assert_eq!(bill["sent_last"]["differing"], json!([]), "{bill}");
    let refused = installation.relay(&["flows", "record", &format!("@{GROUP}-1")]).with_status(2).stderr;
    assert!(refused.contains("record one of its members"), "{refused}");
}

/// On the command line, as a file and in the console, before anything is closed.
fn what_it_would_be_closed_with_is_told(installation: &Installation) {
    let told = "closed now: 1 member, 1 bill, 2 lines, quantity 31, amount 255.00";
    let listed = installation.relay(&["groups", "--sums"]).with_status(0).stdout;
    assert!(listed.contains(told), "{listed}");
    let shown = installation.relay(&["groups", "show", GROUP]).with_status(0).stdout;
    assert!(shown.contains(told), "{shown}");
    assert!(shown.contains(&format!("{GROUP}-1: 2 lines, quantity 31, amount 255.00")), "{shown}");
    let plain = installation.relay(&["groups"]).with_status(0).stdout;
    assert!(!plain.contains("closed now"), "{plain}");
    let json = installation.relay(&["groups", "--sums", "--json"]).with_status(0).json();
    let now = &json["groups"][0]["closed_now"];
    assert_eq!((&now["members"], &now["content"]["amount"]), (&json!(1), &json!("255.00")), "{json}");
    let csv = installation.relay(&["groups", "--sums", "--csv"]).with_status(0).stdout;
    assert!(csv.contains(",1,1,2,31,255.00,"), "{csv}");

    let console = Console::of(installation);
    console.get("/groups").shows(&["/groups?sums=yes", "/groups.csv"]);
    console.get("/groups?sums=yes").shows(&["255.00", "/groups.csv?sums=yes"]);
    console.get(&format!("/group?flow={TRADES}&group={GROUP}")).shows(&[
        "现在封账会是怎样",
        "255.00",
        "发送",
    ]);
    console.get(&format!("/do?what=close&flow={TRADES}&group={GROUP}")).shows(&["qty 31, amount 255.00"]);
    assert!(console.get("/groups.csv?sums=yes").body.contains("255.00"));
}
