//! Flow files are taken anew while `relay serve` runs; what runs goes on where they do not pass.

use std::fs;
use std::process::Command;

use relay_core::clock::{Clock as _, SystemClock};
use relay_simulators::qince::PushStyle;

use crate::serve::eventually;
use crate::server::Server;
use crate::support::{Installation, Town};

const FLOW: &str = "flows/direct-order-to-sharecrm.toml";

/// Has the flow send a remark.
fn remark(installation: &Installation, text: &str) {
    let file = installation.path(FLOW);
    let flow = fs::read_to_string(&file).unwrap();
    let lines: Vec<_> = flow.lines().filter(|line| !line.starts_with("told ")).collect();
    let section = "[fields.masterFieldVal]";
    let flow = lines.join("\n").replace(section, &format!("{section}\ntold = {text}"));
    fs::write(&file, flow).unwrap();
}

/// What ShareCRM is told of a new order.
fn told(town: &Town, server: &Server) -> serde_json::Value {
    let order = town.vendors.qince.order(SystemClock.now());
    assert!(server.stores(&town.vendors.qince.push(&order, &PushStyle::default())));
    let record = ("erpSalesOrderObj".to_owned(), order["id"].as_str().unwrap().to_owned());
    eventually("the order is in ShareCRM", || town.vendors.sharecrm.records().contains_key(&record));
    town.vendors.sharecrm.records()[&record].history[0].data["masterFieldVal"]["told"].clone()
}

#[test]
fn flow_files_are_taken_anew_by_command_and_by_signal_and_only_where_they_pass() {
    let town = Town::open();
    let mut installation = town.installation();
    installation.relay(&["flows", "export", "flows"]).with_status(0);
    fs::remove_file(installation.path("flows/direct-order-to-sharecrm.test.toml")).ok();
    installation.set("RELAY_FLOWS_DIR", "flows");
    let server = Server::start(&installation);
    assert_eq!(told(&town, &server), serde_json::Value::Null);

    remark(&installation, "{ value = \"one\" }");
    installation.relay(&["flows", "reload"]).with_status(0);
    assert_eq!(told(&town, &server), "one");

    remark(&installation, "{ from = 3 }");
    installation.relay(&["flows", "reload"]).with_status(2);
    let kill = |signal: &str| {
        assert!(Command::new("kill").args([signal, &server.id().to_string()]).status().unwrap().success());
    };
    kill("-HUP");
    let log = || fs::read_to_string(installation.path("log")).unwrap();
    eventually("it says that it goes on", || log().contains("what runs goes on"));
    assert_eq!(told(&town, &server), "one");

    remark(&installation, "{ value = \"two\" }");
    kill("-HUP");
    eventually("the new ones run", || told(&town, &server) == "two");
    let shown = installation.relay(&["flows", "show", "direct-order-to-sharecrm"]).with_status(0).stdout;
    for line in ["told = { value = \"one\" }", "told = { value = \"two\" }"] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    assert_eq!(shown.matches("begun with, changed in").count(), 2, "{shown}");
    let running = || installation.relay(&["status"]).stdout;
    eventually("it says that it runs", || running().contains(" runs on "));
    let (status, printed) = server.terminate();
    assert_eq!(status, Some(0), "{printed}");
    assert!(running().contains("No `relay serve` runs on this store."), "{}", running());
    assert_eq!(printed.matches("The flow files were taken anew.").count(), 2, "{printed}");
    let said = installation.relay(&["log"]).with_status(0).stdout;
    assert!(said.contains("flows reload the flow files"), "{said}");
}

#[test]
fn where_nothing_runs_that_could_take_them_anew_it_is_said() {
    let installation = Installation::empty();
    let answer = installation.relay(&["flows", "reload"]);
    assert!(answer.status != Some(0) && answer.stderr.contains("store"), "{}", answer.stderr);
}
