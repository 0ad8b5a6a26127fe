use relay_core::Step;
use relay_core::archive::{Event, Exchange, Record};
use relay_core::groups::{Member, unmarked};
use relay_core::ledger::{Attempts, Delivered};
use relay_operations::failures::Failure;
use relay_operations::find::{AtSource, Found};
use relay_operations::groups::InGroup;
use relay_operations::parts::{Part, PartState};
use relay_operations::pauses;
use relay_operations::show::{BillShown, ByHand, Shown};
use relay_operations::times::shown;
use serde_json::json;

use super::{looked_at, operations};
use crate::Done;
use crate::output::say;

/// `relay show`
pub(crate) async fn run(flow: &str, key: &str, json: bool) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let document = operations(&wiring).show(flow, key).await?;
    if json {
        say!("{}", place.with(json!(document)));
    } else {
        say!("{}; times are China time\n", place.line());
        print(&document);
    }
    Ok(Done::Well)
}

/// `relay show NUMBER…`
pub(crate) async fn find(numbers: &[String], flow: Option<&str>, json: bool) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let connect = |system| wiring.connection(system).map_err(|error| format!("{error:#}"));
    let found = operations(&wiring).find(numbers, flow, &connect).await?;
    if json {
        say!("{}", place.with(json!({ "found": found })));
    } else {
        say!("{}; times are China time", place.line());
        found.iter().for_each(print_found);
    }
    let is_known = found.iter().all(|found| !found.documents.is_empty());
    Ok(if is_known { Done::Well } else { Done::WithFailures })
}

fn print_found(Found { number, documents, sources }: &Found) {
    for document in documents {
        say!("");
        print(document);
    }
    if !documents.is_empty() {
        return;
    }
    say!("\n{number}: no flow knows it");
    for AtSource { flow, source, key, says } in sources {
        let key = key.as_deref().map(|key| format!(" {key}")).unwrap_or_default();
        say!("  {flow} ({source}{key}): {says}");
    }
    if sources.is_empty() {
        say!(
            "  and no source that can be asked by such a number has it; what was pushed and waits for its first turn is"
        );
        say!("  told by `relay status` alone, as one of those that wait");
    }
}

fn print(document: &Shown) {
    say!("{} {}", document.flow, document.key);
    if !document.numbers.is_empty() {
        say!("  its numbers: {}", document.numbers.join(", "));
    }
    stands(document);
    for failure in &document.failures {
        failed(failure, "failed");
    }
    if let Some(group) = &document.group {
        in_group(group);
    }
    if !document.parts.is_empty() {
        in_parts(&document.parts);
    }
    if let Some(ByHand { by, reason, at, versions }) = &document.settled {
        let reason = reason.as_deref().unwrap_or("no reason given");
        say!("  settled by {by} {}: {reason}", shown(*at));
        versions.iter().for_each(|version| failed(version, "had failed"));
    }
    if document.history.is_empty() {
        say!("\nThere is no history of it: it is kept for RELAY_HISTORY_DAYS days.");
        return;
    }
    say!("\nWhat happened:");
    document.history.iter().for_each(happened);
}

/// A member's bills, or a bill's members.
fn in_group(InGroup { group, bills, members }: &InGroup) {
    if members.is_empty() {
        let bills = if bills.is_empty() { "none yet".to_owned() } else { bills.join(", ") };
        say!("  in the group {group}; its bills: {bills}");
        return;
    }
    say!("  a bill of the group {group}; its members:");
    for Member { key, version, is_withdrawn, .. } in members {
        let withdrawn = if *is_withdrawn { ", withdrawn" } else { "" };
        say!("    {key} version {}{withdrawn}", version_of(version.as_deref()));
    }
}

/// The parts that a document was split into.
fn in_parts(parts: &[Part]) {
    let is = |state| parts.iter().filter(move |part| part.state == state).count();
    let counts: Vec<_> = [PartState::Delivered, PartState::Queued, PartState::Failed, PartState::Withdrawn]
        .into_iter()
        .filter(|state| is(*state) > 0)
        .map(|state| format!("{} {}", is(state), state.in_words()))
        .collect();
    say!("  its parts: {}", counts.join(", "));
    for part in parts {
        let id = part.target_id.as_deref().map(|id| format!(", as {id} in the target")).unwrap_or_default();
        say!("    {} {}{id}", part.key, part.state.in_words());
        for failure in part.failures.iter().filter(|_| part.state == PartState::Failed) {
            say!("      {}: {}", failure.class, failure.message);
        }
    }
}

/// What the target has, and what may be on its way there.
fn stands(document: &Shown) {
    if let Some(whole) = &document.part_of {
        say!("  a part of {whole}");
    }
    match &document.delivered {
        Some(Delivered { version, at, .. }) if !document.parts.is_empty() => {
            say!("  version {} split {}", version_of(version.as_deref()), shown(*at));
        }
        Some(nothing @ Delivered { version, at, .. }) if nothing.is_nothing() => {
            say!("  withdrawn by version {} {}", version_of(version.as_deref()), shown(*at));
        }
        Some(Delivered { version, target_id, at, .. }) => {
            let id = target_id.as_deref().map(to).unwrap_or_default();
            say!("  {}delivered {}{id}", of_version(version.as_deref(), " "), shown(*at));
        }
        None => say!("  not delivered"),
    }
    document.bills.iter().for_each(bill);
    if let Some(Attempts { version, count, message, at, .. }) = &document.attempts {
        let version = version_of(version.as_deref());
        say!("  version {version} tried {count} times, last {}: {message}", shown(*at));
    }
    if let Some(request) = &document.unanswered {
        say!("  the answer to a request was lost {}: the target may have taken it", shown(request.at));
    }
    if let Some(pause) = &document.paused {
        say!("  {}", pauses::told(pause));
    }
}

/// Where something was delivered to: the target, by its own id, or a group.
fn to(id: &str) -> String {
    match unmarked(id) {
        Some(group) => format!(" to the group {group}"),
        None => format!(", as {id} in the target"),
    }
}

fn bill(BillShown { number, target_id, version, stage, takes_back, at }: &BillShown) {
    let number = number.as_deref().unwrap_or("without a number");
    let id = target_id.as_deref().map(|id| format!(", {id} in the target")).unwrap_or_default();
    let stage = stage.map_or("not known to be there", after);
    let what = match takes_back {
        Some(other) => format!("takes {other} back, "),
        None => of_version(version.as_deref(), ", "),
    };
    say!("    bill {number}{id}: {what}{stage} since {}", shown(*at));
}

/// Where a bill stands after a step.
fn after(step: Step) -> &'static str {
    match step {
        Step::Save | Step::Unaudit => "saved",
        Step::Submit => "submitted",
        Step::Audit => "audited",
        Step::Delete => "gone",
    }
}

fn failed(failure: &Failure, how: &str) {
    let (class, code) = (&failure.class, failure.code.as_deref().unwrap_or("no code"));
    say!("  version {} {how} {}", version_of(failure.version.as_deref()), shown(failure.at));
    let place = Failure::place(failure.step, failure.target_id.as_deref());
    say!("    {class} ({code}){place}: {}", failure.message);
}

fn happened(Record { version, at, event, trace, .. }: &Record) {
    let at = shown(*at);
    match event {
        Event::Received { document } => {
            say!("{at} version {} came (trace {trace}): {document}", version_of(version.as_deref()));
        }
        Event::Called(exchange) => called(&at, exchange),
        Event::Ended { outcome, message, attempt } => {
            let message = message.as_deref().map(|message| format!(": {message}")).unwrap_or_default();
            say!("{at} attempt {attempt} ended: {outcome}{message}");
        }
    }
}

fn called(at: &str, Exchange { vendor, operation, parameters, body, answer, duration }: &Exchange) {
    say!("{at} {vendor} {operation} was called, {} ms", duration.as_millis());
    for (name, value) in parameters {
        say!("    {name}={value}");
    }
    if !body.is_empty() {
        say!("    sent: {body}");
    }
    match answer {
        Ok(answer) => say!("    answered: {answer}"),
        Err(why) => say!("    no answer: {why}"),
    }
}

/// The version, and what goes on from it; nothing of what has none, such as the bill of a group.
fn of_version(version: Option<&str>, then: &str) -> String {
    version.map(|version| format!("version {version}{then}")).unwrap_or_default()
}

fn version_of(version: Option<&str>) -> &str {
    version.unwrap_or("-")
}
