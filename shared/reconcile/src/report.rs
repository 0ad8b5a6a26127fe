//! What a day of a flow comes to.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use relay_core::EntryId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::compare::Differing;
use crate::sum::{Place, Sum};
use crate::verdict::{Judged, Verdict};

/// What a day of a flow comes to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Day {
    /// The flow.
    pub flow: String,
    /// The day, in China.
    pub day: NaiveDate,
    /// When it was compared.
    pub at: DateTime<Utc>,
    /// How it stands.
    pub standing: Standing,
    /// What the source says, as the flow makes it of what the source shows today; `None` where it was not asked.
    pub source: Option<Sum>,
    /// What our ledger holds.
    pub ledger: Option<Sum>,
    /// What the target holds; `None` where it was not asked.
    pub target: Option<Sum>,
    /// The same by shop and warehouse.
    pub places: Vec<OfPlace>,
    /// How many documents came to what.
    pub counts: BTreeMap<Verdict, u64>,
    /// How many are explained, by why.
    pub explained: BTreeMap<String, u64>,
    /// The documents that are not matched, differences first.
    pub documents: Vec<Compared>,
    /// Why something was not compared.
    pub not_compared: Vec<String>,
    /// What is to be known of it besides.
    pub notes: Vec<String>,
    /// So many documents our ledger had of it when a function had not the time for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub too_large: Option<u64>,
}

/// How a day stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// All sides say the same, or it is known why not.
    Equal,
    /// Something could not be compared, and nothing that could be differs.
    NotCompared,
    /// They differ.
    Different,
}

/// The sides of a shop and a warehouse.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfPlace {
    /// Which.
    #[serde(flatten)]
    pub place: Place,
    /// What the source's documents come to.
    pub source: Sum,
    /// What those of our ledger come to.
    pub ledger: Sum,
    /// What those of the target come to.
    pub target: Sum,
}

/// One document that is not matched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// Its key; of what the target alone has, its number there.
    pub key: String,
    /// Our number of it in the target.
    pub number: Option<String>,
    /// What it comes to.
    pub verdict: Verdict,
    /// Why, where that says something.
    pub why: Option<String>,
    /// The fields that differ: what stands there, and what should.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Differing>,
    /// Its shop and warehouse.
    #[serde(flatten)]
    pub place: Place,
    /// The source's document, where it can be sent from there.
    #[serde(skip)]
    pub origin: Option<Value>,
}

/// What the three sides of one document come to.
#[derive(Debug, Default)]
pub(crate) struct Sides {
    pub(crate) source: Option<Sum>,
    pub(crate) ledger: Option<Sum>,
    pub(crate) target: Option<Sum>,
}

impl Day {
    pub(crate) fn new(flow: &str, day: NaiveDate, at: DateTime<Utc>) -> Self {
        Self {
            flow: flow.to_owned(),
            day,
            at,
            standing: Standing::Equal,
            source: None,
            ledger: Some(Sum::nothing()),
            target: None,
            places: Vec::new(),
            counts: BTreeMap::new(),
            explained: BTreeMap::new(),
            documents: Vec::new(),
            not_compared: Vec::new(),
            notes: Vec::new(),
            too_large: None,
        }
    }

    /// Whether a document of that verdict is among it.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> u64 {
        self.counts.get(&verdict).copied().unwrap_or_default()
    }

    /// How many documents differ.
    #[must_use]
    pub fn differences(&self) -> u64 {
        self.counts.iter().filter(|(verdict, _)| verdict.is_difference()).map(|(_, count)| count).sum()
    }

    /// The documents that are missing, as the ledger knows them.
    pub fn missing(&self) -> impl Iterator<Item = (EntryId, Option<&Value>)> {
        let missing = self.documents.iter().filter(|document| document.verdict == Verdict::Missing);
        missing.map(|document| (EntryId::new(&self.flow, &document.key), document.origin.as_ref()))
    }

    pub(crate) fn add(&mut self, place: &Place, sides: &Sides) {
        for (side, sum) in [
            (&mut self.source, &sides.source),
            (&mut self.ledger, &sides.ledger),
            (&mut self.target, &sides.target),
        ] {
            if let Some(sum) = sum {
                *side.get_or_insert_with(Sum::nothing) += sum;
            }
        }
        let known = self.places.iter().position(|known| known.place == *place);
        let index = known.unwrap_or_else(|| {
            let nothing = Sum::nothing;
            let (source, ledger, target) = (nothing(), nothing(), nothing());
            self.places.push(OfPlace { place: place.clone(), source, ledger, target });
            self.places.len() - 1
        });
        let Some(of_place) = self.places.get_mut(index) else { return };
        for (sum, added) in [
            (&mut of_place.source, &sides.source),
            (&mut of_place.ledger, &sides.ledger),
            (&mut of_place.target, &sides.target),
        ] {
            if let Some(added) = added {
                *sum += added;
            }
        }
    }

    pub(crate) fn judged(
        &mut self,
        key: &str,
        number: Option<&str>,
        place: &Place,
        judged: Judged,
        origin: Option<Value>,
    ) {
        let Judged { verdict, why, fields } = judged;
        *self.counts.entry(verdict).or_default() += 1;
        match verdict {
            Verdict::Matched => return,
            Verdict::Explained => {
                *self.explained.entry(why.clone().unwrap_or_default()).or_default() += 1;
            }
            Verdict::NotCompared => self.could_not(why.as_deref().unwrap_or_default()),
            _ => {}
        }
        self.documents.push(Compared {
            key: key.to_owned(),
            number: number.map(str::to_owned),
            verdict,
            why,
            fields,
            place: place.clone(),
            origin: origin.filter(|_| verdict == Verdict::Missing),
        });
    }

    /// Notes why something was not compared.
    pub(crate) fn could_not(&mut self, why: &str) {
        if !self.not_compared.iter().any(|known| known == why) {
            self.not_compared.push(why.to_owned());
        }
    }

    /// Says how it stands, now that all is known.
    pub(crate) fn close(mut self) -> Self {
        self.standing = match () {
            () if self.differences() > 0 => Standing::Different,
            () if !self.not_compared.is_empty() => Standing::NotCompared,
            () => Standing::Equal,
        };
        self.places.sort_by(|one, other| one.place.cmp(&other.place));
        let rank = |document: &Compared| (!document.verdict.is_difference(), document.verdict);
        self.documents
            .sort_by(|one, other| rank(one).cmp(&rank(other)).then_with(|| one.key.cmp(&other.key)));
        self
    }
}
