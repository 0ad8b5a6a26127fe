use relay_core::Action;
use relay_operations::export;
use relay_operations::times::shown;
use serde_json::json;

use super::{looked_at, operations};
use crate::Done;
use crate::cli::LogArguments;
use crate::language;
use crate::output::{Form, csv, say};

/// `relay log`
pub(crate) async fn run(which: &LogArguments, json: bool) -> anyhow::Result<Done> {
    let form = Form::of(json, which.csv);
    let (wiring, place) = looked_at().await?;
    let since = which.since.map(|since| since.at(wiring.clock.now()));
    let actions = operations(&wiring).actions(since, which.grep.as_deref(), which.limit).await?;
    if form == Form::Csv {
        csv(&export::actions(&actions, language::current())?);
    } else if form == Form::Json {
        say!("{}", place.with(json!({ "actions": actions })));
    } else {
        say!(
            "{};时间为北京时间,最新的在前",
            "{}; times are China time, the newest comes first",
            place.line()
        );
        actions.iter().for_each(print);
        if actions.is_empty() {
            say!("没有人做过什么。", "Nobody has done anything.");
        }
    }
    Ok(Done::Well)
}

fn print(Action { at, by, did, to, count, reason }: &Action) {
    let count = count.map(|count| format!(" ({count})")).unwrap_or_default();
    let reason = reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    say!("{} {by}: {did} {to}{count}{reason}", shown(*at));
}
