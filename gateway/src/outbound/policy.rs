//! Which addresses the gateway may call (design 5): no loopback, link-local, metadata or private address, unless the operator's
//! allow-list says so. Checked on the address that is connected to, after the name was resolved.

use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// An IP network, `192.0.2.0/24`, `2001:db8::/32`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// A text is not a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither an address nor a network such as 10.1.0.0/16 or fd00::/8")]
pub struct NetworkError(String);

impl Network {
    /// Whether `address` is in it. IPv4 written as IPv6 (`::ffff:192.0.2.1`) counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = mask_u32(self.prefix);
                u32::from(network) & mask == u32::from(address) & mask
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = mask_u128(self.prefix);
                u128::from(network) & mask == u128::from(address) & mask
            }
            _ => false,
        }
    }

    /// The loopback networks of both families.
    #[must_use]
    pub fn loopback() -> Vec<Self> {
        vec![
            Self {
                address: IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)),
                prefix: 8,
            },
            Self {
                address: IpAddr::V6(Ipv6Addr::LOCALHOST),
                prefix: 128,
            },
        ]
    }
}

fn mask_u32(prefix: u8) -> u32 {
    u32::MAX
        .checked_shl(32 - u32::from(prefix.min(32)))
        .unwrap_or(0)
}

fn mask_u128(prefix: u8) -> u128 {
    u128::MAX
        .checked_shl(128 - u32::from(prefix.min(128)))
        .unwrap_or(0)
}

impl std::str::FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let fault = || NetworkError(text.to_owned());
        let (address, prefix) = text
            .split_once('/')
            .map_or((text, None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address.parse().map_err(|_| fault())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(longest), |p| p.parse().map_err(|_| fault()))?;
        if prefix > longest {
            return Err(fault());
        }
        Ok(Self { address, prefix })
    }
}

impl TryFrom<String> for Network {
    type Error = NetworkError;

    fn try_from(text: String) -> Result<Self, NetworkError> {
        text.parse()
    }
}

/// One entry of the allow-list: `host:port` as the definition writes it, or a network (any port).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Allowed {
    /// This host and port, wherever it resolves to.
    Host {
        /// Name or address, lower case.
        host: String,
        /// Port.
        port: u16,
    },
    /// Every address of this network.
    Network(Network),
}

impl std::str::FromStr for Allowed {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        if let Ok(network) = text.parse() {
            return Ok(Self::Network(network));
        }
        let (host, port) = text
            .rsplit_once(':')
            .ok_or_else(|| NetworkError(text.to_owned()))?;
        let port = port.parse().map_err(|_| NetworkError(text.to_owned()))?;
        let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
        if host.is_empty() {
            return Err(NetworkError(text.to_owned()));
        }
        Ok(Self::Host { host, port })
    }
}

impl TryFrom<String> for Allowed {
    type Error = NetworkError;

    fn try_from(text: String) -> Result<Self, NetworkError> {
        text.parse()
    }
}

/// The policy: immutable, from the operator's settings.
#[derive(Debug, Clone, Default)]
pub struct AddressPolicy {
    allowed: Vec<Allowed>,
}

impl AddressPolicy {
    /// Public addresses, and what `allowed` names.
    #[must_use]
    pub fn new(allowed: Vec<Allowed>) -> Self {
        Self { allowed }
    }

    /// Whether the gateway may connect to `address`, to which `host` resolved.
    #[must_use]
    pub fn permits(&self, host: &str, address: SocketAddr) -> bool {
        is_public(address.ip()) || self.allowed.iter().any(|a| names(a, host, address))
    }
}

fn names(allowed: &Allowed, host: &str, address: SocketAddr) -> bool {
    match allowed {
        Allowed::Host { host: name, port } => {
            *port == address.port() && name.eq_ignore_ascii_case(host)
        }
        Allowed::Network(network) => network.contains(address.ip()),
    }
}

/// Globally reachable by the IANA special-purpose registries (RFC 6890): everything that is not is refused by default, among it
/// the metadata addresses of clouds (169.254.169.254, 100.100.100.200, fd00:ec2::254, 168.63.129.16).
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19))
        || address == Ipv4Addr::new(168, 63, 129, 16);
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // 6to4 (2002::/16) and NAT64 (64:ff9b::/96, 64:ff9b:1::/48) carry an IPv4 address that a gateway would unwrap.
    let wraps_v4 = segments[0] == 0x2002 || (segments[0] == 0x64 && segments[1] == 0xff9b);
    let teredo_or_benchmark = segments[0] == 0x2001 && segments[1] < 0x200;
    let documentation = (segments[0] == 0x2001 && segments[1] == 0xdb8) || segments[0] == 0x3fff;
    let global_unicast = segments[0] & 0xe000 == 0x2000;
    global_unicast && !wraps_v4 && !teredo_or_benchmark && !documentation
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(ip: &str) -> SocketAddr {
        SocketAddr::new(ip.parse().unwrap(), 443)
    }

    #[test]
    fn special_addresses_are_refused_and_public_ones_are_not() {
        let policy = AddressPolicy::default();
        for refused in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.100.100.200",
            "168.63.129.16",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.0.8",
            "::1",
            "::",
            "fe80::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "::127.0.0.1",
        ] {
            assert!(!policy.permits("x", socket(refused)), "{refused}");
        }
        for public in ["8.8.8.8", "202.96.128.86", "2400:3200::1", "::ffff:8.8.8.8"] {
            assert!(policy.permits("x", socket(public)), "{public}");
        }
    }

    #[test]
    fn allow_list_opens_what_it_names_and_no_more() {
        let allowed = ["10.1.0.0/16", "Back.Office:443", "[::1]:443"]
            .iter()
            .map(|t| t.parse().unwrap())
            .collect();
        let policy = AddressPolicy::new(allowed);
        assert!(policy.permits("any", socket("10.1.2.3")));
        assert!(!policy.permits("any", socket("10.2.2.3")));
        assert!(policy.permits("back.office", socket("192.168.0.9")));
        assert!(!policy.permits("other.office", socket("192.168.0.9")));
        assert!(!policy.permits("back.office", "192.168.0.9:80".parse().unwrap()));
        assert!(policy.permits("::1", socket("::1")));
    }

    #[test]
    fn networks_that_are_none_are_refused() {
        for text in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "x/8", "1.2.3.4/-1"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
        let everything: Network = "0.0.0.0/0".parse().unwrap();
        assert!(everything.contains("8.8.8.8".parse().unwrap()));
        assert!(!everything.contains("::1".parse().unwrap()));
    }
}
