use relay_operations::rewind::Rewound;
use relay_operations::times::shown;
use serde_json::json;

use super::{agrees, looked_at, operations};
use crate::Done;
use crate::cli::Time;
use crate::language::said;
use crate::output::say;

/// `relay rewind`
pub(crate) async fn run(flow: &str, to: Time, yes: bool, json: bool) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let to = to.at(wiring.clock.now());
    let question = said!(
        "{flow} 从 {} 起重新读,排在新单之前:台账里有的跳过,台账已忘记的(RELAY_LEDGER_DAYS)会再发。只想补读一段,用 `relay \
         backfill`。继续吗?",
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
        let from = from.map_or_else(
            || said!("还没读过", "never read yet"),
            |from| said!("读到 {}", "read until {}", shown(from)),
        );
        let on = to.map_or_else(
            || said!("下一次轮询读它的整个列表", "all of its list is read by the next poll"),
            |to| said!("下一次轮询从 {} 读起", "the next poll reads on from {}", shown(to)),
        );
        say!("{}\n{flow} 原来{from};{on}。", "{}\n{flow} was {from}; {on}.", place.line());
    }
    Ok(Done::Well)
}
