//! The archive in S3: one compressed object for each batch, which the ledger's entries point to.
//!
//! The bucket forgets by its own lifecycle. An object that is gone, or that was never written, is no error: the archive
//! promises less than the ledger.

use std::io::{Read as _, Write as _};

use async_trait::async_trait;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use relay_core::archive::{Archive, Record};
use relay_core::clock::Rng;
use relay_core::{EntryId, StoreError};

use crate::failure::Call;
use crate::{Aws, SETTING_OF_THE_BUCKET};

/// What an object may grow to when it is read: a batch has ten documents of a megabyte at most, and what was answered.
const LARGEST: u64 = 64 * 1024 * 1024;

/// The archive of a stack that has a bucket for it.
pub(crate) struct Objects {
    pub(crate) aws: Aws,
    pub(crate) bucket: String,
}

impl Objects {
    fn call(&self, doing: &'static str, action: &'static str) -> Call<'_> {
        Call { doing, action, setting: SETTING_OF_THE_BUCKET, name: &self.bucket }
    }

    async fn object(&self, location: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let call = self.call("reading the archive", "s3:GetObject");
        let got = self.aws.s3().get_object().bucket(&self.bucket).key(location).send().await;
        let object = match got {
            Ok(object) => object,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {
                return Ok(None);
            }
            Err(error) => return Err(call.failed(&error)),
        };
        let bytes = object.body.collect().await.map_err(|error| call.because(error.to_string()))?;
        Ok(Some(bytes.to_vec()))
    }
}

#[async_trait]
impl Archive for Objects {
    /// By day, so that a person finds them in the console too.
    fn location(&self, now: DateTime<Utc>, rng: &dyn Rng) -> Option<String> {
        Some(format!("{}/{}", now.format("%Y/%m/%d"), rng.uuid().simple()))
    }

    async fn write(&self, location: Option<&str>, records: &[Record]) -> Result<(), StoreError> {
        let Some(location) = location.filter(|_| !records.is_empty()) else { return Ok(()) };
        let call = self.call("writing the archive", "s3:PutObject");
        let packed = pack(records).map_err(|error| call.because(error.to_string()))?;
        let put = self.aws.s3().put_object().bucket(&self.bucket).key(location);
        let put =
            put.content_type("application/json").content_encoding("gzip").body(ByteStream::from(packed));
        put.send().await.map(drop).map_err(|error| call.failed(&error))
    }

    async fn read(&self, id: &EntryId, locations: &[String]) -> Result<Vec<Record>, StoreError> {
        let call = self.call("reading the archive", "s3:GetObject");
        let mut records = Vec::new();
        for location in locations {
            if let Some(packed) = self.object(location).await? {
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
