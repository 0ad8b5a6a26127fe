//! Counting what became of the documents, flow by flow.

use std::collections::BTreeMap;

use comfy_table::{CellAlignment, Table, presets};
use relay_core::Outcome;
use relay_erp_pusher::Turn;
use serde::Serialize;

use crate::language::{self, said};

/// What became of one flow's documents.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct FlowTally {
    /// Messages that are done, one way or another.
    pub(crate) read: u64,
    /// Taken by the target.
    pub(crate) delivered: u64,
    /// Had arrived by a try whose answer was lost: their keys.
    pub(crate) found: Vec<String>,
    /// Not sent, with the reasons.
    pub(crate) skipped: BTreeMap<&'static str, u64>,
    /// Recorded as failed.
    pub(crate) failed: Vec<Failure>,
    /// Tries that had to be repeated.
    pub(crate) retries: u64,
    /// Parts that were made of documents that the flow splits.
    pub(crate) parts: u64,
}

/// A document that was recorded as failed.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Failure {
    pub(crate) key: String,
    pub(crate) class: String,
    pub(crate) message: String,
}

/// What became of all flows' documents.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct Tally {
    pub(crate) flows: BTreeMap<String, FlowTally>,
}

impl Tally {
    pub(crate) fn count(&mut self, turns: &[Turn]) {
        for turn in turns {
            self.flows.entry(turn.flow().to_owned()).or_default().count(turn);
        }
    }

    pub(crate) fn has_failures(&self) -> bool {
        self.flows.values().any(|flow| !flow.failed.is_empty())
    }

    pub(crate) fn add(&mut self, other: Self) {
        for (name, other) in other.flows {
            let flow = self.flows.entry(name).or_default();
            flow.read += other.read;
            flow.delivered += other.delivered;
            flow.found.extend(other.found);
            flow.retries += other.retries;
            flow.parts += other.parts;
            flow.failed.extend(other.failed);
            for (reason, count) in other.skipped {
                *flow.skipped.entry(reason).or_default() += count;
            }
        }
    }

    /// The counts as a table.
    pub(crate) fn table(&self) -> Table {
        let mut table = plain_table(&[
            ("流程", "flow"),
            ("已读", "read"),
            ("已送达", "delivered"),
            ("跳过", "skipped"),
            ("失败", "failed"),
            ("重试", "retries"),
        ]);
        for (name, flow) in &self.flows {
            let skipped: u64 = flow.skipped.values().sum();
            let counts = [
                flow.read,
                flow.delivered + flow.found.len() as u64,
                skipped,
                flow.failed.len() as u64,
                flow.retries,
            ];
            table.add_row([name.clone()].into_iter().chain(counts.map(|count| count.to_string())));
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }

    /// A line for everything that is not a plain delivery.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        for (name, flow) in &self.flows {
            if flow.parts > 0 {
                remarks.push(said!(
                    "{name}:单据拆成了 {} 份",
                    "{name}: its documents were split into {} parts",
                    flow.parts
                ));
            }
            for key in &flow.found {
                remarks.push(said!(
                    "{name}:{key} 已经到了,只是回答丢了:按单号查到,没有再发",
                    "{name}: {key} had arrived although its answer was lost: found by its number, not sent twice"
                ));
            }
            for (reason, count) in &flow.skipped {
                remarks.push(said!("{name}:跳过 {count} 张:{reason}", "{name}: {count} skipped: {reason}"));
            }
            for failure in &flow.failed {
                remarks.push(said!(
                    "{name}:{} 失败({}):{}",
                    "{name}: {} failed ({}): {}",
                    failure.key,
                    failure.class,
                    failure.message
                ));
            }
        }
        remarks
    }
}

impl FlowTally {
    fn count(&mut self, turn: &Turn) {
        match &turn.outcome {
            Outcome::Delivered { .. } => self.delivered += 1,
            Outcome::Found { .. } => self.found.push(turn.key().to_owned()),
            Outcome::Unchanged => {
                *self.skipped.entry("nothing in it changes for the target").or_default() += 1;
            }
            Outcome::Divided { parts } => {
                self.parts += *parts as u64;
                return;
            }
            Outcome::Skipped(skip) => *self.skipped.entry(skip.reason()).or_default() += 1,
            Outcome::Failed { class, message, .. } => self.failed.push(Failure {
                key: turn.key().to_owned(),
                class: class.to_string(),
                message: message.clone(),
            }),
            Outcome::Retry { .. } => {
                self.retries += 1;
                return;
            }
            // One that was confirmed has been counted when it was delivered.
            Outcome::Paused { .. } | Outcome::Postponed { .. } | Outcome::Confirmed { .. } => return,
        }
        self.read += 1;
    }
}

/// A table without frills, under heads in Chinese and English.
pub(crate) fn plain_table(heads: &[(&str, &str)]) -> Table {
    let language = language::current();
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_header(heads.iter().map(|(chinese, english)| language.says(chinese, english)));
    table
}
