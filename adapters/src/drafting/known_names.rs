//! What fields and operations are usually called (常用字段名): `known_names.txt`, read.

use std::collections::BTreeMap;

const TABLE: &str = include_str!("known_names.txt");

/// Meanings by section and name.
#[derive(Debug)]
pub(super) struct KnownNames {
    sections: BTreeMap<&'static str, Section>,
}

/// A section, in the order of the file.
#[derive(Debug, Default)]
struct Section {
    entries: Vec<(&'static str, Vec<&'static str>)>,
    by_name: BTreeMap<&'static str, &'static str>,
}

impl KnownNames {
    pub(super) fn read() -> Self {
        let mut sections: BTreeMap<&'static str, Section> = BTreeMap::new();
        let mut current = "";
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
                current = name;
            } else if let Some((meaning, names)) = line.split_once(" <- ") {
                let section = sections.entry(current).or_default();
                let names: Vec<_> = names.split_whitespace().collect();
                for name in &names {
                    section.by_name.entry(name).or_insert(meaning);
                }
                section.entries.push((meaning, names));
            }
        }
        Self { sections }
    }

    /// What a name means in a section.
    pub(super) fn meaning(&self, section: &str, name: &str) -> Option<&'static str> {
        let section = self.sections.get(section)?;
        section.by_name.get(plain(name).as_str()).copied()
    }

    /// The meaning whose word stands first in a name, with the place of the word; of two at one place the longer word.
    pub(super) fn first_word(&self, section: &str, name: &str) -> Option<(&'static str, usize)> {
        let plain = plain(name);
        let entries = &self.sections.get(section)?.entries;
        let found = entries.iter().flat_map(|(meaning, words)| {
            let places = words.iter().filter_map(|word| {
                let at = plain.find(word)?;
                Some((at, std::cmp::Reverse(word.len()), *meaning))
            });
            places.collect::<Vec<_>>()
        });
        found.min().map(|(at, _, meaning)| (meaning, at))
    }

    /// Canonical words of a code table with the codes to begin with.
    pub(super) fn codes(&self, table: &str) -> Vec<(&'static str, &'static str)> {
        let section = self.sections.get("codes");
        let mut entries = section.iter().flat_map(|section| &section.entries);
        let found = entries.find(|(name, _)| *name == table);
        let words = found.map_or(&[][..], |(_, words)| words);
        words.iter().filter_map(|w| w.split_once('=')).collect()
    }
}

fn plain(name: &str) -> String {
    let kept = name.chars().filter(|c| !matches!(c, '_' | '-' | '.' | '@'));
    kept.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_once_in_a_section_and_is_written_as_it_is_compared() {
        for (section, found) in KnownNames::read().sections {
            let mut seen = std::collections::BTreeSet::new();
            for (_, names) in &found.entries {
                for name in names {
                    assert!(
                        section == "codes" || seen.insert(*name),
                        "{section}: {name} stands twice"
                    );
                    // Entries of code tables are canonical words, which are not compared with names.
                    assert!(
                        section == "codes" || plain(name) == *name,
                        "{section}: {name}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_word_that_stands_first_says_what_an_operation_does() {
        let known = KnownNames::read();
        let word = |name| known.first_word("operations", name).map(|(role, _)| role);
        assert_eq!(word("submitApplication"), Some("submit"));
        assert_eq!(word("query_status"), Some("query"));
        assert_eq!(word("getApplyInfo"), Some("query"));
        assert_eq!(word("补正材料"), Some("supplement"));
        assert_eq!(word("WithdrawApplication"), Some("withdraw"));
        assert_eq!(word("heartbeat"), None);
    }
}
