//! What three sides say of one document of the target, judged. Pure.

use relay_connector::{Document, Repeat, There};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::compare::{By, Differing, differing};
use crate::tolerance::Tolerances;

/// What a document comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All sides say the same.
    Matched,
    /// It is to be in the target, and is not.
    Missing,
    /// The target has it, and nothing here says that it should.
    Extra,
    /// The target has it more than once.
    Doubled,
    /// The target holds something else.
    Different,
    /// It may still be on its way.
    NotDue,
    /// The sides differ, and it is known why.
    Explained,
    /// A side could not be asked.
    NotCompared,
}

impl Verdict {
    /// Whether it is what a reconciliation looks for.
    #[must_use]
    pub fn is_difference(self) -> bool {
        matches!(self, Self::Missing | Self::Extra | Self::Doubled | Self::Different)
    }

    /// In words.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Doubled => "doubled",
            Self::Different => "different",
            Self::NotDue => "not due yet",
            Self::Explained => "explained",
            Self::NotCompared => "not compared",
        }
    }
}

/// What the source says of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum AtSource {
    /// It has it.
    Has {
        /// Whether in a newer version than the one that was delivered.
        is_newer: bool,
    },
    /// It has it, and the flow does not take it, for this reason.
    NotTaken(String),
    /// It shows it no more among what changed on that day, or in the state that the flow asks for.
    MovedOn,
    /// It was not asked: it cannot be, or the document is a bill of ours.
    NotAsked,
}

/// What our ledger says of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum InLedger {
    /// Nothing.
    Nothing,
    /// The target has taken it.
    Delivered {
        /// When, in China time.
        at: String,
        /// Under which id of the target's.
        id: Option<String>,
    },
    /// Why the target is not to have it, or to have something else: it failed, a person has settled it, it waits.
    Explains(String),
}

/// What the target says of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum AtTarget {
    /// It holds these.
    Holds(Vec<There>),
    /// It cannot be asked, or did not answer.
    NotRead(String),
    /// Nobody asked, because what it says would change nothing.
    NotAsked,
}

/// What three sides say of one document of the target.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// What it is there.
    pub document: &'static Document,
    /// The source's side.
    pub source: AtSource,
    /// Ours.
    pub ledger: InLedger,
    /// The target's.
    pub target: AtTarget,
    /// What the target is to hold, where that is known.
    pub expected: Option<&'a Value>,
    /// What it was sent last, where that is known.
    pub sent: Option<&'a Value>,
    /// Why it may still be on its way; `None`: it is due.
    pub on_its_way: Option<String>,
    /// Whether it may stand under another date than its own, because books were closed.
    pub may_be_moved: bool,
}

/// A document, judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// What it comes to.
    pub verdict: Verdict,
    /// Why, where that says something.
    pub why: Option<String>,
    /// The fields that differ.
    pub fields: Vec<Differing>,
}

impl Judged {
    fn plain(verdict: Verdict) -> Self {
        Self { verdict, why: None, fields: Vec::new() }
    }

    pub(crate) fn why(verdict: Verdict, why: impl Into<String>) -> Self {
        Self { verdict, why: Some(why.into()), fields: Vec::new() }
    }
}

impl Facts<'_> {
    /// What the document comes to.
    #[must_use]
    pub fn judge(&self, tolerances: &Tolerances) -> Judged {
        match &self.target {
            // A vendor that keeps one document of each number shows several where it has split that.
            AtTarget::Holds(held) if held.len() > 1 && self.document.repeat() != Repeat::Replaces => {
                let ids: Vec<_> = held.iter().map(|there| there.id.as_str()).collect();
                Judged::why(Verdict::Doubled, format!("it is there {} times: {}", held.len(), ids.join(", ")))
            }
            AtTarget::Holds(held) => match held.first() {
                Some(there) => self.present(there, tolerances),
                None => self.absent(),
            },
            AtTarget::NotAsked => self.absent(),
            AtTarget::NotRead(why) => match self.absent() {
                Judged { verdict: Verdict::Missing, .. } if self.was_delivered() => self.unread(why),
                other => other,
            },
        }
    }

    /// A target that does not tell what it holds was sent something all the same: that is what the source is held against. Where
    /// the two agree, it was delivered, and more is not known.
    fn unread(&self, why: &str) -> Judged {
        if self.source != (AtSource::Has { is_newer: true }) {
            return Judged::why(Verdict::NotCompared, why);
        }
        self.never_handed_over(match (self.sent, self.expected) {
            (Some(sent), Some(now)) => differing(sent, now, By::Text),
            _ => Vec::new(),
        })
    }

    /// The source has a newer version, which differs so: it is in flight, or was lost sight of.
    fn never_handed_over(&self, fields: Vec<Differing>) -> Judged {
        let judged = match &self.on_its_way {
            Some(why) => Judged::why(Verdict::NotDue, why.as_str()),
            None => {
                Judged::why(Verdict::Different, "the source has a newer version, which was never handed over")
            }
        };
        Judged { fields, ..judged }
    }

    fn was_delivered(&self) -> bool {
        matches!(self.ledger, InLedger::Delivered { .. })
    }

    fn absent(&self) -> Judged {
        if let AtSource::NotTaken(why) = &self.source {
            return Judged::why(Verdict::Explained, why.as_str());
        }
        match (&self.ledger, &self.on_its_way) {
            (InLedger::Explains(why), _) => Judged::why(Verdict::Explained, why.as_str()),
            (InLedger::Delivered { at, id }, _) => {
                let id = id.as_ref().map(|id| format!(" as {id}")).unwrap_or_default();
                let why = format!("it was delivered on {at}{id}, and the target does not have it any more");
                Judged::why(Verdict::Missing, why)
            }
            (InLedger::Nothing, Some(why)) => Judged::why(Verdict::NotDue, why.as_str()),
            (InLedger::Nothing, None) => {
                Judged::why(Verdict::Missing, "the source has it, and has never handed it over")
            }
        }
    }

    fn present(&self, there: &There, tolerances: &Tolerances) -> Judged {
        match (&self.source, &self.ledger) {
            (AtSource::NotTaken(why), InLedger::Nothing) => {
                return Judged::why(
                    Verdict::Extra,
                    format!("the target has it (id {}), although {why}", there.id),
                );
            }
            (AtSource::NotTaken(why), _) | (_, InLedger::Explains(why)) => {
                return Judged::why(Verdict::Explained, why.as_str());
            }
            (AtSource::Has { is_newer: true }, _) => {
                return self.never_handed_over(self.differing(there, tolerances));
            }
            _ => {}
        }
        match self.differing(there, tolerances) {
            fields if fields.is_empty() => Judged::plain(Verdict::Matched),
            fields => Judged { fields, ..Judged::plain(Verdict::Different) },
        }
    }

    fn differing(&self, there: &There, tolerances: &Tolerances) -> Vec<Differing> {
        let Some(expected) = self.expected.filter(|_| there.is_alike) else { return Vec::new() };
        let mut fields = differing(&there.shown, expected, By::Value(self.document.same));
        let dated = self.document.push.and_then(|push| push.dated).filter(|_| self.may_be_moved);
        let is_of_its_own = |name: &str| {
            let is = |other: Option<&'static str>| other.is_some_and(|other| self.is_same(name, other));
            is(self.document.number()) || is(dated.map(|it| it.date)) || is(dated.map(|it| it.remark))
        };
        fields.retain(|field| {
            !is_of_its_own(&field.field) && !tolerances.takes(field, &self.document.measures)
        });
        fields
    }

    fn is_same(&self, one: &str, other: &str) -> bool {
        let pair = |(left, right): &(&str, &str)| [(*left, *right), (*right, *left)].contains(&(one, other));
        one == other || self.document.same.iter().any(pair)
    }
}

#[cfg(test)]
mod tests;
