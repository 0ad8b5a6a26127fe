//! What the members of a group bring together.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::{Bill, Contribution, Member, Rules, Unsummable};

/// Lines of equal value, summed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sum {
    /// The fields that the lines have in common.
    pub(super) key: Map<String, Value>,
    /// What is summed, in the order of [`Rules::sums`].
    pub(super) amounts: Vec<Decimal>,
}

/// Lines by what they have in common.
pub(super) type Sums = BTreeMap<String, Sum>;

/// What the members of a group bring together: members and sums, so that its size follows theirs and not that of their
/// documents.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    pub(super) members: Vec<Member>,
    pub(super) sums: Sums,
    /// That of the member with the first key: the same whenever the group is gone through.
    pub(super) head: Option<Map<String, Value>>,
}

impl Tally {
    /// Adds a member.
    ///
    /// # Errors
    /// A line with an amount that is none, or a sum of more digits than are exact.
    pub fn add(&mut self, contribution: &Contribution, rules: &Rules) -> Result<(), Unsummable> {
        for line in &contribution.lines {
            add_line(&mut self.sums, line, rules, false)
                .map_err(|reason| Unsummable { member: contribution.key.clone(), reason })?;
        }
        if self.head.is_none() && !contribution.is_withdrawn {
            self.head = Some(contribution.head.clone());
        }
        self.members.push(Member {
            key: contribution.key.clone(),
            version: contribution.version.clone(),
            hash: contribution.hash(),
            is_withdrawn: contribution.is_withdrawn,
        });
        Ok(())
    }

    /// How many members it has that bring something.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.iter().filter(|member| !member.is_withdrawn).count()
    }

    /// Whether none of its members brings anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Adds the lines of a bill, with the sign that they have in the group.
pub(super) fn add_bill(sums: &mut Sums, bill: &Bill, rules: &Rules) -> Result<(), String> {
    bill.lines.iter().try_for_each(|line| add_line(sums, line, rules, bill.is_return))
}

fn add_line(
    sums: &mut Sums,
    line: &Map<String, Value>,
    rules: &Rules,
    is_negative: bool,
) -> Result<(), String> {
    let mut key = line.clone();
    for name in &rules.sums {
        key.shift_remove(name);
    }
    let id = Value::Object(key.clone()).to_string();
    let sum = sums.entry(id).or_insert_with(|| Sum { key, amounts: vec![Decimal::ZERO; rules.sums.len()] });
    for (name, total) in rules.sums.iter().zip(&mut sum.amounts) {
        let amount = amount(line, name)?;
        let addend = if is_negative { -amount } else { amount };
        *total = exact_sum(*total, addend).ok_or_else(|| {
            format!("`{name}`: the sum has more than 28 digits, which no amount has that is kept exact")
        })?;
    }
    Ok(())
}

fn amount(line: &Map<String, Value>, name: &str) -> Result<Decimal, String> {
    let text = match line.get(name) {
        None | Some(Value::Null) => return Ok(Decimal::ZERO),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    Decimal::from_str_exact(&text).map_err(|_| format!("`{name}` = \"{text}\" is no amount"))
}

/// `Decimal` rounds what does not fit its 28 digits; the scale tells that it did.
pub(super) fn exact_sum(left: Decimal, right: Decimal) -> Option<Decimal> {
    let (one, other) = (left.normalize(), right.normalize());
    let sum = left.checked_add(right)?;
    let is_exact = sum.is_zero() || sum.scale() >= one.scale().max(other.scale());
    is_exact.then_some(sum)
}
