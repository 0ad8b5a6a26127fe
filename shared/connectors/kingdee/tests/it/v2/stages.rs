//! Steps in the life of a document, and where it stands.

use relay_connector::{Class, Step, Target as _};
use relay_core::clock::Deadline;
use serde_json::{Value, json};

use super::{Gateway, refused, row};
use crate::support::body;

#[tokio::test]
async fn a_bill_is_audited_by_its_id_and_its_stage_is_what_its_detail_says() {
    let bill = |status: &str| json!({"errcode": 0, "data": {"id": "7", "bill_status": status}});
    let gateway = Gateway::answering([
        json!({"errcode": 0, "data": {"ids": ["7"]}}),
        bill("C"),
        bill("Z"),
        refused(2_000_014_001, "参数id[7]不存在"),
        refused(2_000_014_001, "单据已审核"),
    ]);
    let client = gateway.client();
    let order = row("kingdee.sal_order_save");
    client.step(order, "7", Step::Audit, Deadline::NONE).await.unwrap();
    let sent = body(&gateway.sent_to("/jdy/v2/sys/common_operate")[0]);
    assert_eq!(
        sent,
        json!({"ids": ["7"], "entity_number": "sal_bill_order", "operate_type": "audit", "ignore_warn": false})
    );
    for stage in [Some(Step::Audit), Some(Step::Save), None] {
        assert_eq!(client.stage(order, "7", Deadline::NONE).await, Ok(stage));
    }
    assert_eq!(gateway.sent_to("sal_order_detail")[0].url.query(), Some("id=7"));
    let failure = client.step(order, "7", Step::Unaudit, Deadline::NONE).await.unwrap_err();
    assert_eq!(failure.class, Class::Refused);
    let failure =
        client.step(row("kingdee.customer_save"), "7", Step::Audit, Deadline::NONE).await.unwrap_err();
    assert_eq!(
        (failure.class, gateway.sent_to("common_operate").len()),
        (Class::Refused, 2),
        "base data is not audited"
    );
}

#[tokio::test]
async fn success_that_does_not_name_the_bill_is_none_until_the_bill_shows_it() {
    let bill = |status: &str| json!({"errcode": 0, "data": {"id": "7", "bill_status": status}});
    let nothing = || json!({"errcode": 0, "data": {"ids": [], "id_number_map": {}}});
    for (answer, shown, step, class) in [
        (nothing(), bill("Z"), Step::Audit, Err(Class::Unknown)),
        (nothing(), bill("C"), Step::Audit, Ok(())),
        (json!({"errcode": 0, "data": null}), bill("Z"), Step::Audit, Err(Class::Unknown)),
        (json!({"errcode": 0, "data": {"ids": ["8"]}}), bill("Z"), Step::Audit, Err(Class::Unknown)),
        (nothing(), bill("Z"), Step::Delete, Err(Class::Unknown)),
        (nothing(), refused(2_000_014_001, "参数id[7]不存在"), Step::Delete, Ok(())),
        (nothing(), refused(2_000_002_000, "system error"), Step::Audit, Err(Class::Unknown)),
    ] {
        let told = format!("{answer}, {shown}");
        let gateway = Gateway::answering([answer, shown]);
        let done = gateway.client().step(row("kingdee.sal_order_save"), "7", step, Deadline::NONE).await;
        assert_eq!(done.map_err(|failure| failure.class), class, "{told}");
    }
}

#[tokio::test]
async fn a_record_of_base_data_is_saved_while_its_detail_shows_it() {
    for (kind, detail) in [
        ("kingdee.customer_save", "bd/customer_detail"),
        ("kingdee.supplier_save", "bd/supplier_detail"),
        ("kingdee.material_save", "bd/material_detail"),
        ("kingdee.store_save", "bd/store_detail"),
    ] {
        let gateway = Gateway::answering([
            json!({"errcode": 0, "data": {"id": "7", "number": "S001"}}),
            refused(2_000_014_001, "参数id[7]不存在"),
        ]);
        let client = gateway.client();
        for stage in [Some(Step::Save), None] {
            assert_eq!(client.stage(row(kind), "7", Deadline::NONE).await, Ok(stage), "{kind}");
        }
        assert_eq!(gateway.sent_to(detail)[0].url.query(), Some("id=7"), "{kind}");
    }
}

#[tokio::test]
async fn what_has_no_detail_stands_as_its_row_in_the_list_says() {
    let page = |rows: Value| json!({"errcode": 0, "data": {"total_page": 2, "count": 101, "rows": rows}});
    let others = || page((0..100).map(|n| json!({"id": format!("9{n}"), "bill_status": "Z"})).collect());
    for (kind, row_of_it, stage) in [
        ("kingdee.inv_tfmove_save", json!({"id": "7", "bill_status": "C"}), Step::Audit),
        ("kingdee.inv_tfmove_save", json!({"id": "7", "bill_status": "Z"}), Step::Save),
        ("kingdee.measure_unit_save", json!({"id": "7", "name": "箱"}), Step::Save),
    ] {
        let gateway = Gateway::answering([others(), page(json!([row_of_it]))]);
        let told = gateway.client().stage(row(kind), "7", Deadline::NONE).await;
        assert_eq!(told, Ok(Some(stage)), "{kind}");
    }
    let gateway = Gateway::answering([others(), page(json!([{"id": "8", "bill_status": "C"}]))]);
    let told = gateway.client().stage(row("kingdee.inv_tfmove_save"), "7", Deadline::NONE).await;
    assert_eq!(told.unwrap_err().class, Class::Refused, "a list proves of nothing that it is gone");
}
