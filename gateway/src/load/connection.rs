//! Connections to the target: HTTP/1.1, kept alive, with or without TLS; every wait has a bound, every fault a kind.

use super::target::Target;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls_platform_verifier::Verifier;
use serde::Serialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Bytes of an answer that are kept; the API's answers are smaller, and a longer one is a fault.
pub const ANSWER_BYTES_MAX: usize = 8 << 20;

/// Whom TLS believes.
#[derive(Debug, Clone, Default)]
pub enum Trust {
    /// The system's authorities.
    #[default]
    System,
    /// These (PEM) as well.
    Authority(PathBuf),
    /// Anyone; for tests.
    Anyone,
}

/// Why a request got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Nobody listens.
    Refused,
    /// No TCP connection for another reason.
    Connect,
    /// No TLS session.
    Tls,
    /// The connection ended before the answer did.
    Closed,
    /// No answer in time; the request may have arrived.
    Timeout,
    /// Not HTTP, or an answer beyond [`ANSWER_BYTES_MAX`].
    Protocol,
    /// Still in flight when the tester stopped the run; not counted.
    Stopped,
}

/// No answer, in words for people.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{words}")]
pub struct Fault {
    /// What kind.
    pub kind: FaultKind,
    words: String,
}

impl Fault {
    pub(super) fn new(kind: FaultKind, words: impl std::fmt::Display) -> Self {
        Self {
            kind,
            words: words.to_string(),
        }
    }
}

/// TLS could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file of the authority.
    #[error("--tls-ca {path}: {reason}; PEM is expected")]
    Authority {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The system's authorities.
    #[error(
        "cannot set up TLS: {0}; is the system's certificate store installed (ca-certificates)?"
    )]
    Tls(#[from] rustls::Error),
    /// The host's name.
    #[error("{0} is no name for TLS")]
    Name(String),
}

/// What is kept of an answer's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// All of it.
    Body,
    /// Nothing: it is read and dropped.
    Nothing,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, as far as it was to be kept; that of a refusal always is.
    pub body: Bytes,
}

/// Opens connections to one target.
#[derive(Clone)]
pub struct Dialer {
    addresses: Arc<[SocketAddr]>,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    wait_max: Duration,
}

/// An open connection.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
}

impl Dialer {
    /// To a target at addresses that are within reach; opening one takes at most `wait_max`.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn new(
        target: &Target,
        addresses: Vec<SocketAddr>,
        trust: &Trust,
        wait_max: Duration,
    ) -> Result<Self, TrustError> {
        let tls = if target.tls {
            let name = ServerName::try_from(target.host.clone());
            let name = name.map_err(|_| TrustError::Name(target.host.clone()))?;
            Some((TlsConnector::from(Arc::new(client_config(trust)?)), name))
        } else {
            None
        };
        Ok(Self {
            addresses: addresses.into(),
            tls,
            wait_max,
        })
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// [`Fault`]: nothing has been sent.
    pub async fn open(&self) -> Result<Connection, Fault> {
        let opened = tokio::time::timeout(self.wait_max, self.opened()).await;
        opened.unwrap_or_else(|_| {
            let words = format!("no connection within {:?}", self.wait_max);
            Err(Fault::new(FaultKind::Connect, words))
        })
    }

    async fn opened(&self) -> Result<Connection, Fault> {
        let stream = TcpStream::connect(&*self.addresses).await.map_err(|e| {
            let kind = match e.kind() {
                std::io::ErrorKind::ConnectionRefused => FaultKind::Refused,
                _ => FaultKind::Connect,
            };
            Fault::new(kind, format!("cannot connect: {e}"))
        })?;
        // An answer must not wait for an acknowledgement; where it cannot be set, latencies show it.
        let _ = stream.set_nodelay(true);
        match &self.tls {
            None => established(stream).await,
            Some((connector, name)) => {
                let secure = connector.connect(name.clone(), stream).await;
                established(secure.map_err(|e| Fault::new(FaultKind::Tls, format!("no TLS: {e}")))?)
                    .await
            }
        }
    }
}

async fn established<S>(stream: S) -> Result<Connection, Fault>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = handshake(TokioIo::new(stream))
        .await
        .map_err(|e| fault(&e))?;
    // Its errors are those of the request in flight, which tells them.
    tokio::spawn(async move { drop(connection.await) });
    Ok(Connection { sender })
}

impl Connection {
    /// Whether the other side has ended it.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Sends a request and reads its answer to the end.
    ///
    /// # Errors
    /// [`Fault`]: after one the connection is of no more use.
    pub async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
        keep: Keep,
    ) -> Result<Answer, Fault> {
        self.sender.ready().await.map_err(|e| fault(&e))?;
        let answer = self
            .sender
            .send_request(request)
            .await
            .map_err(|e| fault(&e))?;
        let (head, body) = answer.into_parts();
        let keep = if head.status.is_success() {
            keep
        } else {
            Keep::Body
        };
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body: read(body, keep).await?,
        })
    }
}

async fn read(mut body: Incoming, keep: Keep) -> Result<Bytes, Fault> {
    let mut kept = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| fault(&e))?;
        if let (Some(data), Keep::Body) = (frame.data_ref(), keep) {
            if kept.len() + data.len() > ANSWER_BYTES_MAX {
                let words = format!("an answer of more than {ANSWER_BYTES_MAX} bytes");
                return Err(Fault::new(FaultKind::Protocol, words));
            }
            kept.extend_from_slice(data);
        }
    }
    Ok(kept.into())
}

fn fault(error: &hyper::Error) -> Fault {
    let kind = if error.is_parse() || error.is_user() {
        FaultKind::Protocol
    } else {
        FaultKind::Closed
    };
    let cause = std::error::Error::source(error);
    let words = cause.map_or(error.to_string(), |cause| format!("{error}: {cause}"));
    Fault::new(kind, words)
}

fn client_config(trust: &Trust) -> Result<ClientConfig, TrustError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous();
    let builder = match trust {
        Trust::System => {
            let verifier = Verifier::new(provider)?;
            builder.with_custom_certificate_verifier(Arc::new(verifier))
        }
        Trust::Authority(path) => {
            let verifier = Verifier::new_with_extra_roots(authorities(path)?, provider)?;
            builder.with_custom_certificate_verifier(Arc::new(verifier))
        }
        Trust::Anyone => {
            builder.with_custom_certificate_verifier(Arc::new(anyone::Anyone::new(provider)))
        }
    };
    Ok(builder.with_no_client_auth())
}

fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let fault = |reason: String| TrustError::Authority {
        path: path.to_owned(),
        reason,
    };
    let read = CertificateDer::pem_file_iter(path).map_err(|e| fault(e.to_string()))?;
    let all: Result<Vec<_>, _> = read.collect();
    let all = all.map_err(|e| fault(e.to_string()))?;
    if all.is_empty() {
        return Err(fault("no certificate in it".to_owned()));
    }
    Ok(all)
}

/// The verifier of `--insecure`: any certificate will do, the handshake's own signatures are still checked.
mod anyone {
    use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
    use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
    use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
    use rustls::{DigitallySignedStruct, Error, SignatureScheme};
    use std::sync::Arc;

    #[derive(Debug)]
    pub(super) struct Anyone {
        provider: Arc<CryptoProvider>,
    }

    impl Anyone {
        pub(super) fn new(provider: Arc<CryptoProvider>) -> Self {
            Self { provider }
        }
    }

    impl ServerCertVerifier for Anyone {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let algorithms = &self.provider.signature_verification_algorithms;
            verify_tls12_signature(message, certificate, signed, algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let algorithms = &self.provider.signature_verification_algorithms;
            verify_tls13_signature(message, certificate, signed, algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            let algorithms = &self.provider.signature_verification_algorithms;
            algorithms.supported_schemes()
        }
    }
}
