use std::sync::Arc;

use relay_connector::{Class, Connection as _, Delivery, Document, Found, Repeat, Step, Target};
use relay_core::clock::Deadline;
use relay_sharecrm::Client;
use serde_json::{Value, json};

use crate::support::{ShareCrm, body, document, says};

fn objdata() -> &'static Document {
    &relay_sharecrm::documents()[0]
}

fn delivery(body: &Value) -> Delivery<'_> {
    Delivery::of(objdata(), &[], body)
}

/// The target of a client, as flows know it.
fn target(client: &Client) -> &dyn Target {
    client.target().unwrap()
}

#[tokio::test]
async fn a_record_is_delivered_in_data_and_known_by_our_own_id() {
    let sharecrm = Arc::new(ShareCrm::answering([says(200, "accepted.json")]));
    let document = document();
    let delivered = target(&sharecrm.client()).deliver(&[delivery(&document)], Deadline::NONE).await;
    let id = document["id"].as_str().unwrap().to_owned();
    assert_eq!(delivered, [Ok(Some(id))]);
    assert_eq!(body(&sharecrm.sent_to("/push")[0]), json!({ "data": document }));
}

/// A document in the non-standard format, with what stands beside its data.
async fn custom(
    body: &Value,
    params: &[(&str, &str)],
) -> (Result<Option<String>, relay_connector::Failure>, Vec<Value>) {
    let sharecrm = Arc::new(ShareCrm::answering([says(200, "accepted.json")]));
    let document = &relay_sharecrm::documents()[1];
    let params: Vec<_> =
        params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let delivery = Delivery::of(document, &params, body);
    let delivered = target(&sharecrm.client()).deliver(&[delivery], Deadline::NONE).await.remove(0);
    (delivered, sharecrm.sent_to("/push").iter().map(self::body).collect())
}

#[tokio::test]
async fn what_a_function_of_the_tenant_reads_is_any_data_without_an_id() {
    let data = json!({ "objAPIName": "erpOrder", "dataCenterId": "63f8", "orders": [{ "no": "1" }] });
    let (delivered, sent) = custom(&data, &[("convertUserId", "true")]).await;
    assert_eq!((delivered, sent), (Ok(None), vec![json!({ "data": data, "convertUserId": true })]));
    for (field, value, said) in [
        ("id", json!("1"), "a push in the non-standard format has no id"),
        ("directSync", json!(true), "the document has directSync without destObjectApiName"),
    ] {
        let mut wrong = data.clone();
        wrong[field] = value;
        let (refused, sent) = custom(&wrong, &[]).await;
        let refused = refused.unwrap_err();
        assert!(refused.class == Class::Refused && refused.message.starts_with(said), "{field}: {refused:?}");
        assert!(sent.is_empty());
    }
    let bare = json!({ "orders": [{ "no": "1" }] });
    let (delivered, sent) = custom(&bare, &[]).await;
    assert_eq!((delivered, sent), (Ok(None), vec![json!({ "data": bare })]), "the page asks for no name");
    let (refused, _) = custom(&data, &[("convertUserId", "maybe")]).await;
    assert_eq!(refused.unwrap_err().message, "the flow's parameter convertUserId expects true or false");
    let document = &relay_sharecrm::documents()[1];
    assert_eq!((document.number(), document.repeat()), (None, Repeat::Doubles));
}

#[tokio::test]
async fn a_record_that_is_to_be_written_at_once_names_its_object() {
    let sharecrm = Arc::new(ShareCrm::answering([says(200, "accepted.json")]));
    let mut record = document();
    record["directSync"] = json!(true);
    record["destObjectApiName"] = json!("SalesOrderObj");
    let delivered = target(&sharecrm.client()).deliver(&[delivery(&record)], Deadline::NONE).await;
    assert!(delivered[0].is_ok());
    assert_eq!(body(&sharecrm.sent_to("/push")[0])["data"]["destObjectApiName"], "SalesOrderObj");
}

#[tokio::test]
async fn each_record_of_a_batch_has_its_own_result() {
    let answers = [says(200, "locked.json"), says(200, "accepted.json")];
    let sharecrm = Arc::new(ShareCrm::answering(answers));
    let document = document();
    let batch = [delivery(&document), delivery(&document)];
    let delivered = target(&sharecrm.client()).deliver(&batch, Deadline::NONE).await;
    assert_eq!(delivered[0].as_ref().map_err(|failure| &failure.class), Err(&Class::Refused));
    assert!(delivered[1].is_ok());
}

#[tokio::test]
async fn nothing_is_sent_after_the_deadline() {
    let sharecrm = Arc::new(ShareCrm::answering([]));
    let client = sharecrm.client();
    let over = Deadline::within(&*sharecrm.clock, std::time::Duration::ZERO);
    sharecrm.clock.advance(std::time::Duration::from_secs(1));
    let delivered = target(&client).deliver(&[delivery(&document())], over).await;
    assert_eq!(delivered[0].as_ref().unwrap_err().class, Class::OutOfTime);
    assert!(sharecrm.sent_to("").is_empty());
}

#[tokio::test]
async fn a_record_cannot_be_asked_for_and_need_not_be_for_a_repeat_replaces_it() {
    let sharecrm = Arc::new(ShareCrm::answering([]));
    let client = sharecrm.client();
    assert_eq!(target(&client).find(&delivery(&document()), Deadline::NONE).await, Ok(Found::CannotBeAsked));
    assert_eq!(target(&client).repeat(objdata()), Repeat::Replaces);
    assert_eq!(target(&client).way_to_change(objdata()), None);
    assert!(sharecrm.sent_to("").is_empty());
}

#[tokio::test]
async fn there_are_no_look_up_tables() {
    let client = Arc::new(ShareCrm::answering([])).client();
    let failure = target(&client).lookup("sharecrm.customer", "S01", Deadline::NONE).await.unwrap_err();
    assert_eq!(failure.class, Class::Refused);
}

#[test]
fn a_record_is_pushed_alone_and_only_saved() {
    let push = objdata().push.unwrap();
    assert_eq!((push.batch, push.steps), (1, &[Step::Save][..]));
}
