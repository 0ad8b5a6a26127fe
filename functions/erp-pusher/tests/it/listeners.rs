//! What became of a document is a document of the flows that listen.

use relay_connector::Class;
use relay_core::WorkItem;
use relay_core::clock::Clock as _;
use relay_core::ledger::Attempts;
use relay_job::Job as _;
use serde_json::{Value, json};

use crate::bench::{Bench, CHANGES, ROWS, SHOP, bad, good, names};
use crate::vendor::failure;

/// What listens, and which memo it writes of what it hears.
fn listener(document: &str, of: &str, key: &str, remark: &str) -> String {
    format!(
        r#"
[source]
document = "{document}"
of       = {of}
{key}

[target]
document = "shop.memo"

[fields]
number = "source.number"
remark = {{ text = "{remark}" }}
"#
    )
}

const NOTES: &str = r#"
[source]
document = "shop.change"
key      = "number"
version  = "version"

[target]
document = "shop.note"

[fields]
number = "number"
remark = "remark"
amount = { from = "amount", as = "decimal" }
"#;

fn to_memo(of: &str) -> String {
    listener("relay.delivered", of, "", "{target.id} {target.number} of {flow} {key}")
}

/// The memos that were written, in order.
fn memos(bench: &Bench) -> Vec<String> {
    let delivered = bench.vendor.delivered.lock().unwrap();
    let remarks = delivered.iter().filter_map(|body| body["remark"].as_str());
    remarks.filter(|remark| remark.contains(" of ")).map(str::to_owned).collect()
}

/// Works until nothing is left that may be worked now.
async fn work_all(bench: &Bench) -> Vec<&'static str> {
    let mut outcomes = Vec::new();
    loop {
        let turns = bench.work().await;
        if turns.is_empty() {
            return outcomes;
        }
        outcomes.extend(names(&turns));
    }
}

async fn push(bench: &Bench, flow: &str, document: Value) -> Vec<&'static str> {
    bench.queue(&[bench.row(flow, document)]).await;
    work_all(bench).await
}

#[tokio::test]
async fn a_delivery_is_told_to_each_flow_that_listens_with_the_targets_id_and_number() {
    let files = [
        ("bills", ROWS),
        ("others", ROWS),
        ("one", &to_memo("\"bills\"")),
        ("some", &to_memo("[\"bills\", \"others\"]")),
        ("all", &to_memo("\"*\"")),
    ];
    let bench = Bench::of(&files);
    assert_eq!(push(&bench, "bills", good(7)).await, ["delivered"; 4]);
    assert_eq!(memos(&bench), ["7 7 of bills 7"; 3]);
    assert_eq!(
        push(&bench, "others", good(8)).await,
        ["delivered"; 3],
        "one of them listens to the other flow"
    );
    let entry = bench.entry("some", "others/8").await.unwrap();
    assert_eq!(entry.delivered.unwrap().version.as_deref(), Some("1"), "it is a version of what it tells of");
}

#[tokio::test]
async fn a_failure_is_told_with_class_code_and_reason_and_a_replay_that_succeeds_is_told_as_delivered() {
    let failed = listener("relay.failed", "\"*\"", "", "{class} {code | '-'} of {key}: {message}");
    let either = listener("relay.outcome", "\"bills\"", "", "{state} of {key}");
    let bench = Bench::of(&[("bills", ROWS), ("alarm", &failed), ("state", &either)]);
    bench.vendor.deliveries.lock().unwrap().push_back(Err(failure(Class::Refused)));
    assert_eq!(push(&bench, "bills", good(7)).await, ["failed", "delivered", "delivered"]);
    let mut told = memos(&bench);
    told.sort();
    assert_eq!(told, ["failed of 7", "refused 7 of 7: shop save: it says no (code 7)"]);

    let mut replay = bench.row("bills", good(7));
    replay.replay = Some("r1".to_owned());
    bench.queue(&[replay]).await;
    assert_eq!(work_all(&bench).await, ["delivered", "delivered"], "the alarm hears nothing of it");
    assert_eq!(memos(&bench).last().unwrap(), "delivered of 7");

    assert_eq!(push(&bench, "bills", bad(8)).await, ["failed", "delivered", "delivered"]);
    assert!(memos(&bench).iter().any(|memo| memo.starts_with("mapping - of 8: ")), "{:?}", memos(&bench));
}

#[tokio::test]
async fn what_is_skipped_is_not_told_and_what_changes_nothing_is() {
    let bench = Bench::of(&[("notes", NOTES), ("back", &to_memo("\"notes\""))]);
    let note = |version: u32, amount: &str| json!({"number": 7, "version": version, "remark": "x", "amount": amount});
    assert_eq!(push(&bench, "notes", note(2, "1")).await, ["delivered", "delivered"]);
    assert_eq!(push(&bench, "notes", note(2, "1")).await, ["skipped"], "it is there");
    assert_eq!(push(&bench, "notes", note(1, "1")).await, ["skipped"], "it is older");
    // The memo of the newer version says what it said.
    assert_eq!(push(&bench, "notes", note(3, "1.0")).await, ["unchanged", "unchanged"]);
    assert_eq!(memos(&bench).len(), 1);
}

/// As after a crash between the two: the ledger knows nothing of what was told.
#[tokio::test]
async fn an_outcome_that_is_told_once_more_at_another_time_does_nothing() {
    let stamped = listener("relay.delivered", "\"bills\"", "", "{at} of {key}");
    let bench = Bench::of(&[("bills", ROWS), ("back", &stamped)]);
    push(&bench, "bills", good(7)).await;
    let mut entry = bench.entry("bills", "7").await.unwrap();
    let (delivered, at) = (entry.delivered.take().unwrap(), bench.clock.now());
    entry.attempts = Some(Attempts {
        version: delivered.version,
        hash: delivered.hash,
        count: 1,
        message: String::new(),
        at,
        others: false,
    });
    assert!(bench.parts.stores.ledger.write(&entry).await.unwrap());
    bench.clock.advance(std::time::Duration::from_secs(3_600));
    assert_eq!(push(&bench, "bills", good(7)).await, ["delivered", "skipped"]);
    assert_eq!(memos(&bench).len(), 1);
}

#[tokio::test]
async fn an_older_outcome_that_comes_late_goes_over_no_newer_one() {
    let bench = Bench::of(&[("notes", NOTES), ("back", &to_memo("\"notes\""))]);
    let outcome = |version: &str, id: &str| {
        json!({"flow": "notes", "key": "7", "version": version, "version_kind": "integer", "state": "delivered",
            "source": {"number": 7}, "target": {"id": id, "number": "7"}, "at": "2026-11-28 12:00:00"})
    };
    assert_eq!(push(&bench, "back", outcome("10", "b")).await, ["delivered"]);
    assert_eq!(push(&bench, "back", outcome("9", "a")).await, ["skipped"]);
}

#[tokio::test]
async fn a_listener_may_want_each_version_as_a_document_of_its_own_and_only_those_that_its_filter_admits() {
    let key = "key = [\"flow\", \"key\", \"version\"]\nfilter = \"source.amount >= 5\"";
    let each = listener("relay.delivered", "\"notes\"", key, "{version} of {key}");
    let bench = Bench::of(&[("notes", NOTES), ("each", &each)]);
    let note = |version: u32, amount: &str| json!({"number": 7, "version": version, "remark": "x", "amount": amount});
    for (version, amount) in [(1, "5"), (2, "6"), (3, "4")] {
        push(&bench, "notes", note(version, amount)).await;
    }
    assert!(
        bench.entry("each", "notes/7/1").await.is_some() && bench.entry("each", "notes/7/2").await.is_some()
    );
    assert_eq!(
        (bench.entry("each", "notes/7/3").await, bench.left().await),
        (None, 0),
        "it is not even queued"
    );
}

#[tokio::test]
async fn a_listener_has_listeners() {
    let second = listener("relay.delivered", "\"back\"", "", "second of {key}");
    let bench = Bench::of(&[
        ("bills", ROWS),
        ("back", &to_memo("\"bills\"")),
        ("chain", &second.replace("source.number", "source.source.number")),
    ]);
    assert_eq!(push(&bench, "bills", good(7)).await, ["delivered"; 3]);
    assert_eq!(memos(&bench), ["7 7 of bills 7", "second of bills/7"]);
}

#[tokio::test]
async fn a_document_that_fits_a_message_alone_but_not_beside_its_outcome_is_told_without_its_content() {
    let failed =
        listener("relay.failed", "\"*\"", "", "{class} of {key}").replace("\"source.number\"", "\"key\"");
    let bench = Bench::of(&[("bills", ROWS), ("alarm", &failed)]);
    let noise: String =
        (0..130_000_u64).map(|n| format!("{:x}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15))).collect();
    let mut row = bad(7);
    let room = relay_core::queue::MAX_BODY_BYTES - 200;
    row["remark"] = json!("");
    let mut item = bench.row("bills", row.clone());
    // As long as a message carries, give or take.
    let mut length = noise.len();
    loop {
        item.document["remark"] = json!(noise[..length]);
        match item.encode().len() {
            long if long > room => length -= (long - room).max(1),
            _ => break,
        }
    }
    let fits = WorkItem::decode(&item.encode()).unwrap() == item;
    assert!(fits && bench.parts.intake().take(SHOP, &[item]).await.unwrap().queued == 1);
    assert_eq!(work_all(&bench).await, ["failed", "delivered"]);
    assert_eq!(memos(&bench), ["mapping of 7"]);
}

#[test]
fn flows_that_would_tell_each_other_for_ever_are_a_mistake_with_the_way_round() {
    let mistakes = |files: &[(&str, &str)]| {
        let file = |(name, text): &(&str, &str)| relay_job::FlowFile {
            name: (*name).to_owned(),
            file: format!("{name}.toml"),
            text: (*text).to_owned(),
        };
        let found = relay_job::Flows::parse(files.iter().map(file), &crate::bench::catalog());
        found.map_or_else(|found| found.to_string(), |_| String::new())
    };
    let (a, b) = (to_memo("\"b\""), to_memo("[\"changes\", \"a\"]"));
    let found = mistakes(&[("changes", CHANGES), ("a", &a), ("b", &b)]);
    assert!(found.contains("a.toml:4:12") && found.contains("b.toml:4:12"), "{found}");
    assert!(found.contains("`a` hears of `b` hears of `a`: let one of them name other flows"), "{found}");
    let itself = mistakes(&[("a", &to_memo("\"a\""))]);
    assert!(itself.contains("`a` hears of `a`"), "{itself}");

    // Whoever hears of all flows hears of none that reads outcomes, but for failures of those that write back.
    let (failed, all) = (listener("relay.failed", "\"*\"", "", "{key} of x"), to_memo("\"*\""));
    assert_eq!(mistakes(&[("changes", CHANGES), ("one", &failed), ("two", &failed), ("all", &all)]), "");
    let of_alarm = to_memo("\"alarm\"");
    let found = mistakes(&[("changes", CHANGES), ("alarm", &failed), ("back", &of_alarm)]);
    assert!(found.contains("`back` hears of `alarm` hears of `back`"), "{found}");

    let unknown = mistakes(&[("changes", CHANGES), ("a", &to_memo("\"change\""))]);
    assert!(unknown.contains("there is no flow `change` whose outcomes could be read"), "{unknown}");
    assert!(unknown.contains("did you mean `changes`?"), "{unknown}");
}

/// An alarm of failures, damped.
fn alarm(text: &str) -> String {
    listener("relay.failed", "\"*\"", "damp = \"1h\"", text).replace("\"source.number\"", "\"count\"")
}

fn fails(number: u64, text: &str) -> Value {
    json!({ "number": number, "version": 1, "amount": text })
}

#[tokio::test]
async fn of_one_cause_the_first_failure_is_told_at_once_and_those_of_an_hour_with_the_next() {
    let bench = Bench::of(&[("bills", ROWS), ("alarm", &alarm("{count} of {class} since {since}"))]);
    let hour = std::time::Duration::from_secs(3_600);
    for number in 1..=30 {
        let outcomes = push(&bench, "bills", fails(number, &format!("lots {number}"))).await;
        let expected = if number == 1 { ["failed", "delivered"] } else { ["failed", "skipped"] };
        assert_eq!(outcomes, expected, "{number}");
    }
    assert_eq!(memos(&bench), ["1 of mapping since 2026-11-28 12:00:00"]);
    // Another process, on the same store.
    bench.clock.advance(hour);
    let after = relay_erp_pusher::ErpPusher::build(&bench.parts).unwrap();
    bench.queue(&[bench.row("bills", fails(31, "lots 31"))]).await;
    for _ in 0..2 {
        after.workers().remove(0).work(&|| true).await.unwrap();
    }
    assert_eq!(
        memos(&bench)[1..],
        ["30 of mapping since 2026-11-28 12:00:00"],
        "those held back, and the new one"
    );
    assert_eq!(bench.entry("bills", "17").await.unwrap().failures().count(), 1, "each stands in the ledger");
}

#[tokio::test]
async fn other_causes_are_told_by_themselves_and_an_alarm_that_says_the_same_is_sent_again() {
    let bench = Bench::of(&[("bills", ROWS), ("others", ROWS), ("alarm", &alarm("trouble of {flow}"))]);
    assert_eq!(push(&bench, "bills", fails(1, "lots")).await, ["failed", "delivered"]);
    assert_eq!(push(&bench, "others", fails(1, "lots")).await, ["failed", "delivered"]);
    bench.clock.advance(std::time::Duration::from_secs(3_601));
    assert_eq!(push(&bench, "bills", fails(2, "lots")).await, ["failed", "delivered"]);
    assert_eq!(memos(&bench).len(), 3);
}

/// Its turn was killed after the count: the message comes again.
#[tokio::test]
async fn a_failure_whose_message_comes_twice_is_counted_once() {
    let bench = Bench::of(&[("bills", ROWS), ("alarm", &alarm("{count} of {class}"))]);
    push(&bench, "bills", fails(1, "lots")).await;
    let failed = bench.entry("bills", "1").await.unwrap().failed.unwrap();
    let cause = relay_core::cause::of("bills", &failed.class, None, &failed.message);
    let outcome = |key: &str, trace: &str| {
        let document = json!({"flow": "bills", "key": key, "state": "failed", "class": "mapping",
            "cause": cause, "message": "m", "at": "2026-11-28 12:00:00"});
        WorkItem { trace: trace.to_owned(), ..bench.row("alarm", document) }
    };
    for (key, trace, at) in [("2", "a", 1), ("2", "a", 2), ("3", "b", 3)] {
        let mut item = outcome(key, trace);
        item.received_at += chrono::TimeDelta::seconds(at);
        bench.queue(&[item]).await;
        assert_eq!(work_all(&bench).await, ["skipped"]);
    }
    bench.clock.advance(std::time::Duration::from_secs(3_600));
    push(&bench, "bills", fails(4, "lots")).await;
    assert_eq!(memos(&bench)[1], "3 of mapping");
}
