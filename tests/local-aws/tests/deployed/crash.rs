use std::time::Duration;

use local_aws::on_the_stack;
use pipeline::System;
use serde_json::json;
use simulators::Fault;

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn a_pusher_that_is_killed_mid_batch_loses_nothing_and_doubles_nothing() {
    on_the_stack(async |stack| {
        let kingdee = &stack.vendors.kingdee;
        // A second order of the same number would show.
        kingdee.set_refuses_duplicates(false);
        // All come in one batch.
        stack.set_flowing(System::Kingdee, false).await.unwrap();
        let trades = stack.new_trades(8).await.unwrap();
        let before = stack.kingdee_calls("sal_order_save");
        stack.poll().await.unwrap();
        for pace in [Duration::ZERO, Duration::ZERO, Duration::ZERO, Duration::from_secs(60)] {
            kingdee.faults.inject_for("sal_order_save", Fault::Slow(pace));
        }
        stack.set_flowing(System::Kingdee, true).await.unwrap();
        let in_the_fourth = async || stack.kingdee_calls("sal_order_save") == before + 4;
        stack.until("the fourth document is under way", in_the_fourth).await.unwrap();

        assert!(stack.kill("ErpPusher").unwrap() >= 1);
        assert_eq!(stack.creates(&trades).iter().sum::<usize>(), 3);
        assert!(stack.depth(System::Kingdee).await.unwrap().in_flight >= 8, "the whole batch comes again");
        stack.move_clock(visibility_timeout(stack).await).unwrap();
        stack.until_quiet().await.unwrap();
        assert!(stack.creates(&trades).iter().all(|count| *count == 1));
        kingdee.set_refuses_duplicates(true);
    });
}

/// After which a killed pusher's messages are received again: six times what the function may take, as AWS advises.
async fn visibility_timeout(stack: &local_aws::Stack) -> Duration {
    let queue = std::env::var("KINGDEE_QUEUE_URL").unwrap();
    let asked = json!({ "QueueUrl": queue, "AttributeNames": ["VisibilityTimeout"] });
    let answer = stack.aws.call("AmazonSQS.GetQueueAttributes", &asked).await.unwrap();
    let seconds: u64 = answer["Attributes"]["VisibilityTimeout"].as_str().unwrap().parse().unwrap();
    let configuration = stack.aws.configuration(stack.function("ErpPusher")).await.unwrap();
    assert!(seconds >= 6 * configuration["Timeout"].as_u64().unwrap());
    Duration::from_secs(seconds)
}
