//! A client of clamd: one connection a file, every wait and every answer bounded.

use super::protocol::{
    END, INSTREAM, PING, PONG, REPLY_BYTES_MAX, Reply, chunk_length, read_reply,
};
use super::{ClamdAddress, ScanSettings};
use crate::store::material::ByteStream;
use futures_util::StreamExt;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

/// Why a file has no verdict.
#[derive(Debug, thiserror::Error)]
pub enum ScanFault {
    /// clamd is not there.
    #[error("clamd cannot be reached: {0}")]
    Unreachable(io::Error),
    /// It gave no sign of life for too long.
    #[error("clamd was silent for {0:?}")]
    Silent(Duration),
    /// The connection broke, and there was no answer.
    #[error("the connection to clamd broke: {0}")]
    Broken(io::Error),
    /// The file's own bytes cannot be read.
    #[error("the file cannot be read: {0}")]
    Bytes(io::Error),
}

/// A client of clamd.
#[derive(Debug, Clone)]
pub struct Clamd {
    address: ClamdAddress,
    connect: Duration,
    answer: Duration,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Clamd {
    /// The clamd of these settings.
    #[must_use]
    pub fn new(settings: &ScanSettings) -> Self {
        Self {
            address: settings.clamd.clone(),
            connect: settings.connect,
            answer: settings.answer,
        }
    }

    /// Whether clamd is there and answers.
    ///
    /// # Errors
    /// [`ScanFault`].
    pub async fn ping(&self) -> Result<(), ScanFault> {
        let mut stream = self.open().await?;
        self.write(&mut stream, PING).await?;
        let reply = self.reply(&mut stream).await?;
        if reply.strip_suffix(b"\0").unwrap_or(&reply) == PONG {
            Ok(())
        } else {
            let words = "another answer than PONG";
            Err(ScanFault::Broken(io::Error::other(words)))
        }
    }

    /// Scans a file.
    ///
    /// # Errors
    /// [`ScanFault`]: there is no verdict.
    pub async fn scan(&self, mut bytes: ByteStream) -> Result<Reply, ScanFault> {
        let mut stream = self.open().await?;
        let sent = async {
            self.write(&mut stream, INSTREAM).await?;
            while let Some(chunk) = bytes.next().await {
                let chunk = chunk.map_err(ScanFault::Bytes)?;
                if let Some(length) = chunk_length(&chunk) {
                    self.write(&mut stream, &length).await?;
                    self.write(&mut stream, &chunk).await?;
                }
            }
            self.write(&mut stream, &END).await
        }
        .await;
        match sent {
            Ok(()) => Ok(read_reply(&self.reply(&mut stream).await?)),
            // clamd answers and closes when a stream is too long for it: what it said counts for more than that it closed.
            Err(ScanFault::Broken(error)) => match self.reply(&mut stream).await {
                Ok(reply) if !reply.is_empty() => match read_reply(&reply) {
                    // Clean is said of whole files alone.
                    Reply::Clean => Err(ScanFault::Broken(error)),
                    said => Ok(said),
                },
                _ => Err(ScanFault::Broken(error)),
            },
            Err(fault) => Err(fault),
        }
    }

    async fn open(&self) -> Result<Box<dyn Stream>, ScanFault> {
        let connecting = async {
            let stream: Box<dyn Stream> = match &self.address {
                ClamdAddress::Tcp(address) => Box::new(TcpStream::connect(address.as_str()).await?),
                ClamdAddress::Unix(path) => Box::new(UnixStream::connect(path).await?),
            };
            Ok(stream)
        };
        match tokio::time::timeout(self.connect, connecting).await {
            Ok(connected) => connected.map_err(ScanFault::Unreachable),
            Err(_) => Err(ScanFault::Unreachable(io::ErrorKind::TimedOut.into())),
        }
    }

    async fn write(&self, stream: &mut Box<dyn Stream>, bytes: &[u8]) -> Result<(), ScanFault> {
        match tokio::time::timeout(self.answer, stream.write_all(bytes)).await {
            Ok(written) => written.map_err(ScanFault::Broken),
            Err(_) => Err(ScanFault::Silent(self.answer)),
        }
    }

    /// Reads until NUL, the end, or [`REPLY_BYTES_MAX`].
    async fn reply(&self, stream: &mut Box<dyn Stream>) -> Result<Vec<u8>, ScanFault> {
        let mut reply = Vec::new();
        let reading = async {
            let mut piece = [0; 512];
            while reply.len() < REPLY_BYTES_MAX && reply.last() != Some(&0) {
                let read = stream.read(&mut piece).await?;
                if read == 0 {
                    break;
                }
                reply.extend_from_slice(piece.get(..read).unwrap_or_default());
            }
            Ok(())
        };
        match tokio::time::timeout(self.answer, reading).await {
            Ok(Ok(())) => Ok(reply),
            Ok(Err(error)) => Err(ScanFault::Broken(error)),
            Err(_) => Err(ScanFault::Silent(self.answer)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use tokio::net::TcpListener;

    /// A peer that reads the command and `take` bytes, says `reply`, and closes (or stays silent).
    async fn peer(take: usize, reply: Option<&'static [u8]>) -> Clamd {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut taken = vec![0; take];
            stream.read_exact(&mut taken).await.ok();
            match reply {
                Some(reply) => {
                    stream.write_all(reply).await.ok();
                }
                None => std::future::pending().await,
            }
        });
        Clamd {
            address: ClamdAddress::Tcp(address),
            connect: Duration::from_secs(5),
            answer: Duration::from_millis(200),
        }
    }

    fn file(pieces: &[&'static [u8]]) -> ByteStream {
        let pieces: Vec<io::Result<Bytes>> =
            pieces.iter().map(|p| Ok(Bytes::from_static(p))).collect();
        futures_util::stream::iter(pieces).boxed()
    }

    #[tokio::test]
    async fn an_answer_ends_with_nul_or_with_the_connection_and_never_grows_without_bound() {
        let whole = INSTREAM.len() + 4 + 2 + 4;
        for (reply, expected) in [
            (&b"stream: OK\0"[..], Reply::Clean),
            (b"stream: X FOUND", Reply::Infected("X".into())),
            (b"stream: O", Reply::NotUnderstood),
            (b"", Reply::NotUnderstood),
            (&[b'x'; 3 * REPLY_BYTES_MAX], Reply::NotUnderstood),
        ] {
            let said = peer(whole, Some(reply))
                .await
                .scan(file(&[b"", b"ab"]))
                .await;
            assert_eq!(said.unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn a_silent_peer_is_left_after_its_time() {
        let clamd = peer(10, None).await;
        assert!(matches!(
            clamd.scan(file(&[b"ab"])).await,
            Err(ScanFault::Silent(_))
        ));
        let clamd = peer(6, None).await;
        assert!(matches!(clamd.ping().await, Err(ScanFault::Silent(_))));
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_read_is_not_called_clean() {
        let clamd = peer(INSTREAM.len(), Some(b"stream: OK\0")).await;
        let broken = futures_util::stream::iter([Err(io::Error::other("cut"))]).boxed();
        assert!(matches!(clamd.scan(broken).await, Err(ScanFault::Bytes(_))));
    }

    #[tokio::test]
    async fn nobody_at_the_address_is_unreachable_and_another_program_is_no_clamd() {
        let clamd = Clamd {
            address: ClamdAddress::Unix("/nonexistent/clamd.ctl".into()),
            connect: Duration::from_secs(1),
            answer: Duration::from_secs(1),
        };
        assert!(matches!(clamd.ping().await, Err(ScanFault::Unreachable(_))));
        let other = peer(6, Some(b"HTTP/1.1 400 Bad Request\r\n")).await;
        assert!(matches!(other.ping().await, Err(ScanFault::Broken(_))));
        assert!(peer(6, Some(b"PONG\0")).await.ping().await.is_ok());
    }
}
