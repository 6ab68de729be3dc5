//! Who has the case (在谁手里), in one sentence: read from what `GET /applications/{no}` says under `with`, so that page and
//! interface cannot differ.

use crate::pages::texts::case as texts;
use crate::pages::words;
use crate::text::Language;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The part of `with` that a page tells.
#[derive(Debug, Deserialize)]
struct With {
    holder: String,
    since: Timestamp,
    name: Option<String>,
    partner_no: Option<String>,
    to: Option<To>,
    delivery: Option<Delivery>,
}

#[derive(Debug, Deserialize)]
struct To {
    system: String,
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Delivery {
    state: String,
    attempt: u32,
    next_at: Option<Timestamp>,
    held: Option<Held>,
}

/// Files that a virus scan holds back.
#[derive(Debug, Deserialize)]
struct Held {
    words: String,
    files: Vec<HeldFile>,
}

#[derive(Debug, Deserialize)]
struct HeldFile {
    file_name: String,
}

/// Who has it.
#[derive(Debug, Clone, Serialize)]
pub struct Holder {
    /// The sentence.
    pub sentence: String,
    /// What more there is to say: the next attempt, the department's own number.
    pub more: Vec<String>,
    /// Something hinders the hand-over.
    pub hindered: bool,
    /// Somebody still has it; what nobody has needs no heading.
    pub somebody: bool,
}

impl Holder {
    /// From the interface's words; `None` when they are not understood.
    #[must_use]
    pub fn of(with: &Value, language: Language) -> Option<Self> {
        let with: With = serde_json::from_value(with.clone()).ok()?;
        let since = words::instant(with.since, language);
        let say = |text: crate::text::Text, name: &str| {
            text.fill(language, &[("name", name), ("since", &since)])
        };
        let mut more = Vec::new();
        let mut hindered = false;
        let sentence = match (with.holder.as_str(), &with.to, &with.delivery) {
            ("nobody", _, _) => say(texts::WITH_NOBODY, ""),
            ("applicant", _, _) => say(texts::WITH_APPLICANT, ""),
            ("system", _, _) => say(texts::WITH_SYSTEM, with.name.as_deref().unwrap_or_default()),
            (_, Some(to), Some(delivery)) => {
                hindered = delivery.attempt > 1 || delivery.state == "dead";
                more.extend(way(delivery, language));
                say(
                    texts::WITH_ON_THE_WAY,
                    to.name.as_deref().unwrap_or(&to.system),
                )
            }
            _ => say(texts::WITH_HALL, ""),
        };
        if let Some(no) = with.partner_no.filter(|no| !no.is_empty()) {
            more.push(texts::WITH_PARTNER_NO.fill(language, &[("no", &no)]));
        }
        Some(Self {
            sentence,
            more,
            hindered,
            somebody: with.holder != "nobody",
        })
    }
}

fn way(delivery: &Delivery, language: Language) -> Option<String> {
    if let Some(held) = &delivery.held {
        let files: Vec<&str> = held.files.iter().map(|f| f.file_name.as_str()).collect();
        let separator = match language {
            Language::Chinese => ("：", "、"),
            Language::English => (": ", ", "),
        };
        return Some([&held.words, separator.0, &files.join(separator.1)].concat());
    }
    let attempt = delivery.attempt.to_string();
    match (delivery.state.as_str(), delivery.next_at) {
        ("dead", _) => Some(texts::WAY_DEAD.say(language).to_owned()),
        ("held", _) => Some(texts::WAY_HELD.say(language).to_owned()),
        (_, Some(next)) if delivery.attempt > 0 => Some(texts::WAY_AGAIN.fill(
            language,
            &[("n", &attempt), ("at", &words::instant(next, language))],
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_holder_has_a_sentence_and_a_dead_delivery_says_that_the_hall_takes_care() {
        let since = "2026-11-28T10:00:00+08:00";
        let of = |value: Value| Holder::of(&value, Language::Chinese).unwrap();
        assert!(
            of(json!({"holder": "hall", "since": since}))
                .sentence
                .contains("大厅")
        );
        let system =
            of(json!({"holder": "system", "since": since, "name": "珠海平台", "partner_no": "Y1"}));
        assert!(system.sentence.contains("珠海平台") && system.more[0].contains("Y1"));
        let dead = of(json!({
            "holder": "hall", "since": since, "to": {"system": "s", "name": null},
            "delivery": {"state": "dead", "attempt": 3, "next_at": null},
        }));
        assert!(dead.hindered && dead.more == [texts::WAY_DEAD.zh]);
        let infected = of(json!({
            "holder": "hall", "since": since, "to": {"system": "s", "name": null},
            "delivery": {"state": "dead", "attempt": 1, "next_at": null, "held": {
                "code": "material_infected", "words": "请更换", "files": [{"seq": 1, "file_name": "a.pdf"}, {"seq": 2, "file_name": "b.pdf"}]}},
        }));
        assert_eq!(infected.more, ["请更换：a.pdf、b.pdf"]);
        assert!(Holder::of(&json!({"holder": 1}), Language::Chinese).is_none());
    }
}
