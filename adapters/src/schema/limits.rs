//! Bounds of reading a description.

use crate::xml::TreeLimits;

/// Bounds of a description with all that it includes and imports. Each refusal names the bound that it met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaLimits {
    /// Documents in all.
    pub documents: usize,
    /// Bytes of one document.
    pub document_bytes: usize,
    /// Bytes of all documents together.
    pub total_bytes: usize,
    /// Elements, types, attributes and groups in all, anonymous ones included.
    pub components: usize,
    /// Steps of one chain: a base type of a base type, a group in a group, an include in an include.
    pub chain: usize,
    /// Particles after groups and base types are put in place, over all types.
    pub particles: usize,
    /// Largest `minOccurs`. Occurrences are counted, never unrolled; a larger `maxOccurs` is no bound.
    pub occurrences: u32,
    /// Bytes of a compiled regular expression, each.
    pub pattern_bytes: usize,
    /// Bytes of all patterns together, as written.
    pub patterns_text: usize,
    /// Of each document's tree.
    pub tree: TreeLimits,
}

impl Default for SchemaLimits {
    fn default() -> Self {
        Self {
            documents: 256,
            document_bytes: 16 * 1024 * 1024,
            total_bytes: 64 * 1024 * 1024,
            components: 200_000,
            chain: 64,
            particles: 500_000,
            occurrences: 1_000_000_000,
            pattern_bytes: 1024 * 1024,
            patterns_text: 1024 * 1024,
            tree: TreeLimits {
                depth: 128,
                elements: 1_000_000,
                attributes: 256,
            },
        }
    }
}
