//! What is sent: bytes that are no HTTP, or HTTP that two programs read in two ways.

use super::{
    known::Known,
    message::{Message, Rules},
    requests,
};
use crate::support::{Dice, SMUGGLING};

/// One of them, with a request behind it that must not be answered.
pub(super) fn smuggled(dice: &mut Dice, known: &Known) -> Message {
    let head = dice.one_of(SMUGGLING).replace("{}", &known.host);
    let behind = format!("GET /health/live HTTP/1.1\r\nHost: {}\r\n\r\n", known.host);
    let method = head.trim_start().split([' ', '\t']).next().unwrap_or_default().to_owned();
    Message { method, path: "/".to_owned(), bytes: (head + &behind).into_bytes(), rules: Rules::Refused }
}

/// Anything, after which the connection is closed from our side: it may or may not be answered.
pub(super) fn noise(dice: &mut Dice, known: &Known) -> Vec<u8> {
    match dice.below(5) {
        0 => dice.bytes(400),
        1 => [b"GET ".to_vec(), dice.bytes(200), b" HTTP/1.1\r\n\r\n".to_vec()].concat(),
        2 => vec![*dice.one_of(&[&b'\r', &b'\n', &0, &b' ', &b'A', &0x16]); dice.below(3000)],
        _ => {
            let mut bytes = requests::any(dice, known).bytes;
            for _ in 0..=dice.below(3) {
                bytes = dice.changed(&bytes[..bytes.len().min(5000)]);
            }
            bytes
        }
    }
}
