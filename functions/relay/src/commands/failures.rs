use relay_core::Entry;
use relay_operations::failures::Failure;
use relay_operations::times::shown;
use serde_json::json;

use super::{looked_at, operations};
use crate::Done;
use crate::output::say;

/// `relay failures`
pub(crate) async fn run(flow: Option<&str>, json: bool) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let failures = operations(&wiring).failures(flow).await?;
    if json {
        let failures: Vec<_> = failures.iter().flat_map(Failure::of_entry).collect();
        say!("{}", place.with(json!({ "failures": failures })));
    } else {
        say!("{}", place.line());
        print(&failures);
    }
    Ok(if failures.is_empty() { Done::Well } else { Done::WithFailures })
}

fn print(entries: &[Entry]) {
    for entry in entries {
        say!("{} {}", entry.id.flow, entry.id.key);
        for failed in entry.failures() {
            let (class, code) = (&failed.class, failed.code.as_deref().unwrap_or("no code"));
            say!("  version {}, failed {}", failed.version.as_deref().unwrap_or("-"), shown(failed.at));
            let place = Failure::place(failed.step, failed.target_id.as_deref());
            say!("  {class} ({code}){place}: {}", failed.message);
        }
        if !entry.beside.is_empty() {
            say!("  which of these versions is the newest cannot be told: a replay asks the flow again");
        }
    }
    match entries.len() {
        0 => say!("No document has failed."),
        count => {
            say!(
                "{count} failed. `relay replay --flow FLOW --key KEY` (or `--all`) sends them again; `relay settle` takes \
                 one off this list that was done by hand."
            );
        }
    }
}
