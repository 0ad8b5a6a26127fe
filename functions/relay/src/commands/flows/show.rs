//! `relay flows show`: a flow, as its file says it now and as it was before.

use chrono::{DateTime, Utc};
use relay_operations::flow_texts::{Change, FlowShown};
use relay_operations::lines::Line;
use relay_operations::times::shown;
use serde_json::json;

use crate::Done;
use crate::commands::{looked_at, operations};
use crate::language::said;
use crate::output::say;

/// `relay flows show`
pub(crate) async fn run(name: &str, json: bool) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let flow = operations(&wiring).flow(name).await?;
    if json {
        say!("{}", place.with(json!(flow)));
    } else {
        say!("{};时间为北京时间\n", "{}; times are China time\n", place.line());
        print(&flow);
    }
    Ok(Done::Well)
}

fn print(FlowShown { flow, title, file, source, target, known_since, not_begun, changes, text }: &FlowShown) {
    let title = title.as_deref().map(|title| format!(" ({title})")).unwrap_or_default();
    say!("{flow}{title}: {source} → {target}");
    let since = known_since.map_or_else(|| said!("还没运行过", "it has not run yet"), since);
    say!("{file};{since}", "{file}; {since}");
    if !not_begun.is_empty() {
        say!(
            "\n文件已改,还没启用(`relay flows try` 试,`relay flows reload` 启用):",
            "\nThe file has changed, and was not begun with (`relay flows try` tries it, `relay flows reload` begins with it):"
        );
        not_begun.iter().map(Line::told).for_each(|line| say!("  {line}"));
    }
    for Change { since, lines } in changes {
        match lines.is_empty() {
            true => say!("\n{} 起用的第一份", "\n{}: the first text that is kept", shown(*since)),
            false => say!("\n{} 起改为:", "\n{}: begun with, changed in", shown(*since)),
        }
        lines.iter().map(Line::told).for_each(|line| say!("  {line}"));
    }
    say!("");
    text.lines().for_each(|line| say!("{line}"));
}

fn since(at: DateTime<Utc>) -> String {
    said!("从 {} 起", "known since {}", shown(at))
}
