//! The master key file: made once, private, rotated by a line on top.
#![allow(
    clippy::unwrap_used,
    reason = "test code: a failed step is a failed test"
)]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;
use tongban_gateway::entropy::Entropy;
use tongban_gateway::store::StoreError;
use tongban_gateway::store::sealed::{KeyFileError, MasterKeys, Place, Vault};

fn vault(keys: MasterKeys) -> Vault {
    Vault::new(keys, &[5; 32], Entropy::system())
}

fn place() -> Place {
    Place::new("case_record", "data_key", &[b"1"])
}

fn write(path: &Path, text: &str, mode: u32) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_key_file_is_created_for_its_owner_alone_and_read_again() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("master.key");
    let created = MasterKeys::read_or_create(&path, &Entropy::system()).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let wrapped = vault(created).wrap(&place(), b"data key").unwrap();
    let read = vault(MasterKeys::read_or_create(&path, &Entropy::system()).unwrap());
    assert_eq!(
        read.unwrap(&place(), &wrapped).unwrap().as_slice(),
        b"data key"
    );
    let again = MasterKeys::create(&path, &Entropy::system());
    assert!(
        matches!(again, Err(KeyFileError::Io { .. })),
        "never overwritten"
    );
}

#[test]
fn a_new_key_on_top_wraps_and_the_one_below_still_opens() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("master.key");
    let (old, new) = ("11".repeat(32), "22".repeat(32));
    write(&path, &old, 0o600);
    let before = vault(MasterKeys::read(&path).unwrap())
        .wrap(&place(), b"x")
        .unwrap();
    write(
        &path,
        &format!("# new\n{new} # since today\n\n{old}\n"),
        0o600,
    );
    let both = vault(MasterKeys::read(&path).unwrap());
    assert_eq!(both.unwrap(&place(), &before).unwrap().as_slice(), b"x");
    let after = both.wrap(&place(), b"x").unwrap();
    write(&path, &old, 0o600);
    let only_old = vault(MasterKeys::read(&path).unwrap());
    assert!(matches!(
        only_old.unwrap(&place(), &after),
        Err(StoreError::Sealed { .. })
    ));
}

#[test]
fn a_key_file_that_others_may_read_or_that_holds_no_key_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("master.key");
    let key = "11".repeat(32);
    for mode in [0o640, 0o604, 0o666] {
        write(&path, &key, mode);
        assert!(
            matches!(MasterKeys::read(&path), Err(KeyFileError::Open { .. })),
            "{mode:o}"
        );
    }
    write(&path, "# nothing\n", 0o600);
    assert!(matches!(
        MasterKeys::read(&path),
        Err(KeyFileError::Empty { .. })
    ));
    for (text, at) in [("zz", 1), ("# c\n1122\n", 2)] {
        write(&path, text, 0o600);
        let refused = MasterKeys::read(&path);
        assert!(
            matches!(refused, Err(KeyFileError::Line { line, .. }) if line == at),
            "{text}"
        );
    }
    let missing = MasterKeys::read(&folder.path().join("none"));
    assert!(matches!(missing, Err(KeyFileError::Io { .. })));
}

#[test]
fn digests_depend_on_the_key_the_kind_and_every_part() {
    let keys = || MasterKeys::new([1; 32], &[]).unwrap();
    let one = vault(keys());
    let digest = one.digest("phone", &[b"ab", b"c"]);
    assert_eq!(digest.len(), 32);
    assert_eq!(digest, one.digest("phone", &[b"ab", b"c"]));
    assert_ne!(digest, one.digest("phone", &[b"a", b"bc"]));
    assert_ne!(digest, one.digest("client", &[b"ab", b"c"]));
    let other = Vault::new(keys(), &[6; 32], Entropy::system());
    assert_ne!(digest, other.digest("phone", &[b"ab", b"c"]));
}
