use std::collections::BTreeSet;

use local_aws::{Stack, on_the_stack};
use relay_simulators::qince::PushStyle;
use serde_json::{Value, json};

const FUNCTIONS: [&str; 4] = ["WebhookReceiver", "TradePoller", "StockSyncer", "ErpPusher"];

/// At the level TRACE, which the stack is deployed with.
#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn logs_hold_counts_and_neither_secrets_nor_customers() {
    on_the_stack(async |stack| {
        let private = one_of_each(stack).await;
        for function in FUNCTIONS {
            let log = stack.log(function).await.unwrap();
            let own: Vec<_> = log.iter().filter(|line| !is_of_the_platform(line)).collect();
            assert!(own.iter().all(|line| line.starts_with('{')), "{function} writes JSON alone");
            let parsed: Vec<Value> = own.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
            assert!(parsed.iter().any(|line| line["level"] == "INFO"), "{function} logs");
            let counts = parsed.iter().any(|line| line["message"] == "counted" || line["_aws"].is_object());
            assert!(counts, "{function} counts");
            for line in own {
                let told = private.iter().find(|private| line.contains(private.as_str()));
                assert_eq!(told, None, "{function} tells it in: {line}");
            }
        }
    });
}

/// Lets each function work, and answers what must not be told of it.
async fn one_of_each(stack: &Stack) -> BTreeSet<String> {
    let order = stack.vendors.qince.order(local_aws::stack::minutes_ago(1));
    stack.push(&stack.vendors.qince.push(&order, &PushStyle::default())).await.unwrap();
    stack.new_trades(3).await.unwrap();
    stack.poll().await.unwrap();
    stack.invoke("StockSyncer", &json!({})).await.unwrap();
    stack.until_quiet().await.unwrap();

    let mut private = BTreeSet::new();
    let mut add = |document: &Value, fields: &[&str]| {
        let texts = fields.iter().filter_map(|field| document[*field].as_str());
        private.extend(texts.filter(|text| text.len() > 3).map(str::to_owned));
    };
    add(&order, &["receive_phone", "receive_tel", "receive_name", "receive_addr", "cm_name", "emp_name"]);
    for trade in stack.vendors.wangdian.trades() {
        let row = stack.vendors.wangdian.trade(&trade.trade_no).unwrap();
        add(&row, &["receiver_name", "receiver_mobile", "receiver_address", "buyer_nick", "customer_name"]);
    }
    let secret = stack.secret().await.unwrap();
    private.extend(secret.as_object().unwrap().values().filter_map(Value::as_str).map(str::to_owned));
    for (_, token) in stack.stores.checkpoints.list("token/").await.unwrap() {
        let token: Value = serde_json::from_str(&token.value).unwrap();
        private.extend(token["value"].as_str().map(str::to_owned));
    }
    assert!(private.len() > 20, "{private:?}");
    private
}

/// `START RequestId: …` and its like, which Lambda writes around the function's own lines.
fn is_of_the_platform(line: &str) -> bool {
    ["START ", "END ", "REPORT "].iter().any(|word| line.starts_with(word))
}
