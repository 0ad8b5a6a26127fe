//! `[group]`: what documents bring, what their bill becomes, and mistakes about both.

use std::collections::BTreeMap;

use relay_mapping::flow_test::FlowTests;
use relay_mapping::{Brought, Context, Fault, Flow};
use serde_json::{Value, json};

use super::{catalog, id};

const SOURCE: &str = "[source]\ndocument = \"wangdian.stockout_order_query_trade\"\nkey = \"order_no\"\n\
                      params = { status = \"95\" }\n[target]\ndocument = \"kingdee.sal_outbound_save\"\n";

const GROUP: &str = "by = [\"shop_no\", \"day(consign_time)\"]\nlines = [\"materialid_id\", \"unit_id\"]\nsum = [\"qty\", \"amount\"]\n\
                     close = { after = \"day\", wait = \"2h\" }\n";

const FIELDS: &str = "[fields]\nbilldate = { from = \"consign_time\", as = \"date\" }\n\
     customerid_id = { from = \"shop_no\", lookup = \"kingdee.customer\" }\n\
     [[fields.material_entity]]\neach = \"details_list\"\nmaterialid_id = { from = \"spec_no\", lookup = \"kingdee.material\" }\n\
     unit_id = { from = \"spec_no\", lookup = \"kingdee.material_unit\" }\nqty = \"goods_count\"\n\
     amount = { from = \"share_amount\", as = \"decimal\", scale = 2, send = false }\n\
     taxprice = { compute = \"target.amount / target.qty\", as = \"decimal\", scale = 4 }\n\
     [[fields.material_entity]]\nwhen = \"post_fee > 0\"\nmaterialid_id = { value = \"POST\", lookup = \"kingdee.material\" }\n\
     unit_id = { value = \"POST\", lookup = \"kingdee.material_unit\" }\nqty = { value = \"1\" }\n\
     amount = { from = \"post_fee\", as = \"decimal\", scale = 2, send = false }\ntaxprice = { compute = \"target.amount\" }\n";

fn parse(group: &str, fields: &str) -> Result<Flow, String> {
    let text = format!("{SOURCE}[group]\n{group}{fields}");
    Flow::parse("f", "f.toml", &text, &catalog()).map_err(|mistakes| mistakes.to_string())
}

fn flow(group: &str) -> Flow {
    parse(group, FIELDS).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn brought(flow: &Flow, document: &Value) -> Result<Brought, Vec<Fault>> {
    let lookups = flow.lookups(document).into_iter().map(|asked| (asked.clone(), id(&asked))).collect();
    flow.contribution(document, &Context { settings: &BTreeMap::new(), lookups: &lookups })
}

fn document() -> Value {
    json!({
        "order_no": "CK1", "shop_no": "S/1", "consign_time": "2026-11-29 23:30:00", "post_fee": "8",
        "details_list": [{"spec_no": "A", "goods_count": "3.0000", "share_amount": "10.005"}],
    })
}

#[test]
fn a_group_is_what_its_members_have_in_common_with_the_day_in_china() {
    let flow = flow(GROUP);
    let group = brought(&flow, &document()).unwrap().group;
    assert_eq!(group, "S%2F1/2026-11-29");
    assert_eq!(flow.group().unwrap().day(&group).map(|day| day.to_string()), Some("2026-11-29".to_owned()));
    let mut late = document();
    late["consign_time"] = json!("soon");
    let faults = brought(&flow, &late).unwrap_err();
    let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert!(faults[0].starts_with("billdate: `consign_time` = \"soon\" is not a time"), "{faults:?}");
    assert!(faults[1].starts_with("group: `consign_time` = \"soon\" is not a time"), "{faults:?}");
}

#[test]
fn what_reads_the_target_is_worked_out_of_the_sums_and_by_the_lines_own_block() {
    let flow = flow(&format!("{GROUP}prefix = \"XS-\"\n"));
    let document = document();
    let settings = BTreeMap::new();
    let lookups = flow.lookups(&document).into_iter().map(|asked| (asked.clone(), id(&asked))).collect();
    let context = Context { settings: &settings, lookups: &lookups };
    let brought = flow.contribution(&document, &context).unwrap();
    assert_eq!(
        Value::from(brought.head),
        json!({"billdate": "2026-11-29", "customerid_id": "<kingdee.customer S/1>"})
    );
    let goods = json!({
        "materialid_id": "<kingdee.material A>", "unit_id": "<kingdee.material_unit A>", "qty": "3", "amount": "10.01", "#": 0
    });
    let postage = json!({
        "materialid_id": "<kingdee.material POST>", "unit_id": "<kingdee.material_unit POST>", "qty": "1", "amount": "8.00", "#": 1
    });
    assert_eq!(json!(brought.lines), json!([goods, postage]));

    let sums = |line: &Value, qty: &str, amount: &str| {
        let mut line = line.clone();
        line["qty"] = json!(qty);
        line["amount"] = json!(amount);
        line
    };
    let bill = json!({
        "name": "G-1", "head": {"billdate": "2026-11-29", "customerid_id": "C"},
        "lines": [sums(&goods, "6", "20.03"), sums(&postage, "2", "16.00")],
    });
    let (document, mapped) = flow.bill(&bill, &context).unwrap();
    assert_eq!(document.name, "kingdee.sal_outbound_save");
    let lines = &mapped.body["material_entity"];
    assert_eq!((&mapped.body["billno"], &lines[0]["taxprice"]), (&json!("XS-G-1"), &json!("3.3383")));
    assert_eq!(lines[1]["taxprice"], "16", "as its own block has it");
    assert!(lines[0].get("amount").is_none() && lines[0].get("#").is_none(), "neither is sent");
}

#[test]
fn what_takes_back_is_a_document_of_another_kind_where_the_flow_says_so() {
    let flow = flow(&format!("{GROUP}difference = {{ return = \"kingdee.sal_order_save\" }}\n"));
    let settings = BTreeMap::new();
    let context = Context { settings: &settings, lookups: &BTreeMap::new() };
    let bill = json!({"name": "G-2-R", "is_return": true, "head": {}, "lines": []});
    assert_eq!(flow.bill(&bill, &context).unwrap().0.name, "kingdee.sal_order_save");
    let supplement = json!({"name": "G-2", "head": {}, "lines": []});
    assert_eq!(flow.bill(&supplement, &context).unwrap().0.name, "kingdee.sal_outbound_save");
    assert!(flow.bill(&json!({"lines": 1}), &context).unwrap_err()[0].to_string().contains("is not a bill"));
}

#[test]
fn a_withdrawn_document_reaches_the_flow_whatever_the_filter_says() {
    let text = format!("{SOURCE}[group]\n{GROUP}withdrawn_when = \"status = 5\"\n{FIELDS}")
        .replace("key = \"order_no\"\n", "key = \"order_no\"\nfilter = \"status >= 95\"\n");
    let flow = Flow::parse("f", "f.toml", &text, &catalog()).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    for (status, admits, withdraws) in [("95", true, false), ("5", true, true), ("30", false, false)] {
        let document = json!({"status": status});
        assert_eq!(
            (flow.admits(&document), flow.withdraws(&document)),
            (Ok(admits), Ok(withdraws)),
            "{status}"
        );
    }
}

#[test]
fn mistakes_about_groups_are_told() {
    let replaced = |from: &str, to: &str| GROUP.replace(from, to);
    for (group, message) in [
        (replaced("by = [\"shop_no\", \"day(consign_time)\"]\n", ""), "`by` is missing"),
        (replaced("shop_no", "shop_nr"), "the document has no"),
        (replaced("day(consign_time)", "consign_time"), "`by` names no `day(…)`"),
        (replaced("\"unit_id\"", "\"unit\""), "the lines have no field `unit`"),
        (replaced(", \"unit_id\"", ""), "`unit_id` is neither in common (`lines`) nor summed (`sum`)"),
        (
            replaced("\"qty\", \"amount\"", "\"qty\", \"amount\", \"unit_id\""),
            "`unit_id` is in common or summed, not both",
        ),
        (replaced("\"qty\", \"amount\"", "\"qty\", \"amount\", \"taxprice\""), "`taxprice` reads `target`"),
        (
            replaced("\"materialid_id\", ", "").replace("\"amount\"", "\"amount\", \"materialid_id\""),
            "`materialid_id` is no number",
        ),
        (replaced("sum = [\"qty\", \"amount\"]\n", ""), "`sum` is missing"),
        (replaced("close = { after = \"day\", wait = \"2h\" }\n", ""), "`close` is missing"),
        (replaced("after = \"day\"", "after = \"week\""), "a group is not closed after `week`"),
        (replaced("wait = \"2h\"", "wait = \"2 hours\""), "`wait` must be a time such as \"30m\""),
        (
            replaced("after = \"day\", wait = \"2h\"", "wait = \"2h\", every = \"1h\""),
            "`wait` belongs to after = \"day\"",
        ),
        (format!("{GROUP}max_lines = 0\n"), "`max_lines` must be a whole number from 1 on"),
        (format!("{GROUP}difference = \"blue\"\n"), "a difference does not become `blue`"),
        (
            format!("{GROUP}difference = {{ return = \"wangdian.trade_push\" }}\n"),
            "no document that kingdee takes",
        ),
        (format!("{GROUP}sums = \"qty\"\n"), "unknown key `sums`"),
    ] {
        let mistakes = parse(&group, FIELDS).unwrap_err();
        assert!(mistakes.contains(message), "{message}:\n{mistakes}");
    }
    for (from, to, message) in [
        ("[fields]\n", "[fields]\nbillno = \"order_no\"\n", "`billno` is the bill's number"),
        (
            "target.amount / target.qty",
            "target.amount / goods_count",
            "`taxprice` reads both `target` and the source",
        ),
    ] {
        let mistakes = parse(GROUP, &FIELDS.replacen(from, to, 1)).unwrap_err();
        assert!(mistakes.contains(message), "{message}:\n{mistakes}");
    }
}

/// What tests of a flow with groups say, each with the first difference that is found.
fn differences(tests: &str) -> Vec<Option<(String, String)>> {
    let flow = flow(&format!("{GROUP}withdrawn_when = \"status = 5\"\n"));
    let text = format!(
        "document = '''{}'''\n[lookups]\n\"kingdee.customer\" = {{ \"S/1\" = \"C\" }}\n\
         \"kingdee.material\" = {{ A = \"M\", POST = \"P\" }}\n\"kingdee.material_unit\" = {{ A = \"U\", POST = \"V\" }}\n{tests}",
        document()
    );
    let tests = FlowTests::parse(&flow, "f.test.toml", &text, &|_| Err(std::io::ErrorKind::NotFound.into()));
    let tested = tests.unwrap_or_else(|mistakes| panic!("{mistakes}")).run(&flow);
    let first = |test: relay_mapping::flow_test::Tested| {
        test.differences.into_iter().next().map(|difference| (difference.field, difference.found))
    };
    tested.into_iter().map(first).collect()
}

#[test]
fn a_test_expects_the_group_of_a_document_and_what_it_brings() {
    let brings = "brings = { billdate = \"2026-11-29\", material_entity = [{ qty = 3, amount = 10.01 }, { materialid_id = \"P\" }] }";
    let found = differences(&format!(
        "[[test]]\nname = \"as it is\"\ngroup = \"S%2F1/2026-11-29\"\n{brings}\nabsent = [\"material_entity[0].taxprice\"]\n\
         [[test]]\nname = \"another day\"\ngroup = \"S%2F1/2026-11-30\"\n\
         [[test]]\nname = \"other lines\"\nbrings = {{ material_entity = [{{ qty = 4 }}, {{}}] }}\n\
         [[test]]\nname = \"cancelled\"\nset = {{ status = 5 }}\nbefore = {{ set = {{ status = 95 }} }}\nnothing = \"withdrawn\"\n\
         [[test]]\nname = \"never there\"\nset = {{ status = 5 }}\nnothing = \"filtered\"\n\
         [[test]]\nname = \"nothing new\"\nset = {{ status = 96 }}\nbefore = {{}}\nnothing = \"unchanged\"\n\
         [[test]]\nname = \"moved\"\nset = {{ consign_time = \"2026-11-30 09:00:00\" }}\nbefore = {{ set = {{ consign_time = \"2026-11-29 09:00:00\" }} }}\n\
         group = \"S%2F1/2026-11-30\"\n\
         [[test]]\nname = \"a fault\"\nset = {{ post_fee = \"x\" }}\nfaults = [\"post_fee\"]\n"
    ));
    let differs = |field: &str, found: &str| Some((field.to_owned(), found.to_owned()));
    let expected = [
        None,
        differs("group", "\"S%2F1/2026-11-29\""),
        differs("material_entity[0].qty", "\"3\""),
        None,
        None,
        None,
        None,
        None,
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_test_of_a_flow_with_groups_expects_no_request_and_one_of_another_flow_no_group() {
    let grouped = flow(GROUP);
    let plain = Flow::parse(
        "f",
        "f.toml",
        &format!("{SOURCE}{FIELDS}").replace("[fields]\n", "[fields]\nbillno = \"order_no\"\n"),
        &catalog(),
    );
    let plain = plain.unwrap_or_else(|mistakes| panic!("{mistakes}"));
    for (flow, says, said) in [
        (&grouped, "request = {}", "goes into its group, and a test of it has no `request`"),
        (&plain, "brings = {}", "is sent, and a test of it has no `brings`"),
        (&plain, "group = \"G\"", "is sent, and a test of it has no `group`"),
    ] {
        let text = format!("[[test]]\nname = \"n\"\ndocument = {{ a = 1 }}\n{says}\n");
        let mistakes =
            FlowTests::parse(flow, "f.test.toml", &text, &|_| Err(std::io::ErrorKind::NotFound.into()));
        let mistakes = mistakes.unwrap_err().to_string();
        assert!(mistakes.contains(said), "{said} in {mistakes}");
    }
}
