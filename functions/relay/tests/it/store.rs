//! A store that is no good: a clear error that names the file, and the file as it was.

#![expect(clippy::disallowed_methods, reason = "real processes are timed, by the machine's own time")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use crate::server::Server;
use crate::support::{Answer, Installation, Town};

fn with_store() -> Installation {
    let installation = Installation::with_store();
    installation.relay(&["status"]).with_status(0);
    installation
}

#[test]
fn a_read_only_store_says_whose_right_is_missing() {
    let installation = with_store();
    fs::set_permissions(installation.path("relay.db"), Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(installation.path(""), Permissions::from_mode(0o555)).unwrap();
    let answer = Answer::of(&mut installation.command_of_ordinary_user(&["status"])).with_status(2);
    assert!(
        answer.stderr.contains("relay.db") && answer.stderr.contains("give this user the right to write"),
        "{}",
        answer.stderr
    );
    // So that the folder can be removed.
    fs::set_permissions(installation.path(""), Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_folder_that_nobody_may_write_is_said_so() {
    let installation = Installation::empty();
    fs::set_permissions(installation.path(""), Permissions::from_mode(0o555)).unwrap();
    let answer = Answer::of(&mut installation.command_of_ordinary_user(&["serve"])).with_status(2);
    assert!(
        answer.stderr.contains("relay.db") && answer.stderr.contains("may this user write there?"),
        "{}",
        answer.stderr
    );
    fs::set_permissions(installation.path(""), Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_file_that_is_no_database_is_left_as_it_was() {
    let mut installation = Installation::empty();
    let content = "tid,paid\n".repeat(1_000);
    fs::write(installation.path("orders.csv"), &content).unwrap();
    installation.set("RELAY_STORE", "sqlite:orders.csv");
    let answer = installation.relay(&["status"]).with_status(2);
    assert!(
        answer.stderr.contains("orders.csv") && answer.stderr.contains("not a (whole) SQLite database"),
        "{}",
        answer.stderr
    );
    assert_eq!(fs::read_to_string(installation.path("orders.csv")).unwrap(), content);
}

#[test]
fn a_store_that_another_program_writes_to_is_read_at_once_and_waited_for_to_write() {
    let installation = with_store();
    let other = rusqlite::Connection::open(installation.path("relay.db")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let began = Instant::now();
    installation.relay(&["status"]).with_status(0);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    let answer = installation.relay(&["resume", "kingdee"]).with_status(1);
    assert!(
        answer.stderr.contains("relay.db")
            && answer.stderr.contains("another program has kept it locked for 3 s"),
        "{}",
        answer.stderr
    );
    other.execute_batch("ROLLBACK").unwrap();
    installation.relay(&["resume", "kingdee"]).with_status(0);
}

#[test]
fn a_damaged_store_is_said_so_and_no_push_is_taken_into_it() {
    let town = Town::open();
    let installation = town.installation();
    Server::start(&installation).terminate();
    let file = installation.path("relay.db");
    let store = rusqlite::Connection::open(&file).unwrap();
    store
        .execute_batch(
            "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 5000)
             INSERT INTO messages (queue, group_id, body, sent_at, visible_at)
             SELECT 'kingdee', n, hex(randomblob(200)), 0, 0 FROM numbers; PRAGMA wal_checkpoint(TRUNCATE)",
        )
        .unwrap();
    drop(store);
    let mut content = fs::read(&file).unwrap();
    let middle = content.len() / 2 / 8192 * 8192;
    content[middle..middle + 8192].fill(0xA5);
    fs::write(&file, &content).unwrap();

    for command in [&["status"][..], &["serve", "--listen", "127.0.0.1:0"]] {
        let answer = installation.relay(command).with_status(1);
        assert!(
            answer.stderr.contains("relay.db") && answer.stderr.contains("restore this one from a backup"),
            "{}",
            answer.stderr
        );
        assert!(!answer.stdout.contains("Taking pushes"), "{}", answer.stdout);
    }
}

#[test]
fn a_folder_that_does_not_exist_is_named() {
    let mut installation = Installation::empty();
    installation.set("RELAY_STORE", "sqlite:nowhere/relay.db");
    let answer = installation.relay(&["status"]).with_status(2);
    assert!(
        answer.stderr.contains("nowhere/relay.db") && answer.stderr.contains("does its folder exist"),
        "{}",
        answer.stderr
    );
}

#[test]
fn a_stack_is_named_by_its_outputs_and_every_missing_one_is_told() {
    let mut installation = Installation::empty();
    installation.set("RELAY_STORE", "aws").set("LEDGER_TABLE", "relay-ledger");
    let answer = installation.relay(&["status"]).with_status(2);
    for name in
        ["CHECKPOINT_TABLE", "LOOKUP_TABLE", "KINGDEE_QUEUE_URL", "SHARECRM_QUEUE_URL", "WDT_QUEUE_URL"]
    {
        assert!(answer.stderr.contains(&format!("{name} is not set")), "{}", answer.stderr);
    }
    assert!(!answer.stderr.contains("LEDGER_TABLE"), "{}", answer.stderr);
}
