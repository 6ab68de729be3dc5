//! `tongban import-wsdl`: from a partner's WSDL to a draft of its definition.

use super::CommandError;
use clap::Args;
use std::path::{Path, PathBuf};
use tongban_adapters::definition::CompiledDefinition;
use tongban_adapters::drafting::{Draft, DraftOrder, draft};
use tongban_adapters::schema::{Document, Documents, Refusal, SchemaLimits, resolve_reference};
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
    let location = source.location(&main)?;
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

fn unreadable(path: &Path, error: &std::io::Error) -> CommandError {
    CommandError::Failed(format!("{} cannot be read: {error}", path.display()))
}

/// The files of one folder and those below it. Nothing outside is read, wherever a link or a `..` leads.
struct FolderDocuments {
    root: PathBuf,
    read: Vec<(String, Vec<u8>)>,
}

impl FolderDocuments {
    fn of(main: &Path) -> Result<Self, CommandError> {
        let main = main.canonicalize().map_err(|e| unreadable(main, &e))?;
        let root = main
            .parent()
            .map_or_else(|| PathBuf::from("/"), Path::to_path_buf);
        Ok(Self {
            root,
            read: Vec::new(),
        })
    }

    fn location(&self, main: &Path) -> Result<String, CommandError> {
        let name = main.file_name().and_then(|name| name.to_str());
        name.map(str::to_owned).ok_or_else(|| {
            CommandError::Usage(format!(
                "{}: a file name in UTF-8 is needed",
                main.display()
            ))
        })
    }

    fn inside(&self, location: &str) -> Result<PathBuf, Refusal> {
        let path = self.root.join(location.trim_start_matches('/'));
        let path = path.canonicalize().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Refusal::NotFound,
            _ => Refusal::Failed(error.to_string()),
        })?;
        match path.starts_with(&self.root) {
            true => Ok(path),
            false => Err(Refusal::NotAllowed(
                "it lies outside the folder of the WSDL".to_owned(),
            )),
        }
    }
}

impl Documents for FolderDocuments {
    /// A file of the folder; what was saved from an address is looked for by its file name.
    fn resolve(&self, base: &str, reference: &str) -> Result<String, Refusal> {
        let location = resolve_reference(base, reference);
        if self.inside(&location).is_ok() {
            return Ok(location);
        }
        let name = location.rsplit('/').next().unwrap_or_default();
        // wget saves `Service.svc?xsd=xsd0` under that name, or with @ where a `?` may not stand; browsers leave the query out.
        let bare = name.split('?').next().unwrap_or_default();
        for candidate in [name, &name.replacen('?', "@", 1), bare] {
            let same = candidate == base || candidate.is_empty();
            if !same && self.inside(candidate).is_ok_and(|path| path.is_file()) {
                return Ok(candidate.to_owned());
            }
        }
        Ok(location)
    }

    fn read(&mut self, location: &str) -> Result<Document, Refusal> {
        let limit = SchemaLimits::default().document_bytes;
        if location.contains("://") {
            return Err(Refusal::NotAllowed(
                "addresses are not fetched: save the file into the folder of the WSDL".to_owned(),
            ));
        }
        let path = self.inside(location)?;
        let failed = |error: std::io::Error| Refusal::Failed(error.to_string());
        let length = path.metadata().map_err(failed)?.len();
        if length > limit as u64 {
            return Err(Refusal::TooLarge(limit));
        }
        let bytes = std::fs::read(&path).map_err(failed)?;
        self.read.push((location.to_owned(), bytes.clone()));
        Ok(Document {
            bytes,
            charset: None,
        })
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
    for (location, bytes) in &source.read {
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
