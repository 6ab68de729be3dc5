//! Stopping.

use super::*;
use std::net::TcpStream;

#[test]
fn drain_finishes_what_is_in_flight_and_refuses_what_is_new() {
    let mut house = House::start(|_| {});
    let mut idle = house.public();
    assert_eq!(idle.get("/api/v1/items").status, 200);
    let mut working = house.public();
    working.write("GET /api/v1/items/wait HTTP/1.1\r\nhost: hall\r\n\r\n");
    house.await_begun();
    let address = house.address(Listener::Public);
    let edge = house.edge.take().unwrap();
    let draining = house.control.spawn(edge.drain(LONG));
    assert!(idle.closed(), "idle connections close at once");
    let started = house.clock.instant();
    while TcpStream::connect(address).is_ok() {
        assert!(
            house.clock.instant().duration_since(started) < LONG,
            "still accepting"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(!house.readiness.report().ready);
    house.rooms.go.notify_one();
    assert_eq!(working.reply().text(), "waited");
    let report = house.control.block_on(draining).unwrap();
    assert_eq!(report, DrainReport { cut: 0 });
}

#[test]
fn drain_cuts_what_is_left_at_its_deadline() {
    let mut house = House::start(|_| {});
    let mut working = house.public();
    working.write("GET /api/v1/items/never HTTP/1.1\r\nhost: hall\r\n\r\n");
    house.await_metric("tongban_http_in_flight 1");
    let edge = house.edge.take().unwrap();
    let report = house.control.block_on(edge.drain(SHORT));
    assert_eq!(report, DrainReport { cut: 1 });
    assert!(working.closed());
}

#[test]
fn an_event_stream_ends_in_order_when_draining_begins() {
    let mut house = House::start(|_| {});
    let mut peer = house.public();
    peer.write("GET /api/v1/items/events HTTP/1.1\r\nhost: hall\r\n\r\n");
    assert!(peer.head().unwrap().contains("text/event-stream"));
    assert_eq!(peer.chunk().as_deref(), Some(b"data: 1\n\n".as_slice()));
    let edge = house.edge.take().unwrap();
    let draining = house.control.spawn(edge.drain(LONG));
    assert_eq!(
        peer.chunk(),
        Some(Vec::new()),
        "the stream's own end, not a cut"
    );
    assert_eq!(
        house.control.block_on(draining).unwrap(),
        DrainReport { cut: 0 }
    );
}

#[test]
fn ready_says_what_is_pending_and_alive_does_not_care() {
    let house = House::start(|_| {});
    let mut peer = house.operations();
    let task = house.readiness.task("catalogue");
    let reply = peer.get("/readyz");
    assert_eq!(reply.status, 503);
    assert!(reply.text().contains("catalogue"));
    assert_eq!(peer.get("/healthz").status, 200);
    drop(task);
    assert_eq!(peer.get("/readyz").status, 200);
}
