//! What a vendor is: its documents as data, five small traits, and what every client of a vendor is built on.
//!
//! | module | what for |
//! |---|---|
//! | `document` | documents, fields, windows, numbers: as data |
//! | `connector` | a vendor as a whole, and how it is connected |
//! | [`own`] | the relay's own documents: what became of a document |
//! | [`settings`] | what a connector reads of the settings, declared |
//! | [`source`] | traits: windows, lists, pools |
//! | [`webhook`] | trait: pushes, verified |
//! | [`target`] | trait: delivering, asking after, looking up |
//!
//! | module | what for |
//! |---|---|
//! | [`transport`] | one HTTP request and its answer, handed in; secrets in a URL or body never print |
//! | [`answer`] | JSON, whatever it is wrapped in |
//! | `gb18030` | what some are written in |
//! | [`failure`] | what a failed call means for the document and for the calls after it |
//! | [`words`] | what the words of a refusal say of the call itself |
//! | [`metered`] | what is counted of the calls |
//! | [`calls`] | how many calls were made, until somebody keeps that |
//! | [`record`] | what is sent and answered, for the archive |
//! | [`quota`] | the vendor's call limits, kept on our side |
//! | [`retry`] | asking again, where asking changes nothing |
//! | [`token`] | access tokens: fetched once, shared, refreshed once |
//! | [`session`] | calls that carry a token, and the one repeat with a new one |
//! | `age` | how old a push may be, where a setting limits it |
//! | [`lenient`] | values as vendors really send them: numbers as strings, lists left out |
//! | [`nesting`] | JSON that is nested deeper than a parser reads |
//! | [`china`] | the vendors' times, as they write them |
//! | [`vendor_time`] | what a vendor's clock says, where the machine's may be off |

mod age;
pub mod answer;
pub mod calls;
pub mod china;
mod connector;
mod document;
pub mod failure;
mod found;
mod gb18030;
mod http_transport;
pub mod lenient;
pub mod metered;
pub mod nesting;
pub mod own;
pub mod quota;
pub mod record;
pub mod retry;
pub mod session;
pub mod settings;
pub mod source;
pub mod target;
pub mod token;
pub mod transport;
pub mod vendor_time;
pub mod webhook;
pub mod words;

pub use age::AgeLimit;
pub use connector::{Connection, Connector, Surroundings, Uses, Variant};
pub use document::*;
pub use failure::{Class, Failure, Rejection};
pub use found::Found;
pub use http_transport::HttpTransport;
pub use metered::{Metered, count_failure};
pub use quota::{OutOfTime, Quota, UnsharedQuotas, Use};
pub use record::Told;
pub use session::{LogIn, Pass, Session};
pub use settings::{Setting, Settings, SettingsError};
pub use source::{Lists, Page, PageOf, Pools, Query, Span, Unacknowledged, Verdict, Windows};
pub use target::{Delivery, Target, There};
pub use token::{Token, TokenKeeper, TokenStore};
pub use transport::{Request, Response, Transport, TransportError};
pub use vendor_time::VendorTime;
pub use webhook::{Kept, PushRefused, PushRequest, RefusalKind, Reply, Verified, Webhook};
