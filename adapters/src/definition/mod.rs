//! A system definition (系统接入定义): one YAML file that says how one partner speaks, compiled once.

mod errors;
mod fault;
mod policy;

pub use errors::{AuthenticationError, CallbackError, DecodeError, EncodeError, PollError};
pub use fault::Fault;
pub use policy::{
    Forward, PartnerLimits, PollPolicy, Protocol, Rate, RetryPolicy, SystemKind, Timeouts,
};

use crate::canonical::{CaseReference, PartnerEvent};
use crate::exchange::{
    CallbackAnswer, CallbackCall, CallbackMessage, ExchangeContext, Operation, QueryVerdict,
    StepVerdict, WireReply, WireRequest,
};

/// What the gateway knows about a case while a callback about it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CallbackFacts {
    /// The applicant asked to withdraw (撤回): some partners confirm by a code that means something else otherwise.
    pub withdrawal_requested: bool,
}

/// A caller that proved who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticated {
    /// Nonce of the call, where the scheme has one; the caller refuses a second use of it.
    pub nonce: Option<String>,
}

/// What is to be answered to a callback.
#[derive(Clone, Copy)]
pub enum CallbackOutcome<'a> {
    /// The gateway's answer.
    Answer(&'a CallbackAnswer),
    /// The callback could not be read.
    Error(&'a CallbackError),
    /// The caller could not be recognised.
    Unauthenticated(&'a AuthenticationError),
}

impl<'a> From<&'a CallbackAnswer> for CallbackOutcome<'a> {
    fn from(answer: &'a CallbackAnswer) -> Self {
        Self::Answer(answer)
    }
}

impl<'a> From<&'a CallbackError> for CallbackOutcome<'a> {
    fn from(error: &'a CallbackError) -> Self {
        Self::Error(error)
    }
}

impl<'a> From<&'a AuthenticationError> for CallbackOutcome<'a> {
    fn from(error: &'a AuthenticationError) -> Self {
        Self::Unauthenticated(error)
    }
}

/// A checked definition, ready for use. Immutable; share it behind an `Arc`.
pub struct CompiledDefinition {}

#[expect(unused_variables, reason = "signatures first; bodies follow")]
impl CompiledDefinition {
    /// Reads and checks a definition.
    ///
    /// # Errors
    /// All faults at once, each with file, line, column and a hint.
    pub fn compile(
        file: &str,
        text: &str,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Vec<Fault>> {
        Err(Vec::new())
    }
    /// Id (`zhuhai-platform`): lower-case letters, digits and hyphens.
    #[must_use]
    pub fn id(&self) -> &str {
        ""
    }
    /// Name for people.
    #[must_use]
    pub fn name(&self) -> &str {
        ""
    }
    /// Where it stands.
    #[must_use]
    pub fn kind(&self) -> SystemKind {
        SystemKind::City
    }
    /// How it speaks.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        Protocol::Rest
    }
    /// Regions (GB/T 2260) that it serves; empty is all.
    #[must_use]
    pub fn regions(&self) -> &[String] {
        &[]
    }
    /// Base address of its interface.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        ""
    }
    /// Base address of its test interface.
    #[must_use]
    pub fn sandbox(&self) -> Option<&str> {
        None
    }
    /// How much it takes.
    #[must_use]
    pub fn limits(&self) -> PartnerLimits {
        PartnerLimits::default()
    }
    /// How long a call may take.
    #[must_use]
    pub fn timeouts(&self) -> Timeouts {
        Timeouts::default()
    }
    /// How often a failed call is tried again.
    #[must_use]
    pub fn retry(&self) -> RetryPolicy {
        RetryPolicy::default()
    }
    /// How often an open case is asked about; `None` for partners that call back only.
    #[must_use]
    pub fn poll(&self) -> Option<PollPolicy> {
        None
    }
    /// Whether cases for it need a short number of digits.
    #[must_use]
    pub fn short_number(&self) -> bool {
        false
    }
    /// What 转报 means.
    #[must_use]
    pub fn forward(&self) -> Forward {
        Forward::Close
    }
    /// How far its clock may be off.
    #[must_use]
    pub fn skew(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }
    /// The definition's own text, before secrets were filled in: what an installation stores and pins.
    #[must_use]
    pub fn text(&self) -> &str {
        ""
    }
    /// First 16 hex digits of the SHA-256 of [`Self::text`]: the version that a delivery is pinned to.
    #[must_use]
    pub fn version_text(&self) -> &str {
        ""
    }
    /// Names of the steps of an operation in order; empty when the partner does not offer it.
    #[must_use]
    pub fn steps(&self, operation: Operation) -> &[String] {
        &[]
    }
    /// Whether an unknown outcome of this operation is cleared by [`Operation::Query`] before it is sent again (`ask: query`).
    #[must_use]
    pub fn asks_before_resend(&self, operation: Operation) -> bool {
        false
    }
    /// The request of one step.
    ///
    /// # Errors
    /// [`EncodeError`]: trying again with the same case changes nothing.
    pub fn request(
        &self,
        operation: Operation,
        step: usize,
        context: &ExchangeContext,
    ) -> Result<WireRequest, EncodeError> {
        Err(EncodeError::NoSuchStep {
            operation: operation.as_str(),
            step,
        })
    }
    /// What an answer to one step means.
    ///
    /// # Errors
    /// [`DecodeError`]: the outcome is unknown.
    pub fn read_reply(
        &self,
        operation: Operation,
        step: usize,
        context: &ExchangeContext,
        reply: &WireReply,
    ) -> Result<StepVerdict, DecodeError> {
        Err(DecodeError::NoSuchStep {
            operation: operation.as_str(),
            step,
        })
    }
    /// What an answer to the look-up means. Never guesses: an unreadable answer is [`QueryVerdict::Unavailable`].
    #[must_use]
    pub fn read_query(&self, context: &ExchangeContext, reply: &WireReply) -> QueryVerdict {
        QueryVerdict::Unavailable {
            reason: String::new(),
        }
    }
    /// Progress of one case, oldest first.
    ///
    /// # Errors
    /// [`PollError`]; [`PollError::Record`] holds what could be understood.
    pub fn read_poll(
        &self,
        context: &ExchangeContext,
        reply: &WireReply,
    ) -> Result<Vec<PartnerEvent>, PollError> {
        Err(PollError::UnknownNumber)
    }
    /// Whether this partner may call back at all.
    #[must_use]
    pub fn takes_callbacks(&self) -> bool {
        false
    }
    /// Who calls. Constant-time on secrets; `now` is the gateway's time.
    ///
    /// # Errors
    /// [`AuthenticationError`].
    pub fn authenticate(
        &self,
        call: &CallbackCall,
        now: jiff::Timestamp,
    ) -> Result<Authenticated, AuthenticationError> {
        Err(AuthenticationError::Missing)
    }
    /// The cases that a callback is about, for a caller that must fetch their facts before [`Self::read_callback`].
    ///
    /// # Errors
    /// As [`Self::read_callback`].
    pub fn case_references(
        &self,
        call: &CallbackCall,
    ) -> Result<Vec<CaseReference>, CallbackError> {
        Err(CallbackError::NoCallback)
    }
    /// What a callback says. `case_facts` is asked once for each case; `None` (unknown case) reads as no withdrawal requested.
    ///
    /// # Errors
    /// [`CallbackError`]; to be written back by [`Self::write_callback_answer`].
    pub fn read_callback(
        &self,
        call: &CallbackCall,
        case_facts: &dyn Fn(&CaseReference) -> Option<CallbackFacts>,
    ) -> Result<Vec<CallbackMessage>, CallbackError> {
        Err(CallbackError::NoCallback)
    }
    /// The reply that the partner's protocol expects. Takes a [`CallbackAnswer`], a [`CallbackError`] or an
    /// [`AuthenticationError`] by reference.
    #[must_use]
    pub fn write_callback_answer<'a>(
        &self,
        call: &CallbackCall,
        outcome: impl Into<CallbackOutcome<'a>>,
    ) -> WireReply {
        WireReply {
            status: 500,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }
    /// WSDL 1.1 of the callback under this address, for SOAP partners.
    #[must_use]
    pub fn callback_wsdl(&self, address: &str) -> Option<String> {
        None
    }
}
