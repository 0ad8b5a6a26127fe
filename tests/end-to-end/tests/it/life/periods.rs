use chrono::NaiveDate;
use relay_operations::lookups::Columns;
use serde_json::{Value, json};

use super::{bills, house, of, pushed, saved, shipment};
use crate::house::House;
use crate::process::{failure, outcomes};

const MOVES: &str = "then = [\"audit\"]\nclosed_period = \"next_open_day\"";

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A shipment of a day in October.
fn of_october() -> Value {
    of(shipment(1, 3), "sent_at", "2026-10-31 11:30:00")
}

fn date_and_remark(house: &House) -> (Value, Value) {
    let body = &saved(house)[0].body;
    (body["bill_date"].clone(), body["remark"].clone())
}

#[tokio::test]
async fn a_bill_of_a_closed_period_is_refused_where_the_flow_does_not_move_it() {
    for life in ["then = [\"audit\"]", "then = [\"audit\"]\nclosed_period = \"refuse\""] {
        let (house, _folder) = house(1, life);
        house.vendors.kingdee.close_books(day("2026-11-01"), true);
        let process = house.start();
        let turns = pushed(&house, &process, &of_october()).await;
        let (class, reason) = failure(&turns);
        assert!(class == "refused" && reason.contains("已结账"), "{class}: {reason}");
        assert!(reason.contains("closed_period"), "the way out: {reason}");
        assert_eq!(bills(&house), Vec::<String>::new());
    }
}

/// By a setting the vendor need not even refuse it once.
#[tokio::test]
async fn a_bill_before_the_first_open_day_of_a_setting_is_sent_with_that_day_and_remarks_its_own() {
    let (house, _folder) = house(1, &format!("{MOVES}\nopen_from = {{ setting = \"BOOKS_OPEN_FROM\" }}"));
    house.vendors.kingdee.close_books(day("2026-11-01"), true);
    let process = house.start();
    assert_eq!(outcomes(&pushed(&house, &process, &of_october()).await), ["delivered"]);
    assert_eq!(date_and_remark(&house), (json!("2026-11-01"), json!("轻放;原单据日期2026-10-31")));
    assert_eq!(super::calls(&house, "sal_outbound_save"), 1);
    // The day that it was sent with is no change of the document.
    let again = of(of_october(), "updated_at", "2026-11-22 12:00:09");
    assert_eq!(outcomes(&pushed(&house, &process, &again).await), ["unchanged"]);
}

#[tokio::test]
async fn the_vendors_refusal_tells_the_first_open_day() {
    let (house, _folder) = house(1, MOVES);
    house.vendors.kingdee.close_books(day("2026-11-05"), true);
    let process = house.start();
    assert_eq!(outcomes(&pushed(&house, &process, &of_october()).await), ["delivered"]);
    assert_eq!(date_and_remark(&house), (json!("2026-11-05"), json!("轻放;原单据日期2026-10-31")));
    assert_eq!(bills(&house), ["SO-1: 3 7 audited"]);
}

#[tokio::test]
async fn where_the_refusal_names_no_day_the_next_months_are_tried_until_today() {
    let (house, _folder) = house(1, MOVES);
    house.vendors.kingdee.close_books(day("2026-11-01"), false);
    let process = house.start();
    let of_august = of(of_october(), "sent_at", "2026-08-15 09:00:00");
    assert_eq!(outcomes(&pushed(&house, &process, &of_august).await), ["delivered"]);
    assert_eq!(date_and_remark(&house), (json!("2026-11-01"), json!("轻放;原单据日期2026-08-15")));

    house.vendors.kingdee.close_books(day("2027-01-01"), false);
    let later = of(of(of_october(), "id", "SO-2"), "sent_at", "2026-11-20 09:00:00");
    let turns = pushed(&house, &process, &later).await;
    assert_eq!(failure(&turns).0, "refused", "no day that has not come is tried");
}

/// The day of a table that the tenant imports.
#[tokio::test]
async fn a_look_up_tells_the_first_open_day() {
    let open_from =
        "open_from = { value = \"main\", lookup = \"table.books\", result = \"open_from\", as = \"text\" }";
    let (house, _folder) = house(1, &format!("{MOVES}\n{open_from}"));
    house.vendors.kingdee.close_books(day("2026-11-01"), true);
    let process = house.start();
    let csv = b"code,open_from\nmain,2026-11-01\n";
    let imported = process.operations().import_table("table.books", csv, &Columns::default()).await.unwrap();
    assert_eq!(imported.imported, 1, "{imported:?}");
    assert_eq!(outcomes(&pushed(&house, &process, &of_october()).await), ["delivered"]);
    assert_eq!(date_and_remark(&house).0, json!("2026-11-01"));
    assert_eq!(super::calls(&house, "sal_outbound_save"), 1);
}

/// A period that is closed after the bill was audited: it is not unaudited, and the failure says so.
#[tokio::test]
async fn a_bill_whose_period_was_closed_meanwhile_is_not_reopened_and_is_taken_back_on_an_open_day() {
    let october = of_october();
    let newer = of(of(shipment(2, 5), "sent_at", "2026-10-31 11:30:00"), "updated_at", "2026-11-22 12:00:02");
    let words = |word: &str| format!("{MOVES}\nchanges = \"{word}\"");

    let (reopening, _folder) = house(1, &words("reopen"));
    let process = reopening.start();
    pushed(&reopening, &process, &october).await;
    reopening.vendors.kingdee.close_books(day("2026-11-01"), true);
    let turns = pushed(&reopening, &process, &newer).await;
    let (class, reason) = failure(&turns);
    assert!(class == "refused" && reason.contains("unaudit of SO-1"), "{class}: {reason}");
    assert!(reason.contains("\"offset\"") && !reason.contains("next_open_day"), "the way out: {reason}");
    assert_eq!(bills(&reopening), ["SO-1: 3 7 audited"]);

    let (offsetting, _folder) = house(1, &words("offset"));
    let process = offsetting.start();
    pushed(&offsetting, &process, &october).await;
    offsetting.vendors.kingdee.close_books(day("2026-11-01"), true);
    assert_eq!(outcomes(&pushed(&offsetting, &process, &newer).await), ["delivered"]);
    assert_eq!(bills(&offsetting), ["SO-1-B2: 5 7 audited", "SO-1-R1: -3 -7 audited", "SO-1: 3 7 audited"]);
    let red = offsetting.vendors.kingdee.saved("sal_outbound", "SO-1-R1").remove(0);
    assert_eq!(red.body["bill_date"], json!("2026-11-01"));
}
