//! Access tokens: expired, refused, shared.

use std::time::Duration;

use futures::join;
use relay_core::clock::Deadline;
use relay_simulators::Fault;

use crate::Suite;
use crate::bench::Bench;
use crate::cases::{class, is_paused};

pub(crate) async fn a_refused_token_is_renewed_once(suite: Suite) {
    for (write, tokens) in suite.writes_with_token() {
        let bench = Bench::of(suite.vendor);
        let bodies = [1, 2].map(|number| (write.body)(&bench.vendors, number));
        bench.deliver_one(write, &bodies[0]).await.unwrap();
        assert_eq!((bench.calls(tokens.operation), bench.calls(write.operation)), (1, 1));
        bench.inject(write.operation, Fault::ExpireTokens);
        bench.deliver_one(write, &bodies[1]).await.unwrap();
        assert_eq!(
            (bench.calls(tokens.operation), bench.calls(write.operation)),
            (2, 3),
            "{}",
            write.document
        );
        assert!(bodies.iter().all(|body| bench.written(&write, body) == 1), "{}", write.document);
    }
}

pub(crate) async fn a_token_that_is_refused_anew_pauses(suite: Suite) {
    for (write, tokens) in suite.writes_with_token() {
        let bench = Bench::of(suite.vendor);
        bench.inject(write.operation, Fault::ExpireTokens);
        bench.inject(write.operation, Fault::ExpireTokens);
        let body = (write.body)(&bench.vendors, 1);
        let outcome = bench.deliver_one(write, &body).await;
        assert!(is_paused(&outcome), "{} is {}", write.document, class(&outcome));
        assert_eq!(
            (bench.calls(tokens.operation), bench.calls(write.operation)),
            (2, 2),
            "{}",
            write.document
        );
        assert_eq!(bench.written(&write, &body), 0, "{}", write.document);
    }
}

pub(crate) async fn a_token_is_renewed_before_its_life_ends(suite: Suite) {
    for (write, tokens) in suite.writes_with_token() {
        let bench = Bench::of(suite.vendor);
        let began = bench.written(&write, &(write.body)(&bench.vendors, 0));
        assert_eq!(began, 0);
        for number in 0..20 {
            let body = (write.body)(&bench.vendors, number);
            bench.deliver_one(write, &body).await.unwrap();
            bench.clock.advance(tokens.life / 7);
        }
        assert_eq!(bench.calls(write.operation), 20, "{}: no call was refused", write.document);
        let fetched = bench.calls(tokens.operation);
        assert!((3..=5).contains(&fetched), "{}: {fetched} tokens in three lives", write.document);
    }
}

pub(crate) async fn processes_that_need_a_token_at_once_fetch_one(suite: Suite) {
    for (write, tokens) in suite.writes_with_token() {
        let bench = Bench::of(suite.vendor);
        let other = bench.connected_anew();
        for round in 0..2 {
            let bodies = [1, 2, 3].map(|number| (write.body)(&bench.vendors, round * 10 + number));
            let (ours, theirs) = (bench.connection.as_ref(), other.as_ref());
            let deliver = |connection, place: usize| {
                bench.deliver_over(connection, write, &bodies[place..=place], Deadline::NONE)
            };
            let outcomes = join!(deliver(ours, 0), deliver(ours, 1), deliver(theirs, 2));
            for outcome in [outcomes.0, outcomes.1, outcomes.2].concat() {
                outcome.unwrap();
            }
            assert_eq!(bench.calls(tokens.operation), u64::from(round) + 1, "{}", write.document);
            bench.clock.advance(tokens.life + Duration::from_secs(1));
        }
    }
}
