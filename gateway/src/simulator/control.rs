//! `/_control/…`: how tests look into a simulator and steer it, on the partner's own listener.
//!
//! `GET cases`, `GET cases/{no}`, `GET` and `POST switches`, `POST clock`, `POST event`, `POST mend`. JSON; a fault is `{"error": "…"}` with 400, 404 or 422.

use super::cases::{Application, Case};
use super::course::{Message, Report};
use super::delivery::Outcome;
use super::dialect::{Answer, Received};
use super::switches::{Fault, Switch};
use super::{Outage, Simulator};
use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Answers a control request.
pub(super) async fn answer(simulator: &Arc<Simulator>, request: &Received) -> Answer {
    let path = request.path.strip_prefix("/_control/").unwrap_or_default();
    let answered = match (&request.method, path) {
        (&Method::GET, "cases") => Ok(all(simulator)),
        (&Method::GET, "switches") => Ok(json!({"switches": simulator.switches.lock().set})),
        (&Method::POST, "switches") => switches(simulator, &request.body),
        (&Method::POST, "clock") => clock(simulator, &request.body),
        (&Method::POST, "mend") => Ok(mend(simulator)),
        (&Method::POST, "event") => event(simulator, &request.body).await,
        (&Method::GET, other) => match other.strip_prefix("cases/") {
            Some(number) => one(simulator, number),
            None => return Answer::not_found(),
        },
        _ => return Answer::not_found(),
    };
    match answered {
        Ok(value) => Answer::json(200, &value),
        Err((status, error)) => Answer::json(status, &json!({"error": error})),
    }
}

type Answered = Result<Value, (u16, String)>;

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, (u16, String)> {
    serde_json::from_slice(body).map_err(|error| (400, error.to_string()))
}

fn shown(case: &Case) -> Value {
    let mut value = json!(case);
    value["position"] = json!(case.position());
    value
}

fn all(simulator: &Simulator) -> Value {
    let book = simulator.book.lock();
    let cases: Vec<Value> = book
        .cases
        .values()
        .map(|case| {
            let mut value = shown(case);
            if let Some(object) = value.as_object_mut() {
                object.remove("requests");
                object.remove("application");
            }
            value
        })
        .collect();
    json!({
        "kind": format!("{:?}", simulator.options.kind).to_lowercase(), "seed": simulator.options.seed,
        "totals": book.totals, "own_numbers_given": book.given, "cases": cases,
    })
}

fn one(simulator: &Simulator, number: &str) -> Answered {
    let book = simulator.book.lock();
    let case = book.cases.get(number);
    case.map(shown)
        .ok_or_else(|| (404, format!("no case {number} has arrived")))
}

/// `{"set": ["slow=2s", {"switch": "drop", "rate": 0.3}], "clear": true}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SwitchOrder {
    #[serde(default)]
    set: Vec<SwitchText>,
    #[serde(default)]
    clear: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SwitchText {
    Short(String),
    Full(Switch),
}

fn switches(simulator: &Simulator, body: &[u8]) -> Answered {
    let order: SwitchOrder = read(body)?;
    let mut wanted = Vec::new();
    for switch in order.set {
        let switch = match switch {
            SwitchText::Short(text) => text.parse().map_err(|error| (422, format!("{error}")))?,
            SwitchText::Full(switch) => switch.checked().map_err(|error| (422, error))?,
        };
        wanted.push(switch);
    }
    let mut board = simulator.switches.lock();
    if order.clear {
        board.set.clear();
    }
    for switch in wanted {
        // An outage without a phase is meant now, not at the next request.
        let restart = switch.fault == Fault::Restart;
        if (restart || switch.fault == Fault::RefuseConnection) && switch.phase.is_none() {
            let duration = switch.duration();
            let ordered = simulator.outages.try_send(Outage { duration, restart });
            ordered.map_err(|_| (422, "four outages are waiting already".to_owned()))?;
        } else if !board.add(switch) {
            return Err((422, "there are too many switches; send clear".to_owned()));
        }
    }
    Ok(json!({"switches": board.set}))
}

/// Takes every switch back and puts right what they spoiled, as the people at the partner would.
fn mend(simulator: &Arc<Simulator>) -> Value {
    simulator.switches.lock().set.clear();
    let numbers: Vec<String> = simulator.book.lock().cases.keys().cloned().collect();
    for number in &numbers {
        simulator.with(number, Case::mended);
        simulator.follow(number);
    }
    json!({"cases": numbers.len()})
}

#[derive(Deserialize)]
struct ClockOrder {
    offset_seconds: i64,
}

fn clock(simulator: &Simulator, body: &[u8]) -> Answered {
    let order: ClockOrder = read(body)?;
    simulator.clock.set_offset(order.offset_seconds);
    Ok(json!({"now": simulator.clock.now()}))
}

/// `{"number": "…", "message": "acceptance", "fields": {"SLZTDM": "2"}}`; fields may also stand beside `number`.
#[derive(Deserialize)]
struct EventOrder {
    number: String,
    message: Value,
    #[serde(default)]
    fields: Map<String, Value>,
    #[serde(flatten)]
    beside: Map<String, Value>,
}

/// Sends one report now. A number that the partner never got is allowed: that is one of the things to try.
async fn event(simulator: &Arc<Simulator>, body: &[u8]) -> Answered {
    let order: EventOrder = read(body)?;
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), ToOwned::to_owned)
    };
    let name = text(&order.message);
    let message =
        Message::named(&name).ok_or_else(|| (422, format!("there is no message `{name}`")))?;
    let fields: Vec<(String, String)> = order
        .fields
        .iter()
        .chain(&order.beside)
        .map(|(k, v)| (k.clone(), text(v)))
        .collect();
    let field = |name: &str| fields.iter().find(|f| f.0 == name).map(|f| f.1.clone());
    let polled = simulator.dialect.posted(message, &fields).is_none();
    if polled && message == Message::Collection {
        return Err((
            422,
            "the vertical system has no message for a collection".to_owned(),
        ));
    }
    let usual = match message {
        Message::Completion => "6",
        Message::SpecialStart => "A",
        _ => "1",
    };
    let code = simulator.dialect.code_field(message).and_then(field);
    let serial = field("XH")
        .or_else(|| field("SPBZH"))
        .and_then(|s| s.parse().ok());
    let report = Report::new(
        message,
        &code.unwrap_or_else(|| usual.to_owned()),
        serial.unwrap_or(1),
    );
    stranger(simulator, &order.number, &fields)?;
    let full = || (422, "the case has too many reports".to_owned());
    let id = simulator
        .issue(&order.number, &report, &fields)
        .ok_or_else(full)?;
    let outcome = simulator.deliver(&order.number, id).await;
    if outcome != Outcome::Done {
        simulator.follow(&order.number);
    }
    let book = simulator.book.lock();
    let sent = book
        .cases
        .get(&order.number)
        .and_then(|case| case.sent.get(id));
    Ok(json!({"taken": outcome == Outcome::Done, "sent": sent}))
}

/// Makes room for reports about a number that never arrived: a case that was registered zero times.
fn stranger(
    simulator: &Simulator,
    number: &str,
    fields: &[(String, String)],
) -> Result<(), (u16, String)> {
    if number.is_empty() || number.len() > 64 {
        return Err((422, "a number has 1 to 64 characters".to_owned()));
    }
    let field = |name: &str| {
        fields
            .iter()
            .find(|f| f.0 == name)
            .map_or("", |f| f.1.as_str())
    };
    let mut book = simulator.book.lock();
    if !book.cases.contains_key(number) {
        let application = Application {
            number: number.to_owned(),
            item: field("SXBM").to_owned(),
            region: field("XZQHDM").to_owned(),
            ..Application::default()
        };
        let mut case = Case::new(application, simulator.clock.now());
        case.effects = 0;
        book.restore(case);
    }
    Ok(())
}
