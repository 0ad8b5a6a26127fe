use chrono::TimeDelta;
use relay_operations::export;
use relay_operations::reconcile::{Calls, Cost, Plan};
use relay_reconcile::report::{Compared, OfPlace};
use relay_reconcile::sum::Sum;
use relay_reconcile::tolerance::TOLERATE;
use relay_reconcile::{Day, Standing, Tolerances, days};
use serde_json::json;

use super::{agrees, looked_at, operations};
use crate::cli::{DayRange, ReconcileArguments};
use crate::language::{self, said};
use crate::output::{Form, counted, csv, say, tell};
use crate::{Done, WrongUsage};

/// So many documents of a day are listed; `--json` has all.
const LISTED: usize = 20;

/// `relay reconcile`
pub(crate) async fn run(asked: ReconcileArguments, form: Form) -> anyhow::Result<Done> {
    let ReconcileArguments { flow, days: DayRange { day, from, to }, tolerate, heal, yes, .. } = asked;
    let (wiring, place) = looked_at().await?;
    let operations = operations(&wiring);
    let always = wiring.settings.get(TOLERATE).unwrap_or_default().split(',');
    let tolerances =
        Tolerances::parse(always.chain(tolerate.iter().map(String::as_str))).map_err(WrongUsage)?;
    let yesterday = days::of(wiring.clock.now() - TimeDelta::days(1));
    let to = day.or(to).unwrap_or_else(|| yesterday.max(from.unwrap_or(yesterday)));
    let plan = operations.plan_reconcile(flow.as_deref(), day.or(from).unwrap_or(to), to).await?;
    if form == Form::Text {
        print_plan(&plan);
    }
    if !agrees(&said!("比对吗?", "Compare them?"), yes, false)? {
        return Ok(Done::Well);
    }
    let connect = |system| wiring.connection(system).map_err(|error| format!("{error:#}"));
    let progress = |day: &Day| tell!("{} {}: {}", day.day, day.flow, standing(day.standing));
    let compared = operations.reconcile(&plan, &tolerances, &connect, &progress).await?;
    match form {
        Form::Text => {
            say!("{}", place.line());
            compared.iter().for_each(print);
        }
        Form::Csv => csv(&export::days(&compared, language::current())?),
        Form::Json => {}
    }
    let missing: usize = compared.iter().map(|day| day.missing().count()).sum();
    let mut healed = None;
    if heal && missing > 0 {
        if form == Form::Text {
            say!(
                "\n缺少、将要发送:{}。每张先到目标里查。",
                "\nMissing, and to be sent: {}. Each is asked after in its target first.",
                counted(missing, "张单据", "document")
            );
        }
        match agrees(&said!("发送吗?", "Send them?"), yes, true) {
            Ok(true) => healed = Some(operations.heal(&compared, &connect).await?),
            Ok(false) => {}
            Err(error) if error.is::<WrongUsage>() => {
                tell!("什么都没有发送:要发送就加 --yes", "nothing was sent: say --yes to send them");
            }
            Err(error) => return Err(error),
        }
    }
    if form == Form::Json {
        let answer = json!({ "plan": plan, "days": compared, "missing": missing, "healed": healed });
        say!("{}", place.with(answer));
    } else if let Some(healed) = healed.as_ref().filter(|_| form == Form::Text) {
        let left = healed.not_kept.len() + healed.too_large.len() + healed.without_flow.len();
        let unsent = match left {
            0 => String::new(),
            left => said!(";{left} 张发不了:内容没有保留", "; {left} cannot be: their content is not kept"),
        };
        say!(
            "{} 张重新走流程{unsent};由 `relay drain` 或 `relay serve` 处理。",
            "{} sent through their flows again{unsent}; `relay drain` or `relay serve` works them.",
            healed.sent
        );
    }
    Ok(done(&compared))
}

pub(super) fn done(compared: &[Day]) -> Done {
    match compared.iter().map(|day| day.standing).max() {
        Some(Standing::Different) => Done::WithFailures,
        Some(Standing::NotCompared) => Done::NotCompared,
        Some(Standing::Equal) | None => Done::Well,
    }
}

pub(super) fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Equal => language::current().says("一致", "equal"),
        Standing::Different => language::current().says("不一致", "DIFFERENT"),
        Standing::NotCompared => language::current().says("没能比对", "could not compare"),
    }
}

/// What it costs.
fn print_plan(plan: &Plan) {
    let Plan { from, to, flows, .. } = plan;
    let days = if from == to { from.to_string() } else { said!("{from} 到 {to}", "{from} to {to}") };
    say!(
        "{days}(北京时间的日子);重新读取,优先级最低:",
        "{days}, days of China; read anew, with the last priority:"
    );
    for Cost { flow, documents, source, target } in flows {
        say!(
            "- {flow}:台账里 {};{};{}",
            "- {flow}: {} in the ledger; {}; {}",
            counted(*documents, "张单据", "document"),
            calls(source),
            calls(target)
        );
    }
}

fn calls(Calls { vendor, calls, calls_a_minute }: &Calls) -> String {
    let Some(calls) = calls else { return said!("{vendor} 问不了", "{vendor} cannot be asked") };
    let limit = calls_a_minute.filter(|limit| *limit > 0).map(u64::from);
    let minutes = limit.map(|limit| {
        said!("(每分钟 {limit} 次,约 {} 分钟)", " (at {limit} a minute some {} min)", calls.div_ceil(limit))
    });
    let minutes = minutes.unwrap_or_default();
    said!("约调用 {vendor} {calls} 次{minutes}", "some {calls} calls to {vendor}{minutes}")
}

pub(super) fn print(day: &Day) {
    say!("\n{} {}: {}", day.day, day.flow, standing(day.standing));
    say!(
        "                  单据    行数         数量           金额",
        "             documents   lines     quantity         amount"
    );
    for (name, sum) in [
        (language::current().says("来源  ", "source"), &day.source),
        (language::current().says("台账  ", "ledger"), &day.ledger),
        (language::current().says("目标  ", "target"), &day.target),
    ] {
        say!("  {name:10} {}", sum.as_ref().map_or_else(|| said!("没问", "not asked"), columns));
    }
    if day.places.len() > 1 {
        day.places.iter().for_each(print_place);
    }
    let counts: Vec<_> = day
        .counts
        .iter()
        .map(|(verdict, count)| format!("{} {count}", language::current().verdict(*verdict)))
        .collect();
    say!("  {}", if counts.is_empty() { said!("没有单据", "no documents") } else { counts.join(", ") });
    for (why, count) in &day.explained {
        say!("  有解释:{count} {why}", "  explained: {count} {why}");
    }
    for why in day.not_compared.iter().map(|why| language::current().words(why)) {
        say!("  没能比对:{why}", "  could not compare: {why}");
    }
    day.notes.iter().for_each(|note| say!("  {note}"));
    let told = |document: &&Compared| document.verdict.is_difference();
    let differing: Vec<_> = day.documents.iter().filter(told).collect();
    differing.iter().take(LISTED).for_each(|document| print_document(document));
    if differing.len() > LISTED {
        say!("  还有 {} 张:--json 全部列出", "  and {} more: --json tells all", differing.len() - LISTED);
    }
}

fn print_place(OfPlace { place, source, ledger, target }: &OfPlace) {
    let or = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    say!("  {} / {}", or(&place.shop), or(&place.warehouse));
    for (name, sum) in [
        (language::current().says("来源", "source"), source),
        (language::current().says("台账", "ledger"), ledger),
        (language::current().says("目标", "target"), target),
    ] {
        say!("    {name:8} {}", columns(sum));
    }
}

fn columns(sum: &Sum) -> String {
    let [lines, quantity, amount] = sum.columns().map(|column| column.unwrap_or_else(|| "-".to_owned()));
    format!("{:>9} {lines:>7} {quantity:>12} {amount:>14}", sum.documents)
}

fn print_document(document: &Compared) {
    let Compared { key, number, verdict, why, fields, place, .. } = document;
    let number = number
        .as_ref()
        .filter(|number| *number != key)
        .map(|number| said!("(单号 {number})", " (number {number})"));
    let shop = Some(place)
        .filter(|place| !place.shop.is_empty())
        .map(|place| said!(",店铺 {}", ", shop {}", place.shop));
    let why = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    say!(
        "  - {} {key}{}{}{why}",
        language::current().verdict(*verdict),
        number.unwrap_or_default(),
        shop.unwrap_or_default()
    );
    for differing in fields {
        let told = |value: &Option<serde_json::Value>| {
            value.as_ref().map_or_else(|| said!("没有", "nothing"), ToString::to_string)
        };
        say!(
            "      {} 那里是 {},应为 {}",
            "      {} is {} there, and should be {}",
            differing.field,
            told(&differing.there),
            told(&differing.now)
        );
    }
}
