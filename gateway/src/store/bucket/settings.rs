//! Where sealed files lie when not in a folder: a bucket of an S3 service.

use crate::edge::settings::friendly;
use crate::outbound::Target;
use secrecy::SecretString;
use serde::Deserialize;
use std::time::Duration;

/// Where sealed files lie; without anything in the data folder.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MaterialSettings {
    /// A bucket instead of the folder; the same for all nodes.
    pub s3: Option<S3Settings>,
}

/// A bucket of an S3 service (Amazon S3 API, 2006-03-01).
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Written")]
pub struct S3Settings {
    /// Address of the service, `https://host` or `http://host:port`, without the bucket.
    pub endpoint: String,
    /// Region that is signed for.
    pub region: String,
    /// Bucket.
    pub bucket: String,
    /// What the names of all objects begin with, without slashes at the ends; empty for none.
    pub prefix: String,
    /// Access key.
    pub access_key: SecretString,
    /// Secret key.
    pub secret_key: SecretString,
    /// Whether the bucket stands in the path (`host/bucket`) and not in the name (`bucket.host`).
    pub path_style: bool,
    /// To connect, and for one request until its answer begins; also the longest wait within an answer.
    pub answer: Duration,
    /// For one file, all its requests and repetitions together.
    pub within: Duration,
}

/// As the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    endpoint: String,
    #[serde(default = "region")]
    region: String,
    bucket: String,
    #[serde(default)]
    prefix: String,
    access_key: String,
    secret_key: String,
    #[serde(default = "path_style")]
    path_style: bool,
    #[serde(default = "answer", with = "friendly")]
    answer: Duration,
    #[serde(default = "within", with = "friendly")]
    within: Duration,
}

fn region() -> String {
    "us-east-1".to_owned()
}

fn path_style() -> bool {
    true
}

fn answer() -> Duration {
    Duration::from_secs(10)
}

fn within() -> Duration {
    Duration::from_secs(60)
}

impl S3Settings {
    /// What is connected to: the service, or the bucket's own name at it.
    #[must_use]
    pub fn target(&self) -> Option<Target> {
        let mut target = Target::of(&self.endpoint.parse().ok()?)?;
        if !self.path_style {
            target.host = format!("{}.{}", self.bucket, target.host);
        }
        Some(target)
    }
}

impl TryFrom<Written> for S3Settings {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let settings = Self {
            endpoint: written.endpoint.trim_end_matches('/').to_owned(),
            region: written.region,
            bucket: written.bucket,
            prefix: written.prefix.trim_matches('/').to_owned(),
            access_key: written.access_key.into(),
            secret_key: written.secret_key.into(),
            path_style: written.path_style,
            answer: written.answer,
            within: written.within,
        };
        let uri: Option<http::Uri> = settings.endpoint.parse().ok();
        let bare = uri.is_some_and(|uri| uri.path() == "/" && uri.query().is_none());
        if settings.target().is_none() || !bare {
            return Err(format!(
                "endpoint `{}` is not https://host[:port] or http://host[:port]",
                settings.endpoint
            ));
        }
        let fits =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
        if !(3..=63).contains(&settings.bucket.len()) || !settings.bucket.bytes().all(fits) {
            return Err(format!("`{}` is no name of a bucket", settings.bucket));
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
        let steps = settings.prefix.split('/');
        if !settings.prefix.bytes().all(plain)
            || (!settings.prefix.is_empty() && steps.clone().any(|s| matches!(s, "" | "." | "..")))
        {
            return Err("prefix: letters, digits, - _ . and single slashes between".to_owned());
        }
        if settings.answer.is_zero() || settings.within < settings.answer {
            return Err("`answer` is more than nothing, `within` at least as long".to_owned());
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]
    use super::*;

    fn read(with: &str) -> Result<S3Settings, String> {
        let text = format!("{{ bucket: hall, access_key: a, secret_key: s, {with} }}");
        serde_saphyr::from_str(&text).map_err(|e| e.to_string())
    }

    #[test]
    fn what_is_left_out_has_a_default_and_slashes_at_the_ends_are_none() {
        let settings = read("endpoint: 'https://s3.example/', prefix: /tongban/files/").unwrap();
        assert_eq!(settings.endpoint, "https://s3.example");
        assert_eq!(settings.prefix, "tongban/files");
        assert!(settings.path_style);
        assert_eq!(
            (settings.answer.as_secs(), settings.within.as_secs()),
            (10, 60)
        );
        assert_eq!(settings.target().unwrap().host, "s3.example");
        let hosted = read("endpoint: 'https://s3.example', path_style: false").unwrap();
        assert_eq!(hosted.target().unwrap().host, "hall.s3.example");
        let shown = format!("{settings:?}");
        assert!(!shown.contains("secret_key: \"s\"") && !shown.contains("access_key: \"a\""));
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for wrong in [
            "endpoint: s3.example",
            "endpoint: 'ftp://s3.example'",
            "endpoint: 'https://s3.example/bucket'",
            "endpoint: 'https://s3.example', prefix: a/../b",
            "endpoint: 'https://s3.example', prefix: a//b",
            "endpoint: 'https://s3.example', answer: 10s, within: 1s",
            "endpoint: 'https://s3.example', unknown: 1",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(read("endpoint: 'https://s3.example', bucket: ../x").is_err());
    }
}
