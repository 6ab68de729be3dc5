//! Identity numbers of applicants (证件号码): check digits, and birth dates that exist and are past.

use jiff::civil::Date;
use tongban_adapters::canonical::IdentityType;
use tongban_catalog::identifier::{
    CitizenId, IdentifierError, OrganisationCode, Problem, UnifiedCode,
};
use tongban_catalog::source::Finding;

/// What is wrong with a number, told at `pointer`; at most one finding.
#[must_use]
pub fn check(id_type: IdentityType, number: &str, today: Date, pointer: &str) -> Option<Finding> {
    let error = match id_type {
        IdentityType::ResidentId => CitizenId::parse(number, today).err(),
        IdentityType::UnifiedSocialCreditCode => number.parse::<UnifiedCode>().err(),
        IdentityType::OrganisationCode => without_hyphen(number).parse::<OrganisationCode>().err(),
        IdentityType::Passport => return passport(number, pointer),
    }?;
    let words = error.worded();
    Some(Finding::new(pointer, code(&error), words.zh, words.en))
}

fn code(error: &IdentifierError) -> &'static str {
    match error.problem {
        Problem::Length { .. } | Problem::Alphabet { .. } => "identity_number_form",
        Problem::Date { .. } => "wrong_birth_date",
        Problem::FutureDate { .. } => "birth_date_in_future",
        Problem::Check { .. } => "wrong_check_digit",
    }
}

/// Organisation codes are often written with a hyphen before the check character (GB 11714 prints them so).
fn without_hyphen(number: &str) -> String {
    match number.char_indices().nth_back(1) {
        Some((at, '-')) => format!("{}{}", &number[..at], &number[at + 1..]),
        _ => number.to_owned(),
    }
}

/// No check digit: 5 to 20 letters and digits (the machine-readable zone of ICAO 9303 has nine, older books differ).
fn passport(number: &str, pointer: &str) -> Option<Finding> {
    let sane =
        (5..=20).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_alphanumeric());
    let zh = "护照号码须为5至20位字母或数字";
    let en = "a passport number has 5 to 20 letters and digits";
    (!sane).then(|| Finding::new(pointer, "identity_number_form", zh, en))
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
            (OrganisationCode, "006988575", Some("wrong_check_digit")),
            (Passport, "E12345678", None),
            (Passport, "E1", Some("identity_number_form")),
        ] {
            let found = check(id_type, number, today, "/n").map(|f| f.code);
            assert_eq!(found, expected, "{number}");
        }
    }
}
