//! `tongban key`: keys of programs made, listed, replaced and revoked, through `ops.sock` of the running gateway.

mod print;

use super::CommandError;
use crate::operations::deliveries_command::client::{OpsClient, with_query};
use crate::operations::deliveries_command::moment;
use crate::operations::ops_api::wire::Reasoned;
use crate::operations::ops_api::wire_keys::{KeyList, KeyRequest, MadeKey, RotationRequest};
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::Value;
use std::path::PathBuf;

/// Keys of programs: create, list, rotate, revoke.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tongban key create partner gd-explosives --reason 'first key of the provincial system'
  tongban key create engineer pipeline --organisation gd-police --until 2027-03-01 --reason 'nightly checks'
  tongban key list
  tongban key rotate 3f9a0c5e7b21d846 --overlap 3d --reason 'yearly'
  tongban key revoke 3f9a0c5e7b21d846 --reason 'seen in a ticket'

A key is printed once, alone on standard output, and is kept nowhere:
  tongban key create agent zhuhai-hall --reason 'hall of Zhuhai' > key && chmod 600 key
docs/operations/credentials.md says how keys are shown, replaced and found when they leaked.")]
pub struct KeyArguments {
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
    /// Make a key; it is shown once
    Create(CreateArguments),
    /// List keys that count or will, without their secrets
    List(ListArguments),
    /// Make a key of the same rights; the old one counts on for the overlap
    Rotate(RotateArguments),
    /// End a key for good, at once, at every node
    Revoke(RevokeArguments),
}

/// Whose key it is.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleWord {
    /// A registered system, on its own resources of the exchange
    Partner,
    /// A program that acts for applicants: another hall, an app, a counter
    Agent,
    /// An engineer's program of an organisation
    Engineer,
    /// An operator's program
    Operator,
}

impl RoleWord {
    fn as_str(self) -> &'static str {
        match self {
            Self::Partner => "partner",
            Self::Agent => "agent",
            Self::Engineer => "engineer",
            Self::Operator => "operator",
        }
    }
}

#[derive(Debug, Args)]
struct CreateArguments {
    /// Whose key it is
    role: RoleWord,
    /// Id of the system, or a name of the program
    name: String,
    /// Organisation of an engineer
    #[arg(long, value_name = "ID")]
    organisation: Option<String>,
    /// From when it counts, e.g. 2026-03-01 or 2026-03-01T09:30 (Asia/Shanghai) [default: now]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    from: Option<Timestamp>,
    /// Until when [default: a year on]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<Timestamp>,
    /// What for; kept with the key and in the audit record
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

#[derive(Debug, Args)]
struct ListArguments {
    /// Ended ones too
    #[arg(long)]
    all: bool,
    /// Only in this state: valid, not_yet, expired or revoked
    #[arg(long)]
    state: Option<String>,
    /// Only of this role
    #[arg(long)]
    role: Option<RoleWord>,
    /// Only of this system or program
    #[arg(long)]
    name: Option<String>,
}

#[derive(Debug, Args)]
struct RotateArguments {
    /// The key's id
    id: String,
    /// How long the old one counts on, e.g. 7d, 12h or 0s
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = overlap)]
    overlap: u32,
    /// Until when the new one counts [default: as long as the old one was to]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<Timestamp>,
    /// Why; goes into the audit record
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

#[derive(Debug, Args)]
struct RevokeArguments {
    /// The key's id
    id: String,
    /// Why; goes into the audit record
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Seconds of a duration as people write it: a whole number of days, hours, minutes or seconds.
fn overlap(text: &str) -> Result<u32, String> {
    let words = "write e.g. 7d, 12h, 30m or 0s";
    let (number, unit) = text
        .split_at_checked(text.len().saturating_sub(1))
        .ok_or(words)?;
    let seconds = match unit {
        "d" => 86_400,
        "h" => 3_600,
        "m" => 60,
        "s" => 1,
        _ => return Err(words.to_owned()),
    };
    let number: u32 = number.parse().map_err(|_| words)?;
    number.checked_mul(seconds).ok_or_else(|| words.to_owned())
}

/// Runs the command.
///
/// # Errors
/// [`CommandError::Failed`] when no gateway runs on the data folder or it refuses; [`CommandError::Usage`] for what is no key's id.
pub fn run(arguments: &KeyArguments) -> Result<(), CommandError> {
    let client = OpsClient::of_folder(&arguments.data);
    let json = arguments.json;
    super::serve::runtime()?.block_on(async {
        match &arguments.action {
            Action::Create(wanted) => create(&client, wanted, json).await,
            Action::List(wanted) => list(&client, wanted, json).await,
            Action::Rotate(wanted) => rotate(&client, wanted, json).await,
            Action::Revoke(wanted) => revoke(&client, wanted, json).await,
        }
    })
}

async fn create(
    client: &OpsClient,
    wanted: &CreateArguments,
    json: bool,
) -> Result<(), CommandError> {
    let request = KeyRequest {
        role: wanted.role.as_str().to_owned(),
        name: wanted.name.clone(),
        organisation: wanted.organisation.clone(),
        not_before: wanted.from,
        expires_at: wanted.until,
        reason: wanted.reason.clone(),
    };
    let made: MadeKey = client.post("/ops/v1/keys", &request).await?;
    said(&made, json)
}

async fn list(client: &OpsClient, wanted: &ListArguments, json: bool) -> Result<(), CommandError> {
    let values = [
        ("state", wanted.state.clone()),
        ("role", wanted.role.map(|role| role.as_str().to_owned())),
        ("name", wanted.name.clone()),
    ];
    let mut found: KeyList = client.get(&with_query("/ops/v1/keys", &values)).await?;
    if !wanted.all && wanted.state.is_none() {
        let counts = |state: &str| matches!(state, "valid" | "not_yet");
        found.keys.retain(|key| counts(&key.state));
    }
    if json {
        super::say(serde_json::to_string(&found).map_err(CommandError::failed)?);
    } else {
        super::say(print::list(&found).trim_end());
    }
    Ok(())
}

async fn rotate(
    client: &OpsClient,
    wanted: &RotateArguments,
    json: bool,
) -> Result<(), CommandError> {
    let request = RotationRequest {
        overlap_s: Some(wanted.overlap),
        expires_at: wanted.until,
        reason: wanted.reason.clone(),
    };
    let path = format!("/ops/v1/keys/{}/rotate", id(&wanted.id)?);
    let made: MadeKey = client.post(&path, &request).await?;
    said(&made, json)
}

async fn revoke(
    client: &OpsClient,
    wanted: &RevokeArguments,
    json: bool,
) -> Result<(), CommandError> {
    let path = format!("/ops/v1/keys/{}/revoke", id(&wanted.id)?);
    let reason = wanted.reason.clone();
    let done: Value = client.post(&path, &Reasoned { reason }).await?;
    if json {
        super::say(done);
    } else {
        super::say(format_args!(
            "{}: revoked, at every node within a second",
            wanted.id
        ));
    }
    Ok(())
}

/// The key alone on standard output, so that a shell can take it; the words beside it.
fn said(made: &MadeKey, json: bool) -> Result<(), CommandError> {
    if json {
        super::say(serde_json::to_string(made).map_err(CommandError::failed)?);
        return Ok(());
    }
    eprintln!("{}", print::made(made).trim_end());
    super::say(&made.key);
    Ok(())
}

/// An id as lists show it. A whole key was put there by mistake: it is not sent, and not repeated.
fn id(given: &str) -> Result<&str, CommandError> {
    let plain = given.len() == 16 && given.bytes().all(|b| b.is_ascii_hexdigit());
    plain.then_some(given).ok_or_else(|| {
        CommandError::Usage(
            "a key is named by its id, the 16 characters behind tb_ (tongban key list)".to_owned(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlap_is_written_as_people_write_it() {
        for (text, seconds) in [("7d", 604_800), ("12h", 43_200), ("30m", 1_800), ("0s", 0)] {
            assert_eq!(overlap(text), Ok(seconds));
        }
        for text in ["", "d", "7", "-1d", "7w", "1.5h", "99999999d", "七d", "7天"] {
            assert!(overlap(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_whole_key_is_not_taken_for_an_id_nor_repeated() {
        assert_eq!(id("3f9a0c5e7b21d846").ok(), Some("3f9a0c5e7b21d846"));
        let whole = format!("tb_3f9a0c5e7b21d846_{}_00000000", "a".repeat(64));
        for given in ["", "3f9a0c5e7b21d84", "../../systems/x", &whole] {
            let words = id(given).unwrap_err().to_string();
            assert!(given.is_empty() || !words.contains(given), "{words}");
        }
    }
}
