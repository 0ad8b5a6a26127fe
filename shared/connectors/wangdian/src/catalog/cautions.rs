//! What a request's parameters leave out, or make the vendor refuse.

use relay_connector::{Caution, Condition, Test};

use crate::settings::Route;

const WITHOUT_STATUS: &[Condition] = &[Condition { param: "status", test: Test::Absent }];

/// 创建原始订单: 奇门's page has no `switch`.
pub(super) const TRADE_PUSH: &[Caution] = &[Caution {
    route: Some(Route::Qimen.name()),
    when: &[Condition { param: "switch", test: Test::Given }],
    is_refused: false,
    said_by: None,
    says: "奇门 knows no `switch`: it is left out over that route",
    help: "remove it, or push over route = \"direct\"",
}];

/// 入库单: only what is done is given unless another status is asked for (vendor's pages).
const DONE_ALONE: Caution = Caution {
    route: None,
    when: WITHOUT_STATUS,
    is_refused: false,
    said_by: None,
    says: "without a `status` only stock-ins that are done (80 已完成) are given; those that wait or are cancelled are not",
    help: "where that is what you want, say so: params = { status = \"80\" }",
};

/// 查询采购入库单, 查询退货入库单管理.
pub(super) const STOCKIN: &[Caution] = &[DONE_ALONE];

/// 查询入库单管理, which takes a status with an order type alone (vendor's page).
pub(super) const STOCKIN_ORDER: &[Caution] = &[
    Caution {
        help: "where that is what you want, say so: params = { order_type = \"6\", status = \"80\" }",
        ..DONE_ALONE
    },
    Caution {
        route: None,
        when: &[
            Condition { param: "status", test: Test::Given },
            Condition { param: "order_type", test: Test::Absent },
        ],
        is_refused: true,
        said_by: None,
        says: "the vendor refuses a `status` without an `order_type`",
        help: "add the kind of stock-in, such as order_type = \"6\" (其他入库)",
    },
];

/// 查询销售出库单, 查询出库单管理: without a status what is shipped and done (vendor's pages).
pub(super) const STOCKOUT: &[Caution] = &[Caution {
    route: None,
    when: WITHOUT_STATUS,
    is_refused: false,
    said_by: Some("window"),
    says: "without a `status` only stock-outs that are shipped or done (95 and on) are given",
    help: "where that is what you want, say so: window = \"consign_time\"; or name the states, each of which is asked for by itself: status = [\"5\", \"55\"]",
}];

const LEAVE_OUT: &str = "leave it out of `params`, and choose rows by `filter`";

/// A query whose times have no effect beside that number (vendor's pages).
macro_rules! by_number {
    ($param:literal) => {
        Caution {
            route: None,
            when: &[Condition { param: $param, test: Test::Given }],
            is_refused: false,
            said_by: None,
            says: concat!(
                "with `",
                $param,
                "` the times have no effect: every poll gives the same rows again, changed or not, and no others"
            ),
            help: LEAVE_OUT,
        }
    };
}

/// 查询订单管理: with one of these the other parameters have no effect.
pub(super) const TRADE: &[Caution] = &[by_number!("trade_no"), by_number!("src_tid")];

/// 查询货品档案.
pub(super) const GOODS: &[Caution] = &[by_number!("goods_no"), by_number!("spec_no")];

/// Stock that is asked for by that number.
macro_rules! walk {
    ($param:literal) => {
        Caution {
            says: concat!(
                "by `",
                $param,
                "` stock may be asked for three times a day: it is asked every eight hours, and gives all rows, changed or not"
            ),
            help: "for what has changed, minute by minute, leave it out of `params`, and choose rows by `filter`",
            ..by_number!($param)
        }
    };
}

/// 增量查询库存.
pub(super) const STOCK: &[Caution] = &[walk!("spec_no"), walk!("barcode")];
