//! The simulators from outside: real sockets on both sides, a stand-in for the gateway's exchange that records what it is told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should say where"
)]

mod department;
mod faults;
mod platform;
mod stand_in;
mod vertical;
mod wire;

use super::{RunningSimulator, SimulatorKind, SimulatorOptions, form, serve};
use serde_json::{Value, json};
use stand_in::StandIn;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::{CancellationToken, DropGuard};

const BOUND: Duration = Duration::from_secs(20);
const FORM: &str = "application/x-www-form-urlencoded";

/// A simulator with its gateway; both stop when it is dropped.
struct Partner {
    address: SocketAddr,
    gateway: StandIn,
    _running: RunningSimulator,
    _stop: DropGuard,
}

/// Ten milliseconds a step, a free port, a stand-in to call back; `change` adjusts the rest.
async fn partner(kind: SimulatorKind, change: impl FnOnce(&mut SimulatorOptions)) -> Partner {
    let gateway = StandIn::start(kind).await;
    let mut options = SimulatorOptions::new(kind);
    options.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    options.pace = Duration::from_millis(10);
    options.callback = Some(format!(
        "http://{}/exchange/v1/systems/{{id}}/",
        gateway.address
    ));
    change(&mut options);
    println!("seed {}", options.seed);
    let shutdown = CancellationToken::new();
    let running = serve(options, shutdown.clone()).await.unwrap();
    Partner {
        address: running.address(),
        gateway,
        _running: running,
        _stop: shutdown.drop_guard(),
    }
}

/// One request on a connection of its own; an error if the connection is refused or cut before the answer is whole.
async fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    content_type: &str,
    body: &[u8],
) -> std::io::Result<(u16, Vec<u8>)> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: partner\r\nconnection: close\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        whole(&answer)
            .ok_or_else(|| std::io::Error::other(format!("cut after {} bytes", answer.len())))
    };
    tokio::time::timeout(BOUND, exchange).await?
}

fn whole(answer: &[u8]) -> Option<(u16, Vec<u8>)> {
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end])
        .ok()?
        .to_ascii_lowercase();
    let length: usize = head
        .split("content-length: ")
        .nth(1)?
        .lines()
        .next()?
        .parse()
        .ok()?;
    let body = &answer[end + 4..];
    (body.len() == length).then(|| (head[9..12].parse().unwrap_or(0), body.to_vec()))
}

impl Partner {
    async fn post(
        &self,
        path: &str,
        content_type: &str,
        body: &[u8],
    ) -> std::io::Result<(u16, Vec<u8>)> {
        send(self.address, "POST", path, content_type, body).await
    }

    async fn get(&self, path: &str) -> (u16, Vec<u8>) {
        send(self.address, "GET", path, FORM, b"").await.unwrap()
    }

    async fn control(&self, path: &str, order: Value) -> Value {
        let path = format!("/_control/{path}");
        let (_, body) = self
            .post(&path, "application/json", order.to_string().as_bytes())
            .await
            .unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    /// The case as the partner shows it; `null` if it has none.
    async fn case(&self, number: &str) -> Value {
        let path = format!("/_control/cases/{number}");
        match send(self.address, "GET", &path, FORM, b"").await {
            Ok((200, body)) => serde_json::from_slice(&body).unwrap(),
            _ => Value::Null,
        }
    }

    /// Waits, within a bound, until the case is as wanted; returns it.
    async fn until(&self, number: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = tokio::time::Instant::now() + BOUND;
        loop {
            let case = self.case(number).await;
            if wanted(&case) {
                return case;
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "never {what}: {case:#}"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn closed(&self, number: &str) -> Value {
        let done = |case: &Value| {
            case["closed"] == json!(true) && case["course"] == json!([]) && !waiting(case)
        };
        self.until(number, "closed", done).await
    }
}

/// Whether a report is still on its way.
fn waiting(case: &Value) -> bool {
    let open = |sent: &Value| sent["state"] == "waiting" || sent["state"] == "sending";
    case["sent"]
        .as_array()
        .is_some_and(|sent| sent.iter().any(open))
}

/// The form of an application to the department, for the own number `own`.
fn application_form(number: &str, own: &str) -> Vec<u8> {
    let object = json!({
        "SBLSH": number, "SXBM": "10131300500698857413440400", "SXMC": "民用爆炸物品销售许可", "SQRLX": "1", "SQRMC": "张三",
        "SQRZJLX": "10", "SQRZJHM": "11010519491231002X", "LXRXM": "张三", "LXRSJ": "13800000000", "SBXMMC": "样例",
        "SBCLQD": "申请表", "SBSJ": "2017-06-05 09:30:00", "XZQHDM": "440400", "TJFS": "1", "YWLSH": own, "SJBBH": "1",
        "CLLB": [{"SEQ": "1", "CLMC": "申请表", "ATTACH_NAME": "a.pdf", "ATTACH_ID": "m1", "ATTACH_SIGN": stand_in::material_md5()}],
        "FORM": {"project_name": "样例"},
    });
    form::write(&[
        ("sblsh", number.as_bytes()),
        ("sptype", b"0"),
        ("spobject", object.to_string().as_bytes()),
    ])
}

/// Asks the department for a number of its own.
async fn own_number(partner: &Partner, number: &str) -> String {
    let body = form::write(&[("sxbm", b"1013"), ("wbbh", number.as_bytes())]);
    let (status, own) = partner.post("/ebus/lsh", FORM, &body).await.unwrap();
    assert_eq!(status, 200);
    String::from_utf8(own).unwrap()
}

/// Submits to the department: the answer's text.
async fn submit(partner: &Partner, number: &str) -> std::io::Result<String> {
    let own = own_number(partner, number).await;
    let (_, body) = partner
        .post("/ebus/sp", FORM, &application_form(number, &own))
        .await?;
    Ok(String::from_utf8_lossy(&body).into_owned())
}
