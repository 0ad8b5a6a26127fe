//! A secret of Secrets Manager.

use serde_json::json;

use super::stub::{Stub, lost, ok, refused};

#[tokio::test]
async fn a_secret_is_asked_for_by_its_name_and_read_as_text() {
    let stub = Stub::answering([ok(json!({ "Name": "erp-relay", "SecretString": "{}" }))]);
    assert_eq!(stub.secrets().read("erp-relay").await, Ok(Some("{}".to_owned())));
    assert_eq!(stub.asked(), [("GetSecretValue".to_owned(), json!({ "SecretId": "erp-relay" }))]);
    let binary = Stub::answering([ok(json!({ "Name": "erp-relay", "SecretBinary": "e30=" }))]);
    assert_eq!(binary.secrets().read("erp-relay").await, Ok(None));
}

#[tokio::test]
async fn what_may_pass_is_asked_for_again_and_what_is_refused_is_not() {
    let passing =
        Stub::answering([lost(), refused("ThrottlingException", "slow"), ok(json!({ "SecretString": "s" }))]);
    assert_eq!(passing.secrets().read("a").await, Ok(Some("s".to_owned())));
    assert_eq!(passing.asked().len(), 3);
    let lasting = Stub::answering([lost(), lost(), lost()]);
    let code = lasting.secrets().read("a").await.unwrap_err().code;
    assert_eq!((code.as_deref(), lasting.asked().len()), (Some("InternalServerError"), 3));
    let denied = Stub::answering([refused("AccessDeniedException", "no")]);
    let why = denied.secrets().read("a").await.unwrap_err();
    assert_eq!((why.code.as_deref(), why.said.as_str()), (Some("AccessDeniedException"), "no"));
    assert_eq!(denied.asked().len(), 1);
}
