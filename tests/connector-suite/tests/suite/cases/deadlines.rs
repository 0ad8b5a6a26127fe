//! The end of the time that there is.

use std::time::Duration;

use relay_connector::Role;
use relay_core::clock::Clock as _;
use relay_simulators::Fault;

use crate::Suite;
use crate::bench::{Bench, FIRST_PAGE, document};
use crate::cases::class;

const OVER: Duration = Duration::ZERO;
const TEN_SECONDS: Duration = Duration::from_secs(10);
const TWENTY_SECONDS: Duration = Duration::from_secs(20);

pub(crate) async fn nothing_is_sent_after_the_deadline(suite: Suite) {
    for read in suite.reads() {
        let bench = Bench::of(suite.vendor);
        let page = bench.page_before(read, FIRST_PAGE, bench.within(OVER)).await;
        assert_eq!((class(&page), bench.sent.count()), ("out of time", 0), "{}", read.document);
    }
    for pool in suite.reads_as(Role::Pool) {
        let bench = Bench::of(suite.vendor);
        (pool.load)(&bench.vendors, 2);
        let rows = bench.page(pool, FIRST_PAGE).await.unwrap().rows;
        let taken: Vec<_> = rows.iter().map(|row| (row, Ok(()))).collect();
        let (pools, sent) = (bench.connection.pools().unwrap(), bench.sent.count());
        let answer = pools.acknowledge(&bench.query(pool), &taken, bench.within(OVER)).await;
        assert_eq!((class(&answer), bench.sent.count()), ("out of time", sent), "{}", pool.document);
    }
    for write in suite.writes() {
        let bench = Bench::of(suite.vendor);
        let bodies = [1, 2].map(|number| (write.body)(&bench.vendors, number));
        for outcome in bench.deliver_before(write, &bodies, bench.within(OVER)).await {
            assert_eq!(class(&outcome), "out of time", "{}", write.document);
        }
        _ = bench.find(write, &bodies[0], bench.within(OVER)).await;
        assert_eq!(bench.sent.count(), 0, "{}", write.document);
    }
    turns_that_come_too_late(&suite).await;
}

/// Where the calls that are allowed are made, the next one's turn comes after the deadline.
async fn turns_that_come_too_late(suite: &Suite) {
    for allowance in suite.vendor.allowances().iter().filter(|allowance| allowance.before_each.is_none()) {
        let bench = Bench::with(suite.vendor, allowance.settings);
        let write = suite.vendor.writes().first().unwrap();
        for number in 0.. {
            let body = (write.body)(&bench.vendors, number);
            let soon = bench.within(Duration::from_millis(100));
            let calls = bench.calls(write.operation);
            let outcome = bench.deliver_before(write, std::slice::from_ref(&body), soon).await.remove(0);
            if outcome.is_ok() {
                assert!((number as usize) < allowance.calls, "{number} calls at once");
                continue;
            }
            assert_eq!(class(&outcome), "out of time", "{}", write.document);
            assert_eq!(bench.written(write, &body), 0, "{}", write.document);
            assert_eq!(bench.calls(write.operation), calls, "{}", write.document);
            break;
        }
    }
}

pub(crate) async fn a_slow_call_leaves_no_other_after_the_deadline(suite: Suite) {
    for write in suite.writes() {
        let bench = Bench::of(suite.vendor);
        let mut bodies: Vec<_> = (1..=3).map(|number| (write.body)(&bench.vendors, number)).collect();
        // What is told apart after a refusal is sent alone, which takes time too.
        if let Some(spoil) = write.spoil {
            spoil(&mut bodies[0]);
        }
        bench.inject(write.operation, Fault::Slow(TWENTY_SECONDS));
        let deadline = bench.within(TEN_SECONDS);
        let end = bench.clock.monotonic() + TEN_SECONDS;
        let outcomes = bench.deliver_before(write, &bodies, deadline).await;
        assert!(bench.sent.calls().iter().all(|(at, _)| *at < end), "{}", write.document);
        for (body, outcome) in bodies.iter().zip(&outcomes).skip(1) {
            let expected = if outcome.is_ok() { ("none", 1) } else { ("out of time", 0) };
            assert_eq!((class(outcome), bench.written(&write, body)), expected, "{}", write.document);
        }
        // Its answer came, if late. One that does not say which of several it refuses leaves all of them to be sent alone.
        let is_one_of_several = document(suite.vendor, write.document).batch() > 1;
        let is_late = class(&outcomes[0]) == "out of time";
        assert!(!is_late || is_one_of_several, "{}: its answer came", write.document);
        assert!(!is_late || bench.written(&write, &bodies[0]) == 0, "{}: it was refused", write.document);
    }
}

pub(crate) async fn a_log_in_that_takes_too_long_sends_nothing_after_it(suite: Suite) {
    for (write, tokens) in suite.writes_with_token() {
        let bench = Bench::of(suite.vendor);
        bench.inject(tokens.operation, Fault::Slow(TWENTY_SECONDS));
        let bodies = [1, 2].map(|number| (write.body)(&bench.vendors, number));
        for outcome in bench.deliver_before(write, &bodies, bench.within(TEN_SECONDS)).await {
            assert_eq!(class(&outcome), "out of time", "{}", write.document);
        }
        assert_eq!(
            (bench.calls(tokens.operation), bench.calls(write.operation)),
            (1, 0),
            "{}",
            write.document
        );
    }
}
