//! `relay serve`: a complete installation in one process.

#![expect(clippy::disallowed_methods, reason = "real processes are timed, by the machine's own time")]

use std::time::{Duration, Instant};

use relay_core::clock::{Clock as _, SystemClock};
use relay_simulators::qince::{Digest, PushStyle, SignedPush, read_reply};

use crate::server::Server;
use crate::support::Town;

/// Looks until it is so, at most two minutes: a machine under load is slow.
#[track_caller]
pub(crate) fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(120), "not within two minutes: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_push_over_http_reaches_its_targets_and_sigterm_ends_the_work_in_hand() {
    let town = Town::open();
    let installation = town.installation();
    let server = Server::start(&installation);
    let order = town.vendors.qince.order(SystemClock.now());
    let push = town.vendors.qince.push(&order, &PushStyle::default());

    let (status, body) = server.push(&push);
    assert_eq!(read_reply(&push, status, body.as_bytes()), Ok(true), "{body}");
    let id = order["id"].as_str().unwrap().to_owned();
    eventually("the order is in WDT", || town.vendors.wangdian.pushed_orders().contains_key(&id));
    let record = ("erpSalesOrderObj".to_owned(), id);
    eventually("the order is in ShareCRM", || town.vendors.sharecrm.records().contains_key(&record));

    let forged = PushStyle { digest: Digest::Wrong, ..PushStyle::default() };
    let forged = town.vendors.qince.push(&order, &forged);
    let (status, body) = server.push(&forged);
    assert_eq!(status, 401, "{body}");
    assert_eq!(read_reply(&forged, status, body.as_bytes()), Ok(false), "{body}");

    let limit = 4 * 1024 * 1024;
    let too_large = SignedPush { body: vec![b'a'; limit + 1], ..push };
    let (status, body) = server.push(&too_large);
    assert_eq!(status, 413, "{body}");
    assert!(body.contains("4194304 bytes"), "{body}");

    let (status, printed) = server.terminate();
    assert_eq!(status, Some(0), "{printed}");
    assert!(printed.contains("Stopping after the work in hand"), "{printed}");
    let status = installation.relay(&["status", "--json"]).with_status(0).json();
    for system in ["sharecrm", "wangdian"] {
        assert_eq!(status["queues"][system]["waiting"], 0, "{status}");
    }
}

#[test]
fn an_address_that_is_taken_is_named() {
    let town = Town::open();
    let installation = town.installation();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let answer = installation.relay(&["serve", "--listen", &address]).with_status(1);
    assert!(answer.stderr.contains(&format!("listening on {address}")), "{}", answer.stderr);
}

#[test]
fn whoever_watches_hears_whether_it_runs_whether_it_works_and_what_stands_where() {
    let town = Town::open();
    let installation = town.installation();
    let server = Server::start(&installation);
    assert_eq!(server.get("/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(server.get("/readyz"), (200, "ready\n".to_owned()));
    let order = town.vendors.qince.order(SystemClock.now());
    assert!(server.stores(&town.vendors.qince.push(&order, &PushStyle::default())));
    let id = order["id"].as_str().unwrap().to_owned();
    eventually("the order is in WDT", || town.vendors.wangdian.pushed_orders().contains_key(&id));
    eventually("it is counted", || {
        let (status, metrics) = server.get("/metrics");
        assert_eq!(status, 200, "{metrics}");
        for line in metrics.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with("relay_") && value.parse::<u64>().is_ok(), "{line}");
        }
        metrics.contains("\nrelay_documents_delivered{flow=\"direct-order-to-wangdian\"} 1\n")
            && metrics.contains("\nrelay_queue_dead{target=\"wangdian\"} 0\n")
            && metrics.contains("# TYPE relay_flow_lag_seconds gauge\n")
    });
    assert_eq!(server.get("/metric").0, 404, "nothing else is told");
}

#[test]
fn what_needs_a_person_is_told_to_a_group_once_with_what_to_do_and_a_link() {
    const ALARM: &str = include_str!("../../../../shared/flows/examples/health-to-wecom.toml");
    const ORDERS: &str = include_str!("../../../../shared/flows/direct-order-to-sharecrm.toml");
    let town = Town::open();
    let mut installation = town.installation();
    std::fs::create_dir(installation.path("flows")).unwrap();
    std::fs::write(installation.path("flows/health-to-wecom.toml"), ALARM).unwrap();
    std::fs::write(installation.path("flows/orders.toml"), ORDERS).unwrap();
    installation.set("RELAY_FLOWS_DIR", "flows").set("RELAY_CONSOLE_URL", "https://relay.example.com/");
    std::fs::write(installation.path("event.json"), "{}").unwrap();
    let look = || {
        let looked = installation.relay(&["invoke", "bill-closer", "--event", "event.json", "--json"]);
        looked.with_status(0).json()["conditions_told"].clone()
    };
    assert_eq!(look(), 0);
    installation.relay(&["pause", "kingdee", "--reason", "盘点", "--by", "李"]).with_status(0);

    let messages = || town.vendors.http.messages();
    let server = Server::start(&installation);
    eventually("the group is told", || !messages().is_empty());
    server.terminate();
    // Another process knows what was told.
    assert_eq!(look(), 0);
    installation.relay(&["drain"]).with_status(0);
    let [message] = &messages()[..] else { panic!("{:?}", messages()) };
    let text = message.body["text"]["content"].as_str().unwrap();
    assert!(text.starts_with("kingdee: paused by 李: 盘点, since "), "{text}");
    assert!(text.ends_with("What to do: relay resume kingdee https://relay.example.com/vendors"), "{text}");
}

#[test]
fn what_needs_a_person_is_written_by_mail_and_a_stack_refuses_such_a_flow() {
    const ALARM: &str = include_str!("../../../../shared/flows/examples/health-to-mail.toml");
    let town = Town::open();
    let mut installation = town.installation();
    std::fs::create_dir(installation.path("flows")).unwrap();
    std::fs::write(installation.path("flows/health-to-mail.toml"), ALARM).unwrap();
    std::fs::write(installation.path("event.json"), "{}").unwrap();
    installation.set("RELAY_FLOWS_DIR", "flows").set("ALERTS_TO", "li@shop.example").set("RELAY_LANG", "zh");
    let look = || installation.relay(&["invoke", "bill-closer", "--event", "event.json"]).with_status(0);
    look();
    installation.relay(&["pause", "kingdee", "--reason", "盘点", "--by", "李"]).with_status(0);
    look();
    installation.relay(&["resume", "kingdee"]).with_status(0);
    look();
    installation.relay(&["drain"]).with_status(0);
    let mails = town.vendors.mail.taken();
    let told: Vec<_> = mails.iter().map(|mail| mail.subject.as_str()).collect();
    assert_eq!(told, ["kingdee: 李 暂停了它:盘点", "kingdee: 已恢复(李 暂停了它:盘点)"]);
    assert_eq!(mails[0].to, ["li@shop.example"]);
    assert!(mails[0].text.contains("处理: relay resume kingdee"), "{}", mails[0].text);
    // Each is a document of its own, so neither is an answer to the other.
    assert_ne!(mails[1].message_id, mails[0].message_id);

    installation.set("RELAY_STORE", "aws").set("RELAY_LANG", "en");
    let told = installation.relay(&["flows", "check"]).with_status(1).stdout;
    assert!(told.contains("health-to-mail.toml:17:12") && told.contains("AlarmEmail"), "{told}");
    let told = installation.relay(&["serve"]).with_status(2).stderr;
    assert!(told.contains("a stack on AWS sends no mail"), "{told}");
}
