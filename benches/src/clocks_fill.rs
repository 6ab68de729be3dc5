//! A hall with millions of open clocks, made quickly: copies of a real case by bulk SQL, and real cases made due through the store.

use crate::Failure;
use crate::database::Database;
use crate::installation::{Installation, schema};
use serde_json::json;
use std::sync::Arc;
use tokio::task::JoinSet;
use tongban_gateway::clock::Clock;
use tongban_gateway::entropy::Entropy;
use tongban_gateway::identity::Scope;
use tongban_gateway::store::SharedStore;
use tongban_gateway::store::audit::NewAudit;
use tongban_gateway::store::case::{CaseChange, CaseProjection, ClockRow};
use tongban_gateway::store::notification::NewNotices;
use tongban_gateway::store::postgres::PostgresStore;
use tongban_gateway::store::sealed::MasterKeys;
use tongban_gateway::store::sqlite::SqliteStore;
use tongban_gateway::store::writing::StoreBounds;

/// Cases of one transaction.
const CHUNK: i64 = 25_000;
/// Clocks of an accepted case: promise and statutory limit.
const CLOCKS_A_CASE: i64 = 2;
/// Days on which the copies fall due, from a week on.
const DAYS: i64 = 60;
/// Cases changed at once.
const AT_ONCE: usize = 64;
/// Seconds between the last change and the first due clock, and changes a second that are counted on.
const LEAD_S: i64 = 15;
const CHANGES_PER_SECOND: i64 = 400;

/// Copies the first case until `clocks` more clocks are open.
pub(crate) async fn fill(database: &Database, clocks: i64) -> Result<(), Failure> {
    let cases = clocks / CLOCKS_A_CASE;
    let words = Words::of(database);
    database.run(words.unsynced).await?;
    let last_application = database.number("SELECT max(id) FROM application").await?;
    let last_case = database.number("SELECT max(id) FROM case_record").await?;
    let midnight = Clock::system().now().as_second().div_euclid(86_400) * 86_400 + 57_600;
    let mut from = 1;
    while from <= cases {
        let to = (from + CHUNK - 1).min(cases);
        let statements = words.copies((from, to), (last_application, last_case), midnight);
        database
            .run(&format!("BEGIN; {statements} COMMIT;"))
            .await?;
        from = to + 1;
    }
    for statement in words.afterwards(cases) {
        database.run(&statement).await?;
    }
    Ok(())
}

/// What the two databases say differently.
struct Words {
    unsynced: &'static str,
    sixteen_bytes: &'static str,
    number: &'static str,
    postgres: bool,
}

impl Words {
    fn of(database: &Database) -> Self {
        match database {
            Database::Sqlite(_) => Self {
                unsynced: "PRAGMA synchronous = OFF",
                sixteen_bytes: "randomblob(16)",
                number: "printf('B%028d', n)",
                postgres: false,
            },
            Database::Postgres(_) => Self {
                unsynced: "SET synchronous_commit = off",
                sixteen_bytes: "decode(md5(random()::text || n), 'hex')",
                number: "'B' || lpad(n::text, 28, '0')",
                postgres: true,
            },
        }
    }

    fn series(&self, (from, to): (i64, i64)) -> String {
        if self.postgres {
            format!("generate_series({from}, {to}) AS s(n)")
        } else {
            format!(
                "(WITH RECURSIVE s(n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM s WHERE n < {to}) SELECT n FROM s) AS s"
            )
        }
    }

    fn copies(&self, range: (i64, i64), (application, case): (i64, i64), midnight: i64) -> String {
        let (series, bytes, number) = (self.series(range), self.sixteen_bytes, self.number);
        let mut all = format!(
            "INSERT INTO application (id, uid, application_no, data_key, owner_digest, agent_digest, parties, channel, submitted_at)
                SELECT {application} + n, {bytes}, {number}, data_key, owner_digest, agent_digest, parties, channel, submitted_at
                FROM {series} CROSS JOIN (SELECT * FROM application ORDER BY id LIMIT 1) AS a;
             INSERT INTO case_record (id, case_id, application_id, case_no, organisation_id, system_id, data_key, identity_digest,
                    phone_digest, submission, folded, state, rev, last_seq, item_code)
                SELECT {case} + n, {bytes}, {application} + n, {number}, organisation_id, system_id, data_key, {bytes},
                    {bytes}, submission, folded, 'handling', rev, last_seq, item_code
                FROM {series} CROSS JOIN (SELECT * FROM case_record ORDER BY id LIMIT 1) AS c;
             INSERT INTO case_event (case_id, seq, kind, system_id, received_at, event)
                SELECT {case} + n, seq, kind, system_id, received_at, event
                FROM {series} CROSS JOIN (SELECT * FROM case_event WHERE case_id = (SELECT min(id) FROM case_record)) AS e;"
        );
        for (kind, first_day) in [("promise", 7), ("statutory", 14)] {
            all.push_str(&format!(
                "INSERT INTO case_clock (case_id, kind, due_at)
                    SELECT {case} + n, '{kind}', CAST({midnight} + ({first_day} + n % {DAYS}) * 86400 AS BIGINT) * 1000000 FROM {series};"
            ));
        }
        all
    }

    fn afterwards(&self, cases: i64) -> Vec<String> {
        if !self.postgres {
            return vec!["PRAGMA wal_checkpoint(TRUNCATE)".to_owned()];
        }
        // Ids that were given by hand are not to be drawn again; what autovacuum does in a hall that grows.
        vec![
            format!("SELECT setval('case_record_id_seq', (SELECT last_value FROM case_record_id_seq) + {cases})"),
            "SELECT setval(pg_get_serial_sequence('application', 'id'), (SELECT max(id) FROM application))".to_owned(),
            "VACUUM ANALYZE application".to_owned(),
            "VACUUM ANALYZE case_record".to_owned(),
            "VACUUM ANALYZE case_event".to_owned(),
            "VACUUM ANALYZE case_clock".to_owned(),
            "CHECKPOINT".to_owned(),
        ]
    }
}

/// The gateway's store, opened by the bench while no gateway runs on it.
pub(crate) struct ClocksOf {
    store: SharedStore,
}

impl ClocksOf {
    pub(crate) async fn open(
        installation: &Installation,
        postgres: Option<&str>,
    ) -> Result<Self, Failure> {
        let folder = installation.data();
        let keys = MasterKeys::read(&folder.join("master.key"))?;
        let (clock, entropy) = (Clock::system(), Entropy::system());
        let bounds = StoreBounds::default();
        let store: SharedStore = match postgres {
            None => Arc::new(SqliteStore::open(&folder, keys, clock, entropy, bounds).await?),
            Some(url) => {
                let settings = json!({ "url": url, "schema": schema() });
                let settings = serde_json::from_value(settings)?;
                let opened = PostgresStore::open(&settings, &folder, keys, clock, entropy, bounds);
                Arc::new(opened.await?)
            }
        };
        Ok(Self { store })
    }

    pub(crate) async fn close(self) {
        self.store.close().await;
    }

    /// Has the acceptance clocks of `count` submitted cases end `per_second` a second; returns when the first does, in microseconds.
    pub(crate) async fn make_due(
        &self,
        database: &Database,
        count: i64,
        per_second: i64,
    ) -> Result<i64, Failure> {
        let query = format!(
            "SELECT case_no FROM case_record WHERE state = 'submitted' ORDER BY id LIMIT {count}"
        );
        let numbers = database.texts(&query).await?;
        let first = Clock::system().now().as_second() + LEAD_S + count / CHANGES_PER_SECOND;
        let mut changes = JoinSet::new();
        for (k, case_no) in (0..).zip(numbers) {
            if changes.len() >= AT_ONCE
                && let Some(done) = changes.join_next().await
            {
                done??;
            }
            let due = first + k / per_second;
            changes.spawn(ends_at(self.store.clone(), case_no, due));
        }
        while let Some(done) = changes.join_next().await {
            done??;
        }
        Ok(first * 1_000_000)
    }
}

/// Sets when the acceptance clock of a case ends, in seconds since 1970.
async fn ends_at(store: SharedStore, case_no: String, second: i64) -> Result<(), Failure> {
    let case = store.case(&Scope::Everything, &case_no).await?;
    let case = case.ok_or("a case is gone")?;
    let due_at = jiff::Timestamp::from_second(second)?;
    let wall = jiff::tz::offset(8).to_datetime(due_at);
    let mut folded = case.folded;
    let due = folded.pointer_mut("/clocks/acceptance/due");
    let due = due.ok_or("a submitted case without an acceptance clock")?;
    *due = json!({ "date": wall.date(), "end": format!("{wall}+08:00") });
    let change = CaseChange {
        case_no,
        expected_rev: case.rev,
        events: Vec::new(),
        projection: CaseProjection {
            state: case.state,
            decision: None,
            folded,
            clocks: vec![ClockRow {
                kind: "acceptance".to_owned(),
                due_at,
            }],
            poll_at: None,
        },
        submission: None,
        partner_no: None,
        deliveries: Vec::new(),
        cancel_deliveries: false,
        materials: Vec::new(),
        settled: Vec::new(),
        notices: NewNotices::default(),
        audit: audit(due_at),
    };
    store.change(change).await?;
    Ok(())
}

fn audit(at: jiff::Timestamp) -> NewAudit {
    NewAudit {
        at,
        actor: "bench".to_owned(),
        actor_kind: "gateway".to_owned(),
        action: "clock.bench".to_owned(),
        target: String::new(),
        organisation_id: String::new(),
        request_id: String::new(),
        outcome: "ok".to_owned(),
        digest: [0; 32],
        note: String::new(),
    }
}
