//! A system definition (系统接入定义): one YAML file that says how one partner speaks, compiled once.
//!
//! `docs/system-definition.md` is the grammar for people, `config/schema/system.schema.json` the same for editors. What always
//! holds: a compiled definition has no fault; it does no I/O and reads no clock; an answer or a callback that it does not
//! understand is an error and never a guess; secrets appear in requests and nowhere else.
//!
//! The parts, in the order in which a message meets them: `about` (who, how fast), `step` and `request` (what goes out),
//! `reply` (what an answer means), `credentials`, `callback` and `events` (what comes in), over `template`, `tree`, `node`.

mod about;
mod answer;
mod callback;
mod callback_rules;
mod code_tables;
mod compile;
mod credentials;
mod errors;
mod event_fields;
mod events;
mod fault_reply;
mod faults;
mod feedback;
mod fields;
mod message_rules;
mod node;
mod operation;
mod policy;
mod render;
mod reply;
mod request;
mod rules;
mod soap;
mod step;
mod template;
mod tree;

pub use crate::reading::Limits;
pub use errors::{AuthenticationError, CallbackError, DecodeError, EncodeError, PollError};
pub use policy::{
    Forward, PartnerLimits, PollPolicy, Protocol, Rate, RetryPolicy, SystemKind, Timeouts,
};
pub use tongban_catalog::source::Fault;

use crate::canonical::{CaseReference, PartnerEvent};
use crate::exchange::{
    CallbackAnswer, CallbackCall, CallbackMessage, ExchangeContext, Operation, QueryVerdict,
    StepVerdict, WireReply, WireRequest,
};
use crate::expression::CodeTables;
use about::About;
use credentials::Credentials;
use feedback::Feedback;
use soap::Soap;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use step::{CompiledOperation, Step};

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
pub struct CompiledDefinition {
    about: About,
    soap: Option<Soap>,
    credentials: Credentials,
    operations: BTreeMap<Operation, CompiledOperation>,
    feedback: Option<Feedback>,
    tables: Arc<CodeTables>,
    limits: Limits,
    text: String,
    version: String,
}

impl std::fmt::Debug for CompiledDefinition {
    /// Without secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CompiledDefinition")
            .field("id", &self.about.id)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl CompiledDefinition {
    /// Reads and checks a definition. `env` gives the value of an environment variable.
    ///
    /// # Errors
    /// All faults at once, each with file, line, column and what to do.
    pub fn compile(
        file: &str,
        text: &str,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Vec<Fault>> {
        Self::compile_within(file, text, env, Limits::default())
    }

    /// The same with bounds of the caller's choice.
    ///
    /// # Errors
    /// As [`Self::compile`].
    pub fn compile_within(
        file: &str,
        text: &str,
        env: &dyn Fn(&str) -> Option<String>,
        limits: Limits,
    ) -> Result<Self, Vec<Fault>> {
        compile::compile(file, text, env, limits)
    }

    /// Id (`zhuhai-platform`): lower-case letters, digits and hyphens.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.about.id
    }

    /// Name for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.about.name
    }

    /// Where it stands.
    #[must_use]
    pub fn kind(&self) -> SystemKind {
        self.about.kind
    }

    /// How it speaks.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.about.protocol
    }

    /// Regions (GB/T 2260) that it serves; empty is all.
    #[must_use]
    pub fn regions(&self) -> &[String] {
        &self.about.regions
    }

    /// Base address of its interface.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.about.endpoint
    }

    /// Base address of its test interface.
    #[must_use]
    pub fn sandbox(&self) -> Option<&str> {
        self.about.sandbox.as_deref()
    }

    /// How much it takes.
    #[must_use]
    pub fn limits(&self) -> PartnerLimits {
        self.about.limits
    }

    /// How long a call may take.
    #[must_use]
    pub fn timeouts(&self) -> Timeouts {
        self.about.timeouts
    }

    /// How often a failed call is tried again.
    #[must_use]
    pub fn retry(&self) -> RetryPolicy {
        self.about.retry
    }

    /// How often an open case is asked about; `None` for partners that call back only.
    #[must_use]
    pub fn poll(&self) -> Option<PollPolicy> {
        self.about.poll
    }

    /// Whether cases for it need a short number of digits.
    #[must_use]
    pub fn short_number(&self) -> bool {
        self.about.short_number
    }

    /// What 转报 means. Events are made accordingly already.
    #[must_use]
    pub fn forward(&self) -> Forward {
        self.about.forward
    }

    /// How far its clock may be off.
    #[must_use]
    pub fn skew(&self) -> Duration {
        self.about.skew
    }

    /// The definition's own text, before secrets were filled in: what an installation stores and pins.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// First 16 hex digits of the SHA-256 of [`Self::text`]: names the version that a delivery is pinned to.
    #[must_use]
    pub fn version_text(&self) -> &str {
        &self.version
    }

    /// Names of the steps of an operation in order; empty when the partner does not offer it.
    #[must_use]
    pub fn steps(&self, operation: Operation) -> &[String] {
        self.operations
            .get(&operation)
            .map_or(&[], |operation| &operation.names)
    }

    /// Whether an unknown outcome of this operation is cleared by [`Operation::Query`] before it is sent again (`ask: query`).
    #[must_use]
    pub fn asks_before_resend(&self, operation: Operation) -> bool {
        self.operations
            .get(&operation)
            .is_some_and(|operation| operation.asks)
    }

    /// Whether this operation may be sent again after an unknown outcome without asking: the partner notices repeats (the last step has
    /// `already_there`), or the definition says that a repeat has no effect (`ask: not_needed`).
    #[must_use]
    pub fn may_be_repeated(&self, operation: Operation) -> bool {
        self.operations
            .get(&operation)
            .is_some_and(step::CompiledOperation::may_be_repeated)
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
        self.encode(operation, step, context)
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
        self.verdict(operation, step, context, reply)
    }

    /// What an answer to the look-up means. Never guesses: an unreadable answer is [`QueryVerdict::Unavailable`].
    #[must_use]
    pub fn read_query(&self, context: &ExchangeContext, reply: &WireReply) -> QueryVerdict {
        self.look_up(context, reply)
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
        self.progress(context, reply)
    }

    /// Whether this partner may call back at all.
    #[must_use]
    pub fn takes_callbacks(&self) -> bool {
        self.feedback
            .as_ref()
            .is_some_and(|feedback| feedback.callback.is_some())
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
        self.verify(call, now)
    }

    /// Who calls on the partner's own resources beside the callback: canonical events, documents, pulls. The same credential; one
    /// that stands in a callback's body is shown in the header `x-api-key`.
    ///
    /// # Errors
    /// [`AuthenticationError`].
    pub fn authenticate_resource(
        &self,
        call: &CallbackCall,
        now: jiff::Timestamp,
    ) -> Result<Authenticated, AuthenticationError> {
        self.verify_resource(call, now)
    }

    /// The cases that a callback is about, for a caller that must fetch their facts before [`Self::read_callback`].
    ///
    /// # Errors
    /// As [`Self::read_callback`].
    pub fn case_references(
        &self,
        call: &CallbackCall,
    ) -> Result<Vec<CaseReference>, CallbackError> {
        self.references(call)
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
        self.messages(call, case_facts)
    }

    /// The reply that the partner's protocol expects. Takes a [`CallbackAnswer`], a [`CallbackError`] or an
    /// [`AuthenticationError`] by reference.
    #[must_use]
    pub fn write_callback_answer<'a>(
        &self,
        call: &CallbackCall,
        outcome: impl Into<CallbackOutcome<'a>>,
    ) -> WireReply {
        self.answer(call, outcome.into())
    }

    /// WSDL 1.1 of the callback under this address, for SOAP partners.
    #[must_use]
    pub fn callback_wsdl(&self, address: &str) -> Option<String> {
        self.wsdl(address)
    }

    fn step(&self, operation: Operation, index: usize) -> Option<&Step> {
        self.operations.get(&operation)?.steps.get(index)
    }
}
