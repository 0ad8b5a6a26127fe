//! Answers in all the shapes that the vendor gives them, and what the failures among them mean.

use std::time::Duration;

use relay_connector::{Class, Failure, Page, TransportError};
use relay_wangdian::Route;
use serde_json::json;

use crate::support::{Bench, answer, first_page, hour, payload, query};

type Answer = Result<relay_connector::Response, TransportError>;

async fn read(answer: Answer) -> Result<Page, Failure> {
    read_by(Route::Direct, answer).await
}

async fn read_by(route: Route, answer: Answer) -> Result<Page, Failure> {
    let trades = query("wangdian.trade_query", route, vec![]);
    Bench::new(vec![answer]).window(&trades, hour(), first_page()).await
}

async fn push(answer: Answer) -> Result<Option<String>, Failure> {
    Bench::new(vec![answer]).push("wangdian.trade_push", &[], &json!({"tid": "AD-1"})).await
}

#[tokio::test]
async fn rows_are_found_in_every_envelope() {
    for (name, rows, total) in [
        ("direct/trades.json", 2, Some(2)),
        ("direct/code_as_string_and_bom.json", 1, Some(1)),
        ("direct/no_rows_no_list.json", 0, Some(0)),
        ("direct/null_list.json", 0, None),
        ("direct/sparse_list.json", 2, None),
        ("direct/other_list_key.json", 1, None),
        ("direct/two_unknown_lists.json", 0, None),
        ("qimen/trades.json", 1, Some(1)),
        ("qimen/other_wrapper.json", 1, Some(1)),
        ("qimen/no_code_at_all.json", 1, None),
    ] {
        let page = read(payload(name)).await.unwrap_or_else(|failure| panic!("{name}: {failure}"));
        assert_eq!((page.rows.len(), page.total), (rows, total), "{name}");
    }
}

#[tokio::test]
async fn a_refusal_is_read_whatever_it_is_written_in() {
    for name in ["direct/unknown_shop_in_gbk.json", "direct/unknown_shop_in_a_page.html"] {
        let failure = push(payload(name)).await.unwrap_err();
        assert_eq!((failure.class, failure.code.as_deref()), (Class::Refused, Some("1007")), "{name}");
        assert!(failure.message.contains("店铺ID不存在"), "{name}: {}", failure.message);
    }
    // A page without an answer may stand before work that was done.
    let page = answer(200, "<html><body><h1>出错了</h1><script>var a = {\"code\": 0}</script></body></html>");
    assert_eq!(push(page).await.unwrap_err().class, Class::Unknown);
}

#[tokio::test]
async fn a_failure_keeps_its_code_and_its_words() {
    for (name, code, words) in [
        ("direct/bad_sign.json", "2030", "签名错误"),
        ("direct/unknown_shop.json", "1007", "店铺ID不存在"),
        ("qimen/gateway_error.json", "25", "sign不正确"),
        ("qimen/business_failure.json", "1012", "系统调用频繁"),
        ("qimen/failure_by_flag_alone.json", "0", "无效店铺编号"),
    ] {
        let failure = read(payload(name)).await.unwrap_err();
        assert_eq!(failure.code.as_deref(), Some(code), "{name}");
        assert!(failure.message.contains(words), "{name}: {failure}");
    }
}

#[tokio::test]
async fn the_2017_list_of_refusals_becomes_readable() {
    for name in ["push/refused_2017.json", "push/refused_2017_as_list.json"] {
        let failure = push(payload(name)).await.unwrap_err();
        assert_eq!(failure.class, Class::Refused);
        assert_eq!(failure.message, "AD-1: 已付金额不正确 paid; AD-2: 应收不能小于0", "{name}");
    }
}

#[tokio::test]
async fn a_code_and_its_words_decide_what_a_failure_means() {
    let retry = |seconds| Class::Retry { after: Some(Duration::from_secs(seconds)) };
    let again = Class::Retry { after: None };
    let paused = Class::Paused { until: None };
    for (code, text, class) in [
        ("1012", "", retry(31)),
        ("1", "系统调用频繁,旺店通1分钟最多60次", retry(31)),
        ("100", "超过每分钟最大调用频率限制", retry(31)),
        ("100", "最大并发次数限制", retry(31)),
        ("100", "接口调用超限", retry(31)),
        ("7", "App Call Limited", retry(31)),
        ("100", "接口频率超限", retry(300)),
        ("100", "货品数量超限", Class::Refused),
        ("2030", "签名错误", paused.clone()),
        ("25", "Invalid signature", paused.clone()),
        ("1", "invalid sign", paused.clone()),
        ("1", "sid不存在", paused.clone()),
        ("1", "时间戳超时", paused.clone()),
        ("1", "timestamp error", paused.clone()),
        ("1007", "接口appkey已停用", paused.clone()),
        ("1", "账号已停用", paused.clone()),
        ("1", "没有接口权限", paused.clone()),
        ("6", "IP不在白名单", paused.clone()),
        ("6", "illegal ip", paused),
        ("1", "系统繁忙", again.clone()),
        ("1", "请稍后再试", again),
        ("1", "处理超时", Class::Unknown),
        ("1", "处理超时,请稍后再试", Class::Unknown),
        ("1", "Read timed out", Class::Unknown),
        ("15", "isp.remote-service-error", Class::Unknown),
        ("15", "isp.remote-service-timeout", Class::Unknown),
        ("1", "服务异常", Class::Unknown),
        ("1", "店铺已停用", Class::Refused),
        ("1", "无效商家编码 IP-001", Class::Refused),
        ("1", "IP-001 不存在", Class::Refused),
        ("1", "订单 tid IP-001 没有权限修改", Class::Refused),
        ("1", "tid SIGN 001: permission denied", Class::Refused),
        ("1", "无效店铺编号", Class::Refused),
        ("1", "description of shipping is assigned inside", Class::Refused),
        ("99", "buyer_nick 名字不能只用一个", Class::Refused),
        ("1", "outer_no重复", Class::Exists),
        ("1", "oid重复", Class::Refused),
        ("4711", "", Class::Refused),
    ] {
        let body = json!({"code": code, "message": text}).to_string();
        let failure = push(answer(200, body)).await.unwrap_err();
        assert_eq!(failure.class, class, "{code} {text}");
    }
}

#[tokio::test]
async fn a_refused_sign_names_the_secret_of_its_route() {
    for (route, name, secret) in [
        (Route::Direct, "direct/bad_sign.json", "check WDT_APPSECRET"),
        (Route::Qimen, "qimen/gateway_error.json", "check QIMEN_APP_SECRET"),
    ] {
        let failure = read_by(route, payload(name)).await.unwrap_err();
        assert!(failure.message.ends_with(secret), "{failure}");
    }
    let failure = push(answer(200, json!({"code": "1", "message": "tid SIGN 001"}).to_string())).await;
    assert!(!failure.unwrap_err().message.contains("SECRET"), "a document's own words");
}

#[tokio::test]
async fn no_text_about_one_document_pauses_the_target() {
    let again = |seconds| Class::Retry { after: seconds };
    let again_in_31 = Some(Duration::from_secs(31));
    for (text, class) in [
        ("没有权限", Class::Refused),
        ("签名错误", Class::Refused),
        ("sign ip sid", Class::Refused),
        ("已停用", Class::Refused),
        ("系统繁忙", again(None)),
        ("处理超时", Class::Unknown),
        ("调用频率限制", again(again_in_31)),
        ("outer_no重复", Class::Exists),
    ] {
        let refusals = json!([{"tid": "AD-1", "error": text}]);
        for body in [
            json!({"code": 0, "errors": refusals}),
            json!({"code": 1, "message": refusals}),
            json!({"code": 1, "message": refusals.to_string()}),
        ] {
            let failure = push(answer(200, body.to_string())).await.unwrap_err();
            assert_eq!(failure.class, class, "{body}");
        }
    }
}

#[tokio::test]
async fn what_is_not_the_vendors_answer_leaves_a_push_unknown() {
    for (status, body) in
        [(200, "<html>ok</html>"), (502, "Bad Gateway"), (500, "{}"), (200, "{}"), (200, "[]")]
    {
        assert_eq!(push(answer(status, body)).await.unwrap_err().class, Class::Unknown, "{status} {body}");
    }
    let lost = Err(TransportError::Lost("timed out".to_owned()));
    assert_eq!(push(lost).await.unwrap_err().class, Class::Unknown);
    let server_error = push(answer(500, r#"{"code": 1, "message": "oops"}"#)).await.unwrap_err();
    assert_eq!(server_error.class, Class::Unknown, "a broken server does not make the document wrong");
    let busy = push(answer(503, r#"{"code": 1, "message": "系统繁忙"}"#)).await.unwrap_err();
    assert_eq!(busy.class, Class::Unknown, "nor does it say what it has done");
}

#[tokio::test]
async fn a_read_without_an_answer_is_made_again() {
    for answer in [Err(TransportError::Lost("timed out".to_owned())), answer(502, "Bad Gateway")] {
        assert_eq!(read(answer).await.unwrap_err().class, Class::Retry { after: None });
    }
}
