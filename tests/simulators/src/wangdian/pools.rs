//! The pools: 查询同步库存 and 查询物流同步, and their acknowledgements.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::Refusal;
use super::envelope::Found;
use super::trades::text;
use crate::call::Params;
use crate::faults::Fault;

/// The most rows of one pull; a higher `limit` counts as this.
const PULL: usize = 100;
/// The most rows of one acknowledgement.
const ACK: usize = 50;
/// What WDT says of a record that is not (or no longer) waiting.
const NOT_WAITING: &str = "非待同步状态,不可更新";

/// One 平台货品 and its 可销库存.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockChange {
    /// 平台货品表主键.
    pub rec_id: u64,
    /// 店铺编号.
    pub shop_no: String,
    /// 货品编号.
    pub goods_no: String,
    /// 商家编码.
    pub spec_no: String,
    /// 应同步库存.
    pub sync_stock: Decimal,
    /// 库存变化计数: grows with every change.
    pub stock_change_count: u64,
    /// The count up to which changes were acknowledged.
    pub acknowledged_count: u64,
}

/// How a shipment was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogisticsAck {
    /// 0 成功, 1 失败.
    pub status: u8,
    /// What the ERP shows.
    pub message: String,
}

#[derive(Default)]
pub(super) struct Pools {
    stock: BTreeMap<u64, StockChange>,
    shipments: BTreeMap<u64, Shipment>,
    /// Rows whose acknowledgement is not taken, with the reason.
    refused: BTreeMap<u64, String>,
}

struct Shipment {
    row: Map<String, Value>,
    ack: Option<LogisticsAck>,
}

impl Pools {
    /// From now on the row's acknowledgement is refused with that reason, or taken again.
    pub(super) fn refuse(&mut self, rec_id: u64, reason: Option<&str>) {
        match reason {
            Some(reason) => _ = self.refused.insert(rec_id, reason.to_owned()),
            None => _ = self.refused.remove(&rec_id),
        }
    }

    /// A change of stock; the good is made when it is new.
    pub(super) fn change_stock(
        &mut self,
        shop_no: &str,
        goods_no: &str,
        spec_no: &str,
        stock: Decimal,
    ) -> u64 {
        let known = self.stock.values_mut().find(|row| row.shop_no == shop_no && row.spec_no == spec_no);
        if let Some(row) = known {
            row.sync_stock = stock;
            row.stock_change_count += 1;
            return row.rec_id;
        }
        let rec_id = 1_000 + self.stock.len() as u64;
        let row = StockChange {
            rec_id,
            shop_no: shop_no.to_owned(),
            goods_no: goods_no.to_owned(),
            spec_no: spec_no.to_owned(),
            sync_stock: stock,
            stock_change_count: 5_634_245 + rec_id,
            acknowledged_count: 0,
        };
        self.stock.insert(rec_id, row);
        rec_id
    }

    pub(super) fn add_shipment(&mut self, mut row: Map<String, Value>) -> u64 {
        let rec_id = text(&row, "rec_id").and_then(|id| id.parse().ok());
        let rec_id = rec_id.unwrap_or(5_000 + self.shipments.len() as u64);
        row.insert("rec_id".to_owned(), json!(rec_id));
        self.shipments.insert(rec_id, Shipment { row, ack: None });
        rec_id
    }

    pub(super) fn stock(&self) -> Vec<StockChange> {
        self.stock.values().cloned().collect()
    }

    pub(super) fn logistics_acks(&self) -> BTreeMap<u64, LogisticsAck> {
        self.shipments.iter().filter_map(|(id, shipment)| Some((*id, shipment.ack.clone()?))).collect()
    }

    pub(super) fn waiting_shipments(&self) -> Vec<u64> {
        self.shipments.iter().filter(|(_, shipment)| shipment.ack.is_none()).map(|(id, _)| *id).collect()
    }

    /// `api_goods_stock_change_query.php`: the same rows until they are acknowledged.
    pub(super) fn query_stock(&self, params: &Params) -> Result<Found, Refusal> {
        let limit = limit(params, &["shop_no", "limit"])?;
        let waiting = self.stock.values().filter(|row| row.acknowledged_count < row.stock_change_count);
        let rows: Vec<Value> = waiting
            .filter(|row| params.get("shop_no").is_none_or(|shop| *shop == row.shop_no))
            .take(limit)
            .map(|row| {
                json!({
                    "rec_id": row.rec_id,
                    "shop_no": row.shop_no,
                    "goods_id": format!("P{}", row.goods_no),
                    "spec_id": format!("P{}", row.spec_no),
                    "goods_no": row.goods_no,
                    "spec_no": row.spec_no,
                    "sync_stock": row.sync_stock.to_string(),
                    "erp_spec_type": 1,
                    "stock_change_count": row.stock_change_count,
                })
            })
            .collect();
        let count = rows.len();
        Ok(Found::list("stock_change_list", rows).counted("current_count", Some(count)))
    }

    /// `api_goods_stock_change_ack.php`: an older count leaves the newer change in the pool.
    pub(super) fn ack_stock(&mut self, params: &Params, fault: Option<&Fault>) -> Result<Found, Refusal> {
        let mut errors = Vec::new();
        let rows = acks(params, "stock_sync_list")?;
        let busy = is_busy(fault, &rows, |rec_id| self.stock.contains_key(&rec_id));
        for (place, row) in rows.iter().enumerate() {
            let rec_id = whole(row, "rec_id")?;
            let count = whole(row, "stock_change_count")?;
            let stock = text(row, "sync_stock").and_then(|text| text.parse::<Decimal>().ok());
            let stock = stock.ok_or_else(|| Refusal::new(100, "sync_stock不能为空"))?;
            if let Some(reason) = self.refused.get(&rec_id) {
                errors.push(not_taken(rec_id, reason));
                continue;
            }
            let waiting = self
                .stock
                .get_mut(&rec_id)
                .filter(|row| row.acknowledged_count < count && count <= row.stock_change_count);
            match waiting {
                _ if place == 0 && busy => {
                    errors.push(not_taken(rec_id, "系统繁忙,请稍后重试"));
                }
                None => errors.push(not_taken(rec_id, NOT_WAITING)),
                Some(row) if count == row.stock_change_count && stock != row.sync_stock => {
                    errors.push(not_taken(rec_id, "同步库存与查询结果不一致"));
                }
                Some(row) => row.acknowledged_count = count,
            }
        }
        Ok(Found::list("errors", errors))
    }

    /// `logistics_sync_query.php`.
    pub(super) fn query_logistics(&self, params: &Params) -> Result<Found, Refusal> {
        let limit = limit(params, &["shop_no", "limit", "is_part_sync_able"])?;
        let waiting = self.shipments.values().filter(|shipment| shipment.ack.is_none());
        let rows = waiting
            .filter(|shipment| {
                params.get("shop_no").is_none_or(|shop| text(&shipment.row, "shop_no").as_ref() == Some(shop))
            })
            .take(limit)
            .map(|shipment| Value::Object(shipment.row.clone()))
            .collect();
        Ok(Found::list("trades", rows))
    }

    /// `logistics_sync_ack.php`.
    pub(super) fn ack_logistics(&mut self, params: &Params, fault: Option<&Fault>) -> Result<Found, Refusal> {
        let mut errors = Vec::new();
        let rows = acks(params, "logistics_list")?;
        let busy = is_busy(fault, &rows, |rec_id| self.shipments.contains_key(&rec_id));
        for (place, row) in rows.iter().enumerate() {
            let rec_id = whole(row, "rec_id")?;
            let status = match whole(row, "status")? {
                0 => 0,
                1 => 1,
                other => return Err(Refusal::new(100, format!("status只能为0或1: {other}"))),
            };
            let message = text(row, "message").unwrap_or_default();
            if message.chars().count() > 255 {
                return Err(Refusal::new(100, "message长度不能超过255"));
            }
            if let Some(reason) = self.refused.get(&rec_id) {
                errors.push(not_taken(rec_id, reason));
                continue;
            }
            let waiting = self.shipments.get_mut(&rec_id).filter(|shipment| shipment.ack.is_none());
            match waiting {
                _ if place == 0 && busy => {
                    errors.push(not_taken(rec_id, "系统繁忙,请稍后重试"));
                }
                None => errors.push(not_taken(rec_id, NOT_WAITING)),
                Some(shipment) => shipment.ack = Some(LogisticsAck { status, message }),
            }
        }
        Ok(Found::list("errors", errors))
    }
}

/// Whether the first row is not taken, though nothing is wrong with any: where one is wrong, that is what is told.
fn is_busy(fault: Option<&Fault>, rows: &[Map<String, Value>], is_known: impl Fn(u64) -> bool) -> bool {
    let all_known = rows.iter().all(|row| whole(row, "rec_id").is_ok_and(&is_known));
    fault == Some(&Fault::ErrorsUnderCodeZero) && all_known
}

fn not_taken(rec_id: u64, error: &str) -> Value {
    json!({"rec_id": rec_id, "error": error})
}

fn limit(params: &Params, known: &[&str]) -> Result<usize, Refusal> {
    if let Some(unknown) = params.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(Refusal::new(100, format!("未知的参数: {unknown}")));
    }
    match params.get("limit").map(|text| text.parse::<usize>()) {
        None => Ok(PULL),
        Some(Ok(limit)) if limit > 0 => Ok(limit.min(PULL)),
        Some(_) => Err(Refusal::new(100, "limit必须是大于0的整数")),
    }
}

/// The rows of an acknowledgement: a JSON array of objects in the one form field.
fn acks(params: &Params, field: &str) -> Result<Vec<Map<String, Value>>, Refusal> {
    let text = params.get(field).ok_or_else(|| Refusal::new(100, format!("{field}不能为空")))?;
    if let Some(unknown) = params.keys().find(|name| *name != field) {
        return Err(Refusal::new(100, format!("未知的参数: {unknown}")));
    }
    let rows: Vec<Map<String, Value>> = serde_json::from_str(text)
        .map_err(|_| Refusal::new(100, format!("{field} json格式错误,无法解析")))?;
    if rows.is_empty() || rows.len() > ACK {
        return Err(Refusal::new(100, format!("{field}条数超出范围(1-{ACK}): {}", rows.len())));
    }
    Ok(rows)
}

fn whole(row: &Map<String, Value>, field: &str) -> Result<u64, Refusal> {
    let number = text(row, field).and_then(|text| text.parse().ok());
    number.ok_or_else(|| Refusal::new(100, format!("{field}不能为空")))
}
