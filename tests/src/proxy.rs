//! A TCP proxy between two processes of a test, which disturbs what it carries: delay, a cut at a byte, a cut between request and
//! answer, a black hole. It knows bytes alone, so that it stands before a gateway, a partner or a database server alike.
//!
//! What it holds back is dropped when the sender goes: a request whose sender has given up does not arrive later, as it would not from
//! the buffers of a kernel.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Bytes read at once.
const BUFFER: usize = 16 * 1024;

/// What happens to bytes on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// They pass.
    Pass,
    /// Each piece is held back so long, in both directions.
    Delay(Duration),
    /// So many bytes of what the client sends pass, then the connection is cut.
    CutAt(usize),
    /// The request goes through; the connection is cut when the first byte of the answer comes.
    CutBeforeAnswer,
    /// A piece with these bytes goes through, and its answer cuts the connection: done, and nobody hears of it.
    CutAnswerTo(&'static [u8]),
    /// A piece with these bytes cuts the connection and goes no further.
    CutBefore(&'static [u8]),
    /// Nothing passes in either direction, and nobody is told; connections that met it are cut when it is over.
    BlackHole,
}

impl Link {
    /// Whether it passes over to [`Link::Pass`] after some cuts.
    #[must_use]
    pub fn cuts(self) -> bool {
        matches!(
            self,
            Self::CutAt(_) | Self::CutBeforeAnswer | Self::CutAnswerTo(_) | Self::CutBefore(_)
        )
    }
}

/// Whether a piece has these bytes. A client that sends them in one write has them in one piece.
fn has(piece: &[u8], bytes: &[u8]) -> bool {
    piece.windows(bytes.len().max(1)).any(|part| part == bytes)
}

/// A proxy to one address; ends with its owner.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    link: watch::Sender<Link>,
    /// How many more cuts until it passes again.
    cuts_left: AtomicU64,
    cuts: AtomicU64,
}

impl Proxy {
    /// A proxy on a free port of loopback to `upstream`, where nobody need listen yet.
    pub async fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .unwrap_or_else(|e| panic!("no port for a proxy: {e}"));
        let address = listener
            .local_addr()
            .unwrap_or_else(|e| panic!("no address of a proxy: {e}"));
        let shared = Arc::new(Shared {
            upstream,
            link: watch::Sender::new(Link::Pass),
            cuts_left: AtomicU64::new(0),
            cuts: AtomicU64::new(0),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self {
            address,
            shared,
            task,
        }
    }

    /// What happens from now on, also on connections that are open; until it is set anew.
    pub fn set(&self, link: Link) {
        self.shared.cuts_left.store(u64::MAX, Ordering::SeqCst);
        self.shared.link.send_replace(link);
    }

    /// Cuts so many connections this way, then passes again.
    pub fn cut(&self, link: Link, times: u64) {
        self.shared.cuts_left.store(times, Ordering::SeqCst);
        self.shared.link.send_replace(link);
    }

    /// Lets it pass again later, without holding on to it; what is set meanwhile stays.
    #[must_use]
    pub fn mender(&self) -> Mender {
        Mender {
            shared: Arc::clone(&self.shared),
            link: *self.shared.link.borrow(),
        }
    }

    /// How many connections it has cut.
    #[must_use]
    pub fn cuts(&self) -> u64 {
        self.shared.cuts.load(Ordering::SeqCst)
    }
}

/// Lets a proxy pass again.
#[derive(Debug)]
pub struct Mender {
    shared: Arc<Shared>,
    link: Link,
}

impl Mender {
    /// Bytes pass from now on, unless something else has been set meanwhile.
    pub fn pass(&self) {
        self.shared.link.send_if_modified(|link| {
            let same = *link == self.link;
            if same {
                *link = Link::Pass;
            }
            same
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn has_cut(&self) {
        self.cuts.fetch_add(1, Ordering::SeqCst);
        let left = self
            .cuts_left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                Some(match left {
                    u64::MAX => u64::MAX,
                    some => some.saturating_sub(1),
                })
            });
        if matches!(left, Ok(0 | 1)) {
            self.link.send_replace(Link::Pass);
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut carrying = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((client, _)) = accepted {
                carrying.spawn(carry(client, Arc::clone(&shared)));
            },
            Some(_) = carrying.join_next() => {}
        }
    }
}

/// One connection, until either side or the link ends it.
async fn carry(client: TcpStream, shared: Arc<Shared>) {
    let mut link = shared.link.subscribe();
    if *link.borrow_and_update() == Link::BlackHole {
        // It opens and nothing more happens; when the hole closes, its sender has to begin anew.
        until_changed_or_gone(&mut link, &client).await;
        return;
    }
    let Ok(server) = TcpStream::connect(shared.upstream).await else {
        return;
    };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let doomed = AtomicBool::new(false);
    tokio::select! {
        () = upwards(from_client, to_server, &shared, &doomed) => {}
        () = downwards(from_server, to_client, &shared, &doomed) => {}
    }
}

/// Waits until the link is another one, or the client has gone; what it still sends is left where it is.
async fn until_changed_or_gone(link: &mut watch::Receiver<Link>, client: &TcpStream) {
    let mut byte = [0];
    tokio::select! {
        _ = link.changed() => {}
        peeked = client.peek(&mut byte) => if matches!(peeked, Ok(1..)) {
            let _ = link.changed().await;
        },
    }
}

/// What the client sends; a connection whose next answer must not arrive is `doomed`.
async fn upwards(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    shared: &Shared,
    doomed: &AtomicBool,
) {
    let mut link = shared.link.subscribe();
    let mut buffer = vec![0; BUFFER];
    loop {
        let Ok(read @ 1..) = from.read(&mut buffer).await else {
            // The answer may still come: the other direction ends the connection.
            let _ = to.shutdown().await;
            return std::future::pending().await;
        };
        let piece = &buffer[..read];
        let now = *link.borrow_and_update();
        match now {
            Link::Pass | Link::CutBeforeAnswer => {}
            Link::CutAnswerTo(bytes) => {
                if has(piece, bytes) {
                    doomed.store(true, Ordering::SeqCst);
                }
            }
            Link::CutBefore(bytes) => {
                if has(piece, bytes) {
                    shared.has_cut();
                    return;
                }
            }
            Link::CutAt(byte) => {
                let _ = to.write_all(&piece[..byte.min(read)]).await;
                let _ = to.flush().await;
                shared.has_cut();
                return;
            }
            Link::Delay(pause) => {
                if is_gone_within(&mut from, pause).await {
                    return;
                }
            }
            Link::BlackHole => {
                // What was swallowed stays lost, so the connection is of no use any more.
                let mut byte = [0];
                tokio::select! {
                    _ = link.changed() => {}
                    peeked = from.peek(&mut byte) => if matches!(peeked, Ok(1..)) {
                        let _ = link.changed().await;
                    },
                }
                return;
            }
        }
        if to.write_all(piece).await.is_err() {
            return;
        }
    }
}

/// Whether the sender went away while its bytes were held back.
async fn is_gone_within(from: &mut OwnedReadHalf, pause: Duration) -> bool {
    let mut byte = [0];
    let peeking = tokio::time::timeout(pause, from.peek(&mut byte));
    let begun = crate::process::instant();
    match peeking.await {
        Err(_) => false,
        Ok(Ok(0) | Err(_)) => true,
        Ok(Ok(_)) => {
            tokio::time::sleep(pause.saturating_sub(begun.elapsed())).await;
            false
        }
    }
}

async fn downwards(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    shared: &Shared,
    doomed: &AtomicBool,
) {
    let mut link = shared.link.subscribe();
    let mut buffer = vec![0; BUFFER];
    loop {
        let Ok(read @ 1..) = from.read(&mut buffer).await else {
            return;
        };
        if doomed.load(Ordering::SeqCst) {
            shared.has_cut();
            return;
        }
        let now = *link.borrow_and_update();
        match now {
            Link::Pass | Link::CutAt(_) | Link::CutAnswerTo(_) | Link::CutBefore(_) => {}
            Link::CutBeforeAnswer => {
                shared.has_cut();
                return;
            }
            Link::Delay(pause) => tokio::time::sleep(pause).await,
            Link::BlackHole => {
                let _ = link.changed().await;
                return;
            }
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// A server that keeps what it read and answers `answer` to every piece.
    async fn server() -> (SocketAddr, Arc<Mutex<Vec<u8>>>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let got = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&got);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let kept = Arc::clone(&kept);
                tokio::spawn(async move {
                    let mut buffer = [0; 1024];
                    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                        kept.lock().unwrap().extend_from_slice(&buffer[..read]);
                        if stream.write_all(b"answer").await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        (address, got)
    }

    async fn asked(proxy: &Proxy) -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(proxy.address).await?;
        stream.write_all(b"request").await?;
        let mut buffer = vec![0; 64];
        let read = stream.read(&mut buffer).await?;
        buffer.truncate(read);
        Ok(buffer)
    }

    async fn until_got(got: &Mutex<Vec<u8>>, wanted: &[u8]) {
        crate::process::eventually("the server has it", Duration::from_secs(10), || async {
            (*got.lock().unwrap() == wanted).then_some(())
        })
        .await;
    }

    #[tokio::test]
    async fn bytes_pass_until_a_cut_and_again_after_it() {
        let (upstream, got) = server().await;
        let proxy = Proxy::start(upstream).await;
        assert_eq!(asked(&proxy).await.unwrap(), b"answer");
        proxy.cut(Link::CutAt(3), 1);
        assert_eq!(asked(&proxy).await.unwrap_or_default(), b"");
        until_got(&got, b"requestreq").await;
        assert_eq!(proxy.cuts(), 1);
        assert_eq!(asked(&proxy).await.unwrap(), b"answer");
    }

    #[tokio::test]
    async fn a_cut_before_the_answer_lets_the_request_through() {
        let (upstream, got) = server().await;
        let proxy = Proxy::start(upstream).await;
        proxy.cut(Link::CutBeforeAnswer, 1);
        assert_eq!(asked(&proxy).await.unwrap_or_default(), b"");
        until_got(&got, b"request").await;
        assert_eq!(asked(&proxy).await.unwrap(), b"answer");
    }

    #[tokio::test]
    async fn only_the_answer_to_these_bytes_or_the_bytes_themselves_are_cut() {
        let (upstream, got) = server().await;
        let proxy = Proxy::start(upstream).await;
        proxy.cut(Link::CutAnswerTo(b"commit"), 1);
        assert_eq!(asked(&proxy).await.unwrap(), b"answer", "nothing of it");
        proxy.cut(Link::CutAnswerTo(b"quest"), 1);
        assert_eq!(asked(&proxy).await.unwrap_or_default(), b"");
        until_got(&got, b"requestrequest").await;
        proxy.cut(Link::CutBefore(b"quest"), 1);
        assert_eq!(asked(&proxy).await.unwrap_or_default(), b"");
        assert_eq!(asked(&proxy).await.unwrap(), b"answer", "cut once");
        assert_eq!(*got.lock().unwrap(), b"requestrequestrequest");
        assert_eq!(proxy.cuts(), 2);
    }

    #[tokio::test]
    async fn a_black_hole_carries_nothing_and_forgets_what_its_sender_gave_up() {
        let (upstream, got) = server().await;
        let proxy = Proxy::start(upstream).await;
        let mut before = TcpStream::connect(proxy.address).await.unwrap();
        before.write_all(b"a").await.unwrap();
        until_got(&got, b"a").await;
        proxy.set(Link::BlackHole);
        before.write_all(b"lost").await.unwrap();
        drop(before);
        let waited = tokio::time::timeout(Duration::from_millis(100), asked(&proxy)).await;
        assert!(waited.is_err(), "no answer out of a black hole");
        proxy.set(Link::Pass);
        assert_eq!(asked(&proxy).await.unwrap(), b"answer");
        assert_eq!(*got.lock().unwrap(), b"arequest");
    }

    #[tokio::test]
    async fn a_delayed_request_arrives_later_and_not_at_all_when_its_sender_has_gone() {
        let (upstream, got) = server().await;
        let proxy = Proxy::start(upstream).await;
        proxy.set(Link::Delay(Duration::from_millis(150)));
        let mut gone = TcpStream::connect(proxy.address).await.unwrap();
        gone.write_all(b"gone").await.unwrap();
        drop(gone);
        let begun = crate::process::instant();
        assert_eq!(asked(&proxy).await.unwrap(), b"answer");
        assert!(begun.elapsed() >= Duration::from_millis(300), "both ways");
        assert_eq!(*got.lock().unwrap(), b"request");
    }
}
