use std::collections::BTreeSet;

use chrono::DateTime;
use local_aws::{Stack, on_the_stack};
use pipeline::{System, WorkItem};
use serde_json::json;

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn what_is_no_document_of_ours_is_recorded_and_harms_no_other() {
    on_the_stack(async |stack| {
        let known = failures(stack).await;
        // All come in one batch.
        stack.set_flowing(System::Kingdee, false).await.unwrap();
        let trades = stack.new_trades(6).await.unwrap();
        let stranger = work_item("no-such-flow").encode();
        let truncated: String = stranger.chars().take(stranger.chars().count() / 2).collect();
        let poison = [r#"{"hello": "world"}"#, "[]", " ", "\u{4f60}\u{597d}", &stranger, &truncated];
        for (place, body) in poison.iter().enumerate() {
            stack.put(System::Kingdee, &format!("poison-{place}"), body).await.unwrap();
        }
        stack.poll().await.unwrap();
        stack.set_flowing(System::Kingdee, true).await.unwrap();
        stack.until_quiet().await.unwrap();

        assert!(stack.creates(&trades).iter().all(|count| *count == 1));
        let recorded: BTreeSet<_> = failures(stack).await.difference(&known).cloned().collect();
        assert_eq!(recorded.len(), poison.len(), "{recorded:?}");
        let classes: BTreeSet<_> = recorded.iter().map(|(_, class)| class.as_str()).collect();
        assert!(classes.contains("unreadable"), "{classes:?}");
    });
}

/// Keys and classes of everything that has failed.
async fn failures(stack: &Stack) -> BTreeSet<(String, String)> {
    let entries = stack.stores.ledger.failed(None, 1_000, None).await.unwrap();
    entries.into_iter().filter_map(|entry| Some((entry.id.key, entry.failed?.class))).collect()
}

fn work_item(flow: &str) -> WorkItem {
    WorkItem {
        flow: flow.to_owned(),
        key: "JY1".to_owned(),
        version: None,
        document: json!({ "trade_no": "JY1" }),
        acknowledge: false,
        received_at: DateTime::UNIX_EPOCH,
        trace: String::new(),
        replay: None,
    }
}
