//! A vendor with two interfaces: one flow file serves both, and is told what the one that is set lacks.

use relay_connector::Settings;
use relay_mapping::Flow;
use serde_json::{Value, json};

use super::{apply, document, root};

fn parsed(text: &str, version: &str) -> Result<Flow, String> {
    let settings = Settings::from_iter([("KINGDEE_AUTH".to_owned(), version.to_owned())]);
    let catalog = relay_connectors::catalog_by(&settings);
    Flow::parse("f", "f.toml", text, &catalog).map_err(|mistakes| mistakes.to_string())
}

fn shipped() -> String {
    std::fs::read_to_string(root().join("shared/flows/trade-to-kingdee.toml")).unwrap()
}

fn trade() -> Value {
    document("wangdian/trade.json")
}

/// The names of an object's fields.
fn names(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn a_flow_that_was_written_for_v1_is_sent_by_v2s_names() {
    let by = |version| apply(&parsed(&shipped(), version).unwrap(), &trade()).unwrap().body;
    let (v1, v2) = (by("v1"), by("v2"));
    assert_eq!(names(&v1), ["billno", "billdate", "customerid_id", "material_entity"]);
    assert_eq!(names(&v2), ["bill_no", "bill_date", "customer_id", "material_entity"]);
    let line = |body: &Value| {
        let mut line = body["material_entity"][0].clone();
        line.as_object_mut().unwrap().values().map(Value::to_string).collect::<Vec<_>>()
    };
    assert_eq!(line(&v1), line(&v2), "the values are the same");
    let of_v2 = ["material_id", "stock_id", "qty", "tax_price", "is_free", "cess", "unit_id"];
    assert_eq!(names(&v2["material_entity"][0]), of_v2);
}

#[test]
fn a_flow_that_was_written_for_v2_is_sent_by_v1s_names() {
    let of_v2 = shipped()
        .replace("billno ", "bill_no ")
        .replace("billdate ", "bill_date ")
        .replace("customerid_id ", "customer_id ")
        .replace("taxprice ", "tax_price ");
    let body = |text: &str| apply(&parsed(text, "v1").unwrap(), &trade()).unwrap().body;
    assert_eq!(body(&of_v2), body(&shipped()));
}

#[test]
fn a_field_has_one_rule_whatever_it_is_called() {
    let twice = shipped().replace("billno ", "bill_no = \"trade_no\"\nbillno ");
    let mistakes = parsed(&twice, "v2").unwrap_err();
    assert!(
        mistakes.contains("`billno` is what the target calls `bill_no`, which has a rule already"),
        "{mistakes}"
    );
}

#[test]
fn what_only_the_other_interface_has_is_told_with_the_setting() {
    let by_number = shipped().replace("billno ", "customer_number = \"shop_no\"\nbillno ");
    let mistakes = parsed(&by_number, "v1").unwrap_err();
    assert!(mistakes.contains("it has one with KINGDEE_AUTH=v2"), "{mistakes}");
    assert!(parsed(&by_number, "v2").is_ok());

    let receipt = "[source]\ndocument = \"wangdian.trade_query\"\nkey = \"trade_no\"\n\
                   [target]\ndocument = \"kingdee.ar_credit_save\"\n";
    let mistakes = parsed(receipt, "v1").unwrap_err();
    assert!(mistakes.contains("there is one with KINGDEE_AUTH=v2"), "{mistakes}");
}

#[test]
fn a_tenants_own_fields_are_taken_by_both_wherever_they_stand() {
    let own = shipped()
        .replace("billno ", "custom_field42obgp309axx5_number = { value = \"P001\" }\nbillno ")
        .replace("qty ", "custom_field7_number = { value = \"L\" }\nqty ");
    for version in ["v1", "v2"] {
        let body = apply(&parsed(&own, version).unwrap(), &trade()).unwrap().body;
        assert_eq!(body["custom_field42obgp309axx5_number"], json!("P001"), "{version}");
        assert_eq!(body["material_entity"][0]["custom_field7_number"], json!("L"), "{version}");
    }
    let in_a_map = shipped().replace(
        "[fields.material_entity]",
        "[fields.custom_field]\nx1 = { value = \"P\" }\n\n[fields.material_entity]",
    );
    assert_eq!(
        apply(&parsed(&in_a_map, "v2").unwrap(), &trade()).unwrap().body["custom_field"],
        json!({"x1": "P"})
    );
}
