//! Which documents become one bill, and which is in which?

use maud::{Markup, html};
use relay_operations::OperationError;
use relay_operations::groups::{self, BillNow, BillShown, ClosedNow, Listed, MemberShown, SealShown};
use relay_operations::times::shown;

use crate::Asked;
use crate::language::Language;
use crate::page::{Page, act, cell, document, download, link, mark, paged, table, time};

/// So many groups, or members of one, stand on a page.
const PAGE: usize = 200;

/// The fields of the page, which the file is asked for with too.
const FIELDS: [&str; 1] = ["sums"];

pub(crate) async fn page(asked: &Asked<'_>) -> Result<Page, OperationError> {
    let (language, operations) = (asked.language, &asked.desk.operations);
    let sums = asked.request.field("sums").is_some();
    let columns = [
        language.says("汇总组", "Group"),
        language.says("流程", "Flow"),
        language.says("打开于", "Open since"),
        language.says("到期", "Due"),
        language.says("上次封账", "Sealed last"),
        language.says("操作", "Actions"),
        language.says("成员", "Members"),
        language.says("行数", "Lines"),
        language.says("数量", "Quantity"),
        language.says("金额", "Amount"),
    ];
    let columns = if sums { &columns[..] } else { &columns[..6] };
    let groups = operations.groups(None).await?;
    let (groups, pager) = paged(asked, &groups, PAGE);
    let mut groups = groups.to_vec();
    if sums {
        operations.note_closed_now(&mut groups).await?;
    }
    let rows: Vec<_> = groups.iter().map(|listed| row(listed, sums, language)).collect();
    let body = html! {
        @match sums {
            true => { p { (language.says("开着的组:现在封账会有的成员、行数、数量、金额。", "Of open groups: what they would be closed with now.")) } }
            false => { p { (link("/groups", &[("sums", "yes")], language.says("现在封账会有多少:成员、行数、数量、金额", "What they would be closed with now: members, lines, quantity, amount"))) } }
        }
        (download(asked, "/groups.csv", &FIELDS))
        (table(language, columns, &rows))
        (pager)
    };
    Ok(Page::new(language.says("汇总", "Groups"), body))
}

/// All of them, as a file.
pub(crate) async fn file(asked: &Asked<'_>) -> Result<String, OperationError> {
    let operations = &asked.desk.operations;
    let mut groups = operations.groups(None).await?;
    if asked.request.field("sums").is_some() {
        operations.note_closed_now(&mut groups).await?;
    }
    groups::csv(&groups, asked.language)
}

fn row(listed: &Listed, sums: bool, language: Language) -> Vec<Markup> {
    let Listed { flow, group, open_since, due, is_asked, sealed_at, closed_now } = listed;
    let of = [("flow", flow.as_str()), ("group", group.as_str())];
    let close = match (open_since, is_asked) {
        (Some(_), false) => act(&[("what", "close"), of[0], of[1]], language.says("封账", "Close")),
        (Some(_), true) => cell(language.says("已要求封账", "asked for")),
        (None, _) => cell(""),
    };
    let name = link("/group", &of, group);
    let cells = [name, cell(flow.as_str()), time(*open_since), time(*due), time(*sealed_at), close];
    cells.into_iter().chain(holds(closed_now.as_ref(), language).into_iter().filter(|_| sums)).collect()
}

/// Members, lines, quantity and amount, where they are known.
fn holds(now: Option<&ClosedNow>, language: Language) -> [Markup; 4] {
    match now {
        Some(ClosedNow { unsummable: Some(reason), .. }) => {
            [mark("bad", &language.words(reason)), cell("–"), cell("–"), cell("–")]
        }
        Some(now) => [
            cell(now.members.to_string()),
            cell(now.lines.to_string()),
            number(now.quantity()),
            number(now.amount()),
        ],
        None => [cell("–"), cell("–"), cell("–"), cell("–")],
    }
}

pub(crate) async fn one(asked: &Asked<'_>) -> Result<Page, OperationError> {
    let (request, language) = (asked.request, asked.language);
    let (flow, group) = (request.field("flow"), request.field("group").unwrap_or_default());
    let shown = asked.desk.operations.group(flow, group).await?;
    let flow = shown.listed.flow.as_str();
    let columns = [
        language.says("成员", "Member"),
        language.says("版本", "Version"),
        language.says("在哪几次封账", "In seals"),
        language.says("状态", "Stands"),
    ];
    let (members, pager) = paged(asked, &shown.members, PAGE);
    let rows: Vec<_> = members.iter().map(|of| member(flow, of, language)).collect();
    let body = html! {
        p.faint { (flow) }
        @if let Some(now) = &shown.listed.closed_now { (closed_now(now, language)) }
        h2 { (language.says("封账与单据", "Seals and bills")) }
        @for seal in &shown.seals { (sealed(seal, language)) }
        @if shown.seals.is_empty() { p.nothing { (language.says("还没有封账", "Nothing is sealed yet")) } }
        h2 { (language.says("成员", "Members")) " (" (shown.members.len()) ")" }
        (table(language, &columns, &rows))
        (pager)
    };
    Ok(Page::new(shown.listed.group.as_str(), body))
}

/// A number, or a dash.
fn number(number: Option<impl ToString>) -> Markup {
    cell(number.map_or_else(|| "–".to_owned(), |number| number.to_string()))
}

/// What it would be closed with now.
fn closed_now(now: &ClosedNow, language: Language) -> Markup {
    let columns = [
        language.says("单据", "Bill"),
        language.says("行数", "Lines"),
        language.says("数量", "Quantity"),
        language.says("金额", "Amount"),
        language.says("会怎样", "Would"),
    ];
    let bills: Vec<_> = now.bills.iter().map(|bill| bill_now(bill, language)).collect();
    html! {
        h2 { (language.says("现在封账会是怎样", "If it were closed now")) }
        @match &now.unsummable {
            Some(reason) => { p { (mark("bad", &language.words(reason))) } }
            None => {
                p {
                    (now.members) " " (language.says("个成员,其中还没封账的", "members, of which not sealed as they are now")) " " (now.unsealed)
                    @if !now.sums.is_empty() { "; " (language.says("合计", "in sum")) " " (now.summed()) }
                }
                (table(language, &columns, &bills))
            }
        }
    }
}

fn bill_now(bill: &BillNow, language: Language) -> Vec<Markup> {
    let BillNow { name, is_return, lines, content, faults } = bill;
    let (quantity, amount) = match content {
        Some(content) => (content.quantity.normalize().to_string(), content.amount.to_string()),
        None => ("–".to_owned(), "–".to_owned()),
    };
    let would = match (faults.is_empty(), is_return) {
        (false, _) => mark("bad", &language.words(&faults.join("; "))),
        (true, true) => mark("warn", language.says("退回", "take back")),
        (true, false) => mark("good", language.says("发送", "be sent")),
    };
    vec![cell(name.as_str()), cell(lines.to_string()), cell(quantity), cell(amount), would]
}

fn sealed(seal: &SealShown, language: Language) -> Markup {
    let SealShown { number, at, members, bills, .. } = seal;
    html! {
        div.card {
            strong { "#" (number) } " " span.faint { (shown(*at)) } " "
            (members.len()) " " (language.says("张", "members"))
            @for bill in bills { p { (billed(bill, language)) } }
            @if bills.is_empty() { p.faint { (language.says("没有差额,不出单", "No difference, and no bill")) } }
        }
    }
}

fn billed(bill: &BillShown, language: Language) -> Markup {
    let BillShown { name, lines, delivered_at, target_id, failed } = bill;
    html! {
        (link("/search", &[("q", name)], name)) " " (lines) " " (language.says("行", "lines")) " "
        @match (failed, delivered_at) {
            (Some(reason), _) => { (mark("bad", &language.words(reason))) }
            (None, Some(at)) => {
                (mark("good", language.says("已送达", "delivered"))) " " (shown(*at)) " "
                (target_id.as_deref().unwrap_or_default())
            }
            (None, None) => { (mark("warn", language.says("在途", "under way"))) }
        }
    }
}

fn member(flow: &str, member: &MemberShown, language: Language) -> Vec<Markup> {
    let MemberShown { key, version, is_withdrawn, seals, is_sealed } = member;
    let stands = match (is_withdrawn, is_sealed) {
        (true, _) => mark("warn", language.says("已撤回", "withdrawn")),
        (false, true) => mark("good", language.says("已入账", "billed")),
        (false, false) => mark("warn", language.says("等封账", "waits for the next seal")),
    };
    let seals: Vec<_> = seals.iter().map(u32::to_string).collect();
    vec![document(flow, key), cell(version.as_deref().unwrap_or("–")), cell(seals.join(", ")), stands]
}
