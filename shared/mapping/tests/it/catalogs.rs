//! What the checker makes of the catalog's data: fields that a list has not, code tables, what all examples send.

use relay_mapping::{Flow, Severity};
use serde_json::json;

use super::catalog;

/// What is said of a flow: each with how grave it is.
fn said(source: &str, target: &str) -> Vec<(Severity, String)> {
    let text = format!("[source]\n{source}\n\n[target]\n{target}\n");
    let found = match Flow::parse("f", "f.toml", &text, &catalog()) {
        Ok(flow) => flow.warnings().to_vec(),
        Err(mistakes) => mistakes.0,
    };
    let words = |help: Option<String>| help.map(|help| format!(" ({help})")).unwrap_or_default();
    found.into_iter().map(|each| (each.severity, format!("{}{}", each.message, words(each.help)))).collect()
}

const TRADE: &str = "document = \"wangdian.trade_query\"\nkey = \"trade_no\"";
const RETURN: &str = "document = \"wangdian.purchase_return_query\"\nkey = \"return_no\"";

/// A record of ShareCRM with one more field in it.
fn record(id: &str, field: &str) -> String {
    format!(
        "document = \"sharecrm.objdata_push\"\n[fields]\nobjAPIName = {{ value = \"o\" }}\n\
         dataCenterId = {{ value = \"d\" }}\nid = \"{id}\"\n[fields.masterFieldVal]\n{field}\n"
    )
}

/// An order of Kingdee with one more field at its top and one in its lines.
fn order(top: &str, line: &str) -> String {
    format!(
        "document = \"kingdee.sal_order_save\"\n[fields]\nbillno = \"trade_no\"\nbilldate = \"trade_time\"\n\
         customerid_id = \"shop_no\"\n{top}\n[fields.material_entity]\neach = \"goods_list\"\n\
         materialid_id = \"spec_no\"\nqty = \"num\"\n{line}\n"
    )
}

#[test]
fn an_unknown_field_is_told_with_a_suggestion() {
    let found = said(TRADE, &record("trade_no", "x = \"receiver_adress\""));
    let [(Severity::Error, message)] = &found[..] else { panic!("{found:?}") };
    assert!(message.contains("no field `receiver_adress`"), "{message}");
    assert!(message.contains("did you mean `receiver_address`?"), "{message}");
    // A complete list has no way around it: quotes do not help.
    assert_eq!(said(TRADE, &record("trade_no", "x = \".'nobody_knows'\""))[0].0, Severity::Error);
}

#[test]
fn of_a_list_that_may_be_incomplete_it_is_a_warning_with_the_way_to_say_i_know() {
    let found = said(RETURN, &record("return_no", "x = \"nobody_knows\""));
    let [(Severity::Warning, message)] = &found[..] else { panic!("{found:?}") };
    assert!(
        message.contains("no known field `nobody_knows`") && message.contains(".'nobody_knows'"),
        "{message}"
    );
    assert_eq!(said(RETURN, &record("return_no", "x = \".'nobody_knows'\"")), []);
}

#[test]
fn what_the_list_of_a_target_lacks_is_written_in_quotes_also_where_the_list_is_complete() {
    let written = said(TRADE, &order("nobody_knows = \"trade_no\"", ""));
    let [(Severity::Error, message)] = &written[..] else { panic!("{written:?}") };
    assert!(
        message.contains("no known field `nobody_knows`") && message.contains("'nobody_knows' ="),
        "{message}"
    );
    assert_eq!(said(TRADE, &order("'nobody_knows' = \"trade_no\"", "'nor_here' = \"num\"")), []);
}

#[test]
fn a_slip_in_a_field_of_a_target_is_told_with_what_was_meant_unless_its_author_knows_it() {
    let found = said(TRADE, &order("contact_adress = \"receiver_address\"", ""));
    let [(Severity::Error, message)] = &found[..] else { panic!("{found:?}") };
    assert!(message.contains("did you mean `contact_address`?"), "{message}");
    assert_eq!(said(TRADE, &order("'contact_adress' = \"receiver_address\"", "")), []);
}

#[test]
fn a_tenants_own_fields_stand_at_the_top_of_a_bill_and_in_its_lines() {
    let field = "custom_field42obgp309axx5_number = { value = \"P001\" }";
    assert_eq!(said(TRADE, &order(field, field)), []);
}

#[test]
fn a_parameter_has_a_value_of_its_code_table() {
    let params = |params: &str| said(&format!("{TRADE}\nparams = {{ {params} }}"), &order("", ""));
    assert_eq!(params("status = \"55\""), []);
    assert_eq!(params("status = { setting = \"STATUS\" }"), []);
    let found = params("status = \"56\"");
    let [(Severity::Error, message)] = &found[..] else { panic!("{found:?}") };
    assert!(
        message.contains("\"56\"") && message.contains("55 已确认") && message.contains("setting"),
        "{message}"
    );
    let found = params("statsu = \"55\"");
    assert!(found[0].1.contains("did you mean `status`?"), "{found:?}");
}

#[test]
fn a_constant_is_one_of_the_targets_codes() {
    let push = |rule: &str| {
        let target = format!(
            "document = \"wangdian.stock_transfer_push\"\n[fields]\nouter_no = \"trade_no\"\n\
             from_warehouse_no = \"warehouse_no\"\nto_warehouse_no = \"shop_no\"\ntransfer_type = {rule}\n\
             [fields.skus]\neach = \"goods_list\"\nspec_no = \"spec_no\"\nnum = \"num\"\n"
        );
        said(TRADE, &target)
    };
    for right in ["{ value = \"1\" }", "{ from = \"trade_from\", codes = { 1 = \"0\" }, otherwise = \"1\" }"]
    {
        assert_eq!(push(right), [], "{right}");
    }
    for wrong in [
        "{ value = \"7\" }",
        "{ from = \"trade_from\", default = \"7\" }",
        "{ from = \"trade_from\", codes = { 1 = \"7\" } }",
        "{ from = \"trade_from\", codes = { 1 = \"1\" }, otherwise = \"7\" }",
    ] {
        let found = push(wrong);
        let [(Severity::Error, message)] = &found[..] else { panic!("{wrong}: {found:?}") };
        assert!(message.contains("`transfer_type`") && message.contains("0 分步, 1 快速"), "{message}");
    }
}

#[test]
fn what_a_field_of_the_source_never_holds_is_not_asked_of_it() {
    let filter = |filter: &str| said(&format!("{TRADE}\nfilter = \"{filter}\""), &order("", ""));
    assert_eq!(filter("trade_status in (55, 95, 110)"), []);
    for never in [
        "trade_status = 56",
        "56 != trade_status",
        "not trade_status in (55, '56')",
        "count(goods_list where gift_type = 99) > 0",
        "shop_no = 'x' and trade_status = 56",
    ] {
        let found = filter(never);
        assert!(matches!(&found[..], [(Severity::Error, _)]), "{never}: {found:?}");
    }
    assert_eq!(filter(".'trade_status' = 56"), [], "its author knows it");

    let codes = |codes: &str| {
        said(
            TRADE,
            &order(
                "",
                &format!("is_free = {{ from = \"gift_type\", codes = {{ {codes} }}, otherwise = true }}"),
            ),
        )
    };
    assert_eq!(codes("0 = false"), []);
    let found = codes("0 = false, 99 = true");
    assert!(matches!(&found[..], [(Severity::Error, message)] if message.contains("\"99\"")), "{found:?}");
}

#[test]
fn a_code_table_that_only_others_know_warns() {
    let refunds = "document = \"wangdian.refund_query\"\nkey = \"refund_no\"\nfilter = \"from_type = 99\"";
    let found = said(refunds, &record("refund_no", "x = \"type\""));
    assert!(matches!(&found[..], [(Severity::Warning, _)]), "{found:?}");
}

#[test]
fn what_all_examples_send_is_told_where_it_has_no_rule() {
    let target = "document = \"wangdian.stockin_order_push\"\n[fields]\nouter_no = \"trade_no\"\n";
    let found = said(TRADE, target);
    let warned = |name: &str| {
        found.iter().any(|(severity, message)| {
            *severity == Severity::Warning && message.contains(&format!("all known examples send `{name}`"))
        })
    };
    assert!(warned("warehouse_no") && warned("goods_list") && found.len() == 2, "{found:?}");
}

#[test]
fn what_a_request_leaves_out_or_has_refused_is_told() {
    let stockins = |params: &str| {
        let source = format!("document = \"wangdian.stockin_order_query\"\nkey = \"stockin_no\"\n{params}");
        said(&source, &record("stockin_no", "x = \"order_no\""))
    };
    let found = stockins("");
    let [(Severity::Warning, message)] = &found[..] else { panic!("{found:?}") };
    assert!(message.contains("80 已完成") && message.contains("status = \"80\""), "{message}");
    let found = stockins("params = { status = \"30\" }");
    let [(Severity::Error, message)] = &found[..] else { panic!("{found:?}") };
    assert!(message.contains("`order_type`"), "{message}");
    assert_eq!(stockins("params = { order_type = \"6\", status = \"30\" }"), []);
}

/// A bill of which no list of fields is public, with one more table.
fn payment(table: &str) -> String {
    format!(
        "document = \"kingdee.ap_credit_save\"\n[fields]\nbilldate = \"created\"\nsupplierid_id = \"provider_no\"\n{table}\n"
    )
}

#[test]
fn lists_and_objects_that_no_list_of_fields_has_are_written_too() {
    let own = "[fields.'pay_entry']\neach = \"details_list\"\namount = \"num\"\n[fields.'payer'.home]\ncity = \"remark\"";
    assert_eq!(said(RETURN, &payment(own)), []);
    let flow = format!("[source]\n{RETURN}\n\n[target]\n{}", payment(own));
    let flow = Flow::parse("f", "f.toml", &flow, &catalog()).unwrap();
    let document = json!({
        "return_no": "R1", "created": "2026-11-22 10:00:00", "provider_no": "P", "remark": "南京",
        "details_list": [{"num": "1.50"}, {"num": "2"}],
    });
    let body = super::apply(&flow, &document).unwrap().body;
    assert_eq!(body["pay_entry"], json!([{"amount": "1.50"}, {"amount": "2"}]));
    assert_eq!(body["payer"], json!({"home": {"city": "南京"}}));
    let found = said(RETURN, &payment(&own.replace("'pay_entry'", "pay_entry")));
    let [(Severity::Warning, message)] = &found[..] else { panic!("{found:?}") };
    assert!(message.contains("no known field `pay_entry`"), "{message}");
}

#[test]
fn a_required_field_under_a_misspelt_name_is_a_mistake_and_its_lines_are_looked_at() {
    let bill = order("", "").replace("sal_order_save", "sal_outbound_save");
    assert_eq!(said(TRADE, &bill), []);
    for (right, wrong) in [("billno", "bilno"), ("qty", "qyt"), ("material_entity", "material_entry")] {
        let found = said(TRADE, &bill.replace(right, wrong));
        let [(Severity::Error, message)] = &found[..] else { panic!("{found:?}") };
        assert!(message.contains(&format!("no known field `{wrong}`")), "{message}");
        assert!(message.contains(&format!("did you mean `{right}`?")), "{message}");
    }
    let both = bill.replace("material_entity", "material_entry").replace("\"num\"", "\"nmu\"");
    assert_eq!(said(TRADE, &both).len(), 2, "{:?}", said(TRADE, &both));
    // In quotes the author says that it is another field: then the required one is missing.
    let found = said(TRADE, &bill.replace("billno", "'bilno'"));
    let [(Severity::Error, message)] = &found[..] else { panic!("{found:?}") };
    assert!(message.contains("requires `billno`"), "{message}");
    let found = said(TRADE, &order("qty = { value = \"1\" }", "billdate = \"^.trade_time\""));
    let [(_, head), (_, line)] = &found[..] else { panic!("{found:?}") };
    assert!(head.contains("in the lines of `material_entity`"), "{head}");
    assert!(line.contains("in the head: write it in [fields]"), "{line}");
}
