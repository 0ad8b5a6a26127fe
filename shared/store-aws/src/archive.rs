//! The archive: one compressed history for each batch, which the ledger's entries point to.
//!
//! A history is an item of DynamoDB where it is small, as that of one push is, and an object of S3 where it is large: S3 takes
//! as much for writing an object as DynamoDB for eight units of 1 KB. Its location is the same in both, so that the ledger
//! can point there before it is known how large it becomes.
//!
//! For an hour after a process has written an item, it packs the histories of the same flow after that one ([`packed`]): they
//! name its location, and it stays an hour longer than the others.
//!
//! The table forgets by its time to live, the bucket by its own lifecycle. What is gone, or was never written, is no error:
//! the archive promises less than the ledger.

mod packed;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, NaiveDate, Utc};
use relay_core::archive::{Archive, Record};
use relay_core::clock::Rng;
use relay_core::{AwsArchive, EntryId, StoreError};

use crate::Aws;
use crate::failure::Call;
use crate::item::{EXPIRES_AT, ID, Item, number, number_of, text, text_of};
use crate::s3::Bucket;
use crate::sign::Refused;

/// What is larger is cheaper in S3: a unit of 1 KB costs an eighth of an object, and a month in the table as much again as
/// a third of it.
const LARGEST_ITEM: usize = 5 * 1024;

/// Histories are packed after another for so long, and that other stays so much longer.
const FOLLOWED: Duration = Duration::from_secs(3_600);

/// The compressed records.
const HISTORY: &str = "history";

/// The location of the item that they are packed after.
const AFTER: &str = "after";

/// The archive of a stack that has a bucket for it.
pub(crate) struct Histories {
    aws: Arc<Aws>,
    bucket: Bucket,
    names: AwsArchive,
    /// What is packed after, by flow.
    first: Mutex<HashMap<String, Arc<First>>>,
}

/// A history that others are packed after.
struct First {
    location: String,
    /// The end of its text.
    text: Vec<u8>,
    until: DateTime<Utc>,
}

impl Histories {
    pub(crate) fn new(aws: Arc<Aws>, names: AwsArchive) -> Self {
        let (config, http, clock) = (aws.config.clone(), aws.http.clone(), aws.clock.clone());
        let bucket = Bucket { config, name: names.bucket.clone(), http, clock };
        Self { aws, bucket, names, first: Mutex::default() }
    }

    /// Writes it as an item, where it is small enough.
    async fn write_item(
        &self,
        table: &str,
        location: &str,
        flow: &str,
        text: &[u8],
    ) -> Result<bool, StoreError> {
        let call = of_the_table(table, "writing the archive", "dynamodb:PutItem");
        let unpackable = |error: std::io::Error| call.because(error.to_string());
        let now = self.aws.clock.now();
        let first = self.first().get(flow).filter(|first| now < first.until).cloned();
        if let Some(first) = first {
            let packed = packed::after(&first.text, text).map_err(unpackable)?;
            let is_small = packed.len() <= LARGEST_ITEM;
            if is_small {
                let item = item(location, packed, Some(&first.location), now + self.names.kept);
                self.put_item(call, item).await?;
            }
            return Ok(is_small);
        }
        let packed = packed::alone(text).map_err(unpackable)?;
        if packed.len() > LARGEST_ITEM {
            return Ok(false);
        }
        let until = now + FOLLOWED;
        self.put_item(call, item(location, packed, None, until + self.names.kept)).await?;
        let first = First { location: location.to_owned(), text: packed::end_of(text).to_vec(), until };
        self.first().insert(flow.to_owned(), Arc::new(first));
        Ok(true)
    }

    async fn put_item(&self, call: Call<'_>, item: Item) -> Result<(), StoreError> {
        let put = self.aws.dynamodb().put_item().table_name(call.name).set_item(Some(item));
        put.send().await.map_err(|error| call.failed(&error)).map(drop)
    }

    async fn write_object(&self, location: &str, text: &[u8]) -> Result<(), StoreError> {
        let call = self.of_the_bucket("writing the archive", "s3:PutObject");
        let packed = packed::alone(text).map_err(|error| call.because(error.to_string()))?;
        let put = self.bucket.put(location, packed).await;
        put.map_err(|Refused { code, said }| call.refused(code.as_deref(), &said))
    }

    /// Those of the locations that are items.
    async fn items(
        &self,
        locations: impl IntoIterator<Item = String>,
    ) -> Result<HashMap<String, Item>, StoreError> {
        let Some(table) = &self.names.table else { return Ok(HashMap::new()) };
        let call = of_the_table(table, "reading the archive", "dynamodb:BatchGetItem");
        let mut items = self.aws.items(call, locations).await?;
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

    fn first(&self) -> MutexGuard<'_, HashMap<String, Arc<First>>> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Archive for Histories {
    /// By day, so that a person finds them in the console too.
    fn location(&self, now: DateTime<Utc>, rng: &dyn Rng) -> Option<String> {
        Some(format!("{}/{}", now.format("%Y/%m/%d"), rng.uuid().simple()))
    }

    async fn write(&self, location: Option<&str>, records: &[Record]) -> Result<(), StoreError> {
        let (Some(location), Some(record)) = (location, records.first()) else { return Ok(()) };
        let text = packed::text_of(records);
        if let Some(table) = &self.names.table
            && self.write_item(table, location, &record.id.flow, &text).await?
        {
            return Ok(());
        }
        self.write_object(location, &text).await
    }

    async fn read(&self, id: &EntryId, locations: &[String]) -> Result<Vec<Record>, StoreError> {
        let items = self.items(locations.iter().cloned()).await?;
        let first = items.values().filter_map(|item| text_of(item, AFTER));
        let first = self.items(first.map(str::to_owned)).await?;
        let call = self.of_the_bucket("reading the archive", "s3:GetObject");
        let mut records = Vec::new();
        for location in locations {
            let text = match items.get(location) {
                Some(item) => expanded(item, &first).transpose(),
                None => self.object(location).await?.map(|object| packed::expanded(&object)),
            };
            let found = text.map(|text| text.and_then(|text| packed::records_of(&text)));
            if let Some(found) = found {
                records.extend(found.map_err(|why| call.because(format!("{location}: {why}")))?);
            }
        }
        records.retain(|record| record.id == *id);
        records.sort_by_key(|record| record.at);
        Ok(records)
    }

    fn day_of(&self, location: &str) -> Option<NaiveDate> {
        let mut parts = location.split('/');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
    }
}

fn of_the_table<'a>(name: &'a str, doing: &'static str, action: &'static str) -> Call<'a> {
    Call { doing, action, setting: "ARCHIVE_TABLE", name }
}

fn item(location: &str, packed: Vec<u8>, after: Option<&str>, expires_at: DateTime<Utc>) -> Item {
    let mut item = Item::from([
        (ID.to_owned(), text(location)),
        (HISTORY.to_owned(), AttributeValue::B(Blob::new(packed))),
        (EXPIRES_AT.to_owned(), number(expires_at.timestamp())),
    ]);
    item.extend(after.map(|after| (AFTER.to_owned(), text(after))));
    item
}

/// The text of an item; nothing where that is gone which it was packed after.
fn expanded(item: &Item, first: &HashMap<String, Item>) -> Result<Option<Vec<u8>>, String> {
    let Some(packed) = packed_in(item) else { return Ok(None) };
    let Some(after) = text_of(item, AFTER) else { return packed::expanded(packed).map(Some) };
    let Some(before) = first.get(after).and_then(packed_in) else { return Ok(None) };
    packed::expanded_after(&packed::expanded(before)?, packed).map(Some)
}

fn packed_in(item: &Item) -> Option<&[u8]> {
    item.get(HISTORY)?.as_b().ok().map(Blob::as_ref)
}
