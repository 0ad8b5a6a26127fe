//! What a day's work counts: metrics as CloudWatch takes them, few enough to pay for, and log lines for the rest.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// The tampered sample, and one for each of the six orders.
const WRONG_DIGESTS: u64 = 7;

/// An empty document, a request of no HTTP API, and one whose base64 is broken.
const MALFORMED: u64 = 3;

fn pushes(line: &Value) -> u64 {
    line["pushes_refused"].as_u64().unwrap()
}

/// CloudWatch is paid for each by the month.
const LABEL_SETS: usize = 10;

/// Metrics as CloudWatch takes them: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
pub(crate) fn check_metrics(lines: &[Value]) {
    let (mut kinds, mut label_sets) = (BTreeSet::new(), made_of_logs());
    for line in lines.iter().filter(|line| line.get("_aws").is_some()) {
        assert!(line["_aws"]["Timestamp"].as_u64().is_some() && line["requestId"].is_string(), "{line}");
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "erp-relay");
        let dimensions: Vec<_> = directive["Dimensions"][0]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap())
            .collect();
        for name in &dimensions {
            assert!(line[name].as_str().is_some_and(|value| !value.is_empty() && value.is_ascii()), "{line}");
        }
        for metric in directive["Metrics"].as_array().unwrap() {
            let (name, unit) = (metric["Name"].as_str().unwrap(), metric["Unit"].as_str().unwrap());
            let values = line[name].as_array().cloned().unwrap_or_else(|| vec![line[name].clone()]);
            assert!((1..=100).contains(&values.len()) && values.iter().all(Value::is_number), "{line}");
            kinds.insert(format!("{name} [{unit}] by {}", dimensions.join(", ")));
            let labels: Vec<_> = dimensions.iter().map(|name| line[name].to_string()).collect();
            label_sets.insert(format!("{name} {}", labels.join(" ")));
        }
    }
    assert!(label_sets.len() <= LABEL_SETS, "{label_sets:#?}");
    insta::assert_snapshot!(Vec::from_iter(kinds).join("\n"));
    let mut one = lines.iter().find(|line| line["reason"] == "digest").unwrap().clone();
    one["_aws"]["Timestamp"] = json!("…");
    insta::assert_snapshot!(serde_json::to_string_pretty(&one).unwrap());
    let waited =
        lines.iter().filter(|line| line["target"] == "kingdee").filter_map(|line| line["waited"].as_array());
    let longest = waited.flatten().filter_map(Value::as_f64).fold(0.0, f64::max);
    assert!(longest >= 60.0, "{longest} s");
}

/// The metrics that the stack makes of log lines. They have no dimensions.
fn made_of_logs() -> BTreeSet<String> {
    let template = include_str!("../../../../template.yaml");
    let made = template.lines().filter(|line| line.contains("MetricValue: $."));
    let names = made.filter_map(|line| line.split_once("MetricName: ")?.1.split(',').next());
    let made: BTreeSet<_> = names.map(str::to_owned).collect();
    assert_eq!(made.len(), 2, "{made:?}");
    made
}

/// What was counted, whether it is a metric or not.
pub(crate) fn check(lines: &[Value]) {
    let refused =
        |reason: &str| lines.iter().filter(|line| line["reason"] == reason).map(pushes).sum::<u64>();
    assert_eq!(refused("digest"), WRONG_DIGESTS, "one that is taken in its second turn is none of them");
    assert_eq!(refused("malformed"), MALFORMED);
    let is_unrouted = |line: &&Value| line["flow"] == "qince/unrouted" && line["outcome"] == "failed";
    let unrouted: Vec<_> = lines.iter().filter(is_unrouted).map(|line| &line["documents"]).collect();
    assert_eq!(unrouted, [&json!(1)], "what the receiver records as failed counts too");
    let lag = lines.iter().rev().find_map(|line| line["watermark_lag_max"].as_f64());
    assert!(lag >= Some(7_200.0), "a poll that failed tells how far behind it is: {lag:?}");
    let plain: Vec<_> = lines.iter().filter(|line| line.get("_aws").is_none()).collect();
    assert!(plain.iter().all(|line| line["message"] == "counted" && line.get("requestId").is_none()));
    let of_day = ["message", "flow", "outcome", "vendor", "class", "reason"];
    let names = plain.iter().flat_map(|line| line.as_object().unwrap().keys());
    let names: BTreeSet<_> = names.map(String::as_str).filter(|name| !of_day.contains(name)).collect();
    insta::assert_snapshot!(Vec::from_iter(names).join("\n"));
}
