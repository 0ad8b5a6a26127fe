//! The life of a document at its target: the bills that it has there, the steps that each takes, and what a newer version,
//! or the cancellation of its source, does to them.
//!
//! What is to be done next follows from what is there ([`next`]) and from nothing else. So a process that was killed, an
//! answer that was lost and a newer version in the middle of it all go on in the same way: look what is there, take the
//! next move.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::codec::packed;

/// A step in the life of a document at its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// 保存: it is there, and can be changed.
    Save,
    /// 提交: it waits to be audited.
    Submit,
    /// 审核: it counts, and cannot be changed.
    Audit,
    /// 反审核: it can be changed again.
    Unaudit,
    /// 删除: it is gone.
    Delete,
}

impl Step {
    /// As flow files and ledgers write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Save => "save",
            Self::Submit => "submit",
            Self::Audit => "audit",
            Self::Unaudit => "unaudit",
            Self::Delete => "delete",
        }
    }

    /// Where a bill stands after it.
    #[must_use]
    pub fn stage(self) -> Self {
        match self {
            Self::Unaudit => Self::Save,
            other => other,
        }
    }

    /// Whether a bill that stands here has taken that step.
    #[must_use]
    pub fn has_taken(self, step: Self) -> bool {
        match step {
            Self::Unaudit => self.rank() < Self::Audit.rank(),
            step => self.rank() >= step.rank(),
        }
    }

    /// How far a bill has come that stands here.
    fn rank(self) -> u8 {
        match self.stage() {
            Self::Submit => 1,
            Self::Audit => 2,
            _ => 0,
        }
    }
}

/// A bill that a document has, or had, at its target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bill {
    /// Our number of it; `None` where its form has no field for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The target's id of it, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_id: Option<String>,
    /// The place among the document's bills of the one that this one takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes_back: Option<usize>,
    /// The version of the document that it tells of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The hash of what the target has in it; empty where that is not known.
    pub body_hash: String,
    /// Where it stands; `None` while it is not known to be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Step>,
    /// When it came to stand there.
    pub at: DateTime<Utc>,
    /// What was sent in it, kept where it may have to be taken back.
    #[serde(default, with = "packed::optional", skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

impl Bill {
    /// Whether it is gone.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.stage == Some(Step::Delete)
    }

    /// The first of these steps that it has still to take; none while nobody knows whether it is there.
    #[must_use]
    pub fn next_of(&self, then: &[Step]) -> Option<Step> {
        let stage = self.stage?;
        then.iter().copied().find(|step| step.rank() > stage.rank())
    }

    /// What it is called in messages.
    #[must_use]
    pub fn named(&self) -> String {
        let number = self.number.as_deref().unwrap_or("without a number");
        let id = self.target_id.as_deref().unwrap_or("unknown");
        format!("{number} (id {id})")
    }
}

/// What may be done to a bill of which the source says something else by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing: a person is asked.
    Refuse,
    /// It is changed, or deleted, while it is not audited.
    WhileOpen,
    /// It is unaudited first, where it is audited.
    Reopen,
    /// A second bill takes it back, and a third takes its place.
    Offset,
}

/// What a document is to have at its target.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The hash of what its bill is to hold; `None` where it is to have no bill, because its source has cancelled it.
    pub body_hash: Option<&'a str>,
    /// The steps that a bill takes once it is saved.
    pub then: &'a [Step],
    /// What may be done to a bill that says something else.
    pub change: Change,
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// A bill of its own for what the document says.
    Make,
    /// A bill that takes back the one in that place.
    TakeBack(usize),
    /// The bill in that place is saved, or looked for where it may be there.
    Save(usize),
    /// The bill in that place is changed to what the document says.
    Change(usize),
    /// The bill in that place takes that step.
    Take(usize, Step),
    /// Nothing: the bill in that place says something else, and must not be changed.
    Refuse(usize),
    /// Nothing: all is as wanted.
    Nothing,
}

/// What is to be done next, by what a document has and is to have.
#[must_use]
pub fn next(bills: &[Bill], wanted: Wanted<'_>) -> Move {
    // What takes a bill back is finished first, whatever the document says by now.
    let halfway = |bill: &Bill| bill.stage.is_none() || bill.next_of(wanted.then).is_some();
    let red = bills.iter().position(|bill| bill.takes_back.is_some() && !bill.is_gone() && halfway(bill));
    if let Some(place) = red {
        // Where its flow has bills take more steps than it did, the one that is taken back takes them first: what counts would be
        // taken back otherwise without having counted.
        let of = bills[place].takes_back.and_then(|of| Some((of, bills.get(of)?)));
        let before = of
            .filter(|(_, bill)| !bill.is_gone())
            .and_then(|(of, bill)| Some((of, bill.next_of(wanted.then)?)));
        return match before {
            Some((of, step)) => Move::Take(of, step),
            None => onwards(place, &bills[place], wanted.then),
        };
    }
    let Some(place) = standing(bills) else {
        return wanted.body_hash.map_or(Move::Nothing, |_| Move::Make);
    };
    let bill = &bills[place];
    let Some(stage) = bill.stage else { return Move::Save(place) };
    if wanted.body_hash == Some(bill.body_hash.as_str()) {
        return onwards(place, bill, wanted.then);
    }
    match (wanted.change, stage.rank() > Step::Submit.rank()) {
        (Change::Refuse, _) | (Change::WhileOpen, true) => Move::Refuse(place),
        (Change::Reopen, true) => Move::Take(place, Step::Unaudit),
        (Change::WhileOpen | Change::Reopen, false) => match wanted.body_hash {
            Some(_) => Move::Change(place),
            None => Move::Take(place, Step::Delete),
        },
        // What is taken back must count first, or the books would have it once, negative.
        (Change::Offset, _) => {
            bill.next_of(wanted.then).map_or(Move::TakeBack(place), |step| Move::Take(place, step))
        }
    }
}

/// The place of the bill that tells what the document says: neither gone nor taken back.
#[must_use]
pub fn standing(bills: &[Bill]) -> Option<usize> {
    let is_taken_back = |place| bills.iter().any(|bill| bill.takes_back == Some(place) && !bill.is_gone());
    let stands = |place: &usize| {
        let bill = &bills[*place];
        bill.takes_back.is_none() && !bill.is_gone() && !is_taken_back(*place)
    };
    (0..bills.len()).rev().find(stands)
}

fn onwards(place: usize, bill: &Bill, then: &[Step]) -> Move {
    match (bill.stage, bill.next_of(then)) {
        (None, _) => Move::Save(place),
        (Some(_), Some(step)) => Move::Take(place, step),
        (Some(_), None) => Move::Nothing,
    }
}

/// The number of a bill beside those that a document has already: `X-R1` takes one back, `X-B2` takes its place.
#[must_use]
pub fn numbered(number: &str, bills: &[Bill], takes_back: bool) -> String {
    match (bills.iter().filter(|bill| !bill.is_gone()).count(), takes_back) {
        (0, _) => number.to_owned(),
        (count, true) => format!("{number}-R{count}"),
        (count, false) => format!("{number}-B{count}"),
    }
}

#[cfg(test)]
mod tests;
