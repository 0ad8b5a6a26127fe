//! The 39 documents of the enterprise edition's open API and three archives, as data
//! (`https://open.wangdian.cn/qyb/open/apidoc/doc?path=<name>.php`).
//!
//! Fields, titles, kinds, code tables and the parameters that a flow may fix stand in `catalog/*.tsv`; here stand the rules.
//!
//! | module | documents |
//! |---|---|
//! | `basic.rs` | 基础: shops, warehouses, carriers, suppliers |
//! | `goods.rs` | 货品: goods, platform goods, bundles |
//! | `orders.rs` | 订单: orders, their stock-outs, the two pools |
//! | `after_sales.rs` | 售后: refunds and returns |
//! | `purchase.rs` | 采购: purchases and their returns |
//! | `numbers.rs` | the numbers that keep a pushed document from being made twice |
//! | `times.rs` | the times that windows are over where parameters decide it |
//! | `archives.rs` | 历史: orders, stock-outs and refunds that have left the live tables |
//! | `cautions.rs` | what a request's parameters leave out |
//! | `stock.rs` | 库存: stock, counts, transfers, other stock-ins and stock-outs |

mod after_sales;
mod archives;
mod basic;
mod cautions;
mod goods;
mod numbers;
mod orders;
mod purchase;
mod stock;
mod times;

use std::num::NonZeroU32;
use std::sync::LazyLock;
use std::time::Duration;

use relay_connector::{Document, Measures, Pages, Role};

use crate::settings::Route;

pub(crate) use basic::SHOP;
pub(crate) use orders::{LOGISTICS_SYNC, LOGISTICS_SYNC_ACK, STOCK_CHANGES, STOCK_CHANGES_ACK};

/// One interface of the vendor: a document, and what it is on the wire.
#[derive(Debug)]
pub struct Endpoint {
    /// All that is known of the document.
    pub document: &'static Document,
    /// The direct route's name, such as `trade_query.php`.
    pub php: &'static str,
    /// The Qimen route's name, such as `wdt.trade.query`.
    pub qimen_method: &'static str,
    /// Where an answer holds its rows; `None` where nothing is read, or the vendor's page is not public.
    pub list_key: Option<&'static str>,
    /// How a document is pushed; `None` where it is read.
    pub form: Option<Form>,
    /// Parameters that the Qimen route's page does not have: they are left out there.
    pub direct_alone: &'static [&'static str],
    /// How often a day rows may be asked for by a number that stands in for the times; `None` where nobody counts.
    pub walk: Option<Walk>,
}

/// A limit of questions by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walk {
    /// The parameters that hold such a number.
    pub by: &'static [&'static str],
    /// How often a day the same may be asked.
    pub a_day: NonZeroU32,
}

/// How a pushed document stands in the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As one of a JSON array in this form field, which holds up to the batch cap of its row.
    List {
        /// The form field.
        field: &'static str,
    },
    /// As a JSON object in this form field.
    Object {
        /// The form field.
        field: &'static str,
    },
    /// As form fields of its own, without a JSON document; only what is nested in it is JSON.
    Fields,
}

impl Endpoint {
    /// The interface's name on that route, which failures and traces carry.
    #[must_use]
    pub fn operation(&self, route: Route) -> &'static str {
        match route {
            Route::Direct => self.php,
            Route::Qimen => self.qimen_method,
        }
    }
}

/// Every endpoint, in the order of the vendor's list; the archives, which are not on it, at the end.
pub fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    [
        basic::ENDPOINTS,
        goods::ENDPOINTS,
        orders::ENDPOINTS,
        after_sales::ENDPOINTS,
        purchase::ENDPOINTS,
        stock::ENDPOINTS,
        archives::ENDPOINTS,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// The endpoint of a document, by the name that a flow file writes, such as `wangdian.trade_query`.
#[must_use]
pub fn endpoint(document: &str) -> Option<&'static Endpoint> {
    endpoints().find(|endpoint| endpoint.document.name == document)
}

/// Every document, in the order of the vendor's list.
#[must_use]
pub fn documents() -> &'static [Document] {
    static DOCUMENTS: LazyLock<Vec<Document>> =
        LazyLock::new(|| endpoints().map(|endpoint| *endpoint.document).collect());
    &DOCUMENTS
}

/// The most rows of a page, and of a pull from a pool, by the vendor's general rule.
const LARGEST_PAGE: u32 = 100;

/// What the vendor's SDK of 奇门 says of some queries (`max 30, default 30`), where the general rule would allow more: whether a
/// larger page is cut or refused is not documented.
const SMALL_PAGE: u32 = 30;

/// The general rule's window. One second short of 30 days, as the vendor writes its own: both ends are closed,
/// and whether the full span is taken is not known.
const THIRTY_DAYS: Duration = Duration::from_secs(30 * 86_400 - 1);

/// Pages of so many rows at most.
const fn pages(cap: u32) -> Option<Pages> {
    Some(Pages { first: 0, cap })
}

/// The numbers of orders, parcels and bills, by the names that its documents have for them.
const NUMBERS: &[&str] = &[
    "trade_no",
    "tid",
    "tids",
    "src_tid",
    "src_tids",
    "src_trade_no",
    "sales_tid",
    "fenxiao_tid",
    "order_no",
    "src_order_no",
    "logistics_no",
    "return_logistics_no",
    "stockout_no",
    "stockin_no",
    "refund_no",
    "src_refund_no",
    "purchase_no",
    "return_no",
    "transfer_no",
    "swap_trade_no",
    "pd_no",
    "pay_id",
    "outer_no",
    "api_outer_no",
    "wms_outer_no",
    "stockin_outer_no",
    "purchase_outer_no",
    "src_no",
];

/// What its documents are summed by: shipped quantities of stock-outs, ordered ones of orders.
const MEASURES: Measures = Measures {
    shop: &["shop_no"],
    warehouse: &["warehouse_no"],
    quantity: &["goods_count", "num"],
    amount: &["share_amount", "total_amount"],
    price: &["share_price", "price"],
};

/// What the row of every document that is read starts from.
const READ: Document = Document {
    numbers: NUMBERS,
    measures: MEASURES,
    routes: &[Route::Direct.name(), Route::Qimen.name()],
    pages: pages(LARGEST_PAGE),
    ..Document::UNKNOWN
};

/// What the row of a document read as a whole, page by page, starts from.
const LISTED: Document = Document { role: Role::Listed, ..READ };

/// What the row of a document read by windows starts from: the vendor's general rule, over its last-modified time.
/// Statuses are asked for one at a time (vendor's pages).
const WINDOWED: Document = Document {
    role: Role::Windowed,
    version: Some("modified"),
    max_span: Some(THIRTY_DAYS),
    one_by_one: &["status", "process_status"],
    ..READ
};

/// What the row of a pool starts from. A pull takes the most rows of a page.
const POOL: Document = Document { role: Role::Pool, ..READ };

/// What the row of a document that is pushed starts from.
const TARGET: Document = Document {
    role: Role::Target,
    numbers: NUMBERS,
    measures: MEASURES,
    routes: &[Route::Direct.name(), Route::Qimen.name()],
    ..Document::UNKNOWN
};

/// An interface that is read.
const fn read(
    php: &'static str,
    qimen_method: &'static str,
    list_key: &'static str,
    document: &'static Document,
) -> Endpoint {
    Endpoint {
        document,
        php,
        qimen_method,
        list_key: Some(list_key),
        form: None,
        direct_alone: &[],
        walk: None,
    }
}

/// An interface that documents are pushed to.
const fn pushed(
    php: &'static str,
    qimen_method: &'static str,
    form: Form,
    document: &'static Document,
) -> Endpoint {
    Endpoint { document, php, qimen_method, list_key: None, form: Some(form), direct_alone: &[], walk: None }
}
