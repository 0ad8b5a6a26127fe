//! A member is put while another process closes its group.

use std::time::Duration;

use chrono::DateTime;
use relay_core::groups::{Contribution, GroupId};
use serde_json::{Map, json};

use super::stub::{Stub, ok};

#[tokio::test]
async fn a_member_whose_write_outlasts_the_opening_of_its_group_opens_it_once_more() {
    let member = Contribution {
        key: "A".to_owned(),
        version: None,
        received_at: DateTime::UNIX_EPOCH,
        head: Map::new(),
        lines: Vec::new(),
        is_withdrawn: false,
    };
    // Its document's group, the opening, the member.
    let stub = Stub::answering([ok(json!({})), ok(json!({}))]);
    let clock = stub.clock.clone();
    stub.then(Box::new(move |_| {
        // Longer than a group is opened for: a closer may have read its members and looked away by now.
        clock.advance(Duration::from_secs(100));
        (200, json!({}))
    }));
    stub.then(ok(json!({})));
    let group = GroupId::new("f", "S1");
    assert!(stub.stores.groups.put(&group, &member).await.unwrap());
    let operations: Vec<_> = stub.asked().into_iter().map(|(operation, _)| operation).collect();
    assert_eq!(operations, ["PutItem", "UpdateItem", "PutItem", "UpdateItem"]);

    // While it is open, a member costs its two writes.
    stub.then(ok(json!({})));
    stub.then(ok(json!({})));
    assert!(stub.stores.groups.put(&group, &member).await.unwrap());
    assert_eq!(stub.asked().len(), 6);
}
