use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_core::clock::{Clock as _, SystemClock};
use relay_operations::pauses;
use relay_operations::status::{Side, Standing, Status};
use relay_operations::times::{shown, span};
use serde_json::json;

use super::place::Place;
use super::{looked_at, operations};
use crate::Done;
use crate::output::say;
use crate::tally::plain_table;

/// Clears the screen and goes to its beginning.
const AFRESH: &str = "\u{1b}[2J\u{1b}[H";

/// `relay status`
pub(crate) async fn run(watch: Option<u64>, json: bool) -> anyhow::Result<Done> {
    let Some(seconds) = watch else { return once(json).await };
    let clock = SystemClock;
    loop {
        if !json && io::stdout().is_terminal() {
            _ = write!(io::stdout(), "{AFRESH}");
        }
        let done = once(json).await?;
        tokio::select! {
            () = clock.sleep(Duration::from_secs(seconds.max(1))) => {}
            _ = tokio::signal::ctrl_c() => return Ok(done),
        }
    }
}

async fn once(json: bool) -> anyhow::Result<Done> {
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
    match status.attention {
        0 => say!("Nothing needs a person.\n"),
        count => say!("{count} need a person, told at the end.\n"),
    }
    let columns = ["flow", "delivered", "failed", "read until", "lag", "source last well", "next run"];
    let mut table = plain_table(&columns);
    for (name, flow) in &status.flows {
        let delivered = flow.delivered.map_or_else(dash, |count| count.to_string());
        let lag = flow.lag_s.map_or_else(dash, |lag| span(Duration::from_secs(lag)));
        let (until, well) = (time(flow.read_until), time(flow.source_health.last_success));
        table.add_row([
            name.clone(),
            delivered,
            flow.failed.to_string(),
            until,
            lag,
            well,
            time(flow.next_run),
        ]);
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
    vendors(status);
    say!("The last push was taken at: {}", time(status.pushes.last_success));
    notes(status);
    if status.attention > 0 {
        say!("{} need a person:", status.attention);
    }
    for issue in &status.issues {
        say!("- {issue}");
    }
}

/// Each vendor at either end, and its quota.
fn vendors(status: &Status) {
    let mut table = plain_table(&["vendor", "as a source", "as a target", "calls in a minute", "waiting"]);
    for (system, vendor) in &status.vendors {
        let side =
            |side: &Option<Side>| side.as_ref().map_or_else(dash, |side| side.stands.name().to_owned());
        let limit = vendor.calls_a_minute.map(|limit| format!(" of {limit}")).unwrap_or_default();
        let used = format!("{}{limit}", vendor.used.last_minute);
        let (source, target) = (side(&vendor.source), side(&vendor.target));
        table.add_row([system.to_string(), source, target, used, vendor.used.waiting.to_string()]);
    }
    say!("{table}\n");
}

/// What is to be known and needs nobody.
fn notes(status: &Status) {
    for day in status.reconciliation.iter().filter(|day| day.differences == 0) {
        say!(
            "{}: {} could not be compared (`relay reconcile {} --day {}` tells why)",
            day.flow,
            day.day,
            day.flow,
            day.day
        );
    }
    for (name, flow) in &status.flows {
        if let Some(title) = &flow.title {
            say!("{name}: {title}");
        }
        if let Some(pause) = &flow.paused {
            say!("{name}: {}", pauses::told(pause));
        }
        if let Some(open) = flow.open_groups.filter(|open| *open > 0) {
            say!("{name}: {open} groups are open (`relay groups`)");
        }
        flow.notes.iter().for_each(|note| say!("{name}: {note}"));
    }
    for (system, vendor) in &status.vendors {
        if let Some(Side { stands: Standing::Paused, why: Some(why), .. }) = &vendor.source {
            say!("{system} as a source: {why}");
        }
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
