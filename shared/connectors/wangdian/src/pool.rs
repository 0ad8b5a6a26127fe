//! Pools: rows that the vendor keeps until each is acknowledged (回写).

use relay_connector::{Class, Failure, Use, lenient};
use relay_core::clock::Deadline;
use serde_json::{Value, json};

use crate::catalog::{self, Endpoint};
use crate::client::Client;
use crate::envelope::refusal_reason;
use crate::error::{NOT_WAITING, class_of, not_sent};
use crate::parameters::Parameters;
use crate::settings::Route;

/// What became of one pool row, with the values that the vendor wants to see again: exactly as they came, an
/// integer as an integer and a string as a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acknowledgement {
    /// 库存同步回写: the shop took the stock. There is no way to say that it did not, and acknowledging what
    /// failed loses that change.
    Stock {
        /// 平台货品表主键.
        rec_id: Value,
        /// 应同步库存, as it was read.
        sync_stock: Value,
        /// 库存变化计数, as it was read: by it the ERP sees whether the stock has changed again since.
        stock_change_count: Value,
    },
    /// 物流同步回写: the shop took the shipping state, or refused it for a reason that the ERP then shows.
    Logistics {
        /// 记录主键.
        rec_id: Value,
        /// Whether the shop accepted it, or why not.
        accepted: Result<(), String>,
    },
}

/// A row that the vendor did not let us acknowledge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AckRefusal {
    /// Which row.
    pub rec_id: String,
    /// Why, in the vendor's words.
    pub error: String,
    /// Whether another try may do better.
    pub class: Class,
}

/// The longest reason that the ERP shows, in characters.
const LONGEST_REASON: usize = 255;

/// How many rows one acknowledgement may hold before it risks timing out.
const LARGEST_BATCH: usize = 50;

impl Acknowledgement {
    /// The acknowledgement of a row of that pool. A refusal can be told to the logistics pool only; for the
    /// stock pool the caller decides whether a refused change is released, and so lost, at all.
    ///
    /// # Errors
    /// Refused where the endpoint is no pool, or the row lacks a field that must be echoed, which is named.
    pub fn of(pool: &Endpoint, row: &Value, accepted: Result<(), String>) -> Result<Self, Failure> {
        let echoed = |name: &str| match row.get(name) {
            Some(value) if lenient::field(row, name).is_some() => Ok(value.clone()),
            _ => {
                let message = format!("the pool row has no `{name}`, so it cannot be acknowledged");
                Err(not_sent(pool.php, message))
            }
        };
        if pool.document.name == catalog::STOCK_CHANGES.document.name {
            Ok(Self::Stock {
                rec_id: echoed("rec_id")?,
                sync_stock: echoed("sync_stock")?,
                stock_change_count: echoed("stock_change_count")?,
            })
        } else if pool.document.name == catalog::LOGISTICS_SYNC.document.name {
            Ok(Self::Logistics { rec_id: echoed("rec_id")?, accepted })
        } else {
            Err(not_sent(pool.php, "this document is no pool, so there is nothing to acknowledge"))
        }
    }

    /// The row's id, as text.
    #[must_use]
    pub fn rec_id(&self) -> String {
        let (Self::Stock { rec_id, .. } | Self::Logistics { rec_id, .. }) = self;
        lenient::text(rec_id).unwrap_or_default()
    }

    fn pool(&self) -> &'static Endpoint {
        match self {
            Self::Stock { .. } => &catalog::STOCK_CHANGES,
            Self::Logistics { .. } => &catalog::LOGISTICS_SYNC,
        }
    }

    /// Where it goes, and in which form field.
    fn target(&self) -> (&'static Endpoint, &'static str) {
        match self {
            Self::Stock { .. } => (&catalog::STOCK_CHANGES_ACK, "stock_sync_list"),
            Self::Logistics { .. } => (&catalog::LOGISTICS_SYNC_ACK, "logistics_list"),
        }
    }

    fn wire(&self) -> Value {
        match self {
            Self::Stock { rec_id, sync_stock, stock_change_count } => {
                json!({ "rec_id": rec_id, "sync_stock": sync_stock, "stock_change_count": stock_change_count })
            }
            Self::Logistics { rec_id, accepted: Ok(()) } => {
                json!({ "rec_id": rec_id, "status": 0, "message": "同步成功" })
            }
            Self::Logistics { rec_id, accepted: Err(reason) } => {
                json!({ "rec_id": rec_id, "status": 1, "message": shown(reason) })
            }
        }
    }
}

/// What the ERP can show of a reason. Unlike a document it may be altered: emoji could cost the whole batch.
fn shown(reason: &str) -> String {
    reason.chars().filter(|character| *character <= '\u{FFFF}').take(LONGEST_REASON).collect()
}

impl Client {
    /// Takes what a pool holds, up to `limit` (100 unless `params` lower it). The same rows come again until
    /// they are acknowledged; an empty answer means that the pool is.
    ///
    /// # Errors
    /// What the vendor's answer means. A read that got no answer may be made again.
    pub async fn pull(
        &self,
        route: Route,
        pool: &Endpoint,
        params: &[(String, String)],
        deadline: Deadline,
    ) -> Result<Vec<Value>, Failure> {
        let mut parameters = Parameters::of(pool.operation(route), params)?;
        let largest = pool.page_size.unwrap_or(catalog::LARGEST_PAGE);
        let asked = parameters.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(largest);
        parameters.set("limit", &asked.clamp(1, largest).to_string());
        let mut envelope =
            self.call(route, pool, parameters, Use::Read, deadline).await.map_err(Failure::of_reading)?;
        Ok(envelope.take_rows(pool.list_key))
    }

    /// Acknowledges rows of one pool, fifty a call. A row that was acknowledged before is no refusal, so after a
    /// failure all of them may be acknowledged again.
    ///
    /// # Errors
    /// Refused, without a call, where an acknowledgement is of another pool; otherwise what the vendor's answer
    /// to one of the calls means.
    pub async fn acknowledge(
        &self,
        route: Route,
        pool: &Endpoint,
        acknowledgements: &[Acknowledgement],
        deadline: Deadline,
    ) -> Result<Vec<AckRefusal>, Failure> {
        let belongs = |each: &Acknowledgement| each.pool().document.name == pool.document.name;
        if !acknowledgements.iter().all(belongs) {
            return Err(not_sent(pool.operation(route), "an acknowledgement belongs to another pool"));
        }
        let mut refusals = Vec::new();
        for batch in acknowledgements.chunks(LARGEST_BATCH) {
            let Some((ack, field)) = batch.first().map(Acknowledgement::target) else { break };
            let mut parameters = Parameters::default();
            parameters.json(field, &batch.iter().map(Acknowledgement::wire).collect());
            let errors = self.call(route, ack, parameters, Use::Read, deadline).await?.take_errors();
            refusals.extend(errors.iter().map(AckRefusal::of).filter(|refusal| !refusal.is_done_before()));
        }
        Ok(refusals)
    }
}

impl AckRefusal {
    fn of(error: &Value) -> Self {
        let rec_id = lenient::field(error, "rec_id").unwrap_or_default();
        let error = refusal_reason(error);
        Self { rec_id, class: class_of(None, &error, true), error }
    }

    fn is_done_before(&self) -> bool {
        self.error.contains(NOT_WAITING)
    }
}
