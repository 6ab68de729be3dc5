//! `tongban audit verify` over the whole log: step by step through the running gateway, or in the data folder under its lock.

use super::roots::KeptRoots;
use crate::audit::examination::{self, Broken, Point, Step};
use crate::audit::root::RootStatement;
use crate::cli::{CommandError, say, serve};
use crate::config::Config;
use crate::installation::{Foundation, installation_keys};
use crate::intake::signed::PublishedKeys;
use crate::operations::deliveries_command::client::{ClientError, OpsClient};
use crate::operations::ops_api::audit::RECORDS_A_STEP;
use crate::store::SharedStore;
use crate::store::sqlite::DATABASE_FILE;
use serde_json::json;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

/// Cells of the progress bar.
const BAR_CELLS: i64 = 30;

/// Where the log is.
enum Place {
    Running(OpsClient),
    Folder(SharedStore),
}

/// The log at hand and the key that it was signed with.
struct Log {
    place: Place,
    keys: PublishedKeys,
}

/// What was found in the whole log.
#[derive(Default)]
struct Found {
    batches: i64,
    records: i64,
    last: Option<RootStatement>,
    broken: Option<Broken>,
}

pub(super) fn run(
    config: &Path,
    from: i64,
    kept: Option<KeptRoots>,
    as_json: bool,
) -> Result<(), CommandError> {
    let config = serve::read_config(config)?;
    let found = serve::runtime()?.block_on(async {
        let log = Log::open(&config).await?;
        let found = log.examine(from, kept, Bar::new(as_json)).await;
        if let Place::Folder(store) = &log.place {
            store.close().await;
        }
        found
    })?;
    print(&found, from, as_json)
}

impl Log {
    async fn open(config: &Config) -> Result<Self, CommandError> {
        let client = OpsClient::of_folder(&config.data);
        match client.get::<Answer>(&path(Point::Rows(i64::MAX))).await {
            Ok(answer) => Ok(Self {
                place: Place::Running(client),
                keys: PublishedKeys::of_jwk_set(&json!({ "keys": answer.keys })),
            }),
            Err(ClientError::NotRunning { .. }) => Self::open_folder(config).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn open_folder(config: &Config) -> Result<Self, CommandError> {
        if !config.data.join(DATABASE_FILE).exists() {
            return Err(CommandError::Failed(format!(
                "no gateway runs on the data folder {}, and there is no database in it",
                config.data.display()
            )));
        }
        let foundation = Foundation::open(config, Arc::new(crate::config::environment))
            .await
            .map_err(CommandError::failed)?;
        let keys = installation_keys(&foundation.store, &foundation.entropy)
            .await
            .map_err(CommandError::failed)?;
        Ok(Self {
            place: Place::Folder(foundation.store),
            keys: PublishedKeys::of(&keys),
        })
    }

    async fn step(&self, point: Point) -> Result<Step, CommandError> {
        match &self.place {
            Place::Running(client) => Ok(client.get::<Answer>(&path(point)).await?.step),
            Place::Folder(store) => {
                examination::step(store.as_ref(), &self.keys, point, RECORDS_A_STEP)
                    .await
                    .map_err(CommandError::failed)
            }
        }
    }

    /// Step by step to the end, or to the first thing that is broken.
    async fn examine(
        &self,
        from: i64,
        mut kept: Option<KeptRoots>,
        bar: Bar,
    ) -> Result<Found, CommandError> {
        if let Some(kept) = &mut kept {
            kept.open(&self.keys)?;
        }
        let mut found = Found::default();
        let mut next = Some(Point::Batch(from));
        while let Some(point) = next {
            let step = self.step(point).await?;
            found.batches += step.batches;
            found.records += step.records;
            for statement in &step.statements {
                let root = RootStatement::open(statement, &self.keys)
                    .map_err(|e| CommandError::Failed(format!("a signed root: {e}")))?;
                found.broken = kept.as_ref().and_then(|kept| kept.against(&root));
                found.last = Some(root);
                if found.broken.is_some() {
                    break;
                }
            }
            found.broken = found.broken.or(step.broken);
            let at_rows = matches!(step.next, Some(Point::Rows(_)) | None);
            if let (None, true, Point::Batch(_)) = (&found.broken, at_rows, point) {
                let last = found.last.as_ref().map_or(from - 1, |root| root.batch);
                found.broken = kept.as_ref().and_then(|kept| kept.beyond(last));
            }
            bar.draw(from - 1 + found.batches, step.batches_total)?;
            next = step.next.filter(|_| found.broken.is_none());
        }
        bar.end()?;
        Ok(found)
    }
}

/// What the gateway answers to a step.
#[derive(serde::Deserialize)]
struct Answer {
    keys: Vec<serde_json::Value>,
    #[serde(flatten)]
    step: Step,
}

fn path(point: Point) -> String {
    let (stage, from) = match point {
        Point::Batch(from) => ("batch", from),
        Point::Rows(from) => ("rows", from),
    };
    format!("/ops/v1/audit/verify?stage={stage}&from={from}")
}

/// A bar on a terminal; nothing elsewhere, and nothing for machines.
struct Bar {
    shown: bool,
}

impl Bar {
    fn new(as_json: bool) -> Self {
        Self {
            shown: !as_json && std::io::stderr().is_terminal(),
        }
    }

    fn draw(&self, done: i64, total: i64) -> Result<(), CommandError> {
        if !self.shown {
            return Ok(());
        }
        let total = total.max(done).max(1);
        let full = usize::try_from(done * BAR_CELLS / total).unwrap_or(0);
        let cells = usize::try_from(BAR_CELLS).unwrap_or(0);
        let mut out = std::io::stderr();
        write!(
            out,
            "\r[{}{}] batch {done} of {total}",
            "#".repeat(full),
            ".".repeat(cells.saturating_sub(full))
        )
        .and_then(|()| out.flush())
        .map_err(CommandError::failed)
    }

    fn end(&self) -> Result<(), CommandError> {
        if self.shown {
            writeln!(std::io::stderr()).map_err(CommandError::failed)?;
        }
        Ok(())
    }
}

fn print(found: &Found, from: i64, as_json: bool) -> Result<(), CommandError> {
    if as_json {
        say(json!({
            "holds": found.broken.is_none(), "from": from, "batches": found.batches, "records": found.records,
            "last": found.last, "broken": found.broken,
        }));
    }
    if let Some(broken) = &found.broken {
        return Err(CommandError::Failed(in_words(broken)));
    }
    if !as_json {
        let last = found.last.as_ref();
        let until = last.map_or_else(String::new, |root| {
            format!(
                "; the last was sealed at {}, root {}",
                root.sealed_at, root.root
            )
        });
        say(format_args!(
            "the audit log holds: {} records in {} batches{until}",
            found.records, found.batches
        ));
    }
    Ok(())
}

fn in_words(broken: &Broken) -> String {
    let place: Vec<String> = [
        broken.record.map(|id| format!("record {id}")),
        broken.batch.map(|number| format!("batch {number}")),
        broken.position.map(|at| format!("position {at}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    format!(
        "the audit log is broken at {} ({}): {}",
        place.join(", "),
        broken.code,
        broken.words
    )
}
