//! A fault in a file that a person wrote.

/// One fault of a definition file, with its place and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// File as given.
    pub file: String,
    /// Line from 1; 0 when unknown.
    pub line: u32,
    /// Column from 1 in characters; 0 when unknown.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What to do about it; may be empty.
    pub hint: String,
}
