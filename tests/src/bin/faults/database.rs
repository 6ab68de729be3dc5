//! The database server of a run with several nodes: its end and its return, and what a node that is gone has left in it.

use sqlx::PgConnection;
use std::time::Duration;
use tongban_tests::postgres::{Ending, Server};
use tongban_tests::process::instant;

/// The schema of the run.
pub(crate) const SCHEMA: &str = "faults";

/// A server of the run's own.
pub(crate) struct Database {
    server: Server,
}

/// What a node had when it was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    /// The number under which it leased.
    pub(crate) instance: i64,
    /// Deliveries that it was sending.
    pub(crate) deliveries: i64,
    /// Cases whose partner it was asking.
    pub(crate) polls: i64,
}

impl Left {
    /// Deliveries and polls together.
    pub(crate) fn count(self) -> u64 {
        (self.deliveries + self.polls).unsigned_abs()
    }
}

impl Database {
    pub(crate) async fn start() -> Result<Self, String> {
        Ok(Self {
            server: Server::start().await?,
        })
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// Ends the server so, and starts it again after a while.
    pub(crate) async fn end_and_start(
        &mut self,
        ending: Ending,
        down: Duration,
    ) -> Result<(), String> {
        self.server.end(ending);
        tokio::time::sleep(down).await;
        self.server.start_again().await
    }

    async fn connection(&self) -> Result<PgConnection, String> {
        let mut connection = self.server.connection().await?;
        sqlx::query("SELECT set_config('search_path', $1, false)")
            .bind(SCHEMA)
            .execute(&mut connection)
            .await
            .map_err(|e| e.to_string())?;
        Ok(connection)
    }

    /// Applications in the store.
    pub(crate) async fn stored(&self) -> Result<u64, String> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM application")
            .fetch_one(&mut self.connection().await?)
            .await
            .map_err(|e| e.to_string())?;
        Ok(count.unsigned_abs())
    }

    /// What the newest node of this name holds by now.
    pub(crate) async fn held_by(&self, name: &str) -> Result<Left, String> {
        let instance: i64 = sqlx::query_scalar("SELECT max(instance) FROM node WHERE name = $1")
            .bind(name)
            .fetch_one(&mut self.connection().await?)
            .await
            .map_err(|e| e.to_string())?;
        self.left_of(instance).await
    }

    /// What is still in the name of a node.
    pub(crate) async fn left_of(&self, instance: i64) -> Result<Left, String> {
        let (deliveries, polls) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM delivery WHERE state = 'sending' AND split_part(worker, '/', 1) = CAST($1 AS text)),
                    (SELECT count(*) FROM case_record WHERE poll_leased = $1)",
        )
        .bind(instance)
        .fetch_one(&mut self.connection().await?)
        .await
        .map_err(|e| e.to_string())?;
        Ok(Left {
            instance,
            deliveries,
            polls,
        })
    }

    /// Waits until nothing is in the name of a node any more; how long that took, or what is left after `most`.
    pub(crate) async fn until_taken_over(
        &self,
        instance: i64,
        most: Duration,
    ) -> Result<Result<Duration, Left>, String> {
        let begun = instant();
        loop {
            let left = self.left_of(instance).await?;
            if left.count() == 0 {
                return Ok(Ok(begun.elapsed()));
            }
            if begun.elapsed() > most {
                return Ok(Err(left));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
