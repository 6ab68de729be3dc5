//! The way of one case: what the applicant does, and what must have happened in the end.

use serde_json::{Value, json};
use std::time::Duration;
use tongban_tests::hall::Hall;
use tongban_tests::process::eventually;
use tongban_tests::sample::{Taken, submit, upload};

/// Nothing in the matrix takes longer, also on a busy machine.
pub(crate) const END_MAX: Duration = Duration::from_secs(60);

/// A course of the simulators, with the applicant's part in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Journey {
    /// Accepted, decided, closed.
    Immediate,
    /// A correction is asked for and answered.
    Correction,
    /// A correction is asked for; the applicant withdraws instead.
    Withdrawal,
    /// Materials are fetched, a certificate is handed back.
    Collected,
}

impl Journey {
    /// The `--scenario` of the partner.
    pub(crate) fn scenario(self) -> &'static str {
        match self {
            Self::Immediate => "immediate",
            Self::Correction | Self::Withdrawal => "correction",
            Self::Collected => "collected",
        }
    }

    /// The types of the history, in order.
    pub(crate) fn history(self, kind: &str) -> Vec<&'static str> {
        match (self, kind) {
            (Self::Immediate, _) => vec!["applied", "accepted", "step", "closed"],
            (Self::Correction, _) => vec![
                "applied",
                "accepted",
                "correction_requested",
                "supplemented",
                "corrected",
                "step",
                "closed",
            ],
            (Self::Withdrawal, _) => vec![
                "applied",
                "accepted",
                "correction_requested",
                "withdrawal_requested",
                "closed",
            ],
            (Self::Collected, "xml") => vec!["applied", "accepted", "closed"],
            (Self::Collected, _) => vec!["applied", "accepted", "closed", "collected"],
        }
    }

    /// The decision.
    pub(crate) fn result(self) -> &'static str {
        match self {
            Self::Immediate | Self::Correction => "completed",
            Self::Withdrawal => "withdrawn",
            Self::Collected => "granted",
        }
    }

    /// The state in the end.
    pub(crate) fn state(self, kind: &str) -> &'static str {
        match (self, kind) {
            (Self::Collected, "rest" | "soap") => "collected",
            _ => "closed",
        }
    }

    /// Applies, and does whatever else is the applicant's part.
    pub(crate) async fn begin(self, hall: &Hall, kind: &str) -> Taken {
        let taken = submit(hall.public, kind).await;
        match self {
            Self::Immediate | Self::Collected => {}
            Self::Correction => {
                until_asked(hall, &taken).await;
                let id = upload(hall.public, b"%PDF-1.4 added").await;
                let body = json!({"text": "已补充", "materials": [{"seq": 1, "id": id}]});
                act(hall, &taken, "/supplement", &body).await;
            }
            Self::Withdrawal => {
                until_asked(hall, &taken).await;
                act(hall, &taken, "/withdraw", &json!({"reason": "不办了"})).await;
            }
        }
        taken
    }

    /// Waits for the end; what is shown then.
    pub(crate) async fn until_end(self, hall: &Hall, kind: &str, taken: &Taken) -> Value {
        let what = format!("{} ends", taken.no);
        let wanted = self.state(kind);
        eventually(&what, END_MAX, || async {
            let shown = hall.show(taken).await;
            (shown["state"] == wanted).then_some(shown)
        })
        .await
    }
}

async fn until_asked(hall: &Hall, taken: &Taken) {
    hall.until_state(taken, "correction").await;
}

async fn act(hall: &Hall, taken: &Taken, path: &str, body: &Value) {
    let answer = hall.post(taken, path, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}
