use std::sync::LazyLock;

use proptest::prelude::*;
use relay_mapping::Flow;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{apply, catalog, master, shipped};

static FLOWS: LazyLock<Vec<Flow>> = LazyLock::new(|| {
    [
        "direct-order-to-sharecrm",
        "direct-order-to-wangdian",
        "trade-to-kingdee",
        "stock-to-sharecrm",
        "shipping-to-sharecrm",
    ]
    .map(shipped)
    .into_iter()
    .collect()
});

const NAMES: [&str; 14] = [
    "id",
    "trade_no",
    "prods",
    "goods_list",
    "exts",
    "num",
    "purchase_count",
    "purchase_price",
    "receive_addr",
    "modify_time_str",
    "status",
    "rec_id",
    "tax_rate",
    "posnr",
];

/// Any JSON, with the names that flows look for.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|number| json!(number)),
        "-?[0-9]{1,40}(\\.[0-9]{0,30})?([eE][0-9]{1,3})?".prop_map(Value::String),
        "\\PC{0,12}".prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((prop::sample::select(&NAMES), inner), 0..8).prop_map(|fields| fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_json_is_mapped_or_faulted_without_a_panic(document in json()) {
        for flow in FLOWS.iter() {
            let _ = (flow.admits(&document), flow.key(&document), flow.version(&document));
            if let Err(faults) = apply(flow, &document) {
                prop_assert!(!faults.is_empty());
                prop_assert!(faults.iter().all(|fault| !fault.to_string().contains('\n')));
            }
        }
    }

    #[test]
    fn decimals_are_those_of_rust_decimal(mantissa in -10_i64.pow(14)..10_i64.pow(14), scale in 0_u32..9, count in 0_i64..10_000) {
        let price = Decimal::new(mantissa, scale);
        let document = json!({"paid": price.to_string(), "goods_list": [{"num": count.to_string()}, {"num": "2"}]});
        let mapped = master("x = { compute = \"sum(goods_list, num * $.\\\"paid\\\")\" }", &document).unwrap();
        let expected = price * Decimal::from(count + 2);
        prop_assert_eq!(mapped["x"].as_str().unwrap().parse::<Decimal>().unwrap(), expected);
        prop_assert!(!mapped["x"].as_str().unwrap().contains('e'));
    }

    #[test]
    fn any_text_as_a_flow_file_is_read_or_refused_without_a_panic(text in "\\PC{0,80}", rule in "[a-z0-9_.|$^#()\\[\\]='{}*+/<>! -]{0,40}") {
        let _ = Flow::parse("f", "f.toml", &text, &catalog()).map_err(|mistakes| mistakes.to_string());
        let file = format!("[source]\ndocument = \"wangdian.trade_query\"\nkey = \"{rule}\"\nfilter = \"{rule}\"\n[target]\ndocument = \"sharecrm.objdata_push\"\n[fields]\nid = {{ text = \"{rule}\" }}\nobjAPIName = {{ compute = \"{rule}\" }}\n");
        if let Err(mistakes) = Flow::parse("f", "f.toml", &file, &catalog()) {
            prop_assert!(!mistakes.0.is_empty());
            let _ = mistakes.to_string();
        }
    }
}
