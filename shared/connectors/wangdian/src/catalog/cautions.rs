//! What a request's parameters leave out, or make the vendor refuse.

use relay_connector::{Caution, Condition, Test};

const WITHOUT_STATUS: &[Condition] = &[Condition { param: "status", test: Test::Absent }];

/// 入库单: only what is done is given unless another status is asked for (vendor's pages).
const DONE_ALONE: Caution = Caution {
    when: WITHOUT_STATUS,
    is_refused: false,
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
        when: &[
            Condition { param: "status", test: Test::Given },
            Condition { param: "order_type", test: Test::Absent },
        ],
        is_refused: true,
        says: "the vendor refuses a `status` without an `order_type`",
        help: "add the kind of stock-in, such as order_type = \"6\" (其他入库)",
    },
];

/// 查询销售出库单, 查询出库单管理: without a status what is shipped and done (vendor's pages).
pub(super) const STOCKOUT: &[Caution] = &[Caution {
    when: WITHOUT_STATUS,
    is_refused: false,
    says: "without a `status` only stock-outs that are shipped or done (95 and on) are given",
    help: "where that is what you want, leave it so; another `status` is asked for by a flow of its own",
}];
