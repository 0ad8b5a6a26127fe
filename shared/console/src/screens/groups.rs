//! Which documents become one bill, and which is in which?

use maud::{Markup, html};
use relay_operations::OperationError;
use relay_operations::groups::{BillShown, Listed, MemberShown, SealShown};
use relay_operations::times::shown;

use crate::Asked;
use crate::language::Language;
use crate::page::{Page, act, cell, document, link, mark, paged, table, time};

/// So many groups, or members of one, stand on a page.
const PAGE: usize = 200;

pub(crate) async fn page(asked: &Asked<'_>) -> Result<Page, OperationError> {
    let language = asked.language;
    let columns = [
        language.says("汇总组", "Group"),
        language.says("流程", "Flow"),
        language.says("打开于", "Open since"),
        language.says("到期", "Due"),
        language.says("上次封账", "Sealed last"),
        language.says("操作", "Actions"),
    ];
    let groups = asked.desk.operations.groups(None).await?;
    let row = |listed: &Listed| {
        let Listed { flow, group, open_since, due, is_asked, sealed_at } = listed;
        let of = [("flow", flow.as_str()), ("group", group.as_str())];
        let close = match (open_since, is_asked) {
            (Some(_), false) => act(&[("what", "close"), of[0], of[1]], language.says("封账", "Close")),
            (Some(_), true) => cell(language.says("已要求封账", "asked for")),
            (None, _) => cell(""),
        };
        let name = link("/group", &of, group);
        vec![name, cell(flow.as_str()), time(*open_since), time(*due), time(*sealed_at), close]
    };
    let (groups, pager) = paged(asked, &groups, PAGE);
    let rows: Vec<_> = groups.iter().map(row).collect();
    let body = html! { (table(language, &columns, &rows)) (pager) };
    Ok(Page::new(language.says("汇总", "Groups"), body))
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
        h2 { (language.says("封账与单据", "Seals and bills")) }
        @for seal in &shown.seals { (sealed(seal, language)) }
        @if shown.seals.is_empty() { p.nothing { (language.says("还没有封账", "Nothing is sealed yet")) } }
        h2 { (language.says("成员", "Members")) " (" (shown.members.len()) ")" }
        (table(language, &columns, &rows))
        (pager)
    };
    Ok(Page::new(shown.listed.group.as_str(), body))
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
