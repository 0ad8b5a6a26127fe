//! A person at a terminal: what vendors say is shown there and obeyed by none; who is asked, watches, and stops.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;

use relay_core::clock::{Clock as _, SystemClock};
use relay_simulators::Fault;
use relay_store_sqlite::Sqlite;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::browser::Filled;
use crate::support::{Answer, Installation, Town};

const WORDS: &str = "\u{1b}]0;owned\u{7}\u{1b}[2K\u{9b}31m\u{202e}refused";

#[test]
fn the_words_of_a_vendor_are_printed_without_what_a_terminal_would_obey() {
    let town = Town::open();
    let installation = town.installation();
    installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json").with_status(0);
    town.vendors.sharecrm.faults.inject_for("push", Fault::InnerRefusal(WORDS.to_owned()));
    let drained = installation.relay(&["drain"]).with_status(1);
    let failures = installation.relay(&["failures"]).with_status(1);
    let listed = installation.relay(&["failures", "--json"]).with_status(1);
    let failed = &listed.json()["failures"][0];
    assert!(failed["message"].as_str().unwrap().contains(WORDS), "JSON says what was said: {failed}");
    let (flow, key) = (failed["flow"].as_str().unwrap(), failed["key"].as_str().unwrap());
    let shown = installation.relay(&["show", "--flow", flow, "--key", key]).with_status(0);
    for answer in [&failures, &shown] {
        assert!(answer.stdout.contains("\\u001b]0;owned"), "{}", answer.stdout);
    }
    for answer in [drained, failures, listed, shown] {
        let obeyed = ['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}'];
        assert!(!answer.stdout.contains(obeyed) && !answer.stderr.contains(obeyed), "{:?}", answer.stdout);
    }
}

/// What Ctrl-C is on a terminal.
const INTERRUPT: &str = "\u{3}";

/// Runs `relay` on a terminal, where a person types each of these once it has said that.
fn typed(installation: &Installation, arguments: &[&str], steps: &[(&str, &str)]) -> Answer {
    let relay = installation.command(arguments);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/terminal.py");
    let mut python = Command::new("python3");
    let settings = relay.get_envs().filter_map(|(name, value)| Some((name, value?)));
    python.env_clear().envs(settings).current_dir(installation.path(""));
    python.arg(script).arg(json!(steps).to_string()).arg(relay.get_program()).args(relay.get_args());
    Answer::of(&mut python)
}

/// An installation in which so many documents have failed.
fn with_failures(count: usize) -> Installation {
    let installation = Installation::with_store();
    let store = Sqlite::open(&installation.path("relay.db"), Arc::new(SystemClock)).unwrap();
    let filled = Filled { stores: store.stores(), now: SystemClock.now() };
    Runtime::new().unwrap().block_on(filled.failures(count));
    installation
}

fn failed(installation: &Installation) -> u64 {
    let status = installation.relay(&["status", "--json"]).json();
    status["flows"].as_object().unwrap().values().map(|flow| flow["failed"].as_u64().unwrap()).sum()
}

fn waiting(installation: &Installation, flow: &str) -> u64 {
    installation.relay(&["status", "--json"]).json()["flows"][flow]["waiting"].as_u64().unwrap()
}

#[test]
fn what_is_watched_is_told_afresh_until_somebody_ends_it() {
    let installation = with_failures(1);
    let afresh = "\u{1b}[2J\u{1b}[H";
    let need = "need a person:";
    let steps = [(need, ""), (afresh, ""), (need, INTERRUPT)];
    let watched = typed(&installation, &["status", "--watch", "1"], &steps).with_status(1);
    assert!(watched.stdout.matches(afresh).count() >= 2, "{}", watched.stdout);
    // Into a file goes what is told and nothing that a terminal obeys.
    let mut piped = installation.command(&["status", "--watch", "1"]);
    let mut piped = piped.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(piped.stdout.take().unwrap()).lines();
    let twice = lines.by_ref().map(Result::unwrap).filter(|line| {
        assert!(!line.contains('\u{1b}'), "{line}");
        line.contains(need)
    });
    assert_eq!(twice.take(2).count(), 2);
    piped.kill().unwrap();
    piped.wait().unwrap();
}

#[test]
fn at_a_terminal_an_action_is_done_only_by_a_yes() {
    let installation = with_failures(6);
    let wdt = "direct-order-to-wangdian";
    // The push of `with_store`, which waits for two targets.
    assert_eq!((failed(&installation), waiting(&installation, wdt)), (6, 1));
    let replay = ["replay", "--all"];
    for answer in ["\n", "n\n", "no\n", "\u{4}"] {
        let asked = typed(&installation, &replay, &[("Send them? [y/N]", answer)]).with_status(0);
        assert!(asked.stdout.contains("6 documents that failed"), "{}", asked.stdout);
        assert_eq!(waiting(&installation, wdt), 1, "{answer:?}");
    }
    typed(&installation, &replay, &[("Send them?", INTERRUPT)]);
    assert_eq!(waiting(&installation, wdt), 1);
    let sent = typed(&installation, &replay, &[("Send them?", "y\n")]).with_status(0);
    assert!(sent.stdout.contains("6 sent through their flows again"), "{}", sent.stdout);
    assert_eq!(waiting(&installation, wdt), 3);

    let failures = installation.relay(&["failures", "--json"]).with_status(1).json();
    let cause = failures["issues"][0]["cause"].as_str().unwrap();
    let settle = ["settle", "--cause", cause, "--reason", "by hand"];
    let asked = typed(&installation, &settle, &[("Go on? [y/N]", "n\n")]).with_status(0);
    assert!(asked.stdout.contains("1 document") && failed(&installation) == 6, "{}", asked.stdout);
    typed(&installation, &settle, &[("Go on? [y/N]", "y\n")]).with_status(0);
    assert_eq!(failed(&installation), 5);

    let rewind = ["rewind", "trade-to-kingdee", "--to", "1h"];
    let log = || installation.relay(&["log"]).with_status(0).stdout;
    typed(&installation, &rewind, &[("[y/N]", "n\n")]).with_status(0);
    assert!(!log().contains("rewind"), "{}", log());
    typed(&installation, &rewind, &[("[y/N]", "y\n")]).with_status(0);
    assert!(log().contains("rewind"), "{}", log());
}

#[test]
fn a_replay_that_is_stopped_says_what_is_left_and_goes_on_there() {
    let installation = with_failures(3_000);
    let replay = ["replay", "--all"];
    let steps = [("Send them?", "y\n"), (" / 3000", INTERRUPT)];
    let stopped = typed(&installation, &replay, &steps).with_status(1).stdout;
    let words = stopped.split_once("Stopped: ").unwrap_or_else(|| panic!("{stopped}")).1;
    let left: u64 = words.split(' ').next().unwrap().parse().unwrap();
    assert!(left > 0 && left < 3_000, "{stopped}");
    let flows = ["direct-order-to-wangdian", "direct-order-to-sharecrm", "trade-to-kingdee"];
    let all_waiting = || flows.map(|flow| waiting(&installation, flow)).iter().sum::<u64>();
    // Two wait besides: the push of `with_store`.
    assert_eq!(all_waiting(), 3_000 - left + 2);

    let rest =
        typed(&installation, &["replay", "--continue"], &[("Send them?", "y\n")]).with_status(0).stdout;
    assert!(rest.contains(&format!("{left} documents that failed")), "{rest}");
    assert_eq!(all_waiting(), 3_002, "each was sent once");
    installation.relay(&["replay", "--continue", "--yes"]).with_status(2);
}
