//! 纷享销客: one push, tokens.

use std::time::Duration;

use relay_connector::Connector;
use relay_simulators::sharecrm::{CREDENTIALS, CUSTOM_OBJECT};
use relay_simulators::{Fault, Faults, Vendors};
use serde_json::json;

use crate::vendor::{Allowance, Tokens, Vendor, Write};

pub(crate) static VENDOR: &dyn Vendor = &Simulated;

struct Simulated;

const LEFT_OUT: &[(&str, &[&str])] = &[
    (
        "nothing is read from it",
        &[
            "every_row_comes_once_page_by_page",
            "no_rows_are_no_rows_however_they_are_written",
            "numbers_as_strings_are_the_same_rows",
            "a_lost_answer_of_a_read_may_be_asked_for_again",
            "a_pool_gives_its_rows_until_they_are_acknowledged",
            "a_row_that_is_not_acknowledged_holds_up_no_other",
        ],
    ),
    (
        "the push interface cannot be asked: the same id again takes the record's place",
        &["after_a_lost_answer_the_document_is_found"],
    ),
    ("one call holds one record", &["one_refused_row_holds_up_no_other_of_its_batch"]),
    ("the same id again updates the record", &["a_number_that_is_there_is_told_and_not_written_again"]),
    (
        "it pushes nothing to us",
        &[
            "a_push_is_believed_by_its_sign_alone",
            "a_push_comes_as_it_was_sent",
            "a_push_that_comes_again_is_the_same_document",
            "a_push_is_refused_for_its_age_where_a_setting_limits_it_and_nowhere_else",
            "a_push_over_the_cap_is_refused",
        ],
    ),
];

impl Vendor for Simulated {
    fn connector(&self) -> &'static dyn Connector {
        relay_connectors::named("sharecrm").unwrap()
    }

    fn faults<'v>(&self, vendors: &'v Vendors) -> Option<&'v Faults> {
        Some(&vendors.sharecrm.faults)
    }

    fn calls(&self, vendors: &Vendors, operation: &str) -> u64 {
        vendors.sharecrm.calls().get(operation).copied().unwrap_or_default()
    }

    fn left_out(&self) -> &'static [(&'static str, &'static [&'static str])] {
        LEFT_OUT
    }

    fn writes(&self) -> &'static [Write] {
        &[
            Write {
                document: "sharecrm.objdata_push",
                params: &[],
                operation: "push",
                body: |_, number| {
                    json!({
                        "objAPIName": "erpSalesOrderObj", "dataCenterId": CREDENTIALS.data_center_id,
                        "id": format!("AD-{number}"), "masterFieldVal": {"number": format!("{number}")},
                    })
                },
                // What the vendor itself says to a record that is not complete (10006) it says to wrong credentials too.
                spoil: Some(|record| record["objAPIName"] = json!("")),
                written: |vendors, record| {
                    let key = ("erpSalesOrderObj".to_owned(), record["id"].as_str().unwrap().to_owned());
                    vendors.sharecrm.records().get(&key).map_or(0, |record| record.history.len())
                },
                goes_by_status: false,
                refuses_again: false,
            },
            Write {
                document: "sharecrm.objdata_push_custom",
                params: &[("convertUserId", "true")],
                operation: "push",
                body: |_, number| {
                    json!({
                        "objAPIName": CUSTOM_OBJECT, "dataCenterId": CREDENTIALS.data_center_id,
                        "orders": [{"no": format!("{number}")}], "directSync": true, "destObjectApiName": "SalesOrderObj",
                    })
                },
                spoil: Some(|data| data["destObjectApiName"] = json!("")),
                written: |vendors, data| {
                    let pushed = vendors.sharecrm.custom();
                    pushed.iter().filter(|push| json!(push.data) == *data).count()
                },
                goes_by_status: false,
                refuses_again: false,
            },
        ]
    }

    fn tokens(&self) -> Option<Tokens> {
        Some(Tokens { operation: "token", life: Duration::from_secs(7_200) })
    }

    fn allowances(&self) -> &'static [Allowance] {
        ALLOWANCES
    }

    fn is_limited_by_the_day(&self) -> bool {
        true
    }
}

const ALLOWANCES: &[Allowance] = &[
    Allowance {
        settings: &[],
        calls: 80,
        period: Duration::from_secs(20),
        counts: "/push",
        before_each: None,
    },
    Allowance {
        settings: &[],
        calls: 10,
        period: Duration::from_secs(60),
        counts: "/token",
        before_each: Some(Fault::ExpireTokens),
    },
];
