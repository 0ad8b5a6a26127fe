use serde_json::{Value, json};

use relay_mapping::Flow;

use super::{apply, catalog, master, trade_flow};

fn field(rule: &str, document: &Value) -> Value {
    master(&format!("x = {rule}"), document).unwrap()["x"].take()
}

#[test]
fn the_first_present_fall_back_is_taken() {
    let document = json!({"trade_no": " ", "shop_no": null, "trade_time": "0000-00-00 00:00:00", "created": "2016-12-01"});
    assert_eq!(field("\"trade_no | shop_no | trade_time | created\"", &document), "2016-12-01");
    assert_eq!(field("\"trade_no | 'none'\"", &document), "none");
}

#[test]
fn a_field_of_the_source_that_is_called_target_is_read_in_quotes() {
    let text = "[source]\ndocument = \"http.webhook\"\nparams = { name = \"orders\" }\nkey = \"id\"\n\
                [target]\ndocument = \"http.post\"\n[fields]\nid = \"id\"\nplain = \".'target'.amount\"\n\
                twice = { compute = \".'target'.amount * 2\", as = \"decimal\" }\n";
    let flow = Flow::parse("f", "f.toml", text, &catalog()).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let body = apply(&flow, &json!({"id": "1", "target": {"amount": "7.5"}})).unwrap().body;
    assert_eq!(body, json!({"id": "1", "plain": "7.5", "twice": "15"}));
    let bare = text.replace(".'target'.amount\"", "target.amount\"");
    let mistakes = Flow::parse("f", "f.toml", &bare, &catalog()).unwrap_err().to_string();
    assert!(mistakes.contains("write `.'target'`"), "{mistakes}");
}

#[test]
fn lines_are_picked_by_position_and_by_a_fields_value() {
    let document = json!({"goods_list": [
        {"spec_no": "A", "goods_name": "甲"}, {"spec_no": "红色 (大)", "goods_name": "乙"}
    ]});
    assert_eq!(field("\"goods_list[1].goods_name\"", &document), "乙");
    assert_eq!(field("\"goods_list[spec_no=红色 (大)].goods_name\"", &document), "乙");
    assert_eq!(field("\"goods_list[spec_no='A'].goods_name\"", &document), "甲");
}

#[test]
fn sums_and_counts_run_over_filtered_lines() {
    let document = json!({"post_amount": "1.10", "goods_list": [
        {"num": "2.0000", "price": "0.1"}, {"num": 1, "price": 0.2}, {"num": "-1", "price": "9"}
    ]});
    assert_eq!(
        field("{ compute = \"sum(goods_list where num > 0, num * price) + post_amount\" }", &document),
        "1.5"
    );
    assert_eq!(field("{ compute = \"count(goods_list where num > 1)\" }", &document), "1");
    assert_eq!(field("{ compute = \"-post_amount / 4\", as = \"decimal\", scale = 2 }", &document), "-0.28");
}

#[test]
fn rounding_is_chosen_and_padded() {
    let document = json!({"paid": "2.345"});
    let rounded = |rounding: &str| {
        field(
            &format!("{{ from = \"paid\", as = \"decimal\", scale = 2, rounding = \"{rounding}\" }}"),
            &document,
        )
    };
    assert_eq!(rounded("half_up"), "2.35");
    assert_eq!(rounded("half_even"), "2.34");
    assert_eq!(rounded("down"), "2.34");
    assert_eq!(field("{ from = \"paid\", as = \"decimal\", scale = 4 }", &document), "2.3450");
}

#[test]
fn times_are_read_and_written_in_the_formats_asked_for() {
    let document = json!({"trade_time": "2016-12-01 00:30:00", "created": "20161201"});
    assert_eq!(field("{ from = \"trade_time\", as = \"date\" }", &document), "2016-12-01");
    assert_eq!(field("{ from = \"trade_time\", as = \"date\", zone = \"+09:00\" }", &document), "2016-11-30");
    assert_eq!(
        field("{ from = \"created\", as = \"time\", formats = \"%Y%m%d\" }", &document),
        "2016-12-01 00:00:00"
    );
    assert_eq!(field("{ from = \"trade_time\", as = \"date\", write = \"%Y/%m\" }", &document), "2016/12");
    assert_eq!(field("{ from = \"trade_time\", as = \"epoch\" }", &document), "1480523400000");
    assert_eq!(
        field("{ from = \"trade_time\", as = \"epoch\", write = \"seconds\" }", &document),
        "1480523400"
    );
}

#[test]
fn flags_integers_json_and_text_are_converted() {
    let document = json!({"is_sealed": "是", "trade_id": 7_226_306_356_013_346_628_u64, "goods_list": [{"num": 1}], "goods_count": "20.00000000"});
    assert_eq!(field("{ from = \"is_sealed\", as = \"flag\" }", &document), true);
    assert_eq!(field("\"trade_id\"", &document), "7226306356013346628");
    assert_eq!(field("{ from = \"goods_count\", as = \"integer\" }", &document), "20");
    assert_eq!(field("{ from = \"goods_list\", as = \"json\" }", &document), "[{\"num\":1}]");
    assert_eq!(field("{ text = \"{{{trade_id}}}\" }", &document), "{7226306356013346628}");
}

#[test]
fn the_first_rule_whose_condition_holds_is_taken() {
    let rules = "[{ when = \"trade_status in (5, 10)\", value = \"off\" }, { when = \"not has(paid)\", value = \"unpaid\" }, { value = \"on\" }]";
    assert_eq!(field(rules, &json!({"trade_status": "5"})), "off");
    assert_eq!(field(rules, &json!({"trade_status": "55"})), "unpaid");
    assert_eq!(field(rules, &json!({"trade_status": "55", "paid": 0})), "on");
}

#[test]
fn an_address_is_split_or_takes_the_default() {
    let document = json!({"receiver_address": "江苏省南京建邺区云龙山路66号"});
    assert_eq!(field("{ from = \"receiver_address\", as = \"city\" }", &document), "南京市");
    assert_eq!(field("{ from = \"receiver_address\", as = \"street\" }", &document), "云龙山路66号");
    let unknown = json!({"receiver_address": "火星一号坑"});
    assert_eq!(
        field("{ from = \"receiver_address\", as = \"city\", default = \"南京市\" }", &unknown),
        "南京市"
    );
    let faults = master("x = { from = \"receiver_address\", as = \"city\" }", &unknown).unwrap_err();
    assert!(faults[0].to_string().contains("火星一号坑"), "{}", faults[0]);
}

#[test]
fn what_is_computed_reads_what_was_mapped_wherever_it_stands() {
    let fields = "total = { compute = \"target.net + target.post\" }\nnet = { from = \"paid\", as = \"decimal\", scale = 1 }\npost = { value = \"1\" }";
    let mapped = master(fields, &json!({"paid": "2.25"})).unwrap();
    assert_eq!(mapped.to_string(), r#"{"total":"3.3","net":"2.3","post":"1"}"#);
}

fn filtered_flow(filter: &str) -> relay_mapping::Flow {
    let text = format!(
        "[source]\ndocument = \"wangdian.trade_query\"\nkey = \"trade_no\"\nfilter = \"{filter}\"\n\
         [target]\ndocument = \"sharecrm.objdata_push\"\n[fields]\nid = \"trade_no\"\n\
         objAPIName = {{ value = \"o\" }}\ndataCenterId = {{ value = \"d\" }}\n"
    );
    relay_mapping::Flow::parse("f", "f.toml", &text, &super::catalog()).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn a_filter_takes_documents_and_missing_fields_equal_nothing() {
    let flow =
        filtered_flow("trade_status = 55 and shop_no != 'TEST' and (paid >= 10 or count(goods_list) > 1)");
    assert!(flow.admits(&json!({"trade_status": "55", "paid": "10.00"})).unwrap());
    assert!(flow.admits(&json!({"trade_status": 55, "goods_list": [{}, {}]})).unwrap());
    assert!(!flow.admits(&json!({"trade_status": 55, "shop_no": "TEST", "paid": 10})).unwrap());
    assert!(!flow.admits(&json!({"paid": 10})).unwrap());
}

#[test]
fn a_filter_that_cannot_be_evaluated_is_a_fault_and_not_a_no() {
    for (filter, document, fault) in [
        (
            "paid > 0",
            json!({"paid": "abc"}),
            "filter: `paid` = \"abc\" is not a decimal number: correct it in the source system, or change the flow",
        ),
        ("0 <= paid", json!({"paid": [1]}), "filter: `paid` = \"[1]\" is not a decimal number"),
        ("paid >= 'a'", json!({"paid": [1]}), "filter: `paid` = \"[1]\" is not one value"),
        ("paid + 1 = 2", json!({"paid": "abc"}), "filter: `paid` = \"abc\" is not a decimal number"),
        ("paid / 0 = 1", json!({"paid": "1"}), "filter: `1 / 0` divides by zero"),
        ("count(goods_list) > 1", json!({"goods_list": "x"}), "filter: `goods_list` = \"x\" is not a list"),
        (
            "sum(goods_list where num > 0, num) > 1",
            json!({"goods_list": [{"num": "1"}, {"num": "?"}]}),
            "filter: `goods_list[1].num` = \"?\" is not a decimal number",
        ),
    ] {
        let found = filtered_flow(filter).admits(&document).unwrap_err().to_string();
        assert!(found.starts_with(fault), "{filter}: {found}");
    }
    for (filter, document) in [
        ("paid > 0", json!({})),
        ("paid + post_amount > 0", json!({"paid": "1"})),
        ("paid = 0", json!({"paid": "abc"})),
        ("trade_status = 55 and paid > 0", json!({"trade_status": 30, "paid": "abc"})),
        ("trade_time > '2024-01-01 00:00:00'", json!({"trade_time": "2023-05-05 10:00:00"})),
    ] {
        assert_eq!(filtered_flow(filter).admits(&document), Ok(false), "{filter}");
    }
}

#[test]
fn a_condition_that_cannot_be_evaluated_drops_no_line_and_picks_no_other_rule() {
    let document = json!({"paid": "abc", "goods_list": [{"num": "1"}, {"num": "?"}]});
    for (fields, fault) in [
        (
            "x = [{ when = \"paid > 0\", value = \"1\" }, { value = \"0\" }]",
            "masterFieldVal.x: `paid` = \"abc\" is not a decimal number",
        ),
        (
            "[fields.detailFieldVals.L]\neach = \"goods_list\"\nwhere = \"num > 0\"\nnum = \"num\"",
            "detailFieldVals.L: `goods_list[1].num` = \"?\" is not a decimal number",
        ),
        (
            "x = { compute = \"count(goods_list where num > 0)\" }",
            "masterFieldVal.x: `goods_list[1].num` = \"?\" is not a decimal number",
        ),
    ] {
        let faults = master(fields, &document).unwrap_err();
        assert!(faults[0].to_string().starts_with(fault), "{fields}: {}", faults[0]);
    }
}

#[test]
fn a_copy_keeps_empty_text_and_writes_everything_as_text() {
    let document = json!({"shop_no": "", "trade_id": 12, "goods_list": [{"num": "1"}], "paid": null});
    let copied = master("copy = [\"shop_no\", \"trade_id\", \"goods_list\", \"paid\"]", &document).unwrap();
    assert_eq!(copied, json!({"shop_no": "", "trade_id": "12", "goods_list": "[{\"num\":\"1\"}]"}));
}

#[test]
fn a_look_up_is_asked_only_where_its_rule_applies() {
    let flow = trade_flow(
        "x = [{ when = \"shop_no = 'A'\", from = \"shop_no\", lookup = \"kingdee.customer\" }, { value = \"0\" }]",
    );
    assert_eq!(flow.lookups(&json!({"shop_no": "A"})).len(), 1);
    assert!(flow.lookups(&json!({"shop_no": "B"})).is_empty());
}

#[test]
fn a_look_up_names_its_table_its_result_and_the_field_of_its_code() {
    let flow = trade_flow(
        "a = { from = \"shop_no\", lookup = \"table.shop\", result = \"税率\" }\n\
         b = { from = [\"shop_no\", \"warehouse_no\"], lookup = \"table.stock\" }\n\
         c = { from = \"shop_no\", lookup = \"wangdian.shop\", result = \"shop_name\" }\n\
         d = { from = \"shop_no\", lookup = \"wangdian.shop\", by = \"shop_id\", result = \"shop_name\" }\n\
         e = { from = \"shop_no\", lookup = \"delivered.bills\" }\n\
         f = { from = \"shop_no\", lookup = \"delivered.bills\", result = \"number\" }",
    );
    let asked = flow.lookups(&json!({ "shop_no": "S/1", "warehouse_no": "W1" }));
    let asked: Vec<_> = asked.iter().map(|asked| (asked.table.as_str(), asked.key.as_str())).collect();
    assert_eq!(
        asked,
        [
            ("delivered.bills", "S/1"),
            ("delivered.bills.number", "S/1"),
            ("table.shop.税率", "S/1"),
            ("table.stock", "S%2F1/W1"),
            ("wangdian.shop[shop_id].shop_name", "S/1"),
            ("wangdian.shop[shop_no].shop_name", "S/1"),
        ]
    );
    let part = flow.lookups(&json!({ "warehouse_no": "W1" }));
    assert!(part.is_empty(), "a code of which a part is absent is absent: {part:?}");
}

/// A decimal, a flag and a date come out of a table as the target's fields take them.
#[test]
fn what_a_table_gives_is_written_as_the_field_wants_it() {
    let text = "[source]\ndocument = \"wangdian.trade_query\"\nkey = \"trade_no\"\n[target]\n\
                document = \"kingdee.sal_order_save\"\n[fields]\nbillno = \"trade_no\"\n\
                billdate = { from = \"shop_no\", lookup = \"table.shop\", result = \"date\" }\n\
                customerid_id = { from = \"shop_no\", lookup = \"table.shop\" }\n\
                [fields.material_entity]\neach = \"goods_list\"\nmaterialid_id = \"spec_no\"\nqty = \"num\"\n\
                unit_id = \"spec_no\"\nstockid_id = \"spec_no\"\n\
                is_free = { from = \"^.shop_no\", lookup = \"table.shop\", result = \"gift\" }\n\
                taxprice = { from = \"^.shop_no\", lookup = \"table.shop\", result = \"price\" }\n";
    let flow = Flow::parse("f", "f.toml", text, &catalog()).unwrap();
    let document = json!({ "trade_no": "T", "shop_no": "S", "goods_list": [{ "spec_no": "A", "num": "1" }] });
    let told = [("date", "2026-11-29 10:00:00"), ("gift", "是"), ("price", "1.50"), ("", "C1")];
    let answered = |told: &[(&str, &str)]| {
        let name = |result: &str| if result.is_empty() { String::new() } else { format!(".{result}") };
        let told = told.iter().map(|(result, value)| {
            let (table, key) = (format!("table.shop{}", name(result)), "S".to_owned());
            (relay_mapping::LookupKey { table, key }, (*value).to_owned())
        });
        let (settings, lookups) = (Default::default(), told.collect());
        flow.apply(&document, &relay_mapping::Context { settings: &settings, lookups: &lookups })
    };
    let body = answered(&told).unwrap().body;
    let line = &body["material_entity"][0];
    assert_eq!(
        (&body["billdate"], &line["is_free"], &line["taxprice"]),
        (&json!("2026-11-29"), &json!(true), &json!("1.5"))
    );
    let faults = answered(&[("date", "soon"), ("gift", "是"), ("price", "1.50"), ("", "C1")]).unwrap_err();
    assert_eq!(
        faults[0].to_string(),
        "billdate: `table.shop.date of S` = \"soon\" is not a time such as 2016-12-01 00:00:00: correct it in the source \
         system, or change the flow"
    );
}

#[test]
fn a_list_that_php_wrote_as_an_object_is_read() {
    let document = json!({"goods_list": {"0": {"num": "1"}, "2": {"num": "2"}}});
    assert_eq!(field("{ compute = \"sum(goods_list, num)\" }", &document), "3");
}

#[test]
fn a_field_in_quotes_is_read_where_it_stands() {
    let flow = "[source]\ndocument = \"qince.direct_order\"\nkey = \"id\"\n[target]\n\
                document = \"sharecrm.objdata_push\"\n[fields]\nid = \"id\"\nobjAPIName = { value = \"o\" }\n\
                dataCenterId = { value = \"d\" }\n[fields.masterFieldVal]\na = \".'my-no'\"\n\
                b = \"$.'my-no'\"\nc = { compute = \"sum(prods, .'my num')\" }\n\
                d = { text = \"{.'my-no'}/{prods[1].'my num'}\" }\n";
    let flow = relay_mapping::Flow::parse("f", "f.toml", flow, &super::catalog()).unwrap();
    assert!(flow.warnings().is_empty());
    let order = json!({"id": "1", "my-no": "N", "prods": [{"my num": "2"}, {"my num": "3"}]});
    let mapped = super::apply(&flow, &order).unwrap();
    assert_eq!(mapped.body["masterFieldVal"], json!({"a": "N", "b": "N", "c": "5", "d": "N/3"}));
}

#[test]
fn a_text_prints_in_quotes_that_it_does_not_hold() {
    for version in ["modified | \"it's\"", "modified | 'say \"it\"'", "modified | 'x' | 1.50"] {
        let file = format!(
            "[source]\ndocument = \"wangdian.trade_query\"\nkey = \"trade_no\"\nversion = '''{version}'''\n\
             [target]\ndocument = \"sharecrm.objdata_push\"\n[fields]\nobjAPIName = {{ value = \"o\" }}\n\
             dataCenterId = {{ value = \"d\" }}\nid = \"trade_no\"\n"
        );
        let flow = Flow::parse("test", "test.toml", &file, &catalog()).unwrap();
        assert_eq!(flow.version_source().as_deref(), Some(version), "what is printed can be read again");
    }
}

#[test]
fn an_equals_sign_too_many_is_told_whatever_stands_between_the_two() {
    for filter in ["trade_status == 55", "trade_status = = 55", "trade_status =\u{3000}= 55"] {
        let file = format!(
            "[source]\ndocument = \"wangdian.trade_query\"\nkey = \"trade_no\"\nfilter = \"{filter}\"\n\
             [target]\ndocument = \"sharecrm.objdata_push\"\n[fields]\n"
        );
        let mistakes = Flow::parse("test", "test.toml", &file, &catalog()).unwrap_err().to_string();
        assert!(mistakes.contains("equal is written with one `=`"), "{mistakes}");
    }
}
