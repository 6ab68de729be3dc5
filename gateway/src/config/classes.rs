//! Which settings a reload takes over while the gateway serves, and which need a restart. The one list: the reload goes by it,
//! `docs/operations/reload.md` repeats it for people, and a test holds both against the settings' schema.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Keys with dots, as `intake.material_bytes_max`, and their values.
pub type Named = BTreeMap<String, Value>;

/// When a change of a setting takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// At a reload.
    Live,
    /// At the next start.
    Restart,
}

use Class::{Live, Restart};

/// Every setting, or what many begin with; `*` stands for one part of a key. The longest row that fits decides.
pub const CLASSES: &[(&str, Class)] = &[
    ("data", Restart),
    ("cores", Restart),
    ("listeners.*.address", Restart),
    ("listeners.*.tls", Live),
    ("listeners.*.operators_from", Live),
    ("listeners.*.bounds", Live),
    ("listeners.*.timeouts", Live),
    ("listeners.*.limits", Live),
    ("rooms", Restart),
    ("identity", Live),
    ("intake.material_bytes_max", Live),
    ("intake.unbound_bytes_max", Live),
    ("intake.unbound_files_max", Restart),
    ("intake.unbound_kept", Restart),
    ("intake.uploads_at_once_max", Restart),
    ("intake.disk_free_bytes_min", Restart),
    ("intake.write_queue_max", Restart),
    ("intake.commit_batch_max", Restart),
    ("store", Restart),
    ("materials", Restart),
    ("redis", Restart),
    ("scan", Restart),
    ("delivery.concurrency", Live),
    ("delivery.per_system", Live),
    ("delivery.lease", Live),
    ("delivery.tick", Restart),
    ("clocks.recomputed_per_second", Restart),
    ("feedback.callback_bytes_max", Live),
    ("audit.seal_every", Restart),
    ("alerts", Restart),
    ("notifications", Restart),
    ("outbound", Live),
    ("log.filter", Live),
    ("log.format", Restart),
];

/// The class of a key; `None` when no row fits.
#[must_use]
pub fn class_of(key: &str) -> Option<Class> {
    let parts: Vec<&str> = key.split('.').collect();
    let fits = |pattern: &str| {
        let pattern: Vec<&str> = pattern.split('.').collect();
        pattern.len() <= parts.len() && pattern.iter().zip(&parts).all(|(p, k)| *p == "*" || p == k)
    };
    CLASSES
        .iter()
        .filter(|(pattern, _)| fits(pattern))
        .max_by_key(|(pattern, _)| pattern.split('.').count())
        .map(|(_, class)| *class)
}

/// One setting that is another than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Its key, as `intake.material_bytes_max`.
    pub key: String,
    /// What was in force; `default` when the file did not name it.
    pub from: String,
    /// What the file says now.
    pub to: String,
}

/// What is different between the settings in force and a file, by class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// What a reload takes over.
    pub live: Vec<Change>,
    /// What stays as it is until a restart.
    pub restart: Vec<Change>,
    /// What is in force once the reload has taken over what it can.
    pub in_force: Named,
}

/// Compares. A key without a class waits for a restart: nobody has said that it can be taken over.
#[must_use]
pub fn compare(running: &Named, file: &Named) -> Changes {
    let mut changes = Changes::default();
    let keys: BTreeSet<&String> = running.keys().chain(file.keys()).collect();
    for key in keys {
        let (old, new) = (running.get(key), file.get(key));
        let live = class_of(key) == Some(Live) && !toggles_tls(key, running, file);
        let kept = if live { new } else { old };
        if let Some(value) = kept {
            changes.in_force.insert(key.clone(), value.clone());
        }
        if old == new {
            continue;
        }
        let change = Change {
            key: key.clone(),
            from: words(key, old),
            to: words(key, new),
        };
        if live {
            changes.live.push(change);
        } else {
            changes.restart.push(change);
        }
    }
    changes
}

/// Certificates are swapped while serving, but a listener does not begin or end to speak TLS.
fn toggles_tls(key: &str, running: &Named, file: &Named) -> bool {
    let Some((listener, _)) = key.split_once(".tls.") else {
        return false;
    };
    let prefix = format!("{listener}.tls.");
    let has = |named: &Named| named.keys().any(|key| key.starts_with(&prefix));
    has(running) != has(file)
}

/// Keys whose values may be secrets, or hold one: changes are told without them.
fn is_secret(key: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or(key);
    let address = ["redis.url", "store.postgres.url", "alerts.webhook.url"];
    matches!(last, "password" | "secret" | "access_key" | "secret_key") || address.contains(&key)
}

fn words(key: &str, value: Option<&Value>) -> String {
    match value {
        None => "default".to_owned(),
        Some(_) if is_secret(key) => "(not shown)".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Every key of a file's text that has a value of its own; lists count as one value. A text that is no YAML names nothing: the reader
/// has said so before.
#[must_use]
pub fn named(text: &str) -> Named {
    let mut named = Named::new();
    if let Ok(Value::Object(keys)) = serde_saphyr::from_str::<Value>(text) {
        for (key, value) in keys.iter().filter(|(key, _)| *key != "schema") {
            flatten(key, value, &mut named);
        }
    }
    named
}

fn flatten(key: &str, value: &Value, named: &mut Named) {
    match value {
        Value::Object(inner) if !inner.is_empty() => {
            for (part, value) in inner {
                flatten(&format!("{key}.{part}"), value, named);
            }
        }
        other => {
            named.insert(key.to_owned(), other.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "schema: tongban/config/1\ndata: a\nlisteners:\n  public: { address: \"x:1\", limits: { address: { per_second: 5, burst: 9 } } }\n\
        intake: { material_bytes_max: 7 }\noutbound: { allow: [a, b] }\n";

    fn compared(from: &str, to: &str) -> Changes {
        compare(&named(OLD), &named(&OLD.replace(from, to)))
    }

    fn told(changes: &[Change]) -> Vec<String> {
        changes
            .iter()
            .map(|c| format!("{}: {} -> {}", c.key, c.from, c.to))
            .collect()
    }

    #[test]
    fn what_is_different_is_told_by_its_key_and_its_class() {
        let same = compared("nothing", "");
        assert!(same.live.is_empty() && same.restart.is_empty());
        assert_eq!(same.in_force, named(OLD));
        for (from, to, live, restart) in [
            (
                "per_second: 5",
                "per_second: 6",
                vec!["listeners.public.limits.address.per_second: 5 -> 6"],
                vec![],
            ),
            ("data: a", "data: b", vec![], vec!["data: a -> b"]),
            (
                "[a, b]",
                "[a]",
                vec!["outbound.allow: [\"a\",\"b\"] -> [\"a\"]"],
                vec![],
            ),
            (
                "intake: { material_bytes_max: 7 }\n",
                "",
                vec!["intake.material_bytes_max: 7 -> default"],
                vec![],
            ),
            (
                "x:1",
                "x:2",
                vec![],
                vec!["listeners.public.address: x:1 -> x:2"],
            ),
        ] {
            let changes = compared(from, to);
            assert_eq!(told(&changes.live), live, "{from}");
            assert_eq!(told(&changes.restart), restart, "{from}");
            let again = compare(&changes.in_force, &named(&OLD.replace(from, to)));
            assert!(again.live.is_empty(), "taken over once: {from}");
            assert_eq!(
                again.restart, changes.restart,
                "waits until a restart: {from}"
            );
        }
    }

    #[test]
    fn a_changed_secret_is_told_without_its_value() {
        for (key, old) in [
            ("redis: { url: \"redis://u:hunter2@a:1\" }", "redis.url"),
            (
                "redis: { sentinel: { password: hunter2 } }",
                "redis.sentinel.password",
            ),
            (
                "store: { postgres: { url: hunter2 } }",
                "store.postgres.url",
            ),
            (
                "alerts: { webhook: { secret: hunter2 } }",
                "alerts.webhook.secret",
            ),
            (
                "materials: { s3: { secret_key: hunter2 } }",
                "materials.s3.secret_key",
            ),
        ] {
            let changes = compare(&named(key), &named(&key.replace("hunter2", "hunter3")));
            assert_eq!(
                told(&changes.restart),
                [format!("{old}: (not shown) -> (not shown)")]
            );
        }
    }

    #[test]
    fn a_listener_does_not_begin_to_speak_tls_while_it_serves_but_takes_other_certificates() {
        let with = |files: &str| OLD.replace("\"x:1\",", &format!("\"x:1\", tls: {{ {files} }},"));
        let (one, two) = (
            with("certificate: c, key: k"),
            with("certificate: d, key: k"),
        );
        let begins = compare(&named(OLD), &named(&one));
        assert_eq!((begins.live.len(), begins.restart.len()), (0, 2));
        assert_eq!(begins.in_force, named(OLD));
        let other = compare(&named(&one), &named(&two));
        assert_eq!(
            told(&other.live),
            ["listeners.public.tls.certificate: c -> d"]
        );
        assert!(other.restart.is_empty());
    }
}
