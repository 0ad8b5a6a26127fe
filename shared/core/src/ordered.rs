//! Small maps and sets that are filled one by one.
//!
//! `collect` sorts what it gathers into a `BTreeMap` first, by code that each type has for itself: 5 KB of every function for each,
//! where what is gathered is a handful.

use std::collections::{BTreeMap, BTreeSet};

/// A map of these; of those under one key the last.
pub fn map<K: Ord, V>(entries: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    for (key, value) in entries {
        map.insert(key, value);
    }
    map
}

/// A set of these.
pub fn set<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    for item in items {
        set.insert(item);
    }
    set
}
