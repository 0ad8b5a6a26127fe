//! What there is: documents, fields, look-up tables.

use relay_connector::Role;
use relay_connector::Settings;
use relay_connectors::{CONNECTORS, documented};
use relay_job::{FlowFile, Routed};
use relay_operations::OperationError;
use relay_operations::documents::fields::{Described, closest, fields, of_all};
use relay_operations::documents::{documents, lookups};

fn names(text: &str) -> Vec<&'static str> {
    documents(CONNECTORS, &Settings::default(), Some(text)).into_iter().map(|row| row.name).collect()
}

fn described(name: &str, text: Option<&str>) -> Described {
    fields(CONNECTORS, &Settings::default(), name, text).unwrap_or_else(|error| panic!("{error}"))
}

fn paths(name: &str, text: &str) -> Vec<String> {
    described(name, Some(text)).fields.into_iter().map(|row| row.path).collect()
}

#[test]
fn a_document_is_found_by_its_name_its_title_and_its_vendor() {
    assert!(names("TRADE_QUERY").contains(&"wangdian.trade_query"));
    assert!(names("销售订单").contains(&"kingdee.sal_order_save"));
    assert!(names("勤策").contains(&"qince.direct_order"));
    assert_eq!(names("no such thing"), Vec::<&str>::new());
    let all = documents(CONNECTORS, &Settings::default(), None);
    let every: usize = CONNECTORS.iter().map(|connector| connector.documents().len()).sum();
    assert_eq!(all.len(), every);
    assert!(lookups(CONNECTORS, Some("客户")).iter().any(|row| row.name == "kingdee.customer"));
}

#[test]
fn a_field_is_found_by_its_name_its_title_and_its_codes_and_stands_below_its_list() {
    assert!(paths("wangdian.trade_query", "spec_no").contains(&"goods_list[].spec_no".to_owned()));
    assert!(paths("wangdian.trade_query", "商家编码").contains(&"goods_list[].spec_no".to_owned()));
    assert!(paths("wangdian.trade_query", "已发货").contains(&"trade_status".to_owned()));
    let order = described("kingdee.sal_order_save", None);
    let billno = order.fields.iter().find(|row| row.path == "billdate").unwrap();
    assert_eq!((billno.kind, billno.required, billno.certainty), ("date", "yes", "vendor"));
    let status = described("wangdian.trade_query", Some("status"));
    let status = status.params.iter().find(|row| row.path == "status").unwrap();
    assert!(status.codes.iter().any(|code| code.code == "55"), "{status:?}");
}

#[test]
fn a_document_may_be_named_without_its_vendor_or_by_its_title_where_no_other_has_it() {
    assert_eq!(described("trade_query", None).document.name, "wangdian.trade_query");
    assert_eq!(described("直营订单相关数据同步", None).document.name, "qince.direct_order");
}

#[test]
fn a_misspelt_document_is_told_with_what_was_meant() {
    for (misspelt, meant) in [
        ("wangdian.trade_qeury", "wangdian.trade_query"),
        ("stok_query", "wangdian.stock_query"),
        ("直营订单", "qince.direct_order"),
        ("Kingdee.sal_order", "kingdee.sal_order_save"),
    ] {
        let error = fields(CONNECTORS, &Settings::default(), misspelt, None).unwrap_err();
        assert!(error.is_wrong_usage());
        let OperationError::NoDocument { meant: found, .. } = &error else { panic!("{error}") };
        assert!(found.iter().any(|name| name == meant), "{misspelt}: {error}");
    }
    let lost =
        fields(CONNECTORS, &Settings::default(), "zzzzzzzzzzzzzzzzzzzz", None).unwrap_err().to_string();
    assert!(lost.contains("`relay documents`"), "{lost}");
}

#[test]
fn a_misspelt_field_is_told_with_what_was_meant() {
    let all = described("wangdian.trade_query", None).fields;
    assert_eq!(closest("trade_tme", &all), Some("trade_time"));
    assert_eq!(closest("spec_on", &all), Some("goods_list[].spec_no"));
}

#[test]
fn what_must_stand_in_a_flow_file_passes_the_check_for_every_document() {
    const SOURCE: &str = "[source]\ndocument = \"http.webhook\"\nkey = \"id\"\n";
    let catalog = relay_connectors::catalog();
    let mut checked = 0;
    for Described { document, example, .. } in of_all(&documented(), &Settings::default()) {
        let known = catalog.document(document.name).unwrap();
        let key = known.keys.first().map_or(".'x'", |key| key[0]);
        let target = format!("[target]\ndocument = \"http.post\"\n[fields]\nid = \"{key}\"\n");
        let text = match known.role {
            Role::Listed => continue,
            Role::Target => format!("{SOURCE}{}", example.replace('…', "x")),
            _ => format!("{}{target}", example.replace('…', ".'x'")),
        };
        let file =
            FlowFile { name: "example".to_owned(), file: "example.toml".to_owned(), text: text.clone() };
        if let Err(mistakes) = Routed::parse(file, &catalog) {
            panic!("{}:\n{mistakes}\n{text}", document.name);
        }
        checked += 1;
    }
    assert!(checked > 40, "{checked} documents");
}
