#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use super::*;

/// Codes and words lead to the value and back, and no two values share one.
macro_rules! check_table {
    ($($table:ident),*) => {$(
        for (index, value) in $table::ALL.iter().copied().enumerate() {
            assert_eq!($table::from_code(value.code()), Ok(value));
            assert_eq!($table::from_word(value.word()), Ok(value));
            assert_eq!(serde_json::to_value(value).unwrap(), value.word());
            assert!($table::ALL[..index].iter().all(|other| other.code() != value.code() && other.word() != value.word()));
        }
        assert_eq!($table::from_code("x9").unwrap_err().code, "x9");
    )*};
}

#[test]
fn every_table_reads_what_it_writes() {
    check_table!(
        Level,
        OrganisationNature,
        Audience,
        Channel,
        CaseType,
        SpecialProcedure,
        Satisfaction,
        LimitUnit,
        MaterialKind,
        MaterialSource,
        Necessity,
        RunningLevel,
        Scope
    );
}

#[test]
fn the_codes_are_those_of_the_standard() {
    let codes = |level: &str| Level::from_word(level).unwrap().code();
    assert_eq!(
        [codes("national"), codes("city"), codes("graded")],
        ["1", "3", "7"]
    );
    assert_eq!(
        OrganisationNature::from_code("9"),
        Ok(OrganisationNature::Other)
    );
    assert_eq!(CaseType::from_code("1"), Ok(CaseType::Immediate));
    assert_eq!(Satisfaction::from_code("1").unwrap().stars(), 5);
    assert_eq!(Satisfaction::from_code("5").unwrap().stars(), 1);
}

#[test]
fn both_conventions_of_units_are_known() {
    assert_eq!(LimitUnit::from_guangdong("G"), Ok(LimitUnit::WorkingDay));
    assert_eq!(LimitUnit::from_guangdong("Z"), Ok(LimitUnit::NaturalDay));
    assert_eq!(LimitUnit::from_guangdong("1").unwrap_err().code, "1");
    assert_eq!(LimitUnit::from_code("5"), Ok(LimitUnit::Month));
    assert_eq!(LimitUnit::Month.guangdong(), None);
}

#[test]
fn item_types_have_extensions_and_nothing_else() {
    for number in 0..=99 {
        let code = format!("{number:02}");
        let item_type = ItemType::from_code(&code).unwrap();
        assert_eq!(item_type.code(), code);
    }
    assert_eq!(ItemType::from_code("11"), Ok(ItemType::PowerExtension(11)));
    assert_eq!(
        ItemType::from_code("21"),
        Ok(ItemType::ServiceExtension(21))
    );
    assert_eq!("行政许可".parse(), Ok(ItemType::Licence));
    for wrong in ["1", "", "001", "XK", "１０"] {
        assert_eq!(ItemType::from_code(wrong).unwrap_err().code, wrong);
    }
}

#[test]
fn an_unknown_code_is_quoted() {
    let message = Level::from_code("8").unwrap_err().to_string();
    assert_eq!(
        message,
        "行使层级代码表没有“8” / the table 行使层级 has no code `8`"
    );
}
