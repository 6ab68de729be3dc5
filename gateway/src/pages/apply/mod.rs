//! From "apply" to the receipt (网上申办): questions before the form, the form with its documents, reading it over, submitting.
//!
//! Invariants: the checks are those of `POST /api/v1/applications`, run on the same body, and nothing is judged a second time
//! here; what was typed and uploaded comes back on every page, whatever went wrong; nothing of a draft is stored but its files;
//! one drawn form becomes one application at most, see [`key`].

pub mod already;
pub mod draft;
pub mod fill;
pub mod key;
pub mod paced;
pub mod receipt;
pub mod receive;
pub mod review;
#[cfg(test)]
mod samples;
pub mod start;
#[cfg(test)]
mod tests;

pub use already::AlreadyPage;
pub use fill::FillPage;
pub use receipt::ReceiptPage;
pub use receive::body_bytes_max;
pub use review::ReviewPage;
pub use start::StartPage;

use super::form::typed::Typed;
use super::texts::apply as texts;
use super::{Pages, PagesState, Visitor, respond};
use crate::application::refusal::Refusal;
use crate::application::{session, texts as said};
use crate::intake::SubmitError;
use crate::registry::item::PreparedItem;
use crate::store::application::ApplicationRecord;
use crate::text::Text;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use draft::{Action, Draft, Models};
use fill::{Drawn, Files};
use http::{StatusCode, header};
use key::Standing;
use receive::{Received, receive};
use start::Chosen;
use std::sync::Arc;
use std::time::Duration;
use tongban_catalog::snapshot::Availability;
use tongban_catalog::source::Finding;

/// How often, and with what pause, a submission waits for the same one that is on its way (the button pressed twice).
const TWICE: (u32, Duration) = (50, Duration::from_millis(100));

/// Asks what comes before the form, or shows the form empty.
pub async fn begin(
    State(pages): PagesState,
    visitor: Visitor,
    Path(code): Path<String>,
) -> Response {
    let answer = begun(&pages, &visitor, &code);
    pages.answer(&visitor, answer)
}

fn begun(pages: &Pages, visitor: &Visitor, code: &str) -> Result<Response, Refusal> {
    let (prepared, open) = item_of(pages, code)?;
    let item = &prepared.item;
    if !open {
        // The guide says why, and what to do instead.
        return Ok(respond::see_other(&format!("/items/{}", item.code())));
    }
    let (situation, region) = match start::chosen(item, visitor.query())? {
        Chosen::Start { situation, missing } => {
            let page = StartPage::of(item, &situation, missing, visitor.language);
            return Ok(respond::page(pages, visitor, StatusCode::OK, &page));
        }
        Chosen::Form { situation, region } => (situation, region),
    };
    let draft = Draft {
        key: key::fresh(&pages.hall)?,
        situation,
        region,
        ..Draft::default()
    };
    let models = models(&prepared, &draft);
    let sheet = Sheet {
        pages,
        visitor,
        prepared: &prepared,
        draft,
        models,
        files: Files::new(),
    };
    Ok(sheet.fill(StatusCode::OK, &[], None))
}

/// Takes what the form sent: files, the wish to go on or back, the application.
pub async fn send(
    State(pages): PagesState,
    visitor: Visitor,
    Path(code): Path<String>,
    body: Body,
) -> Response {
    let answer = sent(&pages, &visitor, &code, body).await;
    pages.answer(&visitor, answer)
}

async fn sent(
    pages: &Pages,
    visitor: &Visitor,
    code: &str,
    body: Body,
) -> Result<Response, Refusal> {
    let (prepared, _) = item_of(pages, code)?;
    let received = receive(&pages.hall, &visitor.call, &prepared.item, body).await?;
    let Received {
        mut draft,
        mut faults,
        stopped,
    } = received;
    let standing = key::standing(&pages.hall, &draft.key, pages.hall.intake.clock.now());
    if standing == Standing::Unknown {
        draft.key = key::fresh(&pages.hall)?;
    }
    let files = files_of(pages, &mut draft, &mut faults).await?;
    let models = models(&prepared, &draft);
    let mut sheet = Sheet {
        pages,
        visitor,
        prepared: &prepared,
        draft,
        models,
        files,
    };
    if let Some(stopped) = stopped {
        let words = stopped.words;
        faults.push(Finding::new("", words.key, words.zh, words.en));
        return Ok(sheet.fill(stopped.status, &faults, None));
    }
    let earlier = sheet.submitted_before().await?;
    if let (Some(record), true) = (&earlier, sheet.draft.action != Action::Submit) {
        return Ok(sheet.already(record));
    }
    match sheet.draft.action.clone() {
        Action::Edit | Action::Upload => Ok(sheet.fill(status(&faults), &faults, None)),
        Action::Remove(id) => {
            sheet.draft.uploads.retain(|upload| upload.id != id);
            Ok(sheet.fill(status(&faults), &faults, None))
        }
        Action::AddRow(name) => {
            let rows = sheet.draft.typed.rows(&name, super::form::ROWS_MAX);
            let name = Typed::rows_name(&name);
            sheet.draft.typed.set(&name, &(rows + 1).to_string());
            Ok(sheet.fill(status(&faults), &faults, Some(texts::ROW_ADDED)))
        }
        Action::Review => sheet.review(faults, None).await,
        Action::Submit if !faults.is_empty() => Ok(sheet.fill(status(&faults), &faults, None)),
        // A form that was open for too long may still have been submitted: then its receipt is the answer.
        Action::Submit if standing != Standing::Good && earlier.is_none() => {
            sheet.draft.key = key::fresh(&pages.hall)?;
            sheet.review(faults, Some(texts::KEY_EXPIRED)).await
        }
        Action::Submit => sheet.submit(earlier).await,
    }
}

fn status(faults: &[Finding]) -> StatusCode {
    match faults.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// The item, and whether it may be applied for here and now.
fn item_of(pages: &Pages, code: &str) -> Result<(Arc<PreparedItem>, bool), Refusal> {
    let snapshot = pages.hall.intake.registry.load();
    let (prepared, availability) = snapshot
        .current_item(code, pages.hall.today())
        .ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, said::UNKNOWN_ITEM))?;
    let online = super::items::Listed::is_online(&prepared.item);
    let open = availability == Availability::Open && online;
    Ok((Arc::clone(prepared), open))
}

fn models(prepared: &PreparedItem, draft: &Draft) -> Models {
    Models::of(&prepared.item, draft.situation_of(&prepared.item).as_ref())
}

/// The files that a draft names, as they stand now; those that are gone leave it, with a word about it.
async fn files_of(
    pages: &Pages,
    draft: &mut Draft,
    faults: &mut Vec<Finding>,
) -> Result<Files, Refusal> {
    let mut files = Files::new();
    for upload in &draft.uploads {
        if let Some(record) = pages.hall.intake.store.material(&upload.id).await? {
            files.insert(upload.id.clone(), record);
        } else {
            let words = texts::FILE_GONE;
            let pointer = format!("/{}", draft::Upload::field(upload.seq));
            faults.push(Finding::new(pointer, "file_gone", words.zh, words.en));
        }
    }
    draft
        .uploads
        .retain(|upload| files.contains_key(&upload.id));
    Ok(files)
}

/// One draft with everything to draw, check and submit it.
struct Sheet<'s> {
    pages: &'s Pages,
    visitor: &'s Visitor,
    prepared: &'s PreparedItem,
    draft: Draft,
    models: Models,
    files: Files,
}

impl Sheet<'_> {
    /// The form.
    fn fill(&self, status: StatusCode, findings: &[Finding], notice: Option<Text>) -> Response {
        let body = self.draft.body(&self.prepared.item, &self.models);
        let page = FillPage::of(&Drawn {
            item: &self.prepared.item,
            draft: &self.draft,
            models: &self.models,
            files: &self.files,
            findings,
            typed_at: &body.typed_at,
            notice,
            material_bytes_max: self.pages.hall.uploads.material_bytes_max(),
            language: self.visitor.language,
        });
        respond::page(self.pages, self.visitor, status, &page)
    }

    /// Every check; the form again with every fault, or what will be submitted.
    async fn review(
        &self,
        mut findings: Vec<Finding>,
        notice: Option<Text>,
    ) -> Result<Response, Refusal> {
        let item = &self.prepared.item;
        let body = self.draft.body(item, &self.models);
        match self.pages.hall.intake.examine(&body.json).await {
            Ok(()) => {}
            Err(SubmitError::Faults(faults)) => findings.extend(faults),
            Err(error) => return Err(error.into()),
        }
        if !findings.is_empty() {
            return Ok(self.fill(status(&findings), &findings, None));
        }
        let (files, language) = (&self.files, self.visitor.language);
        let page = ReviewPage::of(
            item,
            &self.draft,
            &self.models,
            &body,
            files,
            notice,
            language,
        );
        Ok(respond::page(
            self.pages,
            self.visitor,
            StatusCode::OK,
            &page,
        ))
    }

    /// The application that this form has become, if it has.
    async fn submitted_before(&self) -> Result<Option<ApplicationRecord>, Refusal> {
        let Some(key) = key::origin(&self.visitor.call, &self.draft).key() else {
            return Ok(None);
        };
        Ok(self
            .pages
            .hall
            .intake
            .store
            .by_idempotency_key(&key)
            .await?)
    }

    fn already(&self, record: &ApplicationRecord) -> Response {
        let hall = &self.pages.hall;
        let cookie = self.visitor.call.cookie(session::COOKIE);
        let opened = cookie.and_then(|cookie| {
            hall.intake
                .keys
                .session_application(cookie, hall.intake.clock.now())
        });
        let page = AlreadyPage {
            may_open: opened.as_deref() == Some(record.application_no.as_str()),
            application_no: record.application_no.clone(),
            item_code: self.prepared.item.code().to_owned(),
        };
        respond::page(self.pages, self.visitor, StatusCode::CONFLICT, &page)
    }

    /// Submits as the API does; then to the receipt, with the cookie that opens it.
    async fn submit(&self, earlier: Option<ApplicationRecord>) -> Result<Response, Refusal> {
        let hall = &self.pages.hall;
        let body = self.draft.body(&self.prepared.item, &self.models);
        let origin = key::origin(&self.visitor.call, &self.draft);
        let mut tries = 0;
        let taken = loop {
            match hall.take(&body.json, &origin, |_| None).await {
                Err(SubmitError::InProgress) if tries < TWICE.0 => {
                    tries += 1;
                    tokio::time::sleep(TWICE.1).await;
                }
                other => break other,
            }
        };
        let taken = match taken {
            Ok(taken) => taken,
            Err(SubmitError::KeyReused) => {
                let earlier = match earlier {
                    Some(record) => Some(record),
                    None => self.submitted_before().await?,
                };
                return match earlier {
                    Some(record) => Ok(self.already(&record)),
                    None => Err(SubmitError::KeyReused.into()),
                };
            }
            Err(SubmitError::Faults(faults)) => {
                return Ok(self.fill(status(&faults), &faults, None));
            }
            Err(error) => return Err(error.into()),
        };
        let no = &taken.record.application_no;
        let mut response = respond::see_other(&format!("/applications/{no}/receipt"));
        let (cookie, _) = session::cookie(hall, no)?;
        response.headers_mut().append(header::SET_COOKIE, cookie);
        Ok(response)
    }
}
