//! What AWS refuses is said with the way out.

use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_core::{Entry, EntryId, Failed, FailureClass, Outgoing, System};
use serde_json::json;

use super::stub::{Stub, ok, refused, stores_of_nobody};

/// How often the SDK asks in all where asking again may help.
const ATTEMPTS: usize = 3;

/// A failure whose document nobody else is to see.
pub(crate) fn failed(at: DateTime<Utc>) -> Failed {
    Failed {
        version: None,
        version_kind: None,
        hash: "h".to_owned(),
        class: FailureClass::Refused,
        code: None,
        message: "m".to_owned(),
        attempts: 1,
        document: json!({ "receiver": "private" }),
        received_at: at,
        at,
        trace: "t".to_owned(),
        replay: None,
        step: None,
        target_id: None,
        missing: Vec::new(),
    }
}

/// What writing a failed document to the ledger comes to where AWS answers with this code.
async fn writing(code: &str, attempts: usize) -> String {
    let stub = Stub::answering((0..attempts).map(|_| refused(code, "said by AWS")));
    let mut entry = Entry::new(EntryId::new("f", "k"));
    entry.failed = Some(failed(DateTime::UNIX_EPOCH));
    let error = stub.stores.ledger.write(&entry).await.unwrap_err().to_string();
    assert_eq!(stub.asked().len(), attempts);
    assert!(
        error.starts_with("writing the ledger in relay-ledger: ") && !error.contains("private"),
        "{error}"
    );
    error
}

/// What sending comes to where AWS answers with this code.
async fn sending(code: &str, attempts: usize) -> String {
    let stub = Stub::answering((0..attempts).map(|_| refused(code, "said by AWS")));
    let message =
        Outgoing { group: "a".to_owned(), deduplication: "a".to_owned(), body: "private".to_owned() };
    let error = stub.stores.queue.send(System::new("sharecrm"), &[message]).await.unwrap_err().to_string();
    assert_eq!(stub.asked().len(), attempts);
    assert!(error.starts_with("sending to the queue in http://") && !error.contains("private"), "{error}");
    error
}

#[tokio::test]
async fn what_aws_said_is_there_for_programs_and_printed_once() {
    let stub = Stub::answering([refused("AccessDeniedException", "said by AWS")]);
    let error = stub.stores.ledger.counts().await.unwrap_err();
    assert_eq!(error.to_string().matches("said by AWS").count(), 1, "{error}");
    let cause = error.cause.as_deref().and_then(|cause| cause.downcast_ref::<relay_store_aws::Refusal>());
    assert_eq!(cause.and_then(|cause| cause.code.as_deref()), Some("AccessDeniedException"));
    assert!(std::error::Error::source(&error).is_none());
}

#[tokio::test]
async fn a_table_or_queue_that_does_not_exist_is_named_with_its_setting() {
    let table = writing("ResourceNotFoundException", 1).await;
    assert!(table.contains("no such table") && table.contains("LEDGER_TABLE expects"), "{table}");
    for code in ["QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"] {
        let queue = sending(code, 1).await;
        assert!(queue.contains("no such queue") && queue.contains("SHARECRM_QUEUE_URL expects"), "{queue}");
    }
}

#[tokio::test]
async fn nothing_waits_where_no_stack_has_a_queue_and_what_is_sent_there_is_refused() {
    let stub = Stub::answering([]);
    let (queue, mail) = (&stub.stores.queue, System::new("mail"));
    assert!(queue.receive(mail, 10, Duration::from_secs(30)).await.unwrap().is_empty());
    assert_eq!(queue.depth(mail).await.unwrap().waiting + queue.dead(mail).await.unwrap(), 0);
    let message = Outgoing { group: "a".to_owned(), deduplication: "a".to_owned(), body: "{}".to_owned() };
    let error = queue.send(mail, &[message]).await.unwrap_err().to_string();
    assert!(error.contains("this stack has no queue for mail"), "{error}");
    assert_eq!(stub.asked(), []);
}

#[tokio::test]
async fn a_missing_permission_is_named() {
    let table = writing("AccessDeniedException", 1).await;
    assert!(table.contains("needs the permission dynamodb:PutItem"), "{table}");
    let queue = sending("AccessDenied", 1).await;
    assert!(queue.contains("needs the permission sqs:SendMessage"), "{queue}");
    assert!(queue.ends_with("(AccessDenied: said by AWS)"), "{queue}");
}

#[tokio::test]
async fn credentials_that_have_expired_are_said_so() {
    for code in ["ExpiredTokenException", "ExpiredToken"] {
        assert!(writing(code, 1).await.contains("sign in to AWS again"));
    }
    assert!(sending("UnrecognizedClientException", 1).await.contains("does not accept the credentials"));
}

#[tokio::test]
async fn throttling_is_waited_out_by_the_sdk_and_then_said() {
    for code in ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"] {
        let error = writing(code, ATTEMPTS).await;
        assert!(error.contains("throttled, and nothing is lost") && error.contains(code), "{error}");
    }
    assert!(sending("RequestThrottled", ATTEMPTS).await.contains("throttled"));
}

#[tokio::test]
async fn a_refused_item_is_told_in_the_words_of_aws() {
    assert!(writing("ValidationException", 1).await.ends_with(": ValidationException: said by AWS"));
}

#[tokio::test]
async fn an_aws_that_is_not_there_is_said_so() {
    let stores = stores_of_nobody();
    let error = stores.checkpoints.get("a").await.unwrap_err().to_string();
    assert!(error.contains("reading a checkpoint in relay-checkpoints: AWS was not reached: "), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_none_is_said_so() {
    let stub = Stub::answering([ok(json!("<html>a proxy's page"))]);
    let error = stub.stores.checkpoints.get("a").await.unwrap_err().to_string();
    assert!(error.contains("AWS answered what is no answer"), "{error}");
}

#[tokio::test]
async fn an_item_that_is_no_entry_is_named() {
    let item = json!({ "id": { "S": "f/k" }, "entry": { "S": "{\"receiver\": \"private\"}" } });
    let stub = Stub::answering([ok(json!({ "Responses": { "relay-ledger": [item] } }))]);
    let error = stub.stores.ledger.read(&[EntryId::new("f", "k")]).await.unwrap_err().to_string();
    assert!(error.contains("relay-ledger") && error.contains("the item f/k holds no entry"), "{error}");
    assert!(!error.contains("private"), "{error}");
}

#[tokio::test]
async fn a_lapsed_receipt_delays_nothing_and_other_refusals_are_errors() {
    let minute = Duration::from_secs(60);
    for code in
        ["ReceiptHandleIsInvalid", "InvalidParameterValue", "AWS.SimpleQueueService.MessageNotInflight"]
    {
        let stub = Stub::answering([refused(code, "lapsed")]);
        stub.stores.queue.delay(System::new("kingdee"), "receipt", minute).await.unwrap();
    }
    let stub = Stub::answering([refused("AccessDenied", "no")]);
    let error =
        stub.stores.queue.delay(System::new("kingdee"), "receipt", minute).await.unwrap_err().to_string();
    assert!(error.contains("sqs:ChangeMessageVisibility"), "{error}");
}

#[tokio::test]
async fn a_queue_without_dead_letters_has_none() {
    let stub = Stub::answering([ok(json!({}))]);
    assert_eq!(stub.stores.queue.dead(System::new("kingdee")).await.unwrap(), 0);
}
