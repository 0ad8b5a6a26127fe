use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use relay_core::clock::{Clock as _, SystemClock};
use relay_operations::status::{Side, Standing, Status};
use relay_operations::times::{shown, span};
use relay_operations::{backups, pauses};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::place::Place;
use super::{looked_at, operations};
use crate::Done;
use crate::language::{self, said};
use crate::output::say;
use crate::tally::plain_table;

/// Clears the screen and goes to its beginning.
const AFRESH: &str = "\u{1b}[2J\u{1b}[H";

/// `relay status`
pub(crate) async fn run(watch: Option<u64>, json: bool) -> anyhow::Result<Done> {
    let Some(seconds) = watch else { return once(json).await };
    let clock = SystemClock;
    // From the beginning: one that comes while the status is read or told must not be lost.
    let mut interrupts = signal(SignalKind::interrupt()).context("listening for the signal to stop")?;
    loop {
        if !json && io::stdout().is_terminal() {
            _ = write!(io::stdout(), "{AFRESH}");
        }
        let done = once(json).await?;
        tokio::select! {
            () = clock.sleep(Duration::from_secs(seconds.max(1))) => {}
            _ = interrupts.recv() => return Ok(done),
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
    say!("{};时间为北京时间\n", "{}; times are China time\n", place.line());
    match status.attention {
        0 => say!("没有要人处理的事。\n", "Nothing needs a person.\n"),
        count => say!("有 {count} 件事要人处理,列在最后。\n", "{count} need a person, told at the end.\n"),
    }
    let columns = [
        ("流程", "flow"),
        ("今天读入", "read today"),
        ("今天送达", "delivered today"),
        ("已送达", "delivered"),
        ("等待", "waiting"),
        ("失败", "failed"),
        ("已读到", "read until"),
        ("落后", "lag"),
        ("来源上次正常", "source last well"),
        ("下次运行", "next run"),
    ];
    let mut table = plain_table(&columns);
    for (name, flow) in &status.flows {
        let delivered = flow.delivered.map_or_else(dash, |count| count.to_string());
        let lag = flow.lag_s.map_or_else(dash, |lag| span(Duration::from_secs(lag)));
        let (until, well) = (time(flow.read_until), time(flow.source_health.last_success));
        table.add_row([
            name.clone(),
            flow.today.read.to_string(),
            flow.today.delivered.to_string(),
            delivered,
            status.waiting_in_words(flow),
            flow.failed.to_string(),
            until,
            lag,
            well,
            time(flow.next_run),
        ]);
    }
    say!("{table}\n");
    let mut table = plain_table(&[
        ("队列", "queue"),
        ("等待", "waiting"),
        ("在途", "in flight"),
        ("死信", "dead"),
        ("最久等了", "oldest waits"),
        ("目标上次正常", "target last well"),
    ]);
    for (system, queue) in &status.queues {
        let counts = [queue.waiting, queue.in_flight, queue.dead].map(|count| count.to_string());
        let oldest = queue.oldest_waiting_s.map_or_else(dash, |age| span(Duration::from_secs(age)));
        let well = time(queue.target_health.last_success);
        table.add_row([system.to_string()].into_iter().chain(counts).chain([oldest, well]));
    }
    say!("{table}\n");
    vendors(status);
    let size = status.size_in_words();
    say!("存储:{}", "The store: {}", size.told(language::current()));
    if status.size.is_none() {
        say!(
            "上次备份:由 AWS 做(时间点恢复,35 天)",
            "The last backup: AWS makes them (point-in-time recovery, 35 days)"
        );
    } else {
        let last = backups::last_in_words(status.backup.as_ref(), SystemClock.now());
        say!("上次备份:{}", "The last backup: {}", last.told(language::current()));
    }
    if let Some(restored) = status.restored {
        say!("{}", backups::restored_in_words(restored).told(language::current()));
    }
    programs(status);
    say!("上一次收到推送:{}", "The last push was taken at: {}", time(status.pushes.last_success));
    notes(status);
    if status.attention > 0 {
        say!("{} 件事要人处理:", "{} need a person:", status.attention);
    }
    for issue in &status.issues {
        say!("- {}", issue.told(language::current()));
    }
}

/// What works the store. What was not stopped in good order stands among what needs a person.
fn programs(status: &Status) {
    let now = SystemClock.now();
    let running = status.programs.iter().filter(|program| !program.is_silent(now));
    running.for_each(|program| say!("{}", program.told(now).told(language::current())));
    if status.programs.is_empty() && status.size.is_some() {
        say!("没有 `relay serve` 在这个存储上运行。", "No `relay serve` runs on this store.");
    } else if status.programs.is_empty() {
        say!(
            "云上没有 `relay serve`:函数按各自的计划运行,来源和目标上次正常的时间说明它们在工作。",
            "A stack has no `relay serve`: its functions run by their schedules, and when sources and targets were last well tells that they do."
        );
    }
}

/// Each vendor at either end, and its quota.
fn vendors(status: &Status) {
    let mut table = plain_table(&[
        ("厂商", "vendor"),
        ("作为来源", "as a source"),
        ("作为目标", "as a target"),
        ("一分钟调用", "calls in a minute"),
        ("等待", "waiting"),
    ]);
    for (system, vendor) in &status.vendors {
        let side = |side: &Option<Side>| {
            side.as_ref().map_or_else(dash, |side| side.stands.said().told(language::current()).to_owned())
        };
        let limit =
            vendor.calls_a_minute.map(|limit| said!("(上限 {limit})", " of {limit}")).unwrap_or_default();
        let used = format!("{}{limit}", vendor.used.last_minute);
        let (source, target) = (side(&vendor.source), side(&vendor.target));
        table.add_row([system.to_string(), source, target, used, vendor.used.waiting.to_string()]);
    }
    say!("{table}\n");
}

/// What is to be known and needs nobody.
fn notes(status: &Status) {
    for compared in status.reconciliation.iter().filter(|day| day.differences == 0) {
        let (flow, day) = (&compared.flow, compared.day);
        say!(
            "{flow}:{day} 没能比对(`relay reconcile {flow} --day {day}` 说明原因)",
            "{flow}: {day} could not be compared (`relay reconcile {flow} --day {day}` tells why)"
        );
    }
    for (name, flow) in &status.flows {
        if let Some(title) = &flow.title {
            say!("{name}: {title}");
        }
        if let Some(pause) = &flow.paused {
            say!("{name}: {}", pauses::said(pause).told(language::current()));
        }
        if let Some(open) = flow.open_groups.filter(|open| *open > 0) {
            let groups = if open == 1 { "1 group is".to_owned() } else { format!("{open} groups are") };
            say!("{name}:有 {open} 组开着(`relay groups`)", "{name}: {groups} open (`relay groups`)");
        }
        flow.notes.iter().for_each(|note| say!("{name}: {}", note.told(language::current())));
    }
    for (system, vendor) in &status.vendors {
        if let Some(Side { stands: Standing::Paused, why: Some(why), .. }) = &vendor.source {
            let why = why.told(language::current());
            say!("{system} 作为来源:{why}", "{system} as a source: {why}");
        }
    }
    for (system, queue) in &status.queues {
        if let Some(pause) = queue.paused.as_ref().filter(|pause| !pause.waits_for_a_person()) {
            say!("{system}: {}", pauses::said(pause).told(language::current()));
        }
        queue.notes.iter().for_each(|note| say!("{system}: {}", note.told(language::current())));
    }
}

fn time(time: Option<DateTime<Utc>>) -> String {
    time.map_or_else(dash, shown)
}

fn dash() -> String {
    "-".to_owned()
}
