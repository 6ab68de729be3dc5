//! The client against real sockets that behave badly. What matters: is "not sent" ever said of a request that may have arrived?
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should say where"
)]

use super::*;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tongban_adapters::exchange::{WireReply, WireRequest};

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(20);

const PATIENT: Deadlines = Deadlines {
    connect: LONG,
    idle: LONG,
    total: LONG,
};

/// A partner that does `serve` with the first connection, after the request's head.
fn partner(serve: impl FnOnce(TcpStream, String) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
            head.push(byte[0]);
        }
        serve(stream, String::from_utf8(head).unwrap());
    });
    address
}

fn client(allow: &[&str]) -> OutboundClient {
    let settings = OutboundSettings {
        allow: allow.iter().map(|a| a.parse().unwrap()).collect(),
        extra_roots: Vec::new(),
    };
    OutboundClient::new(Connector::new(&settings).unwrap())
}

fn request(url: String) -> WireRequest {
    WireRequest {
        method: "POST".to_owned(),
        url,
        headers: vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("content-length".to_owned(), "999".to_owned()),
            ("host".to_owned(), "forged".to_owned()),
        ],
        body: b"{\"a\":1}".to_vec(),
    }
}

fn send(
    client: &OutboundClient,
    url: String,
    deadlines: Deadlines,
) -> Result<WireReply, OutboundError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(client.send(&request(url), deadlines, 1_000))
}

fn call(address: SocketAddr, deadlines: Deadlines) -> Result<WireReply, OutboundError> {
    send(
        &client(&["127.0.0.1"]),
        format!("http://{address}/in?x=1"),
        deadlines,
    )
}

fn unknown(outcome: Result<WireReply, OutboundError>) -> (UnknownCause, WireReply) {
    match outcome {
        Err(OutboundError::OutcomeUnknown { cause, received }) => (cause, *received),
        Err(other) => panic!("{other}"),
        Ok(reply) => panic!("answered {}", reply.status),
    }
}

fn assert_not_sent(outcome: Result<WireReply, OutboundError>, word: &str) {
    match outcome {
        Err(OutboundError::NotSent { reason }) => assert!(reason.contains(word), "{reason}"),
        Err(other) => panic!("{other}"),
        Ok(reply) => panic!("answered {}", reply.status),
    }
}

#[test]
fn a_whole_answer_comes_back_with_its_bytes_and_the_request_is_what_was_asked() {
    let seen = Arc::new(Mutex::new(String::new()));
    let head = Arc::clone(&seen);
    let address = partner(move |mut stream, came| {
        *head.lock().unwrap() = came.to_ascii_lowercase();
        stream.write_all(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\nok").unwrap();
    });
    let reply = call(address, PATIENT).unwrap();
    assert_eq!(
        (reply.status, reply.body.as_slice()),
        (302, b"ok".as_slice()),
        "a redirect is an answer"
    );
    assert!(
        reply
            .headers
            .contains(&("location".to_owned(), "http://127.0.0.1:1/".to_owned()))
    );
    let head = seen.lock().unwrap();
    assert!(head.starts_with("post /in?x=1 http/1.1\r\n"), "{head}");
    for line in [
        format!("host: {address}"),
        "content-length: 7".to_owned(),
        "content-type: application/json".to_owned(),
    ] {
        assert!(head.lines().any(|l| l == line), "{line} in {head}");
    }
    assert!(!head.contains("forged") && !head.contains("999"), "{head}");
}

#[test]
fn what_never_reached_the_wire_is_not_sent() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = taken.local_addr().unwrap();
    drop(taken);
    assert_not_sent(call(refused, PATIENT), "cannot connect");
    let open = client(&["127.0.0.1"]);
    for (url, word) in [
        ("http://no-such-host.invalid/", "no address"),
        ("ftp://127.0.0.1/", "neither http nor https"),
        ("/relative", "not absolute"),
        ("http://user@127.0.0.1/", "not absolute"),
        ("not an address", "address"),
    ] {
        assert_not_sent(send(&open, url.to_owned(), PATIENT), word);
    }
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let no_tls = format!("https://{}/", mute.local_addr().unwrap());
    let hurried = Deadlines {
        connect: SHORT,
        ..PATIENT
    };
    assert_not_sent(send(&open, no_tls, hurried), "no connection");
}

#[test]
fn names_and_addresses_of_this_machine_are_refused_without_the_operators_word() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let closed = client(&[]);
    for host in [
        "localhost",
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "2130706433",
        "0x7f.1",
    ] {
        let outcome = send(&closed, format!("http://{host}:{port}/"), PATIENT);
        assert!(
            matches!(outcome, Err(OutboundError::NotSent { .. })),
            "{host}"
        );
    }
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "nobody connected");
}

#[test]
fn a_host_on_the_allow_list_is_called_on_its_port_alone() {
    let address = partner(|mut stream, _| {
        stream
            .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
            .unwrap();
    });
    let named = client(&[&format!("localhost:{}", address.port())]);
    let other_port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    assert_not_sent(
        send(&named, format!("http://localhost:{other_port}/"), PATIENT),
        "may not call",
    );
    let reply = send(
        &named,
        format!("http://localhost:{}/", address.port()),
        PATIENT,
    )
    .unwrap();
    assert_eq!(reply.status, 204);
}

#[test]
fn an_answer_that_breaks_off_is_an_unknown_outcome_with_what_came() {
    for (raw, status, body) in [
        ("", 0, ""),
        ("HTTP/1.1 200", 0, ""),
        ("garbage\r\n\r\n", 0, ""),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
            200,
            "half",
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
            200,
            "half",
        ),
    ] {
        let address = partner(move |mut stream, _| {
            stream.write_all(raw.as_bytes()).unwrap();
        });
        let (cause, received) = unknown(call(address, PATIENT));
        assert!(matches!(cause, UnknownCause::Broken(_)), "{raw}: {cause}");
        assert_eq!(
            (received.status, received.body.as_slice()),
            (status, body.as_bytes()),
            "{raw}"
        );
    }
}

#[test]
fn silence_after_the_request_is_an_unknown_outcome_by_idle_and_by_total() {
    let until_closed = |mut stream: TcpStream, _: String| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
        let _ = stream.read_to_end(&mut Vec::new());
    };
    let idle = Deadlines {
        idle: SHORT,
        ..PATIENT
    };
    let (cause, received) = unknown(call(partner(until_closed), idle));
    assert_eq!(
        (cause, received.body.as_slice()),
        (UnknownCause::Idle(SHORT), b"half".as_slice())
    );
    let total = Deadlines {
        total: SHORT,
        ..PATIENT
    };
    let (cause, received) = unknown(call(partner(until_closed), total));
    assert_eq!((cause, received.status), (UnknownCause::Total(SHORT), 200));
}

#[test]
fn an_answer_at_the_bound_is_taken_and_one_byte_more_is_not() {
    let answer = |bytes: usize| {
        partner(move |mut stream, _| {
            let body = "x".repeat(bytes);
            let _ = stream.write_all(
                format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n{body}").as_bytes(),
            );
        })
    };
    assert_eq!(call(answer(1_000), PATIENT).unwrap().body.len(), 1_000);
    let (cause, received) = unknown(call(answer(1_001), PATIENT));
    assert_eq!(
        (cause, received.body.len()),
        (UnknownCause::TooLarge(1_000), 1_000)
    );
}

#[test]
fn an_error_never_shows_what_was_received() {
    let address = partner(|mut stream, _| {
        let _ = stream.write_all(
            "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n11010519491231002X".as_bytes(),
        );
    });
    let Err(error) = call(address, PATIENT) else {
        panic!("it broke off");
    };
    assert!(!format!("{error} {error:?}").contains("11010519491231002X"));
}

#[test]
fn tls_is_spoken_with_whom_the_operator_believes_and_nobody_else() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root.pem");
    std::fs::write(&root, made.cert.pem()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let port = listener.local_addr().unwrap().port();
    runtime.spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let _ = stream.read(&mut [0; 4_096]).await;
                let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
                let _ = stream.shutdown().await;
            }
        }
    });
    let client = |extra_roots| {
        let allow = vec!["127.0.0.1".parse().unwrap()];
        let settings = OutboundSettings { allow, extra_roots };
        OutboundClient::new(Connector::new(&settings).unwrap())
    };
    let url = |host: &str| format!("https://{host}:{port}/");
    let believing = client(vec![root]);
    assert_eq!(
        send(&believing, url("localhost"), PATIENT).unwrap().status,
        204
    );
    assert_not_sent(send(&believing, url("127.0.0.1"), PATIENT), "no TLS");
    assert_not_sent(
        send(&client(Vec::new()), url("localhost"), PATIENT),
        "no TLS",
    );
}
