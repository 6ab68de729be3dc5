//! Character sets and forms.
