use relay_operations::history::{Asked, CallSum, Called, Cause, Causes, OutcomeSum, Turn, Turns};
use relay_operations::times::shown;
use serde_json::json;

use super::delivered::may_read_through;
use super::{looked_at, operations};
use crate::Done;
use crate::cli::HistoryArguments;
use crate::language::{self, said};
use crate::output::{Form, counted, csv, say};
use crate::tally::plain_table;

/// So many are listed where nobody says how many.
const LISTED: usize = 50;

/// `relay history`
pub(crate) async fn run(which: &HistoryArguments, json: bool) -> anyhow::Result<Done> {
    let form = Form::of(json, which.csv);
    let (wiring, place) = looked_at().await?;
    let operations = operations(&wiring);
    let usual = (form == Form::Text).then_some(LISTED);
    let asked = which.asked(wiring.clock.now(), usual);
    if !may_read_through(&operations, which.yes).await? {
        return Ok(Done::Well);
    }
    if which.causes {
        let causes = operations.causes(&asked).await?;
        match form {
            Form::Json | Form::Csv => say!("{}", place.with(json!(causes))),
            Form::Text => {
                say!("{};时间为北京时间\n", "{}; times are China time\n", place.line());
                print_causes(&causes, &asked);
            }
        }
        return Ok(Done::Well);
    }
    let found = operations.happened(&asked).await?;
    match (form, which.sums) {
        (Form::Csv, _) => csv(&found.csv(language::current())?),
        (Form::Json, true) => {
            say!("{}", place.with(json!({ "outcomes": found.by_outcome(), "calls": found.by_call() })));
        }
        (Form::Json, false) => say!("{}", place.with(json!(found))),
        (Form::Text, sums) => {
            say!("{};时间为北京时间\n", "{}; times are China time\n", place.line());
            say!("{} 到 {}:", "{} to {}:", shown(asked.since), shown(asked.until));
            if sums { print_sums(&found) } else { print(&found) }
        }
    }
    Ok(Done::Well)
}

/// What failed most, beside the span before.
fn print_causes(Causes { causes, before_since }: &Causes, asked: &Asked) {
    let [before, since, until] = [*before_since, asked.since, asked.until].map(shown);
    say!(
        "{since} 到 {until},括号里是 {before} 到 {since}:",
        "{since} to {until}, in brackets {before} to {since}:"
    );
    for Cause { flow, text, documents, before, last_key, last } in causes {
        let count = counted(usize::try_from(*documents).unwrap_or(usize::MAX), "张", "document");
        say!("{count} ({before}) {flow}: {}", language::words(text));
        say!("    最近一张 {last_key},{}", "    the last was {last_key}, {}", shown(*last));
    }
    if causes.is_empty() {
        say!("都没有失败。", "Nothing failed in either.");
    }
    say!(
        "\n已经解决的也算;比 RELAY_HISTORY_DAYS 更早的没有。",
        "\nWhat is mended is among it; what is older than RELAY_HISTORY_DAYS is not."
    );
}

fn print(Turns { turns, has_more }: &Turns) {
    if turns.is_empty() {
        say!("这段时间没有记录。", "Nothing is recorded of that time.");
        return;
    }
    turns.iter().for_each(turn);
    let count = counted(turns.len(), "次", "turn");
    match has_more {
        true => say!(
            "最近的 {count};还有更早的:`--limit` 多列一些,`--sums` 合计,`--csv` 全部写成文件。",
            "The latest {count}; there are earlier ones: `--limit` lists more, `--sums` tells sums, `--csv` writes all as a file."
        ),
        false => say!("{count}。", "{count}."),
    }
}

fn turn(turn: &Turn) {
    let Turn { at, came, flow, key, version, outcome, message, attempt, calls, .. } = turn;
    let version = version.as_deref().map(|version| said!(" 版本 {version}", " version {version}"));
    let came = came.map(|came| said!(",{} 收到", ", came {}", shown(came))).unwrap_or_default();
    let attempt = attempt.filter(|attempt| *attempt > 1);
    let attempt =
        attempt.map(|attempt| said!(",第 {attempt} 次尝试", ", attempt {attempt}")).unwrap_or_default();
    let outcome = language::current().outcome(outcome.as_deref().unwrap_or("–"));
    say!("{} {flow} {key}{}: {outcome}{attempt}{came}", shown(*at), version.unwrap_or_default());
    if let Some(message) = message {
        say!("    {}", language::words(message));
    }
    if !calls.is_empty() {
        say!("    {}", calls.iter().map(Called::told).collect::<Vec<_>>().join("; "));
    }
}

fn print_sums(turns: &Turns) {
    let mut table = plain_table(&[("流程", "flow"), ("结果", "ended"), ("次数", "turns"), ("原因", "why")]);
    for OutcomeSum { flow, outcome, why, turns } in turns.by_outcome() {
        let why = why.map(|why| language::words(&why).into_owned()).unwrap_or_default();
        table.add_row([flow, language::current().outcome(&outcome).to_owned(), turns.to_string(), why]);
    }
    say!("{table}\n");
    let mut table = plain_table(&[
        ("厂商", "vendor"),
        ("操作", "operation"),
        ("调用", "calls"),
        ("没有回答", "unanswered"),
        ("一半在", "half within"),
        ("最长", "longest"),
    ]);
    for CallSum { vendor, operation, calls, unanswered, half_within_ms, longest_ms } in turns.by_call() {
        let times = [half_within_ms, longest_ms].map(|took| format!("{took} ms"));
        let counts = [calls, unanswered].map(|count| count.to_string());
        table.add_row([vendor, operation].into_iter().chain(counts).chain(times));
    }
    say!("{table}");
}
