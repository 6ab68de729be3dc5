//! The pass-through when all is well: bytes, headers, connections.

use super::*;
use std::io::Write;
use std::net::TcpListener;
use std::sync::atomic::AtomicUsize;

/// An upstream that does what `serve` says with each connection, in a thread each; the second argument counts them from 0.
pub(super) struct Upstream {
    pub(super) address: SocketAddr,
    pub(super) connections: Arc<AtomicUsize>,
}

impl Upstream {
    pub(super) fn start(serve: impl Fn(Peer, usize) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let (serve, count) = (Arc::new(serve), Arc::clone(&connections));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let index = count.fetch_add(1, Ordering::SeqCst);
                let serve = Arc::clone(&serve);
                stream.set_read_timeout(Some(LONG)).unwrap();
                std::thread::spawn(move || serve(Peer::over(stream), index));
            }
        });
        Self {
            address,
            connections,
        }
    }

    pub(super) fn system(&self) -> UpstreamSystem {
        UpstreamSystem::new("dept", format!("http://{}/base/", self.address))
    }

    pub(super) fn count(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Answers every request on the connection with its own head, as text.
pub(super) fn echo_heads(mut peer: Peer, _: usize) {
    while let Some(head) = peer.head() {
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{head}",
            head.len()
        );
        if !peer.try_write(answer) {
            return;
        }
    }
}

#[test]
fn a_key_of_the_gateways_own_goes_no_further_wherever_it_was_shown() {
    let upstream = Upstream::start(echo_heads);
    let house = House::start(|_| {});
    house.systems(vec![upstream.system()]);
    let mut seen = Vec::new();
    for value in ["tb_abababababababab_secret", "the-departments-own"] {
        let header = format!("x-api-key: {value}\r\n");
        let reply = house.public().get_with("/systems/dept/a", &header);
        seen.push(reply.text().contains(value));
    }
    assert_eq!(seen, [false, true]);
}

#[test]
fn what_belongs_to_one_connection_does_not_cross_and_what_the_upstream_needs_is_said() {
    let upstream = Upstream::start(echo_heads);
    let house = House::start(|_| {});
    let mut system = upstream.system();
    system.headers.push(("x-api-key".into(), "secret".into()));
    house.systems(vec![system]);
    let headers = "connection: keep-alive, x-private\r\nx-private: 1\r\nte: trailers\r\nkeep-alive: 5\r\n\
        x-forwarded-for: 6.6.6.6\r\nforwarded: for=6.6.6.6\r\ncookie: session=1\r\nx-query-code: QQ\r\n\
        x-api-key: forged\r\nx-request-id: req-1\r\nx-kept: yes\r\n";
    let reply = house
        .public()
        .get_with("/systems/dept/a%20b/c?d=e%26f", headers);
    let seen = reply.text().to_ascii_lowercase();
    assert!(
        seen.starts_with("get /base/a%20b/c?d=e%26f http/1.1"),
        "{seen}"
    );
    for line in [
        &format!("host: {}", upstream.address),
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-forwarded-host: hall",
        "via: 1.1 tongban",
        "x-request-id: req-1",
        "x-api-key: secret",
        "x-kept: yes",
    ] {
        assert!(seen.lines().any(|l| l == line), "{line} in {seen}");
    }
    for word in [
        "x-private",
        "trailers",
        "keep-alive",
        "6.6.6.6",
        "session=1",
        "qq",
        "forged",
    ] {
        assert!(!seen.contains(word), "{word} in {seen}");
    }
    assert_eq!(reply.header("x-request-id"), Some("req-1"));
    assert_eq!(reply.header("via"), Some("1.1 tongban"));
}

#[test]
fn requests_share_a_connection_to_the_upstream() {
    let upstream = Upstream::start(echo_heads);
    let house = House::start(|_| {});
    house.systems(vec![upstream.system()]);
    for _ in 0..10 {
        // The connection is back in the pool once the upstream's answer was read, which is before the caller has all of it;
        // a caller of its own each time shows that sharing is not the caller's connection's doing.
        assert_eq!(house.public().get("/systems/dept/x").status, 200);
    }
    assert!(upstream.count() <= 2, "{} connections", upstream.count());
}

#[test]
fn headers_of_the_answer_that_belong_to_the_connection_do_not_cross() {
    let upstream = Upstream::start(|mut peer, _| {
        while peer.head().is_some() {
            peer.try_write(
                "HTTP/1.1 203 Odd\r\nconnection: x-inner\r\nx-inner: 1\r\nkeep-alive: timeout=9\r\n\
                 set-cookie: session=stolen\r\nx-kept: 1\r\ncontent-length: 2\r\n\r\nok",
            );
        }
    });
    let house = House::start(|_| {});
    house.systems(vec![upstream.system()]);
    let reply = house.public().get("/systems/dept/x");
    assert_eq!(
        (reply.status, reply.text(), reply.header("x-kept")),
        (203, "ok", Some("1"))
    );
    for name in ["x-inner", "keep-alive", "set-cookie", "connection"] {
        assert_eq!(reply.header(name), None, "{name}");
    }
}

/// What may be held of a stream that nobody reads: sockets' buffers on two connections grow to some megabytes, the gateway adds a
/// few buffers. A gateway that collects would take all of it.
const HELD_BYTES_MAX: usize = MEGABYTES / 2 * MEGABYTE;

const MEGABYTE: usize = 1024 * 1024;
const MEGABYTES: usize = 50;

/// Waits until `passed` has stood still for a while, and returns it.
fn stalled_at(passed: &AtomicUsize, house: &House) -> usize {
    let started = house.clock.instant();
    let mut seen = usize::MAX;
    loop {
        let now = passed.load(Ordering::SeqCst);
        if now == seen && now > 0 {
            return now;
        }
        seen = now;
        assert!(
            house.clock.instant().duration_since(started) < LONG,
            "still moving at {now}"
        );
        std::thread::sleep(SHORT);
    }
}

#[test]
fn fifty_megabytes_up_wait_for_an_upstream_that_does_not_read_and_then_arrive() {
    let (begin, may_read) = std::sync::mpsc::channel::<()>();
    let may_read = std::sync::Mutex::new(may_read);
    let upstream = Upstream::start(move |mut peer, _| {
        peer.head().unwrap();
        may_read.lock().unwrap().recv().unwrap();
        let mut sum = 0;
        while let Some(chunk) = peer.chunk() {
            if chunk.is_empty() {
                break;
            }
            sum += chunk.len();
        }
        let text = sum.to_string();
        peer.write(format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}",
            text.len()
        ));
    });
    let house = House::start(|_| {});
    house.systems(vec![upstream.system()]);
    let mut peer = house.public();
    peer.write("POST /systems/dept/x HTTP/1.1\r\nhost: hall\r\ntransfer-encoding: chunked\r\n\r\n");
    let sent = Arc::new(AtomicUsize::new(0));
    let mut writer = peer.stream().try_clone().unwrap();
    let counted = Arc::clone(&sent);
    let sending = std::thread::spawn(move || {
        let mut chunk = format!("{:x}\r\n", 64 * 1024).into_bytes();
        chunk.extend(vec![7u8; 64 * 1024]);
        chunk.extend(b"\r\n");
        for _ in 0..MEGABYTES * 16 {
            writer.write_all(&chunk).unwrap();
            counted.fetch_add(chunk.len(), Ordering::SeqCst);
        }
        writer.write_all(b"0\r\n\r\n").unwrap();
    });
    let held = stalled_at(&sent, &house);
    assert!(held <= HELD_BYTES_MAX, "{held} bytes are held");
    begin.send(()).unwrap();
    assert_eq!(peer.reply().text(), (MEGABYTES * MEGABYTE).to_string());
    sending.join().unwrap();
}

#[test]
fn fifty_megabytes_down_wait_for_a_caller_that_does_not_read_and_then_arrive() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let upstream = Upstream::start(move |mut peer, _| {
        peer.head().unwrap();
        peer.write(format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
            MEGABYTES * MEGABYTE
        ));
        let piece = vec![7u8; 64 * 1024];
        for _ in 0..MEGABYTES * 16 {
            if !peer.try_write(&piece) {
                return;
            }
            counted.fetch_add(piece.len(), Ordering::SeqCst);
        }
    });
    let house = House::start(|_| {});
    house.systems(vec![upstream.system()]);
    let mut peer = house.public();
    peer.write("GET /systems/dept/x HTTP/1.1\r\nhost: hall\r\n\r\n");
    let held = stalled_at(&sent, &house);
    assert!(held <= HELD_BYTES_MAX, "{held} bytes are held");
    let reply = peer.reply();
    assert_eq!(
        (reply.body.len(), reply.whole),
        (MEGABYTES * MEGABYTE, true)
    );
}

#[test]
fn only_the_systems_roles_may_pass_and_unknown_systems_are_404() {
    let upstream = Upstream::start(echo_heads);
    let house = House::start(|_| {});
    let mut system = upstream.system();
    system.roles = vec![crate::identity::Role::Applicant];
    house.systems(vec![system]);
    let mut peer = house.public();
    assert_eq!(peer.get("/systems/dept/x").code(), "credential_missing");
    assert_eq!(peer.get("/systems/other/x").code(), "unknown_system");
    assert_eq!(peer.get("/systems/dept").code(), "not_found");
    house.systems(Vec::new());
    assert_eq!(peer.get("/systems/dept/x").code(), "unknown_system");
    assert_eq!(upstream.count(), 0);
}
