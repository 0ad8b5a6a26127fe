//! `trade_query.php` 查询订单管理 and `wdt.trade.query`.

use serde_json::{Map, Value};

use super::endpoints::Endpoint;
use super::envelope::Found;
use super::trades::{Trade, Trades, text};
use super::window::{Page, window};
use super::{Refusal, Route};
use crate::call::Params;

/// What the 奇门 route leaves out of Taobao's rows.
const PRIVATE: [&str; 9] = [
    "pay_account",
    "buyer_nick",
    "receiver_name",
    "receiver_address",
    "receiver_mobile",
    "receiver_telno",
    "id_card",
    "id_card_type",
    "customer_name",
];

const KNOWN: [&str; 15] = [
    "status",
    "start_time",
    "end_time",
    "src_tid",
    "trade_no",
    "logistics_no",
    "shop_no",
    "shop_nos",
    "warehouse_no",
    "has_logistics_no",
    "goodstax",
    "src",
    "img_url",
    "is_fuzzy",
    "page_no",
];

/// One page of trades, by last change.
pub(super) fn query(
    trades: &Trades,
    endpoint: &'static Endpoint,
    params: &Params,
    route: Route,
    now: i64,
) -> Result<Found, Refusal> {
    if let Some(unknown) = params.keys().find(|name| *name != "page_size" && !KNOWN.contains(&name.as_str()))
    {
        return Err(Refusal::new(100, format!("未知的参数: {unknown}")));
    }
    let page = Page::of(params, endpoint)?;
    let shown = |trade: &&Trade| route == Route::Qimen || !trade.is_taobao();
    let (rows, total): (Vec<&Trade>, usize) = match window(params, endpoint)? {
        None => {
            let by_number = params.get("trade_no").and_then(|number| trades.find_number(number));
            let serials = match params.get("src_tid") {
                Some(tid) => trades.find_tid(tid),
                None => by_number.into_iter().collect(),
            };
            let rows: Vec<_> =
                serials.iter().filter_map(|serial| trades.get(*serial)).filter(shown).collect();
            let total = rows.len();
            (rows, total)
        }
        Some((from, to)) => {
            let matching =
                || trades.changed(from, to, now).filter(shown).filter(|trade| matches(trades, trade, params));
            let total = if page.number == 0 { matching().count() } else { 0 };
            (matching().skip(page.number.saturating_mul(page.size)).take(page.size).collect(), total)
        }
    };
    let rows = rows.into_iter().map(|trade| Value::Object(row(trades, trade, route))).collect();
    Ok(Found::list("trades", rows).counted("total_count", (page.number == 0).then_some(total)))
}

/// The rows that a query of this window would show, for a vendor that moves them meanwhile.
pub(super) fn window_serials(
    trades: &Trades,
    endpoint: &'static Endpoint,
    params: &Params,
    now: i64,
) -> Vec<u32> {
    let Ok(Some((from, to))) = window(params, endpoint) else { return Vec::new() };
    let matching = trades.changed(from, to, now).filter(|trade| matches(trades, trade, params));
    matching.map(|trade| trade.serial).collect()
}

fn matches(trades: &Trades, trade: &Trade, params: &Params) -> bool {
    if params.get("status").is_some_and(|status| *status != trade.status.to_string()) {
        return false;
    }
    let by_row = ["shop_no", "shop_nos", "warehouse_no", "logistics_no", "has_logistics_no"];
    if !by_row.iter().any(|name| params.contains_key(*name)) {
        return true;
    }
    let row = trades.row(trade);
    let is = |name: &str| params.get(name).is_none_or(|wanted| text(&row, name).as_ref() == Some(wanted));
    let shop = text(&row, "shop_no").unwrap_or_default();
    let has_logistics_no = text(&row, "logistics_no").is_some_and(|number| !number.is_empty());
    is("shop_no")
        && is("warehouse_no")
        && is("logistics_no")
        && params.get("shop_nos").is_none_or(|shops| shops.split(',').any(|wanted| wanted == shop))
        && params.get("has_logistics_no").is_none_or(|wanted| match wanted.as_str() {
            "1" => has_logistics_no,
            "2" => !has_logistics_no,
            _ => true,
        })
}

pub(super) fn row(trades: &Trades, trade: &Trade, route: Route) -> Map<String, Value> {
    let mut row = trades.row(trade);
    if route == Route::Qimen && trade.is_taobao() {
        for field in PRIVATE {
            // Whether private fields come empty, masked or not at all is open: each row does it its own way.
            match trade.serial % 3 {
                0 => row.remove(field),
                1 => row.insert(field.to_owned(), Value::from("")),
                _ => row.insert(field.to_owned(), Value::from("***")),
            };
        }
    }
    row
}
