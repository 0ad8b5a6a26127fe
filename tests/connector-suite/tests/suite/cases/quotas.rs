//! The vendor's limits: those that we keep, and those that it tells.

use chrono::{FixedOffset, NaiveTime, TimeDelta};
use futures::future::join_all;
use relay_connector::Class;
use relay_core::clock::{Clock as _, Deadline};
use relay_simulators::Fault;

use crate::Suite;
use crate::bench::{Bench, FIRST_PAGE};
use crate::cases::class;
use crate::vendor::Allowance;

pub(crate) async fn no_period_has_more_calls_than_the_settings_allow(suite: Suite) {
    for allowance in suite.allowances() {
        let bench = Bench::with(suite.vendor, allowance.settings);
        for round in 0..3 {
            one_by_one(&suite, &bench, allowance, round).await;
            at_once(&suite, &bench, round).await;
            // Long enough that a burst is allowed again, and not so long that all is forgotten.
            bench.clock.advance(allowance.period / 2);
        }
        let calls = bench.sent.calls().into_iter().filter(|(_, path)| path.ends_with(allowance.counts));
        let times: Vec<_> = calls.map(|(at, _)| at).collect();
        assert!(times.len() >= allowance.calls * 2, "{} calls are too few to tell", times.len());
        let in_period =
            |from| times.iter().filter(|at| (from..from + allowance.period).contains(*at)).count();
        let most = times.iter().map(|from| in_period(*from)).max().unwrap();
        assert!(most <= allowance.calls, "{most} calls, and {} are allowed", allowance.calls);
        assert!(most * 2 > allowance.calls, "no more than {most} calls, and {} are allowed", allowance.calls);
    }
}

/// As many as are allowed in a period, each after the other.
async fn one_by_one(suite: &Suite, bench: &Bench, allowance: &Allowance, round: usize) {
    for number in 0..allowance.calls {
        if let Some(read) = suite.vendor.reads().first() {
            bench.page(read, FIRST_PAGE).await.unwrap();
            continue;
        }
        let write = suite.vendor.writes().first().unwrap();
        if let Some(fault) = &allowance.before_each {
            bench.inject(write.operation, fault.clone());
        }
        let number = u32::try_from(round * 1_000 + number).unwrap();
        bench.deliver_one(write, &(write.body)(&bench.vendors, number)).await.unwrap();
    }
}

/// Some that are made together.
async fn at_once(suite: &Suite, bench: &Bench, round: usize) {
    let deliveries = suite.vendor.writes().iter().enumerate().flat_map(|(place, write)| {
        (0..3).map(move |number| {
            let number = u32::try_from(100_000 + round * 1_000 + place * 10 + number).unwrap();
            async move { bench.deliver_one(write, &(write.body)(&bench.vendors, number)).await.unwrap() }
        })
    });
    join_all(deliveries).await;
}

pub(crate) async fn a_rate_limit_is_to_be_tried_again_and_did_nothing(suite: Suite) {
    for read in suite.reads() {
        let bench = Bench::of(suite.vendor);
        bench.page(read, FIRST_PAGE).await.unwrap();
        bench.inject(read.operation, Fault::RateLimited);
        let page = bench.page(read, FIRST_PAGE).await;
        assert_eq!(class(&page), "retry", "{}", read.document);
    }
    for write in suite.writes() {
        let bench = Bench::of(suite.vendor);
        bench.inject(write.operation, Fault::RateLimited);
        let body = (write.body)(&bench.vendors, 1);
        let outcome = bench.deliver_one(write, &body).await;
        assert_eq!((class(&outcome), bench.written(&write, &body)), ("retry", 0), "{}", write.document);
        let question = bench.find(write, &body, Deadline::NONE).await;
        assert!(question.is_ok(), "{}", write.document);
    }
}

pub(crate) async fn a_used_up_day_pauses_until_it_is_over(suite: Suite) {
    for write in suite.writes_that(|_| suite.vendor.is_limited_by_the_day()) {
        let bench = Bench::of(suite.vendor);
        bench.inject(write.operation, Fault::DailyQuotaUsed);
        let body = (write.body)(&bench.vendors, 1);
        let failure = bench.deliver_one(write, &body).await.unwrap_err();
        let Class::Paused { until: Some(until) } = failure.class else { panic!("{failure}") };
        let in_china = until.with_timezone(&FixedOffset::east_opt(8 * 3_600).unwrap());
        assert_eq!(in_china.time(), NaiveTime::MIN, "{}: midnight in China", write.document);
        assert!((TimeDelta::zero()..TimeDelta::days(1)).contains(&(until - bench.clock.now())));
        assert_eq!(bench.written(&write, &body), 0);
        bench.clock.advance_to(until);
        bench.deliver_one(write, &body).await.unwrap();
    }
}
