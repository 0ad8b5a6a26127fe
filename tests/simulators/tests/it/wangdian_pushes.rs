//! What the ERP takes of each of the sixteen pushes, and what it refuses.

use relay_simulators::Fault;
use relay_simulators::wangdian::example;
use serde_json::{Value, json};

use crate::bench::{Bench, text};

/// Each push with its form field; flat where there is none.
const PUSHES: [(&str, &str, Form); 15] = [
    ("purchase_provider_create", "", Form::Flat),
    ("goods_push", "goods_list", Form::List),
    ("api_goodsspec_push", "api_goods_info", Form::Object),
    ("sales_refund_push", "api_refund_list", Form::List),
    ("stockin_refund_push", "stockin_refund_info", Form::Object),
    ("purchase_order_push", "purchase_info", Form::Object),
    ("stockin_purchase_push", "purchase_info", Form::Object),
    ("purchase_return_push", "return_info", Form::Object),
    ("purchase_return_order_push", "purchase_return_info", Form::Object),
    ("stockin_order_push", "stockin_info", Form::Object),
    ("stockout_order_push", "stockout_info", Form::Object),
    ("stock_transfer_push", "transfer_info", Form::Object),
    ("stockout_transfer_push", "stockout_info", Form::Object),
    ("stockin_transfer_push", "stockin_info", Form::Object),
    ("stock_sync_by_pd", "", Form::Flat),
];

#[derive(Clone, Copy)]
enum Form {
    Flat,
    Object,
    List,
}

/// Pushes a document over that route, by night, when stock is counted too.
async fn push(
    bench: &Bench,
    (name, field, form): (&str, &str, Form),
    document: &Value,
    qimen: bool,
) -> Value {
    bench.clock.set("2026-11-22T13:00:00Z".parse().unwrap());
    let nested = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let params: Vec<(String, String)> = match form {
        Form::Flat => {
            document.as_object().unwrap().iter().map(|(key, value)| (key.clone(), nested(value))).collect()
        }
        Form::Object => vec![(field.to_owned(), document.to_string())],
        Form::List => vec![(field.to_owned(), json!([document]).to_string())],
    };
    let params: Vec<_> = params.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    if qimen {
        let method = format!("wdt.{}", name.replace('_', "."));
        return bench.qimen(&method, &params).await["response"].clone();
    }
    bench.direct(name, &params).await
}

fn is_taken(answer: &Value) -> bool {
    ["code", "errorcode"].iter().all(|name| answer.get(*name).is_none_or(|code| text(code) == "0"))
        && answer.get("flag").is_none_or(|flag| flag == "success")
}

#[tokio::test]
async fn the_examples_are_taken_with_their_lines_over_both_routes() {
    for each in PUSHES {
        for qimen in [false, true] {
            let bench = Bench::new();
            let document = example(each.0, "N-1").unwrap();
            let answer = push(&bench, each, &document, qimen).await;
            assert!(is_taken(&answer), "{} {qimen}: {answer}", each.0);
            let made = bench.vendors.wangdian.pushed_documents(each.0);
            let count = if each.0 == "api_goodsspec_push" { 2 } else { 1 };
            assert_eq!(made.len(), count, "{}", each.0);
            for list in ["detail_list", "details_list", "goods_list", "spec_list", "skus", "order_list"] {
                if count == 1 && document.get(list).is_some() {
                    assert_eq!(made[0].body[list].as_array().unwrap().len(), 2, "{} {list}", each.0);
                }
            }
        }
    }
}

#[tokio::test]
async fn what_a_page_does_not_have_is_refused() {
    for each in PUSHES {
        let bench = Bench::new();
        let mut document = example(each.0, "N-1").unwrap();
        document["no_such_field"] = json!("1");
        let answer = push(&bench, each, &document, false).await;
        assert!(text(&answer["message"]).contains("no_such_field"), "{}: {answer}", each.0);
        for list in ["detail_list", "details_list", "goods_list", "spec_list", "skus", "order_list"] {
            let mut document = example(each.0, "N-1").unwrap();
            if document.get(list).is_none() {
                continue;
            }
            document[list][1]["no_such_field"] = json!("1");
            let answer = push(&bench, each, &document, false).await;
            assert!(text(&answer["message"]).contains("no_such_field"), "{} {list}: {answer}", each.0);
        }
        assert!(bench.vendors.wangdian.pushed_documents(each.0).is_empty(), "{}", each.0);
    }
}

#[tokio::test]
async fn what_a_page_insists_on_is_missed_at_every_level() {
    for (name, paths) in [
        ("purchase_provider_create", &["provider_no", "provider_name", "min_purchase_num"][..]),
        ("goods_push", &["goods_no", "goods_name", "spec_list.spec_no"]),
        (
            "api_goodsspec_push",
            &["platform_id", "shop_no", "goods_list", "goods_list.spec_id", "goods_list.status"],
        ),
        (
            "sales_refund_push",
            &["platform_id", "shop_no", "tid", "refund_no", "order_list.oid", "order_list.num"],
        ),
        ("stockin_refund_push", &["refund_no", "warehouse_no", "detail_list", "detail_list.stockin_num"]),
        ("purchase_order_push", &["provider_no", "warehouse_no", "details_list", "details_list.price"]),
        ("stockin_purchase_push", &["purchase_no", "details_list", "details_list.spec_no"]),
        ("purchase_return_push", &["provider_no", "detail_list", "detail_list.num"]),
        ("purchase_return_order_push", &["return_no", "detail_list", "detail_list.num"]),
        ("stockin_order_push", &["warehouse_no", "goods_list", "goods_list.stockin_num"]),
        ("stockout_order_push", &["warehouse_no", "detail_list", "detail_list.num"]),
        ("stock_transfer_push", &["from_warehouse_no", "to_warehouse_no", "skus", "skus.num"]),
        ("stockout_transfer_push", &["src_order_no", "warehouse_no", "goods_list", "goods_list.spec_no"]),
        ("stockin_transfer_push", &["src_order_no", "src_order_type", "goods_list", "goods_list.num"]),
        ("stock_sync_by_pd", &["warehouse_no", "goods_list", "goods_list.stock_num"]),
    ] {
        let each = PUSHES.into_iter().find(|each| each.0 == name).unwrap();
        for path in paths {
            let bench = Bench::new();
            let mut document = example(name, "N-1").unwrap();
            match path.split_once('.') {
                None => document.as_object_mut().unwrap().remove(*path),
                Some((list, field)) => document[list][1].as_object_mut().unwrap().remove(field),
            }
            .unwrap();
            let answer = push(&bench, each, &document, false).await;
            assert!(
                text(&answer["message"]).contains(path.rsplit('.').next().unwrap()),
                "{name} {path}: {answer}"
            );
            assert!(bench.vendors.wangdian.pushed_documents(name).is_empty(), "{name} {path}");
        }
    }
}

#[tokio::test]
async fn one_wrong_document_refuses_its_call_or_stands_beside_those_that_are_taken() {
    for (name, field) in [("goods_push", "goods_list"), ("sales_refund_push", "api_refund_list")] {
        let mut wrong = example(name, "N-2").unwrap();
        wrong.as_object_mut().unwrap().remove(if name == "goods_push" { "goods_name" } else { "tid" });
        let list = json!([example(name, "N-1").unwrap(), wrong, example(name, "N-3").unwrap()]).to_string();
        let bench = Bench::new();
        assert!(!is_taken(&bench.direct(name, &[(field, &list)]).await));
        assert!(bench.vendors.wangdian.pushed_documents(name).is_empty());
        bench.vendors.wangdian.faults.inject(Fault::ErrorsUnderCodeZero);
        let answer = bench.direct(name, &[(field, &list)]).await;
        assert!(is_taken(&answer) && answer["errors"][0].to_string().contains("N-2"), "{answer}");
        assert_eq!(bench.vendors.wangdian.pushed_documents(name).len(), 2);
        let many: Vec<_> =
            (0..=if name == "goods_push" { 50 } else { 10 }).map(|n| example(name, &n.to_string())).collect();
        let answer = bench.direct(name, &[(field, &json!(many).to_string())]).await;
        assert!(text(&answer["message"]).contains("最多"), "{answer}");
    }
}

#[tokio::test]
async fn a_count_refuses_all_of_its_rows_or_those_that_are_wrong() {
    let each = PUSHES[14];
    let mut count = example("stock_sync_by_pd", "N-1").unwrap();
    count["goods_list"][1]["stock_num"] = json!("-1");
    let bench = Bench::new();
    assert!(!is_taken(&push(&bench, each, &count, false).await));
    assert!(bench.vendors.wangdian.pushed_documents("stock_sync_by_pd").is_empty());
    count["is_post_error"] = json!(0);
    let answer = push(&bench, each, &count, false).await;
    assert!(is_taken(&answer) && text(&answer["errors"][0]["spec_no"]) == "ML-250-12", "{answer}");
    let made = bench.vendors.wangdian.pushed_documents("stock_sync_by_pd");
    assert_eq!(made[0].body["goods_list"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_query_takes_the_parameters_of_its_page_and_no_others() {
    let bench = Bench::new();
    for (name, params) in [
        ("logistics", &[("page_no", "0")][..]),
        ("stock_query", &[("shop_no", "S1"), ("spec_no", "A")]),
        ("refund_query", &[("status", "30"), ("refund_no", "TK1")]),
    ] {
        let answer = bench.direct(name, params).await;
        assert!(text(&answer["message"]).contains("未知的参数"), "{name}: {answer}");
    }
    for (name, params) in [
        ("logistics", &[("logistics_no", "SF")][..]),
        ("stock_query", &[("spec_no", "A")]),
        ("refund_query", &[("process_status", "30"), ("refund_no", "TK1")]),
    ] {
        assert!(is_taken(&bench.direct(name, params).await), "{name}");
    }
}

#[tokio::test]
async fn stock_is_walked_through_by_its_goods_three_times_a_day() {
    let bench = Bench::new();
    for walk in 1..=4 {
        let answer = bench.direct("stock_query", &[("spec_no", "A")]).await;
        assert_eq!(is_taken(&answer), walk < 4, "{answer}");
    }
    assert!(is_taken(&bench.direct("stock_query", &[("spec_no", "B")]).await), "another good");
    let today = [("start_time", "2026-11-22 00:00:00"), ("end_time", "2026-11-22 23:59:59")];
    for _ in 0..5 {
        assert!(is_taken(&bench.direct("stock_query", &today).await), "by time as often as one likes");
    }
}
