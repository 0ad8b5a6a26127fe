//! The archive: one compressed history for each batch, which the ledger's entries point to.
//!
//! A history is an item of DynamoDB where it is small, as that of one push is, and an object of S3 where it is large: S3 takes
//! as much for writing an object as DynamoDB for eight units of 1 KB. Its location is the same in both, so that the ledger
//! can point there before it is known how large it becomes.
//!
//! The table forgets by its time to live, the bucket by its own lifecycle. What is gone, or was never written, is no error:
//! the archive promises less than the ledger.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use relay_core::archive::{Archive, Record};
use relay_core::clock::Rng;
use relay_core::{AwsArchive, EntryId, StoreError};

use crate::Aws;
use crate::failure::Call;
use crate::item::{EXPIRES_AT, ID, Item, number, number_of, text};
use crate::s3::{Bucket, Refused};

/// What an object may grow to when it is read: a batch has ten documents of a megabyte at most, and what was answered.
const LARGEST: u64 = 64 * 1024 * 1024;

/// What is larger is cheaper in S3: a unit of 1 KB costs an eighth of an object, and a month in the table as much again as
/// a third of it.
const LARGEST_ITEM: usize = 5 * 1024;

/// The compressed records.
const HISTORY: &str = "history";

/// The archive of a stack that has a bucket for it.
pub(crate) struct Histories {
    aws: Arc<Aws>,
    bucket: Bucket,
    names: AwsArchive,
}

impl Histories {
    pub(crate) fn new(aws: Arc<Aws>, names: AwsArchive) -> Self {
        let (config, http, clock) = (aws.config.clone(), aws.http.clone(), aws.clock.clone());
        let bucket = Bucket { config, name: names.bucket.clone(), http, clock };
        Self { aws, bucket, names }
    }

    async fn put_item(&self, table: &str, location: &str, packed: Vec<u8>) -> Result<(), StoreError> {
        let call = of_the_table(table, "writing the archive", "dynamodb:PutItem");
        let expires_at = self.aws.clock.now() + self.names.kept;
        let put = self.aws.dynamodb().put_item().table_name(table).item(ID, text(location));
        let put = put.item(HISTORY, AttributeValue::B(Blob::new(packed)));
        let put = put.item(EXPIRES_AT, number(expires_at.timestamp()));
        put.send().await.map_err(|error| call.failed(&error)).map(drop)
    }

    async fn put_object(&self, location: &str, packed: Vec<u8>) -> Result<(), StoreError> {
        let put = self.bucket.put(location, packed).await;
        put.map_err(|Refused { code, said }| {
            self.of_the_bucket("writing the archive", "s3:PutObject").refused(code.as_deref(), &said)
        })
    }

    /// Those of the locations that are items.
    async fn items(&self, locations: &[String]) -> Result<HashMap<String, Item>, StoreError> {
        let Some(table) = &self.names.table else { return Ok(HashMap::new()) };
        let call = of_the_table(table, "reading the archive", "dynamodb:BatchGetItem");
        let mut items = self.aws.items(call, locations.iter().cloned()).await?;
        // DynamoDB deletes what has expired within days, not at once.
        let now = self.aws.clock.now().timestamp();
        items.retain(|_, item| number_of::<i64>(item, EXPIRES_AT).is_none_or(|end| end > now));
        Ok(items)
    }

    async fn object(&self, location: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match self.bucket.get(location).await {
            Ok(object) => Ok(Some(object)),
            Err(Refused { code: Some(code), .. }) if code == "NoSuchKey" => Ok(None),
            Err(Refused { code, said }) => {
                Err(self.of_the_bucket("reading the archive", "s3:GetObject").refused(code.as_deref(), &said))
            }
        }
    }

    fn of_the_bucket(&self, doing: &'static str, action: &'static str) -> Call<'_> {
        Call { doing, action, setting: "ARCHIVE_BUCKET", name: &self.bucket.name }
    }
}

fn of_the_table<'a>(name: &'a str, doing: &'static str, action: &'static str) -> Call<'a> {
    Call { doing, action, setting: "ARCHIVE_TABLE", name }
}

#[async_trait]
impl Archive for Histories {
    /// By day, so that a person finds them in the console too.
    fn location(&self, now: DateTime<Utc>, rng: &dyn Rng) -> Option<String> {
        Some(format!("{}/{}", now.format("%Y/%m/%d"), rng.uuid().simple()))
    }

    async fn write(&self, location: Option<&str>, records: &[Record]) -> Result<(), StoreError> {
        let Some(location) = location.filter(|_| !records.is_empty()) else { return Ok(()) };
        let call = self.of_the_bucket("writing the archive", "s3:PutObject");
        let packed = pack(records).map_err(|error| call.because(error.to_string()))?;
        match &self.names.table {
            Some(table) if packed.len() <= LARGEST_ITEM => self.put_item(table, location, packed).await,
            _ => self.put_object(location, packed).await,
        }
    }

    async fn read(&self, id: &EntryId, locations: &[String]) -> Result<Vec<Record>, StoreError> {
        let mut items = self.items(locations).await?;
        let call = self.of_the_bucket("reading the archive", "s3:GetObject");
        let mut records = Vec::new();
        for location in locations {
            let packed = match items.remove(location).and_then(|mut item| item.remove(HISTORY)) {
                Some(AttributeValue::B(packed)) => Some(packed.into_inner()),
                _ => self.object(location).await?,
            };
            if let Some(packed) = packed {
                records.extend(unpack(&packed).map_err(|why| call.because(format!("{location}: {why}")))?);
            }
        }
        records.retain(|record| record.id == *id);
        records.sort_by_key(|record| record.at);
        Ok(records)
    }
}

fn pack(records: &[Record]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(serde_json::json!(records).to_string().as_bytes())?;
    encoder.finish()
}

fn unpack(packed: &[u8]) -> Result<Vec<Record>, String> {
    let mut text = String::new();
    let read = GzDecoder::new(packed).take(LARGEST).read_to_string(&mut text);
    read.map_err(|error| format!("it cannot be unpacked: {error}"))?;
    serde_json::from_str(&text)
        .map_err(|error| format!("it holds no records: {}", relay_core::codec::reason(&error)))
}
