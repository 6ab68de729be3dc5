//! From what went wrong inside to what the caller is told: one place, so that nothing internal slips through.

use super::texts;
use crate::intake::SubmitError;
use crate::intake::json::JsonError;
use crate::operations::logging::seldom;
use crate::problem::{InputFault, Problem};
use crate::processing::change::ChangeError;
use crate::processing::life_cycle::Rejection;
use crate::store::StoreError;
use crate::store::standing::no_bytes_taken;
use crate::text::{Language, Text};
use http::StatusCode;
use tongban_catalog::source::Finding;

/// Seconds after which a caller comes again when the store is full or away.
const STORE_RETRY_S: u32 = 2;

/// Seconds after which a caller comes again when intake is stopped: somebody has to make room.
const STOPPED_RETRY_S: u32 = 30;

/// Why a call is refused; becomes a response in the caller's language.
#[derive(Debug)]
pub enum Refusal {
    /// A problem that is complete but for its language.
    Problem(Box<Problem>),
    /// Wrong input: every fault, 422.
    Faults(Vec<Finding>),
    /// The life cycle does not allow it, 409.
    Rejected(Rejection),
}

impl Refusal {
    /// A refusal with these words.
    #[must_use]
    pub fn new(status: StatusCode, title: Text) -> Self {
        Problem::new(status, title).into()
    }

    /// 404 of everything about an application.
    #[must_use]
    pub fn unknown_application() -> Self {
        Self::new(StatusCode::NOT_FOUND, texts::UNKNOWN_APPLICATION)
    }

    /// 400 or 422 of one thing.
    #[must_use]
    pub fn fault(pointer: &str, code: &'static str, zh: &str, en: &str) -> Self {
        Self::Faults(vec![Finding::new(pointer, code, zh, en)])
    }

    /// In the caller's language.
    #[must_use]
    pub fn into_problem(self, language: Language) -> Problem {
        match self {
            Self::Problem(problem) => *problem,
            Self::Faults(faults) => {
                let errors = faults
                    .into_iter()
                    .map(|fault| input_fault(fault, language))
                    .collect();
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, texts::INVALID_INPUT).errors(errors)
            }
            Self::Rejected(rejection) => {
                let mut problem = Problem::new(StatusCode::CONFLICT, texts::NOT_NOW);
                problem.code = rejection.code();
                problem.detail(rejection.say(language))
            }
        }
    }
}

fn input_fault(fault: Finding, language: Language) -> InputFault {
    let language = match language {
        Language::Chinese => tongban_catalog::Language::Chinese,
        Language::English => tongban_catalog::Language::English,
    };
    let mut detail = fault.message.get(language).to_owned();
    if let Some(hint) = &fault.hint {
        detail.push_str("; ");
        detail.push_str(hint.get(language));
    }
    InputFault {
        pointer: fault.pointer,
        code: fault.code,
        detail,
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<JsonError> for Refusal {
    fn from(error: JsonError) -> Self {
        let (title, pointer) = match &error {
            JsonError::NotUtf8 { .. } => (texts::NOT_UTF8, ""),
            JsonError::TooDeep { .. } => (texts::NESTED_TOO_DEEPLY, ""),
            JsonError::Malformed { .. } => (texts::MALFORMED_JSON, ""),
            JsonError::DuplicateName { pointer } => (texts::DUPLICATE_NAME, pointer.as_str()),
        };
        let mut problem = Problem::new(StatusCode::BAD_REQUEST, title).detail(error.to_string());
        if !pointer.is_empty() {
            problem.errors = vec![InputFault {
                pointer: pointer.to_owned(),
                code: title.key,
                detail: error.to_string(),
            }];
        }
        problem.into()
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let later = || {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, texts::TRY_LATER)
                .retry_after(STORE_RETRY_S)
        };
        match &error {
            StoreError::Busy { .. } => later().into(),
            StoreError::Unavailable(_) => {
                seldom!(error, %error, "the store is away; callers are told to come again");
                later().into()
            }
            StoreError::FilesAway(_) => {
                seldom!(error, %error, "files are away; callers are told to come again");
                later().into()
            }
            StoreError::Bytes(bytes) if no_bytes_taken(bytes) => {
                seldom!(error, %error, "bytes of files are not taken; callers are told to come again");
                later().into()
            }
            _ => {
                tracing::error!(%error, "the store could not do what a call needs");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, texts::INTERNAL)
            }
        }
    }
}

impl From<ChangeError> for Refusal {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Store(error) => error.into(),
            ChangeError::UnknownCase => Self::unknown_application(),
            ChangeError::Contended(_) => {
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, texts::TRY_LATER)
                    .retry_after(1)
                    .into()
            }
            ChangeError::ItemMissing(_) | ChangeError::Unreadable(_) => {
                tracing::error!(%error, "a case cannot be changed");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, texts::INTERNAL)
            }
        }
    }
}

impl From<SubmitError> for Refusal {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Faults(faults) => Self::Faults(faults),
            SubmitError::InProgress => Problem::new(StatusCode::CONFLICT, texts::IN_PROGRESS)
                .retry_after(1)
                .into(),
            SubmitError::KeyReused => Self::new(StatusCode::CONFLICT, texts::KEY_REUSED),
            SubmitError::Rejected(rejection) => rejection.into(),
            SubmitError::NumbersExhausted => {
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, texts::NUMBERS_EXHAUSTED)
                    .retry_after(3_600)
                    .into()
            }
            SubmitError::Stopped(_) => {
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, texts::INTAKE_STOPPED)
                    .retry_after(STOPPED_RETRY_S)
                    .into()
            }
            SubmitError::Store(error) => error.into(),
            SubmitError::Entropy(error) => {
                tracing::error!(%error, "no randomness for a new case");
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, texts::TRY_LATER)
                    .retry_after(STORE_RETRY_S)
                    .into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_store_says_when_to_come_again_and_a_broken_one_says_nothing_of_itself() {
        let problem = |error: StoreError| Refusal::from(error).into_problem(Language::English);
        for away in [
            StoreError::Busy { bound: 7 },
            StoreError::Unavailable("disk".into()),
            StoreError::FilesAway("no connection".into()),
        ] {
            let told = problem(away);
            assert_eq!(told.status, StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(
                (told.retry_after_s, told.detail),
                (Some(STORE_RETRY_S), None)
            );
        }
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        assert_eq!(problem(StoreError::Bytes(full)).status.as_u16(), 503);
        let gone = std::io::Error::from(std::io::ErrorKind::NotFound);
        assert_eq!(problem(StoreError::Bytes(gone)).status.as_u16(), 500);
        let told = problem(StoreError::Sealed { table: "cases" });
        assert_eq!(
            (told.status.as_u16(), told.code, told.detail),
            (500, "internal", None)
        );
    }
}
