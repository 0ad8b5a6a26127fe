//! What the four vendor crates are built on.
//!
//! | module | what for |
//! |---|---|
//! | [`transport`] | one HTTP request and its answer, handed in; secrets in a URL or body never print |
//! | [`answer`] | JSON, whatever it is wrapped in |
//! | [`failure`] | what a failed call means for the document and for the calls after it |
//! | [`metered`] | what is counted of the calls |
//! | [`quota`] | the vendor's call limits, kept on our side |
//! | [`retry`] | asking again, where asking changes nothing |
//! | [`token`] | access tokens: fetched once, shared, refreshed once |
//! | [`lenient`] | values as vendors really send them: numbers as strings, lists left out |
//! | [`nesting`] | JSON that is nested deeper than a parser reads |
//! | [`china`] | the vendors' times, as they write them |
//! | [`vendor_time`] | what a vendor's clock says, where the machine's may be off |

pub mod answer;
pub mod china;
mod document;
pub mod failure;
mod found;
mod http_transport;
pub mod lenient;
pub mod metered;
pub mod nesting;
pub mod quota;
pub mod retry;
pub mod token;
pub mod transport;
pub mod vendor_time;

pub use document::*;
pub use failure::{Class, Failure, Rejection};
pub use found::Found;
pub use http_transport::HttpTransport;
pub use metered::{Metered, count_failure};
pub use quota::{OutOfTime, Quota, Use};
pub use token::{Token, TokenKeeper, TokenStore};
pub use transport::{Request, Response, Transport, TransportError};
pub use vendor_time::VendorTime;
