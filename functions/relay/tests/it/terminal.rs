//! What vendors say is shown in a terminal, and obeyed by none.

use relay_simulators::Fault;

use crate::support::Town;

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
