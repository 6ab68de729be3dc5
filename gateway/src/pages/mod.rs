//! The pages (门户页面) of the public listener.

pub mod form;
