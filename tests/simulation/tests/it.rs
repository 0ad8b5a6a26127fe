//! What must be true of the simulation itself.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::path::Path;

use simulation::mutants;
use simulation::run::run;
use simulation::scenario::Scenario;

/// Seeds that failed once, each with what it found: see `FOUND.md`.
const CORPUS: &str = include_str!("../corpus.txt");

fn corpus() -> impl Iterator<Item = u64> {
    CORPUS.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok())
}

#[test]
fn a_seed_is_the_same_day_twice_to_the_last_step_and_word() {
    let scenario = Scenario::of(7);
    let [one, two] = [true, true].map(|in_words| run(&scenario, in_words).unwrap());
    assert_eq!(one.words, two.words);
    assert_eq!((one.sum, one.steps), (two.sum, two.steps));
    assert!(one.words.len() > 300, "{} lines", one.words.len());
    let other = run(&Scenario::of(8), false).unwrap();
    assert_ne!(one.sum, other.sum);
}

#[test]
fn seeds_that_failed_once_hold() {
    for seed in corpus() {
        let outcome = run(&Scenario::of(seed), false).unwrap();
        assert_eq!(outcome.violations, [], "seed {seed}");
    }
}

#[test]
fn every_mutant_can_be_made_of_the_code_as_it_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mutants = mutants::all().unwrap();
    assert!(mutants.len() >= 13);
    for mutant in mutants {
        assert!(!mutant.files(&root).unwrap().is_empty() && !mutant.why.is_empty(), "{}", mutant.name);
    }
}
