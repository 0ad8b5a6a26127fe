use relay_core::Entry;
use relay_operations::failures::Failure;
use relay_operations::issues::{self, Issue};
use relay_operations::recheck::Rechecked;
use relay_operations::times::shown;
use serde_json::json;

use super::{looked_at, operations};
use crate::Done;
use crate::cli::WhichArguments;
use crate::output::{counted, say};

/// So many documents are listed where nobody says how many.
const LISTED: usize = 20;

/// So many are asked for in their targets.
const ASKED: usize = 200;

/// `relay failures`
pub(crate) async fn run(
    which: &WhichArguments,
    limit: Option<usize>,
    recheck: bool,
    json: bool,
) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let operations = operations(&wiring);
    let which = which.which(wiring.clock.now(), Vec::new());
    let rechecked = match recheck {
        true => {
            let connect = |system| wiring.connection(system).map_err(|error| format!("{error:#}"));
            Some(operations.recheck(&which, limit.unwrap_or(ASKED), &connect).await?)
        }
        false => None,
    };
    let entries = operations.failures_of(&which).await?;
    let issues = issues::of(&entries);
    if json {
        let listed = entries.iter().take(limit.unwrap_or(usize::MAX));
        let failures: Vec<_> = listed.flat_map(Failure::of_entry).collect();
        let mut answer = json!({ "failures": failures, "issues": issues });
        if let Some(rechecked) = &rechecked {
            answer["rechecked"] = json!(rechecked);
        }
        say!("{}", place.with(answer));
    } else {
        say!("{}; times are China time", place.line());
        rechecked.iter().for_each(print_rechecked);
        print(&issues, &entries, limit.unwrap_or(LISTED));
    }
    Ok(if entries.is_empty() { Done::Well } else { Done::WithFailures })
}

fn print_rechecked(Rechecked { closed, missing, unproven }: &Rechecked) {
    for closed in closed {
        let (flow, key) = (&closed.id.flow, &closed.id.key);
        say!("{flow} {key}: is in the target as {} (id {}), and closed", closed.number, closed.target_id);
    }
    let closed = counted(closed.len(), "document");
    say!("{closed} found and closed, {missing} not there, {unproven} that cannot be proven.\n");
}

fn print(issues: &[Issue], entries: &[Entry], limit: usize) {
    for issue in issues {
        let Issue { cause, flow, class, code, text, documents, first_seen, last_seen, sample, .. } = issue;
        let code = code.as_deref().unwrap_or("no code");
        let documents = counted(usize::try_from(*documents).unwrap_or(usize::MAX), "document");
        say!("{cause}  {flow}: {documents}, first {}, last {}", shown(*first_seen), shown(*last_seen));
        say!("  {class} ({code}): {text}");
        say!("  such as {}: {}", sample.key, sample.message);
    }
    if !issues.is_empty() {
        say!("");
    }
    for entry in entries.iter().take(limit) {
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
    if entries.len() > limit {
        let left = entries.len() - limit;
        say!("and {left} more: `--limit {}` lists all, `--cause CAUSE` those of one cause", entries.len());
    }
    match entries.len() {
        0 => say!("No document has failed."),
        count => {
            let causes = counted(issues.len(), "cause");
            say!(
                "{count} failed, of {causes}. `relay replay --cause CAUSE` (or `--flow FLOW --key KEY`, or `--all`) sends them \
                 again; `relay settle` takes off this list what was done by hand."
            );
        }
    }
}
