use std::time::Duration;

use local_aws::aws::Invoked;
use local_aws::{Stack, on_the_stack};
use serde_json::json;

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn a_secret_that_is_no_json_is_a_start_up_error_that_shows_nothing_of_it() {
    on_the_stack(async |stack| {
        let secret = stack.secret().await.unwrap();
        stack.put_secret("WDT_APPSECRET=h3rmetic").await.unwrap();
        stack.kill("TradePoller").unwrap();
        let mut started = stack.invoke("TradePoller", &json!({})).await.unwrap();
        if format!("{started:?}").contains("Runtime.ExitError") {
            // The event went to the process that was just killed.
            started = stack.invoke("TradePoller", &json!({})).await.unwrap();
        }
        stack.put_secret(&secret.to_string()).await.unwrap();

        let said = failure(&started);
        assert!(said.contains("RELAY_SECRET_ID") && said.contains("JSON"), "{said}");
        assert!(!said.contains("h3rmetic"), "{said}");
        stack.poll().await.unwrap();
    });
}

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn a_secret_that_is_missing_is_a_start_up_error_that_names_it() {
    on_the_stack(async |stack| {
        let started = with_variable(stack, "TradePoller", "RELAY_SECRET_ID", "relay/none").await;
        let said = failure(&started);
        assert!(said.contains("RELAY_SECRET_ID") && said.contains("relay/none"), "{said}");
        stack.poll().await.unwrap();
    });
}

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn a_queue_that_does_not_exist_is_named_and_its_documents_are_read_again() {
    on_the_stack(async |stack| {
        let trades = stack.new_trades(3).await.unwrap();
        let url = std::env::var("KINGDEE_QUEUE_URL").unwrap().replace("kingdee", "nowhere-kingdee");
        let polled = with_variable(stack, "TradePoller", "KINGDEE_QUEUE_URL", &url).await;
        // AWS says of a queue that the role does not name neither that it is there nor that it is not.
        let said = failure(&polled);
        assert!(said.contains("nowhere-kingdee.fifo") && said.contains("sqs:SendMessage"), "{said}");

        stack.poll().await.unwrap();
        stack.until_quiet().await.unwrap();
        assert!(stack.creates(&trades).iter().all(|count| *count == 1));
    });
}

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn a_table_that_does_not_exist_is_named_and_the_messages_wait() {
    on_the_stack(async |stack| {
        let trades = stack.new_trades(3).await.unwrap();
        let pusher = stack.function("ErpPusher");
        let ledger = std::env::var("LEDGER_TABLE").unwrap();
        stack.aws.set_variable(pusher, "LEDGER_TABLE", "nowhere").await.unwrap();
        stack.poll().await.unwrap();
        let told = async || {
            let log = stack.log("ErpPusher").await.unwrap_or_default();
            log.iter().any(|line| line.contains("nowhere") && line.contains("dynamodb:BatchGetItem"))
        };
        let told = stack.until("the log names the table and the permission", told).await;
        stack.aws.set_variable(pusher, "LEDGER_TABLE", &ledger).await.unwrap();

        told.unwrap();
        stack.move_clock(Duration::from_secs(720)).unwrap();
        stack.until_quiet().await.unwrap();
        assert!(stack.creates(&trades).iter().all(|count| *count == 1));
    });
}

/// Invokes a function while a variable of its environment has another value.
async fn with_variable(stack: &Stack, name: &str, variable: &str, value: &str) -> Invoked {
    let function = stack.function(name);
    let configuration = stack.aws.configuration(function).await.unwrap();
    let before = configuration["Environment"]["Variables"][variable].as_str().unwrap().to_owned();
    stack.aws.set_variable(function, variable, value).await.unwrap();
    let invoked = stack.invoke(name, &json!({})).await;
    stack.aws.set_variable(function, variable, &before).await.unwrap();
    invoked.unwrap()
}

fn failure(invoked: &Invoked) -> String {
    assert!(invoked.failed, "{}", invoked.payload);
    invoked.payload.to_string()
}
