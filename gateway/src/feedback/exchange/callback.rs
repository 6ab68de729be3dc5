//! Callbacks in the partner's own form (回调): `POST /exchange/v1/systems/{id}/callback`, and their WSDL by `GET …?wsdl`.
//!
//! Read and answered by the definition as it is now, whatever version the cases in it are pinned to: a partner has one interface at a
//! time. Every answer after the system is known is in its protocol, also where that prescribes a fault with status 500; each is counted
//! under its own outcome.

use super::body::{self, BodyFault};
use super::document;
use super::partner::{Unproven, call_of};
use super::{ExchangeRoom, Named, answer, named, request_id, texts};
use crate::feedback::FeedbackOutcome;
use crate::operations::logging::seldom;
use crate::problem::Problem;
use crate::processing::projection::withdrawal_requested;
use crate::store::case::{CaseRecord, NewUnread};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request};
use serde_json::Value;
use tongban_adapters::canonical::{CaseReference, PartnerEvent, Submission};
use tongban_adapters::definition::{
    AuthenticationError, CallbackError, CallbackFacts, CompiledDefinition,
};
use tongban_adapters::exchange::{
    CallbackAnswer, CallbackCall, CallbackMessage, ExchangeContext, WireReply,
};
use tongban_adapters::reading::ReadError;

pub(super) async fn call(
    State(room): State<ExchangeRoom>,
    id: Named<String>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let definition = named(id).and_then(|id| room.definition(&id));
    match definition {
        Ok(definition) => reply(
            Callback {
                room: &room,
                definition: &definition,
            }
            .take(&head, body)
            .await,
        ),
        Err(problem) => answer(Err(problem), &head.extensions),
    }
}

/// One callback of a known system.
struct Callback<'a> {
    room: &'a ExchangeRoom,
    definition: &'a CompiledDefinition,
}

impl Callback<'_> {
    async fn take(&self, head: &request::Parts, body: Body) -> WireReply {
        let bytes = match body::whole(body, self.room.callback_bytes_max()).await {
            Ok(bytes) => bytes,
            Err(fault) => return self.no_body(&call_of(head, &[]), fault),
        };
        let call = call_of(head, &bytes);
        match self.room.credentials.callback(self.definition, &call).await {
            Ok(()) => {}
            Err(Unproven::Credential(error)) => {
                self.count("callback", error.code());
                return self.definition.write_callback_answer(&call, &error);
            }
            Err(Unproven::NonceReused) => {
                self.count("callback", texts::NONCE_REUSED.key);
                return self
                    .definition
                    .write_callback_answer(&call, &AuthenticationError::Wrong);
            }
            Err(full @ Unproven::NoncesFull) => {
                return self.refuse(&call, full.code(), texts::NONCES_FULL.zh);
            }
        }
        match self.messages(&call).await {
            Ok(Ok(messages)) => {
                let answer = self.act(messages, request_id(head)).await;
                self.definition.write_callback_answer(&call, &answer)
            }
            Ok(Err(error)) => {
                self.count("callback", error.code());
                self.keep_unread(&call, &error).await;
                self.definition.write_callback_answer(&call, &error)
            }
            Err(refusal) => self.definition.write_callback_answer(&call, &refusal),
        }
    }

    fn no_body(&self, call: &CallbackCall, fault: BodyFault) -> WireReply {
        match fault {
            BodyFault::TooLarge(max) => {
                let max = usize::try_from(max).unwrap_or(usize::MAX);
                let error = CallbackError::Unreadable(ReadError::TooLarge(max));
                self.count("callback", "body_too_large");
                self.definition.write_callback_answer(call, &error)
            }
            BodyFault::BrokenOff => {
                self.count("callback", texts::BROKEN_OFF.key);
                self.refuse(call, texts::BROKEN_OFF.key, texts::BROKEN_OFF.zh)
            }
        }
    }

    fn refuse(&self, call: &CallbackCall, code: &str, reason: &str) -> WireReply {
        self.definition
            .write_callback_answer(call, &refused(code, reason))
    }

    fn count(&self, kind: &'static str, outcome: &'static str) {
        self.room
            .feedback
            .observer
            .received(self.definition.id(), kind, outcome);
    }

    /// Reads the messages, after the facts that their meaning depends on. The outer error is the store's, ready to be answered.
    async fn messages(
        &self,
        call: &CallbackCall,
    ) -> Result<Result<Vec<CallbackMessage>, CallbackError>, CallbackAnswer> {
        let references = match self.definition.case_references(call) {
            Ok(references) => references,
            Err(error) => return Ok(Err(error)),
        };
        let max = self.room.bounds.callback_messages_max;
        if references.len() > max {
            self.count("callback", "too_many_messages");
            return Err(refused(
                "too_many_messages",
                &format!("一次最多{max}条消息"),
            ));
        }
        let mut facts: Vec<(CaseReference, Option<CallbackFacts>)> = Vec::new();
        for reference in references {
            if facts.iter().all(|(known, _)| *known != reference) {
                let case = self.case(&reference).await?;
                facts.push((reference, case.as_ref().map(facts_of)));
            }
        }
        Ok(self.definition.read_callback(call, &|reference| {
            facts
                .iter()
                .find(|(known, _)| known == reference)
                .and_then(|(_, facts)| *facts)
        }))
    }

    /// Keeps for people what could not be understood. The partner is refused anyway and sends it again, so a store that is away
    /// costs the line in the list and nothing else.
    async fn keep_unread(&self, call: &CallbackCall, error: &CallbackError) {
        let named = self.definition.case_references(call).unwrap_or_default();
        let case = match named.first() {
            Some(reference) => self.case(reference).await.ok().flatten(),
            None => None,
        };
        let unread = NewUnread {
            system_id: self.definition.id().to_owned(),
            case_no: case.map(|case| case.case_no).unwrap_or_default(),
            way: "callback",
            code: error.code().to_owned(),
            reason: error.to_string(),
            received_at: self.room.now(),
            bytes: call.body.clone(),
        };
        if let Err(error) = self.room.store().record_unread(unread).await {
            seldom!(warn, %error, system = self.definition.id(), "a callback that was not understood could not be kept");
        }
    }

    async fn case(&self, reference: &CaseReference) -> Result<Option<CaseRecord>, CallbackAnswer> {
        self.room
            .store()
            .case_of_partner(self.definition.id(), reference)
            .await
            .map_err(|error| self.unavailable("callback", &error))
    }

    fn unavailable(&self, kind: &'static str, error: &dyn std::error::Error) -> CallbackAnswer {
        seldom!(error, %error, system = self.definition.id(), "a callback could not be taken");
        self.count(kind, "error");
        refused(texts::UNAVAILABLE.key, texts::UNAVAILABLE.zh)
    }

    /// Takes every message, in order. The first refusal is the answer; what was taken beside it is known when it comes again.
    async fn act(&self, messages: Vec<CallbackMessage>, request_id: &str) -> CallbackAnswer {
        let mut whole = CallbackAnswer::Taken;
        for message in messages {
            let answer = match message {
                CallbackMessage::Events(events) => self.events(events, request_id).await,
                CallbackMessage::Pull(reference) => self.pull(&reference).await,
                CallbackMessage::Document(handed_back) => {
                    match document::of_callback(self.room, self.definition.id(), handed_back).await
                    {
                        Ok(outcome) => {
                            self.count("document", outcome.code());
                            outcome.into_answer()
                        }
                        Err(error) => self.unavailable("document", &error),
                    }
                }
            };
            whole = graver(whole, answer);
        }
        whole
    }

    async fn events(&self, events: Vec<PartnerEvent>, request_id: &str) -> CallbackAnswer {
        let mut whole = CallbackAnswer::Taken;
        for event in events {
            let received = self
                .room
                .feedback
                .receive(self.definition.id(), event, request_id)
                .await;
            let answer = match received {
                Ok(outcome) => answer_to(&outcome),
                Err(error) => {
                    seldom!(error, %error, system = self.definition.id(), "feedback could not be stored");
                    return refused(texts::UNAVAILABLE.key, texts::UNAVAILABLE.zh);
                }
            };
            whole = graver(whole, answer);
        }
        whole
    }

    async fn pull(&self, reference: &CaseReference) -> CallbackAnswer {
        let case = match self
            .room
            .notified_case(self.definition.id(), reference)
            .await
        {
            Ok(case) => case,
            Err(error) => return self.unavailable("pull", &error),
        };
        let Some(case) = case else {
            self.count("pull", texts::UNKNOWN_CASE.key);
            return refused(texts::UNKNOWN_CASE.key, texts::UNKNOWN_CASE.zh);
        };
        let nonce = match self.room.entropy.capability() {
            Ok(nonce) => nonce,
            Err(error) => return self.unavailable("pull", &error),
        };
        self.count("pull", "taken");
        CallbackAnswer::Application(Box::new(context(case, self.room.now(), nonce)))
    }
}

/// What a partner sees of a case: as submitted and corrected since, with the numbers and facts of now.
pub(super) fn as_seen(case: CaseRecord) -> Submission {
    let withdrawal_requested = facts_of(&case).withdrawal_requested;
    let mut submission = case.submission;
    submission.case.short_no = case.short_no;
    submission.case.partner_no = case.partner_no;
    submission.case.withdrawal_requested = withdrawal_requested;
    submission
}

fn context(case: CaseRecord, now: jiff::Timestamp, nonce: String) -> ExchangeContext {
    ExchangeContext {
        submission: as_seen(case),
        step: Value::Object(serde_json::Map::new()),
        message: Value::Null,
        message_key: String::new(),
        now,
        nonce,
    }
}

fn facts_of(case: &CaseRecord) -> CallbackFacts {
    CallbackFacts {
        withdrawal_requested: withdrawal_requested(case),
    }
}

fn answer_to(outcome: &FeedbackOutcome) -> CallbackAnswer {
    match outcome {
        FeedbackOutcome::Rejected { code, zh, .. } => refused(code, zh),
        FeedbackOutcome::Conflict => refused(texts::CONFLICT.key, texts::CONFLICT.zh),
        FeedbackOutcome::Applied | FeedbackOutcome::Known | FeedbackOutcome::Held => {
            CallbackAnswer::Taken
        }
    }
}

fn refused(code: &str, reason: &str) -> CallbackAnswer {
    CallbackAnswer::Refused {
        code: code.to_owned(),
        reason: reason.to_owned(),
    }
}

/// Of two answers the one that the partner must hear: a refusal before anything, an application before a mere "taken".
fn graver(first: CallbackAnswer, second: CallbackAnswer) -> CallbackAnswer {
    match (&first, &second) {
        (CallbackAnswer::Refused { .. }, _) | (_, CallbackAnswer::Taken) => first,
        _ => second,
    }
}

/// The adapter's reply as it goes out. Hop-by-hop headers and lengths are the server's.
fn reply(wire: WireReply) -> Response {
    let mut response = Response::new(Body::from(wire.body));
    *response.status_mut() =
        StatusCode::from_u16(wire.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in wire.headers {
        let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value))
        else {
            continue;
        };
        if name != header::CONTENT_LENGTH
            && name != header::TRANSFER_ENCODING
            && name != header::CONNECTION
        {
            response.headers_mut().append(name, value);
        }
    }
    response
}

pub(super) async fn wsdl(
    State(room): State<ExchangeRoom>,
    id: Named<String>,
    request: Request,
) -> Response {
    let (head, _) = request.into_parts();
    answer(describe(&room, id, &head), &head.extensions)
}

fn describe(
    room: &ExchangeRoom,
    id: Named<String>,
    head: &request::Parts,
) -> Result<Response, Problem> {
    let id = named(id)?;
    let definition = room.definition(&id)?;
    let no_wsdl = || Problem::new(StatusCode::NOT_FOUND, texts::NO_WSDL);
    if !head
        .uri
        .query()
        .is_some_and(|query| query.eq_ignore_ascii_case("wsdl"))
    {
        return Err(no_wsdl());
    }
    let authority =
        authority(head).ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, texts::BAD_HOST))?;
    let scheme = if room.bounds.tls { "https" } else { "http" };
    let address = format!("{scheme}://{authority}/exchange/v1/systems/{id}/callback");
    let wsdl = definition.callback_wsdl(&address).ok_or_else(no_wsdl)?;
    let mut response = Response::new(Body::from(wsdl));
    let content_type = HeaderValue::from_static("text/xml; charset=utf-8");
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    Ok(response)
}

/// The host that the client used: one name or address with an optional port, nothing that could change the meaning of an address.
fn authority(head: &request::Parts) -> Option<Authority> {
    let given = match head.uri.authority() {
        Some(authority) => authority.clone(),
        None => only_host(&head.headers)?.parse().ok()?,
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
    let sane = given.as_str().len() <= 255
        && !given.host().is_empty()
        && given.as_str().bytes().all(plain)
        && (given.as_str() == given.host() || given.port_u16().is_some());
    sane.then_some(given)
}

fn only_host(headers: &HeaderMap) -> Option<&str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next()?.to_str().ok()?;
    hosts.next().is_none().then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(uri: &str, hosts: &[&str]) -> request::Parts {
        let mut request = http::Request::get(uri);
        for host in hosts {
            request = request.header(header::HOST, *host);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn the_address_of_a_wsdl_is_a_plain_host_or_none() {
        for (uri, hosts, expected) in [
            ("/x", &["hall.example:8090"][..], Some("hall.example:8090")),
            ("/x", &["[::1]:8090"], Some("[::1]:8090")),
            (
                "http://other.example/x",
                &["hall.example"],
                Some("other.example"),
            ),
            ("/x", &[], None),
            ("/x", &["a.example", "b.example"], None),
            ("/x", &["user@hall.example"], None),
            ("/x", &["hall.example:99999"], None),
            ("/x", &["hall.example/\"><evil"], None),
            ("/x", &[""], None),
        ] {
            let found = authority(&head(uri, hosts));
            assert_eq!(
                found.as_ref().map(Authority::as_str),
                expected,
                "{uri} {hosts:?}"
            );
        }
    }

    #[test]
    fn a_refusal_outweighs_everything_and_an_application_a_mere_taken() {
        let no = || refused("no", "");
        for (first, second, expected) in [
            (CallbackAnswer::Taken, no(), "no"),
            (no(), CallbackAnswer::Taken, "no"),
            (no(), refused("later", ""), "no"),
            (CallbackAnswer::Taken, CallbackAnswer::Taken, ""),
        ] {
            let code = match graver(first, second) {
                CallbackAnswer::Refused { code, .. } => code,
                _ => String::new(),
            };
            assert_eq!(code, expected);
        }
    }
}
