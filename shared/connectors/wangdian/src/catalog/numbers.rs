//! The numbers that keep a document from being made twice, and how each is asked for.
//!
//! `outer_no` (外部单号) and `api_outer_no` are the vendor's documented means against pushing the same data twice. What
//! it answers to a repeated one is not documented: taken here as a refusal, which leaves the first document as it is.
//! An order's `tid` and a good's `goods_no` are documented to update what is there. Which query takes which number is
//! said by the query's own page; where a page does not say that the number stands in for the time window, a window is
//! sent with it.
//!
//! A document of which one call takes several is never one that doubles: after a call that was refused as a whole each is
//! sent alone.

use std::num::NonZeroU32;

use relay_connector::{ONCE, Push, Question, Repeat};

type Requests = &'static [&'static [(&'static str, &'static str)]];

/// 创建原始订单 (vendor's page): the same tid again updates the order, and a call takes fifty. An order that was split or
/// merged lists all its tids.
pub(super) const TRADE: Push = Push::new(
    Some("tid"),
    Repeat::Replaces,
    Some(Question {
        document: "wangdian.trade_query",
        param: "src_tid",
        requests: ONCE,
        timed: false,
        holds: &["src_tids"],
        ids: &["trade_no"],
    }),
)
.batched(50)
.with_alike("buyer_nick", 30);

/// 创建货品档案 (vendor's page, fifty a call): goods_no decides which good is updated. With goods_no the times have no effect.
pub(super) const GOODS: Push = Push::new(
    Some("goods_no"),
    Repeat::Replaces,
    Some(Question {
        document: "wangdian.goods_query",
        param: "goods_no",
        requests: ONCE,
        timed: false,
        holds: &["goods_no"],
        ids: &["goods_no"],
    }),
)
.batched(50)
.with_lines("spec_list", 500);

/// 创建平台货品 (vendor's page): each line is updated by shop, goods_id and spec_id; the document has no number, and no
/// query shows platform goods.
pub(super) const PLATFORM_GOODS: Push =
    Push::new(None, Repeat::Replaces, None).with_lines("goods_list", 2_000);

/// 创建供应商: what a known provider_no does is not documented. Suppliers are listed by it.
pub(super) const PROVIDER: Push = Push::new(
    Some("provider_no"),
    Repeat::Doubles,
    Some(Question {
        document: "wangdian.purchase_provider_query",
        param: "provider_no",
        requests: ONCE,
        timed: false,
        holds: &["provider_no"],
        ids: &["provider_no"],
    }),
);

/// 创建原始退款单: that refund_no is the key, and that the same again changes the refund, follows from its answer alone
/// (`new_count`, `chg_count`). The refund (退换单) that it becomes is found by the platform's number.
pub(super) const SALES_REFUND: Push = Push::new(
    Some("refund_no"),
    Repeat::Replaces,
    Some(Question {
        document: "wangdian.refund_query",
        param: "src_refund_no",
        requests: ONCE,
        timed: false,
        holds: &["src_no", "src_refund_no"],
        ids: &["refund_no"],
    }),
)
.batched(10);

/// 创建退货入库单: the query of these stock-ins neither takes nor shows an outer_no, so it cannot be asked for.
pub(super) const STOCKIN_REFUND: Push = outer("outer_no", None).giving("stockin_no");

/// 创建采购单 (vendor's page): outer_no stands in for the times.
pub(super) const PURCHASE_ORDER: Push = outer(
    "outer_no",
    Some(Question {
        document: "wangdian.purchase_order_query",
        param: "outer_no",
        requests: ONCE,
        timed: false,
        holds: OUTER_NO,
        ids: &["purchase_no"],
    }),
)
.giving("purchase_no");

/// 创建采购入库单. Without a status only what is done (80) is shown.
pub(super) const STOCKIN_PURCHASE: Push = outer(
    "outer_no",
    Some(Question {
        document: "wangdian.stockin_order_query_purchase",
        param: "stockin_outer_no",
        requests: &[
            &[],
            &[("status", "20")],
            &[("status", "30")],
            &[("status", "25")],
            &[("status", "60")],
            &[("status", "10")],
        ],
        timed: true,
        holds: OUTER_NO,
        ids: STOCKIN_NO,
    }),
)
.giving("stockin_no");

/// 创建采购退货单.
pub(super) const PURCHASE_RETURN: Push = outer(
    "outer_no",
    Some(Question {
        document: "wangdian.purchase_return_query",
        param: "api_outer_no",
        requests: ONCE,
        timed: true,
        holds: OUTER_NO,
        ids: &["return_no"],
    }),
)
.giving("return_no");

/// 创建采购退货出库单. That it shows only what is shipped unless it is asked for a status is known of its sibling.
pub(super) const PURCHASE_RETURN_ORDER: Push = outer(
    "outer_no",
    Some(Question {
        document: "wangdian.stockout_order_query_return",
        param: "outer_no",
        requests: STOCKOUT_STATUSES,
        timed: true,
        holds: OUTER_NO,
        ids: STOCKOUT_NO,
    }),
)
.giving("stockout_no");

/// 创建盘点单 (vendor's page: 500 rows a call, 2,000 calls a day, from 20:00 to 06:00). Which fields an answer has is not
/// documented.
pub(super) const STOCK_COUNT: Push = outer(
    "api_outer_no",
    Some(Question {
        document: "wangdian.stock_pd_order_query",
        param: "api_outer_no",
        requests: ONCE,
        timed: true,
        holds: OUTER_NO,
        ids: &["pd_no"],
    }),
)
.with_lines("goods_list", 500)
.within(20, 6, COUNTS_A_DAY);

/// 创建其他入库单: order_type 6, which a status needs beside it.
pub(super) const STOCKIN_ORDER: Push = outer(
    "outer_no",
    Some(Question {
        document: "wangdian.stockin_order_query",
        param: "outer_no",
        requests: &[
            &[],
            &[("order_type", "6"), ("status", "20")],
            &[("order_type", "6"), ("status", "30")],
            &[("order_type", "6"), ("status", "25")],
            &[("order_type", "6"), ("status", "32")],
            &[("order_type", "6"), ("status", "33")],
            &[("order_type", "6"), ("status", "35")],
            &[("order_type", "6"), ("status", "60")],
            &[("order_type", "6"), ("status", "10")],
        ],
        timed: true,
        holds: OUTER_NO,
        ids: STOCKIN_NO,
    }),
)
.giving("stockin_no");

/// 创建其他出库单.
pub(super) const STOCKOUT_ORDER: Push = outer("outer_no", Some(STOCKOUT)).giving("stockout_no");

/// 创建调拨单 (vendor's page): without times every transfer is shown.
pub(super) const TRANSFER: Push = outer(
    "outer_no",
    Some(Question {
        document: "wangdian.stock_transfer_query",
        param: "api_outer_no",
        requests: ONCE,
        timed: false,
        holds: OUTER_NO,
        ids: &["transfer_no"],
    }),
)
.with_lines("skus", 500)
.giving("transfer_no");

/// 创建调拨出库单: the vendor's demo sends outer_no only with stock-ins; that it serves here too is inferred.
pub(super) const STOCKOUT_TRANSFER: Push = outer("outer_no", Some(STOCKOUT)).giving("stockout_no");

/// 创建调拨入库单: order_type 2, which a status needs beside it.
pub(super) const STOCKIN_TRANSFER: Push = outer(
    "outer_no",
    Some(Question {
        document: "wangdian.stockin_order_query",
        param: "outer_no",
        requests: &[
            &[],
            &[("order_type", "2"), ("status", "20")],
            &[("order_type", "2"), ("status", "30")],
            &[("order_type", "2"), ("status", "25")],
            &[("order_type", "2"), ("status", "32")],
            &[("order_type", "2"), ("status", "33")],
            &[("order_type", "2"), ("status", "35")],
            &[("order_type", "2"), ("status", "60")],
            &[("order_type", "2"), ("status", "10")],
        ],
        timed: true,
        holds: OUTER_NO,
        ids: STOCKIN_NO,
    }),
)
.giving("stockin_no");

/// 物流同步回写, fifty a call: a row that is acknowledged already is refused (非待同步状态,不可更新), and no query shows it.
pub(super) const LOGISTICS_ACK: Push = Push::new(Some("rec_id"), Repeat::Refuses, None).batched(50);

/// 库存同步回写: the same values again change nothing, and no query shows what was acknowledged. The vendor names no limit;
/// what the logistics pool takes is safe here too.
pub(super) const STOCK_ACK: Push = Push::new(Some("rec_id"), Repeat::Replaces, None).batched(50);

/// The stock-outs of every business type but sales.
const STOCKOUT: Question = Question {
    document: "wangdian.stockout_order_query",
    param: "outer_no",
    requests: STOCKOUT_STATUSES,
    timed: true,
    holds: OUTER_NO,
    ids: STOCKOUT_NO,
};

/// Without a status only what is shipped or done is shown; then what waits for its audit, is audited, is cancelled.
const STOCKOUT_STATUSES: Requests = &[&[], &[("status", "50")], &[("status", "55")], &[("status", "5")]];

const COUNTS_A_DAY: NonZeroU32 = NonZeroU32::new(2_000).unwrap();

const OUTER_NO: &[&str] = &["outer_no", "api_outer_no"];
const STOCKIN_NO: &[&str] = &["order_no", "stockin_no"];
const STOCKOUT_NO: &[&str] = &["order_no", "stockout_no"];

const fn outer(number: &'static str, asked: Option<Question>) -> Push {
    Push::new(Some(number), Repeat::Refuses, asked)
}
