//! What a mail server's reply means: the one place that decides it (RFC 5321, 4.2; RFC 4954 for the log-in).

use std::time::Duration;

use relay_connector::{Class, Failure, Response, words};

use crate::VENDOR;

/// So much of what a server says is kept.
const LONGEST: usize = 300;

/// How long to leave a server alone that takes nothing now.
const A_MINUTE: Duration = Duration::from_secs(60);

/// How 腾讯 and others say that too many mails came, under codes of their own (`550 Ip frequency limited`). From memory.
const TOO_OFTEN: [&str; 3] = ["frequency", "频率", "too many"];

/// What the reply to a mail means: taken where its code is 25x. A server that takes a mail answers for it from then on
/// (RFC 5321, 6.1); that it reaches its reader nobody is told.
pub(crate) fn reply(operation: &str, response: &Response) -> Result<(), Failure> {
    let code = response.status;
    let said: String = String::from_utf8_lossy(&response.body).trim().chars().take(LONGEST).collect();
    let later = Class::Retry { after: Some(A_MINUTE) };
    let mut hint = "";
    let class = match code {
        250..=259 => return Ok(()),
        // Not now, as it says; but whoever speaks of a time-out may have taken it.
        400..=499 => words::class(&said).filter(|class| *class == Class::Unknown).unwrap_or(later),
        // The log-in: asked for, too weak, wrong, to be encrypted.
        530 | 534 | 535 | 538 => {
            hint = "; check MAIL_USER, MAIL_PASSWORD (an 授权码 where the provider gives one out), MAIL_FROM and MAIL_TLS";
            Class::Paused { until: None }
        }
        500..=599 if is_too_often(&said) => later,
        500..=599 => Class::Refused,
        _ => Class::Unknown,
    };
    Err(Failure::new(VENDOR, operation, class, Some(code.to_string()), format!("{said}{hint}")))
}

fn is_too_often(said: &str) -> bool {
    let said = said.to_lowercase();
    TOO_OFTEN.iter().any(|words| said.contains(words))
}
