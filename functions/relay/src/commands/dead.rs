use std::collections::BTreeMap;

use relay_core::System;
use relay_operations::dead_letters::{Dead, Says};
use relay_operations::times::shown;
use serde_json::json;

use super::{looked_at, operations};
use crate::Done;
use crate::language::said;
use crate::output::say;

/// `relay dead`
pub(crate) async fn list(target: Option<&str>, json: bool) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let letters = operations(&wiring).dead_letters(target).await?;
    if json {
        say!("{}", place.with(json!({ "dead_letters": letters })));
    } else {
        say!("{}", place.line());
        print(&letters);
    }
    Ok(if letters.values().all(Vec::is_empty) { Done::Well } else { Done::WithFailures })
}

/// `relay dead --redrive`
pub(crate) async fn redrive(target: Option<&str>, ids: &[String], json: bool) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let named = (!ids.is_empty()).then_some(ids);
    let moved = operations(&wiring).redrive(target, named).await?;
    let count: u64 = moved.values().sum();
    if json {
        say!("{}", place.with(json!({ "redriven": moved })));
    } else {
        say!("{}", place.line());
        say!("{count} 条移回各自队列的末尾。", "{count} moved back to the end of their queues.");
    }
    // Some of the ids are no dead letter's, or no more.
    let is_whole = named.is_none_or(|ids| ids.len() as u64 <= count);
    Ok(if is_whole { Done::Well } else { Done::WithFailures })
}

fn print(letters: &BTreeMap<System, Vec<Dead>>) {
    for (system, letters) in letters {
        for Dead { id, sent_at, receive_count, says } in letters {
            let (sent, what) = (shown(*sent_at), what(says));
            say!(
                "{system} {id}:{what};{sent} 发出,收过 {receive_count} 次",
                "{system} {id}: {what}; sent {sent}, received {receive_count} times"
            );
        }
    }
    match letters.values().map(Vec::len).sum::<usize>() {
        0 => say!("没有死信。", "There are no dead letters."),
        count => say!(
            "{count} 条死信。`relay dead --redrive`(`--id ID` 只要几条)再发一次。",
            "{count} dead letters. `relay dead --redrive` (with `--id ID` for single ones) sends them again."
        ),
    }
}

fn what(says: &Says) -> String {
    match says {
        Says::Item { flow, key, version, .. } => {
            said!("{flow} {key},版本 {}", "{flow} {key}, version {}", version.as_deref().unwrap_or("-"))
        }
        Says::Unreadable { unreadable, .. } => said!("读不懂:{unreadable}", "cannot be read: {unreadable}"),
    }
}
