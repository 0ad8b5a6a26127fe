use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use relay_core::item::MAX_DEPTH;
use relay_core::ledger::of_no_flow;
use relay_host::{SettingsError, Store, Wiring, settings};
use relay_operations::replay::Replayed;
use relay_operations::replay::plan::{Costs, Plan};
use serde_json::json;

use super::place::Place;
use super::{agrees, looked_at, operations};
use crate::cli::ReplayArguments;
use crate::language::{self, said};
use crate::output::{counted, say, tell};
use crate::{Done, WrongUsage};

/// `relay replay`
pub(crate) async fn run(asked: ReplayArguments, json: bool) -> anyhow::Result<Done> {
    let ReplayArguments { which, key, all, delivered, numbers, goes_on, yes, .. } = asked;
    let is_named = key.is_some() || all || goes_on || which.is_narrow();
    if !is_named && !(delivered && (which.is_any() || !numbers.is_empty())) {
        let expected = said!(
            "说明是哪些:--flow 流程 --key 键、--cause 原因、--grep 文字、--since 时间,或 --all;已送达的用号码,或 --flow 加 --since",
            "say which: --flow FLOW --key KEY, --cause CAUSE, --grep TEXT, --since TIME, or --all; what was delivered by its \
             NUMBER, or by --flow and --since"
        );
        return Err(WrongUsage(expected).into());
    }
    let (wiring, place) = looked_at().await?;
    let operations = operations(&wiring);
    if let (Some(flow), Some(key), false) = (which.flow(), &key, delivered) {
        let replayed = operations.replay(flow, key).await?;
        return Ok(told(&wiring, &place, &replayed, json)?);
    }
    let keys = key.into_iter().chain(numbers).collect();
    let plan = match goes_on {
        true => operations.plan_rest().await?,
        false => operations.plan_replay(which.which(wiring.clock.now(), keys), delivered).await?,
    };
    if !json {
        print_plan(&plan);
    }
    // What the targets have is sent again only by somebody who has seen what that does.
    if plan.documents > 0 && !agrees(&said!("发送吗?", "Send them?"), yes, delivered)? {
        return Ok(Done::Well);
    }
    let connect = |system| wiring.connection(system).map_err(|error| format!("{error:#}"));
    let stopped = Arc::new(AtomicBool::new(false));
    let flag = stopped.clone();
    tokio::spawn(async move {
        _ = tokio::signal::ctrl_c().await;
        flag.store(true, Ordering::Relaxed);
    });
    let all = plan.documents;
    let progress = |done: usize| {
        if done > 0 {
            tell!("{done} / {all}");
        }
        !stopped.load(Ordering::Relaxed)
    };
    let replayed = operations.replay_plan(plan, &connect, &progress).await?;
    Ok(told(&wiring, &place, &replayed, json)?)
}

fn told(wiring: &Wiring, place: &Place, replayed: &Replayed, json: bool) -> Result<Done, SettingsError> {
    if json {
        say!("{}", place.with(json!(replayed)));
    } else {
        print(place, replayed, works_them(&settings::store(&wiring.settings)?));
    }
    Ok(if replayed.is_whole() { Done::Well } else { Done::WithFailures })
}

/// Count and cost, and what a repetition does.
fn print_plan(plan: &Plan) {
    let (documents, which) = (counted(plan.documents, "张单据", "document"), plan.which.told());
    if plan.delivered {
        say!("{documents},已送达({which})", "{documents} that delivered ({which})");
    } else {
        say!("{documents},失败的({which})", "{documents} that failed ({which})");
    }
    for Costs { document, documents, calls, calls_a_minute, repeat } in &plan.targets {
        let minutes = calls_a_minute.filter(|limit| *limit > 0).map(|limit| {
            said!(
                ",每分钟 {limit} 次,约 {} 分钟",
                ", at {limit} a minute some {} min",
                calls.div_ceil(u64::from(limit))
            )
        });
        let minutes = minutes.unwrap_or_default();
        let repeat = repeat.told(language::current());
        say!(
            "- {document}:{documents} 张;最多调用 {calls} 次{minutes};{repeat}",
            "- {document}: {documents}; up to {calls} calls{minutes}; {repeat}"
        );
    }
}

/// Who takes it from here.
fn works_them(store: &Store) -> &'static str {
    match store {
        Store::Sqlite(_) => language::current()
            .says("由 `relay drain` 或 `relay serve` 处理", "`relay drain` or `relay serve` works them"),
        Store::Aws(_) => language::current()
            .says("由整套里的 erp-pusher 自己处理", "the pusher of the stack works them by itself"),
    }
}

fn print(place: &Place, replayed: &Replayed, works_them: &str) {
    let Replayed { sent, without_flow, too_large, too_deep, not_kept, left } = replayed;
    say!("{}", place.line());
    for id in without_flow {
        let is_unreadable = of_no_flow::is_unreadable(id);
        let why = match is_unreadable {
            true => said!("它的数据不成单据", "its data is no document"),
            false => said!("没有流程要它", "no flow takes it"),
        };
        say!("- {} {}:{why},留在台账里", "- {} {}: {why}, so it stays in the ledger", id.flow, id.key);
    }
    for id in too_deep {
        say!(
            "- {} {}:嵌套超过 {MAX_DEPTH} 层,传不了,留在台账里",
            "- {} {}: it is nested more than {MAX_DEPTH} levels deep, which is not carried, so it stays in the ledger",
            id.flow,
            id.key
        );
    }
    for id in too_large {
        say!(
            "- {} {}:队列装不下,留在台账里",
            "- {} {}: it is too large for the queue, so it stays in the ledger",
            id.flow,
            id.key
        );
    }
    for id in not_kept {
        say!(
            "- {} {}:归档和来源里都没有它的内容",
            "- {} {}: neither the archive nor the source has its content",
            id.flow,
            id.key
        );
    }
    say!("{sent} 张重新走流程;{works_them}。", "{sent} sent through their flows again; {works_them}.");
    if *left > 0 {
        say!(
            "停下了,还剩 {left} 张;`relay replay --continue` 接着做。",
            "Stopped: {left} are left; `relay replay --continue` goes on."
        );
    }
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
