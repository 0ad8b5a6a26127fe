//! What is said of wrong usage and wrong settings: everything at once, and never a secret.

use crate::support::{Installation, Town, events};

/// What a pusher for all shipped flows needs and a newcomer has not set.
const NEEDED: [&str; 11] = [
    "WDT_SID",
    "WDT_APPKEY",
    "WDT_APPSECRET",
    "KINGDEE_CLIENT_ID",
    "KINGDEE_CLIENT_SECRET",
    "KINGDEE_USERNAME",
    "KINGDEE_PASSWORD",
    "SHARECRM_APP_ID",
    "SHARECRM_APP_SECRET",
    "SHARECRM_PERMANENT_CODE",
    "SHARECRM_DATA_CENTER_ID",
];

#[test]
fn help_names_every_command() {
    let help = Installation::empty().relay(&["--help"]).with_status(0).stdout;
    for command in [
        "demo",
        "serve",
        "invoke",
        "drain",
        "status",
        "failures",
        "replay",
        "settle",
        "resume",
        "lookups",
        "flows",
        "show",
        "pause",
        "dead",
        "completions",
        "man",
        "init",
    ] {
        assert!(help.lines().any(|line| line.trim_start().starts_with(command)), "{command} in {help}");
    }
}

#[test]
fn wrong_usage_is_status_2_and_says_what_was_expected() {
    let installation = Installation::empty();
    for arguments in [
        &["pusher"][..],
        &["invoke", "trade-poller"],
        &["invoke", "trade_poller", "--event", "event.json"],
        &["serve", "--listen", "8080"],
        &["replay"],
        &["replay", "--key", "JY1"],
        &["settle", "--key", "JY1"],
        &["settle", "--flow", "trade-to-kingdee"],
        &["status", "--verbose"],
        &["show", "--flow", "trade-to-kingdee"],
        &["pause"],
        &["pause", "kingdee", "--for", "soon"],
        &["dead", "--id", "1"],
    ] {
        let answer = installation.relay(arguments).with_status(2);
        assert!(answer.stderr.starts_with("error: "), "{arguments:?}: {}", answer.stderr);
        assert_eq!(answer.stdout, "", "{arguments:?}");
    }
    let answer = installation.relay(&["invoke", "trade_poller", "--event", "event.json"]);
    assert!(answer.stderr.contains("possible values: webhook-receiver, trade-poller"), "{}", answer.stderr);
    let answer = Installation::with_store().relay(&["resume", "kingdom"]).with_status(2);
    let targets: Vec<_> = relay_connectors::targets().map(relay_core::System::name).collect();
    let told = format!("the targets are {}", targets.join(", "));
    assert!(answer.stderr.contains(&told), "{}", answer.stderr);
}

#[test]
fn missing_settings_are_named_all_at_once() {
    let mut installation = Installation::with_store();
    installation.set("QINCE_PUSH_SECRETS", "");
    for command in ["drain", "serve"] {
        let answer = installation.relay(&[command]).with_status(2);
        for name in NEEDED {
            let said = format!("{name} is not set: it expects ");
            assert_eq!(answer.stderr.matches(&said).count(), 1, "{command}: {name} in {}", answer.stderr);
        }
        // Only the server takes pushes.
        assert_eq!(answer.stderr.contains("QINCE_PUSH_SECRETS"), command == "serve", "{}", answer.stderr);
    }
}

#[test]
fn a_function_needs_only_its_own_settings() {
    let mut installation = Installation::empty();
    installation.set("QINCE_PUSH_SECRETS", "s0EXAMPLEpushsecret");
    installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json").with_status(0);
    let answer = installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(2);
    assert!(answer.stderr.contains("WDT_SID") && !answer.stderr.contains("KINGDEE"), "{}", answer.stderr);
}

#[test]
fn malformed_settings_are_named_and_their_values_are_not_shown() {
    let town = Town::open();
    let malformed = [
        ("WDT_BASE_URL", "api.wangdian.cn/s3cret-path"),
        ("WDT_CALLS_PER_MINUTE", "0"),
        ("KINGDEE_AUTH", "v3"),
        ("KINGDEE_CALLS_PER_MINUTE", "many-s3cret"),
        ("SHARECRM_EXTRA_HEADERS", "X-Token s3cret"),
        ("SHARECRM_MAX_BODY_BYTES", "1 MiB"),
    ];
    let mut installation = town.installation();
    installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json").with_status(0);
    for (name, value) in malformed {
        installation.set(name, value);
    }
    let answer = installation.relay(&["drain"]).with_status(2);
    for (name, _) in malformed {
        assert!(answer.stderr.contains(&format!("{name} expects ")), "{name} in {}", answer.stderr);
    }
    assert!(!answer.stderr.contains("s3cret"), "{}", answer.stderr);
    for (name, value) in relay_simulators::settings() {
        let is_secret = ["SECRET", "PASSWORD", "PERMANENT"].iter().any(|word| name.contains(word));
        assert!(!is_secret || !answer.stderr.contains(value), "{name} in {}", answer.stderr);
    }
}

#[test]
fn each_setting_of_one_function_is_checked_where_it_is_needed() {
    let town = Town::open();
    for (name, value, function, event) in [
        ("RELAY_START", "yesterday", "trade-poller", "trade-poller/schedule.json"),
        ("QIMEN_BASE_URL", "gw.api.taobao.com", "stock-syncer", "stock-syncer/schedule.json"),
        ("QINCE_ALLOW_RAW_JSON", "yes", "webhook-receiver", "webhook-receiver/direct-order.json"),
        ("RELAY_STORE", "postgres://relay", "erp-pusher", "erp-pusher/sqs.json"),
    ] {
        let mut installation = town.installation();
        installation.set(name, value);
        let answer = installation.invoke(function, event).with_status(2);
        assert!(answer.stderr.contains(&format!("{name} expects ")), "{}", answer.stderr);
        assert_eq!(answer.stdout, "", "an answer of the function would say that it ran");
    }
}

#[test]
fn an_event_that_is_none_is_named() {
    let mut installation = Installation::empty();
    installation.set("QINCE_PUSH_SECRETS", "s0EXAMPLEpushsecret");
    let answer = installation.invoke("webhook-receiver", "nowhere.json").with_status(2);
    assert!(answer.stderr.contains("nowhere.json"), "{}", answer.stderr);
    let readme = events("README.md");
    let arguments = ["invoke", "webhook-receiver", "--event", readme.to_str().unwrap()];
    let answer = installation.relay(&arguments).with_status(2);
    assert!(answer.stderr.contains("README.md is not JSON"), "{}", answer.stderr);
}
