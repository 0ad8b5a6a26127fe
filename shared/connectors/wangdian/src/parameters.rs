use std::collections::BTreeMap;
use std::fmt::Write as _;

use form_urlencoded::Serializer;
use relay_connector::{Class, Failure, Told};
use relay_core::codec;
use serde_json::Value;

use crate::error::VENDOR;

/// The parameters of one call, sorted by key as both signs want them. None is ever empty: the vendor's own SDKs
/// disagree on whether an empty one is signed and whether it is sent.
#[derive(Default, Clone)]
pub(crate) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Takes the plain-text parameters of a flow, and those that are sent unless a flow says otherwise.
    ///
    /// # Errors
    /// As [`plain`](Self::plain).
    pub(crate) fn of(
        operation: &str,
        params: &[(String, String)],
        defaults: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        let mut parameters = Self::default();
        for (name, value) in params {
            parameters.plain(operation, name, value)?;
        }
        for (name, value) in defaults {
            if parameters.get(name).is_none() {
                parameters.set(name, value);
            }
        }
        Ok(parameters)
    }

    /// Sets a plain-text parameter; an empty value is left out.
    ///
    /// # Errors
    /// Refused where the value holds a character above U+FFFF (an emoji): the vendor's SDKs count its length
    /// differently, so no sign over it can be relied on, and its database may not take it.
    pub(crate) fn plain(&mut self, operation: &str, name: &str, value: &str) -> Result<(), Failure> {
        if let Some(character) = value.chars().find(|character| *character > '\u{FFFF}') {
            let message = format!(
                "parameter `{name}` holds U+{:X}, which 旺店通 cannot sign or store: take emoji out of it",
                u32::from(character)
            );
            return Err(Failure::new(VENDOR, operation, Class::Refused, None, message));
        }
        self.set(name, value);
        Ok(())
    }

    /// Sets a parameter that holds JSON, escaped to ASCII: then characters are bytes, and whether the vendor
    /// counts one or the other cannot matter. Nothing is stripped: an emoji travels as a surrogate pair, because
    /// an altered document that nobody notices is worse than one that the vendor refuses.
    pub(crate) fn json(&mut self, name: &str, value: &Value) {
        self.set(name, &ascii_json(value));
    }

    /// Sets a parameter whose value we chose ourselves.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        if value.is_empty() {
            self.0.remove(name);
        } else {
            self.0.insert(name.to_owned(), value.to_owned());
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn as_map(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// What the archive is told of a call with these parameters, before they are signed.
    pub(crate) fn told(&self, operation: &str) -> Told {
        let parameters = self.0.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        Told { operation: operation.to_owned(), parameters, body: String::new(), hidden: Vec::new() }
    }

    /// The body of a form.
    pub(crate) fn encode(&self) -> Vec<u8> {
        Serializer::new(String::new()).extend_pairs(&self.0).finish().into_bytes()
    }
}

fn ascii_json(value: &Value) -> String {
    let mut ascii = String::new();
    // Outside of its strings JSON is ASCII already, so every other character may be escaped where it stands.
    for character in codec::json(value).chars() {
        if character.is_ascii() {
            ascii.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(ascii, "\\u{unit:04X}");
            }
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_ascii_and_says_the_same() {
        let value = json!({"备注": "好😀 \"q\" \\ 1.10"});
        let text = ascii_json(&value);
        assert!(text.is_ascii());
        assert!(text.contains("\\uD83D\\uDE00"), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn an_empty_value_takes_the_parameter_out() {
        let mut parameters = Parameters::of("t", &[("shop_no".into(), "S1".into())], &[]).unwrap();
        parameters.plain("t", "shop_no", "").unwrap();
        assert!(parameters.as_map().is_empty());
    }
}
