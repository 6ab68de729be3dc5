//! Takes each case through its course: one task a case while there is something to do, failures first.

use super::Simulator;
use super::cases::Case;
use super::course::{Action, Report};
use super::delivery::Outcome;
use super::dialect::set;
use super::switches::{Fault, Phase};
use jiff::Timestamp;
use std::sync::Arc;

/// Runs that achieve nothing come at most this many paces apart.
const MAX_PACES: u32 = 20;

enum Work {
    Rest,
    Run(Vec<usize>, Option<Action>),
}

impl Simulator {
    /// Takes a case further if no task does so already.
    pub(super) fn follow(self: &Arc<Self>, number: &str) {
        if !self.running.lock().insert(number.to_owned()) {
            return;
        }
        let (simulator, number, life) = (
            Arc::clone(self),
            number.to_owned(),
            self.life.lock().clone(),
        );
        self.tasks.spawn(async move {
            tokio::select! {
                () = life.cancelled() => {}
                () = simulator.take_through(&number) => {}
            }
        });
    }

    /// Goes on with every case that has something left to do.
    pub(super) fn resume(self: &Arc<Self>) {
        let numbers: Vec<String> = self.book.lock().cases.keys().cloned().collect();
        for number in numbers {
            self.follow(&number);
        }
    }

    /// Writes the case down in the state file.
    pub(super) fn write_down(&self, number: &str) {
        let mut journal = self.journal.lock();
        if let Some(case) = self.book.lock().cases.get(number) {
            journal.case(case);
        }
    }

    /// Changes a case and writes it down as one step; `None` if there is no such case.
    pub(super) fn with<T>(&self, number: &str, change: impl FnOnce(&mut Case) -> T) -> Option<T> {
        let changed = self.book.lock().cases.get_mut(number).map(change);
        self.write_down(number);
        changed
    }

    async fn take_through(&self, number: &str) {
        let mut idle = 0;
        loop {
            tokio::time::sleep(self.options.pace * (1 + idle).min(MAX_PACES)).await;
            let Work::Run(failures, next) = self.work(number) else {
                return;
            };
            idle = if self.run_once(number, failures, next).await {
                0
            } else {
                idle + 1
            };
        }
    }

    /// What there is to do; if nothing, the case is given up under the same lock that `follow` takes.
    fn work(&self, number: &str) -> Work {
        let mut running = self.running.lock();
        let mut book = self.book.lock();
        if let Some(case) = book.cases.get_mut(number) {
            if let Some(Action::Await(serial)) = case.course.front()
                && case.supplements.contains_key(serial)
            {
                case.course.pop_front();
            }
            let next = case
                .course
                .front()
                .cloned()
                .filter(|next| !matches!(next, Action::Await(_)));
            let failures = case.failures();
            if next.is_some() || !failures.is_empty() {
                return Work::Run(failures, next);
            }
        }
        running.remove(number);
        Work::Rest
    }

    /// One run: failures first; an unanswered call ends it. Whether anything was achieved.
    async fn run_once(&self, number: &str, failures: Vec<usize>, next: Option<Action>) -> bool {
        let mut achieved = false;
        for id in failures {
            match self.deliver(number, id).await {
                Outcome::Done => achieved = true,
                Outcome::Refused => {}
                Outcome::Unanswered => return achieved,
            }
        }
        let Some(next) = next else {
            return achieved;
        };
        let outcome = match &next {
            Action::Pull => self.pull(number).await,
            Action::FetchMaterials => self.fetch_materials(number).await,
            Action::HandBack => self.hand_back(number).await,
            Action::Report(_) => return self.report_next(number).await,
            Action::Await(_) => Outcome::Done,
        };
        if outcome == Outcome::Done {
            self.with(number, |case| {
                if case.course.front() == Some(&next) {
                    case.course.pop_front();
                }
            });
        }
        outcome == Outcome::Done
    }

    /// Sends the report at the head of the course, or the one behind it if the two change places.
    async fn report_next(&self, number: &str) -> bool {
        let nth = self
            .book
            .lock()
            .cases
            .get(number)
            .map_or(0, |case| case.sent.len());
        let nth = u32::try_from(nth).unwrap_or(u32::MAX);
        let fires = |fault| {
            self.switches
                .lock()
                .fires(fault, Phase::Feedback, number, nth)
        };
        let swappable = |case: &Case| matches!(case.course.get(1), Some(Action::Report(_)));
        let two = self.book.lock().cases.get(number).is_some_and(swappable);
        let swap = two && fires(Fault::OutOfOrder).is_some();
        let now = self.clock.now();
        let issued = self.with(number, |case| {
            match case.course.remove(usize::from(swap && swappable(case))) {
                Some(Action::Report(mut report)) => {
                    report.early |= swap;
                    self.issued(case, &report, &[], now)
                }
                _ => None,
            }
        });
        let Some(Some(id)) = issued else {
            return false;
        };
        if let Some(delay) = fires(Fault::Late) {
            tokio::time::sleep(delay).await;
        }
        self.deliver(number, id).await == Outcome::Done
    }

    /// Builds a report as of now and writes it down; what `overrides` names replaces the usual.
    pub(super) fn issue(
        &self,
        number: &str,
        report: &Report,
        overrides: &[(String, String)],
    ) -> Option<usize> {
        let now = self.clock.now();
        self.with(number, |case| self.issued(case, report, overrides, now))?
    }

    fn issued(
        &self,
        case: &mut Case,
        report: &Report,
        overrides: &[(String, String)],
        now: Timestamp,
    ) -> Option<usize> {
        let at = case.date(report, now);
        let mut fields = self.dialect.fields(case, report, at);
        for (name, value) in overrides {
            set(&mut fields, name, value);
        }
        case.issued(report, fields)
    }
}
