//! Work that is committed together: a queue, and lanes that take whatever has gathered in it.
//!
//! No timer: the next group gathers while the last one is committed.

use super::StoreError;
use super::dialect::LANES;
use async_trait::async_trait;
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;

/// Where whoever waits for a piece of work hears of it.
pub(super) type Answer<A> = oneshot::Sender<Result<A, StoreError>>;

/// A piece of work, and who waits for it.
type Waiting<W, A> = (W, Answer<A>);

/// How a group is committed.
#[async_trait]
pub(super) trait Committing<W, A>: Send + Sync + 'static {
    /// Commits the group and answers each of it.
    async fn commit(&self, group: Vec<(W, Answer<A>)>);
}

/// The queue and its lanes.
pub(super) struct Lanes<W, A> {
    /// Gone once the store is closed.
    queue: parking_lot::Mutex<Option<mpsc::Sender<Waiting<W, A>>>>,
    bound: usize,
    tasks: parking_lot::Mutex<Vec<JoinHandle<()>>>,
}

impl<W: Send + 'static, A: Send + 'static> Lanes<W, A> {
    /// Starts the lanes; they end when this is closed and the queue is empty. At most `bound` wait, at most `together` go together.
    pub(super) fn begin(committing: impl Committing<W, A>, bound: usize, together: usize) -> Self {
        let (bound, together) = (bound.max(1), together.max(1));
        let (queue, waiting) = mpsc::channel(bound);
        let (waiting, committing) = (Arc::new(Mutex::new(waiting)), Arc::new(committing));
        let tasks = (0..LANES)
            .map(|_| tokio::spawn(run(Arc::clone(&waiting), Arc::clone(&committing), together)));
        Self {
            tasks: parking_lot::Mutex::new(tasks.collect()),
            queue: parking_lot::Mutex::new(Some(queue)),
            bound,
        }
    }

    /// Commits what is queued; later ones are refused.
    pub(super) async fn close(&self) {
        drop(self.queue.lock().take());
        let tasks = std::mem::take(&mut *self.tasks.lock());
        for task in tasks {
            task.await.ok();
        }
    }

    /// Pieces of work in the queue.
    pub(super) fn waiting(&self) -> usize {
        let queue = self.queue.lock();
        queue
            .as_ref()
            .map_or(0, |queue| self.bound - queue.capacity())
    }

    /// Queues a piece of work and waits until it is committed and synced.
    pub(super) async fn commit(&self, work: W) -> Result<A, StoreError> {
        let (answer, answered) = oneshot::channel();
        let queue = self.queue.lock().clone().ok_or_else(closed)?;
        queue
            .try_send((work, answer))
            .map_err(|refused| match refused {
                mpsc::error::TrySendError::Full(_) => StoreError::Busy { bound: self.bound },
                mpsc::error::TrySendError::Closed(_) => closed(),
            })?;
        drop(queue);
        answered.await.unwrap_or_else(|_| Err(closed()))
    }
}

async fn run<W: Send, A: Send>(
    waiting: Arc<Mutex<mpsc::Receiver<Waiting<W, A>>>>,
    committing: Arc<impl Committing<W, A>>,
    together: usize,
) {
    loop {
        let mut taken = Vec::with_capacity(together);
        // Held only while there is nothing to do: whoever has work lets the next lane look.
        if waiting.lock().await.recv_many(&mut taken, together).await == 0 {
            return;
        }
        committing.commit(taken).await;
    }
}

/// What whoever comes too late hears.
pub(super) fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}
