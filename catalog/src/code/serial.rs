//! The daily serial at the end of an application number: four characters for 1,679,615 applications.

/// The largest serial that four characters hold: 9,999 in digits and 36⁴ − 10⁴ with letters.
pub const MAX_SERIAL: u32 = LAST_DIGITS + 36 * 36 * 36 * 36 - 10_000;
/// The last serial in digits only; partners that take no letters cannot take the next as it is.
const LAST_DIGITS: u32 = 9_999;

/// The characters of the `n`-th application of an item and day (from 1): `0001` … `9999`, then every text of four
/// digits and capitals that holds at least one letter, in alphabetical order (`000A` … `ZZZZ`). `None` for 0 and beyond
/// [`MAX_SERIAL`].
///
/// The structure of the number allows four characters (domain 1.3), of which the specification of 2013 uses the digits.
///
/// ```
/// use tongban_catalog::code::serial;
/// assert_eq!(serial(68).as_deref(), Some("0068"));
/// assert_eq!(serial(10_000).as_deref(), Some("000A"));
/// ```
pub fn serial(n: u32) -> Option<String> {
    match n {
        1..=LAST_DIGITS => Some(format!("{n:04}")),
        0 => None,
        _ if n > MAX_SERIAL => None,
        _ => Some(with_letter(n - LAST_DIGITS - 1)),
    }
}

/// Which application of its item and day a serial belongs to; `None` if it is no serial. The inverse of [`serial`].
pub fn serial_number(serial: &str) -> Option<u32> {
    if serial.len() != 4
        || !serial
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
    {
        return None;
    }
    if let Ok(n) = serial.parse() {
        return (n > 0).then_some(n);
    }
    let mut before = 0;
    let mut lettered = false;
    for (index, byte) in serial.bytes().enumerate() {
        let digit = digit_of(byte);
        let places = 3 - index;
        before += (0..digit)
            .map(|smaller| completions(lettered || smaller >= 10, places))
            .sum::<u32>();
        lettered |= digit >= 10;
    }
    Some(LAST_DIGITS + 1 + before)
}

/// The text with a letter that has `before` such texts before it in alphabetical order.
fn with_letter(mut before: u32) -> String {
    let mut text = String::with_capacity(4);
    let mut lettered = false;
    for places in (0..4).rev() {
        let mut digit = 0;
        loop {
            let here = completions(lettered || digit >= 10, places);
            if before < here {
                break;
            }
            before -= here;
            digit += 1;
        }
        lettered |= digit >= 10;
        text.push(character(digit));
    }
    text
}

/// In how many ways a text can end whose last `places` characters are open and which must hold a letter.
fn completions(lettered: bool, places: usize) -> u32 {
    let all = (0..places).fold(1, |ways, _| ways * 36);
    let digits = (0..places).fold(1, |ways, _| ways * 10);
    if lettered { all } else { all - digits }
}

fn character(digit: u32) -> char {
    char::from_digit(digit, 36).map_or('Z', |character| character.to_ascii_uppercase())
}

fn digit_of(byte: u8) -> u32 {
    char::from(byte).to_digit(36).unwrap_or_default()
}
