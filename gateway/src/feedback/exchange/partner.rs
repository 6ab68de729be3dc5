//! Who calls (系统认证): by the credential that the system's definition agrees on, the clock of the gateway, and each nonce once.

use super::ExchangeRoom;
use super::nonces::{NonceUse, Nonces, remembered};
use super::texts;
use crate::clock::Clock;
use crate::edge::{Admission, CredentialReader};
use crate::feedback::{Feedback, FeedbackObserver};
use crate::identity::access::Listener;
use crate::identity::{OneTime, Principal, Role, Scope};
use crate::problem::Problem;
use crate::registry::Registry;
use crate::shared_state::{FirstUse, SharedState};
use crate::store::StoreError;
use crate::store::case::CaseRecord;
use async_trait::async_trait;
use http::{StatusCode, request};
use std::sync::Arc;
use tongban_adapters::canonical::CaseReference;
use tongban_adapters::definition::{Authenticated, AuthenticationError, CompiledDefinition};
use tongban_adapters::exchange::CallbackCall;

/// A partner that proved who it is.
pub(super) struct Partner {
    /// Who, for audit records.
    pub(super) principal: Principal,
}

impl Partner {
    pub(super) fn id(&self) -> &str {
        &self.principal.subject
    }

    pub(super) fn scope(&self) -> Scope {
        Scope::System(self.id().to_owned())
    }
}

/// Why a call is not the partner's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unproven {
    /// By its definition.
    Credential(AuthenticationError),
    /// The nonce was used before.
    NonceReused,
    /// Too many nonces within the window.
    NoncesFull,
}

impl Unproven {
    /// Stable code.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Credential(error) => error.code(),
            Self::NonceReused => texts::NONCE_REUSED.key,
            Self::NoncesFull => texts::NONCES_FULL.key,
        }
    }
}

impl From<Unproven> for Problem {
    fn from(unproven: Unproven) -> Self {
        let unauthorized = StatusCode::UNAUTHORIZED;
        match unproven {
            Unproven::Credential(AuthenticationError::Stale { window_s }) => {
                Self::new(unauthorized, texts::STALE_TIMESTAMP)
                    .detail(format!("window_s {window_s}"))
            }
            Unproven::Credential(_) => Self::new(unauthorized, texts::UNAUTHENTICATED),
            Unproven::NonceReused => Self::new(unauthorized, texts::NONCE_REUSED),
            Unproven::NoncesFull => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, texts::NONCES_FULL).retry_after(60)
            }
        }
    }
}

/// Proves partners: for the edge (own resources, by their headers) and for callbacks, with one memory of nonces for both, so that what
/// was signed for one cannot be used for the other.
#[derive(Clone)]
pub struct PartnerCredentials {
    registry: Arc<Registry>,
    clock: Clock,
    observer: Arc<dyn FeedbackObserver>,
    nonces: Arc<Nonces>,
    shared: SharedState,
}

impl PartnerCredentials {
    pub(super) fn new(feedback: &Feedback, nonces_max: usize, shared: SharedState) -> Self {
        Self {
            registry: Arc::clone(&feedback.casework.registry),
            clock: feedback.casework.clock.clone(),
            observer: Arc::clone(&feedback.observer),
            nonces: Arc::new(Nonces::new(nonces_max)),
            shared,
        }
    }

    /// The live definition of a system. Feedback of a suspended one is taken: its cases go on.
    fn definition(&self, id: &str) -> Result<Arc<CompiledDefinition>, Problem> {
        let found = self.registry.load().current_system(id);
        let (_, definition) = found.ok_or_else(|| {
            Problem::new(StatusCode::NOT_FOUND, crate::edge::texts::UNKNOWN_SYSTEM)
        })?;
        Ok(definition)
    }

    /// Proves a callback by the system's definition.
    pub(super) async fn callback(
        &self,
        definition: &CompiledDefinition,
        call: &CallbackCall,
    ) -> Result<(), Unproven> {
        let proven = definition.authenticate(call, self.clock.now());
        match self.once(definition, proven)? {
            Some(one_time) => self.once_anywhere(definition.id(), &one_time).await,
            None => Ok(()),
        }
    }

    /// Whether no other node has seen it either. Without Redis what this node knows is all that is known.
    async fn once_anywhere(&self, id: &str, one_time: &OneTime) -> Result<(), Unproven> {
        let OneTime { nonce, kept } = one_time;
        let first = self.shared.use_nonce(id, nonce, *kept, &self.clock).await;
        if first == FirstUse::No {
            let reused = Unproven::NonceReused;
            self.observer.received(id, "authentication", reused.code());
            return Err(reused);
        }
        Ok(())
    }

    /// Records the nonce of a proven call at this node: last, once the signature holds. What is left to be asked of the others.
    fn once(
        &self,
        definition: &CompiledDefinition,
        proven: Result<Authenticated, AuthenticationError>,
    ) -> Result<Option<OneTime>, Unproven> {
        let (id, now) = (definition.id(), self.clock.now());
        let nonce = proven
            .map(|authenticated| authenticated.nonce)
            .map_err(Unproven::Credential);
        let proven = nonce.and_then(|nonce| {
            let Some(nonce) = nonce else { return Ok(None) };
            match self.nonces.use_once(id, &nonce, now, definition.skew()) {
                NonceUse::Fresh => Ok(Some(OneTime {
                    nonce,
                    kept: remembered(definition.skew()),
                })),
                NonceUse::Reused => Err(Unproven::NonceReused),
                NonceUse::Full => Err(Unproven::NoncesFull),
            }
        });
        if let Err(unproven) = &proven {
            self.observer
                .received(id, "authentication", unproven.code());
        }
        proven
    }
}

/// Called on edge cores: reads one immutable snapshot, and takes the lock of the nonces for calls whose signature holds, which have one.
impl CredentialReader for PartnerCredentials {
    fn read(
        &self,
        listener: Listener,
        head: &request::Parts,
    ) -> Option<Result<Principal, Problem>> {
        let id = own_resource(listener, head.uri.path())?;
        let proven = self.definition(id).and_then(|definition| {
            let call = call_of(head, &[]);
            let proven = definition.authenticate_resource(&call, self.clock.now());
            let one_time = self.once(&definition, proven)?;
            Ok(Principal {
                one_time,
                ..Principal::partner(id)
            })
        });
        Some(proven)
    }
}

#[async_trait]
impl Admission for PartnerCredentials {
    async fn admit(&self, principal: &Principal) -> Result<(), Problem> {
        match &principal.one_time {
            Some(one_time) => Ok(self.once_anywhere(&principal.subject, one_time).await?),
            None => Ok(()),
        }
    }
}

/// The system whose own resource a path is; callbacks prove themselves, in their own protocol, and the registration is for engineers.
fn own_resource(listener: Listener, path: &str) -> Option<&str> {
    let rest = path
        .strip_prefix("/exchange/v1/systems/")
        .filter(|_| listener == Listener::Exchange)?;
    let (id, resource) = rest.split_once('/')?;
    let resource = resource.split('/').next()?;
    matches!(resource, "events" | "applications" | "materials").then_some(id)
}

impl ExchangeRoom {
    pub(super) fn definition(&self, id: &str) -> Result<Arc<CompiledDefinition>, Problem> {
        self.credentials.definition(id)
    }

    /// The partner behind a call on its own resources, as the edge proved it.
    pub(super) fn partner(&self, id: &str, head: &request::Parts) -> Result<Partner, Problem> {
        self.definition(id)?;
        let known = head.extensions.get::<Principal>();
        let own = known.filter(|p| p.roles.contains(&Role::Partner) && p.subject == id);
        let principal = own.ok_or(Unproven::Credential(AuthenticationError::Missing))?;
        Ok(Partner {
            principal: principal.clone(),
        })
    }

    /// The case that a partner names by our number or by the short one that it was given.
    pub(super) async fn case_by_number(
        &self,
        system_id: &str,
        no: &str,
    ) -> Result<Option<CaseRecord>, StoreError> {
        let by_number = self
            .notified_case(system_id, &CaseReference::CaseNo(no.to_owned()))
            .await?;
        match by_number {
            Some(case) => Ok(Some(case)),
            None => {
                self.notified_case(system_id, &CaseReference::ShortNo(no.to_owned()))
                    .await
            }
        }
    }

    /// A case of this system that it knows about: one that was sent to it, or that it handed in itself. A case that waits for its
    /// hand-over step is not its to read.
    pub(super) async fn notified_case(
        &self,
        system_id: &str,
        reference: &CaseReference,
    ) -> Result<Option<CaseRecord>, StoreError> {
        let case = self.store().case_of_partner(system_id, reference).await?;
        let known = |case: &CaseRecord| {
            case.definition_version > 0 || case.submission.case.channel == "partner"
        };
        Ok(case.filter(known))
    }
}

/// A call as an adapter reads it. Header values that are no UTF-8 are read with replacement characters: no credential has any.
pub(super) fn call_of(head: &request::Parts, body: &[u8]) -> CallbackCall {
    let headers = head.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    CallbackCall {
        method: head.method.as_str().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: headers.collect(),
        body: body.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_systems_own_resources_are_proven_at_the_edge() {
        for (listener, path, id) in [
            (
                Listener::Exchange,
                "/exchange/v1/systems/a/events",
                Some("a"),
            ),
            (
                Listener::Exchange,
                "/exchange/v1/systems/a/materials/1",
                Some("a"),
            ),
            (
                Listener::Exchange,
                "/exchange/v1/systems/a/applications/1",
                Some("a"),
            ),
            (Listener::Exchange, "/exchange/v1/systems/a/callback", None),
            (Listener::Exchange, "/exchange/v1/systems/a", None),
            (Listener::Exchange, "/exchange/v1/systems", None),
            (Listener::Public, "/exchange/v1/systems/a/events", None),
        ] {
            assert_eq!(own_resource(listener, path), id, "{path}");
        }
    }
}
