//! The settings that are kept in one secret: a JSON object of settings by name (`RELAY_SECRET_ID`).

use async_trait::async_trait;
use serde_json::Value;

use crate::settings::declared;
use crate::{Settings, SettingsError};

/// Where secrets are kept.
#[async_trait]
pub trait SecretSource: Send + Sync {
    /// The text of a secret.
    ///
    /// # Errors
    /// Why there is none, and the way out: it goes on after "the secret …".
    async fn read(&self, id: &str) -> Result<String, String>;
}

/// The secret that holds the settings which are not in the environment (`RELAY_SECRET_ID`).
#[must_use]
pub fn id(settings: &Settings) -> Option<&str> {
    settings.get(declared::SECRET_ID.name)
}

/// These settings and those of their secret. What is set already wins, so that a person can try another value.
///
/// # Errors
/// A secret that cannot be read, or is no JSON object of settings. No value is shown.
pub async fn with_secret(settings: &Settings, source: &dyn SecretSource) -> Result<Settings, SettingsError> {
    let Some(id) = id(settings) else { return Ok(settings.clone()) };
    let wrong =
        |why: String| SettingsError { problems: vec![format!("RELAY_SECRET_ID: the secret `{id}` {why}")] };
    let kept = parse(&source.read(id).await.map_err(wrong)?).map_err(wrong)?;
    Ok(settings.or(kept))
}

/// Where a setting that is missing was looked for.
#[must_use]
pub fn origin(settings: &Settings) -> String {
    match id(settings) {
        Some(id) => format!("looked for in the environment and in the secret `{id}` (RELAY_SECRET_ID)"),
        None => "looked for in the environment alone: RELAY_SECRET_ID names no secret".to_owned(),
    }
}

/// Reads a secret's text. The parser's own words are left out: they may quote the text.
fn parse(text: &str) -> Result<Settings, String> {
    let expected = r#"it expects an object such as {"WDT_APPSECRET": "…"}"#;
    let value: Value = serde_json::from_str(text)
        .map_err(|error| format!("is not JSON (line {}): {expected}", error.line()))?;
    let Value::Object(fields) = value else { return Err(format!("is JSON, but no object: {expected}")) };
    let scalar = |(name, value): (String, Value)| match value {
        Value::String(text) => Ok((name, text)),
        Value::Null => Ok((name, String::new())),
        Value::Bool(_) | Value::Number(_) => Ok((name, value.to_string())),
        Value::Array(_) | Value::Object(_) => {
            Err(format!("has more than one value under {name}: {expected}, with one text each"))
        }
    };
    fields.into_iter().map(scalar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIDDEN: &str = "never-to-be-shown";

    struct Kept(Result<&'static str, &'static str>);

    #[async_trait]
    impl SecretSource for Kept {
        async fn read(&self, _id: &str) -> Result<String, String> {
            self.0.map(str::to_owned).map_err(str::to_owned)
        }
    }

    async fn merged(secret: Result<&'static str, &'static str>) -> Result<Settings, SettingsError> {
        let environment =
            [("RELAY_SECRET_ID", "relay/prod"), ("WDT_SID", "of the environment"), ("WDT_APPKEY", "")];
        let environment: Settings =
            environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
        with_secret(&environment, &Kept(secret)).await
    }

    #[tokio::test]
    async fn the_secret_fills_in_what_the_environment_leaves_out() {
        let secret = r#"{"WDT_SID": "of the secret", "WDT_APPKEY": " key ", "WDT_CALLS_PER_MINUTE": 40,
                         "QINCE_ALLOW_RAW_JSON": true, "KINGDEE_ACCOUNT_ID": 7226306356013346628, "WDT_SHOP_NO": null}"#;
        let settings = merged(Ok(secret)).await.unwrap();
        let got =
            ["WDT_SID", "WDT_APPKEY", "WDT_CALLS_PER_MINUTE", "QINCE_ALLOW_RAW_JSON", "KINGDEE_ACCOUNT_ID"]
                .map(|name| settings.get(name).unwrap());
        assert_eq!(got, ["of the environment", "key", "40", "true", "7226306356013346628"]);
        assert_eq!(settings.get("WDT_SHOP_NO"), None);
    }

    #[tokio::test]
    async fn a_secret_that_cannot_be_used_is_named_and_never_shown() {
        for (secret, said) in [
            (Err("does not exist: create it"), "does not exist: create it"),
            (Ok("never-to-be-shown"), "is not JSON"),
            (Ok(r#"{"WDT_APPSECRET": "never-to-be-shown"#), "is not JSON"),
            (Ok(r#"["never-to-be-shown"]"#), "no object"),
            (Ok(r#""never-to-be-shown""#), "no object"),
            (Ok(""), "is not JSON"),
            (Ok(r#"{"WDT_APPSECRET": {"value": "never-to-be-shown"}}"#), "under WDT_APPSECRET"),
            (Ok(r#"{"QINCE_PUSH_SECRETS": ["never-to-be-shown"]}"#), "under QINCE_PUSH_SECRETS"),
        ] {
            let error = merged(secret).await.unwrap_err().to_string();
            assert!(error.contains("RELAY_SECRET_ID") && error.contains("`relay/prod`"), "{error}");
            assert!(error.contains(said) && !error.contains(HIDDEN), "{error}");
        }
    }

    #[tokio::test]
    async fn without_a_secret_the_settings_are_the_environment() {
        let environment: Settings = [("WDT_SID".to_owned(), "s".to_owned())].into_iter().collect();
        let settings = with_secret(&environment, &Kept(Err("is not asked for"))).await.unwrap();
        assert_eq!(settings, environment);
        assert!(origin(&settings).contains("RELAY_SECRET_ID names no secret"), "{}", origin(&settings));
    }
}
