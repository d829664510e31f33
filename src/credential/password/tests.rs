use super::*;

const CHEAP: Cost = Cost { memory: 16, iterations: 1, parallelism: 1 };

#[test]
fn the_right_password_is_right_and_one_that_is_nearly_right_is_wrong() {
    let stored = hash("correct horse", CHEAP).unwrap();
    assert!(stored.starts_with("$argon2id$v=19$m=16,t=1,p=1$"), "{stored}");
    assert_eq!(verify("correct horse", &stored, CHEAP), Ok(Verdict::Right));
    for wrong in ["correct horse ", " correct horse", "Correct horse", "correct hors", "", "correct horse\0"] {
        assert_eq!(verify(wrong, &stored, CHEAP), Ok(Verdict::Wrong), "{wrong:?}");
    }
}

#[test]
fn changed_parameters_ask_for_a_new_hash() {
    let stored = hash("p", CHEAP).unwrap();
    assert_eq!(verify("p", &stored, Cost { iterations: 2, ..CHEAP }), Ok(Verdict::RightButOutdated));
}

#[test]
fn a_password_of_a_megabyte_is_wrong_without_being_hashed_and_a_broken_hash_is_an_error() {
    let long = "x".repeat(1_000_000);
    let stored = hash(&long, CHEAP).unwrap();
    assert_eq!(verify(&long, &stored, CHEAP), Ok(Verdict::Wrong));
    assert!(verify("p", "not a hash", CHEAP).is_err());
}
