//! One connection to Redis, whatever Redis is: a server, the master that sentinels name, a cluster; and a second one that hears what
//! is published, since a connection that has subscribed to something answers little else.

use super::settings::{Address, Place, RedisSettings};
use redis::aio::{ConnectionLike, MultiplexedConnection, PubSub};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, FromRedisValue,
    IntoConnectionInfo, RedisConnectionInfo, RedisError, RedisResult, TlsCertificates, TlsMode,
    Value,
};
use secrecy::ExposeSecret;
use std::time::Duration;

/// To reach one server. The whole of connecting is bounded by whoever asks for it.
const ONE_SERVER_MAX: Duration = Duration::from_secs(1);
/// Tries within a cluster: for a slot that has just moved. What takes longer is given up by whoever asks.
const CLUSTER_TRIES: u32 = 2;
/// Between them, in milliseconds.
const CLUSTER_WAIT_MS: u64 = 5;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotConnected {
    /// Redis, or the way to it.
    #[error("{0}")]
    Redis(#[from] RedisError),
    /// The file of authorities.
    #[error("the certificates of the authorities that sign Redis' own cannot be read: {0}")]
    Authority(#[from] std::io::Error),
    /// No server of a cluster takes subscriptions.
    #[error("no server of the cluster can be reached")]
    Nobody,
}

/// A connection for commands; clones use the same one.
#[derive(Clone)]
pub(super) enum Connection {
    /// To one server.
    One(MultiplexedConnection),
    /// To a cluster.
    Cluster(ClusterConnection),
}

impl Connection {
    /// Sends a command and waits for its answer, for as long as the caller does.
    pub(super) async fn query<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        let answer: Value = match self.clone() {
            Self::One(mut connection) => connection.req_packed_command(command).await?,
            Self::Cluster(mut connection) => connection.req_packed_command(command).await?,
        };
        Ok(redis::from_redis_value(answer.extract_error()?)?)
    }

    /// Whether its keys lie on several servers, any of which may be away alone.
    pub(super) fn is_cluster(&self) -> bool {
        matches!(self, Self::Cluster(_))
    }
}

/// Connects for commands, and for what is published on `channel`. `turn` says which server of a cluster is asked first for the
/// latter, so that nodes spread and a dead one is not asked for ever.
pub(super) async fn connect(
    settings: &RedisSettings,
    channel: &str,
    turn: usize,
) -> Result<(Connection, PubSub), NotConnected> {
    let certificates = certificates(settings).await?;
    let (connection, mut hearing) = match &settings.place {
        Place::Single {
            address,
            database,
            tls,
        } => {
            let info = info(settings, address, *tls, *database)?;
            both(client(info, certificates)?).await?
        }
        Place::Sentinel { .. } => both(master(settings, certificates).await?).await?,
        Place::Cluster { addresses, tls } => {
            let connection = cluster(settings, addresses, *tls, certificates.clone()).await?;
            let hearing = any(settings, addresses, *tls, certificates, turn).await?;
            (Connection::Cluster(connection), hearing)
        }
    };
    hearing.subscribe(channel).await?;
    Ok((connection, hearing))
}

/// What the connections of TLS trust; `None` for the system's authorities.
async fn certificates(settings: &RedisSettings) -> Result<Option<TlsCertificates>, std::io::Error> {
    let Some(file) = &settings.authority else {
        return Ok(None);
    };
    // Read at every connect: a changed file holds from the next one on.
    Ok(Some(TlsCertificates {
        client_tls: None,
        root_cert: Some(tokio::fs::read(file).await?),
    }))
}

fn address_of(address: &Address, tls: bool) -> ConnectionAddr {
    let (host, port) = (address.host.clone(), address.port);
    match tls {
        true => ConnectionAddr::TcpTls {
            host,
            port,
            insecure: false,
            tls_params: None,
        },
        false => ConnectionAddr::Tcp(host, port),
    }
}

fn info(
    settings: &RedisSettings,
    address: &Address,
    tls: bool,
    database: i64,
) -> RedisResult<ConnectionInfo> {
    let mut redis = RedisConnectionInfo::default()
        .set_db(database)
        .set_skip_set_lib_name();
    if let Some(user) = &settings.user {
        redis = redis.set_username(user);
    }
    if let Some(password) = &settings.password {
        redis = redis.set_password(password.expose_secret());
    }
    let info = address_of(address, tls).into_connection_info()?;
    Ok(info.set_redis_settings(redis))
}

fn client(info: ConnectionInfo, certificates: Option<TlsCertificates>) -> RedisResult<Client> {
    match (info.addr(), certificates) {
        (ConnectionAddr::TcpTls { .. }, Some(certificates)) => {
            Client::build_with_tls(info, certificates)
        }
        _ => Client::open(info),
    }
}

async fn both(client: Client) -> RedisResult<(Connection, PubSub)> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(ONE_SERVER_MAX))
        .set_response_timeout(Some(ONE_SERVER_MAX));
    let connection = client
        .get_multiplexed_async_connection_with_config(&config)
        .await?;
    let hearing = client.get_async_pubsub().await?;
    Ok((Connection::One(connection), hearing))
}

/// Asks the sentinels who the master is now.
async fn master(
    settings: &RedisSettings,
    certificates: Option<TlsCertificates>,
) -> RedisResult<Client> {
    let Place::Sentinel {
        addresses,
        master,
        user,
        password,
        tls,
    } = &settings.place
    else {
        return Err(RedisError::from((
            redis::ErrorKind::InvalidClientConfig,
            "there are no sentinels",
        )));
    };
    let sentinels = addresses.iter().map(|address| address_of(address, *tls));
    let mut builder = SentinelClientBuilder::new(sentinels, master, SentinelServerType::Master)?;
    if let Some(user) = user {
        builder = builder.set_client_to_sentinel_username(user);
    }
    if let Some(password) = password {
        builder = builder.set_client_to_sentinel_password(password.expose_secret());
    }
    if let Some(user) = &settings.user {
        builder = builder.set_client_to_redis_username(user);
    }
    if let Some(password) = &settings.password {
        builder = builder.set_client_to_redis_password(password.expose_secret());
    }
    if *tls {
        builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure);
        if let Some(certificates) = certificates {
            builder = builder
                .set_client_to_sentinel_certificates(certificates.clone())
                .set_client_to_redis_certificates(certificates);
        }
    }
    builder.build()?.async_get_client().await
}

async fn cluster(
    settings: &RedisSettings,
    addresses: &[Address],
    tls: bool,
    certificates: Option<TlsCertificates>,
) -> RedisResult<ClusterConnection> {
    let addresses = addresses.iter().map(|address| address_of(address, tls));
    let mut builder = ClusterClient::builder(addresses)
        .retries(CLUSTER_TRIES)
        .min_retry_wait(CLUSTER_WAIT_MS)
        .max_retry_wait(CLUSTER_WAIT_MS * 2)
        .connection_timeout(ONE_SERVER_MAX)
        .response_timeout(ONE_SERVER_MAX);
    if let Some(user) = &settings.user {
        builder = builder.username(user);
    }
    if let Some(password) = &settings.password {
        builder = builder.password(password.expose_secret());
    }
    if tls {
        builder = builder.tls(TlsMode::Secure);
        if let Some(certificates) = certificates {
            builder = builder.certs(certificates);
        }
    }
    builder.build()?.get_async_connection().await
}

/// A server of the cluster that takes subscriptions: what is published anywhere is heard at each of them.
async fn any(
    settings: &RedisSettings,
    addresses: &[Address],
    tls: bool,
    certificates: Option<TlsCertificates>,
    turn: usize,
) -> Result<PubSub, NotConnected> {
    for address in addresses
        .iter()
        .cycle()
        .skip(turn % addresses.len().max(1))
        .take(addresses.len())
    {
        let client = client(info(settings, address, tls, 0)?, certificates.clone())?;
        if let Ok(Ok(hearing)) =
            tokio::time::timeout(ONE_SERVER_MAX / 2, client.get_async_pubsub()).await
        {
            return Ok(hearing);
        }
    }
    Err(NotConnected::Nobody)
}
