//! What a person has paused is put away by either host; it says nothing of the target.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use relay_core::clock::Clock as _;
use relay_core::pause::{self, Pause, Scope};

use crate::bench::{Bench, SHOP, good, names};

const A_MINUTE: Duration = Duration::from_secs(60);

async fn paused(bench: &Bench, scope: Scope<'_>, until: Option<DateTime<Utc>>) {
    let (since, by) = (bench.clock.now(), Some("李".to_owned()));
    let pause = Pause { until, reason: "stock-taking".to_owned(), since, by };
    pause::begin(bench.parts.stores.checkpoints.as_ref(), scope, &pause).await.unwrap();
}

#[tokio::test]
async fn a_paused_flow_waits_among_others_of_its_target_that_go_on() {
    let (by_worker, by_lambda) = (Bench::new(), Bench::new());
    for bench in [&by_worker, &by_lambda] {
        paused(bench, Scope::Flow("one"), None).await;
    }
    let items =
        |bench: &Bench| [bench.row("one", good(1)), bench.row("two", good(2)), bench.row("one", good(3))];
    let turns = by_worker.worked(&items(&by_worker)).await;
    assert_eq!(names(&turns), ["postponed", "delivered", "postponed"]);
    let answer = by_lambda.invoked(&items(&by_lambda)).await.unwrap();
    let again: Vec<_> = answer["batchItemFailures"].as_array().unwrap().iter().collect();
    assert_eq!(again.len(), 2, "{answer}");
    for bench in [&by_worker, &by_lambda] {
        assert_eq!(bench.vendor.delivered.lock().unwrap().len(), 1);
        assert_eq!(bench.entry("one", "1").await, None, "no try is burned");
        assert!(!bench.parts.credential_check.stands() && bench.health().await.failing_since.is_none());
    }
    by_worker.clock.advance(29 * A_MINUTE);
    assert!(by_worker.work().await.is_empty(), "put away for half an hour");
    by_worker.clock.advance(A_MINUTE);
    assert_eq!(names(&by_worker.work().await), ["postponed", "postponed"]);
}

#[tokio::test]
async fn a_pause_is_noticed_within_a_minute_and_its_end_at_the_next_turn() {
    let bench = Bench::new();
    assert_eq!(names(&bench.worked(&[bench.row("one", good(1))]).await), ["delivered"]);
    paused(&bench, Scope::Flow("one"), Some(bench.clock.now() + TimeDelta::minutes(5))).await;
    bench.clock.advance(A_MINUTE);
    assert_eq!(names(&bench.worked(&[bench.row("one", good(2))]).await), ["postponed"]);
    bench.clock.advance(3 * A_MINUTE);
    assert!(bench.work().await.is_empty(), "put away until the pause ends");
    bench.clock.advance(A_MINUTE);
    assert_eq!(names(&bench.work().await), ["delivered"]);
}

#[tokio::test]
async fn a_target_that_a_person_has_paused_is_not_said_to_fail() {
    let bench = Bench::new();
    paused(&bench, SHOP.into(), None).await;
    let items = [bench.row("one", good(1)), bench.row("two", good(2))];
    let answer = bench.invoked(&items).await.unwrap();
    assert_eq!(answer["batchItemFailures"].as_array().unwrap().len(), 2);
    bench.queue(&items).await;
    assert!(bench.work().await.is_empty(), "found in the queue when it is resumed");
    assert!(!bench.parts.credential_check.stands() && bench.health().await.failing_since.is_none());
    pause::end(bench.parts.stores.checkpoints.as_ref(), SHOP).await.unwrap();
    assert_eq!(names(&bench.work().await), ["delivered", "delivered"]);
}
