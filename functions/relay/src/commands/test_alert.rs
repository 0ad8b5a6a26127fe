use relay_operations::alerts::{Alerting, Tested};
use serde_json::json;

use super::{existing_or_none, operations};
use crate::Done;
use crate::language;
use crate::output::say;

/// `relay test-alert`
pub(crate) async fn run(flow: Option<&str>, json: bool) -> anyhow::Result<Done> {
    let (wiring, place, _folder) = existing_or_none().await?;
    let connect = |system| wiring.connection(system).map_err(|error| format!("{error:#}"));
    let tested = operations(&wiring).test_alerts(flow, language::current(), &connect).await?;
    if json {
        say!("{}", place.with(json!({ "tested": tested })));
    } else {
        say!("{}\n", place.line());
        tested.iter().for_each(print);
        if tested.is_empty() {
            say!(
                "没有发告警的流程:把流程文件夹里 `alerts` 中的文件移到上一层(`relay init` 放在那里;shared/flows/examples 里也有),再 `relay flows reload`。",
                "No flow alerts anybody: move the files in `alerts` up into your folder of flows (`relay init` puts them there; they stand in \
                 shared/flows/examples too), then `relay flows reload`."
            );
        }
    }
    let is_well = !tested.is_empty() && tested.iter().all(|tested| tested.is_taken);
    Ok(if is_well { Done::Well } else { Done::WithFailures })
}

fn print(tested: &Tested) {
    let Alerting { flow, target } = &tested.alerting;
    say!("{flow} → {target}:{}", "{flow} → {target}: {}", tested.said().told(language::current()));
    if let Some(sent) = &tested.sent {
        say!("    {sent}");
    }
}
