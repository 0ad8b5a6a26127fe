//! A command in the wrong folder says so, and every answer names what it is about.

use crate::support::Town;

const KEY: [&str; 4] = ["--flow", "trade-to-kingdee", "--key", "JY202611220001"];

#[test]
fn only_what_works_documents_creates_a_store() {
    let town = Town::open();
    let installation = town.installation();
    std::fs::write(installation.path("ids.csv"), "table,code,id\nkingdee.unit,U1,1\n").unwrap();
    for arguments in [
        vec!["status"],
        vec!["failures"],
        vec!["drain"],
        vec!["replay", "--all"],
        [&["settle"][..], &KEY].concat(),
        vec!["resume", "kingdee"],
        vec!["lookups", "import", "ids.csv"],
        vec!["flows", "retire", "trade-to-kingdee"],
    ] {
        let answer = installation.relay(&arguments).with_status(2);
        let file = installation.path("relay.db");
        assert_eq!(answer.stdout, "", "{arguments:?} has looked at nothing");
        for said in [file.to_str().unwrap(), "RELAY_STORE", "`relay serve`"] {
            assert!(answer.stderr.contains(said), "{arguments:?}: {said} in {}", answer.stderr);
        }
        assert!(!file.exists(), "{arguments:?}");
    }
    installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json").with_status(0);
    assert!(installation.path("relay.db").exists());
}

#[test]
fn an_empty_file_is_no_store_where_all_is_well() {
    let installation = Town::open().installation();
    let file = installation.path("relay.db");
    std::fs::write(&file, "").unwrap();
    for command in ["status", "failures"] {
        let answer = installation.relay(&[command]).with_status(2);
        assert!(answer.stderr.contains("the file is empty"), "{}", answer.stderr);
    }
    assert_eq!(file.metadata().unwrap().len(), 0, "nothing was made of it");
}

#[test]
fn every_answer_names_its_store_and_its_flows() {
    let town = Town::open();
    let mut installation = town.installation();
    installation.invoke("erp-pusher", "erp-pusher/sqs.json").with_status(0);
    let flows = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/flows");
    installation.set("RELAY_FLOWS_DIR", flows);
    let store = format!("sqlite:{}", installation.path("relay.db").display());
    for arguments in [
        vec!["status"],
        vec!["failures"],
        [&["replay"][..], &KEY].concat(),
        [&["settle"][..], &KEY].concat(),
        vec!["resume", "kingdee"],
        vec!["drain"],
    ] {
        // Asked twice, so that a settled document is there for both.
        let json = installation.relay(&[&arguments[..], &["--json"]].concat());
        if arguments[0] == "settle" {
            assert_eq!(json.json()["store"], store.as_str());
            continue;
        }
        let (json, text) = (json.json(), installation.relay(&arguments).stdout);
        assert_eq!(
            (&json["store"], &json["flows_folder"]),
            (&store.as_str().into(), &flows.into()),
            "{json}"
        );
        assert!(text.contains(&store) && text.contains(flows), "{arguments:?}: {text}");
    }
}
