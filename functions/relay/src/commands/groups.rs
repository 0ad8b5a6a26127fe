use relay_operations::groups::{
    self, BillNow, BillShown, ClosedNow, GroupShown, Listed, MemberShown, SealShown,
};
use relay_operations::reconcile::Content;
use relay_operations::times::shown;
use serde_json::json;

use super::{looked_at, operations};
use crate::Done;
use crate::cli::GroupsCommand;
use crate::language::{self, said};
use crate::output::{Form, counted, csv, say};

/// `relay groups …`
pub(crate) async fn run(command: GroupsCommand, flow: Option<&str>, json: bool) -> anyhow::Result<Done> {
    match command {
        GroupsCommand::Show { group } => show(flow, &group, json).await,
        GroupsCommand::Close { group } => close(flow, &group, json).await,
    }
}

/// `relay groups`
pub(crate) async fn list(flow: Option<&str>, sums: bool, form: Form) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let operations = operations(&wiring);
    let mut groups = operations.groups(flow).await?;
    if sums {
        operations.note_closed_now(&mut groups).await?;
    }
    match form {
        Form::Csv => csv(&groups::csv(&groups, language::current())?),
        Form::Json => say!("{}", place.with(json!({ "groups": groups }))),
        Form::Text => {
            say!("{};时间为北京时间\n", "{}; times are China time\n", place.line());
            if groups.is_empty() {
                say!("没有组。", "There are no groups.");
            }
            for group in &groups {
                say!("{}", stands(group));
                group.closed_now.iter().for_each(|now| say!("    {}", closed_now(now)));
            }
        }
    }
    Ok(Done::Well)
}

/// `relay groups show`
async fn show(flow: Option<&str>, group: &str, json: bool) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let GroupShown { listed, members, seals } = operations(&wiring).group(flow, group).await?;
    if json {
        say!("{}", place.with(json!(GroupShown { listed, members, seals })));
        return Ok(Done::Well);
    }
    say!("{};时间为北京时间\n", "{}; times are China time\n", place.line());
    say!("{}", stands(&listed));
    if let Some(now) = &listed.closed_now {
        say!("  {}", closed_now(now));
        now.bills.iter().for_each(|bill| say!("    {}", would_be(bill)));
    }
    for SealShown { number, at, members, is_queued, bills } in &seals {
        let queued =
            if *is_queued { "" } else { language::current().says(",还没入队", ", not queued yet") };
        say!(
            "  第 {number} 次封存 {}:{}{queued}",
            "  seal {number} {}: {}{queued}",
            shown(*at),
            counted(members.len(), "个成员", "member")
        );
        bills.iter().for_each(|bill| say!("    {}", told(bill)));
    }
    say!("  成员:", "  members:");
    for MemberShown { key, version, is_withdrawn, seals, is_sealed } in &members {
        let version = version.as_deref().unwrap_or("-");
        let withdrawn =
            if *is_withdrawn { language::current().says(",已撤回", ", withdrawn") } else { "" };
        let sealed: Vec<_> = seals.iter().map(u32::to_string).collect();
        let sealed = match sealed.is_empty() {
            true => String::new(),
            false => said!(",在第 {} 次封存里", ", in seal {}", sealed.join(", ")),
        };
        let open = match *is_sealed {
            true => "",
            false => language::current().says(",现在的样子还没封存", ", as it is now in none yet"),
        };
        say!(
            "    {key} 版本 {version}{withdrawn}{sealed}{open}",
            "    {key} version {version}{withdrawn}{sealed}{open}"
        );
    }
    Ok(Done::Well)
}

/// `relay groups close`
async fn close(flow: Option<&str>, group: &str, json: bool) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let id = operations(&wiring).close_group(flow, group).await?;
    if json {
        say!("{}", place.with(json!(id)));
    } else {
        say!("{}", place.line());
        say!(
            "{} {} 由 bill-closer 的下一次运行封上,几分钟内。",
            "{} {} is closed by the next run of bill-closer, within minutes.",
            id.flow,
            id.group
        );
    }
    Ok(Done::Well)
}

fn stands(group: &Listed) -> String {
    let Listed { flow, group, open_since, due, is_asked, sealed_at, .. } = group;
    let sealed =
        sealed_at.map(|at| said!(",首次封存 {}", ", sealed first {}", shown(at))).unwrap_or_default();
    let open = match (open_since, due) {
        (None, _) => said!(",之后没有新的", ", nothing new since"),
        (Some(_), _) if *is_asked => said!(",开着,下次就封", ", open, to be closed at the next occasion"),
        (Some(since), Some(due)) => {
            said!(",{} 起开着,{} 到期", ", open since {}, due {}", shown(*since), shown(*due))
        }
        (Some(since), None) => said!(",{} 起开着", ", open since {}", shown(*since)),
    };
    format!("{flow} {group}{sealed}{open}")
}

/// What a group would be closed with now.
fn closed_now(now: &ClosedNow) -> String {
    if let Some(reason) = &now.unsummable {
        return said!("现在封不上:{}", "it cannot be closed now: {}", language::words(reason));
    }
    let members = counted(now.members, "个成员", "member");
    if now.bills.is_empty() {
        return said!("现在封上不出单:{members}", "closed now it would have no bill: {members}");
    }
    let (bills, lines) = (counted(now.bills.len(), "张单", "bill"), counted_lines(now.lines));
    // Where the target's documents are not summed, the fields are told that the flow sums.
    let sums = match &now.content {
        Some(_) => content(now.content.as_ref()),
        None => said!(",{}", ", {}", now.summed()),
    };
    said!("现在封上:{members},{bills},{lines}{sums}", "closed now: {members}, {bills}, {lines}{sums}")
}

/// A bill that it would have.
fn would_be(bill: &BillNow) -> String {
    let BillNow { name, is_return, lines, content: of, faults } = bill;
    let returns = if *is_return { language::current().says(",退回", ", takes back") } else { "" };
    let faults: String =
        faults.iter().map(|fault| said!(";会失败:{}", "; would fail: {}", language::words(fault))).collect();
    format!("{name}: {}{}{returns}{faults}", counted_lines(*lines), content(of.as_ref()))
}

fn counted_lines(lines: u64) -> String {
    counted(usize::try_from(lines).unwrap_or(usize::MAX), "行", "line")
}

fn content(content: Option<&Content>) -> String {
    let told = |of: &Content| {
        said!(",数量 {},金额 {}", ", quantity {}, amount {}", of.quantity.normalize(), of.amount)
    };
    content.map(told).unwrap_or_default()
}

fn told(bill: &BillShown) -> String {
    let BillShown { name, lines, delivered_at, target_id, failed } = bill;
    let state = match (delivered_at, failed) {
        (Some(at), _) => {
            let id = target_id.as_deref().map(|id| said!(",目标里是 {id}", ", as {id} in the target"));
            said!("{} 送达{}", "delivered {}{}", shown(*at), id.unwrap_or_default())
        }
        (None, Some(message)) => said!("失败:{}", "failed: {}", language::words(message)),
        (None, None) => said!("在途", "on its way"),
    };
    said!("{name}({}):{state}", "{name} ({}): {state}", counted(*lines, "行", "line"))
}
