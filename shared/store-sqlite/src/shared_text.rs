//! What messages of one send end with stands once: a push for two targets is one document.
//!
//! A message that is not whole is stored as what it begins with, as a blob, and the id of its end. The end goes with the last
//! message that needs it: a trigger sees to that (`migrations/7.sql`).

use rusqlite::{Connection, params};

/// A shorter end is not worth a row of its own, with its place in an index. For two targets, sent 16 at a time and worked off,
/// sharing 2,000 bytes writes 35 KiB rather than 72, with a quarter less processor time; sharing 3,800 bytes writes 44 KiB
/// rather than 72 (`tests/benchmarks/README.md`).
///
/// A message for one target stays whole: a row of its own for the body would write 53 KiB rather than 56 for a trade of
/// 7,000 bytes, with as much processor time.
const AT_LEAST: usize = 1_000;

/// The body of a message, in SQL.
pub(super) const BODY: &str = "iif(shared_id IS NULL, body,
    CAST(body AS TEXT) || (SELECT text FROM shared_text WHERE shared_text.id = shared_id))";

/// An end that two messages have in common.
pub(super) struct End<'a> {
    text: &'a str,
    /// Set once it is stored.
    id: Option<i64>,
}

impl<'a> End<'a> {
    /// The end that these two have in common, if it is worth it.
    pub(super) fn of(body: &'a str, next: &str) -> Option<Self> {
        let alike = length_alike(body.as_bytes(), next.as_bytes());
        let begins = (body.len() - alike..=body.len()).find(|place| body.is_char_boundary(*place))?;
        let text = body.get(begins..).filter(|text| text.len() >= AT_LEAST)?;
        Some(Self { text, id: None })
    }

    /// What a body begins with, if this is its end.
    pub(super) fn before<'b>(&self, body: &'b str) -> Option<&'b str> {
        body.strip_suffix(self.text)
    }

    /// The end's id; it is stored for the first who asks.
    pub(super) fn id(&mut self, tx: &Connection) -> rusqlite::Result<i64> {
        if let Some(id) = self.id {
            return Ok(id);
        }
        tx.prepare_cached("INSERT INTO shared_text (text) VALUES (?1)")?.execute(params![self.text])?;
        Ok(*self.id.insert(tx.last_insert_rowid()))
    }
}

/// How many bytes two texts end with in common, found by larger parts first.
fn length_alike(one: &[u8], other: &[u8]) -> usize {
    const PART: usize = 256;
    let parts = one.rchunks(PART).zip(other.rchunks(PART)).take_while(|(one, other)| one == other);
    let whole: usize = parts.map(|(part, _)| part.len()).sum();
    let rest = |bytes: &[u8]| bytes.len() - whole;
    let (one, other) = (&one[..rest(one)], &other[..rest(other)]);
    whole + one.iter().rev().zip(other.iter().rev()).take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_cut_between_characters() {
        // They differ in the first of three bytes.
        let [one, other] = ["\u{4E00}", "\u{5E00}"].map(|first| format!("{first}{}", "订单".repeat(200)));
        assert_eq!(one.as_bytes()[1..], other.as_bytes()[1..]);
        let end = End::of(&one, &other).unwrap();
        assert_eq!((end.before(&one), end.before(&other)), (Some("\u{4E00}"), Some("\u{5E00}")));
    }

    #[test]
    fn a_short_end_is_not_shared_and_a_whole_body_is() {
        assert!(End::of("one: the same", "two: the same").is_none());
        let body = "x".repeat(AT_LEAST);
        assert_eq!(End::of(&body, &body).unwrap().before(&body), Some(""));
        assert!(End::of(&body, &body[1..]).is_none());
    }
}
