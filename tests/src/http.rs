//! A small HTTP/1.1 client: one connection a request, whole bodies, a time bound.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;

/// No answer of the gateway takes longer; a test that waits for a state asks again.
pub const ANSWER_MAX: Duration = Duration::from_secs(30);

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Headers in order.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON; panics with the text when it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("no JSON ({e}): {} {}", self.status, self.text()))
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The first header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
    }

    /// The stable `code` of a problem document.
    #[must_use]
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub struct NoAnswer(pub String);

/// Sends a request; `Err` when no complete answer came.
///
/// # Errors
/// [`NoAnswer`] in words.
pub async fn try_send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Result<Answer, NoAnswer> {
    let exchange = exchange(address, method, path, headers, body.into());
    match tokio::time::timeout(ANSWER_MAX, exchange).await {
        Ok(answer) => answer,
        Err(_) => Err(NoAnswer(format!(
            "{method} {path}: no answer within {ANSWER_MAX:?}"
        ))),
    }
}

/// Sends a request and expects an answer.
pub async fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Answer {
    match try_send(address, method, path, headers, body).await {
        Ok(answer) => answer,
        Err(NoAnswer(words)) => panic!("{words}"),
    }
}

/// `GET` without headers.
pub async fn get(address: SocketAddr, path: &str) -> Answer {
    send(address, "GET", path, &[], Bytes::new()).await
}

async fn exchange(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Bytes,
) -> Result<Answer, NoAnswer> {
    let failed = |e: &dyn std::fmt::Display| NoAnswer(format!("{method} {path}: {e}"));
    let stream = TcpStream::connect(address).await.map_err(|e| failed(&e))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|e| failed(&e))?;
    let driver = tokio::spawn(connection);
    let mut request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("host", address.to_string());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(body)).map_err(|e| failed(&e))?;
    let response = sender.send_request(request).await.map_err(|e| failed(&e))?;
    let (head, body) = response.into_parts();
    let body = body.collect().await.map_err(|e| failed(&e))?.to_bytes();
    driver.abort();
    let headers = head
        .headers
        .iter()
        .map(|(n, v)| {
            (
                n.to_string(),
                String::from_utf8_lossy(v.as_bytes()).into_owned(),
            )
        })
        .collect();
    Ok(Answer {
        status: head.status.as_u16(),
        headers,
        body,
    })
}

/// Reads a stream (server-sent events) until `enough` of its text has come; returns the text.
pub async fn read_stream(
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    enough: impl Fn(&str) -> bool,
) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut head =
        format!("GET {path} HTTP/1.1\r\nhost: {address}\r\naccept: text/event-stream\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let mut text = Vec::new();
    let reading = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(head.as_bytes()).await?;
        loop {
            if enough(&String::from_utf8_lossy(&text)) || stream.read_buf(&mut text).await? == 0 {
                return Ok::<_, std::io::Error>(());
            }
        }
    };
    let ended = tokio::time::timeout(ANSWER_MAX, reading).await;
    let read = String::from_utf8_lossy(&text).into_owned();
    match ended {
        Ok(Ok(())) => read,
        Ok(Err(error)) => panic!("{path}: the stream broke ({error}): {read}"),
        Err(_) => panic!("{path}: not enough within {ANSWER_MAX:?}: {read}"),
    }
}

/// The ids of the events in a stream's text, in order.
#[must_use]
pub fn event_ids(stream: &str) -> Vec<u64> {
    stream
        .lines()
        .filter_map(|line| line.strip_prefix("id: ")?.trim().parse().ok())
        .collect()
}
