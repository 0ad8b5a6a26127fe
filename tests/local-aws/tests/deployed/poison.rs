use std::collections::BTreeSet;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use chrono::DateTime;
use local_aws::stack::minutes_ago;
use local_aws::{Stack, on_the_stack};
use relay_core::clock::{Rng as _, SeededRng};
use relay_core::{System, WorkItem};
use relay_simulators::qince::PushStyle;
use serde_json::json;

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn what_is_no_document_of_ours_is_recorded_and_harms_no_other() {
    on_the_stack(async |stack| {
        let known = failures(stack).await;
        // All come in one batch.
        stack.set_flowing(System::new("kingdee"), false).await.unwrap();
        let trades = stack.new_trades(6).await.unwrap();
        let stranger = work_item("no-such-flow").encode();
        let truncated: String = stranger.chars().take(stranger.chars().count() / 2).collect();
        let poison = [r#"{"hello": "world"}"#, "[]", " ", "\u{4f60}\u{597d}", &stranger, &truncated];
        for (place, body) in poison.iter().enumerate() {
            stack.put(System::new("kingdee"), &format!("poison-{place}"), body).await.unwrap();
        }
        stack.poll().await.unwrap();
        stack.set_flowing(System::new("kingdee"), true).await.unwrap();
        stack.until_quiet().await.unwrap();

        assert!(stack.creates(&trades).iter().all(|count| *count == 1));
        let recorded: BTreeSet<_> = failures(stack).await.difference(&known).cloned().collect();
        assert_eq!(recorded.len(), poison.len(), "{recorded:?}");
        let classes: BTreeSet<_> = recorded.iter().map(|(_, class)| class.as_str()).collect();
        assert!(classes.contains("unreadable"), "{classes:?}");
    });
}

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn an_order_that_no_queue_can_carry_is_stored_as_failed() {
    on_the_stack(async |stack| {
        let mut order = stack.vendors.qince.order(minutes_ago(1));
        order["remark"] = json!(incompressible(2_000_000));
        let push = stack.vendors.qince.push(&order, &PushStyle::default());
        // Packing it twice takes a build for tests longer than a push may take where the function starts with it.
        stack.deliver(&push).await.unwrap();
        let key = order["id"].as_str().unwrap();
        for flow in ["direct-order-to-sharecrm", "direct-order-to-wangdian"] {
            let failed = stack.entry(flow, key).await.unwrap().unwrap().failed.unwrap();
            assert_eq!(failed.document["remark"], order["remark"], "whole, to be replayed");
        }
    });
}

/// Text that gzip makes little of.
pub(crate) fn incompressible(length: usize) -> String {
    let rng = SeededRng::new(1);
    let mut text = String::with_capacity(length + 32);
    while text.len() < length {
        text.push_str(&BASE64_STANDARD.encode(rng.uuid().as_bytes()));
    }
    text
}

/// Keys and classes of everything that has failed.
async fn failures(stack: &Stack) -> BTreeSet<(String, String)> {
    let entries = stack.stores.ledger.failed(None, 1_000, None).await.unwrap();
    entries.into_iter().filter_map(|entry| Some((entry.id.key, entry.failed?.class.to_string()))).collect()
}

fn work_item(flow: &str) -> WorkItem {
    WorkItem {
        flow: flow.to_owned(),
        key: "JY1".to_owned(),
        version: None,
        version_kind: None,
        document: json!({ "trade_no": "JY1" }),
        acknowledge: false,
        received_at: DateTime::UNIX_EPOCH,
        trace: String::new(),
        replay: None,
    }
}
