//! What can only go wrong among several nodes: one that cannot reach the database, one that is gone for good.

use crate::run::Run;
use std::time::Duration;
use tongban_tests::http::try_send;
use tongban_tests::process::instant;
use tongban_tests::proxy::Link;

/// Others have taken over what a node had within its lease and this.
const BEYOND_LEASE: Duration = Duration::from_secs(5);
/// So long a node is given to have something that can be taken over.
const BUSY_MAX: Duration = Duration::from_secs(5);
/// A node without its database still answers, and says no to what it cannot store, within this time.
const REFUSED_MAX: Duration = Duration::from_secs(15);
/// A client waits so long for one answer.
const ONE_ANSWER_MAX: Duration = Duration::from_secs(4);
/// It takes uploads again so soon after the database is back.
const BACK_MAX: Duration = Duration::from_secs(20);

impl Run {
    /// The node answers while it cannot reach the database, stores nothing meanwhile, and is back by itself afterwards.
    pub(crate) async fn partition(&mut self, nth: usize, lasting: Duration) {
        let begun = instant();
        let line = self.topology.line(crate::plan::Line::Database, nth);
        line.set(Link::BlackHole);
        let operations = self.topology.operations(nth);
        let asked = try_send(operations, "GET", "/healthz", &[], "");
        if !matches!(tokio::time::timeout(REFUSED_MAX, asked).await, Ok(Ok(a)) if a.status == 200) {
            self.violation("partitioned_node_hangs", "/healthz has no answer");
        }
        loop {
            match tokio::time::timeout(ONE_ANSWER_MAX, self.upload_status(nth)).await {
                Ok(503) => break,
                Ok(status) => {
                    let words = format!("an upload is answered {status}, not 503");
                    self.violation("partitioned_node_takes", words);
                    break;
                }
                // What was under way when the line fell silent has no answer; what comes later must have one.
                Err(_) if begun.elapsed() < REFUSED_MAX => {}
                Err(_) => {
                    let words = format!("no upload has an answer within {REFUSED_MAX:?}");
                    self.violation("partitioned_node_hangs", words);
                    break;
                }
            }
        }
        self.say(&format!(
            "refused {:?} after the partition",
            begun.elapsed()
        ));
        tokio::time::sleep(lasting.saturating_sub(begun.elapsed())).await;
        let line = self.topology.line(crate::plan::Line::Database, nth);
        line.set(Link::Pass);
        let healed = instant();
        while self.upload_status(nth).await != 201 {
            if healed.elapsed() > BACK_MAX {
                let words = format!("no upload is taken {BACK_MAX:?} after the partition");
                self.violation("partitioned_for_good", words);
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.say(&format!("back {:?} after the partition", healed.elapsed()));
    }

    /// A node is killed in the middle of something and stays away until the others have it.
    pub(crate) async fn node_gone(&mut self, nth: usize) -> Result<(), String> {
        self.topology.mend_lines();
        let begun = instant();
        let name = self.topology.name(nth).to_owned();
        while begun.elapsed() < BUSY_MAX {
            let Some(database) = &self.topology.database else {
                break;
            };
            if database.held_by(&name).await?.count() > 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.topology.kill(nth)?;
        let killed = instant();
        self.kills += 1;
        let most = self.lease + BEYOND_LEASE;
        if let Some(database) = &self.topology.database {
            let left = database.held_by(&name).await?;
            let taken = database.until_taken_over(left.instance, most).await?;
            match taken {
                Ok(_) if left.count() == 0 => self.say("it had nothing"),
                Ok(_) => {
                    let took = killed.elapsed().as_secs_f64();
                    self.say(&format!("{left:?} was taken over in {took:.1} s"));
                    self.taken_over.count += left.count();
                    self.taken_over.seconds.push(took);
                }
                Err(still) => {
                    let words = format!("{still:?} of {left:?} {most:?} after the kill");
                    self.violation("not_taken_over", words);
                }
            }
        }
        self.topology.start(nth).await
    }
}
