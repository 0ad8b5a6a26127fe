//! How a target's document came about.

use std::collections::BTreeMap;

use relay_mapping::{Context, Ended, Fault, FieldTrace, LookupKey, Made, Trace};
use serde_json::{Value, json};

use super::{apply, document, id, shipped, trade_flow};

fn traced(flow: &relay_mapping::Flow, document: &Value) -> (Result<Value, Vec<Fault>>, Trace) {
    let settings = flow.settings().into_iter().map(|name| (name.to_owned(), format!("<{name}>"))).collect();
    let lookups: BTreeMap<LookupKey, String> =
        flow.lookups(document).into_iter().map(|asked| (asked.clone(), id(&asked))).collect();
    let traced = flow.trace(document, &Context { settings: &settings, lookups: &lookups });
    let body = traced.made.map(|made| match made {
        Made::Mapped(mapped) => mapped.body,
        other => panic!("{other:?}"),
    });
    (body, traced.trace)
}

fn field<'t>(trace: &'t Trace, target: &str) -> &'t FieldTrace {
    trace
        .fields
        .iter()
        .find(|field| field.target == target)
        .unwrap_or_else(|| panic!("{target} in {trace:#?}"))
}

/// Lines in several blocks, whose amounts are rounded together, and fields that are not sent.
fn amounts() -> relay_mapping::Flow {
    let text = include_str!("../../../flows/examples/trade-amounts-to-kingdee.toml");
    relay_mapping::Flow::parse("amounts", "amounts.toml", text, &super::catalog()).unwrap()
}

#[test]
fn what_is_traced_is_what_is_mapped() {
    for (flow, file) in [
        ("amounts", "wangdian/trade.json"),
        ("trade-to-kingdee", "wangdian/trade.json"),
        ("direct-order-to-wangdian", "qince/direct-order.json"),
        ("direct-order-to-sharecrm", "qince/direct-order.json"),
    ] {
        let flow = if flow == "amounts" { amounts() } else { shipped(flow) };
        let document = document(file);
        let (mapped, trace) = traced(&flow, &document);
        let mapped = mapped.unwrap();
        assert_eq!(mapped, apply(&flow, &document).unwrap().body);
        let mut values = 0;
        for field in trace.fields.iter().filter(|field| field.is_sent && field.result.is_some()) {
            let pointer = format!("/{}", field.target.replace('[', "/").replace(']', "").replace('.', "/"));
            assert_eq!(mapped.pointer(&pointer), field.result.as_ref(), "{}", field.target);
            values += 1;
        }
        assert!(values > 20, "{values}");
    }
}

#[test]
fn a_field_tells_its_rule_what_was_read_and_what_became_of_it() {
    let (_, trace) = traced(&shipped("trade-to-kingdee"), &document("wangdian/trade.json"));
    insta::assert_json_snapshot!(
        "traced_unit",
        [
            field(&trace, "billdate"),
            field(&trace, "material_entity[0].cess"),
            field(&trace, "material_entity[0].unit_id"),
            field(&trace, "material_entity[2].unit_id"),
            field(&trace, "material_entity[1].stockid_id"),
        ]
    );
}

#[test]
fn what_is_left_out_says_why() {
    let flow = trade_flow(
        "a = \"shop_no\"\nb = { from = \"shop_no\", default = \"none\" }\nc = [{ when = \"paid > 1\", value = \"x\" }]\n\
         d = { from = \"paid\", as = \"integer\" }\n[fields.detailFieldVals.lines]\neach = \"goods_list\"\n\
         where = \"num > 1\"\nnum = \"num\"",
    );
    let trade = json!({"stockout_no": "CK", "paid": "0.5", "goods_list": [{"num": "1"}, {"num": "2"}]});
    let (mapped, trace) = traced(&flow, &trade);
    assert_eq!(mapped.unwrap_err().len(), 1);
    let ended = |target| field(&trace, target).ended;
    assert_eq!(ended("masterFieldVal.a"), Ended::LeftOut);
    assert_eq!(ended("masterFieldVal.b"), Ended::Default);
    assert_eq!(ended("masterFieldVal.c"), Ended::NoRule);
    let faulty = field(&trace, "masterFieldVal.d");
    assert_eq!(faulty.ended, Ended::Fault);
    assert!(faulty.fault.as_deref().unwrap().contains("is not a whole number"), "{faulty:#?}");
    let [line] = trace.left_out.as_slice() else { panic!("{:#?}", trace.left_out) };
    assert_eq!((line.target.as_str(), line.line.as_str()), ("detailFieldVals.lines", "goods_list[0]"));
    assert_eq!((line.condition.condition.as_str(), line.condition.holds), ("num > 1", Some(false)));
    assert_eq!(line.condition.reads[0].path, "goods_list[0].num");
}

#[test]
fn a_repeated_value_is_traced_as_it_is_sent() {
    let mut order = document("qince/direct-order.json");
    let line = order["prods"][0].clone();
    order["prods"].as_array_mut().unwrap().push(line);
    let (mapped, trace) = traced(&shipped("direct-order-to-wangdian"), &order);
    let second = &mapped.unwrap()["order_list"][1]["oid"];
    assert_eq!(second, "7226306356013346628-10-2");
    assert_eq!(field(&trace, "order_list[1].oid").result.as_ref(), Some(second));
}
