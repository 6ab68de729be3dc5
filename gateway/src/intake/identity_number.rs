//! Identity numbers of applicants (证件号码): check digits, and birth dates that exist and are past.

use jiff::civil::Date;
use tongban_adapters::canonical::IdentityType;
use tongban_catalog::source::Finding;

/// What is wrong with a number, told at `pointer`; at most one finding. The number itself is never repeated.
#[must_use]
pub fn check(id_type: IdentityType, number: &str, today: Date, pointer: &str) -> Option<Finding> {
    match id_type {
        IdentityType::ResidentId => resident_id(number, today),
        IdentityType::UnifiedSocialCreditCode => social_credit_code(number),
        IdentityType::OrganisationCode => organisation_code(number),
        IdentityType::Passport => passport(number),
    }
    .map(|(code, zh, en)| Finding::new(pointer, code, zh, en))
}

type Wrong = Option<(&'static str, &'static str, &'static str)>;

const FORM: Wrong = Some((
    "identity_number_form",
    "证件号码的位数或字符不正确",
    "the number has the wrong length or characters",
));
const CHECK_DIGIT: Wrong = Some((
    "wrong_check_digit",
    "证件号码校验位不正确",
    "the check digit of the number is wrong",
));

/// GB 11643-1999: 17 digits and a check character; positions 7 to 14 are the date of birth.
fn resident_id(number: &str, today: Date) -> Wrong {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let bytes = number.as_bytes();
    let (body, last) = match bytes {
        [body @ .., last @ (b'0'..=b'9' | b'X')] if body.len() == 17 => (body, *last),
        _ => return FORM,
    };
    if !body.iter().all(u8::is_ascii_digit) {
        return FORM;
    }
    let Some(born) = birth_date(body) else {
        return Some((
            "wrong_birth_date",
            "证件号码中的出生日期不存在",
            "the date of birth in the number does not exist",
        ));
    };
    if born > today {
        return Some((
            "birth_date_in_future",
            "证件号码中的出生日期晚于今日",
            "the date of birth in the number is in the future",
        ));
    }
    let sum: u32 = body
        .iter()
        .zip(WEIGHTS)
        .map(|(b, w)| u32::from(b - b'0') * w)
        .sum();
    let right = b"10X98765432"[(sum % 11) as usize];
    if last == right { None } else { CHECK_DIGIT }
}

fn birth_date(body: &[u8]) -> Option<Date> {
    let number = |range: std::ops::Range<usize>| {
        let digits = body.get(range)?;
        Some(
            digits
                .iter()
                .fold(0i16, |n, b| n * 10 + i16::from(b - b'0')),
        )
    };
    let (year, month, day) = (number(6..10)?, number(10..12)?, number(12..14)?);
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// GB 32100-2015: 18 characters of an alphabet of 31, weights 3^i mod 31.
fn social_credit_code(number: &str) -> Wrong {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let value = |b: u8| ALPHABET.iter().position(|a| *a == b);
    let values: Option<Vec<usize>> = number.bytes().map(value).collect();
    let Some(values) = values.filter(|v| v.len() == 18) else {
        return FORM;
    };
    let weights = std::iter::successors(Some(1usize), |w| Some(w * 3 % 31));
    let sum: usize = values
        .iter()
        .take(17)
        .zip(weights)
        .map(|(v, w)| v * w)
        .sum();
    if values[17] == (31 - sum % 31) % 31 {
        None
    } else {
        CHECK_DIGIT
    }
}

/// GB 11714: eight digits or capital letters and a check character, with or without the hyphen before it.
fn organisation_code(number: &str) -> Wrong {
    const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
    let plain: Vec<u8> = match number.as_bytes() {
        [body @ .., b'-', last] => body.iter().chain([last]).copied().collect(),
        whole => whole.to_vec(),
    };
    let value = |b: &u8| match b {
        b'0'..=b'9' => Some(u32::from(b - b'0')),
        b'A'..=b'Z' => Some(u32::from(b - b'A') + 10),
        _ => None,
    };
    let [body @ .., last @ (b'0'..=b'9' | b'X')] = plain.as_slice() else {
        return FORM;
    };
    let values: Option<Vec<u32>> = body.iter().map(value).collect();
    let Some(values) = values.filter(|v| v.len() == 8) else {
        return FORM;
    };
    let sum: u32 = values.iter().zip(WEIGHTS).map(|(v, w)| v * w).sum();
    let right = b"0123456789X0"[(11 - sum % 11) as usize];
    if *last == right { None } else { CHECK_DIGIT }
}

/// No check digit: 5 to 20 letters and digits (the machine-readable zone of ICAO 9303 has nine, older books differ).
fn passport(number: &str) -> Wrong {
    let sane =
        (5..=20).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_alphanumeric());
    if sane { None } else { FORM }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_standards_pass_and_their_neighbours_fail() {
        use IdentityType::{OrganisationCode, Passport, ResidentId, UnifiedSocialCreditCode};
        let today = jiff::civil::date(2017, 6, 5);
        for (id_type, number, expected) in [
            (ResidentId, "11010519491231002X", None),
            (
                ResidentId,
                "11010519491231002x",
                Some("identity_number_form"),
            ),
            (ResidentId, "110105194912310021", Some("wrong_check_digit")),
            (UnifiedSocialCreditCode, "12441500196720244T", None),
            (UnifiedSocialCreditCode, "11440300MB2C93125R", None),
            (UnifiedSocialCreditCode, "91440300708461136T", None),
            (
                UnifiedSocialCreditCode,
                "11440300MB2C93166R",
                Some("wrong_check_digit"),
            ),
            (
                UnifiedSocialCreditCode,
                "11440300MB2C9316IR",
                Some("identity_number_form"),
            ),
            (OrganisationCode, "006988574", None),
            (OrganisationCode, "00698857-4", None),
            (OrganisationCode, "006994552", None),
            (OrganisationCode, "006988575", Some("wrong_check_digit")),
            (Passport, "E12345678", None),
            (Passport, "E1", Some("identity_number_form")),
        ] {
            let found = check(id_type, number, today, "/n").map(|f| f.code);
            assert_eq!(found, expected, "{number}");
        }
    }
}
