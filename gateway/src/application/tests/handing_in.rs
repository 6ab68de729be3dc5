//! Partners hand in applications that they have taken.

use super::*;

const PATH: &str = "/exchange/v1/systems/city/applications";

async fn hand_in(world: &World, system: &str, body: &Value) -> (StatusCode, Value) {
    let headers = [
        ("content-type", "application/json"),
        ("accept-language", "en"),
    ];
    let call = request("POST", PATH, &headers, body.to_string().into());
    read(
        world
            .send(as_principal(call, Principal::partner(system)))
            .await,
    )
    .await
}

async fn taken_by_partner(world: &World) -> Value {
    let mut body = world.application().await;
    body["partner_no"] = json!("P-1");
    body["submitted_at"] = json!("2017-06-05T09:30:00+08:00");
    body
}

#[tokio::test]
async fn a_partner_hands_in_and_its_number_is_the_key() {
    let world = World::new().await;
    let body = taken_by_partner(&world).await;
    let (status, first) = hand_in(&world, "city", &body).await;
    assert_eq!(status, StatusCode::CREATED, "{first}");
    assert_eq!(first["submitted_at"], "2017-06-05T09:30:00+08:00");
    assert_eq!(hand_in(&world, "city", &body).await, (status, first));
    let mut other = body.clone();
    other["form"]["project_name"] = json!("别的");
    assert_eq!(
        hand_in(&world, "city", &other).await.0,
        StatusCode::CONFLICT
    );
}

#[tokio::test]
async fn an_accepted_application_enters_as_accepted() {
    let world = World::new().await;
    let mut body = taken_by_partner(&world).await;
    body["hand_over"] = json!("accept");
    let (status, problem) = hand_in(&world, "city", &body).await;
    assert_eq!(
        (status, &problem["errors"][0]["pointer"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("/accepted_at"))
    );
    body["accepted_at"] = json!("2017-06-06T10:00:00+08:00");
    body["acceptance_no"] = json!("受2017-1");
    let (status, answer) = hand_in(&world, "city", &body).await;
    assert_eq!(
        (status, &answer["state"]),
        (StatusCode::CREATED, &json!("handling")),
        "{answer}"
    );
}

#[tokio::test]
async fn a_partner_hands_in_for_itself_alone_and_not_from_the_future() {
    let world = World::new().await;
    let mut body = taken_by_partner(&world).await;
    assert_eq!(
        hand_in(&world, "other", &body).await.0,
        StatusCode::NOT_FOUND
    );
    body["submitted_at"] = json!("2999-01-01T00:00:00Z");
    let (status, problem) = hand_in(&world, "city", &body).await;
    assert_eq!(
        (status, &problem["errors"][0]["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("in_future"))
    );
}
