//! Numbers, drawn inside the commit: the serial of a stem, and the short number of digits that some partners take.

use super::StoreError;
use sqlx::sqlite::SqliteConnection;

/// Serials of digits only: 0001 – 9999.
const DIGITS: u64 = 9_999;
/// Strings of four characters 0–9, A–Z with at least one letter.
const LETTERED: u64 = 36 * 36 * 36 * 36 - 10 * 10 * 10 * 10;
/// A short number has twelve digits and never begins with 0, which a partner's numeric column would lose.
const SHORT_BASE: i64 = 100_000_000_000;
const SHORT_LAST: i64 = 899_999_999_999;

/// The next number of a stem; `None` when all are given away.
pub(super) async fn draw(
    connection: &mut SqliteConnection,
    stem: &str,
) -> Result<Option<String>, StoreError> {
    let serial: i64 = sqlx::query_scalar(
        "INSERT INTO number_serial (stem, last) VALUES (?, 1)
         ON CONFLICT (stem) DO UPDATE SET last = last + 1 RETURNING last",
    )
    .bind(stem)
    .fetch_one(connection)
    .await?;
    Ok(format_serial(u64::try_from(serial).unwrap_or_default())
        .map(|serial| format!("{stem}{serial}")))
}

/// The next short number of a system; `None` when its 900 billion are given away.
pub(super) async fn draw_short(
    connection: &mut SqliteConnection,
    system_id: &str,
) -> Result<Option<String>, StoreError> {
    let serial: i64 = sqlx::query_scalar(
        "INSERT INTO short_serial (system_id, last) VALUES (?, 1)
         ON CONFLICT (system_id) DO UPDATE SET last = last + 1 RETURNING last",
    )
    .bind(system_id)
    .fetch_one(connection)
    .await?;
    Ok((serial <= SHORT_LAST).then(|| (SHORT_BASE + serial).to_string()))
}

/// The `n`-th serial of an item and day, from 1: 0001 … 9999, then the strings of four with at least one letter in ascending order.
fn format_serial(n: u64) -> Option<String> {
    if (1..=DIGITS).contains(&n) {
        return Some(format!("{n:04}"));
    }
    let mut left = n.checked_sub(DIGITS + 1).filter(|&k| k < LETTERED)?;
    let mut serial = String::with_capacity(4);
    let mut lettered = false;
    for rest in (0..4u32).rev() {
        let free = 36u64.pow(rest);
        let after_digit = if lettered {
            free
        } else {
            free - 10u64.pow(rest)
        };
        let digits = 10 * after_digit;
        let value = if left < digits {
            let value = left / after_digit;
            left %= after_digit;
            value
        } else {
            lettered = true;
            let value = 10 + (left - digits) / free;
            left = (left - digits) % free;
            value
        };
        serial.push(char::from_digit(u32::try_from(value).ok()?, 36)?.to_ascii_uppercase());
    }
    Some(serial)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]
    use super::*;

    #[test]
    fn serials_go_on_with_letters_after_the_9999th() {
        assert_eq!(format_serial(0), None);
        assert_eq!(format_serial(1).unwrap(), "0001");
        assert_eq!(format_serial(9_999).unwrap(), "9999");
        assert_eq!(format_serial(10_000).unwrap(), "000A");
        assert_eq!(format_serial(10_025).unwrap(), "000Z");
        assert_eq!(format_serial(10_026).unwrap(), "001A");
        assert_eq!(format_serial(DIGITS + LETTERED).unwrap(), "ZZZZ");
        assert_eq!(format_serial(DIGITS + LETTERED + 1), None);
    }

    #[test]
    fn no_serial_is_given_twice_and_all_have_four_characters() {
        let mut seen = std::collections::HashSet::new();
        let mut last = String::new();
        for n in 1..=DIGITS + LETTERED {
            let serial = format_serial(n).unwrap();
            assert_eq!(serial.len(), 4, "{n}");
            if n > DIGITS {
                assert!(serial.bytes().any(|b| b.is_ascii_alphabetic()), "{n}");
            }
            if n > DIGITS + 1 {
                assert!(serial > last, "{n}: {serial} after {last}");
            }
            last.clone_from(&serial);
            assert!(seen.insert(serial));
        }
    }
}
