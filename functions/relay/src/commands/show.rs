use relay_core::Step;
use relay_core::archive::{Event, Exchange, Record};
use relay_core::groups::{Member, unmarked};
use relay_core::ledger::{Attempts, Delivered, Edit};
use relay_operations::explain::Differing;
use relay_operations::failures::Failure;
use relay_operations::find::{AtSource, Found};
use relay_operations::flow_texts::MadeBy;
use relay_operations::groups::InGroup;
use relay_operations::parts::{Part, PartState};
use relay_operations::pauses;
use relay_operations::show::{BillShown, ByHand, Shown, changed};
use relay_operations::times::shown;
use serde_json::{Value, json};

use super::{looked_at, operations};
use crate::Done;
use crate::language::{self, Language, said};
use crate::output::say;

/// `relay show`
pub(crate) async fn run(flow: &str, key: &str, json: bool) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let document = operations(&wiring).show(flow, key).await?;
    if json {
        say!("{}", place.with(json!(document)));
    } else {
        say!("{};时间为北京时间\n", "{}; times are China time\n", place.line());
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
        say!("{};时间为北京时间", "{}; times are China time", place.line());
        found.iter().for_each(print_found);
    }
    let is_known = found.iter().all(|found| !found.documents.is_empty());
    Ok(if is_known { Done::Well } else { Done::WithFailures })
}

fn print_found(Found { number, documents, sources, unseen }: &Found) {
    for document in documents {
        say!("");
        print(document);
    }
    if !documents.is_empty() {
        return;
    }
    say!("\n{number}:没有流程认识它", "\n{number}: no flow knows it");
    for AtSource { flow, source, key, says } in sources {
        let key = key.as_deref().map(|key| format!(" {key}")).unwrap_or_default();
        say!("  {flow} ({source}{key}): {}", says.told(language::current()));
    }
    if sources.is_empty() {
        say!("  能按这种号码问的来源也都没有它", "  and no source that can be asked by such a number has it");
    }
    unseen.iter().for_each(|queue| say!("  {}", queue.said().told(language::current())));
}

fn print(document: &Shown) {
    say!("{} {}", document.flow, document.key);
    if !document.numbers.is_empty() {
        say!("  号码:{}", "  its numbers: {}", document.numbers.join(", "));
    }
    stands(document);
    for failure in &document.failures {
        failed(failure, language::current().says("失败于", "failed"));
    }
    if let Some(group) = &document.group {
        in_group(group);
    }
    if !document.parts.is_empty() {
        in_parts(&document.parts);
    }
    if let Some(ByHand { by, reason, at, versions }) = &document.settled {
        let reason = reason.as_deref().unwrap_or(language::current().says("没说原因", "no reason given"));
        say!("  {by} 于 {} 了结:{reason}", "  settled by {by} {}: {reason}", shown(*at));
        versions
            .iter()
            .for_each(|version| failed(version, language::current().says("曾失败于", "had failed")));
    }
    if let Some(Edit { by, at, .. }) = &document.edited {
        say!("  {by} 于 {} 改过内容再发", "  edited by {by} {} before it was sent", shown(*at));
    }
    if document.history.is_empty() {
        say!(
            "\n没有它的经过:经过只保留 RELAY_HISTORY_DAYS 天。",
            "\nThere is no history of it: it is kept for RELAY_HISTORY_DAYS days."
        );
        return;
    }
    say!("\n经过:", "\nWhat happened:");
    let mut came: Option<&str> = None;
    for record in &document.history {
        happened(record);
        if let Event::Received { document } = &record.event {
            came.iter().flat_map(|before| changed(before, document)).for_each(change);
            came = Some(document);
        }
    }
}

/// A field in which a version differs from the one that came before it.
fn change(Differing { field, there, now }: Differing) {
    let value =
        |value: Option<Value>| value.map_or_else(|| said!("没有", "nothing"), |value| value.to_string());
    say!("    改了 {field}:{} → {}", "    changed {field}: {} → {}", value(there), value(now));
}

/// A member's bills, or a bill's members.
fn in_group(InGroup { group, bills, members }: &InGroup) {
    if members.is_empty() {
        let bills = if bills.is_empty() { said!("还没有", "none yet") } else { bills.join(", ") };
        say!("  在组 {group} 里;它的单:{bills}", "  in the group {group}; its bills: {bills}");
        return;
    }
    say!("  组 {group} 的单;成员:", "  a bill of the group {group}; its members:");
    for Member { key, version, is_withdrawn, .. } in members {
        let withdrawn =
            if *is_withdrawn { language::current().says(",已撤回", ", withdrawn") } else { "" };
        say!(
            "    {key} 版本 {}{withdrawn}",
            "    {key} version {}{withdrawn}",
            version_of(version.as_deref())
        );
    }
}

/// The parts that a document was split into.
fn in_parts(parts: &[Part]) {
    let is = |state| parts.iter().filter(move |part| part.state == state).count();
    let counts: Vec<_> = [PartState::Delivered, PartState::Queued, PartState::Failed, PartState::Withdrawn]
        .into_iter()
        .filter(|state| is(*state) > 0)
        .map(|state| format!("{} {}", is(state), state.said().told(language::current())))
        .collect();
    say!("  各份:{}", "  its parts: {}", counts.join(", "));
    for part in parts {
        let id = part.target_id.as_deref().map(as_in_target).unwrap_or_default();
        say!("    {} {}{id}", part.key, part.state.said().told(language::current()));
        for failure in part.failures.iter().filter(|_| part.state == PartState::Failed) {
            say!("      {}: {}", failure.class, language::words(&failure.message));
        }
    }
}

/// What the target has, and what may be on its way there.
fn stands(document: &Shown) {
    if let Some(whole) = &document.part_of {
        say!("  {whole} 的一份", "  a part of {whole}");
    }
    match &document.delivered {
        Some(Delivered { version, at, .. }) if !document.parts.is_empty() => {
            say!("  版本 {} 于 {} 拆开", "  version {} split {}", version_of(version.as_deref()), shown(*at));
        }
        Some(nothing @ Delivered { version, at, .. }) if nothing.is_nothing() => {
            say!(
                "  被版本 {} 于 {} 撤回",
                "  withdrawn by version {} {}",
                version_of(version.as_deref()),
                shown(*at)
            );
        }
        Some(Delivered { version, target_id, at, .. }) => {
            let id = target_id.as_deref().map(to).unwrap_or_default();
            let version = of_version(version.as_deref(), language::current().says(" 于 ", " "));
            say!("  {version}{} 送达{id}", "  {version}delivered {}{id}", shown(*at));
        }
        None => say!("  没有送达", "  not delivered"),
    }
    document.made_by.iter().for_each(|by| made_by(&document.flow, *by));
    document.bills.iter().for_each(bill);
    if let Some(Attempts { version, count, message, at, .. }) = &document.attempts {
        let message = language::words(message);
        let version = version_of(version.as_deref());
        say!(
            "  版本 {version} 试了 {count} 次,最近 {}:{message}",
            "  version {version} tried {count} times, last {}: {message}",
            shown(*at)
        );
    }
    if let Some(request) = &document.unanswered {
        say!(
            "  {} 的一次请求没等到回答:目标可能已经收下",
            "  the answer to a request was lost {}: the target may have taken it",
            shown(request.at)
        );
    }
    document.queued.iter().for_each(|queued| say!("  {}", queued.said().told(language::current())));
    if let Some(pause) = &document.paused {
        say!("  {}", pauses::said(pause).told(language::current()));
    }
}

/// The text of the flow's file that it was made by.
fn made_by(flow: &str, MadeBy { since, changes_since }: MadeBy) {
    let since = shown(since);
    match changes_since {
        0 => say!(
            "  按流程文件 {since} 的版本,此后没改过",
            "  by the text that the flow's file has had since {since}"
        ),
        changes => say!(
            "  按流程文件 {since} 的版本,此后改过 {changes} 次(`relay flows show {flow}`)",
            "  by the text that the flow's file had since {since}; changed {changes} times since (`relay flows show {flow}`)"
        ),
    }
}

/// Where something was delivered to: the target, by its own id, or a group.
fn to(id: &str) -> String {
    match unmarked(id) {
        Some(group) => said!(",进了组 {group}", " to the group {group}"),
        None => as_in_target(id),
    }
}

fn bill(BillShown { number, target_id, version, stage, takes_back, at }: &BillShown) {
    let language = language::current();
    let number = number.as_deref().unwrap_or(language.says("没有单号", "without a number"));
    let id =
        target_id.as_deref().map(|id| said!(",目标里是 {id}", ", {id} in the target")).unwrap_or_default();
    let stage = stage.map_or(language.says("不知道在不在", "not known to be there"), after);
    let what = match takes_back {
        Some(other) => said!("冲回 {other},", "takes {other} back, "),
        None => of_version(version.as_deref(), language.says(",", ", ")),
    };
    say!(
        "    单 {number}{id}:{what}{} 起{stage}",
        "    bill {number}{id}: {what}{stage} since {0}",
        shown(*at)
    );
}

/// Where a bill stands after a step.
fn after(step: Step) -> &'static str {
    match step {
        Step::Save | Step::Unaudit => language::current().says("已保存", "saved"),
        Step::Submit => language::current().says("已提交", "submitted"),
        Step::Audit => language::current().says("已审核", "audited"),
        Step::Delete => language::current().says("已删除", "gone"),
    }
}

fn failed(failure: &Failure, how: &str) {
    let language = language::current();
    let (class, code) =
        (&failure.class, failure.code.as_deref().unwrap_or(language.says("无代码", "no code")));
    say!(
        "  版本 {} {how} {}",
        "  version {} {how} {}",
        version_of(failure.version.as_deref()),
        shown(failure.at)
    );
    let place = Failure::place(failure.step, failure.target_id.as_deref());
    say!("    {class} ({code}){}: {}", place.told(language), language.words(&failure.message));
    if language == Language::Chinese {
        say!("    → {}", language.class(class.code()));
    }
}

fn happened(Record { version, at, event, trace, .. }: &Record) {
    let at = shown(*at);
    match event {
        Event::Received { document } => {
            say!(
                "{at} 版本 {} 来了(trace {trace}):{document}",
                "{at} version {} came (trace {trace}): {document}",
                version_of(version.as_deref())
            );
        }
        Event::Called(exchange) => called(&at, exchange),
        Event::Ended { outcome, message, attempt } => {
            let message = message
                .as_deref()
                .map(|message| format!(": {}", language::words(message)))
                .unwrap_or_default();
            say!(
                "{at} 第 {attempt} 次尝试结束:{outcome}{message}",
                "{at} attempt {attempt} ended: {outcome}{message}"
            );
        }
    }
}

fn called(at: &str, Exchange { vendor, operation, parameters, body, answer, duration }: &Exchange) {
    say!(
        "{at} 调用 {vendor} {operation},{} 毫秒",
        "{at} {vendor} {operation} was called, {} ms",
        duration.as_millis()
    );
    for (name, value) in parameters {
        say!("    {name}={value}");
    }
    if !body.is_empty() {
        say!("    发送:{body}", "    sent: {body}");
    }
    match answer {
        Ok(answer) => say!("    回答:{answer}", "    answered: {answer}"),
        Err(why) => say!("    没有回答:{why}", "    no answer: {why}"),
    }
}

fn as_in_target(id: &str) -> String {
    said!(",目标里是 {id}", ", as {id} in the target")
}

/// The version, and what goes on from it; nothing of what has none, such as the bill of a group.
fn of_version(version: Option<&str>, then: &str) -> String {
    version.map(|version| said!("版本 {version}{then}", "version {version}{then}")).unwrap_or_default()
}

fn version_of(version: Option<&str>) -> &str {
    version.unwrap_or("-")
}
