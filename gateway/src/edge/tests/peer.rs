//! A peer that writes bytes and reads answers, blocking, with [`LONG`](super::LONG) as the end of all waiting.

use super::LONG;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// One connection.
pub(super) struct Peer<S = TcpStream> {
    stream: S,
    /// Read, but not yet part of an answer.
    ahead: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    head: String,
    pub(super) body: Vec<u8>,
    /// Whether the body came to its end as its framing says.
    pub(super) whole: bool,
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The stable code of a problem document.
    pub(super) fn code(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        let document: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(document["status"], self.status);
        assert_eq!(document["request_id"].as_str(), self.header("x-request-id"));
        document["code"].as_str().unwrap().to_owned()
    }
}

impl Peer {
    pub(super) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.set_write_timeout(Some(LONG)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self::over(stream)
    }

    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }
}

impl<S: Read + Write> Peer<S> {
    pub(super) fn over(stream: S) -> Self {
        Self {
            stream,
            ahead: Vec::new(),
        }
    }

    pub(super) fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// Writes what the other side may no longer want to read.
    pub(super) fn try_write(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    pub(super) fn get(&mut self, path: &str) -> Reply {
        self.get_with(path, "")
    }

    /// `headers`: whole lines.
    pub(super) fn get_with(&mut self, path: &str, headers: &str) -> Reply {
        self.write(format!(
            "GET {path} HTTP/1.1\r\nhost: hall\r\n{headers}\r\n"
        ));
        self.reply()
    }

    pub(super) fn post(&mut self, path: &str, body: &[u8]) -> Reply {
        self.write(format!(
            "POST {path} HTTP/1.1\r\nhost: hall\r\ncontent-length: {}\r\n\r\n",
            body.len()
        ));
        self.write(body);
        self.reply()
    }

    /// The next answer.
    pub(super) fn reply(&mut self) -> Reply {
        let head = self
            .head()
            .expect("the connection closed without an answer");
        let status = head[9..12].parse().unwrap();
        let mut reply = Reply {
            status,
            head,
            body: Vec::new(),
            whole: true,
        };
        let length = reply
            .header("content-length")
            .map(|l| l.parse::<usize>().unwrap());
        if let Some(length) = length {
            while self.ahead.len() < length && self.more() {}
            reply.whole = self.ahead.len() >= length;
            let length = length.min(self.ahead.len());
            reply.body = self.ahead.drain(..length).collect();
        } else if reply.header("transfer-encoding") == Some("chunked") {
            reply.whole = self.chunks(&mut reply.body);
        }
        reply
    }

    /// A head, without its empty line; `None` at the end of the connection.
    pub(super) fn head(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.ahead.windows(4).position(|w| w == b"\r\n\r\n") {
                let head: Vec<u8> = self.ahead.drain(..end + 4).collect();
                return Some(String::from_utf8(head[..end].to_vec()).unwrap());
            }
            if !self.more() {
                return None;
            }
        }
    }

    /// One piece of a chunked body; `None` when the connection ended instead.
    pub(super) fn chunk(&mut self) -> Option<Vec<u8>> {
        let line = loop {
            if let Some(end) = self.ahead.windows(2).position(|w| w == b"\r\n") {
                let line: Vec<u8> = self.ahead.drain(..end + 2).collect();
                break String::from_utf8(line[..end].to_vec()).unwrap();
            }
            if !self.more() {
                return None;
            }
        };
        let length = usize::from_str_radix(&line, 16).unwrap();
        while self.ahead.len() < length + 2 {
            if !self.more() {
                return None;
            }
        }
        let mut chunk: Vec<u8> = self.ahead.drain(..length + 2).collect();
        chunk.truncate(length);
        Some(chunk)
    }

    fn chunks(&mut self, body: &mut Vec<u8>) -> bool {
        while let Some(chunk) = self.chunk() {
            if chunk.is_empty() {
                return true;
            }
            body.extend(chunk);
        }
        false
    }

    /// Reads on; false at the end of the connection (a reset is an end too). Waiting for longer than LONG fails the test.
    fn more(&mut self) -> bool {
        let mut buffer = [0; 64 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(read) => {
                self.ahead.extend_from_slice(&buffer[..read]);
                true
            }
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock) => {
                panic!("nothing came for {LONG:?}")
            }
            Err(_) => false,
        }
    }

    /// Waits until `bytes` are the last that came.
    pub(super) fn arrived(&mut self, bytes: &[u8]) -> bool {
        while !self.ahead.trim_ascii_end().ends_with(bytes) {
            if !self.more() {
                return false;
            }
        }
        true
    }

    /// Waits for the end of the connection; true if nothing came before it.
    pub(super) fn closed(&mut self) -> bool {
        !self.more()
    }
}
