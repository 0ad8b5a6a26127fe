//! Form bodies: urlencoded as Qince sends them, multipart as a gateway may make of them.
//!
//! The crates at hand replace what they cannot decode; a broken escape must be told instead, so the decoding is here.

use futures::FutureExt as _;
use futures::stream;

use crate::error::shortened;

/// A push has about a dozen fields; a body of millions of empty ones would fill the memory.
const MAX_FIELDS: usize = 200;

/// One field of a form.
pub(crate) struct FormField {
    pub(crate) name: String,
    pub(crate) value: String,
    /// The value as it stood on the wire, for a digest over it.
    pub(crate) encoded: Vec<u8>,
}

/// Reads an `application/x-www-form-urlencoded` body. The error says which field is broken, without its contents.
pub(crate) fn urlencoded(body: &[u8]) -> Result<Vec<FormField>, String> {
    if body.iter().filter(|byte| **byte == b'&').count() >= MAX_FIELDS {
        return Err(too_many());
    }
    body.split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, encoded) = match pair.iter().position(|byte| *byte == b'=') {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &[][..]),
            };
            let name = decode(name).map_err(|reason| format!("the name of a form field {reason}"))?;
            let value = decode(encoded)
                .map_err(|reason| format!("the form field `{}` {reason}", shortened(&name)))?;
            Ok(FormField { name, value, encoded: encoded.to_vec() })
        })
        .collect()
}

fn decode(encoded: &[u8]) -> Result<String, &'static str> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut bytes = encoded.iter();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [bytes.next(), bytes.next()].map(|digit| digit.copied().and_then(hex_digit));
                let [Some(high), Some(low)] = digits else {
                    return Err("has a percent sign that two hex digits do not follow");
                };
                high << 4 | low
            }
            other => *other,
        });
    }
    String::from_utf8(decoded).map_err(|_| "is not UTF-8")
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Reads a `multipart/form-data` body. The boundary is the content type's; where a gateway lost that, it is what the
/// body begins with.
pub(crate) fn multipart(content_type: Option<&str>, body: &[u8]) -> Result<Vec<FormField>, String> {
    let boundary = content_type
        .and_then(|content_type| multer::parse_boundary(content_type).ok())
        .or_else(|| first_line_boundary(body))
        .ok_or("the multipart body has no boundary")?;
    let whole = stream::iter([Ok::<_, std::convert::Infallible>(body.to_vec())]);
    let mut parts = multer::Multipart::new(whole, boundary);
    // The body is all there, so the future has nothing to wait for.
    async {
        let mut fields = Vec::new();
        while let Some(part) = parts.next_field().await.map_err(|error| broken(&error))? {
            if fields.len() == MAX_FIELDS {
                return Err(too_many());
            }
            let name = part.name().unwrap_or_default().to_owned();
            let encoded = part.bytes().await.map_err(|error| broken(&error))?.to_vec();
            let value = String::from_utf8(encoded.clone())
                .map_err(|_| format!("the form field `{}` is not UTF-8", shortened(&name)))?;
            fields.push(FormField { name, value, encoded });
        }
        Ok(fields)
    }
    .now_or_never()
    .unwrap_or_else(|| Err("the multipart body ends too early".to_owned()))
}

fn first_line_boundary(body: &[u8]) -> Option<String> {
    let line = body.split(|byte| matches!(byte, b'\r' | b'\n')).next()?;
    std::str::from_utf8(line.strip_prefix(b"--")?).ok().map(str::to_owned)
}

fn too_many() -> String {
    format!("it has more than {MAX_FIELDS} form fields")
}

fn broken(error: &multer::Error) -> String {
    // Some of its errors quote the name of a field.
    format!("the multipart body is broken: {}", shortened(&error.to_string()))
}
