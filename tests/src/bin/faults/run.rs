//! A run: the installation, its clients, the faults of the plan, the quiet after them, the look at everything.

use crate::checker::{Verdict, Violation, check};
use crate::clients::{Door, applicants};
use crate::look::{look, settled};
use crate::plan::{Abilities, Fault, KINDS, PARTNERS, Plan};
use crate::replay::replay;
use crate::told::Ledger;
use crate::topology::{Setting, StoreKind, Topology};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tongban_tests::process::instant;

/// So often a run tells how far it is.
const PROGRESS_EVERY: Duration = Duration::from_secs(10);

/// How long faults happen.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    /// For so long.
    Lasting(Duration),
    /// Until nodes were killed so often.
    Kills(u64),
    /// For so many rounds of the plan.
    Rounds(usize),
}

impl Until {
    /// Whether the faults are over after so many steps, kills and so long.
    fn is_over(self, steps: usize, round: usize, kills: u64, lasted: Duration) -> bool {
        match self {
            Self::Lasting(lasting) => lasted >= lasting,
            Self::Kills(wanted) => kills >= wanted,
            Self::Rounds(rounds) => steps >= rounds * round,
        }
    }

    /// How far it is, for people.
    fn progress(self, steps: usize, round: usize, kills: u64, lasted: Duration) -> String {
        let lasted = lasted.as_secs();
        match self {
            Self::Lasting(lasting) => format!("{lasted} of {} s, {kills} kills", lasting.as_secs()),
            Self::Kills(wanted) => format!("{kills} of {wanted} kills, {lasted} s"),
            Self::Rounds(rounds) => {
                format!(
                    "{steps} of {} faults, {kills} kills, {lasted} s",
                    rounds * round
                )
            }
        }
    }
}

/// What is asked of a run.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    /// When the faults are over.
    pub(crate) until: Until,
    /// The seed of everything that is drawn.
    pub(crate) seed: u64,
    /// Applicants at once.
    pub(crate) clients: usize,
    /// How it is set up.
    pub(crate) setting: Setting,
    /// The only kinds of faults; empty: all.
    pub(crate) only: Vec<String>,
    /// Everything comes to its end within this time after the last fault.
    pub(crate) patience: Duration,
    /// Every step is printed on standard error.
    pub(crate) verbose: bool,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) store: &'static str,
    pub(crate) nodes: usize,
    pub(crate) verdict: Verdict,
    pub(crate) faults: BTreeMap<&'static str, u64>,
    /// What could not be done, and why.
    pub(crate) skipped: BTreeMap<&'static str, String>,
    pub(crate) kills: u64,
    /// Connections to the database that were cut on their way.
    pub(crate) database_cuts: u64,
    /// Connections to Redis that were cut on their way.
    pub(crate) redis_cuts: u64,
    /// Changes of files that power cuts took back.
    pub(crate) taken_back: u64,
    /// How others took over what killed nodes had.
    pub(crate) taken_over: TakenOver,
    /// Histories that were folded again and fitted.
    pub(crate) replayed: u64,
    pub(crate) seconds: f64,
}

/// How others took over what killed nodes had.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct TakenOver {
    /// Deliveries and polls.
    pub(crate) count: u64,
    /// Seconds from the kill until others had all of it, each time.
    pub(crate) seconds: Vec<f64>,
}

pub(crate) struct Run {
    pub(crate) topology: Topology,
    pub(crate) ledger: Ledger,
    faults: BTreeMap<&'static str, u64>,
    pub(crate) kills: u64,
    violations: Vec<Violation>,
    pub(crate) taken_over: TakenOver,
    pub(crate) lease: Duration,
    patience: Duration,
    verbose: bool,
    seed: u64,
    random: StdRng,
}

/// Runs it.
///
/// # Errors
/// The harness itself could not go on: nothing is known of the gateway then.
pub(crate) async fn run(order: Order) -> Result<Outcome, String> {
    let begun = instant();
    let topology = Topology::open(order.setting.clone()).await?;
    let abilities = Abilities {
        own_disk: topology.disk.is_own(),
        database: order.setting.store == StoreKind::Postgres,
        redis: order.setting.redis,
        nodes: order.setting.nodes,
        lease: order.setting.lease(),
        only: order.only.clone(),
    };
    let why_not = |kind| Some((kind, abilities.why_not(kind)?));
    let skipped = KINDS.into_iter().filter_map(why_not).collect();
    let ledger = Ledger::default();
    let (open, opened) = watch::channel(true);
    let (alive, living) = watch::channel(true);
    let door = Door {
        public: Arc::new(topology.fronts()),
        ledger: ledger.clone(),
        open: opened,
        alive: living,
    };
    let mut clients = JoinSet::new();
    for nth in 0..order.clients {
        let name = format!("faults-{}-{nth}", order.seed);
        let seed = order.seed.rotate_left(17) ^ nth as u64;
        clients.spawn(applicants(door.clone(), name, seed));
    }
    let mut run = Run {
        topology,
        ledger,
        faults: BTreeMap::new(),
        kills: 0,
        violations: Vec::new(),
        taken_over: TakenOver::default(),
        lease: abilities.lease,
        patience: order.patience,
        verbose: order.verbose,
        seed: order.seed,
        random: StdRng::seed_from_u64(order.seed ^ 0x5eed),
    };
    let plan = Plan::new(order.seed, abilities);
    let round = plan.round_len();
    let mut told = begun;
    for (nth, step) in plan.enumerate() {
        let lasted = begun.elapsed();
        if order.until.is_over(nth, round, run.kills, lasted) {
            break;
        }
        if told.elapsed() >= PROGRESS_EVERY {
            told = instant();
            run.progress(&order.until.progress(nth, round, run.kills, lasted));
        }
        tokio::time::sleep(step.after).await;
        run.happen(step.fault).await?;
    }
    run.say("the faults are over");
    open.send_replace(false);
    run.quiet().await?;
    let waiting = async { while clients.join_next().await.is_some() {} };
    if tokio::time::timeout(order.patience, waiting).await.is_err() {
        let words = format!("clients still waited after {:?}", order.patience);
        run.violation("no_end", words);
    }
    alive.send_replace(false);
    clients.shutdown().await;
    run.conclude(begun, skipped).await
}

impl Run {
    /// A line on standard error from time to time, so that a long run is not silent.
    fn progress(&self, how_far: &str) {
        eprintln!(
            "seed {}: {how_far}, {} acknowledged, {} violations so far",
            self.seed,
            self.ledger.acknowledged(),
            self.violations.len()
        );
    }

    pub(crate) fn say(&self, words: &str) {
        if self.verbose {
            eprintln!(
                "{} kills, {} acknowledged: {words}",
                self.kills,
                self.ledger.acknowledged()
            );
        }
    }

    pub(crate) fn violation(&mut self, kind: &'static str, words: impl Into<String>) {
        self.violations.push(Violation::new(kind, "", words));
    }

    /// A node that ended by itself is a violation, and is started again.
    async fn look_after_nodes(&mut self) -> Result<(), String> {
        for nth in self.topology.ended() {
            let printed = self.topology.printed(nth);
            let last: Vec<&str> = printed.lines().rev().take(5).collect();
            self.violation("node_ended", format!("node {nth}: {last:?}"));
            self.topology.kill(nth)?;
            self.topology.start(nth).await?;
        }
        Ok(())
    }

    async fn happen(&mut self, fault: Fault) -> Result<(), String> {
        self.look_after_nodes().await?;
        self.say(&format!("{fault:?}"));
        let nth = self.random.random_range(0..self.topology.nodes());
        *self.faults.entry(fault.kind()).or_default() += 1;
        match fault {
            Fault::KillNode(down) => {
                self.topology.kill(nth)?;
                self.kills += 1;
                tokio::time::sleep(down).await;
                self.topology.start(nth).await?;
            }
            Fault::KillPartner(kind, down) => {
                self.topology.kill_partner(kind);
                tokio::time::sleep(down).await;
                self.topology.start_partner(kind).await;
            }
            Fault::StopNode(stopped) => {
                self.topology.stop(nth);
                tokio::time::sleep(stopped).await;
                self.topology.cont(nth);
            }
            // A line stays as it is while the next faults happen, until its own time is over.
            Fault::Line(line, link, lasting, cuts) => {
                let line = self.topology.line(line, nth);
                if link.cuts() {
                    line.cut(link, cuts);
                } else {
                    line.set(link);
                    let mend = line.mender();
                    tokio::spawn(async move {
                        tokio::time::sleep(lasting).await;
                        mend.pass();
                    });
                }
            }
            Fault::Partner(kind, switch) => {
                if let Some(partner) = self.topology.partner(kind) {
                    partner.set(&[&switch]).await;
                }
            }
            Fault::Clock(seconds) => {
                let seconds = seconds.min(self.topology.room_to_jump(nth));
                self.topology.advance(nth, seconds).await;
            }
            Fault::DiskFull(full) => self.disk_full(nth, full).await?,
            Fault::ReadOnlyDisk => self.read_only_disk(nth).await?,
            Fault::EndDatabase(ending, down) => {
                if let Some(database) = &mut self.topology.database {
                    database.end_and_start(ending, down).await?;
                }
            }
            Fault::Partition(lasting) => self.partition(nth, lasting).await,
            Fault::NodeGone => self.node_gone(nth).await?,
            Fault::KillRedis(down) => self.kill_redis(nth, down).await,
            Fault::StopRedis(stopped) => self.stop_redis(nth, stopped).await,
            Fault::PartFromRedis(lasting) => self.part_from_redis(nth, lasting).await,
        }
        Ok(())
    }

    /// Everything is mended; clocks catch up, so that nothing waits for a time that was only ever ahead.
    async fn quiet(&mut self) -> Result<(), String> {
        self.look_after_nodes().await?;
        self.topology.mend_lines();
        let ahead = self.topology.ahead_max;
        for nth in 0..self.topology.nodes() {
            self.topology.advance(nth, ahead).await;
        }
        for kind in PARTNERS {
            if let Some(partner) = self.topology.partner(kind) {
                partner.mend().await;
            }
        }
        Ok(())
    }

    async fn conclude(
        mut self,
        begun: std::time::Instant,
        skipped: BTreeMap<&'static str, String>,
    ) -> Result<Outcome, String> {
        let told = self.ledger.all();
        self.say("waiting for the end of every case");
        settled(&self.topology, &told, self.patience).await;
        let mut seen = look(&self.topology, &told).await?;
        for nth in 0..self.topology.nodes() {
            for line in self.topology.printed(nth).lines() {
                if line.contains("panicked") {
                    self.violation("panic", line);
                }
            }
        }
        let codes = self.topology.drain();
        if codes.iter().any(|code| *code != Some(0)) {
            self.violation("drain", format!("nodes drained with {codes:?}"));
        }
        seen.stored = self.topology.stored().await?;
        let mut verdict = check(&told, &seen);
        let numbers: Vec<&str> = told
            .iter()
            .map(|t| t.no())
            .filter(|no| !no.is_empty())
            .collect();
        let settings = self.topology.config(0);
        let (replayed, unfit) = replay(settings, self.topology.environment(), &numbers).await?;
        verdict.violations.extend(unfit);
        verdict.violations.append(&mut self.violations);
        let odd = self.ledger.oddities().into_iter();
        let odd = odd.map(|words| Violation::new("odd_answer", "", words));
        verdict.violations.extend(odd);
        if told.is_empty() {
            let words = "the run proves nothing";
            let nothing = Violation::new("nothing_acknowledged", "", words);
            verdict.violations.push(nothing);
        }
        Ok(Outcome {
            store: self.topology.store(),
            nodes: self.topology.nodes(),
            database_cuts: self.topology.database_cuts(),
            redis_cuts: self.topology.redis_cuts(),
            taken_back: self.topology.taken_back,
            verdict,
            faults: self.faults,
            skipped,
            kills: self.kills,
            taken_over: self.taken_over,
            replayed,
            seconds: begun.elapsed().as_secs_f64(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_goes_on_until_what_it_was_asked_for_has_happened() {
        let long = Duration::from_secs(9_000);
        let kills = Until::Kills(60);
        assert!(!kills.is_over(1_000, 20, 59, long), "one is missing");
        assert!(kills.is_over(0, 20, 60, Duration::ZERO));
        assert!(Until::Rounds(2).is_over(40, 20, 0, Duration::ZERO));
        assert!(!Until::Rounds(2).is_over(39, 20, 99, long));
        let lasting = Until::Lasting(Duration::from_secs(60));
        assert!(lasting.is_over(0, 20, 0, Duration::from_secs(60)));
        assert!(!lasting.is_over(999, 20, 999, Duration::from_secs(59)));
        assert_eq!(
            kills.progress(80, 20, 37, Duration::from_millis(90_400)),
            "37 of 60 kills, 90 s"
        );
    }
}
