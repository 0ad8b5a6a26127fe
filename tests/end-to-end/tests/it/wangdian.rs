//! What 旺店通 is asked for, its archives included, from a flow file alone, over both routes. What it is given stands in
//! `wangdian_pushes`.

use std::time::Duration;

use relay_connector::{Document, Field, Kind, Role};
use relay_simulators::Vendors;
use relay_simulators::wangdian::time_text;
use rust_decimal::Decimal;
use serde_json::json;
use tempfile::TempDir;

use crate::house::{House, object};
use crate::process::{Process, count};

pub(crate) const ROUTES: [&str; 2] = ["direct", "qimen"];

/// A house in which this flow runs, by night, when stock is counted too.
pub(crate) fn house(flow: &str) -> (House, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("flow.toml"), flow).unwrap();
    let house = House::new(39)
        .with("RELAY_FLOWS_DIR", folder.path().to_str().unwrap())
        .with("RELAY_START", "2026-11-22T20:00:00+08:00");
    house.clock.advance(Duration::from_secs(9 * 3_600));
    (house, folder)
}

pub(crate) fn documents(fits: impl Fn(&Document) -> bool) -> Vec<&'static Document> {
    let all = relay_connectors::named("wangdian").unwrap().documents();
    all.iter().filter(|document| fits(document)).collect()
}

/// The endpoint's name without `.php`.
pub(crate) fn endpoint(document: &Document) -> &'static str {
    document.name.strip_prefix("wangdian.").unwrap()
}

/// A field of the document in which a row says something: none that it is chosen by.
fn says(document: &Document) -> &'static str {
    let is_free = |field: &&Field| {
        let is_text = field.kind == Kind::Text && !document.keys[0].contains(&field.name);
        is_text && ["remark", "name", "mobile", "unit"].iter().any(|end| field.name.ends_with(end))
    };
    document.fields().iter().find(is_free).map_or("says", |field| field.name)
}

/// How a flow reads it: in quotes where it is no field that is known.
fn read_of(document: &Document) -> String {
    let name = says(document);
    let is_known = document.fields().iter().any(|field| field.name == name);
    if is_known { name.to_owned() } else { format!("$.'{name}'") }
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
         id = {{ text = \"{id}\" }}\n[fields.masterFieldVal]\nname = \"{}\"\n",
        document.name,
        read_of(document)
    )
}

/// A row that says something, changed now; answers what it becomes.
fn put(house: &House, document: &Document, number: u32, says: &str) {
    let (query, now) = (endpoint(document), time_text(house.now()));
    let mut row = json!({"status": 110, self::says(document): says});
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
            "trade_no": format!("N-{number}"), "platform_id": 127, "trade_status": 55, self::says(document): says,
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
                let mut row = json!({self::says(document): says});
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
            let flow = reading(document, route)
                .replace(&format!("name = \"{}\"", read_of(document)), &format!("name = \"{name}\""));
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
