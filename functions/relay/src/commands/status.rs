use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_operations::pauses;
use relay_operations::status::Status;
use relay_operations::times::{shown, span};
use serde_json::json;

use super::place::Place;
use super::{looked_at, operations};
use crate::Done;
use crate::output::say;
use crate::tally::plain_table;

/// `relay status`
pub(crate) async fn run(json: bool) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let status = operations(&wiring).status().await?;
    if json {
        say!("{}", place.with(json!(status)));
    } else {
        print(&place, &status);
    }
    Ok(if status.issues.is_empty() { Done::Well } else { Done::WithFailures })
}

fn print(place: &Place, status: &Status) {
    say!("{}; times are China time\n", place.line());
    let mut table = plain_table(&["flow", "delivered", "failed", "read until", "lag", "source last well"]);
    for (name, flow) in &status.flows {
        let delivered = flow.delivered.map_or_else(dash, |count| count.to_string());
        let lag = flow.lag_s.map_or_else(dash, |lag| span(Duration::from_secs(lag)));
        let (until, well) = (time(flow.read_until), time(flow.source_health.last_success));
        table.add_row([name.clone(), delivered, flow.failed.to_string(), until, lag, well]);
    }
    say!("{table}\n");
    let mut table =
        plain_table(&["queue", "waiting", "in flight", "dead", "oldest waits", "target last well"]);
    for (system, queue) in &status.queues {
        let counts = [queue.waiting, queue.in_flight, queue.dead].map(|count| count.to_string());
        let oldest = queue.oldest_waiting_s.map_or_else(dash, |age| span(Duration::from_secs(age)));
        let well = time(queue.target_health.last_success);
        table.add_row([system.to_string()].into_iter().chain(counts).chain([oldest, well]));
    }
    say!("{table}\n");
    say!("The last push was taken at: {}", time(status.pushes.last_success));
    notes(status);
    match status.issues.len() {
        0 => say!("Nothing needs a person."),
        count => say!("{count} need a person:"),
    }
    for issue in &status.issues {
        say!("- {issue}");
    }
}

/// What is to be known and needs nobody.
fn notes(status: &Status) {
    for (name, flow) in &status.flows {
        if let Some(title) = &flow.title {
            say!("{name}: {title}");
        }
        if let Some(pause) = &flow.paused {
            say!("{name}: {}", pauses::told(pause));
        }
        flow.notes.iter().for_each(|note| say!("{name}: {note}"));
    }
    for (system, queue) in &status.queues {
        if let Some(pause) = queue.paused.as_ref().filter(|pause| !pause.waits_for_a_person()) {
            say!("{system}: {}", pauses::told(pause));
        }
        queue.notes.iter().for_each(|note| say!("{system}: {note}"));
    }
}

fn time(time: Option<DateTime<Utc>>) -> String {
    time.map_or_else(dash, shown)
}

fn dash() -> String {
    "-".to_owned()
}
