//! One document through its phases.

use std::time::Duration;

use relay_connector::Class;
use serde_json::json;

use crate::bench::{Bench, failed, good, names};
use crate::vendor::failure;

#[tokio::test]
async fn a_newer_version_of_what_the_target_does_not_change_says_what_would_let_it_be_changed() {
    let bench = Bench::new();
    assert_eq!(names(&bench.worked(&[bench.row("one", good(1))]).await), ["delivered"]);
    let newer = json!({ "number": 1, "version": 2, "amount": "2.50" });
    let (class, message) = failed(&bench.worked(&[bench.row("one", newer)]).await);
    assert_eq!(class, "changed");
    assert!(message.ends_with("by hand (or let it be changed: SHOP_EDITS=on)"), "{message}");
    let same = json!({ "number": 1, "version": 3, "amount": "1.50" });
    assert_eq!(names(&bench.worked(&[bench.row("one", same)]).await), ["unchanged"]);
    assert_eq!(bench.vendor.delivered.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_refusal_is_kept_with_the_vendors_code_and_says_that_the_target_is_there() {
    let bench = Bench::new();
    bench.vendor.deliveries.lock().unwrap().push_back(Err(failure(Class::Refused)));
    let (class, message) = failed(&bench.worked(&[bench.row("one", good(1))]).await);
    assert_eq!((class.as_str(), message.as_str()), ("refused", "shop save: it says no (code 7)"));
    let entry = bench.entry("one", "1").await.unwrap();
    let kept = entry.failed.unwrap();
    assert_eq!((kept.code.as_deref(), kept.attempts, kept.document), (Some("7"), 1, good(1)));
    assert!(entry.attempts.is_some(), "it may be there all the same");
    assert!(bench.health().await.succeeded_at.is_some());
}

#[tokio::test]
async fn a_repetition_that_is_refused_after_a_lost_answer_leaves_it_unknown_where_nobody_can_be_asked() {
    let bench = Bench::new();
    let answers = [Class::Unknown, Class::Refused];
    bench.vendor.deliveries.lock().unwrap().extend(answers.map(|class| Err(failure(class))));
    assert_eq!(names(&bench.worked(&[bench.row("one", good(1))]).await), ["retry"]);
    bench.clock.advance(Duration::from_secs(60));
    let (class, message) = failed(&bench.work().await);
    assert_eq!(class, "unknown", "the refusal may be of the document that is there");
    assert!(
        message.starts_with("shop save: it says no (code 7); an earlier call was not answered"),
        "{message}"
    );
    let entry = bench.entry("one", "1").await.unwrap();
    assert_eq!(entry.failed.unwrap().code.as_deref(), Some("7"));
    assert!(entry.unanswered.is_some(), "a replay is told of it too");
}

#[tokio::test]
async fn a_lost_answer_is_noted_before_the_document_is_tried_again() {
    let bench = Bench::new();
    bench.vendor.deliveries.lock().unwrap().push_back(Err(failure(Class::Unknown)));
    assert_eq!(names(&bench.worked(&[bench.row("one", good(1))]).await), ["retry"]);
    let entry = bench.entry("one", "1").await.unwrap();
    assert!(entry.unanswered.is_some() && entry.attempts.is_some_and(|attempts| attempts.count == 1));
}
