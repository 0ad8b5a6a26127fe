//! Kingdee may take a number twice. What has perhaps arrived is asked after, whatever has become of the message, of the
//! ledger's note, or of the version that was tried.

use std::time::Duration;

use chrono::TimeDelta;
use relay_core::{Entry, Outgoing, System, WorkItem};
use relay_decorator::Port;
use relay_erp_pusher::Turn;
use relay_simulators::Fault;
use relay_simulators::qince::PushStyle;
use serde_json::{Value, json};

use crate::fuse::Fuse;
use crate::house::House;
use crate::process::{Process, TRADES, failure, outcomes};

/// A merchant whose Kingdee refuses no duplicates, and one trade that is to be pushed.
async fn one_trade(house: &House, process: &Process) -> String {
    house.vendors.kingdee.set_refuses_duplicates(false);
    house.vendors.wangdian.generate_trade("S001", 55, house.minutes_ago(5));
    process.poll().await;
    house.vendors.wangdian.trades()[0].trade_no.clone()
}

/// Takes the only message out of the queue, as SQS does with one that was received too often.
async fn taken_out(process: &Process) -> Outgoing {
    let queue = &process.wiring.stores.queue;
    let message = queue.receive(System::new("kingdee"), 10, Duration::from_secs(90)).await.unwrap().remove(0);
    queue.delete(System::new("kingdee"), &[message.receipt]).await.unwrap();
    Outgoing { group: message.group, deduplication: "redriven".to_owned(), body: message.body }
}

/// The trade's first version is sent and the answer is lost; then its message is gone.
async fn sent_without_an_answer(house: &House, process: &Process) -> WorkItem {
    one_trade(house, process).await;
    house.vendors.kingdee.faults.inject_for("sal_order_save", Fault::LostAnswer);
    assert_eq!(outcomes(&process.work_once().await.0), ["retry"]);
    // By now Kingdee is not working on it any more.
    house.clock.advance(Duration::from_secs(120));
    WorkItem::decode(&taken_out(process).await.body).unwrap()
}

/// A version so many seconds newer, which says something else.
fn newer(item: &WorkItem, seconds: u8) -> WorkItem {
    let mut newer = item.clone();
    let version = format!("2026-11-22 11:59:{seconds:02}");
    newer.document["modified"] = json!(version);
    newer.document["cs_remark"] = json!(version);
    newer.version = Some(version);
    newer
}

/// What the flow cannot map.
fn unmappable(mut item: WorkItem) -> WorkItem {
    item.document["goods_list"] = json!([]);
    item
}

/// What the queue cannot carry: noise, so that compression does not help.
fn too_large(mut item: WorkItem) -> WorkItem {
    let noise: String =
        (0..400_000_u64).map(|n| format!("{:x}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15))).collect();
    item.document["cs_remark"] = Value::from(noise);
    item
}

async fn worked(process: &Process, item: WorkItem) -> Vec<Turn> {
    process.wiring.intake().take(System::new("kingdee"), &[item]).await.unwrap();
    process.drain().await
}

fn bills(house: &House) -> Vec<usize> {
    house.creates_of_audited().into_values().collect()
}

async fn entry(process: &Process, item: &WorkItem) -> Entry {
    process.entry(TRADES, &item.key).await.unwrap()
}

/// Its copy is a message that was never received, and the ledger's writes were what failed.
#[tokio::test]
async fn a_dead_letter_that_is_redriven_is_asked_after() {
    let house = House::new(1);
    let fuse = Fuse::unbreakable();
    let process = house.start_with(&fuse);
    one_trade(&house, &process).await;
    fuse.refuse(Port::Ledger, "write");
    process.work_once().await;
    assert_eq!(bills(&house), [1]);
    house.clock.advance(Duration::from_secs(4 * 86_400));
    let dead = taken_out(&process).await;

    fuse.refuse_nothing();
    process.wiring.stores.queue.send(System::new("kingdee"), &[dead]).await.unwrap();
    assert_eq!(outcomes(&process.drain().await), ["found"]);
    assert_eq!(bills(&house), [1]);
}

/// Nor is every document of a backlog, which would double the calls.
#[tokio::test]
async fn a_document_that_has_waited_for_some_hours_is_not_asked_after() {
    let house = House::new(1);
    let process = house.start();
    one_trade(&house, &process).await;
    house.clock.advance(Duration::from_secs(12 * 3_600));
    let before = house.vendors.kingdee.calls();
    assert_eq!(outcomes(&process.drain().await), ["delivered"]);
    let asked = house.vendors.kingdee.calls().get("sal_order_list").copied().unwrap_or_default();
    assert_eq!(asked, before.get("sal_order_list").copied().unwrap_or_default());
}

#[tokio::test]
async fn what_an_unknown_try_may_have_brought_there_is_not_taken_for_a_newer_version() {
    let (house, process) = House::running(1);
    let first = sent_without_an_answer(&house, &process).await;
    let turns = worked(&process, newer(&first, 10)).await;
    let (class, reason) = failure(&turns);
    assert!(class == "changed" && reason.contains("by hand"), "{class}: {reason}");
    assert_eq!(bills(&house), [1]);
    assert!(entry(&process, &first).await.delivered.is_none());
}

#[tokio::test]
async fn what_an_unknown_try_may_have_brought_there_is_replaced_where_the_tenant_lets_it_be() {
    let house = House::new(1).with("KINGDEE_EDITS", "on");
    let process = house.start();
    let first = sent_without_an_answer(&house, &process).await;
    // It is sent once more when the first request can have no late effect any more.
    assert_eq!(outcomes(&worked(&process, newer(&first, 10)).await), ["delivered", "confirmed"]);
    let orders = house.vendors.kingdee.orders(&first.key);
    assert_eq!((orders.len(), orders[0].edits), (1, 2));
    let entry = entry(&process, &first).await;
    assert_eq!((entry.attempts, entry.unanswered), (None, None), "settled");
}

/// The newer version's own tries do not make the older one's forgotten.
#[tokio::test]
async fn an_unknown_try_is_remembered_while_a_newer_version_is_tried() {
    let (house, process) = House::running(1);
    let first = sent_without_an_answer(&house, &process).await;
    house.vendors.kingdee.faults.inject(Fault::Status(503));
    let turns = worked(&process, newer(&first, 10)).await;
    assert_eq!(outcomes(&turns), ["retry", "failed"]);
    assert_eq!(failure(&turns[1..]).0, "changed");
    assert!(entry(&process, &first).await.delivered.is_none());
}

/// Whatever a version in between fails with, before it is sent.
#[tokio::test]
async fn an_unknown_try_is_remembered_while_a_newer_version_fails() {
    for fail in [unmappable, too_large] {
        let (house, process) = House::running(1);
        let first = sent_without_an_answer(&house, &process).await;
        worked(&process, fail(newer(&first, 10))).await;
        assert_eq!(process.failures().await.len(), 1);
        assert_eq!(failure(&worked(&process, newer(&first, 20)).await).0, "changed");
        assert_eq!(bills(&house), [1]);
    }
}

/// The same version may fail for another reason after it was sent: Kingdee does not let us ask any more.
#[tokio::test]
async fn an_unknown_try_is_remembered_when_its_own_version_fails() {
    let (house, process) = House::running(1);
    let first = sent_without_an_answer(&house, &process).await;
    process.wiring.stores.queue.send(System::new("kingdee"), &[again(&first)]).await.unwrap();
    house.vendors.kingdee.faults.inject(Fault::InnerRefusal("参数错误".to_owned()));
    assert_eq!(failure(&process.drain().await).0, "refused");
    assert_eq!(failure(&worked(&process, newer(&first, 10)).await).0, "changed");
    assert_eq!(failure(&worked(&process, newer(&first, 20)).await).0, "changed");
    assert_eq!(bills(&house), [1]);
}

fn again(item: &WorkItem) -> Outgoing {
    Outgoing { group: item.group(), deduplication: "again".to_owned(), body: item.encode() }
}

/// A flow to a document that has no number of ours, in a house where newer versions may change what is there.
fn house_of_payments() -> (House, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let house =
        House::new(1).with("KINGDEE_EDITS", "on").with("RELAY_FLOWS_DIR", folder.path().to_str().unwrap());
    let supplier = house.vendors.kingdee.add_supplier("GY00001", "光明乳业");
    let flow = format!(
        "[source]\ndocument = \"qince.direct_order\"\nkey = \"id\"\nversion = \"modify_time_str\"\n\
         [target]\ndocument = \"kingdee.ap_credit_save\"\n[fields]\nbilldate = {{ value = \"2026-11-22\" }}\n\
         supplierid_id = {{ value = \"{supplier}\" }}\nremark = \"modify_time_str\"\n"
    );
    std::fs::write(folder.path().join("payments.toml"), flow).unwrap();
    (house, folder)
}

async fn push(house: &House, process: &Process, order: &Value) {
    assert!(process.post(&house.vendors.qince.push(order, &PushStyle::default())).await);
}

/// Without its id, saving makes a second one; and the answer that was lost had the id.
#[tokio::test]
async fn a_bill_that_nobody_can_ask_for_is_made_once_though_the_tenant_lets_bills_be_changed() {
    for fault in [Fault::LostAnswer, Fault::ServiceException] {
        let (house, _folder) = house_of_payments();
        let process = house.start();
        let order = house.vendors.qince.order(house.minutes_ago(10));
        house.vendors.kingdee.faults.inject_for("ap_credit_save", fault.clone());
        push(&house, &process, &order).await;
        assert_eq!(outcomes(&process.work_once().await.0), ["retry"], "{fault:?}");
        let turns = process.drain().await;
        let (class, reason) = failure(&turns);
        assert!(class == "unknown" && reason.contains("look for it there"), "{class}: {reason}");
        house.clock.advance(Duration::from_secs(3_600));
        push(&house, &process, &house.vendors.qince.changed(&order, TimeDelta::seconds(9), "CG_DFH")).await;
        assert_eq!(failure(&process.drain().await).0, "unknown");
        assert_eq!(house.vendors.kingdee.saved_of("ap_credit").len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_bill_that_is_changed_by_its_id_stays_one_when_the_answer_to_the_change_is_lost() {
    let (house, _folder) = house_of_payments();
    let process = house.start();
    let order = house.vendors.qince.order(house.minutes_ago(10));
    push(&house, &process, &order).await;
    assert_eq!(outcomes(&process.drain().await), ["delivered"]);
    let entry = process.entry("payments", order["id"].as_str().unwrap()).await.unwrap();
    assert_eq!(entry.unanswered, None, "what was noted before it was sent has been answered");
    house.vendors.kingdee.faults.inject_for("ap_credit_save", Fault::LostAnswer);
    push(&house, &process, &house.vendors.qince.changed(&order, TimeDelta::seconds(9), "CG_DFH")).await;
    assert_eq!(outcomes(&process.drain().await), ["retry", "delivered"]);
    let saved = house.vendors.kingdee.saved_of("ap_credit");
    assert_eq!((saved.len(), saved[0].edits), (1, 2), "the same change twice");
}
