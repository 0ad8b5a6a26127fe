//! Several processes on one store, and a store that takes nothing.

use std::time::Duration;

use relay_connector::RefusalKind;
use relay_core::clock::{Clock as _, SystemClock};
use relay_decorator::Port;
use relay_simulators::qince::PushStyle;
use relay_simulators::wangdian::TradeMix;

use crate::bad_pushes::{FORM, signed};
use crate::fuse::Fuse;
use crate::house::House;

fn add_trades(house: &House, count: u32) {
    let (from, to) = (house.minutes_ago(50), house.minutes_ago(5));
    house.vendors.wangdian.generate_trades(count, from, to, TradeMix::default());
}

fn check(house: &House, trades: usize) {
    let creates = house.creates_of_audited();
    assert!(creates.len() == trades && creates.values().all(|count| *count == 1), "{creates:?}");
}

#[tokio::test]
async fn a_lease_left_by_a_dead_poller_is_taken_over() {
    let house = House::new(1);
    add_trades(&house, 3);
    // In the middle of the first window: the lease is held, the page is read, nothing is queued.
    let fuse = Fuse::after(8);
    let first = house.start_with(&fuse);
    assert!(fuse.run(first.poll()).await.is_none());
    let began = house.now();
    let report = house.start().poll().await;
    assert_eq!((report.error, report.caught_up), (None, true));
    let waited = (house.now() - began).num_seconds();
    assert!((60..=120).contains(&waited), "{waited} s");
}

#[tokio::test]
async fn two_pollers_at_once_read_everything_once() {
    let house = House::new(1);
    add_trades(&house, 3);
    let (one, two) = (house.start(), house.start());
    let (first, second) = tokio::join!(one.poll(), two.poll());
    let errors = [&first.error, &second.error];
    assert!(errors.iter().any(|error| error.is_none()), "{errors:?}");
    one.drain().await;
    check(&house, 3);
}

/// Neither waits while the other works: time stands still until both have nothing to do.
#[tokio::test]
async fn two_pushers_at_once_push_each_document_once() {
    let house = House::new(1);
    house.vendors.kingdee.set_refuses_duplicates(false);
    add_trades(&house, 60);
    let (one, two) = (house.start(), house.start());
    one.poll().await;
    let mut worked = [0, 0];
    while one.waiting().await > 0 {
        let ((first, wait), (second, _)) = tokio::join!(one.work_once(), two.work_once());
        worked = [worked[0] + first.len(), worked[1] + second.len()];
        if first.is_empty() && second.is_empty() {
            house.clock.advance(wait.unwrap_or_default());
        }
    }
    assert!(worked.iter().all(|turns| *turns > 10), "both did their part: {worked:?}");
    check(&house, 60);
}

#[tokio::test]
async fn the_watermark_stays_while_the_queue_refuses() {
    let house = House::new(1);
    add_trades(&house, 3);
    let fuse = Fuse::unbreakable();
    fuse.refuse(Port::Queue, "send");
    let process = house.start_with(&fuse);
    let report = process.poll().await;
    assert!(report.error.is_some_and(|error| error.contains("takes nothing")));
    assert_eq!(report.watermark, None);

    fuse.refuse_nothing();
    assert_eq!(process.poll().await.queued, 3);
    process.drain().await;
    check(&house, 3);
}

/// Qince is told the truth: not stored, so that it delivers again. It is told so with 200, so an alarm counts it.
#[tokio::test]
async fn a_push_that_cannot_be_stored_is_answered_with_1_and_counted() {
    let house = House::new(1);
    let order = house.vendors.qince.order(house.now());
    let push = house.vendors.qince.push(&order, &PushStyle::default());
    let fuse = Fuse::unbreakable();
    fuse.refuse(Port::Queue, "send");
    let process = house.start_with(&fuse);
    let answer = process.request(&push.content_type, &push.body).await;
    assert_eq!((answer.status, answer.reply.return_code), (200, 1));
    assert_eq!(answer.reply.msg_id, push.msg_id);
    assert_eq!(answer.refused.map(RefusalKind::name), Some("store"));
}

/// Qince waits for 5 seconds, and reading a rotated secret may take 1.5 of them.
#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_is_given_up_while_qince_still_waits() {
    let house = House::new(1);
    let order = house.vendors.qince.order(house.now());
    let fuse = Fuse::unbreakable();
    let process = house.start_with(&fuse);
    fuse.silence(Port::Queue, "send");
    fuse.silence(Port::Ledger, "read");
    let push = house.vendors.qince.push(&order, &PushStyle::default());
    let unrouted = PushStyle { data_type: "dms_return".to_owned(), ..PushStyle::default() };
    let unrouted = house.vendors.qince.push(&order, &unrouted);
    let bodies = [
        (push.content_type, push.body, 200),
        (unrouted.content_type, unrouted.body, 200),
        (FORM.to_owned(), signed("[]"), 400),
    ];
    for (content_type, body, status) in bodies {
        let began = SystemClock.monotonic();
        let answer = process.request(&content_type, &body).await;
        assert_eq!((answer.status, answer.reply.return_code), (status, 1));
        assert_eq!(answer.refused, Some(RefusalKind::Store));
        let took = SystemClock.monotonic() - began;
        assert!(took <= Duration::from_millis(3_100), "{took:?}");
    }
}

#[tokio::test]
async fn an_unreadable_push_that_cannot_be_kept_is_counted_among_those_that_were_not_stored() {
    let house = House::new(1);
    let fuse = Fuse::unbreakable();
    let process = house.start_with(&fuse);
    let body = signed("[]");
    let answer = process.request(FORM, &body).await;
    assert_eq!((answer.status, answer.refused), (400, Some(RefusalKind::Malformed)));
    fuse.refuse(Port::Ledger, "write");
    let answer = process.request(FORM, &body).await;
    assert_eq!((answer.status, answer.refused), (400, Some(RefusalKind::Store)));
}

/// The target has it, and the ledger does not take the note: the message comes again and the target is asked first.
#[tokio::test]
async fn a_ledger_that_refuses_makes_no_second_order() {
    let house = House::new(1);
    house.vendors.kingdee.set_refuses_duplicates(false);
    add_trades(&house, 3);
    let fuse = Fuse::unbreakable();
    let process = house.start_with(&fuse);
    process.poll().await;
    fuse.refuse(Port::Ledger, "write");
    process.work_once().await;
    assert_eq!(house.vendors.kingdee.creates().len(), 3);
    fuse.refuse_nothing();
    process.drain().await;
    check(&house, 3);
}
