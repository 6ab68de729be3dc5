//! What the tests share: the three definitions, one case, and short words for calls and answers.

use serde_json::{Value, json};
use tongban_adapters::canonical::{CaseReference, PartnerEvent};
use tongban_adapters::definition::{CallbackError, CallbackFacts, CompiledDefinition};
use tongban_adapters::exchange::{
    CallbackCall, CallbackMessage, ExchangeContext, WireReply, WireRequest,
};
use tongban_adapters::text::{Charset, read_form, write_form};

pub(crate) const CASE_NO: &str = "10131300500698857413440400201706050001";
pub(crate) const SHORT_NO: &str = "2017060500017";

/// A definition of `config/systems/` with nothing in its environment.
pub(crate) fn definition(id: &str) -> CompiledDefinition {
    definition_with(id, &|_| None)
}

pub(crate) fn definition_with(
    id: &str,
    env: &dyn Fn(&str) -> Option<String>,
) -> CompiledDefinition {
    let text = text(id);
    match CompiledDefinition::compile(&format!("{id}.yaml"), &text, env) {
        Ok(definition) => definition,
        Err(faults) => panic!(
            "{}",
            faults
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n")
        ),
    }
}

pub(crate) fn text(id: &str) -> String {
    let path = format!("{}/../config/systems/{id}.yaml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

/// One submitted case: a person with an identity number that passes its check digit (GB 11643's own sample).
pub(crate) fn context() -> ExchangeContext {
    serde_json::from_value(json!({
        "case": {
            "no": CASE_NO, "application_no": CASE_NO, "short_no": SHORT_NO, "region": "440400", "channel": "web",
            "submitted_at": "2017-06-05T01:30:00Z"
        },
        "item": {
            "code": "10131300500698857413440400", "id": "i1", "version": 3, "name": "民用爆炸物品销售许可",
            "org_name": "经济和信息化委员会", "org_uscc": "11440000006940140X", "org_code": "006940140"
        },
        "applicant": {
            "type": "person", "name": "张三", "id_type": "resident_id", "id_number": "11010519491231002X",
            "phone": "13800000000"
        },
        "form": {"project_name": "A&B <工程>"},
        "materials": [{
            "seq": 1, "id": "m1", "name": "申请表", "file_name": "a.pdf", "content_type": "application/pdf", "size": 3,
            "md5": "900150983cd24fb0d6963f7d28e17f72", "sha256": "ba78"
        }],
        "message_key": "k1", "now": "2017-06-05T01:31:00Z", "nonce": "00ff"
    }))
    .unwrap()
}

/// The same with a supplement at hand.
pub(crate) fn supplement() -> ExchangeContext {
    let message = json!({"text": "已补", "materials": ["申请表", "附图"], "serial": "1", "at": "2017-06-07T02:03:04Z"});
    ExchangeContext {
        message,
        ..context()
    }
}

/// The same with a withdrawal at hand.
pub(crate) fn withdrawal() -> ExchangeContext {
    ExchangeContext {
        message: json!({"reason": "不办了", "at": "2017-06-07T02:03:04Z"}),
        ..context()
    }
}

pub(crate) fn reply(status: u16, content_type: &str, body: &[u8]) -> WireReply {
    WireReply {
        status,
        headers: vec![("content-type".into(), content_type.into())],
        body: body.to_vec(),
    }
}

pub(crate) fn header<'r>(headers: &'r [(String, String)], name: &str) -> Option<&'r str> {
    headers
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

pub(crate) fn body(request: &WireRequest) -> String {
    String::from_utf8(request.body.clone()).unwrap()
}

/// Fields of a form body, decoded.
pub(crate) fn form(bytes: &[u8], charset: Charset) -> Vec<(String, String)> {
    read_form(bytes, charset).unwrap()
}

pub(crate) fn form_call(
    fields: &[(&str, &str)],
    charset: Charset,
    headers: &[(&str, &str)],
) -> CallbackCall {
    let fields: Vec<(String, String)> = fields
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    let mut all = vec![(
        "content-type".to_owned(),
        "application/x-www-form-urlencoded".to_owned(),
    )];
    all.extend(
        headers
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned())),
    );
    CallbackCall {
        method: "POST".into(),
        query: String::new(),
        headers: all,
        body: write_form(&fields, charset).into_bytes(),
    }
}

/// The one event of a callback, as JSON without nulls of no interest.
pub(crate) fn event(definition: &CompiledDefinition, call: &CallbackCall) -> Value {
    serde_json::to_value(partner_event(definition, call, false)).unwrap()
}

pub(crate) fn partner_event(
    definition: &CompiledDefinition,
    call: &CallbackCall,
    withdrawal: bool,
) -> PartnerEvent {
    match read(definition, call, withdrawal).unwrap().as_slice() {
        [CallbackMessage::Events(events)] if events.len() == 1 => events[0].clone(),
        other => panic!("not one event: {other:?}"),
    }
}

pub(crate) fn read(
    definition: &CompiledDefinition,
    call: &CallbackCall,
    withdrawal_requested: bool,
) -> Result<Vec<CallbackMessage>, CallbackError> {
    definition.read_callback(call, &|_: &CaseReference| {
        Some(CallbackFacts {
            withdrawal_requested,
        })
    })
}
