//! Live events: history first, then what happens, until the gateway drains.

use super::*;
use crate::edge::Draining;
use http_body_util::BodyExt;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Longer than any wait of a test that works.
const PATIENCE: Duration = Duration::from_secs(20);

struct Reader {
    body: Body,
    seen: String,
}

impl Reader {
    async fn open(
        world: &World,
        no: &str,
        code: &str,
        last: Option<&str>,
        drain: &CancellationToken,
    ) -> (StatusCode, Self) {
        let mut headers = vec![("x-query-code", code), ("accept", "text/event-stream")];
        headers.extend(last.map(|l| ("last-event-id", l)));
        let mut call = request(
            "GET",
            &format!("/api/v1/applications/{no}/events"),
            &headers,
            Body::empty(),
        );
        call.extensions_mut().insert(Draining(drain.clone()));
        let answer = world.send(call).await;
        (
            answer.status(),
            Self {
                body: answer.into_body(),
                seen: String::new(),
            },
        )
    }

    /// Reads until the text was seen; false when the stream ends before.
    async fn sees(&mut self, text: &str) -> bool {
        while !self.seen.contains(text) {
            match timeout(PATIENCE, self.body.frame())
                .await
                .expect("a piece in time")
            {
                Some(frame) => self.seen.push_str(&String::from_utf8_lossy(
                    &frame.unwrap().into_data().unwrap(),
                )),
                None => return false,
            }
        }
        true
    }
}

#[tokio::test]
async fn a_stream_tells_history_then_news_and_ends_with_the_drain() {
    // Nothing but the word of a commit may wake it: looking by itself comes too late.
    let settings = HallSettings {
        look_again: Duration::from_secs(3_600),
        heartbeat: Duration::from_secs(3_600),
        ..HallSettings::default()
    };
    let world = World::with(sample::snapshot(), settings).await;
    let (no, code) = world.submitted().await;
    let drain = CancellationToken::new();
    let (status, mut reader) = Reader::open(&world, &no, &code, None, &drain).await;
    assert_eq!(status, StatusCode::OK);
    assert!(reader.sees("id: 1\nevent: applied\n").await);
    let headers = [("x-query-code", code.as_str())];
    world
        .post(
            &format!("/api/v1/applications/{no}/withdraw"),
            &headers,
            &json!({}),
        )
        .await;
    assert!(reader.sees("event: withdrawn\n").await);
    let (_, mut resumed) = Reader::open(&world, &no, &code, Some("2"), &drain).await;
    assert!(resumed.sees("id: 3\n").await);
    assert!(!resumed.seen.contains("id: 2\n"));
    drain.cancel();
    assert!(!reader.sees("never").await, "the stream ends");
}

#[tokio::test]
async fn a_silent_stream_shows_that_it_lives() {
    let settings = HallSettings {
        heartbeat: Duration::from_millis(20),
        ..HallSettings::default()
    };
    let world = World::with(sample::snapshot(), settings).await;
    let (no, code) = world.submitted().await;
    let (_, mut reader) =
        Reader::open(&world, &no, &code, Some("1"), &CancellationToken::new()).await;
    assert!(reader.sees(": alive\n\n").await);
}

#[tokio::test]
async fn a_commit_that_nobody_told_of_is_found_by_looking() {
    let settings = HallSettings {
        look_again: Duration::from_millis(20),
        ..HallSettings::default()
    };
    let world = World::with(sample::snapshot(), settings).await;
    let (no, code) = world.submitted().await;
    let (_, mut reader) =
        Reader::open(&world, &no, &code, Some("1"), &CancellationToken::new()).await;
    assert!(reader.sees("retry:").await);
    // Another node's commit: this one's news stay silent.
    let silent = Casework {
        news: CaseNews::default(),
        ..world.hall.casework.clone()
    };
    let elsewhere = Hall::new(
        Arc::clone(&world.hall.intake),
        silent,
        HallSettings::default(),
        SharedState::alone(),
    );
    let router = register_public(Router::new()).with_state(elsewhere);
    let headers = [
        ("content-type", "application/json"),
        ("x-query-code", code.as_str()),
    ];
    let withdraw = request(
        "POST",
        &format!("/api/v1/applications/{no}/withdraw"),
        &headers,
        "{}".into(),
    );
    assert_eq!(
        router.oneshot(withdraw).await.unwrap().status(),
        StatusCode::OK
    );
    assert!(reader.sees("event: withdrawal_requested\n").await);
}

#[tokio::test]
async fn one_stream_more_than_allowed_is_told_to_come_again() {
    let settings = HallSettings {
        streams_max: 1,
        ..HallSettings::default()
    };
    let world = World::with(sample::snapshot(), settings).await;
    let (no, code) = world.submitted().await;
    let drain = CancellationToken::new();
    let (first, reader) = Reader::open(&world, &no, &code, None, &drain).await;
    let (second, _) = Reader::open(&world, &no, &code, None, &drain).await;
    assert_eq!(
        (first, second),
        (StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE)
    );
    drop(reader);
    assert_eq!(
        Reader::open(&world, &no, &code, None, &drain).await.0,
        StatusCode::OK
    );
}
