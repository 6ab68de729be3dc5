//! The edge's route table: path → template → method → who answers. Built once; a route that is not in it does not exist.

use super::rooms::Served;
use crate::identity::Role;
use crate::identity::access::{self, Access, Listener};
use crate::operations::metrics::{Metrics, RouteMetrics};
use http::{HeaderValue, Method};
use std::sync::Arc;

/// Who answers a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// A room, across the crossing.
    Room,
    /// `/metrics`, on the edge core: it must answer when the rooms are full.
    Metrics,
    /// `/healthz`.
    Health,
    /// `/readyz`.
    Ready,
    /// A registered system.
    PassThrough,
}

/// A method of a route.
#[derive(Debug)]
pub(super) struct Endpoint {
    method: Method,
    pub(super) roles: &'static [Role],
    pub(super) target: Target,
    pub(super) body_bytes_max: Option<u64>,
}

/// A template with its methods and metric handles.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) template: &'static str,
    endpoints: Vec<Endpoint>,
    pub(super) allow: HeaderValue,
    pub(super) metrics: RouteMetrics,
}

impl Route {
    /// HEAD is GET without a body (RFC 9110, section 9.3.2).
    pub(super) fn endpoint(&self, method: &Method) -> Option<&Endpoint> {
        let find = |wanted: &Method| self.endpoints.iter().find(|e| e.method == *wanted);
        match self.endpoints.as_slice() {
            [any] if any.target == Target::PassThrough => Some(any),
            _ if method == Method::HEAD => find(method).or_else(|| find(&Method::GET)),
            _ => find(method),
        }
    }
}

/// The routes of one listener.
#[derive(Debug)]
pub(super) struct RouteTable {
    router: matchit::Router<Arc<Route>>,
    /// For paths that no route has, and for requests that never became one.
    pub(super) unmatched: Arc<Route>,
    pub(super) malformed: RouteMetrics,
}

impl RouteTable {
    pub(super) fn build(listener: Listener, served: &[Served], metrics: &Metrics) -> Self {
        let mut router = matchit::Router::new();
        let mut templates: Vec<&'static str> = Vec::new();
        for row in access::TABLE.iter().filter(|row| row.listener == listener) {
            if templates.contains(&row.template) {
                continue;
            }
            templates.push(row.template);
            let endpoints = endpoints(listener, row.template, served);
            if endpoints.is_empty() {
                continue;
            }
            let route = route(listener, row.template, endpoints, metrics);
            // Rooms::new has inserted the same templates before; a clash was told there.
            let _ = router.insert(row.template, Arc::new(route));
        }
        if listener == Listener::Public {
            let any = Endpoint {
                method: Method::GET,
                roles: &[Role::Public],
                target: Target::PassThrough,
                body_bytes_max: None,
            };
            let route = route(listener, access::PASS_THROUGH, vec![any], metrics);
            let _ = router.insert(access::PASS_THROUGH, Arc::new(route));
        }
        Self {
            router,
            unmatched: Arc::new(route(listener, "unmatched", Vec::new(), metrics)),
            malformed: metrics.route(listener.as_str(), "malformed"),
        }
    }

    pub(super) fn find(&self, path: &str) -> Option<&Arc<Route>> {
        self.router.at(path).ok().map(|found| found.value)
    }
}

fn endpoints(listener: Listener, template: &str, served: &[Served]) -> Vec<Endpoint> {
    let rows = access::TABLE
        .iter()
        .filter(|row| row.listener == listener && row.template == template);
    rows.filter_map(|row| {
        let (target, body_bytes_max) = match built_in(row) {
            Some(target) => (target, None),
            None => {
                let served = served.iter().find(|s| s.row.same_route(row))?;
                (Target::Room, served.bounds.body_bytes_max)
            }
        };
        Some(Endpoint {
            method: row.method.clone(),
            roles: row.roles,
            target,
            body_bytes_max,
        })
    })
    .collect()
}

fn route(
    listener: Listener,
    template: &'static str,
    endpoints: Vec<Endpoint>,
    metrics: &Metrics,
) -> Route {
    let mut methods: Vec<&str> = endpoints.iter().map(|e| e.method.as_str()).collect();
    if methods.contains(&"GET") && !methods.contains(&"HEAD") {
        methods.push("HEAD");
    }
    Route {
        template,
        allow: HeaderValue::from_str(&methods.join(", "))
            .unwrap_or_else(|_| HeaderValue::from_static("")),
        endpoints,
        metrics: metrics.route(listener.as_str(), template),
    }
}

/// Rows that the edge answers itself.
pub(super) fn is_built_in(row: &Access) -> bool {
    built_in(row).is_some()
}

fn built_in(row: &Access) -> Option<Target> {
    match (row.listener, row.template) {
        (Listener::Operations, "/metrics") => Some(Target::Metrics),
        (Listener::Operations, "/healthz") => Some(Target::Health),
        (Listener::Operations, "/readyz") => Some(Target::Ready),
        _ => None,
    }
}
