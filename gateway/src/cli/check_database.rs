//! `tongban check --database`: whether what is stored is whole. A gateway that runs is asked; otherwise the folder is examined under
//! its lock. Nothing is changed.

use super::CommandError;
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::installation::MASTER_KEY_FILE;
use crate::operations::database_texts;
use crate::operations::deliveries_command::client::{ClientError, OpsClient};
use crate::operations::ops_api::examination::Examination;
use crate::store::bucket::{Bucket, BucketMark};
use crate::store::integrity::{DatabaseFault, Depth, IntegrityReport};
use crate::store::sealed::MasterKeys;
use crate::store::sqlite::examine_folder;
use crate::text::Language;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

/// Runs the check.
///
/// # Errors
/// [`CommandError::Failed`] when there is any fault, or the store cannot be examined.
pub(super) fn run(
    data: &Path,
    config: Option<&Path>,
    depth: Depth,
    language: Language,
    as_json: bool,
) -> Result<(), CommandError> {
    let report = super::serve::runtime()?.block_on(examined(data, config, depth))?;
    if as_json {
        super::say(shown(&report));
    } else {
        print(&report, language);
    }
    match report.faults.len() {
        0 => Ok(()),
        kinds => {
            let all: u64 = report.faults.iter().map(|fault| fault.count).sum();
            Err(CommandError::failed(format!(
                "{all} fault(s) of {kinds} kind(s)"
            )))
        }
    }
}

async fn examined(
    data: &Path,
    config: Option<&Path>,
    depth: Depth,
) -> Result<IntegrityReport, CommandError> {
    let path = match depth {
        Depth::Sample => "/ops/v1/check",
        Depth::Everything => "/ops/v1/check?deep=true",
    };
    match OpsClient::of_folder(data).get_slowly(path).await {
        Ok(Examination::Report(report)) => return Ok(report),
        Ok(Examination::Failed(words)) => return Err(CommandError::failed(words)),
        Err(ClientError::NotRunning { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let keys = MasterKeys::read(&data.join(MASTER_KEY_FILE)).map_err(CommandError::failed)?;
    let (now, entropy) = (Clock::system().now(), Entropy::system());
    let bucket = bucket(data, config)?;
    examine_folder(data, keys, entropy, bucket, (depth, now))
        .await
        .map_err(CommandError::failed)
}

/// The bucket that the files of the folder lie in.
fn bucket(data: &Path, config: Option<&Path>) -> Result<Option<Arc<Bucket>>, CommandError> {
    let Some(mark) = BucketMark::read(data).map_err(CommandError::failed)? else {
        return Ok(None);
    };
    let config = config.map(super::serve::read_config).transpose()?;
    let bucket = config.as_ref().and_then(|config| {
        let settings = config.materials.s3.as_ref()?;
        Some(Bucket::new(settings, &config.outbound))
    });
    match bucket {
        Some(bucket) => Ok(Some(Arc::new(bucket.map_err(CommandError::failed)?))),
        None => Err(CommandError::failed(format!(
            "its files lie in the bucket {} of {}: name the settings with materials.s3 by --config",
            mark.bucket, mark.endpoint
        ))),
    }
}

fn shown(report: &IntegrityReport) -> Value {
    let said = |faults: &[DatabaseFault]| -> Vec<Value> {
        let one = |fault: &DatabaseFault| {
            let (zh, remedy_zh) = database_texts::say(&fault.code, Language::Chinese);
            let (en, remedy_en) = database_texts::say(&fault.code, Language::English);
            json!({
                "code": fault.code, "count": fault.count, "examples": fault.examples,
                "what": { "zh": zh, "en": en }, "remedy": { "zh": remedy_zh, "en": remedy_en },
            })
        };
        faults.iter().map(one).collect()
    };
    json!({
        "schema_version": report.schema_version, "cases": report.cases, "files": report.files, "opened": report.opened,
        "faults": said(&report.faults), "notices": said(&report.notices),
    })
}

fn print(report: &IntegrityReport, language: Language) {
    for (word, faults) in [("fault", &report.faults), ("note", &report.notices)] {
        for fault in faults {
            let (what, remedy) = database_texts::say(&fault.code, language);
            super::say(format_args!(
                "{word} {}: {what} ({})",
                fault.code, fault.count
            ));
            super::say(format_args!("  {}", fault.examples.join(", ")));
            super::say(format_args!("  -> {remedy}"));
        }
    }
    if report.faults.is_empty() {
        super::say(format_args!(
            "no faults: schema {}, {} cases, {} files, {} sealed values opened",
            report.schema_version, report.cases, report.files, report.opened
        ));
    }
}
