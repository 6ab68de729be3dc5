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
    };
    let done = perform(arguments, &mut console).await;
    (done, String::from_utf8(output).unwrap())
}

fn two_dead(body: &str) -> (u16, &'static str) {
    if body.contains("\"dry_run\":true") {
        (
            200,
            r#"{"count":2,"at_once":2,"oldest":"2017-06-05T01:30:00Z","repeats":1}"#,
        )
    } else {
        (200, r#"{"changed":2}"#)
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
    for typed in [None, Some("no\n")] {
        let (done, output) =
            command(&folder, &["retry", "--system", "a", "--reason", "r"], typed).await;
        assert!(matches!(done, Err(CommandError::Usage(_))));
        assert!(
            output.contains("2 deliveries match, the oldest from 2017-06-05 09:30:00"),
            "{output}"
        );
        assert!(output.contains("1 of them were sent before"), "{output}");
    }
    assert!(
        asked
            .lock()
            .iter()
            .all(|(_, body)| body.contains("\"dry_run\":true"))
    );
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
    let (done, output) = command(
        &folder,
        &[
            "retry",
            "--code",
            "not_sent",
            "--yes",
            "--reason",
            "line repaired",
            "--json",
        ],
        None,
    )
    .await;
    assert!(done.is_ok());
    assert_eq!(output, "{\"changed\":2}\n");
    let asked = asked.lock();
    assert!(
        asked[1].1.contains("\"reason\":\"wrong case\"") && asked[1].0.ends_with("/discard"),
        "{asked:?}"
    );
    assert!(
        asked[2].1.contains("\"reason\":\"line repaired\"") && asked[2].0.ends_with("/retry"),
        "{asked:?}"
    );
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
