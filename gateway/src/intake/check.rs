//! The checks of a submission (受理校验): pure, in the order of domain 9.3, and every fault at once.
//!
//! Shape, then item, situation, region, applicant, form, materials. A part that could not be read does not hide the faults of the
//! others; what only makes sense with an item (form, materials) is skipped without one.

use super::identity_number;
use super::materials::{KnownMaterials, check_materials};
use super::request::ApplicationRequest;
use crate::registry::Snapshot;
use crate::registry::item::PreparedItem;
use crate::registry::route::{Route, RouteQuery};
use jiff::civil::Date;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use tongban_adapters::canonical::{Applicant, MaterialFact};
use tongban_catalog::region::RegionCode;
use tongban_catalog::snapshot::Availability;
use tongban_catalog::source::Finding;

/// A submission that passed every check.
#[derive(Clone)]
pub struct CheckedApplication {
    /// The item in the version that is pinned.
    pub item: Arc<PreparedItem>,
    /// The code under which it was applied for.
    pub item_code: String,
    /// Situation.
    pub situation: Option<String>,
    /// Applicant.
    pub applicant: Applicant,
    /// Region.
    pub region: String,
    /// Form.
    pub form: Value,
    /// Materials.
    pub materials: Vec<MaterialFact>,
    /// Where the case goes.
    pub route: Route,
}

/// Checks a submission on the legal day `today`. `faults` holds what reading found.
///
/// # Errors
/// Every fault, those of reading first; at least one.
pub fn check(
    request: &ApplicationRequest,
    materials: &KnownMaterials,
    snapshot: &Snapshot,
    today: Date,
    mut faults: Vec<Finding>,
) -> Result<CheckedApplication, Vec<Finding>> {
    let item = check_item(request, snapshot, today, &mut faults);
    let route = item.and_then(|item| {
        check_situation(request, item, &mut faults);
        let region = check_region(request, item, snapshot, &mut faults);
        check_form(request, item, &mut faults);
        check_required_materials(request, item, &mut faults);
        let region = region?;
        let route = find_route(request, item, region.as_str(), snapshot, today, &mut faults)?;
        Some((route, region))
    });
    if let Some(applicant) = &request.applicant {
        check_applicant(applicant, today, &mut faults);
    }
    let facts = check_materials(
        &request.materials,
        materials,
        item.map(|i| &**i),
        &mut faults,
    );
    if !faults.is_empty() {
        return Err(faults);
    }
    let complete = || {
        let (route, region) = route?;
        Some(CheckedApplication {
            item: Arc::clone(item?),
            item_code: request.item_code.clone()?,
            situation: request.situation.clone(),
            applicant: request.applicant.clone()?,
            region: region.as_str().to_owned(),
            form: request.form.clone()?,
            materials: facts,
            route,
        })
    };
    complete().ok_or_else(|| {
        vec![Finding::new(
            "",
            "incomplete",
            "申请不完整",
            "the application is incomplete",
        )]
    })
}

fn check_item<'s>(
    request: &ApplicationRequest,
    snapshot: &'s Snapshot,
    today: Date,
    faults: &mut Vec<Finding>,
) -> Option<&'s Arc<PreparedItem>> {
    let code = request.item_code.as_deref()?;
    let fault = |code, zh: &str, en: &str| Finding::new("/item_code", code, zh, en);
    let Some((item, availability)) = snapshot.current_item(code, today) else {
        faults.push(fault("unknown_item", "没有此事项", "there is no such item"));
        return None;
    };
    match availability {
        Availability::Open => {}
        Availability::Suspended => {
            faults.push(fault(
                "item_suspended",
                "此事项暂停受理",
                "the item takes no applications for now",
            ));
        }
        Availability::Withdrawn => {
            faults.push(fault(
                "item_withdrawn",
                "此事项已取消",
                "the item has been withdrawn",
            ));
        }
        Availability::NotYet | Availability::Expired => {
            faults.push(fault(
                "item_not_in_force",
                "此事项今日不在实施期内",
                "the item is not in force today",
            ));
        }
    }
    Some(item)
}

fn check_situation(request: &ApplicationRequest, item: &PreparedItem, faults: &mut Vec<Finding>) {
    let situations = &item.item.situations;
    let all: Vec<&str> = situations.iter().map(|s| s.id.as_str()).collect();
    let all = all.join(", ");
    match request.situation.as_deref() {
        None if situations.is_empty() => {}
        None => faults.push(Finding::new(
            "/situation",
            "situation_missing",
            format!("请选择情形：{all}"),
            format!("choose a situation: {all}"),
        )),
        Some(situation) if item.situation(situation).is_some() => {}
        Some(_) => faults.push(Finding::new(
            "/situation",
            "unknown_situation",
            format!("此事项没有该情形，可选：{all}"),
            format!("the item has no such situation; it has: {all}"),
        )),
    }
}

/// The region in its canonical code.
fn check_region(
    request: &ApplicationRequest,
    item: &PreparedItem,
    snapshot: &Snapshot,
    faults: &mut Vec<Finding>,
) -> Option<RegionCode> {
    match snapshot.region(request.region.as_deref()?) {
        Ok(code) if item.item.region.contains(&code) => Some(code),
        Ok(_) => {
            let served = item.item.region.as_str();
            faults.push(Finding::new(
                "/region",
                "region_not_served",
                format!("此事项只在{served}范围内办理"),
                format!("the item is offered in {served} and within it only"),
            ));
            None
        }
        Err(_) => {
            faults.push(Finding::new(
                "/region",
                "region_form",
                "行政区划代码须为6、9或12位数字",
                "a region is 6, 9 or 12 digits (GB/T 2260)",
            ));
            None
        }
    }
}

/// The form of the named situation; where that is wrong, its own fault is enough.
fn check_form(request: &ApplicationRequest, item: &PreparedItem, faults: &mut Vec<Finding>) {
    let form = item.form(request.situation.as_deref());
    if let (Some(form), Some(filled)) = (form, &request.form) {
        faults.extend(form.faults(filled, "/form"));
    }
}

fn check_required_materials(
    request: &ApplicationRequest,
    item: &PreparedItem,
    faults: &mut Vec<Finding>,
) {
    let named: BTreeSet<u32> = request.materials.iter().map(|m| m.seq).collect();
    let situation = request.situation.as_deref().and_then(|s| item.situation(s));
    let wanted = item
        .item
        .materials_for(situation.as_ref())
        .filter(|m| m.must_be_there());
    let missing = wanted.filter(|m| !named.contains(&u32::from(m.seq)));
    faults.extend(missing.map(|m| {
        let (seq, name) = (m.seq, &m.name);
        Finding::new(
            "/materials",
            "material_missing",
            format!("缺少必要材料{seq}：{name}"),
            format!("the required material {seq} is missing: {name}"),
        )
        .compared_with(format!("/item/materials/{seq}"))
    }));
}

fn check_applicant(applicant: &Applicant, today: Date, faults: &mut Vec<Finding>) {
    faults.extend(identity_number::check(
        applicant.id_type,
        &applicant.id_number,
        today,
        "/applicant/id_number",
    ));
    if !is_phone(&applicant.phone) {
        faults.push(Finding::new(
            "/applicant/phone",
            "phone_form",
            "电话须为11位手机号，或带区号的固定电话",
            "a phone is a mobile number of 11 digits, or a landline with its area code",
        ));
    }
    if applicant.email.as_deref().is_some_and(|e| !is_email(e)) {
        faults.push(Finding::new(
            "/applicant/email",
            "email_form",
            "电子邮箱格式不正确",
            "not an e-mail address",
        ));
    }
}

/// Mainland mobile (1, then 10 digits, YD/T 1029 form), landline (0 and area code, 7 or 8 digits), either with +86 or 86 before a
/// mobile number; hyphens and spaces between digits are allowed.
fn is_phone(text: &str) -> bool {
    if !text
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '-' | ' ' | '+'))
    {
        return false;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let local = match digits.strip_prefix("86") {
        Some(rest) if rest.len() >= 10 => rest,
        _ => &digits,
    };
    let mobile = local.len() == 11 && local.starts_with('1') && !local.starts_with("10");
    let landline = (10..=12).contains(&local.len()) && local.starts_with('0');
    mobile || landline
}

fn is_email(text: &str) -> bool {
    let plain = |t: &str| !t.is_empty() && t.chars().all(|c| !c.is_whitespace() && c != '@');
    text.split_once('@').is_some_and(|(user, host)| {
        plain(user) && plain(host) && host.contains('.') && !host.contains("..")
    })
}

/// A published item without one route should have been caught at `check`; if it was not, the applicant is told and nothing is guessed.
fn find_route(
    request: &ApplicationRequest,
    item: &PreparedItem,
    region: &str,
    snapshot: &Snapshot,
    today: Date,
    faults: &mut Vec<Finding>,
) -> Option<Route> {
    let codes: Vec<&str> = item.item.codes.iter().map(|c| c.as_str()).collect();
    let query = RouteQuery {
        codes: &codes,
        level: item.item.level.code().parse().ok(),
        region,
        situation: request.situation.as_deref(),
        today,
    };
    let reason = match snapshot.route(&query) {
        Ok(route) if is_served(route, snapshot) => return Some(route.clone()),
        Ok(route) => format!("its route leads to {:?}, which is not live", route.system),
        Err(error) => error.to_string(),
    };
    tracing::error!(item = %item.item.id.as_str(), reason, "a published item has no one route");
    let (zh, en) = (
        "此事项暂无承办系统",
        "no system handles this item at the moment",
    );
    faults.push(Finding::new("/item_code", "item_not_routed", zh, en));
    None
}

/// The hall itself, or a system with a live definition.
fn is_served(route: &Route, snapshot: &Snapshot) -> bool {
    let live = |system: &str| snapshot.current_system(system).is_some();
    route.system.as_deref().is_none_or(live)
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
