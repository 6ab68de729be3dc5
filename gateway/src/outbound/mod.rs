//! Calls that the gateway makes (外呼): one client that knows the address policy, TLS, deadlines and bounds.
//!
//! Invariants: an address is checked after resolving, and the checked address is the one that is connected to; no redirect is
//! followed; an error says whether anything of the request can have reached the partner ([`OutboundError`]): delivery's unknown
//! outcome rests on it.

mod client;
mod connect;
pub mod mail;
pub mod object;
mod policy;

#[cfg(test)]
mod tests;

pub use client::{Deadlines, OutboundClient, OutboundError, UnknownCause};
pub(crate) use connect::Connection;
pub use connect::{
    ConnectFault, Connector, ConnectorParts, OutboundSettings, OutboundSetupError, Target,
};
pub use policy::{AddressPolicy, Allowed, Network, NetworkError};
