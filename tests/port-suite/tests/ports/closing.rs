//! The closer on each store, killed at each of its steps: a bill is always queued as the same item, every member is in one
//! seal, and the bills come to what the members bring. So is who puts a member into its group, and who writes a seal that a table
//! takes in parts alone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use relay_bill_closer::BillCloser;
use relay_core::clock::{Clock as _, Deadline};
use relay_core::groups::{Contribution, GroupId, Member, Seal};
use relay_core::{EntryId, WorkItem};
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
    let parts = parts(ports, (ports.of_another)(&fuse), &[(FLOW, ORDERS.to_owned())], Connections::default());
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

/// Who leaves one group for another, and whose turn comes once more.
#[tokio::test]
async fn a_document_that_moves_is_in_one_group_wherever_its_process_is_killed() {
    let ports = Ports::open().await;
    let groups = &ports.stores.groups;
    for steps in 0.. {
        let (first, second) =
            (GroupId::new(FLOW, format!("S{steps:03}-1")), GroupId::new(FLOW, format!("S{steps:03}-2")));
        let key = format!("K{steps:03}");
        let member = |quantity: &str| Contribution {
            key: key.clone(),
            version: None,
            received_at: ports.clock.now(),
            head: serde_json::Map::new(),
            lines: vec![
                json!({"materialid_id": "1", "unit_id": "2", "qty": quantity}).as_object().unwrap().clone(),
            ],
            is_withdrawn: false,
        };
        let fuse = Fuse::after(steps);
        let another = (ports.of_another)(&fuse).groups;
        let (earlier, later) = (member("1"), member("2"));
        let work = async {
            assert!(another.put(&first, &earlier).await.unwrap());
            assert!(another.put(&second, &later).await.unwrap());
        };
        let survived = fuse.run(work).await;
        ports.wait(300);
        assert!(groups.put(&second, &later).await.unwrap(), "{steps} steps");
        // What the dead one has not begun with is in no group but the last.
        let left = groups.members(&first, None, 10).await.unwrap();
        assert!(left.iter().all(|left| *left == later.left()), "{steps} steps: {left:?}");
        assert_eq!(groups.members(&second, None, 10).await.unwrap(), [later], "{steps} steps");
        let document = EntryId::new(FLOW, &key);
        assert_eq!(groups.group_of(&document).await.unwrap(), Some(second.clone()), "{steps} steps");
        let open: Vec<_> = groups.open(FLOW).await.unwrap().into_iter().map(|open| open.id).collect();
        assert!(open.contains(&second) && (left.is_empty() || open.contains(&first)), "{steps}: {open:?}");
        if survived {
            assert!(steps > 3, "{steps} steps are two members");
            return;
        }
    }
}

/// Ten thousand members take more than an item of a table.
#[tokio::test]
async fn a_large_seal_is_there_whole_or_not_at_all_wherever_who_writes_it_is_killed() {
    let ports = Ports::open().await;
    let hash = |number: u32| relay_core::item::content_hash(&json!(number));
    let seal = |from: u32| Seal {
        number: 1,
        at: ports.clock.now(),
        members: (from..from + 10_000)
            .map(|number| Member {
                key: hash(number),
                version: None,
                hash: hash(number + 1),
                is_withdrawn: false,
            })
            .collect(),
        bills: Vec::new(),
        is_queued: false,
    };
    let (one, other) = (seal(0), seal(1));
    for steps in 0.. {
        let group = GroupId::new(FLOW, format!("L{steps:03}"));
        let fuse = Fuse::after(steps);
        let another = (ports.of_another)(&fuse).groups;
        let survived = fuse.run(async { assert!(another.seal(&group, &one).await.unwrap()) }).await;
        // Who comes next has read another member meanwhile.
        let is_next = ports.stores.groups.seal(&group, &other).await.unwrap();
        let stands = if is_next { &other } else { &one };
        let seals = ports.stores.groups.seals(&group).await.unwrap();
        assert!(seals == [stands.clone()], "killed after {steps} steps");
        if survived {
            assert!(!is_next && steps > 1, "{steps} steps are a seal");
            return;
        }
    }
}
