//! `relay init`: a folder to start from.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Answer, Installation};

const SETS: [&str; 3] = ["default", "e-commerce", "field-sales"];

#[test]
fn every_set_passes_its_check_and_its_tests() {
    for set in SETS {
        let installation = Installation::empty();
        let written = installation.relay(&["init", "--set", set, "mine", "--json"]).with_status(0).json();
        assert_eq!(written["kept"], serde_json::json!([]), "{written}");
        let flows = installation.path("mine/flows");
        let checked =
            installation.relay(&["flows", "check", flows.to_str().unwrap(), "--json"]).with_status(0).json();
        assert!(checked["flows"].as_array().unwrap().len() >= 5, "{checked}");
        // What is not set here is all that may be said.
        for warning in checked["warnings"].as_array().unwrap() {
            let said = warning["message"].as_str().unwrap();
            assert!(
                said.ends_with("is not set here") || said.contains("without a `status` only"),
                "{warning}"
            );
        }
        let tested =
            installation.relay(&["flows", "test", flows.to_str().unwrap(), "--json"]).with_status(0).json();
        for flow in tested["flows"].as_array().unwrap() {
            assert!(!flow["tests"].as_array().unwrap().is_empty(), "{set}: {flow}");
        }
    }
}

#[test]
fn what_needs_kingdees_second_interface_waits_in_a_folder_of_its_own() {
    let mut installation = Installation::empty();
    installation.relay(&["init", "--set", "e-commerce"]).with_status(0);
    installation.set("KINGDEE_AUTH", "v2");
    let folder = installation.path("flows/kingdee-v2");
    let tested =
        installation.relay(&["flows", "test", folder.to_str().unwrap(), "--json"]).with_status(0).json();
    assert_eq!(tested["flows"][0]["flow"], "purchase-order-to-wangdian", "{tested}");
}

#[test]
fn nothing_that_is_there_is_overwritten_and_secrets_are_the_owners() {
    let installation = Installation::empty();
    fs::create_dir_all(installation.path("mine/flows")).unwrap();
    fs::write(installation.path("mine/flows/refund-to-sharecrm.toml"), "mine").unwrap();
    let said = installation.relay(&["init", "--set", "field-sales", "mine"]).with_status(0).stdout;
    assert!(said.contains("kept mine/flows/refund-to-sharecrm.toml"), "{said}");
    assert_eq!(fs::read_to_string(installation.path("mine/flows/refund-to-sharecrm.toml")).unwrap(), "mine");
    let settings = installation.path("mine/settings.env");
    assert_eq!(fs::metadata(&settings).unwrap().permissions().mode() & 0o777, 0o600);
    fs::write(&settings, "WDT_SID=mine").unwrap();
    let again = installation.relay(&["init", "--set", "field-sales", "mine", "--json"]).with_status(0).json();
    assert_eq!(again["written"], serde_json::json!([]), "{again}");
    assert_eq!(fs::read_to_string(&settings).unwrap(), "WDT_SID=mine");
}

#[test]
fn the_settings_file_names_what_the_flows_need_and_a_shell_reads_it() {
    for set in SETS {
        let installation = Installation::empty();
        installation.relay(&["init", "--set", set]).with_status(0);
        let text = fs::read_to_string(installation.path("settings.env")).unwrap();
        let needed: Vec<_> =
            text.lines().filter(|line| !line.starts_with('#') && line.contains('=')).collect();
        assert!(needed.contains(&"RELAY_FLOWS_DIR=flows") && needed.contains(&"WDT_APPSECRET="), "{text}");
        if set == "field-sales" {
            assert!(
                needed.contains(&"QINCE_PUSH_SECRETS=") && needed.contains(&"SHARECRM_DATA_CENTER_ID="),
                "{text}"
            );
        }
        // Every name is one that the program knows: what is wrong with the values, no start asks about before.
        fs::write(installation.path("settings.env"), text.replace("=\n", "=x\n")).unwrap();
        let started =
            Answer::of(&mut installation.within("set -a; . ./settings.env", &["drain"])).with_status(2);
        assert!(!started.stderr.contains("is no setting"), "{}", started.stderr);
    }
}
