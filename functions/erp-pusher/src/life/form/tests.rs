use relay_connector::{Push, Repeat};
use serde_json::json;

use super::*;

const PUSH: Push =
    Push::new(Some("no"), Repeat::Doubles, None).dated("date", "remark").signed(&["qty", "amount"]);
static BILL: Document = Document { name: "kingdee.bill", push: Some(PUSH), ..Document::UNKNOWN };

fn mapped(body: Value) -> Mapped {
    Mapped { body, params: Vec::new(), route: None, open_from: None }
}

fn noon(day: &str) -> DateTime<Utc> {
    format!("{day}T12:00:00+08:00").parse().unwrap()
}

#[test]
fn a_bill_that_takes_back_has_quantities_and_amounts_negative_and_nothing_else() {
    let mut body = json!({
        "no": "X", "dis_amount": "1.50", "price": "3", "lines": [
            {"qty": "2", "aux_qty": 4, "tax_price": "10.01", "amount": "20.02", "cess": "13", "batch": "007"},
            {"qty": "0", "amount": null},
        ],
    });
    negate(&mut body, &["qty", "amount"]);
    let wanted = json!({
        "no": "X", "dis_amount": "-1.50", "price": "3", "lines": [
            {"qty": "-2", "aux_qty": -4, "tax_price": "10.01", "amount": "-20.02", "cess": "13", "batch": "007"},
            {"qty": "0", "amount": null},
        ],
    });
    assert_eq!(body, wanted);
}

#[test]
fn a_date_is_moved_forward_alone_and_the_first_one_is_remarked_once() {
    let bill = mapped(json!({"date": "2026-08-15", "remark": "急"}));
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let moved = on_or_after(&BILL, &bill, day("2026-09-01")).unwrap();
    assert_eq!(moved.body, json!({"date": "2026-09-01", "remark": "急;原单据日期2026-08-15"}));
    let again = on_or_after(&BILL, &moved, day("2026-10-01")).unwrap();
    assert_eq!(again.body, json!({"date": "2026-10-01", "remark": "急;原单据日期2026-08-15"}));
    assert_eq!(on_or_after(&BILL, &again, day("2026-10-01")), None);
    assert_eq!(on_or_after(&BILL, &mapped(json!({"date": "soon"})), day("2026-10-01")), None);
}

#[test]
fn the_next_day_is_the_one_that_is_named_or_the_first_of_the_next_month_that_has_come() {
    let date = |from: &str, named: Option<&str>, today: &str| {
        let named = named.map(|named| named.parse().unwrap());
        let moved = moved(&BILL, &mapped(json!({"date": from})), named, noon(today))?;
        moved.body["date"].as_str().map(str::to_owned)
    };
    assert_eq!(date("2026-10-31", Some("2026-11-05"), "2026-11-22").as_deref(), Some("2026-11-05"));
    assert_eq!(date("2026-10-31", None, "2026-11-22").as_deref(), Some("2026-11-01"));
    assert_eq!(date("2026-12-31", None, "2027-01-01").as_deref(), Some("2027-01-01"));
    assert_eq!(date("2026-11-22", None, "2026-11-22"), None, "no day that has not come");
    // A refusal that names the day which was refused names no day.
    assert_eq!(date("2026-10-31", Some("2026-10-31"), "2026-11-22").as_deref(), Some("2026-11-01"));
}
