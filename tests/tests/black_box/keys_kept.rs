//! What is kept of keys: nothing that opens anything, and nothing that a change behind the gateway's back stays hidden in.

use super::keys::{SYSTEMS, changed, engineer, id_of, key_command, printed_key, with_bearer};
use super::secrecy::{files, files_with};
use serde_json::Value;
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tongban_tests::hall::{Hall, STATE_MAX, words};
use tongban_tests::process::eventually;

#[tokio::test]
async fn a_secret_is_in_one_answer_and_nowhere_else() {
    let mut hall = Hall::open_small("").await;
    let reason = "for the programs of the ninth floor";
    let create = ["create", "operator", "ninth-floor", "--reason", reason];
    let first = printed_key(&key_command(&hall, &create));
    let rotated = changed(&hall, id_of(&first), "rotate", reason).await;
    assert_eq!(rotated.header("cache-control"), Some("no-store"));
    let second = rotated.json()["key"].as_str().unwrap().to_owned();
    let mut answers = Vec::new();
    for key in [&first, &second] {
        answers.push(
            with_bearer(hall.operations, "/ops/v1/keys", key)
                .await
                .text(),
        );
    }
    let revoked = changed(&hall, id_of(&second), "revoke", reason).await;
    answers.push(revoked.text());
    answers.push(
        with_bearer(hall.operations, "/ops/v1/keys", &second)
            .await
            .text(),
    );
    answers.push(words(&key_command(&hall, &["list", "--all"])));
    assert!(
        answers[0].contains(id_of(&first)),
        "the list is a list: {}",
        answers[0]
    );
    let printed = |hall: &mut Hall| hall.gateway().printed();
    assert!(
        printed(&mut hall).contains(id_of(&second)),
        "the refusal names the key by its id"
    );
    let audited = eventually("the audit rows are there", STATE_MAX, || async {
        let found = files_with(&hall.data(), "key.revoke");
        (!found.is_empty()).then_some(found)
    });
    audited.await;
    for key in [&first, &second] {
        let (secret, raw) = (&key[20..84], bytes_of(&key[20..84]));
        for answer in &answers {
            assert!(!answer.contains(secret), "{answer}");
        }
        assert!(!printed(&mut hall).contains(secret), "in the log");
        for whole in [true, false] {
            if whole {
                assert_eq!(hall.gateway().terminate(), Some(0));
            }
            assert_eq!(files_with(&hall.folder(), secret), Vec::<PathBuf>::new());
            assert!(!holds(&hall.data(), &raw), "its bytes in the data folder");
            if whole {
                hall.start().await;
            }
        }
    }
    // What people wrote about it, and whose it is, are sealed.
    for word in [reason, "ninth-floor"] {
        assert_eq!(files_with(&hall.data(), word), Vec::<PathBuf>::new());
    }
}

#[tokio::test]
async fn a_restore_says_that_revoked_keys_count_again() {
    let mut hall = Hall::open_small("").await;
    let key = engineer(&hall);
    let (data, place) = (hall.data(), hall.folder().join("backup"));
    let text = |path: &Path| path.display().to_string();
    let made = hall.run(&["backup", &text(&place), "--data", &text(&data)]);
    assert!(made.status.success(), "{}", words(&made));
    let revoke = ["revoke", id_of(&key), "--reason", "leaked"];
    assert!(key_command(&hall, &revoke).status.success());
    assert_eq!(with_bearer(hall.exchange, SYSTEMS, &key).await.status, 401);
    assert_eq!(hall.gateway().terminate(), Some(0));
    let (target, master) = (hall.folder().join("restored"), data.join("master.key"));
    let restored = hall.run(&[
        "restore",
        &text(&place),
        "--data",
        &text(&target),
        "--master-key",
        &text(&master),
        "--json",
    ]);
    assert!(restored.status.success(), "{}", words(&restored));
    let said: Value = serde_json::from_slice(&restored.stdout).unwrap();
    assert_eq!(said["keys_counting"], 1);
    let warned = String::from_utf8_lossy(&restored.stderr).into_owned();
    assert!(warned.contains("COUNTS AGAIN"), "{warned}");
}

#[tokio::test]
async fn a_change_whose_news_was_lost_is_seen_by_looking() {
    let hall = Hall::open_small("").await;
    let key = engineer(&hall);
    assert_eq!(with_bearer(hall.exchange, SYSTEMS, &key).await.status, 200);
    let options = SqliteConnectOptions::new()
        .filename(hall.data().join("tongban.sqlite"))
        .busy_timeout(Duration::from_secs(10));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("UPDATE api_key SET revoked_at = 1, revision = revision + 1")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    eventually(
        "the key is refused without a word about it",
        STATE_MAX,
        || async { (with_bearer(hall.exchange, SYSTEMS, &key).await.status == 401).then_some(()) },
    )
    .await;
}

fn bytes_of(hex: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap()
}

fn holds(folder: &Path, needle: &[u8]) -> bool {
    files(folder).iter().any(|path| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}
