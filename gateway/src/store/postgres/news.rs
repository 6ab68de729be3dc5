//! News between nodes: `NOTIFY` in the transaction that makes them true, `LISTEN` on a connection of its own.

use super::dialect::DbConnection;
use crate::store::StoreError;
use crate::store::nodes::NodeNews;
use sqlx::postgres::{PgListener, PgPool};
use std::time::Duration;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// News that a slow listener may be behind; beyond it looks into the store.
const NEWS_MAX: usize = 4_096;
/// Between two tries to listen while the database is away.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// The channel of one schema: installations that share a database do not hear each other.
fn channel(schema: &str) -> String {
    format!("tongban_{schema}")
}

/// Tells the other nodes, if the transaction at hand is committed.
pub(super) async fn tell(connection: &mut DbConnection, news: &NodeNews) -> Result<(), StoreError> {
    let words = match news {
        NodeNews::Case(no) => format!("case/{no}"),
        NodeNews::Registry => {
            sqlx::query("UPDATE registry_revision SET revision = revision + 1")
                .execute(&mut *connection)
                .await?;
            "registry".to_owned()
        }
        NodeNews::ApiKeys => "api_keys".to_owned(),
    };
    sqlx::query("SELECT pg_notify('tongban_' || current_schema(), $1)")
        .bind(words)
        .execute(connection)
        .await?;
    Ok(())
}

/// Tells that cases changed, if the transaction at hand is committed.
pub(super) async fn tell_cases(
    connection: &mut DbConnection,
    numbers: &[&str],
) -> Result<(), StoreError> {
    if numbers.is_empty() {
        return Ok(());
    }
    sqlx::query("SELECT pg_notify('tongban_' || current_schema(), 'case/' || no) FROM unnest($1::text[]) AS no")
        .bind(numbers)
        .execute(connection)
        .await?;
    Ok(())
}

fn read(words: &str) -> Option<NodeNews> {
    match words.split_once('/') {
        Some(("case", no)) => Some(NodeNews::Case(no.to_owned())),
        None if words == "registry" => Some(NodeNews::Registry),
        None if words == "api_keys" => Some(NodeNews::ApiKeys),
        // A later version may tell more.
        _ => None,
    }
}

/// Whoever wants to hear.
pub(super) struct Hearing {
    sender: broadcast::Sender<NodeNews>,
    closing: CancellationToken,
}

impl Hearing {
    /// Listens until closed, again and again when the connection breaks. After each break everything may have changed.
    pub(super) fn begin(pool: PgPool, schema: &str) -> Self {
        let sender = broadcast::channel(NEWS_MAX).0;
        let closing = CancellationToken::new();
        let (told, ending, channel) = (sender.clone(), closing.clone(), channel(schema));
        tokio::spawn(async move {
            tokio::select! {
                () = listen(&pool, &channel, &told) => {}
                () = ending.cancelled() => {}
            }
        });
        Self { sender, closing }
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<NodeNews> {
        self.sender.subscribe()
    }

    pub(super) fn close(&self) {
        self.closing.cancel();
    }
}

async fn listen(pool: &PgPool, channel: &str, told: &broadcast::Sender<NodeNews>) {
    loop {
        if let Err(error) = hear(pool, channel, told).await {
            tracing::warn!(%error, "this node hears no news of the others; it looks into the database instead");
        }
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}

async fn hear(
    pool: &PgPool,
    channel: &str,
    told: &broadcast::Sender<NodeNews>,
) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(channel).await?;
    // What was told while nobody listened is not repeated.
    look_again(told);
    loop {
        match listener.try_recv().await? {
            Some(notification) => {
                if let Some(news) = read(notification.payload()) {
                    // Nobody listening is no error.
                    let _ = told.send(news);
                }
            }
            // The connection broke and stands again.
            None => look_again(told),
        }
    }
}

/// Everything may have changed: whoever holds a picture looks.
fn look_again(told: &broadcast::Sender<NodeNews>) {
    for news in [NodeNews::Registry, NodeNews::ApiKeys] {
        // Nobody listening is no error.
        let _ = told.send(news);
    }
}
