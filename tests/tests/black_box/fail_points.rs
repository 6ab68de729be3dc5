//! The process ends at each fail point of the source at least once, and nothing that was acknowledged is lost, doubled or left open.
//!
//! One hall a group of points: the gateway starts with the next point armed, is given what leads there, ends, and starts again. What
//! clients were not answered they send again under the same key, as real ones do.

use crate::clocks::{announce, counted_day, settled};
use crate::cluster::on_postgres;
use crate::fail_point_ways::{TESTS, Way, ways};
use crate::uploads::{PART, TUS, metadata};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tongban_tests::clamd::Clamd;
use tongban_tests::hall::{Hall, STATE_MAX};
use tongban_tests::http::{Answer, NoAnswer, try_send};
use tongban_tests::process::{eventually, instant, number_here, root};
use tongban_tests::sample::{Taken, body, fresh_key, material_seqs};
use tongban_tests::sources::hastened;
use tongban_tests::storage::Storage;

/// A point is reached within this time after the gateway stands.
const REACHED_MAX: Duration = Duration::from_secs(30);
/// Applications handed in at once: more than one waits while the first is committed.
const TOGETHER: usize = 8;
/// Bytes of a file that goes to a bucket in three parts.
const LONG: usize = 17 << 20;
/// The variable that arms points.
const VARIABLE: &str = "TONGBAN_FAIL_POINT";

/// What a client sent and what it was told.
#[derive(Debug, Clone)]
struct Sent {
    kind: &'static str,
    key: String,
    body: String,
    taken: Option<Taken>,
}

/// A hall and everything that its clients sent.
struct Trial {
    hall: Hall,
    sent: Vec<Sent>,
    /// Kills so far.
    kills: usize,
    /// The day that notices change.
    day: Option<jiff::civil::Date>,
}

impl Trial {
    async fn open(scenario: &str) -> Self {
        Self::open_with(scenario, "").await
    }

    /// The same with more sections of settings.
    async fn open_with(scenario: &str, settings: &str) -> Self {
        let of = |kind: &'static str| {
            (
                kind,
                ["--scenario", scenario, "--switch", "forgetful,phase=submit"],
            )
        };
        let partners = ["rest", "soap", "xml"].map(of);
        let partners: Vec<(&'static str, &[&str])> = partners
            .iter()
            .map(|(k, more)| (*k, more.as_slice()))
            .collect();
        let quick = |_: &str, text: String| hastened(&text, "2s", "6s");
        let hall = Hall::open_edited_with(&partners, &quick, settings, &[]).await;
        Self {
            hall,
            sent: Vec::new(),
            kills: 0,
            day: None,
        }
    }

    /// Starts the gateway with this point armed, does what leads there until the process has ended.
    async fn end_at(&mut self, point: &str, way: Way) {
        self.hall.kill();
        self.prepare(way).await;
        self.hall
            .set_variable(VARIABLE, Some(&format!("{point}:abort")));
        let begun = instant();
        let mut started = self.hall.try_start().await;
        while started && !self.hall.gateway().has_ended() {
            self.lead(way).await;
            assert!(
                begun.elapsed() < REACHED_MAX,
                "{point} was not reached by {way:?}"
            );
            if self.hall.gateway().has_ended() {
                started = false;
            }
        }
        let printed = self.hall.gateway().printed();
        let words = format!("fail point {point}: the process ends here");
        assert_eq!(
            printed.matches(&words).count(),
            1,
            "{point}: the process ended otherwise:\n{printed}"
        );
        self.kills += 1;
        println!("{point}: ended after {:?}", begun.elapsed());
        self.hall.set_variable(VARIABLE, None);
    }

    /// What must be there before the point is armed.
    async fn prepare(&mut self, way: Way) {
        match way {
            Way::Bulk => {
                self.hall.start().await;
                let partner = self.hall.partner("soap");
                partner.set(&["refuse,phase=submit"]).await;
                let sent = self.submit("soap").await;
                let no = sent.taken.as_ref().unwrap().no.clone();
                self.sent.push(sent);
                let query = format!("case={no}&state=dead");
                eventually("a dead letter", STATE_MAX, || async {
                    self.hall.listed(&query).await.into_iter().next()
                })
                .await;
                self.hall.partner("soap").mend().await;
                self.hall.kill();
            }
            Way::Clock | Way::Held => {
                self.hall.start().await;
                let sent = self.submit("rest").await;
                let no = sent.taken.as_ref().unwrap().no.clone();
                self.sent.push(sent);
                let partner = self.hall.partner("rest");
                eventually("the partner has the case", STATE_MAX, || async {
                    Some(partner.case(&no).await).filter(|case| case["effects"] == 1)
                })
                .await;
                if way == Way::Held {
                    partner.send(&no, "completion", json!({})).await;
                }
                self.hall.kill();
            }
            Way::Notice => {
                self.hall.start().await;
                let sent = self.submit("rest").await;
                let taken = sent.taken.clone().unwrap();
                self.sent.push(sent);
                settled(self.hall.operations).await;
                if self.day.is_none() {
                    self.day = Some(counted_day(&self.hall, &taken).await);
                }
                self.hall.kill();
            }
            _ => {}
        }
    }

    /// One try at what leads to a point; the process may end at any moment of it.
    async fn lead(&mut self, way: Way) {
        match way {
            Way::Apply(kind) => {
                let sent = self.submit(kind).await;
                self.sent.push(sent);
                // Deliveries and feedback are on their way.
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
            Way::Together(kind) => {
                let at_once = (0..TOGETHER).map(|_| self.submit(kind));
                let sent = futures_util::future::join_all(at_once).await;
                self.sent.extend(sent);
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
            Way::Part => self.part().await,
            Way::Long => {
                let _ = crate::bucket::try_upload(self.hall.public, LONG).await;
            }
            Way::Register => {
                let name = self.named();
                let applied = self.apply_item(&name);
                // While the process ends, another try would find nobody serving and write by itself.
                for _ in 0..50 {
                    if applied || self.hall.gateway().has_ended() {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            Way::Notice => {
                let off = self.kills.is_multiple_of(2);
                let _ = announce(&self.hall, self.day.unwrap(), off);
                for _ in 0..50 {
                    if self.hall.gateway().has_ended() {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            Way::Sweep => {
                let _ = self.upload("%PDF-1.4 never bound").await;
                self.advance(26 * 3_600).await;
            }
            Way::Clock => self.advance(30 * 24 * 3_600).await,
            Way::Held => self.advance(2 * 3_600).await,
            Way::Bulk => {
                let criteria = json!({ "kind": "retry", "criteria": { "system": "zhuhai-platform" }, "rate": 20.0 });
                if let Ok(preview) = self.ops("/ops/v1/jobs/preview", criteria).await
                    && preview.status == 200
                {
                    let order = json!({ "token": preview.json()["token"], "reason": "mended" });
                    let _ = self.ops("/ops/v1/jobs", order).await;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            // `fail_points_documents` plays the partner itself.
            Way::HandBack | Way::HandBackAgain => {}
        }
    }

    /// The name of the item that is applied next.
    fn named(&self) -> String {
        format!("第{}次改名", self.kills + 1)
    }

    /// Applies the item under this name; whether it was told that it is done.
    fn apply_item(&self, name: &str) -> bool {
        let source = std::fs::read_to_string(root().join("config/items/radio-station.yaml"));
        let renamed: Vec<String> = source
            .unwrap()
            .lines()
            .map(|line| match line.starts_with("name: ") {
                true => format!("name: {name}"),
                false => line.to_owned(),
            })
            .collect();
        let file = self.hall.folder().join("radio-station.yaml");
        std::fs::write(&file, renamed.join("\n") + "\n").unwrap();
        let (file, config) = (
            file.display().to_string(),
            self.hall.config().display().to_string(),
        );
        let applied = self.hall.run(&["apply", &file, "--config", &config]);
        applied.status.success()
    }

    async fn ops(&self, path: &str, body: Value) -> Result<Answer, NoAnswer> {
        let headers = [("content-type", "application/json")];
        try_send(
            self.hall.operations,
            "POST",
            path,
            &headers,
            body.to_string(),
        )
        .await
    }

    async fn advance(&self, seconds: u32) {
        let _ = self
            .ops("/ops/v1/clock", json!({ "advance_seconds": seconds }))
            .await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    async fn upload(&self, content: &'static str) -> Option<String> {
        let headers = [
            ("content-type", "application/pdf"),
            ("x-file-name", "sample.pdf"),
        ];
        let answer = try_send(
            self.hall.public,
            "POST",
            "/api/v1/materials",
            &headers,
            content,
        )
        .await;
        let answer = answer.ok().filter(|a| a.status == 201)?;
        Some(answer.json()["id"].as_str()?.to_owned())
    }

    /// A resumable upload in two parts.
    async fn part(&self) {
        let described = metadata("sample.pdf", "application/pdf");
        let create = [
            TUS,
            ("upload-length", "24"),
            ("upload-metadata", described.as_str()),
        ];
        let begun = try_send(self.hall.public, "POST", "/api/v1/materials", &create, "").await;
        let Some(id) = begun
            .ok()
            .and_then(|a| Some(a.header("location")?.rsplit('/').next()?.to_owned()))
        else {
            return;
        };
        for (offset, part) in [("0", "%PDF-1.4 sam"), ("12", "ple in parts")] {
            let headers = [TUS, PART, ("upload-offset", offset)];
            let path = format!("/api/v1/materials/{id}");
            if try_send(self.hall.public, "PATCH", &path, &headers, part)
                .await
                .is_err()
            {
                return;
            }
        }
    }

    /// Uploads and applies once; without an answer the application is kept to be sent again.
    async fn submit(&self, kind: &'static str) -> Sent {
        let mut materials = Vec::new();
        for seq in material_seqs(kind) {
            if let Some(id) = self.upload("%PDF-1.4 sample").await {
                materials.push((*seq, id));
            }
        }
        let whole = materials.len() == material_seqs(kind).len();
        let mut sent = Sent {
            kind,
            key: fresh_key(),
            body: body(kind, &materials).to_string(),
            taken: None,
        };
        if whole {
            sent.taken = self.send(&sent).await;
        } else {
            // Nothing that could be taken was sent.
            sent.body.clear();
        }
        sent
    }

    async fn send(&self, sent: &Sent) -> Option<Taken> {
        let headers = [
            ("content-type", "application/json"),
            ("idempotency-key", sent.key.as_str()),
        ];
        let answer = try_send(
            self.hall.public,
            "POST",
            "/api/v1/applications",
            &headers,
            sent.body.clone(),
        )
        .await
        .ok()?;
        (answer.status == 201).then(|| Taken::of(&answer))
    }

    /// Starts for good; everything that was not answered is sent again. What clients were told before stays true.
    async fn settle(&mut self) -> Vec<(&'static str, Taken)> {
        self.hall.start().await;
        self.sent.retain(|sent| !sent.body.is_empty());
        let mut told = Vec::new();
        for sent in &self.sent {
            let again =
                eventually("every application is taken", STATE_MAX, || self.send(sent)).await;
            if let Some(before) = &sent.taken {
                assert_eq!(again.no, before.no, "one key, two numbers: {sent:?}");
                assert_eq!(again.query_code, before.query_code, "{sent:?}");
            }
            told.push((sent.kind, again));
        }
        told
    }
}

/// Ends the process at each of these points, then checks that every case went its way once.
async fn end_at_each(room: &str, scenario: &str) {
    end_at_each_with(room, scenario, "").await;
}

/// The same with more sections of settings.
async fn end_at_each_with(room: &str, scenario: &str, settings: &str) {
    let mut trial = Trial::open_with(scenario, settings).await;
    for (point, way) in ways(room) {
        trial.end_at(point, way).await;
    }
    let told = trial.settle().await;
    println!("{} kills, {} applications", trial.kills, told.len());
    for (_, taken) in &told {
        trial.hall.until_state(taken, "closed").await;
        let mut types = trial.hall.event_types(taken).await;
        assert_eq!(types.first().map(String::as_str), Some("applied"));
        types.sort_unstable();
        assert_eq!(
            types,
            ["accepted", "applied", "closed", "step"],
            "{}",
            taken.no
        );
    }
    for kind in ["rest", "soap", "xml"] {
        let told: BTreeSet<String> = told
            .iter()
            .filter(|(k, _)| *k == kind)
            .map(|(_, taken)| taken.no.clone())
            .collect();
        let known = trial.hall.partner(kind).cases().await;
        let mut numbers = BTreeSet::new();
        for case in &known {
            let whole = trial
                .hall
                .partner(kind)
                .case(case["number"].as_str().unwrap())
                .await;
            numbers.insert(number_here(&whole));
        }
        assert_eq!(
            numbers, told,
            "{kind}: what clients were told and what the partner has"
        );
        assert!(
            known.iter().all(|case| case["effects"] == 1),
            "{kind}: {known:#?}"
        );
    }
}

#[tokio::test]
async fn ended_at_any_step_of_intake_nothing_acknowledged_is_lost_or_doubled() {
    end_at_each("intake", "immediate").await;
}

#[tokio::test]
async fn ended_at_any_step_of_delivery_or_feedback_each_case_has_its_effect_once() {
    end_at_each("exchange", "immediate").await;
}

#[tokio::test]
async fn ended_at_any_step_of_a_bulk_job_it_goes_on_and_nothing_is_doubled() {
    end_at_each("bulk", "immediate").await;
}

#[tokio::test]
async fn ended_while_time_alone_acts_no_event_is_lost_or_doubled() {
    let mut trial = Trial::open("silent").await;
    for (point, way) in ways("time") {
        trial.end_at(point, way).await;
    }
    for (_, taken) in trial.settle().await {
        let types = trial.hall.event_types(&taken).await;
        let once: BTreeSet<&String> = types.iter().collect();
        assert_eq!(once.len(), types.len(), "{}: {types:?}", taken.no);
    }
}

#[tokio::test]
async fn ended_at_any_step_of_a_recomputation_every_case_hears_of_each_notice_once() {
    let mut trial = Trial::open("silent").await;
    for (point, way) in ways("recomputation") {
        trial.end_at(point, way).await;
    }
    let told = trial.settle().await;
    settled(trial.hall.operations).await;
    // A case was handed in before each notice.
    for (before, (_, taken)) in told.iter().enumerate() {
        let types = trial.hall.event_types(taken).await;
        let times = types.iter().filter(|kind| *kind == "recalculated").count();
        assert_eq!(times, trial.kills - before, "{}: {types:?}", taken.no);
    }
}

#[tokio::test]
async fn ended_at_any_step_of_a_write_on_postgresql_nothing_acknowledged_is_lost_or_doubled() {
    end_at_each_with("database", "immediate", &on_postgres("3s")).await;
}

#[tokio::test]
async fn ended_at_any_step_of_a_scan_every_file_is_scanned_and_goes_out_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut clamd = Clamd::prepare(folder.path());
    clamd.start().await;
    end_at_each_with("scan", "immediate", &clamd.settings()).await;
}

#[tokio::test]
async fn ended_between_the_bucket_and_the_row_nothing_acknowledged_lacks_its_file() {
    let storage = Storage::start().await;
    let settings = storage.settings(storage.address, "files");
    end_at_each_with("bucket", "immediate", &settings).await;
}

#[tokio::test]
async fn ended_while_an_item_is_registered_it_is_as_before_or_as_told_and_can_be_applied_again() {
    let mut trial = Trial::open("silent").await;
    for (point, way) in ways("registry") {
        let name = trial.named();
        trial.end_at(point, way).await;
        trial.hall.start().await;
        // What was committed before the process ended is in force after it; what was not has left nothing.
        let path = "/api/v1/items/1144000000693911522440117020000";
        let shown = try_send(trial.hall.public, "GET", path, &[], "").await;
        let renamed = shown.unwrap().json()["name"] == name.as_str();
        assert_eq!(renamed, point == "registry.applied", "{point}");
        assert!(trial.apply_item(&name), "{point}: it can be applied again");
        let shown = try_send(trial.hall.public, "GET", path, &[], "").await;
        assert_eq!(shown.unwrap().json()["name"], name.as_str(), "{point}");
    }
}

#[test]
fn every_fail_point_of_the_gateway_is_ended_at() {
    let source = std::fs::read_to_string(root().join("gateway/src/fail_point.rs")).unwrap();
    let list = source.split("POINTS: &[(&str, bool)] = &[").nth(1).unwrap();
    let list = list.split("];").next().unwrap();
    // No command leads to an erasure: gateway/tests/erase_ends.rs ends at its points, all that begin so.
    let listed = list.split('"').skip(1).step_by(2);
    let listed: BTreeSet<&str> = listed.filter(|p| !p.starts_with("erase.")).collect();
    let planned: Vec<&str> = TESTS
        .into_iter()
        .flat_map(|room| ways(room).map(|(point, _)| point))
        .collect();
    let once: BTreeSet<&str> = planned.iter().copied().collect();
    assert_eq!(once.len(), planned.len(), "a point is planned twice");
    assert_eq!(once, listed);
}
