//! The rooms' routes, checked against the one table of routes × roles before anything is served.

use super::credentials::Admission;
use super::crossing::{self, Crossing, Doors};
use super::settings::RoomsSettings;
use crate::identity::access::{self, Access, Listener};
use crate::operations::metrics::Metrics;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::routing::{MethodFilter, on};
use http::Method;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::runtime::Handle;

/// A route as a room registers it, beyond method and template.
#[derive(Debug, Clone, Copy, Default)]
pub struct RouteBounds {
    /// Bytes of a request's body; `None`: the listener's bound.
    pub body_bytes_max: Option<u64>,
}

/// A route cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouteFault {
    /// Not in [`access::TABLE`].
    #[error(
        "{listener} {method} {template} has no row in the table of routes and roles (identity/access.rs): add one"
    )]
    NoRow {
        /// Listener.
        listener: &'static str,
        /// Method.
        method: Method,
        /// Template.
        template: &'static str,
    },
    /// Registered twice.
    #[error(
        "{listener} {method} {template} is registered twice: one of the rooms must let go of it"
    )]
    Twice {
        /// Listener.
        listener: &'static str,
        /// Method.
        method: Method,
        /// Template.
        template: &'static str,
    },
    /// The template is none, or clashes with another.
    #[error("{listener} {template} cannot be routed: {reason}")]
    Template {
        /// Listener.
        listener: &'static str,
        /// Template.
        template: &'static str,
        /// What the router says.
        reason: String,
    },
}

/// All faults of the rooms' routes at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} route(s) cannot be served; the first: {}", .0.len(), .0.first().map_or_else(String::new, ToString::to_string))]
pub struct RoutesError(pub Vec<RouteFault>);

/// A route that can be served.
#[derive(Debug, Clone, Copy)]
pub(super) struct Served {
    pub(super) row: &'static Access,
    pub(super) bounds: RouteBounds,
}

/// The routes of rooms on one listener. Build it, give it the room's state, [`RoomRoutes::merge`] with others.
#[derive(Debug)]
pub struct RoomRoutes<S = ()> {
    listener: Listener,
    router: Router<S>,
    served: Vec<Served>,
    faults: Vec<RouteFault>,
    templates: matchit::Router<()>,
}

impl<S: Clone + Send + Sync + 'static> RoomRoutes<S> {
    /// No route yet.
    #[must_use]
    pub fn new(listener: Listener) -> Self {
        Self {
            listener,
            router: Router::new(),
            served: Vec::new(),
            faults: Vec::new(),
            templates: matchit::Router::new(),
        }
    }

    /// Adds a route with the listener's bounds. A fault is kept and told by [`Rooms::new`]; nothing panics.
    #[must_use]
    pub fn route<H, T>(self, method: Method, template: &'static str, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.route_with(method, template, RouteBounds::default(), handler)
    }

    /// Adds a route with bounds of its own.
    #[must_use]
    pub fn route_with<H, T>(
        mut self,
        method: Method,
        template: &'static str,
        bounds: RouteBounds,
        handler: H,
    ) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        match self.admit(&method, template, bounds) {
            Ok(filter) => self.router = self.router.route(template, on(filter, handler)),
            Err(fault) => self.faults.push(fault),
        }
        self
    }

    /// What axum would panic about is found here first.
    fn admit(
        &mut self,
        method: &Method,
        template: &'static str,
        bounds: RouteBounds,
    ) -> Result<MethodFilter, RouteFault> {
        let listener = self.listener.as_str();
        let no_row = || RouteFault::NoRow {
            listener,
            method: method.clone(),
            template,
        };
        let row = access::row(self.listener, method, template).ok_or_else(no_row)?;
        let filter = MethodFilter::try_from(method.clone()).map_err(|_| no_row())?;
        let same_template = |s: &&Served| s.row.template == template;
        if self
            .served
            .iter()
            .filter(same_template)
            .any(|s| s.row.method == *method)
        {
            return Err(RouteFault::Twice {
                listener,
                method: method.clone(),
                template,
            });
        }
        if !self.served.iter().any(|s| same_template(&s)) {
            self.templates
                .insert(template, ())
                .map_err(|e| RouteFault::Template {
                    listener,
                    template,
                    reason: e.to_string(),
                })?;
        }
        self.served.push(Served { row, bounds });
        Ok(filter)
    }

    /// Gives the handlers their state.
    #[must_use]
    pub fn with_state(self, state: S) -> RoomRoutes {
        RoomRoutes {
            listener: self.listener,
            router: self.router.with_state(state),
            served: self.served,
            faults: self.faults,
            templates: self.templates,
        }
    }
}

/// All rooms, ready to be run.
pub struct Rooms {
    routers: BTreeMap<Listener, Router>,
    served: Vec<Served>,
    settings: RoomsSettings,
    admission: Option<Arc<dyn Admission>>,
}

impl std::fmt::Debug for Rooms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rooms")
            .field("served", &self.served)
            .finish_non_exhaustive()
    }
}

impl Rooms {
    /// Joins the rooms' routes.
    ///
    /// # Errors
    /// [`RoutesError`] with every route that has no row, stands twice or cannot be routed.
    pub fn new(routes: Vec<RoomRoutes>, settings: RoomsSettings) -> Result<Self, RoutesError> {
        let mut routers: BTreeMap<Listener, Router> = BTreeMap::new();
        let mut served: Vec<Served> = Vec::new();
        let mut faults = Vec::new();
        for room in routes {
            faults.extend(room.faults);
            let before = faults.len();
            for route in &room.served {
                if served.iter().any(|s| s.row.same_route(route.row)) {
                    faults.push(RouteFault::Twice {
                        listener: room.listener.as_str(),
                        method: route.row.method.clone(),
                        template: route.row.template,
                    });
                }
            }
            served.extend(room.served);
            if faults.len() == before {
                // The edge bounds bodies on every route; axum's own bound of 2 MB would hide the setting.
                let router = room.router.layer(DefaultBodyLimit::disable());
                let joined = routers.remove(&room.listener).unwrap_or_default();
                routers.insert(room.listener, joined.merge(router));
            }
        }
        if !faults.is_empty() {
            return Err(RoutesError(faults));
        }
        Ok(Self {
            routers,
            served,
            settings,
            admission: None,
        })
    }

    /// Credentials that may be used once are used up by `admission`.
    #[must_use]
    pub fn admitting(self, admission: Arc<dyn Admission>) -> Self {
        Self {
            admission: Some(admission),
            ..self
        }
    }

    /// Rows of the table that neither a room nor the edge itself serves.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static Access> {
        access::TABLE
            .iter()
            .filter(|row| !super::route::is_built_in(row))
            .filter(|row| !self.served.iter().any(|s| s.row.same_route(row)))
            .collect()
    }

    /// Starts serving calls on the control plane's runtime; the crossing is what edge cores hold.
    #[must_use]
    pub fn run(self, runtime: &Handle, metrics: &Metrics) -> Crossing {
        let doors = Doors {
            routers: self.routers,
            admission: self.admission,
        };
        crossing::run(doors, self.served, self.settings, runtime, metrics)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn nothing() {}

    #[test]
    fn a_route_without_a_row_is_a_fault_and_not_a_panic() {
        let routes = RoomRoutes::new(Listener::Public)
            .route(Method::GET, "/api/v1/secret", nothing)
            .route(Method::DELETE, "/api/v1/items", nothing)
            .route(Method::GET, "/api/v1/items", nothing)
            .route(Method::GET, "/api/v1/items", nothing);
        let RoutesError(faults) = Rooms::new(vec![routes], RoomsSettings::default()).unwrap_err();
        assert!(matches!(
            faults.as_slice(),
            [
                RouteFault::NoRow {
                    template: "/api/v1/secret",
                    ..
                },
                RouteFault::NoRow { .. },
                RouteFault::Twice { .. }
            ]
        ));
    }

    #[test]
    fn a_row_on_another_listener_does_not_count() {
        let routes =
            RoomRoutes::new(Listener::Exchange).route(Method::GET, "/api/v1/items", nothing);
        assert!(Rooms::new(vec![routes], RoomsSettings::default()).is_err());
    }

    #[test]
    fn two_rooms_cannot_serve_one_row() {
        let room =
            || RoomRoutes::new(Listener::Public).route(Method::GET, "/api/v1/items", nothing);
        assert!(Rooms::new(vec![room(), room()], RoomsSettings::default()).is_err());
    }

    #[test]
    fn table_and_registered_routes_agree_when_every_row_is_registered() {
        let listeners = [
            Listener::Public,
            Listener::Exchange,
            Listener::Workplace,
            Listener::Operations,
        ];
        let rooms = listeners.map(|listener| {
            let rows = access::TABLE.iter().filter(|r| r.listener == listener);
            rows.filter(|row| !super::super::route::is_built_in(row))
                .fold(RoomRoutes::new(listener), |room, row| {
                    room.route(row.method.clone(), row.template, nothing)
                })
        });
        let all = Rooms::new(rooms.into(), RoomsSettings::default()).unwrap();
        assert!(all.missing().is_empty());
        let none = Rooms::new(Vec::new(), RoomsSettings::default()).unwrap();
        let built_in = access::TABLE
            .iter()
            .filter(|r| super::super::route::is_built_in(r));
        assert_eq!(none.missing().len(), access::TABLE.len() - built_in.count());
    }
}
