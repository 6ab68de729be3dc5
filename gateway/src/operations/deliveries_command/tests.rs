//! The command against a real Unix listener that answers as `/ops/v1` does.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use super::*;
use clap::Parser;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use std::convert::Infallible;
use std::sync::Arc;
use tempfile::TempDir;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    arguments: DeliveriesArguments,
}

type Asked = Arc<Mutex<Vec<(String, String)>>>;

/// Answers every call with what `answer` says and keeps what was asked.
fn listen(folder: &TempDir, answer: fn(&str) -> (u16, &'static str)) -> Asked {
    let asked = Asked::default();
    let listener = tokio::net::UnixListener::bind(folder.path().join(client::SOCKET_FILE)).unwrap();
    let kept = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let kept = Arc::clone(&kept);
            let service = service_fn(move |request: http::Request<Incoming>| {
                let kept = Arc::clone(&kept);
                async move {
                    let path = request.uri().to_string();
                    let body = request.into_body().collect().await.unwrap().to_bytes();
                    let body = String::from_utf8(body.to_vec()).unwrap();
                    let (status, text) = answer(&body);
                    kept.lock().push((path, body));
                    let response = http::Response::builder().status(status);
                    Ok::<_, Infallible>(response.body(Full::new(bytes::Bytes::from(text))).unwrap())
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    asked
}

async fn command(
    folder: &TempDir,
    line: &[&str],
    typed: Option<&str>,
) -> (Result<(), CommandError>, String) {
    let data = folder.path().to_str().unwrap();
    let folder_option = ["--data", data];
    let line = ["deliveries"].iter().chain(line).chain(&folder_option);
    let arguments = Line::try_parse_from(line).unwrap().arguments;
    let mut output = Vec::new();
    let mut input = typed.map(str::as_bytes);
    let mut console = Console {
        output: &mut output,
        input: input.as_mut().map(|input| input as &mut dyn BufRead),
        json: arguments.json,
        terminal: false,
    };
    let done = perform(arguments, &mut console).await;
    (done, String::from_utf8(output).unwrap())
}

const PREVIEW: &str = r#"{"token":"t1","valid_until":"2017-06-05T01:45:00Z","kind":"retry","count":2,"taken":2,
    "oldest":"2017-06-05T01:30:00Z","newest":"2017-06-05T01:31:00Z","by_system":[{"name":"a","count":2}],
    "by_code":[{"name":"not_sent","count":2}],"repeats":1,"asked_first":0,"rate":5.0,"rate_limited_by":null,"seconds":1}"#;

const BEGUN: &str = r#"{"id":9,"kind":"retry","state":"running","why":"","asked_for":"system=a","reason":"r","by":"operator",
    "created_at":"2017-06-05T01:32:00Z","ended_at":null,"rate":5.0,"total":2,"released":0,"in_flight":0,"delivered":0,"dead":0,
    "trying":0,"discarded":0,"gone":0,"left":2,"seconds_left":1}"#;

const ENDED: &str = r#"{"id":9,"kind":"retry","state":"finished","why":"","asked_for":"system=a","reason":"r","by":"operator",
    "created_at":"2017-06-05T01:32:00Z","ended_at":"2017-06-05T01:32:02Z","rate":5.0,"total":2,"released":2,"in_flight":0,
    "delivered":2,"dead":0,"trying":0,"discarded":0,"gone":0,"left":0,"seconds_left":null}"#;

/// A gateway with two dead deliveries: by id, and as a job.
fn two_dead(body: &str) -> (u16, &'static str) {
    match body {
        "" => (200, ENDED),
        body if body.contains("\"criteria\"") => (200, PREVIEW),
        body if body.contains("\"token\":\"t1\"") => (201, BEGUN),
        body if body.contains("\"dry_run\":true") => (
            200,
            r#"{"count":2,"at_once":2,"oldest":"2017-06-05T01:30:00Z","repeats":1}"#,
        ),
        _ => (200, r#"{"changed":2}"#),
    }
}

#[tokio::test]
async fn without_a_gateway_the_words_say_what_to_look_at() {
    let folder = TempDir::new().unwrap();
    let (done, _) = command(&folder, &["list"], None).await;
    let words = done.unwrap_err().to_string();
    assert!(
        words.contains("ops.sock") && words.contains("is `tongban serve` running"),
        "{words}"
    );
}

#[tokio::test]
async fn a_change_that_nobody_consented_to_is_a_preview_and_wrong_usage() {
    let folder = TempDir::new().unwrap();
    let asked = listen(&folder, two_dead);
    let by_id = ["retry", "--id", "7", "--reason", "r"];
    let a_set = ["retry", "--system", "a", "--reason", "r"];
    for (line, told) in [
        (by_id, "1 of them were sent before"),
        (a_set, "1 were sent before with an unknown outcome"),
    ] {
        for typed in [None, Some("no\n")] {
            let (done, output) = command(&folder, &line, typed).await;
            assert!(matches!(done, Err(CommandError::Usage(_))));
            assert!(
                output.contains("2 deliveries match") && output.contains("2017-06-05 09:30:00"),
                "{output}"
            );
            assert!(output.contains(told), "{output}");
        }
    }
    let asked = asked.lock();
    let looked = |body: &str| body.contains("\"dry_run\":true") || body.contains("\"criteria\"");
    assert!(asked.iter().all(|(_, body)| looked(body)), "{asked:?}");
}

#[tokio::test]
async fn a_change_is_made_with_its_reason_once_somebody_says_yes() {
    let folder = TempDir::new().unwrap();
    let asked = listen(&folder, two_dead);
    let (done, output) = command(
        &folder,
        &["discard", "--id", "7"],
        Some("yes\nwrong case\n"),
    )
    .await;
    assert!(
        done.is_ok() && output.contains("2 deliveries changed"),
        "{output}"
    );
    let line = [
        "retry", "--id", "7", "--yes", "--reason", "mended", "--json",
    ];
    let (done, output) = command(&folder, &line, None).await;
    assert!(done.is_ok());
    assert_eq!(output, "{\"changed\":2}\n");
    let asked = asked.lock();
    assert!(
        asked[1].1.contains("\"reason\":\"wrong case\"") && asked[1].0.ends_with("/discard"),
        "{asked:?}"
    );
    assert!(
        asked[2].1.contains("\"reason\":\"mended\"") && asked[2].0.ends_with("/retry"),
        "{asked:?}"
    );
}

#[tokio::test]
async fn a_set_of_deliveries_is_a_job_begun_by_what_was_looked_at_and_followed_to_its_end() {
    let folder = TempDir::new().unwrap();
    let asked = listen(&folder, two_dead);
    let line = [
        "retry",
        "--code",
        "not_sent",
        "--item",
        "1002*",
        "--from",
        "2026-03-01",
        "--rate",
        "2.5",
    ];
    let (done, output) = command(&folder, &line, Some("yes\nline repaired\n")).await;
    assert!(done.is_ok(), "{done:?}");
    for told in [
        "by error: not_sent 2",
        "MAY BE REPEATED",
        "job 9 has begun",
        "2 in all: 2 delivered",
    ] {
        assert!(output.contains(told), "no {told} in {output}");
    }
    let asked = asked.lock();
    let bodies: Vec<&str> = asked.iter().map(|(_, body)| body.as_str()).collect();
    assert_eq!(
        bodies[0],
        r#"{"kind":"retry","criteria":{"code":"not_sent","item":"1002*","from":"2026-02-28T16:00:00Z"},"rate":2.5}"#
    );
    assert_eq!(bodies[1], r#"{"token":"t1","reason":"line repaired"}"#);
    assert_eq!(asked[2].0, "/ops/v1/jobs/9");
}

#[tokio::test]
async fn a_refusal_of_the_gateway_is_told_with_its_code() {
    let folder = TempDir::new().unwrap();
    listen(&folder, |_| {
        (422, r#"{"title":"Name a criterion","code":"filter_empty"}"#)
    });
    let (done, _) = command(&folder, &["list", "--case", "a b&c"], None).await;
    let error = done.unwrap_err();
    assert!(
        matches!(&error, CommandError::Failed(words) if words.contains("filter_empty")),
        "{error}"
    );
}
