//! Documents that the vendor does not take.

use relay_core::clock::Deadline;
use relay_simulators::Fault;
use serde_json::Value;

use crate::Suite;
use crate::bench::{Bench, FIRST_PAGE, Outcome, document};
use crate::cases::{class, is_paused};
use crate::vendor::{Trial, Write};

pub(crate) async fn a_refusal_in_an_answer_of_success_is_a_refusal(suite: Suite) {
    // 钉钉 has one code for all that its settings refuse, and its words tell which are about the message.
    let reason = "数量不能为空: keywords not in content";
    for write in suite.writes() {
        for fault in [Fault::InnerRefusal(reason.to_owned()), Fault::OuterRefusal(reason.to_owned())] {
            let bench = Bench::of(suite.vendor);
            let body = (write.body)(&bench.vendors, 1);
            bench.inject(write.operation, fault);
            let outcome = bench.deliver_one(write, &body).await;
            assert_eq!((class(&outcome), bench.written(&write, &body)), ("refused", 0), "{}", write.document);
            bench.deliver_one(write, &body).await.unwrap();
            assert_eq!(bench.written(&write, &body), 1, "{}: it is not held against it", write.document);
        }
    }
}

pub(crate) async fn a_document_that_is_wrong_is_refused_and_not_written(suite: Suite) {
    for write in suite.writes_that(|write| write.spoil.is_some()) {
        let bench = Bench::of(suite.vendor);
        let body = spoilt(&write, (write.body)(&bench.vendors, 1));
        let outcome = bench.deliver_one(write, &body).await;
        assert_eq!((class(&outcome), bench.written(&write, &body)), ("refused", 0), "{}", write.document);
    }
}

pub(crate) async fn a_number_that_is_there_is_told_and_not_written_again(suite: Suite) {
    for write in suite.writes_that(|write| write.refuses_again) {
        // The vendors have several ways to say so.
        for number in 1..6 {
            let bench = Bench::of(suite.vendor);
            let body = (write.body)(&bench.vendors, number);
            for _ in 0..number {
                let outcome = bench.deliver_one(write, &body).await;
                assert!(outcome.is_ok() || class(&outcome) == "exists", "{}", write.document);
            }
            let outcome = bench.deliver_one(write, &body).await;
            assert_eq!((class(&outcome), bench.written(&write, &body)), ("exists", 1), "{}", write.document);
            bench.find(write, &body, Deadline::NONE).await.unwrap();
        }
    }
}

pub(crate) async fn one_refused_row_holds_up_no_other_of_its_batch(suite: Suite) {
    let of_several =
        |write: &Write| document(suite.vendor, write.document).batch() > 1 && write.spoil.is_some();
    for write in suite.writes_that(of_several) {
        let cap = document(suite.vendor, write.document).batch();
        for count in [2, 5, cap] {
            for place in [0, count / 2, count - 1] {
                for told_beside_success in [false, true] {
                    let bench = Bench::of(suite.vendor);
                    if told_beside_success {
                        bench.inject(write.operation, Fault::ErrorsUnderCodeZero);
                    }
                    let bodies = batch(&bench, write, count, place);
                    let outcomes = bench.deliver(write, &bodies).await;
                    only_one_is_refused(&bench, write, &bodies, &outcomes, place);
                }
            }
        }
    }
}

/// So many documents, of which one is spoilt.
fn batch(bench: &Bench, write: Trial, count: usize, spoilt_one: usize) -> Vec<Value> {
    let bodies = (1..).take(count).map(|number| (write.body)(&bench.vendors, number));
    let with_place = bodies.enumerate();
    with_place.map(|(place, body)| if place == spoilt_one { spoilt(&write, body) } else { body }).collect()
}

fn only_one_is_refused(bench: &Bench, write: Trial, bodies: &[Value], outcomes: &[Outcome], spoilt: usize) {
    for (place, (body, outcome)) in bodies.iter().zip(outcomes).enumerate() {
        let expected = if place == spoilt { ("refused", 0) } else { ("none", 1) };
        assert_eq!((class(outcome), bench.written(&write, body)), expected, "{} {place}", write.document);
    }
}

fn spoilt(write: &Write, mut body: Value) -> Value {
    let spoil = write.spoil.unwrap();
    spoil(&mut body);
    body
}

pub(crate) async fn numbers_as_strings_in_the_answer_to_a_push_are_the_same_answer(suite: Suite) {
    for write in suite.writes() {
        let mut ids = Vec::new();
        for fault in [Fault::StringNumbers, Fault::IntNumbers] {
            let bench = Bench::of(suite.vendor);
            let body = (write.body)(&bench.vendors, 1);
            bench.inject(write.operation, fault);
            ids.push(bench.deliver_one(write, &body).await.unwrap());
            assert_eq!(bench.written(&write, &body), 1, "{}", write.document);
        }
        ids.dedup();
        assert_eq!(ids.len(), 1, "{}: {ids:?}", write.document);
        let is_numbered = document(suite.vendor, write.document).number().is_some();
        let has_id = ids[0].as_deref().is_some_and(|id| !id.is_empty());
        assert!(has_id || !is_numbered, "{}", write.document);
    }
}

pub(crate) async fn a_wrong_host_pauses(suite: Suite) {
    if !suite.vendor.speaks_http() {
        return;
    }
    for fault in [Fault::HtmlRedirect, Fault::Status(403), Fault::Status(404)] {
        for read in suite.reads() {
            let bench = Bench::of(suite.vendor);
            bench.inject(read.operation, fault.clone());
            let page = bench.page(read, FIRST_PAGE).await;
            assert!(is_paused(&page), "{} is {} after {fault:?}", read.document, class(&page));
        }
        for write in suite.writes() {
            let bench = Bench::of(suite.vendor);
            let body = (write.body)(&bench.vendors, 1);
            bench.inject(write.operation, fault.clone());
            let outcome = bench.deliver_one(write, &body).await;
            assert!(is_paused(&outcome), "{} is {} after {fault:?}", write.document, class(&outcome));
            assert_eq!(bench.written(&write, &body), 0);
        }
    }
}
