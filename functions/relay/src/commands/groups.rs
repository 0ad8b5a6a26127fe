use relay_operations::groups::{BillShown, GroupShown, Listed, MemberShown, SealShown};
use relay_operations::times::shown;
use serde_json::json;

use super::{looked_at, operations};
use crate::Done;
use crate::cli::GroupsCommand;
use crate::output::{counted, say};

/// `relay groups …`
pub(crate) async fn run(
    command: Option<GroupsCommand>,
    flow: Option<&str>,
    json: bool,
) -> anyhow::Result<Done> {
    match command {
        None => list(flow, json).await,
        Some(GroupsCommand::Show { group }) => show(flow, &group, json).await,
        Some(GroupsCommand::Close { group }) => close(flow, &group, json).await,
    }
}

/// `relay groups`
async fn list(flow: Option<&str>, json: bool) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let groups = operations(&wiring).groups(flow).await?;
    if json {
        say!("{}", place.with(json!({ "groups": groups })));
        return Ok(Done::Well);
    }
    say!("{}; times are China time\n", place.line());
    if groups.is_empty() {
        say!("There are no groups.");
    }
    groups.iter().for_each(|group| say!("{}", stands(group)));
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
    say!("{}; times are China time\n", place.line());
    say!("{}", stands(&listed));
    for SealShown { number, at, members, is_queued, bills } in &seals {
        let queued = if *is_queued { "" } else { ", not queued yet" };
        say!("  seal {number} {}: {}{queued}", shown(*at), counted(members.len(), "member"));
        bills.iter().for_each(|bill| say!("    {}", told(bill)));
    }
    say!("  members:");
    for MemberShown { key, version, is_withdrawn, seals, is_sealed } in &members {
        let version = version.as_deref().unwrap_or("-");
        let withdrawn = if *is_withdrawn { ", withdrawn" } else { "" };
        let sealed: Vec<_> = seals.iter().map(u32::to_string).collect();
        let sealed =
            if sealed.is_empty() { String::new() } else { format!(", in seal {}", sealed.join(", ")) };
        let open = if *is_sealed { "" } else { ", as it is now in none yet" };
        say!("    {key} version {version}{withdrawn}{sealed}{open}");
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
        say!("{} {} is closed by the next run of bill-closer, within minutes.", id.flow, id.group);
    }
    Ok(Done::Well)
}

fn stands(group: &Listed) -> String {
    let Listed { flow, group, open_since, due, is_asked, sealed_at } = group;
    let sealed = sealed_at.map(|at| format!(", sealed first {}", shown(at))).unwrap_or_default();
    let open = match (open_since, due) {
        (None, _) => ", nothing new since".to_owned(),
        (Some(_), _) if *is_asked => ", open, to be closed at the next occasion".to_owned(),
        (Some(since), Some(due)) => format!(", open since {}, due {}", shown(*since), shown(*due)),
        (Some(since), None) => format!(", open since {}", shown(*since)),
    };
    format!("{flow} {group}{sealed}{open}")
}

fn told(bill: &BillShown) -> String {
    let BillShown { name, lines, delivered_at, target_id, failed } = bill;
    let state = match (delivered_at, failed) {
        (Some(at), _) => {
            let id = target_id.as_deref().map(|id| format!(", as {id} in the target")).unwrap_or_default();
            format!("delivered {}{id}", shown(*at))
        }
        (None, Some(message)) => format!("failed: {message}"),
        (None, None) => "on its way".to_owned(),
    };
    format!("{name} ({}): {state}", counted(*lines, "line"))
}
