//! Listeners changed while they serve: bounds, time-outs, limits, operators' networks, certificates. Everything that can fail is made
//! aside; then each listener's picture is swapped at once. Addresses, and whether there is TLS at all, stay until a restart.

use super::core::{Bound, BoundSocket};
use super::settings::ListenerSettings;
use super::stack::{ListenerShared, Live};
use super::{EdgeError, tls};
use crate::identity::access::Listener;
use std::sync::Arc;

/// The listeners of a running edge; clones are the same listeners.
#[derive(Clone)]
pub struct EdgeListeners {
    listeners: Arc<[Served]>,
}

/// A listener, or `ops.sock`, with the cores that share its counts.
struct Served {
    shared: Arc<ListenerShared>,
    cores: usize,
    unix: bool,
}

/// What the listeners will be, made and not yet in force.
pub struct PreparedListeners {
    next: Vec<(Arc<ListenerShared>, Live)>,
}

impl std::fmt::Debug for EdgeListeners {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.listeners.iter().map(|l| l.shared.listener.as_str());
        f.debug_list().entries(names).finish()
    }
}

impl EdgeListeners {
    /// Of what each core has bound: every listener once.
    pub(super) fn of<'b>(bound: impl Iterator<Item = &'b Bound>, cores: usize) -> Self {
        let mut listeners: Vec<Served> = Vec::new();
        for bound in bound {
            if !listeners
                .iter()
                .any(|l| Arc::ptr_eq(&l.shared, &bound.shared))
            {
                let unix = matches!(bound.socket, BoundSocket::Unix(_));
                listeners.push(Served {
                    shared: Arc::clone(&bound.shared),
                    cores: if unix { 1 } else { cores },
                    unix,
                });
            }
        }
        Self {
            listeners: listeners.into(),
        }
    }

    pub(super) fn shared(&self) -> impl Iterator<Item = &ListenerShared> {
        self.listeners.iter().map(|listener| &*listener.shared)
    }

    /// Makes what these settings ask for; certificates and keys are read again, whether their paths changed or not.
    ///
    /// # Errors
    /// Every listener whose certificate or key cannot be used.
    pub fn prepare(
        &self,
        settings: &[(Listener, ListenerSettings)],
    ) -> Result<PreparedListeners, Vec<(Listener, EdgeError)>> {
        let (mut next, mut faults) = (Vec::new(), Vec::new());
        for served in self.listeners.iter() {
            let listener = served.shared.listener;
            let Some((_, wanted)) = settings.iter().find(|(other, _)| *other == listener) else {
                continue;
            };
            match served.next(wanted) {
                Ok(live) => next.push((Arc::clone(&served.shared), live)),
                Err(error) => faults.push((listener, error)),
            }
        }
        if faults.is_empty() {
            return Ok(PreparedListeners { next });
        }
        Err(faults)
    }
}

impl Served {
    fn next(&self, wanted: &ListenerSettings) -> Result<Live, EdgeError> {
        let running = self.shared.live.load();
        let mut settings = wanted.clone();
        settings.address = running.settings.address;
        let tls = match (&running.settings.tls, &settings.tls) {
            (Some(_), Some(files)) if !self.unix => Some(tls::acceptor(files)?),
            (Some(_), Some(_)) | (None, None) => running.tls.clone(),
            (running_tls, _) => {
                settings.tls.clone_from(running_tls);
                running.tls.clone()
            }
        };
        Ok(Live::new(settings, tls, self.cores))
    }
}

impl PreparedListeners {
    /// Puts them in force: new connections and new requests see the new picture, those under way keep to theirs. Limits get their new
    /// rates; what callers have used stays used.
    pub fn commit(self) {
        for (shared, live) in self.next {
            let limits = live.settings.limits.clone();
            shared.live.store(Arc::new(live));
            shared.by_address.change(limits.address, limits.keys_max);
            shared
                .by_credential
                .change(limits.credential, limits.keys_max);
        }
    }
}
