//! A correction notice reaches its applicant by SMS and by mail, taken by a real SMTP server (aiosmtpd) that puts the first attempt off.

use super::peer::Server;
use serde_json::{Value, json};
use tongban_tests::hall::{Hall, STATE_MAX};
use tongban_tests::process::eventually;
use tongban_tests::sample::{Taken, body, fresh_key, post, uploads};
use tongban_tests::sink::Sink;

#[tokio::test]
async fn a_correction_notice_reaches_its_applicant_by_sms_and_mail_with_its_deadline() {
    let (server, sink) = (
        Server::start("python/smtp_server.py").await,
        Sink::start().await,
    );
    let (host, port) = server
        .endpoint
        .trim_start_matches("http://")
        .split_once(':')
        .unwrap();
    let settings = format!(
        "notifications:\n  urgent: [correction]\n  quiet: \"00:00-23:59\"\n  portal: https://hall.example/\n  sms:\n    url: http://{}/sms\n    \
         body: 'to={{to}}&text={{text}}'\n    body_type: form\n  email: {{ host: {host}, port: {port}, tls: none, from: hall@hall.example }}\n",
        sink.address
    );
    let correcting: &[&str] = &["--scenario", "correction"];
    let hall = Hall::open_with(&[("rest", correcting)], &settings).await;
    let materials = uploads(hall.public, "rest").await;
    let mut application = body("rest", &materials);
    application["applicant"]["email"] = "applicant@example.com".into();
    let taken = Taken::of(&post(hall.public, &fresh_key(), &application).await);
    hall.until_state(&taken, "correction").await;
    let mail = eventually("the notice is mailed", STATE_MAX, || async {
        hall.advance(2).await;
        server.calls().into_iter().next()
    })
    .await;
    assert_eq!(mail["to"], json!(["applicant@example.com"]));
    assert_eq!(mail["subject"], "请补正材料");
    let text = mail["text"].as_str().unwrap();
    assert!(text.contains(&taken.no), "{text}");
    let link = format!("https://hall.example/applications/{}", taken.no);
    assert!(text.contains(&link), "{text}");
    // The notice says five working days.
    let told = text.split("补正期限：").nth(1).unwrap();
    let told = told.split('。').next().unwrap();
    let parts: Vec<i16> = told
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().unwrap())
        .collect();
    assert_eq!(parts.len(), 3, "{told}");
    let events = hall.events(&taken).await;
    let noticed: &Value = events
        .iter()
        .find(|e| e["type"] == "correction_requested")
        .unwrap();
    let at: jiff::Timestamp = noticed["occurred_at"].as_str().unwrap().parse().unwrap();
    let begun = jiff::tz::offset(8).to_datetime(at).date();
    let by = jiff::civil::date(
        parts[0],
        i8::try_from(parts[1]).unwrap(),
        i8::try_from(parts[2]).unwrap(),
    );
    let days = begun.until(by).unwrap().get_days();
    assert!((5..=20).contains(&days), "{begun} to {by}");
    let sms = eventually("the notice is sent by SMS", STATE_MAX, || async {
        hall.advance(2).await;
        sink.calls("/sms").into_iter().next()
    })
    .await;
    let form = String::from_utf8_lossy(&sms.body).into_owned();
    assert!(form.starts_with("to=13800000000&text=%E6%82%A8"), "{form}");
    assert!(form.contains(&taken.no), "{form}");
    assert_eq!(
        sink.calls("/sms").len(),
        1,
        "what is not urgent waits for the morning"
    );
}
