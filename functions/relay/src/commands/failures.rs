use relay_core::{Entry, FailureClass};
use relay_operations::Operations;
use relay_operations::export;
use relay_operations::failures::Failure;
use relay_operations::issues::{self, Issue};
use relay_operations::recheck::Rechecked;
use relay_operations::times::shown;
use serde_json::json;

use super::{looked_at, operations};
use crate::Done;
use crate::cli::WhichArguments;
use crate::language::{self, Language};
use crate::output::{Form, counted, csv, say};

/// So many documents are listed where nobody says how many.
const LISTED: usize = 20;

/// So many are asked for in their targets.
const ASKED: usize = 200;

/// `relay failures`
pub(crate) async fn run(
    which: &WhichArguments,
    limit: Option<usize>,
    recheck: bool,
    form: Form,
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
    if form == Form::Csv {
        let listed = &entries[..limit.unwrap_or(usize::MAX).min(entries.len())];
        csv(&export::failures(listed, language::current())?);
    } else if form == Form::Json {
        let listed = entries.iter().take(limit.unwrap_or(usize::MAX));
        let failures: Vec<_> = listed.flat_map(Failure::of_entry).collect();
        let mut answer = json!({ "failures": failures, "issues": issues });
        if let Some(rechecked) = &rechecked {
            answer["rechecked"] = json!(rechecked);
        }
        say!("{}", place.with(answer));
    } else {
        say!("{};时间为北京时间", "{}; times are China time", place.line());
        rechecked.iter().for_each(print_rechecked);
        print(&operations, &issues, &entries, limit.unwrap_or(LISTED));
    }
    Ok(if entries.iter().all(Entry::only_waits) { Done::Well } else { Done::WithFailures })
}

fn print_rechecked(Rechecked { closed, missing, unproven }: &Rechecked) {
    for closed in closed {
        let (flow, key) = (&closed.id.flow, &closed.id.key);
        say!(
            "{flow} {key}:目标里已有 {}(id {}),已关掉",
            "{flow} {key}: is in the target as {} (id {}), and closed",
            closed.number,
            closed.target_id
        );
    }
    let closed = counted(closed.len(), "张", "document");
    say!(
        "找到并关掉 {closed},不在的 {missing} 张,无法证实的 {unproven} 张。\n",
        "{closed} found and closed, {missing} not there, {unproven} that cannot be proven.\n"
    );
}

fn no_code() -> &'static str {
    language::current().says("无代码", "no code")
}

/// What a class of failures means; in English the class is a word that says it.
fn way_out(class: &str) {
    if language::current() == Language::Chinese {
        say!("  → {}", Language::Chinese.class(class));
    }
}

fn print(operations: &Operations<'_>, issues: &[Issue], entries: &[Entry], limit: usize) {
    for issue in issues {
        let Issue { cause, flow, class, code, text, documents, first_seen, last_seen, sample, .. } = issue;
        let code = code.as_deref().unwrap_or(no_code());
        let documents = counted(usize::try_from(*documents).unwrap_or(usize::MAX), "张", "document");
        let (first, last) = (shown(*first_seen), shown(*last_seen));
        say!(
            "{cause}  {flow}:{documents},最早 {first},最近 {last}",
            "{cause}  {flow}: {documents}, first {first}, last {last}"
        );
        say!("  {class} ({code}): {}", language::words(text));
        way_out(class.code());
        if let Some(row) = operations.indexed(issue) {
            let (meaning, way_out) =
                (row.meaning.told(language::current()), row.way_out.told(language::current()));
            say!("  → 报错索引:{meaning};{way_out}", "  → error index: {meaning}; {way_out}");
        }
        say!("  例如 {}:{}", "  such as {}: {}", sample.key, language::words(&sample.message));
    }
    if !issues.is_empty() {
        say!("");
    }
    for entry in entries.iter().take(limit) {
        say!("{} {}", entry.id.flow, entry.id.key);
        for failed in entry.failures() {
            let (class, code) = (&failed.class, failed.code.as_deref().unwrap_or(no_code()));
            say!(
                "  版本 {},{} 失败",
                "  version {}, failed {}",
                failed.version.as_deref().unwrap_or("-"),
                shown(failed.at)
            );
            let place = Failure::place(failed.step, failed.target_id.as_deref());
            let place = place.told(language::current());
            say!("  {class} ({code}){place}: {}", language::words(&failed.message));
        }
        if entry.failures().filter(|failed| !failed.is_doubled()).count() > 1 {
            say!(
                "  这些版本哪个最新说不准:重放时再问流程",
                "  which of these versions is the newest cannot be told: a replay asks the flow again"
            );
        }
    }
    if entries.len() > limit {
        let left = entries.len() - limit;
        let all = entries.len();
        say!(
            "还有 {left} 张:`--limit {all}` 全部列出,`--cause 原因` 只列一个原因的",
            "and {left} more: `--limit {all}` lists all, `--cause CAUSE` those of one cause"
        );
    }
    sums(issues, entries);
}

/// How many need a person, and how many only wait.
fn sums(issues: &[Issue], entries: &[Entry]) {
    let waits = entries.iter().filter(|entry| entry.only_waits()).count();
    match entries.len() - waits {
        0 => say!("没有失败的单据。", "No document has failed."),
        count => {
            let causes = issues.iter().filter(|issue| issue.class != FailureClass::Waiting).count();
            let causes = counted(causes, "个原因", "cause");
            say!(
                "{count} 张失败,{causes}。`relay replay --cause 原因`(或 `--flow 流程 --key 键`,或 `--all`)重发;手工做好的用 `relay \
                 settle` 从清单上去掉。",
                "{count} failed, of {causes}. `relay replay --cause CAUSE` (or `--flow FLOW --key KEY`, or `--all`) sends them \
                 again; `relay settle` takes off this list what was done by hand."
            );
        }
    }
    if waits > 0 {
        say!(
            "{waits} 张在等别的流程的单据:等到了自动发送,不用人管。",
            "{waits} wait for documents of other flows: they are sent by themselves, and need nobody."
        );
    }
}
