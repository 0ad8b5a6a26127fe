use std::collections::BTreeMap;

use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::super::{Contribution, tally::Sums};
use super::*;

fn rules(difference: Difference, max_lines: usize) -> Rules {
    Rules { sums: vec!["qty".to_owned(), "amount".to_owned()], max_lines, difference }
}

fn line(good: &str, qty: &str, amount: &str) -> Map<String, Value> {
    json!({"good": good, "qty": qty, "amount": amount}).as_object().unwrap().clone()
}

fn order(key: &str, lines: &[Map<String, Value>]) -> Contribution {
    Contribution {
        key: key.to_owned(),
        version: Some("1".to_owned()),
        received_at: DateTime::UNIX_EPOCH,
        head: json!({"customer": "S1"}).as_object().unwrap().clone(),
        lines: lines.to_vec(),
        is_withdrawn: false,
    }
}

fn withdrawn(key: &str) -> Contribution {
    Contribution::withdrawn(key, Some("2"), DateTime::UNIX_EPOCH)
}

fn sealed(members: &[Contribution], before: &[Seal], rules: &Rules) -> Option<Seal> {
    let mut tally = Tally::default();
    members.iter().for_each(|member| tally.add(member, rules).unwrap());
    seal(&GroupId::new("f", "G"), &tally, before, rules, DateTime::UNIX_EPOCH).unwrap()
}

/// The bills as `name: good qty amount, …`.
fn told(seal: Option<&Seal>) -> Vec<String> {
    let text = |line: &Map<String, Value>, name: &str| line[name].as_str().unwrap().to_owned();
    let line = |line: &Map<String, Value>| ["good", "qty", "amount"].map(|name| text(line, name)).join(" ");
    let bill = |bill: &Bill| {
        format!("{}: {}", bill.name, bill.lines.iter().map(line).collect::<Vec<_>>().join(", "))
    };
    seal.iter().flat_map(|seal| &seal.bills).map(bill).collect()
}

#[test]
fn lines_of_equal_value_are_summed_over_all_members() {
    let members = [
        order("T1", &[line("A", "1", "10.10"), line("B", "2", "5.00")]),
        order("T2", &[line("A", "3", "30.05"), line("A", "1", "0")]),
    ];
    let seal = sealed(&members, &[], &rules(Difference::Supplement, 500));
    assert_eq!(told(seal.as_ref()), ["G-1: A 5 40.15, B 2 5.00"]);
    let keys: Vec<_> = seal.unwrap().members.into_iter().map(|member| member.key).collect();
    assert_eq!(keys, ["T1", "T2"]);
}

#[test]
fn what_a_seal_holds_makes_no_other() {
    let members = [order("T1", &[line("A", "1", "10")]), withdrawn("T2")];
    let rules = rules(Difference::Supplement, 500);
    let first = sealed(&members, &[], &rules).unwrap();
    assert_eq!(first.members.len(), 1, "what was withdrawn before it was sealed is no member");
    assert_eq!(sealed(&members, &[first], &rules), None);
}

#[test]
fn late_changed_and_withdrawn_members_make_the_difference() {
    let first = [order("T1", &[line("A", "5", "50")]), order("T2", &[line("B", "2", "20")])];
    let now = [order("T1", &[line("A", "3", "30")]), withdrawn("T2"), order("T3", &[line("C", "1", "7")])];
    for (difference, expected) in [
        (Difference::Supplement, vec!["G-2: A -2 -20, B -2 -20, C 1 7"]),
        (Difference::Red, vec!["G-2: C 1 7", "G-2-R: A -2 -20, B -2 -20"]),
        (Difference::Return, vec!["G-2: C 1 7", "G-2-R: A 2 20, B 2 20"]),
    ] {
        let rules = rules(difference, 500);
        let seal_one = sealed(&first, &[], &rules).unwrap();
        let seal_two = sealed(&now, std::slice::from_ref(&seal_one), &rules);
        assert_eq!(told(seal_two.as_ref()), expected);
        assert_eq!(seal_two.as_ref().unwrap().members.len(), 3);
        assert_eq!(sealed(&now, &[seal_one, seal_two.unwrap()], &rules), None, "a difference of nothing");
    }
}

#[test]
fn a_line_of_another_price_is_taken_back_and_stands_anew() {
    let rules = rules(Difference::Supplement, 500);
    let first = sealed(&[order("T1", &[line("A", "5", "50")])], &[], &rules).unwrap();
    let cheaper = sealed(&[order("T1", &[line("A", "5", "45")])], &[first], &rules);
    assert_eq!(told(cheaper.as_ref()), ["G-2: A -5 -50, A 5 45"]);
}

#[test]
fn a_change_that_sums_up_to_the_same_is_sealed_without_a_bill() {
    let rules = rules(Difference::Supplement, 500);
    let first = sealed(&[order("T1", &[line("A", "5", "50")]), order("T2", &[])], &[], &rules).unwrap();
    let moved = [order("T1", &[line("A", "2", "20")]), order("T2", &[line("A", "3", "30")])];
    let second = sealed(&moved, std::slice::from_ref(&first), &rules).unwrap();
    assert_eq!((second.members.len(), second.bills.len()), (2, 0));
    assert_eq!(sealed(&moved, &[first, second], &rules), None);
}

#[test]
fn more_lines_than_a_bill_takes_are_several_bills() {
    let lines: Vec<_> = ["A", "B", "C", "D", "E"].map(|good| line(good, "1", "1")).to_vec();
    let seal = sealed(&[order("T1", &lines)], &[], &rules(Difference::Red, 2));
    assert_eq!(told(seal.as_ref()), ["G-1.1: A 1 1, B 1 1", "G-1.2: C 1 1, D 1 1", "G-1.3: E 1 1"]);
}

#[test]
fn an_amount_that_is_none_is_told_with_its_member() {
    let mut tally = Tally::default();
    let error = tally.add(&order("T9", &[line("A", "1", "ten")]), &rules(Difference::Red, 2)).unwrap_err();
    assert_eq!(error.to_string(), "T9: `amount` = \"ten\" is no amount");
}

/// What all bills of all seals come to, by good.
fn billed(seals: &[Seal], rules: &Rules) -> Sums {
    let mut sums = Sums::new();
    seals.iter().flat_map(|seal| &seal.bills).for_each(|bill| add_bill(&mut sums, bill, rules).unwrap());
    sums.retain(|_, sum| sum.amounts.iter().any(|amount| !amount.is_zero()));
    sums
}

fn member() -> impl Strategy<Value = (u8, Vec<(u8, i64, i64)>)> {
    (0_u8..12, prop::collection::vec((0_u8..5, -20_i64..100, -2_000_i64..100_000), 0..4))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_late_changes_or_is_withdrawn_the_bills_come_to_what_the_members_bring(
        turns in prop::collection::vec(prop::collection::vec(member(), 0..6), 1..6),
        difference in prop::sample::select(&[Difference::Supplement, Difference::Red, Difference::Return]),
        max_lines in 1_usize..6,
    ) {
        let rules = rules(difference, max_lines);
        let (mut members, mut seals) = (BTreeMap::new(), Vec::<Seal>::new());
        for turn in turns {
            for (key, lines) in turn {
                let key = format!("T{key:02}");
                let lines: Vec<_> = lines
                    .iter()
                    .map(|(good, qty, cents)| line(&good.to_string(), &qty.to_string(), &Decimal::new(*cents, 2).to_string()))
                    .collect();
                let contribution = if lines.is_empty() { withdrawn(&key) } else { order(&key, &lines) };
                members.insert(key, contribution);
            }
            let now: Vec<_> = members.values().cloned().collect();
            seals.extend(sealed(&now, &seals, &rules));
            prop_assert!(sealed(&now, &seals, &rules).is_none(), "nothing is left over");
            let mut tally = Tally::default();
            now.iter().for_each(|member| tally.add(member, &rules).unwrap());
            tally.sums.retain(|_, sum| sum.amounts.iter().any(|amount| !amount.is_zero()));
            prop_assert_eq!(billed(&seals, &rules), tally.sums);
        }
        prop_assert!(seals.iter().flat_map(|seal| &seal.bills).all(|bill| bill.lines.len() <= max_lines && !bill.lines.is_empty()));
    }
}
