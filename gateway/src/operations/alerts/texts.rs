//! What an alert says, in both languages and without personal data.

use crate::store::alert::AlertRecord;
use jiff::Timestamp;
use jiff::tz::Offset;

/// Subject and text, Chinese first.
pub(super) struct Said {
    pub(super) subject: String,
    pub(super) zh: String,
    pub(super) en: String,
}

/// The words of a message about an alert.
pub(super) fn say(alert: &AlertRecord, word: &str) -> Said {
    let system = &alert.system_id;
    if word == "resolved" {
        let at = time(alert.resolved_at.unwrap_or(alert.opened_at));
        return Said {
            subject: format!("[通办] 已恢复 resolved: {system}"),
            zh: format!(
                "{system} 的投递已于 {at} 恢复正常（告警始于 {}）。",
                time(alert.opened_at)
            ),
            en: format!(
                "Deliveries to {system} are as they should be again since {at} (alert of {}).",
                time(alert.opened_at)
            ),
        };
    }
    let (value, bound) = (alert.value, alert.bound);
    let (zh, en) = match alert.kind.as_str() {
        "deadline" => (
            format!(
                "有案件的时限在 {} 小时内到期，其投递尚未送达（阈值 {} 小时）",
                value / 3600,
                bound / 3600
            ),
            format!(
                "the clock of a case ends within {} h and its delivery has not got through (threshold {} h)",
                value / 3600,
                bound / 3600
            ),
        ),
        "oldest" => (
            format!(
                "最早的投递已等待 {} 分钟（阈值 {} 分钟）",
                value / 60,
                bound / 60
            ),
            format!(
                "the oldest delivery has waited {} min (threshold {} min)",
                value / 60,
                bound / 60
            ),
        ),
        "dead" => (
            format!("有 {value} 件投递失败待人工处理（阈值 {bound}）"),
            format!("{value} dead letters wait for a person (threshold {bound})"),
        ),
        _ => (
            format!("同一投递已失败 {value} 次（阈值 {bound}）"),
            format!("one delivery has failed {value} times (threshold {bound})"),
        ),
    };
    Said {
        subject: format!("[通办] 告警 alert: {system}"),
        zh: format!(
            "{system}：{zh}，{}。请运行 tongban deliveries 查看。",
            time(alert.opened_at)
        ),
        en: format!(
            "{system}: {en}, {}. See `tongban deliveries`.",
            time(alert.opened_at)
        ),
    }
}

fn time(at: Timestamp) -> String {
    Offset::constant(8)
        .to_datetime(at)
        .strftime("%Y-%m-%d %H:%M")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_speaks_both_languages_and_names_the_partner() {
        for (kind, word) in [
            ("deadline", "opened"),
            ("oldest", "opened"),
            ("dead", "opened"),
            ("tries", "opened"),
            ("dead", "resolved"),
        ] {
            let alert = AlertRecord {
                id: 1,
                system_id: "zhuhai-platform".to_owned(),
                kind: kind.to_owned(),
                value: 7_200,
                bound: 1_800,
                opened_at: "2026-03-02T01:00:00Z".parse().unwrap(),
                resolved_at: Some("2026-03-02T02:00:00Z".parse().unwrap()),
            };
            let said = say(&alert, word);
            for text in [&said.subject, &said.zh, &said.en] {
                assert!(text.contains("zhuhai-platform"), "{text}");
            }
            assert!(said.zh.contains("2026-03-02 09:00") && said.en.contains("2026-03-02 09:00"));
        }
    }
}
