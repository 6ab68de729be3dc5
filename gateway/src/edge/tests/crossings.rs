//! Between edge and rooms: what travels, what is full, what fails.

use super::*;

#[test]
fn rooms_learn_who_asks_from_where_in_what_language_and_the_answer_names_the_request() {
    let house = House::start(|_| {});
    let mut peer = house.public();
    let headers = "x-request-id: abc-1\r\naccept-language: en\r\n";
    let reply = peer.get_with("/api/v1/items?q=1", headers);
    assert_eq!(
        reply.text(),
        "Anonymous  abc-1 Some(127.0.0.1) English /api/v1/items"
    );
    assert_eq!(reply.header("x-request-id"), Some("abc-1"));
    let made = peer.get_with("/api/v1/items", "x-request-id: a b\r\n");
    assert_ne!(made.header("x-request-id"), Some("a b"));
    assert!(made.header("x-request-id").is_some());
}

#[test]
fn a_panic_in_a_room_is_a_500_and_the_next_request_is_served() {
    let house = House::start(|_| {});
    let mut peer = house.public();
    for _ in 0..3 {
        let reply = peer.get("/api/v1/items/panic");
        assert_eq!((reply.status, reply.code().as_str()), (500, "internal"));
    }
    assert_eq!(peer.get("/api/v1/items").status, 200);
    house.await_metric("tongban_http_panics_total 3");
}

#[test]
fn a_large_answer_comes_whole_and_a_broken_one_does_not_look_whole() {
    let house = House::start(|_| {});
    let mut peer = house.public();
    let reply = peer.get("/api/v1/items/stream");
    assert_eq!((reply.body.len(), reply.whole), (640 * 16 * 1024, true));
    peer.write("GET /api/v1/items/cut HTTP/1.1\r\nhost: hall\r\n\r\n");
    assert!(peer.head().unwrap().starts_with("HTTP/1.1 200"));
    assert_eq!(peer.chunk().as_deref(), Some(b"half".as_slice()));
    house.rooms.go.notify_one();
    assert_eq!(peer.chunk(), None, "no last chunk");
}

#[test]
fn a_large_body_streams_to_a_room() {
    let house = House::start(|_| {});
    let mut peer = house.public();
    let megabytes = 20;
    peer.write(format!(
        "POST /api/v1/materials HTTP/1.1\r\nhost: hall\r\ncontent-length: {}\r\n\r\n",
        megabytes * 1024 * 1024
    ));
    for _ in 0..megabytes {
        peer.write(vec![1; 1024 * 1024]);
    }
    assert_eq!(peer.reply().text(), (megabytes * 1024 * 1024).to_string());
}

#[test]
fn a_full_queue_is_503_with_retry_after_and_does_not_wait() {
    let house = House::start(|plan| {
        plan.rooms.concurrency_max = 1;
        plan.rooms.queue_max = 1;
    });
    let waiting = |house: &House| {
        let mut peer = house.public();
        peer.write("GET /api/v1/items/wait HTTP/1.1\r\nhost: hall\r\n\r\n");
        peer
    };
    let mut worked_on = waiting(&house);
    house.await_begun();
    let mut queued = waiting(&house);
    house.await_metric("tongban_http_in_flight 2");
    let reply = house.public().get("/api/v1/items");
    assert_eq!((reply.status, reply.code().as_str()), (503, "overloaded"));
    assert_eq!(reply.header("retry-after"), Some("1"));
    house.await_metric(r#"tongban_shed_total{scope="rooms"} 1"#);
    house.rooms.go.notify_one();
    assert_eq!(worked_on.reply().text(), "waited");
    house.await_begun();
    house.rooms.go.notify_one();
    assert_eq!(queued.reply().text(), "waited");
}

#[test]
fn a_caller_that_goes_away_cancels_its_call() {
    let house = House::start(|_| {});
    let mut peer = house.public();
    peer.write("GET /api/v1/items/wait HTTP/1.1\r\nhost: hall\r\n\r\n");
    house.await_begun();
    drop(peer);
    let started = house.clock.instant();
    while !house.rooms.cancelled.load(Ordering::Acquire) {
        assert!(
            house.clock.instant().duration_since(started) < LONG,
            "not cancelled"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_room_that_does_not_answer_in_time_is_503() {
    let house = House::start(|plan| plan.rooms.answer = SHORT);
    let reply = house.public().get("/api/v1/items/never");
    assert_eq!((reply.status, reply.code().as_str()), (503, "no_answer"));
    assert!(reply.header("retry-after").is_some());
}

#[test]
fn requests_in_flight_beyond_the_cap_are_shed() {
    let house = House::start(|plan| plan.public.bounds.in_flight_max = 1);
    let mut waiting = house.public();
    waiting.write("GET /api/v1/items/wait HTTP/1.1\r\nhost: hall\r\n\r\n");
    house.await_begun();
    let reply = house.public().get("/api/v1/items");
    assert_eq!((reply.status, reply.code().as_str()), (503, "overloaded"));
    assert!(reply.header("retry-after").is_some());
    house.rooms.go.notify_one();
    assert_eq!(waiting.reply().status, 200);
    assert_eq!(waiting.get("/api/v1/items").status, 200);
}
