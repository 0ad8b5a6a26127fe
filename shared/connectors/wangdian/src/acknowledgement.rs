//! What the vendor is told of a pool's row, and what it says of those that it did not take.
//!
//! The values that it wants to see again go back exactly as they came: an integer as an integer, a string as a string.

use relay_connector::{Failure, Unacknowledged, Verdict, lenient};
use serde_json::{Value, json};

use crate::catalog::{self, Endpoint, Form};
use crate::envelope::refusal_reason;
use crate::error::{NOT_WAITING, class_of, not_sent};

/// The longest reason that the ERP shows, in characters.
const LONGEST_REASON: usize = 255;

/// What is said of a document whose rows do not wait to be acknowledged.
pub(crate) const NO_POOL: &str = "this document is no pool, so there is nothing to acknowledge";

/// What became of one row.
pub(crate) struct Acknowledgement {
    /// The row's place among those that were handed in.
    pub(crate) place: usize,
    /// What is sent.
    pub(crate) wire: Value,
    rec_id: String,
}

impl Acknowledgement {
    /// The acknowledgement of a row of that pool.
    ///
    /// 物流同步回写: the target took the shipping state, or refused it for a reason that the ERP then shows.
    ///
    /// 库存同步回写: the target took the stock. There is no way to say that it did not, so the caller decides whether a
    /// refused change is released, and so lost, at all. By the counter the ERP sees whether the stock has changed again
    /// since.
    ///
    /// # Errors
    /// Refused where the row lacks a field that must be echoed, which is named.
    pub(crate) fn of(pool: &Endpoint, place: usize, row: &Value, verdict: &Verdict) -> Result<Self, Failure> {
        let echoed = |name: &str| match row.get(name) {
            Some(value) if lenient::field(row, name).is_some() => Ok(value.clone()),
            _ => {
                let message = format!("the pool row has no `{name}`, so it cannot be acknowledged");
                Err(not_sent(pool.php, message))
            }
        };
        let id = echoed("rec_id")?;
        let rec_id = lenient::text(&id).unwrap_or_default();
        let wire = match verdict {
            _ if is_stock(pool) => json!({
                "rec_id": id,
                "sync_stock": echoed("sync_stock")?,
                "stock_change_count": echoed("stock_change_count")?,
            }),
            Ok(()) => json!({ "rec_id": id, "status": 0, "message": "同步成功" }),
            Err(reason) => json!({ "rec_id": id, "status": 1, "message": shown(reason) }),
        };
        Ok(Self { place, wire, rec_id })
    }
}

/// Where the rows of a pool are acknowledged, and in which form field.
///
/// # Errors
/// Refused where the endpoint is no pool.
pub(crate) fn write_back(pool: &Endpoint) -> Result<(&'static Endpoint, &'static str), Failure> {
    let endpoint = if is_stock(pool) {
        &catalog::STOCK_CHANGES_ACK
    } else if pool.document == catalog::LOGISTICS_SYNC.document {
        &catalog::LOGISTICS_SYNC_ACK
    } else {
        return Err(not_sent(pool.php, NO_POOL));
    };
    match endpoint.form {
        Some(Form::List { field }) => Ok((endpoint, field)),
        _ => Err(not_sent(endpoint.php, "it takes no list of acknowledgements")),
    }
}

/// Those of a batch that the vendor's answer names as not taken. A row that was acknowledged before is none of them.
pub(crate) fn refused(batch: &[Acknowledgement], errors: &[Value]) -> Vec<Unacknowledged> {
    let refusal_of = |each: &Acknowledgement| {
        // A refusal that names no row speaks of the only one.
        let is_it = |error: &&Value| match lenient::field(error, "rec_id") {
            Some(rec_id) => rec_id == each.rec_id,
            None => batch.len() == 1,
        };
        let reason = refusal_reason(errors.iter().find(is_it)?);
        let class = class_of(None, &reason, true);
        (!reason.contains(NOT_WAITING)).then_some(Unacknowledged { place: each.place, reason, class })
    };
    batch.iter().filter_map(refusal_of).collect()
}

fn is_stock(pool: &Endpoint) -> bool {
    pool.document == catalog::STOCK_CHANGES.document
}

/// What the ERP can show of a reason. Unlike a document it may be altered: emoji could cost the whole batch.
fn shown(reason: &str) -> String {
    reason.chars().filter(|character| *character <= '\u{FFFF}').take(LONGEST_REASON).collect()
}
