//! What a cell does: the course of its case, the switch with its times and duration, how often it is played, and how it must end.

use crate::cells::Cell;
use crate::journey::Journey;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tongban_tests::sample::material_seqs;

/// How long the definitions of the matrix wait for a partner that says nothing.
pub(crate) const IDLE: &str = "2s";
/// Longer than [`IDLE`], so that the gateway gives up first.
const MUTE_MS: u32 = 4_000;

/// How a round must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// By itself, as if nothing had happened.
    Right,
    /// As a dead letter with the partner's words; right after the partner was mended and an operator tried again.
    DeadLetter,
    /// As a dead letter of an unknown outcome that must not be repeated: an operator looks and discards it.
    Unclear,
    /// A message is listed as rejected with this code; right after the partner was mended.
    Listed(&'static str),
    /// A report is missing: the case stays open with the partner, what follows is held; right after the partner was mended.
    Missing,
    /// A step comes after the decision that it belongs to. An end stays an end: the step is listed as rejected.
    LateStep,
}

/// One case under the switch.
#[derive(Debug, Clone)]
pub(crate) struct Round {
    /// What is set, the switch of the cell first.
    pub(crate) switches: Vec<String>,
    pub(crate) expected: Expected,
}

/// All of a cell.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) journey: Journey,
    pub(crate) rounds: Vec<Round>,
    /// The partner's definition tells that it has no check for repeats of supplements and withdrawals.
    pub(crate) repeats_unnoticed: bool,
}

/// `TONGBAN_SEED`, or a fresh one; always printed.
pub(crate) fn seed() -> u64 {
    let seed = std::env::var_os("TONGBAN_SEED")
        .and_then(|s| s.to_str()?.parse().ok())
        .unwrap_or_else(rand::random);
    println!("seed {seed} (TONGBAN_SEED={seed} repeats it)");
    seed
}

/// The plan of a cell: the same for the same seed.
pub(crate) fn plan(cell: &Cell, seed: u64) -> Plan {
    let salt = cell
        .name()
        .bytes()
        .fold(seed, |salt, byte| salt.rotate_left(7) ^ u64::from(byte));
    let mut random = StdRng::seed_from_u64(salt);
    let journey = journey(cell);
    let rounds = occasions(cell)
        .into_iter()
        .map(|(skip, before)| round(cell, skip, before, &mut random))
        .collect();
    Plan {
        journey,
        rounds,
        repeats_unnoticed: is_unnoticed(cell),
    }
}

fn is_unnoticed(cell: &Cell) -> bool {
    cell.switch == "forgetful" && matches!(cell.phase.as_str(), "supplement" | "withdraw")
}

fn journey(cell: &Cell) -> Journey {
    match cell.phase.as_str() {
        "supplement" => Journey::Correction,
        "withdraw" => Journey::Withdrawal,
        "document" => Journey::Collected,
        _ => Journey::Immediate,
    }
}

/// Which occasions of the phase are hit, one a round: how many pass before, and what else must go wrong so that there is one.
fn occasions(cell: &Cell) -> Vec<(u32, Option<&'static str>)> {
    let lost = Some("drop,phase=submit,times=1");
    match (cell.phase.as_str(), cell.kind) {
        // Without a lost answer nobody asks; the vertical system is polled besides.
        ("query", "xml") => vec![(0, lost), (0, None)],
        ("query", _) => vec![(0, lost)],
        ("submit", _) if cell.switch == "forgetful" => vec![(0, lost)],
        ("supplement", _) if cell.switch == "forgetful" => {
            vec![(0, Some("drop,phase=supplement,times=1"))]
        }
        ("withdraw", _) if cell.switch == "forgetful" => {
            vec![(0, Some("drop,phase=withdraw,times=1"))]
        }
        // Three reports; two of them may change places with the one behind.
        ("feedback", _) if cell.switch == "out_of_order" => vec![(0, None), (1, None)],
        ("feedback", _) => vec![(0, None), (1, None), (2, None)],
        // The first material, and the certificate behind the last one.
        ("document", kind) => {
            let materials = u32::try_from(material_seqs(kind).len()).unwrap_or(0);
            vec![(0, None), (materials, None)]
        }
        _ => vec![(0, None)],
    }
}

fn round(cell: &Cell, skip: u32, before: Option<&str>, random: &mut StdRng) -> Round {
    let expected = expected(cell, skip);
    let duration = match cell.switch.as_str() {
        "slow" | "late" => Some(random.random_range(200..700)),
        "restart" | "refuse_connection" => Some(random.random_range(300..1_000)),
        "mute" if cell.phase != "feedback" => Some(MUTE_MS),
        _ => None,
    };
    let several = matches!(
        cell.switch.as_str(),
        "slow" | "late" | "drop" | "drop_before" | "garbage" | "http500"
    );
    let times = match expected {
        Expected::DeadLetter => None,
        _ if cell.switch == "forgetful" => None,
        _ if several => Some(random.random_range(1..=2)),
        _ => Some(1),
    };
    let mut text = format!("{},phase={}", cell.switch, cell.phase);
    if let Some(ms) = duration {
        text = format!("{}={ms}ms,phase={}", cell.switch, cell.phase);
    }
    if let Some(times) = times {
        text.push_str(&format!(",times={times}"));
    }
    if skip > 0 {
        text.push_str(&format!(",skip={skip}"));
    }
    Round {
        switches: [Some(text), before.map(str::to_owned)]
            .into_iter()
            .flatten()
            .collect(),
        expected,
    }
}

fn expected(cell: &Cell, skip: u32) -> Expected {
    match (cell.phase.as_str(), cell.switch.as_str()) {
        ("number" | "submit" | "supplement" | "withdraw", "refuse") => Expected::DeadLetter,
        _ if is_unnoticed(cell) => Expected::Unclear,
        ("feedback", "wrong_codes") => Expected::Listed("unknown_code"),
        // An acceptance that is contradicted by a refusal is another event, so it is the life cycle that refuses it.
        ("feedback", "conflicting_duplicate") if skip == 0 => Expected::Listed("already_accepted"),
        ("feedback", "conflicting_duplicate") => Expected::Listed("conflict"),
        ("feedback", "mute" | "out_of_order") if skip == 1 => Expected::LateStep,
        ("feedback", "mute") => Expected::Missing,
        _ => Expected::Right,
    }
}
