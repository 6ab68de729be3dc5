//! No bytes, however broken, make a definition panic, and a broken message never becomes an event by luck.

use super::support::*;
use proptest::prelude::*;
use std::sync::LazyLock;
use tongban_adapters::definition::CompiledDefinition;
use tongban_adapters::exchange::*;
use tongban_adapters::text::{Charset, write_form};

static ALL: LazyLock<Vec<CompiledDefinition>> = LazyLock::new(|| {
    ["gd-explosives", "zhuhai-platform", "national-radio"]
        .map(definition)
        .into()
});

const TYPES: &[&str] = &[
    "application/x-www-form-urlencoded",
    "text/xml; charset=GBK",
    "text/xml",
    "application/soap+xml",
    "application/json",
    "text/xml; charset=utf-16",
    "",
];

fn call(content_type: &str, body: Vec<u8>) -> CallbackCall {
    let headers = vec![("content-type".to_owned(), content_type.to_owned())];
    CallbackCall {
        method: "POST".into(),
        query: String::new(),
        headers,
        body,
    }
}

fn everything(content_type: &str, body: &[u8], status: u16) {
    let now = jiff::Timestamp::UNIX_EPOCH;
    for definition in ALL.iter() {
        let call = call(content_type, body.to_vec());
        if let Err(error) = definition.authenticate(&call, now) {
            let _ = definition.write_callback_answer(&call, &error);
        }
        let _ = definition.case_references(&call);
        if let Err(error) = read(definition, &call, true) {
            let answer = definition.write_callback_answer(&call, &error);
            assert!(answer.status < 600 && !answer.body.is_empty());
        }
        let reply = reply(status, content_type, body);
        let context = context();
        for operation in [
            Operation::Submit,
            Operation::Supplement,
            Operation::Withdraw,
        ] {
            for step in 0..3 {
                let _ = definition.read_reply(operation, step, &context, &reply);
            }
        }
        let _ = definition.read_query(&context, &reply);
        let _ = definition.read_poll(&context, &reply);
    }
}

/// A form, an envelope or a document around text that is partly markup.
fn around(shape: usize, text: &str) -> Vec<u8> {
    let fields = |fields: &[(&str, &str)]| {
        let fields: Vec<(String, String)> = fields
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        write_form(&fields, Charset::Utf8).into_bytes()
    };
    match shape {
        0 => fields(&[("sblsh", "1"), ("sptype", "3"), ("spobject", text)]),
        1 => fields(&[("accessToken", "xml-sample-token"), ("xmlStr", &format!("<APPROVEDATAINFO>{text}</APPROVEDATAINFO>"))]),
        2 => format!("<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body>{text}</e:Body></e:Envelope>").into_bytes(),
        3 => format!("<RECORDS><CODE>200</CODE>{text}</RECORDS>").into_bytes(),
        4 => format!("<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body><s:setDataXmlToFocus xmlns:s='http://focus.platform.example/'><xml>{text}</xml><tableName>EX_GDBS_SL</tableName><identify>soap-sample-identify</identify></s:setDataXmlToFocus></e:Body></e:Envelope>").into_bytes(),
        _ => text.as_bytes().to_vec(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_definition_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        kind in 0..TYPES.len(),
        status in prop_oneof![Just(200_u16), Just(400), Just(500), 100..600_u16],
    ) {
        everything(TYPES[kind], &bytes, status);
    }

    #[test]
    fn no_half_understood_message_makes_a_definition_panic(
        text in "(<RECORD>|</RECORD>|<KIND>SHOULI</KIND>|<SJ>2017|<ZT>1</ZT>|</SJ>|<OPERATION>getApplyInfo</OPERATION>|<SBLSH_SHORT>1</SBLSH_SHORT>|\\{\"|SLZTDM|\":\"|1|\"\\}|,\"|&lt;|ExInfo|&gt;|张|<a b='|'/>|\\[|\\]){0,12}",
        shape in 0_usize..6,
        kind in 0..TYPES.len(),
    ) {
        everything(TYPES[kind], &around(shape, &text), 200);
    }

    #[test]
    fn a_cut_message_is_refused_and_never_read_in_part(cut in 1_usize..200) {
        let definition = &ALL[0];
        let object = r#"{"SBLSH":"1","SLZTDM":"1","SLSJ":"2017-6-6 10:05:09","YWLSH":"","SJBBH":"1","BZ":""}"#;
        let whole = form_call(&[("sptype", "2"), ("spobject", object)], Charset::Utf8, &[]);
        prop_assert!(read(definition, &whole, false).is_ok());
        let kept = whole.body.len().saturating_sub(cut);
        let short = CallbackCall { body: whole.body[..kept].to_vec(), ..whole };
        prop_assert!(read(definition, &short, false).is_err());
    }
}
