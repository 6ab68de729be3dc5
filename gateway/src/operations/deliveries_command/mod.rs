//! `tongban deliveries`: sees and mends the outbox of a running gateway, through `ops.sock` in its data folder.
//!
//! Changes show first what they would do; without a terminal and without `--yes` that is all they do. Deliveries named by id are
//! changed at once; a set of them is a job of the gateway ([`jobs`]), which goes on without this command.

pub mod client;
mod jobs;
mod overview;
mod print;
mod print_jobs;

use crate::cli::CommandError;
use crate::operations::ops_api::wire::{
    BulkRequest, Changed, DeliveryDetail, DeliveryList, Preview, Reasoned, SystemPaused,
};
use clap::{Args, Subcommand};
use client::{ClientError, OpsClient, with_query};
use jiff::Timestamp;
use serde::Serialize;
use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

/// See and mend deliveries.
#[derive(Debug, Args)]
#[command(
    after_help = "Without more it shows one line a system, worst first: which is stuck, why, and what to type.

Examples:
  tongban deliveries
  tongban deliveries overview --watch
  tongban deliveries list --state dead
  tongban deliveries show 42
  tongban deliveries retry --id 42 --reason 'line repaired'

A set of deliveries is a job: looked at first, then begun; the first one goes alone and must arrive, the others follow
oldest first at the rate; Ctrl-C asks it to stop, and what was not sent is as it was:
  tongban deliveries retry --system gd-explosives --code not_sent --rate 10 --reason 'line repaired'
  tongban deliveries discard --item '1002*' --before 2026-03-01 --reason 'sent on paper'
  tongban deliveries jobs
  tongban deliveries stop 3
  tongban deliveries go-on 3 --reason 'the first one was an exception'"
)]
pub struct DeliveriesArguments {
    #[command(subcommand)]
    action: Option<Action>,
    /// Data folder of the running gateway
    #[arg(
        long,
        value_name = "FOLDER",
        env = "TONGBAN_DATA",
        default_value = "data",
        global = true
    )]
    data: PathBuf,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// One line a system, worst first: state, what waits, last failure, what to do (also without a subcommand)
    Overview(overview::OverviewArguments),
    /// List deliveries, oldest first
    List(ListArguments),
    /// Show one delivery with the bytes of every attempt
    Show {
        /// Its id
        id: i64,
    },
    /// Try dead deliveries again; a set of them as a job
    Retry(BulkArguments),
    /// Give up dead, pending or held deliveries for good; a set of them as a job
    Discard(BulkArguments),
    /// List the newest jobs
    Jobs,
    /// Show a job, or follow it to its end
    Job(jobs::JobArguments),
    /// Ask a job to stop: what it has not sent is as it was
    Stop(jobs::StopArguments),
    /// Make a stopped job go on with what it left, whatever became of its first
    GoOn(jobs::GoOnArguments),
    /// Send nothing more to a system; its deliveries wait
    Pause(SystemArguments),
    /// Send to a paused system again
    Resume(SystemArguments),
}

#[derive(Debug, Args)]
struct ListArguments {
    /// Only of this system
    #[arg(long, value_name = "ID")]
    system: Option<String>,
    /// Only in this state: pending, sending, unknown, delivered, dead, held or discarded
    #[arg(long)]
    state: Option<String>,
    /// Only of this case
    #[arg(long, value_name = "NUMBER")]
    case: Option<String>,
    /// Only with this code of the last failure
    #[arg(long)]
    code: Option<String>,
    /// Only of items whose code fits; * stands for anything
    #[arg(long, value_name = "PATTERN")]
    item: Option<String>,
    /// Only created at this time or later, e.g. 2026-03-01 or 2026-03-01T09:30 (Asia/Shanghai)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    from: Option<Timestamp>,
    /// Only created before this time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    before: Option<Timestamp>,
    /// At most so many, oldest first [default: 100 in a list, 10000 in a job]
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
}

#[derive(Debug, Args)]
struct BulkArguments {
    /// Only this delivery; may be repeated
    #[arg(long, value_name = "ID")]
    id: Vec<i64>,
    #[command(flatten)]
    filter: ListArguments,
    /// Deliveries a second at most; a slower limit of the system goes first [default: 5]
    #[arg(long, value_name = "N")]
    rate: Option<f64>,
    /// Do not stay until the job ends
    #[arg(long)]
    detach: bool,
    #[command(flatten)]
    consent: Consent,
}

impl BulkArguments {
    /// Whether ids alone say what is meant.
    fn names_ids_alone(&self) -> bool {
        let filter = &self.filter;
        let words = [
            &filter.system,
            &filter.state,
            &filter.case,
            &filter.code,
            &filter.item,
        ];
        let others = words.iter().any(|word| word.is_some())
            || filter.from.is_some()
            || filter.before.is_some();
        !self.id.is_empty() && !others && self.rate.is_none()
    }
}

#[derive(Debug, Args)]
struct SystemArguments {
    /// Which system
    #[arg(long, value_name = "ID")]
    system: String,
    #[command(flatten)]
    consent: Consent,
}

#[derive(Debug, Args)]
struct Consent {
    /// Why; goes into the audit record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Do it without asking
    #[arg(long)]
    yes: bool,
}

/// Where the command speaks, and whether somebody can be asked.
struct Console<'a> {
    output: &'a mut dyn Write,
    /// `None`: nobody is there to answer.
    input: Option<&'a mut dyn BufRead>,
    json: bool,
    /// Whether the output is a terminal.
    terminal: bool,
}

/// Runs the command.
///
/// # Errors
/// A gateway that cannot be reached or refuses is a failure; a change without consent or reason is a usage error.
pub fn run(arguments: DeliveriesArguments) -> Result<(), CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(CommandError::failed)?;
    let interactive = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let mut input = std::io::stdin().lock();
    let mut console = Console {
        output: &mut std::io::stdout().lock(),
        input: (interactive && !arguments.json).then_some(&mut input as &mut dyn BufRead),
        json: arguments.json,
        terminal: std::io::stdout().is_terminal(),
    };
    runtime.block_on(perform(arguments, &mut console))
}

async fn perform(
    arguments: DeliveriesArguments,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let client = OpsClient::of_folder(&arguments.data);
    let nothing_more = || Action::Overview(overview::OverviewArguments::default());
    match arguments.action.unwrap_or_else(nothing_more) {
        Action::Overview(wanted) => overview::show(&client, &wanted, console).await,
        Action::List(filter) => {
            let found: DeliveryList = client.get(&list_path(&filter)).await?;
            console.show(&found, print::list(&found))
        }
        Action::Show { id } => {
            let found: DeliveryDetail = client.get(&format!("/ops/v1/deliveries/{id}")).await?;
            console.show(&found, print::detail(&found))
        }
        Action::Retry(bulk) if bulk.names_ids_alone() => {
            change(&client, "retry", bulk, console).await
        }
        Action::Discard(bulk) if bulk.names_ids_alone() => {
            change(&client, "discard", bulk, console).await
        }
        Action::Retry(bulk) => jobs::bulk(&client, "retry", bulk, console).await,
        Action::Discard(bulk) => jobs::bulk(&client, "discard", bulk, console).await,
        Action::Jobs => jobs::list(&client, console).await,
        Action::Job(job) => jobs::show(&client, &job, console).await,
        Action::Stop(job) => jobs::stop(&client, job, console).await,
        Action::GoOn(job) => jobs::go_on(&client, job, console).await,
        Action::Pause(system) => switch(&client, "pause", system, console).await,
        Action::Resume(system) => switch(&client, "resume", system, console).await,
    }
}

/// A moment as people write it: a day or a day and time in Asia/Shanghai (UTC+8), or with its own offset (RFC 3339).
pub(crate) fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let civil: jiff::civil::DateTime = text
        .parse()
        .map_err(|_| "write 2026-03-01, 2026-03-01T09:30 or 2026-03-01T01:30:00Z".to_owned())?;
    jiff::tz::Offset::constant(8)
        .to_timestamp(civil)
        .map_err(|e| e.to_string())
}

fn list_path(filter: &ListArguments) -> String {
    let values = [
        ("system", filter.system.clone()),
        ("state", filter.state.clone()),
        ("case", filter.case.clone()),
        ("code", filter.code.clone()),
        ("item", filter.item.clone()),
        ("from", filter.from.map(|t| t.to_string())),
        ("before", filter.before.map(|t| t.to_string())),
        ("limit", filter.limit.map(|n| n.to_string())),
    ];
    with_query("/ops/v1/deliveries", &values)
}

async fn change(
    client: &OpsClient,
    what: &str,
    bulk: BulkArguments,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let path = format!("/ops/v1/deliveries/{what}");
    let mut request = BulkRequest {
        ids: bulk.id,
        limit: bulk.filter.limit,
        dry_run: true,
        ..BulkRequest::default()
    };
    if !bulk.consent.yes {
        let preview: Preview = client.post(&path, &request).await?;
        console.show(&preview, print::preview(what, &preview))?;
        if preview.count == 0 {
            return Ok(());
        }
    }
    request.reason = console.consent(what, &bulk.consent)?;
    request.dry_run = false;
    let changed: Changed = client.post(&path, &request).await?;
    console.show(
        &changed,
        format!("{what}: {} deliveries changed\n", changed.changed),
    )
}

async fn switch(
    client: &OpsClient,
    what: &str,
    system: SystemArguments,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let affected = if what == "pause" { "pending" } else { "held" };
    if !system.consent.yes {
        let values = [
            ("system", Some(system.system.clone())),
            ("state", Some(affected.to_owned())),
            ("limit", Some("1".to_owned())),
        ];
        let found: DeliveryList = client
            .get(&with_query("/ops/v1/deliveries", &values))
            .await?;
        let preview = Preview {
            count: found.total,
            at_once: found.total,
            oldest: found.oldest,
            repeats: 0,
        };
        console.show(
            &preview,
            print::preview(&format!("{what} {}", system.system), &preview),
        )?;
    }
    let reason = console.consent(what, &system.consent)?;
    let path = format!(
        "{}/{what}",
        with_segment("/ops/v1/systems", &system.system)?
    );
    let done: SystemPaused = client.post(&path, &Reasoned { reason }).await?;
    let state = if done.paused { "paused" } else { "running" };
    console.show(
        &done,
        format!(
            "{}: {state}, {} deliveries wait\n",
            done.system, done.waiting
        ),
    )
}

/// A path with a system's id behind it. Ids are letters, digits and hyphens; anything else would be another address.
fn with_segment(path: &str, id: &str) -> Result<String, CommandError> {
    let plain = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if plain {
        return Ok(format!("{path}/{id}"));
    }
    Err(CommandError::Usage(format!(
        "`{id}` is no system id: lower-case letters, digits and hyphens"
    )))
}

impl Console<'_> {
    fn show(&mut self, value: &impl Serialize, text: String) -> Result<(), CommandError> {
        let text = match self.json {
            true => serde_json::to_string(value).map_err(CommandError::failed)? + "\n",
            false => text,
        };
        self.say(&text)
    }

    fn say(&mut self, text: &str) -> Result<(), CommandError> {
        self.output
            .write_all(text.as_bytes())
            .and_then(|()| self.output.flush())
            .map_err(CommandError::failed)
    }

    /// The reason, once somebody said that it shall be done.
    fn consent(&mut self, what: &str, consent: &Consent) -> Result<String, CommandError> {
        let reason = consent.reason.clone().filter(|r| !r.trim().is_empty());
        if !consent.yes && !self.asked(what)? {
            let add = if reason.is_none() {
                "--yes and --reason TEXT"
            } else {
                "--yes"
            };
            return Err(CommandError::Usage(format!(
                "nothing was changed; to {what}, add {add}"
            )));
        }
        match (reason, consent.yes) {
            (Some(reason), _) => Ok(reason),
            (None, false) => self.line("Reason (goes into the audit record): "),
            (None, true) => Err(CommandError::Usage(format!(
                "nothing was changed; to {what}, add --reason TEXT"
            ))),
        }
    }

    fn asked(&mut self, what: &str) -> Result<bool, CommandError> {
        if self.input.is_none() {
            return Ok(false);
        }
        Ok(self.line(&format!("Go on and {what}? Type yes: "))? == "yes")
    }

    fn line(&mut self, question: &str) -> Result<String, CommandError> {
        let mut line = String::new();
        self.say(question)?;
        if let Some(input) = self.input.as_mut() {
            input.read_line(&mut line).map_err(CommandError::failed)?;
        }
        Ok(line.trim().to_owned())
    }
}

impl From<ClientError> for CommandError {
    fn from(error: ClientError) -> Self {
        Self::failed(error)
    }
}

#[cfg(test)]
mod tests;
