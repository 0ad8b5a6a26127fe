//! What was answered with `Ok` is there after the process was killed the very next moment.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use relay_core::clock::SystemClock;
use relay_core::{Outgoing, System};
use relay_store_sqlite::Sqlite;
use rusqlite::Connection;

const FILE: &str = "RELAY_TEST_FILE";
const CLIENTS: usize = 16;

/// Not a test by itself: the process that `what_was_answered_survives_a_kill_of_the_next_moment` kills. Sixteen clients send,
/// and each answer is told on standard output.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_process() {
    let Ok(file) = std::env::var(FILE) else { return };
    let queue = Sqlite::open(Path::new(&file), Arc::new(SystemClock)).unwrap().stores().queue;
    let clients = (0..CLIENTS).map(|client| {
        let queue = queue.clone();
        tokio::spawn(async move {
            for n in 0.. {
                let body = format!("{client}-{n}");
                let message =
                    Outgoing { group: body.clone(), deduplication: body.clone(), body: body.clone() };
                let push = [System::new("kingdee"), System::new("sharecrm")]
                    .map(|system| (system, vec![message.clone()]));
                queue.send_all(&push).await.unwrap();
                writeln!(std::io::stdout().lock(), "answered {body}").unwrap();
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
}

#[test]
fn what_was_answered_survives_a_kill_of_the_next_moment() {
    for answers in [1, 200, 1_500] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("relay.db");
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::killed_process", "--nocapture"])
            .env(FILE, &file)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut answered = BTreeSet::new();
        for line in lines {
            // The test harness writes to the same output.
            if let Some((_, body)) = line.split_once("answered ") {
                answered.insert(body.to_owned());
            }
            if answered.len() == answers {
                // SIGKILL; what was told until then is still read.
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(answered.len() >= answers, "{} answers", answered.len());
        drop(Sqlite::open(&file, Arc::new(SystemClock)).unwrap());
        for system in ["kingdee", "sharecrm"] {
            let connection = Connection::open(&file).unwrap();
            let mut bodies = connection.prepare("SELECT body FROM messages WHERE queue = ?1").unwrap();
            let kept: BTreeSet<String> =
                bodies.query_map([system], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
            assert!(answered.is_subset(&kept), "lost: {:?}", answered.difference(&kept).collect::<Vec<_>>());
            // All or none of a push for two targets.
            let count: usize =
                connection.query_row("SELECT count(*) FROM messages", [], |row| row.get(0)).unwrap();
            assert_eq!(count, 2 * kept.len());
        }
    }
}
