//! The demo's applicant: speaks to the public listener over HTTP like any portal.

use crate::cli::CommandError;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// Bytes of one answer.
const ANSWER_BYTES_MAX: usize = 8 << 20;

/// A ZIP archive without an entry (APPNOTE 4.3.16): what stands for an empty workbook.
const EMPTY_ARCHIVE: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// The public listener as an applicant sees it.
#[derive(Clone, Copy)]
pub(super) struct Hall {
    address: SocketAddr,
}

impl Hall {
    pub(super) fn at(address: SocketAddr) -> Self {
        Self { address }
    }

    /// `GET`, JSON.
    pub(super) async fn get(&self, path: &str, query_code: &str) -> Result<Value, CommandError> {
        self.json("GET", path, &[("x-query-code", query_code)], Bytes::new())
            .await
    }

    /// `POST` of JSON, JSON back.
    pub(super) async fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Result<Value, CommandError> {
        let mut headers = headers.to_vec();
        headers.push(("content-type", "application/json"));
        self.json("POST", path, &headers, Bytes::from(body.to_string()))
            .await
    }

    /// Uploads a small PDF, or an empty workbook; returns its id.
    pub(super) async fn upload(&self, file_name: &str) -> Result<String, CommandError> {
        let escaped: String = file_name.bytes().map(|b| format!("%{b:02X}")).collect();
        let (kind, body) = if file_name.ends_with(".pdf") {
            let body = format!("%PDF-1.4\n% {file_name}（样例）\n%%EOF\n");
            ("application/pdf", Bytes::from(body))
        } else {
            let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
            (kind, Bytes::from_static(EMPTY_ARCHIVE))
        };
        let headers = [("content-type", kind), ("x-file-name", escaped.as_str())];
        let answer = self
            .json("POST", "/api/v1/materials", &headers, body)
            .await?;
        Ok(answer["id"].as_str().unwrap_or_default().to_owned())
    }

    async fn json(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Value, CommandError> {
        let failed = |words: &dyn std::fmt::Display| {
            CommandError::Failed(format!("{method} {path}: {words}"))
        };
        let (status, bytes) = self
            .exchange(method, path, headers, body)
            .await
            .map_err(|e| failed(&e))?;
        if (200..300).contains(&status) {
            return serde_json::from_slice(&bytes).map_err(|e| failed(&e));
        }
        Err(failed(&format!(
            "{status} {}",
            String::from_utf8_lossy(&bytes)
        )))
    }

    async fn exchange(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<(u16, Bytes), Box<dyn std::error::Error + Send + Sync>> {
        let stream = TcpStream::connect(self.address).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let driver = tokio::spawn(connection);
        let mut request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.address.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = sender.send_request(request.body(Full::new(body))?).await?;
        let status = response.status().as_u16();
        let bytes = Limited::new(response.into_body(), ANSWER_BYTES_MAX)
            .collect()
            .await?
            .to_bytes();
        driver.abort();
        Ok((status, bytes))
    }
}
