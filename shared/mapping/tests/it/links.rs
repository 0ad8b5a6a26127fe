//! Lines of earlier bills: what is asked, in which order, and what is said of a line that is not there.

use std::collections::BTreeMap;
use std::time::Duration;

use relay_mapping::{Context, Flow, LookupKey};
use serde_json::{Value, json};

use super::catalog;

const RULE: &str =
    "{ from = \"^.order\", lookup = \"delivered.orders\", line = \"sku\", by = \"material_number\" }";

fn parse(rule: &str) -> Result<Flow, String> {
    let text = format!(
        "[source]\ndocument = \"http.webhook\"\nkey = \"id\"\n[target]\ndocument = \"http.post\"\n[fields]\nid = \"id\"\n\
         [fields.lines]\neach = \"items\"\nentry = {rule}\n"
    );
    Flow::parse("f", "f.toml", &text, &catalog()).map_err(|mistakes| mistakes.to_string())
}

fn document() -> Value {
    json!({"id": "S", "order": "A/1", "part": "W1", "items": [{"sku": "P/1", "batch": "b"}, {"sku": "P2", "batch": "b"}]})
}

fn asked(flow: &Flow) -> Vec<(String, String)> {
    flow.lookups(&document()).into_iter().map(|LookupKey { table, key }| (table, key)).collect()
}

fn applied(flow: &Flow, known: &[(&str, &str, &str)]) -> Result<Value, Vec<String>> {
    let key = |table: &str, key: &str| LookupKey { table: table.to_owned(), key: key.to_owned() };
    let lookups: BTreeMap<_, _> =
        known.iter().map(|(table, code, id)| (key(table, code), (*id).to_owned())).collect();
    let context = Context { settings: &BTreeMap::new(), lookups: &lookups };
    let mapped = flow.apply(&document(), &context);
    mapped.map(|mapped| mapped.body).map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

const LINES: &str = "delivered.orders.line[material_number]";

#[test]
fn the_bill_is_looked_up_and_then_its_line() {
    let flow = parse(RULE).unwrap();
    let text = |table: &str, key: &str| (table.to_owned(), key.to_owned());
    let expected = [text("delivered.orders", "A/1"), text(LINES, "A%2F1/P%2F1"), text(LINES, "A%2F1/P2")];
    assert_eq!(asked(&flow), expected);
    let known = [("delivered.orders", "A/1", "7"), (LINES, "A%2F1/P%2F1", "71"), (LINES, "A%2F1/P2", "72")];
    assert_eq!(applied(&flow, &known).unwrap()["lines"], json!([{"entry": "71"}, {"entry": "72"}]));
}

/// Of a bill that is not there yet nothing can be said of its lines: it is waited for. A line is not.
#[test]
fn a_bill_that_is_not_there_is_waited_for_and_a_line_is_not() {
    let flow = parse(RULE).unwrap();
    let faults = applied(&flow, &[]).unwrap_err();
    assert!(
        faults[0].contains("\"A/1\" is the key of a document that the flow `orders` has not delivered"),
        "{faults:?}"
    );
    assert_eq!(flow.wait_for("delivered.orders"), Some(Duration::from_secs(3 * 86_400)));
    assert_eq!(flow.wait_for(LINES), None);
    let faults = applied(&flow, &[("delivered.orders", "A/1", "7"), (LINES, "A%2F1/P2", "72")]).unwrap_err();
    assert_eq!(faults.len(), 1);
    for said in ["lines[0].entry", "of no line, or of several", "`orders`", "of A/1", "material_number P/1"] {
        assert!(faults[0].contains(said), "`{said}` is not in {}", faults[0]);
    }
}

#[test]
fn bills_and_lines_may_be_told_by_several_fields() {
    let rule = "{ from = [\"^.order\", \"^.part\"], lookup = \"delivered.orders\", line = [\"sku\", \"batch\"], \
                by = [\"material_number\", \"batch_no\"] }";
    let asked = asked(&parse(rule).unwrap());
    assert_eq!(asked[0], ("delivered.orders".to_owned(), "A%2F1/W1".to_owned()));
    let lines = "delivered.orders.line[material_number,batch_no]".to_owned();
    assert_eq!(asked[1], (lines, "A%2F1/W1/P%2F1/b".to_owned()));
}

#[test]
fn mistakes_about_lines_are_said_when_the_flow_is_checked() {
    for (rule, said) in [
        (
            "{ from = \"^.order\", lookup = \"delivered.orders\", line = \"sku\" }",
            "by which field of the target a line is told",
        ),
        (
            "{ from = \"^.order\", lookup = \"delivered.orders\", line = [\"sku\", \"batch\"], by = \"material_number\" }",
            "`line` reads 2, and `by` names 1",
        ),
        (
            "{ from = \"^.order\", lookup = \"delivered.orders\", line = \"sku\", by = \"seq\", result = \"number\" }",
            "no `result`",
        ),
        (
            "{ from = \"sku\", lookup = \"kingdee.material\", line = \"sku\" }",
            "is no flow's delivery: it has no lines",
        ),
        ("{ from = \"sku\", line = \"sku\" }", "`line` belongs to a `lookup`"),
        (
            "{ text = \"{^.order}\", lookup = \"delivered.orders\", line = \"sku\", by = \"seq\" }",
            "`line` goes with a `from`",
        ),
    ] {
        let found = parse(rule).unwrap_err();
        assert!(found.contains(said), "{rule}: {found}");
    }
}
