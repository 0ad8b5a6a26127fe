//! All 39 endpoints of 旺店通, and its archives, from a flow file alone, over both routes.

use std::time::Duration;

use relay_connector::{Document, Role};
use relay_simulators::wangdian::time_text;
use relay_simulators::{Fault, Vendors};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::house::{House, object};
use crate::process::{Process, count};

const ROUTES: [&str; 2] = ["direct", "qimen"];

/// A house in which this flow runs, by night, when stock is counted too.
fn house(flow: &str) -> (House, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("flow.toml"), flow).unwrap();
    let house = House::new(39)
        .with("RELAY_FLOWS_DIR", folder.path().to_str().unwrap())
        .with("RELAY_START", "2026-11-22T20:00:00+08:00");
    house.clock.advance(Duration::from_secs(9 * 3_600));
    (house, folder)
}

fn documents(fits: impl Fn(&Document) -> bool) -> Vec<&'static Document> {
    let all = relay_connectors::named("wangdian").unwrap().documents();
    all.iter().filter(|document| fits(document)).collect()
}

/// The endpoint's name without `.php`.
fn endpoint(document: &Document) -> &'static str {
    document.name.strip_prefix("wangdian.").unwrap()
}

/// A flow that makes a record of each row.
fn reading(document: &Document, route: &str) -> String {
    let key = document.keys[0];
    let id = key.iter().map(|field| format!("{{{field}}}")).collect::<Vec<_>>().join("-");
    // What must be said of a window's parameters is said.
    let params = match endpoint(document) {
        "stockout_order_query_trade" | "his_stockout_order_query_trade" => "params = { status = \"110\" }",
        "stockout_order_query" => "window = \"consign_time\"",
        _ => "",
    };
    format!(
        "[source]\ndocument = \"{}\"\nroute = \"{route}\"\nkey = {key:?}\n{params}\n[target]\ndocument = \"sharecrm.objdata_push\"\n\
         [fields]\nobjAPIName = {{ value = \"o\" }}\ndataCenterId = {{ setting = \"SHARECRM_DATA_CENTER_ID\" }}\n\
         id = {{ text = \"{id}\" }}\n[fields.masterFieldVal]\nname = \"$.'says'\"\n",
        document.name
    )
}

/// A row that says something, changed now; answers what it becomes.
fn put(house: &House, document: &Document, number: u32, says: &str) {
    let (query, now) = (endpoint(document), time_text(house.now()));
    let mut row = json!({"says": says, "status": 110});
    if query.starts_with("stockin") {
        row["status"] = json!(80);
    }
    for field in document.keys[0] {
        row[field] = json!(format!("N-{number}"));
    }
    for time in ["modified", "goods_modified", "consign_time", "created"] {
        row[time] = json!(now);
    }
    match query {
        "trade_query" => house.vendors.wangdian.add_trade(object(json!({
            "trade_no": format!("N-{number}"), "platform_id": 127, "trade_status": 55, "says": says,
        }))),
        query => house.vendors.wangdian.put_row(query, document.keys[0], object(row)),
    }
}

async fn poll_and_deliver(house: &House, process: &Process) {
    // A row that has changed just now is not read before it has settled.
    house.clock.advance(Duration::from_secs(120));
    assert_eq!(process.poll().await.error, None);
    process.drain().await;
}

/// How many records say that.
fn saying(vendors: &Vendors, says: &str) -> usize {
    let records = vendors.sharecrm.records();
    records.values().filter(|record| format!("{record:?}").contains(says)).count()
}

#[tokio::test]
async fn every_query_is_a_source_over_both_routes() {
    let queries = documents(|document| document.role.is_polled());
    assert_eq!(queries.len(), 4 + 15 + 3, "the whole lists, the windows, the archives");
    for document in queries {
        for route in ROUTES {
            let (house, _folder) = house(&reading(document, route));
            let process = house.start();
            // More than a page of each.
            for number in 0..105 {
                put(&house, document, number, "first");
            }
            poll_and_deliver(&house, &process).await;
            assert_eq!(saying(&house.vendors, "first"), 105, "{} over {route}", document.name);
            house.clock.advance(Duration::from_secs(3_600));
            put(&house, document, 7, "second");
            put(&house, document, 300, "second");
            poll_and_deliver(&house, &process).await;
            let said = (house.vendors.sharecrm.records().len(), saying(&house.vendors, "second"));
            assert_eq!(said, (106, 2), "{} over {route}", document.name);
            assert_eq!(process.failures().await, [], "{} over {route}", document.name);
        }
    }
}

#[tokio::test]
async fn of_a_whole_list_only_what_has_changed_is_queued() {
    for document in documents(|document| document.role == Role::Listed) {
        let (house, _folder) = house(&reading(document, "direct"));
        let process = house.start();
        for number in 0..5 {
            put(&house, document, number, "first");
        }
        let mut queued = Vec::new();
        for change in [None, None, Some("second"), Some("first"), None] {
            if let Some(says) = change {
                // Nothing but what it says: these rows have no time of their last change that counts.
                let mut row = json!({"says": says});
                for field in document.keys[0] {
                    row[field] = json!("N-3");
                }
                row["modified"] = json!("2026-11-22 12:00:00");
                house.vendors.wangdian.put_row(endpoint(document), document.keys[0], object(row));
            }
            queued.push(process.poll().await.queued);
            process.drain().await;
            house.clock.advance(Duration::from_secs(3_600));
        }
        assert_eq!(queued, [5, 0, 1, 1, 0], "{}", document.name);
    }
}

#[tokio::test]
async fn both_pools_are_sources_over_both_routes_and_their_rows_are_acknowledged() {
    for document in documents(|document| document.role == Role::Pool) {
        for route in ROUTES {
            let is_logistics = document.name.contains("logistics");
            let name = if is_logistics { "tid" } else { "spec_no" };
            let flow = reading(document, route).replace("$.'says'", name);
            let (house, _folder) = house(&flow);
            let wangdian = &house.vendors.wangdian;
            for number in 0..5 {
                wangdian.change_stock("S001", "ML", &format!("ML-{number}"), Decimal::TEN);
                let shipment = json!({"shop_no": "S001", "tid": format!("ML-{number}"), "logistics_type": 8});
                wangdian.add_shipment(object(shipment));
            }
            let process = house.start();
            assert!(process.sync().await.iter().all(|report| report.error.is_none()));
            assert_eq!(count(&process.drain().await, "delivered"), 5, "{} over {route}", document.name);
            assert_eq!(saying(&house.vendors, "ML-"), 5);
            let stock = wangdian.stock();
            let waiting = match is_logistics {
                true => wangdian.waiting_shipments().len(),
                false => stock.iter().filter(|row| row.acknowledged_count < row.stock_change_count).count(),
            };
            assert_eq!(waiting, 0, "{} over {route}", document.name);
            let untouched = if is_logistics { stock[0].acknowledged_count == 0 } else { true };
            assert!(untouched, "the other pool is nobody's");
        }
    }
}

/// A push, what its fields become of a document with lines, and the list in which the ERP has those.
struct Pushed {
    endpoint: &'static str,
    params: &'static str,
    fields: &'static str,
    list: &'static str,
}

const fn pushed(endpoint: &'static str, list: &'static str, fields: &'static str) -> Pushed {
    Pushed { endpoint, params: "", fields, list }
}

/// The sixteen pushes. The acknowledgements follow.
const PUSHES: &[Pushed] = &[
    pushed(
        "purchase_provider_create",
        "",
        r#"
provider_no         = "number"
provider_name       = "name"
min_purchase_num    = { value = "1" }
purchase_cycle_days = { value = "7" }
arrive_cycle_days   = { value = "3" }
"#,
    ),
    pushed(
        "goods_push",
        "spec_list",
        r#"
goods_no   = "number"
goods_name = "name"
[fields.spec_list]
each         = "lines"
spec_no      = "sku"
retail_price = "price"
"#,
    ),
    pushed(
        "api_goodsspec_push",
        "goods_list",
        r#"
platform_id = { value = "127" }
shop_no     = { setting = "WDT_SHOP_NO" }
[fields.goods_list]
each     = "lines"
goods_id = "^.number"
spec_id  = "sku"
spec_no  = "sku"
status   = { value = 1 }
price    = "price"
"#,
    ),
    Pushed {
        endpoint: "trade_push",
        params: "params = { shop_no = { setting = \"WDT_SHOP_NO\" } }",
        list: "order_list",
        fields: r#"
tid               = "number"
trade_status      = { value = 30 }
pay_status        = { value = 2 }
delivery_term     = { value = 1 }
trade_time        = "at"
pay_time          = "at"
buyer_nick        = "name"
receiver_name     = "name"
receiver_province = { value = "江苏省" }
receiver_city     = { value = "南京市" }
receiver_district = { value = "建邺区" }
receiver_address  = { value = "云龙山路66号" }
receiver_mobile   = { value = "18254623212" }
logistics_type    = { value = "-1" }
post_amount       = { value = "0" }
cod_amount        = { value = "0" }
ext_cod_fee       = { value = "0" }
other_amount      = { value = "0" }
paid              = { compute = "sum(lines, qty * price)" }
[fields.order_list]
each           = "lines"
oid            = { text = "{^.number}-{#}" }
num            = "qty"
price          = "price"
status         = { value = 30 }
refund_status  = { value = 0 }
goods_id       = "sku"
goods_no       = "sku"
spec_no        = "sku"
goods_name     = "sku"
adjust_amount  = { value = "0" }
discount       = { value = "0" }
share_discount = { value = "0" }
"#,
    },
    pushed(
        "sales_refund_push",
        "order_list",
        r#"
platform_id = { value = 127 }
shop_no     = { setting = "WDT_SHOP_NO" }
tid         = "order"
refund_no   = "number"
type        = { value = 2 }
status      = { value = "success" }
refund_fee  = { compute = "sum(lines, qty * price)" }
[fields.order_list]
each = "lines"
oid  = "sku"
num  = "qty"
"#,
    ),
    pushed(
        "stockin_refund_push",
        "detail_list",
        r#"
refund_no    = "order"
outer_no     = "number"
warehouse_no = "warehouse"
is_check     = { value = 1 }
[fields.detail_list]
each        = "lines"
spec_no     = "sku"
stockin_num = "qty"
"#,
    ),
    pushed(
        "purchase_order_push",
        "details_list",
        r#"
provider_no  = "partner"
warehouse_no = "warehouse"
outer_no     = "number"
[fields.details_list]
each    = "lines"
spec_no = "sku"
num     = "qty"
price   = "price"
"#,
    ),
    pushed(
        "stockin_purchase_push",
        "details_list",
        r#"
purchase_no  = "order"
outer_no     = "number"
warehouse_no = "warehouse"
[fields.details_list]
each          = "lines"
spec_no       = "sku"
stockin_num   = "qty"
stockin_price = "price"
"#,
    ),
    pushed(
        "purchase_return_push",
        "detail_list",
        r#"
provider_no  = "partner"
outer_no     = "number"
warehouse_no = "warehouse"
[fields.detail_list]
each    = "lines"
spec_no = "sku"
num     = "qty"
price   = "price"
"#,
    ),
    pushed(
        "purchase_return_order_push",
        "detail_list",
        r#"
return_no = "order"
outer_no  = "number"
is_check  = { value = 0 }
[fields.detail_list]
each    = "lines"
spec_no = "sku"
num     = "qty"
"#,
    ),
    pushed(
        "stock_sync_by_pd",
        "goods_list",
        r#"
warehouse_no = "warehouse"
mode         = { value = 0 }
api_outer_no = "number"
is_check     = { value = 1 }
[fields.goods_list]
each      = "lines"
spec_no   = "sku"
stock_num = "qty"
"#,
    ),
    pushed(
        "stockin_order_push",
        "goods_list",
        r#"
outer_no     = "number"
warehouse_no = "warehouse"
[fields.goods_list]
each        = "lines"
spec_no     = "sku"
stockin_num = "qty"
"#,
    ),
    pushed(
        "stockout_order_push",
        "detail_list",
        r#"
outer_no     = "number"
warehouse_no = "warehouse"
[fields.detail_list]
each    = "lines"
spec_no = "sku"
num     = "qty"
"#,
    ),
    pushed(
        "stock_transfer_push",
        "skus",
        r#"
outer_no          = "number"
from_warehouse_no = "warehouse"
to_warehouse_no   = { value = "WH02" }
[fields.skus]
each    = "lines"
spec_no = "sku"
num     = "qty"
"#,
    ),
    pushed("stockout_transfer_push", "goods_list", TRANSFER_STEP),
    pushed("stockin_transfer_push", "goods_list", TRANSFER_STEP),
];

const TRANSFER_STEP: &str = r#"
src_order_type = { value = "2" }
src_order_no   = "order"
warehouse_no   = "warehouse"
outer_no       = "number"
[fields.goods_list]
each    = "lines"
spec_no = "sku"
num     = "qty"
"#;

impl Pushed {
    fn flow(&self, route: &str) -> String {
        let Self { endpoint, params, fields, .. } = self;
        format!(
            "[source]\ndocument = \"http.webhook\"\nparams = {{ name = \"documents\" }}\nkey = \"number\"\n\
             [target]\ndocument = \"wangdian.{endpoint}\"\nroute = \"{route}\"\n{params}\n[fields]{fields}"
        )
    }
}

/// A document with so many lines.
fn document(number: u32, lines: u32) -> Value {
    let line = |line: u32| json!({"sku": format!("SKU-{number}-{line}"), "qty": "1.5", "price": "2.10"});
    json!({
        "number": format!("D-{number}"), "name": format!("买家{number}"), "at": "2026-11-22 20:30:00", "order": "T-1",
        "warehouse": "WH01", "partner": "GYS-1", "lines": (0..lines).map(line).collect::<Vec<_>>(),
    })
}

async fn take_in(house: &House, process: &Process, document: &Value) {
    let answer = process.post_json("documents", &house.vendors.http.push(document)).await;
    assert_eq!(answer.reply.return_code, 0, "{}", answer.reply.to_json());
}

/// The lines that the ERP has of a document.
fn lines_there(house: &House, pushed: &Pushed, number: u32) -> usize {
    let (wangdian, ours) = (&house.vendors.wangdian, format!("D-{number}"));
    let body = match pushed.endpoint {
        "trade_push" => wangdian.pushed_orders().get(&ours).map(|order| order.order.clone()),
        // Each line is known by itself.
        "api_goodsspec_push" => {
            let all = wangdian.pushed_documents(pushed.endpoint);
            let of_it = |number: &str| number.starts_with(&format!("S001/{ours}/"));
            return all.iter().filter(|each| each.number.as_deref().is_some_and(of_it)).count();
        }
        endpoint => {
            let all = wangdian.pushed_documents(endpoint);
            all.iter().find(|each| each.number.as_ref() == Some(&ours)).map(|each| each.body.clone())
        }
    };
    let Some(body) = body else { return 0 };
    // What has no lines is one.
    if pushed.list.is_empty() { 1 } else { body[pushed.list].as_array().map_or(0, Vec::len) }
}

#[tokio::test]
async fn every_push_carries_its_lines_over_both_routes() {
    assert_eq!(PUSHES.len(), 16);
    for pushed in PUSHES {
        for route in ROUTES {
            let (house, _folder) = house(&pushed.flow(route));
            let process = house.start();
            for number in 0..3 {
                take_in(&house, &process, &document(number, 120)).await;
            }
            let delivered = count(&process.drain().await, "delivered");
            let why: Vec<_> = process.failures().await.iter().map(|entry| format!("{entry:?}")).collect();
            assert_eq!(delivered, 3, "{} over {route}: {why:?}", pushed.endpoint);
            let expected = if pushed.list.is_empty() { 1 } else { 120 };
            for number in 0..3 {
                assert_eq!(lines_there(&house, pushed, number), expected, "{} over {route}", pushed.endpoint);
            }
        }
    }
}

#[tokio::test]
async fn every_push_that_takes_a_list_goes_out_in_batches_and_a_refused_one_is_told_from_the_rest() {
    for (endpoint, cap) in [("goods_push", 50), ("trade_push", 50), ("sales_refund_push", 10)] {
        let pushed = PUSHES.iter().find(|pushed| pushed.endpoint == endpoint).unwrap();
        for (route, told_beside_success) in [("direct", false), ("qimen", true)] {
            let (house, _folder) = house(&pushed.flow(route));
            let process = house.start();
            for number in 0..cap {
                let mut document = document(number, 2);
                if number == 3 {
                    document["lines"] = refused_lines(endpoint);
                }
                take_in(&house, &process, &document).await;
            }
            if told_beside_success {
                house.vendors.wangdian.faults.inject_for(endpoint, Fault::ErrorsUnderCodeZero);
            }
            process.drain().await;
            for number in (0..cap).filter(|number| *number != 3) {
                assert_eq!(lines_there(&house, pushed, number), 2, "{endpoint} over {route}: {number}");
            }
            assert_eq!(lines_there(&house, pushed, 3), 0, "{endpoint} over {route}");
            let failures = process.failures().await;
            let keys: Vec<_> = failures.iter().map(|entry| entry.id.key.as_str()).collect();
            assert_eq!(keys, ["D-3"], "{endpoint} over {route}");
        }
    }
}

/// Lines for which the vendor refuses a document: a text that it cannot store, a quantity of nothing, too many.
fn refused_lines(endpoint: &str) -> Value {
    match endpoint {
        "trade_push" => json!([{"sku": "A\u{1F600}", "qty": "1", "price": "1"}]),
        "sales_refund_push" => json!([{"sku": "A", "qty": "0", "price": "1"}]),
        _ => (0..501).map(|number| json!({"sku": number.to_string(), "price": 1})).collect(),
    }
}

#[tokio::test]
async fn a_full_batch_is_one_call() {
    for (endpoint, cap) in [("goods_push", 50), ("trade_push", 50), ("sales_refund_push", 10)] {
        let pushed = PUSHES.iter().find(|pushed| pushed.endpoint == endpoint).unwrap();
        let (house, _folder) = house(&pushed.flow("direct"));
        let process = house.start();
        for number in 0..cap {
            take_in(&house, &process, &document(number, 1)).await;
        }
        assert_eq!(count(&process.drain().await, "delivered"), cap as usize);
        assert_eq!(house.vendors.wangdian.calls()[endpoint], 1, "{endpoint}");
    }
}

#[tokio::test]
async fn five_hundred_rows_of_a_count_are_one_call_and_one_more_is_said_to_be_too_many() {
    let pushed = PUSHES.iter().find(|pushed| pushed.endpoint == "stock_sync_by_pd").unwrap();
    let (house, _folder) = house(&pushed.flow("direct"));
    let process = house.start();
    take_in(&house, &process, &document(1, 500)).await;
    take_in(&house, &process, &document(2, 501)).await;
    assert_eq!(count(&process.drain().await, "delivered"), 1);
    assert_eq!(
        (lines_there(&house, pushed, 1), house.vendors.wangdian.calls()["stock_sync_by_pd"]),
        (500, 1)
    );
    let failures = process.failures().await;
    assert!(format!("{failures:?}").contains("501 lines"), "{failures:?}");

    // With is_post_error 0 the ERP counts the rest, and says which row it does not.
    let partial = pushed.flow("direct").replace("mode  ", "is_post_error = { value = 0 }\nmode  ");
    let (house, _folder) = self::house(&partial);
    let process = house.start();
    let mut count_of_three = document(3, 3);
    count_of_three["lines"][1]["qty"] = json!("-1");
    take_in(&house, &process, &count_of_three).await;
    process.drain().await;
    assert_eq!(lines_there(&house, pushed, 3), 2);
    let failures = format!("{:?}", process.failures().await);
    assert!(failures.contains("SKU-3-1"), "{failures}");
}

#[tokio::test]
async fn both_acknowledgements_are_targets_over_both_routes() {
    for (endpoint, fields) in [
        (
            "logistics_sync_ack",
            "rec_id = \"rec\"\nstatus = { value = 0 }\nmessage = { value = \"同步成功\" }\n",
        ),
        (
            "api_goods_stock_change_ack",
            "rec_id = \"rec\"\nsync_stock = \"stock\"\nstock_change_count = \"count\"\n",
        ),
    ] {
        for route in ROUTES {
            let flow = format!(
                "[source]\ndocument = \"http.webhook\"\nparams = {{ name = \"documents\" }}\nkey = \"rec\"\n\
                 [target]\ndocument = \"wangdian.{endpoint}\"\nroute = \"{route}\"\n[fields]\n{fields}"
            );
            let (house, _folder) = house(&flow);
            let (process, wangdian) = (house.start(), &house.vendors.wangdian);
            for number in 0..3 {
                let shipment = wangdian.add_shipment(object(json!({"tid": format!("T-{number}")})));
                let stock = wangdian.change_stock("S001", "ML", &format!("ML-{number}"), Decimal::TEN);
                let rec = if endpoint == "logistics_sync_ack" { shipment } else { stock };
                let count = wangdian.stock()[number].stock_change_count;
                take_in(&house, &process, &json!({"rec": rec, "stock": "10", "count": count})).await;
            }
            assert_eq!(count(&process.drain().await, "delivered"), 3, "{endpoint} over {route}");
            match endpoint {
                "logistics_sync_ack" => assert_eq!(wangdian.logistics_acks().len(), 3),
                _ => assert!(
                    wangdian.stock().iter().all(|row| row.acknowledged_count == row.stock_change_count)
                ),
            }
        }
    }
}

#[test]
fn no_endpoint_is_left_out() {
    let tried = PUSHES
        .iter()
        .map(|pushed| pushed.endpoint)
        .chain(["logistics_sync_ack", "api_goods_stock_change_ack"]);
    let mut tried: Vec<_> = tried.collect();
    tried.extend(documents(|document| document.role != Role::Target).into_iter().map(endpoint));
    let mut all: Vec<_> = documents(|_| true).into_iter().map(endpoint).collect();
    tried.sort_unstable();
    all.sort_unstable();
    assert_eq!(tried, all);
    assert_eq!(all.len(), 39 + 3);
}

/// A push over 奇门 whose answer is lost is asked for over 奇门, and made once.
#[tokio::test]
async fn what_went_out_over_qimen_is_asked_for_there() {
    let pushed = PUSHES.iter().find(|pushed| pushed.endpoint == "stock_transfer_push").unwrap();
    let (house, _folder) = house(&pushed.flow("qimen"));
    let process = house.start();
    house.vendors.wangdian.faults.inject_for("stock_transfer_push", Fault::LostAnswer);
    house.vendors.wangdian.faults.inject_for("stock_transfer_push", Fault::DoublesNumbers);
    take_in(&house, &process, &document(1, 2)).await;
    process.drain().await;
    assert_eq!(house.vendors.wangdian.pushed_documents("stock_transfer_push").len(), 1);
    assert_eq!(house.vendors.wangdian.calls()["stock_transfer_push"], 1);
    assert_eq!(process.failures().await, []);
}

/// A flow over 奇门 alone needs its settings, and says so at the start.
#[test]
fn a_target_over_qimen_needs_the_settings_of_that_route() {
    let (house, _folder) = house(&PUSHES[13].flow("qimen"));
    let house = house.with("QIMEN_APP_SECRET", "");
    let wiring = house.wiring_by(house.clock.clone(), &house.vendors);
    let error = wiring.build::<relay_erp_pusher::ErpPusher>().err().unwrap();
    assert!(format!("{error:#}").contains("QIMEN_APP_SECRET"), "{error:#}");
}
