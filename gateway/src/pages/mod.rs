//! The pages (门户页面) of the public listener: what a citizen sees, drawn by the server.
//!
//! Invariants: everything can be read, applied for and followed without JavaScript; a template gets one typed context and never a
//! store record; every value is escaped by the engine, and no page holds a script or style of its own, so that the policy of
//! [`respond`] can forbid them ([`verify`] alone does, under a policy of its own, because it must work where it was saved); a form of a page goes through the same checks and the same transaction as the call of `/api/v1`
//! that does the same; what may not be read and what does not exist are one page.
//!
//! # Adding a page
//!
//! A file with its typed context (`Serialize`), `impl Page` with samples of every state, its handler; a template of the same
//! name in `templates/`; its texts in `texts/`; a row in `identity/access.rs`; the context's line in [`gallery`]. The tests then
//! render it with every sample in both languages and look for what is not nested right, not translated, or not used.

pub mod apply;
pub mod assets;
pub mod case;
pub mod engine;
pub mod error;
pub mod form;
#[cfg(test)]
mod gallery;
pub mod help;
pub mod home;
pub mod item;
pub mod items;
pub mod respond;
pub mod shell;
pub mod texts;
pub mod verify;
pub mod visitor;
pub mod words;

pub use engine::{Engine, Page};
pub use visitor::Visitor;

use crate::application::refusal::Refusal;
use crate::application::{Hall, RouteSink};
use crate::edge::RoomRoutes;
use crate::identity::access::Listener;
use axum::response::Response;
use http::Method;
use std::sync::Arc;

/// What the handlers share.
pub struct Pages {
    /// The applicant's room: store, registry, keys, bounds.
    pub hall: Arc<Hall>,
    /// The templates.
    pub engine: Engine,
}

/// The shared state, as handlers take it.
pub type PagesState = axum::extract::State<Arc<Pages>>;

impl Pages {
    /// The room.
    ///
    /// # Errors
    /// A template that the engine does not take, which the tests of this room find.
    pub fn new(hall: Arc<Hall>) -> Result<Arc<Self>, minijinja::Error> {
        Ok(Arc::new(Self {
            hall,
            engine: Engine::new()?,
        }))
    }

    /// A page, or the page that says why not.
    pub fn show<P: Page>(&self, visitor: &Visitor, page: Result<P, Refusal>) -> Response {
        match page {
            Ok(page) => respond::page(self, visitor, http::StatusCode::OK, &page),
            Err(refusal) => self.refuse(visitor, refusal),
        }
    }

    /// A response that a handler made, or the page that says why not.
    pub fn answer(&self, visitor: &Visitor, answer: Result<Response, Refusal>) -> Response {
        answer.unwrap_or_else(|refusal| self.refuse(visitor, refusal))
    }

    /// The page of a refusal.
    pub fn refuse(&self, visitor: &Visitor, refusal: Refusal) -> Response {
        error::page(self, visitor, refusal)
    }
}

/// The routes of the room.
#[must_use]
pub fn routes(pages: &Arc<Pages>) -> RoomRoutes {
    let public = RoomRoutes::new(Listener::Public);
    register(public).with_state(Arc::clone(pages))
}

/// Registers the pages.
#[must_use]
pub fn register<R: RouteSink<Arc<Pages>>>(sink: R) -> R {
    let (get, post) = (|| Method::GET, || Method::POST);
    // The room bounds them itself, by what is in force when they come.
    let with_files = Some(crate::application::UPLOAD_EDGE_BYTES_MAX);
    sink.add(get(), "/", None, home::show)
        .add(get(), "/items", None, items::show)
        .add(get(), "/items/{code}", None, item::show)
        .add(get(), "/items/{code}/apply", None, apply::begin)
        .add(Method::POST, "/items/{code}/apply", with_files, apply::send)
        .add(
            get(),
            "/applications/{no}/receipt",
            None,
            apply::receipt::show,
        )
        .add(get(), "/help", None, help::show)
        .add(get(), "/verify", None, verify::show)
        .add(get(), "/applications", None, case::look_up::show)
        .add(
            post(),
            "/applications",
            Some(case::look_up::BYTES_MAX),
            case::look_up::open,
        )
        .add(get(), "/applications/{no}", None, case::show::show)
        .add(
            get(),
            "/applications/{no}/withdraw",
            None,
            case::acts::ask_withdraw,
        )
        .add(
            post(),
            "/applications/{no}/withdraw",
            Some(case::acts::BYTES_MAX),
            case::acts::withdraw,
        )
        .add(
            get(),
            "/applications/{no}/notifications",
            None,
            case::hearing::show,
        )
        .add(
            post(),
            "/applications/{no}/notifications",
            Some(case::acts::BYTES_MAX),
            case::hearing::choose,
        )
        .add(
            post(),
            "/applications/{no}/evaluation",
            Some(case::acts::BYTES_MAX),
            case::acts::evaluate,
        )
        .add(
            post(),
            "/applications/{no}/supplement",
            with_files,
            case::acts::supplement,
        )
        .add(get(), "/assets/{name}", None, assets::show)
}

#[cfg(test)]
mod tests;
