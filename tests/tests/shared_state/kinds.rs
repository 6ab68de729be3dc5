//! Every kind of Redis, and every way to be let in.

use crate::node::{Node, PATIENCE};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::json;
use tongban_gateway::shared_state::FirstUse;
use tongban_tests::process::eventually;
use tongban_tests::redis::{Redis, cluster_of};

/// Sharing works between two nodes: waits for it, since servers may just be changing.
async fn share(one: &Node, other: &Node, round: &str) {
    eventually(&format!("nonces are shared: {round}"), PATIENCE, || async {
        // A fresh one each time: one that met an absent Redis is spent.
        let nonce = format!("{round} {}", rand::random::<u64>());
        let (first, second) = (one.uses(&nonce).await, other.uses(&nonce).await);
        ((first, second) == (FirstUse::Yes, FirstUse::No)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn behind_sentinels_the_master_that_takes_over_is_found() {
    let mut master = Redis::start(&[]).await;
    let port = master.address.port().to_string();
    let replica = Redis::start(&["--replicaof", &format!("127.0.0.1 {port}")]).await;
    eventually("the replica follows", PATIENCE, || async {
        replica
            .cli(&["INFO", "replication"])
            .contains("master_link_status:up")
            .then_some(())
    })
    .await;
    let sentinel = Redis::sentinel(master.address).await;
    eventually("the sentinel knows the replica", PATIENCE, || async {
        let said = sentinel.cli(&["SENTINEL", "replicas", "hall"]);
        said.contains(&replica.address.port().to_string())
            .then_some(())
    })
    .await;
    // The first sentinel is not there: the second is asked.
    let settings = json!({
        "sentinel": {"addresses": ["127.0.0.1:9", sentinel.address.to_string()], "master": "hall"},
        "timeout": "5s",
    });
    let (one, other) = (
        Node::connected(&settings).await,
        Node::connected(&settings).await,
    );
    share(&one, &other, "before").await;
    master.running.kill();
    one.until(false).await;
    one.until(true).await;
    other.until(true).await;
    share(&one, &other, "after").await;
    assert!(replica.cli(&["ROLE"]).contains("master"));
    // The old master comes back as a replica of the new one: nobody writes there.
    master.restart().await;
    share(&one, &other, "with both").await;
    one.end().await;
    other.end().await;
}

#[tokio::test]
async fn a_cluster_is_used_as_a_whole_and_not_at_all_while_a_master_is_missing() {
    let mut servers = Vec::new();
    for _ in 0..3 {
        servers.push(Redis::start_for_cluster().await);
    }
    cluster_of(&servers).await;
    let addresses: Vec<_> = servers.iter().map(|s| s.address.to_string()).collect();
    let settings = json!({"cluster": {"addresses": addresses}, "timeout": "5s"});
    // One that knows the cluster by another server: both hear what is published anywhere.
    let by_last = json!({"cluster": {"addresses": [addresses[2]]}, "timeout": "5s"});
    let (one, other) = (
        Node::connected(&settings).await,
        Node::connected(&by_last).await,
    );
    for number in 0..100 {
        let nonce = number.to_string();
        assert_eq!(one.uses(&nonce).await, FirstUse::Yes, "{nonce}");
        assert_eq!(other.uses(&nonce).await, FirstUse::No, "{nonce}");
    }
    let holding = servers
        .iter()
        .filter(|s| s.cli(&["DBSIZE"]).trim() != "0")
        .count();
    assert_eq!(holding, 3, "nonces lie on every master");
    let mut there = other.cases.listen();
    one.cases.tell("A");
    let heard = async { while &*there.recv().await.unwrap() != "A" {} };
    tokio::time::timeout(PATIENCE, heard).await.unwrap();
    servers[1].running.kill();
    one.until(false).await;
    assert_eq!(one.uses("meanwhile").await, FirstUse::Unknown);
    // Its slots are its own again when it is back: nothing was kept, and nothing need be.
    servers[1].restart().await;
    one.until(true).await;
    other.until(true).await;
    share(&one, &other, "after").await;
    one.end().await;
    other.end().await;
}

/// Authority, certificate and key as files of a folder.
fn certificates(folder: &std::path::Path) -> [String; 3] {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // Another name than the server's: OpenSSL takes one with the same for self-signed.
    authority
        .distinguished_name
        .push(DnType::CommonName, "authority of the tests");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let own = own.signed_by(&key, &authority).unwrap();
    [
        ("authority", authority.pem()),
        ("own", own.pem()),
        ("key", key.serialize_pem()),
    ]
    .map(|(name, pem)| {
        let file = folder.join(format!("{name}.pem"));
        std::fs::write(&file, pem).unwrap();
        file.display().to_string()
    })
}

/// What a user of the gateway needs, and no more: docs/operations/cluster.md says the same.
const ACL: [&str; 15] = [
    "ACL",
    "SETUSER",
    "hall",
    "on",
    ">right horse",
    "~tongban:*",
    "&tongban:*",
    "-@all",
    "+set",
    "+get",
    "+pttl",
    "+incr",
    "+pexpire",
    "+eval",
    "+publish",
];

#[tokio::test]
async fn an_encrypted_redis_lets_a_user_in_by_its_password_with_few_rights() {
    let folder = tempfile::TempDir::new().unwrap();
    let [authority, own, key] = certificates(folder.path());
    let tls = [
        "--tls-port",
        "{port}",
        "--tls-cert-file",
        &own,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &authority,
        "--tls-auth-clients",
        "no",
    ];
    let redis = Redis::start_with(&tls, &["--tls", "--cacert", &authority]).await;
    let rights = [&ACL[..], &["+subscribe", "+ping", "+select"]].concat();
    assert_eq!(redis.cli(&rights).trim(), "OK");
    let url = format!("rediss://{}", redis.address);
    let settings = json!({"url": url, "user": "hall", "password": "right horse", "authority": authority, "timeout": "5s"});
    let (one, other) = (
        Node::connected(&settings).await,
        Node::connected(&settings).await,
    );
    share(&one, &other, "encrypted").await;
    one.shared
        .tries_failed(("number", "N"), PATIENCE)
        .await
        .unwrap();
    assert!(
        !other
            .shared
            .tries_wait(("number", "N"), 1)
            .await
            .unwrap()
            .is_zero()
    );
    one.end().await;
    other.end().await;
    for (change, expected) in [
        (json!({"password": "wrong horse"}), "WRONGPASS"),
        (json!({"authority": null}), "certificate"),
    ] {
        let mut settings = settings.clone();
        for (name, value) in change.as_object().unwrap() {
            settings[name] = value.clone();
            if value.is_null() {
                settings.as_object_mut().unwrap().remove(name);
            }
        }
        let node = Node::begin(&settings).await;
        let reason = eventually("it is told why", PATIENCE, || async {
            let reason = node.shared.standing().unwrap().reason.unwrap();
            (reason != "not connected yet").then_some(reason)
        })
        .await;
        let told = reason.to_lowercase();
        assert!(
            told.contains(&expected.to_lowercase()) || told.contains("authentication"),
            "{reason}"
        );
        assert!(!told.contains("horse"), "{reason}");
        assert!(node.readiness.report().ready, "a node without Redis serves");
        node.end().await;
    }
    // Rights that are missing are found before Redis is used, not at a request.
    assert_eq!(redis.cli(&["ACL", "SETUSER", "hall", "-eval"]).trim(), "OK");
    let node = Node::begin(&settings).await;
    eventually("it is told what is not allowed", PATIENCE, || async {
        let reason = node.shared.standing().unwrap().reason.unwrap_or_default();
        reason.contains("eval").then_some(())
    })
    .await;
    assert!(!node.shared.stands());
    node.end().await;
}
