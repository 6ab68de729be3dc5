//! A gateway of its own in a temporary folder: settings, a generated catalogue, systems; and the process that serves it.

use crate::deliver::PARTNER;
use crate::process::{Process, run, until_ready};
use crate::{Failure, instant};
use serde_json::json;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Sample items, each with a number stem of its own: so many item-days in one day.
pub(crate) const ITEMS: u64 = 1_200;
/// Systems for the pass-through, all at the one back end: each takes 1,000 requests a second by default.
pub(crate) const SYSTEMS: usize = 64;
/// Calls that the partner of the deliveries takes at once.
const CALLS_AT_ONCE: u32 = 256;
/// The organisation of the sample items; its code passes GB 11714, its credit code GB 32100.
const ORGANISATION_CODE: &str = "006939115";
const CREDIT_CODE: &str = "114400000069391152";

/// A folder with a gateway's settings and data.
pub(crate) struct Installation {
    gateway: PathBuf,
    folder: PathBuf,
    config: PathBuf,
    hall: Hall,
    items: u64,
}

/// What becomes of the applications.
#[derive(Clone, Copy)]
pub(crate) enum Hall {
    /// They stay with the hall.
    Keeps,
    /// Each goes to the partner of the deliveries, which takes as many at once as are sent.
    HandsOver {
        /// Where it listens.
        partner: SocketAddr,
    },
}

/// The schema of this run's gateways on PostgreSQL.
pub(crate) fn schema() -> String {
    format!("bench_{}", std::process::id())
}

/// A serving gateway.
pub(crate) struct Serving {
    /// The process.
    pub(crate) process: Process,
    /// Where applicants call.
    pub(crate) public: SocketAddr,
    /// From its start to the first 200 of `/readyz`.
    pub(crate) ready_after: Duration,
}

impl Installation {
    /// Writes the settings into `folder`. Differs from the shipped settings in ports and in the rate limit by address, since all
    /// load comes from one address.
    pub(crate) fn new(gateway: &Path, folder: PathBuf) -> Result<Self, Failure> {
        Self::on(gateway, folder, None)
    }

    /// The same on PostgreSQL, in a schema of its own.
    pub(crate) fn on(
        gateway: &Path,
        folder: PathBuf,
        postgres: Option<&str>,
    ) -> Result<Self, Failure> {
        Self::of(gateway, folder, postgres, Hall::Keeps)
    }

    /// The same, with what becomes of the applications.
    pub(crate) fn of(
        gateway: &Path,
        folder: PathBuf,
        postgres: Option<&str>,
        hall: Hall,
    ) -> Result<Self, Failure> {
        std::fs::create_dir_all(&folder)?;
        let mut settings = json!({
            "schema": "tongban/config/1",
            "data": folder.join("data"),
            "listeners": {
                "public": {
                    "address": "127.0.0.1:0",
                    "limits": { "address": { "per_second": 1_000_000, "burst": 1_000_000 } },
                },
                "exchange": { "address": "127.0.0.1:0" },
                "operations": { "address": "127.0.0.1:0", "operators_from": ["127.0.0.0/8"] },
            },
            "outbound": { "allow": ["127.0.0.0/8"] },
        });
        if let Some(url) = postgres {
            settings["store"] = json!({ "postgres": { "url": url, "schema": schema() } });
        }
        if let Hall::HandsOver { .. } = hall {
            settings["delivery"] = json!({ "concurrency": 512, "per_system": CALLS_AT_ONCE });
        }
        let config = folder.join("tongban.yaml");
        write_document(&config, &settings)?;
        Ok(Self {
            gateway: gateway.to_path_buf(),
            folder,
            config,
            hall,
            items: ITEMS,
        })
    }

    /// Another node of the same hall, with a folder of its own.
    pub(crate) fn beside(&self, folder: PathBuf, url: &str) -> Result<Self, Failure> {
        let other = Self::of(&self.gateway, folder, Some(url), self.hall)?;
        std::fs::create_dir_all(other.data())?;
        std::fs::copy(
            self.data().join("master.key"),
            other.data().join("master.key"),
        )?;
        Ok(other)
    }

    /// With so many sample items instead.
    pub(crate) fn with_items(self, items: u64) -> Self {
        Self { items, ..self }
    }

    /// The program.
    pub(crate) fn gateway(&self) -> &Path {
        &self.gateway
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The gateway's database.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.join("data/tongban.sqlite")
    }

    /// Registers the calendar of the repository, the sample items, one route that leaves all cases with the hall, and systems at
    /// `back_end`.
    pub(crate) async fn apply(&self, calendar: &Path, back_end: SocketAddr) -> Result<(), Failure> {
        let sources = self.folder.join("sources");
        for kind in ["items", "systems"] {
            std::fs::create_dir_all(sources.join(kind))?;
        }
        let organisation = json!({ "id": "bench-office", "name": "样例机关", "uscc": CREDIT_CODE, "region": "440000" });
        let organisations = json!({ "schema": "tongban/organisations/1", "sample": true, "organisations": [organisation] });
        write_document(&sources.join("organisations.yaml"), &organisations)?;
        let route = match self.hall {
            Hall::Keeps => json!({ "hand_over": "none" }),
            Hall::HandsOver { partner } => {
                let mut system = system(PARTNER, partner);
                system["limits"] = json!({ "concurrency": CALLS_AT_ONCE });
                let path = sources.join(format!("systems/{PARTNER}.yaml"));
                write_document(&path, &system)?;
                json!({ "system": PARTNER, "hand_over": "apply" })
            }
        };
        let routes = json!({ "schema": "tongban/routes/1", "routes": [route] });
        write_document(&sources.join("routes.yaml"), &routes)?;
        for number in 0..self.items {
            write_document(
                &sources.join(format!("items/bench-{number:04}.yaml")),
                &item(number),
            )?;
        }
        for number in 0..SYSTEMS {
            let path = sources.join(format!("systems/{}.yaml", system_id(number)));
            write_document(&path, &system(&system_id(number), back_end))?;
        }
        let (calendar, sources) = (
            calendar.display().to_string(),
            sources.display().to_string(),
        );
        let config = self.config.display().to_string();
        run(
            &self.gateway,
            &["apply", "--config", &config, &calendar, &sources],
        )
        .await
    }

    /// Starts the gateway and waits until it is ready.
    pub(crate) async fn serve(&self) -> Result<Serving, Failure> {
        let log = self.folder.join("gateway.log");
        let config = self.config.display().to_string();
        let begun = instant();
        let mut process = Process::start(&self.gateway, &["serve", "--config", &config], &log)?;
        let started = async {
            let public = process.address("public").await?;
            let operations = process.address("operations").await?;
            let ready_after = until_ready(operations, "/readyz", begun).await?;
            Ok::<_, Failure>((public, ready_after))
        };
        match started.await {
            Ok((public, ready_after)) => Ok(Serving {
                process,
                public,
                ready_after,
            }),
            Err(error) => {
                let said = std::fs::read_to_string(&log).unwrap_or_default();
                let mut words = format!("the gateway did not start: {error}");
                write!(words, "\n{}", said.chars().take(4_000).collect::<String>())?;
                Err(words.into())
            }
        }
    }
}

/// The code of a sample item: gd26, with a main item code that no real item has.
pub(crate) fn item_code(number: u64) -> String {
    format!("{}001{ORGANISATION_CODE}12440000", 900_000 + number)
}

/// The id of a system of the pass-through.
pub(crate) fn system_id(number: usize) -> String {
    format!("bench-{number:02}")
}

fn item(number: u64) -> serde_json::Value {
    json!({
        "schema": "tongban/item/1",
        "id": format!("bench-{number:04}"),
        "version": 1,
        "state": "active",
        "sample": true,
        "name": format!("样例事项{number:04}"),
        "codes": [{ "scheme": "gd26", "value": item_code(number) }],
        "number_scheme": "gd29",
        "type": "20",
        "level": "province",
        "region": "440000",
        "org": { "id": "bench-office", "name": "样例机关", "uscc": CREDIT_CODE, "organisation_code": ORGANISATION_CODE },
        "org_nature": "statutory",
        "case_type": "promise",
        "audience": ["person", "enterprise"],
        "channels": ["window", "online"],
        "running_level": "province",
        "visits": 0,
        "effective_from": "2016-01-01",
        "policies": { "acceptance": "deemed" },
        "statutory": { "n": 20, "unit": "working_day" },
        "promise": { "n": 10, "unit": "working_day" },
        "conditions": ["样例。"],
        "process": [{ "name": "申请", "text": "在线申请。" }],
        "legal_basis": [{ "law": "样例" }],
        "fee": { "required": false },
        "result": { "kind": "reply", "name": "样例答复" },
        "contact": { "place": "样例窗口", "hours": "周一至周五", "consult_phone": "020-55550100", "complaint_phone": "12345" },
        "form": {
            "type": "object",
            "additionalProperties": false,
            "required": ["project_name", "address", "summary"],
            "properties": {
                "project_name": { "type": "string", "title": "名称", "maxLength": 200 },
                "address": { "type": "string", "title": "地址", "maxLength": 200 },
                "summary": { "type": "string", "title": "说明", "maxLength": 2000, "x-multiline": true },
            },
        },
    })
}

fn system(id: &str, back_end: SocketAddr) -> serde_json::Value {
    json!({
        "schema": "tongban/system/1",
        "id": id,
        "name": "样例系统",
        "kind": "department",
        "protocol": "rest",
        "endpoint": format!("http://{back_end}"),
        "operations": {
            "submit": {
                "call": "POST /submit",
                "send": "json",
                "request": { "no": "= case.no" },
                "reply": { "read": "text", "accepted": "= reply == 'ok'" },
            },
        },
    })
}

/// Writes a document as JSON, which YAML contains, with `schema` as its first key.
fn write_document(path: &Path, document: &serde_json::Value) -> Result<(), Failure> {
    let mut text = String::from("{");
    let members = document.as_object().ok_or("a document is an object")?;
    let schema = members.get_key_value("schema");
    let rest = members.iter().filter(|(name, _)| *name != "schema");
    for (index, (name, value)) in schema.into_iter().chain(rest).enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(text, "{comma}\n{}: {value}", json!(name))?;
    }
    text.push_str("\n}\n");
    Ok(std::fs::write(path, text)?)
}
