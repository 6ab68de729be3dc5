//! Supplement, withdrawal, evaluation.

use super::*;
use crate::identity::Scope;
use crate::intake::origin::Origin;
use crate::processing::change::{Acted, Decision, Plan};
use crate::processing::life_cycle::{HandOver, Reception};
use tongban_adapters::canonical::{CorrectionNotice, Event, EventBody, Reason};

/// A clerk of the hall reports something.
async fn clerk(world: &World, no: &str, body: EventBody) {
    let now = world.hall.intake.clock.now();
    let event = Event {
        body,
        serial: String::new(),
        data_version: 1,
        occurred_at: now,
        actor: None,
    };
    let origin = Origin {
        principal: Principal::gateway(),
        client: String::new(),
        channel: "window",
        request_id: String::new(),
        idempotency_key: None,
        language: crate::text::Language::Chinese,
    };
    let audit = origin.audit("case.event", no, "", [0; 32], now);
    let reception = Reception::from_hall(now, HandOver::NotYet);
    let done = world
        .hall
        .casework
        .act(&Scope::Everything, no, &audit, |loaded, _| {
            let mut plan = Plan::on(loaded);
            plan.apply(loaded, &event, &reception, None).unwrap();
            Decision::Commit(Box::new(plan), ())
        });
    assert!(matches!(done.await.unwrap(), Acted::Done(())));
}

fn path(no: &str, act: &str) -> String {
    format!("/api/v1/applications/{no}/{act}")
}

#[tokio::test]
async fn before_hand_over_a_withdrawal_closes_the_case_at_once() {
    let world = World::new().await;
    let (no, code) = world.submitted().await;
    let headers = [("x-query-code", code.as_str())];
    let (status, answer) = world
        .post(
            &path(&no, "withdraw"),
            &headers,
            &json!({"reason": "不办了"}),
        )
        .await;
    assert_eq!(
        (status, &answer["state"]),
        (StatusCode::OK, &json!("closed")),
        "{answer}"
    );
    let (_, shown) = world
        .get(&format!("/api/v1/applications/{no}"), &headers)
        .await;
    assert_eq!(shown["decision"]["result"], "withdrawn");
    assert_eq!(shown["clocks"][0]["state"], "stopped");
    let (status, _) = world
        .post(&path(&no, "supplement"), &headers, &json!({"text": "x"}))
        .await;
    assert_eq!(status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_notice_is_answered_with_form_and_material_and_a_repeat_changes_nothing() {
    let world = World::new().await;
    let (no, code) = world.submitted().await;
    let headers = [("x-query-code", code.as_str())];
    let receipt = world.get(&path(&no, "receipt"), &headers).await.1;
    let nothing = world
        .post(&path(&no, "supplement"), &headers, &json!({"text": "早了"}))
        .await;
    assert_eq!(nothing.0, StatusCode::CONFLICT, "no notice is open");
    let notice = CorrectionNotice {
        reason: "缺页".into(),
        ..CorrectionNotice::default()
    };
    clerk(&world, &no, EventBody::PreCorrectionRequested(notice)).await;
    let id = world.upload(b"%PDF-1.7 corrected").await;
    let body = json!({"text": "已补", "form": {"project_name": "新名"}, "materials": [{"seq": 1, "id": id}]});
    let (status, answer) = world.post(&path(&no, "supplement"), &headers, &body).await;
    assert_eq!(
        (status, &answer["state"]),
        (StatusCode::OK, &json!("submitted")),
        "{answer}"
    );
    let (status, again) = world.post(&path(&no, "supplement"), &headers, &body).await;
    assert_eq!(
        (status, &again["repeated"]),
        (StatusCode::OK, &json!(true)),
        "{again}"
    );
    let (_, events) = world.get(&path(&no, "events"), &headers).await;
    let kinds: Vec<_> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["type"].clone())
        .collect();
    assert_eq!(
        kinds,
        ["applied", "pre_correction_requested", "resubmitted"]
    );
    let case = world
        .hall
        .intake
        .store
        .case(&Scope::Everything, &no)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(case.submission.form["project_name"], "新名");
    assert_eq!(
        case.submission
            .materials
            .iter()
            .map(|m| m.id.as_str())
            .collect::<Vec<_>>(),
        [id]
    );
    assert_eq!(
        world.get(&path(&no, "receipt"), &headers).await.1,
        receipt,
        "the promise stays"
    );
}

#[tokio::test]
async fn a_wrong_supplement_gets_every_fault() {
    let world = World::new().await;
    let (no, code) = world.submitted().await;
    let headers = [("x-query-code", code.as_str())];
    let body = json!({"form": {}, "materials": [{"seq": 9, "id": "none"}], "x": 1});
    let (status, problem) = world.post(&path(&no, "supplement"), &headers, &body).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let pointers: BTreeSet<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["pointer"].to_string())
        .collect();
    let expected = [
        "\"/form/project_name\"",
        "\"/materials/0/id\"",
        "\"/materials/0/seq\"",
        "\"/x\"",
    ];
    assert_eq!(pointers, expected.map(str::to_owned).into());
}

#[tokio::test]
async fn a_finished_case_is_evaluated_once() {
    let world = World::new().await;
    let (no, code) = world.submitted().await;
    let headers = [("x-query-code", code.as_str())];
    let level = |n: i32| json!({"level": n, "text": "很快"});
    assert_eq!(
        world
            .post(&path(&no, "evaluation"), &headers, &level(1))
            .await
            .0,
        StatusCode::CONFLICT
    );
    clerk(
        &world,
        &no,
        EventBody::PreRefused(Reason {
            reason: "不属本局".into(),
        }),
    )
    .await;
    for (body, status) in [
        (level(0), 422),
        (level(6), 422),
        (level(1), 200),
        (level(1), 200),
        (level(2), 409),
    ] {
        let (found, answer) = world.post(&path(&no, "evaluation"), &headers, &body).await;
        assert_eq!(found.as_u16(), status, "{body}: {answer}");
    }
}

#[tokio::test]
async fn a_stranger_can_do_nothing() {
    let world = World::new().await;
    let (no, _) = world.submitted().await;
    for act in ["supplement", "withdraw", "evaluation"] {
        let (status, _) = world
            .post(&path(&no, act), &[], &json!({"text": "x"}))
            .await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{act}");
    }
}

/// Leases the one delivery of a world and leaves it as delivered.
async fn deliver(world: &World) {
    use crate::store::delivery::{AttemptRecord, DeliveryOutcome};
    let (store, now) = (&world.hall.intake.store, world.hall.intake.clock.now());
    let leased = store
        .lease(crate::store::delivery::Look::with(
            "w",
            now,
            1_000_000,
            10,
            crate::store::delivery::SystemTerms::up_to(10),
        ))
        .await
        .unwrap()
        .deliveries;
    let [lease] = leased.as_slice() else {
        panic!("one delivery, not {}", leased.len())
    };
    let attempt = AttemptRecord {
        at: now,
        step: "submit".into(),
        took_us: 1,
        code: "accepted".into(),
        words: "1".into(),
        sent: Vec::new(),
        received: Vec::new(),
    };
    let outcome = DeliveryOutcome::Delivered {
        partner_no: Some("YW1".into()),
    };
    assert!(
        store
            .finish(lease.id, lease.fence, attempt, outcome, None)
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn the_applicant_has_the_case_until_the_notice_is_answered_or_withdrawal_is_asked_for() {
    let world = World::with(sample::snapshot_with_system(), HallSettings::default()).await;
    let (no, code) = world.submitted().await;
    deliver(&world).await;
    let headers = [("x-query-code", code.as_str())];
    let shown = async || {
        let path = format!("/api/v1/applications/{no}");
        world.get(&path, &headers).await.1
    };
    let notice = CorrectionNotice {
        reason: "缺页".into(),
        ..CorrectionNotice::default()
    };
    clerk(&world, &no, EventBody::PreCorrectionRequested(notice)).await;
    let asked = shown().await;
    assert_eq!(asked["with"]["holder"], "applicant", "{asked}");
    assert_eq!(asked["with"]["since"], asked["correction"]["since"]);
    let body = json!({"reason": "不办了"});
    let (status, answer) = world.post(&path(&no, "withdraw"), &headers, &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let passed_on = shown().await;
    assert_eq!(passed_on["with"]["holder"], "hall", "{passed_on}");
}

#[tokio::test]
async fn after_hand_over_a_withdrawal_is_asked_of_the_partner() {
    use crate::store::delivery::DeliveryFilter;
    let world = World::with(sample::snapshot_with_system(), HallSettings::default()).await;
    let (no, code) = world.submitted().await;
    deliver(&world).await;
    let headers = [("x-query-code", code.as_str())];
    let (_, shown) = world
        .get(&format!("/api/v1/applications/{no}"), &headers)
        .await;
    assert_eq!(
        (&shown["with"]["holder"], &shown["with"]["partner_no"]),
        (&json!("system"), &json!("YW1")),
        "{shown}"
    );
    let (status, answer) = world
        .post(
            &path(&no, "withdraw"),
            &headers,
            &json!({"reason": "不办了"}),
        )
        .await;
    assert_eq!(
        (status, &answer["state"]),
        (StatusCode::OK, &json!("submitted")),
        "{answer}"
    );
    let (_, again) = world
        .post(
            &path(&no, "withdraw"),
            &headers,
            &json!({"reason": "不办了"}),
        )
        .await;
    assert_eq!(again["repeated"], json!(true));
    let deliveries = world
        .hall
        .intake
        .store
        .deliveries(&Scope::Everything, &DeliveryFilter::default())
        .await
        .unwrap();
    let operations: Vec<_> = deliveries.iter().map(|d| d.operation.as_str()).collect();
    assert_eq!(operations, ["submit", "withdraw"]);
    let (_, shown) = world
        .get(&format!("/api/v1/applications/{no}"), &headers)
        .await;
    assert_eq!(shown["withdrawal_requested"], json!(true));
}

#[tokio::test]
async fn a_withdrawal_before_the_first_try_leaves_nothing_to_deliver() {
    let world = World::with(sample::snapshot_with_system(), HallSettings::default()).await;
    let (no, code) = world.submitted().await;
    let headers = [("x-query-code", code.as_str())];
    let (_, answer) = world
        .post(&path(&no, "withdraw"), &headers, &json!({}))
        .await;
    assert_eq!(answer["state"], "closed");
    let now = world.hall.intake.clock.now();
    assert!(
        world
            .hall
            .intake
            .store
            .lease(crate::store::delivery::Look::with(
                "w",
                now,
                1_000_000,
                10,
                crate::store::delivery::SystemTerms::up_to(10)
            ))
            .await
            .unwrap()
            .deliveries
            .is_empty()
    );
}

#[tokio::test]
async fn a_case_is_handed_over_at_the_step_that_its_route_names_and_once() {
    use tongban_adapters::canonical::Remark;
    let mut snapshot = sample::snapshot_with_system();
    snapshot.routes[0].hand_over = crate::registry::HandOver::Preaccept;
    let world = World::with(snapshot, HallSettings::default()).await;
    let (no, _) = world.submitted().await;
    let store = Arc::clone(&world.hall.intake.store);
    let leased = async || {
        let now = world.hall.intake.clock.now();
        store
            .lease(crate::store::delivery::Look::with(
                "w",
                now,
                60_000_000,
                10,
                crate::store::delivery::SystemTerms::up_to(10),
            ))
            .await
            .unwrap()
            .deliveries
            .len()
    };
    assert_eq!(leased().await, 0, "not on submission");
    clerk(&world, &no, EventBody::PreAccepted(Remark::default())).await;
    assert_eq!(leased().await, 1);
    let notice = CorrectionNotice {
        reason: "缺页".into(),
        ..CorrectionNotice::default()
    };
    clerk(&world, &no, EventBody::PreCorrectionRequested(notice)).await;
    assert_eq!(leased().await, 0, "once");
}
