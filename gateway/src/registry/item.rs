//! An item version as intake and processing use it: everything that would otherwise be looked up or compiled per request.

use super::form::Form;
use crate::processing::life_cycle::Rules;
use jiff::civil::Date;
use std::collections::BTreeMap;
use tongban_adapters::canonical::ItemFact;

/// Whether an item takes applications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemState {
    /// Not published.
    Draft,
    /// Published.
    Active,
    /// Published, takes no applications for now (暂停).
    Suspended,
    /// Withdrawn (废置).
    Withdrawn,
}

/// Whether a material must come with the application (材料必要性).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Necessity {
    /// 必要.
    Required,
    /// 非必要.
    Optional,
    /// 容缺后补: may follow later.
    Later,
}

/// A material that an item asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedMaterial {
    /// Its number within the item.
    pub seq: u32,
    /// Name.
    pub name: String,
    /// Whether it must come with the application.
    pub necessity: Necessity,
    /// Situations in which it is asked for; empty: in every one.
    pub situations: Vec<String>,
}

impl PreparedMaterial {
    /// Whether it belongs to an application in this situation.
    #[must_use]
    pub fn applies_in(&self, situation: Option<&str>) -> bool {
        self.situations.is_empty()
            || situation.is_some_and(|s| self.situations.iter().any(|own| own == s))
    }
}

/// One version of an item, ready for use.
pub struct PreparedItem {
    /// Internal id.
    pub id: String,
    /// Version, from 1.
    pub version: u32,
    /// Every code that it can be applied for under.
    pub codes: Vec<String>,
    /// Name.
    pub name: String,
    /// 行使层级.
    pub level: Option<u8>,
    /// Region (GB/T 2260) in which it is offered: this one and all within it.
    pub region: String,
    /// Whether it takes applications.
    pub state: ItemState,
    /// First day on which it does.
    pub effective_from: Option<Date>,
    /// Last day on which it does.
    pub effective_to: Option<Date>,
    /// Responsible organisation.
    pub organisation_id: String,
    /// Its name.
    pub organisation_name: String,
    /// Its unified social credit code.
    pub organisation_uscc: String,
    /// Its organisation code.
    pub organisation_code: String,
    /// Situations (情形); one must be named where there are any.
    pub situations: Vec<String>,
    /// Materials.
    pub materials: Vec<PreparedMaterial>,
    /// Its form; `None`: the form is an empty object.
    pub form: Option<Form>,
    /// Limits and policies of its cases.
    pub rules: Rules,
    /// Where a channel has limits of its own (domain 4.2: a limit belongs to item and channel), by channel.
    pub channel_rules: BTreeMap<String, Rules>,
    /// How its cases are numbered.
    pub numbering: Numbering,
}

/// How the cases of an item are numbered: prefix, legal day, and a serial of four characters that the store draws per stem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbering {
    /// What stands before the day: the first 19 characters of a gd26 code, or a whole cn31 code.
    pub prefix: String,
    /// How the day is written.
    pub day: DayForm,
}

/// How a number writes its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayForm {
    /// YYMMDD, as in the 29 characters of the Guangdong scheme (SBLSH).
    SixDigits,
    /// YYYYMMDD, as in the 43 characters of the national scheme.
    EightDigits,
}

impl Numbering {
    /// The number of a case of `day` without its serial.
    #[must_use]
    pub fn stem(&self, day: Date) -> String {
        let (year, month, day_of_month) = (day.year(), day.month(), day.day());
        match self.day {
            DayForm::SixDigits => format!(
                "{}{:02}{month:02}{day_of_month:02}",
                self.prefix,
                year.rem_euclid(100)
            ),
            DayForm::EightDigits => format!("{}{year:04}{month:02}{day_of_month:02}", self.prefix),
        }
    }
}

impl PreparedItem {
    /// Whether it takes applications on this legal day.
    #[must_use]
    pub fn is_open_on(&self, day: Date) -> bool {
        self.state == ItemState::Active
            && self.effective_from.is_none_or(|from| from <= day)
            && self.effective_to.is_none_or(|to| day <= to)
    }

    /// Limits and policies of cases that came by this channel.
    #[must_use]
    pub fn rules_of_channel(&self, channel: &str) -> &Rules {
        self.channel_rules.get(channel).unwrap_or(&self.rules)
    }

    /// The facts that a case pins, under the code that was applied for.
    #[must_use]
    pub fn fact(&self, code: &str, situation: Option<&str>) -> ItemFact {
        ItemFact {
            code: code.to_owned(),
            id: self.id.clone(),
            version: self.version,
            name: self.name.clone(),
            situation: situation.map(str::to_owned),
            org_name: self.organisation_name.clone(),
            org_uscc: self.organisation_uscc.clone(),
            org_code: self.organisation_code.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stem_writes_the_day_as_its_scheme_does() {
        let day = jiff::civil::date(2014, 9, 6);
        for (form, expected) in [
            (DayForm::SixDigits, "P140906"),
            (DayForm::EightDigits, "P20140906"),
        ] {
            let numbering = Numbering {
                prefix: "P".into(),
                day: form,
            };
            assert_eq!(numbering.stem(day), expected);
        }
    }
}
