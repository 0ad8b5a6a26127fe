//! Where everything stands, as Prometheus reads it.
//!
//! See <https://prometheus.io/docs/instrumenting/exposition_formats/>. All are gauges: what stands in the stores, whichever
//! process has brought it there.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use super::{Doing, Status};

/// A metric's name, what it says, and its values by label.
struct Metric {
    name: &'static str,
    help: &'static str,
    label: &'static str,
    values: Vec<(String, u64)>,
}

impl Status {
    /// The text of `/metrics`.
    #[must_use]
    pub fn metrics(&self, now: DateTime<Utc>) -> String {
        let flows = |value: &dyn Fn(&super::FlowStatus) -> Option<u64>| {
            let values = self.flows.iter().filter_map(|(name, flow)| Some((name.clone(), value(flow)?)));
            values.collect::<Vec<_>>()
        };
        let queues = |value: &dyn Fn(&super::QueueStatus) -> Option<u64>| {
            let values = self.queues.iter();
            let values = values.filter_map(|(system, queue)| Some((system.name().to_owned(), value(queue)?)));
            values.collect::<Vec<_>>()
        };
        let flow = |name, help, value: &dyn Fn(&super::FlowStatus) -> Option<u64>| Metric {
            name,
            help,
            label: "flow",
            values: flows(value),
        };
        let target = |name, help, value: &dyn Fn(&super::QueueStatus) -> Option<u64>| Metric {
            name,
            help,
            label: "target",
            values: queues(value),
        };
        let others = self.other_failures.iter().map(|(name, count)| (name.clone(), *count));
        let mut failed =
            flow("relay_documents_failed", "Documents that wait for a person.", &|flow| Some(flow.failed));
        failed.values.extend(others);
        let sizes =
            self.size.iter().flat_map(|size| [("file", size.file), ("log", size.log), ("free", size.free)]);
        let metrics = [
            Metric {
                name: "relay_store_bytes",
                help: "What the store's file takes, the log beside it, and what is left on their disk.",
                label: "of",
                values: sizes.map(|(of, bytes)| (of.to_owned(), bytes)).collect(),
            },
            Metric {
                name: "relay_issues",
                help: "What needs a person, as `relay status` lists it.",
                label: "",
                values: vec![(String::new(), self.issues.len() as u64)],
            },
            flow("relay_documents_delivered", "Documents that their target has.", &|flow| flow.delivered),
            failed,
            flow("relay_flow_lag_seconds", "How far behind a flow's source is read.", &|flow| flow.lag_s),
            flow("relay_flow_paused", "Whether a person has paused the flow.", &|flow| {
                Some(u64::from(flow.paused.is_some()))
            }),
            flow(
                "relay_source_failing_seconds",
                "For how long every read of the source has failed.",
                &|flow| Some(failing(&flow.source_health, now)),
            ),
            target("relay_queue_waiting", "Messages that wait.", &|queue| Some(queue.waiting)),
            target("relay_queue_in_flight", "Messages that are worked, or wait out a back-off.", &|queue| {
                Some(queue.in_flight)
            }),
            target("relay_queue_dead", "Dead letters.", &|queue| Some(queue.dead)),
            target("relay_queue_oldest_seconds", "How long the oldest message has waited.", &|queue| {
                queue.oldest_waiting_s
            }),
            target("relay_target_paused", "Whether the target is paused.", &|queue| {
                Some(u64::from(queue.paused.is_some()))
            }),
            target("relay_target_failing_seconds", "For how long every call has failed.", &|queue| {
                Some(failing(&queue.target_health, now))
            }),
            Metric {
                name: "relay_task_stopped",
                help: "Tasks of `relay serve` that do not go on.",
                label: "task",
                values: self.tasks.keys().map(|task| (task.clone(), 1)).collect(),
            },
        ];
        metrics.iter().map(Metric::text).collect()
    }
}

impl Metric {
    fn text(&self) -> String {
        let Self { name, help, label, values } = self;
        let mut text = format!("# HELP {name} {help}\n# TYPE {name} gauge\n");
        for (of, value) in values {
            // A text that is written to memory does not fail.
            _ = match label.is_empty() {
                true => writeln!(text, "{name} {value}"),
                false => writeln!(text, "{name}{{{label}=\"{}\"}} {value}", escaped(of)),
            };
        }
        text
    }
}

fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn failing(doing: &Doing, now: DateTime<Utc>) -> u64 {
    doing.failing_since.map_or(0, |since| (now - since).to_std().unwrap_or_default().as_secs())
}
