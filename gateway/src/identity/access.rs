//! The one table of routes × roles. The router is built from it: a route without a row here cannot be served, and a test walks all rows.

use super::Role;
use http::Method;

/// On which listener a route lives (contract 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Listener {
    /// Applicants and other halls.
    Public,
    /// Partner systems.
    Exchange,
    /// Officials and engineers.
    Workplace,
    /// Operators, Prometheus, and `ops.sock`.
    Operations,
}

impl Listener {
    /// The word in metrics and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Exchange => "exchange",
            Self::Workplace => "workplace",
            Self::Operations => "operations",
        }
    }
}

/// One row: who may call what. The template is also the value of the metric label `route`.
#[derive(Debug, Clone)]
pub struct Access {
    /// Where.
    pub listener: Listener,
    /// Method.
    pub method: Method,
    /// Path template in the router's grammar, for example `/api/v1/applications/{no}`.
    pub template: &'static str,
    /// Any one of these roles suffices.
    pub roles: &'static [Role],
}

impl Access {
    /// Whether both rows are about the same route.
    #[must_use]
    pub fn same_route(&self, other: &Self) -> bool {
        self.listener == other.listener
            && self.method == other.method
            && self.template == other.template
    }
}

use Listener::{Exchange, Operations, Public};
use Role::{Applicant, Engineer, Operator, Partner};

const ANYONE: &[Role] = &[Role::Public];
/// Who may read an application is decided by its scope (owner, agent, query code, cookie); anyone may ask.
const BEARER: &[Role] = &[Role::Public, Applicant];
const SYSTEM: &[Role] = &[Partner];
const ENGINEER: &[Role] = &[Engineer, Operator];
const OPERATOR: &[Role] = &[Operator];

macro_rules! rows {
    ($($listener:ident $method:ident $template:literal $roles:ident;)*) => {
        &[$(Access { listener: $listener, method: Method::$method, template: $template, roles: $roles },)*]
    };
}

/// Every route that exists.
pub const TABLE: &[Access] = rows! {
    Public GET "/" ANYONE;
    Public GET "/items" ANYONE;
    Public GET "/items/{code}" ANYONE;
    Public GET "/items/{code}/apply" ANYONE;
    Public POST "/items/{code}/apply" ANYONE;
    Public GET "/applications/{no}/receipt" BEARER;
    Public GET "/help" ANYONE;
    Public GET "/verify" ANYONE;
    Public GET "/applications" ANYONE;
    Public POST "/applications" ANYONE;
    Public GET "/applications/{no}" BEARER;
    Public GET "/applications/{no}/withdraw" BEARER;
    Public POST "/applications/{no}/withdraw" BEARER;
    Public GET "/applications/{no}/notifications" BEARER;
    Public POST "/applications/{no}/notifications" BEARER;
    Public POST "/applications/{no}/evaluation" BEARER;
    Public POST "/applications/{no}/supplement" BEARER;
    Public GET "/assets/{name}" ANYONE;

    Public GET "/api/v1/openapi.json" ANYONE;
    Public GET "/api/v1/items" ANYONE;
    Public GET "/api/v1/items/{code}" ANYONE;
    Public GET "/api/v1/items/{code}/form" ANYONE;
    Public POST "/api/v1/materials" ANYONE;
    Public OPTIONS "/api/v1/materials" ANYONE;
    Public GET "/api/v1/materials/{id}" ANYONE;
    Public HEAD "/api/v1/materials/{id}" ANYONE;
    Public PATCH "/api/v1/materials/{id}" ANYONE;
    Public DELETE "/api/v1/materials/{id}" ANYONE;
    Public POST "/api/v1/materials/{id}" ANYONE;
    Public OPTIONS "/api/v1/materials/{id}" ANYONE;
    Public POST "/api/v1/applications" ANYONE;
    Public GET "/api/v1/applications/{no}" BEARER;
    Public GET "/api/v1/applications/{no}/deadlines" BEARER;
    Public GET "/api/v1/applications/{no}/events" BEARER;
    Public GET "/api/v1/applications/{no}/documents" BEARER;
    Public GET "/api/v1/applications/{no}/documents/{id}" BEARER;
    Public GET "/api/v1/applications/{no}/receipt" BEARER;
    Public POST "/api/v1/applications/{no}/supplement" BEARER;
    Public POST "/api/v1/applications/{no}/withdraw" BEARER;
    Public POST "/api/v1/applications/{no}/evaluation" BEARER;
    Public GET "/api/v1/deadlines/explain" ANYONE;
    Public GET "/api/v1/receipt-key" ANYONE;
    Public GET "/api/v1/audit/roots" ANYONE;
    Public POST "/api/v1/session" ANYONE;
    Public GET "/api/v1/applications/{no}/notifications" BEARER;
    Public PUT "/api/v1/applications/{no}/notifications" BEARER;
    Public GET "/api/v1/subscriptions" BEARER;
    Public POST "/api/v1/subscriptions" BEARER;
    Public GET "/api/v1/subscriptions/{id}" BEARER;
    Public DELETE "/api/v1/subscriptions/{id}" BEARER;
    Public POST "/api/v1/subscriptions/{id}/secret" BEARER;
    Public POST "/api/v1/subscriptions/{id}/test" BEARER;
    Public POST "/api/v1/subscriptions/{id}/pause" BEARER;
    Public POST "/api/v1/subscriptions/{id}/resume" BEARER;

    Exchange GET "/exchange/v1/systems" ENGINEER;
    Exchange GET "/exchange/v1/systems/{id}" ENGINEER;
    Exchange POST "/exchange/v1/systems/{id}/events" SYSTEM;
    Exchange POST "/exchange/v1/systems/{id}/applications" SYSTEM;
    Exchange GET "/exchange/v1/systems/{id}/applications/{no}" SYSTEM;
    Exchange POST "/exchange/v1/systems/{id}/materials" SYSTEM;
    Exchange GET "/exchange/v1/systems/{id}/materials/{mid}" SYSTEM;
    Exchange POST "/exchange/v1/systems/{id}/callback" ANYONE;
    Exchange GET "/exchange/v1/systems/{id}/callback" ANYONE;

    Operations GET "/metrics" OPERATOR;
    Operations GET "/healthz" ANYONE;
    Operations GET "/readyz" ANYONE;
    Operations GET "/ops/v1/deliveries" OPERATOR;
    Operations GET "/ops/v1/deliveries/{id}" OPERATOR;
    Operations POST "/ops/v1/deliveries/retry" OPERATOR;
    Operations POST "/ops/v1/deliveries/discard" OPERATOR;
    Operations POST "/ops/v1/jobs/preview" OPERATOR;
    Operations GET "/ops/v1/jobs" OPERATOR;
    Operations POST "/ops/v1/jobs" OPERATOR;
    Operations GET "/ops/v1/jobs/{id}" OPERATOR;
    Operations POST "/ops/v1/jobs/{id}/stop" OPERATOR;
    Operations POST "/ops/v1/jobs/{id}/go-on" OPERATOR;
    Operations POST "/ops/v1/systems/{id}/pause" OPERATOR;
    Operations POST "/ops/v1/systems/{id}/resume" OPERATOR;
    Operations GET "/ops/v1/clocks" OPERATOR;
    Operations GET "/ops/v1/feedback" OPERATOR;
    Operations GET "/ops/v1/notifications" OPERATOR;
    Operations POST "/ops/v1/notifications/retry" OPERATOR;
    Operations GET "/ops/v1/keys" OPERATOR;
    Operations POST "/ops/v1/keys" OPERATOR;
    Operations POST "/ops/v1/keys/{id}/rotate" OPERATOR;
    Operations POST "/ops/v1/keys/{id}/revoke" OPERATOR;
    Operations GET "/ops/v1/audit/verify" OPERATOR;
    Operations GET "/ops/v1/overview" OPERATOR;
    Operations GET "/ops/v1/check" OPERATOR;
    Operations POST "/ops/v1/apply" OPERATOR;
    Operations POST "/ops/v1/reload" OPERATOR;
    Operations POST "/ops/v1/drain" OPERATOR;
    Operations POST "/ops/v1/clock" OPERATOR;
};

/// The pass-through to registered systems, any method. Its roles stand in the system's settings, not here.
pub const PASS_THROUGH: &str = "/systems/{id}/{*rest}";

/// The row of a route, if it exists.
#[must_use]
pub fn row(listener: Listener, method: &Method, template: &str) -> Option<&'static Access> {
    TABLE
        .iter()
        .find(|row| row.listener == listener && row.method == *method && row.template == template)
}
