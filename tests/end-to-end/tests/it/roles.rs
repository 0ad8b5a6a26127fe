//! Each function works under its role of the template: what that leaves out of what the adapter for AWS asks of the tables
//! is refused here, as AWS would refuse it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::house::roles::{Asked, Role, asked};
use relay_bill_closer::BillCloser;
use relay_core::clock::Deadline;
use relay_core::{EntryId, Failed, StoreError, StoreErrorKind, Stores, ledger};
use relay_day_reconciler::DayReconciler;
use relay_decorator::{Call, Carries, Port, Side, decorate};
use relay_host::Wiring;
use relay_reconcile::Standing;
use relay_simulators::qince::Story;
use relay_simulators::wangdian::TradeMix;
use rust_decimal::Decimal;
use serde_json::json;

use crate::groups::{BY_DAY, TO_HTTP, order, push_to};
use crate::house::{House, object};
use crate::process::{Process, TRADES, count};

const TEMPLATE: &str = include_str!("../../../../template.yaml");

/// Notes that name an earlier bill.
const NOTES: &str = r#"
[source]
document = "http.webhook"
params   = { name = "notes" }
key      = "id"
version  = "updated_at"

[target]
document = "http.post"

[fields]
id   = "id"
bill = { from = "trade", lookup = "delivered.trade-to-kingdee" }
"#;

/// What was refused: the function, the operation and what it lacks.
type Refused = Arc<Mutex<BTreeSet<String>>>;

/// Stores under the role of a function.
fn under(function: &str, stores: &Stores, refused: &Refused) -> Stores {
    let (role, asked) = (Role::of(TEMPLATE, function).unwrap(), asked().unwrap());
    let (function, refused) = (function.to_owned(), refused.clone());
    decorate(stores, move |side, call| {
        let lacks = if side == Side::Before { lacking(&role, &asked, call) } else { Vec::new() };
        let (port, operation) = (call.port, call.operation);
        refused
            .lock()
            .unwrap()
            .extend(lacks.iter().map(|what| format!("{function}: {port:?}.{operation}: {what}")));
        let denied = StoreError::new(operation, "the role does not allow it").of_kind(StoreErrorKind::Denied);
        async move { if lacks.is_empty() { Ok(()) } else { Err(denied) } }
    })
}

fn lacking(role: &Role, asked: &BTreeMap<(String, String), Asked>, call: &Call<'_>) -> Vec<String> {
    let key = match (call.port, call.operation, call.carries) {
        (Port::Checkpoints, "acquire", Carries::Key(name)) => format!("lease/{name}"),
        (Port::Checkpoints, _, Carries::Lease(lease)) => format!("lease/{}", lease.name),
        (Port::Quotas, _, Carries::Key(name)) => format!("quota/{name}"),
        (Port::Lookups, "wait" | "waiting" | "release", _) => "#waiting/table/code".to_owned(),
        (_, _, Carries::Name(name) | Carries::Key(name)) => name.to_owned(),
        _ => String::new(),
    };
    let asked = asked.get(&(format!("{:?}", call.port), call.operation.to_owned()));
    let lacks = asked.into_iter().flatten().filter(|(table, action)| !role.allows(action, table, &key));
    lacks.map(|(table, action)| format!("{action} of {table} for `{key}`")).collect()
}

/// The flows as they are shipped, those that read lists, groups and notes.
fn flows() -> tempfile::TempDir {
    let (folder, shipped) =
        (tempfile::tempdir().unwrap(), Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/flows"));
    for name in [
        "trade-to-kingdee",
        "stock-to-sharecrm",
        "shipping-to-sharecrm",
        "direct-order-to-sharecrm",
        "direct-order-to-wangdian",
        "e-commerce/shop-to-kingdee",
    ] {
        let file = format!("{name}.toml");
        let name = Path::new(&file).file_name().unwrap();
        fs::copy(shipped.join(&file), folder.path().join(name)).unwrap();
    }
    let groups = TO_HTTP.replace("CLOSE", BY_DAY).replace("DIFFERENCE", "\"supplement\"");
    fs::write(folder.path().join("orders-by-day.toml"), groups).unwrap();
    fs::write(folder.path().join("notes.toml"), NOTES).unwrap();
    folder
}

/// A trade like another, recorded as failed.
async fn failed_trade(house: &House, process: &Process, like: &str) -> String {
    let mut trade = house.vendors.wangdian.trade(like).unwrap();
    trade["trade_no"] = json!("BY-HAND");
    let failed: Failed = serde_json::from_value(json!({
        "version": trade["modified"], "hash": "h", "class": "mapping", "message": "a code is unknown", "attempts": 1,
        "document": trade.to_string(), "received_at": house.now(), "at": house.now(), "trace": "t",
    }))
    .unwrap();
    let (ledger, id) = (process.wiring.stores.ledger.as_ref(), EntryId::new(TRADES, "BY-HAND"));
    assert!(ledger::record_failure(ledger, &id, &failed).await.unwrap());
    id.key
}

#[tokio::test]
async fn no_function_asks_for_what_its_role_leaves_out() {
    let folder = flows();
    let house = House::new(30).with("RELAY_FLOWS_DIR", folder.path().to_str().unwrap());
    let refused = Refused::default();
    let wiring = |function: &str| -> Wiring {
        let stores = |stores| under(function, &stores, &refused);
        house.wiring_on(stores, house.clock.clone(), &house.vendors)
    };
    let operators = house.wiring_on(|stores| stores, house.clock.clone(), &house.vendors);
    let process = Process::deployed(operators, wiring, house.clock.clone());
    let closer = wiring("BillCloser").build::<BillCloser>().unwrap();

    // Notes wait for a trade, more of them than are read at once.
    let trade = house.vendors.wangdian.generate_trade("S001", 55, house.minutes_ago(10));
    let notes = async |from: u32, to: u32| {
        for id in from..to {
            let note = json!({"id": format!("N{id}"), "updated_at": "2026-11-22 12:00:00", "trade": trade});
            push_to(&house, &process, &note, "notes").await;
        }
    };
    notes(0, 120).await;
    assert_eq!(count(&process.drain().await, "failed"), 120);
    closer.end_waits(Deadline::NONE).await.unwrap();

    // Windows, a list, pools, pushes, members.
    house.vendors.wangdian.generate_trades(
        20,
        house.minutes_ago(50),
        house.minutes_ago(5),
        TradeMix::default(),
    );
    house.vendors.wangdian.add_shop("S002", 127, false);
    house.vendors.wangdian.change_stock("S001", "G1", "G1-1", Decimal::ONE);
    house.vendors.wangdian.add_shipment(object(json!({"tid": "T1", "logistics_no": "SF1"})));
    for report in process.poller.poll_all(Deadline::NONE, &|_| {}).await {
        assert_eq!((report.error, report.caught_up), (None, true), "{}", report.flow);
    }
    assert!(process.sync().await.iter().all(|report| report.error.is_none()));
    let direct = house.vendors.qince.order(house.minutes_ago(1));
    for pushed in house.vendors.qince.tell(Story::Once, &direct) {
        assert!(process.post(&pushed).await);
    }
    push_to(&house, &process, &order("A", 1, &[("X", "5", "50.00")]), "orders").await;
    let turns = process.drain().await;
    let failed = turns.iter().find(|turn| turn.outcome.name() == "failed");
    assert!(failed.is_none(), "{:?}", failed.map(|turn| &turn.outcome));
    assert!(count(&turns, "delivered") > 140, "the notes too: {}", count(&turns, "delivered"));

    // A group is closed, its member moves, and it is cancelled.
    house.clock.advance(Duration::from_secs(24 * 3_600));
    let reports = closer.close_all(Deadline::NONE).await;
    assert_eq!((reports[0].bills, reports[0].errors.len()), (1, 0), "{reports:?}");
    let mut moved = order("A", 2, &[("X", "5", "50.00")]);
    moved["paid_at"] = json!("2026-11-23 09:00:00");
    push_to(&house, &process, &moved, "orders").await;
    process.drain().await;
    moved["status"] = json!("cancelled");
    moved["updated_at"] = json!("2026-11-22 12:00:03");
    push_to(&house, &process, &moved, "orders").await;
    process.drain().await;
    house.clock.advance(Duration::from_secs(48 * 3_600));
    let reports = closer.close_all(Deadline::NONE).await;
    assert_eq!((reports[0].closed, reports[0].errors.len()), (2, 0), "{reports:?}");

    // A trade that was never read, and one that failed and that a person has made in Kingdee.
    process.poll().await;
    process.drain().await;
    house.vendors.wangdian.generate_trade("S001", 55, house.minutes_ago(30 * 60));
    let by_hand = failed_trade(&house, &process, &trade).await;
    house.vendors.kingdee.enter_by_hand(&by_hand);
    let reconciler = wiring("DayReconciler").build::<DayReconciler>().unwrap();
    let minutes = Deadline::within(house.clock.as_ref(), Duration::from_secs(14 * 60));
    let turn = reconciler.compare(minutes).await.unwrap();
    assert!(turn.compared.iter().any(|day| day.standing == Standing::Different), "{turn:?}");
    let rechecked = reconciler.recheck(Deadline::NONE).await.unwrap().unwrap();
    assert_eq!(rechecked.closed.len(), 1, "{rechecked:?}");

    let refused = refused.lock().unwrap();
    assert!(refused.is_empty(), "{refused:#?}");
}
