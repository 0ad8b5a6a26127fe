use relay_operations::Operations;
use relay_operations::bills::{Bills, Stands};
use relay_operations::times::shown;
use relay_operations::waiting::{Asked, Failed, Waiting, Waits};
use serde_json::json;

use super::delivered::agrees_to_read_through;
use super::place::Place;
use super::{looked_at, operations};
use crate::Done;
use crate::cli::WaitingArguments;
use crate::language;
use crate::output::{Form, counted, csv, say, tell};

/// So many are listed where nobody says how many.
const LISTED: usize = 50;

/// `relay waiting`
pub(crate) async fn run(which: &WaitingArguments, json: bool) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let asked: Asked = which.asked(wiring.clock.now());
    let (operations, form) = (operations(&wiring), Form::of(json, which.csv));
    match which.bills {
        true => bills(&operations, &place, which, &asked, form).await,
        false => messages(&operations, &place, which, &asked, form).await,
    }
}

async fn messages(
    operations: &Operations<'_>,
    place: &Place,
    which: &WaitingArguments,
    asked: &Asked,
    form: Form,
) -> anyhow::Result<Done> {
    let mut waiting = operations.waiting(asked).await?;
    match form {
        Form::Csv => csv(&waiting.csv(language::current())?),
        Form::Json => {
            waiting.documents.truncate(which.limit.unwrap_or(usize::MAX));
            waiting.failed.truncate(which.limit.unwrap_or(usize::MAX));
            say!("{}", place.with(json!(waiting)));
        }
        Form::Text => {
            say!("{};时间为北京时间\n", "{}; times are China time\n", place.line());
            let limit = which.limit.unwrap_or(LISTED);
            if asked.failed {
                print_failed(&waiting.failed, limit);
            }
            print(&waiting, limit);
        }
    }
    Ok(if waiting.failed.is_empty() { Done::Well } else { Done::WithFailures })
}

/// `relay waiting --bills`
async fn bills(
    operations: &Operations<'_>,
    place: &Place,
    which: &WaitingArguments,
    asked: &Asked,
    form: Form,
) -> anyhow::Result<Done> {
    if operations.bills_read_ledger_through(asked).await? {
        tell!(
            "目标的队列里有东西,而 SQS 不让人看里面是什么。",
            "A queue of a target holds something, and SQS shows nobody what."
        );
        if !agrees_to_read_through(which.yes)? {
            return Ok(Done::Well);
        }
    }
    let mut listed = operations.bills(asked).await?;
    let done = if listed.need_a_person() { Done::WithFailures } else { Done::Well };
    match form {
        Form::Csv => csv(&listed.csv(language::current())?),
        Form::Json => {
            listed.bills.truncate(which.limit.unwrap_or(usize::MAX));
            say!("{}", place.with(json!(listed)));
        }
        Form::Text => {
            say!("{};时间为北京时间\n", "{}; times are China time\n", place.line());
            print_bills(&listed, which.limit.unwrap_or(LISTED));
        }
    }
    Ok(done)
}

fn print_bills(Bills { bills, has_more }: &Bills, limit: usize) {
    let language = language::current();
    for bill in bills.iter().take(limit) {
        let Stands { flow, key, target, number, target_id, since, .. } = bill;
        let id = target_id.as_ref().map(|id| format!(" (id {id})")).unwrap_or_default();
        let number = number.as_deref().unwrap_or("-");
        say!("{} {flow} {key}", shown(*since));
        say!("    {target} {number}{id}: {}", bill.said().told(language));
        say!("    {}", bill.why.said().told(language));
    }
    let count = counted(bills.len(), "张", "bill");
    let more = if *has_more { "+" } else { "" };
    match (bills.len(), bills.len() > limit) {
        (0, _) => say!("没有要提交或审核的单据。", "No bill has a step before it."),
        (_, true) => say!(
            "{count}{more},列了停得最久的 {limit} 张:`--limit`、`--csv` 列出全部。",
            "{count}{more}, of which the {limit} that stand longest are listed: `--limit` or `--csv` lists all."
        ),
        (_, false) => say!("{count}{more}。", "{count}{more}."),
    }
}

/// Those that failed, before those that wait.
fn print_failed(failed: &[Failed], limit: usize) {
    for of in failed.iter().take(limit) {
        say!("{} {} {}", shown(of.since), of.flow, of.key);
        say!("    {}", of.said().told(language::current()));
    }
    let count = counted(failed.len(), "张", "document");
    match failed.len() > limit {
        true => say!(
            "{count}失败,列了最久的 {limit} 张:`--limit`、`--csv` 列出全部。\n",
            "{count} failed, of which the {limit} that came first are listed: `--limit` or `--csv` lists all.\n"
        ),
        false => say!("{count}失败。\n", "{count} failed.\n"),
    }
}

fn print(Waiting { documents, unseen, has_more, .. }: &Waiting, limit: usize) {
    for Waits { flow, key, queued } in documents.iter().take(limit) {
        say!("{} {flow} {key}", shown(queued.since));
        say!("    {}", queued.said().told(language::current()));
    }
    for queue in unseen {
        say!(
            "{}:{} 条在等,{} 条在途;SQS 不让人看里面是什么",
            "{}: {} wait and {} are in flight; SQS shows nobody what it holds",
            queue.system,
            queue.waiting,
            queue.in_flight
        );
    }
    let count = counted(documents.len(), "张", "document");
    let more = if *has_more { "+" } else { "" };
    match documents.len() > limit {
        true => say!(
            "{count}{more},列了等得最久的 {limit} 张:`--limit`、`--csv` 列出全部。",
            "{count}{more}, of which the {limit} that have waited longest are listed: `--limit` or `--csv` lists all."
        ),
        false => say!("{count}{more}在等。", "{count}{more} waiting."),
    }
}
