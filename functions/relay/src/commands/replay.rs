use relay_core::item::MAX_DEPTH;
use relay_core::ledger::of_no_flow;
use relay_host::{Store, settings};
use relay_operations::replay::Replayed;
use serde_json::json;

use super::place::Place;
use super::{looked_at, operations};
use crate::Done;
use crate::output::say;

/// `relay replay`
pub(crate) async fn run(flow: Option<&str>, key: Option<&str>, json: bool) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let operations = operations(&wiring);
    let replayed = match (flow, key) {
        (Some(flow), Some(key)) => operations.replay(flow, key).await?,
        // The command line has asked for a key or for `--all`.
        _ => operations.replay_all(flow).await?,
    };
    if json {
        say!("{}", place.with(json!(replayed)));
    } else {
        print(&place, &replayed, works_them(&settings::store(&wiring.settings)?));
    }
    Ok(if replayed.is_whole() { Done::Well } else { Done::WithFailures })
}

/// Who takes it from here.
fn works_them(store: &Store) -> &'static str {
    match store {
        Store::Sqlite(_) => "`relay drain` or `relay serve` works them",
        Store::Aws(_) => "the pusher of the stack works them by itself",
    }
}

fn print(place: &Place, replayed: &Replayed, works_them: &str) {
    let Replayed { sent, without_flow, too_large, too_deep } = replayed;
    say!("{}", place.line());
    for id in without_flow {
        let is_unreadable = of_no_flow::is_unreadable(id);
        let why = if is_unreadable { "its data is no document" } else { "no flow takes it" };
        say!("- {} {}: {why}, so it stays in the ledger", id.flow, id.key);
    }
    for id in too_deep {
        say!(
            "- {} {}: it is nested more than {MAX_DEPTH} levels deep, which is not carried, so it stays in the ledger",
            id.flow,
            id.key
        );
    }
    for id in too_large {
        say!("- {} {}: it is too large for the queue, so it stays in the ledger", id.flow, id.key);
    }
    say!("{sent} sent through their flows again; {works_them}.");
}

#[cfg(test)]
mod tests {
    use relay_host::Settings;

    use super::*;

    #[test]
    fn what_works_a_replay_is_the_one_that_the_store_has() {
        let told = |store: &'static str| {
            let tables =
                ["CHECKPOINT_TABLE", "LEDGER_TABLE", "LOOKUP_TABLE", "GROUP_TABLE"].map(str::to_owned);
            let queues = relay_connectors::queues().map(|(_, queue)| format!("{queue}_QUEUE_URL"));
            let names = tables.into_iter().chain(queues);
            let of_stack = names.map(|name| (name, "https://example.invalid/q.fifo".to_owned()));
            let settings: Settings = of_stack.chain([("RELAY_STORE".to_owned(), store.to_owned())]).collect();
            works_them(&settings::store(&settings).unwrap())
        };
        assert!(told("sqlite:relay.db").contains("relay drain"));
        assert!(told("aws").contains("by itself"));
    }
}
