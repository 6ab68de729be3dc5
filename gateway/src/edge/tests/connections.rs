//! Peers that are slow, silent, too large or malformed.

use super::*;

fn impatient(plan: &mut Plan) {
    plan.public.timeouts.first_byte = SHORT;
    plan.public.timeouts.head = SHORT;
    plan.public.timeouts.body_idle = SHORT;
    plan.public.timeouts.keep_alive = SHORT;
}

#[test]
fn a_silent_peer_is_closed_after_the_first_byte_time_and_not_before() {
    let house = House::start(|plan| plan.public.timeouts.first_byte = SHORT);
    let started = house.clock.instant();
    assert!(house.public().closed());
    assert!(house.clock.instant().duration_since(started) >= SHORT / 2);
}

#[test]
fn half_a_head_is_closed_after_the_head_time_and_counted() {
    let house = House::start(|plan| plan.public.timeouts.head = SHORT);
    let mut peer = house.public();
    peer.write("GET /api/v1/items HTTP/1.1\r\nhost:");
    assert!(peer.closed());
    house.await_metric(
        r#"tongban_http_requests_total{listener="public",route="malformed",status="408"} 1"#,
    );
}

#[test]
fn trickling_a_head_does_not_prolong_its_time() {
    let house = House::start(|plan| plan.public.timeouts.head = SHORT);
    let mut peer = house.public();
    let started = house.clock.instant();
    peer.write("GET /api/v1/items HTTP/1.1\r\n");
    while peer.try_write("x: y\r\n") {
        std::thread::sleep(SHORT / 10);
        assert!(house.clock.instant().duration_since(started) < LONG);
    }
}

#[test]
fn an_idle_connection_is_closed_and_was_kept_alive_until_then() {
    let house = House::start(impatient);
    let mut peer = house.public();
    for _ in 0..3 {
        assert_eq!(peer.get("/api/v1/items").status, 200);
    }
    assert!(peer.closed());
}

#[test]
fn a_slow_body_gets_408_although_the_room_would_have_said_otherwise() {
    let house = House::start(impatient);
    for path in ["/api/v1/materials", "/api/v1/applications"] {
        let mut peer = house.public();
        peer.write(format!(
            "POST {path} HTTP/1.1\r\nhost: hall\r\ncontent-length: 10\r\n\r\nfive!"
        ));
        let reply = peer.reply();
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (408, "body_too_slow"),
            "{path}"
        );
        assert!(peer.closed());
    }
}

#[test]
fn a_body_that_makes_progress_may_take_longer_than_the_idle_time() {
    let house = House::start(impatient);
    let mut peer = house.public();
    peer.write("POST /api/v1/materials HTTP/1.1\r\nhost: hall\r\ncontent-length: 8\r\n\r\n");
    for _ in 0..8 {
        std::thread::sleep(SHORT / 4);
        peer.write("x");
    }
    let reply = peer.reply();
    assert_eq!((reply.status, reply.text()), (200, "8"));
}

#[test]
fn a_body_over_the_bound_gets_413_whether_declared_or_not() {
    let house = House::start(|plan| plan.public.bounds.body_bytes_max = 1_000);
    let mut at_bound = house.public();
    assert_eq!(
        at_bound.post("/api/v1/applications", &[b'x'; 1_000]).text(),
        "1000"
    );

    let mut declared = house.public();
    declared
        .write("POST /api/v1/applications HTTP/1.1\r\nhost: hall\r\ncontent-length: 1001\r\n\r\n");
    let reply = declared.reply();
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (413, "body_too_large")
    );

    let mut chunked = house.public();
    chunked.write(
        "POST /api/v1/applications HTTP/1.1\r\nhost: hall\r\ntransfer-encoding: chunked\r\n\r\n",
    );
    chunked.write(format!("3e9\r\n{}\r\n0\r\n\r\n", "x".repeat(1_001)));
    let reply = chunked.reply();
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (413, "body_too_large")
    );
}

#[test]
fn a_refusal_reaches_a_caller_that_is_still_sending() {
    let house = House::start(|plan| plan.public.bounds.body_bytes_max = 1_000);
    for _ in 0..5 {
        let mut peer = house.public();
        let length = 16 * 1024 * 1024;
        peer.write(format!(
            "POST /api/v1/applications HTTP/1.1\r\nhost: hall\r\ncontent-length: {length}\r\n\r\n"
        ));
        // A reset would end this early, and many clients then never look at the answer.
        for _ in 0..16 {
            assert!(peer.try_write(vec![0; 1024 * 1024]));
        }
        assert_eq!(peer.reply().status, 413);
    }
}

#[test]
fn a_route_with_a_bound_of_its_own_takes_more_than_the_listener() {
    let house = House::start(|plan| plan.public.bounds.body_bytes_max = 10);
    assert_eq!(
        house.public().post("/api/v1/materials", &[0; 5_000]).text(),
        "5000"
    );
}

#[test]
fn heads_that_are_too_large_or_malformed_are_refused_and_counted() {
    let house = House::start(|plan| {
        plan.public.bounds.head_bytes_max = 4_096;
        plan.public.bounds.headers_max = 20;
    });
    let large = format!(
        "GET / HTTP/1.1\r\nhost: hall\r\nx: {}\r\n\r\n",
        "y".repeat(20_000)
    );
    let many = format!(
        "GET / HTTP/1.1\r\nhost: hall\r\n{}\r\n",
        "x: y\r\n".repeat(30)
    );
    for (raw, status) in [(large, 431), (many, 431)] {
        let mut peer = house.public();
        peer.try_write(raw);
        assert_eq!(peer.reply().status, status);
        assert!(peer.closed());
    }
    for raw in [
        "GARBAGE\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "POST /api/v1/applications HTTP/1.1\r\nhost: h\r\ncontent-length: x\r\n\r\n",
        "POST /api/v1/applications HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        "POST /api/v1/applications HTTP/1.1\r\nhost: h\r\ntransfer-encoding: gzip\r\n\r\n",
        "GET / HTTP/1.1\r\nho st: x\r\n\r\n",
    ] {
        let mut peer = house.public();
        peer.write(raw);
        assert_eq!(peer.reply().status, 400, "{raw}");
        assert!(peer.closed());
    }
    house.await_metric(
        r#"tongban_http_requests_total{listener="public",route="malformed",status="431"} 2"#,
    );
    house.await_metric(
        r#"tongban_http_requests_total{listener="public",route="malformed",status="400"} 6"#,
    );
}

#[test]
fn a_peer_that_does_not_read_its_answer_is_closed() {
    let house = House::start(|plan| plan.public.timeouts.write_idle = SHORT);
    let mut peer = house.public();
    peer.write("GET /api/v1/items/stream HTTP/1.1\r\nhost: hall\r\n\r\n");
    house.await_metric(r#"tongban_http_connections{listener="public"} 1"#);
    house.await_metric(r#"tongban_http_connections{listener="public"} 0"#);
}

#[test]
fn one_connection_beyond_the_cap_is_closed_at_once_and_counted() {
    let house = House::start(|plan| plan.public.bounds.connections_max = 2);
    let mut first = house.public();
    let mut second = house.public();
    assert_eq!(first.get("/api/v1/items").status, 200);
    assert_eq!(second.get("/api/v1/items").status, 200);
    assert!(house.public().closed());
    assert_eq!(first.get("/api/v1/items").status, 200);
    house.await_metric(r#"tongban_http_connections_refused_total{listener="public"} 1"#);
    drop(first);
    house.await_metric(r#"tongban_http_connections{listener="public"} 1"#);
    assert_eq!(house.public().get("/api/v1/items").status, 200);
}

#[test]
fn unknown_paths_wrong_methods_and_upgrades_are_refused_by_problems() {
    let house = House::start(|_| {});
    let mut peer = house.public();
    assert_eq!(peer.get("/nowhere/11010519491231002X").code(), "not_found");
    peer.write("DELETE /api/v1/items HTTP/1.1\r\nhost: hall\r\n\r\n");
    let reply = peer.reply();
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (405, "method_not_allowed")
    );
    assert_eq!(reply.header("allow"), Some("GET, HEAD"));
    let upgrade = "connection: upgrade\r\nupgrade: websocket\r\n";
    let reply = peer.get_with("/api/v1/items", upgrade);
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (501, "upgrade_refused")
    );
    peer.write("HEAD /api/v1/items HTTP/1.1\r\nhost: hall\r\n\r\n");
    let head = peer.head().unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let text = house.metrics.render().unwrap();
    assert!(text.contains(r#"route="unmatched",status="404"} 1"#));
    assert!(
        !text.contains("11010519491231002X"),
        "no path of a request is a label"
    );
}

#[test]
fn words_follow_accept_language() {
    let house = House::start(|_| {});
    let mut peer = house.public();
    let chinese = peer.get("/x");
    assert!(chinese.text().contains("没有此地址"));
    let english = peer.get_with("/x", "accept-language: en\r\n");
    assert!(english.text().contains("No such address"));
}
