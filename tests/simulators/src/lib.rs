//! The vendors, simulated as strictly as their sheets, misbehaving on request.
//!
//! Written from the vendors' documents alone, without the client crates, so that client and simulator check
//! each other. What a vendor leaves open is decided to the client's disadvantage: codes come as numbers and as
//! strings, empty lists are left out, private fields are masked or missing.
//!
//! | module | what |
//! |---|---|
//! | [`wangdian`] | 旺店通, both routes (openapi2 and Qimen) over one state |
//! | [`kingdee`] | 金蝶云·星辰, V1 and V2 over one state |
//! | [`sharecrm`] | 纷享销客 token and push |
//! | [`qince`] | 勤策 as the sender of pushes, and its API |
//! | [`http`] | everything else: a receiver of JSON, three group robots, a sender of JSON |
//! | [`mail`] | a mail server for submission |
//! | [`faults`] | misbehaviour, as data |
//! | [`demo`] | a small set-up with sample documents |

mod call;
pub mod demo;
mod dice;
mod door;
pub mod faults;
pub mod http;
pub mod kingdee;
mod limit;
pub mod mail;
pub mod qince;
mod server;
mod settings;
pub mod sharecrm;
mod transport;
pub mod wangdian;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use relay_connector::Transport;
use relay_core::clock::Clock;

pub use demo::Demo;
pub use faults::{Fault, FaultRates, Faults};
pub use http::Http;
pub use kingdee::Kingdee;
pub use mail::Mail;
pub use qince::Qince;
pub use server::{Ports, Served};
pub use settings::{settings, settings_in_process};
pub use sharecrm::ShareCrm;
pub use transport::{
    HTTP_BASE_URL, KINGDEE_BASE_URL, MAIL_HOST, QIMEN_BASE_URL, QINCE_BASE_URL, SHARECRM_BASE_URL,
    WDT_BASE_URL,
};
pub use wangdian::Wangdian;

/// The vendors, over one clock and one seed.
pub struct Vendors {
    /// 旺店通, both routes.
    pub wangdian: Arc<Wangdian>,
    /// 金蝶云·星辰, V1 and V2.
    pub kingdee: Arc<Kingdee>,
    /// 纷享销客.
    pub sharecrm: Arc<ShareCrm>,
    /// 勤策.
    pub qince: Arc<Qince>,
    /// Everything else.
    pub http: Arc<Http>,
    /// The mail server.
    pub mail: Arc<Mail>,
    clock: Arc<dyn Clock>,
}

impl Vendors {
    /// Vendors without any documents. Everything random in them comes from `seed`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            wangdian: Arc::new(Wangdian::new(clock.clone(), seed)),
            kingdee: Arc::new(Kingdee::new(clock.clone(), seed)),
            sharecrm: Arc::new(ShareCrm::new(clock.clone(), seed)),
            qince: Arc::new(Qince::new(clock.clone(), seed)),
            http: Arc::new(Http::new(clock.clone(), seed)),
            mail: Arc::new(Mail::new(clock.clone(), seed)),
            clock,
        })
    }

    /// The clock that they all go by.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// How many calls were above a vendor's limit, of the vendors that count them.
    #[must_use]
    pub fn refused_for_quota(&self) -> [(&'static str, u64); 3] {
        [
            ("wangdian", self.wangdian.refused_for_quota()),
            ("kingdee", self.kingdee.refused_for_quota()),
            ("sharecrm", self.sharecrm.refused_for_quota()),
        ]
    }

    /// Counts calls against the vendors' limits from here on: for what cannot know of calls that were made before it.
    pub fn begin_quotas_anew(&self) {
        self.wangdian.begin_quota_anew();
        self.kingdee.begin_quota_anew();
        self.sharecrm.begin_quota_anew();
    }

    /// The vendors in process, without sockets: requests are routed by the hosts of [`WDT_BASE_URL`],
    /// [`QIMEN_BASE_URL`], [`KINGDEE_BASE_URL`], [`SHARECRM_BASE_URL`], [`QINCE_BASE_URL`] and [`HTTP_BASE_URL`].
    #[must_use]
    pub fn transport(&self) -> Arc<dyn Transport> {
        Arc::new(transport::InProcess::new(self))
    }

    /// The vendors on free ports of 127.0.0.1, until the answer is dropped.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn serve_on_loopback(&self) -> io::Result<Served> {
        self.serve_on(Ports::default()).await
    }

    /// The vendors on these ports of 127.0.0.1, until the answer is dropped.
    ///
    /// # Errors
    /// When a port cannot be bound.
    pub async fn serve_on(&self, ports: Ports) -> io::Result<Served> {
        server::serve(self, ports).await
    }
}

/// A poisoned lock is taken over: a test that failed elsewhere should fail with its own message.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
