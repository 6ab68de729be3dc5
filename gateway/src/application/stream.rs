//! Live events (server-sent events, WHATWG HTML section 9.2): history from where the reader was, then what happens.
//!
//! Whoever commits a change tells its case number; a stream that hears its own wakes and reads the store. Behind that it looks by
//! itself every few seconds (with Redis at every heartbeat), so a lost word costs a delay and never an event. A stream ends with the gateway's drain, and the
//! browser comes back with `Last-Event-ID`.

use super::call::Call;
use super::events::on_the_wire;
use super::refusal::Refusal;
use super::{Hall, texts};
use crate::identity::Scope;
use crate::operations::logging::seldom;
use crate::problem::Problem;
use crate::processing::change::EVERY_CASE;
use crate::store::case::StoredEvent;
use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::stream::unfold;
use http::{HeaderValue, StatusCode, header};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, broadcast};
use tokio_util::sync::CancellationToken;

/// Events that are read at once.
const PAGE: u32 = 100;

struct Live {
    hall: Arc<Hall>,
    scope: Scope,
    case_no: String,
    after: u64,
    news: broadcast::Receiver<Arc<str>>,
    draining: CancellationToken,
    quiet: Duration,
    greeted: bool,
    _permit: OwnedSemaphorePermit,
}

/// Begins a stream after event `after`.
///
/// # Errors
/// 503 when this node has as many streams as it may.
pub fn begin(
    hall: Arc<Hall>,
    call: &Call,
    scope: Scope,
    case_no: String,
    after: u64,
) -> Result<Response, Refusal> {
    let Ok(permit) = Arc::clone(&hall.streams).try_acquire_owned() else {
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, texts::TOO_MANY_STREAMS);
        return Err(problem.retry_after(10).into());
    };
    let live = Live {
        // Before the first look at the store, so that nothing falls between the two.
        news: hall.casework.news.listen(),
        hall,
        scope,
        case_no,
        after,
        draining: call.draining.clone(),
        quiet: Duration::ZERO,
        greeted: false,
        _permit: permit,
    };
    let pieces = unfold(live, |mut live| async move {
        let piece = live.next().await?;
        Some((Ok::<_, Infallible>(piece), live))
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

impl Live {
    /// The next piece; `None` ends the stream.
    async fn next(&mut self) -> Option<Bytes> {
        if !self.greeted {
            self.greeted = true;
            return Some(Bytes::from_static(b"retry: 3000\n\n"));
        }
        loop {
            if self.draining.is_cancelled() {
                return None;
            }
            match self
                .hall
                .intake
                .store
                .events(&self.scope, &self.case_no, self.after, PAGE)
                .await
            {
                Ok(events) if !events.is_empty() => return Some(self.written(&events)),
                Ok(_) => {}
                // The reader comes back by itself; ending is the honest answer to a store that is away.
                Err(error) => {
                    seldom!(warn, %error, "a live stream ended: events could not be read");
                    return None;
                }
            }
            if self.quiet >= self.hall.settings.heartbeat {
                self.quiet = Duration::ZERO;
                return Some(Bytes::from_static(b": alive\n\n"));
            }
            self.wait().await;
        }
    }

    fn written(&mut self, events: &[StoredEvent]) -> Bytes {
        self.quiet = Duration::ZERO;
        let mut text = String::new();
        for event in events {
            self.after = event.seq;
            let kind = event.event.body.kind();
            text.push_str(&format!(
                "id: {}\nevent: {kind}\ndata: {}\n\n",
                event.seq,
                on_the_wire(event)
            ));
        }
        Bytes::from(text)
    }

    /// Waits for a word about this case, the end, or the time to look again.
    async fn wait(&mut self) {
        let heartbeat = self.hall.settings.heartbeat.saturating_sub(self.quiet);
        // Redis tells of what it lost, so that a thousand quiet streams need not ask the store for it: only a node that died between
        // its commit and its word is found by looking.
        let look_again = match self.hall.shared.stands() {
            true => heartbeat,
            false => self.hall.settings.look_again,
        };
        let patience = look_again.min(heartbeat).max(Duration::from_millis(1));
        let began = self.hall.intake.clock.instant();
        tokio::select! {
            () = self.draining.cancelled() => {}
            () = heard(&mut self.news, &self.case_no) => {}
            () = tokio::time::sleep(patience) => {}
        }
        self.quiet += began.elapsed();
    }
}

/// Returns once this case was told of, or words were lost; never when nobody can tell any more.
async fn heard(news: &mut broadcast::Receiver<Arc<str>>, case_no: &str) {
    loop {
        match news.recv().await {
            Ok(told) if *told == *case_no || *told == *EVERY_CASE => return,
            Ok(_) => {}
            Err(broadcast::error::RecvError::Lagged(_)) => return,
            Err(broadcast::error::RecvError::Closed) => return std::future::pending().await,
        }
    }
}
