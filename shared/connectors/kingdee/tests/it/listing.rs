use std::sync::Arc;

use relay_connector::{Class, Connection as _, Failure, Page, PageOf, Query, Response, TransportError};
use relay_core::clock::Deadline;
use serde_json::{Value, json};

use crate::support::{Answer, Kingdee, body, says};

fn query(document: &str, params: &[(&str, &str)]) -> Query {
    let document = relay_kingdee::documents().iter().find(|known| known.name == document).unwrap();
    let params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Query { document, route: None, params }
}

async fn listing(query: &Query, page: PageOf, answer: Answer) -> (Arc<Kingdee>, Result<Page, Failure>) {
    let kingdee = Arc::new(Kingdee::answering([answer]));
    let client = kingdee.client();
    let page = client.lists().unwrap().list(query, page, Deadline::NONE).await;
    (kingdee, page)
}

/// The vendor's answer with so many rows, of so many pages.
fn rows(rows: usize, pages: usize) -> Answer {
    let rows: Vec<_> = (0..rows).map(|id| json!({"id": id.to_string()})).collect();
    let answer = json!({"success": true, "data": {"rows": rows, "totalpage": pages}});
    Ok(Response::new(200, answer.to_string()))
}

#[tokio::test]
async fn a_list_is_asked_for_whole_unless_a_flow_narrows_it() {
    let whole = query("kingdee.customer_list", &[]);
    let (kingdee, page) = listing(&whole, PageOf { number: 0, size: 50 }, says(200, "customers.json")).await;
    assert!(!page.unwrap().rows.is_empty());
    assert_eq!(
        body(&kingdee.sent_to("/jdy/basedata/customer_list")[0]),
        json!({
            "search": "", "enable": -1, "parent": [], "starttime": -1, "endtime": -1, "page": 1, "pagesize": 50
        })
    );

    let narrow = query("kingdee.customer_list", &[("enable", "1"), ("parent", "10, 11"), ("search", "7")]);
    let (kingdee, _) = listing(&narrow, PageOf { number: 0, size: 50 }, says(200, "customers.json")).await;
    let sent = body(&kingdee.sent_to("customer_list")[0]);
    assert_eq!(
        (&sent["enable"], &sent["parent"], &sent["search"]),
        (&json!(1), &json!(["10", "11"]), &json!("7"))
    );
    assert_eq!(sent["starttime"], json!(-1));
}

#[tokio::test]
async fn pages_are_counted_from_one_and_hold_no_more_than_the_vendor_gives() {
    let bills = query("kingdee.sal_order_list", &[]);
    let (kingdee, page) = listing(&bills, PageOf { number: 2, size: 500 }, rows(100, 4)).await;
    assert_eq!(page.map(|page| page.rows.len()), Ok(100));
    assert_eq!(body(&kingdee.sent_to("sal_order_list")[0]), json!({"page": 3, "pagesize": 100}));
}

#[tokio::test]
async fn how_many_rows_there_are_shows_on_the_last_page() {
    let bills = query("kingdee.sal_order_list", &[]);
    for (number, answer, total) in
        [(0, rows(100, 2), None), (1, rows(7, 2), Some(107)), (0, rows(0, 0), Some(0))]
    {
        let (_, page) = listing(&bills, PageOf { number, size: 100 }, answer).await;
        assert_eq!(page.unwrap().total, total);
    }
}

#[tokio::test]
async fn a_page_that_is_cut_is_no_page() {
    let bills = query("kingdee.sal_order_list", &[]);
    let (_, page) = listing(&bills, PageOf { number: 0, size: 100 }, rows(40, 3)).await;
    let failure = page.unwrap_err();
    assert_eq!(failure.class, Class::Refused);
    assert!(failure.message.contains("40 rows instead of 100"), "{}", failure.message);
}

#[tokio::test]
async fn a_list_that_is_left_out_is_an_empty_one() {
    let bills = query("kingdee.sal_order_list", &[]);
    for data in [json!({}), json!({"rows": null}), json!([])] {
        let answer = json!({"success": true, "data": data}).to_string();
        let (_, page) =
            listing(&bills, PageOf { number: 0, size: 100 }, Ok(Response::new(200, answer))).await;
        assert_eq!(page.map(|page| page.rows), Ok(Vec::<Value>::new()));
    }
}

#[tokio::test]
async fn an_answer_in_which_no_rows_can_be_found_is_no_empty_list() {
    let bills = query("kingdee.sal_order_list", &[]);
    for data in [
        json!({"list": [{"id": "1"}]}),
        json!({"rows": "[]"}),
        json!({"rows": [], "count": "3"}),
        json!("查询成功"),
        json!(true),
    ] {
        let answer = json!({"success": true, "data": data}).to_string();
        let (_, page) =
            listing(&bills, PageOf { number: 0, size: 100 }, Ok(Response::new(200, answer))).await;
        assert_eq!(page.map_err(|failure| failure.class), Err(Class::Retry { after: None }), "{data}");
    }
}

#[tokio::test]
async fn a_list_without_an_answer_may_simply_be_asked_for_again() {
    let lost = Err(TransportError::Lost("timed out".into()));
    let (_, page) = listing(&query("kingdee.store_list", &[]), PageOf { number: 0, size: 100 }, lost).await;
    assert_eq!(page.unwrap_err().class, Class::Retry { after: None });
}

#[tokio::test]
async fn what_is_saved_cannot_be_listed() {
    let kingdee = Arc::new(Kingdee::answering([]));
    let bill = query("kingdee.sal_order_save", &[]);
    let page = PageOf { number: 0, size: 100 };
    let refused = kingdee.client().lists().unwrap().list(&bill, page, Deadline::NONE).await.unwrap_err();
    assert_eq!(refused.class, Class::Refused);
    assert!(kingdee.sent_to("").is_empty());
}
