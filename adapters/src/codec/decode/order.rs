//! The order of children, where fields alone would not say it: something repeats in a group that repeats, or may stand at several
//! places, or branches of a choice that repeats come in another order than the schema's.

use crate::codec::table::CompiledType;
use std::collections::HashSet;

/// Keys of children in their order, kept for such types only.
pub(super) struct Order {
    keys: Option<String>,
    /// Whether one key may mean several places.
    ambiguous: bool,
    count: usize,
    spaced: bool,
    /// Slot of the last child.
    last: u32,
    /// Whether a child stands after one that the schema has later: branches of a choice that repeats.
    turned: bool,
}

impl Order {
    pub(super) fn of(kind: &CompiledType, without: bool) -> Self {
        let kept = (kind.interleaves || kind.ambiguous) && !without;
        Self {
            keys: kept.then(String::new),
            ambiguous: kind.ambiguous,
            count: 0,
            spaced: false,
            last: 0,
            turned: false,
        }
    }

    #[inline]
    pub(super) fn add(&mut self, key: &str, slot: u32) {
        let Some(keys) = &mut self.keys else { return };
        self.turned |= slot < self.last;
        self.last = slot;
        self.spaced |= key.contains(char::is_whitespace);
        if self.count > 0 {
            keys.push(' ');
        }
        keys.push_str(key);
        self.count += 1;
    }

    /// The keys, if they say more than the fields do.
    pub(super) fn told(self) -> Option<String> {
        let keys = self.keys.filter(|_| !self.spaced && self.count > 0)?;
        if self.ambiguous {
            return Some(keys);
        }
        let names = keys.split(' ').collect::<HashSet<_>>().len();
        (names > 1 && (self.turned || self.count > names)).then_some(keys)
    }
}
