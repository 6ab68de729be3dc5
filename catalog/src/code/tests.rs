//! Codes met in practice, what slips are told, and the order of serials.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::identifier::Problem;

const GD26: &str = "10131300500698857413440400";
const CN31: &str = "12441500196720244T3442199806003";

fn problem(scheme: CodeScheme, value: &str) -> ItemCodeProblem {
    ItemCode::new(scheme, value).unwrap_err().problem
}

#[test]
fn real_codes_fit_and_show_their_parts() {
    let code = ItemCode::new(CodeScheme::Gd26, GD26).unwrap();
    assert_eq!(code.organisation_code(), Some("006988574"));
    assert_eq!(
        (code.level_code(), code.region_code()),
        (Some("3"), Some("440400"))
    );
    assert_eq!(code.number_prefix(), Some("1013130050069885741"));
    ItemCode::new(CodeScheme::Gd26, "10028400000699455214440403").unwrap();

    let code = ItemCode::new(CodeScheme::Cn31, CN31).unwrap();
    assert_eq!(code.unified_code(), Some("12441500196720244T"));
    assert_eq!(code.basic_code(), Some("442199806003"));
    assert_eq!(
        (code.level_code(), code.number_prefix()),
        (Some("3"), Some(CN31))
    );

    let code = ItemCode::new(CodeScheme::Cn33, &format!("{CN31}01")).unwrap();
    assert_eq!(code.number_prefix(), Some(CN31));
    assert_eq!(
        ItemCode::new(CodeScheme::Cn12, "442199806003")
            .unwrap()
            .number_prefix(),
        None
    );
}

#[test]
fn check_digits_inside_a_code_are_checked() {
    let wrong = GD26.replace("006988574", "006988547");
    assert!(matches!(
        problem(CodeScheme::Gd26, &wrong),
        ItemCodeProblem::Identifier { position: 10, error } if matches!(error.problem, Problem::Check { found: '7', .. })
    ));
    let wrong = CN31.replace("244T", "244R");
    assert!(matches!(
        problem(CodeScheme::Cn31, &wrong),
        ItemCodeProblem::Identifier { position: 1, error } if error.problem == Problem::Check { expected: 'T', found: 'R' }
    ));
}

#[test]
fn length_alphabet_and_level_are_told() {
    assert_eq!(
        problem(CodeScheme::Gd26, &GD26[1..]),
        ItemCodeProblem::Length {
            expected: "26",
            found: 25
        }
    );
    assert_eq!(
        problem(CodeScheme::Cn12, ""),
        ItemCodeProblem::Length {
            expected: "12",
            found: 0
        }
    );
    assert_eq!(
        problem(CodeScheme::Cn12, "44219980600X"),
        ItemCodeProblem::Alphabet {
            position: 12,
            found: 'X'
        }
    );
    assert_eq!(
        problem(CodeScheme::Gbt24, "01-00"),
        ItemCodeProblem::Alphabet {
            position: 3,
            found: '-'
        }
    );
    assert_eq!(
        problem(CodeScheme::Local, "../etc"),
        ItemCodeProblem::Alphabet {
            position: 1,
            found: '.'
        }
    );
    assert_eq!(
        problem(CodeScheme::Gd26, &GD26.replace("13440400", "19440400")),
        ItemCodeProblem::Level { found: '9' }
    );
    assert_eq!(
        problem(CodeScheme::Cn31, &CN31.replace("244T3", "244T0")),
        ItemCodeProblem::Level { found: '0' }
    );
}

#[test]
fn numbers_grow_as_those_met_in_practice() {
    let gd = [ItemCode::new(CodeScheme::Gd26, GD26).unwrap()];
    let stem = NumberScheme::Gd29.stem(&gd, date(2014, 9, 16)).unwrap();
    assert_eq!(stem.number(1687).unwrap(), "10131300500698857411409161687");
    assert_eq!(
        NumberStem::of_number("10131300500698857411409161687"),
        Some((stem, 1687))
    );

    let cn = [ItemCode::new(CodeScheme::Cn31, CN31).unwrap()];
    let stem = NumberScheme::Cn43.stem(&cn, date(2022, 6, 23)).unwrap();
    assert_eq!(
        stem.number(68).unwrap(),
        "12441500196720244T3442199806003202206230068"
    );
    assert_eq!(stem.number(9_999 + 1).unwrap().len(), 43);
    assert_eq!(NumberScheme::Gd29.stem(&cn, date(2022, 6, 23)), None);
}

#[test]
fn a_local_number_has_room_for_38_characters_of_code() {
    let code = |length: usize| [ItemCode::new(CodeScheme::Local, &"A".repeat(length)).unwrap()];
    let stem = NumberScheme::Local
        .stem(&code(38), date(2017, 6, 5))
        .unwrap();
    assert_eq!(stem.number(1).unwrap().len(), 50);
    assert_eq!(NumberScheme::Local.stem(&code(39), date(2017, 6, 5)), None);
}

#[test]
fn what_is_no_number_has_no_stem() {
    for text in [
        "",
        "0001",
        "1234567000x",
        "办件编码办件编码0001",
        "140916100",
    ] {
        assert_eq!(NumberStem::of_number(text), None, "{text}");
    }
}

#[test]
fn serials_begin_with_digits_and_go_on_with_letters_to_the_last() {
    assert_eq!(serial(0), None);
    assert_eq!(serial(1).unwrap(), "0001");
    assert_eq!(serial(9_999).unwrap(), "9999");
    assert_eq!(serial(10_000).unwrap(), "000A");
    assert_eq!(serial(10_025).unwrap(), "000Z");
    assert_eq!(serial(10_026).unwrap(), "001A");
    assert_eq!(serial(MAX_SERIAL).unwrap(), "ZZZZ");
    assert_eq!(serial(MAX_SERIAL + 1), None);
    assert_eq!(MAX_SERIAL, 1_679_615, "1.67 million beyond the digits");
}

#[test]
fn all_serials_differ_and_lead_back() {
    let mut seen = vec![false; 36 * 36 * 36 * 36];
    let mut last_lettered = String::new();
    for n in 1..=MAX_SERIAL {
        let serial = serial(n).unwrap();
        assert_eq!(serial.len(), 4);
        assert_eq!(
            serial.bytes().any(|byte| byte.is_ascii_uppercase()),
            n > 9_999,
            "{serial}"
        );
        assert!(
            n <= 9_999 || serial > last_lettered,
            "{last_lettered} then {serial}"
        );
        let place = usize::from_str_radix(&serial, 36).unwrap();
        assert!(!std::mem::replace(&mut seen[place], true), "{serial} twice");
        if n % 101 == 0 {
            assert_eq!(serial_number(&serial), Some(n));
        }
        if n > 9_999 {
            last_lettered = serial;
        }
    }
    assert_eq!(
        seen.iter().filter(|seen| !**seen).count(),
        1,
        "all but 0000"
    );
}

proptest! {
    #[test]
    fn a_serial_leads_back_to_its_number(n in 1..=MAX_SERIAL) {
        prop_assert_eq!(serial_number(&serial(n).unwrap()), Some(n));
    }

    #[test]
    fn serials_keep_the_order_of_numbers_within_digits_and_within_letters(a in 1..=MAX_SERIAL, b in 1..=MAX_SERIAL) {
        if (a > 9_999) == (b > 9_999) {
            prop_assert_eq!(a.cmp(&b), serial(a).unwrap().cmp(&serial(b).unwrap()));
        }
    }

    #[test]
    fn no_text_is_taken_for_a_serial_unless_it_is_one(text in "\\PC{0,6}") {
        if let Some(n) = serial_number(&text) {
            prop_assert_eq!(serial(n), Some(text));
        }
    }

    #[test]
    fn no_code_panics(value in "\\PC{0,60}", scheme in prop::sample::select(CodeScheme::ALL)) {
        if let Ok(code) = ItemCode::new(scheme, &value) {
            let _ = (code.organisation_code(), code.unified_code(), code.basic_code(), code.number_prefix());
        }
    }
}
