//! What the source of a pool is told.

use std::sync::Mutex;

use relay_connector::{Class, Unacknowledged};
use relay_core::Outcome;
use relay_core::outcome::RetryCause;

use crate::bench::{Bench, bad, failed, good, names};
use crate::vendor::failure;

fn next<T>(answers: &Mutex<std::collections::VecDeque<T>>, answer: T) {
    answers.lock().unwrap().push_back(answer);
}

#[tokio::test]
async fn the_rows_of_two_flows_on_one_query_are_acknowledged_in_one_call_each_with_what_became_of_it() {
    let bench = Bench::new();
    let items = [bench.row("one", good(1)), bench.row("two", good(2)), bench.row("one", bad(3))];
    let turns = bench.worked(&items).await;
    assert_eq!(names(&turns), ["delivered", "delivered", "failed"]);
    let acknowledged = bench.vendor.acknowledged.lock().unwrap().clone();
    let [(shop, rows)] = acknowledged.as_slice() else { panic!("{acknowledged:?}") };
    assert_eq!(shop, "shop_no=s1", "the setting's value");
    assert_eq!((&rows[0], &rows[1]), (&(1, Ok(())), &(2, Ok(()))));
    assert!(rows[2].0 == 3 && rows[2].1.as_ref().unwrap_err().contains("amount"), "{rows:?}");
    assert_eq!(bench.left().await, 0);
}

#[tokio::test]
async fn of_a_call_that_is_refused_as_a_whole_each_row_is_tried_alone() {
    let bench = Bench::new();
    next(&bench.vendor.answers, Err(failure(Class::Refused)));
    next(&bench.vendor.answers, Ok(Vec::new()));
    next(&bench.vendor.answers, Err(failure(Class::Refused)));
    let turns = bench.worked(&[bench.row("one", good(1)), bench.row("one", good(2))]).await;
    let calls: Vec<_> =
        bench.vendor.acknowledged.lock().unwrap().iter().map(|(_, rows)| rows.len()).collect();
    assert_eq!(
        (names(&turns).as_slice(), calls.as_slice()),
        (["delivered", "failed"].as_slice(), [2, 1, 1].as_slice())
    );
    let (class, reason) = failed(&turns[1..]);
    assert!(class == "acknowledgement" && reason.contains("it says no"), "{class}: {reason}");
    let entry = bench.entry("one", "2").await.unwrap();
    assert!(entry.delivered.is_some() && entry.failed.unwrap().class == "acknowledgement");
}

#[tokio::test]
async fn an_acknowledgement_that_fails_is_repeated_and_a_refusal_that_is_over_is_taken_off_the_list() {
    let bench = Bench::new();
    let refused = Unacknowledged { place: 0, reason: "later".to_owned(), class: Class::Refused };
    next(&bench.vendor.answers, Ok(vec![refused]));
    assert_eq!(failed(&bench.worked(&[bench.row("one", good(1))]).await).0, "acknowledgement");

    let lost = Unacknowledged { place: 0, reason: "busy".to_owned(), class: Class::Retry { after: None } };
    next(&bench.vendor.answers, Ok(vec![lost]));
    let again = bench.worked(&[bench.row("one", good(1))]).await;
    let Outcome::Retry { cause, wait, .. } = &again[0].outcome else { panic!("{again:?}") };
    assert_eq!((*cause, bench.left().await), (RetryCause::Source, 1));
    assert!(bench.entry("one", "1").await.unwrap().failed.is_some());

    bench.clock.advance(*wait);
    assert_eq!(names(&bench.work().await), ["skipped"], "it is there: only the acknowledgement was left");
    assert!(bench.entry("one", "1").await.unwrap().failed.is_none());
    assert_eq!((bench.left().await, bench.vendor.delivered.lock().unwrap().len()), (0, 1));
}

#[tokio::test]
async fn a_source_that_takes_nothing_from_us_has_our_credentials_read_again_and_says_nothing_of_the_target() {
    let bench = Bench::new();
    next(&bench.vendor.answers, Err(failure(Class::Paused { until: None })));
    let turns = bench.worked(&[bench.row("one", good(1))]).await;
    let Outcome::Retry { cause, wait, .. } = &turns[0].outcome else { panic!("{turns:?}") };
    assert_eq!((*cause, wait.as_secs()), (RetryCause::SourcePaused, 600));
    assert!(bench.parts.credential_check.stands());
    assert_eq!(bench.health().await.failures, 0);
}

#[tokio::test]
async fn a_row_that_waits_for_its_target_is_not_acknowledged() {
    let bench = Bench::new();
    next(&bench.vendor.deliveries, Err(failure(Class::Retry { after: None })));
    assert_eq!(names(&bench.worked(&[bench.row("one", good(1))]).await), ["retry"]);
    assert!(bench.vendor.acknowledged.lock().unwrap().is_empty());
}
