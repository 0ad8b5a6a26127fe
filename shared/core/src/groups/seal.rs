//! What a seal holds: the difference between what the members bring now and what was sealed before, as bills. Pure.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::tally::{Sum, Sums, add_bill, exact_sum};
use super::{Bill, GroupId, Member, Seal, Tally};
use crate::ordered;

/// How a flow's groups become bills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The fields of a line that are summed, the quantity first; all others are what lines of equal value have in common.
    pub sums: Vec<String>,
    /// More lines than these are several bills.
    pub max_lines: usize,
    /// What becomes of lines that take back what was sealed.
    pub difference: Difference,
}

/// What becomes of lines that take back what an earlier seal holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// They stand in the supplement, negative, beside what came in addition.
    Supplement,
    /// They are a red bill, with negative quantities and amounts.
    Red,
    /// They are a return document, with positive ones.
    Return,
}

/// A group that cannot be summed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{member}: {reason}")]
pub struct Unsummable {
    /// The key of the member, or the name of the bill.
    pub member: String,
    /// Why.
    pub reason: String,
}

/// What the next seal of a group holds; `None` where its members bring what its seals hold, in the same versions.
///
/// # Errors
/// Sums that are not exact.
pub fn seal(
    group: &GroupId,
    tally: &Tally,
    sealed: &[Seal],
    rules: &Rules,
    at: DateTime<Utc>,
) -> Result<Option<Seal>, Unsummable> {
    let members = changed(&tally.members, sealed);
    if members.is_empty() {
        return Ok(None);
    }
    let mut before = Sums::new();
    for bill in sealed.iter().flat_map(|seal| &seal.bills) {
        add_bill(&mut before, bill, rules)
            .map_err(|reason| Unsummable { member: bill.name.clone(), reason })?;
    }
    let number = sealed.iter().map(|seal| seal.number).max().unwrap_or_default() + 1;
    let lines = difference(&before, &tally.sums)
        .ok_or_else(|| Unsummable { member: group.group.clone(), reason: "a sum is not exact".to_owned() })?;
    let last_head = sealed.iter().rev().flat_map(|seal| &seal.bills).map(|bill| &bill.head).next();
    let head = tally.head.as_ref().or(last_head).cloned().unwrap_or_default();
    let bills = bills(&format!("{}-{number}", group.group), &head, &lines, rules);
    Ok(Some(Seal { number, at, members, bills, is_queued: false }))
}

/// The members whose contribution no seal holds as it is now.
fn changed(members: &[Member], sealed: &[Seal]) -> Vec<Member> {
    // A later seal tells the later state.
    let known: HashMap<_, _> =
        sealed.iter().flat_map(|seal| &seal.members).map(|member| (&member.key, member)).collect();
    let is_news = |member: &&Member| match known.get(&member.key) {
        Some(known) => known.hash != member.hash,
        None => !member.is_withdrawn,
    };
    members.iter().filter(is_news).cloned().collect()
}

/// A line of the difference, and whether it takes back what was sealed.
struct Line {
    key: Map<String, Value>,
    amounts: Vec<Decimal>,
    takes_back: bool,
}

fn difference(before: &Sums, now: &Sums) -> Option<Vec<Line>> {
    let mut lines = Vec::new();
    let ids = ordered::set(before.keys().chain(now.keys()));
    for id in ids {
        match (before.get(id), now.get(id)) {
            (None, Some(Sum { key, amounts })) => {
                lines.push(Line { key: key.clone(), amounts: amounts.clone(), takes_back: false });
            }
            (Some(Sum { key, amounts }), None) => lines.extend(taken_back(key, amounts)),
            (Some(before), Some(now)) => lines.extend(moved(before, now)?),
            (None, None) => {}
        }
    }
    // What comes to nothing is no line, such as a good whose members are all withdrawn.
    lines.retain(|line| line.amounts.iter().any(|amount| !amount.is_zero()));
    Some(lines)
}

fn taken_back(key: &Map<String, Value>, amounts: &[Decimal]) -> Option<Line> {
    let amounts = amounts.iter().map(|amount| -*amount).collect();
    Some(Line { key: key.clone(), amounts, takes_back: true })
}

/// One line where more or less of the same came; where the price is another, what was is taken back, and what is stands anew:
/// a line without quantity is none that a target takes.
fn moved(before: &Sum, now: &Sum) -> Option<Vec<Line>> {
    let moved: Option<Vec<_>> =
        now.amounts.iter().zip(&before.amounts).map(|(now, before)| exact_sum(*now, -*before)).collect();
    let moved = moved?;
    let Some(quantity) = moved.first().copied() else { return Some(Vec::new()) };
    let goes_along = |(place, amount): (usize, &Decimal)| {
        let is_free = now.amounts[place].is_zero() && before.amounts[place].is_zero();
        is_free || (!amount.is_zero() && amount.is_sign_negative() == quantity.is_sign_negative())
    };
    if moved.iter().all(Decimal::is_zero) {
        return Some(Vec::new());
    }
    if !quantity.is_zero() && moved.iter().enumerate().all(goes_along) {
        let was = before.amounts.first().copied().unwrap_or_default();
        let takes_back = !was.is_zero() && was.is_sign_negative() != quantity.is_sign_negative();
        return Some(vec![Line { key: now.key.clone(), amounts: moved, takes_back }]);
    }
    let anew = Line { key: now.key.clone(), amounts: now.amounts.clone(), takes_back: false };
    Some(taken_back(&before.key, &before.amounts).into_iter().chain([anew]).collect())
}

fn bills(name: &str, head: &Map<String, Value>, lines: &[Line], rules: &Rules) -> Vec<Bill> {
    let is_apart = rules.difference != Difference::Supplement;
    let (back, forth): (Vec<_>, Vec<_>) = lines.iter().partition(|line| is_apart && line.takes_back);
    let is_return = rules.difference == Difference::Return;
    let forth = chunks(name, "", &forth, head, rules, false);
    forth.into_iter().chain(chunks(name, "-R", &back, head, rules, is_return)).collect()
}

fn chunks(
    name: &str,
    suffix: &str,
    lines: &[&Line],
    head: &Map<String, Value>,
    rules: &Rules,
    is_return: bool,
) -> Vec<Bill> {
    let parts: Vec<_> = lines.chunks(rules.max_lines.max(1)).collect();
    let is_single = parts.len() == 1;
    let bill = |(place, lines): (usize, &[&Line])| Bill {
        name: if is_single { format!("{name}{suffix}") } else { format!("{name}.{}{suffix}", place + 1) },
        is_return,
        head: head.clone(),
        lines: lines.iter().map(|line| line.written(rules, is_return)).collect(),
    };
    parts.into_iter().enumerate().map(bill).collect()
}

impl Line {
    fn written(&self, rules: &Rules, is_return: bool) -> Map<String, Value> {
        let mut written = self.key.clone();
        for (name, amount) in rules.sums.iter().zip(&self.amounts) {
            let amount = if is_return { -*amount } else { *amount };
            let amount = if amount.is_zero() { Decimal::ZERO } else { amount };
            written.insert(name.clone(), Value::String(amount.to_string()));
        }
        written
    }
}

#[cfg(test)]
mod tests;
