//! What every connector must do, whatever its vendor is like. The suite knows connectors by their traits only.
//!
//! A vendor joins with a file in `vendors/`: its simulator, how it is loaded, which documents are tried. A case that finds
//! nothing there to try must be left out in that file, with the reason; one that finds something cannot be left out. Which
//! case runs on which vendor stands in `snapshots/`; `INSTA_UPDATE=always cargo test -p connector-suite` writes it anew.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot set itself up fails")]

mod bench;
mod cases;
mod coverage;
mod vendor;
mod vendors;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use relay_connector::Role;

use crate::vendor::{Allowance, Push, Read, Tokens, Trial, Vendor, Write};

/// Every case, by its file: each is a statement about connectors.
macro_rules! with_cases {
    ($then:ident!($($argument:ident)?)) => {
        $then! { $($argument)?;
            secrets::a_wrong_secret_pauses_and_nothing_is_written,
            secrets::what_a_vendor_quotes_back_shows_no_secret,
            clocks::a_clock_that_is_a_little_off_costs_no_call,
            clocks::a_clock_that_is_far_off_is_put_right_by_what_the_vendor_tells,
            reading::every_row_comes_once_page_by_page,
            reading::no_rows_are_no_rows_however_they_are_written,
            reading::numbers_as_strings_are_the_same_rows,
            pools::a_pool_gives_its_rows_until_they_are_acknowledged,
            pools::a_row_that_is_not_acknowledged_holds_up_no_other,
            quotas::no_period_has_more_calls_than_the_settings_allow,
            quotas::a_rate_limit_is_to_be_tried_again_and_did_nothing,
            quotas::a_used_up_day_pauses_until_it_is_over,
            tokens::a_refused_token_is_renewed_once,
            tokens::a_token_that_is_refused_anew_pauses,
            tokens::a_token_is_renewed_before_its_life_ends,
            tokens::processes_that_need_a_token_at_once_fetch_one,
            lost::a_lost_answer_leaves_a_push_unknown,
            lost::a_lost_answer_of_a_read_may_be_asked_for_again,
            lost::after_a_lost_answer_the_document_is_found,
            lost::an_answer_without_end_is_given_up,
            refusals::a_refusal_in_an_answer_of_success_is_a_refusal,
            refusals::a_document_that_is_wrong_is_refused_and_not_written,
            refusals::a_number_that_is_there_is_told_and_not_written_again,
            refusals::one_refused_row_holds_up_no_other_of_its_batch,
            refusals::numbers_as_strings_in_the_answer_to_a_push_are_the_same_answer,
            refusals::a_wrong_host_pauses,
            deadlines::nothing_is_sent_after_the_deadline,
            deadlines::a_slow_call_leaves_no_other_after_the_deadline,
            deadlines::a_log_in_that_takes_too_long_sends_nothing_after_it,
            webhooks::a_push_is_believed_by_its_sign_alone,
            webhooks::a_push_is_refused_for_its_age_where_a_setting_limits_it_and_nowhere_else,
            webhooks::a_push_comes_as_it_was_sent,
            webhooks::a_push_that_comes_again_is_the_same_document,
            webhooks::a_push_over_the_cap_is_refused,
        }
    };
}

macro_rules! names {
    (; $($file:ident::$case:ident,)*) => { &[$(stringify!($case)),*] };
}

macro_rules! tests {
    ($vendor:ident; $($file:ident::$case:ident,)*) => {
        mod $vendor {
            $(
                #[tokio::test]
                async fn $case() {
                    let vendor = crate::vendors::$vendor::VENDOR;
                    crate::run(vendor, stringify!($case), crate::cases::$file::$case).await;
                }
            )*
        }
    };
}

/// The names of all cases.
const CASES: &[&str] = with_cases!(names!());

/// Every vendor; [`coverage`] sees that none of the registry is missing.
const VENDORS: &[&dyn Vendor] = &[
    vendors::http::VENDOR,
    vendors::kingdee::VENDOR,
    vendors::kingdee_v2::VENDOR,
    vendors::mail::VENDOR,
    vendors::qince::VENDOR,
    vendors::sharecrm::VENDOR,
    vendors::wangdian::VENDOR,
];

with_cases!(tests!(http));
with_cases!(tests!(kingdee));
with_cases!(tests!(kingdee_v2));
with_cases!(tests!(mail));
with_cases!(tests!(qince));
with_cases!(tests!(sharecrm));
with_cases!(tests!(wangdian));

/// A vendor under test, and how much of it a case has tried.
#[derive(Clone)]
struct Suite {
    vendor: &'static dyn Vendor,
    tried: Arc<AtomicUsize>,
}

/// Runs a case on a vendor. It tries something, or the vendor's file says why not.
async fn run<F: Future<Output = ()>>(vendor: &'static dyn Vendor, name: &str, case: impl FnOnce(Suite) -> F) {
    let suite = Suite { vendor, tried: Arc::default() };
    case(suite.clone()).await;
    let system = vendor.name();
    match (suite.tried.load(Ordering::Relaxed), coverage::reason(vendor, name)) {
        (0, None) => panic!("{system} has nothing to try this with: say why in its file"),
        (1.., Some(why)) => panic!("{system} has something to try this with, and leaves it out: {why}"),
        (0, Some(_)) | (1.., None) => {}
    }
}

impl Suite {
    fn tried<T>(&self, subjects: impl IntoIterator<Item = T>) -> impl Iterator<Item = T> {
        subjects.into_iter().inspect(|_| _ = self.tried.fetch_add(1, Ordering::Relaxed))
    }

    /// What is read.
    fn reads(&self) -> impl Iterator<Item = &'static Read> {
        self.tried(self.vendor.reads())
    }

    /// What is read as this role.
    fn reads_as(&self, role: Role) -> impl Iterator<Item = &'static Read> {
        let is_of = move |read: &&Read| bench::document(self.vendor, read.document).role == role;
        self.tried(self.vendor.reads().iter().filter(is_of))
    }

    /// What is delivered.
    fn writes(&self) -> impl Iterator<Item = Trial> {
        self.writes_that(|_| true)
    }

    fn writes_that(&self, fits: impl Fn(&Write) -> bool) -> impl Iterator<Item = Trial> {
        let fitting = self.vendor.writes().iter().filter(move |write| fits(write));
        let over =
            |write: &'static Write| Trial::over(write, bench::document(self.vendor, write.document).routes);
        self.tried(fitting.flat_map(over))
    }

    /// What is delivered with a token, and what gives that out.
    fn writes_with_token(&self) -> impl Iterator<Item = (Trial, Tokens)> {
        let tokens = self.vendor.tokens().is_some();
        self.writes_that(move |_| tokens).filter_map(|write| Some((write, self.vendor.tokens()?)))
    }

    fn pushes(&self) -> impl Iterator<Item = &'static Push> {
        self.tried(self.vendor.pushes())
    }

    fn allowances(&self) -> impl Iterator<Item = &'static Allowance> {
        self.tried(self.vendor.allowances())
    }
}
