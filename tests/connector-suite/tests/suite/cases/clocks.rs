//! Our clock, which may be off.

use chrono::TimeDelta;
use relay_connector::Role;
use relay_core::clock::Clock as _;

use crate::Suite;
use crate::bench::{Bench, FIRST_PAGE};

/// A bench whose machine's clock is so far ahead, and what one call costs there when the clock is right.
async fn calls_to(suite: &Suite, ahead: TimeDelta, what: What) -> (Bench, usize) {
    let bench = Bench::of(suite.vendor);
    bench.machine.set_ahead(ahead);
    what.done(&bench).await;
    let calls = bench.sent.count();
    (bench, calls)
}

/// One read, or one delivery.
#[derive(Clone, Copy)]
enum What {
    Read(&'static crate::vendor::Read),
    Write(crate::vendor::Trial, u32),
}

impl What {
    async fn done(self, bench: &Bench) {
        match self {
            Self::Read(read) => drop(bench.page(read, FIRST_PAGE).await.unwrap()),
            Self::Write(write, number) => {
                let body = (write.body)(&bench.vendors, number);
                bench.deliver_one(write, &body).await.unwrap();
                assert_eq!(bench.written(&write, &body), 1, "{}", write.document);
            }
        }
    }
}

fn all(suite: &Suite) -> impl Iterator<Item = What> {
    suite.reads().map(What::Read).chain(suite.writes().map(|write| What::Write(write, 1)))
}

pub(crate) async fn a_clock_that_is_a_little_off_costs_no_call(suite: Suite) {
    for what in all(&suite) {
        let (_, when_right) = calls_to(&suite, TimeDelta::zero(), what).await;
        for seconds in [-240, -30, 30, 240] {
            let (_, calls) = calls_to(&suite, TimeDelta::seconds(seconds), what).await;
            assert_eq!(calls, when_right, "{seconds} s ahead");
        }
    }
}

pub(crate) async fn a_clock_that_is_far_off_is_put_right_by_what_the_vendor_tells(suite: Suite) {
    if !suite.vendor.tells_the_time() {
        return;
    }
    for what in all(&suite) {
        let (again, when_right) = calls_to(&suite, TimeDelta::zero(), what).await;
        next(what).done(&again).await;
        let then_when_right = again.sent.count() - when_right;
        // Of a date that is further off than a day the earlier time is believed.
        for hours in [-23, -1, 1, 23] {
            let (bench, first) = calls_to(&suite, TimeDelta::hours(hours), what).await;
            assert!(first <= when_right + 1, "{first} calls with {hours} hours ahead");
            next(what).done(&bench).await;
            assert_eq!(
                bench.sent.count() - first,
                then_when_right,
                "with {hours} hours ahead, once it is told"
            );
            heeds_the_vendors_time(&suite, &bench);
        }
    }
}

/// Another of the same kind.
fn next(what: What) -> What {
    match what {
        What::Read(read) => What::Read(read),
        What::Write(write, number) => What::Write(write, number + 1),
    }
}

/// Whoever cuts windows goes by the vendor's time.
fn heeds_the_vendors_time(suite: &Suite, bench: &Bench) {
    let Some(windows) = bench.connection.windows() else { return };
    for read in suite.reads_as(Role::Windowed) {
        let Some(now) = windows.time(&bench.query(read)).now() else { continue };
        let off = bench.clock.now() - now;
        assert!((TimeDelta::zero()..TimeDelta::seconds(2)).contains(&off), "{}: off by {off}", read.document);
    }
}
