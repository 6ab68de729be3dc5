//! The word that a case changed, from node to node: only a wake-up. Whoever hears it reads the store, and whoever misses it looks
//! there by itself a little later.

use super::link::{Link, Listener, Use};
use crate::operations::health::Readiness;
use crate::processing::change::{CaseNews, EVERY_CASE};
use crate::store::SharedStore;
use data_encoding::BASE64URL_NOPAD;
use redis::cmd;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio_util::sync::CancellationToken;

/// Cases in one message; more go with the next, which forms while this one is under way.
const CASES_MAX: usize = 256;
/// How often it is tried to say what is owed.
const OWED_EVERY: Duration = Duration::from_millis(500);

/// Tells a node's own words from those of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NodeTag(String);

impl NodeTag {
    /// From randomness.
    pub(super) fn of(seed: &[u8; 32]) -> Self {
        Self(BASE64URL_NOPAD.encode(seed.get(..12).unwrap_or_default()))
    }

    /// A message: who speaks, then a case a line.
    fn write<'a>(&self, cases: impl IntoIterator<Item = &'a str>) -> String {
        let mut text = self.0.clone();
        for case in cases {
            text.push('\n');
            text.push_str(case);
        }
        text
    }

    /// The cases of a message of another node.
    fn read<'a>(&self, payload: &'a str) -> impl Iterator<Item = &'a str> {
        let (who, cases) = payload.split_once('\n').unwrap_or((payload, ""));
        let own = who == self.0;
        cases.lines().filter(move |case| !own && !case.is_empty())
    }
}

/// Hears for this node, and speaks for it.
pub(super) struct Exchange {
    node: NodeTag,
    cases: CaseNews,
    store: SharedStore,
    readiness: Readiness,
    /// Redis is back.
    pub(super) came_back: Notify,
}

impl Exchange {
    pub(super) fn new(
        node: NodeTag,
        cases: CaseNews,
        store: SharedStore,
        readiness: Readiness,
    ) -> Self {
        readiness.redis(false);
        Self {
            node,
            cases,
            store,
            readiness,
            came_back: Notify::new(),
        }
    }

    /// Publishes what this node changes, as many cases at once as have gathered.
    pub(super) async fn publish(&self, link: &Link, channel: &str, stop: &CancellationToken) {
        let mut own = self.cases.listen_own();
        // Something that others did not hear of: they are told to look once it can be said again.
        let mut owing = false;
        loop {
            let first = tokio::select! {
                first = own.recv() => first,
                () = tokio::time::sleep(OWED_EVERY), if owing => Ok(Arc::from(EVERY_CASE)),
                () = stop.cancelled() => return,
            };
            let Some(mut cases) = gathered(first, &mut own) else {
                return;
            };
            if !link.stands() {
                // The database carries the word meanwhile, but not what was committed before it knew.
                owing = true;
                continue;
            }
            if owing {
                cases.insert(Arc::from(EVERY_CASE));
            }
            let message = self.node.write(cases.iter().map(AsRef::as_ref));
            let publish = cmd("PUBLISH").arg(channel).arg(message).to_owned();
            owing = link.ask::<i64>(Use::News, &publish).await.is_err();
        }
    }
}

/// What is there to be told; `None` when nobody changes anything any more.
fn gathered(
    first: Result<Arc<str>, RecvError>,
    own: &mut Receiver<Arc<str>>,
) -> Option<BTreeSet<Arc<str>>> {
    let mut cases = BTreeSet::new();
    match first {
        Ok(case) => cases.insert(case),
        Err(RecvError::Lagged(_)) => cases.insert(Arc::from(EVERY_CASE)),
        Err(RecvError::Closed) => return None,
    };
    while cases.len() < CASES_MAX {
        match own.try_recv() {
            Ok(case) => cases.insert(case),
            Err(TryRecvError::Lagged(_)) => cases.insert(Arc::from(EVERY_CASE)),
            Err(TryRecvError::Empty | TryRecvError::Closed) => break,
        };
    }
    Some(cases)
}

impl Listener for Exchange {
    fn came(&self) {
        self.readiness.redis(true);
        self.store.hear_cases_elsewhere(true);
        self.came_back.notify_one();
        // Streams rest longer from now on: what they did not hear before, they look for first.
        self.cases.heard(EVERY_CASE);
    }

    fn went(&self) {
        self.store.hear_cases_elsewhere(false);
        self.readiness.redis(false);
        self.cases.heard(EVERY_CASE);
    }

    fn heard(&self, payload: &[u8]) {
        // What is no text is none of ours.
        let text = std::str::from_utf8(payload).unwrap_or_default();
        for case in self.node.read(text) {
            self.cases.heard(case);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_hears_the_others_and_not_itself() {
        let (one, other) = (NodeTag::of(&[1; 32]), NodeTag::of(&[2; 32]));
        let message = one.write(["A", "B"]);
        assert_eq!(other.read(&message).collect::<Vec<_>>(), ["A", "B"]);
        assert_eq!(one.read(&message).count(), 0);
        for noise in ["", "x", "x\n", "\n\n"] {
            assert_eq!(other.read(noise).count(), 0, "{noise:?}");
        }
    }

    #[tokio::test]
    async fn what_has_gathered_goes_in_one_message_and_a_lag_means_every_case() {
        let news = CaseNews::default();
        let mut own = news.listen_own();
        for case in ["B", "A", "A"] {
            news.tell(case);
        }
        news.heard("of another node");
        let first = own.recv().await;
        let cases = gathered(first, &mut own).unwrap();
        assert_eq!(
            cases.iter().map(AsRef::as_ref).collect::<Vec<&str>>(),
            ["A", "B"]
        );
        for number in 0..5_000 {
            news.tell(&number.to_string());
        }
        let first = own.recv().await;
        let cases = gathered(first, &mut own).unwrap();
        assert!(cases.contains(EVERY_CASE) && cases.len() <= CASES_MAX);
    }
}
