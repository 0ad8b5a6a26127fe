use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::future::join_all;
use relay_connector::{Class, Response, Surroundings, Token, TokenStore, TransportError};
use relay_core::clock::Deadline;
use relay_kingdee::settings::Auth;
use relay_kingdee::{Client, Settings};

use crate::support::{self, Answer, Kingdee, header, order, says, settings};

const SECRETS: [&str; 5] = ["s3cret/client", "s3cret%2Fclient", "p@ss word", "p%40ss%20word", "tok-1"];

fn assert_holds_no_secret(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} in: {text}");
    }
}

#[tokio::test]
async fn a_call_carries_token_account_and_group() {
    let kingdee = Arc::new(Kingdee::answering([says(200, "saved.json")]));
    kingdee.client().save("sal_order_save", &order(), Deadline::NONE).await.unwrap();

    let login = &kingdee.sent_to("access_token")[0];
    assert_eq!(login.method, http::Method::GET);
    assert_eq!(
        login.url.as_str(),
        "https://kingdee.test/gateway/auth/user/access_token?client_id=200421&client_secret=s3cret%2Fclient\
         &username=%E7%94%A8%E6%88%B7%201&password=p%40ss%20word"
    );
    let save = &kingdee.sent_to("sal_order_save")[0];
    assert_eq!(save.url.path(), "/gateway/jdy/sal/sal_order_save");
    assert_eq!(save.url.query(), Some("access_token=tok-1%2F%2B%3D"));
    assert_eq!(header(save, "accountId"), Some("1001"));
    assert_eq!(header(save, "groupName"), Some("ns-7"));
    assert_eq!(header(save, "content-type"), Some("application/json"));
}

#[tokio::test]
async fn twenty_concurrent_calls_log_in_once() {
    let kingdee = Arc::new(Kingdee::answering((0..20).map(|_| says(200, "orders_none.json"))));
    let client = kingdee.client();
    let found = join_all((0..20).map(|_| client.find("sal_order_save", "JY1", Deadline::NONE))).await;
    assert!(found.into_iter().all(|order| order == Ok(relay_connector::Found::NotThere)));
    assert_eq!(kingdee.sent_to("access_token").len(), 1);
    assert_eq!(kingdee.sent_to("accountGroup").len(), 1);
}

#[tokio::test]
async fn the_token_is_renewed_within_an_hour() {
    let kingdee = Arc::new(Kingdee::answering((0..2).map(|_| says(200, "orders_none.json"))));
    let client = kingdee.client();
    client.find("sal_order_save", "JY1", Deadline::NONE).await.unwrap();
    kingdee.clock.advance(std::time::Duration::from_secs(3_600));
    client.find("sal_order_save", "JY1", Deadline::NONE).await.unwrap();
    assert_eq!(kingdee.sent_to("access_token").len(), 2);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_the_call_repeated_once() {
    let not_json = Ok(Response::new(401, b"<html>401</html>".to_vec()));
    for refusal in [
        says(200, "token_expired.json"),
        says(519, "token_expired.json"),
        says(200, "token_expired_inside.json"),
        not_json,
    ] {
        let kingdee = Arc::new(Kingdee::answering([refusal, says(200, "saved.json")]));
        let id = kingdee.client().save("sal_order_save", &order(), Deadline::NONE).await.unwrap();
        assert_eq!(id, "1544208903712374784");
        assert_eq!(kingdee.sent_to("access_token").len(), 2);
        assert_eq!(kingdee.sent_to("sal_order_save")[1].url.query(), Some("access_token=tok-2"));
    }
}

#[tokio::test]
async fn a_token_that_stays_refused_pauses_the_target_for_a_while() {
    let kingdee = Arc::new(Kingdee::answering((0..2).map(|_| says(401, "token_expired.json"))));
    let failure = kingdee.client().save("sal_order_save", &order(), Deadline::NONE).await.unwrap_err();
    assert!(matches!(failure.class, Class::Paused { until: Some(_) }), "{failure:?}");
    assert!(failure.message.contains("KINGDEE_PASSWORD"), "{failure}");
    assert_eq!(kingdee.sent_to("sal_order_save").len(), 2);
}

#[tokio::test]
async fn an_expired_good_is_no_reason_to_stop_the_target() {
    let kingdee = Arc::new(Kingdee::answering((0..2).map(|_| says(200, "shelf_life_expired.json"))));
    let failure = kingdee.client().save("sal_order_save", &order(), Deadline::NONE).await.unwrap_err();
    assert_eq!(failure.class, Class::Refused);
}

#[tokio::test]
async fn token_and_accounts_are_read_in_every_known_form() {
    let kingdee = Kingdee::answering([says(200, "saved.json")])
        .with_tokens([says(200, "access_token_top_level.json")])
        .with_accounts(says(200, "account_group_object.json"));
    let kingdee = Arc::new(kingdee);
    let unset = Settings { account_id: None, ..settings() };
    kingdee.client_of(unset).save("sal_order_save", &order(), Deadline::NONE).await.unwrap();
    let save = &kingdee.sent_to("sal_order_save")[0];
    assert_eq!(save.url.query(), Some("access_token=tok-1%2F%2B%3D"));
    assert_eq!(header(save, "accountId"), Some("1001"), "the only one is taken unasked");
}

#[tokio::test]
async fn the_configured_account_picks_its_group() {
    let kingdee = Arc::new(Kingdee::answering([says(200, "saved.json")]));
    let client = kingdee.client_of(Settings { account_id: Some("1002".into()), ..settings() });
    client.save("sal_order_save", &order(), Deadline::NONE).await.unwrap();
    let save = &kingdee.sent_to("sal_order_save")[0];
    assert_eq!((header(save, "accountId"), header(save, "groupName")), (Some("1002"), Some("ns-8")));
}

/// A store that still holds the token of another account.
struct Stale;

#[async_trait]
impl TokenStore for Stale {
    async fn load(&self, _name: &str) -> Result<Option<Token>, String> {
        let facts = r#"{"account_id":"1001","group_name":"ns-7"}"#.to_owned();
        Ok(Some(Token { value: "old".into(), facts, expires_at: DateTime::<Utc>::MAX_UTC }))
    }

    async fn claim(&self, _name: &str) -> Result<bool, String> {
        Ok(true)
    }

    async fn save(&self, _name: &str, _token: &Token) -> Result<(), String> {
        Ok(())
    }
}

#[tokio::test]
async fn a_shared_token_of_another_account_is_not_booked_with() {
    let kingdee = Arc::new(Kingdee::answering([says(200, "saved.json")]));
    let settings = Settings { account_id: Some("1002".into()), ..settings() };
    let stale = Surroundings { tokens: Arc::new(Stale), ..kingdee.surroundings() };
    let client = Client::new(settings, &stale);
    client.save("sal_order_save", &order(), Deadline::NONE).await.unwrap();
    assert_eq!(header(&kingdee.sent_to("sal_order_save")[0], "accountId"), Some("1002"));
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
        Settings { base_url: "https://kingdee-2.test/gateway/".parse().unwrap(), ..settings() },
        Settings { client_id: "200422".into(), ..settings() },
        Settings {
            auth: Auth::V1 { username: "用户 2".into(), password: "p@ss word".into() }, ..settings()
        },
        Settings { account_id: Some("1002".into()), ..settings() },
    ];
    for (settings, log_ins) in other_settings.map(|other| (other, 2)).into_iter().chain([(settings(), 1)]) {
        let kingdee = Arc::new(Kingdee::answering((0..2).map(|_| says(200, "saved.json"))));
        let store = Arc::new(Shared::default());
        for settings in [support::settings(), settings.clone()] {
            let surroundings = Surroundings { tokens: store.clone(), ..kingdee.surroundings() };
            let client = Client::new(settings, &surroundings);
            client.save("sal_order_save", &order(), Deadline::NONE).await.unwrap();
        }
        assert_eq!(kingdee.sent_to("access_token").len(), log_ins, "{settings:?}");
    }
}

#[tokio::test]
async fn of_several_accounts_none_is_booked_into_unasked_and_all_are_listed() {
    let kingdee = Arc::new(Kingdee::answering([]));
    let unset = Settings { account_id: None, ..settings() };
    let failure =
        kingdee.client_of(unset.clone()).save("sal_order_save", &order(), Deadline::NONE).await.unwrap_err();
    assert_eq!(failure.class, Class::Paused { until: None }, "a person has to choose");
    for said in ["2 account sets", "KINGDEE_ACCOUNT_ID", "1001 (ns-7), 1002 (ns-8)"] {
        assert!(failure.message.contains(said), "{said} in {failure}");
    }
    // Nor is one that an earlier program, which took the first, has left with its token.
    let stale = Surroundings { tokens: Arc::new(Stale), ..kingdee.surroundings() };
    let client = Client::new(unset, &stale);
    client.save("sal_order_save", &order(), Deadline::NONE).await.unwrap_err();
    assert!(kingdee.sent_to("sal_order_save").is_empty());
}

#[tokio::test]
async fn an_account_that_the_user_has_not_pauses_and_names_the_setting() {
    let wrong = Settings { account_id: Some("9".into()), ..settings() };
    for (settings, accounts) in [(wrong, "account_group.json"), (settings(), "account_group_empty.json")] {
        let kingdee = Arc::new(Kingdee::answering([]).with_accounts(says(200, accounts)));
        let failure =
            kingdee.client_of(settings).save("sal_order_save", &order(), Deadline::NONE).await.unwrap_err();
        assert_eq!(failure.class, Class::Paused { until: None });
        assert!(failure.message.contains("KINGDEE_ACCOUNT_ID"), "{failure}");
    }
}

#[tokio::test]
async fn wrong_credentials_pause_and_name_the_settings() {
    let tokens = [says(200, "access_token_wrong_password.json")];
    let kingdee = Arc::new(Kingdee::answering([]).with_tokens(tokens));
    let failure = kingdee.client().save("sal_order_save", &order(), Deadline::NONE).await.unwrap_err();
    assert_eq!(failure.class, Class::Paused { until: None });
    assert_eq!(failure.code.as_deref(), Some("2000001"));
    assert!(failure.message.contains("用户名或密码错误") && failure.message.contains("KINGDEE_PASSWORD"));
}

#[tokio::test]
async fn a_log_in_that_got_no_answer_may_simply_be_repeated() {
    let lost: Answer = Err(TransportError::Lost("timed out".into()));
    let gateway: Answer = Ok(Response::new(502, b"<html>".to_vec()));
    for answer in [lost, gateway] {
        let kingdee = Arc::new(Kingdee::answering([]).with_tokens([answer]));
        let failure = kingdee.client().save("sal_order_save", &order(), Deadline::NONE).await.unwrap_err();
        assert_eq!(failure.class, Class::Retry { after: None }, "{failure}");
    }
}

#[tokio::test]
async fn no_secret_reaches_an_error_even_where_it_is_quoted_back() {
    let quoted = "https://kingdee.test/auth?client_secret=s3cret%2Fclient&password=p%40ss%20word";
    let transport_error: Answer = Err(TransportError::NotSent(quoted.into()));
    for answer in [says(200, "access_token_echo.json"), transport_error] {
        let kingdee = Arc::new(Kingdee::answering([]).with_tokens([answer]));
        let failure = kingdee.client().save("sal_order_save", &order(), Deadline::NONE).await.unwrap_err();
        assert_holds_no_secret(&format!("{failure} {failure:?}"));
    }
    let lost: Answer = Err(TransportError::Lost("no answer from /save?access_token=tok-1%2F%2B%3D".into()));
    let kingdee = Arc::new(Kingdee::answering([lost]));
    let failure = kingdee.client().save("sal_order_save", &order(), Deadline::NONE).await.unwrap_err();
    assert_holds_no_secret(&format!("{failure} {failure:?}"));
    assert_eq!(failure.class, Class::Unknown);
}

#[tokio::test]
async fn no_secret_is_in_debug_output() {
    let kingdee = Arc::new(Kingdee::answering([says(200, "saved.json")]));
    kingdee.client().save("sal_order_save", &order(), Deadline::NONE).await.unwrap();
    assert_holds_no_secret(&format!("{:?} {:?}", settings(), kingdee.sent_to("")));
}
