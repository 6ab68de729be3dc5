//! The rules that one case lives under: pinned by item version and channel at submission, plain values, no look-ups.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use tongban_adapters::canonical::{DecisionResult, Event, EventBody, Forwarding};
use tongban_catalog::deadline::Limit;

/// What happens when the acceptance clock runs out in silence (domain row 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SilencePolicy {
    /// The case counts as accepted on the day of receipt (Administrative Licensing Law, article 32).
    #[default]
    Deemed,
    /// Somebody is told; the case stays where it is.
    Alert,
}

/// What 转报 is for this partner (`feedback.forward` of its definition).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PassedOn {
    /// It ends the case here (转报办结, domain row 19).
    #[default]
    Close,
    /// It is a step; the case stays in handling.
    Step,
}

/// What an extension (type A) after another special procedure (type B) gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExtensionAfterSpecial {
    /// It is refused.
    #[default]
    Reject,
    /// It is applied with a warning.
    Warn,
}

/// How the end of a suspension names its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pairing {
    /// By the same serial (XH); an empty one means the open suspension.
    #[default]
    Serial,
    /// The partner has no XH: the end always means the open suspension.
    OpenSuspension,
}

/// When a decision starts the clock for handing the result over (Administrative Licensing Law, article 44).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryDue {
    /// When a certificate or document is issued (出证办结).
    #[default]
    WhenGranted,
    /// Also when the case is completed without a certificate (the item's result is a document of another kind).
    WhenFinished,
    /// Never: the item has no result to hand over.
    Never,
}

/// Whether the item is decided on the spot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseKind {
    /// 承诺件 and others: acceptance and decision are two acts.
    #[default]
    Promise,
    /// 即办件: acceptance, step and completion may arrive together, or as a completion alone (row 24).
    Immediate,
}

/// Everything the life cycle must know besides the case and the event. Pinned with the case; a later version of the item or of the
/// partner's definition does not change it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Immediate or not.
    pub case_kind: CaseKind,
    /// 受理期限 (article 32: 5 working days).
    pub acceptance: Limit,
    /// 承诺办结时限; `None` where the item promises nothing.
    pub promise: Option<Limit>,
    /// 法定办结时限; `None` where the law sets none.
    pub statutory: Option<Limit>,
    /// 送达期限 (article 44: 10 working days).
    pub delivery: Limit,
    /// When the delivery clock starts.
    pub delivery_due: DeliveryDue,
    /// What silence beyond the acceptance clock means.
    pub silence: SilencePolicy,
    /// What 转报 is for this partner.
    pub passed_on: PassedOn,
    /// How the end of a suspension names its beginning.
    pub pairing: Pairing,
    /// Extension after another special procedure.
    pub extension_after_special: ExtensionAfterSpecial,
    /// Longest extension in working days that passes without a warning (article 42: 10; 15 in joint handling).
    pub extension_days_max: u32,
    /// Time after which a case lapses when the applicant does not answer a notice before acceptance; `None` = never by itself.
    /// A limit in the notice itself goes first, in working days.
    pub lapse: Option<Limit>,
    /// How far a partner's clock may be off, seconds.
    pub skew_seconds: u32,
    /// How long an event waits for its predecessor, seconds.
    pub hold_seconds: u32,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            case_kind: CaseKind::default(),
            acceptance: Limit::working_days(5),
            promise: None,
            statutory: None,
            delivery: Limit::working_days(10),
            delivery_due: DeliveryDue::default(),
            silence: SilencePolicy::default(),
            passed_on: PassedOn::default(),
            pairing: Pairing::default(),
            extension_after_special: ExtensionAfterSpecial::default(),
            extension_days_max: 10,
            lapse: None,
            skew_seconds: 300,
            hold_seconds: 3_600,
        }
    }
}

impl Rules {
    /// The event in the words of these rules: 转报 becomes `forwarded` or a completion as the partner's definition says. Store this
    /// form, so that the history shows what was applied. Idempotent; [`super::apply`] does it by itself as well.
    #[must_use]
    pub fn as_reported<'e>(&self, event: &'e Event) -> Cow<'e, Event> {
        let body = match (&event.body, self.passed_on) {
            (EventBody::Closed(closing), PassedOn::Step)
                if closing.result == DecisionResult::PassedOn =>
            {
                EventBody::Forwarded(Forwarding {
                    to: closing.text.clone(),
                    reason: closing.reason.clone(),
                })
            }
            (EventBody::Forwarded(forwarding), PassedOn::Close) => {
                EventBody::Closed(tongban_adapters::canonical::Closing {
                    result: DecisionResult::PassedOn,
                    reason: forwarding.reason.clone(),
                    text: forwarding.to.clone(),
                    certificate: None,
                    document_ids: Vec::new(),
                })
            }
            _ => return Cow::Borrowed(event),
        };
        Cow::Owned(Event {
            body,
            ..event.clone()
        })
    }

    /// When an event received at `received_at` stops waiting for its predecessor.
    #[must_use]
    pub fn held_until(&self, received_at: Timestamp) -> Timestamp {
        shifted(received_at, i64::from(self.hold_seconds))
    }

    /// The earliest time that still counts as not before `instant` on the partner's clock.
    pub(super) fn tolerated_before(&self, instant: Timestamp) -> Timestamp {
        shifted(instant, -i64::from(self.skew_seconds))
    }

    /// The latest time that still counts as not after `instant` on the partner's clock.
    pub(super) fn tolerated_after(&self, instant: Timestamp) -> Timestamp {
        shifted(instant, i64::from(self.skew_seconds))
    }
}

/// `instant` moved by `seconds`, held inside what a timestamp can say.
fn shifted(instant: Timestamp, seconds: i64) -> Timestamp {
    let beyond = if seconds < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    instant
        .checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(beyond)
}
