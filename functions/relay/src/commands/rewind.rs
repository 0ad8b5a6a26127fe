use relay_operations::times::shown;
use serde_json::json;

use super::{agrees, looked_at, operations};
use crate::Done;
use crate::cli::Time;
use crate::language::{self, said};
use crate::output::say;

/// `relay rewind`
pub(crate) async fn run(flow: &str, to: Time, yes: bool, json: bool) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let to = to.at(wiring.clock.now());
    let operations = operations(&wiring);
    if !yes {
        let connect = |system| wiring.connection(system).map_err(|error| format!("{error:#}"));
        let plan = operations.plan_rewind(flow, to, &connect).await?;
        let language = language::current();
        let (warning, rows) = (plan.warning(), plan.rows_in_words());
        let calls = plan.range.map(|range| said!(",至少 {} 次调用", ", at least {} calls", range.calls));
        let question = said!(
            "{}\n{}{}。继续吗?",
            "{}\n{}{}. Go on?",
            warning.told(language),
            rows.told(language),
            calls.unwrap_or_default()
        );
        if !agrees(&question, yes, true)? {
            return Ok(Done::Well);
        }
    }
    let rewound = operations.rewind(flow, to).await?;
    if json {
        say!("{}", place.with(json!(rewound)));
    } else {
        let from = rewound.from.map_or_else(
            || said!("还没读过", "never read yet"),
            |from| said!("读到 {}", "read until {}", shown(from)),
        );
        let on = rewound.on();
        let on = on.told(language::current());
        say!("{}\n{flow} 原来{from};{on}。", "{}\n{flow} was {from}; {on}.", place.line());
    }
    Ok(Done::Well)
}
