//! Records as compressed text, alone or after a text that resembles it.
//!
//! Most of a history is the names of a document's fields, which stand in the history before it too: after that it takes a
//! third of the bytes.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::{DeflateDecoder, GzDecoder};
use flate2::write::{DeflateEncoder, GzEncoder};
use relay_core::archive::Record;

/// What a history may grow to when it is read: a batch has ten documents of a megabyte at most, and what was answered.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Deflate looks back so far.
const WINDOW: usize = 32 * 1024;

/// The records as they are compressed.
pub(super) fn text_of(records: &[Record]) -> Vec<u8> {
    serde_json::json!(records).to_string().into_bytes()
}

/// The records of such a text.
pub(super) fn records_of(text: &[u8]) -> Result<Vec<Record>, String> {
    serde_json::from_slice(text)
        .map_err(|error| format!("it holds no records: {}", relay_core::codec::reason(&error)))
}

/// The text as gzip.
pub(super) fn alone(text: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text)?;
    encoder.finish()
}

/// What [`alone`] has made, expanded.
pub(super) fn expanded(packed: &[u8]) -> Result<Vec<u8>, String> {
    read(GzDecoder::new(packed), 0)
}

/// The text as deflate's blocks behind those of `before`, and without these.
pub(super) fn after(before: &[u8], text: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(end_of(before))?;
    // Ends a block at a whole byte.
    encoder.flush()?;
    let begins = encoder.get_ref().len();
    encoder.write_all(text)?;
    Ok(encoder.finish()?.split_off(begins))
}

/// What [`after`] has made, expanded.
pub(super) fn expanded_after(before: &[u8], packed: &[u8]) -> Result<Vec<u8>, String> {
    let before = end_of(before);
    let length = u16::try_from(before.len()).map_err(|error| error.to_string())?;
    // A block that is not the last and not compressed (RFC 1951, 3.2.4).
    let mut blocks = vec![0];
    blocks.extend(length.to_le_bytes());
    blocks.extend((!length).to_le_bytes());
    blocks.extend(before);
    read(DeflateDecoder::new(blocks.chain(packed)), before.len())
}

/// As much of a text as another is packed after.
pub(super) fn end_of(text: &[u8]) -> &[u8] {
    &text[text.len().saturating_sub(WINDOW)..]
}

fn read(packed: impl std::io::Read, leave_out: usize) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    let read = packed.take(LARGEST).read_to_end(&mut text);
    read.map_err(|error| format!("it cannot be unpacked: {error}"))?;
    Ok(text.split_off(leave_out.min(text.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(number: u32) -> Vec<u8> {
        let row = |place: u32| {
            format!("{{\"product_name\":\"商品{}\",\"purchase_count\":\"{place}\"}}", number * place)
        };
        (0..40).map(row).collect::<String>().into_bytes()
    }

    #[test]
    fn what_resembles_another_is_small_after_it_and_the_same_again() {
        let (before, text) = (order(7), order(911));
        let packed = after(&before, &text).unwrap();
        assert!(packed.len() < alone(&text).unwrap().len() * 3 / 4, "{}", packed.len());
        assert_eq!(expanded_after(&before, &packed).unwrap(), text);
        assert_eq!(expanded(&alone(&text).unwrap()).unwrap(), text);
    }

    #[test]
    fn of_a_long_one_the_end_counts() {
        let before: Vec<u8> = (0..200).flat_map(order).collect();
        assert!(before.len() > 2 * WINDOW);
        for before in [&before[..], &[]] {
            let packed = after(before, &order(199)).unwrap();
            assert_eq!(expanded_after(before, &packed).unwrap(), order(199));
        }
    }
}
