//! The times that windows are over where a request's parameters decide it, the last change first.

use relay_connector::{Condition, Test, WindowTime};

/// 查询销售出库单. Without a status only what is shipped is given, by its consign time; below 95 by its last change
/// (vendor's page). With a status, is_by_modified = 1 makes it the last change for all (public clients).
pub(super) const SALES_STOCKOUT: &[WindowTime] = &[
    WindowTime {
        field: "modified",
        title: "最后修改时间",
        requests: &[
            &[
                Condition { param: "status", test: Test::Given },
                Condition { param: "is_by_modified", test: Test::Is("1") },
            ],
            &[Condition { param: "status", test: Test::Below(95) }],
        ],
        sends: &[("is_by_modified", "1")],
    },
    WindowTime {
        field: "consign_time",
        title: "发货时间",
        requests: &[
            &[Condition { param: "status", test: Test::Absent }],
            &[
                Condition { param: "status", test: Test::From(95) },
                Condition { param: "is_by_modified", test: Test::IsNot("1") },
            ],
        ],
        sends: &[],
    },
];

/// 查询出库单管理. Without a status, or from 95 on, the window is over the stock-out time; below 95 over the last change
/// (vendor's page).
pub(super) const STOCKOUT: &[WindowTime] = &[
    WindowTime {
        field: "modified",
        title: "最后修改时间",
        requests: &[&[Condition { param: "status", test: Test::Below(95) }]],
        sends: &[],
    },
    WindowTime {
        field: "consign_time",
        title: "出库时间",
        requests: &[
            &[Condition { param: "status", test: Test::Absent }],
            &[Condition { param: "status", test: Test::From(95) }],
        ],
        sends: &[],
    },
];

/// 查询退换管理: `time_type` chooses the time (vendor's page): 0 changed, 1 settled, 2 created.
pub(super) const REFUND: &[WindowTime] = &[
    WindowTime {
        field: "modified",
        title: "最后修改时间",
        requests: &[&[Condition { param: "time_type", test: Test::Is("0") }]],
        sends: &[("time_type", "0")],
    },
    WindowTime {
        field: "finish_time",
        title: "结算时间",
        requests: &[&[Condition { param: "time_type", test: Test::Is("1") }]],
        sends: &[("time_type", "1")],
    },
    WindowTime {
        field: "created",
        title: "创建时间",
        requests: &[&[Condition { param: "time_type", test: Test::Is("2") }]],
        sends: &[("time_type", "2")],
    },
];
