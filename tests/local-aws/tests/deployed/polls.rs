use std::time::Duration;

use http::Method;
use local_aws::{Stack, on_the_stack};
use serde_json::Value;

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn every_audited_trade_becomes_one_order_when_its_time_has_come() {
    on_the_stack(async |stack| {
        let trades = stack.new_trades(25).await.unwrap();
        let schedule = schedule_of(stack, "TradePoller").await;
        assert_eq!(schedule["State"], "ENABLED");
        assert_eq!(schedule["ScheduleExpression"], "rate(5 minutes)");
        assert_eq!(schedule["Target"]["RetryPolicy"]["MaximumRetryAttempts"], 0);

        stack.move_clock(Duration::from_secs(5 * 60)).unwrap();
        let saved = async || stack.creates(&trades).iter().all(|count| *count > 0);
        stack.until("every trade is in Kingdee", saved).await.unwrap();
        stack.until_quiet().await.unwrap();
        assert!(stack.creates(&trades).iter().all(|count| *count == 1));
        assert_eq!(trades.len(), 25);
    });
}

/// The only schedule that points at a function.
async fn schedule_of(stack: &Stack, function: &str) -> Value {
    let schedules = stack.aws.rest("scheduler", Method::GET, "schedules", None).await.unwrap();
    let end = format!(":function:{}", stack.function(function));
    let mut found = Vec::new();
    for schedule in schedules["Schedules"].as_array().unwrap() {
        if schedule["Target"]["Arn"].as_str().unwrap().ends_with(&end) {
            let (group, name) = (schedule["GroupName"].as_str().unwrap(), schedule["Name"].as_str().unwrap());
            let path = format!("schedules/{name}?groupName={group}");
            found.push(stack.aws.rest("scheduler", Method::GET, &path, None).await.unwrap());
        }
    }
    assert_eq!(found.len(), 1);
    found.remove(0)
}
