use serde_json::{Value, json};

use super::{apply, catalog, document, shipped};

fn body(flow: &str, document: &Value) -> Value {
    apply(&shipped(flow), document).unwrap_or_else(|faults| panic!("{faults:#?}")).body
}

fn order_for_wangdian(change: impl FnOnce(&mut Value)) -> Value {
    let mut order = document("qince/direct-order.json");
    change(&mut order);
    body("direct-order-to-wangdian", &order)
}

#[test]
fn a_direct_order_becomes_a_crm_order_without_loss() {
    let order = document("qince/direct-order.json");
    let mapped = body("direct-order-to-sharecrm", &order);
    insta::assert_json_snapshot!("direct_order_to_sharecrm", mapped);
    let master = &mapped["masterFieldVal"];
    let line = &mapped["detailFieldVals"]["erpSalesOrderProductObj"][0];
    for (name, value) in order.as_object().unwrap().iter().filter(|(_, value)| value.is_string()) {
        assert_eq!(&master[name], value, "{name}");
    }
    for (name, value) in order["prods"][0].as_object().unwrap().iter().filter(|(_, value)| value.is_string())
    {
        assert_eq!(&line[name], value, "{name}");
    }
    let exts: Value = serde_json::from_str(line["exts"].as_str().unwrap()).unwrap();
    assert_eq!(exts, order["prods"][0]["exts"]);
    assert_eq!(mapped["detailFieldVals"]["usedGiftCards"], order["usedGiftCards"]);
    assert_eq!(mapped["detailFieldVals"]["usedAmountPools"], order["usedAmountPools"]);
}

#[test]
fn every_documented_field_of_a_direct_order_is_carried() {
    fn filled(fields: &[relay_connector::Field]) -> Value {
        let value = |field: &relay_connector::Field| match field.kind {
            relay_connector::Kind::List(lines) => json!([filled(lines)]),
            relay_connector::Kind::Decimal => json!("1.50"),
            relay_connector::Kind::Time | relay_connector::Kind::Date => json!("2016-12-01 00:00:00.999001"),
            _ => json!(format!("值 of {}", field.name)),
        };
        fields.iter().map(|field| (field.name.to_owned(), value(field))).collect()
    }
    let order = filled(catalog().document("qince.direct_order").unwrap().fields());
    let mapped = body("direct-order-to-sharecrm", &order);
    let details = &mapped["detailFieldVals"];
    let places = [
        (&mapped["masterFieldVal"], &order),
        (&details["erpSalesOrderProductObj"][0], &order["prods"][0]),
        (&details["usedGiftCards"][0], &order["usedGiftCards"][0]),
        (&details["usedAmountPools"][0], &order["usedAmountPools"][0]),
        (&details["usedVouchers"][0], &order["usedVouchers"][0]),
    ];
    for (sent, read) in places {
        for (name, value) in read.as_object().unwrap() {
            match value.as_array() {
                None => assert_eq!(&sent[name], value, "{name}"),
                Some(list) if name == "exts" => {
                    assert_eq!(sent[name], Value::Array(list.clone()).to_string());
                }
                Some(_) => {}
            }
        }
    }
}

#[test]
fn a_deleted_order_carries_its_state_to_the_crm() {
    let mut order = document("qince/direct-order.json");
    order["status"] = json!("0");
    assert_eq!(body("direct-order-to-sharecrm", &order)["masterFieldVal"]["status"], "0");
}

#[test]
fn a_direct_order_becomes_a_wangdian_order() {
    let flow = shipped("direct-order-to-wangdian");
    let mapped = apply(&flow, &document("qince/direct-order.json")).unwrap();
    insta::assert_json_snapshot!("direct_order_to_wangdian", mapped.body);
    let expected =
        [("shop_no".to_owned(), "<WDT_SHOP_NO>".to_owned()), ("switch".to_owned(), "0".to_owned())];
    assert_eq!(mapped.params, expected);
    assert_eq!(flow.settings().into_iter().collect::<Vec<_>>(), ["WDT_SHOP_NO"]);
}

#[test]
fn paid_follows_wangdians_formula_over_what_is_sent() {
    let order = order_for_wangdian(|order| {
        let mut second = order["prods"][0].clone();
        second["purchase_price"] = json!("0.33333333");
        second["purchase_count"] = json!("3.00000000");
        second["purchase_discount_amount"] = json!("");
        order["prods"].as_array_mut().unwrap().push(second);
    });
    assert_eq!(order["order_list"][1]["discount"], "0");
    assert_eq!(order["paid"], "190.99999999");
}

#[test]
fn states_of_a_direct_order_become_wangdians() {
    let states = [
        ("1", "CG_DQR", "10", "0"),
        ("1", "CG_DFH", "30", "0"),
        ("1", "CG_FHZ", "30", "0"),
        ("1", "CG_DRK", "30", "0"),
        ("1", "CG_YWC", "70", "0"),
        ("1", "CG_YQX", "80", "5"),
        ("0", "CG_DFH", "80", "5"),
        ("0", "CG_DQR", "80", "5"),
    ];
    for (status, purchase_status, expected, refund) in states {
        let order = order_for_wangdian(|order| {
            order["status"] = json!(status);
            order["purchase_status"] = json!(purchase_status);
        });
        let line = &order["order_list"][0];
        let found = [&order["trade_status"], &line["status"], &line["refund_status"]];
        assert_eq!(found, [expected, expected, refund], "{status} {purchase_status}");
    }
    let unpaid = order_for_wangdian(|order| order["purchase_status"] = json!("CG_DQR"));
    assert_eq!([&unpaid["pay_status"], &unpaid["pay_time"]], ["0", "0000-00-00 00:00:00"]);
}

#[test]
fn sub_order_numbers_are_unique_where_posnr_is_missing_or_repeated() {
    let order = order_for_wangdian(|order| {
        let line = order["prods"][0].clone();
        let mut nameless = line.clone();
        nameless.as_object_mut().unwrap().remove("posnr");
        order["prods"] = json!([line, line, nameless, line]);
    });
    let numbers: Vec<_> = order["order_list"].as_array().unwrap().iter().map(|line| &line["oid"]).collect();
    let id = "7226306356013346628";
    assert_eq!(
        numbers,
        [&format!("{id}-10"), &format!("{id}-10-2"), &format!("{id}-3"), &format!("{id}-10-3")]
    );
}

#[test]
fn emoji_do_not_reach_wangdian() {
    let order = order_for_wangdian(|order| {
        order["receive_name"] = json!("李四😀");
        order["remark"] = json!("🎉");
    });
    assert_eq!(order["receiver_name"], "李四");
    assert!(order.get("buyer_message").is_none(), "nothing is left of it");
}

#[test]
fn a_trade_becomes_a_kingdee_order() {
    let flow = shipped("trade-to-kingdee");
    let trade = document("wangdian/trade.json");
    insta::assert_json_snapshot!("trade_to_kingdee", apply(&flow, &trade).unwrap().body);
    assert_eq!(flow.source().route.as_deref(), Some("qimen"));
    assert_eq!(
        relay_mapping::resolve(&flow.source().params, &Default::default()).unwrap(),
        [("status".into(), "55".into())]
    );
    assert_eq!(flow.key(&trade).unwrap(), trade["trade_no"].as_str().unwrap());
    assert_eq!(flow.version_kind(&trade), relay_mapping::VersionKind::Time);
    assert_eq!(flow.version(&trade).as_deref(), trade["modified"].as_str());
}

#[test]
fn a_line_without_a_unit_takes_the_goods_own() {
    let mut trade = document("wangdian/trade.json");
    trade["goods_list"][0]["unit_name"] = Value::Null;
    trade["goods_list"][0]["spec_no"] = json!("P9");
    trade["goods_list"][0]["tax_rate"] = json!("0.1300");
    let line = body("trade-to-kingdee", &trade)["material_entity"][0].take();
    assert_eq!([&line["unit_id"], &line["cess"]], ["<kingdee.material_unit P9>", "13"]);
}

#[test]
fn a_trade_without_lines_is_a_fault_and_no_empty_order() {
    for lines in [Value::Null, json!([]), json!("")] {
        let mut trade = document("wangdian/trade.json");
        trade["goods_list"] = lines;
        let faults = apply(&shipped("trade-to-kingdee"), &trade).unwrap_err();
        assert_eq!(faults.len(), 1);
        assert!(
            faults[0].to_string().starts_with("material_entity: `goods_list` gives no lines"),
            "{}",
            faults[0]
        );
    }
}

#[test]
fn an_empty_price_is_a_fault_and_no_order_without_price() {
    let mut trade = document("wangdian/trade.json");
    trade["goods_list"][1]["share_price"] = json!("");
    let faults = apply(&shipped("trade-to-kingdee"), &trade).unwrap_err();
    let [fault] = faults.as_slice() else { panic!("{faults:#?}") };
    assert_eq!(
        (fault.target.as_str(), &fault.cause),
        ("material_entity[1].taxprice", &relay_mapping::Cause::Absent)
    );
}

#[test]
fn a_stock_change_becomes_a_crm_record() {
    let flow = shipped("stock-to-sharecrm");
    insta::assert_json_snapshot!(
        "stock_to_sharecrm",
        body("stock-to-sharecrm", &document("wangdian/stock-change.json"))
    );
    assert_eq!(
        flow.version_kind(&document("wangdian/stock-change.json")),
        relay_mapping::VersionKind::Integer
    );
}

#[test]
fn a_waybill_becomes_a_crm_record() {
    let flow = shipped("shipping-to-sharecrm");
    let mut waybill = document("wangdian/logistics-sync.json");
    insta::assert_json_snapshot!("shipping_to_sharecrm", body("shipping-to-sharecrm", &waybill));
    assert_eq!(flow.version_kind(&waybill), relay_mapping::VersionKind::Time);
    waybill.as_object_mut().unwrap().remove("modified");
    assert_eq!(flow.version(&waybill), None);
    assert!(apply(&flow, &waybill).is_ok());
}
