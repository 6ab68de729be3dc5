//! Work that is committed together: a queue, and lanes that take whatever has gathered in it.
//!
//! No timer: the next group gathers while the last one is committed. A group that fails is committed one by one, so that nobody pays for
//! another's fault. Tasks and the locks of this file are [`tasks`]', so that a model checker can put in its own
//! (`gateway/tests/model_lanes.rs`).
//!
//! [`tasks`]: super::tasks

use super::StoreError;
use super::dialect::LANES;
use super::tasks::{self, JoinHandle, spawn};
use async_trait::async_trait;
use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc, oneshot};

/// Where whoever waits for a piece of work hears of it.
type Answer<A> = oneshot::Sender<Result<A, StoreError>>;

/// A piece of work, and who waits for it.
type Waiting<W, A> = (W, Answer<A>);

/// The end of the queue that the lanes share.
type Taking<W, A> = Arc<Mutex<mpsc::Receiver<Waiting<W, A>>>>;

/// How pieces of work are committed.
#[async_trait]
pub(super) trait Committing: Send + Sync + 'static {
    /// A piece of work.
    type Work: Send + Sync + 'static;
    /// What whoever waits for it hears.
    type Outcome: Send + 'static;
    /// What the transaction of a group gives one of it.
    type Share: Send;
    /// What at most one of a group is about.
    type Subject: Eq + Hash + Send;

    /// Fewer than this are not worth the statements of a group, and go one by one.
    const LEAST: usize;

    /// Whether it can go together with others at all.
    fn is_plain(&self, work: &Self::Work) -> bool;

    /// What it is about: two about the same go one after the other, in the order of their coming. `None`: nothing that others are about.
    fn subject(&self, work: &Self::Work) -> Option<Self::Subject>;

    /// Commits all of a group in one transaction; the share of each in its order, `None` for one that is left to be committed alone.
    ///
    /// # Errors
    /// Nothing of the group is stored, or that is not known: each is committed alone then, which must find what is already there.
    async fn together(
        &self,
        group: Arc<Vec<Self::Work>>,
    ) -> Result<Vec<Option<Self::Share>>, StoreError>;

    /// What one of a group hears that got this share.
    fn outcome(&self, work: Self::Work, share: Self::Share) -> Result<Self::Outcome, StoreError>;

    /// Commits one.
    ///
    /// # Errors
    /// What it hears.
    async fn alone(&self, work: Self::Work) -> Result<Self::Outcome, StoreError>;
}

/// The queue and its lanes.
pub(super) struct Lanes<W, A> {
    /// Gone once the store is closed.
    queue: tasks::Mutex<Option<mpsc::Sender<Waiting<W, A>>>>,
    bound: usize,
    tasks: tasks::Mutex<Vec<JoinHandle<()>>>,
}

impl<W: Send + Sync + 'static, A: Send + 'static> Lanes<W, A> {
    /// Starts the lanes; they end when this is closed and the queue is empty. At most `bound` wait, at most `together` go together.
    pub(super) fn begin(
        committing: impl Committing<Work = W, Outcome = A>,
        bound: usize,
        together: usize,
    ) -> Self {
        let (bound, together) = (bound.max(1), together.max(1));
        let (queue, waiting) = mpsc::channel(bound);
        let (waiting, committing) = (Arc::new(Mutex::new(waiting)), Arc::new(committing));
        let tasks =
            (0..LANES).map(|_| spawn(run(Arc::clone(&waiting), Arc::clone(&committing), together)));
        Self {
            tasks: tasks::Mutex::new(tasks.collect()),
            queue: tasks::Mutex::new(Some(queue)),
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

    /// Queues a piece of work and waits until it is committed and synced. Dropping the future does not take it back.
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

async fn run<C: Committing>(
    waiting: Taking<C::Work, C::Outcome>,
    committing: Arc<C>,
    together: usize,
) {
    loop {
        let mut taken = Vec::with_capacity(together);
        // Held only while there is nothing to do: whoever has work lets the next lane look.
        if waiting.lock().await.recv_many(&mut taken, together).await == 0 {
            return;
        }
        all(committing.as_ref(), taken).await;
    }
}

/// Commits what was taken: groups of plain ones in which no subject comes twice, then the others.
async fn all<C: Committing>(committing: &C, taken: Vec<Waiting<C::Work, C::Outcome>>) {
    let (mut plain, others): (Vec<_>, Vec<_>) = taken
        .into_iter()
        .partition(|(work, _)| committing.is_plain(work));
    while !plain.is_empty() {
        let mut seen = HashSet::new();
        let (next, left): (Vec<_>, Vec<_>) = plain.into_iter().partition(|(work, _)| {
            let subject = committing.subject(work);
            subject.is_none_or(|subject| seen.insert(subject))
        });
        group(committing, next).await;
        plain = left;
    }
    singly(committing, others).await;
}

async fn group<C: Committing>(committing: &C, group: Vec<Waiting<C::Work, C::Outcome>>) {
    if group.len() < C::LEAST {
        return singly(committing, group).await;
    }
    let (works, answers): (Vec<_>, Vec<_>) = group.into_iter().unzip();
    let works = Arc::new(works);
    let shares = committing.together(Arc::clone(&works)).await;
    // The write has ended, and with it its share.
    let Ok(works) = Arc::try_unwrap(works) else {
        return answers.into_iter().for_each(|answer| {
            answer.send(Err(closed())).ok();
        });
    };
    let mut group = works.into_iter().zip(answers);
    match shares {
        Ok(shares) => {
            let mut left = Vec::new();
            for ((work, answer), share) in group.zip(shares) {
                match share {
                    Some(share) => {
                        answer.send(committing.outcome(work, share)).ok();
                    }
                    None => left.push((work, answer)),
                }
            }
            singly(committing, left).await;
        }
        // It was alone already.
        Err(error) if group.len() < 2 => {
            if let Some((_, answer)) = group.next() {
                answer.send(Err(error)).ok();
            }
        }
        Err(_) => singly(committing, group.collect()).await,
    }
}

async fn singly<C: Committing>(committing: &C, group: Vec<Waiting<C::Work, C::Outcome>>) {
    for (work, answer) in group {
        let outcome = committing.alone(work).await;
        // Whoever asked may have gone; what was committed stays.
        answer.send(outcome).ok();
    }
}

/// What whoever comes too late hears.
fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}
