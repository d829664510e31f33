//! The fuzz targets' own bodies, a bounded number of times, on a stable toolchain: what is kept in `fuzz/corpus`, and
//! inputs made of it by chance from a seed. `COUNTERSIGN_TEST_EFFORT=10` makes ten times as many.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may")]

#[path = "../../fuzz/src/lib.rs"]
mod bodies;
#[path = "../support/dice.rs"]
#[allow(dead_code, reason = "the other test programs need the rest")]
mod dice;
#[path = "../support/effort.rs"]
mod effort;

use std::{fs, panic, path::Path};

use dice::Dice;

/// Of each subject; those that verify signatures or seal take a fraction of a millisecond each.
const INPUTS: usize = 4000;

/// What is kept of a subject's inputs.
fn corpus(subject: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(subject);
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// Runs the body; a failure names the input.
fn holds(subject: &str, body: bodies::Body, input: &[u8]) {
    if let Err(panicked) = panic::catch_unwind(|| body(input)) {
        eprintln!("{subject} does not hold for: {}", input.escape_ascii());
        panic::resume_unwind(panicked);
    }
}

/// One or two of the kept ones, put together and changed.
fn made(dice: &mut Dice, kept: &[Vec<u8>]) -> Vec<u8> {
    let mut input = if dice.once_in(10) { dice.bytes(200) } else { kept[dice.below(kept.len())].clone() };
    if dice.once_in(4) {
        let other = &kept[dice.below(kept.len())];
        input.truncate(dice.below(input.len() + 1));
        input.extend_from_slice(&other[dice.below(other.len() + 1)..]);
    }
    for _ in 0..dice.below(3) {
        input = dice.changed(&input);
    }
    input
}

#[test]
fn what_must_hold_of_any_input_holds() {
    for (number, (subject, body)) in (0..).zip(bodies::ALL) {
        let kept = corpus(subject);
        assert!(!kept.is_empty(), "{subject} has no corpus");
        for input in &kept {
            holds(subject, *body, input);
        }
        let mut dice = Dice::new(number);
        for _ in 0..INPUTS * effort::effort() {
            let input = made(&mut dice, &kept);
            holds(subject, *body, &input);
        }
    }
}

#[test]
fn every_subject_has_a_target() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    for (subject, _) in bodies::ALL {
        let target = fs::read_to_string(root.join(format!("fuzz_targets/{subject}.rs"))).unwrap();
        assert!(target.contains(&format!("countersign_fuzz::{subject}::holds")), "{subject}");
        assert!(manifest.contains(&format!("name = \"{subject}\"")), "{subject}");
    }
}
