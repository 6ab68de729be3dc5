//! Exact decimals by their digits (XML Schema part 2, 3.2.3): no number of digits is too many, and nothing is rounded.

use std::cmp::Ordering;

/// A decimal without leading and trailing zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decimal<'t> {
    negative: bool,
    whole: &'t str,
    fraction: &'t str,
}

impl<'t> Decimal<'t> {
    /// Of its lexical form: a sign, digits, a point and digits, at least one digit.
    pub(crate) fn parse(text: &'t str) -> Option<Self> {
        let (negative, digits) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let whole = whole.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        Some(Self {
            negative: negative && !(whole.is_empty() && fraction.is_empty()),
            whole,
            fraction,
        })
    }

    /// Digits in all (part 2, 4.3.11).
    pub(crate) fn total_digits(&self) -> u64 {
        match self.whole.is_empty() {
            // 0.05 is 5 × 10⁻²: leading zeros of a fraction do not count, zero itself is one digit.
            true => self.fraction.trim_start_matches('0').len().max(1) as u64,
            false => (self.whole.len() + self.fraction.len()) as u64,
        }
    }

    /// Digits behind the point (part 2, 4.3.12).
    pub(crate) fn fraction_digits(&self) -> u64 {
        self.fraction.len() as u64
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        self.whole
            .len()
            .cmp(&other.whole.len())
            .then_with(|| self.whole.cmp(other.whole))
            .then_with(|| self.fraction.cmp(other.fraction))
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.magnitude(other),
            (true, true) => other.magnitude(self),
        }
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn digits_are_counted_by_value_not_by_writing() {
        for (text, total, fraction) in [
            ("0", 1, 0),
            ("-0.0", 1, 0),
            ("0100", 3, 0),
            ("1.2300", 3, 2),
            ("0.05", 1, 2),
            (".5", 1, 1),
            ("5.", 1, 0),
        ] {
            let decimal = Decimal::parse(text).unwrap();
            assert_eq!(
                (decimal.total_digits(), decimal.fraction_digits()),
                (total, fraction),
                "{text}"
            );
        }
        for wrong in ["", "+", ".", "1e3", "1,5", "--1", "1.2.3", " 1"] {
            assert_eq!(Decimal::parse(wrong), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn order_is_that_of_numbers(a in -1_000_000i64..1_000_000, b in -1_000_000i64..1_000_000) {
            let written = |n: i64| format!("{}{:04}.{:03}", if n < 0 { "-" } else { "" }, n.abs() / 1000, n.abs() % 1000);
            let (x, y) = (written(a), written(b));
            prop_assert_eq!(Decimal::parse(&x).unwrap().cmp(&Decimal::parse(&y).unwrap()), a.cmp(&b));
        }
    }
}
