//! The operator's overview of deliveries (投递总览): which partner is stuck, why, and what to type. [`judge`] is pure.

use crate::clock::Clock;
use crate::processing::delivery::hours::Hours;
use crate::registry::Registry;
use crate::registry::system::SystemState;
use crate::shared_state::RedisStanding;
use crate::store::delivery::QueueDepth;
use crate::store::overview::SystemFacts;
use crate::store::{SharedStore, StoreError};
use crate::text::Text;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A partner that has confirmed nothing for so long, while something it should have waits, is stuck.
const STUCK_AFTER: SignedDuration = SignedDuration::from_mins(10);

/// How deliveries to a system stand; worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// It fails, or nothing has got through for ten minutes.
    Stuck,
    /// What was given up waits for a person.
    Dead,
    /// An operator paused it, or it is suspended.
    Paused,
    /// Outside its opening hours.
    Closed,
    /// Something waits, nothing is wrong.
    Waiting,
    /// Nothing waits.
    Flowing,
}

impl Flow {
    /// The word in the overview.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stuck => "stuck",
            Self::Dead => "dead",
            Self::Paused => "paused",
            Self::Closed => "closed",
            Self::Waiting => "waiting",
            Self::Flowing => "flowing",
        }
    }

    /// The value of the metric: 0 flowing, 1 waiting, 2 closed, 3 paused, 4 dead letters, 5 stuck.
    #[must_use]
    pub fn level(self) -> i64 {
        match self {
            Self::Flowing => 0,
            Self::Waiting => 1,
            Self::Closed => 2,
            Self::Paused => 3,
            Self::Dead => 4,
            Self::Stuck => 5,
        }
    }
}

/// A failure in the overview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureShown {
    /// When.
    pub at: Timestamp,
    /// Its delivery, for `tongban deliveries show`.
    pub delivery: i64,
    /// How often that delivery was tried.
    pub tries: u32,
    /// Stable code.
    pub code: String,
    /// In plain words, Chinese.
    pub zh: String,
    /// In plain words, English.
    pub en: String,
}

/// One system of the overview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemLine {
    /// Its id.
    pub system: String,
    /// How it stands.
    pub state: Flow,
    /// Deliveries that wait, the one being sent included.
    pub waiting: u64,
    /// Creation of the oldest that waits.
    pub oldest: Option<Timestamp>,
    /// Dead letters.
    pub dead: u64,
    /// When it last confirmed something.
    pub last_success: Option<Timestamp>,
    /// Why what is open did not get through.
    pub last_failure: Option<FailureShown>,
    /// When the next is tried.
    pub next_at: Option<Timestamp>,
    /// What to do now: the rest of a command line after `tongban deliveries`; empty when nothing is to be done.
    pub then: String,
}

/// `GET /ops/v1/overview`: worst first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    /// When it was taken.
    pub at: Timestamp,
    /// The systems.
    pub systems: Vec<SystemLine>,
    /// How Redis stands at the node that was asked; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redis: Option<RedisStanding>,
}

/// What is known of a system beside the store's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Paused by an operator, or suspended in the registry.
    pub paused: bool,
    /// Its opening hours.
    pub hours: Hours,
}

/// One line: what the rows and the registry say together.
#[must_use]
pub fn judge(
    depth: &QueueDepth,
    facts: &SystemFacts,
    standing: Standing,
    now: Timestamp,
) -> SystemLine {
    let state = flow(depth, facts, standing, now);
    let failure = facts.last_failure.as_ref();
    let system = &depth.system_id;
    let then = match (state, failure) {
        (Flow::Stuck | Flow::Dead, Some(failure)) if depth.dead == 0 => {
            format!("show {}", failure.delivery_id)
        }
        (Flow::Stuck | Flow::Dead, _) if depth.dead > 0 => {
            format!("list --system {system} --state dead")
        }
        (Flow::Stuck, _) => format!("list --system {system}"),
        (Flow::Paused, _) => format!("resume --system {system}"),
        _ => String::new(),
    };
    SystemLine {
        system: system.clone(),
        state,
        waiting: depth.waiting,
        oldest: depth.oldest,
        dead: depth.dead,
        last_success: facts.last_success,
        last_failure: failure.map(|failure| {
            let words = words_of(&failure.code);
            FailureShown {
                at: failure.at,
                delivery: failure.delivery_id,
                tries: failure.tries,
                code: failure.code.clone(),
                zh: words.zh.to_owned(),
                en: words.en.to_owned(),
            }
        }),
        next_at: facts.next_at,
        then,
    }
}

fn flow(depth: &QueueDepth, facts: &SystemFacts, standing: Standing, now: Timestamp) -> Flow {
    if standing.paused {
        return Flow::Paused;
    }
    let waits = depth.waiting > 0;
    if waits && !standing.hours.is_open(now) {
        return Flow::Closed;
    }
    let last = facts.last_success;
    let failed_since = facts
        .last_failure
        .as_ref()
        .is_some_and(|failure| last.is_none_or(|at| failure.at > at));
    let waited = depth.oldest.map_or(SignedDuration::ZERO, |oldest| {
        let since = last.map_or(oldest, |at| at.max(oldest));
        now.duration_since(since)
    });
    match () {
        () if waits && (failed_since || waited >= STUCK_AFTER) => Flow::Stuck,
        () if depth.dead > 0 => Flow::Dead,
        () if waits => Flow::Waiting,
        () => Flow::Flowing,
    }
}

macro_rules! words {
    ($($code:literal $zh:literal $en:literal;)*) => {
        /// Why an attempt failed, by its code.
        const WORDS: &[Text] = &[$(Text { key: $code, zh: $zh, en: $en }),*];
    };
}

words! {
    "not_sent" "连不上" "not reachable";
    "outcome_unknown" "没有回音" "no answer";
    "not_understood" "答复读不懂" "reply not understood";
    "refused" "对方拒收" "refused";
    "unavailable" "对方暂不可用" "says: later";
    "foreign" "编号被他人占用" "number is another's";
    "unknown_to_partner" "对方查无此件" "not known there";
    "material_infected" "材料有病毒" "infected file";
}

fn words_of(code: &str) -> Text {
    let known = WORDS.iter().find(|text| text.key == code).copied();
    known.unwrap_or(Text {
        key: "failed",
        zh: "投递失败",
        en: "failed",
    })
}

/// Takes the overview: every registered system, and every other that something is open for.
///
/// # Errors
/// The store's.
pub async fn take(
    store: &SharedStore,
    registry: &Registry,
    clock: &Clock,
) -> Result<Overview, StoreError> {
    let now = clock.now();
    let snapshot = registry.load();
    let paused = store.paused().await?;
    let mut depths: BTreeMap<String, QueueDepth> = store
        .depths()
        .await?
        .into_iter()
        .map(|depth| (depth.system_id.clone(), depth))
        .collect();
    let ids: BTreeSet<String> = snapshot
        .systems
        .keys()
        .chain(depths.keys())
        .cloned()
        .collect();
    let ids: Vec<String> = ids.into_iter().collect();
    let facts = store.system_facts(&ids).await?;
    let mut systems: Vec<SystemLine> = facts
        .iter()
        .map(|facts| {
            let id = &facts.system_id;
            let current = snapshot
                .systems
                .get(id)
                .and_then(|versions| versions.current());
            let standing = Standing {
                paused: paused.contains(id)
                    || current.is_some_and(|version| version.state == SystemState::Suspended),
                hours: Hours::of(current.and_then(|version| version.definition.limits().window)),
            };
            let depth = depths.remove(id).unwrap_or_else(|| QueueDepth {
                system_id: id.clone(),
                waiting: 0,
                dead: 0,
                oldest: None,
            });
            judge(&depth, facts, standing, now)
        })
        .collect();
    systems.sort_by(|a, b| {
        let worse = |line: &SystemLine| (line.state, std::cmp::Reverse(line.waiting + line.dead));
        worse(a)
            .cmp(&worse(b))
            .then_with(|| a.system.cmp(&b.system))
    });
    Ok(Overview {
        at: now,
        systems,
        redis: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::overview::LastFailure;
    use jiff::civil::Time;

    fn at(minutes: i64) -> Timestamp {
        let start: Timestamp = "2026-03-02T01:00:00Z".parse().unwrap();
        start + SignedDuration::from_mins(minutes)
    }

    fn depth(waiting: u64, oldest: Option<i64>, dead: u64) -> QueueDepth {
        QueueDepth {
            system_id: "s".to_owned(),
            waiting,
            dead,
            oldest: oldest.map(at),
        }
    }

    fn facts(success: Option<i64>, failure: Option<i64>) -> SystemFacts {
        SystemFacts {
            system_id: "s".to_owned(),
            last_success: success.map(at),
            last_failure: failure.map(|minutes| LastFailure {
                at: at(minutes),
                delivery_id: 7,
                code: "not_sent".to_owned(),
                tries: 1,
            }),
            next_at: None,
        }
    }

    fn state(depth: &QueueDepth, facts: &SystemFacts, standing: Standing) -> (Flow, String) {
        let line = judge(depth, facts, standing, at(60));
        (line.state, line.then)
    }

    #[test]
    fn the_state_of_a_system_follows_from_what_waits_and_what_it_last_did() {
        let plain = Standing::default();
        for (what, depth, facts, expected) in [
            (
                "nothing",
                depth(0, None, 0),
                facts(None, None),
                (Flow::Flowing, ""),
            ),
            (
                "young",
                depth(3, Some(55), 0),
                facts(Some(50), None),
                (Flow::Waiting, ""),
            ),
            (
                "a queue that drains",
                depth(900, Some(1), 0),
                facts(Some(59), Some(20)),
                (Flow::Waiting, ""),
            ),
            (
                "failed since",
                depth(1, Some(58), 0),
                facts(Some(50), Some(59)),
                (Flow::Stuck, "show 7"),
            ),
            (
                "silent",
                depth(1, Some(50), 0),
                facts(Some(45), None),
                (Flow::Stuck, "list --system s"),
            ),
            (
                "given up",
                depth(0, None, 2),
                facts(Some(59), Some(30)),
                (Flow::Dead, "list --system s --state dead"),
            ),
            (
                "both",
                depth(1, Some(5), 2),
                facts(None, Some(59)),
                (Flow::Stuck, "list --system s --state dead"),
            ),
        ] {
            let (flow, then) = state(&depth, &facts, plain);
            assert_eq!((flow, then.as_str()), expected, "{what}");
        }
    }

    #[test]
    fn paused_and_closed_systems_are_not_called_stuck() {
        let long = depth(5, Some(0), 1);
        let paused = Standing {
            paused: true,
            hours: Hours::default(),
        };
        let (flow, then) = state(&long, &facts(None, Some(59)), paused);
        assert_eq!((flow, then.as_str()), (Flow::Paused, "resume --system s"));
        // 10:00 in Asia/Shanghai.
        for (from, to, expected) in [
            (8, 17, Flow::Stuck),
            (11, 17, Flow::Closed),
            (22, 6, Flow::Closed),
            (22, 11, Flow::Stuck),
        ] {
            let hours = Standing {
                paused: false,
                hours: Hours::of(Some((
                    Time::constant(from, 0, 0, 0),
                    Time::constant(to, 0, 0, 0),
                ))),
            };
            let (flow, _) = state(&long, &facts(None, Some(59)), hours);
            assert_eq!(flow, expected, "{from} - {to}");
        }
    }

    #[test]
    fn worse_states_come_first_and_have_higher_levels() {
        let all = [
            Flow::Stuck,
            Flow::Dead,
            Flow::Paused,
            Flow::Closed,
            Flow::Waiting,
            Flow::Flowing,
        ];
        assert!(all.is_sorted());
        assert!(all.iter().map(|flow| -flow.level()).is_sorted());
    }
}
