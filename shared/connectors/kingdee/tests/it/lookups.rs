use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use relay_connector::{Class, Request, Response, Surroundings, Transport, TransportError};
use relay_core::clock::Deadline;
use relay_kingdee::{Client, Settings};
use serde_json::json;

use crate::support::{Answer, Kingdee, body, says, settings};

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
    let whole = |search: &str| json!({"search": search, "enable": -1, "parent": [], "starttime": -1, "endtime": -1, "page": 1, "pagesize": 100});
    assert_eq!(body(asked), whole(""), "the first page of the list tells it");

    // What no page tells is searched for, and the search is fuzzy.
    let answers = [says(200, "customers.json"), says(200, "customers.json")];
    let (kingdee, found) = looking_up("kingdee.customer", "S0", answers).await;
    assert_eq!(found, Ok(None));
    assert_eq!(body(&kingdee.sent_to("/jdy/basedata/customer_list")[1]), whole("S0"));
}

/// A list of so many pages, with ten codes on each: `A1` to `A10` on the first.
struct Pages(u32);

#[async_trait]
impl Transport for Pages {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let path = request.url.path();
        if !path.ends_with("material_list") {
            return Kingdee::answering([]).send(request).await;
        }
        let asked = body(&request);
        let (page, search) = (asked["page"].as_u64().unwrap(), asked["search"].as_str().unwrap());
        let row = |code: &str| json!({"id": code[1..], "number": code});
        let (rows, pages): (Vec<_>, _) = match search {
            "" => {
                (((page - 1) * 10..page * 10).map(|place| row(&format!("A{}", place + 1))).collect(), self.0)
            }
            code => (vec![row(code)], 1),
        };
        Ok(Response::new(
            200,
            json!({"success": true, "data": {"rows": rows, "totalpage": pages}}).to_string(),
        ))
    }
}

/// How many calls it takes to look up so many codes of a list of so many pages, from its end on.
async fn calls_for(codes: u32, pages: u32) -> usize {
    let kingdee = Arc::new(Kingdee::answering([]));
    let counted = Arc::new(Counted { inner: Pages(pages), lists: AtomicUsize::new(0) });
    let surroundings = Surroundings { transport: counted.clone(), ..kingdee.surroundings() };
    let client = Client::new(Settings { calls_per_minute: NonZeroU32::MAX, ..settings() }, &surroundings);
    for code in (1..=pages * 10).rev().take(codes as usize) {
        let found = client.lookup("kingdee.material", &format!("A{code}"), Deadline::NONE).await;
        assert_eq!(found, Ok(Some(code.to_string())));
    }
    counted.lists.load(Ordering::Relaxed)
}

struct Counted {
    inner: Pages,
    lists: AtomicUsize,
}

#[async_trait]
impl Transport for Counted {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let is_list = request.url.path().ends_with("material_list");
        self.lists.fetch_add(usize::from(is_list), Ordering::Relaxed);
        self.inner.send(request).await
    }
}

#[tokio::test]
async fn codes_are_asked_for_one_by_one_until_reading_the_list_costs_less() {
    assert_eq!(calls_for(10, 1).await, 1);
    assert_eq!(calls_for(5, 90).await, 1 + 5);
    assert_eq!(calls_for(30, 3).await, 3 + 2, "two are asked for, then the two pages that are left are read");
    assert_eq!(calls_for(300, 101).await, 1 + 300, "a list of more than a hundred pages is not read");
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
    let answers = [says(200, "units.json"), says(200, "units.json")];
    let (_, found) = looking_up("kingdee.unit", "U2", answers).await;
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
        let (_, found) =
            looking_up(table.name, "none", [says(200, "orders_none.json"), says(200, "orders_none.json")])
                .await;
        assert_eq!(found, Ok(None), "{}", table.name);
    }
    let (_, found) = looking_up("kingdee.costumer", "S01", []).await;
    assert_eq!(found.unwrap_err().class, Class::Refused);
}

#[tokio::test]
async fn an_endless_list_ends_the_search() {
    let endless =
        || Ok(Response::new(200, br#"{"success":true,"data":{"rows":[{"id":"1"}],"totalpage":9999}}"#));
    let (_, found) = looking_up("kingdee.customer", "S01", (0..51).map(|_| endless())).await;
    assert_eq!(found.unwrap_err().class, Class::Refused);
}

#[tokio::test]
async fn a_look_up_without_an_answer_may_simply_be_repeated() {
    let lost = Err(TransportError::Lost("timed out".into()));
    let (_, found) = looking_up("kingdee.material", "A1", [lost]).await;
    assert_eq!(found.unwrap_err().class, Class::Retry { after: None });
}
