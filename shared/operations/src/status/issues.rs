//! What needs a person, one line for each cause, with the way out. The bounds are those of the alarms of the stack and of
//! `relay.health` ([`relay_job::conditions`]).

use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_connector::Role;
use relay_core::System;
use relay_job::conditions::{LAG, STRANGERS, WAITED};
use relay_job::room::{Short, Shortage};

use super::flows::FlowStatus;
use super::queues::QueueStatus;
use super::{Doing, Status};
use crate::both;
use crate::language::{Language, Said};
use crate::pauses;
use crate::times::{shown, span};

pub(super) fn of(status: &Status, now: DateTime<Utc>) -> Vec<Said> {
    let mut issues = Vec::new();
    for (name, flow) in &status.flows {
        of_flow(name, flow, now, &mut issues);
    }
    of_pools(status, &mut issues);
    for (name, count) in &status.other_failures {
        issues.push(failed(name, *count));
    }
    of_pushes(&status.pushes, &mut issues);
    for (system, queue) in &status.queues {
        of_queue(*system, queue, &mut issues);
        if !all_waits_for_its_time(status, *system) {
            issues.extend(waits_long(*system, queue, now));
        }
    }
    issues.extend(
        status.programs.iter().filter(|program| program.is_silent(now)).map(|program| program.told(now)),
    );
    for (task, stopped) in &status.tasks {
        let since = shown(stopped.since);
        issues.push(both!(
            "`relay serve` 的任务 `{task}` 自 {since} 起一直失败:{}",
            "the task `{task}` of `relay serve` fails since {since}: {}",
            stopped.error
        ));
    }
    issues.extend(status.room.iter().map(short_of_room));
    issues.extend(status.reconciliation.iter().filter_map(super::Reconciled::issue));
    issues
}

fn short_of_room(short: &Short) -> Said {
    let since = shown(short.since);
    let zh = match short.shortage {
        Shortage::Large => "存储文件超过了 RELAY_STORE_MB:少留些历史(RELAY_HISTORY_DAYS),或把它调大",
        Shortage::Full => "存储所在的磁盘剩余不到 2 GB:请腾出空间,满了就收不进单据",
    };
    let en = short.shortage.message();
    both!("磁盘(自 {since}):{zh}", "disk (since {since}): {en}")
}

fn of_flow(name: &str, flow: &FlowStatus, now: DateTime<Utc>, issues: &mut Vec<Said>) {
    if flow.failed > 0 {
        issues.push(failed(name, flow.failed));
    }
    if let [first, more @ ..] = flow.mistakes.as_slice() {
        let more = match more.len() {
            0 => Said::same(""),
            more => both!("(另有 {more} 处)", " (and {more} more)"),
        };
        issues.push(Said::new(
            format!(
                "{name}:流程文件有错误,不能用它启动;正在运行的按原来的继续:{first}{}:`relay flows check` 会列出来",
                more.told(Language::Chinese)
            ),
            format!(
                "{name}: its file has mistakes, so that nothing starts with it; what runs goes on by the text before: \
                 {first}{more}: `relay flows check` shows them"
            ),
        ));
    }
    if let Some(since) = flow.absent_since {
        let (zh, en) = match flow.role {
            Some(Role::Windowed) => (
                "水位停着,放回去后从那里接着读",
                "its watermark stands still, and reading goes on from there once it is back",
            ),
            Some(Role::Listed) => (
                "它的列表不读,变化的等放回去后再发",
                "its list is not read, and what has changed goes on once it is back",
            ),
            Some(Role::Pool) => (
                "它的行留在池里;被别的流程释放的记为失败",
                "its rows stay in the pool, or are recorded as failed where another flow releases them",
            ),
            _ => (
                "推送给它的记为失败:放回去,再 `relay replay`",
                "what is pushed for it is recorded as failed: put it back, then `relay replay`",
            ),
        };
        let since = shown(since);
        issues.push(Said::new(
            format!("{name}:流程文件自 {since} 起不在了;{zh}(`relay flows retire {name}` 放弃它)"),
            format!("{name}: file absent since {since}; {en} (`relay flows retire {name}` ends this)"),
        ));
        return;
    }
    if flow.role.is_some_and(Role::is_polled) {
        issues.extend(failing(&both!("{name}:轮询", "{name}: polling"), &flow.source_health));
        // Meant to be.
        if flow.source_paused.is_some() {
            return;
        }
        let behind = flow.read_until.zip(flow.lag_s.map(Duration::from_secs));
        let behind = behind.filter(|(_, lag)| *lag > LAG && !flow.is_catching_up(now));
        issues.extend(behind.map(|(until, lag)| {
            let (until, lag) = (shown(until), span(lag));
            both!(
                "{name}:读到 {until},落后 {lag}:轮询在跑吗,成功吗?",
                "{name}: read until {until}, {lag} behind: do the polls run, and succeed?"
            )
        }));
    }
}

/// Flows of one pool share its pulls.
fn of_pools(status: &Status, issues: &mut Vec<Said>) {
    let mut told = Vec::new();
    for flow in status.flows.values().filter(|flow| flow.role == Some(Role::Pool)) {
        if !told.contains(&flow.source.as_str()) {
            told.push(flow.source.as_str());
            issues.extend(failing(&both!("{}:取池", "{}: pulling", flow.source), &flow.source_health));
        }
    }
}

fn of_pushes(pushes: &Doing, issues: &mut Vec<Said>) {
    let may_be_a_strangers = |class: &str| matches!(class, "digest" | "age");
    let is_a_strangers = pushes.last_error.as_ref().is_some_and(|error| may_be_a_strangers(&error.class));
    if !is_a_strangers || pushes.failed_tries >= STRANGERS {
        issues.extend(failing(&Said::new("推送:接收", "pushes: taking them"), pushes));
    }
}

fn of_queue(system: System, queue: &QueueStatus, issues: &mut Vec<Said>) {
    if queue.dead > 0 {
        issues.push(both!(
            "{system}:{} 条死信:`relay dead --target {system}` 列出和重发",
            "{system}: {} dead letters: `relay dead --target {system}` lists and redrives them",
            queue.dead
        ));
    }
    match &queue.paused {
        Some(pause) if pause.waits_for_a_person() => {
            let pause = pauses::said(pause);
            issues.push(Said::new(
                format!("{system}:{};解决后 `relay resume {system}`", pause.told(Language::Chinese)),
                format!("{system}: {pause}; mend it, then `relay resume {system}`"),
            ));
        }
        // Its end is known, so the tries that failed need nobody.
        Some(_) => {}
        None => issues.extend(failing(&both!("{system}:推送", "{system}: pushing"), &queue.target_health)),
    }
}

/// Whether the target takes all that waits for it at another time.
fn all_waits_for_its_time(status: &Status, system: System) -> bool {
    let waiting = || status.flows.values().filter(|flow| flow.goes_to(system) && flow.waiting != Some(0));
    waiting().next().is_some() && waiting().all(|flow| flow.not_yet.is_some())
}

fn waits_long(system: System, queue: &QueueStatus, now: DateTime<Utc>) -> Option<Said> {
    let waited = queue.oldest_sent_at.map(|sent| (now - sent).to_std().unwrap_or_default());
    let waited = waited.filter(|waited| *waited > WAITED)?;
    Some(both!(
        "{system}:最早的一条已等了 {}",
        "{system}: its oldest message has waited for {}",
        span(waited)
    ))
}

fn failed(name: &str, count: u64) -> Said {
    both!(
        "{name}:{count} 张失败:`relay failures --flow {name}` 说明原因",
        "{name}: {count} failed: `relay failures --flow {name}` tells why"
    )
}

fn failing(what: &Said, doing: &Doing) -> Option<Said> {
    let since = doing.failing_since?;
    let tries = doing.failed_tries;
    let told = |language: Language| {
        let Some(error) = &doing.last_error else { return String::new() };
        let code = error.code.as_deref().map(|code| format!(", code {code}")).unwrap_or_default();
        format!(" ({}{code}): {}", error.class, language.words(&error.message))
    };
    let (since, (in_chinese, error)) = (shown(since), (told(Language::Chinese), told(Language::English)));
    let well = doing.last_success.map_or_else(|| Said::new("从未", "never"), |at| Said::same(shown(at)));
    Some(Said::new(
        format!(
            "{}自 {since} 起一直失败,{tries} 次;上次成功:{};最近的错误{in_chinese}",
            what.told(Language::Chinese),
            well.told(Language::Chinese)
        ),
        format!("{what} fails since {since}, {tries} times; last success: {well}; last error{error}"),
    ))
}

#[cfg(test)]
mod tests {
    use relay_core::health::Problem;

    use super::*;

    fn refused(class: &str, failed_tries: u64) -> Doing {
        let at = DateTime::UNIX_EPOCH;
        let error = Problem { at, class: class.to_owned(), code: None, message: "fits none".to_owned() };
        Doing {
            last_success: None,
            failing_since: Some(at),
            failed_tries,
            last_error: Some(error),
            ..Doing::default()
        }
    }

    #[test]
    fn one_refused_push_is_a_strangers_and_three_are_a_setting_that_is_wrong() {
        let issues = |pushes| {
            let mut issues = Vec::new();
            of_pushes(&pushes, &mut issues);
            issues
        };
        for class in ["digest", "age"] {
            assert_eq!(issues(refused(class, 2)), Vec::<Said>::new());
            assert_eq!(issues(refused(class, 3)).len(), 1);
        }
        assert_eq!(issues(refused("store", 1)).len(), 1);
        let [issue] = &issues(refused("digest", 3))[..] else { panic!() };
        let issue = issue.to_string();
        assert!(issue.contains("since 1970-01-01 08:00:00, 3 times"), "{issue}");
        assert!(issue.contains("last success: never; last error (digest): fits none"), "{issue}");
    }
}
