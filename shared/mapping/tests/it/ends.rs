//! What a flow says of its two ends: the key, the window, the number.

use relay_mapping::{Flow, Param, Severity};
use serde_json::json;

use super::{apply, catalog, document};

/// A flow to ShareCRM whose source is under test; `id` is the record's number.
fn from(source: &str, id: &str) -> Result<Flow, relay_mapping::Diagnostics> {
    let text = format!(
        "[source]\n{source}\n[target]\ndocument = \"sharecrm.objdata_push\"\n[fields]\n\
         objAPIName = {{ value = \"o\" }}\ndataCenterId = {{ value = \"d\" }}\nid = \"{id}\"\n"
    );
    Flow::parse("f", "f.toml", &text, &catalog())
}

fn stock(key: &str) -> Result<Flow, relay_mapping::Diagnostics> {
    from(&format!("document = \"wangdian.stock_query\"\nkey = {key}\nversion = \"modified\""), "spec_no")
}

#[test]
fn rows_that_differ_in_any_part_of_their_key_are_different_documents() {
    let flow = stock("[\"spec_no\", \"warehouse_no\"]").unwrap();
    let key =
        |spec: &str, warehouse: &str| flow.key(&json!({"spec_no": spec, "warehouse_no": warehouse})).unwrap();
    assert_eq!(key("A-1", "W01"), "A-1/W01");
    let rows = [("A", "B/C"), ("A/B", "C"), ("A%2FB", "C"), ("A%2FB", "C%"), ("A", "B%2FC"), ("A/", "B/C")];
    let keys: std::collections::BTreeSet<_> =
        rows.into_iter().map(|(spec, warehouse)| key(spec, warehouse)).collect();
    assert_eq!(keys.len(), rows.len(), "{keys:?}");
}

#[test]
fn a_list_that_is_read_as_a_whole_is_a_source_without_windows() {
    let shop =
        |more: &str| from(&format!("document = \"wangdian.shop\"\nkey = \"shop_no\"\n{more}"), "shop_no");
    let flow = shop("route = \"qimen\"\nparams = { is_disabled = \"0\" }").unwrap();
    assert_eq!(flow.version(&json!({"shop_no": "S1"})), None, "content alone decides");
    let refused = shop("window = \"modified\"").unwrap_err().to_string();
    assert!(refused.contains("`wangdian.shop` is not read by windows"), "{refused}");
    let customers = from("document = \"kingdee.customer_list\"\nkey = \"id\"", "number");
    assert_eq!(customers.unwrap().source().document.name, "kingdee.customer_list");
}

#[test]
fn a_key_of_one_path_is_what_stands_there_however_it_is_written() {
    for key in ["\"trade_no\"", "[\"trade_no\"]"] {
        let flow = from(&format!("document = \"wangdian.trade_query\"\nkey = {key}"), "trade_no").unwrap();
        assert_eq!(flow.key(&json!({"trade_no": "JY/1%"})).unwrap(), "JY/1%");
    }
}

#[test]
fn a_part_that_is_missing_is_a_fault_that_names_it() {
    let flow = stock("[\"spec_no\", \"warehouse_no\"]").unwrap();
    let fault = flow.key(&json!({"spec_no": "A", "warehouse_no": ""})).unwrap_err();
    assert_eq!(fault.source, "warehouse_no");
    assert!(fault.to_string().starts_with("key: `warehouse_no` is absent"), "{fault}");
}

#[test]
fn any_one_of_a_documents_keys_will_do_with_fall_backs_or_without() {
    for key in ["\"trade_id\"", "\"$.trade_no\"", "\"trade_no | trade_id\"", "[\"trade_id\"]"] {
        from(&format!("document = \"wangdian.trade_query\"\nkey = {key}"), "trade_no").unwrap();
    }
    stock("[\"warehouse_id\", \"spec_id\"]").unwrap();
    let refused = stock("[\"warehouse_id\", \"spec_no\"]").unwrap_err().to_string();
    assert!(refused.contains("write key = [\"spec_no\", \"warehouse_no\"]"), "{refused}");
}

#[test]
fn what_is_not_known_to_tell_documents_apart_is_not_asked_for() {
    from("document = \"wangdian.stockout_order_query_return\"\nkey = \"stockout_no\"", "stockout_no")
        .unwrap();
}

#[test]
fn an_unknown_key_or_version_is_taken_from_an_author_who_puts_it_in_quotes() {
    let source = |key: &str, version: &str| {
        format!("document = \"wangdian.stock_transfer_query\"\nkey = \"{key}\"\nversion = \"{version}\"")
    };
    assert!(from(&source("transfer_no", "modified"), "transfer_no").is_err());
    for quoted in ["$.'modified'", ".'modified'"] {
        let flow = from(&source("transfer_no", quoted), "transfer_no").unwrap();
        assert_eq!(flow.version(&json!({"modified": "2022-11-01 10:00:00"})).unwrap(), "2022-11-01 10:00:00");
        assert!(flow.warnings().is_empty());
    }
    from(&source(".'my_key'", "$.'my_version'"), "transfer_no").unwrap();
}

#[test]
fn a_key_that_may_change_between_versions_is_a_warning() {
    let flow = stock("[\"spec_no\", \"warehouse_no\", \"modified\"]").unwrap();
    let [warning] = flow.warnings() else { panic!("{:?}", flow.warnings()) };
    assert_eq!((warning.severity, warning.line), (Severity::Warning, 3));
    assert!(warning.message.contains("`modified`"), "{warning}");
}

fn window(document: &str, key: &str, more: &str) -> Result<Vec<(String, String)>, String> {
    let source = format!("document = \"wangdian.{document}\"\nkey = \"{key}\"\n{more}");
    let flow = from(&source, key).map_err(|mistakes| mistakes.to_string())?;
    let params = flow.source().params.iter().map(|(name, value)| match value {
        Param::Fixed(value) => (name.clone(), value.clone()),
        Param::Setting(setting) => (name.clone(), format!("<{setting}>")),
    });
    Ok(params.collect())
}

fn sent(pairs: &[(&str, &str)]) -> Result<Vec<(String, String)>, String> {
    Ok(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

#[test]
fn windows_are_over_the_last_change_unless_the_flow_names_another_time() {
    let refunds = |more| window("refund_query", "refund_no", more);
    assert_eq!(refunds(""), sent(&[("time_type", "0")]));
    assert_eq!(refunds("window = \"modified\""), sent(&[("time_type", "0")]));
    assert_eq!(refunds("window = \"created\""), sent(&[("time_type", "2")]));
    assert_eq!(refunds("window = \"finish_time\"\nparams = { time_type = 1 }"), sent(&[("time_type", "1")]));
    assert!(refunds("params = { time_type = \"2\" }").unwrap_err().contains("window = \"created\""));
    assert!(refunds("params = { time_type = { setting = \"T\" } }").is_err());

    let sales = |more| window("stockout_order_query_trade", "stockout_id", more);
    let shipped = sent(&[("status", "110"), ("is_by_modified", "1")]);
    assert_eq!(sales("params = { status = \"110\" }"), shipped);
    let of_a_setting = sent(&[("status", "<S>"), ("is_by_modified", "1")]);
    assert_eq!(sales("params = { status = { setting = \"S\" } }"), of_a_setting);
    let audited = sent(&[("status", "55"), ("is_by_modified", "0")]);
    assert_eq!(sales("params = { status = \"55\", is_by_modified = \"0\" }"), audited);
    assert_eq!(sales("window = \"consign_time\""), sent(&[]));
    assert!(sales("").unwrap_err().contains("window = \"consign_time\""));
    assert!(sales("params = { status = \"95\", is_by_modified = \"0\" }").is_err());

    let others = |more| window("stockout_order_query", "stockout_no", more);
    assert_eq!(others("params = { status = \"55\" }"), sent(&[("status", "55")]));
    assert_eq!(others("params = { status = \"95\" }\nwindow = \"consign_time\""), sent(&[("status", "95")]));
    for turned in
        ["", "params = { status = \"95\" }", "params = { status = \"55\" }\nwindow = \"consign_time\""]
    {
        assert!(others(turned).unwrap_err().contains("consign_time"), "{turned}");
    }
    assert_eq!(window("trade_query", "trade_no", "window = \"modified\""), sent(&[]));
}

fn transfer(outer_no: &str) -> Flow {
    let text = format!(
        "[source]\ndocument = \"wangdian.trade_query\"\nkey = \"trade_no\"\n[target]\n\
         document = \"wangdian.stock_transfer_push\"\n[fields]\nouter_no = {outer_no}\n\
         from_warehouse_no = \"warehouse_no\"\nto_warehouse_no = {{ value = \"W2\" }}\n\
         skus = {{ each = \"goods_list\", spec_no = \"spec_no\", num = \"num\" }}\n"
    );
    Flow::parse("f", "f.toml", &text, &catalog()).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

#[test]
fn a_document_without_its_number_is_a_fault_and_is_not_pushed_without() {
    let mut trade = document("wangdian/trade.json");
    for rule in ["\"trade_no\"", "{ text = \"DB-{trade_no}\" }"] {
        let flow = transfer(rule);
        assert!(apply(&flow, &trade).is_ok());
    }
    trade["trade_no"] = json!("");
    for rule in ["\"trade_no\"", "{ text = \"DB-{trade_no}\" }"] {
        let faults = apply(&transfer(rule), &trade).unwrap_err();
        assert_eq!(faults[0].target, "outer_no", "{rule}");
    }
}

#[test]
fn a_copied_field_in_quotes_keeps_its_name() {
    let text = "[source]\ndocument = \"qince.direct_order\"\nkey = \"id\"\n[target]\n\
                document = \"sharecrm.objdata_push\"\n[fields]\nid = \"id\"\nobjAPIName = { value = \"o\" }\n\
                dataCenterId = { value = \"d\" }\n[fields.masterFieldVal]\ncopy = [\".'my_field'\"]\n";
    let flow = Flow::parse("f", "f.toml", text, &catalog()).unwrap();
    assert!(flow.warnings().is_empty());
    let mapped = apply(&flow, &json!({"id": "1", "my_field": "x"})).unwrap();
    assert_eq!(mapped.body["masterFieldVal"], json!({"my_field": "x"}));
}

#[test]
fn a_number_that_changes_with_each_version_is_a_warning() {
    let source = "document = \"wangdian.trade_query\"\nkey = \"trade_no\"\nversion = \"modified\"";
    let flow = from(source, "modified").unwrap();
    let [warning] = flow.warnings() else { panic!("{:?}", flow.warnings()) };
    assert!(warning.message.contains("`modified` changes with each version"), "{warning}");
    assert!(from(source, "trade_id").unwrap().warnings().is_empty());
}

/// The warnings of a flow.
fn warnings(flow: &Flow) -> String {
    flow.warnings().iter().map(|warning| warning.message.clone()).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_number_beside_which_the_times_have_no_effect_is_told() {
    for (source, said) in [
        (
            "document = \"wangdian.trade_query\"\nkey = \"trade_no\"\nparams = { trade_no = \"JY1\" }",
            "every poll gives",
        ),
        (
            "document = \"wangdian.goods_query\"\nkey = \"goods_no\"\nparams = { spec_no = \"A\" }",
            "every poll gives",
        ),
        (
            "document = \"wangdian.stock_query\"\nkey = [\"spec_no\", \"warehouse_no\"]\nparams = { barcode = \"69\" }",
            "three times a day",
        ),
    ] {
        let told = warnings(&from(source, "modified").unwrap());
        assert!(told.contains(said), "{source}: {told}");
        let without = source.split("\nparams").next().unwrap();
        assert!(!warnings(&from(without, "modified").unwrap()).contains(said), "{source}");
    }
}

/// A flow to WDT's orders, whose `[target]` says this besides.
fn to_orders(target: &str) -> Result<Flow, relay_mapping::Diagnostics> {
    let text = include_str!("../../../flows/direct-order-to-wangdian.toml");
    let (before, after) = text.split_once("document = \"wangdian.trade_push\"").unwrap();
    Flow::parse(
        "f",
        "f.toml",
        &format!("{before}document = \"wangdian.trade_push\"\n{target}{after}"),
        &catalog(),
    )
}

#[test]
fn a_target_of_two_routes_takes_the_one_that_the_flow_names() {
    assert_eq!(to_orders("").unwrap().target().route, None, "the usual one");
    for route in ["direct", "qimen"] {
        let flow = to_orders(&format!("route = \"{route}\"")).unwrap();
        assert_eq!(flow.target().route, Some(route));
        let mapped = apply(&flow, &document("qince/direct-order.json")).unwrap();
        assert_eq!(mapped.route, Some(route));
    }
    let refused = to_orders("route = \"qimeng\"").unwrap_err().to_string();
    assert!(refused.contains("did you mean `qimen`"), "{refused}");
}
