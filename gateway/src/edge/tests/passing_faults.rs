//! The pass-through when the upstream, the caller or the network misbehaves.

use super::passing::{Upstream, echo_heads};
use super::*;
use crate::edge::settings::Rate;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

fn ok(peer: &mut Peer) -> bool {
    peer.try_write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
}

#[test]
fn length_and_chunked_together_reach_the_upstream_as_chunked_alone() {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&heads);
    let upstream = Upstream::start(move |mut peer, _| {
        while let Some(head) = peer.head() {
            seen.lock().unwrap().push(head.to_ascii_lowercase());
            while peer.chunk().is_some_and(|c| !c.is_empty()) {}
            ok(&mut peer);
        }
    });
    let house = House::start(|_| {});
    house.systems(vec![upstream.system()]);
    for order in [
        "content-length: 4\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 4\r\n",
    ] {
        let mut peer = house.public();
        peer.write(format!(
            "POST /systems/dept/x HTTP/1.1\r\nhost: hall\r\n{order}\r\n3\r\nabc\r\n0\r\n\r\n"
        ));
        assert_eq!(peer.reply().status, 200);
    }
    let heads = heads.lock().unwrap();
    assert_eq!(heads.len(), 2, "no second request was smuggled in");
    for head in heads.iter() {
        assert!(head.contains("transfer-encoding: chunked"), "{head}");
        assert!(!head.contains("content-length"), "{head}");
    }
}

#[test]
fn climbing_paths_and_connect_are_refused() {
    let upstream = Upstream::start(echo_heads);
    let house = House::start(|_| {});
    house.systems(vec![upstream.system()]);
    for path in [
        "/systems/dept/../admin",
        "/systems/dept/x/%2e%2e/%2E%2e/admin",
    ] {
        let reply = house.public().get(path);
        assert!(
            matches!(reply.status, 400 | 404),
            "{path} got {}",
            reply.status
        );
    }
    let mut peer = house.public();
    peer.write("CONNECT inner:80 HTTP/1.1\r\nhost: inner:80\r\n\r\n");
    assert_eq!(peer.reply().status, 501);
    assert_eq!(upstream.count(), 0);
}

#[test]
fn an_upstream_that_dies_mid_body_leaves_an_answer_that_does_not_look_whole() {
    for framing in [
        "content-length: 100\r\n\r\nhalf",
        "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        let (die, may_die) = std::sync::mpsc::channel::<()>();
        let may_die = Mutex::new(may_die);
        let upstream = Upstream::start(move |mut peer, _| {
            peer.head();
            peer.write(format!("HTTP/1.1 200 OK\r\n{framing}"));
            may_die.lock().unwrap().recv().unwrap();
        });
        let house = House::start(|_| {});
        house.systems(vec![upstream.system()]);
        let mut peer = house.public();
        peer.write("GET /systems/dept/x HTTP/1.1\r\nhost: hall\r\n\r\n");
        assert!(peer.head().unwrap().starts_with("HTTP/1.1 200"));
        let half = peer.arrived(b"half");
        assert!(half, "{framing}");
        die.send(()).unwrap();
        assert!(
            peer.closed(),
            "neither a last chunk nor the rest: {framing}"
        );
    }
}

#[test]
fn no_connection_is_502_no_answer_504_and_no_http_502() {
    let refusing = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let refused_at = refusing.local_addr().unwrap();
    drop(refusing);
    let mute = Upstream::start(|mut peer, _| {
        peer.head();
        peer.closed();
    });
    let garbage = Upstream::start(|mut peer, _| {
        peer.head();
        peer.write("220 smtp.example ESMTP\r\n\r\n");
    });
    let house = House::start(|_| {});
    let mut systems = vec![
        UpstreamSystem::new("refusing", format!("http://{refused_at}")),
        UpstreamSystem::new("mute", format!("http://{}", mute.address)),
        UpstreamSystem::new("garbage", format!("http://{}", garbage.address)),
    ];
    systems[1].timeouts.answer = SHORT;
    house.systems(systems);
    let mut peer = house.public();
    for (path, status, code) in [
        ("/systems/refusing/x", 502, "upstream_unreachable"),
        ("/systems/mute/x", 504, "upstream_timeout"),
        ("/systems/garbage/x", 502, "upstream_broken"),
    ] {
        let reply = peer.get(path);
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (status, code),
            "{path}"
        );
    }
}

#[test]
fn a_name_that_resolves_to_loopback_is_not_called_without_the_operators_word() {
    let upstream = Upstream::start(echo_heads);
    let house = House::start(|_| {});
    // The house allows 127.0.0.0/8; this one allows nothing.
    let closed = Connector::new(&OutboundSettings::default()).unwrap();
    let passthrough = Arc::new(Passthrough::new(closed, house.metrics.clone()));
    let port = upstream.address.port();
    for host in ["localhost", "127.0.0.1", "[::ffff:127.0.0.1]"] {
        let system = UpstreamSystem::new("dept", format!("http://{host}:{port}"));
        passthrough.replace(vec![system]).unwrap();
        let control = house.control.handle().clone();
        let parts = EdgeParts {
            crossing: Rooms::new(Vec::new(), RoomsSettings::default())
                .unwrap()
                .run(&control, &house.metrics),
            passthrough: Arc::clone(&passthrough),
            readers: Vec::new(),
            metrics: house.metrics.clone(),
            readiness: Readiness::new(),
            clock: house.clock.clone(),
            entropy: Entropy::system(),
            refusal_pages: crate::edge::RefusalPages::default(),
        };
        let settings = EdgeSettings {
            cores: 1,
            listeners: vec![(
                Listener::Public,
                ListenerSettings::at("127.0.0.1:0".parse().unwrap()),
            )],
            ops_socket: None,
        };
        let edge = Edge::start(&settings, parts, &control).unwrap();
        let reply = Peer::connect(edge.addresses[0].1).get("/systems/dept/x");
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (502, "upstream_unreachable"),
            "{host}"
        );
    }
    assert_eq!(upstream.count(), 0);
}

#[test]
fn an_idempotent_request_on_a_reused_connection_that_closed_silently_is_sent_once_more() {
    let upstream = Upstream::start(|mut peer, index| {
        peer.head();
        ok(&mut peer);
        if index == 0 {
            // Takes the second request and closes without a byte, as a server does whose keep-alive ended just then.
            peer.head();
        } else {
            echo_heads(peer, index);
        }
    });
    let house = House::start(|_| {});
    house.systems(vec![upstream.system()]);
    let mut peer = house.public();
    assert_eq!(peer.get("/systems/dept/1").status, 200);
    assert_eq!(peer.get("/systems/dept/2").status, 200);
    assert_eq!(upstream.count(), 2);
}

#[test]
fn a_request_that_may_have_had_an_effect_is_never_sent_twice() {
    let requests = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&requests);
    let upstream = Upstream::start(move |mut peer, _| {
        peer.head();
        ok(&mut peer);
        if peer.head().is_some() {
            seen.fetch_add(1, Ordering::SeqCst);
        }
    });
    let house = House::start(|_| {});
    house.systems(vec![upstream.system()]);
    let mut peer = house.public();
    assert_eq!(peer.get("/systems/dept/1").status, 200);
    let reply = peer.post("/systems/dept/2", b"pay");
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (502, "upstream_broken")
    );
    assert_eq!((requests.load(Ordering::SeqCst), upstream.count()), (1, 1));
}

#[test]
fn a_request_on_a_fresh_connection_that_closes_silently_is_not_repeated() {
    let upstream = Upstream::start(|mut peer, _| {
        peer.head();
    });
    let house = House::start(|_| {});
    house.systems(vec![upstream.system()]);
    assert_eq!(
        house.public().get("/systems/dept/1").code(),
        "upstream_broken"
    );
    assert_eq!(upstream.count(), 1);
}

#[test]
fn the_breaker_opens_after_failures_in_a_row_and_closes_after_a_good_probe() {
    let sick = Arc::new(AtomicBool::new(true));
    let state = Arc::clone(&sick);
    let upstream = Upstream::start(move |mut peer, _| {
        while peer.head().is_some() {
            if state.load(Ordering::SeqCst) {
                return;
            }
            ok(&mut peer);
        }
    });
    let house = House::start(|_| {});
    let mut system = upstream.system();
    system.breaker.failures_max = 2;
    system.breaker.rest = SHORT;
    house.systems(vec![system]);
    let mut peer = house.public();
    assert_eq!(peer.get("/systems/dept/x").status, 502);
    assert_eq!(peer.get("/systems/dept/x").status, 502);
    let reply = peer.get("/systems/dept/x");
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (503, "upstream_resting")
    );
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert_eq!(upstream.count(), 2, "it is left alone");
    house.await_metric(r#"tongban_breaker_state{system="dept"} 2"#);
    sick.store(false, Ordering::SeqCst);
    let started = house.clock.instant();
    while peer.get("/systems/dept/x").status != 200 {
        assert!(
            house.clock.instant().duration_since(started) < LONG,
            "never closed"
        );
        std::thread::sleep(SHORT / 10);
    }
    house.await_metric(r#"tongban_breaker_state{system="dept"} 0"#);
}

#[test]
fn a_system_has_its_own_rate_and_concurrency() {
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = Mutex::new(released);
    let upstream = Upstream::start(move |mut peer, _| {
        while let Some(head) = peer.head() {
            if head.contains("/wait") {
                released.lock().unwrap().recv().unwrap();
            }
            ok(&mut peer);
        }
    });
    let house = House::start(|_| {});
    let base = upstream.system();
    let named = |id: &str| UpstreamSystem {
        id: id.to_owned(),
        ..base.clone()
    };
    let (mut slow, mut narrow) = (named("slow"), named("narrow"));
    slow.limits.rate = Rate {
        per_second: 1,
        burst: 1,
    };
    narrow.limits.concurrency_max = 1;
    house.systems(vec![slow, narrow]);
    let mut peer = house.public();

    assert_eq!(peer.get("/systems/slow/x").status, 200);
    let reply = peer.get("/systems/slow/x");
    assert_eq!(
        (reply.status, reply.header("retry-after")),
        (429, Some("1"))
    );
    house.await_metric(r#"tongban_rate_limited_total{scope="system"} 1"#);

    let mut waiting = house.public();
    waiting.write("GET /systems/narrow/wait HTTP/1.1\r\nhost: hall\r\n\r\n");
    house.await_metric("tongban_http_in_flight 1");
    assert_eq!(peer.get("/systems/narrow/x").code(), "upstream_busy");
    release.send(()).unwrap();
    assert_eq!(waiting.reply().status, 200);
    house.await_metric("tongban_http_in_flight 0");
    assert_eq!(peer.get("/systems/narrow/x").status, 200);
}

#[test]
fn requests_wait_for_a_connection_in_a_bounded_queue_for_a_bounded_time() {
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = Mutex::new(released);
    let upstream = Upstream::start(move |mut peer, _| {
        while peer.head().is_some() {
            released.lock().unwrap().recv().unwrap();
            ok(&mut peer);
        }
    });
    let house = House::start(|_| {});
    let mut system = upstream.system();
    system.pool.connections_max = 1;
    system.pool.queue_max = 1;
    system.pool.queue = SHORT;
    house.systems(vec![system.clone()]);
    let ask = || {
        let mut peer = house.public();
        peer.write("GET /systems/dept/x HTTP/1.1\r\nhost: hall\r\n\r\n");
        peer
    };
    let mut first = ask();
    house.await_metric("tongban_http_in_flight 1");
    let mut waits_too_long = ask();
    assert_eq!(waits_too_long.reply().code(), "upstream_busy");

    system.pool.queue = LONG;
    house.systems(vec![system]);
    let mut second = ask();
    house.await_metric("tongban_http_in_flight 2");
    assert_eq!(ask().reply().code(), "upstream_busy", "one waits already");
    release.send(()).unwrap();
    release.send(()).unwrap();
    assert_eq!((first.reply().status, second.reply().status), (200, 200));
    assert_eq!(upstream.count(), 1);
}

#[test]
fn an_idle_connection_to_the_upstream_is_closed_after_its_time() {
    let (ended, end) = std::sync::mpsc::channel();
    let ended = Mutex::new(ended);
    let upstream = Upstream::start(move |mut peer, _| {
        peer.head();
        ok(&mut peer);
        peer.closed();
        ended.lock().unwrap().send(()).unwrap();
    });
    let house = House::start(|_| {});
    let mut system = upstream.system();
    system.pool.idle = SHORT;
    house.systems(vec![system]);
    assert_eq!(house.public().get("/systems/dept/x").status, 200);
    end.recv_timeout(LONG).unwrap();
}

#[test]
fn a_body_beyond_the_systems_bound_is_413_and_not_the_upstreams_fault() {
    let upstream = Upstream::start(|mut peer, _| {
        peer.head();
        while peer.chunk().is_some_and(|c| !c.is_empty()) {}
    });
    let house = House::start(|_| {});
    let mut system = upstream.system();
    system.body_bytes_max = 10;
    system.breaker.failures_max = 1;
    house.systems(vec![system]);
    let mut peer = house.public();
    peer.write("POST /systems/dept/x HTTP/1.1\r\nhost: hall\r\ntransfer-encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n");
    let reply = peer.reply();
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (413, "body_too_large")
    );
    house.await_metric(r#"tongban_breaker_state{system="dept"} 0"#);
}
