//! The figures as tables for people.

use crate::clocks::Clocks;
use crate::deliver::Deliveries;
use crate::installation::ITEMS;
use crate::intake::{CLIENTS, IntakeFigures};
use crate::passthrough::{CONNECTIONS, Side};
use crate::scale::Scale;
use crate::{Figures, Intakes};

/// Prints all tables.
pub(crate) fn print(figures: &Figures) {
    print_intake(&figures.sqlite);
    print_passthrough(figures);
    print_footprint(figures);
}

/// Prints the tables of `benches/intake/run`.
pub(crate) fn print_intakes(figures: &Intakes) {
    print_intake(&figures.sqlite);
    let intake = &figures.postgres;
    println!("\nIntake on PostgreSQL: {CLIENTS} clients");
    row(
        "applications/s through the API",
        format!("{:.0}", intake.intake_per_s),
    );
    row(
        "pgbench: single-row inserts/s, 64 clients",
        format!("{:.0}", intake.reference_per_s),
    );
    row(
        "ratio of the two, in one round",
        format!("{:.2}", intake.ratio),
    );
    row(
        "p50 / p99 ms, open loop",
        format!(
            "{:.1} / {:.1} at {:.0}/s",
            intake.p50_ms, intake.p99_ms, intake.open_per_s
        ),
    );
    row(
        "gateway's CPU µs an application",
        format!("{:.0}", intake.cpu_us_per_case),
    );
    row("faults", intake.faults.to_string());
    println!("\nFloors");
    row(
        "fdatasync/s, 4 KiB each",
        format!("{:.0}", figures.floors.fdatasync_per_s),
    );
    row(
        "SQLite, plain inserts/s, 64 cases a transaction",
        format!("{:.0}", figures.floors.sqlite_batched_per_s),
    );
}

/// Prints the tables of `benches/intake/run --deliver`.
pub(crate) fn print_deliveries(figures: &Deliveries) {
    for (name, part) in [
        ("SQLite", &figures.sqlite),
        ("PostgreSQL", &figures.postgres),
    ] {
        println!(
            "\nDelivery on {name}: one node, a partner that answers at once, {} deliveries a round",
            part.deliveries
        );
        row(
            "delivered/s, end to end",
            format!("{:.0}", part.delivered_per_s),
        );
        row(
            "gateway's CPU µs a delivery",
            format!("{:.0}", part.cpu_us_per_delivery),
        );
        row(
            &format!("memory, {} waiting, MiB", part.backlog),
            format!("{:.1}", part.backlog_rss_mib),
        );
        row(
            "delivered/s beside partners that are away",
            format!("{:.0}", part.beside_backlog_per_s),
        );
        row(
            "the share of the rate without them",
            format!("{:.2}", part.fairness),
        );
    }
    if figures.quick {
        println!("\n  --quick: a tenth of the backlog of 1,000,000");
    }
}

/// Prints the tables of `benches/intake/run --scale`, each figure with what must be reached.
pub(crate) fn print_scale(figures: &Scale) {
    for (name, part) in [
        ("SQLite", &figures.sqlite),
        ("PostgreSQL", &figures.postgres),
    ] {
        println!("\nCases gather on {name}: CPU of gateway and database for one more");
        let line = |cases: i64, cpu: f64, rate: f64| {
            row(
                &format!("with {cases} stored, µs"),
                format!("{cpu:.0} at {rate:.0}/s"),
            );
        };
        line(part.cases.0, part.cpu_us.0, part.per_s.0);
        line(part.cases.1, part.cpu_us.1, part.per_s.1);
        row("ratio (at most 1.1)", format!("{:.2}", part.ratio));
    }
    println!("\nTwo nodes on one PostgreSQL: CPU of nodes and server for a case");
    row("one node, µs", format!("{:.0}", figures.nodes.one_cpu_us));
    row("two nodes, µs", format!("{:.0}", figures.nodes.two_cpu_us));
    row("ratio (at most 1.1)", format!("{:.2}", figures.nodes.ratio));
    if figures.quick {
        println!("\n  --quick: up to 100,000 cases instead of 1,000,000");
    }
}

/// Prints the tables of `benches/clocks/run`, each figure with what must be reached.
pub(crate) fn print_clocks(figures: &Clocks) {
    let parts = [
        ("SQLite", Some(&figures.sqlite)),
        ("PostgreSQL", figures.postgres.as_ref()),
    ];
    for (name, part) in parts {
        let Some(part) = part else { continue };
        println!(
            "\nClocks on {name}: {} open, filled in {:.0} s",
            part.open, part.fill_s
        );
        let must =
            |name: &str, most: &str, value: String| row(&format!("{name} (at most {most})"), value);
        must(
            "start to ready, ms",
            "2,000",
            format!("{:.0}", part.ready_ms),
        );
        row(
            "memory at rest before, MiB",
            format!("{:.1}", part.rss_mib_without),
        );
        must("memory at rest, MiB", "64", format!("{:.1}", part.rss_mib));
        row(
            "memory while clocks fall due, MiB",
            format!("{:.1}", part.rss_mib_most),
        );
        row(
            "clocks that fell due",
            format!("{} at {}/s", part.due, part.due_per_s),
        );
        row("late at p50, ms", format!("{:.0}", part.late_p50_ms));
        must(
            "late at p99, ms",
            "1,000",
            format!("{:.0}", part.late_p99_ms),
        );
        row("late at most, ms", format!("{:.0}", part.late_most_ms));
        row(
            "gateway's CPU µs a due clock",
            format!("{:.0}", part.cpu_us_per_due),
        );
    }
    println!("\nThe floor");
    row(
        "fdatasync/s, 4 KiB",
        format!("{:.0}", figures.fdatasync_per_s),
    );
    if figures.quick {
        println!("\n  --quick: a tenth of the 3,000,000 clocks");
    }
}

fn print_intake(intake: &IntakeFigures) {
    println!(
        "\nIntake on SQLite: {CLIENTS} clients, {} applications over {} item-days",
        intake.applications, intake.item_days
    );
    row(
        "applications/s through the API",
        format!("{:.0}", intake.intake_per_s),
    );
    row(
        "plain inserts/s, one case a transaction",
        format!("{:.0}", intake.reference_per_s),
    );
    row(
        "ratio of the two, in one round",
        format!("{:.2}", intake.ratio),
    );
    row(
        "plain inserts/s, 64 cases a transaction",
        format!("{:.0}", intake.reference_batched_per_s),
    );
    row("ratio to these", format!("{:.2}", intake.ratio_batched));
    row(
        "p50 / p99 ms, open loop",
        format!(
            "{:.1} / {:.1} at {:.0}/s",
            intake.p50_ms, intake.p99_ms, intake.open_per_s
        ),
    );
    row(
        "CPU µs an application",
        format!("{:.0}", intake.cpu_us_per_case),
    );
    row(
        "memory afterwards, MiB",
        format!("{:.1}", intake.rss_mib_after),
    );
    row(
        "the client itself late at p99.9, ms",
        format!("{:.2}", intake.client_late_p999_ms),
    );
    row("faults", intake.faults.to_string());
}

fn print_passthrough(figures: &Figures) {
    let passthrough = &figures.passthrough;
    println!(
        "\nPass-through: {CONNECTIONS} connections kept alive, answers of 0.9 KiB; latency by an open loop at {:.0}/s",
        passthrough.open_per_s
    );
    println!(
        "  {:<24}{:>12}{:>18}{:>12}{:>12}{:>12}{:>16}",
        "", "requests/s", "CPU µs/request", "p50 ms", "p99 ms", "RSS MiB", "client late ms"
    );
    let line = |name: &str, side: &Side| {
        println!(
            "  {name:<24}{:>12.0}{:>18.1}{:>12.2}{:>12.2}{:>12.1}{:>16.2}",
            side.rps, side.cpu_us, side.p50_ms, side.p99_ms, side.rss_mib, side.client_late_p999_ms
        );
    };
    line("through tongban", &passthrough.tongban);
    line("bare back end", &passthrough.bare);
    row("faults", passthrough.faults.to_string());
}

fn print_footprint(figures: &Figures) {
    let footprint = &figures.footprint;
    println!("\nFootprint");
    let stripped = footprint
        .binary_stripped_mib
        .map_or_else(|| "?".to_owned(), |mib| format!("{mib:.1}"));
    row(
        "binary / stripped, MiB",
        format!("{:.1} / {stripped}", footprint.binary_mib),
    );
    row(
        "start to ready, nothing registered, ms",
        format!("{:.0}", footprint.start_empty_ms),
    );
    row(
        &format!("start to ready, {ITEMS} items, ms"),
        format!("{:.0}", footprint.start_ms),
    );
    row(
        "memory at rest, nothing registered, MiB",
        format!("{:.1}", footprint.rss_mib_empty),
    );
    row(
        &format!("memory at rest, {ITEMS} items, MiB"),
        format!("{:.1}", footprint.rss_mib_rest),
    );
}

fn row(name: &str, value: String) {
    println!("  {name:<44}{value:>28}");
}
