//! How to reach Redis: one server, a master that sentinels name, or a cluster.

use crate::edge::settings::friendly;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use std::path::PathBuf;
use std::time::Duration;

/// The longest time that the setting `timeout` may ask for; beyond 50 ms a Redis that is lost is felt.
const TIMEOUT_MAX: Duration = Duration::from_secs(10);

/// Settings of Redis.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Written")]
pub struct RedisSettings {
    /// Where it is.
    pub place: Place,
    /// The user (ACL, Redis 6 and later); without one the default user.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<SecretString>,
    /// File with the certificates (PEM) of the authorities that sign Redis' own; without it the system's.
    pub authority: Option<PathBuf>,
    /// The longest that one request waits for Redis before it goes on without.
    pub timeout: Duration,
}

/// Where Redis is.
#[derive(Debug, Clone)]
pub enum Place {
    /// One server: `redis://host:port` or `rediss://host:port`.
    Single {
        /// Host and port.
        address: Address,
        /// Number of the database.
        database: i64,
        /// Whether the connection is encrypted.
        tls: bool,
    },
    /// The master that sentinels name.
    Sentinel {
        /// The sentinels.
        addresses: Vec<Address>,
        /// The name that they know the master by.
        master: String,
        /// User of the sentinels themselves.
        user: Option<String>,
        /// Its password.
        password: Option<SecretString>,
        /// Whether connections, to sentinels too, are encrypted.
        tls: bool,
    },
    /// A cluster.
    Cluster {
        /// Some of its servers; they name the others.
        addresses: Vec<Address>,
        /// Whether connections are encrypted.
        tls: bool,
    },
}

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Address {
    /// Name or address, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parts = text.rsplit_once(':').and_then(|(host, port)| {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            Some((host, port.parse().ok().filter(|port| *port > 0)?))
        });
        match parts {
            Some((host, port)) if !host.is_empty() && !host.contains(['/', '@', '#', '?']) => {
                Ok(Self {
                    host: host.to_owned(),
                    port,
                })
            }
            // The text may hold a password: it is not repeated.
            _ => Err("an address of Redis is host:port".to_owned()),
        }
    }
}

/// The section as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default, deserialize_with = "secret")]
    url: Option<SecretString>,
    #[serde(default)]
    sentinel: Option<WrittenSentinel>,
    #[serde(default)]
    cluster: Option<WrittenCluster>,
    #[serde(default)]
    user: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    password: Option<SecretString>,
    #[serde(default)]
    tls: Option<bool>,
    #[serde(default)]
    authority: Option<PathBuf>,
    #[serde(default = "timeout", with = "friendly")]
    timeout: Duration,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSentinel {
    addresses: Vec<Address>,
    master: String,
    #[serde(default)]
    user: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    password: Option<SecretString>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCluster {
    addresses: Vec<Address>,
}

fn timeout() -> Duration {
    Duration::from_millis(40)
}

fn secret<'d, D: Deserializer<'d>>(from: D) -> Result<Option<SecretString>, D::Error> {
    String::deserialize(from).map(|text| Some(SecretString::from(text)))
}

impl TryFrom<Written> for RedisSettings {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let (mut user, mut password) = (written.user, written.password);
        let tls = written.tls.unwrap_or(false);
        let place = match (written.url, written.sentinel, written.cluster) {
            (Some(url), None, None) => {
                let url = Url::read(url.expose_secret())?;
                if written.tls.is_some_and(|tls| tls != url.tls) {
                    return Err("the url says by rediss:// or redis:// whether the connection is encrypted: leave out tls".to_owned());
                }
                user = user.or(url.user);
                password = password.or(url.password);
                Place::Single {
                    address: url.address,
                    database: url.database,
                    tls: url.tls,
                }
            }
            (None, Some(sentinel), None) => Place::Sentinel {
                addresses: some(sentinel.addresses)?,
                master: sentinel.master,
                user: sentinel.user,
                password: sentinel.password,
                tls,
            },
            (None, None, Some(cluster)) => Place::Cluster {
                addresses: some(cluster.addresses)?,
                tls,
            },
            _ => return Err("exactly one of url, sentinel and cluster is needed".to_owned()),
        };
        if written.timeout.is_zero() || written.timeout > TIMEOUT_MAX {
            return Err("timeout is longer than 0 and at most 10s; 40ms by default".to_owned());
        }
        Ok(Self {
            place,
            user: user.filter(|user| !user.is_empty()),
            password,
            authority: written.authority,
            timeout: written.timeout,
        })
    }
}

fn some(addresses: Vec<Address>) -> Result<Vec<Address>, String> {
    if addresses.is_empty() {
        return Err("addresses names nobody".to_owned());
    }
    Ok(addresses)
}

/// What the address of one server says.
struct Url {
    address: Address,
    database: i64,
    user: Option<String>,
    password: Option<SecretString>,
    tls: bool,
}

impl Url {
    /// No part of it stands in an error: any may hold the password.
    fn read(text: &str) -> Result<Self, String> {
        let unfit = || {
            "the url is redis://host:port or rediss://host:port, with user:password@ before the host and /number after the port where they are needed".to_owned()
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(unfit)?;
        let tls = match scheme {
            "redis" => false,
            "rediss" => true,
            _ => return Err(unfit()),
        };
        let (credentials, rest) = match rest.rsplit_once('@') {
            Some((credentials, rest)) => (Some(credentials), rest),
            None => (None, rest),
        };
        let (host, database) = rest.split_once('/').unwrap_or((rest, ""));
        let database = match database {
            "" => 0,
            number => number.parse().map_err(|_| unfit())?,
        };
        let with_port = match host.rsplit_once(':') {
            Some((_, port)) if !port.ends_with(']') => host.to_owned(),
            _ => format!("{host}:6379"),
        };
        let (user, password) = match credentials {
            Some(credentials) => {
                let (user, password) = credentials.split_once(':').ok_or_else(unfit)?;
                (Some(user.to_owned()), Some(SecretString::from(password)))
            }
            None => (None, None),
        };
        Ok(Self {
            address: Address::try_from(with_port).map_err(|_| unfit())?,
            database,
            user,
            password,
            tls,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<RedisSettings, String> {
        serde_saphyr::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn one_server_is_named_by_its_url() {
        for (url, host, port, database, encrypted, user) in [
            ("redis://r.example", "r.example", 6379, 0, false, None),
            (
                "rediss://r.example:7000/3",
                "r.example",
                7000,
                3,
                true,
                None,
            ),
            ("redis://:pass@[::1]:7000", "::1", 7000, 0, false, None),
            (
                "rediss://hall:p@ss:w@r.example:1",
                "r.example",
                1,
                0,
                true,
                Some("hall"),
            ),
        ] {
            let settings = read(&format!("url: \"{url}\"")).unwrap();
            let Place::Single {
                address,
                database: number,
                tls,
            } = settings.place
            else {
                panic!("{url}")
            };
            assert_eq!((address.host.as_str(), address.port), (host, port), "{url}");
            assert_eq!((number, tls), (database, encrypted), "{url}");
            assert_eq!(settings.user.as_deref(), user, "{url}");
            assert_eq!(settings.timeout, Duration::from_millis(40));
        }
    }

    #[test]
    fn sentinels_and_clusters_are_named_by_addresses() {
        let sentinel = "sentinel: { addresses: [\"a:1\", \"b:2\"], master: hall, password: s }\ntls: true\nuser: u\npassword: p\ntimeout: 20ms";
        let settings = read(sentinel).unwrap();
        assert!(
            matches!(settings.place, Place::Sentinel { ref addresses, ref master, tls: true, .. } if addresses.len() == 2 && master == "hall")
        );
        assert_eq!(settings.timeout, Duration::from_millis(20));
        let cluster = read("cluster: { addresses: [\"a:1\"] }").unwrap();
        assert!(matches!(cluster.place, Place::Cluster { tls: false, .. }));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_without_repeating_a_password() {
        for wrong in [
            "user: u",
            "url: \"redis://a:1\"\ncluster: { addresses: [\"a:1\"] }",
            "cluster: { addresses: [] }",
            "cluster: { addresses: [\"hunter2@a\"] }",
            "url: \"http://hunter2:hunter2@a:1\"",
            "url: \"redis://hunter2@a:1\"",
            "url: \"redis://u:hunter2@a:x\"",
            "url: \"rediss://u:hunter2@a:1/#insecure\"",
            "url: \"redis://u:hunter2@a:1\"\ntls: true",
            "url: \"redis://a:1\"\ntimeout: 11s",
            "url: \"redis://a:1\"\ntimeout: 0s",
            "url: \"redis://a:1\"\npasswort: hunter2",
        ] {
            let fault = read(wrong).unwrap_err();
            let told = fault.lines().next().unwrap_or_default();
            assert!(!told.contains("hunter2"), "{wrong}: {told}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let settings = read("url: \"redis://u:hunter2@a:1\"").unwrap();
        assert_eq!(
            settings.password.as_ref().unwrap().expose_secret(),
            "hunter2"
        );
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}
