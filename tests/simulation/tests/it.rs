//! What must be true of the simulation itself.

use std::path::Path;

use simulation::many::{Tally, run_all, seeds};
use simulation::mutants;
use simulation::run::run;
use simulation::scenario::{Drawing, Scenario};

#[test]
fn a_seed_is_the_same_day_twice_to_the_last_step_and_word() {
    for drawing in [Drawing::Documents, Drawing::Bills, Drawing::Lists] {
        let scenario = Scenario::of(drawing, 7);
        let [one, two] = [true, true].map(|in_words| run(&scenario, in_words).unwrap());
        assert_eq!(one.words, two.words);
        assert_eq!((one.sum, one.steps), (two.sum, two.steps));
        assert!(one.words.len() > 300, "{} lines", one.words.len());
        let other = run(&Scenario::of(drawing, 8), false).unwrap();
        assert_ne!(one.sum, other.sum);
    }
}

/// More of them: `tests/simulation/run`.
#[test]
fn seeds_that_failed_once_and_a_hundred_others_hold() {
    let drawing = Drawing::Documents;
    all_hold(&run_all(drawing, &seeds(drawing, 0, 100), None, false).unwrap());
}

/// More of them: `tests/simulation/run --bills`.
#[test]
fn some_seeds_of_bills_hold() {
    let drawing = Drawing::Bills;
    all_hold(&run_all(drawing, &seeds(drawing, 0, 6), None, false).unwrap());
}

/// More of them: `tests/simulation/run --lists`.
#[test]
fn some_seeds_of_lists_hold() {
    let drawing = Drawing::Lists;
    all_hold(&run_all(drawing, &seeds(drawing, 0, 8), None, false).unwrap());
}

fn all_hold(tally: &Tally) {
    println!("{tally}");
    assert!(tally.failed.is_empty(), "tests/simulation/run cuts the first down to its story: {tally}");
}

#[test]
fn every_mutant_can_be_made_of_the_code_as_it_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mutants = mutants::all().unwrap();
    assert!(mutants.len() >= 30);
    for mutant in mutants {
        assert!(!mutant.files(&root).unwrap().is_empty() && !mutant.why.is_empty(), "{}", mutant.name);
    }
}
