//! Verdicts are pure: three sets of facts in, one verdict out.

use relay_connector::{Measures, ONCE, Push, Question};
use serde_json::json;

use super::*;

const BILL: Document = Document {
    name: "books.bill_save",
    push: Some(Push::new(Some("billno"), Repeat::Doubles, Some(ASKED)).dated("billdate", "remark")),
    same: &[("billno", "bill_no"), ("billdate", "bill_date")],
    measures: Measures { quantity: &["qty"], price: &["taxprice"], ..Measures::NONE },
    ..Document::UNKNOWN
};
const ASKED: Question = Question {
    document: "books.bill_list",
    param: "search",
    requests: ONCE,
    timed: false,
    holds: &["billno"],
    ids: &["id"],
};
static DOCUMENT: Document = BILL;
static SPLITS: Document =
    Document { push: Some(Push::new(Some("tid"), Repeat::Replaces, Some(ASKED))), ..BILL };

fn there(id: &str, shown: Value) -> There {
    There { id: id.to_owned(), shown, is_alike: true }
}

fn delivered() -> InLedger {
    InLedger::Delivered { at: "2026-11-28 12:00:00".to_owned(), id: Some("9".to_owned()) }
}

fn facts(source: AtSource, ledger: InLedger, target: AtTarget) -> Facts<'static> {
    let (expected, sent, on_its_way) = (None, None, None);
    Facts { document: &DOCUMENT, source, ledger, target, expected, sent, on_its_way, may_be_moved: false }
}

fn has() -> AtSource {
    AtSource::Has { is_newer: false }
}

fn verdict(facts: &Facts<'_>) -> Verdict {
    facts.judge(&Tolerances::default()).verdict
}

fn one() -> AtTarget {
    AtTarget::Holds(vec![there("9", json!({"billno": "A"}))])
}

fn none() -> AtTarget {
    AtTarget::Holds(Vec::new())
}

#[test]
fn each_way_in_which_three_sides_can_differ_has_its_verdict() {
    let explains = || InLedger::Explains("failed (refused)".to_owned());
    let not_taken = || AtSource::NotTaken("the flow's filter does not take it".to_owned());
    let not_read = || AtTarget::NotRead("it does not answer".to_owned());
    let told = [
        (has(), delivered(), one(), Verdict::Matched),
        (AtSource::MovedOn, delivered(), one(), Verdict::Matched),
        (AtSource::NotAsked, delivered(), one(), Verdict::Matched),
        (has(), delivered(), none(), Verdict::Missing),
        (AtSource::MovedOn, delivered(), none(), Verdict::Missing),
        (has(), InLedger::Nothing, none(), Verdict::Missing),
        // A person has made it.
        (has(), InLedger::Nothing, one(), Verdict::Matched),
        (not_taken(), InLedger::Nothing, one(), Verdict::Extra),
        (not_taken(), InLedger::Nothing, AtTarget::NotAsked, Verdict::Explained),
        (not_taken(), delivered(), one(), Verdict::Explained),
        (has(), explains(), AtTarget::NotAsked, Verdict::Explained),
        (has(), explains(), one(), Verdict::Explained),
        (AtSource::Has { is_newer: true }, delivered(), one(), Verdict::Different),
        (has(), delivered(), not_read(), Verdict::NotCompared),
        (has(), explains(), not_read(), Verdict::Explained),
        // That it never came here does not hang on what the target says.
        (has(), InLedger::Nothing, not_read(), Verdict::Missing),
    ];
    for (source, ledger, target, expected) in told {
        let facts = facts(source, ledger, target);
        assert_eq!(verdict(&facts), expected, "{facts:?}");
    }
}

#[test]
fn what_may_be_on_its_way_is_not_due_but_what_was_delivered_is_missing_all_the_same() {
    let way = |source, ledger, target| Facts {
        on_its_way: Some("3 wait".to_owned()),
        ..facts(source, ledger, target)
    };
    assert_eq!(verdict(&way(has(), InLedger::Nothing, AtTarget::NotAsked)), Verdict::NotDue);
    assert_eq!(verdict(&way(AtSource::Has { is_newer: true }, delivered(), one())), Verdict::NotDue);
    assert_eq!(verdict(&way(has(), delivered(), none())), Verdict::Missing);
}

#[test]
fn two_under_one_number_are_doubled_unless_the_vendor_splits_what_it_takes() {
    let two = || AtTarget::Holds(vec![there("9", json!({})), there("10", json!({}))]);
    let doubled = facts(has(), delivered(), two());
    let judged = doubled.judge(&Tolerances::default());
    assert_eq!(
        (judged.verdict, judged.why.as_deref()),
        (Verdict::Doubled, Some("it is there 2 times: 9, 10"))
    );
    let settled = facts(has(), InLedger::Explains("settled by me".to_owned()), two());
    assert_eq!(verdict(&settled), Verdict::Doubled, "nothing explains that");
    assert_eq!(verdict(&Facts { document: &SPLITS, ..doubled }), Verdict::Matched);
}

#[test]
fn what_differs_is_told_field_by_field_and_a_number_may_be_a_text() {
    let expected =
        json!({"billno": "A", "billdate": "2026-11-28", "lines": [{"qty": "2", "taxprice": "9.25"}]});
    let judged = |shown: Value, tolerances: &Tolerances| {
        let target = AtTarget::Holds(vec![there("9", shown)]);
        Facts { expected: Some(&expected), ..facts(has(), delivered(), target) }.judge(tolerances)
    };
    let nothing = Tolerances::default();
    let same = json!({"bill_no": "A", "bill_date": "2026-11-28 00:00:00", "own": 1, "lines": [{"qty": 2, "taxprice": 9.250}]});
    assert_eq!(judged(same, &nothing).verdict, Verdict::Matched);
    let other = json!({"billno": "A", "billdate": "2026-11-28", "lines": [{"qty": "2", "taxprice": "9.26"}]});
    let told = judged(other.clone(), &nothing);
    assert_eq!((told.verdict, told.fields[0].field.as_str()), (Verdict::Different, "lines[0].taxprice"));
    let cent = Tolerances::parse(["amount=0.01"]).unwrap();
    assert_eq!(judged(other, &cent).verdict, Verdict::Matched);
    let fewer = json!({"billno": "A", "lines": []});
    assert_eq!(judged(fewer, &nothing).fields[0].field, "lines[0]", "a line that is gone is a difference");
}

#[test]
fn a_bill_that_was_moved_to_an_open_day_differs_by_its_date_alone() {
    let expected = json!({"billno": "A", "billdate": "2026-10-31", "remark": "x", "lines": [{"qty": 1}]});
    let shown = json!({"billno": "A", "billdate": "2026-11-01", "remark": "x; 原单据日期2026-10-31", "lines": [{"qty": 1}]});
    let target = || AtTarget::Holds(vec![there("9", shown.clone())]);
    let facts = |may_be_moved| Facts {
        expected: Some(&expected),
        may_be_moved,
        ..facts(has(), delivered(), target())
    };
    assert_eq!(verdict(&facts(false)), Verdict::Different);
    assert_eq!(verdict(&facts(true)), Verdict::Matched);
}

#[test]
fn content_in_another_form_is_not_compared() {
    let expected = json!({"billno": "A", "paid": "1"});
    let held = There { is_alike: false, ..there("9", json!({"billno": "A", "paid": "2"})) };
    let target = AtTarget::Holds(vec![held]);
    assert_eq!(
        verdict(&Facts { expected: Some(&expected), ..facts(has(), delivered(), target) }),
        Verdict::Matched
    );
}

#[test]
fn what_a_target_that_tells_nothing_was_sent_is_held_against_what_the_source_says_now() {
    let (sent, now) = (json!({"id": "W1-A", "stock_num": 20}), json!({"id": "W1-A", "stock_num": 25}));
    let facts = |on_its_way: Option<&str>, is_newer| Facts {
        expected: Some(&now),
        sent: Some(&sent),
        on_its_way: on_its_way.map(str::to_owned),
        ..facts(AtSource::Has { is_newer }, delivered(), AtTarget::NotRead("it cannot be asked".to_owned()))
    };
    let judged = |facts: &Facts<'_>| {
        let Judged { verdict, fields, .. } = facts.judge(&Tolerances::default());
        (verdict, fields.into_iter().map(|it| (it.field, it.there, it.now)).collect::<Vec<_>>())
    };
    let differs = vec![("stock_num".to_owned(), Some(json!(20)), Some(json!(25)))];
    assert_eq!(judged(&facts(None, true)), (Verdict::Different, differs.clone()));
    assert_eq!(judged(&facts(Some("2 documents wait"), true)), (Verdict::NotDue, differs), "it is in flight");
    assert_eq!(
        judged(&facts(None, false)),
        (Verdict::NotCompared, Vec::new()),
        "that it was sent is all that is known"
    );
}
