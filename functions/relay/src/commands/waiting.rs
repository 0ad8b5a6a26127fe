use relay_operations::times::shown;
use relay_operations::waiting::{Asked, Waiting, Waits};
use serde_json::json;

use super::{looked_at, operations};
use crate::Done;
use crate::cli::WaitingArguments;
use crate::language;
use crate::output::{Form, counted, csv, say};

/// So many are listed where nobody says how many.
const LISTED: usize = 50;

/// `relay waiting`
pub(crate) async fn run(which: &WaitingArguments, json: bool) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let asked: Asked = which.asked(wiring.clock.now());
    let mut waiting = operations(&wiring).waiting(&asked).await?;
    match Form::of(json, which.csv) {
        Form::Csv => csv(&waiting.csv(language::current())?),
        Form::Json => {
            waiting.documents.truncate(which.limit.unwrap_or(usize::MAX));
            say!("{}", place.with(json!(waiting)));
        }
        Form::Text => {
            say!("{};时间为北京时间\n", "{}; times are China time\n", place.line());
            print(&waiting, which.limit.unwrap_or(LISTED));
        }
    }
    Ok(Done::Well)
}

fn print(Waiting { documents, unseen, has_more }: &Waiting, limit: usize) {
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
        false => say!("{count}{more}。", "{count}{more}."),
    }
}
