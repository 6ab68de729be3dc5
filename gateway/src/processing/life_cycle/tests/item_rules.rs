//! Rules from a service item.

use super::*;
use serde_json::json;
use tongban_catalog::deadline::{EndOnDayOff, MonthRule, ServiceHours};
use tongban_catalog::item::ServiceItem;
use tongban_catalog::tables::{Channel, LimitUnit};

fn item(changes: serde_json::Value) -> ServiceItem {
    let mut item = json!({
        "schema": "tongban/item/1", "id": "sample", "version": 1, "state": "active", "sample": true, "name": "样例事项",
        "codes": [{"scheme": "local", "value": "S-1"}], "number_scheme": "local",
        "type": "01", "level": "city", "region": "440400",
        "org": {"id": "sample", "name": "样例机关", "uscc": "11440300MB2C93125R", "organisation_code": "MB2C93125"},
        "org_nature": "statutory", "case_type": "promise", "audience": ["person"], "channels": ["online", "window"],
        "running_level": "city", "visits": 0, "effective_from": "2017-01-01",
        "statutory": {"n": 20, "unit": "working_day"}, "promise": {"n": 10, "unit": "working_day"},
        "conditions": ["样例"], "process": [], "legal_basis": [], "fee": {"required": false},
        "result": {"kind": "certificate", "name": "样例证"},
        "contact": {"place": "样例", "hours": "样例", "consult_phone": "1", "complaint_phone": "1"},
        "form": {"type": "object", "properties": {"note": {"type": "string", "title": "备注"}}}
    });
    let serde_json::Value::Object(changes) = changes else {
        panic!("changes are an object");
    };
    for (key, value) in changes {
        item[key] = value;
    }
    serde_json::from_value(item).unwrap()
}

fn rules_of(changes: serde_json::Value) -> Rules {
    Rules::of_item(&item(changes), Channel::Window, None).unwrap()
}

#[test]
fn limits_and_policies_come_from_the_item_version() {
    let rules = rules_of(json!({
        "policies": {"acceptance": "deemed", "acceptance_days": 3, "delivery_days": 7},
    }));
    assert_eq!(rules.promise, Some(Limit::working_days(10)));
    assert_eq!(rules.statutory, Some(Limit::working_days(20)));
    assert_eq!(rules.acceptance, Limit::working_days(3));
    assert_eq!(rules.delivery, Limit::working_days(7));
    assert_eq!(rules.silence, SilencePolicy::Deemed);
    assert_eq!(rules.case_kind, CaseKind::Promise);
    assert_eq!(rules_of(json!({})).silence, SilencePolicy::Alert);
    assert_eq!(
        rules_of(json!({"case_type": "immediate"})).case_kind,
        CaseKind::Immediate
    );
}

#[test]
fn a_limit_belongs_to_item_and_channel() {
    let item = item(json!({
        "limits": [{"channel": "window", "promise": {"n": 5, "unit": "working_day"}}],
    }));
    for (channel, days) in [(Channel::Window, 5), (Channel::Online, 10)] {
        let rules = Rules::of_item(&item, channel, None).unwrap();
        assert_eq!(rules.promise, Some(Limit::working_days(days)));
    }
}

#[test]
fn units_count_by_the_items_convention() {
    let rules = rules_of(json!({
        "promise": {"n": 1, "unit": "month"},
        "policies": {"natural_day_end": "rolls_over", "units": "guangdong"},
    }));
    let promise = rules.promise.unwrap();
    assert_eq!(promise.month, MonthRule::ThirtyDays);
    assert_eq!(promise.end_on_day_off, EndOnDayOff::RollsOver);
}

#[test]
fn a_limit_in_hours_needs_declared_service_hours() {
    let item = item(json!({"promise": {"n": 4, "unit": "hour"}}));
    let error = Rules::of_item(&item, Channel::Window, None).unwrap_err();
    assert_eq!((error.limit, error.unit), ("promise", LimitUnit::Hour));
    let hours: ServiceHours = "08:30-12:00,14:00-17:30".parse().unwrap();
    let rules = Rules::of_item(&item, Channel::Window, Some(hours)).unwrap();
    assert_eq!(rules.promise.unwrap().service_hours, Some(hours));
    assert_eq!(rules.statutory.unwrap().service_hours, None);
}

#[test]
fn only_a_result_that_is_handed_over_starts_the_delivery_clock() {
    for (kind, due) in [
        ("certificate", DeliveryDue::WhenGranted),
        ("none", DeliveryDue::Never),
    ] {
        let rules = rules_of(json!({"result": {"kind": kind, "name": "样例"}}));
        assert_eq!(rules.delivery_due, due, "{kind}");
    }
}
