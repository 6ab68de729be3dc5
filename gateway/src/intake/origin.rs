//! Where a submission comes from (申报来源): who sends it, from where, under which key.

use crate::identity::{Principal, PrincipalKind};
use crate::store::application::{IdempotencyKey, PartnerOrigin};
use crate::store::audit::NewAudit;
use crate::text::Language;
use jiff::Timestamp;

/// Bytes of an idempotency key.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;

/// Who acts, for submissions and for everything an applicant does later.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Who.
    pub principal: Principal,
    /// From where: key of the client for caps, limits and anonymous idempotency; an address, never shown.
    pub client: String,
    /// `web`, `mobile`, `window`, `partner`.
    pub channel: &'static str,
    /// Id of the request, for the audit record.
    pub request_id: String,
    /// The caller's `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// Their language: notifications speak it.
    pub language: Language,
}

impl Origin {
    /// The idempotency key with whose it is: the subject's, or the client's for anonymous callers.
    #[must_use]
    pub fn key(&self) -> Option<IdempotencyKey> {
        let caller = match self.principal.kind {
            PrincipalKind::Anonymous => format!("client:{}", self.client),
            _ => format!("subject:{}", self.principal.subject),
        };
        let key = self.idempotency_key.clone()?;
        Some(IdempotencyKey { caller, key })
    }

    /// The subject of the applicant, when one is known by token.
    #[must_use]
    pub fn owner_subject(&self) -> Option<String> {
        self.subject_of(PrincipalKind::Applicant)
    }

    /// The subject of the agent, when one is known by token.
    #[must_use]
    pub fn agent(&self) -> Option<String> {
        self.subject_of(PrincipalKind::Agent)
    }

    fn subject_of(&self, kind: PrincipalKind) -> Option<String> {
        (self.principal.kind == kind).then(|| self.principal.subject.clone())
    }

    /// The audit record of something that this origin did.
    #[must_use]
    pub fn audit(
        &self,
        action: &str,
        target: &str,
        organisation_id: &str,
        digest: [u8; 32],
        at: Timestamp,
    ) -> NewAudit {
        NewAudit {
            at,
            actor: self.principal.subject.clone(),
            actor_kind: kind_word(self.principal.kind).to_owned(),
            action: action.to_owned(),
            target: target.to_owned(),
            organisation_id: organisation_id.to_owned(),
            request_id: self.request_id.clone(),
            outcome: "ok".to_owned(),
            digest,
            note: String::new(),
        }
    }
}

/// The word of a kind of principal in audit records.
#[must_use]
pub fn kind_word(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::Anonymous => "anonymous",
        PrincipalKind::Applicant => "applicant",
        PrincipalKind::Agent => "agent",
        PrincipalKind::NumberBearer => "number_bearer",
        PrincipalKind::Partner => "partner",
        PrincipalKind::Official => "official",
        PrincipalKind::Operator => "operator",
    }
}

/// What a partner says about an application that it hands in, beyond the application itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedIn {
    /// The partner and its own number of the application.
    pub origin: PartnerOrigin,
    /// When the partner took it.
    pub submitted_at: Timestamp,
    /// When it pre-accepted it, if it did.
    pub pre_accepted_at: Option<Timestamp>,
    /// When it accepted it, if it did, with the number of the acceptance document.
    pub accepted: Option<(Timestamp, Option<String>)>,
}
