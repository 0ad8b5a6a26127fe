//! Answers that do not come, or cannot be read.

use relay_connector::Found;
use relay_core::clock::Deadline;
use relay_simulators::Fault;

use crate::Suite;
use crate::bench::{Bench, FIRST_PAGE, document};
use crate::cases::class;
use crate::vendor::Write;

/// What happens on the way of a push, and whether the work is done.
fn losses_of(suite: &Suite, write: &Write) -> impl Iterator<Item = (Fault, usize)> {
    let (has_pages, goes_by_status) = (suite.vendor.speaks_http(), write.goes_by_status);
    // Who goes by the status cannot tell what a broken body was to say; a page is no answer to anybody.
    losses().into_iter().filter(move |(fault, _)| match fault {
        Fault::Garbage => !goes_by_status,
        Fault::Status(_) => has_pages,
        _ => true,
    })
}

/// What happens on the way, and whether the work is done.
fn losses() -> [(Fault, usize); 6] {
    [
        (Fault::LostAnswer, 1),
        // It is done, and the vendor itself says that something has timed out.
        (Fault::ServiceException, 1),
        (Fault::LostRequest, 0),
        (Fault::Garbage, 1),
        // A gateway's page, in an answer of success and in one that is none.
        (Fault::Status(200), 0),
        (Fault::Status(502), 0),
    ]
}

pub(crate) async fn a_lost_answer_leaves_a_push_unknown(suite: Suite) {
    for write in suite.writes() {
        let batch = document(suite.vendor, write.document).batch().min(3);
        for (fault, done) in losses_of(&suite, &write) {
            let bench = Bench::of(suite.vendor);
            let bodies: Vec<_> =
                (1..).take(batch).map(|number| (write.body)(&bench.vendors, number)).collect();
            bench.inject(write.operation, fault.clone());
            let outcomes = bench.deliver(write, &bodies).await;
            for (body, outcome) in bodies.iter().zip(&outcomes) {
                assert_eq!(class(outcome), "unknown", "{} after {fault:?}", write.document);
                assert_eq!(bench.written(&write, body), done, "{} after {fault:?}", write.document);
            }
            assert_eq!(bench.calls(write.operation), 1, "{}: nothing is sent twice", write.document);
        }
    }
}

pub(crate) async fn a_lost_answer_of_a_read_may_be_asked_for_again(suite: Suite) {
    for read in suite.reads() {
        for (fault, _) in losses() {
            let bench = Bench::of(suite.vendor);
            (read.load)(&bench.vendors, 2);
            bench.inject(read.operation, fault.clone());
            let page = bench.page(read, FIRST_PAGE).await;
            assert_eq!(class(&page), "retry", "{} after {fault:?}", read.document);
            assert_eq!(bench.page(read, FIRST_PAGE).await.unwrap().rows.len(), 2, "{}", read.document);
        }
    }
}

pub(crate) async fn after_a_lost_answer_the_document_is_found(suite: Suite) {
    let is_asked =
        |write: &Write| document(suite.vendor, write.document).push.is_some_and(|push| push.asked.is_some());
    for write in suite.writes_that(is_asked) {
        for (fault, done) in losses() {
            let bench = Bench::of(suite.vendor);
            // Others are there whose numbers begin alike.
            for number in [10, 11, 100] {
                bench.deliver_one(write, &(write.body)(&bench.vendors, number)).await.unwrap();
            }
            let body = (write.body)(&bench.vendors, 1);
            bench.inject(write.operation, fault.clone());
            assert_eq!(class(&bench.deliver_one(write, &body).await), "unknown");
            let found = bench.find(write, &body, Deadline::NONE).await.unwrap();
            match (&found, done) {
                (Found::There(id), 1) => assert!(!id.is_empty()),
                (Found::NotThere, 0) => {}
                _ => panic!("{} after {fault:?}: {found:?}", write.document),
            }
        }
    }
}

/// Over sockets, where the program's own transport stops reading: without that, the call would never end.
pub(crate) async fn an_answer_without_end_is_given_up(suite: Suite) {
    for read in suite.reads() {
        for bench in benches(&suite).await {
            bench.page(read, FIRST_PAGE).await.unwrap();
            bench.inject(read.operation, Fault::EndlessAnswer);
            let page = bench.page(read, FIRST_PAGE).await;
            assert_eq!(class(&page), "paused", "{}: it would not end the next time", read.document);
        }
    }
    for write in suite.writes() {
        let batch = document(suite.vendor, write.document).batch().min(3);
        for bench in benches(&suite).await {
            let bodies: Vec<_> =
                (1..).take(batch).map(|number| (write.body)(&bench.vendors, number)).collect();
            bench.inject(write.operation, Fault::EndlessAnswer);
            for (body, outcome) in bodies.iter().zip(bench.deliver(write, &bodies).await) {
                assert_eq!(class(&outcome), "unknown", "{}", write.document);
                assert_eq!(bench.written(&write, body), 1, "{}", write.document);
            }
        }
    }
}

async fn benches(suite: &Suite) -> Vec<Bench> {
    let mut benches = vec![Bench::of(suite.vendor)];
    if suite.vendor.listens() {
        benches.push(Bench::over_sockets(suite.vendor).await);
    }
    benches
}
