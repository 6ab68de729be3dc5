//! The registry: applying is idempotent, versions are immutable.

use super::Subject;
use super::samples::*;
use crate::store::registry::{Applied, RegistryChange};

fn change_of(item: &str, system: &str, text: &str) -> RegistryChange {
    RegistryChange {
        items: vec![("item-1".to_owned(), item.to_owned())],
        systems: vec![("system-1".to_owned(), system.to_owned())],
        documents: vec![(
            "routes".to_owned(),
            "routes.yaml".to_owned(),
            text.to_owned(),
        )],
        at: at(0),
        audit: audit("registry.apply"),
    }
}

fn verdicts(applied: &[(String, Applied)]) -> Vec<Applied> {
    applied.iter().map(|(_, verdict)| *verdict).collect()
}

pub async fn applying_twice_leaves_everything_as_it_was(subject: &dyn Subject) {
    let store = subject.store();
    let first = store.apply(change_of("{}", "id: a", "r")).await.unwrap();
    let names: Vec<_> = first.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["item-1", "system-1", "routes.yaml"]);
    assert_eq!(verdicts(&first), [Applied::Created; 3]);
    let again = store.apply(change_of("{}", "id: a", "r")).await.unwrap();
    assert_eq!(verdicts(&again), [Applied::Left; 3]);
    assert_eq!(store.item_versions().await.unwrap().len(), 1);
    assert_eq!(store.system_versions().await.unwrap().len(), 1);
    let documents = store.registry_documents().await.unwrap();
    let expected = (
        "routes".to_owned(),
        "routes.yaml".to_owned(),
        "r".to_owned(),
    );
    assert_eq!(documents, [expected]);
}

pub async fn a_changed_item_is_a_new_version(subject: &dyn Subject) {
    let store = subject.store();
    store.apply(change_of("{}", "id: a", "r")).await.unwrap();
    let changed = store
        .apply(change_of("{\"a\":1}", "id: a", "s"))
        .await
        .unwrap();
    let expected = [Applied::Changed, Applied::Left, Applied::Changed];
    assert_eq!(verdicts(&changed), expected);
    let versions = store.item_versions().await.unwrap();
    let read: Vec<_> = versions
        .iter()
        .map(|v| (v.version, v.json.as_str()))
        .collect();
    assert_eq!(read, [(1, "{}"), (2, "{\"a\":1}")]);
    assert_eq!(store.registry_documents().await.unwrap()[0].2, "s");
}

pub async fn a_changed_system_supersedes_the_one_before(subject: &dyn Subject) {
    let store = subject.store();
    store.apply(change_of("{}", "id: a", "r")).await.unwrap();
    store.apply(change_of("{}", "id: b", "r")).await.unwrap();
    let versions = store.system_versions().await.unwrap();
    let read: Vec<_> = versions
        .iter()
        .map(|v| (v.version, v.state.as_str(), v.source.as_str()))
        .collect();
    assert_eq!(read, [(1, "superseded", "id: a"), (2, "active", "id: b")]);
}

pub async fn a_secret_is_made_once_and_stays(subject: &dyn Subject) {
    let store = subject.store();
    let secret = |name: &'static str, fresh| store.installation_secret(name, [fresh; 32]);
    assert_eq!(secret("receipts", 1).await.unwrap(), [1; 32]);
    assert_eq!(secret("receipts", 2).await.unwrap(), [1; 32]);
    assert_eq!(secret("query codes", 3).await.unwrap(), [3; 32]);
    let again = subject.reopened().await;
    let stays = again.installation_secret("receipts", [4; 32]).await;
    assert_eq!(stays.unwrap(), [1; 32]);
}
