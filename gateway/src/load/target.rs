//! Whom the load is for. Loopback by default: a load tool must not be pointed at someone by accident.

use std::net::{IpAddr, SocketAddr};

/// Where the hall's public listener is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// As it was written.
    pub url: String,
    /// Host without brackets, for TLS.
    pub host: String,
    /// The value of `Host`.
    pub authority: String,
    /// Whether TLS is spoken.
    pub tls: bool,
    /// What all paths begin with; empty or `/…` without a slash at its end.
    pub base: String,
    port: u16,
}

/// Whether addresses other than loopback may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Loopback alone.
    Loopback,
    /// Any address: `--allow-remote`.
    Anyone,
}

/// A target that is not called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Not an address of a hall.
    #[error("`{0}` is no http or https address of a hall, such as http://127.0.0.1:8080")]
    Form(String),
    /// Not loopback.
    #[error(
        "{host} is {address}, which is not this machine; add --allow-remote if the load is meant for it and whoever runs it agrees"
    )]
    Remote {
        /// As written.
        host: String,
        /// The first address that is not loopback.
        address: IpAddr,
    },
    /// No address.
    #[error("{host} has no address: {reason}")]
    Unresolved {
        /// As written.
        host: String,
        /// Why.
        reason: String,
    },
}

impl Target {
    /// Reads an address.
    ///
    /// # Errors
    /// [`TargetError::Form`].
    pub fn parse(url: &str) -> Result<Self, TargetError> {
        let wrong = || TargetError::Form(url.to_owned());
        let uri: http::Uri = url.parse().map_err(|_| wrong())?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong()),
        };
        let authority = uri.authority().ok_or_else(wrong)?;
        if authority.as_str().contains('@') || uri.query().is_some() {
            return Err(wrong());
        }
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
        if host.is_empty() || port == 0 {
            return Err(wrong());
        }
        Ok(Self {
            url: url.to_owned(),
            host,
            authority: authority.as_str().to_owned(),
            tls,
            base: uri.path().trim_end_matches('/').to_owned(),
            port,
        })
    }

    /// Its addresses, all of them within reach.
    ///
    /// # Errors
    /// [`TargetError`]: no address, or one that is not within reach.
    pub async fn resolve(&self, reach: Reach) -> Result<Vec<SocketAddr>, TargetError> {
        let unresolved = |reason: String| TargetError::Unresolved {
            host: self.host.clone(),
            reason,
        };
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await;
        let found: Vec<SocketAddr> = found.map_err(|e| unresolved(e.to_string()))?.collect();
        if found.is_empty() {
            return Err(unresolved("the resolver knows none".to_owned()));
        }
        self.within(&found, reach)?;
        Ok(found)
    }

    fn within(&self, addresses: &[SocketAddr], reach: Reach) -> Result<(), TargetError> {
        let foreign = addresses
            .iter()
            .map(|a| a.ip().to_canonical())
            .find(|ip| !ip.is_loopback());
        match foreign {
            Some(address) if reach == Reach::Loopback => Err(TargetError::Remote {
                host: self.host.clone(),
                address,
            }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_with_its_port_and_base() {
        let target = Target::parse("https://hall.example:8443/gw/").unwrap();
        assert_eq!(
            (target.tls, target.port, target.host.as_str()),
            (true, 8443, "hall.example")
        );
        assert_eq!(
            (target.authority.as_str(), target.base.as_str()),
            ("hall.example:8443", "/gw")
        );
        assert_eq!(Target::parse("http://[::1]").unwrap().host, "::1");
        for wrong in [
            "127.0.0.1:8080",
            "ftp://x",
            "http://u:p@x",
            "http://",
            "http://x:0",
            "http://x/?q=1",
            "",
        ] {
            assert!(
                matches!(Target::parse(wrong), Err(TargetError::Form(_))),
                "{wrong}"
            );
        }
    }

    #[test]
    fn anything_but_loopback_needs_to_be_allowed() {
        let target = Target::parse("http://x").unwrap();
        let all = |texts: &[&str]| -> Vec<SocketAddr> {
            texts.iter().map(|t| t.parse().unwrap()).collect()
        };
        for loopback in [
            &["127.0.0.1:1", "[::1]:1"][..],
            &["127.9.9.9:1"],
            &["[::ffff:127.0.0.1]:1"],
        ] {
            assert_eq!(target.within(&all(loopback), Reach::Loopback), Ok(()));
        }
        for foreign in [
            &["192.0.2.1:1"][..],
            &["127.0.0.1:1", "192.0.2.1:1"],
            &["10.0.0.1:1"],
            &["[::ffff:10.0.0.1]:1"],
            &["0.0.0.0:1"],
        ] {
            let refused = target.within(&all(foreign), Reach::Loopback);
            assert!(
                matches!(refused, Err(TargetError::Remote { .. })),
                "{foreign:?}"
            );
            assert_eq!(target.within(&all(foreign), Reach::Anyone), Ok(()));
        }
    }
}
