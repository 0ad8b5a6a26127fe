//! Asking for what was pushed, after an outcome that nobody knows.

use relay_connector::{
    Class, Delivery, Document, Failure, Found, Push, Repeat, Role, Target as _, TransportError,
};
use relay_core::clock::Deadline;
use relay_wangdian::catalog::endpoints;
use serde_json::json;

use crate::support::{Bench, answer, document, payload};

const NOTHING: &str = "find/nothing.json";

async fn found(document: &str, number: &str, answers: &[&str]) -> (Found, Bench) {
    let bench = Bench::new(answers.iter().map(|name| payload(name)).collect());
    let found = ask(&bench, document, number).await.unwrap();
    (found, bench)
}

/// Asks for a document of which only its number is known.
async fn ask(bench: &Bench, name: &str, number: &str) -> Result<Found, Failure> {
    let document = document(name);
    let body = document.number().map_or(json!({}), |field| json!({field: number}));
    let delivery = Delivery::of(document, &[], &body);
    bench.client.find(&delivery, Deadline::NONE).await
}

#[tokio::test]
async fn a_pushed_transfer_is_found_by_its_exact_outer_no() {
    let transfers = "find/transfers.json";
    let (there, bench) = found("wangdian.stock_transfer_push", "DB-1", &[transfers]).await;
    assert_eq!(there, Found::There("TF202211010002".to_owned()));
    let request = &bench.requests()[0];
    assert!(request.url.path().ends_with("/stock_transfer_query.php"), "{}", request.url);
    let form = &bench.forms()[0];
    assert_eq!(form["api_outer_no"], "DB-1");
    assert!(!form.contains_key("start_time"), "without times it shows every transfer");

    let (absent, _) = found("wangdian.stock_transfer_push", "DB-", &[transfers]).await;
    assert_eq!(absent, Found::NotThere, "rows of other numbers, each saying its own");
}

#[tokio::test]
async fn a_pushed_order_is_found_by_its_exact_tid() {
    for (tid, expected) in [
        ("AD-2", Found::There("JY202211010002".to_owned())),
        // Of a merged order.
        ("AD-3", Found::There("JY202211010002".to_owned())),
        // A part of a tid is another order.
        ("AD", Found::NotThere),
    ] {
        let (answer, bench) = found("wangdian.trade_push", tid, &["direct/trades.json"]).await;
        assert_eq!(answer, expected, "{tid}");
        assert_eq!(bench.forms()[0]["src_tid"], tid);
        assert!(!bench.forms()[0].contains_key("start_time"));
    }
}

#[tokio::test]
async fn an_empty_answer_means_that_it_is_not_there() {
    for document in ["wangdian.trade_push", "wangdian.purchase_order_push", "wangdian.goods_push"] {
        let (absent, bench) = found(document, "N-1", &[NOTHING]).await;
        assert_eq!(absent, Found::NotThere, "{document}");
        assert_eq!(bench.forms().len(), 1);
    }
}

#[tokio::test]
async fn a_stock_in_is_asked_for_in_every_status_that_it_can_have() {
    let answers = [NOTHING, NOTHING, "find/stockins.json"];
    let (there, bench) = found("wangdian.stockin_order_push", "QT-1", &answers).await;
    assert_eq!(there, Found::There("RK202211010007".to_owned()));
    let forms = bench.forms();
    assert!(!forms[0].contains_key("status"), "without one, what is done");
    let asked: Vec<_> = forms[1..].iter().map(|form| [&form["order_type"], &form["status"]]).collect();
    assert_eq!(asked, [["6", "20"], ["6", "30"]], "a status needs the order type beside it");
    for form in &forms {
        assert_eq!(form["outer_no"], "QT-1");
        // Now is 10:00 in China: the window ends as far ahead as the vendor's clock may be.
        assert_eq!([&form["start_time"], &form["end_time"]], ["2022-10-02 10:05:01", "2022-11-01 10:05:00"]);
    }
    let (absent, bench) = found("wangdian.stockin_order_push", "QT-1", &[NOTHING; 9]).await;
    assert_eq!((absent, bench.forms().len()), (Found::NotThere, 9));
}

#[tokio::test]
async fn what_cannot_be_asked_is_told_from_what_is_not_there() {
    for document in ["wangdian.stockin_refund_push", "wangdian.api_goodsspec_push"] {
        let (unasked, bench) = found(document, "N-1", &[]).await;
        assert_eq!((unasked, bench.forms().len()), (Found::CannotBeAsked, 0), "{document}");
    }
    for (document, answer) in [
        ("wangdian.stock_transfer_push", "find/forbidden.json"),
        ("wangdian.stock_sync_by_pd", "find/counts_without_numbers.json"),
        ("wangdian.stock_transfer_push", "find/more_than_a_page.json"),
    ] {
        let (unasked, _) = found(document, "DB-1", &[answer]).await;
        assert_eq!(unasked, Found::CannotBeAsked, "{answer}");
    }
}

#[tokio::test]
async fn a_question_that_fails_says_nothing_of_the_document() {
    for (reply, class) in [
        (payload("direct/bad_sign.json"), Class::Paused { until: None }),
        (answer(502, "<html>"), Class::Retry { after: None }),
        (Err(TransportError::Lost("reset".to_owned())), Class::Retry { after: None }),
    ] {
        let bench = Bench::new(vec![reply]);
        let failure = ask(&bench, "wangdian.stock_transfer_push", "DB-1").await.unwrap_err();
        assert_eq!(failure.class, class, "{failure}");
    }
}

#[tokio::test]
async fn a_question_that_is_refused_keeps_nothing_from_being_replaced() {
    let refused = || vec![answer(200, r#"{"code": 1, "message": "参数错误"}"#)];
    let order = ask(&Bench::new(refused()), "wangdian.trade_push", "AD-1").await;
    assert_eq!(order, Ok(Found::CannotBeAsked), "an order replaces what is there");
    let transfer = ask(&Bench::new(refused()), "wangdian.stock_transfer_push", "DB-1").await;
    assert_eq!(transfer.unwrap_err().class, Class::Refused);
}

#[tokio::test]
async fn only_what_is_pushed_is_asked_for() {
    static ELSEWHERE: Document = Document {
        name: "kingdee.sal_order_save",
        role: Role::Target,
        push: Some(Push::new(Some("bill_no"), Repeat::Refuses, None)),
        ..Document::UNKNOWN
    };
    static READ: Document = Document { name: "wangdian.trade_query", ..ELSEWHERE };
    let bench = Bench::new(vec![]);
    let body = json!({"bill_no": "1"});
    for document in [&ELSEWHERE, &READ] {
        let delivery = Delivery::of(document, &[], &body);
        let failure = bench.client.find(&delivery, Deadline::NONE).await.unwrap_err();
        assert_eq!(failure.class, Class::Refused, "{}", document.name);
    }
}

#[test]
fn every_document_with_a_number_of_ours_can_be_asked_for_but_one() {
    let unasked: Vec<_> = endpoints()
        .filter(|each| each.document.number().is_some() && !each.php.ends_with("_ack.php"))
        .filter(|each| each.document.push.is_some_and(|push| push.asked.is_none()))
        .map(|each| each.php)
        .collect();
    assert_eq!(unasked, ["stockin_refund_push.php"]);
}
