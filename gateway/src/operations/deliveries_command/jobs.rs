//! Bulk work: looked at, agreed to, begun, followed to its end. Ctrl-C asks the job to stop; once more leaves it alone.

use super::client::OpsClient;
use super::print_jobs as print;
use super::{BulkArguments, Consent, Console, ListArguments};
use crate::cli::CommandError;
use crate::operations::ops_api::wire::Reasoned;
use crate::operations::ops_api::wire_jobs::{
    BulkCriteria, JobList, JobPreview, JobRequest, JobStart, JobView,
};
use clap::Args;
use std::time::Duration;

/// Between two looks at a job that is followed.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Looks between two lines where nobody watches.
const LOOKS_A_LINE: u32 = 8;

#[derive(Debug, Args)]
pub(super) struct JobArguments {
    /// Its id
    id: i64,
    /// Stay until it ends; Ctrl-C asks it to stop
    #[arg(long)]
    follow: bool,
}

#[derive(Debug, Args)]
pub(super) struct StopArguments {
    /// Its id
    id: i64,
    /// Why; goes into the audit record
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "stopped from the command line"
    )]
    reason: String,
}

#[derive(Debug, Args)]
pub(super) struct GoOnArguments {
    /// Its id
    id: i64,
    #[command(flatten)]
    consent: Consent,
    /// Do not stay until it ends
    #[arg(long)]
    detach: bool,
}

impl ListArguments {
    pub(super) fn criteria(self, ids: Vec<i64>) -> BulkCriteria {
        BulkCriteria {
            ids,
            system: self.system,
            state: self.state,
            case: self.case,
            code: self.code,
            item: self.item,
            from: self.from,
            before: self.before,
            limit: self.limit,
        }
    }
}

/// Looks, asks, begins and follows.
pub(super) async fn bulk(
    client: &OpsClient,
    kind: &str,
    bulk: BulkArguments,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let request = JobRequest {
        kind: kind.to_owned(),
        criteria: bulk.filter.criteria(bulk.id),
        rate: bulk.rate,
    };
    let preview: JobPreview = client.post("/ops/v1/jobs/preview", &request).await?;
    if !bulk.consent.yes || !console.json {
        console.show(&preview, print::preview(&preview))?;
    }
    if preview.taken == 0 {
        return Ok(());
    }
    let start = JobStart {
        token: preview.token,
        reason: console.consent(kind, &bulk.consent)?,
    };
    let begun: JobView = client.post("/ops/v1/jobs", &start).await?;
    if bulk.detach {
        return console.show(&begun, print::job(&begun));
    }
    if !console.json {
        console.say(&format!(
            "job {} has begun; Ctrl-C asks it to stop\n",
            begun.id
        ))?;
    }
    follow(client, begun, console).await
}

/// The newest jobs.
pub(super) async fn list(
    client: &OpsClient,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let found: JobList = client.get("/ops/v1/jobs").await?;
    console.show(&found, print::jobs(&found))
}

/// One job, followed when asked to.
pub(super) async fn show(
    client: &OpsClient,
    arguments: &JobArguments,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let found: JobView = client.get(&path(arguments.id)).await?;
    if arguments.follow {
        return follow(client, found, console).await;
    }
    console.show(&found, print::job(&found))
}

/// Asks a job to stop.
pub(super) async fn stop(
    client: &OpsClient,
    arguments: StopArguments,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let stopped = ask_to_stop(client, arguments.id, arguments.reason).await?;
    console.show(&stopped, print::job(&stopped))
}

/// Makes a stopped job go on, whatever became of its first.
pub(super) async fn go_on(
    client: &OpsClient,
    arguments: GoOnArguments,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    if !arguments.consent.yes {
        let found: JobView = client.get(&path(arguments.id)).await?;
        console.show(&found, print::job(&found))?;
    }
    let reason = console.consent("go-on", &arguments.consent)?;
    let path = format!("{}/go-on", path(arguments.id));
    let gone_on: JobView = client.post(&path, &Reasoned { reason }).await?;
    if arguments.detach {
        return console.show(&gone_on, print::job(&gone_on));
    }
    follow(client, gone_on, console).await
}

fn path(id: i64) -> String {
    format!("/ops/v1/jobs/{id}")
}

async fn ask_to_stop(client: &OpsClient, id: i64, reason: String) -> Result<JobView, CommandError> {
    let path = format!("{}/stop", path(id));
    Ok(client.post(&path, &Reasoned { reason }).await?)
}

/// Shows how far a job is until it ends. A job that did not do all of its work is a failure.
async fn follow(
    client: &OpsClient,
    mut job: JobView,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let mut asked = false;
    for look in 0u32.. {
        if matches!(job.state.as_str(), "stopped" | "finished") {
            break;
        }
        console.progress(&job, look.is_multiple_of(LOOKS_A_LINE))?;
        let interrupted = tokio::select! {
            heard = tokio::signal::ctrl_c() => heard.is_ok(),
            () = tokio::time::sleep(LOOK_EVERY) => false,
        };
        if interrupted && asked {
            return Err(CommandError::failed(format!(
                "job {} goes on stopping by itself: tongban deliveries job {}",
                job.id, job.id
            )));
        }
        job = if interrupted {
            asked = true;
            let reason = "stopped with Ctrl-C".to_owned();
            ask_to_stop(client, job.id, reason).await?
        } else {
            client.get(&path(job.id)).await?
        };
    }
    console.end_progress()?;
    console.show(&job, print::job(&job))?;
    outcome(&job)
}

fn outcome(job: &JobView) -> Result<(), CommandError> {
    let id = job.id;
    match job.why.as_str() {
        "" if job.dead == 0 => Ok(()),
        "" => Err(CommandError::failed(format!(
            "{} of job {id} are dead again",
            job.dead
        ))),
        "first_dead" => Err(CommandError::failed(format!(
            "job {id} stopped itself: the first one is dead again, the others are as they were; see why with `tongban deliveries list --state dead`, \
             or go on all the same with `tongban deliveries go-on {id}`"
        ))),
        "failing" => Err(CommandError::failed(format!(
            "job {id} stopped itself: ten in a row were no success; when the partner is mended, `tongban deliveries go-on {id}`"
        ))),
        _ => Err(CommandError::failed(format!(
            "job {id} was stopped, {} deliveries are as they were; `tongban deliveries go-on {id}` goes on",
            job.left
        ))),
    }
}

impl Console<'_> {
    /// Where somebody watches, a line that moves; else a line now and then; nothing for machines.
    fn progress(&mut self, job: &JobView, line_due: bool) -> Result<(), CommandError> {
        match (self.json, self.terminal) {
            (true, _) => Ok(()),
            (false, true) => self.say(&format!("\r\u{1b}[2K{}", print::bar(job))),
            (false, false) if line_due => self.say(&format!("{}\n", print::bar(job))),
            (false, false) => Ok(()),
        }
    }

    fn end_progress(&mut self) -> Result<(), CommandError> {
        if self.terminal && !self.json {
            return self.say("\r\u{1b}[2K");
        }
        Ok(())
    }
}
