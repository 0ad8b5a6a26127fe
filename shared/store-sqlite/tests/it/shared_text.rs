//! The messages of one push share the document that they end with: it is stored once, and goes with the last of them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use relay_core::clock::SimulatedClock;
use relay_core::{Intake, Outgoing, Stores, System, WorkItem};
use relay_store_sqlite::Sqlite;
use rusqlite::{Connection, params};
use tempfile::TempDir;

const SHARECRM: System = System::new("sharecrm");
const WANGDIAN: System = System::new("wangdian");
const MINUTE: Duration = Duration::from_secs(60);

struct Setup {
    _folder: TempDir,
    file: PathBuf,
    clock: Arc<SimulatedClock>,
    stores: Stores,
}

impl Setup {
    fn new() -> Self {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let file = folder.path().join("relay.db");
        let clock = SimulatedClock::starting_at(DateTime::from_timestamp(1_700_000_000, 0).unwrap());
        let clock = Arc::new(clock);
        let stores = Sqlite::open(&file, clock.clone()).unwrap().stores();
        Self { _folder: folder, file, clock, stores }
    }

    fn connection(&self) -> Connection {
        Connection::open(&self.file).unwrap()
    }

    /// Rows of shared text, and the bytes in them and in the messages.
    fn stored(&self) -> (u64, u64) {
        let sql = "SELECT (SELECT count(*) FROM shared_text),
            (SELECT coalesce(sum(length(text)), 0) FROM shared_text) + (SELECT coalesce(sum(length(body)), 0) FROM messages)";
        self.connection().query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    }

    /// A push for two targets, of a document of this many lines.
    async fn push(&self, lines: usize) -> [WorkItem; 2] {
        let items = ["direct-order-to-sharecrm", "direct-order-to-wangdian"].map(|flow| item(flow, lines));
        let intake = Intake::new(self.stores.queue.clone(), self.stores.ledger.clone(), self.clock.clone());
        let [sharecrm, wangdian] = items.each_ref().map(std::slice::from_ref);
        intake.take_all(&[(SHARECRM, sharecrm), (WANGDIAN, wangdian)]).await.unwrap();
        items
    }

    async fn receive(&self, system: System) -> Vec<(WorkItem, String)> {
        let received = self.stores.queue.receive(system, 10, MINUTE).await.unwrap();
        received.into_iter().map(|one| (WorkItem::decode(&one.body).unwrap(), one.receipt)).collect()
    }
}

fn item(flow: &str, lines: usize) -> WorkItem {
    WorkItem {
        flow: flow.to_owned(),
        key: "k".to_owned(),
        version: Some("1".to_owned()),
        version_kind: None,
        acknowledge: false,
        received_at: DateTime::UNIX_EPOCH,
        trace: format!("trace of {flow}"),
        replay: None,
        document: serde_json::json!({ "lines": vec!["南京苏果超市"; lines] }),
    }
}

#[tokio::test]
async fn a_document_for_two_targets_is_stored_once_and_goes_with_its_last_message() {
    let setup = Setup::new();
    let [first, second] = setup.push(200).await;
    let (rows, bytes) = setup.stored();
    let document = first.document.to_string().chars().count() as u64;
    assert_eq!(rows, 1);
    assert!((document..document + 500).contains(&bytes), "{bytes} for a document of {document}");

    let received = setup.receive(SHARECRM).await;
    assert_eq!(received[0].0, first);
    setup.stores.queue.delete(SHARECRM, &[received[0].1.clone()]).await.unwrap();
    assert_eq!(setup.stored().0, 1, "the other target needs it");
    let received = setup.receive(WANGDIAN).await;
    assert_eq!(received[0].0, second);
    setup.stores.queue.delete(WANGDIAN, &[received[0].1.clone()]).await.unwrap();
    assert_eq!(setup.stored(), (0, 0));
}

#[tokio::test]
async fn a_small_document_stands_in_each_message() {
    let setup = Setup::new();
    let [first, _] = setup.push(3).await;
    assert_eq!(setup.stored().0, 0);
    assert_eq!(setup.receive(SHARECRM).await[0].0, first);
}

#[tokio::test]
async fn a_push_that_is_sent_again_stores_nothing_anew() {
    let setup = Setup::new();
    setup.push(200).await;
    let before = setup.stored();
    setup.push(200).await;
    assert_eq!(setup.stored(), before);
}

#[tokio::test]
async fn a_dead_letter_keeps_its_document_until_it_is_redriven_and_worked() {
    let setup = Setup::new();
    let [first, second] = setup.push(200).await;
    setup
        .connection()
        .execute("UPDATE messages SET receive_count = 1000 WHERE queue = 'sharecrm'", [])
        .unwrap();
    assert!(setup.receive(SHARECRM).await.is_empty());
    let received = setup.receive(WANGDIAN).await;
    assert_eq!(received[0].0, second);
    setup.stores.queue.delete(WANGDIAN, &[received[0].1.clone()]).await.unwrap();

    let dead = setup.stores.queue.dead_letters(SHARECRM, 10, None).await.unwrap();
    assert_eq!(WorkItem::decode(&dead[0].body).unwrap(), first);
    assert_eq!(setup.stores.queue.redrive(SHARECRM, None).await.unwrap(), 1);
    let received = setup.receive(SHARECRM).await;
    assert_eq!(received[0].0, first);
    setup.stores.queue.delete(SHARECRM, &[received[0].1.clone()]).await.unwrap();
    assert_eq!(setup.stored(), (0, 0));
}

/// The statements of the version before, on a file that it still has open.
#[tokio::test]
async fn the_program_of_the_version_before_takes_no_part_for_a_body_and_loses_nothing() {
    const RECEIVE: &str =
        "UPDATE messages SET visible_at = ?2, receive_count = receive_count + 1 WHERE id = ?1
         RETURNING group_id, body, receive_count, sent_at";
    const REDRIVE: &str = "INSERT INTO messages (queue, group_id, body, sent_at, visible_at)
         SELECT queue, group_id, body, ?2, ?2 FROM messages WHERE id = ?1";
    let setup = Setup::new();
    let [first, _] = setup.push(200).await;
    let former = setup.connection();
    let id: i64 =
        former.query_row("SELECT id FROM messages WHERE queue = 'sharecrm'", [], |row| row.get(0)).unwrap();
    former.execute_batch("SAVEPOINT request").unwrap();
    let body = former.query_row(RECEIVE, params![id, 1], |row| row.get::<_, String>(1));
    assert!(matches!(body, Err(rusqlite::Error::InvalidColumnType(..))), "{body:?}");
    let error = former.execute(REDRIVE, params![id, 1]).unwrap_err().to_string();
    assert!(error.contains("of a newer program"), "{error}");
    former.execute_batch("ROLLBACK TO request; RELEASE request").unwrap();
    // What it sends itself is whole.
    let own = item("own", 1).encode();
    former
        .execute(
            "INSERT INTO messages (queue, group_id, body, sent_at, visible_at) VALUES ('sharecrm', 'own', ?1, 1, 1)",
            [own],
        )
        .unwrap();
    let received: Vec<_> = setup.receive(SHARECRM).await.into_iter().map(|(item, _)| item).collect();
    assert_eq!(received, [first, item("own", 1)]);
}

#[tokio::test]
async fn messages_of_one_system_that_end_alike_share_it_too() {
    let setup = Setup::new();
    let bodies = ["a", "b", "c"].map(|head| format!("{head}{}", "x".repeat(5_000)));
    let messages = bodies.each_ref().map(|body| Outgoing {
        group: body[..1].to_owned(),
        deduplication: body[..1].to_owned(),
        body: body.clone(),
    });
    setup.stores.queue.send(SHARECRM, &messages).await.unwrap();
    assert_eq!(setup.stored(), (1, 5_003));
    let received = setup.stores.queue.receive(SHARECRM, 10, MINUTE).await.unwrap();
    assert_eq!(received.into_iter().map(|one| one.body).collect::<Vec<_>>(), bodies);
}
