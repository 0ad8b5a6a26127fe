//! Secrets and signs that the vendor refuses.

use crate::Suite;
use crate::bench::{Bench, FIRST_PAGE};
use crate::cases::{class, is_paused};

/// A wrong one of each secret that is declared and set, one after the other.
fn wrong_secrets(suite: &Suite) -> impl Iterator<Item = Bench> {
    let secrets = suite.vendor.connector().settings().iter().filter(|setting| setting.is_secret);
    secrets.filter_map(|setting| {
        let given = relay_simulators::settings().into_iter().find(|(name, _)| *name == setting.name);
        // Whatever form it has to have, it keeps.
        let wrong = format!("{}-wrong", given?.1);
        Some(Bench::with(suite.vendor, &[(setting.name, wrong.as_str())]))
    })
}

pub(crate) async fn a_wrong_secret_pauses_and_nothing_is_written(suite: Suite) {
    for read in suite.reads() {
        let mut refused = 0;
        for bench in wrong_secrets(&suite) {
            let page = bench.page(read, FIRST_PAGE).await;
            // The other route has a secret of its own.
            assert!(page.is_ok() || is_paused(&page), "{} is {}", read.document, class(&page));
            refused += usize::from(page.is_err());
        }
        assert!(refused > 0, "{} is read without a secret", read.document);
    }
    for write in suite.writes() {
        let mut refused = 0;
        for bench in wrong_secrets(&suite) {
            let bodies = [1, 2].map(|number| (write.body)(&bench.vendors, number));
            for (body, outcome) in bodies.iter().zip(bench.deliver(write, &bodies).await) {
                assert!(outcome.is_ok() || is_paused(&outcome), "{} is {}", write.document, class(&outcome));
                assert_eq!(bench.written(write, body), usize::from(outcome.is_ok()), "{}", write.document);
                refused += usize::from(outcome.is_err());
            }
        }
        assert!(refused > 0, "{} is delivered without a secret", write.document);
    }
}
