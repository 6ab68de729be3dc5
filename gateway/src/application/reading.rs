//! Who may read an application: its applicant or agent by token, the bearer of its query code, or of the cookie made from it.

use super::call::Call;
use super::refusal::Refusal;
use super::{Hall, session};
use crate::identity::Scope;
use crate::store::application::ApplicationRecord;
use crate::store::case::CaseRecord;

/// Bytes of a number in a path; the longest scheme has 43.
const NUMBER_BYTES_MAX: usize = 64;

/// An application that the caller may read, and how it was proven.
pub struct Readable {
    /// The application.
    pub record: ApplicationRecord,
    /// The scope of every further query about it.
    pub scope: Scope,
    wanted: String,
}

impl Readable {
    /// The case that the path names: by its own number, else the application's first.
    ///
    /// # Errors
    /// 404 when the application holds none, which the store does not allow.
    pub fn case(&self) -> Result<&CaseRecord, Refusal> {
        let cases = &self.record.cases;
        let named = cases.iter().find(|c| c.case_no == self.wanted);
        named
            .or(cases.first())
            .ok_or_else(Refusal::unknown_application)
    }
}

impl Hall {
    /// The application of this number, or of the case of this number, if the caller may read it.
    ///
    /// One look-up and one keyed digest are done whether it exists or not, so that the answer's time does not tell.
    ///
    /// # Errors
    /// 404 alike for what does not exist and what is not the caller's; the store's.
    pub async fn readable(&self, call: &Call, no: &str) -> Result<Readable, Refusal> {
        if no.is_empty() || no.len() > NUMBER_BYTES_MAX || !no.bytes().all(is_number_byte) {
            return Err(Refusal::unknown_application());
        }
        // Whose it is can only be said of the row itself; nothing of it leaves before `may_read` holds.
        let found = self
            .intake
            .store
            .application(&Scope::Everything, no)
            .await?;
        let application_no = found.as_ref().map_or(no, |r| &r.application_no).to_owned();
        let proven = self.number_is_proven(call, &application_no);
        let record = found
            .filter(|r| proven || is_owner(call, r))
            .ok_or_else(Refusal::unknown_application)?;
        Ok(Readable {
            scope: Scope::Application(application_no),
            wanted: no.to_owned(),
            record,
        })
    }

    fn number_is_proven(&self, call: &Call, application_no: &str) -> bool {
        let keys = &self.intake.keys;
        let by_code = keys.is_query_code(
            application_no,
            call.header("x-query-code").unwrap_or_default(),
        );
        let cookie = call.cookie(session::COOKIE).unwrap_or_default();
        let by_cookie = keys.session_application(cookie, self.intake.clock.now());
        by_code || by_cookie.as_deref() == Some(application_no)
    }
}

/// What numbers of all schemes are made of; local ones may hold `-`, `_` and `.`.
fn is_number_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

fn is_owner(call: &Call, record: &ApplicationRecord) -> bool {
    let Some(subject) = call.subject() else {
        return false;
    };
    [&record.owner_subject, &record.agent]
        .into_iter()
        .flatten()
        .any(|own| own == subject)
}
