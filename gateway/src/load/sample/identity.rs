//! Identity numbers of nobody, each with its right check character, all different.

use jiff::civil::{Date, date};
use tongban_catalog::identifier::{CitizenId, UnifiedCode};

/// Province codes as such stand on no identity card (those begin with a county's code), so these numbers belong to nobody.
const REGION: &str = "440000";
/// Birth years: 60 from here, all past.
const YEAR: u64 = 1950;
const BORN_BEFORE: Date = date(2010, 1, 1);
/// Different resident numbers: 60 years of 12 months of 28 days of 1,000 serials.
pub const RESIDENTS: u64 = 60 * 12 * 28 * 1_000;
/// Different company codes.
pub const COMPANIES: u64 = 10_000_000;

/// The resident identity number (公民身份号码) with this index; those of [`RESIDENTS`] indices in a row all differ.
#[must_use]
pub fn resident(index: u64) -> Option<String> {
    let index = index % RESIDENTS;
    let (serial, day) = (index % 1_000, index / 1_000);
    let (day, month, year) = (1 + day % 28, 1 + day / 28 % 12, YEAR + day / 336);
    let digits = format!("{REGION}{year}{month:02}{day:02}{serial:03}");
    let number = CitizenId::with_check_character(&digits, BORN_BEFORE).ok()?;
    Some(number.reveal().to_owned())
}

/// The unified social credit code (统一社会信用代码) of a company with this index; those of [`COMPANIES`] indices in a row differ.
#[must_use]
pub fn company(index: u64) -> Option<String> {
    let body = format!("Y{:07}", index % COMPANIES);
    let body = tongban_catalog::identifier::OrganisationCode::with_check_character(&body).ok()?;
    let code = UnifiedCode::with_check_character(&format!("91{REGION}{body}")).ok()?;
    Some(code.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::identity_number::check;
    use proptest::prelude::*;
    use tongban_adapters::canonical::IdentityType;

    proptest! {
        #[test]
        fn sample_numbers_pass_the_checks_of_intake(index: u64) {
            let today = date(2017, 6, 5);
            prop_assert_eq!(check(IdentityType::ResidentId, &resident(index).unwrap(), today, ""), None);
            prop_assert_eq!(check(IdentityType::UnifiedSocialCreditCode, &company(index).unwrap(), today, ""), None);
        }

        #[test]
        fn numbers_of_different_indices_differ(first in 0..COMPANIES, step in 1..1_000_000u64) {
            prop_assert_ne!(resident(first), resident(first + step));
            prop_assert_ne!(company(first), company(first + step));
        }
    }
}
