//! The adapter for AWS on a local one: queues and tables as in `template.yaml`, of their own for each test.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_sdk_sqs::types::QueueAttributeName;
use aws_types::SdkConfig;
use relay_connector::HttpTransport;
use relay_core::clock::{Clock as _, Rng as _, SimulatedClock, SystemClock, SystemRng};
use relay_core::{AwsArchive, AwsNames, AwsQueue, System};
use relay_store_aws::{Aws, HttpClient, for_sdk};
use serde_json::json;

use super::Ports;
use super::jobs::Fuse;

/// A new stack on the AWS at `AWS_ENDPOINT_URL`, whose clock goes by the file that `CLOCK_FILE` names.
pub(crate) async fn open() -> Ports {
    let clock_file = env::var("CLOCK_FILE").expect("CLOCK_FILE names the file of the local AWS's clock");
    let ahead = move || fs::read_to_string(&clock_file).map_or(0, |text| text.parse::<u64>().unwrap());
    let now = SystemClock.now() + Duration::from_secs(ahead());
    let clock = Arc::new(SimulatedClock::starting_at(now));
    let http = Arc::new(Http(HttpTransport::new()));
    let config = config(http.clone());
    let names = create(&config, &http).await;
    let (names_of, clock_of) = (names.clone(), clock.clone());
    let of_another = Box::new(move |fuse: &Fuse| {
        let http = Arc::new(Fused { fuse: fuse.clone(), http: Http(HttpTransport::new()) });
        let config = self::config(http.clone());
        Aws::new(&config, names_of.clone(), http, clock_of.clone(), Arc::new(SystemRng)).stores()
    });
    let aws = Aws::new(&config, names, http, clock.clone(), Arc::new(SystemRng));
    let on_wait = Box::new(move |wait: Duration| {
        let file = env::var("CLOCK_FILE").unwrap();
        fs::write(file, (ahead() + wait.as_secs()).to_string()).unwrap();
    });
    Ports { stores: aws.stores(), clock, of_another, on_wait }
}

fn config(http: Arc<dyn HttpClient>) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "the local AWS takes any");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(for_sdk(http))
        .endpoint_url(env::var("AWS_ENDPOINT_URL").expect("AWS_ENDPOINT_URL points at the local AWS"))
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

async fn create(config: &SdkConfig, http: &Http) -> AwsNames {
    let stack = format!("ports-{}", SystemRng.uuid().simple());
    let (sqs, dynamodb) = (aws_sdk_sqs::Client::new(config), aws_sdk_dynamodb::Client::new(config));
    let mut queues = BTreeMap::new();
    for system in ["http", "kingdee", "sharecrm", "wangdian"] {
        let (setting, url) = (format!("queue of {system}"), create_queue(&sqs, &stack, system).await);
        queues.insert(System::new(system), AwsQueue { setting, url });
    }
    create_bucket(config, http, &format!("{stack}-archive")).await;
    let names = AwsNames {
        checkpoint_table: format!("{stack}-checkpoints"),
        ledger_table: format!("{stack}-ledger"),
        lookup_table: format!("{stack}-lookups"),
        group_table: format!("{stack}-groups"),
        operator_table: Some(format!("{stack}-operators")),
        has_number_index: true,
        ledger_kept: Duration::from_secs(400 * 86_400),
        archive: Some(AwsArchive {
            bucket: format!("{stack}-archive"),
            table: Some(format!("{stack}-archive")),
            kept: Duration::from_secs(30 * 86_400),
        }),
        queues,
    };
    create_table(&dynamodb, &names.checkpoint_table, "name").await;
    create_ledger(&dynamodb, &names.ledger_table).await;
    create_table(&dynamodb, &names.lookup_table, "id").await;
    create_rows(&dynamodb, &names.group_table).await;
    let operator_table = format!("{stack}-operators");
    create_rows(&dynamodb, &operator_table).await;
    let archive_table = format!("{stack}-archive");
    create_table(&dynamodb, &archive_table, "id").await;
    for table in [&names.ledger_table, &names.lookup_table, &archive_table, &operator_table] {
        let expires = TimeToLiveSpecification::builder().attribute_name("expires_at").enabled(true);
        let update = dynamodb.update_time_to_live().table_name(table);
        update.time_to_live_specification(expires.build().unwrap()).send().await.unwrap();
    }
    names
}

/// Unsigned, which the local AWS takes.
async fn create_bucket(config: &SdkConfig, http: &Http, bucket: &str) {
    let url = format!("{}/{bucket}", config.endpoint_url().unwrap());
    let request = http::Request::put(url).body(Vec::new()).unwrap();
    assert_eq!(http.send(request).await.unwrap().status(), 200);
}

/// HTTP as the functions have it.
struct Http(HttpTransport);

#[async_trait]
impl HttpClient for Http {
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, String> {
        self.0.exchange(request).await.map_err(|error| error.to_string())
    }
}

/// The same of a process that ends before a request, or when its answer has come.
struct Fused {
    fuse: Fuse,
    http: Http,
}

#[async_trait]
impl HttpClient for Fused {
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, String> {
        self.fuse.step().await;
        let answer = self.http.send(request).await;
        self.fuse.step().await;
        answer
    }
}

async fn create_queue(sqs: &aws_sdk_sqs::Client, stack: &str, system: &str) -> String {
    let fifo = |name: String| {
        sqs.create_queue()
            .queue_name(name)
            .attributes(QueueAttributeName::FifoQueue, "true")
            .attributes(QueueAttributeName::MessageRetentionPeriod, "1209600")
    };
    let dead = fifo(format!("{stack}-{system}-dead.fifo")).send().await.unwrap().queue_url.unwrap();
    let arn = sqs.get_queue_attributes().queue_url(dead).attribute_names(QueueAttributeName::QueueArn);
    let arn = arn.send().await.unwrap().attributes.unwrap().remove(&QueueAttributeName::QueueArn).unwrap();
    let redrive = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": 1_000 }).to_string();
    fifo(format!("{stack}-{system}.fifo"))
        .attributes(QueueAttributeName::DeduplicationScope, "messageGroup")
        .attributes(QueueAttributeName::FifoThroughputLimit, "perMessageGroupId")
        .attributes(QueueAttributeName::MaximumMessageSize, "1048576")
        .attributes(QueueAttributeName::RedrivePolicy, redrive)
        .send()
        .await
        .unwrap()
        .queue_url
        .unwrap()
}

async fn create_table(dynamodb: &aws_sdk_dynamodb::Client, table: &str, hash: &str) {
    let create = dynamodb.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
    create.attribute_definitions(text(hash)).key_schema(key(hash, KeyType::Hash)).send().await.unwrap();
}

async fn create_rows(dynamodb: &aws_sdk_dynamodb::Client, table: &str) {
    let create = dynamodb.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
    let create = create.attribute_definitions(text("id")).attribute_definitions(text("row"));
    let create = create.key_schema(key("id", KeyType::Hash)).key_schema(key("row", KeyType::Range));
    create.send().await.unwrap();
}

async fn create_ledger(dynamodb: &aws_sdk_dynamodb::Client, table: &str) {
    let projection =
        Projection::builder().projection_type(ProjectionType::Include).non_key_attributes("flow").build();
    let failed = GlobalSecondaryIndex::builder()
        .index_name("failed")
        .key_schema(key("failed", KeyType::Hash))
        .key_schema(key("failed_at", KeyType::Range))
        .projection(projection);
    let create = dynamodb.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
    create
        .attribute_definitions(text("id"))
        .attribute_definitions(text("failed"))
        .attribute_definitions(text("failed_at"))
        .key_schema(key("id", KeyType::Hash))
        .global_secondary_indexes(failed.build().unwrap())
        .send()
        .await
        .unwrap();
}

fn text(name: &str) -> AttributeDefinition {
    let definition = AttributeDefinition::builder().attribute_name(name);
    definition.attribute_type(ScalarAttributeType::S).build().unwrap()
}

fn key(name: &str, key_type: KeyType) -> KeySchemaElement {
    KeySchemaElement::builder().attribute_name(name).key_type(key_type).build().unwrap()
}
