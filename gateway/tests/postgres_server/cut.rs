//! A way to the server that breaks at a commit: after the server has done it and before it says so, or before the server hears of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const OPEN: u8 = 0;
const AFTER: u8 = 1;
const BEFORE: u8 = 2;
/// Nothing passes any more, and nobody is told.
const SILENT: u8 = 3;

/// A proxy on loopback. Each breach happens once.
pub(crate) struct Way {
    pub(crate) address: SocketAddr,
    breach: Arc<AtomicU8>,
}

impl Way {
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let breach = Arc::new(AtomicU8::new(OPEN));
        let shared = Arc::clone(&breach);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(server).await else {
                    continue;
                };
                tokio::spawn(carry(client, server, Arc::clone(&shared)));
            }
        });
        Self { address, breach }
    }

    /// The next commit is done, and nobody hears of it.
    pub(crate) fn break_after_the_next_commit(&self) {
        self.breach.store(AFTER, Ordering::SeqCst);
    }

    /// The next commit does not arrive.
    pub(crate) fn break_before_the_next_commit(&self) {
        self.breach.store(BEFORE, Ordering::SeqCst);
    }

    /// Nothing arrives from now on, and no connection ends.
    pub(crate) fn falls_silent(&self) {
        self.breach.store(SILENT, Ordering::SeqCst);
    }

    /// Whether the breach that was asked for has happened.
    pub(crate) fn broke(&self) -> bool {
        self.breach.load(Ordering::SeqCst) == OPEN
    }
}

async fn carry(mut client: TcpStream, mut server: TcpStream, breach: Arc<AtomicU8>) {
    let (mut asked, mut answered) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(count @ 1..) = read else { return };
                if breach.load(Ordering::SeqCst) == SILENT {
                    continue;
                }
                let commits = asked[..count].windows(6).any(|w| w == b"COMMIT");
                if commits && breach.compare_exchange(BEFORE, OPEN, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                    return;
                }
                if server.write_all(&asked[..count]).await.is_err() {
                    return;
                }
                if commits && breach.compare_exchange(AFTER, OPEN, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                    // The server's word that it is done, which goes no further.
                    let _ = server.read(&mut answered).await;
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(count @ 1..) = read else { return };
                if client.write_all(&answered[..count]).await.is_err() {
                    return;
                }
            }
        }
    }
}
