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
                "没有发告警的流程:把 shared/flows/examples 里的 failures-to-wecom.toml、health-to-wecom.toml 放进流程文件夹。",
                "No flow alerts anybody: put failures-to-wecom.toml and health-to-wecom.toml of shared/flows/examples into your folder of \
                 flows."
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
