//! The partner's calls to the gateway: plain HTTP/1.1, one connection a call, everything bounded in time and size.

use super::SimulatorError;
use super::dialect::Call;
use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const CONNECT: Duration = Duration::from_secs(3);
const TOTAL: Duration = Duration::from_secs(30);
const MAX_REPLY: usize = 64 << 20;

/// The gateway's exchange, seen from one partner.
#[derive(Debug)]
pub(super) struct Exchange {
    authority: String,
    base_path: String,
}

/// A call that got no answer.
#[derive(Debug, thiserror::Error)]
#[error("no answer from the gateway: {0}")]
pub(super) struct NoAnswer(pub(super) String);

fn no_answer(cause: impl std::fmt::Display) -> NoAnswer {
    NoAnswer(cause.to_string())
}

/// How a call goes wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mishap {
    None,
    /// The connection is cut halfway through the request.
    CutRequest,
    /// The request arrives whole; the answer is lost.
    LoseAnswer,
    /// The body is no message.
    Garbage,
}

/// Bytes that are no message in any of the dialects, nor valid UTF-8 or GBK.
pub(super) const GARBAGE: &[u8] = b"\x00\xff\xfe%PDF <<<>>> \xff&&== not a message";

impl Exchange {
    pub(super) fn new(base: &str, system_id: &str) -> Result<Self, SimulatorError> {
        let filled = base.replace("{id}", system_id);
        let fault = |reason: &str| SimulatorError::Callback {
            callback: base.to_owned(),
            reason: reason.to_owned(),
        };
        let uri: Uri = filled.parse().map_err(|_| fault("it is no address"))?;
        if uri.scheme_str() != Some("http") {
            return Err(fault("only http is spoken"));
        }
        let authority = uri.authority().ok_or_else(|| fault("it names no host"))?;
        Ok(Self {
            authority: match authority.port() {
                Some(_) => authority.to_string(),
                None => format!("{authority}:80"),
            },
            base_path: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    /// Makes a call; status and body of the answer.
    pub(super) async fn call(&self, call: Call, mishap: Mishap) -> Result<(u16, Bytes), NoAnswer> {
        tokio::time::timeout(TOTAL, self.exchange(call, mishap))
            .await
            .map_err(|_| no_answer("nothing within 30 s"))?
    }

    async fn exchange(&self, call: Call, mishap: Mishap) -> Result<(u16, Bytes), NoAnswer> {
        let mut stream = tokio::time::timeout(CONNECT, TcpStream::connect(&self.authority))
            .await
            .map_err(|_| no_answer("no connection within 3 s"))?
            .map_err(no_answer)?;
        let path = format!("{}/{}", self.base_path, call.path);
        if mishap == Mishap::CutRequest {
            let head = format!(
                "{} {path} HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\n\r\n",
                call.method,
                self.authority,
                call.body.len().max(2)
            );
            stream.write_all(head.as_bytes()).await.map_err(no_answer)?;
            let half = &call.body[..call.body.len() / 2];
            stream.write_all(half).await.map_err(no_answer)?;
            return Err(no_answer("the simulator cut its own request (drop_before)"));
        }
        let mut request = Request::builder()
            .method(call.method)
            .uri(&path)
            .header("host", &self.authority);
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        let body = match mishap {
            Mishap::Garbage => Bytes::from_static(GARBAGE),
            _ => Bytes::from(call.body),
        };
        let request = request.body(Full::new(body)).map_err(no_answer)?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(no_answer)?;
        let exchange = async {
            let reply = sender.send_request(request).await.map_err(no_answer)?;
            if mishap == Mishap::LoseAnswer {
                return Err(no_answer("the simulator lost the answer (drop)"));
            }
            let status = reply.status().as_u16();
            let body = Limited::new(reply.into_body(), MAX_REPLY).collect().await;
            Ok((status, body.map_err(no_answer)?.to_bytes()))
        };
        drive(connection, exchange).await
    }
}

/// Drives a connection and the exchange on it in one task, so that neither outlives the call.
async fn drive<T>(
    connection: impl Future<Output = hyper::Result<()>>,
    exchange: impl Future<Output = Result<T, NoAnswer>>,
) -> Result<T, NoAnswer> {
    let mut exchange = std::pin::pin!(exchange);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        biased;
        done = &mut exchange => done,
        ended = &mut connection => match exchange.await {
            Ok(done) => Ok(done),
            Err(NoAnswer(cause)) => Err(no_answer(ended.err().map_or(cause, |e| e.to_string()))),
        },
    }
}
