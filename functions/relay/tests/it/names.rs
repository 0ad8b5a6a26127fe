//! Names that nobody knows are errors with a suggestion, and never "all is well".

use crate::support::{Installation, Town};

#[test]
fn a_flow_that_nobody_knows_is_an_error_with_the_one_that_was_meant() {
    let town = Town::open();
    let installation = town.installation();
    installation.invoke("erp-pusher", "erp-pusher/sqs.json").with_status(0);
    for arguments in [
        &["failures", "--flow", "trade-to-kingde"][..],
        &["replay", "--flow", "trade-to-kingde", "--all"],
        &["replay", "--flow", "trade-to-kingde", "--key", "JY202611220001"],
        &["settle", "--flow", "trade-to-kingde", "--key", "JY202611220001"],
    ] {
        let answer = installation.relay(arguments).with_status(2);
        assert!(
            answer.stderr.contains("did you mean `trade-to-kingdee`?"),
            "{arguments:?}: {}",
            answer.stderr
        );
        assert_eq!(answer.stdout, "", "{arguments:?}");
    }
    for known in ["trade-to-kingdee", "unreadable", "qince/unrouted", "qince/unreadable", "stock-to-sharecrm"]
    {
        let answer = installation.relay(&["failures", "--flow", known]);
        assert_ne!(answer.status, Some(2), "{known}: {}", answer.stderr);
    }
    let key = ["replay", "--flow", "trade-to-kingdee", "--key", "JY20261122001"];
    let answer = installation.relay(&key).with_status(1);
    assert!(answer.stderr.contains("did you mean `JY202611220001`?"), "{}", answer.stderr);
    let answer = installation.relay(&["resume", "kingde"]).with_status(2);
    assert!(answer.stderr.contains("did you mean `kingdee`?"), "{}", answer.stderr);
}

#[test]
fn a_setting_that_nobody_knows_stops_the_start_and_shows_no_value() {
    let town = Town::open();
    let mut installation = town.installation();
    installation.set("WDT_CALLS_PER_MINUT", "20-s3cret").set("SHARECRM_ZZZZZZZZZZZZ", "s3cret");
    installation.set("UNRELATED_SETTING", "1");
    for answer in [
        installation.relay(&["serve", "--listen", "127.0.0.1:0"]),
        installation.relay(&["drain"]),
        installation.relay(&["status"]),
        installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json"),
    ] {
        let answer = answer.with_status(2);
        let said = "WDT_CALLS_PER_MINUT is no setting: did you mean WDT_CALLS_PER_MINUTE?";
        assert!(answer.stderr.contains(said), "{}", answer.stderr);
        assert!(answer.stderr.contains("SHARECRM_ZZZZZZZZZZZZ is no setting"), "{}", answer.stderr);
        assert!(
            !answer.stderr.contains("s3cret") && !answer.stderr.contains("UNRELATED"),
            "{}",
            answer.stderr
        );
    }
    assert!(!installation.path("relay.db").exists(), "nothing was begun");
}

const SHIPPED: &str = include_str!("../../../../shared/flows/direct-order-to-wangdian.toml");

/// An installation whose only flow names this setting.
fn naming(town: &Town, setting: &str) -> Installation {
    let mut installation = town.installation();
    std::fs::create_dir(installation.path("flows")).unwrap();
    let text = SHIPPED.replace("WDT_SHOP_NO", setting);
    assert_ne!(text, SHIPPED.replace("WDT_SHOP_NO", ""));
    std::fs::write(installation.path("flows/orders.toml"), text).unwrap();
    installation.set("RELAY_FLOWS_DIR", "flows");
    installation
}

#[test]
fn a_setting_that_a_flow_names_is_known_also_while_its_file_is_away() {
    let town = Town::open();
    let mut installation = naming(&town, "WDT_MY_SHOP");
    installation.set("WDT_MY_SHOP", "S001");
    installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json").with_status(0);
    installation.relay(&["drain"]).with_status(0);
    std::fs::rename(installation.path("flows/orders.toml"), installation.path("orders.toml")).unwrap();
    let other = include_str!("../../../../shared/flows/trade-to-kingdee.toml");
    std::fs::write(installation.path("flows/trade-to-kingdee.toml"), other).unwrap();
    installation.relay(&["drain"]).with_status(0);
}

#[test]
fn the_check_of_flow_files_tells_secrets_variables_of_others_and_misspelt_settings() {
    let town = Town::open();
    for (name, said) in [
        ("KINGDEE_PASSWORD", "the setting `KINGDEE_PASSWORD` is a secret"),
        ("WDT_SHOP_N0", "did you mean `WDT_SHOP_NO`?"),
        ("AWS_SESSION_TOKEN", "the setting `AWS_SESSION_TOKEN` may be another program's secret"),
    ] {
        let installation = naming(&town, name);
        let answer = installation.relay(&["flows", "check"]).with_status(1);
        assert!(answer.stdout.contains(said) && answer.stdout.contains("orders.toml:"), "{}", answer.stdout);
        let json = installation.relay(&["flows", "check", "--json"]).with_status(1).json();
        assert!(json["mistakes"][0]["message"].as_str().unwrap().contains(name), "{json}");
        assert!(json["mistakes"][0]["line"].as_u64() > Some(1), "{json}");
    }
    // It may be set where the flow runs.
    let installation = naming(&town, "MY_OWN_SHOP");
    let answer = installation.relay(&["flows", "check"]).with_status(0);
    assert!(
        answer.stdout.contains("warning: the setting `MY_OWN_SHOP` is not set here"),
        "{}",
        answer.stdout
    );
}
