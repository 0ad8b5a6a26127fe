use std::time::Duration;

use relay_bill_closer::BillCloser;
use relay_core::clock::Deadline;
use relay_core::life::Step;
use relay_day_reconciler::DayReconciler;
use relay_simulators::Fault;
use serde_json::json;

use super::{bills, calls, entry, house, of, push, pushed, saved, shipment, steps};
use crate::house::object;
use crate::process::{failure, outcomes};

const AUDIT: &str = "then = [\"audit\"]";
const BILL: [&str; 1] = ["SO-1: 3 7 audited"];

#[tokio::test]
async fn a_bill_is_saved_and_then_audited_and_the_ledger_knows_how_far_it_is() {
    let (house, _folder) = house(1, AUDIT);
    let process = house.start();
    let turns = pushed(&house, &process, &shipment(1, 3)).await;
    assert_eq!(outcomes(&turns), ["delivered"]);
    assert_eq!(bills(&house), BILL);
    let entry = entry(&process).await;
    let id = saved(&house)[0].id.clone();
    assert_eq!(entry.delivered.unwrap().target_id, Some(id.clone()));
    let [bill] = entry.bills.as_slice() else { panic!("{:?}", entry.bills) };
    assert_eq!((bill.number.as_deref(), bill.stage), (Some("SO-1"), Some(Step::Audit)));
    assert_eq!(bill.target_id, Some(id));
    assert_eq!(bill.body, None, "kept only where it may have to be taken back");
    // The bill is neither searched for nor asked after where nothing was lost.
    assert_eq!((calls(&house, "sal_outbound_list"), calls(&house, "sal_outbound_detail")), (0, 0));
}

#[tokio::test]
async fn a_bill_that_cannot_be_audited_stands_as_failed_at_that_step_and_a_replay_goes_on_from_there() {
    let (house, _folder) = house(1, AUDIT);
    let process = house.start();
    let said = "库存不足,不能审核";
    house.vendors.kingdee.faults.inject_for("common_operate", Fault::InnerRefusal(said.to_owned()));
    let turns = pushed(&house, &process, &shipment(1, 3)).await;
    let (class, reason) = failure(&turns);
    let id = saved(&house)[0].id.clone();
    assert_eq!(class, "refused");
    assert!(reason.contains(said) && reason.contains(&id) && reason.contains("audit of SO-1"), "{reason}");
    assert_eq!(bills(&house), ["SO-1: 3 7 saved"]);
    let failed = entry(&process).await.failed.unwrap();
    assert_eq!((failed.step, failed.target_id.as_deref()), (Some(Step::Audit), Some(id.as_str())));
    assert_eq!(entry(&process).await.delivered, None, "it does not count yet");

    let saves = calls(&house, "sal_outbound_save");
    process.replay(process.failures().await.remove(0)).await;
    assert_eq!(outcomes(&process.drain().await), ["delivered"]);
    assert_eq!(bills(&house), BILL);
    assert_eq!(calls(&house, "sal_outbound_save"), saves, "what is saved is not saved again");
    assert!(process.failures().await.is_empty());
}

/// It is ours, and nobody has done what it lacks.
#[tokio::test]
async fn a_bill_that_could_not_be_audited_is_not_closed_because_it_is_found() {
    let (house, _folder) = house(1, AUDIT);
    let process = house.start();
    house.vendors.kingdee.faults.inject_for("common_operate", Fault::InnerRefusal("库存不足".to_owned()));
    pushed(&house, &process, &shipment(1, 3)).await;
    let reconciler = process.wiring.build::<DayReconciler>().unwrap();
    let rechecked = reconciler.recheck(Deadline::NONE).await.unwrap().unwrap();
    assert_eq!((rechecked.closed, rechecked.unproven), (Vec::new(), 1));
    let failed = entry(&process).await.failed.unwrap();
    assert_eq!(failed.step, Some(Step::Audit), "a person is still told");
}

/// The same version once more is no second bill, and no second audit.
#[tokio::test]
async fn a_repetition_of_an_audited_bill_calls_nobody() {
    let (house, _folder) = house(1, AUDIT);
    let process = house.start();
    pushed(&house, &process, &shipment(1, 3)).await;
    let before = house.vendors.kingdee.calls();
    assert_eq!(outcomes(&pushed(&house, &process, &shipment(1, 3)).await), ["skipped"]);
    // A newer version that says the same.
    assert_eq!(outcomes(&pushed(&house, &process, &shipment(2, 3)).await), ["unchanged"]);
    assert_eq!(house.vendors.kingdee.calls(), before);
}

#[tokio::test]
async fn after_a_lost_answer_of_the_audit_the_state_is_asked_for_and_nothing_is_audited_twice() {
    let (house, _folder) = house(1, AUDIT);
    let process = house.start();
    house.vendors.kingdee.faults.inject_for("common_operate", Fault::LostAnswer);
    let turns = pushed(&house, &process, &shipment(1, 3)).await;
    assert_eq!(outcomes(&turns), ["retry", "found"]);
    assert_eq!((bills(&house), steps(&house)), (BILL.map(str::to_owned).to_vec(), vec!["audit".to_owned()]));
    assert_eq!(calls(&house, "common_operate"), 1, "it was asked, not repeated");
}

/// What the vendor has not done yet it may still do: it is believed only later, and then the step is taken.
#[tokio::test]
async fn an_audit_whose_request_was_lost_is_taken_once_it_is_sure_not_to_come() {
    let (house, _folder) = house(1, AUDIT);
    let process = house.start();
    house.vendors.kingdee.faults.inject_for("common_operate", Fault::LostRequest);
    let before = house.now();
    let turns = pushed(&house, &process, &shipment(1, 3)).await;
    assert_eq!(outcomes(&turns).first(), Some(&"retry"));
    assert_eq!(outcomes(&turns).last(), Some(&"delivered"));
    assert!((house.now() - before).num_seconds() >= 90, "the vendor was given the time to finish");
    assert_eq!((bills(&house), steps(&house)), (BILL.map(str::to_owned).to_vec(), vec!["audit".to_owned()]));
}

#[tokio::test]
async fn a_save_whose_answer_was_lost_is_found_and_audited() {
    let (house, _folder) = house(1, AUDIT);
    let process = house.start();
    house.vendors.kingdee.faults.inject_for("sal_outbound_save", Fault::LostAnswer);
    let turns = pushed(&house, &process, &shipment(1, 3)).await;
    assert_eq!(outcomes(&turns), ["retry", "delivered"]);
    assert_eq!(bills(&house), BILL);
}

/// A request that arrives twice is refused the second time, and its answer is that of the first.
#[tokio::test]
async fn an_audit_that_arrives_twice_counts_once() {
    let (house, _folder) = house(1, AUDIT);
    let process = house.start();
    house.vendors.kingdee.faults.inject_for("common_operate", Fault::Duplicate);
    assert_eq!(outcomes(&pushed(&house, &process, &shipment(1, 3)).await), ["delivered"]);
    assert_eq!(steps(&house), ["audit"]);
}

#[tokio::test]
async fn a_bill_that_a_person_has_audited_meanwhile_is_done() {
    let (house, _folder) = house(1, AUDIT);
    let process = house.start();
    house.vendors.kingdee.faults.inject_for("common_operate", Fault::InnerRefusal("库存不足".to_owned()));
    pushed(&house, &process, &shipment(1, 3)).await;
    house.vendors.kingdee.set_audited("sal_outbound", &saved(&house)[0].id, true);
    process.replay(process.failures().await.remove(0)).await;
    assert_eq!(outcomes(&process.drain().await), ["found"]);
    assert_eq!(calls(&house, "common_operate"), 1, "an audit is never repeated blindly");
    assert!(process.failures().await.is_empty());
}

#[tokio::test]
async fn a_bill_that_a_person_has_deleted_is_made_anew_only_by_a_replay() {
    let (house, _folder) = house(1, AUDIT);
    let process = house.start();
    house.vendors.kingdee.faults.inject_for("common_operate", Fault::InnerRefusal("库存不足".to_owned()));
    pushed(&house, &process, &shipment(1, 3)).await;
    house.vendors.kingdee.remove("sal_outbound", &saved(&house)[0].id);
    // A newer version is no word of a person's.
    let turns = pushed(&house, &process, &shipment(2, 3)).await;
    let (class, reason) = failure(&turns);
    assert!(class == "changed" && reason.contains("not in kingdee any more"), "{class}: {reason}");
    process.replay(process.failures().await.remove(0)).await;
    process.drain().await;
    assert_eq!(bills(&house), BILL);
}

/// A worker that is told to stop between two calls.
#[tokio::test]
async fn a_bill_whose_turn_ends_after_the_save_goes_on_from_there_at_the_next_receive() {
    let (house, _folder) = house(1, AUDIT);
    let process = house.start();
    push(&house, &process, &shipment(1, 3)).await;
    let goes_on = || calls(&house, "sal_outbound_save") == 0;
    for worker in &process.workers {
        worker.work(&goes_on).await.unwrap();
    }
    assert_eq!(bills(&house), ["SO-1: 3 7 saved"]);
    let [bill] = &entry(&process).await.bills[..] else { panic!("the save is recorded") };
    assert_eq!(
        (bill.stage, bill.target_id.as_deref()),
        (Some(Step::Save), Some(saved(&house)[0].id.as_str()))
    );
    assert_eq!(outcomes(&process.drain().await), ["delivered"]);
    assert_eq!((bills(&house), calls(&house, "sal_outbound_save")), (BILL.map(str::to_owned).to_vec(), 1));
}

/// Its row is told "done" when the bill is audited, and not before.
#[tokio::test]
async fn a_pools_row_is_acknowledged_after_the_last_step() {
    let flow = r#"
[source]
document = "wangdian.logistics_sync_query"
key      = "rec_id"

[target]
document = "kingdee.sal_outbound_save"
then     = ["audit"]

[fields]
bill_no     = "rec_id"
bill_date   = { value = "2026-11-22" }
customer_id = { value = "S001", lookup = "kingdee.customer" }

[[fields.material_entity]]
when        = "has(rec_id)"
material_id = { value = "ML-1L-12", lookup = "kingdee.material" }
stock_id    = { value = "WH01", lookup = "kingdee.store" }
unit_id     = { value = "ML-1L-12", lookup = "kingdee.material_unit" }
qty         = { value = "1" }
"#;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("waybills.toml"), flow).unwrap();
    let house = crate::house::House::new(1)
        .with("RELAY_FLOWS_DIR", folder.path().to_str().unwrap())
        .with("KINGDEE_AUTH", "v2");
    let process = house.start();
    house.vendors.wangdian.add_shipment(object(json!({"tid": "T1", "logistics_no": "SF1"})));
    process.sync().await;
    house.vendors.kingdee.faults.inject_for("common_operate", Fault::LostRequest);
    assert_eq!(outcomes(&process.work_once().await.0), ["retry"]);
    assert_eq!((saved(&house).len(), house.vendors.wangdian.logistics_acks().len()), (1, 0), "saved alone");
    process.drain().await;
    assert_eq!(house.vendors.wangdian.logistics_acks().len(), 1);
    assert!(saved(&house)[0].is_audited);
}

/// The bill of a group takes the same road.
#[tokio::test]
async fn the_bill_of_a_group_is_audited_and_a_refused_audit_is_replayed() {
    let flow = r#"
[source]
document = "http.webhook"
params   = { name = "shipments" }
key      = "id"
version  = "updated_at"

[target]
document      = "kingdee.sal_outbound_save"
then          = ["audit"]
closed_period = "next_open_day"

[group]
by     = ["day(sent_at)"]
lines  = ["material_id", "stock_id", "unit_id"]
sum    = ["qty", "amount"]
close  = { after = "day", wait = "2h" }
prefix = "XS-"

[fields]
bill_date   = { from = "sent_at", as = "date" }
customer_id = { value = "S001", lookup = "kingdee.customer" }

[fields.material_entity]
each        = "items"
material_id = { from = "sku", lookup = "kingdee.material" }
stock_id    = { value = "WH01", lookup = "kingdee.store" }
unit_id     = { from = "sku", lookup = "kingdee.material_unit" }
qty         = "quantity"
amount      = { compute = "quantity * price", as = "decimal", scale = 2 }
"#;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("shipments.toml"), flow).unwrap();
    let house = crate::house::House::new(1)
        .with("RELAY_FLOWS_DIR", folder.path().to_str().unwrap())
        .with("KINGDEE_AUTH", "v2");
    let process = house.start();
    for id in ["SO-1", "SO-2"] {
        pushed(&house, &process, &of(shipment(1, 3), "id", id)).await;
    }
    assert_eq!(bills(&house), Vec::<String>::new());
    house.clock.advance(Duration::from_secs(24 * 3_600));
    process.wiring.build::<BillCloser>().unwrap().close_all(Deadline::NONE).await;
    house.vendors.kingdee.close_books("2026-11-23".parse().unwrap(), true);
    house.vendors.kingdee.faults.inject_for("common_operate", Fault::InnerRefusal("库存不足".to_owned()));
    assert!(failure(&process.drain().await).1.contains("audit of XS-2026-11-22-1"));
    process.replay(process.failures().await.remove(0)).await;
    process.drain().await;
    assert_eq!(bills(&house), ["XS-2026-11-22-1: 6 14 audited"]);
    assert_eq!(saved(&house)[0].body["bill_date"], json!("2026-11-23"));
    assert!(process.failures().await.is_empty());
}

/// "Send it again" looks whether the bill is still there, and makes it anew where it is not.
#[tokio::test]
async fn a_bill_that_is_sent_again_is_made_anew_only_where_it_is_gone() {
    let (house, _folder) = house(1, AUDIT);
    let process = house.start();
    pushed(&house, &process, &shipment(1, 3)).await;
    let again = async || {
        let mut item = relay_core::WorkItem {
            flow: super::FLOW.to_owned(),
            key: "SO-1".to_owned(),
            version: Some("2026-11-22 12:00:01".to_owned()),
            version_kind: None,
            document: shipment(1, 3),
            acknowledge: false,
            received_at: house.now(),
            trace: "again".to_owned(),
            replay: None,
        };
        item.replay = Some(relay_core::item::again(house.now()));
        process.wiring.intake().take(relay_core::System::new("kingdee"), &[item]).await.unwrap();
        outcomes(&process.drain().await)
    };
    assert_eq!(again().await, ["unchanged"]);
    assert_eq!(calls(&house, "sal_outbound_save"), 1);
    house.vendors.kingdee.remove("sal_outbound", &saved(&house)[0].id);
    // At another moment: two that are alike to the last would be one message that was sent twice.
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(again().await, ["delivered"]);
    assert_eq!(bills(&house), BILL);
}
