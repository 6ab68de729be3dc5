//! The face between the gateway's delivery and feedback and a partner's protocol: bytes in, bytes out, no I/O.
//!
//! Delivery asks a [`crate::definition::CompiledDefinition`] for the request of one step, sends the bytes itself, and hands
//! the answer back to learn what it means. Feedback hands in a callback's bytes and gets canonical messages.

use crate::canonical::{CaseReference, PartnerEvent, Submission};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the gateway asks of a partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Hand over an application (申办).
    Submit,
    /// Hand over the applicant's answer to a correction notice (补正).
    Supplement,
    /// Ask to withdraw (撤回).
    Withdraw,
    /// Look a case up by our number: the question after an unknown outcome, and the proof of "already there".
    Query,
    /// Poll for progress (轮询办理进度).
    Poll,
}

impl Operation {
    /// The word on the wire, in the store and in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Supplement => "supplement",
            Self::Withdraw => "withdraw",
            Self::Query => "query",
            Self::Poll => "poll",
        }
    }

    /// The operation of a word of [`Operation::as_str`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [
            Self::Submit,
            Self::Supplement,
            Self::Withdraw,
            Self::Query,
            Self::Poll,
        ]
        .into_iter()
        .find(|o| o.as_str() == word)
    }
}

/// A complete request, ready to be sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireRequest {
    /// HTTP method.
    pub method: String,
    /// Absolute address: the definition's endpoint and the operation's path and query.
    pub url: String,
    /// Headers in order, names in lower case; credentials included.
    pub headers: Vec<(String, String)>,
    /// Body bytes, in the partner's encoding.
    pub body: Vec<u8>,
}

/// A complete answer as received.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireReply {
    /// HTTP status.
    pub status: u16,
    /// Headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body bytes; bounded by the caller.
    pub body: Vec<u8>,
}

/// What the mapping expressions of one operation may see. Serialised as the expression's root object, with `step` holding
/// what earlier steps captured (`step.number.lsh`).
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ExchangeContext {
    /// The case, item, applicant, form and materials.
    #[serde(flatten)]
    pub submission: Submission,
    /// What earlier steps of this operation captured, by step name.
    #[serde(default)]
    pub step: Value,
    /// The supplement or withdrawal at hand: `{text, materials, serial, at}` or `{reason, at}`; null for a submission.
    #[serde(default)]
    pub message: Value,
    /// The key of this delivery, the same in every attempt.
    pub message_key: String,
    /// The time of this attempt, RFC 3339 (for signatures and call times, never for facts of the case).
    pub now: jiff::Timestamp,
    /// A fresh random nonce of this attempt, hex.
    pub nonce: String,
}

/// What a partner's answer to one step means.
#[derive(Debug, Clone, PartialEq)]
pub enum StepVerdict {
    /// Taken. What the definition captures goes into the journal under the step's name.
    Accepted {
        /// Captured values (an object).
        captured: Value,
        /// The partner's own number, when the answer tells it.
        partner_no: Option<String>,
    },
    /// The partner says that an earlier try arrived; only the look-up may prove that it was ours.
    AlreadyThere,
    /// The partner refused for a reason of its own; trying again changes nothing.
    Refused {
        /// Its code, or an empty text.
        code: String,
        /// Its words.
        reason: String,
    },
    /// The partner could not (busy, 5xx, its own exception): try again later.
    Unavailable {
        /// Its words, or what was wrong.
        reason: String,
        /// Seconds that its `Retry-After` asks for.
        retry_after_s: Option<u32>,
    },
}

/// A partner's code and words in one line, for people: `2: 材料不全`. An operator looks the code up in the partner's list.
#[must_use]
pub fn coded(code: &str, words: &str) -> String {
    match (code.is_empty(), words.is_empty()) {
        (true, _) => words.to_owned(),
        (_, true) => code.to_owned(),
        _ => format!("{code}: {words}"),
    }
}

/// What a partner's answer to [`Operation::Query`] means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryVerdict {
    /// It has the case, and the definition's proof says that it is ours.
    Ours {
        /// The partner's own number, when told.
        partner_no: Option<String>,
    },
    /// It has a case under this number that is not ours.
    Foreign,
    /// It does not have it.
    Unknown,
    /// No usable answer: ask again later.
    Unavailable {
        /// Its words, or what was wrong.
        reason: String,
    },
}

/// A call from a partner, as received.
#[derive(Clone)]
pub struct CallbackCall {
    /// HTTP method.
    pub method: String,
    /// Query string without `?`; empty when there is none.
    pub query: String,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body bytes; bounded by the caller.
    pub body: Vec<u8>,
}

/// What a callback turned out to be, in the order in which the partner put it.
#[derive(Debug, Clone, PartialEq)]
pub enum CallbackMessage {
    /// Progress of cases.
    Events(Vec<PartnerEvent>),
    /// It asks for the application that it was notified of (getApplyInfo).
    Pull(CaseReference),
    /// It hands back a document.
    Document(CallbackDocument),
}

/// A document inside a callback.
#[derive(Clone, PartialEq, Eq)]
pub struct CallbackDocument {
    /// Which case.
    pub case: CaseReference,
    /// `decision`, `certificate`, `correction_notice` or `acceptance`.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Number on the document, empty when it has none.
    pub number: String,
    /// File name.
    pub file_name: String,
    /// MD5 that the partner declares, lower-case hex; empty when it declares none. A mismatch is refused by the adapter.
    pub declared_md5: String,
    /// The bytes.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for CallbackDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallbackDocument")
            .field("kind", &self.kind)
            .field("size", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// How the gateway answers a callback; the definition turns it into the reply that the partner's protocol expects.
#[derive(Clone, PartialEq)]
pub enum CallbackAnswer {
    /// Taken (or known already).
    Taken,
    /// Refused, with a stable code and words without personal data.
    Refused {
        /// Stable code of the gateway, for example `unknown_case`.
        code: String,
        /// Words.
        reason: String,
    },
    /// The application that was pulled.
    Application(Box<ExchangeContext>),
}
