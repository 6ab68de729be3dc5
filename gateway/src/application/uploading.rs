//! Uploads that a client has under way: a place each, so that one client cannot take all of the disk's time.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// The uploads under way on this node, by client. Holds clients with uploads alone, so connections bound it.
#[derive(Debug, Clone)]
pub struct Uploading {
    by_client: Arc<Mutex<HashMap<String, usize>>>,
    max: usize,
}

/// A place; given back when dropped.
#[derive(Debug)]
pub struct Place {
    by_client: Arc<Mutex<HashMap<String, usize>>>,
    client: String,
}

impl Uploading {
    /// `max` uploads of one client at once.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self {
            by_client: Arc::default(),
            max: max.max(1),
        }
    }

    /// A place for an upload of `client`, if one is free.
    #[must_use]
    pub fn take(&self, client: &str) -> Option<Place> {
        let mut by_client = self.by_client.lock();
        let taken = by_client.entry(client.to_owned()).or_default();
        if *taken >= self.max {
            return None;
        }
        *taken += 1;
        Some(Place {
            by_client: Arc::clone(&self.by_client),
            client: client.to_owned(),
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut by_client = self.by_client.lock();
        if let Some(taken) = by_client.get_mut(&self.client) {
            *taken -= 1;
            if *taken == 0 {
                by_client.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_its_places_and_no_more_and_leaves_nothing_behind() {
        let uploading = Uploading::new(2);
        let (first, second) = (uploading.take("a"), uploading.take("a"));
        assert!(first.is_some() && second.is_some() && uploading.take("a").is_none());
        assert!(uploading.take("b").is_some(), "another client has its own");
        drop(first);
        let again = uploading.take("a");
        assert!(again.is_some() && uploading.take("a").is_none());
        drop((second, again));
        assert!(uploading.by_client.lock().is_empty());
    }
}
