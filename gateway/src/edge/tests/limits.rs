//! Limits, credentials, roles.

use super::*;
use crate::edge::settings::Rate;
use crate::identity::{PrincipalKind, Role};
use crate::problem::Problem;
use http::request;
use std::os::unix::net::UnixStream;

const SEVEN: Rate = Rate {
    per_second: 1,
    burst: 7,
};

/// `x-as: name` is the credential; `x-as: bad` a bad one.
struct Named;

impl CredentialReader for Named {
    fn read(&self, _: Listener, head: &request::Parts) -> Option<Result<Principal, Problem>> {
        let name = head.headers.get("x-as")?.to_str().unwrap();
        Some(match name {
            "bad" => Err(Problem::new(
                StatusCode::UNAUTHORIZED,
                texts::CREDENTIAL_REFUSED,
            )),
            name => Ok(Principal {
                subject: name.to_owned(),
                kind: PrincipalKind::Applicant,
                organisation: None,
                roles: [Role::Public, Role::Applicant].into(),
                one_time: None,
            }),
        })
    }
}

#[test]
fn beyond_the_rate_of_an_address_429_carries_retry_after() {
    let house = House::start(|plan| plan.public.limits.address = SEVEN);
    let mut peer = house.public();
    for _ in 0..7 {
        assert_eq!(peer.get("/api/v1/items").status, 200);
    }
    let reply = peer.get("/api/v1/items");
    assert_eq!((reply.status, reply.code().as_str()), (429, "rate_limited"));
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert_eq!(
        house.public().get("/x").status,
        429,
        "another connection, the same address"
    );
    house.await_metric(r#"tongban_rate_limited_total{scope="address"} 2"#);
    assert_eq!(
        house.operations().get("/healthz").status,
        200,
        "another listener"
    );
}

#[test]
fn one_credential_has_one_limit_whatever_the_connection() {
    let house = House::start(|plan| {
        plan.readers.push(Arc::new(Named));
        plan.public.limits.credential = SEVEN;
    });
    for _ in 0..7 {
        assert_eq!(
            house
                .public()
                .get_with("/api/v1/items", "x-as: li\r\n")
                .status,
            200
        );
    }
    assert_eq!(
        house
            .public()
            .get_with("/api/v1/items", "x-as: li\r\n")
            .status,
        429
    );
    assert_eq!(
        house
            .public()
            .get_with("/api/v1/items", "x-as: wang\r\n")
            .status,
        200
    );
    assert_eq!(house.public().get("/api/v1/items").status, 200);
    house.await_metric(r#"tongban_rate_limited_total{scope="credential"} 1"#);
}

#[test]
fn a_bad_credential_is_401_even_where_none_is_needed() {
    let house = House::start(|plan| plan.readers.push(Arc::new(Named)));
    let reply = house.public().get_with("/api/v1/items", "x-as: bad\r\n");
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (401, "credential_refused")
    );
    assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
}

#[test]
fn a_bearer_token_that_no_key_made_is_401_and_other_schemes_are_not_looked_at() {
    let house = House::start(|plan| {
        plan.readers.push(Arc::new(BearerTokens {
            keys: Arc::default(),
            clock: Clock::system(),
            metrics: Metrics::new().unwrap(),
        }));
    });
    for (header, status) in [
        ("authorization: Bearer a.b.c\r\n", 401),
        ("authorization: bearer  a.b.c\r\n", 401),
        ("authorization: Bearer \r\n", 200),
        ("authorization: Basic eDp5\r\n", 200),
        ("", 200),
    ] {
        let reply = house.public().get_with("/api/v1/items", header);
        assert_eq!(reply.status, status, "{header}");
    }
}

#[test]
fn without_a_role_401_asks_and_403_refuses() {
    let house = House::start(|plan| {
        plan.readers.push(Arc::new(Named));
        plan.operations.operators_from.clear();
    });
    let reply = house.operations().get("/metrics");
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (401, "credential_missing")
    );
    let reply = house.operations().get_with("/metrics", "x-as: li\r\n");
    assert_eq!((reply.status, reply.code().as_str()), (403, "role_missing"));
}

#[test]
fn loopback_is_an_operator_on_the_operations_listener_unless_a_browser_sends_it() {
    let house = House::start(|_| {});
    let reply = house.operations().get("/metrics");
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    assert!(reply.text().contains("tongban_build_info"));
    for header in [
        "origin: http://evil.example\r\n",
        "sec-fetch-site: cross-site\r\n",
    ] {
        assert_eq!(
            house.operations().get_with("/metrics", header).status,
            401,
            "{header}"
        );
    }
}

#[test]
fn ops_socket_serves_the_operations_listener_to_an_operator() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ops.sock");
    let house = House::start(|plan| {
        plan.operations.operators_from.clear();
        plan.ops_socket = Some(path.clone());
    });
    let stream = UnixStream::connect(&path).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    let reply = Peer::over(stream).get("/metrics");
    assert_eq!(reply.status, 200);
    assert_eq!(house.operations().get("/metrics").status, 401);
}
