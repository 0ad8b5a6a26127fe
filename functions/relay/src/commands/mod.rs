//! The commands, one file each: they parse, call [`relay_operations`], and print.

pub(crate) mod backfill;
pub(crate) mod backup;
pub(crate) mod calls;
pub(crate) mod completions;
pub(crate) mod console;
pub(crate) mod dead;
pub(crate) mod delivered;
pub(crate) mod doctor;
pub(crate) mod documents;
pub(crate) mod drain;
pub(crate) mod dry_run;
pub(crate) mod edit;
pub(crate) mod errors;
pub(crate) mod explain;
pub(crate) mod failures;
pub(crate) mod fields;
pub(crate) mod flows;
pub(crate) mod groups;
pub(crate) mod hash_password;
pub(crate) mod history;
pub(crate) mod in_force;
pub(crate) mod init;
pub(crate) mod invoke;
pub(crate) mod log;
pub(crate) mod lookups;
pub(crate) mod man;
mod nightly;
pub(crate) mod pause;
mod place;
pub(crate) mod reconcile;
pub(crate) mod reconciled;
pub(crate) mod replay;
pub(crate) mod resume;
pub(crate) mod rewind;
pub(crate) mod serve;
pub(crate) mod settle;
pub(crate) mod show;
pub(crate) mod status;
pub(crate) mod test_alert;
pub(crate) mod users;
pub(crate) mod waiting;

use std::io::IsTerminal as _;

use anyhow::Context as _;
use relay_host::{Settings, Store, Wiring, settings};
use relay_operations::Operations;
use tempfile::TempDir;

use self::place::Place;
use crate::language::{self, said};
use crate::output::{counted, tell};
use crate::{WrongUsage, disk};

/// The store that is there already, to work on, and its place.
async fn existing() -> anyhow::Result<(Wiring, Place)> {
    let wiring = Wiring::of_existing_store().await?.speaking(language::speech());
    let place = Place::of(&wiring)?;
    Ok((wiring, place))
}

/// The store that is there already, to ask and to steer, and its place. Flow files with mistakes are told and left out.
async fn looked_at() -> anyhow::Result<(Wiring, Place)> {
    let wiring = Wiring::to_look_at().await?.speaking(language::speech());
    for broken in wiring.flows.broken() {
        let mistakes = counted(broken.mistakes().count(), "处错误", "mistake");
        tell!(
            "警告:{} 有 {mistakes},这里不算它:`relay flows check` 会列出来",
            "warning: {} has {mistakes}, and is left out here: `relay flows check` shows them",
            broken.file
        );
    }
    let place = Place::of(&wiring)?;
    Ok((wiring, place))
}

/// The store that is there already; where there is none yet, a new one if the settings name its file, as those of `relay init` do:
/// what a dry run has missed can be imported before anything has run.
async fn existing_or_new() -> anyhow::Result<(Wiring, Place)> {
    let settings = settings::of_process();
    match settings::store(&settings)? {
        Store::Sqlite(file) if !file.exists() && settings.get("RELAY_STORE").is_some() => {
            let wiring = Wiring::on_this_machine(settings).await?;
            let place = Place::of(&wiring)?;
            Ok((wiring, place))
        }
        _ => looked_at().await,
    }
}

/// The store that is there already; where there is none yet, one that goes with the process, for what can be asked before
/// anything has run.
async fn existing_or_none() -> anyhow::Result<(Wiring, Place, Option<TempDir>)> {
    let environment = settings::of_process();
    match settings::store(&environment)? {
        Store::Sqlite(file) if !file.exists() => {
            let folder =
                tempfile::tempdir().context("making a folder for a store that goes with the process")?;
            let store = format!("sqlite:{}", folder.path().join("relay.db").display());
            let stored: Settings = [("RELAY_STORE".to_owned(), store)].into_iter().collect();
            let wiring = Wiring::on_this_machine(stored.or(environment)).await?;
            let place = Place::without_store(&wiring);
            Ok((wiring, place, Some(folder)))
        }
        _ => existing().await.map(|(wiring, place)| (wiring, place, None)),
    }
}

/// What can be asked of an installation, and done there.
pub(crate) fn operations(wiring: &Wiring) -> Operations<'_> {
    Operations {
        stores: &wiring.stores,
        flows: &wiring.flows,
        active: &wiring.active,
        catalog: &wiring.catalog,
        connectors: relay_connectors::CONNECTORS,
        settings: &wiring.settings,
        room: disk::room(&wiring.settings),
        by: person(None, wiring).to_owned(),
        flow_settings: settings::open_to_flows(&wiring.settings),
        clock: wiring.clock.clone(),
        rng: wiring.rng.clone(),
    }
}

/// Whoever has said who they are, or else is logged in, as the shell says.
fn person<'a>(by: Option<&'a str>, wiring: &'a Wiring) -> &'a str {
    by.or_else(|| wiring.settings.get("USER")).or_else(|| wiring.settings.get("LOGNAME")).unwrap_or("unknown")
}

/// Whether a person at a terminal agrees. Where nobody can be asked, `--yes` is needed if so it `must` be.
fn agrees(question: &str, yes: bool, must: bool) -> anyhow::Result<bool> {
    if yes {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return if must {
            Err(WrongUsage(said!(
                "这里没有人可问:知道它做什么之后,加 --yes",
                "nobody can be asked here: say --yes once you know what it does"
            ))
            .into())
        } else {
            Ok(true)
        };
    }
    tell!("{question} [y/N]");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).context("reading the answer")?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "是"))
}
