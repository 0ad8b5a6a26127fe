//! The corpus and some inputs made of it, in every run of the tests: whoever changes a parser hears of it here.

use fuzz::mutate::Mutator;
use fuzz::targets::TARGETS;
use fuzz::{Depth, corpus, trial};

/// What is made of the corpus in some seconds without optimisation.
const INPUTS: u64 = 1_000;

/// One test for all: memory is counted for the whole process.
#[test]
fn whatever_comes_in_is_read_or_refused() {
    for target in TARGETS {
        let name = target.name;
        let inputs = corpus::inputs(target).unwrap();
        let mut accepted = 0;
        for input in &inputs {
            let trial = trial::run(target, input);
            assert_eq!(trial.fault(), None, "{name}: {}", String::from_utf8_lossy(input));
            accepted += usize::from(trial.outcome == Ok(Depth::Accepted));
        }
        assert!(accepted * 5 >= inputs.len(), "{name}: {accepted} of {} are read as a whole", inputs.len());
        let mut mutator = Mutator::new(1, &inputs, target.words);
        for number in 0..INPUTS {
            let input = mutator.make(&[]);
            let fault = trial::run(target, &input).fault();
            assert_eq!(fault, None, "{name}, input {number}: {}", String::from_utf8_lossy(&input));
        }
    }
}

#[test]
fn the_same_seed_makes_the_same_inputs() {
    let inputs = corpus::inputs(&TARGETS[0]).unwrap();
    let made = || {
        let mut mutator = Mutator::new(7, &inputs, TARGETS[0].words);
        (0..100).map(|_| mutator.make(&[])).collect::<Vec<_>>()
    };
    assert_eq!(made(), made());
}

#[test]
fn the_corpus_is_small() {
    let bytes: usize =
        TARGETS.iter().flat_map(|target| corpus::inputs(target).unwrap()).map(|input| input.len()).sum();
    assert!(bytes < 300 * 1024, "{bytes} bytes");
}
