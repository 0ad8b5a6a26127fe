//! Which rows the parameters of a query select.

use serde_json::{Map, Value};

use super::trades::text;
use crate::call::Params;

/// Which time a window is over: the last change, unless the parameters turn it to another.
pub(super) fn time_field(query: &str, params: &Params) -> &'static str {
    let param = |name: &str| params.get(name).map(String::as_str);
    let is_shipped = param("status").is_none_or(|status| status.parse::<u32>().is_ok_and(|code| code >= 95));
    match (query, param("time_type")) {
        ("refund_query" | "his_refund_query", Some("1")) => "finish_time",
        ("refund_query" | "his_refund_query", Some("2")) => "created",
        ("stockout_order_query_trade" | "his_stockout_order_query_trade", _)
            if param("status").is_some() && param("is_by_modified") == Some("1") =>
        {
            "modified"
        }
        ("stockout_order_query_trade" | "his_stockout_order_query_trade" | "stockout_order_query", _)
            if is_shipped =>
        {
            "consign_time"
        }
        ("goods_query", _) => "goods_modified",
        _ => "modified",
    }
}

/// What selects no rows by a field of theirs.
const NO_FILTERS: [&str; 20] = [
    "start_time",
    "end_time",
    "page_no",
    "page_size",
    "time_type",
    "is_by_modified",
    "status",
    "is_no_position",
    "fetch_stock_only",
    "app_rights",
    "include_history",
    "column",
    "deleted",
    "is_deleted",
    "spec_is_deleted",
    "goodstax",
    "has_logistics_no",
    "src",
    "img_url",
    "is_fuzzy",
];

/// Whether a query with these parameters shows the row.
pub(super) fn matches(query: &str, row: &Map<String, Value>, params: &Params) -> bool {
    let status = text(row, "status").and_then(|status| status.parse::<u32>().ok());
    let is_of_status = match (params.get("status"), status) {
        (_, None) => true,
        (Some(wanted), Some(status)) => *wanted == status.to_string(),
        // Without a status what is done is shown, and nothing else.
        (None, Some(status)) if query.starts_with("stockin") => status == 80,
        (None, Some(status)) if query.starts_with("stockout") => status >= 95,
        (None, Some(_)) => true,
    };
    let is = |(name, wanted): (&String, &String)| {
        let field = match name.as_str() {
            "api_outer_no" | "stockin_outer_no" => "outer_no",
            "src_refund_no" => "src_no",
            "shop_nos" => "shop_no",
            "platform" | "platform_ids" => "platform_id",
            "type" => "warehouse_type",
            name => name,
        };
        // Some take several, with commas between.
        let is_of = |value: &String| wanted.split(',').any(|wanted| wanted == value);
        NO_FILTERS.contains(&field) || text(row, field).as_ref().is_some_and(is_of)
    };
    is_of_status && params.iter().all(is)
}
