//! Adapter: queues in SQS, checkpoints, ledger and look-ups in DynamoDB, histories there and in S3.
//!
//! What grows: the functions run under Lambda, many of each at once. The tables and queues are the stack's
//! (`template.yaml`); nothing is created here.
//!
//! | module | what for |
//! |---|---|
//! | `queue` | SQS FIFO queues |
//! | `dead_letters` | their queues: listed, and sent anew |
//! | `checkpoints` | values and leases in one table |
//! | `ledger` | entries, with a sparse index of those that have failed |
//! | `deliveries` | what was delivered within a span: the ledger, read through |
//! | `numbers` | the index of numbers, and the search where there is none |
//! | `audit` | what people have done |
//! | `parts` | entries that are larger than an item of DynamoDB may be |
//! | `lookups` | ids, with the table's time to live |
//! | `archive` | histories: items where they are small, objects of S3 where they are large |
//! | `s3` | putting and getting these |
//! | `secrets` | a secret of Secrets Manager |
//! | `sign` | signing the requests of both |
//! | `groups` | members, seals and open groups in one table |
//! | `item` | what items of all tables share: keys and attributes |
//! | `http` | how requests are carried |
//! | `failure` | what a refusal of AWS means, and the way out |

mod archive;
mod audit;
mod checkpoints;
mod dead_letters;
mod deliveries;
mod failure;
mod groups;
mod http;
mod item;
mod ledger;
mod lookups;
mod numbers;
mod parts;
mod queue;
mod quotas;
mod s3;
mod secrets;
mod sign;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_types::SdkConfig;
use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use relay_core::clock::{Clock, Rng};

use relay_core::Archive;
use relay_core::archive::Disabled;
use relay_core::{AwsNames, Stores};

use crate::archive::Histories;

pub use aws_sdk_sqs::config;
pub use failure::Refusal;
pub use http::{HttpClient, for_sdk};
pub use secrets::Secrets;
pub use sign::Refused;

/// The stack's queues and tables.
#[derive(Clone)]
pub struct Aws {
    config: SdkConfig,
    // Each is built when it is first asked for: a poller that finds no lease never needs the queue.
    sqs: OnceLock<aws_sdk_sqs::Client>,
    dynamodb: OnceLock<aws_sdk_dynamodb::Client>,
    http: Arc<dyn HttpClient>,
    names: Arc<AwsNames>,
    opened: Arc<groups::Opened>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

impl Aws {
    /// The queues and tables of that stack, by a configuration whose client is [`for_sdk`] of the same. Nothing is asked of
    /// AWS yet.
    #[must_use]
    pub fn new(
        config: &SdkConfig,
        names: AwsNames,
        http: Arc<dyn HttpClient>,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Self {
        let (sqs, dynamodb) = (OnceLock::new(), OnceLock::new());
        Self {
            config: config.clone(),
            sqs,
            dynamodb,
            http,
            names: Arc::new(names),
            opened: Arc::default(),
            clock,
            rng,
        }
    }

    /// The ports of the stack. Nothing is archived where it has no bucket for it.
    #[must_use]
    pub fn stores(self) -> Stores {
        let this = Arc::new(self);
        let archive: Arc<dyn Archive> = match this.names.archive.clone() {
            Some(names) => Arc::new(Histories::new(this.clone(), names)),
            None => Arc::new(Disabled),
        };
        Stores {
            queue: this.clone(),
            checkpoints: this.clone(),
            ledger: this.clone(),
            lookups: this.clone(),
            archive,
            quotas: this.clone(),
            groups: this.clone(),
            audit: this,
        }
    }

    fn sqs(&self) -> &aws_sdk_sqs::Client {
        self.sqs.get_or_init(|| aws_sdk_sqs::Client::new(&self.config))
    }

    fn dynamodb(&self) -> &aws_sdk_dynamodb::Client {
        self.dynamodb.get_or_init(|| aws_sdk_dynamodb::Client::new(&self.config))
    }

    /// Patience with answers that did a part of what was asked; failures as a whole are the SDK's to repeat.
    fn retry(&self) -> Patience<'_> {
        Patience { waits: waits(), clock: self.clock.as_ref(), rng: self.rng.as_ref() }
    }
}

/// A handful of tries within two seconds: a webhook's caller waits for five.
fn waits() -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(Duration::from_secs(1))
        .with_max_times(5)
        .build()
}

/// Waits between tries, until there have been enough.
struct Patience<'a> {
    waits: ExponentialBackoff,
    clock: &'a dyn Clock,
    rng: &'a dyn Rng,
}

impl Patience<'_> {
    /// Waits before another try; `false`: there have been enough.
    async fn wait(&mut self) -> bool {
        let Some(wait) = self.waits.next() else { return false };
        self.clock.sleep(self.rng.jitter(wait)).await;
        true
    }

    /// Begins anew, because a try has come forward.
    fn renew(&mut self) {
        self.waits = waits();
    }
}
