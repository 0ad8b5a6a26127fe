//! A push for two targets is one transaction.

use std::sync::Arc;

use chrono::DateTime;
use relay_core::clock::SystemClock;
use relay_core::{Intake, System, WorkItem};
use relay_store_sqlite::Sqlite;
use rusqlite::Connection;

fn item(flow: &str) -> WorkItem {
    WorkItem {
        flow: flow.to_owned(),
        key: "k".to_owned(),
        version: None,
        version_kind: None,
        document: serde_json::json!({}),
        acknowledge: false,
        received_at: DateTime::UNIX_EPOCH,
        trace: "t".to_owned(),
        replay: None,
    }
}

#[tokio::test]
async fn a_push_of_which_one_target_takes_nothing_leaves_nothing_in_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("relay.db");
    let stores = Sqlite::open(&file, Arc::new(SystemClock)).unwrap().stores();
    let intake = Intake::new(stores.queue.clone(), stores.ledger.clone(), Arc::new(SystemClock));
    let other = Connection::open(&file).unwrap();
    other
        .execute_batch(
            "CREATE TRIGGER refuse BEFORE INSERT ON messages WHEN new.queue = 'sharecrm'
             BEGIN SELECT RAISE(ABORT, 'refused'); END",
        )
        .unwrap();
    let (first, second) = ([item("a")], [item("b")]);
    let push = [(System::new("kingdee"), first.as_slice()), (System::new("sharecrm"), second.as_slice())];
    let error = intake.take_all(&push).await.unwrap_err();
    assert!(error.to_string().contains("refused"), "{error}");
    assert_eq!(stores.queue.depth(System::new("kingdee")).await.unwrap().waiting, 0);

    other.execute_batch("DROP TRIGGER refuse").unwrap();
    let taken = intake.take_all(&push).await.unwrap();
    assert_eq!(taken.iter().map(|taken| taken.queued).collect::<Vec<_>>(), [1, 1]);
    for (system, _) in push {
        assert_eq!(
            stores.queue.depth(system).await.unwrap().waiting,
            1,
            "the try before left no deduplication id"
        );
    }
}
