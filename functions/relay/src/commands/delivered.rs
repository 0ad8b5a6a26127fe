use relay_operations::delivered::{Deliveries, Delivery};
use relay_operations::times::shown;
use serde_json::json;

use super::{agrees, looked_at, operations};
use crate::Done;
use crate::cli::DeliveredArguments;
use crate::language::{self, said};
use crate::output::{Form, counted, csv, say, tell};
use crate::tally::plain_table;

/// So many are listed where nobody says how many.
const LISTED: usize = 50;

/// `relay delivered`
pub(crate) async fn run(which: &DeliveredArguments, json: bool) -> anyhow::Result<Done> {
    let form = Form::of(json, which.csv);
    let (wiring, place) = looked_at().await?;
    let operations = operations(&wiring);
    let usual = (form == Form::Text).then_some(LISTED);
    let wanted = which.wanted(wiring.clock.now(), usual);
    if operations.reads_ledger_through().await? {
        tell!(
            "这里没有按时间的索引:要把整个台账读一遍,每一百万张单据约 9 万读单元(约 0.01 美元),几秒到几分钟。",
            "There is no index of times here: the whole ledger is read through, some 90,000 read units (about 0.01 USD) for a \
             million documents, in seconds to minutes."
        );
        if !agrees(&said!("读吗?", "Read it?"), which.yes, false)? {
            return Ok(Done::Well);
        }
    }
    let listed = operations.delivered(&wanted).await?;
    match form {
        Form::Json => say!("{}", place.with(json!(listed))),
        Form::Csv => csv(&listed.csv(language::current())?),
        Form::Text => {
            say!("{};时间为北京时间\n", "{}; times are China time\n", place.line());
            let span = (shown(wanted.since), shown(wanted.until));
            say!("{} 到 {}:", "{} to {}:", span.0, span.1);
            print(&listed, wanted.amounts);
        }
    }
    Ok(Done::Well)
}

fn print(Deliveries { delivered, has_more }: &Deliveries, amounts: bool) {
    if delivered.is_empty() {
        say!("这段时间没有送达的单据。", "Nothing was delivered in that time.");
        return;
    }
    let columns = [
        ("时间", "time"),
        ("流程", "flow"),
        ("单据", "document"),
        ("单号", "number"),
        ("目标里的 id", "id in the target"),
    ];
    let sums = [("行数", "lines"), ("数量", "quantity"), ("金额", "amount")];
    let columns: Vec<_> = columns.into_iter().chain(sums.into_iter().filter(|_| amounts)).collect();
    let mut table = plain_table(&columns);
    for Delivery { at, flow, key, number, target_id, content, .. } in delivered {
        let or = |text: &Option<String>| text.clone().unwrap_or_else(dash);
        let sums = match content {
            Some(of) => [of.lines.to_string(), of.quantity.normalize().to_string(), of.amount.to_string()],
            None => [dash(), dash(), dash()],
        };
        let cells = [shown(*at), flow.clone(), key.clone(), or(number), or(target_id)];
        table.add_row(cells.into_iter().chain(sums.into_iter().filter(|_| amounts)));
    }
    say!("{table}\n");
    let documents = counted(delivered.len(), "张", "document");
    match has_more {
        true => say!(
            "最近的 {documents};还有更早的:`--limit` 多列一些,`--csv` 全部写成文件。",
            "The latest {documents}; there are earlier ones: `--limit` lists more, `--csv` writes all as a file."
        ),
        false => say!("{documents}。", "{documents}."),
    }
}

fn dash() -> String {
    "-".to_owned()
}
