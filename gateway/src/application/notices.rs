//! `GET` and `PUT /applications/{no}/notifications`: what the applicant hears, by which channel and in which language.

use super::Hall;
use super::call::{Call, HallState, answer_json};
use super::reading::Readable;
use super::refusal::Refusal;
use crate::intake::fields::{Fields, Need};
use crate::intake::json::canonical_digest;
use crate::store::notification::NoticeChoice;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

/// What is chosen, and where messages go: masked.
pub async fn show(State(hall): HallState, call: Call, Path(no): Path<String>) -> Response {
    call.answer(shown(&hall, &call, &no).await)
}

async fn shown(hall: &Hall, call: &Call, no: &str) -> Result<Response, Refusal> {
    let readable = hall.readable(call, no).await?;
    Ok(answer_json(StatusCode::OK, &choice(hall, &readable).await?))
}

/// What is chosen; for the interface and the pages alike.
///
/// # Errors
/// The store's.
pub async fn choice(hall: &Hall, readable: &Readable) -> Result<Value, Refusal> {
    let store = &hall.intake.store;
    let choice = store.notice_choice(&readable.record.application_no).await?;
    said(hall, readable, &choice)
}

/// Changes it: `{language?, sms?, email?}`; what is left out stays.
pub async fn choose(
    State(hall): HallState,
    call: Call,
    Path(no): Path<String>,
    body: Body,
) -> Response {
    call.answer(chosen(&hall, &call, &no, body).await)
}

async fn chosen(hall: &Hall, call: &Call, no: &str, body: Body) -> Result<Response, Refusal> {
    let readable = hall.readable(call, no).await?;
    let body = call.json(body).await?;
    let choice = choose_with(hall, call, &readable, &body).await?;
    Ok(answer_json(StatusCode::OK, &choice))
}

/// Changes what is chosen as `body` says; for the interface and the pages alike.
///
/// # Errors
/// Every fault of the body.
pub async fn choose_with(
    hall: &Hall,
    call: &Call,
    readable: &Readable,
    body: &Value,
) -> Result<Value, Refusal> {
    let store = &hall.intake.store;
    let application_no = readable.record.application_no.clone();
    let choice = read(body, store.notice_choice(&application_no).await?)?;
    let now = hall.intake.clock.now();
    let organisation = &readable.case()?.organisation_id;
    let digest = canonical_digest(body);
    let origin = call.origin("web")?;
    let audit = origin.audit("notices.choose", &application_no, organisation, digest, now);
    let chosen = store.choose_notices(&application_no, choice.clone(), audit);
    if !chosen.await? {
        return Err(Refusal::unknown_application());
    }
    said(hall, readable, &choice)
}

fn read(body: &Value, before: NoticeChoice) -> Result<NoticeChoice, Refusal> {
    let mut faults = Vec::new();
    let mut fields = Fields::of(body, "", &mut faults);
    let mut choice = before;
    if let Some(language) = fields.text("language", 2, Need::Optional) {
        if matches!(language, "zh" | "en") {
            language.clone_into(&mut choice.language);
        } else {
            fields.fault("language", "not_known", "须为zh或en", "must be zh or en");
        }
    }
    for (name, wanted) in [("sms", &mut choice.sms), ("email", &mut choice.email)] {
        match fields.value(name, Need::Optional) {
            None => {}
            Some(Value::Bool(value)) => *wanted = *value,
            Some(_) => fields.fault(
                name,
                "wrong_type",
                "须为true或false",
                "must be true or false",
            ),
        }
    }
    fields.finish();
    if faults.is_empty() {
        Ok(choice)
    } else {
        Err(Refusal::Faults(faults))
    }
}

fn said(hall: &Hall, readable: &Readable, choice: &NoticeChoice) -> Result<Value, Refusal> {
    let settings = hall.intake.announcer.settings();
    let channels = settings.map_or_else(Vec::new, |s| s.applicant_channels());
    let applicant = &readable.case()?.submission.applicant;
    let contact = |channel: &str, to: Option<&str>| {
        let to = to.map(str::trim).filter(|to| !to.is_empty());
        to.filter(|_| channels.contains(&channel)).map(masked)
    };
    Ok(json!({
        "language": choice.language,
        "sms": choice.sms, "email": choice.email,
        "sms_to": contact("sms", Some(&applicant.phone)),
        "email_to": contact("email", applicant.email.as_deref()),
    }))
}

/// Enough to know one's own by: the ends, and what stands behind an @.
fn masked(contact: &str) -> String {
    let (name, host) = contact
        .split_once('@')
        .map_or((contact, String::new()), |(name, host)| {
            (name, format!("@{host}"))
        });
    let characters: Vec<char> = name.chars().collect();
    let kept = if characters.len() > 8 { 3 } else { 1 };
    let first: String = characters.iter().take(kept).collect();
    let last: String = match host.as_str() {
        "" => characters
            .iter()
            .skip(characters.len().saturating_sub(2).max(kept))
            .collect(),
        _ => String::new(),
    };
    format!("{first}****{last}{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_shown_by_its_ends_alone() {
        assert_eq!(masked("13800000042"), "138****42");
        assert_eq!(masked("zhangsan@example.com"), "z****@example.com");
        assert_eq!(masked("1"), "1****");
    }

    #[test]
    fn what_is_left_out_of_a_choice_stays() {
        let before = NoticeChoice {
            language: "en".to_owned(),
            ..NoticeChoice::default()
        };
        let choice = read(&json!({"sms": false}), before).unwrap();
        assert_eq!(
            (choice.language.as_str(), choice.sms, choice.email),
            ("en", false, true)
        );
        for body in [
            json!({"sms": "no"}),
            json!({"language": "fr"}),
            json!({"fax": true}),
            json!([]),
        ] {
            assert!(read(&body, NoticeChoice::default()).is_err(), "{body}");
        }
    }
}
