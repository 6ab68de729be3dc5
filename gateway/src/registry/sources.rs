//! What operators write under `config/`: read, checked as a whole, registered; and the snapshot built from what is registered.
//!
//! Nothing is registered when anything is wrong. Checks that span kinds of files (an item's organisation, its route, a route's system)
//! are made when both kinds are among the files.

use super::routes_file::RoutesFile;
use crate::store::audit::NewAudit;
use crate::store::registry::RegistryChange;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use tongban_adapters::definition::CompiledDefinition;
use tongban_catalog::calendar::{Calendar, CalendarYear};
use tongban_catalog::item::ServiceItem;
use tongban_catalog::organisation::{OrganisationFile, OrganisationTree};
use tongban_catalog::snapshot::cross_check;
use tongban_catalog::source::{Document, Fault, Finding, Place, Placed, load_placed, schema_of};

/// The schema of a system definition.
const SYSTEM_SCHEMA: &str = "tongban/system/1";
/// The schema of an installation's settings: checked by `check`, registered by nobody.
const CONFIG_SCHEMA: &str = <crate::config::Config as Document>::SCHEMA;

/// A file as it was given.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceText {
    /// Its name for messages; the same name replaces what was registered under it before.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// A definition with its text.
struct SystemSource {
    text: String,
    definition: CompiledDefinition,
}

/// Everything that was read, without a fault.
#[derive(Default)]
pub struct Sources {
    items: Vec<Placed<ServiceItem>>,
    organisations: Vec<Placed<OrganisationFile>>,
    years: Vec<Placed<CalendarYear>>,
    routes: Vec<Placed<RoutesFile>>,
    systems: Vec<SystemSource>,
    documents: Vec<(String, String, String)>,
    settings: usize,
}

/// Reads and checks files. `today` is the legal day on which routes must hold.
///
/// # Errors
/// Every fault of every file, in the order of the files.
pub fn read(
    files: &[SourceText],
    environment: &dyn Fn(&str) -> Option<String>,
    today: Date,
) -> Result<Sources, Vec<Fault>> {
    let mut sources = Sources::default();
    let mut faults = Vec::new();
    for file in files {
        if let Err(found) = sources.take(file, environment) {
            faults.extend(found);
        }
    }
    faults.extend(sources.across(today));
    if faults.is_empty() {
        Ok(sources)
    } else {
        Err(faults)
    }
}

impl Sources {
    fn take(
        &mut self,
        file: &SourceText,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<(), Vec<Fault>> {
        let (name, text) = (&file.name, &file.text);
        match schema_of(text).as_deref() {
            Some(ServiceItem::SCHEMA) => self.items.push(load_placed(name, text)?),
            Some(OrganisationFile::SCHEMA) => {
                self.organisations.push(load_placed(name, text)?);
                self.document("organisations", file);
            }
            Some(CalendarYear::SCHEMA) => {
                self.years.push(load_placed(name, text)?);
                self.document("calendar", file);
            }
            Some(RoutesFile::SCHEMA) => {
                self.routes.push(load_placed(name, text)?);
                self.document("routes", file);
            }
            Some(SYSTEM_SCHEMA) => {
                let definition = CompiledDefinition::compile(name, text, environment)?;
                self.systems.push(SystemSource {
                    text: text.clone(),
                    definition,
                });
            }
            Some(CONFIG_SCHEMA) => {
                crate::config::read(std::path::Path::new(name), text, environment)?;
                self.settings += 1;
            }
            other => return Err(vec![unknown_schema(name, other)]),
        }
        Ok(())
    }

    /// Keeps a file under its last name: the folder in which it lies on one machine is nobody's business.
    fn document(&mut self, kind: &str, file: &SourceText) {
        let name = file
            .name
            .rsplit('/')
            .next()
            .unwrap_or(&file.name)
            .to_owned();
        self.documents
            .push((kind.to_owned(), name, file.text.clone()));
    }

    /// What is wrong among files that are right one by one.
    fn across(&self, today: Date) -> Vec<Fault> {
        let mut faults = Vec::new();
        if !self.organisations.is_empty() {
            match OrganisationTree::build(&self.organisations) {
                Ok(tree) => faults.extend(cross_check(&self.items, &tree)),
                Err(found) => faults.extend(found),
            }
        }
        if let Err(problems) = Calendar::new(self.years.iter().map(|y| y.value.clone()).collect()) {
            let first = self.years.first();
            faults.extend(
                problems
                    .iter()
                    .filter_map(|problem| Some(first?.fault(problem.finding()))),
            );
        }
        for extra in self.routes.iter().skip(1) {
            let finding = Finding::new(
                "",
                "routes_twice",
                "路由只能写在一个文件里",
                "routes stand in one file only",
            );
            faults.push(extra.fault(finding));
        }
        if let Some(routes) = self.routes.first() {
            faults.extend(self.routing(routes, today));
        }
        faults.extend(self.repeated_systems());
        faults
    }

    fn routing(&self, routes: &Placed<RoutesFile>, today: Date) -> Vec<Fault> {
        let mut findings = Vec::new();
        if !self.systems.is_empty() {
            let ids: BTreeSet<String> = self
                .systems
                .iter()
                .map(|s| s.definition.id().to_owned())
                .collect();
            findings.extend(routes.value.unknown_systems(&ids));
        }
        for item in &self.items {
            findings.extend(routes.value.findings_for(&item.value, today));
        }
        findings
            .into_iter()
            .map(|finding| routes.fault(finding))
            .collect()
    }

    fn repeated_systems(&self) -> Vec<Fault> {
        let mut seen = BTreeSet::new();
        let repeated = self
            .systems
            .iter()
            .filter(|s| !seen.insert(s.definition.id()));
        repeated
            .map(|system| {
                let id = system.definition.id();
                Finding::new(
                    "/id",
                    "system_twice",
                    format!("系统{id}在两个文件中定义"),
                    format!("the system `{id}` is defined in two files"),
                )
                .into_fault(id, Place { line: 1, column: 1 })
            })
            .collect()
    }

    /// How much was read, in words: `24 items, 3 systems …`.
    #[must_use]
    pub fn summary(&self) -> String {
        format!(
            "{} items, {} systems, {} routes, {} calendar years, {} organisation files, {} settings",
            self.items.len(),
            self.systems.len(),
            self.routes
                .iter()
                .map(|r| r.value.routes.len())
                .sum::<usize>(),
            self.years.len(),
            self.organisations.len(),
            self.settings
        )
    }

    /// Everything as one change of the registry; what is as it was stays as it was.
    #[must_use]
    pub fn change(&self, at: Timestamp, audit: NewAudit) -> RegistryChange {
        let systems = self.systems.iter();
        RegistryChange {
            items: self.latest_items(),
            systems: systems
                .map(|s| (s.definition.id().to_owned(), s.text.clone()))
                .collect(),
            documents: self.documents.clone(),
            at,
            audit,
        }
    }

    /// The highest version of each item, in stored form. The store counts versions itself: what differs from the latest is the next.
    fn latest_items(&self) -> Vec<(String, String)> {
        let mut latest: BTreeMap<&str, &ServiceItem> = BTreeMap::new();
        for item in &self.items {
            let held = latest.entry(item.value.id.as_str()).or_insert(&item.value);
            if held.version < item.value.version {
                *held = &item.value;
            }
        }
        let stored = latest.into_iter().filter_map(|(id, item)| {
            let uncounted = ServiceItem {
                version: 1,
                ..item.clone()
            };
            Some((id.to_owned(), uncounted.to_json().ok()?))
        });
        stored.collect()
    }
}

fn unknown_schema(name: &str, found: Option<&str>) -> Fault {
    let found = found.unwrap_or("-");
    Finding::new(
        "/schema",
        "unknown_schema",
        format!("不认识的schema“{found}”"),
        format!("unknown schema `{found}`"),
    )
    .with_hint(
        "第一个键应为 schema: tongban/item/1、organisations/1、calendar/1、routes/1、system/1 或 config/1",
        "the first key says what the file is: tongban/item/1, organisations/1, calendar/1, routes/1, system/1 or config/1",
    )
    .into_fault(name, Place { line: 1, column: 1 })
}
