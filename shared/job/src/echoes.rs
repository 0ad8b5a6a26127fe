//! Echoes: what a flow of ours has made in a vendor's system comes back as a document of that system, and a second flow would take
//! it to where it came from.
//!
//! Two flows face each other where each writes what the other reads, straight or over others. The number by which the vendor knows
//! what we have made is our mark: the field that holds it is the one that the vendor is asked by ([`relay_connector::Question`]).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use relay_connector::{Document, lenient};
use relay_mapping::Group;
use serde_json::Value;

use crate::{Flows, Routed};

/// Which flows face each other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Echoes {
    /// By a flow that leaves echoes out: the fields that may hold our number, and the flows that may have given it.
    looked_for: BTreeMap<String, Mark>,
    /// The flows whose documents must be known as ours before they are sent.
    faced: BTreeSet<String>,
}

/// Our mark in the documents of a flow's source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Mark {
    fields: BTreeSet<&'static str>,
    flows: BTreeSet<String>,
}

impl Echoes {
    /// What these flows say.
    #[must_use]
    pub fn of(flows: &Flows) -> Self {
        let flows: Vec<_> = flows.iter().filter(|routed| !routed.flow.reads_outcomes()).collect();
        let mut echoes = Self::default();
        for reader in flows.iter().filter(|routed| !routed.flow.source().takes_echoes) {
            for maker in flows.iter().filter(|maker| makes(maker, reader) && leads(reader, maker, &flows)) {
                let name = |routed: &Arc<Routed>| routed.flow.name().to_owned();
                let mark = echoes.looked_for.entry(name(reader)).or_default();
                mark.fields.extend(marks(maker, reader).flatten());
                mark.flows.insert(name(maker));
                echoes.faced.insert(name(maker));
            }
        }
        echoes
    }

    /// Whether another flow looks for the documents of this one.
    #[must_use]
    pub fn is_faced(&self, flow: &str) -> bool {
        self.faced.contains(flow)
    }

    /// The numbers of a document that may be ours, and the flows that may have given them; nothing where nobody asks. A trade that
    /// WDT has merged of several has several.
    #[must_use]
    pub fn mark(&self, flow: &str, document: &Value) -> Option<(Vec<String>, &BTreeSet<String>)> {
        let mark = self.looked_for.get(flow)?;
        let held = mark.fields.iter().filter_map(|field| lenient::field(document, field));
        let numbers = held.flat_map(|held| {
            held.split([',', '，', ';']).map(|number| number.trim().to_owned()).collect::<Vec<_>>()
        });
        Some((numbers.filter(|number| !number.is_empty()).collect(), &mark.flows))
    }
}

/// The documents that a flow makes: its target's, and what takes back what the bills of its groups hold.
fn made(maker: &Routed) -> impl Iterator<Item = &'static Document> {
    let returns = maker.flow.group().and_then(Group::returns);
    [Some(maker.flow.target().document), returns].into_iter().flatten()
}

/// The fields that hold our number where what one makes is what the other reads: as the rows that it is asked for in, or as a whole.
fn marks(maker: &Routed, reader: &Routed) -> impl Iterator<Item = &'static [&'static str]> {
    let read = reader.flow.source().document.name;
    let pushes = made(maker).filter_map(|document| document.push);
    pushes.filter_map(move |push| {
        let asked = push.asked?;
        (asked.document == read || push.whole == Some(read)).then_some(asked.holds)
    })
}

/// Whether what one makes is among what the other reads.
fn makes(maker: &Routed, reader: &Routed) -> bool {
    marks(maker, reader).next().is_some()
}

/// Whether what one makes is read by the other, or by one whose documents lead there.
fn leads(from: &Arc<Routed>, to: &Arc<Routed>, flows: &[&Arc<Routed>]) -> bool {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(maker) = next.pop() {
        for reader in flows.iter().filter(|reader| makes(maker, reader)) {
            if Arc::ptr_eq(reader, to) {
                return true;
            }
            if seen.insert(reader.flow.name()) {
                next.push(reader);
            }
        }
    }
    false
}
