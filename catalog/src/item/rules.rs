//! What must hold across the values of an item; one function a subject, all of them told.

use super::ServiceItem;
use crate::code::{CodeScheme, ItemCode, NumberScheme};
use crate::source::Finding;
use crate::tables::{CaseType, LimitUnit};

mod checks;
mod contents;
mod form_rules;

use checks::{range, repeated, set, text};

/// The most codes of an item.
const MAX_CODES: usize = 8;
/// The longest limit, of whatever unit.
const MAX_LIMIT: u32 = 3_650;

/// Everything that is wrong with an item whose values are right one by one.
pub(super) fn findings(item: &ServiceItem) -> Vec<Finding> {
    let mut found = Vec::new();
    identity(item, &mut found);
    codes(item, &mut found);
    code_parts(item, &mut found);
    sets(item, &mut found);
    limits(item, &mut found);
    validity(item, &mut found);
    contents::materials(item, &mut found);
    contents::guide(item, &mut found);
    form_rules::form(item, &mut found);
    found
}

fn identity(item: &ServiceItem, found: &mut Vec<Finding>) {
    if item.version == 0 {
        found.push(Finding::new(
            "/version",
            "version_zero",
            "版本号从1起",
            "versions count from 1",
        ));
    }
    text("/name", &item.name, 200, found);
    text("/org/name", &item.org.name, 100, found);
    match item.org.uscc.organisation_code() {
        Err(error) => {
            let worded = error.worded();
            found.push(Finding::new(
                "/org/uscc",
                "organisation_code_inside",
                format!("统一社会信用代码第9至17位：{}", worded.zh),
                format!("characters 9 to 17 of the unified code: {}", worded.en),
            ));
        }
        Ok(inside) if inside != item.org.organisation_code => {
            let finding = Finding::new(
                "/org/organisation_code",
                "organisation_mismatch",
                format!("组织机构代码与统一社会信用代码中的 {inside} 不一致"),
                format!("the organisation code differs from {inside} inside the unified code"),
            );
            found.push(finding.compared_with("/org/uscc"));
        }
        Ok(_) => {}
    }
    if matches!(
        item.state,
        super::ItemState::Suspended | super::ItemState::Cancelled
    ) && item.state_note.is_none()
    {
        let finding = Finding::new(
            "/state",
            "state_note_missing",
            "暂停或取消的事项须说明原因",
            "a suspended or cancelled item says why",
        );
        found.push(
            finding
                .with_hint("请填写 state_note", "write a state_note")
                .compared_with("/state_note"),
        );
    }
}

fn codes(item: &ServiceItem, found: &mut Vec<Finding>) {
    if item.codes.is_empty() || item.codes.len() > MAX_CODES {
        found.push(Finding::new(
            "/codes",
            "codes_count",
            format!("事项编码应有1至{MAX_CODES}个"),
            format!("an item has 1 to {MAX_CODES} codes"),
        ));
    }
    repeated(item.codes.iter().map(ItemCode::as_str), |index, code| {
        found.push(Finding::new(
            format!("/codes/{index}"),
            "code_repeated",
            format!("事项编码 {code} 重复"),
            format!("the code {code} stands here a second time"),
        ));
    });
    if item.number_scheme.prefix_of(&item.codes).is_none() {
        let (zh, en) = match item.number_scheme {
            NumberScheme::Gd29 => ("gd26 编码", "a gd26 code"),
            NumberScheme::Cn43 => ("cn31 或 cn33 编码", "a cn31 or cn33 code"),
            NumberScheme::Local => (
                "不超过38位的 local 或 gbt24 编码",
                "a local or gbt24 code of at most 38 characters",
            ),
        };
        let finding = Finding::new(
            "/number_scheme",
            "number_scheme_without_code",
            format!("编号规则 {} 需要{zh}", item.number_scheme),
            format!("the number scheme {} needs {en}", item.number_scheme),
        );
        found.push(finding.compared_with("/codes"));
    }
}

/// What a code says about the item must be what the item says about itself.
fn code_parts(item: &ServiceItem, found: &mut Vec<Finding>) {
    let basic = item
        .codes
        .iter()
        .find(|code| code.scheme() == CodeScheme::Cn12);
    for (index, code) in item.codes.iter().enumerate() {
        let mut differs = |part: Option<&str>, expected: &str, of: &str, zh: &str, en: &str| {
            if let Some(part) = part.filter(|part| *part != expected) {
                let finding = Finding::new(
                    format!("/codes/{index}/value"),
                    "code_disagrees",
                    format!("编码中的{zh}为 {part}，事项为 {expected}"),
                    format!("the {en} in the code is {part}, the item's is {expected}"),
                );
                found.push(finding.compared_with(of));
            }
        };
        let organisation = item.org.organisation_code.as_str();
        differs(
            code.organisation_code(),
            organisation,
            "/org/organisation_code",
            "组织机构代码",
            "organisation code",
        );
        differs(
            code.unified_code(),
            item.org.uscc.as_str(),
            "/org/uscc",
            "统一社会信用代码",
            "unified code",
        );
        differs(
            code.level_code(),
            item.level.code(),
            "/level",
            "行使层级",
            "level",
        );
        differs(
            code.region_code(),
            &item.region.as_str()[..6],
            "/region",
            "行政区划",
            "region",
        );
        if let Some(basic) = basic {
            differs(
                code.basic_code(),
                basic.as_str(),
                "/codes",
                "基本编码",
                "basic code",
            );
        }
    }
}

fn sets(item: &ServiceItem, found: &mut Vec<Finding>) {
    set("/audience", &item.audience, true, found);
    set("/channels", &item.channels, true, found);
    set("/offers", &item.offers, false, found);
    set("/related", &item.related, false, found);
    set("/keywords", &item.keywords, false, found);
    let limited: Vec<_> = item.limits.iter().map(|limit| limit.channel).collect();
    repeated(limited.iter(), |index, channel| {
        found.push(Finding::new(
            format!("/limits/{index}/channel"),
            "repeated",
            format!("办理形式 {channel} 的时限重复"),
            format!("the channel {channel} has a second limit"),
        ));
    });
    for (index, channel) in limited.iter().enumerate() {
        if !item.channels.contains(channel) {
            let finding = Finding::new(
                format!("/limits/{index}/channel"),
                "limit_without_channel",
                format!("事项没有 {channel} 这种办理形式"),
                format!("the item has no channel {channel}"),
            );
            found.push(finding.compared_with("/channels"));
        }
    }
}

fn limits(item: &ServiceItem, found: &mut Vec<Finding>) {
    let promise = item
        .promise
        .iter()
        .map(|promise| ("/promise".to_owned(), promise));
    let by_channel = item
        .limits
        .iter()
        .enumerate()
        .map(|(index, limit)| (format!("/limits/{index}/promise"), &limit.promise));
    for (pointer, limit) in promise.chain(by_channel) {
        let at_least = u32::from(item.case_type != CaseType::Immediate);
        range(
            &format!("{pointer}/n"),
            limit.n,
            at_least..=MAX_LIMIT,
            found,
        );
        let Some(statutory) = &item.statutory else {
            continue;
        };
        if statutory.unit == limit.unit && limit.n > statutory.n {
            let finding = Finding::new(
                format!("{pointer}/n"),
                "promise_beyond_statute",
                format!("承诺时限 {} 长于法定时限 {}", limit.n, statutory.n),
                format!(
                    "the promise of {} is longer than the statutory {}",
                    limit.n, statutory.n
                ),
            );
            found.push(
                finding
                    .compared_with("/statutory")
                    .compared_with(format!("{pointer}/unit")),
            );
        }
        let fine = |unit| matches!(unit, LimitUnit::Hour | LimitUnit::Minute);
        if fine(statutory.unit) && !fine(limit.unit) {
            let finding = Finding::new(
                format!("{pointer}/unit"),
                "promise_beyond_statute",
                "法定时限以小时或分钟计，承诺时限也须以此计",
                "the statutory limit counts hours or minutes, so must the promise",
            );
            found.push(finding.compared_with("/statutory/unit"));
        }
    }
    if let Some(statutory) = &item.statutory {
        range("/statutory/n", statutory.n, 1..=MAX_LIMIT, found);
    }
    if item.case_type == CaseType::Promise && item.promise.is_none() {
        let finding = Finding::new(
            "/case_type",
            "promise_missing",
            "承诺件须有承诺时限",
            "a promise item has a promise",
        );
        found.push(
            finding
                .with_hint("请填写 promise", "write a promise")
                .compared_with("/promise"),
        );
    }
    range(
        "/policies/acceptance_days",
        item.policies.acceptance_days,
        1..=60,
        found,
    );
    range(
        "/policies/delivery_days",
        item.policies.delivery_days,
        1..=60,
        found,
    );
}

fn validity(item: &ServiceItem, found: &mut Vec<Finding>) {
    if item
        .effective_to
        .is_some_and(|last| last < item.effective_from)
    {
        let finding = Finding::new(
            "/effective_to",
            "ends_before_it_begins",
            "失效日期早于生效日期",
            "the last day lies before the first",
        );
        found.push(finding.compared_with("/effective_from"));
    }
    if let Some(old) = &item.supersedes
        && old.id == item.id
        && item.version > 0
        && old.version >= item.version
    {
        let finding = Finding::new(
            "/supersedes/version",
            "supersedes_itself",
            "只能替代较早的版本",
            "an item version takes the place of an earlier one",
        );
        found.push(finding.compared_with("/version").compared_with("/id"));
    }
}
