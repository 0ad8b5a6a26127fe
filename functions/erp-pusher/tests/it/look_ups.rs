//! Codes of tables of the tenant, of lists of a vendor, and of what other flows have delivered.

use relay_core::clock::Clock as _;
use relay_core::item::content_hash;
use relay_core::{EntryId, Failed, FailureClass, UnknownCode, ledger};
use serde_json::{Value, json};

use crate::bench::{Bench, ROWS, names};

/// A flow whose remark is what `rule` says.
fn looking_up(rule: &str) -> String {
    ROWS.replace(
        "amount = { from = \"amount\", as = \"decimal\", absent = \"error\" }",
        &format!("remark = {{ {rule} }}"),
    )
}

fn row(number: u64, remark: &str) -> Value {
    json!({ "number": number, "version": 1, "remark": remark })
}

/// What was sent, by number and remark.
fn sent(bench: &Bench) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    bench
        .vendor
        .delivered
        .lock()
        .unwrap()
        .iter()
        .map(|bill| (text(&bill["number"]), text(&bill["remark"])))
        .collect()
}

#[tokio::test]
async fn a_row_of_a_table_gives_several_results_and_a_code_of_two_fields_is_one_code() {
    let rules = [
        ("first", r#"from = "remark", lookup = "table.shop""#),
        ("rate", r#"from = "remark", lookup = "table.shop", result = "rate""#),
        ("both", r#"from = ["remark", "number"], lookup = "table.stock""#),
    ];
    let flows = rules.map(|(name, rule)| (name, looking_up(rule)));
    let bench = Bench::of(&flows.each_ref().map(|(name, text)| (*name, text.as_str())));
    let lookups = &bench.parts.stores.lookups;
    lookups.put("table.shop", "S1", r#"{"customer":"C1","rate":""}"#, None).await.unwrap();
    lookups.put("table.shop", "S2", r#"{"customer":"C2","rate":"0.13"}"#, None).await.unwrap();
    lookups.put("table.stock", "S%2F1/7", r#"{"store":"W1"}"#, None).await.unwrap();
    let documents = [
        bench.row("first", row(1, "S1")),
        bench.row("rate", row(2, "S2")),
        bench.row("both", row(7, "S/1")),
        bench.row("rate", row(4, "S1")),
    ];
    assert_eq!(names(&bench.worked(&documents).await), ["delivered", "delivered", "delivered", "failed"]);
    let wanted = [("1", "C1"), ("2", "0.13"), ("7", "W1")];
    // Documents are worked side by side, in no order.
    let sent: std::collections::BTreeSet<_> = sent(&bench).into_iter().collect();
    assert_eq!(sent, wanted.map(|(number, remark)| (number.to_owned(), remark.to_owned())).into());
    let failed = bench.entry("rate", "4").await.unwrap().failed.unwrap();
    assert_eq!(
        failed.message,
        "remark: `remark` = \"S1\" has no entry with a `rate` in `table.shop`: import it (`relay lookups import table.shop \
         FILE`), which sends what waits for it again",
    );
    let missing = UnknownCode { table: "table.shop.rate".to_owned(), code: "S1".to_owned() };
    assert_eq!((failed.class.code(), failed.missing), ("mapping", vec![missing]));
}

/// Bills, and notes that refer to them.
fn bills_and_notes(result: &str) -> Bench {
    let notes = looking_up(&format!(r#"from = "remark", lookup = "delivered.bills"{result}"#));
    Bench::of(&[("bills", ROWS), ("notes", &notes), ("others", &notes)])
}

#[tokio::test]
async fn what_refers_to_another_flows_bill_waits_for_it_and_is_sent_as_soon_as_it_is_there() {
    let bench = bills_and_notes("");
    bench.vendor.deliveries.lock().unwrap().extend([Ok(Some("id-7".to_owned())), Ok(None), Ok(None)]);
    let early =
        [bench.row("notes", row(1, "7")), bench.row("others", row(2, "7")), bench.row("notes", row(3, "8"))];
    assert_eq!(names(&bench.worked(&early).await), ["failed", "failed", "failed"]);
    let waits = bench.entry("notes", "1").await.unwrap().failed.unwrap();
    assert_eq!(
        waits.message,
        "waiting for bills 7: it is sent again as soon as that is delivered, and fails if it is not by 2026-12-01 12:00 (China \
         time)"
    );
    assert_eq!(waits.class, "waiting");
    let bill = bench.row("bills", json!({ "number": 7, "version": 1, "amount": "1.50" }));
    assert_eq!(names(&bench.worked(&[bill]).await), ["delivered"]);
    assert_eq!(bench.left().await, 2, "those that waited for it, and not the third");
    let mut turns = names(&bench.work().await);
    turns.extend(names(&bench.work().await));
    assert_eq!(turns, ["delivered", "delivered"]);
    let notes: Vec<_> = sent(&bench).into_iter().filter(|(number, _)| number != "7").collect();
    assert_eq!(notes.iter().map(|(_, remark)| remark.as_str()).collect::<Vec<_>>(), ["id-7", "id-7"]);
    assert!(bench.entry("notes", "1").await.unwrap().failed.is_none());
    assert!(bench.entry("notes", "3").await.unwrap().failed.is_some());
}

#[tokio::test]
async fn a_reference_may_be_our_number_of_the_bill() {
    let bench = bills_and_notes(r#", result = "number""#);
    bench.vendor.deliveries.lock().unwrap().push_back(Ok(None));
    let bill = bench.row("bills", json!({ "number": 7, "version": 1, "amount": "1.50" }));
    assert_eq!(names(&bench.worked(&[bill]).await), ["delivered"]);
    assert_eq!(names(&bench.worked(&[bench.row("notes", row(1, "7"))]).await), ["delivered"]);
    assert_eq!(sent(&bench)[1], ("1".to_owned(), "7".to_owned()));
}

/// The two are worked by two processes: the bill is recorded after the note has looked for it, and looks who waits before the
/// note's failure is recorded.
#[tokio::test]
async fn a_bill_that_arrives_while_its_reference_fails_is_not_missed() {
    let bench = bills_and_notes("");
    let lookups = &bench.parts.stores.lookups;
    let (code, note) = (
        UnknownCode { table: "delivered.bills".to_owned(), code: "7".to_owned() },
        EntryId::new("notes", "1"),
    );
    // The note is noted as waiting, and its failure is not recorded yet.
    lookups.wait(&code, &note).await.unwrap();
    let bill = bench.row("bills", json!({ "number": 7, "version": 1, "amount": "1.50" }));
    assert_eq!(names(&bench.worked(&[bill]).await), ["delivered"]);
    assert_eq!(bench.left().await, 0);
    assert_eq!(lookups.waiting(&code, None, 10).await.unwrap().len(), 1, "it is about to fail, and waits");
    // It fails now: its turn had looked for the bill before that was there.
    let item = bench.row("notes", row(1, "7"));
    let failed = Failed {
        version: item.version.clone(),
        version_kind: None,
        hash: content_hash(&item.document),
        class: FailureClass::Mapping,
        code: None,
        message: String::new(),
        attempts: 1,
        document: item.document.clone(),
        received_at: item.received_at,
        at: bench.clock.now(),
        trace: String::new(),
        replay: None,
        step: None,
        target_id: None,
        missing: vec![code.clone()],
    };
    ledger::record_failure(bench.parts.stores.ledger.as_ref(), &note, &failed).await.unwrap();
    // The end of its turn, as its message shows it that is handed out once more.
    assert_eq!(names(&bench.worked(&[item]).await), ["skipped"]);
    assert_eq!(names(&bench.work().await), ["delivered"]);
    assert_eq!(lookups.waiting(&code, None, 10).await.unwrap(), []);
}

/// More than are read at once, of two flows, beside failures of other codes.
#[tokio::test]
async fn all_that_wait_for_a_code_are_sent_once_and_no_failure_of_another_is_read() {
    let bench = bills_and_notes("");
    let notes: Vec<_> = (1..=150)
        .map(|number| bench.row(if number % 2 == 0 { "notes" } else { "others" }, row(number, "7")))
        .chain((200..220).map(|number| bench.row("notes", row(number, "8"))))
        .collect();
    bench.queue(&notes).await;
    while bench.left().await > 0 {
        assert!(names(&bench.work().await).iter().all(|name| *name == "failed"));
    }
    let code = |code: &str| UnknownCode { table: "delivered.bills".to_owned(), code: code.to_owned() };
    let lookups = &bench.parts.stores.lookups;
    // One that a person has dealt with since.
    let settled = bench.entry("notes", "2").await.unwrap();
    let failures: Vec<_> = settled.failures().cloned().collect();
    ledger::update(bench.parts.stores.ledger.as_ref(), &settled.id, None, |entry| {
        entry.settle(&failures, "Li", None, bench.clock.now())
    })
    .await
    .unwrap();
    bench.clock.advance(std::time::Duration::from_secs(7_200));
    let bill = bench.row("bills", json!({ "number": 7, "version": 1, "amount": "1.50" }));
    assert_eq!(names(&bench.worked(&[bill]).await), ["delivered"]);
    assert_eq!(bench.left().await, 149);
    assert_eq!(lookups.waiting(&code("7"), None, 10).await.unwrap(), []);
    assert_eq!(lookups.waiting(&code("8"), None, 100).await.unwrap().len(), 20);
}

#[tokio::test]
async fn a_list_is_read_where_that_costs_less_than_asking_for_each_code() {
    let rule = r#"from = "remark", lookup = "shop.staff", result = "amount""#;
    let flow = looking_up(rule);
    let bench = Bench::of(&[("rows", &flow)]);
    let staff = |number: u64| json!({ "number": number, "amount": format!("E{number}") });
    *bench.vendor.staff.lock().unwrap() = (1..=6).map(staff).collect();
    for (number, code) in [(1, "1"), (2, "5"), (3, "6"), (4, "4")] {
        assert_eq!(
            names(&bench.worked(&[bench.row("rows", row(number, code))]).await),
            ["delivered"],
            "{code}"
        );
    }
    // The first page, then as many codes as there are pages left, then the pages.
    assert_eq!(*bench.vendor.listed.lock().unwrap(), ["page 0", "5", "6", "page 1"]);
    assert_eq!(sent(&bench).last().unwrap().1, "E4");
}

#[tokio::test]
async fn a_vendor_that_repeats_a_page_of_its_list_ends_the_look_up_with_a_failure() {
    let flow = looking_up(r#"from = "remark", lookup = "shop.staff", by = "amount", result = "number""#);
    let bench = Bench::of(&[("rows", &flow)]);
    let staff = |number: u64| json!({ "number": number, "amount": format!("E{number}") });
    *bench.vendor.staff.lock().unwrap() = (1..=2).map(staff).collect();
    bench.vendor.repeats_its_page.store(true, std::sync::atomic::Ordering::Relaxed);
    let turns = bench.worked(&[bench.row("rows", row(1, "E9"))]).await;
    assert_eq!(names(&turns), ["failed"]);
    let failed = bench.entry("rows", "1").await.unwrap().failed.unwrap();
    assert!(failed.message.contains("no end is in sight"), "{}", failed.message);
    assert_eq!(*bench.vendor.listed.lock().unwrap(), ["page 0", "page 1"]);
    // What it has shown is known all the same.
    assert_eq!(names(&bench.worked(&[bench.row("rows", row(2, "E2"))]).await), ["delivered"]);
}

#[tokio::test]
async fn what_waits_for_a_code_of_the_vendors_is_sent_when_another_document_finds_it_there() {
    let flow = looking_up(r#"from = "remark", lookup = "shop.staff", result = "amount""#);
    let bench = Bench::of(&[("rows", &flow)]);
    let waiting: Vec<_> = (1..=3).map(|number| bench.row("rows", row(number, "9"))).collect();
    assert_eq!(names(&bench.worked(&waiting).await), ["failed", "failed", "failed"]);
    assert_eq!(bench.left().await, 0);
    bench.vendor.staff.lock().unwrap().push(json!({ "number": 9, "amount": "E9" }));
    bench.clock.advance(std::time::Duration::from_secs(61));
    assert_eq!(names(&bench.worked(&[bench.row("rows", row(4, "9"))]).await), ["delivered"]);
    assert_eq!(bench.left().await, 3);
    assert_eq!(names(&bench.work().await), ["delivered", "delivered", "delivered"]);
}
