//! The endpoints of the enterprise edition: what the simulator knows of those that it answers emptily.

/// How an endpoint is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `start_time` and `end_time` over at most so many minutes, closed; pages from 0.
    Windowed {
        minutes: i64,
        /// Numbers that stand in for the times.
        instead: &'static [&'static str],
    },
    /// Everything; pages from 0.
    Full,
    /// Everything at once.
    Whole,
    /// A pool: no window and no pages.
    Pool,
    /// A document, in this form field (empty: flat fields).
    Push { field: &'static str },
}

/// One endpoint, by its direct name without `.php`.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) name: &'static str,
    pub(super) list_key: &'static str,
    pub(super) kind: Kind,
    pub(super) page_size_max: usize,
    /// What a page holds where nobody asks for a size.
    pub(super) page_size: usize,
}

impl Endpoint {
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        ENDPOINTS.iter().find(|endpoint| endpoint.name == name)
    }

    /// The Qimen method of this endpoint, without the prefix that generated SDKs put before it.
    pub(super) fn qimen_method(&self) -> String {
        match self.name {
            "shop" => "wdt.shop.query".to_owned(),
            "logistics" => "wdt.logistics.query".to_owned(),
            name => format!("wdt.{}", name.replace('_', ".")),
        }
    }

    pub(super) fn of_method(method: &str) -> Option<&'static Self> {
        let bare = method.strip_prefix("hu3cgwt0tc.").unwrap_or(method);
        ENDPOINTS.iter().find(|endpoint| endpoint.qimen_method() == bare)
    }
}

pub(super) const MONTH: i64 = 30 * 24 * 60;

const fn windowed(name: &'static str, list_key: &'static str, instead: &'static [&'static str]) -> Endpoint {
    Endpoint {
        name,
        list_key,
        kind: Kind::Windowed { minutes: MONTH, instead },
        page_size_max: 100,
        page_size: 40,
    }
}

const fn read(name: &'static str, list_key: &'static str, kind: Kind) -> Endpoint {
    Endpoint { name, list_key, kind, page_size_max: 100, page_size: 40 }
}

const fn push(name: &'static str, field: &'static str) -> Endpoint {
    Endpoint { name, list_key: "", kind: Kind::Push { field }, page_size_max: 0, page_size: 0 }
}

const TRADE: Kind = Kind::Windowed { minutes: 60, instead: &["src_tid", "trade_no"] };
const REFUND: &[&str] = &["refund_no", "src_refund_no", "trade_no", "tid"];
const STOCKOUT: &[&str] = &["src_order_no", "src_tid", "stockout_no"];

static ENDPOINTS: &[Endpoint] = &[
    Endpoint { page_size: 30, ..read("shop", "shoplist", Kind::Full) },
    read("warehouse_query", "warehouses", Kind::Full),
    read("logistics", "logistics_list", Kind::Whole),
    Endpoint { page_size: 30, ..read("purchase_provider_query", "provider_list", Kind::Full) },
    push("purchase_provider_create", ""),
    push("goods_push", "goods_list"),
    Endpoint { page_size: 30, ..windowed("goods_query", "goods_list", &["spec_no", "goods_no"]) },
    push("api_goodsspec_push", "api_goods_info"),
    windowed("suites_query", "suites", &["suite_no"]),
    push("trade_push", "trade_list"),
    read("trade_query", "trades", TRADE),
    read("his_trade_query", "trades", TRADE),
    windowed("stockout_order_query_trade", "stockout_list", STOCKOUT),
    windowed("his_stockout_order_query_trade", "stockout_list", STOCKOUT),
    read("logistics_sync_query", "trades", Kind::Pool),
    push("logistics_sync_ack", "logistics_list"),
    read("api_goods_stock_change_query", "stock_change_list", Kind::Pool),
    push("api_goods_stock_change_ack", "stock_sync_list"),
    push("sales_refund_push", "api_refund_list"),
    push("stockin_refund_push", "stockin_refund_info"),
    Endpoint { page_size_max: 40, ..windowed("refund_query", "refunds", REFUND) },
    Endpoint { page_size_max: 40, ..windowed("his_refund_query", "refunds", REFUND) },
    Endpoint {
        page_size_max: 30,
        page_size: 30,
        ..windowed("stockin_order_query_refund", "stockin_list", &["stockin_no", "src_order_no"])
    },
    push("purchase_order_push", "purchase_info"),
    push("stockin_purchase_push", "purchase_info"),
    windowed("purchase_order_query", "purchase_list", &["purchase_no", "outer_no"]),
    Endpoint {
        page_size_max: 30,
        page_size: 30,
        ..windowed("stockin_order_query_purchase", "stockin_list", &["src_order_no"])
    },
    push("purchase_return_push", "return_info"),
    push("purchase_return_order_push", "purchase_return_info"),
    Endpoint {
        page_size_max: 30,
        page_size: 30,
        ..windowed("purchase_return_query", "purchase_list", &["return_no", "api_outer_no"])
    },
    windowed("stockout_order_query_return", "stockout_list", &["src_order_no", "outer_no"]),
    windowed("stock_query", "stocks", &["spec_no", "barcode"]),
    push("stock_sync_by_pd", "goods_list"),
    windowed("stock_pd_order_query", "pd_list", &["pd_no", "api_outer_no"]),
    push("stockin_order_push", "stockin_info"),
    windowed("stockin_order_query", "stockin_list", &["stockin_no", "src_order_no", "outer_no"]),
    push("stockout_order_push", "stockout_info"),
    Endpoint {
        page_size_max: 30,
        page_size: 30,
        ..windowed("stockout_order_query", "stockout_list", &["stockout_no", "src_order_no", "outer_no"])
    },
    push("stock_transfer_push", "transfer_info"),
    push("stockout_transfer_push", "stockout_info"),
    push("stockin_transfer_push", "stockin_info"),
    Endpoint {
        page_size_max: 30,
        page_size: 30,
        ..read("stock_transfer_query", "transfer_list", Kind::Full)
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_methods_that_break_the_rule_are_known() {
        for (method, name) in [
            ("wdt.shop.query", "shop"),
            ("wdt.logistics.query", "logistics"),
            ("hu3cgwt0tc.wdt.trade.query", "trade_query"),
            ("wdt.api.goods.stock.change.query", "api_goods_stock_change_query"),
        ] {
            assert_eq!(Endpoint::of_method(method).map(|endpoint| endpoint.name), Some(name), "{method}");
        }
        assert!(Endpoint::of_method("wdt.shop").is_none());
    }
}
