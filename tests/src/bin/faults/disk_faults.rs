//! A disk that is full, and one that cannot be written.

use crate::run::Run;
use std::time::Duration;
use tongban_tests::http::try_send;
use tongban_tests::process::instant;

/// A node says within this time that its disk is full, and takes uploads again after it is not.
const NOTICED_MAX: Duration = Duration::from_secs(10);

impl Run {
    pub(crate) async fn upload_status(&self, nth: usize) -> u16 {
        let headers = [
            ("content-type", "application/pdf"),
            ("x-file-name", "s.pdf"),
        ];
        let content = "%PDF-1.4 sample";
        let public = self.topology.public(nth);
        let answer = try_send(public, "POST", "/api/v1/materials", &headers, content).await;
        answer.map_or(0, |a| a.status)
    }

    /// Uploads until one is answered so; the last answer when it never is.
    pub(crate) async fn until_upload(&self, nth: usize, wanted: u16) -> Result<(), u16> {
        let begun = instant();
        loop {
            match self.upload_status(nth).await {
                status if status == wanted => return Ok(()),
                status if begun.elapsed() > NOTICED_MAX => return Err(status),
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// Intake answers 503, reads go on, and all of it comes back without a restart.
    pub(crate) async fn disk_full(&mut self, nth: usize, full: Duration) -> Result<(), String> {
        let Some(filler) = self.topology.disk.fill()? else {
            return Ok(());
        };
        if let Err(status) = self.until_upload(nth, 503).await {
            let words = format!("an upload is answered {status}, not 503");
            self.violation("disk_full_unnoticed", words);
        }
        if let Some(told) = self.ledger.all().first() {
            let path = format!("/api/v1/applications/{}", told.no());
            let headers = [("x-query-code", told.query_code.as_str())];
            let shown = try_send(self.topology.public(nth), "GET", &path, &headers, "").await;
            let status = shown.map_or(0, |a| a.status);
            if status != 200 {
                let words = format!("a read is answered {status} while the disk is full");
                self.violation("disk_full_stops_reads", words);
            }
        }
        tokio::time::sleep(full).await;
        std::fs::remove_file(filler).map_err(|e| e.to_string())?;
        if let Err(status) = self.until_upload(nth, 201).await {
            let words = format!("an upload is answered {status} after the disk has room again");
            self.violation("disk_full_for_good", words);
        }
        Ok(())
    }

    /// A node that is started on a disk that cannot be written says so and ends, or serves reads; then it starts as if nothing had been.
    pub(crate) async fn read_only_disk(&mut self, nth: usize) -> Result<(), String> {
        self.topology.kill(nth)?;
        self.kills += 1;
        if !self.topology.disk.set_read_only(true) {
            return self.topology.start(nth).await;
        }
        let started = self.topology.start(nth).await;
        if let Err(printed) = started
            && !printed.lines().any(|line| line.starts_with("tongban: "))
        {
            self.violation("read_only_disk_unexplained", printed);
        }
        self.topology.kill(nth)?;
        if !self.topology.disk.set_read_only(false) {
            return Err("the disk cannot be made writable again".to_owned());
        }
        self.topology.start(nth).await
    }
}
