//! The form of an item as a page draws it (网上填报): pure, no I/O, no clock.
//!
//! [`schema`] turns a JSON Schema into a [`model`] of fields; [`typed`] holds what a person has typed, exactly as it came;
//! [`reading`] makes of it the JSON that `POST /api/v1/applications` takes; [`faults`] brings what the service finds back to the
//! field where it was typed; [`widget`] draws all of it as plain data for a template.
//!
//! Invariants: whether something is right is decided by the service's checks alone, never here; what the model does not know is
//! drawn as a plain text field with its description; what was typed is shown again as it was typed, right or wrong; every list,
//! depth and length has a bound, whatever the schema or the sender says.

pub mod answers;
pub mod applicant;
mod choices;
pub mod condition;
mod conditional;
pub mod faults;
mod input;
pub mod model;
pub mod normalise;
pub mod reading;
pub mod schema;
pub mod texts;
pub mod typed;
pub mod widget;

#[cfg(test)]
mod tests;

/// Deepest nesting of groups and rows that is drawn as such; what lies deeper is one text field.
pub const DEPTH_MAX: usize = 5;
/// Most fields of one form, those of groups and rows counted once; what comes after is not drawn, and the model says so.
pub const FIELDS_MAX: usize = 400;
/// Most rows of a repeated group.
pub const ROWS_MAX: usize = 50;
/// Most choices of one field; a field with more is a plain text field.
pub const CHOICES_MAX: usize = 500;
