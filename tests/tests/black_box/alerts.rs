//! What tells an operator without being asked, and what shows in ten seconds when asked: alerts and the overview of deliveries.

use aws_lc_rs::hmac;
use bytes::Bytes;
use data_encoding::HEXLOWER;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tongban_tests::hall::{Hall, STATE_MAX, words};
use tongban_tests::process::eventually;
use tongban_tests::sample::submit;

const SECRET: &str = "black-box-alert-secret";

/// A call of the webhook: its headers and body.
type Calls = Arc<Mutex<Vec<(http::HeaderMap, Bytes)>>>;

/// A receiver that puts the first attempt off with 503.
async fn receiver() -> (SocketAddr, Calls) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let calls = Calls::default();
    let kept = Arc::clone(&calls);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let kept = Arc::clone(&kept);
            let service = service_fn(move |request: http::Request<Incoming>| {
                let kept = Arc::clone(&kept);
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes();
                    let mut kept = kept.lock().unwrap();
                    kept.push((head.headers, body));
                    let status = if kept.len() == 1 { 503 } else { 204 };
                    let answer = http::Response::builder().status(status);
                    Ok::<_, Infallible>(answer.body(Full::<Bytes>::default()).unwrap())
                }
            });
            let connection = hyper::server::conn::http1::Builder::new();
            tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
        }
    });
    (address, calls)
}

fn signed(headers: &http::HeaderMap, body: &[u8]) -> bool {
    let header = |name: &str| headers[name].to_str().unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signed = [header("tongban-timestamp").as_bytes(), b".", body].concat();
    let expected = HEXLOWER.encode(hmac::sign(&key, &signed).as_ref());
    header("tongban-signature") == format!("v1={expected}")
}

/// Waits for so many calls, moving the clock past the pauses between attempts.
async fn until_called(hall: &Hall, calls: &Calls, count: usize) -> Vec<(http::HeaderMap, Value)> {
    eventually(
        &format!("{count} calls of the webhook"),
        STATE_MAX,
        || async {
            hall.advance(2).await;
            let calls = calls.lock().unwrap();
            (calls.len() >= count).then_some(())
        },
    )
    .await;
    let calls = calls.lock().unwrap();
    calls
        .iter()
        .map(|(headers, body)| {
            assert!(
                signed(headers, body),
                "the signature does not fit: {headers:?}"
            );
            (headers.clone(), serde_json::from_slice(body).unwrap())
        })
        .collect()
}

#[tokio::test]
async fn a_partner_alerts_once_over_a_restart_and_once_more_when_it_is_over() {
    let (address, calls) = receiver().await;
    let settings = format!(
        "alerts: {{ every: 100ms, webhook: {{ url: \"http://{address}/hook\", secret: {SECRET} }} }}\n"
    );
    let refusing: &[&str] = &["--scenario", "immediate", "--switch", "refuse,phase=submit"];
    let mut hall = Hall::open_with(&[("rest", refusing)], &settings).await;
    let taken = submit(hall.public, "rest").await;
    let tried = until_called(&hall, &calls, 2).await;
    let (first, second) = (&tried[0], &tried[1]);
    assert_eq!(
        first.1, second.1,
        "the attempt that was put off comes again"
    );
    assert_eq!(
        first.0["tongban-message-id"],
        second.0["tongban-message-id"]
    );
    let said = &second.1;
    let facts = ["event", "system", "kind", "value", "bound"].map(|name| &said[name]);
    let expected = [
        json!("opened"),
        json!("gd-explosives"),
        json!("dead"),
        json!(1),
        json!(1),
    ];
    assert_eq!(facts, expected.each_ref(), "{said:#}");
    assert!(
        !said.to_string().contains(&taken.no),
        "a case number stands in an alert"
    );
    hall.kill();
    hall.start().await;
    submit(hall.public, "rest").await;
    let dead = eventually("two dead letters", STATE_MAX, || async {
        let dead = hall.listed("state=dead").await;
        (dead.len() == 2).then_some(dead)
    })
    .await;
    assert_eq!(
        hall.metric("tongban_alerts_open", &["gd-explosives"]).await,
        1.0
    );
    assert_eq!(calls.lock().unwrap().len(), 2, "one alert a partner");
    let (one, two) = (dead[0]["id"].to_string(), dead[1]["id"].to_string());
    let given_up = hall.deliveries(&[
        "discard",
        "--id",
        &one,
        "--id",
        &two,
        "--yes",
        "--reason",
        "sent on paper",
    ]);
    assert!(given_up.status.success(), "{}", words(&given_up));
    let all = until_called(&hall, &calls, 3).await;
    assert_eq!(
        (&all[2].1["event"], &all[2].1["alert"]),
        (&json!("resolved"), &said["alert"])
    );
    assert_eq!(
        hall.metric("tongban_alert_messages_total", &["sent"]).await,
        1.0
    );
}

#[tokio::test]
async fn the_overview_names_who_is_stuck_and_why_and_what_to_type() {
    let immediate: &[&str] = &["--scenario", "immediate"];
    let hall = Hall::open(&[("rest", immediate), ("soap", immediate)]).await;
    let pause = [
        "pause",
        "--system",
        "gd-explosives",
        "--yes",
        "--reason",
        "maintenance",
    ];
    assert!(hall.deliveries(&pause).status.success());
    let fine = submit(hall.public, "soap").await;
    submit(hall.public, "rest").await;
    // Nobody plays the national system.
    submit(hall.public, "xml").await;
    hall.until_state(&fine, "closed").await;
    let overview = eventually("the overview names who is stuck", STATE_MAX, || async {
        let shown = hall.deliveries(&["--json"]);
        let shown: Value = serde_json::from_slice(&shown.stdout).ok()?;
        (shown["systems"][0]["state"] == "stuck").then_some(shown)
    })
    .await;
    let of = |id: &str| -> Value {
        let systems = overview["systems"].as_array().unwrap();
        systems.iter().find(|s| s["system"] == id).unwrap().clone()
    };
    let (stuck, paused, flowing) = (
        of("national-radio"),
        of("gd-explosives"),
        of("zhuhai-platform"),
    );
    assert_eq!(overview["systems"][0], stuck, "the worst comes first");
    assert_eq!(stuck["last_failure"]["code"], "not_sent");
    let id = &stuck["last_failure"]["delivery"];
    assert_eq!(stuck["then"], json!(format!("show {id}")));
    assert_eq!(
        (&paused["state"], &paused["waiting"]),
        (&json!("paused"), &json!(1))
    );
    assert_eq!(paused["then"], "resume --system gd-explosives");
    assert_eq!(
        (&flowing["state"], &flowing["waiting"]),
        (&json!("flowing"), &json!(0))
    );
    assert!(flowing["last_success"].is_string());
    // What it says to type works as it stands.
    let words_of = stuck["then"].as_str().unwrap();
    let typed: Vec<&str> = words_of.split(' ').collect();
    assert!(hall.deliveries(&typed).status.success());
    let table = hall.deliveries(&["overview"]);
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    for line in table.lines() {
        assert!(line.chars().count() <= 101, "{line}");
    }
    assert!(table.contains("not reachable"), "{table}");
    eventually("the metrics say the same", STATE_MAX, || async {
        let state = hall
            .metric("tongban_delivery_state", &["national-radio"])
            .await;
        (state == 5.0).then_some(())
    })
    .await;
    let paused = hall
        .metric("tongban_delivery_state", &["gd-explosives"])
        .await;
    assert_eq!(paused, 3.0);
}
