//! `relay flows test`, and a folder whose tests fail.

use crate::support::{Installation, Town};

const FLOWS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/flows");

/// A folder with one shipped flow, its tests, and a change of these.
fn with_tests(change: (&str, &str)) -> Installation {
    let installation = Installation::empty();
    let flows = installation.path("flows");
    std::fs::create_dir_all(flows.join("tests")).unwrap();
    for file in ["stock-to-sharecrm.toml", "stock-to-sharecrm.test.toml", "tests/stock-change.json"] {
        let text = std::fs::read_to_string(format!("{FLOWS}/{file}")).unwrap();
        let text = if file.ends_with(".test.toml") { text.replace(change.0, change.1) } else { text };
        std::fs::write(flows.join(file), text).unwrap();
    }
    installation
}

const AS_SHIPPED: (&str, &str) = ("", "");
const WRONG: (&str, &str) = ("sync_stock         = \"128\"", "sync_stock         = 127");

#[test]
fn the_tests_of_the_shipped_flows_pass_and_reach_every_rule() {
    let shipped = Installation::empty().relay(&["flows", "test", "--json"]).with_status(0).json();
    let folder = Installation::empty().relay(&["flows", "test", FLOWS, "--json"]).with_status(0).json();
    for answer in [&shipped, &folder] {
        assert_eq!(answer["failed"], 0, "{answer}");
        let flows = answer["flows"].as_array().unwrap();
        assert_eq!(flows.len(), 5, "{answer}");
        for flow in flows {
            assert!(flow["tests"].as_array().unwrap().len() >= 4, "{flow}");
            assert_eq!(flow["coverage"]["missing"], serde_json::json!([]), "{flow}");
            assert!(flow["coverage"]["of"].as_u64().unwrap() > 10, "{flow}");
        }
    }
}

#[test]
fn each_example_has_tests_that_pass_and_reach_every_rule() {
    for (folder, interface, count) in [("examples", "v1", 27), ("examples/kingdee-v2", "v2", 6)] {
        let mut installation = Installation::empty();
        installation.set("KINGDEE_AUTH", interface);
        let folder = format!("{FLOWS}/{folder}");
        let answer = installation.relay(&["flows", "test", &folder, "--json"]).with_status(0).json();
        let flows = answer["flows"].as_array().unwrap();
        assert_eq!(flows.len(), count, "{answer}");
        for flow in flows {
            assert!(flow["tests"].as_array().unwrap().len() >= 2, "{flow}");
            assert_eq!(flow["coverage"]["missing"], serde_json::json!([]), "{flow}");
        }
    }
}

#[test]
fn the_tests_that_the_documents_show_pass() {
    let document = include_str!("../../../../docs/flows.md");
    let (_, tests) = document.split_once("## Tests").unwrap().1.split_once("```toml\n").unwrap();
    let (tests, _) = tests.split_once("```").unwrap();
    let installation = Installation::empty();
    std::fs::create_dir_all(installation.path("flows/tests")).unwrap();
    for file in ["trade-to-kingdee.toml", "tests/trade.json"] {
        std::fs::copy(format!("{FLOWS}/{file}"), installation.path("flows").join(file)).unwrap();
    }
    std::fs::write(installation.path("flows/trade-to-kingdee.test.toml"), tests).unwrap();
    let answer = installation.relay(&["flows", "test", "flows"]).with_status(0);
    assert!(answer.stdout.ends_with("1 flow, 3 tests, none failed.\n"), "{}", answer.stdout);
}

#[test]
fn a_test_that_fails_is_told_field_by_field_with_its_line() {
    let installation = with_tests(WRONG);
    let answer = installation.relay(&["flows", "test", "flows"]).with_status(1);
    let text = std::fs::read_to_string(installation.path("flows/stock-to-sharecrm.test.toml")).unwrap();
    let line = 1 + text.lines().position(|line| line.contains("= 127")).unwrap();
    let said = format!(
        "    masterFieldVal.sync_stock: expected the number 127, found \"128\" (flows/stock-to-sharecrm.test.toml:{line})"
    );
    assert!(answer.stdout.contains(&said), "{}", answer.stdout);
    assert!(answer.stdout.ends_with("1 flow, 4 tests, 1 failed.\n"), "{}", answer.stdout);
    let json = installation.relay(&["flows", "test", "flows", "--json"]).with_status(1).json();
    assert_eq!(json["failed"], 1);
    assert_eq!(json["flows"][0]["tests"][0]["differences"][0]["line"], line, "{json}");
}

#[test]
fn rules_that_no_test_reaches_are_named_with_their_place_and_are_no_failure() {
    let installation = with_tests(AS_SHIPPED);
    let test = "[settings]\nSHARECRM_DATA_CENTER_ID = \"DC1\"\n[[test]]\nname = \"n\"\n\
                document = { rec_id = \"1\", sync_stock = \"1\" }\nrequest = {}\n";
    std::fs::write(installation.path("flows/stock-to-sharecrm.test.toml"), test).unwrap();
    let answer = installation.relay(&["flows", "test", "flows"]).with_status(0);
    for said in [
        "stock-to-sharecrm: 1 test; they reach 6 of 12 rules and conditions",
        "not reached: masterFieldVal.spec_no: nothing is sent (flows/stock-to-sharecrm.toml:29:22)",
    ] {
        assert!(answer.stdout.contains(said), "{said} in {}", answer.stdout);
    }
}

#[test]
fn nothing_is_begun_with_a_folder_whose_tests_fail() {
    for change in [WRONG, ("nothing =", "nohting =")] {
        let mut installation = with_tests(change);
        installation.set("RELAY_FLOWS_DIR", "flows");
        let event = crate::support::events("stock-syncer/schedule.json");
        let commands: [&[&str]; 3] =
            [&["serve"], &["drain"], &["invoke", "stock-syncer", "--event", event.to_str().unwrap()]];
        for command in commands {
            let answer = installation.relay(command).with_status(2);
            let said = "the flow files' own tests fail, so nothing is begun with them (`relay flows test`)";
            assert!(answer.stderr.contains(said), "{command:?}: {}", answer.stderr);
            assert!(answer.stderr.contains("stock-to-sharecrm.test.toml:"), "{}", answer.stderr);
            assert!(!installation.path("relay.db").exists(), "{command:?}");
        }
        installation.relay(&["flows", "check"]).with_status(0);
    }
}

#[test]
fn a_test_file_is_no_flow_and_one_of_no_flow_is_a_mistake() {
    let installation = with_tests(AS_SHIPPED);
    let checked = installation.relay(&["flows", "check", "flows", "--json"]).with_status(0).json();
    assert_eq!(checked["flows"].as_array().unwrap().len(), 1, "{checked}");
    std::fs::write(installation.path("flows/other.test.toml"), "[[test]]\n").unwrap();
    let answer = installation.relay(&["flows", "test", "flows"]).with_status(1);
    assert!(
        answer.stdout.contains("tests the flow `other`, which is not in this folder"),
        "{}",
        answer.stdout
    );
}

#[test]
fn a_test_recorded_of_a_document_that_came_passes_and_names_no_person() {
    let town = Town::open();
    let installation = town.installation();
    installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json").with_status(0);
    installation.relay(&["drain"]).with_status(0);
    let key = "7226306356013346628";
    let of_several = installation.relay(&["flows", "record", key]).with_status(1);
    assert!(
        of_several.stderr.contains("direct-order-to-sharecrm, direct-order-to-wangdian"),
        "{}",
        of_several.stderr
    );

    let flow = "direct-order-to-wangdian";
    let answer = installation.relay(&["flows", "record", key, "--flow", flow]).with_status(0);
    for personal in ["李四", "18254623212", "02589652314", "云龙山路", "张明", "南京苏果超市", "请尽快送货"]
    {
        assert!(!answer.stdout.contains(personal), "{personal} in {}", answer.stdout);
    }
    for kept in
        ["receiver_city = \"南京市\"", "spec_no = \"P0001\"", "WDT_SHOP_NO = \"S001\"", "paid = \"190\""]
    {
        assert!(answer.stdout.contains(kept), "{kept} in {}", answer.stdout);
    }
    assert!(!answer.stdout.contains("not what was delivered"), "{}", answer.stdout);
    std::fs::create_dir(installation.path("flows")).unwrap();
    std::fs::copy(format!("{FLOWS}/{flow}.toml"), installation.path(&format!("flows/{flow}.toml"))).unwrap();
    std::fs::write(installation.path(&format!("flows/{flow}.test.toml")), &answer.stdout).unwrap();
    let tested = installation.relay(&["flows", "test", "flows"]).with_status(0);
    assert!(tested.stdout.ends_with("1 flow, 1 test, none failed.\n"), "{}", tested.stdout);
    let again = installation.relay(&["flows", "record", key, "--flow", flow]).with_status(0);
    assert_eq!(again.stdout, answer.stdout);
    installation.relay(&["flows", "record", "nothing"]).with_status(1);
}

#[test]
fn a_recorded_test_brings_the_ids_that_were_looked_up() {
    let town = Town::open();
    town.stock_the_sample_trade();
    let installation = town.installation();
    installation.invoke("erp-pusher", "erp-pusher/sqs.json");
    let answer = installation.relay(&["flows", "record", "JY202611220001"]).with_status(0);
    std::fs::create_dir(installation.path("flows")).unwrap();
    let flow = "trade-to-kingdee";
    std::fs::copy(format!("{FLOWS}/{flow}.toml"), installation.path(&format!("flows/{flow}.toml"))).unwrap();
    std::fs::write(installation.path(&format!("flows/{flow}.test.toml")), &answer.stdout).unwrap();
    installation.relay(&["flows", "test", "flows"]).with_status(0);
    assert!(answer.stdout.contains("[test.lookups.\"kingdee.customer\"]\napi_zy01 = "), "{}", answer.stdout);
    assert!(!answer.stdout.contains("id-1"), "the ids are Kingdee's own: {}", answer.stdout);
}
