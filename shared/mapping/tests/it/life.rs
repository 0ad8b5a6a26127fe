//! The life of a bill as flows say it: what the target's row does not have is refused when the flow is checked.

use std::collections::BTreeMap;

use relay_connector::Settings;
use relay_core::life::{Change, Step};
use relay_mapping::{Context, Flow};
use serde_json::json;

const FLOW: &str = r#"
[source]
document = "http.webhook"
key      = "id"
SOURCE

[target]
document = "kingdee.sal_outbound_save"
TARGET

[fields]
billno        = "id"
billdate      = { from = "day", as = "date" }
customerid_id = "customer"

[fields.material_entity]
each          = "items"
materialid_id = "sku"
stockid_id    = "store"
unit_id       = "unit"
qty           = "quantity"
"#;

fn parsed(source: &str, target: &str, version: &str) -> Result<Flow, String> {
    parsed_of(&FLOW.replace("SOURCE", source).replace("TARGET", target), version)
}

fn parsed_of(text: &str, version: &str) -> Result<Flow, String> {
    let settings = Settings::from_iter([("KINGDEE_AUTH".to_owned(), version.to_owned())]);
    Flow::parse("f", "f.toml", text, &relay_connectors::catalog_by(&settings))
        .map_err(|mistakes| mistakes.to_string())
}

/// Of a flow that makes a bill of each store's lines.
fn split(withdrawn: &str, more: &str, version: &str) -> Result<Flow, String> {
    let split = format!("[split]\nby = \"items.store\"\nwithdrawn = \"{withdrawn}\"\n{more}\n[fields]\n");
    parsed_of(&FLOW.replace("SOURCE", "").replace("TARGET", "").replace("[fields]\n", &split), version)
}

#[test]
fn a_part_that_is_withdrawn_takes_the_words_of_a_cancellation() {
    for (word, change) in [
        ("fail", None),
        ("delete", Some(Change::WhileOpen)),
        ("unaudit+delete", Some(Change::Reopen)),
        ("offset", Some(Change::Offset)),
    ] {
        let flow = split(word, "", "v2").unwrap();
        assert_eq!(flow.life().and_then(relay_mapping::Life::when_withdrawn), change, "{word}");
    }
    for word in ["delete", "unaudit+delete"] {
        let mistakes = split(word, "", "v1").unwrap_err();
        for words in [
            "the step `delete` with KINGDEE_AUTH=v1",
            "it has with KINGDEE_AUTH=v2",
            "`offset` takes the bill back",
        ] {
            assert!(mistakes.contains(words), "{word}: `{words}` is not in {mistakes}");
        }
    }
    assert!(split("offset", "", "v1").is_ok() && split("fail", "", "v1").is_ok());
    let group = "[group]\nby = [\"customer\"]\nlines = [\"materialid_id\", \"stockid_id\", \"unit_id\"]\nsum = [\"qty\"]\nclose = { after = \"day\" }";
    let mistakes = split("offset", group, "v2").unwrap_err();
    assert!(
        mistakes.contains("leaves its group") && mistakes.contains("`difference` in [group]"),
        "{mistakes}"
    );
    assert!(!split("fail", group, "v2").is_err_and(|mistakes| mistakes.contains("leaves its group")));
}

const CANCELLED: &str = "cancelled_when = \"status = 5\"";

#[test]
fn every_word_is_taken_where_the_target_has_the_steps() {
    for (word, change) in [
        ("refuse", Change::Refuse),
        ("edit", Change::WhileOpen),
        ("reopen", Change::Reopen),
        ("offset", Change::Offset),
    ] {
        let flow = parsed("", &format!("then = [\"audit\"]\nchanges = \"{word}\""), "v2").unwrap();
        let life = flow.life().unwrap();
        assert_eq!((life.then(), life.changes()), (&[Step::Audit][..], Some(change)), "{word}");
    }
    for (word, change) in [
        ("refuse", Change::Refuse),
        ("delete", Change::WhileOpen),
        ("unaudit+delete", Change::Reopen),
        ("offset", Change::Offset),
    ] {
        let flow = parsed(CANCELLED, &format!("when_cancelled = \"{word}\""), "v2").unwrap();
        assert_eq!(flow.life().unwrap().when_cancelled(), change, "{word}");
    }
    assert!(parsed("", "", "v2").unwrap().life().is_none(), "a flow that says nothing is as ever");
    assert!(parsed("", "closed_period = \"refuse\"", "v1").unwrap().life().is_none(), "as ever");
}

/// V1 has no call for any of these by the vendor's pages.
#[test]
fn what_v1_cannot_do_is_refused_with_the_interface_its_steps_and_the_way_out() {
    for (source, target) in [
        ("", "then = [\"audit\"]"),
        ("", "changes = \"reopen\""),
        (CANCELLED, "when_cancelled = \"delete\""),
        (CANCELLED, "when_cancelled = \"unaudit+delete\""),
    ] {
        let mistakes = parsed(source, target, "v1").unwrap_err();
        for words in [
            "with KINGDEE_AUTH=v1",
            "the steps in its life are `save`",
            "it has with KINGDEE_AUTH=v2",
            "by hand",
        ] {
            assert!(mistakes.contains(words), "{target}: `{words}` is not in {mistakes}");
        }
        assert!(parsed(source, target, "v2").is_ok(), "{target}");
    }
    for target in ["changes = \"edit\"", "changes = \"offset\"", "closed_period = \"next_open_day\""] {
        assert!(parsed("", target, "v1").is_ok(), "{target}: saving is all that it needs");
    }
}

#[test]
fn a_step_that_the_document_does_not_have_is_refused_with_those_that_it_has() {
    let mistakes = parsed("", "then = [\"submit\", \"audit\"]", "v2").unwrap_err();
    assert!(mistakes.contains("the step `submit`"), "{mistakes}");
    assert!(mistakes.contains("`save`, `audit`, `unaudit`, `delete`"), "{mistakes}");
    let mistakes = parsed("", "then = [\"unaudit\"]", "v2").unwrap_err();
    assert!(mistakes.contains("`unaudit` is no step that follows upon saving"), "{mistakes}");
    let mistakes = parsed("", "then = [\"audit\", \"audit\"]", "v2").unwrap_err();
    assert!(mistakes.contains("comes before the step"), "{mistakes}");
    let mistakes = parsed("", "then = [\"audti\"]", "v2").unwrap_err();
    assert!(mistakes.contains("did you mean `audit`?"), "{mistakes}");
}

#[test]
fn a_target_that_cannot_be_changed_is_not_told_to() {
    let flow = |target: &str| {
        let text = format!(
            "[source]\ndocument = \"wangdian.refund_query\"\nkey = \"refund_no\"\n[target]\ndocument = \
             \"wangdian.stockin_order_push\"\n{target}\n[fields]\nouter_no = \"refund_no\"\n"
        );
        let parsed = Flow::parse("f", "f.toml", &text, &relay_connectors::catalog());
        parsed.map(drop).map_err(|mistakes| mistakes.to_string()).unwrap_err()
    };
    for target in [
        "changes = \"edit\"",
        "changes = \"offset\"",
        "closed_period = \"next_open_day\"",
        "then = [\"audit\"]",
    ] {
        assert!(flow(target).contains("does not have"), "{target}: {}", flow(target));
    }
}

#[test]
fn a_cancellation_needs_both_words() {
    let mistakes = parsed("", "when_cancelled = \"delete\"", "v2").unwrap_err();
    assert!(mistakes.contains("needs to know which documents are cancelled"), "{mistakes}");
    let mistakes = parsed(CANCELLED, "", "v2").unwrap_err();
    assert!(mistakes.contains("needs a word on what becomes of the bill"), "{mistakes}");
}

#[test]
fn a_cancelled_document_reaches_the_flow_whatever_its_filter_says() {
    let source = format!("filter = \"status = 55\"\n{CANCELLED}");
    let flow = parsed(&source, "when_cancelled = \"delete\"", "v2").unwrap();
    let of = |status: u32| json!({"id": "1", "status": status});
    assert_eq!((flow.admits(&of(55)), flow.cancels(&of(55))), (Ok(true), Ok(false)));
    assert_eq!((flow.admits(&of(5)), flow.cancels(&of(5))), (Ok(true), Ok(true)));
    assert_eq!(flow.admits(&of(10)), Ok(false));
}

#[test]
fn the_first_open_day_is_read_by_a_rule_and_the_document_keeps_its_own_date() {
    let target = "closed_period = \"next_open_day\"\nopen_from = { setting = \"BOOKS_OPEN_FROM\" }";
    let flow = parsed("", target, "v1").unwrap();
    assert!(flow.settings().contains("BOOKS_OPEN_FROM"));
    let document = json!({
        "id": "1", "day": "2026-10-31", "customer": "7",
        "items": [{"sku": "1", "store": "2", "unit": "3", "quantity": "4"}],
    });
    let (mut settings, lookups) = (BTreeMap::new(), BTreeMap::new());
    let faults = flow.apply(&document, &Context { settings: &settings, lookups: &lookups }).unwrap_err();
    assert!(faults[0].to_string().contains("BOOKS_OPEN_FROM"), "{faults:?}");
    settings.insert("BOOKS_OPEN_FROM".to_owned(), "2026-11-01".to_owned());
    let mapped = flow.apply(&document, &Context { settings: &settings, lookups: &lookups }).unwrap();
    assert_eq!(mapped.open_from.unwrap().to_string(), "2026-11-01");
    assert_eq!(mapped.body["billdate"], json!("2026-10-31"), "it is moved when it is sent");
    let mistakes = parsed("", "open_from = { setting = \"BOOKS_OPEN_FROM\" }", "v1").unwrap_err();
    assert!(mistakes.contains("`open_from` belongs to `closed_period`"), "{mistakes}");
}
