//! What was delivered between two times.

use std::time::Duration;

use chrono::TimeDelta;
use relay_core::archive::{Event, Exchange, Record};
use relay_core::clock::Clock as _;
use relay_core::{Delivered, Entry, EntryId};
use relay_operations::OperationError;
use relay_operations::delivered::{Deliveries, Took, Wanted};
use relay_operations::language::Language;

use crate::desk::{Desk, STOCK, TRADES};

/// A document that its target has since so many minutes ago.
async fn deliver(desk: &Desk, flow: &str, key: &str, minutes: i64) {
    let mut entry = Entry::new(EntryId::new(flow, key));
    let delivered = Delivered {
        version: Some("2026-11-28 11:00:00".to_owned()),
        version_kind: None,
        hash: "h".to_owned(),
        body_hash: "b".to_owned(),
        target_id: Some("7226306356013346628".to_owned()),
        number: Some(format!("N-{key}")),
        received_at: Some(desk.clock.now() - TimeDelta::minutes(minutes + 1)),
        at: desk.clock.now() - TimeDelta::minutes(minutes),
        follows: None,
    };
    entry.deliver(delivered, None);
    assert!(desk.stores.ledger.write(&entry).await.unwrap());
}

fn wanted(desk: &Desk, minutes: i64) -> Wanted {
    let until = desk.clock.now();
    let since = until - TimeDelta::minutes(minutes);
    Wanted { flow: None, since, until, limit: None, amounts: false, by: None, after: None, grep: None }
}

fn keys(listed: &Deliveries) -> Vec<&str> {
    listed.delivered.iter().map(|delivery| delivery.key.as_str()).collect()
}

#[tokio::test]
async fn what_was_delivered_is_told_latest_first_by_flow_time_and_number_of_rows() {
    let desk = Desk::new();
    for (flow, key, minutes) in [(TRADES, "A", 50), (STOCK, "B", 30), (TRADES, "C", 10)] {
        deliver(&desk, flow, key, minutes).await;
    }
    desk.refused(TRADES, "D").await;
    let ask = desk.ask();
    let hour = wanted(&desk, 60);
    let listed = ask.delivered(&hour).await.unwrap();
    assert_eq!((keys(&listed), listed.has_more), (vec!["C", "B", "A"], false));
    let first = &listed.delivered[0];
    assert_eq!(
        (first.number.as_deref(), first.target_id.as_deref()),
        (Some("N-C"), Some("7226306356013346628"))
    );

    let of_flow = Wanted { flow: Some(TRADES.to_owned()), ..hour.clone() };
    assert_eq!(keys(&ask.delivered(&of_flow).await.unwrap()), ["C", "A"]);
    let two = ask.delivered(&Wanted { limit: Some(2), ..hour.clone() }).await.unwrap();
    assert_eq!((keys(&two), two.has_more), (vec!["C", "B"], true));
    let three = ask.delivered(&Wanted { limit: Some(3), ..hour.clone() }).await.unwrap();
    assert!(!three.has_more);
    assert_eq!(keys(&ask.delivered(&wanted(&desk, 40)).await.unwrap()), ["C", "B"]);

    let misspelt = Wanted { flow: Some("trade-to-kingde".to_owned()), ..hour.clone() };
    assert!(matches!(ask.delivered(&misspelt).await, Err(OperationError::UnknownFlow(_))));
    let backwards = Wanted { since: hour.until, until: hour.since, ..hour };
    assert!(ask.delivered(&backwards).await.unwrap_err().is_wrong_usage());
    assert!(!ask.reads_ledger_through().await.unwrap(), "SQLite has an index of it");
}

#[tokio::test]
async fn more_than_a_page_is_told_whole() {
    let desk = Desk::new();
    for place in 0..1_100 {
        deliver(&desk, TRADES, &format!("JY{place:05}"), place / 60).await;
    }
    let listed = desk.ask().delivered(&wanted(&desk, 60)).await.unwrap();
    assert_eq!(listed.delivered.len(), 1_100);
    assert!(listed.delivered.windows(2).all(|pair| pair[0].at >= pair[1].at));
}

#[tokio::test]
async fn amounts_are_told_of_what_was_sent_where_the_archive_has_it() {
    let desk = Desk::new();
    deliver(&desk, TRADES, "A", 5).await;
    deliver(&desk, TRADES, "B", 10).await;
    let body =
        r#"{"billno":"N-A","material_entity":[{"qty":"2","taxprice":"9.25"},{"qty":"1","taxprice":"1.50"}]}"#;
    let call = Exchange {
        vendor: "kingdee".to_owned(),
        operation: "/jdy/v2/scm/sal_out_bound".to_owned(),
        parameters: Vec::new(),
        body: body.to_owned(),
        answer: Ok("{}".to_owned()),
        duration: Duration::from_millis(300),
    };
    let record = Record {
        id: EntryId::new(TRADES, "A"),
        version: None,
        trace: "t".to_owned(),
        at: desk.clock.now(),
        event: Event::Called(call),
    };
    desk.stores.archive.write(None, &[record]).await.unwrap();
    let listed = desk.ask().delivered(&Wanted { amounts: true, ..wanted(&desk, 60) }).await.unwrap();
    let amounts: Vec<_> =
        listed.delivered.iter().map(|it| it.content.as_ref().map(|of| of.amount.to_string())).collect();
    assert_eq!(amounts, [Some("20.00".to_owned()), None]);

    let csv = listed.csv(Language::Chinese).unwrap();
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("\u{FEFF}时间,流程,单据,单号,目标里的 id,版本,收到,行数,数量,金额"));
    let first = "2026-11-28 11:55:00,trade-to-kingdee,A,N-A,7226306356013346628\t,2026-11-28 11:00:00,2026-11-28 11:54:00,2,3,20.00";
    assert_eq!(lines.next(), Some(first));
    assert!(listed.csv(Language::English).unwrap().starts_with("\u{FEFF}time,flow,document"));
}

#[tokio::test]
async fn a_text_is_found_in_numbers_and_in_what_came_and_sums_are_by_day_and_flow() {
    let desk = Desk::new();
    // 12:00 in China: the last is of the day before.
    for (flow, key, minutes) in [(TRADES, "A", 10), (TRADES, "B", 20), (STOCK, "C", 30), (TRADES, "D", 800)] {
        deliver(&desk, flow, key, minutes).await;
    }
    let came = |key: &str, shop: &str| Record {
        id: EntryId::new(TRADES, key),
        version: None,
        trace: "t".to_owned(),
        at: desk.clock.now(),
        event: Event::Received { document: format!(r#"{{"shop_no":"{shop}"}}"#) },
    };
    desk.stores.archive.write(None, &[came("A", "S001"), came("B", "S002")]).await.unwrap();
    let day = wanted(&desk, 1_000);
    for (text, found) in [("s001", vec!["A"]), ("n-b", vec!["B"]), ("S00", vec!["A", "B"]), ("S003", vec![])]
    {
        let with = Wanted { grep: Some(text.to_owned()), limit: Some(5), ..day.clone() };
        assert_eq!(keys(&desk.ask().delivered(&with).await.unwrap()), found, "{text}");
    }
    let listed = desk.ask().delivered(&day).await.unwrap();
    let sums: Vec<_> = listed.by_day();
    let counts: Vec<_> =
        sums.iter().map(|it| (it.day.to_string(), it.flow.as_str(), it.sum.documents)).collect();
    let expected = [("2026-11-28", STOCK, 1), ("2026-11-28", TRADES, 2), ("2026-11-27", TRADES, 1)];
    assert_eq!(counts, expected.map(|(day, flow, count)| (day.to_owned(), flow, count)));
    assert!(sums.iter().all(|it| it.took == Some(Took { half_within_s: 60, longest_s: 60 })), "{sums:?}");
    let csv = listed.csv_by_day(Language::English).unwrap();
    assert!(csv.contains("\n2026-11-28,trade-to-kingdee,2,,,,60,60\n"), "{csv}");
}
