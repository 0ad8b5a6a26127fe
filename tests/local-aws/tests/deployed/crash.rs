use std::time::Duration;

use local_aws::{Stack, on_the_stack};
use relay_core::System;
use relay_simulators::Fault;
use serde_json::json;

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn a_pusher_that_is_killed_before_its_order_is_saved_loses_nothing() {
    on_the_stack(async |stack| killed_after_three(stack, Fault::Slow(NEVER), false).await);
}

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn a_pusher_that_is_killed_before_it_hears_that_its_order_is_saved_doubles_nothing() {
    on_the_stack(async |stack| killed_after_three(stack, Fault::LateAnswer(NEVER), true).await);
}

/// Longer than the process lives.
const NEVER: Duration = Duration::from_secs(600);

/// Kills the pusher in the saves that follow upon the third of its batch, which Kingdee has done by then, or not.
async fn killed_after_three(stack: &Stack, fault: Fault, is_saved: bool) {
    let kingdee = &stack.vendors.kingdee;
    // A second order of the same number would show.
    kingdee.set_refuses_duplicates(false);
    // All come in one batch.
    stack.set_flowing(System::new("kingdee"), false).await.unwrap();
    let trades = stack.new_trades(8).await.unwrap();
    let created = || stack.creates(&trades).iter().sum::<usize>();
    let before = stack.kingdee_calls("sal_order_save");
    stack.poll().await.unwrap();
    for _ in 0..3 {
        kingdee.faults.inject_for("sal_order_save", Fault::Slow(Duration::ZERO));
    }
    // Several are under way at once.
    for _ in 3..8 {
        kingdee.faults.inject_for("sal_order_save", fault.clone());
    }
    stack.set_flowing(System::new("kingdee"), true).await.unwrap();
    let begun = || stack.kingdee_calls("sal_order_save") - before;
    let under_way = async || begun() > 3 && created() as u64 == if is_saved { begun() } else { 3 };
    stack.until("the fourth document is under way", under_way).await.unwrap();

    assert!(stack.kill("ErpPusher").unwrap() >= 1);
    assert!(stack.depth(System::new("kingdee")).await.unwrap().in_flight >= 8, "the whole batch comes again");
    kingdee.faults.clear();
    stack.move_clock(visibility_timeout(stack).await).unwrap();
    stack.until_quiet().await.unwrap();
    assert_eq!(stack.creates(&trades), [1; 8]);
    kingdee.set_refuses_duplicates(true);
}

/// After which a killed pusher's messages are received again: six times what the function may take, as AWS advises.
async fn visibility_timeout(stack: &Stack) -> Duration {
    let queue = std::env::var("KINGDEE_QUEUE_URL").unwrap();
    let asked = json!({ "QueueUrl": queue, "AttributeNames": ["VisibilityTimeout"] });
    let answer = stack.aws.call("AmazonSQS.GetQueueAttributes", &asked).await.unwrap();
    let seconds: u64 = answer["Attributes"]["VisibilityTimeout"].as_str().unwrap().parse().unwrap();
    let configuration = stack.aws.configuration(stack.function("ErpPusher")).await.unwrap();
    assert!(seconds >= 6 * configuration["Timeout"].as_u64().unwrap());
    Duration::from_secs(seconds)
}
