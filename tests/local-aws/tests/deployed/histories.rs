//! What the ledger says of a document is true on AWS too, whatever comes late, is lost, or is done by hand.

use chrono::TimeDelta;
use local_aws::stack::minutes_ago;
use local_aws::{Stack, again_and_again};
use relay_core::Failed;
use relay_simulators::Fault;
use relay_simulators::qince::PushStyle;
use serde_json::{Value, json};

use crate::poison::incompressible;

pub(crate) const ORDERS_TO_CRM: &str = "direct-order-to-sharecrm";
const ORDERS_TO_WDT: &str = "direct-order-to-wangdian";

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn an_older_failure_wipes_out_no_newer_one() {
    again_and_again(&async |stack: &Stack| {
        let older = broken(&stack.vendors.qince.order(minutes_ago(10)));
        let newer = stack.vendors.qince.changed(&older, TimeDelta::seconds(1), "CG_FHZ");
        push(stack, &newer).await;
        stack.until_quiet().await.unwrap();

        // Late, late and too large for the queue, and of an age that nobody can tell.
        push(stack, &older).await;
        push(stack, &with(&older, "remark", incompressible(2_000_000))).await;
        let unreadable = with(&older, "modify_time_str", "yesterday");
        push(stack, &unreadable).await;
        stack.until_quiet().await.unwrap();

        let id = id(&newer);
        let failed: Vec<_> = failures(stack, ORDERS_TO_WDT, id).await;
        let documents: Vec<_> = failed.iter().map(|failed| &failed.document).collect();
        assert_eq!(documents, [&newer, &unreadable], "each whole");
        assert_eq!(remarks(stack, id), [newer["remark"].clone()], "the newer one alone went out");
        let beside = failures(stack, ORDERS_TO_CRM, id).await;
        assert_eq!((beside.len(), &beside[0].document), (1, &unreadable), "beside what was delivered");
    });
}

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn what_was_delivered_before_an_unknown_try_is_sent_again_when_it_comes_again() {
    again_and_again(&async |stack: &Stack| {
        let a = stack.vendors.qince.order(minutes_ago(10));
        // Two contents under one version: the one received last wins.
        let b = stack.vendors.qince.changed(&a, TimeDelta::zero(), "CG_DFH");
        let (id, faults) = (id(&a), &stack.vendors.sharecrm.faults);
        push(stack, &a).await;
        stack.until_quiet().await.unwrap();
        faults.inject_for("push", Fault::LostAnswer);
        faults.inject_for("push", Fault::InnerRefusal("字段不合法".to_owned()));
        push(stack, &b).await;
        stack.until_quiet().await.unwrap();
        assert_eq!(failures(stack, ORDERS_TO_CRM, id).await[0].document, b);
        assert_eq!(remarks(stack, id), [&a, &b].map(|order| order["remark"].clone()), "the target keeps B");

        stack.age(ORDERS_TO_CRM, id, TimeDelta::hours(1)).await.unwrap();
        push(stack, &a).await;
        stack.until_quiet().await.unwrap();
        assert_eq!(remarks(stack, id).last(), Some(&a["remark"]), "A came last");
        assert_eq!(failures(stack, ORDERS_TO_CRM, id).await, []);
    });
}

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn what_a_person_has_settled_keeps_its_place() {
    again_and_again(&async |stack: &Stack| {
        let older = stack.vendors.qince.order(minutes_ago(10));
        let order = broken(&stack.vendors.qince.changed(&older, TimeDelta::seconds(5), "CG_DFH"));
        let newer = stack.vendors.qince.changed(&order, TimeDelta::seconds(5), "CG_FHZ");
        let newer = with(&newer, "receive_addr", older["receive_addr"].clone());
        let id = id(&order);
        push(stack, &order).await;
        stack.until_quiet().await.unwrap();
        let of_order = ["--flow", ORDERS_TO_WDT, "--key", id];
        let settle = [&["settle"], &of_order[..], &["--by", "李", "--reason", "entered by hand"]].concat();
        stack.run_relay(&settle).await.unwrap();
        let settled = stack.entry(ORDERS_TO_WDT, id).await.unwrap().unwrap().settled.unwrap();
        assert_eq!((settled.by.as_str(), settled.reason.as_deref()), ("李", Some("entered by hand")));
        assert_eq!(settled.version.document, order, "its content is kept");

        for known in [&older, &order] {
            push(stack, known).await;
            stack.until_quiet().await.unwrap();
            assert_eq!(failures(stack, ORDERS_TO_WDT, id).await, [], "there is nothing to do");
        }
        push(stack, &newer).await;
        stack.until_quiet().await.unwrap();
        let failed = failures(stack, ORDERS_TO_WDT, id).await;
        assert_eq!((failed.len(), failed[0].class.code(), &failed[0].document), (1, "settled", &newer));
        let pushed = || stack.vendors.wangdian.pushed_orders().get(id).cloned();
        assert!(pushed().is_none(), "nothing was sent: it would make a second order");

        // A person may say so, though.
        stack.run_relay(&[&["replay"], &of_order[..]].concat()).await.unwrap();
        stack.until_quiet().await.unwrap();
        assert_eq!(pushed().unwrap().creates, 1);
        let entry = stack.entry(ORDERS_TO_WDT, id).await.unwrap().unwrap();
        assert!(entry.settled.is_none() && entry.failed.is_none(), "{entry:?}");
    });
}

pub(crate) async fn push(stack: &Stack, order: &Value) {
    let push = stack.vendors.qince.push(order, &PushStyle::default());
    stack.deliver(&push).await.unwrap();
}

pub(crate) fn id(order: &Value) -> &str {
    order["id"].as_str().unwrap()
}

/// An order that WDT cannot be sent: its address cannot be split.
fn broken(order: &Value) -> Value {
    with(order, "receive_addr", "老地方")
}

fn with(order: &Value, field: &str, value: impl Into<Value>) -> Value {
    let mut changed = order.clone();
    changed[field] = json!(value.into());
    changed
}

/// The remarks that ShareCRM was sent of an order, in their order.
pub(crate) fn remarks(stack: &Stack, id: &str) -> Vec<Value> {
    let records = stack.vendors.sharecrm.records();
    let record = records.get(&("erpSalesOrderObj".to_owned(), id.to_owned()));
    let history = record.into_iter().flat_map(|record| &record.history);
    history.map(|push| push.data["masterFieldVal"]["remark"].clone()).collect()
}

/// Every version of a document that failed.
pub(crate) async fn failures(stack: &Stack, flow: &str, key: &str) -> Vec<Failed> {
    let entry = stack.entry(flow, key).await.unwrap();
    entry.iter().flat_map(|entry| entry.failures().cloned()).collect()
}
