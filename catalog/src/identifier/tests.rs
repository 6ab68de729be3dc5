//! Published specimens, and what each kind of slip is told.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use jiff::civil::date;
use proptest::prelude::*;

use super::*;

const TODAY: Date = date(2017, 6, 5);

fn problem_of<T>(result: Result<T, IdentifierError>) -> Problem {
    result.err().unwrap().problem
}

#[test]
fn real_codes_pass() {
    for code in [
        "12441500196720244T",
        "11440300MB2C93125R",
        "91440300708461136T",
    ] {
        let code: UnifiedCode = code.parse().unwrap();
        assert_eq!(
            code.organisation_code().unwrap().as_str(),
            &code.as_str()[8..17]
        );
    }
    for code in ["006988574", "006994552", "698113284", "MB2C93125"] {
        code.parse::<OrganisationCode>().unwrap();
    }
    let id = CitizenId::parse("11010519491231002X", TODAY).unwrap();
    assert_eq!(
        (id.birth_date(), id.sex(), id.region()),
        (date(1949, 12, 31), Sex::Female, "110105")
    );
}

#[test]
fn a_check_character_can_be_computed_for_samples() {
    let id = CitizenId::with_check_character("11010519491231002", TODAY).unwrap();
    assert_eq!(id.reveal(), "11010519491231002X");
    let code = OrganisationCode::with_check_character("00698857").unwrap();
    assert_eq!(code.as_str(), "006988574");
    let code = UnifiedCode::with_check_character("12441500196720244").unwrap();
    assert_eq!(code.as_str(), "12441500196720244T");
    assert!(CitizenId::with_check_character("1101051949123100", TODAY).is_err());
    assert!(OrganisationCode::with_check_character("0069885a").is_err());
    assert!(UnifiedCode::with_check_character("1244150019672024I").is_err());
}

#[test]
fn a_wrong_check_character_is_told_with_the_right_one() {
    assert_eq!(
        problem_of("11440300MB2C93166R".parse::<UnifiedCode>()),
        Problem::Check {
            expected: '1',
            found: 'R'
        }
    );
    assert_eq!(
        problem_of("006988575".parse::<OrganisationCode>()),
        Problem::Check {
            expected: '4',
            found: '5'
        }
    );
    assert_eq!(
        problem_of(CitizenId::parse("110105194912310021", TODAY)),
        Problem::Check {
            expected: 'X',
            found: '1'
        }
    );
}

#[test]
fn length_and_alphabet_are_told() {
    assert_eq!(
        problem_of("1244150019672024".parse::<UnifiedCode>()),
        Problem::Length {
            expected: 18,
            found: 16
        }
    );
    assert_eq!(
        problem_of("".parse::<OrganisationCode>()),
        Problem::Length {
            expected: 9,
            found: 0
        }
    );
    assert_eq!(
        problem_of("12441500196720244t".parse::<UnifiedCode>()),
        Problem::Alphabet {
            position: 18,
            found: 't'
        }
    );
    assert_eq!(
        problem_of("1244150O196720244T".parse::<UnifiedCode>()),
        Problem::Alphabet {
            position: 8,
            found: 'O'
        }
    );
    assert_eq!(
        problem_of("００６９８８５７４".parse::<OrganisationCode>()),
        Problem::Alphabet {
            position: 1,
            found: '０'
        }
    );
    assert_eq!(
        problem_of(CitizenId::parse("11010519491231002x", TODAY)),
        Problem::Alphabet {
            position: 18,
            found: 'x'
        }
    );
    assert_eq!(
        problem_of(CitizenId::parse("1101051949123100X2", TODAY)),
        Problem::Alphabet {
            position: 17,
            found: 'X'
        }
    );
}

#[test]
fn a_birth_date_exists_and_is_not_in_the_future() {
    assert_eq!(
        problem_of(CitizenId::parse("110105194902290028", TODAY)),
        Problem::Date {
            found: "19490229".into()
        }
    );
    assert_eq!(
        problem_of(CitizenId::parse("110105000000000021", TODAY)),
        Problem::Date {
            found: "00000000".into()
        }
    );
    let of_today = "440402201706050017";
    let checked = (b'0'..=b'9')
        .chain([b'X'])
        .map(|last| format!("{}{}", &of_today[..17], char::from(last)));
    let valid: Vec<String> = checked
        .filter(|id| CitizenId::parse(id, TODAY).is_ok())
        .collect();
    assert_eq!(
        valid.len(),
        1,
        "born today is allowed, with one check character"
    );
    assert_eq!(
        problem_of(CitizenId::parse(&valid[0], date(2017, 6, 4))),
        Problem::FutureDate { found: TODAY }
    );
}

#[test]
fn a_citizen_id_does_not_show_itself() {
    let id = CitizenId::parse("11010519491231002X", TODAY).unwrap();
    assert_eq!(format!("{id:?}"), "CitizenId(110*************2X)");
    let message = CitizenId::parse("110105194912310021", TODAY)
        .unwrap_err()
        .to_string();
    assert!(!message.contains("19491231"), "{message}");
    assert_eq!(
        message,
        "公民身份号码校验位不符：应为“X”，实为“1” / citizen id: wrong check character: expected `X`, found `1`"
    );
}

proptest! {
    #[test]
    fn any_single_slip_is_noticed(position in 0usize..18, to in "[0-9A-HJ-NP-RTUWXY]") {
        let right = "12441500196720244T";
        let mut wrong = right.to_owned();
        wrong.replace_range(position..=position, &to);
        prop_assert_eq!(wrong.parse::<UnifiedCode>().is_ok(), wrong == right);
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,24}") {
        let _ = text.parse::<UnifiedCode>();
        let _ = text.parse::<OrganisationCode>();
        let _ = CitizenId::parse(&text, TODAY);
    }
}
