//! The demo: what a newcomer runs first.

use crate::support::Installation;

#[test]
fn the_demo_runs_without_settings_and_leaves_nothing_behind() {
    let installation = Installation::empty();
    for arguments in [&[][..], &["demo", "--json"]] {
        installation.relay(arguments).with_status(0);
    }
    let left: Vec<_> = std::fs::read_dir(installation.path("")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
