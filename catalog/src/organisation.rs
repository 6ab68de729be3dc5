//! The tree of bodies: who stands under whom.
//!
//! Read from `config/organisations/*.yaml` (`schema: tongban/organisations/1`); several files make one tree. A tree that
//! exists has unique ids, known parents and no cycles, so walking up always ends.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::identifier::UnifiedCode;
use crate::item::OrganisationId;
use crate::language::Language;
use crate::region::{RegionAliases, RegionCode};
use crate::source::{Document, Fault, Finding, Placed, nearest};

/// The first key of a file of bodies.
pub const ORGANISATIONS_SCHEMA: &str = "tongban/organisations/1";

/// One body (机构).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// Its name for programs.
    pub id: OrganisationId,
    /// Its name, at most 100 characters.
    pub name: String,
    /// The name in English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_en: Option<String>,
    /// 统一社会信用代码.
    pub uscc: UnifiedCode,
    /// The region that it serves.
    pub region: RegionCode,
    /// The body that it stands under; none at the top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<OrganisationId>,
}

impl Organisation {
    /// The name in a language; Chinese where there is no English one.
    pub fn name_in(&self, language: Language) -> &str {
        match (language, &self.name_en) {
            (Language::English, Some(name)) => name,
            _ => &self.name,
        }
    }
}

/// One file of bodies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganisationFile {
    /// The bodies.
    pub organisations: Vec<Organisation>,
    /// Other codes and names of regions, each with the code that it stands for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub region_aliases: BTreeMap<String, RegionCode>,
    /// True for demonstration data.
    #[serde(default)]
    pub sample: bool,
}

impl Document for OrganisationFile {
    const SCHEMA: &'static str = ORGANISATIONS_SCHEMA;

    fn findings(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for (index, body) in self.organisations.iter().enumerate() {
            let length = body.name.chars().count();
            if !(1..=100).contains(&length) {
                found.push(Finding::new(
                    format!("/organisations/{index}/name"),
                    "out_of_range",
                    format!("名称应为1至100个字，实为{length}个"),
                    format!("a name has 1 to 100 characters, this has {length}"),
                ));
            }
        }
        let mut aliases = RegionAliases::default();
        for (alias, region) in &self.region_aliases {
            if let Err(error) = aliases.add(alias, region.clone()) {
                let text = error.to_string();
                let (zh, en) = text.split_once(" / ").unwrap_or((&text, &text));
                found.push(Finding::new(
                    format!("/region_aliases/{alias}"),
                    "region_alias",
                    zh,
                    en,
                ));
            }
        }
        found
    }
}

/// The tree of bodies.
#[derive(Clone, Debug, Default)]
pub struct OrganisationTree {
    bodies: BTreeMap<OrganisationId, Organisation>,
    children: HashMap<OrganisationId, Vec<OrganisationId>>,
    aliases: RegionAliases,
}

impl OrganisationTree {
    /// Joins files into one tree.
    ///
    /// # Errors
    /// Every id that stands twice, every parent that nobody is, every body on a cycle, each at its place.
    pub fn build(files: &[Placed<OrganisationFile>]) -> Result<Self, Vec<Fault>> {
        let all: Vec<Located<'_>> = files
            .iter()
            .flat_map(|file| {
                let numbered = file.value.organisations.iter().enumerate();
                numbered.map(move |(index, body)| Located { file, index, body })
            })
            .collect();
        let faults = faults(&all);
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut aliases = RegionAliases::guangdong();
        for (alias, region) in files.iter().flat_map(|file| &file.value.region_aliases) {
            // A file's own check has refused aliases that cannot be added.
            let _ = aliases.add(alias, region.clone());
        }
        let mut tree = Self {
            aliases,
            ..Self::default()
        };
        for Located { body, .. } in all {
            if let Some(parent) = &body.parent {
                tree.children
                    .entry(parent.clone())
                    .or_default()
                    .push(body.id.clone());
            }
            tree.bodies.insert(body.id.clone(), body.clone());
        }
        for children in tree.children.values_mut() {
            children.sort();
        }
        Ok(tree)
    }

    /// A body.
    pub fn get(&self, id: &OrganisationId) -> Option<&Organisation> {
        self.bodies.get(id)
    }

    /// All bodies, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Organisation> {
        self.bodies.values()
    }

    /// The bodies directly under one.
    pub fn children(&self, id: &OrganisationId) -> impl Iterator<Item = &Organisation> {
        self.children
            .get(id)
            .into_iter()
            .flatten()
            .filter_map(|child| self.get(child))
    }

    /// The bodies above one, nearest first, without itself.
    pub fn ancestors<'t>(&'t self, id: &OrganisationId) -> impl Iterator<Item = &'t Organisation> {
        let above =
            move |body: &&'t Organisation| body.parent.as_ref().and_then(|parent| self.get(parent));
        std::iter::successors(self.get(id).and_then(|body| above(&body)), above)
    }

    /// The bodies under one at any depth, without itself, each after the one that it stands under.
    pub fn descendants(&self, id: &OrganisationId) -> Vec<&Organisation> {
        let mut found: Vec<&Organisation> = self.children(id).collect();
        let mut next = 0;
        while let Some(body) = found.get(next) {
            let below: Vec<_> = self.children(&body.id).collect();
            found.extend(below);
            next += 1;
        }
        found
    }

    /// Whether a body is `ancestor` itself or stands under it. False for bodies that the tree does not have.
    pub fn contains(&self, ancestor: &OrganisationId, id: &OrganisationId) -> bool {
        self.get(id).is_some_and(|body| body.id == *ancestor)
            || self.ancestors(id).any(|above| above.id == *ancestor)
    }

    /// The region aliases of the files, with those of Guangdong.
    pub fn region_aliases(&self) -> &RegionAliases {
        &self.aliases
    }
}

/// A body and where it is written.
#[derive(Clone, Copy)]
struct Located<'f> {
    file: &'f Placed<OrganisationFile>,
    index: usize,
    body: &'f Organisation,
}

impl Located<'_> {
    fn fault(&self, key: &str, code: &'static str, zh: String, en: String) -> Fault {
        self.file.fault(Finding::new(
            format!("/organisations/{}/{key}", self.index),
            code,
            zh,
            en,
        ))
    }
}

fn faults(all: &[Located<'_>]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut by_id: HashMap<&OrganisationId, Located<'_>> = HashMap::new();
    for located in all {
        let id = &located.body.id;
        if let Some(first) = by_id.get(id) {
            let at = first
                .file
                .place(&format!("/organisations/{}/id", first.index));
            let first = format!("{}:{}", first.file.file(), at.line);
            faults.push(located.fault(
                "id",
                "organisation_repeated",
                format!("机构 {id} 已在 {first} 定义"),
                format!("the body {id} is defined at {first} already"),
            ));
        } else {
            by_id.insert(id, *located);
        }
    }
    for located in all {
        let Some(parent) = &located.body.parent else {
            continue;
        };
        if !by_id.contains_key(parent) {
            let fault = located.fault(
                "parent",
                "unknown_parent",
                format!("没有机构 {parent}"),
                format!("there is no body {parent}"),
            );
            let near = nearest(parent.as_str(), by_id.keys().map(|id| id.as_str()));
            faults.push(fault.with_suggestion(near));
        } else if is_on_cycle(&located.body.id, &by_id) {
            faults.push(located.fault(
                "parent",
                "organisation_cycle",
                format!("机构 {} 成了自己的下级", located.body.id),
                format!("the body {} stands under itself", located.body.id),
            ));
        }
    }
    faults
}

fn is_on_cycle(start: &OrganisationId, by_id: &HashMap<&OrganisationId, Located<'_>>) -> bool {
    let mut seen = HashSet::new();
    let mut at = start;
    while let Some(parent) = by_id
        .get(at)
        .and_then(|located| located.body.parent.as_ref())
    {
        if parent == start {
            return true;
        }
        if !seen.insert(parent) {
            return false;
        }
        at = parent;
    }
    false
}

#[cfg(test)]
mod tests;
