//! API keys (接口密钥): credentials of programs, made by an operator, shown once and kept as a digest.
//!
//! Pure: the form of a key ([`text`]), whose it is ([`holder`]), when it counts ([`window`]), and all of them as one immutable picture
//! that edge cores look into ([`ring`]). Rows are the store's, decisions of operators are the operations room's.

pub mod holder;
pub mod ring;
pub mod text;
pub mod window;

pub use holder::{HolderFault, KeyHolder};
pub use ring::{KeyRing, Refused, RefusedKey, Usage};
pub use text::{KeyText, TextFault};
pub use window::{KeyStanding, KeyWindow};

#[cfg(test)]
mod tests;
