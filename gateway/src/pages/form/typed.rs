//! What a person has typed: names and values as they came, bounded.

use std::collections::BTreeMap;

/// Most values of one form.
pub const VALUES_MAX: usize = 4_000;
/// Most bytes of one value.
pub const VALUE_BYTES_MAX: usize = 64 << 10;
/// Most bytes of one name.
pub const NAME_BYTES_MAX: usize = 512;
/// Most bytes of all names and values together.
pub const BYTES_MAX: usize = 1 << 20;

/// Before the name of rows: how many of them are drawn.
const ROWS: &str = "rows:";

/// Names and values, in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Typed {
    values: BTreeMap<String, Vec<String>>,
    count: usize,
    bytes: usize,
}

/// More was sent than a form can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the form holds more than {VALUES_MAX} values or {BYTES_MAX} bytes, or a value of more than {VALUE_BYTES_MAX} bytes"
)]
pub struct TooMuch;

impl Typed {
    /// Of pairs.
    ///
    /// # Errors
    /// [`TooMuch`].
    pub fn of<'p>(pairs: impl IntoIterator<Item = (&'p str, &'p str)>) -> Result<Self, TooMuch> {
        let mut typed = Self::default();
        for (name, value) in pairs {
            typed.add(name, value)?;
        }
        Ok(typed)
    }

    /// Adds a value.
    ///
    /// # Errors
    /// [`TooMuch`]; it is not added.
    pub fn add(&mut self, name: &str, value: &str) -> Result<(), TooMuch> {
        let bytes = self.bytes + name.len() + value.len();
        let fits = name.len() <= NAME_BYTES_MAX && value.len() <= VALUE_BYTES_MAX;
        if !fits || bytes > BYTES_MAX || self.count >= VALUES_MAX {
            return Err(TooMuch);
        }
        self.bytes = bytes;
        self.count += 1;
        let values = self.values.entry(name.to_owned()).or_default();
        values.push(value.to_owned());
        Ok(())
    }

    /// Puts one value in the place of all of a name.
    pub fn set(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_owned(), vec![value.to_owned()]);
    }

    /// Whether a name was sent at all.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Nothing was sent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The values of a name.
    #[must_use]
    pub fn all(&self, name: &str) -> &[String] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }

    /// The value of a name; of several the first that is not blank.
    #[must_use]
    pub fn one(&self, name: &str) -> &str {
        let all = self.all(name);
        let written = all.iter().find(|value| !value.trim().is_empty());
        written.or(all.first()).map_or("", String::as_str)
    }

    /// Every pair.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values
            .iter()
            .flat_map(|(name, values)| values.iter().map(|v| (name.as_str(), v.as_str())))
    }

    /// How many rows of a list were drawn, or are needed for what was typed; at most `max`.
    #[must_use]
    pub fn rows(&self, name: &str, max: usize) -> usize {
        let drawn = self.one(&Self::rows_name(name)).parse().unwrap_or(0);
        let below = format!("{name}/");
        let typed = self
            .values
            .range(below.clone()..)
            .map_while(|(own, _)| own.strip_prefix(&below))
            .filter_map(|rest| rest.split('/').next()?.parse::<usize>().ok())
            .max()
            .map_or(0, |last| last.saturating_add(1));
        usize::max(drawn, typed).min(max)
    }

    /// The name under which the number of drawn rows is sent.
    #[must_use]
    pub fn rows_name(name: &str) -> String {
        format!("{ROWS}{name}")
    }
}
