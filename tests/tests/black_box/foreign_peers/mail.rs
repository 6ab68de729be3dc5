//! Alerts as mail, taken by a real SMTP server (aiosmtpd), which puts the first attempt off.

use super::peer::Server;
use tongban_tests::hall::{Hall, STATE_MAX};
use tongban_tests::process::eventually;
use tongban_tests::sample::submit;

#[tokio::test]
async fn an_alert_and_its_end_are_mailed_once_each() {
    let server = Server::start("python/smtp_server.py").await;
    let (host, port) = server
        .endpoint
        .trim_start_matches("http://")
        .split_once(':')
        .unwrap();
    let settings = format!(
        "alerts:\n  every: 100ms\n  email: {{ host: {host}, port: {port}, tls: none, from: tongban@hall.example, to: [duty@hall.example] }}\n"
    );
    let refusing: &[&str] = &["--scenario", "immediate", "--switch", "refuse,phase=submit"];
    let hall = Hall::open_with(&[("rest", refusing)], &settings).await;
    let taken = submit(hall.public, "rest").await;
    let until_mails = async |count: usize| {
        eventually(&format!("{count} mails"), STATE_MAX, || async {
            hall.advance(2).await;
            let mails = server.calls();
            (mails.len() >= count).then_some(mails)
        })
        .await
    };
    let opened = until_mails(1).await.remove(0);
    assert_eq!(opened["to"], serde_json::json!(["duty@hall.example"]));
    let text = opened["text"].as_str().unwrap();
    assert!(
        text.contains("投递失败") && text.contains("1 dead letters"),
        "{text}"
    );
    assert!(!text.contains(&taken.no));
    let subject = opened["subject"].as_str().unwrap();
    assert!(
        subject.contains("告警") && subject.contains("gd-explosives"),
        "{subject}"
    );
    let id = hall.listed("state=dead").await[0]["id"].to_string();
    let given_up = hall.deliveries(&["discard", "--id", &id, "--yes", "--reason", "on paper"]);
    assert!(given_up.status.success());
    let mails = until_mails(2).await;
    assert!(
        mails[1]["subject"].as_str().unwrap().contains("已恢复"),
        "{mails:?}"
    );
    assert_ne!(mails[0]["id"], mails[1]["id"]);
    assert_eq!(mails.len(), 2);
}
