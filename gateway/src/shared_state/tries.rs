//! Failed tries that any node has counted.

use super::link::{COUNT, Use};
use super::{Away, SharedState};
use redis::cmd;
use std::time::Duration;

impl SharedState {
    /// How long `key` must wait after so many failures as `most` within a window; zero when it need not.
    ///
    /// # Errors
    /// [`Away`]: what this node counted itself decides.
    pub async fn tries_wait(&self, key: (&str, &str), most: u32) -> Result<Duration, Away> {
        let over = self.over.as_ref().ok_or(Away)?;
        let name = over.names.of("tries", &[key.0, key.1]);
        let get = cmd("GET").arg(&name).to_owned();
        let failures: Option<u32> = over.link.ask(Use::Tries, &get).await?;
        if failures.unwrap_or(0) < most {
            return Ok(Duration::ZERO);
        }
        let left = cmd("PTTL").arg(&name).to_owned();
        let left: i64 = over.link.ask(Use::Tries, &left).await?;
        Ok(Duration::from_millis(u64::try_from(left).unwrap_or(0)))
    }

    /// Counts a failure in a window that begins with the first.
    ///
    /// # Errors
    /// [`Away`]: it is counted here alone.
    pub async fn tries_failed(&self, key: (&str, &str), window: Duration) -> Result<(), Away> {
        let over = self.over.as_ref().ok_or(Away)?;
        let name = over.names.of("tries", &[key.0, key.1]);
        let milliseconds = u64::try_from(window.as_millis()).unwrap_or(u64::MAX);
        let count = cmd("EVAL")
            .arg(COUNT)
            .arg(1)
            .arg(name)
            .arg(milliseconds)
            .to_owned();
        over.link.ask::<i64>(Use::Tries, &count).await?;
        Ok(())
    }
}
