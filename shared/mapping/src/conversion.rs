//! Conversions: what `as` names.

use chrono::{DateTime, FixedOffset};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::Value;

use crate::expression::Datum;
use crate::fault::Cause;
use crate::{number, time};

#[derive(Debug, Clone)]
pub(crate) enum Conversion {
    Text,
    /// A whole number of any length.
    Integer,
    /// An exact decimal, rounded and padded to `scale` digits where one is given.
    Decimal {
        scale: Option<u32>,
        rounding: RoundingStrategy,
    },
    /// A time or a day, written in China time.
    Time {
        reading: Reading,
        write: String,
    },
    /// A time as seconds or milliseconds since 1970.
    Epoch {
        reading: Reading,
        milliseconds: bool,
    },
    Flag,
    /// The JSON text of whatever it is.
    Json,
    /// Whatever it is, as it stands: a list, an object, a flag, a number as a number.
    Value,
    /// A part of a Chinese address.
    Division(Division),
}

/// How a time is read: further formats, and the zone of times that name none.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    pub(crate) formats: Vec<String>,
    pub(crate) zone: FixedOffset,
}

impl Reading {
    fn read(&self, text: &str) -> Result<DateTime<FixedOffset>, Cause> {
        time::read(text, &self.formats, self.zone)
            .ok_or(Cause::Unreadable { expected: "a time such as 2016-12-01 00:00:00" })
    }
}

/// Which part of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Division {
    Province,
    City,
    District,
    Street,
}

impl Conversion {
    /// Its name in flow files, with what it does to digits.
    pub(crate) fn name(&self) -> String {
        let name = match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Decimal { scale: Some(scale), .. } => return format!("decimal, scale {scale}"),
            Self::Decimal { scale: None, .. } => "decimal",
            Self::Time { write, .. } if !write.contains("%H") => "date",
            Self::Time { .. } => "time",
            Self::Epoch { milliseconds: true, .. } => "epoch",
            Self::Epoch { .. } => "epoch, in seconds",
            Self::Flag => "flag",
            Self::Json => "json",
            Self::Value => "as it stands",
            Self::Division(Division::Province) => "province",
            Self::Division(Division::City) => "city",
            Self::Division(Division::District) => "district",
            Self::Division(Division::Street) => "street",
        };
        name.to_owned()
    }
}

/// The result; `None` where the conversion leaves nothing.
pub(crate) fn convert(conversion: &Conversion, datum: &Datum<'_>) -> Result<Option<Value>, Cause> {
    let scalar =
        || datum.text().ok_or(Cause::Unreadable { expected: "one value (it is a list or an object)" });
    let converted = match conversion {
        Conversion::Json => match datum {
            Datum::Json(value) => value.to_string(),
            Datum::Text(_) | Datum::Number(_) => datum.shown().into_owned(),
        },
        Conversion::Value => return Ok(Some(as_it_stands(datum))),
        Conversion::Text => scalar()?.into_owned(),
        Conversion::Integer => integer(&scalar()?)?,
        Conversion::Decimal { scale, rounding } => decimal(datum.decimal()?, *scale, *rounding)?,
        Conversion::Time { reading, write } => {
            reading.read(&scalar()?)?.with_timezone(&time::china()).format(write).to_string()
        }
        Conversion::Epoch { reading, milliseconds } => {
            let time = reading.read(&scalar()?)?;
            if *milliseconds { time.timestamp_millis() } else { time.timestamp() }.to_string()
        }
        Conversion::Flag => return flag(&scalar()?).map(|flag| Some(Value::Bool(flag))),
        Conversion::Division(part) => division(&scalar()?, *part)?,
    };
    Ok(Some(converted).filter(|text| !text.is_empty()).map(Value::String))
}

fn as_it_stands(datum: &Datum<'_>) -> Value {
    match datum {
        Datum::Json(value) => (*value).clone(),
        Datum::Text(text) => Value::from(*text),
        // A number of JSON has any digits that a decimal has.
        Datum::Number(number) => {
            let text = number::write(*number);
            text.parse().map_or(Value::String(text), Value::Number)
        }
    }
}

/// Text without characters above U+FFFF: WDT's database may refuse a write for them.
pub(crate) fn without_emoji(text: &str) -> String {
    // Without its picture, a joiner or a variation selector is an invisible leftover.
    let is_kept = |c: &char| *c <= '\u{FFFF}' && !matches!(c, '\u{200D}' | '\u{FE00}'..='\u{FE0F}');
    text.chars().filter(is_kept).collect::<String>().trim().to_owned()
}

fn integer(text: &str) -> Result<String, Cause> {
    const EXPECTED: Cause = Cause::Unreadable { expected: "a whole number" };
    // Digits stay as they are, however many: an id may be longer than any number type.
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    match number::read(text) {
        Ok(number) if number.fract().is_zero() => Ok(number::write(number)),
        Ok(_) | Err(Cause::Unreadable { .. }) => Err(EXPECTED),
        Err(cause) => Err(cause),
    }
}

fn decimal(number: Decimal, scale: Option<u32>, rounding: RoundingStrategy) -> Result<String, Cause> {
    let Some(scale) = scale else { return Ok(number::write(number)) };
    number::write_at(number.round_dp_with_strategy(scale, rounding), scale)
}

fn flag(text: &str) -> Result<bool, Cause> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "y" | "yes" | "是" => Ok(true),
        "false" | "0" | "n" | "no" | "否" => Ok(false),
        _ => Err(Cause::Unreadable { expected: "a flag (true/false, 1/0, Y/N, 是/否)" }),
    }
}

/// An address with this in its street's place: what a flow splits off it stays as it is.
#[must_use]
pub fn without_street(address: &str, street: &str) -> String {
    match relay_divisions::split(address) {
        Ok(parts) => format!("{}{}{}{street}", parts.province, parts.city, parts.district),
        Err(_) => street.to_owned(),
    }
}

fn division(address: &str, part: Division) -> Result<String, Cause> {
    let parts = relay_divisions::split(address)
        .map_err(|unsplittable| Cause::Unsplittable { reason: unsplittable.reason.to_string() })?;
    let part = match part {
        Division::Province => parts.province,
        Division::City => parts.city,
        Division::District => parts.district,
        // A parcel needs an address even where nothing follows the district.
        Division::Street if parts.street.trim().is_empty() => address,
        Division::Street => parts.street.trim(),
    };
    Ok(part.to_owned())
}
