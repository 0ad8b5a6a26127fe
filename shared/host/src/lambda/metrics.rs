//! What functions count: as metrics of CloudWatch (embedded metric format), or as plain lines of the log.
//!
//! CloudWatch is paid by the month for each metric with its own dimensions. So only those that an alarm watches become
//! metrics, unless `RELAY_METRICS` asks for all. The others are told in lines with the same names, for Logs Insights.

use std::future::Future;
use std::io::{self, Write};
use std::pin::pin;
use std::time::Duration;

use metrics::{Unit, describe_counter, describe_histogram};
use metrics_cloudwatch_embedded::{Builder, Collector};
use relay_connector::settings::Reader;
use relay_connector::{Settings, SettingsError};
use relay_core::clock::{Clock, Interval};
use serde_json::{Map, Value, json};

use crate::settings::declared::METRICS;

/// Where a line says of which values CloudWatch makes metrics.
const EMBEDDED: &str = "_aws";

/// The invocation that a line is of.
pub(super) const REQUEST: &str = "requestId";

/// What the alarms of `template.yaml` watch: a metric, its dimension, and the values of it that are watched, or all.
const WATCHED: [(&str, &str, Option<&[&str]>); 3] = [
    ("waited", "target", None),
    ("acknowledgements_refused", "source", None),
    ("pushes_refused", "reason", Some(&["digest", "store"])),
];

/// Which of the counts become metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// Those that an alarm watches.
    #[default]
    Alarms,
    /// All.
    All,
}

impl Scope {
    /// `RELAY_METRICS`.
    ///
    /// # Errors
    /// When it is neither.
    pub fn of(settings: &Settings) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(settings);
        let scope = match reader.text(&METRICS).as_str() {
            "alarms" => Self::Alarms,
            "all" => Self::All,
            _ => {
                reader.problem(METRICS.name, &format!("expects {}", METRICS.expects));
                Self::default()
            }
        };
        reader.done(scope)
    }
}

/// A line takes 100 values of one metric, and our own quotas let 60 calls to a vendor through in this time at most.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// Begins to collect what this process counts.
///
/// # Errors
/// When it does so already.
pub fn collect(namespace: &str) -> anyhow::Result<&'static Collector> {
    let collector = Builder::new().cloudwatch_namespace(namespace.to_owned()).init();
    let collector = collector.map_err(anyhow::Error::from_boxed)?;
    describe();
    Ok(collector)
}

/// Works, and writes what comes together meanwhile: at the end, and from time to time where that is far.
pub async fn written<T>(
    collector: &Collector,
    scope: Scope,
    clock: &dyn Clock,
    mut lines: impl Write,
    work: impl Future<Output = T>,
) -> T {
    let mut due = Interval::new(clock, BETWEEN_LINES);
    let mut work = pin!(work);
    loop {
        tokio::select! {
            done = &mut work => {
                write(collector, scope, &mut lines);
                return done;
            }
            () = due.tick() => write(collector, scope, &mut lines),
        }
    }
}

fn write(collector: &Collector, scope: Scope, lines: &mut impl Write) {
    let mut together = Vec::new();
    let told = collector.flush(&mut together).and_then(|()| told(&together, scope));
    // All at once, so that no log line comes in between.
    if let Err(error) = told.and_then(|told| lines.write_all(&told)) {
        tracing::error!(%error, "metrics are lost");
    }
}

/// The lines of the collector, as they are written.
fn told(lines: &[u8], scope: Scope) -> io::Result<Vec<u8>> {
    let mut told = Vec::with_capacity(lines.len());
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let mut line = serde_json::from_slice(line)?;
        tell(&mut line, scope);
        serde_json::to_writer(&mut told, &line)?;
        told.push(b'\n');
    }
    Ok(told)
}

/// Leaves only those metrics in a line that are in scope, and adds what Logs Insights can read of histograms.
fn tell(line: &mut Map<String, Value>, scope: Scope) {
    let pointer = "/CloudWatchMetrics/0/Metrics";
    let metrics = line.get(EMBEDDED).and_then(|embedded| embedded.pointer(pointer)?.as_array().cloned());
    let name = |metric: &Value| metric["Name"].as_str().unwrap_or_default().to_owned();
    let is_kept = |metric: &Value| scope == Scope::All || is_watched(&name(metric), line);
    let (kept, others): (Vec<_>, Vec<_>) = metrics.unwrap_or_default().into_iter().partition(is_kept);
    for metric in kept.iter().chain(&others) {
        sum_up(line, &name(metric));
    }
    for metric in &others {
        if line.get(&name(metric)).is_some_and(Value::is_array) {
            line.shift_remove(&name(metric));
        }
    }
    if kept.is_empty() {
        line.shift_remove(EMBEDDED);
        // Logs are paid by their length, and what a document was is told in a line of its own.
        line.shift_remove(REQUEST);
        line.insert("message".to_owned(), "counted".into());
    } else if let Some(metrics) = line.get_mut(EMBEDDED).and_then(|embedded| embedded.pointer_mut(pointer)) {
        *metrics = kept.into();
    }
}

fn is_watched(metric: &str, line: &Map<String, Value>) -> bool {
    WATCHED.iter().any(|(name, dimension, values)| {
        let value = line.get(*dimension).and_then(Value::as_str);
        *name == metric && value.is_some_and(|value| values.is_none_or(|values| values.contains(&value)))
    })
}

/// Tells number, sum and maximum of a histogram's values: Logs Insights takes each place of a list for a field of its own, and
/// adds nothing up.
fn sum_up(line: &mut Map<String, Value>, name: &str) {
    let Some(Value::Array(values)) = line.get(name) else { return };
    let values: Vec<_> = values.iter().filter_map(Value::as_f64).collect();
    let maximum = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    line.insert(format!("{name}_count"), values.len().into());
    line.insert(format!("{name}_sum"), json!(values.iter().sum::<f64>()));
    line.insert(format!("{name}_max"), json!(maximum));
}

/// The units, for whoever reads the metrics.
fn describe() {
    describe_counter!("documents", Unit::Count, "Documents whose turn it was, by outcome");
    describe_histogram!(
        "waited",
        Unit::Seconds,
        "How long a document that comes again has been in its queue"
    );
    describe_counter!("queued", Unit::Count, "Documents that a queue has taken");
    describe_histogram!("watermark_lag", Unit::Seconds, "How far behind now a flow has read");
    describe_counter!("vendor_calls", Unit::Count, "Calls to a vendor");
    describe_histogram!("vendor_latency", Unit::Milliseconds, "How long a vendor took to answer");
    describe_counter!("vendor_errors", Unit::Count, "Calls that failed, by what that means");
    describe_histogram!("quota_wait", Unit::Milliseconds, "How long a call waited for our own quota");
    describe_counter!(
        "acknowledgements_refused",
        Unit::Count,
        "Acknowledgements that a source refuses for good"
    );
    describe_counter!("pushes_refused", Unit::Count, "Pushes that were not taken, by reason");
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const TEMPLATE: &str = include_str!("../../../../template.yaml");

    fn line(dimensions: &Value, metrics: &Value) -> String {
        let described = metrics.as_object().unwrap().keys().map(|name| json!({ "Name": name }));
        let mut line = json!({ "_aws": { "CloudWatchMetrics": [{
            "Dimensions": [Vec::from_iter(dimensions.as_object().unwrap().keys())],
            "Metrics": Vec::from_iter(described),
        }] } });
        for values in [dimensions, metrics] {
            line.as_object_mut().unwrap().extend(values.as_object().unwrap().clone());
        }
        line.to_string()
    }

    fn told_as(scope: Scope, dimensions: &Value, metrics: &Value) -> Value {
        let line = format!("{}\n", line(dimensions, metrics));
        serde_json::from_slice(&super::told(line.as_bytes(), scope).unwrap()).unwrap()
    }

    fn told(dimensions: &Value, metrics: &Value) -> Value {
        told_as(Scope::Alarms, dimensions, metrics)
    }

    #[test]
    fn what_an_alarm_watches_is_a_metric() {
        let told = told(&json!({ "target": "kingdee" }), &json!({ "waited": [3.0, 4.5] }));
        assert_eq!(told["_aws"]["CloudWatchMetrics"][0]["Metrics"], json!([{ "Name": "waited" }]));
        assert_eq!((&told["waited"], &told["waited_max"]), (&json!([3.0, 4.5]), &json!(4.5)));
    }

    #[test]
    fn what_no_alarm_watches_is_told_with_its_sums() {
        let (dimensions, metrics) =
            (json!({ "vendor": "kingdee" }), json!({ "vendor_calls": 2, "vendor_latency": [3.0, 4.5] }));
        let expected = json!({
            "vendor": "kingdee", "vendor_calls": 2, "vendor_latency_count": 2, "vendor_latency_sum": 7.5,
            "vendor_latency_max": 4.5, "message": "counted",
        });
        assert_eq!(told(&dimensions, &metrics), expected);
        let all = told_as(Scope::All, &dimensions, &metrics);
        assert_eq!(all["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap().len(), 2);
        assert_eq!(
            (&all["vendor_latency"], &all["vendor_latency_sum"]),
            (&json!([3.0, 4.5]), &json!(7.5)),
            "a query reads the same whatever the scope"
        );
    }

    #[test]
    fn of_one_line_only_the_watched_is_a_metric() {
        let told = told(&json!({ "target": "kingdee" }), &json!({ "waited": [3.0], "tea": [1.0] }));
        assert_eq!(told["_aws"]["CloudWatchMetrics"][0]["Metrics"], json!([{ "Name": "waited" }]));
        assert_eq!((&told["waited"], &told["tea_sum"], told.get("tea")), (&json!([3.0]), &json!(1.0), None));
    }

    #[test]
    fn a_value_that_no_alarm_watches_makes_no_metric_of_a_watched_name() {
        for (reason, is_metric) in [("digest", true), ("store", true), ("too_large", false)] {
            let told = told(&json!({ "reason": reason }), &json!({ "pushes_refused": 1 }));
            assert_eq!(told.get(EMBEDDED).is_some(), is_metric, "{reason}");
            assert_eq!(told["pushes_refused"], 1);
        }
    }

    /// What follows a name on a line of the template, such as `MetricName: waited`.
    fn value<'a>(line: &'a str, name: &str) -> Option<&'a str> {
        let (_, rest) = line.split_once(name)?;
        rest.split([',', '}', ' ']).next()
    }

    #[test]
    fn every_alarm_on_a_metric_of_ours_has_one_by_default() {
        let alarms = TEMPLATE.split("Type: AWS::CloudWatch::Alarm").skip(1);
        let ours = alarms.filter(|alarm| alarm.contains("\n      Namespace: !Sub erp-relay/"));
        let made: BTreeSet<_> = TEMPLATE
            .lines()
            .filter(|line| line.contains("MetricValue: $."))
            .filter_map(|line| value(line, "MetricName: "))
            .collect();
        let mut seen = 0;
        for alarm in ours {
            let field = |name| alarm.lines().find_map(|line| value(line, name)).unwrap_or_default();
            let (metric, dimension, of) = (field("MetricName: "), field("{ Name: "), field("Value: "));
            let line = Map::from_iter([(dimension.to_owned(), json!(of))]);
            assert!(made.contains(metric) || is_watched(metric, &line), "{metric} of {dimension} {of}");
            seen += 1;
        }
        assert!(seen >= 8, "{seen} alarms");
    }

    #[test]
    fn the_scope_is_one_of_two() {
        let of =
            |value: &str| Scope::of(&Settings::from_iter([("RELAY_METRICS".to_owned(), value.to_owned())]));
        assert_eq!(Scope::of(&Settings::default()), Ok(Scope::Alarms));
        assert_eq!((of("alarms"), of("all")), (Ok(Scope::Alarms), Ok(Scope::All)));
        assert_eq!(of("some").unwrap_err().to_string(), "settings: RELAY_METRICS expects `alarms` or `all`");
    }
}
