use std::sync::Arc;

use relay_connector::{Class, Response, TransportError};
use relay_core::clock::Deadline;
use serde_json::json;

use crate::support::{Answer, Kingdee, body, says};

async fn looking_up(
    table: &str,
    code: &str,
    answers: impl IntoIterator<Item = Answer>,
) -> (Arc<Kingdee>, Result<Option<String>, relay_connector::Failure>) {
    let kingdee = Arc::new(Kingdee::answering(answers));
    let found = kingdee.client().lookup(table, code, Deadline::NONE).await;
    (kingdee, found)
}

#[tokio::test]
async fn a_code_is_matched_exactly_and_disabled_records_do_not_count() {
    let (kingdee, found) = looking_up("kingdee.customer", " S01 ", [says(200, "customers.json")]).await;
    assert_eq!(found, Ok(Some("3".to_owned())));
    let asked = &kingdee.sent_to("/jdy/basedata/customer_list")[0];
    let whole = json!({
        "search": "S01", "enable": -1, "parent": [], "starttime": -1, "endtime": -1, "page": 1, "pagesize": 100
    });
    assert_eq!(body(asked), whole);

    let (_, found) = looking_up("kingdee.customer", "S0", [says(200, "customers.json")]).await;
    assert_eq!(found, Ok(None));
}

#[tokio::test]
async fn an_empty_code_stands_for_nothing_and_asks_nothing() {
    let (kingdee, found) = looking_up("kingdee.store", " ", []).await;
    assert_eq!(found, Ok(None));
    assert!(kingdee.sent_to("").is_empty());
}

#[tokio::test]
async fn a_unit_is_known_by_its_name_before_its_number() {
    let (_, found) = looking_up("kingdee.unit", "件", [says(200, "units.json")]).await;
    assert_eq!(found, Ok(Some("72".to_owned())));
    let (_, found) = looking_up("kingdee.unit", "U2", [says(200, "units.json")]).await;
    assert_eq!(found, Ok(Some("72".to_owned())));
}

#[tokio::test]
async fn the_base_unit_comes_from_the_goods_row_or_else_its_detail() {
    let (_, found) = looking_up("kingdee.material_unit", "A1", [says(200, "materials.json")]).await;
    assert_eq!(found, Ok(Some("72".to_owned())));

    let answers = [says(200, "materials.json"), says(200, "material_detail.json")];
    let (kingdee, found) = looking_up("kingdee.material_unit", "A2", answers).await;
    assert_eq!(found, Ok(Some("73".to_owned())));
    assert_eq!(body(&kingdee.sent_to("material_detail")[0]), json!({"id": "901"}));
}

#[tokio::test]
async fn every_table_of_the_catalog_can_be_looked_up() {
    for table in relay_kingdee::lookups() {
        let (_, found) = looking_up(table.name, "none", [says(200, "orders_none.json")]).await;
        assert_eq!(found, Ok(None), "{}", table.name);
    }
    let (_, found) = looking_up("kingdee.costumer", "S01", []).await;
    assert_eq!(found.unwrap_err().class, Class::Refused);
}

#[tokio::test]
async fn an_endless_list_ends_the_search() {
    let endless =
        || Ok(Response::new(200, br#"{"success":true,"data":{"rows":[{"id":"1"}],"totalpage":9999}}"#));
    let (_, found) = looking_up("kingdee.customer", "S01", (0..50).map(|_| endless())).await;
    assert_eq!(found.unwrap_err().class, Class::Refused);
}

#[tokio::test]
async fn a_look_up_without_an_answer_may_simply_be_repeated() {
    let lost = Err(TransportError::Lost("timed out".into()));
    let (_, found) = looking_up("kingdee.material", "A1", [lost]).await;
    assert_eq!(found.unwrap_err().class, Class::Retry { after: None });
}
