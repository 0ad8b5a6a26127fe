//! On which days do source, ledger and target say the same?

use chrono::{Datelike as _, Days, NaiveDate};
use maud::{Markup, html};
use relay_operations::reconcile::kept::{Calendar, Summary};
use relay_operations::reconcile::{Compared, Day, Standing, Sum, Verdict};
use relay_operations::times::shown;
use relay_operations::{OperationError, export};

use crate::Asked;
use crate::language::Language;
use crate::page::{Page, cell, document, download, link, mark, table};

/// So many weeks are shown.
const WEEKS: u64 = 6;

/// The calendar of each flow; or one day, where one is named.
pub(crate) async fn page(asked: &Asked<'_>) -> Result<Page, OperationError> {
    let day = asked.request.field("day").and_then(|day| day.parse::<NaiveDate>().ok());
    if let (Some(flow), Some(day)) = (asked.request.field("flow"), day) {
        return one(asked, flow, day).await;
    }
    let language = asked.language;
    let calendars = asked.desk.operations.reconciled_days().await?;
    let body = html! {
        p {
            (language.says("每天夜里三点以后自动对前一天的账,不一致的连对七天。手工对账:", "A day is compared in the night after it, and again for seven nights while it differs. By hand: "))
            code { "relay reconcile" }
        }
        @for (flow, calendar) in &calendars {
            h2 { (flow) }
            (months(flow, calendar, language))
        }
        @if calendars.is_empty() { p.nothing { (language.says("还没有对过账", "Nothing was compared yet")) } }
    };
    Ok(Page::new(language.says("对账", "Reconciliation"), body))
}

/// The documents of a day that are not matched, as a file.
pub(crate) async fn file(asked: &Asked<'_>) -> Result<String, OperationError> {
    let field = |name: &str| asked.request.field(name).unwrap_or_default();
    let Ok(day) = field("day").parse() else {
        return Err(OperationError::WrongTime(field("day").to_owned()));
    };
    let kept = asked.desk.operations.reconciled_day(field("flow"), day).await?;
    export::days(kept.as_slice(), asked.language)
}

/// The last weeks of a flow, a row for each, from Monday on.
fn months(flow: &str, calendar: &Calendar, language: Language) -> Markup {
    let names = match language {
        Language::Chinese => ["一", "二", "三", "四", "五", "六", "日"],
        Language::English => ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    };
    let Some(last) = calendar.keys().next_back() else { return html! {} };
    let monday =
        |day: NaiveDate| day.checked_sub_days(Days::new(day.weekday().num_days_from_monday().into()));
    let first = last.checked_sub_days(Days::new(7 * (WEEKS - 1))).and_then(monday).unwrap_or(*last);
    let days: Vec<_> = first.iter_days().take(usize::try_from(7 * WEEKS).unwrap_or_default()).collect();
    let square = |day: &NaiveDate| {
        let name = day.format("%m-%d").to_string();
        match calendar.get(day) {
            None => html! { span.faint { (name) } },
            Some(summary) => {
                let fields = [("flow", flow), ("day", &day.to_string())];
                html! { (link("/reconciliation", &fields, &name)) " " (stands(summary, language)) }
            }
        }
    };
    let rows: Vec<Vec<_>> = days.chunks(7).map(|week| week.iter().map(square).collect()).collect();
    table(language, &names, &rows)
}

fn stands(summary: &Summary, language: Language) -> Markup {
    match summary.standing {
        Standing::Equal => mark("good", language.says("一致", "equal")),
        Standing::NotCompared => mark("warn", language.says("未能对账", "not compared")),
        Standing::Different => {
            mark("bad", &format!("{} {}", summary.differences(), language.says("处差异", "differ")))
        }
    }
}

async fn one(asked: &Asked<'_>, flow: &str, day: NaiveDate) -> Result<Page, OperationError> {
    let language = asked.language;
    let title = format!("{day} {flow}");
    let Some(kept) = asked.desk.operations.reconciled_day(flow, day).await? else {
        return Ok(Page::notice(
            &title,
            language.says("这一天还没有对过账", "This day was not compared yet"),
        ));
    };
    let columns = [
        language.says("哪一方", "Side"),
        language.says("单数", "Documents"),
        language.says("行数", "Lines"),
        language.says("数量", "Quantity"),
        language.says("金额", "Amount"),
    ];
    let sides = [
        (language.says("来源", "Source"), &kept.source),
        (language.says("账", "Ledger"), &kept.ledger),
        (language.says("目标", "Target"), &kept.target),
    ];
    let sums: Vec<_> = sides.into_iter().map(|(name, sum)| summed(name, sum.as_ref(), language)).collect();
    let found = [
        language.says("单据", "Document"),
        language.says("结果", "Comes to"),
        language.says("店铺 / 仓库", "Shop / warehouse"),
        language.says("说明", "Why"),
    ];
    let rows: Vec<_> = kept.documents.iter().map(|of| compared(flow, of, language)).collect();
    let body = html! {
        p.faint { (language.says("对账时间", "Compared at")) " " (shown(kept.at)) }
        (table(language, &columns, &sums))
        p { (counts(&kept, language)) }
        @for why in &kept.not_compared {
            p { (mark("warn", language.says("未能对账", "not compared"))) " " (language.words(why)) }
        }
        h2 { (language.says("不一致与未到的单据", "Documents that are not matched")) }
        (table(language, &found, &rows))
        (download(asked, "/reconciliation.csv", &["flow", "day"]))
        p { code { "relay reconcile " (flow) " --day " (day) " --heal" } }
        p { a href="/reconciliation" { (language.says("日历", "The calendar")) } }
    };
    Ok(Page::new(title, body))
}

fn summed(name: &str, sum: Option<&Sum>, language: Language) -> Vec<Markup> {
    let dash = || cell("–");
    let Some(sum) = sum else {
        return vec![cell(name), cell(language.says("未问", "not asked")), dash(), dash(), dash()];
    };
    let documents = cell(sum.documents.to_string());
    let columns = sum.columns().map(|column| column.map_or_else(dash, cell));
    [cell(name), documents].into_iter().chain(columns).collect()
}

fn counts(day: &Day, language: Language) -> String {
    let told = day.counts.iter().map(|(verdict, count)| format!("{} {count}", language.verdict(*verdict)));
    told.collect::<Vec<_>>().join(", ")
}

fn compared(flow: &str, of: &Compared, language: Language) -> Vec<Markup> {
    let kind = match of.verdict {
        verdict if verdict.is_difference() => "bad",
        Verdict::Matched => "good",
        _ => "warn",
    };
    let place =
        [of.place.shop.as_str(), of.place.warehouse.as_str()].map(|it| if it.is_empty() { "–" } else { it });
    let why = html! {
        (of.why.as_deref().unwrap_or_default())
        @for differing in &of.fields {
            div {
                code { (differing.field) } " "
                (value(differing.there.as_ref())) " → " (value(differing.now.as_ref()))
            }
        }
    };
    vec![document(flow, &of.key), mark(kind, language.verdict(of.verdict)), cell(place.join(" / ")), why]
}

/// A value of one field, which may be a name or an address: of what is no number its length is told alone.
fn value(value: Option<&serde_json::Value>) -> String {
    match value {
        None => "–".to_owned(),
        Some(serde_json::Value::String(text))
            if !text.bytes().all(|sign| sign.is_ascii_digit() || b".-: ".contains(&sign)) =>
        {
            format!("({})", text.chars().count())
        }
        Some(value) => value.to_string(),
    }
}
