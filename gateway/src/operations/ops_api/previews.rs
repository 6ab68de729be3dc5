//! Previews (预览) that a job may be begun from: what was looked at is what is done. Kept in memory, few, for a while.

use crate::store::bulk::BulkKind;
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use std::collections::VecDeque;

/// Previews that are kept; the oldest makes room.
const PREVIEWS_MAX: usize = 16;
/// How long a preview may be begun from.
pub(super) const VALID: SignedDuration = SignedDuration::from_mins(15);

/// What somebody has looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Looked {
    pub(super) kind: BulkKind,
    pub(super) deliveries: Vec<i64>,
    pub(super) interval_us: i64,
    pub(super) system_id: Option<String>,
    pub(super) asked_for: String,
}

impl Looked {
    /// Names exactly this work: kind, pace and every delivery in its order.
    fn token(&self) -> String {
        let mut bytes = format!("{} {}", self.kind.as_str(), self.interval_us).into_bytes();
        for id in &self.deliveries {
            bytes.extend(id.to_be_bytes());
        }
        HEXLOWER.encode(&digest(&SHA256, &bytes).as_ref()[..16])
    }
}

/// The previews of this gateway.
#[derive(Default)]
pub struct Previews {
    kept: Mutex<VecDeque<(String, Timestamp, Looked)>>,
}

impl Previews {
    /// Keeps what was looked at; returns its token and until when it holds.
    pub(super) fn keep(&self, looked: Looked, now: Timestamp) -> (String, Timestamp) {
        let token = looked.token();
        let until = now.saturating_add(VALID).unwrap_or(Timestamp::MAX);
        let mut kept = self.kept.lock();
        kept.retain(|(other, end, _)| *other != token && *end > now);
        while kept.len() >= PREVIEWS_MAX {
            kept.pop_front();
        }
        kept.push_back((token.clone(), until, looked));
        (token, until)
    }

    /// What a token stands for, while it holds.
    pub(super) fn find(&self, token: &str, now: Timestamp) -> Option<Looked> {
        let kept = self.kept.lock();
        kept.iter()
            .find(|(other, end, _)| other == token && *end > now)
            .map(|(.., looked)| looked.clone())
    }

    /// Forgets a token: one preview begins one job.
    pub(super) fn forget(&self, token: &str) {
        self.kept.lock().retain(|(other, ..)| other != token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(deliveries: &[i64]) -> Looked {
        Looked {
            kind: BulkKind::Retry,
            deliveries: deliveries.to_vec(),
            interval_us: 200_000,
            system_id: None,
            asked_for: String::new(),
        }
    }

    #[test]
    fn a_token_stands_for_exactly_what_was_looked_at_and_for_a_while() {
        let (previews, now) = (Previews::default(), Timestamp::UNIX_EPOCH);
        let (token, until) = previews.keep(looked(&[1, 2]), now);
        let (other, _) = previews.keep(looked(&[1, 2, 3]), now);
        assert_ne!(token, other);
        assert_eq!(previews.find(&token, now), Some(looked(&[1, 2])));
        assert_eq!(previews.find(&token, until), None);
        previews.forget(&token);
        assert_eq!(previews.find(&token, now), None);
        assert!(previews.find(&other, now).is_some());
    }

    #[test]
    fn the_oldest_preview_makes_room() {
        let (previews, now) = (Previews::default(), Timestamp::UNIX_EPOCH);
        let count = i64::try_from(PREVIEWS_MAX).unwrap() + 1;
        let tokens: Vec<_> = (0..count)
            .map(|id| previews.keep(looked(&[id]), now).0)
            .collect();
        assert!(previews.find(&tokens[0], now).is_none());
        assert!(tokens[1..].iter().all(|t| previews.find(t, now).is_some()));
    }
}
