use std::sync::Arc;

use relay_connector::{Class, Found, Response, TransportError};
use relay_core::clock::Deadline;
use serde_json::json;

use crate::support::{Answer, Kingdee, body, order, payload, says};

async fn saving(
    answers: impl IntoIterator<Item = Answer>,
) -> (Arc<Kingdee>, Result<String, relay_connector::Failure>) {
    let kingdee = Arc::new(Kingdee::answering(answers));
    let saved = kingdee.client().save("kingdee.sal_order_save", &order(), Deadline::NONE).await;
    (kingdee, saved)
}

#[tokio::test]
async fn the_document_is_sent_as_it_is_given() {
    let (kingdee, saved) = saving([says(200, "saved.json")]).await;
    assert_eq!(saved.as_deref(), Ok("1544208903712374784"));
    let sent = &kingdee.sent_to("sal_order_save")[0];
    assert_eq!(String::from_utf8(sent.body.clone()).unwrap(), order().to_string());
    assert!(
        payload("order.json").contains(r#""qty":"1.50""#)
            && body(sent)["material_entity"][0]["qty"] == "1.50"
    );
}

#[tokio::test]
async fn flags_as_text_and_ids_as_numbers_are_read() {
    let (_, saved) = saving([says(200, "saved_as_strings.json")]).await;
    assert_eq!(saved.as_deref(), Ok("1544208903712374784"));
}

#[tokio::test]
async fn both_levels_decide_and_every_reason_is_told() {
    let (_, saved) = saving([says(200, "refused_inside.json")]).await;
    let failure = saved.unwrap_err();
    assert_eq!(failure.class, Class::Refused);
    assert_eq!(failure.message, "第1行商品不能为空; 单据日期不能为空");

    let (_, saved) = saving([says(200, "refused_outside.json")]).await;
    let failure = saved.unwrap_err();
    assert_eq!(failure.class, Class::Refused);
    assert_eq!(failure.code.as_deref(), Some("kd.101"));
    assert_eq!(failure.message, "客户不存在; customer does not exist");
}

#[tokio::test]
async fn a_refusal_is_read_whatever_it_is_written_in() {
    for name in ["refused_in_gbk.json", "refused_with_bom_in_a_page.html"] {
        let (_, saved) = saving([says(200, name)]).await;
        let failure = saved.unwrap_err();
        assert_eq!((failure.class, failure.code.as_deref()), (Class::Refused, Some("kd.101")), "{name}");
        assert!(failure.message.contains("客户不存在"), "{name}: {}", failure.message);
    }
}

#[tokio::test]
async fn each_answer_has_its_class() {
    let page = |status| Ok(Response::new(status, b"<html></html>".to_vec()));
    let retry = Class::Retry { after: None };
    let paused = Class::Paused { until: None };
    let empty = Ok(Response::new(200, b"{\"data\":null}"));
    for (answer, class) in [
        (says(519, "gateway_519.json"), Class::Refused),
        (says(519, "gateway_519_busy.json"), retry.clone()),
        (says(503, "gateway_519_busy.json"), Class::Unknown),
        (says(519, "gateway_519_timed_out.json"), Class::Unknown),
        (says(200, "gateway_519_timed_out.json"), Class::Unknown),
        (says(519, "gateway_519_rate.json"), retry.clone()),
        (says(429, "gateway_400.json"), retry.clone()),
        (says(400, "gateway_400.json"), Class::Refused),
        (says(500, "gateway_500.json"), Class::Unknown),
        (page(200), Class::Unknown),
        (page(302), paused.clone()),
        (page(404), paused),
        (page(429), retry.clone()),
        (page(502), Class::Unknown),
        (empty, Class::Unknown),
        (Err(TransportError::NotSent("refused".into())), retry),
        (Err(TransportError::Lost("timed out".into())), Class::Unknown),
    ] {
        let (_, saved) = saving([answer.clone()]).await;
        assert_eq!(saved.unwrap_err().class, class, "{answer:?}");
    }
}

#[tokio::test]
async fn a_wrong_host_names_its_setting() {
    let (_, saved) = saving([Ok(Response::new(302, Vec::new()))]).await;
    assert!(saved.unwrap_err().message.contains("KINGDEE_BASE_URL"));
}

#[tokio::test]
async fn what_is_there_already_is_said_so_in_the_vendors_words() {
    // Whether it is the bill itself that is there is for the caller to ask: it knows what was sent before.
    for (file, words) in
        [("duplicate_number.json", "组合值与其他表单重复"), ("duplicate_line.json", "第2行商品与第1行重复")]
    {
        let (_, saved) = saving([says(200, file)]).await;
        let failure = saved.unwrap_err();
        assert_eq!(failure.class, Class::Exists);
        assert!(failure.message.contains(words), "{failure}");
    }
}

#[tokio::test]
async fn success_without_an_id_looks_for_the_order() {
    let pages = [says(200, "orders_page_1.json"), says(200, "orders_page_2.json")];
    let (_, saved) = saving([says(200, "saved_without_id.json")].into_iter().chain(pages)).await;
    assert_eq!(saved.as_deref(), Ok("1544208903712374784"));

    let unnumbered = Ok(Response::new(200, r#"{"success":true,"data":{"rows":[{"id":"1"}],"totalpage":1}}"#));
    for not_seen in
        [says(200, "orders_none.json"), unnumbered, Err(TransportError::NotSent("refused".into()))]
    {
        let (_, saved) = saving([says(200, "saved_without_id.json"), not_seen]).await;
        assert_eq!(saved.unwrap_err().class, Class::Unknown, "it may be there, so ask before repeating");
    }
}

#[tokio::test]
async fn an_order_is_found_by_its_exact_number_on_whatever_page() {
    let pages = [says(200, "orders_page_1.json"), says(200, "orders_page_2.json")];
    let kingdee = Arc::new(Kingdee::answering(pages));
    let found = kingdee.client().find("sal_order_save", "JY20260101", Deadline::NONE).await;
    assert_eq!(found, Ok(Found::There("1544208903712374784".to_owned())));
    let asked: Vec<_> = kingdee.sent_to("sal_order_list").iter().map(body).collect();
    assert_eq!(
        asked,
        [
            json!({"search": "JY20260101", "page": 1, "pagesize": 100}),
            json!({"search": "JY20260101", "page": 2, "pagesize": 100}),
        ]
    );
}

#[tokio::test]
async fn an_outbound_is_found_in_its_own_list() {
    let kingdee = Arc::new(Kingdee::answering([says(200, "orders_none.json")]));
    let found = kingdee.client().find("kingdee.sal_outbound_save", "CK1", Deadline::NONE).await;
    assert_eq!(found, Ok(Found::NotThere));
    assert_eq!(kingdee.sent_to("sal_outbound_list").len(), 1);
}

#[tokio::test]
async fn a_document_without_our_number_or_of_no_kind_is_not_sent() {
    let kingdee = Arc::new(Kingdee::answering([]));
    let client = kingdee.client();
    let unnumbered =
        client.save("sal_order_save", &json!({"billdate": "2026-01-01"}), Deadline::NONE).await.unwrap_err();
    let unknown = client.save("sal_order_sav", &order(), Deadline::NONE).await.unwrap_err();
    assert_eq!((unnumbered.class, unknown.class), (Class::Refused, Class::Refused));
    assert!(unnumbered.message.contains("billno"));
    assert!(kingdee.sent_to("").is_empty());
}

#[tokio::test]
async fn calls_keep_to_the_quota() {
    let kingdee = Arc::new(Kingdee::answering((0..78).map(|_| says(200, "orders_none.json"))));
    let client = kingdee.client();
    let start = relay_core::clock::Clock::now(&*kingdee.clock);
    for _ in 0..78 {
        client.find("sal_order_save", "JY1", Deadline::NONE).await.unwrap();
    }
    // 80 calls with those of the log-in: some at once, the others in their turn, and no minute has more than 60.
    let taken = (relay_core::clock::Clock::now(&*kingdee.clock) - start).num_seconds();
    assert!((61..=75).contains(&taken), "{taken} s");
}
