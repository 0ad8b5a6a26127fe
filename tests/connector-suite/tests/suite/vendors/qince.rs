//! 勤策: pushes to us, and nothing else.

use chrono::TimeDelta;
use relay_connector::Connector;
use relay_simulators::qince::{Digest, PushStyle};
use relay_simulators::{Faults, Vendors};

use crate::vendor::{Push, Request, Signed, Vendor};

pub(crate) static VENDOR: &dyn Vendor = &Simulated;

struct Simulated;

const LEFT_OUT: &[(&str, &[&str])] = &[(
    "it calls us, and is never called",
    &[
        "a_wrong_secret_pauses_and_nothing_is_written",
        "what_a_vendor_quotes_back_shows_no_secret",
        "a_clock_that_is_a_little_off_costs_no_call",
        "a_clock_that_is_far_off_is_put_right_by_what_the_vendor_tells",
        "every_row_comes_once_page_by_page",
        "no_rows_are_no_rows_however_they_are_written",
        "numbers_as_strings_are_the_same_rows",
        "numbers_as_strings_in_the_answer_to_a_push_are_the_same_answer",
        "a_pool_gives_its_rows_until_they_are_acknowledged",
        "a_row_that_is_not_acknowledged_holds_up_no_other",
        "no_period_has_more_calls_than_the_settings_allow",
        "a_rate_limit_is_to_be_tried_again_and_did_nothing",
        "a_used_up_day_pauses_until_it_is_over",
        "a_refused_token_is_renewed_once",
        "a_token_that_is_refused_anew_pauses",
        "a_token_is_renewed_before_its_life_ends",
        "processes_that_need_a_token_at_once_fetch_one",
        "a_lost_answer_leaves_a_push_unknown",
        "a_lost_answer_of_a_read_may_be_asked_for_again",
        "after_a_lost_answer_the_document_is_found",
        "a_refusal_in_an_answer_of_success_is_a_refusal",
        "a_wrong_host_pauses",
        "a_document_that_is_wrong_is_refused_and_not_written",
        "a_number_that_is_there_is_told_and_not_written_again",
        "one_refused_row_holds_up_no_other_of_its_batch",
        "nothing_is_sent_after_the_deadline",
        "a_slow_call_leaves_no_other_after_the_deadline",
        "a_log_in_that_takes_too_long_sends_nothing_after_it",
        "an_answer_without_end_is_given_up",
    ],
)];

impl Vendor for Simulated {
    fn connector(&self) -> &'static dyn Connector {
        relay_connectors::named("qince").unwrap()
    }

    fn faults<'v>(&self, _vendors: &'v Vendors) -> Option<&'v Faults> {
        None
    }

    fn calls(&self, _vendors: &Vendors, _operation: &str) -> u64 {
        0
    }

    fn left_out(&self) -> &'static [(&'static str, &'static [&'static str])] {
        LEFT_OUT
    }

    fn pushes(&self) -> &'static [Push] {
        &[Push {
            document: "qince.direct_order",
            data: |vendors| vendors.qince.order(vendors.clock().now() - TimeDelta::minutes(5)),
            list: "prods",
            tolerated: None,
            age: "QINCE_MAX_AGE_MINUTES",
            request: |vendors, order, signed| {
                let digest = match signed {
                    Signed::Rightly | Signed::Again => Digest::Decoded,
                    Signed::Wrongly => Digest::Wrong,
                    Signed::Tampered => Digest::Tampered,
                };
                let redelivery = (signed == Signed::Again).then(|| vendors.clock().now());
                let push =
                    vendors.qince.push(order, &PushStyle { digest, redelivery, ..PushStyle::default() });
                let headers = vec![("Content-Type".to_owned(), push.content_type)];
                Request { path: "/qince/direct-orders", headers, body: push.body }
            },
        }]
    }
}
