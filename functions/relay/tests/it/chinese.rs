//! What people read is Chinese where they have asked for it; what programs read is as ever.

use crate::support::{Installation, Town};

/// An installation that speaks Chinese, with a failed trade and a delivered one.
fn with_a_failure(town: &Town) -> Installation {
    let mut installation = town.installation();
    installation.set("RELAY_LANG", "zh");
    installation.invoke("erp-pusher", "erp-pusher/sqs.json");
    installation
}

/// Whether a text has Chinese characters beside the vendors' names.
fn is_chinese(text: &str) -> bool {
    text.chars().filter(|char| ('\u{4E00}'..='\u{9FFF}').contains(char)).count() >= 4
}

#[test]
fn the_commands_of_every_day_answer_in_chinese_with_the_same_statuses() {
    let town = Town::open();
    let mut installation = with_a_failure(&town);
    for command in [
        &["status"][..],
        &["failures"],
        &["log"],
        &["dead"],
        &["groups"],
        &["lookups", "missing"],
        &["lookups", "list"],
        &["flows", "test"],
        &["flows", "check"],
        &["doctor"],
        &["drain"],
        &["show", "nowhere"],
        &["pause", "kingdee"],
        &["resume", "kingdee"],
        &["documents", "销售订单"],
        &["fields", "kingdee.sal_order_save"],
        &["replay"],
        &["resume", "nowhere"],
        &["flows", "retire", "nowhere"],
    ] {
        installation.set("RELAY_LANG", "zh");
        let chinese = installation.relay(command);
        installation.set("RELAY_LANG", "en");
        let english = installation.relay(command);
        assert_eq!(chinese.status, english.status, "{command:?}: {}", chinese.stderr);
        let said = [chinese.stdout, chinese.stderr].concat();
        assert!(is_chinese(&said), "{command:?}: {said}");
        for word in ["times are China time", "Store:", "error:", "There are", "need a person", "did you mean"]
        {
            assert!(!said.contains(word), "{command:?}: {word} in {said}");
        }
    }
}

#[test]
fn a_failure_has_its_way_out_in_chinese_and_the_vendors_words_as_they_are() {
    let town = Town::open();
    let installation = with_a_failure(&town);
    let said = installation.relay(&["failures"]).with_status(1).stdout;
    assert!(said.contains("流程做不出目标单据") && said.contains("失败"), "{said}");
    let json = installation.relay(&["failures", "--json"]).with_status(1).json();
    let message = json["failures"][0]["message"].as_str().unwrap();
    assert!(said.contains(message), "{message} in {said}");
    assert!(!is_chinese(json["issues"][0]["class"].as_str().unwrap()), "{json}");
}

#[test]
fn programs_read_the_same_in_both() {
    let town = Town::open();
    let mut installation = with_a_failure(&town);
    for command in [
        &["status", "--json"][..],
        &["failures", "--json"],
        &["groups", "--json"],
        &["lookups", "missing", "--json"],
    ] {
        installation.set("RELAY_LANG", "zh");
        let mut chinese = installation.relay(command).json();
        installation.set("RELAY_LANG", "en");
        let mut english = installation.relay(command).json();
        // The time goes on between the two, and others write to the disk.
        for answer in [&mut chinese, &mut english] {
            if let Some(size) = answer.get_mut("size") {
                size["free"] = 0.into();
            }
            for flow in answer["flows"].as_object_mut().into_iter().flat_map(|flows| flows.values_mut()) {
                flow["lag_s"] = 0.into();
            }
            for queue in answer["queues"].as_object_mut().into_iter().flat_map(|queues| queues.values_mut()) {
                queue["oldest_waiting_s"] = 0.into();
            }
        }
        assert_eq!(chinese, english, "{command:?}");
    }
}
