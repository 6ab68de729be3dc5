//! A run: the installation, its clients, the faults of the plan, the quiet after them, the look at everything.

use crate::checker::{Verdict, Violation, check};
use crate::clients::{Door, applicants};
use crate::look::{look, settled};
use crate::plan::{Abilities, Fault, KINDS, PARTNERS, Plan};
use crate::replay::replay;
use crate::told::Ledger;
use crate::topology::{Disk, LEASE, Setting, Topology};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tongban_tests::http::try_send;
use tongban_tests::process::instant;
use tongban_tests::proxy::Link;

/// Everything comes to its end within this time after the last fault.
pub(crate) const END_MAX: Duration = Duration::from_secs(150);
/// A node says within this time that its disk is full, and takes uploads again after it is not.
const NOTICED_MAX: Duration = Duration::from_secs(10);

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
    /// Every step is printed on standard error.
    pub(crate) verbose: bool,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    pub(crate) faults: BTreeMap<&'static str, u64>,
    /// What could not be done, and why.
    pub(crate) skipped: BTreeMap<&'static str, String>,
    pub(crate) kills: u64,
    /// Histories that were folded again and fitted.
    pub(crate) replayed: u64,
    pub(crate) seconds: f64,
}

struct Run {
    topology: Topology,
    ledger: Ledger,
    faults: BTreeMap<&'static str, u64>,
    kills: u64,
    violations: Vec<Violation>,
    verbose: bool,
    random: StdRng,
}

/// Runs it.
///
/// # Errors
/// The harness itself could not go on: nothing is known of the gateway then.
pub(crate) async fn run(order: Order) -> Result<Outcome, String> {
    let begun = instant();
    let topology = Topology::open(order.setting.clone()).await?;
    let mut skipped = BTreeMap::new();
    if let Disk::Shared(why) = &topology.disk {
        for kind in KINDS.into_iter().filter(|k| k.starts_with("disk")) {
            skipped.insert(kind, why.clone());
        }
    }
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
    let abilities = Abilities {
        own_disk: matches!(topology.disk, Disk::Own(_)),
        lease: LEASE,
    };
    let mut run = Run {
        topology,
        ledger,
        faults: BTreeMap::new(),
        kills: 0,
        violations: Vec::new(),
        verbose: order.verbose,
        random: StdRng::seed_from_u64(order.seed ^ 0x5eed),
    };
    let plan = Plan::new(order.seed, abilities);
    let round = plan.round_len();
    for (nth, step) in plan.enumerate() {
        let over = match order.until {
            Until::Lasting(lasting) => begun.elapsed() >= lasting,
            Until::Kills(kills) => run.kills >= kills,
            Until::Rounds(rounds) => nth >= rounds * round,
        };
        if over {
            break;
        }
        tokio::time::sleep(step.after).await;
        run.happen(step.fault).await?;
    }
    run.say("the faults are over");
    open.send_replace(false);
    run.quiet().await?;
    let waiting = async { while clients.join_next().await.is_some() {} };
    if tokio::time::timeout(END_MAX, waiting).await.is_err() {
        run.violation("no_end", format!("clients still waited after {END_MAX:?}"));
    }
    alive.send_replace(false);
    clients.shutdown().await;
    run.conclude(begun, skipped).await
}

impl Run {
    fn say(&self, words: &str) {
        if self.verbose {
            eprintln!(
                "{} kills, {} acknowledged: {words}",
                self.kills,
                self.ledger.acknowledged()
            );
        }
    }

    fn violation(&mut self, kind: &'static str, words: impl Into<String>) {
        self.violations.push(Violation {
            kind,
            case_no: String::new(),
            words: words.into(),
        });
    }

    /// A node that ended by itself is a violation, and is started again.
    async fn look_after_nodes(&mut self) -> Result<(), String> {
        for nth in self.topology.ended() {
            let printed = self.topology.printed(nth);
            let last: Vec<&str> = printed.lines().rev().take(5).collect();
            self.violation("node_ended", format!("node {nth}: {last:?}"));
            self.topology.kill(nth);
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
                self.topology.kill(nth);
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
                match link {
                    Link::CutAt(_) | Link::CutBeforeAnswer => line.cut(link, cuts),
                    _ => {
                        line.set(link);
                        let mend = line.mender();
                        tokio::spawn(async move {
                            tokio::time::sleep(lasting).await;
                            mend.pass();
                        });
                    }
                }
            }
            Fault::Partner(kind, switch) => {
                if let Some(partner) = self.topology.partner(kind) {
                    partner.set(&[&switch]).await;
                }
            }
            Fault::Clock(seconds) => self.topology.advance(nth, seconds).await,
            Fault::DiskFull(full) => self.disk_full(nth, full).await?,
            Fault::ReadOnlyDisk => self.read_only_disk(nth).await?,
        }
        Ok(())
    }

    async fn upload_status(&self, nth: usize) -> u16 {
        let headers = [
            ("content-type", "application/pdf"),
            ("x-file-name", "s.pdf"),
        ];
        let content = "%PDF-1.4 sample";
        let public = self.topology.public(nth);
        let answer = try_send(public, "POST", "/api/v1/materials", &headers, content).await;
        answer.map_or(0, |a| a.status)
    }

    /// Uploads until one is answered so; the last answer when it never is.
    async fn until_upload(&self, nth: usize, wanted: u16) -> Result<(), u16> {
        let begun = instant();
        loop {
            match self.upload_status(nth).await {
                status if status == wanted => return Ok(()),
                status if begun.elapsed() > NOTICED_MAX => return Err(status),
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// Intake answers 503, reads go on, and all of it comes back without a restart.
    async fn disk_full(&mut self, nth: usize, full: Duration) -> Result<(), String> {
        let Some(filler) = self.topology.fill_disk()? else {
            return Ok(());
        };
        if let Err(status) = self.until_upload(nth, 503).await {
            let words = format!("an upload is answered {status}, not 503");
            self.violation("disk_full_unnoticed", words);
        }
        if let Some(told) = self.ledger.all().first() {
            let path = format!("/api/v1/applications/{}", told.no());
            let headers = [("x-query-code", told.query_code.as_str())];
            let shown = try_send(self.topology.public(nth), "GET", &path, &headers, "").await;
            let status = shown.map_or(0, |a| a.status);
            if status != 200 {
                let words = format!("a read is answered {status} while the disk is full");
                self.violation("disk_full_stops_reads", words);
            }
        }
        tokio::time::sleep(full).await;
        std::fs::remove_file(filler).map_err(|e| e.to_string())?;
        if let Err(status) = self.until_upload(nth, 201).await {
            let words = format!("an upload is answered {status} after the disk has room again");
            self.violation("disk_full_for_good", words);
        }
        Ok(())
    }

    /// A node that is started on a disk that cannot be written says so and ends, or serves reads; then it starts as if nothing had been.
    async fn read_only_disk(&mut self, nth: usize) -> Result<(), String> {
        self.topology.kill(nth);
        self.kills += 1;
        if !self.topology.set_read_only(true) {
            return self.topology.start(nth).await;
        }
        let started = self.topology.start(nth).await;
        if let Err(printed) = started
            && !printed.lines().any(|line| line.starts_with("tongban: "))
        {
            self.violation("read_only_disk_unexplained", printed);
        }
        self.topology.kill(nth);
        if !self.topology.set_read_only(false) {
            return Err("the disk cannot be made writable again".to_owned());
        }
        self.topology.start(nth).await
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
        settled(&self.topology, &told, END_MAX).await;
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
        let odd = self.ledger.oddities().into_iter().map(|words| Violation {
            kind: "odd_answer",
            case_no: String::new(),
            words,
        });
        verdict.violations.extend(odd);
        if told.is_empty() {
            verdict.violations.push(Violation {
                kind: "nothing_acknowledged",
                case_no: String::new(),
                words: "the run proves nothing".to_owned(),
            });
        }
        Ok(Outcome {
            verdict,
            faults: self.faults,
            skipped,
            kills: self.kills,
            replayed,
            seconds: begun.elapsed().as_secs_f64(),
        })
    }
}
