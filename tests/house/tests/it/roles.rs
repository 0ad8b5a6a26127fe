//! What the roles allow, and what the adapter asks for. Which operations each function uses is told by the end-to-end tests,
//! which work under these roles (`end-to-end::roles`).

use house::roles::{Role, asked};

const TEMPLATE: &str = include_str!("../../../../template.yaml");

#[test]
fn a_lease_is_allowed_under_the_name_that_it_has_in_the_table() {
    for (function, lease) in [
        ("BillCloser", "lease/close/f"),
        ("StockSyncer", "lease/along/p"),
        ("DayReconciler", "lease/reconcile/turn"),
    ] {
        let role = Role::of(TEMPLATE, function).unwrap();
        let allows = |key| role.allows("dynamodb:UpdateItem", "CheckpointTable", key);
        assert!(allows(lease) && !allows("close/f") && !allows("watermark/f"), "{function}");
    }
    // What ends the pauses of a former secret is every function's.
    let receiver = Role::of(TEMPLATE, "WebhookReceiver").unwrap();
    assert!(receiver.allows("dynamodb:DeleteItem", "CheckpointTable", "pause/kingdee"));
    assert!(receiver.allows("dynamodb:GetItem", "CheckpointTable", "flows"));
    assert!(!receiver.allows("dynamodb:GetItem", "CheckpointTable", "token/kingdee"));
}

#[test]
fn the_pusher_reads_who_waits_and_nothing_else_of_groups() {
    let role = Role::of(TEMPLATE, "ErpPusher").unwrap();
    assert!(role.allows("dynamodb:Query", "GroupTable", "#waiting/kingdee.material/A"));
    assert!(!role.allows("dynamodb:Query", "GroupTable", "orders-by-day/S1"));
    assert!(!role.allows("dynamodb:Query", "LedgerTable/index/failed", ""), "it walks no failures");
}

#[test]
fn what_an_operation_asks_for_is_read_from_the_adapter() {
    let asked = asked().unwrap();
    let of = |port: &str, operation: &str| {
        let asked = &asked[&(port.to_owned(), operation.to_owned())];
        asked.iter().map(|(table, action)| format!("{table} {action}")).collect::<Vec<_>>()
    };
    assert_eq!(of("Checkpoints", "acquire"), ["CheckpointTable dynamodb:UpdateItem"]);
    assert_eq!(of("Groups", "put"), ["GroupTable dynamodb:PutItem", "GroupTable dynamodb:UpdateItem"]);
    assert_eq!(
        of("Ledger", "failed"),
        [
            "LedgerTable dynamodb:BatchGetItem",
            "LedgerTable dynamodb:GetItem",
            "LedgerTable/index/failed dynamodb:Query"
        ]
    );
    assert_eq!(of("Lookups", "release"), ["GroupTable dynamodb:DeleteItem"]);
    assert_eq!(
        of("Quotas", "ask"),
        ["CheckpointTable dynamodb:GetItem", "CheckpointTable dynamodb:UpdateItem"]
    );
    for ((port, operation), asked) in &asked {
        // Whether the ledger is ordered by time is the adapter's own, and nothing is asked for it.
        let is_of_adapter = operation == "finds_by_time";
        let has_table = !matches!(port.as_str(), "Queue" | "Archive") && !is_of_adapter;
        assert!(!has_table || !asked.is_empty(), "{port}.{operation}");
    }
}
