//! Connecting: name → addresses → policy → TCP → TLS, under one deadline.

use super::policy::{AddressPolicy, Allowed};
use arc_swap::ArcSwap;
use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls_platform_verifier::Verifier;
use serde::Deserialize;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 8;

/// Whom the gateway may call, and whom it believes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutboundSettings {
    /// Hosts (`name:port`) and networks (`10.1.0.0/16`) that may be called although they are loopback, private, link-local or
    /// otherwise not public.
    pub allow: Vec<Allowed>,
    /// Certificate authorities (PEM) that are believed beside the system's own.
    pub extra_roots: Vec<PathBuf>,
}

/// The client side could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum OutboundSetupError {
    /// A file of `extra_roots`.
    #[error("cannot read certificates from {path}: {reason}; PEM is expected")]
    Roots {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The system's certificate authorities.
    #[error(
        "cannot set up TLS: {0}; is the system's certificate store installed (ca-certificates)?"
    )]
    Tls(#[from] rustls::Error),
}

/// Where to connect. Two targets that are equal may share a connection: same host, port, and TLS name (or none).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// Name or address, without brackets, lower case.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Whether TLS is spoken; the certificate must be for `host`.
    pub tls: bool,
}

impl Target {
    /// From an absolute `http` or `https` address.
    #[must_use]
    pub fn of(uri: &http::Uri) -> Option<Self> {
        let tls = match uri.scheme_str()? {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let authority = uri.authority()?;
        if authority.as_str().contains('@') {
            return None;
        }
        let host = authority
            .host()
            .trim_matches(['[', ']'])
            .to_ascii_lowercase();
        let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
        (!host.is_empty() && port != 0).then_some(Self { host, port, tls })
    }

    /// The value of `Host`: the port only where it is not the scheme's.
    #[must_use]
    pub fn host_header(&self) -> String {
        let bracketed = self.host.contains(':');
        let host = if bracketed {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        match (self.tls, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }
}

/// No connection: nothing of a request has reached anyone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectFault {
    /// Every address of the name is refused by the policy.
    #[error(
        "{host} resolves to {address}, which the gateway may not call; the operator can name it in `outbound.allow`"
    )]
    Forbidden {
        /// Host.
        host: String,
        /// The first address.
        address: SocketAddr,
    },
    /// The name has no address.
    #[error("{host} has no address: {reason}")]
    Unresolved {
        /// Host.
        host: String,
        /// What the resolver says.
        reason: String,
    },
    /// No TCP connection.
    #[error("cannot connect to {host}:{port}: {reason}")]
    Refused {
        /// Host.
        host: String,
        /// Port.
        port: u16,
        /// Why.
        reason: String,
    },
    /// No TLS session.
    #[error("no TLS with {host}:{port}: {reason}")]
    Tls {
        /// Host.
        host: String,
        /// Port.
        port: u16,
        /// Why.
        reason: String,
    },
    /// Not within the deadline.
    #[error("no connection to {host}:{port} within {after:?}")]
    TimedOut {
        /// Host.
        host: String,
        /// Port.
        port: u16,
        /// The deadline.
        after: Duration,
    },
}

/// Makes connections; clones share policy and TLS configuration (session tickets included), also when they are changed.
#[derive(Debug, Clone)]
pub struct Connector {
    parts: Arc<ArcSwap<ConnectorParts>>,
}

/// Whom a connector may call, and whom it believes.
#[derive(Debug)]
pub struct ConnectorParts {
    policy: AddressPolicy,
    tls: Arc<ClientConfig>,
}

impl Connector {
    /// With the system's certificate authorities and the settings' own.
    ///
    /// # Errors
    /// [`OutboundSetupError`].
    pub fn new(settings: &OutboundSettings) -> Result<Self, OutboundSetupError> {
        let parts = ConnectorParts::new(settings)?;
        Ok(Self {
            parts: Arc::new(ArcSwap::from_pointee(parts)),
        })
    }

    /// Calls by these parts from now on. A connection that is open stays open until its keep-alive time ends.
    pub fn change(&self, parts: ConnectorParts) {
        self.parts.store(Arc::new(parts));
    }
}

impl ConnectorParts {
    /// With the system's certificate authorities and the settings' own.
    ///
    /// # Errors
    /// [`OutboundSetupError`].
    pub fn new(settings: &OutboundSettings) -> Result<Self, OutboundSetupError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut roots = Vec::new();
        for path in &settings.extra_roots {
            let fault = |e: rustls::pki_types::pem::Error| OutboundSetupError::Roots {
                path: path.clone(),
                reason: e.to_string(),
            };
            for root in CertificateDer::pem_file_iter(path).map_err(fault)? {
                roots.push(root.map_err(fault)?);
            }
        }
        let verifier = Verifier::new_with_extra_roots(roots, Arc::clone(&provider))?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Self {
            policy: AddressPolicy::new(settings.allow.clone()),
            tls: Arc::new(config),
        })
    }
}

impl Connector {
    /// Connects within `deadline`.
    ///
    /// # Errors
    /// [`ConnectFault`].
    pub(crate) async fn connect(
        &self,
        target: &Target,
        deadline: Duration,
    ) -> Result<Connection, ConnectFault> {
        let connected = tokio::time::timeout(deadline, self.connect_unbounded(target)).await;
        connected.unwrap_or_else(|_| {
            Err(ConnectFault::TimedOut {
                host: target.host.clone(),
                port: target.port,
                after: deadline,
            })
        })
    }

    async fn connect_unbounded(&self, target: &Target) -> Result<Connection, ConnectFault> {
        let stream = self.connect_tcp(target).await?;
        if !target.tls {
            return Ok(Connection::Plain(stream));
        }
        let fault = |reason: String| ConnectFault::Tls {
            host: target.host.clone(),
            port: target.port,
            reason,
        };
        let name = ServerName::try_from(target.host.clone()).map_err(|e| fault(e.to_string()))?;
        let connector = TlsConnector::from(Arc::clone(&self.parts.load().tls));
        let stream = connector.connect(name, stream).await;
        Ok(Connection::Tls(Box::new(
            stream.map_err(|e| fault(e.to_string()))?,
        )))
    }

    async fn connect_tcp(&self, target: &Target) -> Result<TcpStream, ConnectFault> {
        let mut refused = None;
        for address in self.resolve(target).await? {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    // Requests are written whole: waiting for more only delays them.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => refused = Some(error),
            }
        }
        Err(ConnectFault::Refused {
            host: target.host.clone(),
            port: target.port,
            reason: refused.map_or_else(String::new, |e| e.to_string()),
        })
    }

    /// The addresses that may be called, in the resolver's order.
    async fn resolve(&self, target: &Target) -> Result<Vec<SocketAddr>, ConnectFault> {
        let unresolved = |reason: String| ConnectFault::Unresolved {
            host: target.host.clone(),
            reason,
        };
        let found = tokio::net::lookup_host((target.host.as_str(), target.port)).await;
        let all: Vec<_> = found
            .map_err(|e| unresolved(e.to_string()))?
            .take(ADDRESSES_MAX)
            .collect();
        let first = *all
            .first()
            .ok_or_else(|| unresolved("no address".to_owned()))?;
        let parts = self.parts.load();
        let policy = &parts.policy;
        let permitted: Vec<_> = all
            .into_iter()
            .filter(|address| policy.permits(&target.host, *address))
            .collect();
        if permitted.is_empty() {
            return Err(ConnectFault::Forbidden {
                host: target.host.clone(),
                address: first,
            });
        }
        Ok(permitted)
    }
}

/// A connection, with or without TLS.
#[derive(Debug)]
pub(crate) enum Connection {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

macro_rules! on_stream {
    ($this:ident, $stream:ident => $call:expr) => {
        match $this.get_mut() {
            Connection::Plain($stream) => $call,
            Connection::Tls($stream) => $call,
        }
    };
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        on_stream!(self, stream => Pin::new(stream).poll_read(cx, buf))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        on_stream!(self, stream => Pin::new(stream).poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_stream!(self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_stream!(self, stream => Pin::new(stream).poll_shutdown(cx))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        on_stream!(self, stream => Pin::new(stream).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }
}
