//! Logs: one subscriber for the process, text for people or JSON for machines, on standard error.
//!
//! The line of a request carries listener, method, route template, status, duration and request id: no path, no query, no number,
//! no name, no token. The request id may be the caller's; its alphabet keeps it from breaking a line.

use parking_lot::Mutex;
use serde::Deserialize;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry, reload};

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One line for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Logging, as the configuration gives it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// Text or JSON.
    pub format: LogFormat,
    /// Directives of tracing-subscriber's `EnvFilter`, for example `info,tongban_gateway=debug`.
    pub filter: String,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            // hyper and h2 log bytes of requests at debug and trace: off, whatever the rest is set to later in the text.
            filter: "info,hyper=warn,h2=warn,rustls=warn,object_store=warn".to_owned(),
        }
    }
}

/// Logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter is not one.
    #[error("`log.filter` is not a list of directives such as `info,tongban_gateway=debug`: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Set up twice.
    #[error("logging was set up before: it can be set up once a process")]
    Twice,
}

/// Sets up the process's logging; called once, by `main`.
///
/// # Errors
/// [`LogError`] for a filter that cannot be read, or a second call.
pub fn start(settings: &LogSettings) -> Result<(), LogError> {
    let (filter, handle) = reload::Layer::new(EnvFilter::try_new(&settings.filter)?);
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_writer(std::io::stderr);
    let started = match settings.format {
        LogFormat::Text => registry.with(lines).try_init(),
        LogFormat::Json => registry
            .with(lines.json().flatten_event(true).with_current_span(false))
            .try_init(),
    };
    started.map_err(|_| LogError::Twice)?;
    // Only the one that started gets here.
    let _ = FILTER.set(handle);
    Ok(())
}

/// The process's filter, once it is set up.
static FILTER: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();

/// A filter that can be used, not yet in force.
pub struct PreparedFilter(EnvFilter);

/// Reads the filter anew.
///
/// # Errors
/// [`LogError::Filter`].
pub fn prepare(settings: &LogSettings) -> Result<PreparedFilter, LogError> {
    Ok(PreparedFilter(EnvFilter::try_new(&settings.filter)?))
}

impl PreparedFilter {
    /// Logs by it from now on.
    pub fn commit(self) {
        if let Some(handle) = FILTER.get() {
            // It fails only when the subscriber has gone: then nothing is logged anyway.
            let _ = handle.reload(self.0);
        }
    }
}

/// A line that repeats: one a minute goes into the log, with how many were kept back since the one before. What fails while a disk is
/// full fails with every request and at every tick.
#[derive(Debug, Default)]
pub struct Seldom {
    said_at: Mutex<Option<Instant>>,
    kept_back: AtomicU64,
}

impl Seldom {
    /// Lines of one place are this far apart.
    const APART: Duration = Duration::from_secs(60);

    /// Nothing said yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            said_at: parking_lot::const_mutex(None),
            kept_back: AtomicU64::new(0),
        }
    }

    /// How many lines were kept back when this one may be said; `None` keeps it back too.
    #[must_use]
    pub fn turn(&self) -> Option<u64> {
        let mut said_at = self.said_at.lock();
        if said_at.is_some_and(|at| at.elapsed() < Self::APART) {
            self.kept_back.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        *said_at = Some(Instant::now());
        Some(self.kept_back.swap(0, Ordering::Relaxed))
    }
}

/// `seldom!(warn, %error, "words")`: as `tracing::warn!`, once a minute from this place.
macro_rules! seldom {
    ($level:ident, $($line:tt)+) => {{
        static LINE: $crate::operations::logging::Seldom = $crate::operations::logging::Seldom::new();
        if let Some(kept_back) = LINE.turn() {
            tracing::$level!(kept_back, $($line)+);
        }
    }};
}
pub(crate) use seldom;

/// Writes the line of one request.
pub(crate) fn request_line(
    listener: &'static str,
    method: &http::Method,
    route: &'static str,
    status: http::StatusCode,
    duration: std::time::Duration,
    request_id: &str,
) {
    // A method is a token of the caller's choice: only the standard ones are repeated.
    let method = match method.as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known,
        _ => "other",
    };
    tracing::info!(
        target: "tongban_gateway::request",
        listener,
        method,
        route,
        status = status.as_u16(),
        duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
        request_id,
        "request"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn request_line_has_the_template_and_no_word_of_the_callers_choice_but_the_id() {
        let captured = Captured::default();
        let writer = captured.clone();
        let layer = tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_writer(move || writer.clone());
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, || {
            request_line(
                "public",
                &http::Method::from_bytes(b"ZHANGSAN").unwrap(),
                "/api/v1/applications/{no}",
                http::StatusCode::OK,
                std::time::Duration::from_millis(3),
                "id-1",
            );
        });
        let text = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["route"], "/api/v1/applications/{no}");
        assert_eq!(line["method"], "other");
        assert_eq!(line["status"], 200);
        assert_eq!(line["duration_us"], 3000);
        assert_eq!(line["request_id"], "id-1");
    }

    #[test]
    fn a_filter_that_is_none_is_refused_with_its_setting_named() {
        let settings = LogSettings {
            filter: "info,=,".to_owned(),
            ..LogSettings::default()
        };
        let error = start(&settings).unwrap_err().to_string();
        assert!(error.contains("log.filter"), "{error}");
    }
}
