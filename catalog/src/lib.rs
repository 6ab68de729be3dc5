//! Service items and their standard: what a hall offers, under which codes, by whom, until when.
//!
//! The catalogue is the gateway's memory of 事项目录: each [`item::ServiceItem`] says who handles what, for whom, with
//! which materials and form, in how many days; everything else in Tongban asks here before it acts.
//!
//! # What always holds
//!
//! * **Pure.** No network, no database, no async, no threads, no file access and no clock: text comes in as `&str`, the
//!   day as an argument, and the same input gives the same answer on every machine.
//! * **Parsed once, right from then on.** A code, an identity number or an item that exists as a value of this crate has
//!   passed its checks; nothing checks it a second time. What cannot be checked (an item code in the scheme of some
//!   other authority) stays an opaque string and is never taken apart.
//! * **Every fault at once.** A file that a person edits is read with [`source::load_yaml`] and answers with the value
//!   or with all its faults, each at its line and column with a hint, in Chinese and English.
//! * **Total tables.** A code that a table does not have is an error that quotes it, never a guess.
//! * **Immutable.** A published item version never changes; a [`snapshot::Catalogue`] never changes. What is new is a new
//!   value beside the old.
//!
//! # Where to look
//!
//! | module | holds |
//! | --- | --- |
//! | [`source`] | files that people edit: YAML with the place of every fault; all rooms use it |
//! | [`identifier`] | unified social credit code, organisation code, citizen id, each with its check character |
//! | [`code`] | item codes by scheme, application numbers, the daily serial and what comes after 9,999 |
//! | [`region`] | administrative divisions GB/T 2260, containment, aliases |
//! | [`tables`] | the code tables of GB/T 39046-2020 |
//! | [`item`] | the service item: elements, situations, materials, limits, form, rules |
//! | [`organisation`] | the tree of bodies |
//! | [`calendar`] | working days and days off, year by year with their sources |
//! | [`deadline`] | due dates and the clocks of a case, each explained day by day |
//! | [`snapshot`] | the catalogue at run time: by code, by version, by search with facets |
//!
//! # From a file to a number
//!
//! ```
//! use std::sync::Arc;
//! use jiff::civil::date;
//! use tongban_catalog::item::ServiceItem;
//! use tongban_catalog::organisation::OrganisationTree;
//! use tongban_catalog::snapshot::{Availability, Catalogue, Query};
//! use tongban_catalog::source::load_yaml;
//!
//! let text = include_str!("../../config/items/info-disclosure-zhuhai.yaml");
//! let item: ServiceItem = load_yaml("info-disclosure-zhuhai.yaml", text).map_err(|faults| faults[0].clone())?;
//! let catalogue = Catalogue::new([Arc::new(item)], Arc::new(OrganisationTree::default()));
//!
//! let today = date(2017, 6, 5);
//! let found = catalogue.by_code("10131300500698857413440400", today).ok_or("no such item")?;
//! assert_eq!(found.availability, Availability::Open);
//! let number = found.item.number_stem(today).and_then(|stem| stem.number(1));
//! assert_eq!(number.as_deref(), Some("10131300500698857411706050001"));
//!
//! assert_eq!(catalogue.search(&Query::new().text("zfxxgk"), today).total, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod calendar;
pub mod code;
pub mod deadline;
pub mod identifier;
pub mod item;
mod language;
pub mod organisation;
pub mod region;
pub mod snapshot;
pub mod source;
pub mod tables;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod samples;

pub use language::{Bilingual, Language};
