//! A mail server. In process a mail is one call; on sockets it goes over SMTP.

use std::time::Duration;

use relay_connector::Connector;
use relay_simulators::{Faults, Vendors};
use serde_json::json;

use crate::vendor::{Allowance, Vendor, Write};

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
    ("nothing is signed by the time", &["a_clock_that_is_far_off_is_put_right_by_what_the_vendor_tells"]),
    (
        "each connection logs in with the password, and there are no tokens",
        &[
            "a_refused_token_is_renewed_once",
            "a_token_that_is_refused_anew_pauses",
            "a_token_is_renewed_before_its_life_ends",
            "processes_that_need_a_token_at_once_fetch_one",
            "a_log_in_that_takes_too_long_sends_nothing_after_it",
        ],
    ),
    ("no mail server tells what it has sent", &["after_a_lost_answer_the_document_is_found"]),
    ("one call holds one mail", &["one_refused_row_holds_up_no_other_of_its_batch"]),
    (
        "a mail server sends what it is given, under whichever Message-ID",
        &["a_number_that_is_there_is_told_and_not_written_again"],
    ),
    ("no mails are bought by the day", &["a_used_up_day_pauses_until_it_is_over"]),
    (
        "what is no mail server does not greet as one, which is no connection: it is tried again, and told as unreachable",
        &["a_wrong_host_pauses"],
    ),
    (
        "it pushes nothing to us",
        &[
            "a_push_is_believed_by_its_sign_alone",
            "a_push_is_refused_for_its_age_where_a_setting_limits_it_and_nowhere_else",
            "a_push_comes_as_it_was_sent",
            "a_push_that_comes_again_is_the_same_document",
            "a_push_over_the_cap_is_refused",
        ],
    ),
];

impl Vendor for Simulated {
    fn connector(&self) -> &'static dyn Connector {
        relay_connectors::named("mail").unwrap()
    }

    fn faults<'v>(&self, vendors: &'v Vendors) -> Option<&'v Faults> {
        Some(&vendors.mail.faults)
    }

    fn calls(&self, vendors: &Vendors, operation: &str) -> u64 {
        vendors.mail.calls().get(operation).copied().unwrap_or_default()
    }

    fn left_out(&self) -> &'static [(&'static str, &'static [&'static str])] {
        LEFT_OUT
    }

    fn writes(&self) -> &'static [Write] {
        WRITES
    }

    fn allowances(&self) -> &'static [Allowance] {
        ALLOWANCES
    }

    fn tells_the_time(&self) -> bool {
        false
    }

    fn speaks_http(&self) -> bool {
        false
    }
}

const ALLOWANCES: &[Allowance] = &[Allowance {
    settings: &[("MAIL_PER_MINUTE", "12")],
    calls: 12,
    period: Duration::from_secs(60),
    counts: "/send",
    before_each: None,
}];

const WRITES: &[Write] = &[Write {
    document: "mail.send",
    params: &[],
    operation: "send",
    body: |_, number| {
        json!({
            "to": "li@shop.example, wang@shop.example",
            "subject": format!("订单 {number} 失败"),
            "text": "请处理",
        })
    },
    spoil: Some(|mail| mail["to"] = json!("nobody")),
    written: |vendors, mail| {
        let taken = vendors.mail.taken();
        let is_it = |taken: &&relay_simulators::mail::Taken| {
            json!({"to": taken.to.join(", "), "subject": taken.subject, "text": taken.text}) == *mail
        };
        taken.iter().filter(is_it).count()
    },
    goes_by_status: false,
    refuses_again: false,
}];
