//! Which bills stand at which step, since when and why; the same where nobody can look into a queue.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use relay_core::{DeadLetter, Depth, Outgoing, Queue, Received, StoreError, Stores, System};
use relay_operations::bills::{Bills, Stands, Why};
use relay_operations::language::Language;
use relay_operations::waiting::Asked;
use relay_operations::{OperationError, Operations};
use relay_simulators::Fault;

use super::{FLOW, TO_KINGDEE, bills, calls, house, push, pushed, saved, shipment};
use crate::process::{Process, outcomes};

const AUDIT: &str = "then = [\"audit\"]";

/// A queue that tells how many it holds, and shows nobody which, as SQS does.
struct Unseen(Arc<dyn Queue>);

#[async_trait]
impl Queue for Unseen {
    async fn send(&self, system: System, messages: &[Outgoing]) -> Result<(), StoreError> {
        self.0.send(system, messages).await
    }

    async fn receive(
        &self,
        system: System,
        max: usize,
        visibility: Duration,
    ) -> Result<Vec<Received>, StoreError> {
        self.0.receive(system, max, visibility).await
    }

    async fn delete(&self, system: System, receipts: &[String]) -> Result<(), StoreError> {
        self.0.delete(system, receipts).await
    }

    async fn delay(&self, system: System, receipt: &str, delay: Duration) -> Result<bool, StoreError> {
        self.0.delay(system, receipt, delay).await
    }

    async fn depth(&self, system: System) -> Result<Depth, StoreError> {
        self.0.depth(system).await
    }

    async fn dead(&self, system: System) -> Result<u64, StoreError> {
        self.0.dead(system).await
    }

    async fn dead_letters(
        &self,
        system: System,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        self.0.dead_letters(system, limit, after).await
    }

    async fn redrive(&self, system: System, ids: Option<&[String]>) -> Result<u64, StoreError> {
        self.0.redrive(system, ids).await
    }
}

/// What is listed, whether the queue can be looked into or the ledger is read through in its place.
async fn listed(process: &Process, asked: &Asked) -> Bills {
    let seen = process.operations();
    let queue = Arc::new(Unseen(seen.stores.queue.clone()));
    let stores = Stores { queue, ..seen.stores.clone() };
    let unseen = Operations { stores: &stores, ..process.operations() };
    assert!(!seen.bills_read_ledger_through(asked).await.unwrap());
    assert_eq!(unseen.bills_read_ledger_through(asked).await.unwrap(), process.waiting().await > 0);
    let listed = seen.bills(asked).await.unwrap();
    assert_eq!(unseen.bills(asked).await.unwrap(), listed);
    listed
}

async fn standing(process: &Process) -> Vec<String> {
    listed(process, &Asked::default()).await.bills.iter().map(told).collect()
}

fn told(bill: &Stands) -> String {
    let why = match &bill.why {
        Why::Failed { class, .. } => format!("failed {class}"),
        Why::Paused { message } => format!("paused {message}"),
        Why::Waits { tries, .. } => format!("tried {tries}"),
        Why::UnderWay => "under way".to_owned(),
    };
    format!(
        "{} {}, next {}: {why}",
        bill.number.as_deref().unwrap_or("-"),
        bill.stage_said(),
        bill.next.name()
    )
}

async fn works_until(process: &Process, goes_on: &(dyn Fn() -> bool + Send + Sync)) {
    for worker in &process.workers {
        worker.work(goes_on).await.unwrap();
    }
}

#[tokio::test]
async fn a_bill_that_cannot_be_audited_stands_as_saved_and_failed_until_it_is_audited() {
    let (house, _folder) = house(1, AUDIT);
    let process = house.start();
    let said = "库存不足,不能审核";
    house.vendors.kingdee.faults.inject_for("common_operate", Fault::InnerRefusal(said.to_owned()));
    pushed(&house, &process, &shipment(1, 3)).await;
    assert_eq!(standing(&process).await, ["SO-1 saved, next audit: failed refused"]);

    let all = listed(&process, &Asked::default()).await;
    assert!(all.need_a_person());
    let bill = &all.bills[0];
    assert_eq!((bill.flow.as_str(), bill.key.as_str(), bill.target.name()), (FLOW, "SO-1", "kingdee"));
    assert_eq!(bill.target_id.as_deref(), Some(saved(&house)[0].id.as_str()));
    assert_eq!(bill.since, house.now());
    let csv = all.csv(Language::Chinese).unwrap();
    assert!(csv.starts_with("\u{FEFF}从,目标,流程,单据,单号,目标里的 id,停在,下一步,为什么"), "{csv}");
    assert!(csv.contains("2026-11-22 12:00:00,kingdee,shipments,SO-1,SO-1,"), "{csv}");
    assert!(csv.contains("已保存,审核,") && csv.contains(said), "{csv}");

    for (asked, count) in [
        (Asked { grep: Some("库存不足".to_owned()), ..Asked::default() }, 1),
        (Asked { grep: Some("so-1".to_owned()), flow: Some(FLOW.to_owned()), ..Asked::default() }, 1),
        (Asked { grep: Some("SO-2".to_owned()), ..Asked::default() }, 0),
        (Asked { target: Some("wangdian".to_owned()), ..Asked::default() }, 0),
        (Asked { before: Some(house.now() - Duration::from_secs(1)), ..Asked::default() }, 0),
    ] {
        assert_eq!(listed(&process, &asked).await.bills.len(), count, "{asked:?}");
    }
    let misspelt = Asked { flow: Some("shipment".to_owned()), ..Asked::default() };
    let error = process.operations().bills(&misspelt).await.unwrap_err();
    assert!(matches!(error, OperationError::UnknownFlow(_)), "{error}");

    process.replay(process.failures().await.remove(0)).await;
    assert_eq!(outcomes(&process.drain().await), ["delivered"]);
    assert_eq!(standing(&process).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_bill_between_two_steps_is_under_way_or_waits_for_the_end_of_a_pause() {
    let (house, _folder) = house(1, AUDIT);
    let process = house.start();
    push(&house, &process, &shipment(1, 3)).await;
    assert_eq!(standing(&process).await, Vec::<String>::new(), "nothing of it is there yet");
    works_until(&process, &|| calls(&house, "sal_outbound_save") == 0).await;
    assert_eq!(bills(&house), ["SO-1: 3 7 saved"]);
    assert_eq!(standing(&process).await, ["SO-1 saved, next audit: under way"]);

    let operations = process.operations();
    operations.pause("kingdee", "月结", "王", None).await.unwrap();
    let paused =
        "SO-1 saved, next audit: paused paused by 王 since 2026-11-22 12:00:00 until it is resumed: 月结";
    assert_eq!(standing(&process).await, [paused]);
    operations.resume("kingdee").await.unwrap();
    assert_eq!(outcomes(&process.drain().await), ["delivered"]);
    assert_eq!(standing(&process).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_bill_whose_audit_got_no_answer_waits_for_its_next_try() {
    let (house, _folder) = house(1, AUDIT);
    let process = house.start();
    house.vendors.kingdee.faults.inject_for("common_operate", Fault::LostRequest);
    push(&house, &process, &shipment(1, 3)).await;
    works_until(&process, &|| calls(&house, "sal_outbound_save") == 0).await;
    works_until(&process, &|| true).await;
    assert_eq!(standing(&process).await, ["SO-1 saved, next audit: tried 1"]);
    process.drain().await;
    assert_eq!(standing(&process).await, Vec::<String>::new());
}

/// The bill counted, and does not any more: that is what a person must see first.
#[tokio::test]
async fn a_bill_that_was_opened_again_and_cannot_be_changed_stands_as_saved() {
    let (house, _folder) = house(1, "then = [\"audit\"]\nchanges = \"reopen\"");
    let process = house.start();
    pushed(&house, &process, &shipment(1, 3)).await;
    assert_eq!(bills(&house), ["SO-1: 3 7 audited"]);
    house.clock.advance(Duration::from_secs(60));
    house
        .vendors
        .kingdee
        .faults
        .inject_for("sal_outbound_save", Fault::InnerRefusal("客户已禁用".to_owned()));
    pushed(&house, &process, &shipment(2, 4)).await;
    assert_eq!(bills(&house), ["SO-1: 3 7 saved"]);
    assert_eq!(standing(&process).await, ["SO-1 saved, next save: failed refused"]);
}

#[tokio::test]
async fn what_a_person_has_settled_or_was_delivered_before_its_flow_had_steps_is_done() {
    let (house, folder) = house(1, AUDIT);
    let process = house.start();
    house.vendors.kingdee.faults.inject_for("common_operate", Fault::InnerRefusal("库存不足".to_owned()));
    pushed(&house, &process, &shipment(1, 3)).await;
    house.clock.advance(Duration::from_secs(60));
    process.operations().settle(FLOW, "SO-1", Some("by hand"), "王").await.unwrap();
    assert_eq!(standing(&process).await, Vec::<String>::new());

    let file = folder.path().join(format!("{FLOW}.toml"));
    let flow = |life: &str| TO_KINGDEE.replace("CANCELLED", "").replace("LIFE", life);
    std::fs::write(&file, flow("changes = \"reopen\"")).unwrap();
    let before = house.start();
    let mut other = shipment(1, 3);
    other["id"] = "SO-2".into();
    assert_eq!(outcomes(&pushed(&house, &before, &other).await), ["delivered"]);
    std::fs::write(&file, flow(AUDIT)).unwrap();
    let after = house.start();
    // Something waits, so that the ledger is read through where nobody can look into the queue.
    other["id"] = "SO-3".into();
    push(&house, &after, &other).await;
    assert_eq!(standing(&after).await, Vec::<String>::new());
}
