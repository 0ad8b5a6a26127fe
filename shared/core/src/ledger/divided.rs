//! What the entry of a document remembers that was split: its parts, each an item with an entry of its own.
//!
//! The parts are noted, then queued, then the document is recorded as done with. Whoever is killed in between does it again; and
//! whoever takes up a newer version instead knows by then which parts may be on their way, so that those which it lacks are
//! withdrawn.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Delivered, Entry, Failed};

/// So many characters of a hash tell what a part says.
const SHORT: usize = 16;

/// The parts of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Divided {
    /// The hash of the version that has these parts.
    pub hash: String,
    /// Its parts, each with the beginning of the hash of its document.
    pub parts: BTreeMap<String, String>,
    /// The parts of earlier versions that this one has no lines for, likewise: of the document that withdraws them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub withdrawn: BTreeMap<String, String>,
}

impl Divided {
    /// A version with its parts, each with the hash of its document.
    #[must_use]
    pub fn new(hash: &str, parts: impl IntoIterator<Item = (String, String)>) -> Self {
        let parts = parts.into_iter().map(|(part, hash)| (part, short(&hash).to_owned())).collect();
        Self { hash: hash.to_owned(), parts, withdrawn: BTreeMap::new() }
    }

    /// Every part with what it says now, those that are withdrawn too.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.parts.iter().chain(&self.withdrawn);
        all.map(|(part, says)| (part.as_str(), says.as_str()))
    }
}

fn short(hash: &str) -> &str {
    hash.get(..SHORT).unwrap_or(hash)
}

impl Entry {
    /// Notes the parts of a version before they are queued, and answers those that it withdraws. `without_lines`: the hash of the
    /// document that withdraws a part.
    pub fn divide(&mut self, divided: &Divided, without_lines: &str) -> Vec<String> {
        let known = self.divided.take().unwrap_or_default();
        // Of a version that was not recorded as done with, nobody knows how far it came.
        let is_done = self.delivered.as_ref().is_some_and(|delivered| delivered.hash == known.hash);
        let stays = |part: &String| divided.parts.contains_key(part);
        let mut withdrawn = BTreeMap::new();
        let mut left = Vec::new();
        let gone = known.parts.into_keys().map(|part| (part, None));
        let gone =
            gone.chain(known.withdrawn.into_iter().map(|(part, says)| (part, is_done.then_some(says))));
        for (part, says) in gone.filter(|(part, _)| !stays(part)) {
            let says = says.unwrap_or_else(|| {
                left.push(part.clone());
                short(without_lines).to_owned()
            });
            withdrawn.insert(part, says);
        }
        self.divided = Some(Divided { withdrawn, ..divided.clone() });
        left
    }

    /// Notes that the queue has all parts of a version, which settles the failures up to it. `false`: another version was noted
    /// meanwhile.
    pub fn queued(&mut self, delivered: Delivered) -> bool {
        if self.divided.as_ref().is_none_or(|divided| divided.hash != delivered.hash) {
            return false;
        }
        // Nothing was sent: what another worker has recorded of it is no second effect.
        let seen = self.delivered.clone();
        self.deliver(delivered, seen.as_ref());
        true
    }

    /// The version that the target has, where it has any: none of a part that was withdrawn.
    #[must_use]
    pub fn there(&self) -> Option<&Delivered> {
        self.delivered.as_ref().filter(|delivered| !delivered.is_nothing())
    }

    /// What became of what a document says, by the beginning of its hash: `None` while it is on its way.
    #[must_use]
    pub fn ended(&self, says: &str) -> Option<Result<(), &Failed>> {
        let is_it = |hash: &str| short(hash) == says;
        // What its source did not take is no failure of its own.
        let failed = self.failures().find(|failed| is_it(&failed.hash) && !failed.is_of_source());
        if let Some(failed) = failed {
            return Some(Err(failed));
        }
        let delivered = self.delivered.as_ref().is_some_and(|delivered| is_it(&delivered.hash));
        let by_person = self.settled.iter().any(|settled| {
            std::iter::once(&settled.version).chain(&settled.beside).any(|version| is_it(&version.hash))
        });
        (delivered || by_person).then_some(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::EntryId;

    fn version(hash: &str, parts: &[&str]) -> Divided {
        Divided::new(hash, parts.iter().map(|part| ((*part).to_owned(), format!("{hash}-{part}"))))
    }

    fn delivered(hash: &str) -> Delivered {
        Delivered {
            version: None,
            version_kind: None,
            hash: hash.to_owned(),
            body_hash: hash.to_owned(),
            target_id: None,
            number: None,
            received_at: None,
            at: DateTime::UNIX_EPOCH,
            follows: None,
        }
    }

    fn withdrawn(entry: &Entry) -> Vec<(&str, &str)> {
        let withdrawn = &entry.divided.as_ref().unwrap().withdrawn;
        withdrawn.iter().map(|(part, says)| (part.as_str(), says.as_str())).collect()
    }

    #[test]
    fn a_part_that_a_newer_version_lacks_is_withdrawn_once() {
        let mut entry = Entry::new(EntryId::new("f", "k"));
        assert!(entry.divide(&version("1", &["A", "B"]), "0-1").is_empty());
        assert!(entry.queued(delivered("1")));
        assert_eq!(entry.divide(&version("2", &["B", "C"]), "0-2"), ["A"]);
        assert!(entry.queued(delivered("2")));
        assert!(entry.divide(&version("3", &["B"]), "0-3") == ["C"], "A is withdrawn already");
        assert_eq!(withdrawn(&entry), [("A", "0-2"), ("C", "0-3")]);
        assert!(entry.queued(delivered("3")));
        assert!(entry.divide(&version("4", &["A", "B"]), "0-4").is_empty());
        assert_eq!(withdrawn(&entry), [("C", "0-3")], "A is back");
    }

    #[test]
    fn what_may_have_been_queued_by_a_turn_that_was_killed_is_withdrawn_too() {
        let mut entry = Entry::new(EntryId::new("f", "k"));
        entry.divide(&version("1", &["A", "B"]), "0-1");
        assert_eq!(entry.divide(&version("2", &["B"]), "0-2"), ["A"], "1 was never done with");
        assert_eq!(entry.divide(&version("2", &["B"]), "0-2"), ["A"], "2 is repeated");
        assert_eq!(entry.divide(&version("3", &["B"]), "0-3"), ["A"], "nor was 2");
        assert!(!entry.queued(delivered("2")), "3 was noted meanwhile");
        assert!(entry.queued(delivered("3")));
        assert!(entry.divide(&version("4", &["B"]), "0-4").is_empty());
    }

    #[test]
    fn a_part_has_ended_when_what_it_says_now_was_delivered_or_has_failed() {
        let mut part = Entry::new(EntryId::new("f", "k/A"));
        assert!(part.ended("1-A").is_none());
        part.delivered = Some(delivered("1-A"));
        assert_eq!(part.ended("1-A"), Some(Ok(())));
        assert!(part.ended("2-A").is_none(), "an older version is there");
    }
}
