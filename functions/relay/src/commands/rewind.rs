use relay_operations::rewind::Rewound;
use relay_operations::times::shown;
use serde_json::json;

use super::{agrees, looked_at, operations};
use crate::Done;
use crate::cli::Time;
use crate::output::say;

/// `relay rewind`
pub(crate) async fn run(flow: &str, to: Time, yes: bool, json: bool) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let to = to.at(wiring.clock.now());
    let question = format!(
        "{flow} reads again from {} on, before anything new: what the ledger knows is skipped, what it has forgotten \
         (RELAY_LEDGER_DAYS) is sent again. `relay backfill` reads a range beside what is new. Go on?",
        shown(to)
    );
    if !agrees(&question, yes, true)? {
        return Ok(Done::Well);
    }
    let rewound = operations(&wiring).rewind(flow, to).await?;
    if json {
        say!("{}", place.with(json!(rewound)));
    } else {
        let Rewound { from, to, .. } = &rewound;
        let from =
            from.map_or_else(|| "never read yet".to_owned(), |from| format!("read until {}", shown(from)));
        let on = to.map_or_else(
            || "all of its list is read by the next poll".to_owned(),
            |to| format!("the next poll reads on from {}", shown(to)),
        );
        say!("{}\n{flow} was {from}; {on}.", place.line());
    }
    Ok(Done::Well)
}
