//! The closer on each store, killed at each of its steps: a bill is always queued as the same item, every member is in one
//! seal, and the bills come to what the members bring.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use relay_bill_closer::BillCloser;
use relay_core::WorkItem;
use relay_core::clock::{Clock as _, Deadline};
use relay_core::groups::{Contribution, GroupId};
use relay_job::{Connections, Job as _};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::Ports;
use super::jobs::{Fuse, KINGDEE, parts};

const FLOW: &str = "orders";

const ORDERS: &str = r#"
[source]
document = "http.webhook"
params   = { name = "orders" }
key      = "id"

[target]
document = "kingdee.sal_order_save"

[group]
by    = ["shop"]
lines = ["materialid_id", "unit_id"]
sum   = ["qty"]
close = { size = 2 }
max_lines = 1

[fields]
billdate      = { from = "paid_at", as = "date" }
customerid_id = { from = "shop", lookup = "kingdee.customer" }

[fields.material_entity]
each          = "items"
materialid_id = { from = "sku", lookup = "kingdee.material" }
unit_id       = { from = "sku", lookup = "kingdee.material_unit" }
qty           = "quantity"
"#;

/// Whether a closer came to its end that is killed after so many steps.
async fn close_with(fuse: Fuse, ports: &Ports) -> bool {
    let parts =
        parts(ports, fuse.around(&ports.stores), &[(FLOW, ORDERS.to_owned())], Connections::default());
    let closer = BillCloser::build(&parts).unwrap();
    fuse.run(async {
        let reports = closer.close_all(Deadline::NONE).await;
        assert!(reports[0].errors.is_empty() && !reports[0].elsewhere, "{reports:?}");
    })
    .await
}

async fn put(ports: &Ports, group: &GroupId, key: &str, quantity: &str) {
    let line = |good: &str, quantity: &str| json!({"materialid_id": good, "unit_id": "2", "qty": quantity});
    let lines = [line("1", quantity), line("2", "1")];
    let member = Contribution {
        key: format!("{}/{key}", group.group),
        version: None,
        received_at: ports.clock.now(),
        head: json!({"billdate": "2026-11-29"}).as_object().unwrap().clone(),
        lines: lines.iter().filter_map(Value::as_object).cloned().collect(),
        is_withdrawn: false,
    };
    assert!(ports.stores.groups.put(group, &member).await.unwrap());
}

/// The bills in the queue, by their names: the same one may be there twice, and is the same then.
async fn bills(ports: &Ports) -> BTreeMap<String, Value> {
    let mut bills = BTreeMap::new();
    loop {
        let messages = ports.stores.queue.receive(KINGDEE, 10, Duration::from_secs(60)).await.unwrap();
        if messages.is_empty() {
            return bills;
        }
        for message in &messages {
            let item = WorkItem::decode(&message.body).unwrap();
            let other = bills.insert(item.key.clone(), item.document.clone());
            assert!(other.is_none_or(|other| other == item.document), "{}: two of one name", item.key);
        }
        let receipts: Vec<_> = messages.into_iter().map(|message| message.receipt).collect();
        ports.stores.queue.delete(KINGDEE, &receipts).await.unwrap();
    }
}

#[tokio::test]
async fn a_closer_that_is_killed_at_any_step_bills_every_member_once() {
    let ports = Ports::open().await;
    for steps in 0..200 {
        let group = GroupId::new(FLOW, format!("S{steps:03}"));
        put(&ports, &group, "A", "3").await;
        put(&ports, &group, "B", "4.5").await;
        ports.wait(300);
        let survived = close_with(Fuse::after(steps), &ports).await;
        // The dead one's lease ends.
        ports.wait(300);
        put(&ports, &group, "C", "5").await;
        put(&ports, &group, "D", "-1").await;
        ports.wait(300);
        assert!(close_with(Fuse::after(u64::MAX), &ports).await);
        ports.wait(300);
        assert!(close_with(Fuse::after(u64::MAX), &ports).await);

        let bills = bills(&ports).await;
        let lines = bills.values().flat_map(|bill| bill["lines"].as_array().unwrap());
        let quantity = |line: &Value| line["qty"].as_str().unwrap().parse::<Decimal>().unwrap();
        assert_eq!(
            lines.map(quantity).sum::<Decimal>(),
            "15.5".parse().unwrap(),
            "{steps} steps: {bills:#?}"
        );
        let seals = ports.stores.groups.seals(&group).await.unwrap();
        assert!(seals.iter().all(|seal| seal.bills.len() == 2), "a line in each bill: {seals:?}");
        let members: Vec<_> = seals.iter().flat_map(|seal| &seal.members).map(|member| &member.key).collect();
        assert_eq!(members.len(), 4, "{steps} steps: {members:?}");
        assert_eq!(members.into_iter().collect::<BTreeSet<_>>().len(), 4);
        assert!(seals.iter().all(|seal| seal.is_queued));
        assert_eq!(ports.stores.groups.open(FLOW).await.unwrap(), [], "{steps} steps");
        if survived {
            assert!(steps > 12, "{steps} steps are a whole closing");
            return;
        }
    }
    panic!("a closing has more steps than were tried");
}
