//! Flows whose source is what became of other flows' documents.

use relay_mapping::{Context, Diagnostics, Flow, VersionKind};
use serde_json::{Value, json};

use super::catalog;

fn flow(source: &str, fields: &str) -> Result<Flow, Diagnostics> {
    let text = format!("[source]\n{source}\n[target]\ndocument = \"http.post\"\n[fields]\n{fields}\n");
    Flow::parse("back", "back.toml", &text, &catalog())
}

fn delivered(source: &str, fields: &str) -> Flow {
    flow(&format!("document = \"relay.delivered\"\n{source}"), fields)
        .unwrap_or_else(|found| panic!("{found}"))
}

fn outcome() -> Value {
    json!({
        "flow": "orders", "key": "A/1", "version": "10", "version_kind": "integer", "state": "delivered",
        "source": {"shop": "S1", "lines": [{"sku": "X"}, {"sku": "Y"}]},
        "target": {"document": "kingdee.sal_order_save", "id": "4711", "number": "A-1"},
        "at": "2026-11-22 12:00:00",
    })
}

fn body(flow: &Flow, document: &Value) -> Value {
    let (settings, lookups) = Default::default();
    flow.apply(document, &Context { settings: &settings, lookups: &lookups }).unwrap().body
}

#[test]
fn a_flow_names_neither_key_nor_version_and_goes_by_those_of_what_it_is_told_of() {
    let flow = delivered("of = \"orders\"", "id = \"key\"");
    assert_eq!(flow.key(&outcome()).unwrap(), "orders/A%2F1");
    assert_eq!(
        (flow.version(&outcome()).as_deref(), flow.version_kind(&outcome())),
        (Some("10"), VersionKind::Integer)
    );
    let mut unversioned = outcome();
    unversioned.as_object_mut().unwrap().retain(|name, _| !name.starts_with("version"));
    assert_eq!((flow.version(&unversioned), flow.version_kind(&unversioned)), (None, VersionKind::Received));
}

#[test]
fn when_it_was_is_no_part_of_what_an_outcome_says() {
    let flow = delivered("of = \"orders\"", "id = \"key\"");
    let (mut later, mut other) = (outcome(), outcome());
    later["at"] = json!("2026-11-22 13:00:00");
    other["target"]["id"] = json!("4712");
    assert_eq!(flow.content_hash(&outcome()), flow.content_hash(&later));
    assert_ne!(flow.content_hash(&outcome()), flow.content_hash(&other));
}

#[test]
fn what_it_is_in_the_target_and_where_it_came_from_is_read_at_any_depth() {
    let fields = "id = \"key\"\nnumber = \"target.number\"\nsaid = { text = \"{target.id} of {source.shop}\" }\n\
                  [fields.lines]\neach = \"source.lines\"\nsku = \"sku\"\norder = \"target.id\"";
    let flow = delivered("of = \"orders\"", fields);
    let line = |sku: &str| json!({"sku": sku, "order": "4711"});
    let expected =
        json!({"id": "A/1", "number": "A-1", "said": "4711 of S1", "lines": [line("X"), line("Y")]});
    assert_eq!(body(&flow, &outcome()), expected);
}

#[test]
fn of_one_flow_the_key_alone_tells_documents_apart_and_each_version_may_be_a_document() {
    for (of, key) in [
        ("\"orders\"", "\"key\""),
        ("[\"orders\"]", "[\"key\", \"version\"]"),
        ("\"*\"", "[\"flow\", \"key\", \"version\"]"),
    ] {
        let flow = delivered(&format!("of = {of}\nkey = {key}"), "id = \"key\"");
        assert!(flow.warnings().is_empty(), "{key}: {:?}", flow.warnings());
    }
    for of in ["\"*\"", "[\"orders\", \"returns\"]"] {
        let found =
            flow(&format!("document = \"relay.delivered\"\nof = {of}\nkey = \"key\""), "id = \"key\"");
        assert!(found.unwrap_err().to_string().contains("write key = [\"flow\", \"key\"]"), "{of}");
    }
}

#[test]
fn a_flow_says_whose_outcomes_it_reads_and_no_other_flow_does() {
    let mistake = |source: &str, fields: &str| flow(source, fields).unwrap_err().to_string();
    let found = mistake("document = \"relay.failed\"", "id = \"key\"");
    assert!(found.contains("`of` is missing: whose outcomes does this flow read?"), "{found}");
    let found = mistake("document = \"http.webhook\"\nkey = \"id\"\nof = \"orders\"", "id = \"id\"");
    assert!(found.contains("`of` belongs to `relay.delivered`"), "{found}");
    let found = mistake("document = \"relay.failed\"\nof = \"orders\"", "id = \"key\"\nwhy = \"mesage\"");
    assert!(found.contains("did you mean `message`?"), "{found}");
    let found = mistake("document = \"relay.failed\"\nof = \"orders\"\nroute = \"direct\"", "id = \"key\"");
    assert!(found.contains("is told by the relay itself"), "{found}");
    let found =
        mistake("document = \"http.webhook\"\nkey = \"id\"", "id = \"id\"\nwhy = { text = \"{target.id}\" }");
    assert!(found.contains("`target` is read in `compute` and `when` alone"), "{found}");
}
