//! A report as a table for people.

use super::latencies::Percentiles;
use super::report::{Report, SearchReport};
use std::fmt::{self, Display};

/// A report to be printed.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a>(pub &'a Report);

impl Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.0;
        self.head(f)?;
        self.latencies(f)?;
        self.counts(f)?;
        for words in &report.first_faults {
            writeln!(f, "  fault: {words}")?;
        }
        self.client(f)?;
        if let Some(search) = &report.search {
            print_search(f, search)?;
        }
        for verdict in &report.conditions {
            let measured = verdict
                .measured
                .map_or_else(|| "nothing".to_owned(), |m| format!("{m:.3}"));
            let word = if verdict.failed { "SO" } else { "not so" };
            writeln!(
                f,
                "  fail if {}: {word} (measured {measured})",
                verdict.condition
            )?;
        }
        match report.failure() {
            Some(failure) => writeln!(f, "FAILED: {failure}"),
            None => Ok(()),
        }
    }
}

impl Table<'_> {
    fn head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (report, plan) = (self.0, &self.0.plan);
        writeln!(f)?;
        if report.cut {
            writeln!(
                f,
                "CUT: ended early; what follows is what was measured until then"
            )?;
        }
        write!(f, "{} loop at {}", report.mode, report.url)?;
        match (plan.from_per_s, plan.to_per_s) {
            (Some(from), Some(to)) if from == to => write!(f, ", {to:.1}/s")?,
            (Some(from), Some(to)) => write!(f, ", {from:.1} to {to:.1}/s")?,
            _ => {}
        }
        if let Some(arrivals) = plan.arrivals {
            write!(f, ", {arrivals} arrivals")?;
        }
        writeln!(
            f,
            ", {} connections, threads: {}, {:.1} s after {:.1} s of warm-up, seed {}",
            plan.connections, plan.threads, plan.duration_s, plan.warm_up_s, report.seed
        )?;
        if report.mode == "closed" {
            writeln!(
                f,
                "A closed loop measures capacity. Its latencies hide stalls: a client that waits for an answer asks nothing meanwhile."
            )?;
        }
        Ok(())
    }

    fn latencies(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.0;
        writeln!(
            f,
            "\n  {:<14}{:<10}{:>9}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}",
            "", "", "answers", "/s", "p50 ms", "p90", "p99", "p99.9", "p99.99", "max"
        )?;
        for (operation, own) in &report.operations {
            let rows = [("response", &own.response_ms), ("service", &own.service_ms)];
            for (times, percentiles) in rows {
                if let Some(percentiles) = percentiles {
                    line(f, operation.as_str(), times, percentiles, own.per_s)?;
                }
            }
        }
        if report.operations.len() > 1 {
            let rows = [
                ("response", &report.response_ms),
                ("service", &report.service_ms),
            ];
            for (times, percentiles) in rows {
                if let Some(percentiles) = percentiles {
                    line(f, "all due", times, percentiles, report.achieved_per_s)?;
                }
            }
        }
        let words = match report.mode {
            "closed" => "service counts from sending",
            _ => {
                "response counts from the time at which a request was due, service from its sending"
            }
        };
        writeln!(f, "  {words}\n")
    }

    fn counts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.0;
        row(
            f,
            "due / sent / answered as expected",
            format_args!("{} / {} / {}", report.due, report.sent, report.answered),
        )?;
        row(
            f,
            "never sent / waited for a connection",
            format_args!("{} / {}", report.never_sent, report.waited_for_connection),
        )?;
        if report.abandoned > 0 {
            row(f, "applications without their upload", report.abandoned)?;
        }
        row(f, "faults", report.faults)?;
        for (status, throttled) in &report.throttled {
            let after = match (throttled.retry_after_s_min, throttled.retry_after_s_max) {
                (Some(min), Some(max)) => format!("Retry-After {min} to {max} s"),
                _ => "no Retry-After".to_owned(),
            };
            row(
                f,
                &format!("throttled with {status}"),
                format_args!("{} ({after})", throttled.count),
            )?;
        }
        for (status, count) in &report.statuses {
            row(f, &format!("status {status}"), count)?;
        }
        for (kind, count) in &report.connection_faults {
            row(f, &format!("no answer: {kind:?}").to_lowercase(), count)?;
        }
        if report.wrong_answers > 0 {
            row(f, "answers with the wrong content", report.wrong_answers)?;
        }
        let checks = report.checks;
        if checks.numbers > 0 {
            row(
                f,
                "checked: numbers / repetitions / receipts",
                format_args!(
                    "{} / {} / {}",
                    checks.numbers, checks.repeats, checks.receipts
                ),
            )?;
        }
        Ok(())
    }

    fn client(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let client = &self.0.client;
        if let (Some(timer), Some(sending)) = (&client.timer_lateness_ms, &client.send_lateness_ms)
        {
            let times = format!("{:.3} / {:.3} / {:.3} ms", timer.p50, timer.p999, timer.max);
            row(f, "the client's timer late, p50 / p99.9 / max", times)?;
            let times = format!(
                "{:.3} / {:.3} / {:.3} ms",
                sending.p50, sending.p999, sending.max
            );
            row(f, "the client's sending late", times)?;
        }
        if client.reconnects > 0 {
            row(f, "connections opened again", client.reconnects)?;
        }
        Ok(())
    }
}

fn print_search(f: &mut fmt::Formatter<'_>, search: &SearchReport) -> fmt::Result {
    writeln!(f, "\n  search")?;
    for step in &search.steps {
        writeln!(f, "  {step}")?;
    }
    match search.highest_per_s {
        Some(rate) => writeln!(
            f,
            "  highest rate that held: {rate:.0}/s; the figures above are its own"
        ),
        None => writeln!(f, "  no rate held"),
    }
}

fn line(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    times: &str,
    percentiles: &Percentiles,
    per_second: f64,
) -> fmt::Result {
    let Percentiles {
        count,
        p50,
        p90,
        p99,
        p999,
        p9999,
        max,
        ..
    } = percentiles;
    writeln!(
        f,
        "  {name:<14}{times:<10}{count:>9}{per_second:>10.1}{p50:>10.2}{p90:>10.2}{p99:>10.2}{p999:>10.2}{p9999:>10.2}{max:>10.2}"
    )
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, value: impl Display) -> fmt::Result {
    writeln!(f, "  {name:<46}{value}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::report::samples::report;

    #[test]
    fn a_closed_loop_says_that_its_latencies_hide_stalls() {
        let mut report = report();
        assert!(!Table(&report).to_string().contains("hide stalls"));
        report.mode = "closed";
        assert!(Table(&report).to_string().contains("hide stalls"));
    }

    #[test]
    fn a_run_that_was_cut_says_so_first_and_fails() {
        let mut report = report();
        report.cut = true;
        let text = Table(&report).to_string();
        assert!(text.trim_start().starts_with("CUT"), "{text}");
        assert!(
            text.ends_with("FAILED: the run was ended early\n"),
            "{text}"
        );
    }
}
