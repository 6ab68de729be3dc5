//! TLS of a listener: rustls with its one provider (hybrid key exchange first), HTTP/2 and HTTP/1.1 by ALPN.

use super::EdgeError;
use super::settings::TlsSettings;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// Protocols offered, the better first.
pub(super) const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The acceptor of a listener.
pub(super) fn acceptor(settings: &TlsSettings) -> Result<TlsAcceptor, EdgeError> {
    let chain = certificates(&settings.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&settings.key)
        .map_err(|e| fault(&settings.key, e.to_string()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|e| fault(&settings.certificate, e.to_string()))?;
    config.alpn_protocols = ALPN.iter().map(|p| p.to_vec()).collect();
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, EdgeError> {
    let read = CertificateDer::pem_file_iter(path).map_err(|e| fault(path, e.to_string()))?;
    let chain: Vec<_> = read
        .collect::<Result<_, _>>()
        .map_err(|e| fault(path, e.to_string()))?;
    if chain.is_empty() {
        return Err(fault(path, "no certificate in it".to_owned()));
    }
    Ok(chain)
}

fn fault(path: &Path, reason: String) -> EdgeError {
    EdgeError::Tls {
        path: path.to_owned(),
        reason,
    }
}
