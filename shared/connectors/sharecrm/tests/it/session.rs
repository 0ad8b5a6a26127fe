use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use relay_connector::{Class, Response, Surroundings, Token, TokenStore, TransportError};
use relay_core::clock::Deadline;
use relay_sharecrm::{Client, Settings};
use serde_json::json;

use crate::support::{self, ShareCrm, body, code, document, header, says, settings};

#[tokio::test]
async fn logging_in_follows_the_new_scheme() {
    let sharecrm = Arc::new(ShareCrm::answering([says(200, "accepted.json")]));
    sharecrm.client().push(&document(), Deadline::NONE).await.unwrap();
    let login = &sharecrm.sent_to("/oauth2.0/token")[0];
    assert_eq!(login.method, http::Method::POST);
    let credentials = json!({
        "appId": "FSAID_1", "appSecret": "app-s3cret", "permanentCode": "permanent-c0de", "grantType": "app_secret"
    });
    assert_eq!(body(login), credentials);
    assert!(login.url.query().unwrap().starts_with("thirdTraceId="));
}

#[tokio::test]
async fn twenty_concurrent_pushes_log_in_once() {
    let sharecrm = Arc::new(ShareCrm::answering((0..20).map(|_| says(200, "accepted.json"))));
    let (client, document) = (sharecrm.client(), document());
    let pushed = join_all((0..20).map(|_| client.push(&document, Deadline::NONE))).await;
    assert!(pushed.iter().all(Result::is_ok));
    assert_eq!(sharecrm.sent_to("/token").len(), 1);
}

#[tokio::test]
async fn the_token_is_used_for_110_minutes_at_most() {
    let sharecrm = Arc::new(ShareCrm::answering((0..3).map(|_| says(200, "accepted.json"))));
    let client = sharecrm.client();
    for seconds in [0, 6_599, 1] {
        sharecrm.clock.advance(Duration::from_secs(seconds));
        client.push(&document(), Deadline::NONE).await.unwrap();
    }
    let bearers: Vec<_> = sharecrm
        .sent_to("/push")
        .iter()
        .map(|push| header(push, "authorization").unwrap().to_owned())
        .collect();
    assert_eq!(bearers, ["Bearer tok-1", "Bearer tok-1", "Bearer tok-2"]);
}

#[tokio::test]
async fn numbers_as_text_are_read() {
    let tokens = [says(200, "token_as_strings.json")];
    let sharecrm = Arc::new(ShareCrm::answering([says(200, "accepted.json")]).with_tokens(tokens));
    sharecrm.client().push(&document(), Deadline::NONE).await.unwrap();
    assert_eq!(header(&sharecrm.sent_to("/push")[0], "x-fs-ea"), Some("54171"));
}

/// What the processes of one installation share.
#[derive(Default)]
struct Shared(Mutex<BTreeMap<String, Token>>);

#[async_trait]
impl TokenStore for Shared {
    async fn load(&self, name: &str) -> Result<Option<Token>, String> {
        Ok(self.0.lock().unwrap().get(name).cloned())
    }

    async fn claim(&self, _name: &str) -> Result<bool, String> {
        Ok(true)
    }

    async fn save(&self, name: &str, token: &Token) -> Result<(), String> {
        self.0.lock().unwrap().insert(name.to_owned(), token.clone());
        Ok(())
    }
}

#[tokio::test]
async fn a_stored_token_serves_its_own_account_alone() {
    let other_settings = [
        Settings { base_url: "https://open.sharecrm-2.test".parse().unwrap(), ..settings() },
        Settings { app_id: "FSAID_2".into(), ..settings() },
    ];
    for (settings, log_ins) in other_settings.map(|other| (other, 2)).into_iter().chain([(settings(), 1)]) {
        let sharecrm = Arc::new(ShareCrm::answering((0..2).map(|_| says(200, "accepted.json"))));
        let store = Arc::new(Shared::default());
        for settings in [support::settings(), settings.clone()] {
            let surroundings = Surroundings { tokens: store.clone(), ..sharecrm.surroundings() };
            let client = Client::new(settings, &surroundings);
            client.push(&document(), Deadline::NONE).await.unwrap();
        }
        assert_eq!(sharecrm.sent_to("/token").len(), log_ins, "{settings:?}");
    }
}

#[tokio::test]
async fn a_stored_token_whose_account_cannot_be_read_is_replaced() {
    let sharecrm = Arc::new(ShareCrm::answering([says(200, "accepted.json"), says(200, "accepted.json")]));
    let store = Arc::new(Shared::default());
    let client =
        || Client::new(settings(), &Surroundings { tokens: store.clone(), ..sharecrm.surroundings() });
    client().push(&document(), Deadline::NONE).await.unwrap();
    store.0.lock().unwrap().values_mut().for_each(|token| token.facts = "{}".to_owned());
    client().push(&document(), Deadline::NONE).await.unwrap();
    assert_eq!(header(&sharecrm.sent_to("/push")[1], "authorization"), Some("Bearer tok-2"));
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_the_push_repeated_once() {
    for refusal in [says(200, "token_expired.json"), code(20005)] {
        let sharecrm = Arc::new(ShareCrm::answering([refusal, says(200, "accepted.json")]));
        sharecrm.client().push(&document(), Deadline::NONE).await.unwrap();
        assert_eq!(sharecrm.sent_to("/token").len(), 2);
        assert_eq!(header(&sharecrm.sent_to("/push")[1], "authorization"), Some("Bearer tok-2"));
    }
}

#[tokio::test]
async fn a_token_that_stays_refused_pauses_the_target_for_a_while() {
    let sharecrm = Arc::new(ShareCrm::answering((0..2).map(|_| code(20016))));
    let failure = sharecrm.client().push(&document(), Deadline::NONE).await.unwrap_err();
    assert!(matches!(failure.class, Class::Paused { until: Some(_) }), "{failure:?}");
    assert_eq!(sharecrm.sent_to("/push").len(), 2);
    assert_eq!(sharecrm.sent_to("/token").len(), 2);
}

#[tokio::test]
async fn wrong_credentials_pause_and_name_the_settings() {
    let tokens = [says(200, "token_wrong_secret.json")];
    let sharecrm = Arc::new(ShareCrm::answering([]).with_tokens(tokens));
    let failure = sharecrm.client().push(&document(), Deadline::NONE).await.unwrap_err();
    assert_eq!(failure.class, Class::Paused { until: None });
    assert_eq!(failure.code.as_deref(), Some("10006"));
    assert!(
        failure.message.contains("SHARECRM_APP_SECRET") && failure.message.contains("E-O.3"),
        "{failure}"
    );
}

#[tokio::test]
async fn a_log_in_that_failed_by_chance_may_simply_be_repeated() {
    let gateway = Ok(Response::new(502, b"<html>".to_vec()));
    let lost = Err(TransportError::Lost("timed out".into()));
    for answer in [says(200, "token_busy.json"), code(50009), gateway, lost] {
        let sharecrm = Arc::new(ShareCrm::answering([]).with_tokens([answer]));
        let failure = sharecrm.client().push(&document(), Deadline::NONE).await.unwrap_err();
        assert_eq!(failure.class, Class::Retry { after: None }, "{failure}");
    }
}

#[tokio::test]
async fn ten_token_calls_a_minute_are_never_exceeded() {
    let sharecrm = Arc::new(ShareCrm::answering((0..40).map(|_| code(20016))));
    let client = sharecrm.client();
    for _ in 0..20 {
        client.push(&document(), Deadline::NONE).await.unwrap_err();
    }
    let times = sharecrm.times_of("/token");
    assert!(times.len() > 10);
    assert!(times.windows(11).all(|window| (window[10] - window[0]).num_seconds() >= 60), "{times:?}");
}

#[tokio::test]
async fn no_secret_reaches_an_error_even_where_it_is_quoted_back() {
    let quoting = |status, text: &str| {
        Ok(Response::new(status, format!(r#"{{"errorCode":10006,"errorMessage":"{text}"}}"#)))
    };
    let login = ShareCrm::answering([]).with_tokens([quoting(200, "appSecret app-s3cret permanent-c0de")]);
    let push = ShareCrm::answering([quoting(200, "authorization Bearer tok-1")]);
    for sharecrm in [login, push] {
        let failure = Arc::new(sharecrm).client().push(&document(), Deadline::NONE).await.unwrap_err();
        let shown = format!("{failure} {failure:?}");
        for secret in ["app-s3cret", "permanent-c0de", "tok-1"] {
            assert!(!shown.contains(secret), "{secret} in: {shown}");
        }
    }
}

#[tokio::test]
async fn no_secret_is_in_debug_output() {
    let sharecrm = Arc::new(ShareCrm::answering([says(200, "accepted.json")]));
    sharecrm.client().push(&document(), Deadline::NONE).await.unwrap();
    let shown = format!("{:?} {:?}", settings(), sharecrm.sent_to(""));
    for secret in ["app-s3cret", "permanent-c0de", "console-t0ken", "tok-1"] {
        assert!(!shown.contains(secret), "{secret} in: {shown}");
    }
}
