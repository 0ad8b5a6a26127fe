//! What is read: by windows of time, and page by page.

use chrono::{DateTime, TimeDelta};
use relay_connector::{Connection as _, PageOf, Query, Span, Windows as _};
use relay_core::clock::Deadline;
use serde_json::json;

use super::{Gateway, START, row};

#[tokio::test]
async fn a_window_is_in_milliseconds_and_holds_its_last_second() {
    let rows = json!({"errcode": 0, "data": {"count": 1, "total_page": 1, "rows": [{"id": "7"}]}});
    let detail = json!({"errcode": 0, "data": {"id": "7", "material_entity": []}});
    let gateway = Gateway::answering([rows, detail]);
    let client = gateway.client();
    let start = DateTime::from_timestamp(START - 60, 0).unwrap();
    let query = Query {
        document: row("kingdee.sal_order_detail"),
        route: None,
        params: vec![("bill_status".to_owned(), "C".to_owned())],
    };
    let span = Span { start, end: start + TimeDelta::seconds(59) };
    let page = client.window(&query, span, PageOf { number: 0, size: 500 }, Deadline::NONE).await.unwrap();
    assert_eq!((page.rows, page.total), (vec![json!({"id": "7", "material_entity": []})], Some(1)));
    let query =
        "bill_status=C&modify_end_time=1699999999999&modify_start_time=1699999940000&page=1&page_size=20";
    assert_eq!(gateway.sent_to("/jdy/v2/scm/sal_order")[0].url.query(), Some(query));
}

#[tokio::test]
async fn a_cut_page_is_refused_before_rows_are_lost() {
    let rows: Vec<_> = (0..50).map(|id| json!({"id": id.to_string()})).collect();
    let gateway =
        Gateway::answering([json!({"errcode": 0, "data": {"count": 250, "total_page": 3, "rows": rows}})]);
    let query = Query { document: row("kingdee.customer_list"), route: None, params: Vec::new() };
    let client = gateway.client();
    let page = client.lists().unwrap().list(&query, PageOf { number: 0, size: 100 }, Deadline::NONE).await;
    assert!(page.unwrap_err().message.contains("rows would be lost"));
}
