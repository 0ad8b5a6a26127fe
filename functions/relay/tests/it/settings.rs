//! `relay.toml` and the shell: the settings file, the language, the form of the logs, completions, the manual.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::{Installation, Town};

/// A file that its owner alone may read.
fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn the_file_of_the_folder_is_read_and_the_environment_goes_before_it() {
    let mut installation = Installation::empty();
    write(
        &installation.path("relay.toml"),
        "[relay]\nRELAY_STORE = \"sqlite:of-file.db\"\n[qince]\nQINCE_PUSH_SECRETS = \"s0EXAMPLEpushsecret\"\n",
    );
    installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json").with_status(0);
    assert!(installation.path("of-file.db").exists());
    installation.set("RELAY_STORE", "sqlite:of-environment.db");
    installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json").with_status(0);
    assert!(installation.path("of-environment.db").exists());
}

#[test]
fn a_file_that_is_named_says_where_its_store_and_flows_are() {
    let installation = Installation::empty();
    installation.relay(&["init", "--set", "default", "mine"]).with_status(0);
    let config = installation.path("mine/relay.toml");
    let named = ["--config", config.to_str().unwrap()];
    let checked =
        installation.relay(&[&named[..], &["flows", "check", "--json"]].concat()).with_status(0).json();
    assert_eq!(checked["flows"].as_array().unwrap().len(), 5, "{checked}");
    let status = installation.relay(&[&named[..], &["status"]].concat()).with_status(2);
    let store = installation.path("mine/relay.db").display().to_string();
    assert!(status.stderr.contains(&store), "{}", status.stderr);
    let nowhere = installation.relay(&["--config", "nowhere.toml", "status"]).with_status(2);
    assert!(nowhere.stderr.contains("nowhere.toml cannot be read"), "{}", nowhere.stderr);
}

#[test]
fn what_is_wrong_in_the_file_is_told_at_once_and_no_value_is_shown() {
    let installation = Installation::empty();
    let file = installation.path("relay.toml");
    write(&file, "[wangdian]\nWDT_APPSECRETS = \"s3cret\"\n[kingdee]\nWDT_SID = \"s3cret\"\n");
    let said = installation.relay(&["status"]).with_status(2).stderr;
    assert!(
        said.contains("relay.toml, line 2: WDT_APPSECRETS is no setting: did you mean `WDT_APPSECRET`?"),
        "{said}"
    );
    assert!(said.contains("line 4: WDT_SID belongs under [wangdian]") && !said.contains("s3cret"), "{said}");
    write(&file, "[wangdian]\nWDT_APPSECRET = \"s3cret\"\n");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let said = installation.relay(&["status"]).with_status(2).stderr;
    assert!(said.contains("holds secrets: `chmod 600 relay.toml`") && !said.contains("s3cret"), "{said}");
    // What needs no settings goes on.
    installation.relay(&["completions", "bash"]).with_status(0);
}

#[test]
fn a_secret_stands_in_a_file_or_a_variable_of_its_own() {
    let mut installation = Installation::empty();
    write(&installation.path("relay.toml"), "[qince]\nQINCE_PUSH_SECRETS = { file = \"secrets/qince\" }\n");
    write(&installation.path("secrets/qince"), "s0EXAMPLEpushsecret\n");
    installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json").with_status(0);
    fs::set_permissions(installation.path("secrets/qince"), fs::Permissions::from_mode(0o644)).unwrap();
    let said =
        installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json").with_status(2).stderr;
    assert!(said.contains("QINCE_PUSH_SECRETS: others may read or change secrets/qince"), "{said}");
    write(
        &installation.path("relay.toml"),
        "[qince]\nQINCE_PUSH_SECRETS = { env = \"PUSH_SECRET_OF_VAULT\" }\n",
    );
    installation.set("PUSH_SECRET_OF_VAULT", "s0EXAMPLEpushsecret");
    installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json").with_status(0);
}

#[test]
fn logs_are_json_by_choice_with_one_object_a_line() {
    let mut installation = Town::open().installation();
    installation.set("RUST_LOG", "info");
    let text =
        installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json").with_status(0).stderr;
    assert!(text.lines().any(|line| line.contains("push stored") && !line.contains('{')), "{text}");
    installation.set("RELAY_LOG", "json");
    let lines =
        installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json").with_status(0).stderr;
    let objects: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(
        objects.iter().any(|line| line["message"] == "push stored" && line["level"] == "INFO"),
        "{lines}"
    );
    installation.set("RELAY_LOG", "xml");
    let wrong = installation.relay(&["status"]).with_status(2).stderr;
    assert!(wrong.contains("RELAY_LOG expects `text` or `json`"), "{wrong}");
}

#[test]
fn help_and_answers_are_chinese_where_the_setting_or_the_locale_says_so() {
    let chinese = |name: &str, value: &str| {
        let mut installation = Installation::empty();
        installation.set(name, value);
        installation.relay(&["status", "--help"]).with_status(0).stdout.contains("用法:")
    };
    for (name, value) in [("RELAY_LANG", "zh"), ("LANG", "zh_CN.UTF-8"), ("LC_ALL", "zh_CN")] {
        assert!(chinese(name, value), "{name}={value}");
    }
    for (name, value) in [("RELAY_LANG", "en"), ("LANG", "en_US.UTF-8"), ("LC_ALL", "C")] {
        assert!(!chinese(name, value), "{name}={value}");
    }
    let mut installation = Installation::empty();
    installation.set("LANG", "zh_CN.UTF-8").set("RELAY_LANG", "en");
    assert!(installation.relay(&["--help"]).stdout.contains("Usage:"));
    installation.set("RELAY_LANG", "fr");
    let wrong = installation.relay(&["status"]).with_status(2).stderr;
    assert!(wrong.contains("RELAY_LANG 要填`zh` 或 `en`"), "{wrong}");
}

#[test]
fn an_error_is_json_too_where_json_is_asked_for() {
    let answer = Installation::empty().relay(&["status", "--json"]).with_status(2);
    assert_eq!(answer.json()["exit_status"], 2);
    assert!(answer.stderr.contains(answer.json()["error"].as_str().unwrap()), "{}", answer.stderr);
}

#[test]
fn shells_complete_the_commands_and_the_manual_has_a_page_for_each() {
    let installation = Installation::empty();
    for shell in ["bash", "zsh", "fish"] {
        let script = installation.relay(&["completions", shell]).with_status(0).stdout;
        assert!(script.contains("failures") && script.contains("recheck"), "{shell}: {script}");
    }
    let script = installation.relay(&["completions", "bash"]).stdout;
    fs::write(installation.path("relay.bash"), script).unwrap();
    let completed = "bash --norc -c '. ./relay.bash; COMP_WORDS=(relay fai); COMP_CWORD=1; _relay relay fai relay; echo ${COMPREPLY[@]}'";
    let completed = crate::support::Answer::of(&mut installation.shell(completed)).with_status(0).stdout;
    assert_eq!(completed.trim(), "failures");
    let page = installation.relay(&["man"]).with_status(0).stdout;
    assert!(page.starts_with(".ie") && page.contains(".TH relay 1"), "{page}");
    installation.relay(&["man", "manual"]).with_status(0);
    for name in ["relay.1", "relay-status.1", "relay-flows-check.1"] {
        assert!(installation.path("manual").join(name).exists(), "{name}");
    }
}
