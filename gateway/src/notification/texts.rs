//! What notifications say, in Chinese and English; an operator may put other words in their place.
//!
//! Placeholders are checked when the settings are read: a text that names what its kind does not have is a fault there, not a hole
//! in a message. No text names the applicant: whoever sees the phone learns the number of a case and the item, nothing else.

use crate::text::Language;
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;
use tongban_adapters::canonical::{DecisionResult, EventBody};

/// Characters of an item's name in a message.
const ITEM_MAX: usize = 24;
/// Characters of a text that an operator writes.
const TEXT_MAX: usize = 400;

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// 收件: taken by the hall.
    Received,
    /// 受理.
    Accepted,
    /// 不予受理.
    Rejected,
    /// 补正告知, with its deadline.
    Correction,
    /// 补正已收到: the clock runs again.
    Corrected,
    /// 特别程序: the clock stands.
    Suspended,
    /// The clock runs again.
    Resumed,
    /// 办结.
    Result,
    /// 撤回.
    Withdrawn,
    /// 逾期未补正.
    Lapsed,
}

impl NoticeKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Received,
        Self::Accepted,
        Self::Rejected,
        Self::Correction,
        Self::Corrected,
        Self::Suspended,
        Self::Resumed,
        Self::Result,
        Self::Withdrawn,
        Self::Lapsed,
    ];

    /// What an event is to the applicant; `None` when it is no news.
    #[must_use]
    pub fn of(event: &EventBody) -> Option<Self> {
        Some(match event {
            EventBody::Applied(_) => Self::Received,
            EventBody::Accepted(_) | EventBody::DeemedAccepted(_) => Self::Accepted,
            EventBody::PreRefused(_) | EventBody::Refused(_) => Self::Rejected,
            EventBody::PreCorrectionRequested(_) | EventBody::CorrectionRequested(_) => {
                Self::Correction
            }
            EventBody::Corrected(_) => Self::Corrected,
            EventBody::SpecialStarted(_) => Self::Suspended,
            EventBody::SpecialEnded(_) => Self::Resumed,
            EventBody::Lapsed(_) => Self::Lapsed,
            EventBody::Withdrawn(_) => Self::Withdrawn,
            EventBody::Closed(closing) => match closing.result {
                DecisionResult::Withdrawn => Self::Withdrawn,
                DecisionResult::Lapsed => Self::Lapsed,
                _ => Self::Result,
            },
            EventBody::PreAccepted(_)
            | EventBody::Step(_)
            | EventBody::Forwarded(_)
            | EventBody::Supplemented(_)
            | EventBody::Resubmitted(_)
            | EventBody::WithdrawalRequested(_)
            | EventBody::Collected(_)
            | EventBody::Evaluated(_)
            | EventBody::Recalculated(_) => return None,
        })
    }

    /// The word in rows, settings and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Correction => "correction",
            Self::Corrected => "corrected",
            Self::Suspended => "suspended",
            Self::Resumed => "resumed",
            Self::Result => "result",
            Self::Withdrawn => "withdrawn",
            Self::Lapsed => "lapsed",
        }
    }

    /// The kind of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether a later message of the same case says as much, so that of two that come together one is enough. What asks the applicant
    /// for something, or ends the case, never merges.
    #[must_use]
    pub fn merges(self) -> bool {
        matches!(
            self,
            Self::Received | Self::Accepted | Self::Corrected | Self::Suspended | Self::Resumed
        )
    }

    /// What its texts may name.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Correction => &["number", "item", "organisation", "link", "deadline"],
            Self::Result => &["number", "item", "organisation", "link", "result"],
            _ => &["number", "item", "organisation", "link"],
        }
    }

    fn own(self) -> Words {
        let (zh, en) = match self {
            Self::Received => (
                "您申请的“{item}”已收件，办件编号{number}。",
                "Your application for \"{item}\" was received. Number: {number}.",
            ),
            Self::Accepted => (
                "您的办件{number}（{item}）已受理。",
                "Your case {number} ({item}) was accepted for processing.",
            ),
            Self::Rejected => (
                "您的办件{number}（{item}）不予受理，原因请查询办件。",
                "Your case {number} ({item}) was not accepted. See the case for the reason.",
            ),
            Self::Correction => (
                "您的办件{number}（{item}）需补正材料，补正期限：{deadline}。",
                "Your case {number} ({item}) needs corrections. Deadline: {deadline}.",
            ),
            Self::Corrected => (
                "您的办件{number}（{item}）补正材料已收到，继续办理。",
                "The corrections for your case {number} ({item}) were received; it goes on.",
            ),
            Self::Suspended => (
                "您的办件{number}（{item}）进入特别程序，办理时限暂停计算。",
                "Your case {number} ({item}) is in a special procedure; its clock stands still.",
            ),
            Self::Resumed => (
                "您的办件{number}（{item}）特别程序已结束，办理时限恢复计算。",
                "The special procedure of your case {number} ({item}) has ended; its clock runs again.",
            ),
            Self::Result => (
                "您的办件{number}（{item}）已办结，结果：{result}。",
                "Your case {number} ({item}) is closed. Result: {result}.",
            ),
            Self::Withdrawn => (
                "您的办件{number}（{item}）已撤回。",
                "Your case {number} ({item}) was withdrawn.",
            ),
            Self::Lapsed => (
                "您的办件{number}（{item}）因逾期未补正，已终止办理。",
                "Your case {number} ({item}) has lapsed: no corrections came in time.",
            ),
        };
        Words {
            zh: zh.to_owned(),
            en: en.to_owned(),
        }
    }

    /// Subject of a mail.
    #[must_use]
    pub fn subject(self, language: Language) -> &'static str {
        let (zh, en) = match self {
            Self::Received => ("已收件", "Application received"),
            Self::Accepted => ("已受理", "Accepted"),
            Self::Rejected => ("不予受理", "Not accepted"),
            Self::Correction => ("请补正材料", "Corrections needed"),
            Self::Corrected => ("补正材料已收到", "Corrections received"),
            Self::Suspended => ("办理时限暂停", "Clock stands still"),
            Self::Resumed => ("办理时限恢复", "Clock runs again"),
            Self::Result => ("已办结", "Closed"),
            Self::Withdrawn => ("已撤回", "Withdrawn"),
            Self::Lapsed => ("已终止办理", "Lapsed"),
        };
        match language {
            Language::Chinese => zh,
            Language::English => en,
        }
    }
}

/// One text in both languages; `{name}` marks a place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Words {
    zh: String,
    en: String,
}

/// A text of an operator; a language that is left out keeps the program's.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnWords {
    zh: Option<String>,
    en: Option<String>,
}

/// Every text: the program's, with an operator's in their places.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "BTreeMap<NoticeKind, OwnWords>")]
pub struct NoticeTexts(BTreeMap<NoticeKind, Words>);

impl Default for NoticeTexts {
    fn default() -> Self {
        Self(NoticeKind::ALL.map(|kind| (kind, kind.own())).into())
    }
}

impl TryFrom<BTreeMap<NoticeKind, OwnWords>> for NoticeTexts {
    type Error = String;

    fn try_from(own: BTreeMap<NoticeKind, OwnWords>) -> Result<Self, String> {
        let mut texts = Self::default();
        for (kind, own) in own {
            let words = texts.0.entry(kind).or_insert_with(|| kind.own());
            for (place, text) in [(&mut words.zh, own.zh), (&mut words.en, own.en)] {
                if let Some(text) = text {
                    check(kind, &text)?;
                    *place = text;
                }
            }
        }
        Ok(texts)
    }
}

/// Names stand between braces, and nothing else does.
fn check(kind: NoticeKind, text: &str) -> Result<(), String> {
    let word = kind.as_str();
    if text.trim().is_empty() || text.chars().count() > TEXT_MAX {
        return Err(format!("{word}: 1 to {TEXT_MAX} characters"));
    }
    if text.contains(char::is_control) {
        return Err(format!("{word}: one line"));
    }
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once('{') {
        let (name, after) = tail.split_once('}').unwrap_or((tail, ""));
        if before.contains('}') || !tail.contains('}') || !kind.names().contains(&name) {
            let known = kind.names().join("}, {");
            return Err(format!(
                "{word}: {{{name}}} is not known here; known: {{{known}}}"
            ));
        }
        rest = after;
    }
    if rest.contains('}') {
        return Err(format!("{word}: a brace closes nothing"));
    }
    if kind == NoticeKind::Correction && !text.contains("{deadline}") {
        return Err(format!("{word}: {{deadline}} must stand in it"));
    }
    Ok(())
}

/// What a text may say of a case.
#[derive(Debug, Clone, Default)]
pub struct NoticeContext<'a> {
    /// Case number.
    pub number: &'a str,
    /// Name of the item.
    pub item: &'a str,
    /// Name of the responsible organisation.
    pub organisation: &'a str,
    /// By when to act.
    pub deadline: Option<Timestamp>,
    /// The decision.
    pub result: Option<DecisionResult>,
    /// Address of the case's page; empty when the hall has none.
    pub link: &'a str,
}

impl NoticeTexts {
    /// The text of a message.
    #[must_use]
    pub fn say(&self, kind: NoticeKind, language: Language, context: &NoticeContext<'_>) -> String {
        let own = kind.own();
        let words = self.0.get(&kind).unwrap_or(&own);
        let text = match language {
            Language::Chinese => &words.zh,
            Language::English => &words.en,
        };
        let deadline = deadline(language, context.deadline);
        let item = shortened(context.item);
        let values = [
            ("number", context.number),
            ("item", item.as_str()),
            ("organisation", context.organisation),
            ("deadline", deadline.as_str()),
            ("result", context.result.map_or("", |r| result(language, r))),
            ("link", context.link),
        ];
        filled(text, &values)
    }
}

/// Fills each place once: what a value says is never taken for a place.
pub(super) fn filled(text: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once('{') {
        out.push_str(before);
        let place = tail.split_once('}').and_then(|(name, after)| {
            let value = values.iter().find(|(known, _)| *known == name)?.1;
            Some((value, after))
        });
        rest = if let Some((value, after)) = place {
            out.push_str(value);
            after
        } else {
            out.push('{');
            tail
        };
    }
    out.push_str(rest);
    out
}

fn shortened(item: &str) -> String {
    if item.chars().count() <= ITEM_MAX {
        return item.to_owned();
    }
    let mut short: String = item.chars().take(ITEM_MAX - 1).collect();
    short.push('…');
    short
}

/// A legal day is over at midnight: its last minute is shown, not the first of the next day.
fn deadline(language: Language, at: Option<Timestamp>) -> String {
    let Some(at) = at else {
        return match language {
            Language::Chinese => "请尽快",
            Language::English => "as soon as you can",
        }
        .to_owned();
    };
    let here = jiff::tz::offset(8).to_datetime(at);
    let ends_day = here.time() == jiff::civil::Time::midnight();
    let day = if ends_day {
        here.date().yesterday().unwrap_or(here.date())
    } else {
        here.date()
    };
    match language {
        Language::Chinese => format!("{}年{}月{}日", day.year(), day.month(), day.day()),
        Language::English => day.to_string(),
    }
}

fn result(language: Language, result: DecisionResult) -> &'static str {
    let (zh, en) = match result {
        DecisionResult::Granted => ("准予许可，已出证", "granted"),
        DecisionResult::Completed => ("办结", "completed"),
        DecisionResult::Denied => ("不予许可", "denied"),
        DecisionResult::Void => ("作废", "void"),
        DecisionResult::Deleted => ("删除", "deleted"),
        DecisionResult::PassedOn => ("已转报", "passed on"),
        DecisionResult::Lapsed => ("逾期未补正", "lapsed"),
        DecisionResult::Withdrawn => ("已撤回", "withdrawn"),
    };
    match language {
        Language::Chinese => zh,
        Language::English => en,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> NoticeContext<'static> {
        NoticeContext {
            number: "1013130050069885741170605000A",
            item: "非常长的事项名称用于检验短信长度是否仍在两条以内的样例事项",
            organisation: "珠海市工业和信息化局",
            // The midnight that ends 9 March in Asia/Shanghai.
            deadline: "2026-03-09T16:00:00Z".parse().ok(),
            result: Some(DecisionResult::Granted),
            link: "",
        }
    }

    #[test]
    fn every_default_text_is_whole_fits_two_short_messages_and_passes_its_own_check() {
        let texts = NoticeTexts::default();
        for kind in NoticeKind::ALL {
            let own = kind.own();
            for (language, words, most) in [
                (Language::Chinese, &own.zh, 134),
                (Language::English, &own.en, 160),
            ] {
                check(kind, words).unwrap();
                let said = texts.say(kind, language, &context());
                assert!(!said.contains(['{', '}']), "{said}");
                assert!(said.chars().count() <= most, "{kind:?}: {said}");
                assert!(said.contains(context().number), "{said}");
                assert!(!kind.subject(language).is_empty());
            }
            assert_eq!(NoticeKind::parse(kind.as_str()), Some(kind));
        }
    }

    #[test]
    fn a_correction_names_the_last_day_on_which_it_is_in_time() {
        let texts = NoticeTexts::default();
        let say = |language, context: &NoticeContext<'_>| {
            texts.say(NoticeKind::Correction, language, context)
        };
        assert!(say(Language::Chinese, &context()).contains("2026年3月9日"));
        assert!(say(Language::English, &context()).contains("2026-03-09"));
        let open = NoticeContext {
            deadline: None,
            ..context()
        };
        assert!(say(Language::Chinese, &open).contains("请尽快"));
    }

    #[test]
    fn a_text_of_an_operator_is_checked_when_it_is_read() {
        let read = |kind, zh: &str| {
            let own = OwnWords {
                zh: Some(zh.to_owned()),
                en: None,
            };
            NoticeTexts::try_from(BTreeMap::from([(kind, own)]))
        };
        let texts = read(NoticeKind::Correction, "{number}：{deadline}前").unwrap();
        let said = texts.say(NoticeKind::Correction, Language::Chinese, &context());
        assert_eq!(said, format!("{}：2026年3月9日前", context().number));
        let english = texts.say(NoticeKind::Correction, Language::English, &context());
        assert!(english.contains("Deadline"), "the other language stays");
        for (kind, text) in [
            (NoticeKind::Correction, "补正{number}"),
            (NoticeKind::Received, "{deadline}"),
            (NoticeKind::Received, "{name}您好"),
            (NoticeKind::Received, "{number"),
            (NoticeKind::Received, "number}"),
            (NoticeKind::Received, " "),
            (NoticeKind::Received, "两\n行"),
        ] {
            assert!(read(kind, text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_a_value_says_is_never_taken_for_a_place() {
        let said = filled("{item}/{number}", &[("item", "{number}"), ("number", "1")]);
        assert_eq!(said, "{number}/1");
    }
}
