use relay_operations::history::{CallSum, Called, OutcomeSum, Turn, Turns};
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
