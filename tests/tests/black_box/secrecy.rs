//! Personal data stays sealed: what a data folder and the logs hold, and what the demo leaves behind.

use std::fs;
use std::path::{Path, PathBuf};
use tongban_tests::hall::Hall;
use tongban_tests::sample::{IDENTITY_NUMBER, submit};

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.unwrap().path();
        match fs::symlink_metadata(&path).unwrap().file_type() {
            kind if kind.is_dir() => found.extend(files(&path)),
            kind if kind.is_file() => found.push(path),
            _ => {}
        }
    }
    found
}

/// The files below a folder that hold these bytes.
pub(crate) fn files_with(folder: &Path, needle: &str) -> Vec<PathBuf> {
    let holds = |path: &PathBuf| {
        fs::read(path)
            .unwrap()
            .windows(needle.len())
            .any(|w| w == needle.as_bytes())
    };
    files(folder).into_iter().filter(holds).collect()
}

#[tokio::test]
async fn personal_data_reaches_the_partner_and_nothing_on_our_disk() {
    let mut hall = Hall::open(&[
        ("rest", &["--scenario", "immediate"]),
        ("soap", &[]),
        ("xml", &[]),
    ])
    .await;
    for kind in ["rest", "soap", "xml"] {
        let taken = submit(hall.public, kind).await;
        hall.until_state(&taken, "closed").await;
        assert_eq!(hall.get(&taken, "/receipt").await.status, 200);
        assert_eq!(hall.get(&taken, "/events").await.status, 200);
    }
    // The number did travel: the partner wrote down what it got.
    assert!(
        !files_with(&hall.folder(), IDENTITY_NUMBER).is_empty(),
        "no partner ever got the number: the test proves nothing"
    );
    assert_eq!(hall.gateway().terminate(), Some(0));
    hall.start().await;
    for secret in [IDENTITY_NUMBER, "张三样例", "13800000000"] {
        assert_eq!(
            files_with(&hall.data(), secret),
            Vec::<PathBuf>::new(),
            "{secret} in the data folder"
        );
        assert!(
            !hall.gateway().printed().contains(secret),
            "{secret} in the log"
        );
    }
    assert!(
        files(&hall.data()).len() > 3,
        "the data folder is nearly empty: the test proves nothing"
    );
}
