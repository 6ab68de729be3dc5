//! Keeps the reader of a multipart body within bounds of memory.
//!
//! The reader takes from its stream whatever is there, and looks for the next boundary in all that it has. A stream that never
//! holds one would end up in memory as a whole. Here a stream rests after [`REST_BYTES`] so that its reader can give away what it
//! has, and breaks off after [`AHEAD_BYTES_MAX`] without the reader having got anywhere.

use bytes::Bytes;
use futures_util::Stream;
use multer::Field;
use parking_lot::Mutex;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

/// Bytes after which the stream lets its reader work.
const REST_BYTES: usize = 256 << 10;
/// Bytes that may be read without a part, or a piece of one, coming out: the head of a part is far smaller.
pub(super) const AHEAD_BYTES_MAX: usize = 1 << 20;

/// Bytes read since the last piece came out.
#[derive(Debug, Clone, Default)]
pub(super) struct Ahead {
    bytes: Arc<AtomicUsize>,
}

impl Ahead {
    /// A piece came out.
    pub(super) fn caught_up(&self) {
        self.bytes.store(0, Ordering::Relaxed);
    }
}

/// A stream that rests and breaks off.
pub(super) struct Paced<S> {
    inner: S,
    ahead: Ahead,
    rested: bool,
}

impl<S> Paced<S> {
    /// Of a body.
    pub(super) fn new(inner: S, ahead: Ahead) -> Self {
        Self {
            inner,
            ahead,
            rested: false,
        }
    }
}

impl<S: Stream<Item = io::Result<Bytes>> + Unpin> Stream for Paced<S> {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let ahead = self.ahead.bytes.load(Ordering::Relaxed);
        if ahead >= REST_BYTES && !self.rested {
            self.rested = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if ahead >= AHEAD_BYTES_MAX {
            return Poll::Ready(Some(Err(io::Error::other("no part in sight"))));
        }
        self.rested = false;
        let polled = Pin::new(&mut self.inner).poll_next(cx);
        if let Poll::Ready(Some(Ok(bytes))) = &polled {
            self.ahead.bytes.fetch_add(bytes.len(), Ordering::Relaxed);
        }
        polled
    }
}

/// The bytes of one part, for a reader that may stop before their end; whoever holds another handle reads on.
#[derive(Clone)]
pub(super) struct PartBytes {
    field: Arc<Mutex<Field<'static>>>,
    ahead: Ahead,
}

impl PartBytes {
    /// Of a part.
    pub(super) fn new(field: Field<'static>, ahead: Ahead) -> Self {
        Self {
            field: Arc::new(Mutex::new(field)),
            ahead,
        }
    }
}

impl Stream for PartBytes {
    type Item = Result<Bytes, multer::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut *self.field.lock()).poll_next(cx);
        if matches!(polled, Poll::Ready(Some(Ok(_)))) {
            self.ahead.caught_up();
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{StreamExt, stream};

    #[tokio::test]
    async fn a_stream_without_a_part_in_sight_is_broken_off() {
        let piece = Bytes::from(vec![b'x'; 64 << 10]);
        let endless = stream::repeat(piece).map(Ok);
        let mut paced = Paced::new(endless, Ahead::default());
        let mut read = 0;
        while let Some(Ok(bytes)) = paced.next().await {
            read += bytes.len();
        }
        assert_eq!(read, AHEAD_BYTES_MAX);
    }

    #[tokio::test]
    async fn a_reader_that_catches_up_reads_on() {
        let piece = Bytes::from(vec![b'x'; 64 << 10]);
        let long = stream::repeat(piece).map(Ok).take(100);
        let ahead = Ahead::default();
        let mut paced = Paced::new(long, ahead.clone());
        let mut read = 0;
        while let Some(bytes) = paced.next().await {
            read += bytes.unwrap().len();
            ahead.caught_up();
        }
        assert_eq!(read, 100 * (64 << 10));
    }
}
