//! What `as` names, and what a conversion may be given.

use relay_connector::Kind;
use rust_decimal::RoundingStrategy;

use super::report::Report;
use super::rule::Wanted;
use super::table::{Entry, Table};
use crate::conversion::{Conversion, Division, Reading};
use crate::time;

const CONVERSIONS: [&str; 13] = [
    "text", "integer", "decimal", "date", "time", "epoch", "flag", "json", "value", "province", "city",
    "district", "street",
];

/// The conversion that a kind of field usually gets.
pub(super) fn usual(kind: Option<Kind>) -> Conversion {
    named(name_of(kind), Options::default())
}

fn name_of(kind: Option<Kind>) -> &'static str {
    match kind {
        Some(Kind::Integer) => "integer",
        Some(Kind::Decimal) => "decimal",
        Some(Kind::Date) => "date",
        Some(Kind::Time) => "time",
        Some(Kind::Flag) => "flag",
        Some(Kind::Any) => "value",
        _ => "text",
    }
}

/// What a conversion may be given.
struct Options {
    scale: Option<u32>,
    rounding: RoundingStrategy,
    reading: Reading,
    write: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            scale: None,
            rounding: RoundingStrategy::MidpointAwayFromZero,
            reading: Reading { formats: Vec::new(), zone: time::china() },
            write: None,
        }
    }
}

fn named(name: &str, options: Options) -> Conversion {
    let Options { scale, rounding, reading, write } = options;
    match name {
        "integer" => Conversion::Integer,
        "decimal" => Conversion::Decimal { scale, rounding },
        "date" => Conversion::Time { reading, write: write.unwrap_or_else(|| "%Y-%m-%d".to_owned()) },
        "time" => {
            Conversion::Time { reading, write: write.unwrap_or_else(|| "%Y-%m-%d %H:%M:%S".to_owned()) }
        }
        "epoch" => Conversion::Epoch { reading, milliseconds: write.as_deref() != Some("seconds") },
        "flag" => Conversion::Flag,
        "json" => Conversion::Json,
        "value" => Conversion::Value,
        "province" => Conversion::Division(Division::Province),
        "city" => Conversion::Division(Division::City),
        "district" => Conversion::Division(Division::District),
        "street" => Conversion::Division(Division::Street),
        _ => Conversion::Text,
    }
}

pub(super) fn conversion(
    table: &Table<'_>,
    wanted: Wanted,
    goes_through: bool,
    report: &mut Report<'_>,
) -> Option<Conversion> {
    let written = table.text("as", report);
    let name = match &written {
        Some(written) if !CONVERSIONS.contains(&written.text) => {
            let message = format!("unknown conversion `{}`", written.text);
            report.unknown(written.span.clone(), message, written.text, &CONVERSIONS);
            return None;
        }
        Some(written) => written.text,
        None if goes_through => "text",
        None => name_of(wanted.kind),
    };
    if let Some(written) = &written {
        if goes_through && matches!(name, "flag" | "value") {
            let what = if name == "flag" { "a flag" } else { "a value of any kind" };
            let message = format!("a look-up or a code table reads text, not {what}");
            report.mistake(written.span.clone(), message, None);
        } else if !goes_through && !fits(name, wanted.kind) {
            let message = format!("`{name}` does not give what the target wants here");
            let help = format!("the field takes as = \"{}\"", name_of(wanted.kind));
            report.mistake(written.span.clone(), message, Some(help));
        }
    } else if let Some(text) =
        table.get("text").filter(|_| !matches!(wanted.kind, None | Some(Kind::Text | Kind::Any)))
    {
        let help = format!("the field takes as = \"{}\": say so if the text is one", name_of(wanted.kind));
        report.mistake(text.key_span, "a template gives text, which does not fit this field", Some(help));
    }
    options(table, name, report).map(|options| named(name, options))
}

/// Whether a conversion's result is what a field of that kind takes.
fn fits(name: &str, kind: Option<Kind>) -> bool {
    match kind {
        None | Some(Kind::Any) => true,
        Some(Kind::Text) => !matches!(name, "flag" | "value"),
        Some(Kind::Integer) => matches!(name, "integer" | "epoch"),
        Some(Kind::Decimal) => matches!(name, "decimal" | "integer"),
        Some(kind) => name == name_of(Some(kind)),
    }
}

/// What a `scale` must be.
const DIGITS: &str = "a number of digits, 0 to 20";

fn digits(entry: &Entry<'_>) -> Option<u32> {
    const MAX_SCALE: u32 = 20;
    let scale = entry.item.as_integer().and_then(|scale| u32::try_from(scale).ok());
    scale.filter(|scale| *scale <= MAX_SCALE)
}

/// A `scale`, where it is no option of a conversion.
pub(super) fn scale(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<u32> {
    let scale = digits(entry);
    if scale.is_none() {
        report.mistake(entry.span.clone(), format!("`{}` must be {DIGITS}", entry.key), None);
    }
    scale
}

fn options(table: &Table<'_>, conversion: &str, report: &mut Report<'_>) -> Option<Options> {
    const ROUNDINGS: [&str; 4] = ["half_up", "half_even", "up", "down"];
    let mut options = Options::default();
    let mut sound = true;
    let belonging: [(&str, &[&str]); 6] = [
        ("scale", &["decimal"]),
        ("rounding", &["decimal"]),
        ("strip", &["text", "province", "city", "district", "street"]),
        ("formats", &["date", "time", "epoch"]),
        ("zone", &["date", "time", "epoch"]),
        ("write", &["date", "time", "epoch"]),
    ];
    for (key, conversions) in belonging {
        let Some(entry) = table.get(key) else { continue };
        if !conversions.contains(&conversion) {
            let message = format!("`{key}` belongs to as = \"{}\"", conversions.join("\" or \""));
            report.mistake(entry.key_span, message, Some(format!("here the conversion is `{conversion}`")));
            sound = false;
            continue;
        }
        let mut mistake = |expected: &str| {
            report.mistake(entry.span.clone(), format!("`{key}` must be {expected}"), None);
            sound = false;
        };
        let text = entry.item.as_str();
        match key {
            "scale" => match digits(&entry) {
                Some(scale) => options.scale = Some(scale),
                None => mistake(DIGITS),
            },
            "rounding" => match text {
                Some("half_up") => options.rounding = RoundingStrategy::MidpointAwayFromZero,
                Some("half_even") => options.rounding = RoundingStrategy::MidpointNearestEven,
                Some("up") => options.rounding = RoundingStrategy::AwayFromZero,
                Some("down") => options.rounding = RoundingStrategy::ToZero,
                _ => mistake(&format!("one of \"{}\"", ROUNDINGS.join("\", \""))),
            },
            "strip" if text == Some("emoji") => {}
            "strip" => mistake("\"emoji\""),
            "zone" => match text.and_then(time::zone) {
                Some(zone) => options.reading.zone = zone,
                None => mistake("an offset such as \"+08:00\""),
            },
            "write" => match (conversion, text) {
                ("epoch", Some("seconds" | "milliseconds")) => options.write = text.map(str::to_owned),
                ("epoch", _) => mistake("\"seconds\" or \"milliseconds\""),
                (_, Some(format)) if time::is_format(format) => options.write = Some(format.to_owned()),
                _ => mistake("a format such as \"%Y-%m-%d %H:%M:%S\""),
            },
            _ => match entry.texts(report) {
                Some(formats) if formats.iter().all(|format| time::is_format(format.text)) => {
                    options.reading.formats = formats.iter().map(|format| format.text.to_owned()).collect();
                }
                Some(_) => {
                    let help = "%Y the year, %m the month, %d the day, %H:%M:%S the time".to_owned();
                    let message = "`formats` must be formats such as \"%Y%m%d\"";
                    report.mistake(entry.span.clone(), message, Some(help));
                    sound = false;
                }
                None => sound = false,
            },
        }
    }
    sound.then_some(options)
}
