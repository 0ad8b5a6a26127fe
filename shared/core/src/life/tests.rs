use serde_json::json;

use super::*;

const THEN: &[Step] = &[Step::Audit];

/// A target with one rule: what is audited is not changed and not deleted. It counts what is done with it.
#[derive(Default)]
struct World {
    bills: Vec<Bill>,
    audits: usize,
}

fn bill(hash: &str, stage: Option<Step>) -> Bill {
    Bill {
        number: Some("X".to_owned()),
        target_id: stage.map(|_| "1".to_owned()),
        takes_back: None,
        version: None,
        body_hash: hash.to_owned(),
        stage,
        at: DateTime::UNIX_EPOCH,
        body: Some(json!({})),
    }
}

fn wanted<'a>(hash: Option<&'a str>, then: &'a [Step], change: Change) -> Wanted<'a> {
    Wanted { body_hash: hash, then, change }
}

/// A flow that audits now did not when one bill was taken back for another: both were saved alone.
#[test]
fn what_is_taken_back_counts_before_what_takes_it_back() {
    let red = Bill { takes_back: Some(0), ..bill("", Some(Step::Save)) };
    let bills = vec![bill("1", Some(Step::Save)), red, bill("2", Some(Step::Save))];
    let mut world = World { bills, audits: 0 };
    let mut order = Vec::new();
    loop {
        match next(&world.bills, wanted(Some("2"), THEN, Change::Offset)) {
            Move::Nothing => break,
            Move::Take(place, step) => {
                order.push(place);
                world.take(Move::Take(place, step), "2");
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(order, [0, 1, 2]);
}

impl World {
    fn take(&mut self, to_do: Move, hash: &str) {
        match to_do {
            Move::Make => {
                let number = Some(numbered("X", &self.bills, false));
                self.bills.push(Bill { number, ..bill(hash, Some(Step::Save)) });
            }
            Move::TakeBack(place) => {
                let number = Some(numbered("X", &self.bills, true));
                self.bills.push(Bill { number, takes_back: Some(place), ..bill("", Some(Step::Save)) });
            }
            Move::Save(place) => self.bills[place].stage = Some(Step::Save),
            Move::Change(place) => {
                assert_ne!(self.bills[place].stage, Some(Step::Audit), "what is audited is not changed");
                self.bills[place].stage = Some(Step::Save);
                hash.clone_into(&mut self.bills[place].body_hash);
            }
            Move::Take(place, step) => {
                let stage = self.bills[place].stage;
                let is_audited = stage == Some(Step::Audit);
                assert_eq!(is_audited, step == Step::Unaudit, "{step:?} of what is {stage:?}");
                self.audits += usize::from(step == Step::Audit);
                self.bills[place].stage = Some(step.stage());
            }
            Move::Refuse(_) | Move::Nothing => panic!("nothing is to be done"),
        }
    }

    /// Moves on until there is nothing to do, or nothing may be done.
    fn settle(&mut self, wanted: Wanted<'_>) -> Move {
        for _ in 0..20 {
            match next(&self.bills, wanted) {
                end @ (Move::Nothing | Move::Refuse(_)) => return end,
                to_do => self.take(to_do, wanted.body_hash.unwrap_or_default()),
            }
        }
        panic!("no end: {:?}", self.bills)
    }
}

/// Whatever stands there, in whatever stage, after whatever was begun before: the document's bill ends whole, and nothing else
/// counts.
#[test]
fn from_every_state_the_moves_end_with_one_whole_bill_of_what_the_document_says() {
    let stages = [None, Some(Step::Save), Some(Step::Submit), Some(Step::Audit), Some(Step::Delete)];
    let mut tried = 0;
    for change in [Change::Reopen, Change::Offset] {
        for first in stages {
            for red in [None, Some(None), Some(Some(Step::Save)), Some(Some(Step::Audit))] {
                // Only what counts is taken back; a person may delete it all the same.
                if red.is_some() && !matches!(first, Some(Step::Audit | Step::Delete)) {
                    continue;
                }
                for hash in ["h1", "h2"] {
                    let mut world = World { bills: vec![bill(hash, first)], audits: 0 };
                    if let Some(stage) = red {
                        world.bills.push(Bill { takes_back: Some(0), ..bill("", stage) });
                    }
                    let wanted = wanted(Some("h2"), THEN, change);
                    // One that was planned and never sent says what is wanted as soon as it is.
                    if first.is_none() {
                        "h2".clone_into(&mut world.bills[0].body_hash);
                    }
                    assert_eq!(world.settle(wanted), Move::Nothing);
                    let place = standing(&world.bills).unwrap();
                    let stands = &world.bills[place];
                    assert_eq!((stands.body_hash.as_str(), stands.stage), ("h2", Some(Step::Audit)));
                    let blue = |bill: &&Bill| bill.takes_back.is_none() && bill.stage == Some(Step::Audit);
                    let red = |bill: &&Bill| bill.takes_back.is_some() && bill.stage == Some(Step::Audit);
                    let of_gone = world
                        .bills
                        .iter()
                        .filter(|bill| bill.takes_back.is_some_and(|place| world.bills[place].is_gone()));
                    let reds = world.bills.iter().filter(red).count() - of_gone.count();
                    assert_eq!(world.bills.iter().filter(blue).count(), reds + 1, "{:?}", world.bills);
                    tried += 1;
                }
            }
        }
    }
    assert_eq!(tried, 2 * (5 + 3 * 2) * 2);
}

#[test]
fn what_is_audited_is_changed_only_where_the_flow_reopens_it() {
    let audited = [bill("h1", Some(Step::Audit))];
    let next = |change| next(&audited, wanted(Some("h2"), THEN, change));
    assert_eq!(next(Change::Refuse), Move::Refuse(0));
    assert_eq!(next(Change::WhileOpen), Move::Refuse(0));
    assert_eq!(next(Change::Reopen), Move::Take(0, Step::Unaudit));
    assert_eq!(next(Change::Offset), Move::TakeBack(0));
}

#[test]
fn what_is_not_audited_is_changed_or_finished_before_it_is_taken_back() {
    let saved = [bill("h1", Some(Step::Save))];
    let next = |change| next(&saved, wanted(Some("h2"), THEN, change));
    assert_eq!(next(Change::Refuse), Move::Refuse(0));
    assert_eq!(next(Change::WhileOpen), Move::Change(0));
    assert_eq!(next(Change::Reopen), Move::Change(0));
    assert_eq!(next(Change::Offset), Move::Take(0, Step::Audit));
}

#[test]
fn what_is_cancelled_ends_with_nothing_that_counts() {
    let audited = || World { bills: vec![bill("h1", Some(Step::Audit))], audits: 0 };
    let settle = |change| {
        let mut world = audited();
        (world.settle(wanted(None, THEN, change)), world)
    };
    assert_eq!(settle(Change::Refuse).0, Move::Refuse(0));
    assert_eq!(settle(Change::WhileOpen).0, Move::Refuse(0), "deleted while it is not audited alone");
    let (end, world) = settle(Change::Reopen);
    assert_eq!((end, world.bills[0].stage), (Move::Nothing, Some(Step::Delete)));
    let (end, world) = settle(Change::Offset);
    assert_eq!((end, world.bills.len(), world.audits), (Move::Nothing, 2, 1));
    assert_eq!(standing(&world.bills), None);
    assert_eq!(next(&[], wanted(None, THEN, Change::Refuse)), Move::Nothing, "there was none");
}

#[test]
fn the_steps_of_a_flow_are_taken_in_order_and_those_that_are_taken_not_again() {
    let both = &[Step::Submit, Step::Audit];
    let next = |stage| next(&[bill("h", Some(stage))], wanted(Some("h"), both, Change::Refuse));
    assert_eq!(next(Step::Save), Move::Take(0, Step::Submit));
    assert_eq!(next(Step::Submit), Move::Take(0, Step::Audit));
    assert_eq!(next(Step::Audit), Move::Nothing);
}

#[test]
fn bills_are_numbered_by_what_they_are_and_how_many_there_are() {
    let mut world = World { bills: vec![bill("h0", Some(Step::Audit))], audits: 0 };
    for hash in ["h1", "h2"] {
        world.settle(wanted(Some(hash), THEN, Change::Offset));
    }
    let numbers: Vec<_> = world.bills.iter().map(|bill| bill.number.as_deref().unwrap()).collect();
    assert_eq!(numbers, ["X", "X-R1", "X-B2", "X-R3", "X-B4"]);
    // The number of what is gone is free again.
    assert_eq!(numbered("X", &[bill("h", Some(Step::Delete))], false), "X");
}

#[test]
fn a_bill_is_read_as_it_was_written() {
    let written = serde_json::to_string(&bill("h", Some(Step::Audit))).unwrap();
    assert_eq!(serde_json::from_str::<Bill>(&written).unwrap(), bill("h", Some(Step::Audit)));
    let bare = r#"{"body_hash":"h","at":"1970-01-01T00:00:00Z"}"#;
    let read: Bill = serde_json::from_str(bare).unwrap();
    assert_eq!((read.stage, read.body), (None, None));
}
