//! The calendar that the repository ships, for tests that count real days.

use std::path::Path;

use tongban_catalog::calendar::{Calendar, CalendarYear};
use tongban_catalog::source::load_yaml;

/// Every file of `config/calendar/`, joined.
pub(crate) fn shipped() -> Calendar {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/calendar");
    let mut years = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let year: CalendarYear =
            load_yaml(&name, &text).unwrap_or_else(|faults| panic!("{faults:#?}"));
        assert_eq!(
            name,
            format!("{}.yaml", year.year),
            "a file is named after its year"
        );
        years.push(year);
    }
    Calendar::new(years).unwrap_or_else(|problems| panic!("{problems:#?}"))
}
