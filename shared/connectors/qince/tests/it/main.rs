//! What the crate promises, over its public face alone.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod catalog;
mod connector;
mod events;
mod pushes;
mod vectors;
mod webhook;

use relay_qince::Settings;

const SECRET: &str = "s0EXAMPLEpushsecret";

fn settings() -> Settings {
    Settings::new(vec![SECRET.into()])
}

/// A file of the folder `events`, which holds the samples that users invoke with.
fn event(name: &str) -> String {
    std::fs::read_to_string(format!("{}/../../../events/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}
