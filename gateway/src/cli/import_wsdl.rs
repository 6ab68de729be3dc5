//! `tongban import-wsdl`: from a partner's WSDL to a draft of its definition.

use super::CommandError;
use super::wsdl_folder::{FolderDocuments, unreadable};
use clap::Args;
use std::path::{Path, PathBuf};
use tongban_adapters::definition::CompiledDefinition;
use tongban_adapters::drafting::{Draft, DraftOrder, draft};
use tongban_adapters::schema::SchemaLimits;
use tongban_adapters::wsdl::read_wsdl;
use tongban_catalog::Language;

/// Guesses and gaps that are printed; the file has all of them.
const PRINTED_MAX: usize = 40;

/// Write a draft of a system definition from the WSDL of a partner.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  tongban import-wsdl partner/service.wsdl --id city-platform -o config/systems\n\n\
    Files that the WSDL imports are read from its folder. To import from an address, save the WSDL and what it imports first."
)]
pub struct ImportWsdlArguments {
    /// The WSDL, or a folder with one file that ends with .wsdl
    #[arg(value_name = "FILE-OR-FOLDER")]
    source: PathBuf,
    /// Id of the system: lower-case letters, digits and hyphens
    #[arg(long, value_name = "ID")]
    id: String,
    /// Folder to write to: ID.yaml and, in the folder ID-wsdl, the files that were read
    #[arg(short, long, value_name = "FOLDER", default_value = "config/systems")]
    output: PathBuf,
    /// Service, where the WSDL has several
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Port, where the service has several
    #[arg(long, value_name = "NAME")]
    port: Option<String>,
    /// Write over a draft that is there
    #[arg(long)]
    force: bool,
    /// Print what was guessed, left open and written as one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// [`CommandError::Usage`] for a source that is no file or folder, a port that is not there, a bad id; [`CommandError::Failed`] for a
/// WSDL that cannot be taken, with file, line and column, and for files that cannot be written.
pub fn run(arguments: &ImportWsdlArguments) -> Result<(), CommandError> {
    let main = main_file(&arguments.source)?;
    let mut source = FolderDocuments::of(&main)?;
    let location = FolderDocuments::location(&main)?;
    let limits = SchemaLimits::default();
    let description = read_wsdl(&mut source, &location, &limits)
        .map_err(|fault| CommandError::failed(format_args!("{fault}")))?;
    let order = DraftOrder {
        id: &arguments.id,
        source: &location,
        service: arguments.service.as_deref(),
        port: arguments.port.as_deref(),
    };
    let made =
        draft(&description, &order).map_err(|fault| CommandError::Usage(fault.to_string()))?;
    check(arguments, &made)?;
    let written = write(arguments, &source, &made)?;
    let warnings: Vec<String> = description
        .warnings
        .iter()
        .map(|warning| format!("{}: {}", warning.place, warning.kind))
        .collect();
    match arguments.json {
        true => print_json(&made, &warnings, &written),
        false => print(&made, &warnings, &written),
    }
}

fn main_file(source: &Path) -> Result<PathBuf, CommandError> {
    let name = source.to_string_lossy();
    if name.starts_with("http://") || name.starts_with("https://") {
        return Err(CommandError::Usage(format!(
            "{name}: addresses are not fetched; save the WSDL and what it imports into a folder and name that folder"
        )));
    }
    if source.is_file() {
        if source
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("zip"))
        {
            return Err(CommandError::Usage(format!(
                "{name}: archives are not read; unpack it and name the folder or the WSDL in it"
            )));
        }
        return Ok(source.to_path_buf());
    }
    if !source.is_dir() {
        return Err(CommandError::Usage(format!(
            "{name} does not exist; name a WSDL or a folder with one"
        )));
    }
    let mut found: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(source).map_err(|e| unreadable(source, &e))? {
        let path = entry.map_err(|e| unreadable(source, &e))?.path();
        let is_wsdl = path
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("wsdl"));
        if is_wsdl && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    match found.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(CommandError::Usage(format!(
            "{name} holds no file that ends with .wsdl; name the file itself"
        ))),
        several => {
            let names: Vec<String> = several
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            Err(CommandError::Usage(format!(
                "{name} holds several WSDLs; name the one to begin with: {}",
                names.join(", ")
            )))
        }
    }
}

/// The draft passes the checker; what does not is the id, or our own fault.
fn check(arguments: &ImportWsdlArguments, made: &Draft) -> Result<(), CommandError> {
    let name = format!("{}.yaml", arguments.id);
    let compiled = CompiledDefinition::compile(&name, &made.text, &|_| None);
    match compiled {
        Ok(_) => Ok(()),
        Err(faults) if faults.iter().all(|fault| fault.code == "bad_id") => {
            Err(CommandError::Usage(format!(
                "`{}` is no id: lower-case letters, digits and hyphens, a letter first, at most 64",
                arguments.id
            )))
        }
        Err(faults) => {
            let lines = faults.iter().map(|fault| fault.line_in(Language::English));
            Err(CommandError::Failed(format!(
                "the draft does not pass its own check; please report this:\n{}",
                lines.collect::<Vec<_>>().join("\n")
            )))
        }
    }
}

/// Writes the draft and, beside it, the files that were read.
fn write(
    arguments: &ImportWsdlArguments,
    source: &FolderDocuments,
    made: &Draft,
) -> Result<Vec<PathBuf>, CommandError> {
    let unwritable = |path: &Path, error: &std::io::Error| {
        CommandError::Failed(format!("{} cannot be written: {error}", path.display()))
    };
    let yaml = arguments.output.join(format!("{}.yaml", arguments.id));
    if yaml.exists() && !arguments.force {
        return Err(CommandError::Failed(format!(
            "{} is there already; --force writes over it",
            yaml.display()
        )));
    }
    let folder = arguments.output.join(format!("{}-wsdl", arguments.id));
    let mut written = vec![yaml.clone()];
    for (location, bytes) in source.documents() {
        let path = folder.join(location.trim_start_matches('/'));
        let parent = path.parent().unwrap_or(&folder);
        std::fs::create_dir_all(parent).map_err(|e| unwritable(parent, &e))?;
        std::fs::write(&path, bytes).map_err(|e| unwritable(&path, &e))?;
        written.push(path);
    }
    std::fs::create_dir_all(&arguments.output).map_err(|e| unwritable(&arguments.output, &e))?;
    std::fs::write(&yaml, &made.text).map_err(|e| unwritable(&yaml, &e))?;
    Ok(written)
}

fn print(made: &Draft, warnings: &[String], written: &[PathBuf]) -> Result<(), CommandError> {
    use super::say;
    for path in written {
        say(format_args!("written: {}", path.display()));
    }
    say(format_args!(
        "{} operation(s) of {}/{}",
        made.operations, made.service, made.port
    ));
    if !made.other_ports.is_empty() {
        say(format_args!(
            "other ports (--service, --port): {}",
            made.other_ports.join(", ")
        ));
    }
    some("warning", warnings.iter().cloned());
    some(
        "guessed",
        made.guesses
            .iter()
            .map(|guess| format!("{} = {}", guess.at, guess.value)),
    );
    some(
        "cannot be said yet",
        made.gaps
            .iter()
            .map(|gap| format!("{}: {}", gap.at, gap.why)),
    );
    let yaml = written.first().map(|path| path.display().to_string());
    let yaml = yaml.unwrap_or_default();
    say(format_args!(
        "next: compare what was guessed, fill in {} place(s) marked TO FILL IN in {yaml}, then tongban check {yaml}",
        made.to_fill_in
    ));
    Ok(())
}

fn some(title: &str, lines: impl ExactSizeIterator<Item = String>) {
    let count = lines.len();
    for line in lines.take(PRINTED_MAX) {
        super::say(format_args!("{title}: {line}"));
    }
    if count > PRINTED_MAX {
        super::say(format_args!("{title}: … {} more", count - PRINTED_MAX));
    }
}

fn print_json(made: &Draft, warnings: &[String], written: &[PathBuf]) -> Result<(), CommandError> {
    let guesses = made.guesses.iter();
    let gaps = made.gaps.iter();
    let report = serde_json::json!({
        "service": made.service,
        "port": made.port,
        "operations": made.operations,
        "other_ports": made.other_ports,
        "guesses": guesses.map(|g| serde_json::json!({"at": g.at, "value": g.value})).collect::<Vec<_>>(),
        "gaps": gaps.map(|g| serde_json::json!({"at": g.at, "why": g.why})).collect::<Vec<_>>(),
        "to_fill_in": made.to_fill_in,
        "warnings": warnings,
        "written": written,
    });
    super::say(report);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(source: impl Into<PathBuf>, output: &Path) -> ImportWsdlArguments {
        ImportWsdlArguments {
            source: source.into(),
            id: "partner".to_owned(),
            output: output.to_path_buf(),
            service: None,
            port: None,
            force: false,
            json: false,
        }
    }

    fn collection(name: &str) -> PathBuf {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        root.join("../adapters/tests/wsdl_collection").join(name)
    }

    #[test]
    fn what_is_written_passes_tongban_check_and_is_never_written_over_unasked() {
        let out = tempfile::tempdir().unwrap();
        let source = collection("wsdl_import_chain").join("service.wsdl");
        let mut arguments = arguments(source, out.path());
        run(&arguments).unwrap();
        let read = crate::cli::check::read(&[out.path().to_path_buf()]).unwrap();
        assert!(read.is_ok(), "{:?}", read.err());
        let kept = std::fs::read_dir(out.path().join("partner-wsdl")).unwrap();
        assert!(kept.count() > 1, "what the WSDL imports is kept too");
        assert!(matches!(run(&arguments), Err(CommandError::Failed(_))));
        arguments.force = true;
        run(&arguments).unwrap();
    }

    #[test]
    fn files_saved_from_an_address_are_found_by_their_names() {
        let out = tempfile::tempdir().unwrap();
        let source = collection("wcf_saved_by_wget").join("LicenceService.svc@wsdl");
        run(&arguments(source, out.path())).unwrap();
    }

    #[test]
    fn what_cannot_be_read_yet_is_said_with_what_to_do() {
        let out = tempfile::tempdir().unwrap();
        let archive = out.path().join("a.zip");
        std::fs::write(&archive, "PK").unwrap();
        for (source, words) in [
            (
                PathBuf::from("https://partner.example/s?wsdl"),
                "save the WSDL",
            ),
            (archive, "unpack it"),
            (out.path().to_path_buf(), "no file that ends with .wsdl"),
            (out.path().join("none"), "does not exist"),
        ] {
            match run(&arguments(source, out.path())) {
                Err(CommandError::Usage(said)) => assert!(said.contains(words), "{said}"),
                other => panic!("{words}: {other:?}"),
            }
        }
    }
}
