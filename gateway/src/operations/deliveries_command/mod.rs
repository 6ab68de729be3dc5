//! `tongban deliveries`: sees and mends the outbox of a running gateway, through `ops.sock` in its data folder.
//!
//! Changes show first what they would do; without a terminal and without `--yes` that is all they do.

pub mod client;
mod print;

use crate::cli::CommandError;
use crate::operations::ops_api::wire::{
    BulkRequest, Changed, DeliveryDetail, DeliveryList, Preview, Reasoned, SystemPaused,
};
use clap::{Args, Subcommand};
use client::{ClientError, OpsClient, with_query};
use serde::Serialize;
use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

/// See and mend deliveries.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  tongban deliveries list --state dead\n  tongban deliveries show 42\n  \
    tongban deliveries retry --system gd-explosives --code not_sent --reason 'line repaired'"
)]
pub struct DeliveriesArguments {
    #[command(subcommand)]
    action: Action,
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
    /// List deliveries, oldest first
    List(ListArguments),
    /// Show one delivery with the bytes of every attempt
    Show {
        /// Its id
        id: i64,
    },
    /// Try dead deliveries again
    Retry(BulkArguments),
    /// Give up dead, pending or held deliveries for good
    Discard(BulkArguments),
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
    /// At most so many [default: 100]
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
    #[command(flatten)]
    consent: Consent,
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
    };
    runtime.block_on(perform(arguments, &mut console))
}

async fn perform(
    arguments: DeliveriesArguments,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let client = OpsClient::of_folder(&arguments.data);
    match arguments.action {
        Action::List(filter) => {
            let found: DeliveryList = client.get(&list_path(&filter)).await?;
            console.show(&found, print::list(&found))
        }
        Action::Show { id } => {
            let found: DeliveryDetail = client.get(&format!("/ops/v1/deliveries/{id}")).await?;
            console.show(&found, print::detail(&found))
        }
        Action::Retry(bulk) => change(&client, "retry", bulk, console).await,
        Action::Discard(bulk) => change(&client, "discard", bulk, console).await,
        Action::Pause(system) => switch(&client, "pause", system, console).await,
        Action::Resume(system) => switch(&client, "resume", system, console).await,
    }
}

fn list_path(filter: &ListArguments) -> String {
    let values = [
        ("system", filter.system.clone()),
        ("state", filter.state.clone()),
        ("case", filter.case.clone()),
        ("code", filter.code.clone()),
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
        system: bulk.filter.system,
        state: bulk.filter.state,
        case: bulk.filter.case,
        code: bulk.filter.code,
        limit: bulk.filter.limit,
        reason: String::new(),
        dry_run: true,
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
        self.output
            .write_all(text.as_bytes())
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
        self.output
            .write_all(question.as_bytes())
            .map_err(CommandError::failed)?;
        self.output.flush().map_err(CommandError::failed)?;
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
