use std::sync::Arc;

use relay_connector::{Class, Connection as _, Delivery, Document, Found, Repeat, Response, Step, Target};
use relay_core::clock::Deadline;
use relay_kingdee::{Client, Settings};
use serde_json::{Value, json};

use crate::support::{Kingdee, body, order, says, settings};

fn sal_order() -> &'static Document {
    relay_kingdee::documents().iter().find(|document| document.name == "kingdee.sal_order_save").unwrap()
}

fn delivery<'a>(body: &'a Value, replaces: Option<&'a str>) -> Delivery<'a> {
    Delivery { replaces, ..Delivery::of(sal_order(), &[], body) }
}

/// The target of a client, as flows know it.
fn target(client: &Client) -> &dyn Target {
    client.target().unwrap()
}

#[tokio::test]
async fn a_bill_is_delivered_as_it_is_and_known_by_its_record_id() {
    let kingdee = Arc::new(Kingdee::answering([says(200, "saved.json")]));
    let delivered = target(&kingdee.client()).deliver(&[delivery(&order(), None)], Deadline::NONE).await;
    assert_eq!(delivered, [Ok(Some("1544208903712374784".to_owned()))]);
    assert_eq!(body(&kingdee.sent_to("/jdy/sal/sal_order_save")[0]), order());
}

#[tokio::test]
async fn a_bill_that_takes_the_place_of_another_is_sent_with_its_id() {
    let kingdee = Arc::new(Kingdee::answering([says(200, "saved.json")]));
    let (client, order) = (kingdee.client(), order());
    let delivered = target(&client).deliver(&[delivery(&order, Some("77"))], Deadline::NONE).await;
    assert!(delivered[0].is_ok());
    let mut sent = body(&kingdee.sent_to("sal_order_save")[0]);
    assert_eq!(sent.as_object_mut().unwrap().remove("id"), Some(json!("77")));
    assert_eq!(sent, order);
}

#[tokio::test]
async fn each_bill_of_a_batch_has_its_own_result() {
    let answers =
        [says(200, "saved.json"), says(200, "refused_inside.json"), says(200, "duplicate_number.json")];
    let kingdee = Arc::new(Kingdee::answering(answers));
    let order = order();
    let batch = [delivery(&order, None), delivery(&order, None), delivery(&order, None)];
    let delivered = target(&kingdee.client()).deliver(&batch, Deadline::NONE).await;
    let classes: Vec<_> =
        delivered.into_iter().map(|result| result.map_err(|failure| failure.class)).collect();
    let saved = Some("1544208903712374784".to_owned());
    assert_eq!(classes, [Ok(saved), Err(Class::Refused), Err(Class::Exists)]);
}

#[tokio::test]
async fn nothing_is_sent_after_the_deadline() {
    let kingdee = Arc::new(Kingdee::answering([]));
    let client = kingdee.client();
    let over = Deadline::within(&*kingdee.clock, std::time::Duration::ZERO);
    kingdee.clock.advance(std::time::Duration::from_secs(1));
    let delivered = target(&client).deliver(&[delivery(&order(), None)], over).await;
    assert_eq!(delivered[0].as_ref().unwrap_err().class, Class::OutOfTime);
    assert!(kingdee.sent_to("").is_empty());
}

#[tokio::test]
async fn a_bill_is_asked_for_by_our_number() {
    let pages =
        [says(200, "orders_page_1.json"), says(200, "orders_page_2.json"), says(200, "orders_none.json")];
    let kingdee = Arc::new(Kingdee::answering(pages));
    let client = kingdee.client();
    let ours = json!({"billno": "JY20260101"});
    let found = target(&client).find(&delivery(&ours, None), Deadline::NONE).await;
    assert_eq!(found, Ok(Found::There("1544208903712374784".to_owned())));
    let found = target(&client).find(&delivery(&ours, None), Deadline::NONE).await;
    assert_eq!(found, Ok(Found::NotThere));
    let found = target(&client).find(&delivery(&json!({}), None), Deadline::NONE).await;
    assert_eq!(found, Ok(Found::CannotBeAsked));
    assert_eq!(kingdee.sent_to("sal_order_list").len(), 3, "without our number nothing is asked");
}

#[tokio::test]
async fn a_list_whose_rows_do_not_tell_their_numbers_says_of_no_bill_that_it_is_not_there() {
    let rows = |rows: Value| {
        let answer = json!({"success": true, "data": {"rows": rows, "totalpage": 1}});
        Ok(Response::new(200, answer.to_string()))
    };
    let number = json!({"billno": "JY1"});
    for (listed, expected) in [
        (json!([{"id": "1"}]), Found::CannotBeAsked),
        (json!([{"id": "1", "billno": ""}, {"id": "2", "billno": "JY10"}]), Found::CannotBeAsked),
        (json!([{"id": "1"}, {"id": "2", "bill_no": "JY1"}]), Found::There("2".to_owned())),
        (json!([{"id": "2", "billno": "JY10"}]), Found::NotThere),
    ] {
        let kingdee = Arc::new(Kingdee::answering([rows(listed.clone())]));
        let found = target(&kingdee.client()).find(&delivery(&number, None), Deadline::NONE).await;
        assert_eq!(found, Ok(expected), "{listed}");
    }
}

#[tokio::test]
async fn codes_are_looked_up_over_the_target() {
    let kingdee = Arc::new(Kingdee::answering([says(200, "customers.json")]));
    let found = target(&kingdee.client()).lookup("kingdee.customer", "S01", Deadline::NONE).await;
    assert_eq!(found, Ok(Some("3".to_owned())));
}

#[test]
fn a_bill_is_changed_only_where_a_person_allows_it() {
    let kingdee = Arc::new(Kingdee::answering([]));
    let off = kingdee.client();
    assert!(!target(&off).changes(sal_order()));
    assert_eq!(target(&off).way_to_change(sal_order()), Some("KINGDEE_EDITS=on"));
    let on = kingdee.client_of(Settings { edits: true, ..settings() });
    assert!(target(&on).changes(sal_order()));
    assert_eq!(target(&on).repeat(sal_order()), Repeat::Doubles, "without its id, saving makes a second one");
    assert_eq!(target(&on).way_to_change(sal_order()), None);
}

#[test]
fn a_bill_is_saved_alone_and_not_audited() {
    let push = sal_order().push.unwrap();
    assert_eq!((push.batch, push.steps), (1, &[Step::Save][..]));
}
