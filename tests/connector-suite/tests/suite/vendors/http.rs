//! Everything else: a receiver of JSON, three group robots, and a sender of signed JSON.

use std::time::Duration;

use relay_connector::Connector;
use relay_simulators::http::WEBHOOK_SECRET;
use relay_simulators::{Faults, Vendors};
use serde_json::{Value, json};

use crate::vendor::{Allowance, Push, Request, Signed, Vendor, Write};

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
        "what a receiver means by a 401 is not known, so no call is made anew by its time: a person sets the clock",
        &["a_clock_that_is_far_off_is_put_right_by_what_the_vendor_tells"],
    ),
    (
        "every call is signed or bears a key, and there are no tokens",
        &[
            "a_refused_token_is_renewed_once",
            "a_token_that_is_refused_anew_pauses",
            "a_token_is_renewed_before_its_life_ends",
            "processes_that_need_a_token_at_once_fetch_one",
            "a_log_in_that_takes_too_long_sends_nothing_after_it",
        ],
    ),
    ("there is no common way to ask a receiver", &["after_a_lost_answer_the_document_is_found"]),
    ("one call holds one document", &["one_refused_row_holds_up_no_other_of_its_batch"]),
    (
        "a receiver that knows a number again gives the answer that it gave before",
        &["a_number_that_is_there_is_told_and_not_written_again"],
    ),
    ("no calls are bought by the day", &["a_used_up_day_pauses_until_it_is_over"]),
];

impl Vendor for Simulated {
    fn connector(&self) -> &'static dyn Connector {
        relay_connectors::named("http").unwrap()
    }

    fn faults<'v>(&self, vendors: &'v Vendors) -> Option<&'v Faults> {
        Some(&vendors.http.faults)
    }

    fn calls(&self, vendors: &Vendors, operation: &str) -> u64 {
        vendors.http.calls().get(operation).copied().unwrap_or_default()
    }

    fn left_out(&self) -> &'static [(&'static str, &'static [&'static str])] {
        LEFT_OUT
    }

    fn writes(&self) -> &'static [Write] {
        WRITES
    }

    fn pushes(&self) -> &'static [Push] {
        &[Push {
            document: "http.webhook",
            data: |_| json!({"id": "AD-1", "lines": [{"price": "12.50"}], "remark": "急"}),
            list: "lines",
            tolerated: None,
            age: "HTTP_WEBHOOK_MAX_AGE_MINUTES",
            request: pushed,
        }]
    }

    fn allowances(&self) -> &'static [Allowance] {
        ALLOWANCES
    }

    fn tells_the_time(&self) -> bool {
        false
    }
}

const ALLOWANCES: &[Allowance] = &[Allowance {
    settings: &[("HTTP_CALLS_PER_MINUTE", "12")],
    calls: 12,
    period: Duration::from_secs(60),
    counts: "/receive",
    before_each: None,
}];

const WRITES: &[Write] = &[
    Write {
        document: "http.post",
        params: &[],
        operation: "receive",
        body: |_, number| json!({"id": format!("AD-{number}"), "amount": "12.50"}),
        spoil: None,
        written: |vendors, document| {
            let received = vendors.http.received();
            received.iter().filter(|received| received.body == *document).count()
        },
        goes_by_status: true,
        refuses_again: false,
    },
    Write {
        spoil: Some(|message| message["text"]["content"] = json!("字".repeat(2_000))),
        ..robot("http.wecom_robot", "wecom", text)
    },
    Write {
        spoil: Some(|message| message["text"]["content"] = json!("")),
        ..robot("http.dingtalk_robot", "dingtalk", text)
    },
    Write {
        spoil: Some(|message| message["content"]["text"] = json!("")),
        ..robot(
            "http.feishu_robot",
            "feishu",
            |_, number| json!({"msg_type": "text", "content": {"text": format!("订单 {number}")}}),
        )
    },
];

fn text(_: &Vendors, number: u32) -> Value {
    json!({"msgtype": "text", "text": {"content": format!("订单 {number}")}})
}

const fn robot(document: &'static str, operation: &'static str, body: fn(&Vendors, u32) -> Value) -> Write {
    Write {
        document,
        params: &[],
        operation,
        body,
        spoil: None,
        written: |vendors, message| {
            let messages = vendors.http.messages();
            messages.iter().filter(|written| written.body == *message).count()
        },
        goes_by_status: false,
        refuses_again: false,
    }
}

fn pushed(vendors: &Vendors, data: &Value, signed: Signed) -> Request {
    let body = data.to_string().into_bytes();
    let secret = if signed == Signed::Wrongly { "not-the-secret" } else { WEBHOOK_SECRET };
    let mut push = vendors.http.signed(body, secret);
    if signed == Signed::Tampered {
        push.body.push(b' ');
    }
    Request { path: "/http/orders", headers: push.headers, body: push.body }
}
