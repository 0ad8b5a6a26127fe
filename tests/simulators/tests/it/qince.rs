use std::collections::BTreeMap;
use std::time::Duration;

use relay_core::clock::Clock as _;
use relay_simulators::qince::{
    Digest, Encoding, PUSH_SECRET, PushStyle, Story, digest, modify_time, read_reply,
};
use serde_json::{Value, json};

use crate::bench::{Bench, utc};

fn fields(body: &[u8]) -> BTreeMap<String, String> {
    form_urlencoded::parse(body).into_owned().collect()
}

#[test]
fn a_push_carries_the_documented_fields_and_its_digest() {
    let bench = Bench::new();
    let order = bench.vendors.qince.order(bench.clock.now());
    for encoding in [Encoding::Plus, Encoding::Percent] {
        let push = bench.vendors.qince.push(&order, &PushStyle { encoding, ..PushStyle::default() });
        let fields = fields(&push.body);
        let names =
            "data dataFormat dataId dataSource dataType dataVersion digest msgId status tenantId timestamp";
        assert_eq!(fields.keys().cloned().collect::<Vec<_>>().join(" "), names);
        assert_eq!(fields["digest"], digest(&fields["data"], PUSH_SECRET, &fields["timestamp"]));
        assert_eq!(serde_json::from_str::<Value>(&fields["data"]).unwrap(), order);
        let body = String::from_utf8(push.body).unwrap();
        assert_eq!(body.contains('+'), encoding == Encoding::Plus);
    }
}

#[test]
fn digests_can_cover_the_encoded_data_or_be_wrong() {
    let bench = Bench::new();
    let order = bench.vendors.qince.order(bench.clock.now());
    let push = |digest| bench.vendors.qince.push(&order, &PushStyle { digest, ..PushStyle::default() });
    for kind in [Digest::Encoded, Digest::Wrong, Digest::Tampered] {
        let body = push(kind).body;
        let fields = fields(&body);
        assert_ne!(fields["digest"], digest(&fields["data"], PUSH_SECRET, &fields["timestamp"]), "{kind:?}");
        let body = String::from_utf8(body).unwrap();
        let raw = body.split('&').find_map(|pair| pair.strip_prefix("data=")).unwrap();
        let over_raw = digest(raw, PUSH_SECRET, &fields["timestamp"]);
        assert_eq!(fields["digest"] == over_raw, kind == Digest::Encoded, "{kind:?}");
    }
}

#[test]
fn orders_hold_the_fields_of_the_vendors_page() {
    let bench = Bench::new();
    let order = bench.vendors.qince.order(bench.clock.now());
    assert_eq!(order.as_object().unwrap().len(), 77);
    let line = &order["prods"][0];
    assert_eq!(line.as_object().unwrap().len(), 50);
    assert!(line.as_object().unwrap().iter().all(|(name, value)| name == "exts" || value.is_string()));
    assert_eq!(modify_time(&order), "2026-11-22 12:00:00.000");
}

#[test]
fn a_late_older_version_arrives_after_the_newer_one_as_a_redelivery() {
    let bench = Bench::new();
    let order = bench.vendors.qince.order(bench.clock.now());
    let pushes = bench.vendors.qince.tell(Story::LateOlderVersion, &order);
    assert!(modify_time(&pushes[0].order) > modify_time(&pushes[1].order));
    let fields = fields(&pushes[1].body);
    assert_eq!((fields["status"].as_str(), fields["statusTime"].as_str()), ("2", "2026-11-22 12:00:00"));
}

#[test]
fn mixed_stories_keep_each_orders_own_order() {
    let bench = Bench::new();
    let qince = &bench.vendors.qince;
    let orders = qince.orders(12, utc("2026-11-22T08:00:00+08:00"), bench.clock.now());
    let stories =
        orders.iter().zip(Story::ALL.iter().cycle()).map(|(order, story)| qince.tell(*story, order));
    let stories: Vec<_> = stories.collect();
    let told: Vec<Vec<String>> =
        stories.iter().map(|story| story.iter().map(|push| push.msg_id.clone()).collect()).collect();
    let mixed: Vec<String> = qince.mix(stories).iter().map(|push| push.msg_id.clone()).collect();
    assert_eq!(mixed.len(), told.iter().map(Vec::len).sum::<usize>());
    for story in told {
        let mut rest = mixed.iter();
        assert!(story.iter().all(|msg_id| rest.any(|other| other == msg_id)));
    }
}

#[test]
fn a_failed_push_comes_again_at_half_past_one_for_ten_days() {
    let bench = Bench::new();
    let qince = &bench.vendors.qince;
    qince.submit(qince.order(bench.clock.now()));
    for day in 0..=10 {
        let due = qince.due();
        assert_eq!(due.len(), 1, "day {day}");
        assert_eq!(fields(&due[0].body)["status"], if day == 0 { "0" } else { "2" });
        qince.settle(&due[0], false);
        assert!(qince.due().is_empty());
        if let Some(next) = qince.next_due() {
            bench.clock.advance_to(next);
            assert!(next.to_rfc3339().contains("T17:30:00"), "{next}");
        }
    }
    assert_eq!((qince.next_due(), qince.given_up().len()), (None, 1));
}

#[test]
fn a_taken_push_does_not_come_again() {
    let bench = Bench::new();
    let qince = &bench.vendors.qince;
    qince.submit(qince.order(bench.clock.now()));
    qince.settle(&qince.due()[0], true);
    bench.clock.advance(Duration::from_secs(86_400));
    assert!(qince.due().is_empty() && qince.given_up().is_empty());
}

#[test]
fn answers_are_read_as_the_contract_has_them() {
    let bench = Bench::new();
    let order = bench.vendors.qince.order(bench.clock.now());
    let push = bench.vendors.qince.push(&order, &PushStyle::default());
    let read = |status: u16, answer: Value| read_reply(&push, status, answer.to_string().as_bytes());
    let id = &push.msg_id;
    assert_eq!(read(200, json!({"return_code": 0, "return_msg": "", "msg_id": id})), Ok(true));
    assert_eq!(read(401, json!({"return_code": 1, "return_msg": "digest", "msg_id": id})), Ok(false));
    assert_eq!(read(400, json!({"return_code": 1, "return_msg": "no push", "msg_id": ""})), Ok(false));
    for (status, broken) in [
        (500, json!({"return_code": 0, "return_msg": "", "msg_id": id})),
        (200, json!({"return_code": "0", "return_msg": "", "msg_id": id})),
        (200, json!({"return_code": 0, "msg_id": id})),
        (200, json!({"return_code": 0, "return_msg": "", "msg_id": "X0001"})),
    ] {
        assert!(read(status, broken.clone()).is_err(), "{broken}");
    }
}
