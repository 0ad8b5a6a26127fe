//! A store that goes wrong while `relay serve` runs on it: no push is answered with 0 that nobody would find again.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::process::Command;

use relay_core::clock::{Clock as _, SystemClock};
use relay_simulators::qince::{PushStyle, SignedPush};
use serde_json::json;

use crate::serve::eventually;
use crate::server::Server;
use crate::support::Town;

fn push(town: &Town, remark: &str) -> SignedPush {
    let mut order = town.vendors.qince.order(SystemClock.now());
    order["remark"] = json!(remark);
    town.vendors.qince.push(&order, &PushStyle::default())
}

/// Text that hardly shrinks when it is compressed.
fn noise(bytes: usize) -> String {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b'0' + u8::try_from(state >> 59).unwrap())
    };
    (0..bytes).map(|_| next()).collect()
}

#[test]
fn no_push_is_taken_into_a_store_that_was_deleted() {
    let town = Town::open();
    let installation = town.installation();
    let server = Server::start(&installation);
    assert!(server.stores(&push(&town, "before")));
    fs::remove_file(installation.path("relay.db")).unwrap();
    assert!(!server.stores(&push(&town, "after")), "the file is gone");
    // A new one in its place is another one: what is in the hands of the server does not get there.
    fs::write(installation.path("relay.db"), "").unwrap();
    assert!(!server.stores(&push(&town, "later")), "the file was replaced");
}

#[test]
fn no_push_is_taken_into_a_store_that_was_replaced_by_a_copy() {
    let town = Town::open();
    let installation = town.installation();
    let server = Server::start(&installation);
    assert!(server.stores(&push(&town, "before")));
    let (file, copy) = (installation.path("relay.db"), installation.path("copy.db"));
    fs::copy(&file, &copy).unwrap();
    fs::rename(&copy, &file).unwrap();
    assert!(!server.stores(&push(&town, "after")));
}

#[test]
fn no_push_is_taken_without_the_log_that_keeps_it() {
    let town = Town::open();
    let installation = town.installation();
    let server = Server::start(&installation);
    assert!(server.stores(&push(&town, "before")));
    fs::remove_file(installation.path("relay.db-wal")).unwrap();
    assert!(!server.stores(&push(&town, "after")));
}

/// A start that finds nothing, because the damage comes later: the disk, a copy tool, a mistaken write.
#[test]
fn damage_that_is_met_while_serving_ends_the_taking_of_pushes_and_stands_in_the_status() {
    let town = Town::open();
    let installation = town.installation();
    Server::start(&installation).terminate();
    let file = installation.path("relay.db");
    let store = rusqlite::Connection::open(&file).unwrap();
    store
        .execute_batch(
            "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000)
             INSERT INTO ledger SELECT 'f', hex(randomblob(16)), '{}', 1, NULL, 1 FROM numbers;
             PRAGMA wal_checkpoint(TRUNCATE)",
        )
        .unwrap();
    drop(store);
    let server = Server::start(&installation);
    let content = fs::OpenOptions::new().write(true).open(&file).unwrap();
    let (from, to) = (64 * 1024, file.metadata().unwrap().len());
    content.write_all_at(&vec![0xA5; usize::try_from(to - from).unwrap()], from).unwrap();
    // The first may still be taken: nobody has looked at its place in the ledger yet.
    eventually("pushes are refused", || !server.stores(&push(&town, "any")));
    assert!(!server.stores(&push(&town, "any")), "and stay so");
    let answer = installation.relay(&["status"]).with_status(1);
    assert!(answer.stderr.contains("restore this one from a backup"), "{}", answer.stderr);
}

#[test]
fn a_full_disk_refuses_pushes_until_there_is_room_and_ends_nothing() {
    let town = Town::open();
    let installation = town.installation();
    let mut limited = Command::new("bash");
    let serve = installation.command(&["serve", "--listen", "127.0.0.1:0"]);
    let settings = serve.get_envs().filter_map(|(name, value)| Some((name, value?)));
    limited.env_clear().envs(settings).current_dir(installation.path(""));
    // In units of 1,024 bytes, for each file.
    limited
        .args(["-c", "ulimit -S -f 768; exec \"$0\" \"$@\""])
        .arg(serve.get_program())
        .args(serve.get_args());
    let server = Server::of(&installation, &mut limited);
    // A push that the store has not taken within three seconds is refused, which a machine under load may be too slow for.
    eventually("a small one is taken", || server.stores(&push(&town, "small")));
    let large = push(&town, &noise(900_000));
    for _ in 0..3 {
        assert!(!server.stores(&large), "there is no room for it");
    }
    eventually("a small one is taken", || server.stores(&push(&town, "small")));
    let status = installation.relay(&["status", "--json"]);
    assert!(status.stdout.contains("queues"), "{}", status.stderr);

    let room =
        Command::new("prlimit").args(["--fsize=unlimited", "--pid", &server.id().to_string()]).status();
    assert!(room.unwrap().success());
    eventually("the large one is taken", || server.stores(&large));
    let (status, printed) = server.terminate();
    assert_eq!(status, Some(0), "{printed}");
    assert!(!installation.path("relay.db-wal").exists(), "what it held is in the file");
}
