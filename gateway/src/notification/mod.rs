//! Notifications (通知): who is told of an event, in which words, by which channel, and the worker that sends.
//!
//! Invariants: what is told is decided purely ([`plan`]) and written with the event, in its transaction; a row refers to its event and
//! holds no personal data, so address and text are read from the case when it is sent; every attempt carries the same message key;
//! nothing of an address or a text is logged or counted; without the section `notifications:` there are no rows.

pub mod mail;
pub mod plan;
pub mod settings;
pub mod signing;
pub mod sms;
pub mod texts;
pub mod webhook;
pub mod worker;

pub use plan::Announcer;
pub use settings::NotificationSettings;

use crate::store::notification::LeasedNotice;
use aws_lc_rs::digest;
use data_encoding::HEXLOWER;

/// How an attempt ended, with a stable code that names no one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// Taken.
    Taken(String),
    /// Not taken now; again later.
    Again(String),
    /// Never to be taken.
    Never(String),
    /// Nobody is there to be told.
    Nobody(&'static str),
}

/// The message key (消息键): the same in every attempt, also after a restore, so that a receiver can drop repeats.
#[must_use]
pub fn message_key(notice: &LeasedNotice) -> String {
    let trial = notice.id.to_string();
    let case = notice.case_no.as_deref().unwrap_or(&trial);
    let named = format!(
        "tongban/notification/1\n{case}\n{}\n{}",
        notice.seq, notice.lane
    );
    let digest = digest::digest(&digest::SHA256, named.as_bytes());
    let head = digest.as_ref().get(..16).unwrap_or_default();
    format!("msg_{}", HEXLOWER.encode(head))
}
