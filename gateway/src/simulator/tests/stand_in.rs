//! A stand-in for the gateway's exchange: records every call and confirms it in the partner's dialect, or refuses the next few.

use super::super::vertical::write_gbk;
use super::super::{SimulatorKind, document, form};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::net::TcpListener;

const MATERIAL: &[u8] = b"%PDF-1.4 a material of the applicant";

pub(super) fn material_md5() -> String {
    document::attach_sign(MATERIAL)
}

/// A recorded call.
#[derive(Debug, Clone)]
pub(super) struct Recorded {
    pub(super) line: String,
    pub(super) headers: http::HeaderMap,
    pub(super) body: Vec<u8>,
}

pub(super) struct StandIn {
    pub(super) address: SocketAddr,
    seen: Arc<Mutex<Vec<Recorded>>>,
    /// How many of the next reports get HTTP 500.
    pub(super) refuse: Arc<AtomicU32>,
}

impl StandIn {
    pub(super) async fn start(kind: SimulatorKind) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stand_in = Self {
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
            refuse: Arc::default(),
        };
        let (seen, refuse) = (Arc::clone(&stand_in.seen), Arc::clone(&stand_in.refuse));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, refuse) = (Arc::clone(&seen), Arc::clone(&refuse));
                let service = hyper::service::service_fn(move |request| {
                    respond(kind, Arc::clone(&seen), Arc::clone(&refuse), request)
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        stand_in
    }

    /// Everything that arrived whole.
    pub(super) fn seen(&self) -> Vec<Recorded> {
        self.seen.lock().clone()
    }

    /// The reports of a REST partner: `sptype` and `spobject`.
    pub(super) fn reports(&self) -> Vec<(String, Value)> {
        let callbacks = self
            .seen()
            .into_iter()
            .filter(|r| r.line.ends_with("/callback"));
        callbacks
            .filter_map(|recorded| {
                let fields: BTreeMap<_, _> = form::parse(&recorded.body)?;
                let object = serde_json::from_str(&form::text(&fields, "spobject")?).ok()?;
                Some((form::text(&fields, "sptype")?, object))
            })
            .collect()
    }

    pub(super) fn sptypes(&self) -> Vec<String> {
        self.reports().into_iter().map(|report| report.0).collect()
    }
}

async fn respond(
    kind: SimulatorKind,
    seen: Arc<Mutex<Vec<Recorded>>>,
    refuse: Arc<AtomicU32>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let line = format!("{} {}", request.method(), request.uri().path());
    let headers = request.headers().clone();
    let body = request.into_body().collect().await?.to_bytes().to_vec();
    let callback = line.ends_with("/callback");
    let pull = encoding_contains(&body, "getApplyInfo");
    seen.lock().push(Recorded {
        line: line.clone(),
        headers,
        body,
    });
    let refused = callback
        && refuse
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
            .is_ok();
    let (status, reply): (u16, Vec<u8>) = match kind {
        _ if refused => (500, b"busy".to_vec()),
        _ if line.starts_with("GET") => (200, MATERIAL.to_vec()),
        _ if line.ends_with("/materials") => (201, br#"{"id": "doc-1"}"#.to_vec()),
        SimulatorKind::Rest => (200, b"1".to_vec()),
        SimulatorKind::Soap => (200, SOAP_TAKEN.as_bytes().to_vec()),
        SimulatorKind::Xml if pull => (200, write_gbk(&application())),
        SimulatorKind::Xml => (
            200,
            write_gbk("<RESULT><CODE>200</CODE><TEXT>ok</TEXT></RESULT>"),
        ),
    };
    let mut response = Response::new(Full::new(Bytes::from(reply)));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    Ok(response)
}

fn encoding_contains(body: &[u8], text: &str) -> bool {
    body.windows(text.len())
        .any(|window| window == text.as_bytes())
}

const SOAP_TAKEN: &str = r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><f:setDataXmlToFocusResponse xmlns:f="http://focus.platform.example/"><setDataXmlToFocusReturn><code>0</code><desc>ok</desc><reasonList/></setDataXmlToFocusReturn></f:setDataXmlToFocusResponse></s:Body></s:Envelope>"#;

fn application() -> String {
    format!(
        "<SPSHENQIN><SBLSH>1007500016981132841170605A001</SBLSH><SBLSH_SHORT>20170605000001</SBLSH_SHORT><SXBM>1007</SXBM>\
         <SQRMC>镕基😀公司</SQRMC><SQRZJLX>001</SQRZJLX><XML_DATA><FIELD NAME=\"power\">50W</FIELD></XML_DATA>\
         <SBCL><CL><STUFF_SEQ>1</STUFF_SEQ><ATTACH_NAME>台站.pdf</ATTACH_NAME><ATTACH_ID>m1</ATTACH_ID><ATTACH_SIGN>{}</ATTACH_SIGN></CL></SBCL></SPSHENQIN>",
        material_md5()
    )
}
