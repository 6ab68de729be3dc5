//! A hall of its own for one test: a folder, a gateway on it with the repository's `config/` applied, and the partners that the
//! test wants. Nothing is shared with another test, so all of them may run at once.

use crate::http::{Answer, get, send, try_send};
use crate::process::{
    Partner, Running, address_in, binary, eventually, free_address, root, run_program,
};
use crate::sample::Taken;
use crate::sources::{self, Edit};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;
use tempfile::TempDir;

/// No state that a test waits for takes longer, also on a busy machine.
pub const STATE_MAX: Duration = Duration::from_secs(60);

/// The environment variable with the address of the system that a kind of partner plays.
const ENDPOINTS: [(&str, &str); 3] = [
    ("rest", "GD_EXPLOSIVES_ENDPOINT"),
    ("soap", "ZHUHAI_PLATFORM_ENDPOINT"),
    ("xml", "NATIONAL_RADIO_ENDPOINT"),
];

/// The `x-api-key` of the REST partner.
pub const REST_KEY: &str = "black-box-rest-key";
/// The `identify` of the SOAP partner.
pub const SOAP_IDENTIFY: &str = "black-box-soap-identify";
/// The `accessToken` of the XML partner.
pub const XML_TOKEN: &str = "black-box-xml-token";

/// A gateway with its partners.
pub struct Hall {
    /// The public listener.
    pub public: SocketAddr,
    /// The exchange listener; the same after a restart.
    pub exchange: SocketAddr,
    /// The operations listener.
    pub operations: SocketAddr,
    gateway: Option<Running>,
    partners: Vec<(&'static str, Partner)>,
    environment: Vec<(&'static str, String)>,
    settings: String,
    /// The gateway's binary.
    program: PathBuf,
    data: PathBuf,
    // Last: removed when nothing writes into it any more.
    folder: TempDir,
}

/// Another node of a hall.
pub struct Node {
    /// Its public listener.
    pub public: SocketAddr,
    /// Its exchange listener.
    pub exchange: SocketAddr,
    /// Its operations listener.
    pub operations: SocketAddr,
    /// Its process.
    pub running: Running,
}

/// How a hall differs from the usual one.
struct Opening<'a> {
    /// What is applied.
    sources: &'a str,
    /// Variables beside the usual ones.
    environment: &'a [(&'static str, String)],
    /// More sections of settings.
    settings: &'a str,
    /// What becomes of each system's definition: of its id and text.
    edited: Option<Edit<'a>>,
    /// The data folder, when it is not to lie in the test's own.
    data: Option<&'a Path>,
    /// The binary, when it is not the built one.
    program: Option<&'a Path>,
}

impl Default for Opening<'_> {
    fn default() -> Self {
        Self {
            sources: "config",
            environment: &[],
            settings: "",
            edited: None,
            data: None,
            program: None,
        }
    }
}

impl Hall {
    /// Partners first (they are told the address of the exchange), then `apply`, then the gateway.
    pub async fn open(partners: &[(&'static str, &[&str])]) -> Self {
        Self::open_as(partners, Opening::default()).await
    }

    /// The same with more sections of settings.
    pub async fn open_with(partners: &[(&'static str, &[&str])], settings: &str) -> Self {
        let opening = Opening {
            settings,
            ..Opening::default()
        };
        Self::open_as(partners, opening).await
    }

    /// The same by another binary with the `config/` that goes with it, until [`Hall::set_program`] names the next.
    pub async fn open_by(
        program: &Path,
        sources: &str,
        partners: &[(&'static str, &[&str])],
        settings: &str,
    ) -> Self {
        let opening = Opening {
            settings,
            sources,
            program: Some(program),
            ..Opening::default()
        };
        Self::open_as(partners, opening).await
    }

    /// Without partners, with the items of the three demonstration partners alone, which is quicker, and more sections of settings.
    pub async fn open_small(settings: &str) -> Self {
        let opening = Opening {
            settings,
            edited: Some(&|_, text| text),
            ..Opening::default()
        };
        Self::open_as(&[], opening).await
    }

    /// The same with the data folder at this place, and these variables beside the usual ones.
    pub async fn open_in(
        data: &Path,
        partners: &[(&'static str, &[&str])],
        settings: &str,
        environment: &[(&'static str, String)],
    ) -> Self {
        let opening = Opening {
            settings,
            environment,
            data: Some(data),
            ..Opening::default()
        };
        Self::open_as(partners, opening).await
    }

    /// The same on another folder than the repository's `config/`, with these variables beside the usual ones.
    pub async fn open_on(
        sources: &str,
        partners: &[(&'static str, &[&str])],
        environment: &[(&'static str, String)],
    ) -> Self {
        let opening = Opening {
            sources,
            environment,
            ..Opening::default()
        };
        Self::open_as(partners, opening).await
    }

    /// The same with a copy of `config/` in which every system's definition is as `edited` makes it of its id and text.
    pub async fn open_edited(
        partners: &[(&'static str, &[&str])],
        edited: &dyn Fn(&str, String) -> String,
    ) -> Self {
        let opening = Opening {
            edited: Some(edited),
            ..Opening::default()
        };
        Self::open_as(partners, opening).await
    }

    /// The same with more sections of settings and these variables.
    pub async fn open_edited_with(
        partners: &[(&'static str, &[&str])],
        edited: &dyn Fn(&str, String) -> String,
        settings: &str,
        environment: &[(&'static str, String)],
    ) -> Self {
        let opening = Opening {
            edited: Some(edited),
            settings,
            environment,
            ..Opening::default()
        };
        Self::open_as(partners, opening).await
    }

    async fn open_as(partners: &[(&'static str, &[&str])], opening: Opening<'_>) -> Self {
        let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no folder for the test: {e}"));
        let exchange = free_address();
        let mut hall = Self {
            public: exchange,
            exchange,
            operations: exchange,
            gateway: None,
            partners: Vec::new(),
            environment: vec![
                ("GD_EXPLOSIVES_CALLBACK_KEY", REST_KEY.to_owned()),
                ("ZHUHAI_PLATFORM_IDENTIFY", SOAP_IDENTIFY.to_owned()),
                ("NATIONAL_RADIO_TOKEN", XML_TOKEN.to_owned()),
                ("NATIONAL_RADIO_POLL", "200ms".to_owned()),
            ],
            settings: opening.settings.to_owned(),
            program: opening.program.map_or_else(binary, Path::to_path_buf),
            data: opening
                .data
                .map_or_else(|| folder.path().join("data"), Path::to_path_buf),
            folder,
        };
        for (kind, more) in partners {
            let partner = Partner::start(kind, exchange, hall.folder.path(), more).await;
            hall.partners.push((kind, partner));
        }
        for (kind, variable) in ENDPOINTS {
            // Port 9 (discard): where no partner was asked for, nobody listens.
            let address = hall
                .partners
                .iter()
                .find(|(k, _)| *k == kind)
                .map_or("127.0.0.1:9".to_owned(), |(_, p)| p.address.to_string());
            hall.environment
                .push((variable, format!("http://{address}")));
        }
        hall.environment.extend_from_slice(opening.environment);
        hall.write_config();
        let applied_folder = match opening.edited {
            None => opening.sources.to_owned(),
            Some(edited) => sources::edited(hall.folder.path(), edited),
        };
        let applied = hall.run(&[
            "apply",
            &applied_folder,
            "--config",
            &hall.config().display().to_string(),
        ]);
        assert!(
            applied.status.success(),
            "apply failed: {}",
            words(&applied)
        );
        hall.start().await;
        hall
    }

    /// The settings file.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("tongban.yaml")
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.data.clone()
    }

    /// The folder of the test, with logs of the processes.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_path_buf()
    }

    /// Other sections of settings, from the next start on.
    pub fn set_settings(&mut self, settings: &str) {
        settings.clone_into(&mut self.settings);
        self.write_config();
    }

    /// Another binary, from the next start on.
    pub fn set_program(&mut self, program: &Path) {
        program.clone_into(&mut self.program);
    }

    /// Another value of an environment variable of the gateway, from the next start on; `None` takes it away.
    pub fn set_variable(&mut self, name: &'static str, value: Option<&str>) {
        self.environment.retain(|(known, _)| *known != name);
        if let Some(value) = value {
            self.environment.push((name, value.to_owned()));
        }
    }

    fn write_config(&self) {
        let text = format!(
            "schema: tongban/config/1\n\
             data: {}\n\
             cores: 1\n\
             listeners:\n\
             \x20 public: {{ address: \"127.0.0.1:0\" }}\n\
             \x20 exchange: {{ address: \"{}\" }}\n\
             \x20 operations: {{ address: \"127.0.0.1:0\", operators_from: [127.0.0.0/8] }}\n\
             delivery: {{ tick: 50ms }}\n\
             outbound: {{ allow: [127.0.0.0/8] }}\n\
             log: {{ format: json, filter: info }}\n{}",
            self.data().display(),
            self.exchange,
            self.settings
        );
        std::fs::write(self.config(), text)
            .unwrap_or_else(|e| panic!("{}: {e}", self.config().display()));
    }

    /// Starts the gateway (again) and waits until it is ready.
    pub async fn start(&mut self) {
        assert!(
            self.try_start().await,
            "ended while it started:\n{}",
            self.gateway().printed()
        );
    }

    /// The same for a gateway that may end while it starts, as an armed fail point has it; false when it did.
    pub async fn try_start(&mut self) -> bool {
        let log = self.folder.path().join("gateway.log");
        let printed_before = std::fs::read_to_string(&log).map_or(0, |text| text.len());
        let config = self.config().display().to_string();
        let arguments = ["serve", "--config", &config];
        let mut running =
            Running::start_program(&self.program, &arguments, &log, &self.environment);
        let listener = |name: &'static str| {
            move |printed: &str| {
                let of_this_start = printed.get(printed_before..).unwrap_or_default();
                of_this_start
                    .lines()
                    .find(|l| l.starts_with(name))
                    .and_then(address_in)
            }
        };
        let mut addresses = [self.public, self.exchange, self.operations];
        for (address, name) in addresses
            .iter_mut()
            .zip(["public", "exchange", "operations"])
        {
            match running.printed_or_ended(name, listener(name)).await {
                Some(printed) => *address = printed,
                None => {
                    self.gateway = Some(running);
                    return false;
                }
            }
        }
        [self.public, self.exchange, self.operations] = addresses;
        let operations = self.operations;
        let begun = crate::process::instant();
        let ready = loop {
            let answer = try_send(operations, "GET", "/readyz", &[], "").await;
            if answer.is_ok_and(|a| a.status == 200) {
                break true;
            }
            if running.has_ended() {
                break false;
            }
            assert!(begun.elapsed() < STATE_MAX, "the gateway is not ready");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        self.gateway = Some(running);
        ready
    }

    /// Starts a second node on the same PostgreSQL store: own data folder, own addresses, the same master key.
    pub async fn second_node(&self) -> Node {
        let folder = self.folder.path().join("second");
        std::fs::create_dir_all(folder.join("data")).unwrap_or_else(|e| panic!("{e}"));
        std::fs::copy(
            self.data().join("master.key"),
            folder.join("data/master.key"),
        )
        .unwrap_or_else(|e| panic!("{e}"));
        let text = std::fs::read_to_string(self.config()).unwrap_or_else(|e| panic!("{e}"));
        let text = text
            .replace(
                &format!("data: {}", self.data().display()),
                &format!("data: {}", folder.join("data").display()),
            )
            .replace(&self.exchange.to_string(), "127.0.0.1:0");
        let config = folder.join("tongban.yaml");
        std::fs::write(&config, text).unwrap_or_else(|e| panic!("{e}"));
        let arguments = ["serve", "--config", &config.display().to_string()];
        let log = folder.join("gateway.log");
        let mut running = Running::start(&arguments, &log, &self.environment);
        let mut addresses = [self.public; 3];
        for (address, name) in addresses
            .iter_mut()
            .zip(["public", "exchange", "operations"])
        {
            *address = running
                .printed_until(name, |printed| {
                    let line = printed.lines().find(|l| l.starts_with(name));
                    line.and_then(address_in)
                })
                .await;
        }
        let [public, exchange, operations] = addresses;
        Node {
            public,
            exchange,
            operations,
            running,
        }
    }

    /// The gateway's process.
    pub fn gateway(&mut self) -> &mut Running {
        self.gateway
            .as_mut()
            .unwrap_or_else(|| panic!("the gateway does not run"))
    }

    /// kill -9 of the gateway.
    pub fn kill(&mut self) {
        self.gateway().kill();
    }

    /// A partner that the test asked for.
    #[must_use]
    pub fn partner(&self, kind: &str) -> &Partner {
        self.partners
            .iter()
            .find(|(k, _)| *k == kind)
            .map(|(_, p)| p)
            .unwrap_or_else(|| panic!("no partner {kind} was started"))
    }

    /// Runs `tongban` to its end in this hall's environment.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Output {
        run_program(&self.program, arguments, &self.environment)
    }

    /// `tongban deliveries …` on this hall's data folder.
    #[must_use]
    pub fn deliveries(&self, arguments: &[&str]) -> Output {
        let data = self.data().display().to_string();
        let all: Vec<&str> = ["deliveries"]
            .iter()
            .chain(arguments)
            .copied()
            .chain(["--data", &data])
            .collect();
        self.run(&all)
    }

    /// A call of the applicant.
    pub async fn get(&self, taken: &Taken, path: &str) -> Answer {
        let path = format!("/api/v1/applications/{}{path}", taken.no);
        send(
            self.public,
            "GET",
            &path,
            &[("x-query-code", &taken.query_code)],
            "",
        )
        .await
    }

    /// A call of the applicant with a JSON body.
    pub async fn post(&self, taken: &Taken, path: &str, body: &Value) -> Answer {
        let path = format!("/api/v1/applications/{}{path}", taken.no);
        let headers = [
            ("x-query-code", taken.query_code.as_str()),
            ("content-type", "application/json"),
        ];
        send(self.public, "POST", &path, &headers, body.to_string()).await
    }

    /// What the applicant sees of the application.
    pub async fn show(&self, taken: &Taken) -> Value {
        let answer = self.get(taken, "").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// Its history; fails where a number is missing or doubled.
    pub async fn events(&self, taken: &Taken) -> Vec<Value> {
        let answer = self.get(taken, "/events").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let events = answer.json()["events"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        for (index, event) in events.iter().enumerate() {
            assert_eq!(
                event["seq"],
                json!(index + 1),
                "a gap in the history of {}: {events:?}",
                taken.no
            );
        }
        events
    }

    /// The types of its history.
    pub async fn event_types(&self, taken: &Taken) -> Vec<String> {
        self.events(taken)
            .await
            .iter()
            .map(|e| e["type"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Waits until the application is in a state; returns what is shown of it then.
    pub async fn until_state(&self, taken: &Taken, state: &str) -> Value {
        self.until(taken, &format!("{} is {state}", taken.no), |shown| {
            shown["state"] == state
        })
        .await
    }

    /// Waits until what is shown of the application is as wanted.
    pub async fn until(&self, taken: &Taken, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let begun = crate::process::instant();
        loop {
            let shown = self.show(taken).await;
            if wanted(&shown) {
                return shown;
            }
            assert!(
                begun.elapsed() < STATE_MAX,
                "not within {STATE_MAX:?}: {what}; shown: {shown:#}"
            );
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Waits until the history has an event of this type.
    pub async fn until_event(&self, taken: &Taken, kind: &str) -> Vec<Value> {
        let what = format!("{} has the event {kind}", taken.no);
        eventually(&what, STATE_MAX, || async {
            let events = self.events(taken).await;
            events.iter().any(|e| e["type"] == kind).then_some(events)
        })
        .await
    }

    /// A call of an operator.
    pub async fn ops(&self, method: &str, path: &str, body: Value) -> Answer {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        send(
            self.operations,
            method,
            path,
            &[("content-type", "application/json")],
            body,
        )
        .await
    }

    /// Moves the gateway's clock forward.
    pub async fn advance(&self, seconds: i64) {
        let answer = self
            .ops(
                "POST",
                "/ops/v1/clock",
                json!({ "advance_seconds": seconds }),
            )
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// Deliveries that match a query.
    pub async fn listed(&self, query: &str) -> Vec<Value> {
        let answer = get(self.operations, &format!("/ops/v1/deliveries?{query}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["deliveries"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    }

    /// The sum of a metric's series whose labels contain all of `labels`.
    pub async fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let text = get(self.operations, "/metrics").await.text();
        let of_name = |line: &&str| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(['{', ' ']))
        };
        let lines = text
            .lines()
            .filter(of_name)
            .filter(|line| labels.iter().all(|label| line.contains(label)));
        lines
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }
}

/// What a finished process printed.
#[must_use]
pub fn words(output: &Output) -> String {
    format!(
        "exit {:?}\n{}\n{}",
        output.status.code(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// A path inside the repository.
#[must_use]
pub fn repository(path: &str) -> PathBuf {
    root().join(path)
}
