//! Several documents in one call: what becomes of each.

use relay_connector::{Class, Failure, TransportError};
use relay_core::clock::Deadline;
use serde_json::{Value, json};

use crate::support::{Bench, answer, payload};

const TRADE: &str = "wangdian.trade_push";

type Answer = Result<relay_connector::Response, TransportError>;
type Outcome = Result<Option<String>, Failure>;

fn orders(count: u32) -> Vec<Value> {
    (1..=count).map(|number| json!({"tid": format!("AD-{number}")})).collect()
}

async fn deliver(count: u32, answers: Vec<Answer>) -> (Vec<Outcome>, Bench) {
    let bench = Bench::new(answers);
    let outcomes = bench.push_all(TRADE, &[], &orders(count)).await;
    (outcomes, bench)
}

/// The tids of a call.
fn sent(bench: &Bench, call: usize) -> Vec<String> {
    let list: Vec<Value> = serde_json::from_str(&bench.forms()[call]["trade_list"]).unwrap();
    list.iter().map(|order| order["tid"].as_str().unwrap().to_owned()).collect()
}

/// What became of each: its number, or the class of its failure and what was said.
fn told(outcomes: &[Outcome]) -> Vec<String> {
    let told = |outcome: &Outcome| match outcome {
        Ok(number) => number.clone().unwrap_or_default(),
        Err(failure) => format!("{}: {}", failure.class.name(), failure.message),
    };
    outcomes.iter().map(told).collect()
}

fn refusal(message: &str) -> Answer {
    answer(200, json!({"code": 1, "message": message}).to_string())
}

#[tokio::test]
async fn a_call_holds_as_many_as_the_row_allows() {
    let accepted = || payload("push/accepted.json");
    let (outcomes, bench) = deliver(51, vec![accepted(), accepted()]).await;
    assert_eq!([0, 1].map(|call| sent(&bench, call).len()), [50, 1]);
    let numbers: Vec<_> = (1..=51).map(|number| format!("AD-{number}")).collect();
    assert_eq!(told(&outcomes), numbers, "in the order in which they came");
}

#[tokio::test]
async fn of_a_form_that_holds_one_each_is_a_call() {
    let bench = Bench::new(vec![payload("push/accepted.json"), payload("push/accepted.json")]);
    let transfers = [json!({"outer_no": "DB-1"}), json!({"outer_no": "DB-2"})];
    let outcomes = bench.push_all("wangdian.stock_transfer_push", &[], &transfers).await;
    assert_eq!(told(&outcomes), ["DB-1", "DB-2"]);
    assert_eq!(bench.forms()[1]["transfer_info"], r#"{"outer_no":"DB-2"}"#);
}

#[tokio::test]
async fn a_refused_row_is_told_from_the_rest_by_its_number() {
    let (outcomes, bench) = deliver(3, vec![payload("push/refused_inside.json")]).await;
    assert_eq!(told(&outcomes), ["refused: AD-1: 订单货品数量不一致", "AD-2", "AD-3"]);
    assert_eq!(bench.requests().len(), 1);
}

#[tokio::test]
async fn where_the_call_failed_for_some_the_others_are_sent_alone() {
    for name in ["push/refused_2017.json", "push/refused_2017_as_list.json"] {
        let (outcomes, bench) = deliver(3, vec![payload(name), payload("push/accepted.json")]).await;
        let expected = ["refused: AD-1: 已付金额不正确 paid", "refused: AD-2: 应收不能小于0", "AD-3"];
        assert_eq!(told(&outcomes), expected, "{name}");
        assert_eq!(outcomes[0].as_ref().unwrap_err().code.as_deref(), Some("1"), "{name}");
        assert_eq!(sent(&bench, 1), ["AD-3"]);
    }
}

#[tokio::test]
async fn a_call_refused_as_a_whole_names_its_culprit_when_each_is_sent_alone() {
    let refused = || refusal("无效店铺编号");
    let (outcomes, bench) =
        deliver(3, vec![refused(), payload("push/accepted.json"), refused(), payload("push/accepted.json")])
            .await;
    assert_eq!(told(&outcomes), ["AD-1", "refused: 无效店铺编号", "AD-3"]);
    assert_eq!([1, 2, 3].map(|call| sent(&bench, call)), [["AD-1"], ["AD-2"], ["AD-3"]]);
}

#[tokio::test]
async fn a_refusal_that_names_none_of_ours_leaves_nobody_unasked() {
    let stranger = answer(200, r#"{"code": 0, "errors": [{"tid": "XX-9", "error": "oid重复"}]}"#);
    let accepted = || payload("push/accepted.json");
    let (outcomes, bench) = deliver(2, vec![stranger, refusal("oid重复"), accepted()]).await;
    assert_eq!(told(&outcomes), ["refused: oid重复", "AD-2"]);
    assert_eq!(bench.requests().len(), 3);
}

#[tokio::test]
async fn a_lost_answer_makes_its_whole_batch_unknown_and_sends_nothing_again() {
    for lost in [Err(TransportError::Lost("timed out".to_owned())), answer(502, "Bad Gateway")] {
        let (outcomes, bench) = deliver(3, vec![lost]).await;
        let classes: Vec<_> =
            outcomes.iter().map(|outcome| outcome.as_ref().unwrap_err().class.clone()).collect();
        assert_eq!(classes, [Class::Unknown, Class::Unknown, Class::Unknown]);
        assert_eq!(bench.requests().len(), 1);
    }
}

#[tokio::test]
async fn what_stops_us_stops_the_whole_batch() {
    for (name, class) in [("direct/bad_sign.json", "paused"), ("qimen/business_failure.json", "retry")] {
        let (outcomes, bench) = deliver(2, vec![payload(name)]).await;
        for outcome in outcomes {
            assert_eq!(outcome.unwrap_err().class.name(), class, "{name}");
        }
        assert_eq!(bench.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_document_of_the_wrong_shape_keeps_none_back() {
    let bench = Bench::new(vec![payload("push/accepted.json")]);
    let outcomes = bench.push_all(TRADE, &[], &[json!("text"), json!({"tid": "AD-2"})]).await;
    assert_eq!(told(&outcomes), ["refused: the document is not a JSON object", "AD-2"]);
}

#[tokio::test]
async fn nothing_to_deliver_makes_no_call() {
    use relay_connector::Target as _;
    assert_eq!(Bench::new(vec![]).client.deliver(&[], Deadline::NONE).await, []);
}
