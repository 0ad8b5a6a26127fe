//! A backup that is put in the store's place: nothing that its targets have been sent since is made a second time.

use std::fs;

use chrono::TimeDelta;
use relay_core::clock::{Clock as _, SystemClock};

use crate::console::Console;
use crate::support::{Installation, Town};

/// Puts a backup in the store's place, as docs/operating.md says.
fn restore(installation: &Installation, backup: &str) {
    for beside in ["relay.db-wal", "relay.db-shm"] {
        _ = fs::remove_file(installation.path(beside));
    }
    fs::copy(installation.path(backup), installation.path("relay.db")).unwrap();
}

#[test]
fn what_was_delivered_after_a_backup_is_found_in_its_target_and_not_made_twice() {
    let town = Town::open();
    // So that what is sent a second time is there twice.
    town.vendors.kingdee.set_refuses_duplicates(false);
    let mut installation = town.installation();
    let now = SystemClock.now();
    installation.set("RELAY_START", (now - TimeDelta::hours(1)).to_rfc3339());
    let trade = |minutes| town.vendors.wangdian.generate_trade("S001", 55, now - TimeDelta::minutes(minutes));
    let poll = || installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(0);
    let before = trade(40);
    poll();
    installation.relay(&["drain"]).with_status(0);
    // One that waits in the queue of the backup, and one that comes after it.
    let queued = trade(30);
    installation.relay(&["rewind", "trade-to-kingdee", "--to", "35m", "--yes"]).with_status(0);
    poll();
    let told = installation.relay(&["backup", "copy.db", "--json"]).with_status(0).json();
    assert_eq!(told["holds"]["documents"], 1, "{told}");
    assert!(told["holds"]["waiting"].as_u64().unwrap() >= 1, "{told}");
    let after = trade(20);
    installation.relay(&["rewind", "trade-to-kingdee", "--to", "25m", "--yes"]).with_status(0);
    poll();
    installation.relay(&["drain"]).with_status(0);
    let bills = || [&before, &queued, &after].map(|trade| town.vendors.kingdee.orders(trade).len());
    assert_eq!(bills(), [1, 1, 1]);

    restore(&installation, "copy.db");
    let status = installation.relay(&["status"]).with_status(0).stdout;
    assert!(
        status.contains("This store is the backup of ") && status.contains("did not run yet"),
        "{status}"
    );
    installation.relay(&["rewind", "trade-to-kingdee", "--to", "25m", "--yes"]).with_status(0);
    poll();
    installation.relay(&["drain"]).with_status(0);
    assert_eq!(bills(), [1, 1, 1], "each is there once");
    let shown = installation.relay(&["show", &after]).with_status(0).stdout;
    assert!(shown.contains("delivered"), "{shown}");
    assert!(installation.relay(&["history"]).stdout.contains("found"));
}

#[test]
fn a_backup_is_told_in_status_in_the_log_and_in_the_console_and_a_stack_is_told_what_aws_does() {
    let mut installation = Installation::with_store();
    let none = installation.relay(&["status"]).stdout;
    assert!(none.contains("The last backup: none by `relay backup` yet"), "{none}");
    fs::create_dir(installation.path("backups")).unwrap();
    let told = installation.relay(&["backup", "backups"]).with_status(0).stdout;
    let file = fs::read_dir(installation.path("backups")).unwrap().next().unwrap().unwrap().path();
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    assert!(
        name.starts_with("relay-20") && told.contains(&name) && told.contains("read through and whole"),
        "{told}"
    );
    let status = installation.relay(&["status"]).stdout;
    assert!(status.contains(&name) && !status.contains("This store is the backup"), "{status}");
    let json = installation.relay(&["status", "--json"]).json();
    assert!(json["backup"]["file"].as_str().unwrap().ends_with(&name), "{json}");
    assert!(installation.relay(&["log"]).stdout.contains("backup "));
    let again = installation.relay(&["backup", file.to_str().unwrap()]).with_status(2).stderr;
    assert!(again.contains("is not overwritten"), "{again}");
    Console::of(&installation).get("/").shows(&["上次备份", &name]);
    installation.set("RELAY_STORE", "aws");
    let stack = installation.relay(&["backup", "x.db"]).with_status(1).stdout;
    assert!(stack.contains("Point-in-time recovery") && stack.contains("docs/aws.md"), "{stack}");
    assert!(!installation.path("x.db").exists());
}
