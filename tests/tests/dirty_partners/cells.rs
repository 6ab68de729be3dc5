//! The cells, as the simulators themselves list them.

use serde::Deserialize;
use tongban_tests::process::run;

/// The kinds of partners.
pub(crate) const KINDS: [&str; 3] = ["rest", "soap", "xml"];

/// One switch in one phase of one kind of partner.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    pub(crate) kind: &'static str,
    pub(crate) phase: String,
    pub(crate) switch: String,
}

impl Cell {
    /// Its name as a test.
    pub(crate) fn name(&self) -> String {
        format!("matrix::{}::{}::{}", self.kind, self.phase, self.switch)
    }
}

/// A switch that never happens in a phase, and why.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Never {
    pub(crate) phase: String,
    pub(crate) switch: String,
    pub(crate) reason: String,
}

/// What a kind lists.
pub(crate) struct Listed {
    pub(crate) cells: Vec<Cell>,
    pub(crate) never: Vec<Never>,
}

#[derive(Deserialize)]
struct List {
    cells: Vec<Possible>,
    never: Vec<Never>,
}

#[derive(Deserialize)]
struct Possible {
    phase: String,
    switch: String,
}

/// Asks the binary.
pub(crate) fn listed(kind: &'static str) -> Listed {
    let output = run(&["simulate", kind, "--list-switches"]);
    assert!(output.status.success(), "{output:?}");
    let list: List = serde_json::from_slice(&output.stdout).expect("a list of switches in JSON");
    let cell = |possible: Possible| Cell {
        kind,
        phase: possible.phase,
        switch: possible.switch,
    };
    Listed {
        cells: list.cells.into_iter().map(cell).collect(),
        never: list.never,
    }
}
