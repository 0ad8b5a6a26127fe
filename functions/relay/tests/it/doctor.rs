//! `relay doctor`: every connection that the flows need is tried, and nothing is sent.

use serde_json::Value;

use crate::support::{Installation, Town};

fn tried<'a>(answer: &'a Value, of: &str, what: &str) -> &'a Value {
    let tried = answer["tried"].as_array().unwrap();
    let found =
        tried.iter().find(|tried| tried["of"] == of && tried["what"].as_str().unwrap().contains(what));
    found.unwrap_or_else(|| panic!("{of} {what} in {answer}"))
}

#[test]
fn a_well_installation_is_well_and_nothing_was_sent() {
    let town = Town::open();
    let installation = town.installation();
    let answer = installation.relay(&["doctor", "--json"]).with_status(0).json();
    for (of, what) in [
        ("store", "a value is written"),
        ("wangdian", "wangdian.trade_query over qimen"),
        ("wangdian", "wangdian.api_goods_stock_change_query over direct"),
        ("wangdian", "wangdian.trade_push"),
        ("kingdee", "the look-up kingdee.material"),
        ("kingdee", "kingdee.sal_order_save"),
    ] {
        assert_eq!(tried(&answer, of, what)["went"], "well", "{of} {what}: {answer}");
    }
    assert_eq!(tried(&answer, "sharecrm", "sharecrm.objdata_push")["went"], "untried");
    assert_eq!(tried(&answer, "qince", "qince.direct_order")["went"], "untried");
    assert!(town.vendors.wangdian.pushed_orders().is_empty());
    assert!(town.vendors.sharecrm.records().is_empty());
    assert!(!installation.path("relay.db").exists());
}

#[test]
fn settings_that_are_missing_are_named_with_the_place_where_their_values_stand() {
    let answer = Installation::empty().relay(&["doctor", "--json"]).with_status(1).json();
    let wrong = answer["tried"].as_array().unwrap().iter().filter(|tried| tried["went"] == "wrong");
    let messages: Vec<_> = wrong.map(|tried| tried["message"].as_str().unwrap()).collect();
    for name in [
        "WDT_APPSECRET",
        "QIMEN_APP_SECRET",
        "KINGDEE_CLIENT_SECRET",
        "SHARECRM_APP_SECRET",
        "QINCE_PUSH_SECRETS",
    ] {
        assert!(messages.iter().any(|message| message.starts_with(name)), "{name} in {messages:?}");
    }
    let of_wdt = answer["tried"].as_array().unwrap().iter();
    let secret =
        of_wdt.clone().find(|tried| tried["message"].as_str().unwrap().starts_with("WDT_APPSECRET")).unwrap();
    assert!(secret["look_at"][0].as_str().unwrap().contains("open.wangdian.cn"), "{secret}");
}

#[test]
fn a_wrong_secret_is_told_in_the_vendors_words_with_the_settings_to_look_at() {
    let town = Town::open();
    let mut installation = town.installation();
    installation
        .set("WDT_APPSECRET", "wrong")
        .set("SHARECRM_APP_SECRET", "wrong")
        .set("KINGDEE_PASSWORD", "wrong");
    let answer = installation.relay(&["doctor", "--json"]).with_status(1).json();
    for (of, what, setting) in [
        ("wangdian", "wangdian.trade_push", "WDT_APPSECRET"),
        ("sharecrm", "sharecrm.objdata_push", "SHARECRM_APP_SECRET"),
        ("kingdee", "the look-up kingdee.", "KINGDEE_PASSWORD"),
    ] {
        let tried = tried(&answer, of, what);
        assert_eq!(tried["went"], "wrong", "{tried}");
        let look_at = tried["look_at"].as_array().unwrap();
        assert!(look_at.iter().any(|place| place.as_str().unwrap().starts_with(setting)), "{tried}");
    }
    // A wrong password locks an account: it is tried once.
    let of_kingdee = answer["tried"].as_array().unwrap().iter().filter(|tried| tried["of"] == "kingdee");
    assert_eq!(of_kingdee.count(), 1, "{answer}");
    assert!(
        !answer.to_string().contains("_QUEUE_URL"),
        "an output of a stack is none of its settings: {answer}"
    );
    let text = installation.relay(&["doctor"]).with_status(1).stdout;
    assert!(text.contains("WRONG   wangdian: wangdian.trade_push (nothing is sent): "), "{text}");
    assert!(!text.contains("\"wrong\""), "no value is shown: {text}");
}
