use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::*;
use crate::clock::ManualClock;

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

fn authority() -> (TempDir, Ca) {
    let folder = tempfile::tempdir().unwrap();
    let ca = Ca::create(folder.path().join("ca")).unwrap();
    (folder, ca)
}

fn gwent() -> OrganisationId {
    "police/61".parse().unwrap()
}

fn server(hosts: &[&str]) -> Subject {
    Subject::Server {
        name: "police".to_owned(),
        hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
    }
}

#[test]
fn the_keys_are_for_their_owner_only() {
    let (folder, ca) = authority();
    let issued = ca.issue(&gwent(), YEAR).unwrap();
    let (cert, key) = issued.write(folder.path(), "gwent").unwrap();
    for (path, mode) in [
        (folder.path().join("ca/ca-key.pem"), 0o600),
        (key, 0o600),
        (cert, 0o644),
        (ca.certificate_path(), 0o644),
    ] {
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, mode, "{path:?}");
    }
    assert!(!format!("{issued:?}").contains("PRIVATE"));
}

#[test]
fn a_folder_holds_one_authority() {
    let (folder, ca) = authority();
    let before = std::fs::read(ca.certificate_path()).unwrap();
    assert!(matches!(Ca::create(folder.path().join("ca")), Err(CaError::Exists)));
    assert_eq!(before, std::fs::read(ca.certificate_path()).unwrap());
    assert!(Ca::open(folder.path().join("elsewhere")).is_err());
}

#[test]
fn what_was_issued_is_listed_after_opening_again() {
    let (folder, ca) = authority();
    let issued = ca.issue(&gwent(), YEAR).unwrap();
    ca.issue(server(&["localhost", "127.0.0.1", "::1"]), YEAR).unwrap();
    let list = Ca::open(folder.path().join("ca")).unwrap().list().unwrap();
    assert_eq!(list.len(), 2);
    assert_eq!(list[0].serial, issued.serial);
    assert_eq!(list[0].subject, Subject::from(&gwent()));
    assert_eq!(list[0].not_after, issued.not_after);
    assert_eq!(list[1].subject, server(&["localhost", "127.0.0.1", "::1"]));
}

#[test]
fn a_renewal_keeps_the_subject_and_the_length() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new("2026-01-01T00:00:00Z".parse().unwrap());
    let ca = Ca::create_at(folder.path(), Arc::new(clock.clone())).unwrap();
    let first = ca.issue(&gwent(), YEAR).unwrap();
    clock.set("2026-12-01T00:00:00Z".parse().unwrap());
    let which = Which::Serial(first.serial.clone());
    let second = ca.renew(&which).unwrap();
    assert_ne!(first.serial, second.serial);
    assert_ne!(first.key_pem, second.key_pem);
    assert_eq!(second.not_after.to_string(), "2027-12-01T00:00:00Z");
    let list = ca.list().unwrap();
    assert_eq!(list[0].subject, list[1].subject);
    assert_eq!(list[0].revoked_at, None, "the old one holds until it ends");
}

#[test]
fn revoking_an_organisation_revokes_all_that_it_holds_and_nothing_else() {
    let (_folder, ca) = authority();
    ca.issue(&gwent(), YEAR).unwrap();
    ca.issue(&gwent(), YEAR).unwrap();
    let other = ca.issue(&"police/62".parse().unwrap(), YEAR).unwrap();
    let which = Which::Subject(Subject::from(&gwent()));
    let revoked = ca.revoke(&which).unwrap();
    assert_eq!(revoked.len(), 2);
    assert_eq!(ca.revoke(&which).unwrap(), revoked, "again is harmless");
    let nobody = Which::Serial("1234".parse().unwrap());
    assert!(matches!(ca.revoke(&nobody), Err(CaError::Unknown)));
    assert!(matches!(ca.renew(&which), Err(CaError::Unknown)));
    let left: Vec<_> =
        ca.list().unwrap().into_iter().filter(|entry| entry.revoked_at.is_none()).collect();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].serial, other.serial);
}

#[test]
fn odd_wishes_are_refused() {
    let (_folder, ca) = authority();
    for (validity, why) in
        [(Duration::from_secs(59), "too short"), (YEAR * 11, "outlives the authority")]
    {
        assert!(matches!(ca.issue(&gwent(), validity), Err(CaError::Validity)), "{why}");
    }
    for hosts in [&[][..], &["two words"], &["*.example"], &["under_score"], &["-a"], &["a..b"]] {
        assert!(ca.issue(server(hosts), YEAR).is_err(), "{hosts:?}");
    }
    assert!(ca.sign_request(&gwent(), "not a request", YEAR).is_err());
    assert_eq!(ca.list().unwrap(), [], "nothing is left behind");
}

#[test]
fn a_request_cannot_choose_whom_it_names() {
    let (_folder, ca) = authority();
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let mut wish = CertificateParams::default();
    wish.subject_alt_names =
        vec![rcgen::SanType::URI("mash://org/operator/hub".try_into().unwrap())];
    let request = wish.serialize_request(&key).unwrap().pem().unwrap();
    let issued = ca.sign_request(&gwent(), &request, YEAR).unwrap();
    assert_eq!(issued.key_pem, "");
    let identity = crate::identity::of_pem(issued.cert_pem.as_bytes()).unwrap();
    assert_eq!(identity.organisation, Ok(gwent()));
    assert_eq!(identity.serial, issued.serial);
}

#[test]
fn a_serial_number_reads_back_in_the_ways_that_tools_print_it() {
    let serial = Serial::from_bytes(&[0x00, 0x0a, 0xbc]);
    assert_eq!(serial.to_string(), "abc");
    for text in ["abc", "0ABC", "00:0a:bc"] {
        assert_eq!(text.parse(), Ok(serial.clone()), "{text}");
    }
    for text in ["", "xyz", "é"] {
        assert!(text.parse::<Serial>().is_err(), "{text}");
    }
}

#[test]
fn administrators_at_once_lose_nothing() {
    let (folder, ca) = authority();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let ca = Ca::open(folder.path().join("ca")).unwrap();
                for _ in 0..4 {
                    let issued = ca.issue(&gwent(), YEAR).unwrap();
                    ca.revoke(&Which::Serial(issued.serial)).unwrap();
                }
            });
        }
    });
    let list = ca.list().unwrap();
    assert_eq!(list.len(), 32);
    assert!(list.iter().all(|entry| entry.revoked_at.is_some()));
    let revoked = std::fs::read(ca.revocations_path()).unwrap();
    let (_, pem) = x509_parser::pem::parse_x509_pem(&revoked).unwrap();
    let (_, list) = x509_parser::parse_x509_crl(&pem.contents).unwrap();
    assert_eq!(list.iter_revoked_certificates().count(), 32);
}
