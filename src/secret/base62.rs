//! Bytes as letters and digits: every 16 bytes are a big-endian number of 22 base-62 digits, a shorter rest as many
//! as it needs. Fixed width, so that parts can be cut out again.

/// Digits of a full chunk of 16 bytes.
pub const CHUNK_CHARS: usize = 22;

/// Digits whose number fits into 64 bits: dividing a longer one is ten times as slow.
const PART_CHARS: usize = 10;
const PART: u128 = 62_u128.pow(10);

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Encodes; the length of the text depends on the number of bytes alone.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(encoded_chars(bytes.len()));
    for chunk in bytes.chunks(16) {
        let mut number = chunk.iter().fold(0_u128, |n, byte| (n << 8) | u128::from(*byte));
        let mut digits = [b'0'; CHUNK_CHARS];
        for part in digits.rchunks_mut(PART_CHARS) {
            let above = number / PART;
            // `%` would divide once more
            write(u64::try_from(number - above * PART).unwrap_or_default(), part);
            number = above;
        }
        let skip = CHUNK_CHARS - chunk_chars(chunk.len());
        text.extend(digits.iter().skip(skip).map(|digit| char::from(*digit)));
    }
    text
}

/// Writes as many digits of a number as there is room for, the last ones.
pub(super) fn write(mut number: u64, digits: &mut [u8]) {
    for digit in digits.iter_mut().rev() {
        let value = usize::try_from(number % 62).unwrap_or_default();
        *digit = DIGITS.get(value).copied().unwrap_or(b'0');
        number /= 62;
    }
}

/// Decodes exactly `N` bytes; `None` for any other text.
#[must_use]
pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != encoded_chars(N) {
        return None;
    }
    let mut bytes = [0; N];
    let mut digits = text.as_bytes();
    for chunk in bytes.chunks_mut(16) {
        let (own, others) = digits.split_at_checked(chunk_chars(chunk.len()))?;
        digits = others;
        let mut number = 0_u128;
        for part in own.chunks(PART_CHARS) {
            let (scale, sum) = read(part)?;
            number = number.checked_mul(scale.into())?.checked_add(sum.into())?;
        }
        for byte in chunk.iter_mut().rev() {
            *byte = u8::try_from(number & 0xff).ok()?;
            number >>= 8;
        }
        if number != 0 {
            return None;
        }
    }
    Some(bytes)
}

/// How many times what stands before these digits counts, of which there are [`PART_CHARS`] at most; and their number.
fn read(part: &[u8]) -> Option<(u64, u64)> {
    part.iter().try_fold((1, 0), |(scale, sum), digit| Some((scale * 62, sum * 62 + u64::from(value(*digit)?))))
}

/// Characters that `bytes` bytes take.
#[must_use]
pub const fn encoded_chars(bytes: usize) -> usize {
    (bytes / 16) * CHUNK_CHARS + chunk_chars(bytes % 16)
}

const fn chunk_chars(bytes: usize) -> usize {
    match bytes {
        0 => 0,
        16 => CHUNK_CHARS,
        // 8 bits a byte over log2(62) = 5.954 bits a digit, rounded up
        n => (n * 8000).div_ceil(5954),
    }
}

const fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'Z' => Some(digit - b'A' + 10),
        b'a'..=b'z' => Some(digit - b'a' + 36),
        _ => None,
    }
}
