//! The plan of faults: what happens when, from the seed alone.

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use std::time::Duration;
use tongban_tests::postgres::Ending;
use tongban_tests::proxy::Link;

/// The kinds of partners.
pub(crate) const PARTNERS: [&str; 3] = ["rest", "soap", "xml"];

/// A line with a proxy in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// Clients to a node.
    Public,
    /// Partners to a node.
    Exchange,
    /// Nodes to this partner.
    Partner(&'static str),
    /// A node to the database.
    Database,
    /// A node to Redis.
    Redis,
}

/// One thing that goes wrong.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fault {
    /// kill -9 of a node; it starts again after so long.
    KillNode(Duration),
    /// kill -9 of a partner; it comes back with what it had written down.
    KillPartner(&'static str, Duration),
    /// SIGSTOP of a node, longer than a lease; then SIGCONT.
    StopNode(Duration),
    /// A line is disturbed for so long. A cut hits so many connections as the last number says.
    Line(Line, Link, Duration, u64),
    /// A partner misbehaves once, as its switch says.
    Partner(&'static str, String),
    /// A node's clock jumps forward; it falls back at the node's next start.
    Clock(u32),
    /// Nothing more can be written for so long.
    DiskFull(Duration),
    /// A node starts on a disk that cannot be written.
    ReadOnlyDisk,
    /// The database server ends in the middle of everything; it starts again after so long.
    EndDatabase(Ending, Duration),
    /// A node cannot reach the database for so long, longer than its lease, while the others can.
    Partition(Duration),
    /// kill -9 of a node, which stays away until the others have taken over what it had.
    NodeGone,
    /// kill -9 of Redis, with all that it knew; an empty one starts after so long.
    KillRedis(Duration),
    /// SIGSTOP of Redis for so long: it takes connections and answers nothing.
    StopRedis(Duration),
    /// A node cannot reach Redis for so long, while the others can.
    PartFromRedis(Duration),
}

impl Fault {
    /// Its name in the report.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::KillNode(_) => "gateway_killed",
            Self::KillPartner(..) => "partner_killed",
            Self::StopNode(_) => "gateway_stopped",
            Self::Line(Line::Database, Link::CutAnswerTo(_), ..) => "commit_answer_cut",
            Self::Line(Line::Database, Link::CutBefore(_), ..) => "commit_cut",
            Self::Line(Line::Database, ..) => "database_delayed",
            Self::Line(Line::Redis, ..) => "redis_answer_cut",
            Self::Line(_, Link::Pass | Link::Delay(_), ..) => "line_delayed",
            Self::Line(_, Link::CutAt(_) | Link::CutBefore(_), ..) => "line_cut_in_request",
            Self::Line(_, Link::CutBeforeAnswer | Link::CutAnswerTo(_), ..) => {
                "line_cut_before_answer"
            }
            Self::Line(_, Link::BlackHole, ..) => "line_black_hole",
            Self::Partner(_, switch) if switch.starts_with("twice") => "feedback_twice",
            Self::Partner(_, switch) if switch.starts_with("out_of_order") => {
                "feedback_out_of_order"
            }
            Self::Partner(_, switch) if switch.starts_with("late") => "feedback_late",
            Self::Partner(..) => "answer_lost",
            Self::Clock(_) => "clock_jumped",
            Self::DiskFull(_) => "disk_full",
            Self::ReadOnlyDisk => "disk_read_only",
            Self::EndDatabase(..) => "database_killed",
            Self::Partition(_) => "node_partitioned",
            Self::NodeGone => "node_gone",
            Self::KillRedis(_) => "redis_killed",
            Self::StopRedis(_) => "redis_stopped",
            Self::PartFromRedis(_) => "redis_partitioned",
        }
    }
}

/// Every kind, for reports that name what did not happen.
pub(crate) const KINDS: [&str; 24] = [
    "gateway_killed",
    "partner_killed",
    "gateway_stopped",
    "line_delayed",
    "line_cut_in_request",
    "line_cut_before_answer",
    "line_black_hole",
    "feedback_twice",
    "feedback_out_of_order",
    "feedback_late",
    "answer_lost",
    "clock_jumped",
    "disk_full",
    "disk_read_only",
    "database_killed",
    "database_delayed",
    "commit_answer_cut",
    "commit_cut",
    "node_partitioned",
    "node_gone",
    "redis_killed",
    "redis_stopped",
    "redis_partitioned",
    "redis_answer_cut",
];

/// What a node says when it commits, as the line sees it.
const COMMIT: &[u8] = b"COMMIT";

/// What the place of the run allows, and what of it is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Abilities {
    /// The data folder lies on a small disk of its own, which can be filled and made read-only; or why it does not.
    pub(crate) own_disk: Result<(), String>,
    /// There is a database server, with a line to it for each node.
    pub(crate) database: bool,
    /// There is a Redis, with a line to it for each node.
    pub(crate) redis: bool,
    /// Nodes on one store.
    pub(crate) nodes: usize,
    /// The node's lease: a stop lasts longer.
    pub(crate) lease: Duration,
    /// The kinds that are asked for; empty: all.
    pub(crate) only: Vec<String>,
}

impl Abilities {
    /// Why a kind of fault does not happen; `None` when it does.
    pub(crate) fn why_not(&self, kind: &str) -> Option<String> {
        if !self.only.is_empty() && !self.only.iter().any(|only| only == kind) {
            return Some("not asked for (--only)".to_owned());
        }
        match kind {
            _ if kind.starts_with("disk") => self.own_disk.clone().err(),
            _ if kind.starts_with("redis") && !self.redis => {
                Some("no Redis stands between nodes".to_owned())
            }
            "node_partitioned" | "node_gone" if self.nodes < 2 => {
                Some("nobody could take over: one node".to_owned())
            }
            "database_killed" | "database_delayed" | "commit_answer_cut" | "commit_cut"
                if !self.database =>
            {
                Some("the embedded store has no server".to_owned())
            }
            _ => None,
        }
    }
}

/// A fault and the pause before it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    /// How long the installation runs undisturbed before.
    pub(crate) after: Duration,
    /// What then happens.
    pub(crate) fault: Fault,
}

/// The steps of a seed, without end: rounds in which every kind comes at least once, in a drawn order, and kills of a node four times.
pub(crate) struct Plan {
    random: StdRng,
    abilities: Abilities,
    round: Vec<&'static str>,
}

impl Plan {
    /// The plan of a seed.
    pub(crate) fn new(seed: u64, abilities: Abilities) -> Self {
        Self {
            random: StdRng::seed_from_u64(seed),
            abilities,
            round: Vec::new(),
        }
    }

    /// The kinds of a round.
    fn kinds(&self) -> Vec<&'static str> {
        KINDS
            .into_iter()
            .chain(["gateway_killed"; 3])
            .filter(|kind| self.abilities.why_not(kind).is_none())
            .collect()
    }

    /// Steps in a round.
    pub(crate) fn round_len(&self) -> usize {
        self.kinds().len()
    }

    fn next_kind(&mut self) -> &'static str {
        if self.round.is_empty() {
            self.round = self.kinds();
            self.round.shuffle(&mut self.random);
        }
        self.round.pop().unwrap_or("gateway_killed")
    }

    fn ms(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(self.random.random_range(from..to))
    }

    fn partner(&mut self) -> &'static str {
        PARTNERS[self.random.random_range(0..PARTNERS.len())]
    }

    fn line(&mut self) -> Line {
        match self.random.random_range(0..5) {
            0 => Line::Public,
            1 => Line::Exchange,
            _ => Line::Partner(self.partner()),
        }
    }

    fn fault(&mut self, kind: &str) -> Fault {
        match kind {
            "partner_killed" => Fault::KillPartner(self.partner(), self.ms(0, 1_500)),
            "gateway_stopped" => {
                let beyond = self.ms(200, 1_000);
                Fault::StopNode(self.abilities.lease + beyond)
            }
            "line_delayed" => {
                let pause = self.ms(20, 400);
                Fault::Line(self.line(), Link::Delay(pause), self.ms(500, 2_000), 0)
            }
            "line_cut_in_request" => {
                let byte = self.random.random_range(0..1_500);
                let times = self.random.random_range(1..4);
                Fault::Line(self.line(), Link::CutAt(byte), self.ms(200, 1_000), times)
            }
            "line_cut_before_answer" => {
                let times = self.random.random_range(1..4);
                let line = self.line();
                Fault::Line(line, Link::CutBeforeAnswer, self.ms(200, 1_000), times)
            }
            "line_black_hole" => Fault::Line(self.line(), Link::BlackHole, self.ms(500, 3_000), 0),
            "feedback_twice" => {
                Fault::Partner(self.partner(), "twice,phase=feedback,times=2".to_owned())
            }
            "feedback_out_of_order" => Fault::Partner(
                self.partner(),
                "out_of_order,phase=feedback,times=2".to_owned(),
            ),
            "feedback_late" => {
                let late = self.random.random_range(200..900);
                Fault::Partner(
                    self.partner(),
                    format!("late={late}ms,phase=feedback,times=2"),
                )
            }
            "answer_lost" => {
                let phase = ["submit", "supplement", "withdraw"][self.random.random_range(0..3)];
                Fault::Partner(self.partner(), format!("drop,phase={phase},times=1"))
            }
            "clock_jumped" => Fault::Clock(self.random.random_range(1..20)),
            "disk_full" => Fault::DiskFull(self.ms(300, 1_200)),
            "disk_read_only" => Fault::ReadOnlyDisk,
            "database_killed" => {
                let ending = match self.random.random_range(0..2) {
                    0 => Ending::Killed,
                    _ => Ending::Immediate,
                };
                Fault::EndDatabase(ending, self.ms(0, 1_500))
            }
            "database_delayed" => {
                let pause = self.ms(5, 120);
                Fault::Line(Line::Database, Link::Delay(pause), self.ms(500, 2_000), 0)
            }
            "commit_answer_cut" => {
                let times = self.random.random_range(1..5);
                Fault::Line(
                    Line::Database,
                    Link::CutAnswerTo(COMMIT),
                    Duration::ZERO,
                    times,
                )
            }
            "commit_cut" => {
                let times = self.random.random_range(1..5);
                Fault::Line(
                    Line::Database,
                    Link::CutBefore(COMMIT),
                    Duration::ZERO,
                    times,
                )
            }
            "node_partitioned" => {
                let beyond = self.ms(200, 2_000);
                Fault::Partition(self.abilities.lease + beyond)
            }
            "node_gone" => Fault::NodeGone,
            "redis_killed" => Fault::KillRedis(self.ms(0, 1_500)),
            "redis_stopped" => Fault::StopRedis(self.ms(0, 1_500)),
            "redis_partitioned" => Fault::PartFromRedis(self.ms(0, 1_500)),
            "redis_answer_cut" => {
                let times = self.random.random_range(1..4);
                Fault::Line(Line::Redis, Link::CutBeforeAnswer, Duration::ZERO, times)
            }
            _ => {
                // As often at once as after a while: what a start does must stand a kill too.
                let down = self.ms(0, 400);
                Fault::KillNode(down)
            }
        }
    }
}

impl Iterator for Plan {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let kind = self.next_kind();
        let after = self.ms(50, 700);
        let fault = self.fault(kind);
        Some(Step { after, fault })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn abilities(own_disk: bool, nodes: usize) -> Abilities {
        Abilities {
            own_disk: own_disk.then_some(()).ok_or_else(|| "none".to_owned()),
            database: nodes > 1,
            redis: nodes > 1,
            nodes,
            lease: Duration::from_secs(4),
            only: Vec::new(),
        }
    }

    fn steps(seed: u64, own_disk: bool, count: usize) -> Vec<Step> {
        Plan::new(seed, abilities(own_disk, 1))
            .take(count)
            .collect()
    }

    fn kinds_of_a_round(abilities: Abilities) -> Vec<&'static str> {
        let plan = Plan::new(1, abilities);
        let round = plan.round_len();
        plan.take(round).map(|step| step.fault.kind()).collect()
    }

    #[test]
    fn one_seed_is_one_plan() {
        assert_eq!(steps(7, true, 200), steps(7, true, 200));
        assert_ne!(steps(7, true, 200), steps(8, true, 200));
    }

    #[test]
    fn every_round_has_every_kind_that_can_be_and_kills_most_often() {
        for (own_disk, nodes) in [(true, 1), (false, 1), (false, 3)] {
            let abilities = abilities(own_disk, nodes);
            let can_be = KINDS
                .into_iter()
                .filter(|kind| abilities.why_not(kind).is_none());
            let can_be: BTreeSet<&str> = can_be.collect();
            let round = kinds_of_a_round(abilities);
            assert_eq!(round.iter().copied().collect::<BTreeSet<_>>(), can_be);
            assert_eq!(round.iter().filter(|k| **k == "gateway_killed").count(), 4);
            assert_eq!(can_be.contains("disk_full"), own_disk);
            assert_eq!(can_be.contains("node_gone"), nodes > 1);
            assert_eq!(can_be.contains("redis_killed"), nodes > 1);
        }
    }

    #[test]
    fn what_alone_is_asked_for_is_all_that_happens() {
        let only = Abilities {
            only: vec!["gateway_killed".to_owned()],
            ..abilities(true, 1)
        };
        assert_eq!(kinds_of_a_round(only), ["gateway_killed"; 4]);
    }

    #[test]
    fn a_stop_lasts_longer_than_a_lease() {
        for step in steps(3, true, 500) {
            if let Fault::StopNode(stopped) = step.fault {
                assert!(stopped > Duration::from_secs(4));
            }
        }
    }
}
