//! Flows on one query share its poll, and each gets what it is owed.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use chrono::TimeDelta;
use relay_core::clock::{Clock as _, Deadline};
use relay_core::health::Health;
use serde_json::json;

use crate::fuse::Fuse;
use crate::house::{House, ONE, TWO, noon};

const BOTH: [(&str, &str); 2] = [("one", ""), ("two", "")];
const FIVE_MINUTES: Duration = Duration::from_secs(300);

fn distinct(keys: &[String]) -> BTreeSet<String> {
    keys.iter().cloned().collect()
}

#[tokio::test]
async fn two_flows_on_one_query_make_one_set_of_calls_and_both_get_every_row() {
    let alone = House::new();
    alone.orders("A", 35, 50);
    alone.poll(&BOTH[..1]).await;
    let calls_of_one = alone.shop.calls();

    let house = House::new();
    let mut ids = house.orders("A", 35, 50);
    let reports = house.poll(&BOTH).await;
    assert_eq!(house.shop.calls(), calls_of_one);
    ids.sort();
    for (report, system) in reports.iter().zip([ONE, TWO]) {
        assert_eq!(report.flow, system.name());
        assert_eq!((report.windows, report.queued), (1, 35), "{report:?}");
        let mut queued = house.queued(system).await;
        queued.dedup();
        assert_eq!(queued, ids);
        let Health { succeeded_at, error, .. } = house.health(system.name()).await;
        assert!(succeeded_at.is_some() && error.is_none());
    }
    assert_eq!(house.watermark("one").await, house.watermark("two").await);

    // And from then on.
    house.clock.advance(FIVE_MINUTES);
    house.orders("B", 2, 3);
    house.poll(&BOTH).await;
    assert_eq!(house.shop.calls().len(), 1);
    assert_eq!(house.queued(ONE).await, house.queued(TWO).await);
}

#[tokio::test]
async fn the_usual_route_is_the_same_named_or_not_and_parameters_have_no_order() {
    let house = House::new();
    house.poll(&[("one", "route = \"direct\""), ("two", "")]).await;
    assert_eq!(house.shop.calls().len(), 1);
    let setting = "params = { status = { setting = \"STATUS\" } }";
    house.clock.advance(FIVE_MINUTES);
    house.poll(&[("one", setting), ("two", "params = { status = \"55\" }")]).await;
    assert_eq!(house.shop.calls().len(), 1, "a setting's value counts, not where it stands");
}

#[tokio::test]
async fn flows_on_other_queries_are_read_by_themselves() {
    let house = House::new();
    house.poll(&[("one", ""), ("two", "params = { status = \"95\" }")]).await;
    house.clock.advance(FIVE_MINUTES);
    house.poll(&[("one", ""), ("two", "route = \"qimen\"")]).await;
    let calls = house.shop.calls();
    assert_eq!(calls.len(), 2 + 2, "{calls:?}");
}

#[tokio::test]
async fn several_states_are_asked_for_one_after_another_window_by_window() {
    let house = House::new();
    let mut ids = house.orders("A", 35, 50);
    let states = ["95", "105", "110"];
    for (id, state) in ids.iter().zip(states.iter().cycle()) {
        house.shop.states.lock().unwrap().insert(id.clone(), (*state).to_owned());
    }
    let lost = ids.pop().unwrap();
    house.shop.states.lock().unwrap().insert(lost, "5".to_owned());
    let reports = house.poll(&[("one", "params = { status = [\"95\", \"105\", 110] }")]).await;
    assert!(reports.iter().all(|report| report.error.is_none()), "{reports:?}");
    let asked: Vec<_> = house.shop.calls().into_iter().map(|call| call.params[0].1.clone()).collect();
    assert!(asked.iter().all(|state| states.contains(&state.as_str())), "{asked:?}");
    let windows = reports[0].windows;
    let turns = asked.chunk_by(|one, other| one == other).count() as u64;
    assert_eq!(turns, windows * 3, "each window in each state: {asked:?}");
    ids.sort();
    let mut queued = house.queued(ONE).await;
    queued.dedup();
    assert_eq!(queued, ids);
}

#[tokio::test]
async fn each_row_is_judged_by_each_flows_own_filter() {
    let house = House::new();
    house.orders("A", 3, 30);
    let reports = house.poll(&[("one", "filter = \"id = 'A-1'\""), ("two", "")]).await;
    let [one, two] = reports.as_slice() else { panic!("{reports:?}") };
    assert_eq!((one.rows, one.queued, one.filtered), (3, 1, 2));
    assert_eq!((two.rows, two.queued, two.filtered), (3, 3, 0));
    assert_eq!(house.queued(ONE).await, ["A-1"]);
}

#[tokio::test]
async fn a_flow_that_joins_later_gets_all_since_its_start_and_the_other_nothing_twice() {
    let mut house = House::new();
    house.start = house.minutes_ago(600);
    let mut old = house.orders("A", 500, 590);
    house.poll(&BOTH[..1]).await;
    assert_eq!(distinct(&house.queued(ONE).await), distinct(&old));

    house.clock.advance(FIVE_MINUTES);
    let new = house.orders("B", 2, 4);
    let reports = house.poll(&BOTH).await;
    assert_eq!(house.queued(ONE).await, new, "what is old is not read again for it");
    old.extend(new);
    assert_eq!(distinct(&house.queued(TWO).await), distinct(&old));
    assert!(reports[0].windows == 1 && reports[1].windows > 9, "{reports:?}");
    assert_eq!(house.watermark("one").await, house.watermark("two").await);

    house.shop.calls();
    house.clock.advance(FIVE_MINUTES);
    house.poll(&BOTH).await;
    assert_eq!(house.shop.calls().len(), 1, "from then on they read as one");
}

#[tokio::test]
async fn a_flow_is_given_nothing_from_before_its_start() {
    let mut house = House::new();
    house.orders("A", 50, 59);
    house.poll(&BOTH[..1]).await;
    // It is to begin where the user says, in the midst of what the other reads.
    house.clock.advance(FIVE_MINUTES);
    house.start = house.clock.now() - TimeDelta::seconds(200);
    house.shop.add("before", house.start - TimeDelta::seconds(1));
    house.shop.add("at", house.start);
    house.poll(&BOTH).await;
    assert_eq!(house.queued(TWO).await, ["at"]);
    assert!(house.queued(ONE).await.contains(&"before".to_owned()));
}

/// A month is read in many runs, and each of them reads for the others first.
#[tokio::test]
async fn a_flow_that_has_much_to_catch_up_holds_up_no_other() {
    let mut house = House::new();
    house.poll(&BOTH[1..]).await;
    house.start = noon() - TimeDelta::days(30);
    for runs in 0.. {
        assert!(runs < 100, "it comes no further");
        house.clock.advance(FIVE_MINUTES);
        let reports = house.poller(&BOTH).poll_all(house.within(20), &|_| {}).await;
        assert!(reports.iter().all(|report| report.error.is_none()), "{reports:?}");
        assert!(reports[1].caught_up, "{reports:?}");
        if reports[0].caught_up {
            assert!(runs > 5, "{runs} runs");
            break;
        }
    }
    assert_eq!(house.watermark("one").await, house.watermark("two").await);
}

/// Its first window has more pages than there is time for once the other has been read.
#[tokio::test]
async fn a_flow_that_is_behind_comes_further_though_its_windows_are_too_long_for_what_is_left_of_a_run() {
    let mut house = House::new();
    house.poll(&BOTH[1..]).await;
    house.start = house.minutes_ago(300);
    for order in 0..1_000 {
        house.shop.add(&format!("A-{order}"), house.minutes_ago(290) + TimeDelta::seconds(order * 3));
    }
    for runs in 0.. {
        assert!(runs < 60, "it comes no further");
        let reports = house.poller(&BOTH).poll_all(house.within(20), &|_| {}).await;
        assert!(reports.iter().all(|report| report.error.is_none()), "{reports:?}");
        house.clock.advance(FIVE_MINUTES);
        if reports[0].caught_up {
            break;
        }
    }
    assert_eq!(distinct(&house.queued(ONE).await).len(), 1_000);
}

#[tokio::test]
async fn a_flow_whose_file_was_away_gets_what_came_meanwhile() {
    let house = House::new();
    house.poll(&BOTH).await;
    house.clock.advance(FIVE_MINUTES * 2);
    let meanwhile = house.orders("A", 3, 9);
    house.poll(&BOTH[..1]).await;
    assert_eq!(house.queued(TWO).await, [""; 0]);
    house.clock.advance(FIVE_MINUTES);
    house.poll(&BOTH).await;
    assert_eq!(house.queued(TWO).await, meanwhile);
    assert_eq!(house.queued(ONE).await, meanwhile, "and the other has it once");
}

#[tokio::test]
async fn a_flow_whose_queue_takes_nothing_stops_alone_and_gets_it_all_later() {
    let house = House::new();
    let ids = house.orders("A", 25, 40);
    let fuse = Fuse::unbreakable();
    *fuse.refused.lock().unwrap() = Some("one");
    let poller = house.poller_on(&BOTH, fuse.around(&house.stores));
    let reports = poller.poll_all(Deadline::NONE, &|_| {}).await;
    assert!(reports[0].error.as_ref().unwrap().contains("it takes nothing"), "{reports:?}");
    assert_eq!(house.health("one").await.error.unwrap().class, "store");
    assert_eq!((&reports[1].error, reports[1].caught_up), (&None, true));
    assert_eq!((house.watermark("one").await, distinct(&house.queued(TWO).await)), (None, distinct(&ids)));

    // It stays so: the other goes on.
    house.clock.advance(FIVE_MINUTES);
    let new = house.orders("B", 2, 4);
    let reports = poller.poll_all(Deadline::NONE, &|_| {}).await;
    assert_eq!((reports[0].error.is_some(), reports[1].caught_up), (true, true));
    assert_eq!(house.queued(TWO).await, new);

    *fuse.refused.lock().unwrap() = None;
    poller.poll_all(Deadline::NONE, &|_| {}).await;
    let all: Vec<_> = ids.into_iter().chain(new).collect();
    assert_eq!(distinct(&house.queued(ONE).await), distinct(&all));
    assert_eq!(house.queued(TWO).await, [""; 0]);
}

#[tokio::test]
async fn a_watermark_that_cannot_be_read_and_a_window_that_is_refused_stop_one_flow_alone() {
    let house = House::new();
    assert!(house.stores.checkpoints.put("watermark/one", "yesterday", None, None).await.unwrap());
    let reports = house.poller(&BOTH).poll_all(Deadline::NONE, &|_| {}).await;
    assert!(reports[0].error.as_ref().unwrap().contains("is not a watermark: `yesterday`"), "{reports:?}");
    assert_eq!((&reports[1].error, reports[1].caught_up), (&None, true));

    // A flow that is behind asks for what the vendor does not give any more.
    let old = json!({ "read_until": noon() - TimeDelta::days(3) }).to_string();
    assert!(house.stores.checkpoints.put("watermark/one", &old, Some(1), None).await.unwrap());
    *house.shop.refuses_before.lock().unwrap() = Some(noon() - TimeDelta::days(1));
    house.clock.advance(FIVE_MINUTES);
    let reports = house.poller(&BOTH).poll_all(Deadline::NONE, &|_| {}).await;
    assert!(reports[0].error.as_ref().unwrap().contains("refused"), "{reports:?}");
    assert_eq!((&reports[1].error, reports[1].caught_up), (&None, true));
    assert!(house.health("two").await.error.is_none());
}

#[tokio::test]
async fn a_flow_that_is_asked_for_by_name_is_read_alone_and_the_other_loses_nothing() {
    let house = House::new();
    let ids = house.orders("A", 5, 40);
    let poller = house.poller(&BOTH);
    let answer = poller.work(json!({"flow": "two"}), Deadline::NONE, &|_| {}).await.unwrap();
    assert_eq!(answer["flows"].as_array().unwrap().len(), 1);
    assert_eq!((house.queued(ONE).await, house.queued(TWO).await), (Vec::new(), ids.clone()));
    house.poll(&BOTH).await;
    assert_eq!((house.queued(ONE).await, house.queued(TWO).await), (ids, Vec::new()));
}

#[tokio::test]
async fn progress_is_told_for_each_flow_after_each_window() {
    let house = House::new();
    let told = Mutex::new(Vec::new());
    let tell = |report: &relay_trade_poller::Report| {
        told.lock().unwrap().push((report.flow.clone(), report.windows, report.watermark));
    };
    house.poller(&BOTH).poll_all(Deadline::NONE, &tell).await;
    let until = house.watermark("one").await;
    assert_eq!(told.into_inner().unwrap(), [("one".to_owned(), 1, until), ("two".to_owned(), 1, until)]);
}

/// As a store has them in which each flow was polled by itself: under leases with fences of their own.
#[tokio::test]
async fn a_store_of_flows_that_were_polled_by_themselves_goes_on_from_where_each_is() {
    let house = House::new();
    let checkpoints = &house.stores.checkpoints;
    for (flow, minutes, turns) in [("one", 20, 7), ("two", 5, 3)] {
        let mut lease = None;
        for turn in 0..turns {
            let owner = format!("run {turn}");
            lease = checkpoints.acquire(&format!("poll/{flow}"), &owner, FIVE_MINUTES).await.unwrap();
            checkpoints.release(lease.as_ref().unwrap()).await.unwrap();
        }
        assert_eq!(lease.as_ref().unwrap().fence, turns);
        let value = json!({ "read_until": house.minutes_ago(minutes) }).to_string();
        let name = format!("watermark/{flow}");
        assert!(checkpoints.put(&name, &value, None, lease.as_ref()).await.unwrap());
    }
    house.orders("A", 58, 59);
    house.poll(&BOTH).await;
    // Two minutes of overlap; the last minute is not read yet.
    assert_eq!(house.take_distinct(ONE).await.len(), 22 - 1);
    assert_eq!(house.take_distinct(TWO).await.len(), 7 - 1);
    assert_eq!(house.watermark("one").await, Some(noon() - TimeDelta::seconds(60)));
    assert_eq!(house.watermark("two").await, Some(noon() - TimeDelta::seconds(60)));
}

#[tokio::test]
async fn a_flow_that_another_run_holds_is_left_to_it_and_the_others_are_read() {
    let house = House::new();
    let ids = house.orders("A", 5, 40);
    let an_hour = Duration::from_secs(3_600);
    house.stores.checkpoints.acquire("poll/one", "somebody", an_hour).await.unwrap().unwrap();
    // A lease that ends later than ours may is not believed; one of our own length is renewed by whoever holds it.
    let renewing = async {
        loop {
            house.stores.checkpoints.acquire("poll/one", "somebody", Duration::from_secs(90)).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    let poller = house.poller(&BOTH);
    let reports = tokio::select! {
        reports = poller.poll_all(Deadline::NONE, &|_| {}) => reports,
        () = renewing => unreachable!(),
    };
    assert!(reports[0].error.as_ref().unwrap().contains("another run is polling this flow"), "{reports:?}");
    assert!(house.health("one").await.error.is_none(), "nothing is wrong");
    assert_eq!((&reports[1].error, house.queued(TWO).await), (&None, ids));
}

#[tokio::test]
async fn a_run_that_is_killed_at_any_step_repeats_for_both_and_loses_for_none() {
    for steps in 0.. {
        let house = House::new();
        let ids = distinct(&house.orders("A", 12, 50));
        let fuse = Fuse::after(steps);
        let poller = house.poller_on(&BOTH, fuse.around(&house.stores));
        let killed = fuse.run(poller.poll_all(Deadline::NONE, &|_| {})).await.is_none();
        let began = house.clock.now();
        house.poll(&BOTH).await;
        let waited = (house.clock.now() - began).num_seconds();
        assert!(waited <= 120, "both leases are waited for at once: {waited} s");
        assert_eq!(house.take_distinct(ONE).await, ids, "killed after {steps} steps");
        assert_eq!(house.take_distinct(TWO).await, ids, "killed after {steps} steps");
        assert_eq!(house.watermark("one").await, house.watermark("two").await);
        if !killed {
            assert!(steps > 30, "only {steps} steps: nothing was tried");
            return;
        }
    }
}
