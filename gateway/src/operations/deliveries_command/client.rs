//! HTTP/1.1 over `ops.sock`: one connection a call.

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::UnixStream;

/// Name of the socket in the data folder (contract 2).
pub const SOCKET_FILE: &str = "ops.sock";
/// Bytes of an answer: a thousand lines, or the attempts of one delivery with their bytes.
const ANSWER_BYTES_MAX: usize = 256 << 20;
/// How long one call may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How long a call may take that looks at everything that is stored.
const SLOW_TIMEOUT: Duration = Duration::from_secs(6 * 3_600);

/// Why the gateway did not answer, or refused.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens.
    #[error(
        "cannot reach the gateway at {path}: {source}; is `tongban serve` running with this data folder (--data)?"
    )]
    NotRunning {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not the owner of the data folder.
    #[error("not permitted to open {path}; run this as the user that runs the gateway")]
    NotPermitted {
        /// The socket.
        path: PathBuf,
    },
    /// The gateway refused.
    #[error("the gateway refused ({status}, {code}): {words}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Stable code.
        code: String,
        /// In plain words.
        words: String,
    },
    /// No whole or no readable answer.
    #[error(
        "the gateway's answer could not be read: {0}; it may or may not have done what was asked, list the deliveries to see"
    )]
    Unreadable(String),
}

/// A problem document (RFC 9457), as far as it is shown.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Problem {
    title: String,
    detail: Option<String>,
    code: String,
}

/// Talks to the gateway of one data folder.
#[derive(Debug, Clone)]
pub struct OpsClient {
    socket: PathBuf,
}

impl OpsClient {
    /// Of the gateway that has this data folder.
    #[must_use]
    pub fn of_folder(data: &Path) -> Self {
        Self {
            socket: data.join(SOCKET_FILE),
        }
    }

    /// Asks for something.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.call(Method::GET, path, Vec::new(), TIMEOUT).await
    }

    /// Asks for something that takes as long as there is data.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn get_slowly<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.call(Method::GET, path, Vec::new(), SLOW_TIMEOUT).await
    }

    /// Has something done.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        let body = serde_json::to_vec(body).map_err(|e| ClientError::Unreadable(e.to_string()))?;
        self.call(Method::POST, path, body, TIMEOUT).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
        at_most: Duration,
    ) -> Result<T, ClientError> {
        let stream = UnixStream::connect(&self.socket)
            .await
            .map_err(|source| self.unreachable(source))?;
        let answered = tokio::time::timeout(at_most, exchange(stream, method, path, body)).await;
        let (status, bytes) = match answered {
            Ok(answer) => answer.map_err(|error| ClientError::Unreadable(error.to_string()))?,
            Err(_) => {
                return Err(ClientError::Unreadable(format!(
                    "no answer within {} s",
                    at_most.as_secs()
                )));
            }
        };
        if !status.is_success() {
            let problem: Problem = serde_json::from_slice(&bytes).unwrap_or_default();
            let words = match problem.detail {
                Some(detail) => format!("{}: {detail}", problem.title),
                None => problem.title,
            };
            return Err(ClientError::Refused {
                status: status.as_u16(),
                code: problem.code,
                words,
            });
        }
        serde_json::from_slice(&bytes).map_err(|error| ClientError::Unreadable(error.to_string()))
    }

    fn unreachable(&self, source: std::io::Error) -> ClientError {
        let path = self.socket.clone();
        match source.kind() {
            ErrorKind::PermissionDenied => ClientError::NotPermitted { path },
            _ => ClientError::NotRunning { path, source },
        }
    }
}

async fn exchange(
    stream: UnixStream,
    method: Method,
    path: &str,
    body: Vec<u8>,
) -> Result<(StatusCode, Bytes), Box<dyn std::error::Error + Send + Sync>> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "localhost")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT_LANGUAGE, "en")
        .body(Full::new(Bytes::from(body)))?;
    let answer = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX)
            .collect()
            .await?;
        Ok((status, body.to_bytes()))
    };
    // The connection is driven beside the call; it ends by itself, or with the call.
    tokio::pin!(connection);
    tokio::pin!(answer);
    tokio::select! {
        answered = &mut answer => answered,
        ended = &mut connection => match ended {
            Ok(()) => answer.await,
            Err(error) => Err(error.into()),
        },
    }
}

/// A path with a query; names are ours, values are percent-encoded.
pub(crate) fn with_query(path: &str, values: &[(&str, Option<String>)]) -> String {
    let given = values
        .iter()
        .filter_map(|(name, value)| Some((name, value.as_ref()?)));
    given.fold(path.to_owned(), |mut out, (name, value)| {
        out.push(if out.contains('?') { '&' } else { '?' });
        out.push_str(name);
        out.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                out.push(char::from(byte));
            } else {
                out.push('%');
                out.push_str(&data_encoding::HEXUPPER.encode(&[byte]));
            }
        }
        out
    })
}
