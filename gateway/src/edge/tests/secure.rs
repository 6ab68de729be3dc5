//! TLS, HTTP/1.1 and HTTP/2 by ALPN.

use super::*;
use crate::edge::settings::TlsSettings;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};

struct Certificate {
    _folder: tempfile::TempDir,
    settings: TlsSettings,
    roots: RootCertStore,
}

fn certificate() -> Certificate {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let settings = TlsSettings {
        certificate: folder.path().join("certificate.pem"),
        key: folder.path().join("key.pem"),
    };
    std::fs::write(&settings.certificate, made.cert.pem()).unwrap();
    std::fs::write(&settings.key, made.signing_key.serialize_pem()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    Certificate {
        _folder: folder,
        settings,
        roots,
    }
}

fn client(roots: RootCertStore, alpn: &[u8]) -> tokio_rustls::TlsConnector {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    Arc::new(config).into()
}

async fn connect(
    address: SocketAddr,
    connector: tokio_rustls::TlsConnector,
) -> TokioIo<tokio_rustls::client::TlsStream<tokio::net::TcpStream>> {
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TokioIo::new(connector.connect(name, stream).await.unwrap())
}

fn request(uri: &str) -> http::Request<Empty<Bytes>> {
    let request = http::Request::get(uri).header("host", "localhost");
    request.body(Empty::new()).unwrap()
}

#[test]
fn http1_over_tls_with_the_hybrid_key_exchange() {
    let certificate = certificate();
    let house = House::start(|plan| plan.public.tls = Some(certificate.settings.clone()));
    let address = house.address(Listener::Public);
    house.control.block_on(async {
        let io = connect(address, client(certificate.roots, b"http/1.1")).await;
        let group = io
            .inner()
            .get_ref()
            .1
            .negotiated_key_exchange_group()
            .unwrap();
        assert_eq!(group.name(), rustls::NamedGroup::X25519MLKEM768);
        let (mut sender, driver) = hyper::client::conn::http1::handshake(io).await.unwrap();
        tokio::spawn(driver);
        let response = sender.send_request(request("/api/v1/items")).await.unwrap();
        assert_eq!(response.status(), 200);
    });
}

#[test]
fn http2_by_alpn_serves_many_requests_on_one_connection() {
    let certificate = certificate();
    let house = House::start(|plan| plan.public.tls = Some(certificate.settings.clone()));
    let address = house.address(Listener::Public);
    house.control.block_on(async {
        let io = connect(address, client(certificate.roots, b"h2")).await;
        let executor = TokioExecutor::new();
        let (sender, driver) = hyper::client::conn::http2::handshake(executor, io)
            .await
            .unwrap();
        tokio::spawn(driver);
        let calls = (0..20).map(|_| {
            let mut sender = sender.clone();
            async move {
                let uri = "https://localhost/api/v1/items";
                let request = http::Request::get(uri).body(Empty::<Bytes>::new()).unwrap();
                let response = sender.send_request(request).await.unwrap();
                (
                    response.status(),
                    response.into_body().collect().await.unwrap().to_bytes(),
                )
            }
        });
        for (status, body) in futures_util::future::join_all(calls).await {
            assert_eq!(status, 200);
            assert!(body.starts_with(b"Anonymous"));
        }
    });
}

#[test]
fn http2_peer_that_never_speaks_after_the_handshake_is_closed() {
    let certificate = certificate();
    let house = House::start(|plan| {
        plan.public.tls = Some(certificate.settings.clone());
        plan.public.timeouts.first_byte = SHORT;
        plan.public.timeouts.keep_alive = SHORT;
        plan.public.timeouts.head = SHORT;
    });
    let address = house.address(Listener::Public);
    let io = house
        .control
        .block_on(connect(address, client(certificate.roots, b"h2")));
    house.await_metric(r#"tongban_http_connections{listener="public"} 0"#);
    drop(io);
}

#[test]
fn a_tls_handshake_that_does_not_come_is_closed() {
    let certificate = certificate();
    let house = House::start(|plan| {
        plan.public.tls = Some(certificate.settings.clone());
        plan.public.timeouts.handshake = SHORT;
    });
    assert!(house.public().closed());
    let mut clear_text = house.public();
    clear_text.write("GET / HTTP/1.1\r\n\r\n");
    assert!(clear_text.head().is_none(), "no HTTP without TLS");
    house.await_metric(
        r#"tongban_http_requests_total{listener="public",route="malformed",status="400"} 2"#,
    );
}

#[test]
fn a_key_that_does_not_belong_to_the_certificate_is_refused_at_start() {
    let (one, other) = (certificate(), certificate());
    let mixed = TlsSettings {
        key: other.settings.key.clone(),
        ..one.settings.clone()
    };
    assert!(matches!(tls::acceptor(&mixed), Err(EdgeError::Tls { .. })));
    let missing = TlsSettings {
        certificate: "/nowhere/x.pem".into(),
        ..one.settings.clone()
    };
    assert!(
        matches!(tls::acceptor(&missing), Err(EdgeError::Tls { path, .. }) if path.ends_with("x.pem"))
    );
}

#[test]
fn another_certificate_is_taken_over_while_serving_and_a_wrong_one_changes_nothing() {
    let (one, two) = (certificate(), certificate());
    let house = House::start(|plan| plan.public.tls = Some(one.settings.clone()));
    let listeners = house.edge.as_ref().unwrap().listeners.clone();
    let address = house.address(Listener::Public);
    let with = |tls: TlsSettings| {
        let settings = ListenerSettings {
            tls: Some(tls),
            ..ListenerSettings::at(address)
        };
        [(Listener::Public, settings)]
    };
    let open = house
        .control
        .block_on(connect(address, client(one.roots.clone(), b"http/1.1")));
    let mixed = TlsSettings {
        key: one.settings.key.clone(),
        ..two.settings.clone()
    };
    let faults = listeners.prepare(&with(mixed)).err().unwrap();
    assert_eq!(faults[0].0, Listener::Public);
    house
        .control
        .block_on(connect(address, client(one.roots, b"http/1.1")));
    listeners
        .prepare(&with(two.settings.clone()))
        .unwrap()
        .commit();
    house
        .control
        .block_on(connect(address, client(two.roots, b"http/1.1")));
    // The connection of before is served on.
    let status = house.control.block_on(async {
        let (mut sender, driver) = hyper::client::conn::http1::handshake(open).await.unwrap();
        tokio::spawn(driver);
        let response = sender.send_request(request("/api/v1/items")).await.unwrap();
        response.status()
    });
    assert_eq!(status, 200);
}
