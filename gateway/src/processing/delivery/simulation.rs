//! The delivery protocol over many seeds, time compressed: two workers, one row of the outbox, a partner without a check for repeats of
//! its own, and everything that may go wrong between any two steps – a worker dies, stands still past its lease, its clock jumps, a
//! request or its answer is lost, the partner is busy.
//!
//! The decisions are those of production (`decide`, `Journal`, `Tenure`); the row does what the store's conformance suite demands. Two
//! things are taken for granted, as in production: what a sender had sent before it died or gave up has arrived or is lost by the time
//! that anybody asks; and while an errand flies, the clocks of the nodes agree. (In one process a jump does no harm: `worker` keeps a
//! delivery on the ground whose errand still flies.)

use super::decide::{Facts, Happened, Next, decide};
use super::hours::Hours;
use super::journal::Journal;
use super::tenure::{Leave, Tenure};
use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tongban_adapters::definition::RetryPolicy;
use tongban_adapters::exchange::{QueryVerdict, StepVerdict};

const LEASE_MS: u64 = 10_000;
const TOTAL_MS: u64 = 5_000;
const EVENTS_MAX: usize = 20_000;
const POLICY: RetryPolicy = RetryPolicy {
    initial: Duration::from_secs(1),
    factor: 2.0,
    max: Duration::from_secs(30),
    give_up_after: None,
};

/// What the partner can do about repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ability {
    /// It can be asked by our number.
    Asked,
    /// It notices a repeat.
    Notices,
    /// Neither.
    Neither,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RowState {
    Pending,
    Sending,
    Unknown,
    Delivered,
    Dead,
}

/// The row of the outbox.
#[derive(Debug)]
struct Row {
    state: RowState,
    fence: u64,
    /// By the wall clock, which jumps.
    due_at: u64,
    ask_first: bool,
    begun: bool,
    journal: Value,
    attempts: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Step(usize),
    Ask,
}

#[derive(Debug, Clone)]
enum Stage {
    Begin,
    /// About to write `begun`.
    Announce(usize),
    /// About to send.
    Send(Turn),
    /// An answer, or none, is at hand.
    Answer(Turn, Happened),
    /// About to write the outcome.
    Leave(Next),
}

/// An errand of a worker.
#[derive(Debug)]
struct Errand {
    fence: u64,
    tenure: Tenure,
    journal: Journal,
    doubtful: bool,
    interrupted: bool,
    stage: Stage,
    /// It does nothing before this time.
    wakes_at: u64,
}

struct World {
    random: StdRng,
    ability: Ability,
    steps: Vec<String>,
    origin: Instant,
    /// Monotonic milliseconds.
    now: u64,
    /// How far the wall clock is ahead of them.
    ahead: u64,
    row: Row,
    workers: [Option<Errand>; 2],
    /// How often the partner registered the application.
    effects: u32,
    /// Troubles left; without an end to them nothing would ever end.
    troubles: u32,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let ability =
            [Ability::Asked, Ability::Notices, Ability::Neither][random.random_range(0..3)];
        let names = ["number", "hand_over"];
        let steps = &names[random.random_range(0..2)..];
        Self {
            ability,
            steps: steps.iter().map(|s| (*s).to_owned()).collect(),
            origin: crate::clock::Clock::system().instant(),
            now: 0,
            ahead: 0,
            row: Row {
                state: RowState::Pending,
                fence: 0,
                due_at: 0,
                ask_first: false,
                begun: false,
                journal: Value::Null,
                attempts: 0,
            },
            workers: [None, None],
            effects: 0,
            troubles: random.random_range(0..40),
            random,
        }
    }

    fn wall(&self) -> u64 {
        self.now + self.ahead
    }

    fn instant(&self) -> Instant {
        self.origin + Duration::from_millis(self.now)
    }

    fn trouble(&mut self, one_in: u32) -> bool {
        let happens = self.troubles > 0 && self.random.random_range(0..one_in) == 0;
        self.troubles -= u32::from(happens);
        happens
    }

    /// Leases the row when it is due, as the store does.
    fn lease(&mut self, worker: usize) {
        let due = self.row.due_at <= self.wall()
            && !matches!(self.row.state, RowState::Delivered | RowState::Dead);
        if !due || self.workers[worker].is_some() {
            return;
        }
        let interrupted = self.row.begun;
        self.row.fence += 1;
        self.row.state = RowState::Sending;
        self.row.due_at = self.wall() + LEASE_MS;
        self.row.ask_first |= self.row.begun;
        let journal = Journal::read(&self.row.journal);
        self.workers[worker] = Some(Errand {
            fence: self.row.fence,
            tenure: Tenure::new(self.instant(), Duration::from_millis(LEASE_MS), None),
            doubtful: self.row.ask_first || journal.begun.is_some(),
            journal,
            interrupted,
            stage: Stage::Begin,
            wakes_at: self.now,
        });
    }

    fn holds(&self, errand: &Errand) -> bool {
        self.row.fence == errand.fence && self.row.state == RowState::Sending
    }

    fn write_journal(&mut self, errand: &Errand) -> bool {
        let holds = self.holds(errand);
        if holds {
            self.row.journal = errand.journal.write();
            self.row.begun = errand.journal.begun.is_some();
        }
        holds
    }

    /// What the partner does with a request that has arrived.
    fn at_partner(&mut self, turn: Turn) -> Happened {
        if turn == Turn::Ask {
            return Happened::Asked(match self.effects {
                0 => QueryVerdict::Unknown,
                _ => QueryVerdict::Ours { partner_no: None },
            });
        }
        if self.trouble(6) {
            return Happened::Answered(StepVerdict::Unavailable {
                reason: "busy".to_owned(),
                retry_after_s: None,
            });
        }
        let last = turn == Turn::Step(self.steps.len() - 1);
        if last && self.effects > 0 && self.ability == Ability::Notices {
            return Happened::Answered(StepVerdict::AlreadyThere);
        }
        self.effects += u32::from(last);
        Happened::Answered(StepVerdict::Accepted {
            captured: json!({}),
            partner_no: None,
        })
    }

    /// One exchange: not sent, lost on the way, lost on the way back, or answered; it takes as long as it may.
    fn exchange(&mut self, turn: Turn) -> Happened {
        let asking = turn == Turn::Ask;
        let unavailable = || {
            Happened::Asked(QueryVerdict::Unavailable {
                reason: "no answer".to_owned(),
            })
        };
        if self.trouble(5) {
            return if asking {
                unavailable()
            } else {
                Happened::NotSent
            };
        }
        if self.trouble(5) {
            return if asking {
                unavailable()
            } else {
                Happened::OutcomeUnknown
            };
        }
        let answer = self.at_partner(turn);
        match self.trouble(4) {
            true if asking => unavailable(),
            true => Happened::OutcomeUnknown,
            false => answer,
        }
    }

    /// The next step of an errand; `None` when it is over.
    fn go_on(&mut self, mut errand: Errand) -> Option<Errand> {
        let total = Duration::from_millis(TOTAL_MS);
        match errand.stage.clone() {
            Stage::Begin => errand.stage = self.begin(&errand),
            Stage::Announce(step) => {
                errand.journal.begin(&self.steps[step].clone());
                let leaves = errand.tenure.may_leave(self.instant(), total, None) == Leave::Now;
                if !leaves || !self.write_journal(&errand) {
                    return None;
                }
                errand.stage = Stage::Send(Turn::Step(step));
            }
            Stage::Send(turn) => {
                if errand.tenure.may_leave(self.instant(), total, None) != Leave::Now {
                    return None;
                }
                let happened = self.exchange(turn);
                self.row.attempts += 1;
                errand.wakes_at = self.now + self.random.random_range(1..TOTAL_MS);
                errand.stage = Stage::Answer(turn, happened);
            }
            Stage::Answer(turn, happened) => {
                if !self.understand(&mut errand, turn, &happened) {
                    return None;
                }
            }
            Stage::Leave(next) => {
                self.finish(&errand, &next);
                return None;
            }
        }
        Some(errand)
    }

    fn begin(&self, errand: &Errand) -> Stage {
        let (askable, repeatable) = self.abilities();
        match errand.journal.next(&self.steps) {
            None if errand.journal.begun.is_none() => Stage::Leave(Next::Delivered),
            _ if errand.interrupted && !askable && !repeatable => Stage::Leave(Next::Dead),
            _ if errand.doubtful && askable => Stage::Send(Turn::Ask),
            next => Stage::Announce(next.unwrap_or(self.steps.len() - 1)),
        }
    }

    fn abilities(&self) -> (bool, bool) {
        (
            self.ability == Ability::Asked,
            self.ability == Ability::Notices,
        )
    }

    /// Writes down what an answer says and decides; false when the fence is void.
    fn understand(&mut self, errand: &mut Errand, turn: Turn, happened: &Happened) -> bool {
        match (happened, turn) {
            (Happened::NotSent, _) => errand.journal.forget(),
            (Happened::Answered(StepVerdict::Accepted { .. }), Turn::Step(step)) => {
                errand.journal.finish(&self.steps[step].clone(), json!({}));
            }
            _ => {}
        }
        let writes = matches!(
            happened,
            Happened::NotSent | Happened::Answered(StepVerdict::Accepted { .. })
        );
        if writes && !self.write_journal(errand) {
            return false;
        }
        let (askable, repeatable) = self.abilities();
        let now = i64::try_from(self.wall()).unwrap_or(i64::MAX);
        let facts = Facts {
            attempts: self.row.attempts,
            hours: Hours::default(),
            created_at: Timestamp::UNIX_EPOCH,
            now: Timestamp::from_millisecond(now).unwrap_or(Timestamp::MAX),
            askable,
            repeatable,
            doubtful: errand.doubtful,
            refused_in_doubt: errand.journal.refused_in_doubt,
            ended: None,
            jitter: self.random.random(),
        };
        let next = decide(&POLICY, &facts, happened);
        errand.stage = match next {
            Next::GoOn => match errand.journal.next(&self.steps) {
                Some(step) => Stage::Announce(step),
                None => Stage::Leave(Next::Delivered),
            },
            Next::Ask => Stage::Send(Turn::Ask),
            Next::Send => {
                errand.journal.forget();
                let next = errand.journal.next(&self.steps);
                Stage::Announce(next.unwrap_or(self.steps.len() - 1))
            }
            other => Stage::Leave(other),
        };
        true
    }

    /// Leaves the row with an outcome, as the store does.
    fn finish(&mut self, errand: &Errand, next: &Next) {
        if !self.holds(errand) {
            return;
        }
        match next {
            Next::Again { at, unknown } => {
                self.row.state = match unknown {
                    true => RowState::Unknown,
                    false => RowState::Pending,
                };
                self.row.due_at = u64::try_from(at.as_millisecond()).unwrap_or(0);
                self.row.ask_first = *unknown;
                if !unknown {
                    let mut journal = Journal::read(&self.row.journal);
                    journal.forget();
                    self.row.journal = journal.write();
                }
            }
            Next::Dead => self.row.state = RowState::Dead,
            _ => self.row.state = RowState::Delivered,
        }
        self.row.begun = false;
    }

    /// One event of the world.
    fn tick(&mut self) {
        let worker = self.random.random_range(0..2);
        self.now += self.random.random_range(0..400);
        if self.workers.iter().all(Option::is_none) && self.trouble(10) {
            // The clock jumps ahead: what a dead worker had leased is due at once.
            self.ahead += self.random.random_range(0..3 * LEASE_MS);
        }
        let Some(mut errand) = self.workers[worker].take() else {
            self.lease(worker);
            return;
        };
        if self.trouble(12) {
            return; // It died here; its lease runs out by itself.
        }
        if self.trouble(12) {
            errand.wakes_at = self.now + self.random.random_range(0..3 * LEASE_MS);
        }
        if errand.wakes_at > self.now {
            self.workers[worker] = Some(errand);
            return;
        }
        self.workers[worker] = self.go_on(errand);
    }
}

/// Runs a seed to its end.
fn simulate(seed: u64) -> World {
    let mut world = World::new(seed);
    for _ in 0..EVENTS_MAX {
        let settled = matches!(world.row.state, RowState::Delivered | RowState::Dead);
        if settled && world.workers.iter().all(Option::is_none) {
            return world;
        }
        world.tick();
        assert!(
            world.effects <= 1,
            "seed {seed}: registered {} times; {:?}, {:?}",
            world.effects,
            world.ability,
            world.row
        );
    }
    panic!("seed {seed}: no end: {:?}", world.row);
}

fn seeds() -> u64 {
    // A hundred thousand with `TONGBAN_LONG`.
    match crate::config::environment("TONGBAN_LONG") {
        Some(_) => 100_000,
        None => 10_000,
    }
}

#[test]
fn over_ten_thousand_seeds_nothing_is_lost_and_nothing_has_its_effect_twice() {
    let (mut delivered, mut dead) = (0u64, 0u64);
    for seed in 0..seeds() {
        let world = simulate(seed);
        match world.row.state {
            RowState::Delivered => {
                assert_eq!(world.effects, 1, "seed {seed}: delivered without effect");
                delivered += 1;
            }
            _ => {
                assert_eq!(
                    world.ability,
                    Ability::Neither,
                    "seed {seed}: given up although the partner can be asked or notices repeats"
                );
                dead += 1;
            }
        }
    }
    println!("{delivered} delivered, {dead} left to a person");
    assert!(
        dead > 0 && delivered > dead,
        "troubles must neither be absent nor stop everything"
    );
}
