//! Days whose sides differ after their close, as something that needs a person.

use chrono::{DateTime, Utc};
use relay_core::{Checkpoints, StoreError};
use relay_job::Flows;
use relay_job::conditions::Condition;

use crate::kept::{self, Summary};
use crate::{Standing, Verdict, has_days};

/// The days of the last week that were compared and differ, each of each flow: until a later comparison says otherwise, or the
/// day is a week old and not compared any more.
///
/// # Errors
/// A store that does not answer.
pub async fn standing(
    checkpoints: &dyn Checkpoints,
    flows: &Flows,
    now: DateTime<Utc>,
) -> Result<Vec<Condition>, StoreError> {
    let mut standing = Vec::new();
    for routed in flows.iter().filter(|routed| has_days(routed)) {
        let flow = routed.flow.name();
        let calendar = kept::calendar(checkpoints, flow).await?;
        let differs = |(_, known): &(_, &Summary)| known.standing == Standing::Different;
        standing.extend(kept::red(&calendar, now).filter(differs).map(|(day, known)| Condition {
            kind: "reconciliation",
            of: format!("{flow} {day}"),
            since: Some(known.at),
            message: format!("its sides differ ({})", known.told(Verdict::in_words)),
            action: format!("relay reconcile {flow} --day {day}"),
            page: "/reconciliation",
        }));
    }
    Ok(standing)
}
