//! One suite for every place where wrapping keys live: files, and a real PKCS#11 module (SoftHSM).

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail loudly")]

use std::{
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    session::UserType,
    types::AuthPin,
};
use mash_keys::{FileKeys, KeyError, KeyStore, KeyVersion, Pkcs11Keys, Pkcs11Settings, Wrapped};
use tempfile::TempDir;
use zeroize::Zeroizing;

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
const PIN: &str = "0000";
const KEY: [u8; 32] = [7; 32];

/// What every key store must do.
async fn suite(keys: &dyn KeyStore) {
    let none = keys.wrap("cases", &KEY, b"a").await;
    assert!(matches!(none, Err(KeyError::NoVersion { version: 0, .. })), "no key, no wrapping");

    assert_eq!(keys.rotate("cases").await.unwrap(), 1);
    let first = keys.wrap("cases", &KEY, b"a").await.unwrap();
    assert_eq!(first.version, 1);
    assert_eq!(*keys.unwrap("cases", &first, b"a").await.unwrap(), KEY);
    let again = keys.wrap("cases", &KEY, b"a").await.unwrap();
    assert!(again.bytes != first.bytes, "a nonce of its own each time");

    let elsewhere = keys.unwrap("cases", &first, b"b").await;
    assert!(matches!(elsewhere, Err(KeyError::Broken)), "it unwraps for what it was wrapped for");
    for index in 0..first.bytes.len() {
        let mut altered = first.clone();
        altered.bytes[index] ^= 1;
        let opened = keys.unwrap("cases", &altered, b"a").await;
        assert!(
            matches!(opened, Err(KeyError::Broken)),
            "byte {index} altered: {:?}",
            opened.err()
        );
    }

    // Another name is another key.
    keys.rotate("bus").await.unwrap();
    let foreign = keys.unwrap("bus", &first, b"a").await;
    assert!(matches!(foreign, Err(KeyError::Broken)));

    assert_eq!(keys.rotate("cases").await.unwrap(), 2);
    let second = keys.wrap("cases", &KEY, b"a").await.unwrap();
    assert_eq!(second.version, 2, "the newest version wraps");
    assert_eq!(*keys.unwrap("cases", &first, b"a").await.unwrap(), KEY, "older ones still unwrap");
    let both = [(1, false), (2, true)].map(|(version, newest)| KeyVersion { version, newest });
    assert_eq!(keys.versions("cases").await.unwrap(), both);

    let newest = keys.retire("cases", 2).await;
    assert!(matches!(newest, Err(KeyError::InUse { version: 2, .. })));
    keys.retire("cases", 1).await.unwrap();
    let gone = keys.unwrap("cases", &first, b"a").await.map(drop).unwrap_err();
    assert!(matches!(gone, KeyError::Retired { version: 1, .. }), "{gone}");
    assert_eq!(gone.code(), "MASH-X004");
    let twice = keys.retire("cases", 1).await;
    assert!(matches!(twice, Err(KeyError::Retired { version: 1, .. })));
    let never = Wrapped { version: 9, bytes: second.bytes.clone() };
    let never = keys.unwrap("cases", &never, b"a").await;
    assert!(matches!(never, Err(KeyError::NoVersion { version: 9, .. })));
    assert_eq!(*keys.unwrap("cases", &second, b"a").await.unwrap(), KEY);
    assert_eq!(keys.rotate("cases").await.unwrap(), 3, "a number is never given twice");

    let bad = keys.rotate("../cases").await;
    assert!(matches!(bad, Err(KeyError::Malformed(_))), "names are names of files too");
}

#[tokio::test]
async fn files_keep_the_suite() {
    let folder = TempDir::new().unwrap();
    let keys = FileKeys::open(folder.path().join("keys")).unwrap();
    suite(&keys).await;
}

#[tokio::test]
async fn files_that_others_may_read_are_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys");
    let keys = FileKeys::open(&path).unwrap();
    keys.rotate("cases").await.unwrap();
    let key = path.join("cases/1.key");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    for mode in [0o640, 0o604, 0o620] {
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
        let wrapped = FileKeys::open(&path).unwrap().wrap("cases", &KEY, b"").await;
        assert!(matches!(wrapped, Err(KeyError::Files(_))), "mode {mode:o}");
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert!(matches!(FileKeys::open(&path), Err(KeyError::Files(_))), "and so is the folder");
}

#[tokio::test]
async fn a_file_of_another_length_is_refused_and_no_bytes_of_it_are_told() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys");
    let keys = FileKeys::open(&path).unwrap();
    keys.rotate("cases").await.unwrap();
    std::fs::write(path.join("cases/1.key"), "secret-secret").unwrap();
    let error =
        FileKeys::open(&path).unwrap().wrap("cases", &KEY, b"").await.map(drop).unwrap_err();
    assert!(!format!("{error:?} {error}").contains("secret-secret"));
    assert_eq!(error.code(), "MASH-X007");
}

#[tokio::test]
async fn processes_that_rotate_at_once_make_a_version_each() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys");
    let rotating = (0..16).map(|_| {
        let keys = FileKeys::open(&path).unwrap();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(keys.rotate("cases")).unwrap()
        })
    });
    let threads: Vec<_> = rotating.collect();
    let mut made: Vec<u32> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    made.sort_unstable();
    assert_eq!(made, (1..=16).collect::<Vec<_>>());
}

/// SoftHSM finds its tokens by a variable of its process, so the suite runs in a child that has it.
#[test]
fn a_key_module_keeps_the_suite() {
    assert!(
        Path::new(MODULE).exists(),
        "{MODULE} is missing, so nothing would be tested with a key module; `deploy/setup.sh test` installs it"
    );
    let folder = TempDir::new().unwrap();
    let (tokens, config) = (folder.path().join("tokens"), folder.path().join("softhsm2.conf"));
    std::fs::create_dir(&tokens).unwrap();
    std::fs::write(&config, format!("directories.tokendir = {}\n", tokens.display())).unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "in_a_key_module", "--nocapture"])
        .env("SOFTHSM2_CONF", &config)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&child.stdout);
    let errors = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success() && told.contains("1 passed"), "{told}\n{errors}");
}

#[tokio::test]
#[ignore = "a_key_module_keeps_the_suite runs it, in a process with a token of its own"]
async fn in_a_key_module() {
    make_token();
    let settings = |token: &str, pin: &str| Pkcs11Settings {
        module: MODULE.into(),
        token: token.to_owned(),
        pin: Zeroizing::new(pin.to_owned()),
    };
    let keys = Pkcs11Keys::open(&settings("mash", PIN)).unwrap();
    suite(&keys).await;
    // A wrong PIN shows in another process only: the login of one holds for all its sessions.
    let refused = Pkcs11Keys::open(&settings("other", PIN)).map(drop).unwrap_err();
    assert_eq!(refused.code(), "MASH-X008");
    assert!(!refused.to_string().contains(PIN));
}

fn make_token() {
    let context = Pkcs11::new(MODULE).unwrap();
    context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).unwrap();
    let slot = context.get_slots_with_token().unwrap().remove(0);
    let officer = AuthPin::new("1234".into());
    context.init_token(slot, &officer, "mash").unwrap();
    let session = context.open_rw_session(slot).unwrap();
    session.login(UserType::So, Some(&officer)).unwrap();
    session.init_pin(&AuthPin::new(PIN.into())).unwrap();
    session.logout().unwrap();
}

#[tokio::test]
async fn a_flipped_bit_in_each_section_of_a_wrapped_key_has_a_refusal_of_its_own() {
    let folder = TempDir::new().unwrap();
    let keys = FileKeys::open(folder.path().join("keys")).unwrap();
    keys.rotate("cases").await.unwrap();
    let sealed = keys.wrap("cases", &KEY, b"a").await.unwrap().to_bytes();
    for at in 0..sealed.len() {
        for bit in 0..8 {
            let mut changed = sealed.clone();
            changed[at] ^= 1 << bit;
            let told = match Wrapped::parse(&changed) {
                Ok(wrapped) => keys.unwrap("cases", &wrapped, b"a").await.map(drop),
                Err(error) => Err(error),
            };
            let code = match (at, bit) {
                // Version 1 becomes 0, which is none.
                (3, 0) => "MASH-X001",
                (0..=3, _) => "MASH-X005",
                _ => "MASH-X002",
            };
            assert_eq!(told.unwrap_err().code(), code, "byte {at}, bit {bit}");
        }
    }
}

#[tokio::test]
async fn whatever_lies_in_a_file_of_a_key_is_a_key_or_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys");
    FileKeys::open(&path).unwrap().rotate("cases").await.unwrap();
    let file = path.join("cases/1.key");
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for length in 0..130usize {
        let bytes: Vec<u8> = (0..length)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                u8::try_from(state >> 56).unwrap()
            })
            .collect();
        std::fs::write(&file, &bytes).unwrap();
        let wrapped = FileKeys::open(&path).unwrap().wrap("cases", &KEY, b"").await.map(drop);
        match wrapped {
            Ok(()) => assert_eq!(length, 32, "what is read as a key has the length of one"),
            Err(error) => assert_eq!(error.code(), "MASH-X007", "{length} bytes"),
        }
    }
}
